/* history.h -- metrics.csv read back, for the charts of the report: the training rows thinned to what a chart can
 * show, the validation rows as they are. */
#ifndef TRAIN_HISTORY_H
#define TRAIN_HISTORY_H
#include <stdint.h>

#include "nn/base/status.h"

enum { TRAIN_HISTORY_POINTS = 1024, TRAIN_HISTORY_COLUMNS = 40 };

/* Rows of numbers: value[c][i] is column c of row i, NAN where the table is empty. */
typedef struct {
    int n, room;
    double *value[TRAIN_HISTORY_COLUMNS]; /* [n] */
} TrainCurves;

typedef struct {
    int columns;
    char name[TRAIN_HISTORY_COLUMNS][32]; /* "step", "loss", "rec", ... */
    TrainCurves train;                    /* means over `width` steps each, at most TRAIN_HISTORY_POINTS of them */
    int width;                            /* a power of two */
    TrainCurves val;
} TrainHistory;

/* Read path. ERR_IO, ERR_FORMAT (more columns than above, no header), ERR_NOMEM. The caller calls
 * train_history_deinit, also after a failure. */
NnStatus train_history_load(TrainHistory *h, const char *path, NnErr *err);
void train_history_deinit(TrainHistory *h);

/* Number of a column, -1 if there is none. */
int train_history_column(const TrainHistory *h, const char *name);

/* out[n] = mean of y over about 5 % of the values around each, fewer at the ends; NAN where all of them are. */
void train_history_smooth(const double *y, int n, double *out);

#endif
