/* compare_page.h -- report.html of several detectors: which of them generalises, and is the difference more than chance? */
#ifndef EVAL_COMPARE_PAGE_H
#define EVAL_COMPARE_PAGE_H
#include "eval/comparison.h"
#include "eval/matrix.h"

/* Everything is borrowed. */
typedef struct {
    const EvalMatrix *matrix;
    const EvalComparison *comparison; /* means over seeds; NULL: these runs have none */
    const char *const *links;         /* [n_runs], relative paths of the runs' own reports, NULL where there is none; or
                                         NULL */
} EvalComparePage;

/* Write folder/report.html, whole or not at all; the folder is created. ERR_NOMEM, ERR_IO. */
NnStatus eval_compare_page_save(const EvalComparePage *c, const char *folder, NnErr *err);

#endif
