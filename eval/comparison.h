/* comparison.h -- several systems, each trained from several seeds, side by side: mean and spread over the seeds, and
 * the paired difference of each to the first system. */
#ifndef EVAL_COMPARISON_H
#define EVAL_COMPARISON_H
#include "eval/paired.h"
#include "eval/past_run.h"

/* The figures compared: those of EvalFigure, then the pooled pixel AUC. */
enum { EVAL_PIXEL_AUC = EVAL_WEIGHED, EVAL_COMPARED };

/* "auc", "accuracy", "balanced_accuracy", "iou", "pixel_auc" */
extern const char *const eval_compared_names[EVAL_COMPARED];

/* One figure of one row of one system. */
typedef struct {
    double mean, sd;         /* over its seeds; sd NAN with one; both NAN where undefined for a seed */
    EvalEstimate difference; /* to the first system, over the seeds that both have; NAN without one, and for itself */
} EvalComparedFigure;

/* Runs of one name. */
typedef struct {
    const char *name; /* borrowed from its runs */
    int n_runs;
    EvalPastRun *runs;           /* [n_runs], by rising seed */
    int shared;                  /* seeds that the first system has too */
    EvalComparedFigure *figures; /* [n_rows][EVAL_COMPARED] */
} EvalSystem;

/* A row of the comparison: one of a data set's. */
typedef struct {
    const char *data;
    const EvalRow *row; /* of the first run of the first system */
} EvalComparedRow;

typedef struct {
    int n_runs, n_systems, n_rows;
    EvalPastRun *runs;     /* [n_runs], by system, then by seed */
    EvalSystem *systems;   /* [n_systems], in the order in which they were named */
    EvalComparedRow *rows; /* [n_rows] */
    int resamples;
    uint64_t seed; /* of the resamples */
} EvalComparison;

/* Read the runs and compare them. The interval of a difference is that of eval_paired; for the pooled pixel AUC, which
 * cannot be resampled from what is stored, of the seeds alone. The caller frees with eval_comparison_free. ERR_DATA:
 * a seed twice in one system; runs that were not judged on the same images, or for which other manipulations are
 * seen. */
NnStatus eval_comparison_make(const char *const *folders, int n, int resamples, uint64_t seed, EvalComparison *out,
                              NnErr *err);

/* The same of files [n]: the folder that holds each run's evaluation; folders are but names then. */
NnStatus eval_comparison_make_at(const char *const *folders, const char *const *files, int n, int resamples,
                                 uint64_t seed, EvalComparison *out, NnErr *err);
void eval_comparison_free(EvalComparison *c);

/* Has any difference an interval? None has without images drawn anew and with fewer than two shared seeds. */
int eval_comparison_has_intervals(const EvalComparison *c);

#endif
