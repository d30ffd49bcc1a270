/* matrix.h -- the generalisation matrix: who generalises to what?
 *
 * A row per run (what it was trained on), a column per manipulation of each data set (what it was tested on). What is
 * seen differs from row to row. Beside each figure stands the difference to the first run on the images that both
 * judged, matched by path. */
#ifndef EVAL_MATRIX_H
#define EVAL_MATRIX_H
#include "eval/past_run.h"
#include "eval/ranking.h"

typedef struct {
    const char *data, *method; /* borrowed from the runs */
} EvalMatrixColumn;

typedef struct {
    const EvalRow *row; /* the run's own figures, with intervals; NULL: it was not tested on it */
    EvalEstimate
        difference[EVAL_WEIGHED]; /* to the first run, by EvalFigure; NAN for itself and without shared images */
    int shared_real, shared_fake; /* images that both judged */
} EvalMatrixCell;

/* One run: its cells in words. Means are over columns, each counting alike. */
typedef struct {
    const EvalPastRun *run;
    const char *name;
    int n_seen, n_unseen;
    EvalEstimate seen, unseen; /* mean AUC of the columns that it was trained on, and of the others */
    EvalEstimate drop;         /* seen minus unseen */
} EvalMatrixRow;

typedef struct {
    int n_runs, n_columns;
    EvalMatrixRow *rows;       /* [n_runs] */
    EvalMatrixColumn *columns; /* [n_columns], data set by data set, in the order of their names */
    EvalMatrixCell *cells;     /* [n_runs][n_columns] */
    int resamples;
    uint64_t seed; /* of the resamples */
} EvalMatrix;

/* Set runs [n] (borrowed, as are names [n]) side by side. Intervals of differences are those of eval_paired with one
 * seed: of the images alone. That of a drop comes from resampling the groups of every data set; data sets are drawn
 * apart. ERR_DATA: none: what cannot be compared is NAN. ERR_NOMEM. The caller frees. */
NnStatus eval_matrix_make(const EvalPastRun *runs, const char *const *names, int n, int resamples, uint64_t seed,
                          EvalMatrix *out, NnErr *err);
void eval_matrix_free(EvalMatrix *m);

const EvalMatrixCell *eval_matrix_cell(const EvalMatrix *m, int run, int column);

/* How the images of data set `data` of a run relate to those of the first run. */
typedef enum {
    EVAL_IMAGES_SAME,
    EVAL_IMAGES_SOME,
    EVAL_IMAGES_OTHER,
    EVAL_IMAGES_NONE /* one has no such set */
} EvalShared;
EvalShared eval_matrix_shared(const EvalMatrix *m, int run, const char *data);

#endif
