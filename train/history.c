/* history.c -- see history.h. A row is read, and added to a bucket of `width` steps; when all buckets are full,
 * neighbours become one and the width doubles: so a table of any length takes the same memory. */
#include "train/history.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"

/* Reading under way: the sums of the bucket that is being filled. */
typedef struct {
    TrainHistory *h;
    int split; /* column of "train" and "val" */
    double sum[TRAIN_HISTORY_COLUMNS];
    int count[TRAIN_HISTORY_COLUMNS]; /* finite values in it */
    int rows;
} Reading;

static NnStatus no_memory(NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "out of memory for the history of a run");
}

static NnStatus append(TrainCurves *c, int columns, const double *row, NnErr *err)
{
    if (c->n == c->room) {
        const int room = c->room ? 2 * c->room : 256;
        for (int k = 0; k < columns; k++) {
            double *larger = nn_realloc(c->value[k], (size_t)room, sizeof *larger);
            if (!larger) return no_memory(err);
            c->value[k] = larger;
        }
        c->room = room;
    }
    for (int k = 0; k < columns; k++) c->value[k][c->n] = row[k];
    c->n++;
    return NN_OK;
}

static double mean_of(double a, double b)
{
    return isnan(a) ? b : isnan(b) ? a : 0.5 * (a + b);
}

static void halve(TrainHistory *h)
{
    TrainCurves *c = &h->train;
    for (int i = 0; i < c->n / 2; i++)
        for (int k = 0; k < h->columns; k++) c->value[k][i] = mean_of(c->value[k][2 * i], c->value[k][2 * i + 1]);
    c->n /= 2;
    h->width *= 2;
}

/* The bucket being filled becomes a point. */
static NnStatus flush(Reading *r, NnErr *err)
{
    double row[TRAIN_HISTORY_COLUMNS];
    TrainHistory *h = r->h;
    if (!r->rows) return NN_OK;
    for (int k = 0; k < h->columns; k++) row[k] = r->count[k] ? r->sum[k] / r->count[k] : NAN;
    memset(r->sum, 0, sizeof r->sum);
    memset(r->count, 0, sizeof r->count);
    r->rows = 0;
    NN_TRY(append(&h->train, h->columns, row, err));
    if (h->train.n == TRAIN_HISTORY_POINTS) halve(h);
    return NN_OK;
}

static NnStatus add_train(Reading *r, const double *row, NnErr *err)
{
    for (int k = 0; k < r->h->columns; k++) {
        if (!isfinite(row[k])) continue;
        r->sum[k] += row[k];
        r->count[k]++;
    }
    return ++r->rows < r->h->width ? NN_OK : flush(r, err);
}

/* Cut a line at its commas, which the run never writes into a field. */
static int cut(char *line, char *field[TRAIN_HISTORY_COLUMNS])
{
    int n = 0;
    line[strcspn(line, "\r\n")] = '\0';
    for (char *at = line; at && n < TRAIN_HISTORY_COLUMNS; n++) {
        field[n] = at;
        at = strchr(at, ',');
        if (at) *at++ = '\0';
        if (at && n + 1 == TRAIN_HISTORY_COLUMNS) return -1;
    }
    return n;
}

static NnStatus take_header(Reading *r, const char *path, char *line, NnErr *err)
{
    char *field[TRAIN_HISTORY_COLUMNS] = { NULL };
    TrainHistory *h = r->h;
    h->columns = cut(line, field);
    for (int k = 0; k < h->columns; k++) snprintf(h->name[k], sizeof h->name[k], "%s", field[k]);
    r->split = train_history_column(h, "split");
    if (r->split >= 0 && train_history_column(h, "step") == 0) return NN_OK;
    return nn_fail(err, NN_ERR_FORMAT, "%s: not the table of a run: expected columns step, split and at most %d more",
                   path, TRAIN_HISTORY_COLUMNS - 2);
}

static NnStatus take_row(Reading *r, char *line, NnErr *err)
{
    char *field[TRAIN_HISTORY_COLUMNS] = { NULL }, *end;
    double row[TRAIN_HISTORY_COLUMNS];
    TrainHistory *h = r->h;
    if (cut(line, field) != h->columns) return NN_OK; /* an unfinished last line */
    for (int k = 0; k < h->columns; k++) {
        row[k] = strtod(field[k], &end);
        if (end == field[k]) row[k] = NAN;
    }
    return !strcmp(field[r->split], "val") ? append(&h->val, h->columns, row, err) : add_train(r, row, err);
}

NnStatus train_history_load(TrainHistory *h, const char *path, NnErr *err)
{
    Reading r = { .h = h };
    char *line = NULL;
    size_t size = 0;
    *h = (TrainHistory){ .width = 1 };
    FILE *f = fopen(path, "r");
    if (!f) return nn_fail(err, NN_ERR_IO, "%s: %s", path, strerror(errno));
    NnStatus status = getline(&line, &size, f) > 0 ? take_header(&r, path, line, err)
                                                   : nn_fail(err, NN_ERR_FORMAT, "%s: is empty", path);
    while (status == NN_OK && getline(&line, &size, f) > 0) status = take_row(&r, line, err);
    if (status == NN_OK) status = flush(&r, err);
    free(line);
    fclose(f);
    return status;
}

void train_history_deinit(TrainHistory *h)
{
    for (int k = 0; k < TRAIN_HISTORY_COLUMNS; k++) {
        free(h->train.value[k]);
        free(h->val.value[k]);
    }
    *h = (TrainHistory){ 0 };
}

int train_history_column(const TrainHistory *h, const char *name)
{
    for (int k = 0; k < h->columns; k++)
        if (!strcmp(h->name[k], name)) return k;
    return -1;
}

void train_history_smooth(const double *y, int n, double *out)
{
    const int reach = n / 40 > 1 ? n / 40 : 1;
    for (int i = 0; i < n; i++) {
        double sum = 0;
        int count = 0;
        for (int k = i - reach < 0 ? 0 : i - reach; k <= i + reach && k < n; k++)
            if (isfinite(y[k])) sum += y[k], count++;
        out[i] = count ? sum / count : NAN;
    }
}
