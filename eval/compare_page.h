/* compare_page.h -- report.html of several detectors: which of them generalises, and is the difference more than chance? */
#ifndef EVAL_COMPARE_PAGE_H
#define EVAL_COMPARE_PAGE_H
#include "eval/comparison.h"
#include "eval/matrix.h"
#include "nn/base/chart.h"

/* Everything is borrowed. */
typedef struct {
    const EvalMatrix *matrix;
    const EvalComparison *comparison; /* means over seeds; NULL: these runs have none */
    const char *const *links;         /* [n_runs], relative paths of the runs' own reports, NULL where there is none; or
                                         NULL */
} EvalComparePage;

/* Write folder/report.html, whole or not at all; the folder is created. ERR_NOMEM, ERR_IO. */
NnStatus eval_compare_page_save(const EvalComparePage *c, const char *folder, NnErr *err);

/* ---- its parts, a section each; those without anything to show write nothing. ERR_NOMEM ---- */

NnStatus eval_compare_verdict(NnPage *p, const EvalComparePage *c, NnErr *err); /* compare_verdict.c */
NnStatus eval_compare_matrix(NnPage *p, const EvalComparePage *c, NnErr *err);  /* compare_matrix.c */
NnStatus eval_compare_differences(NnPage *p, const EvalMatrix *m, NnErr *err);  /* compare_differences.c */
void eval_compare_seeds(NnPage *p, const EvalComparison *c);                    /* compare_seeds.c; NULL: nothing */

/* Has run i a figure in common with the first? */
int eval_compare_has_differences(const EvalMatrix *m, int i);

/* A cell: "0.873 (0.850 to 0.901)"; is_signed: a difference. */
void eval_compare_put_estimate(NnPage *p, const EvalEstimate *e, int is_signed);

#endif
