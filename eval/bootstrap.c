/* bootstrap.c -- see bootstrap.h. Items are sorted once; a resample only changes how often each group counts. */
#include "eval/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/ranking.h"
#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "nn/base/size.h"

/* The two drops follow after the figures of the last row. */
enum { DROPS = 2 };
/* Resamples are dealt to this many parts, each with counts of its own, whatever the number of threads. */
enum { PARTS = 16 };

typedef struct {
    int n_rows, n_groups, n_values, resamples;
    int seen, unseen;      /* indices of these rows; -1: none */
    uint64_t *groups;      /* [n_groups], sorted */
    EvalRanking *rankings; /* [n_rows] */
    EvalRanked *items;     /* what the rankings point into */
    int *counts;           /* [PARTS][n_groups] */
    double *values;        /* [n_values][resamples] */
} Bootstrap;

static int by_number(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void rank_items(Bootstrap *b, const EvalResults *r, const EvalRows *rows)
{
    EvalRanked *next = b->items;
    for (int k = 0; k < rows->n; k++) {
        b->rankings[k] = eval_ranking_make(r, &rows->rows[k], rows->threshold, b->groups, b->n_groups, next);
        next += b->rankings[k].n;
        if (rows->rows[k].kind == EVAL_ROW_SEEN) b->seen = k;
        if (rows->rows[k].kind == EVAL_ROW_UNSEEN) b->unseen = k;
    }
}

void eval_resample_draw(uint64_t seed, int number, int n_groups, int *count)
{
    NnRng rng = nn_rng_make(seed, NN_STREAM_BOOTSTRAP, 0, (uint32_t)number);
    for (int g = 0; g < n_groups; g++) count[g] = 0;
    for (int g = 0; g < n_groups; g++) count[nn_rng_below(&rng, (uint32_t)n_groups)]++;
}

static void resample(Bootstrap *b, int number, uint64_t seed, int *count)
{
    eval_resample_draw(seed, number, b->n_groups, count);
    double seen[EVAL_WEIGHED] = { 0 }, unseen[EVAL_WEIGHED] = { 0 };
    double *column = b->values + number;
    for (int k = 0; k < b->n_rows; k++) {
        double row[EVAL_WEIGHED];
        eval_ranking_weigh(&b->rankings[k], count, row);
        for (int f = 0; f < EVAL_WEIGHED; f++, column += b->resamples) *column = row[f];
        if (k == b->seen) memcpy(seen, row, sizeof row);
        if (k == b->unseen) memcpy(unseen, row, sizeof row);
    }
    const int both = b->seen >= 0 && b->unseen >= 0;
    column[0] = both ? seen[EVAL_AUC] - unseen[EVAL_AUC] : (double)NAN;
    column[b->resamples] = both ? seen[EVAL_BALANCED] - unseen[EVAL_BALANCED] : (double)NAN;
}

/* Linear interpolation between order statistics. */
static double percentile(const double *sorted, int n, double share)
{
    const double at = share * (n - 1);
    const int low = (int)at;
    return low + 1 < n ? sorted[low] + (at - low) * (sorted[low + 1] - sorted[low]) : sorted[n - 1];
}

void eval_interval_set(double *values, int n, EvalEstimate *out)
{
    int kept = 0;
    for (int i = 0; i < n; i++)
        if (!isnan(values[i])) values[kept++] = values[i];
    if (kept < 2) return;
    qsort(values, (size_t)kept, sizeof *values, by_number);
    out->lo = percentile(values, kept, 0.025);
    out->hi = percentile(values, kept, 0.975);
}

static void set_intervals(Bootstrap *b, EvalRows *rows)
{
    double *values = b->values;
    const int n = b->resamples;
    for (int k = 0; k < rows->n; k++, values += EVAL_WEIGHED * n) {
        eval_interval_set(values + EVAL_AUC * n, n, &rows->rows[k].auc);
        eval_interval_set(values + EVAL_ACCURACY * n, n, &rows->rows[k].accuracy);
        eval_interval_set(values + EVAL_BALANCED * n, n, &rows->rows[k].balanced);
    }
    eval_interval_set(values, n, &rows->drop_auc);
    eval_interval_set(values + n, n, &rows->drop_balanced);
}

static void release(Bootstrap *b)
{
    free(b->groups);
    free(b->rankings);
    free(b->items);
    free(b->counts);
    free(b->values);
}

static NnStatus reserve(Bootstrap *b, const EvalResults *r, NnErr *err)
{
    const size_t n = (size_t)r->n, n_rows = (size_t)b->n_rows;
    b->groups = nn_alloc(n, sizeof *b->groups);
    b->rankings = nn_alloc(n_rows, sizeof *b->rankings);
    b->items = nn_alloc(n * n_rows, sizeof *b->items);
    b->counts = nn_alloc(n * PARTS, sizeof *b->counts);
    b->values = nn_alloc((size_t)b->n_values * (size_t)b->resamples, sizeof *b->values);
    if (b->groups && b->rankings && b->items && b->counts && b->values) return NN_OK;
    return nn_fail(err, NN_ERR_NOMEM, "bootstrap: no memory for %d resamples of %d images", b->resamples, r->n);
}

NnStatus eval_bootstrap(const EvalResults *r, EvalRows *rows, int resamples, uint64_t seed, NnErr *err)
{
    if (resamples < 1 || r->n < 1) return NN_OK;
    Bootstrap b = { .n_rows = rows->n, .resamples = resamples, .seen = -1, .unseen = -1 };
    b.n_values = EVAL_WEIGHED * rows->n + DROPS;
    const NnStatus s = reserve(&b, r, err);
    if (s == NN_OK) {
        b.n_groups = eval_groups_list(r->items, r->n, b.groups);
        rank_items(&b, r, rows);
#pragma omp parallel for schedule(dynamic, 1) num_threads(nn_threads())
        for (int part = 0; part < PARTS; part++)
            for (int number = part; number < resamples; number += PARTS)
                resample(&b, number, seed, b.counts + (size_t)part * (size_t)b.n_groups);
        set_intervals(&b, rows);
    }
    release(&b);
    return s;
}
