/* bootstrap.c -- see bootstrap.h. Items are sorted once; a resample only changes how often each group counts. */
#include "eval/bootstrap.h"

#include <math.h>
#include <stdlib.h>

#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "nn/base/size.h"

/* Figures per row; the two drops follow after those of the last row. */
enum { AUC, ACCURACY, BALANCED, PER_ROW, DROPS = 2 };
/* Resamples are dealt to this many parts, each with counts of its own, whatever the number of threads. */
enum { PARTS = 16 };

typedef struct {
    float score;
    int group; /* dense: 0..n_groups-1 */
    unsigned char label;
    unsigned char right; /* judged correctly at the threshold */
} Ranked;

/* One row's items, by rising score. */
typedef struct {
    int n;
    Ranked *items;
} Ranking;

typedef struct {
    int n_rows, n_groups, n_values, resamples;
    int seen, unseen;  /* indices of these rows; -1: none */
    uint64_t *groups;  /* [n_groups], sorted */
    Ranking *rankings; /* [n_rows] */
    Ranked *items;     /* what the rankings point into */
    int *counts;       /* [PARTS][n_groups] */
    double *values;    /* [n_values][resamples] */
} Bootstrap;

static int by_id(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int by_score(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    return (x->score > y->score) - (x->score < y->score);
}

static int by_number(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void list_groups(Bootstrap *b, const EvalResults *r)
{
    for (int i = 0; i < r->n; i++) b->groups[i] = r->items[i].group;
    qsort(b->groups, (size_t)r->n, sizeof *b->groups, by_id);
    for (int i = 0; i < r->n; i++)
        if (i == 0 || b->groups[i] != b->groups[i - 1]) b->groups[b->n_groups++] = b->groups[i];
}

static void rank_items(Bootstrap *b, const EvalResults *r, const EvalRows *rows)
{
    Ranked *next = b->items;
    for (int k = 0; k < rows->n; k++) {
        b->rankings[k].items = next;
        for (int i = 0; i < r->n; i++) {
            const EvalItem *item = &r->items[i];
            if (!eval_row_holds(&rows->rows[k], r, item)) continue;
            const uint64_t *group = bsearch(&item->group, b->groups, (size_t)b->n_groups, sizeof *group, by_id);
            *next++ = (Ranked){ item->score, (int)(group - b->groups), (unsigned char)item->label,
                                ((double)item->score >= rows->threshold) == item->label };
        }
        b->rankings[k].n = (int)(next - b->rankings[k].items);
        qsort(b->rankings[k].items, (size_t)b->rankings[k].n, sizeof *next, by_score);
        if (rows->rows[k].kind == EVAL_ROW_SEEN) b->seen = k;
        if (rows->rows[k].kind == EVAL_ROW_UNSEEN) b->unseen = k;
    }
}

/* AUC with every item counted as often as its group was drawn; accuracies likewise. */
static void weigh_row(const Ranking *ranking, const int *count, double *out)
{
    double total[2] = { 0, 0 }, right[2] = { 0, 0 }, won = 0;
    for (int i = 0; i < ranking->n;) {
        double tie[2] = { 0, 0 };
        const float score = ranking->items[i].score;
        for (; i < ranking->n && ranking->items[i].score == score; i++) {
            const Ranked *item = &ranking->items[i];
            tie[item->label] += count[item->group];
            right[item->label] += item->right ? count[item->group] : 0;
        }
        won += tie[1] * (total[0] + 0.5 * tie[0]);
        total[0] += tie[0], total[1] += tie[1];
    }
    const int both = total[0] > 0 && total[1] > 0;
    out[AUC] = both ? won / (total[0] * total[1]) : (double)NAN;
    out[ACCURACY] = total[0] + total[1] > 0 ? (right[0] + right[1]) / (total[0] + total[1]) : (double)NAN;
    out[BALANCED] = both ? 0.5 * (right[0] / total[0] + right[1] / total[1]) : (double)NAN;
}

static void resample(Bootstrap *b, int number, uint64_t seed, int *count)
{
    NnRng rng = nn_rng_make(seed, NN_STREAM_BOOTSTRAP, 0, (uint32_t)number);
    for (int g = 0; g < b->n_groups; g++) count[g] = 0;
    for (int g = 0; g < b->n_groups; g++) count[nn_rng_below(&rng, (uint32_t)b->n_groups)]++;
    double figures[2][PER_ROW] = { { (double)NAN, (double)NAN, (double)NAN },
                                   { (double)NAN, (double)NAN, (double)NAN } };
    double *column = b->values + number;
    for (int k = 0; k < b->n_rows; k++) {
        double row[PER_ROW];
        weigh_row(&b->rankings[k], count, row);
        for (int f = 0; f < PER_ROW; f++, column += b->resamples) {
            *column = row[f];
            if (k == b->seen) figures[0][f] = row[f];
            if (k == b->unseen) figures[1][f] = row[f];
        }
    }
    column[0] = figures[0][AUC] - figures[1][AUC];
    column[b->resamples] = figures[0][BALANCED] - figures[1][BALANCED];
}

/* Linear interpolation between order statistics. */
static double percentile(const double *sorted, int n, double share)
{
    const double at = share * (n - 1);
    const int low = (int)at;
    return low + 1 < n ? sorted[low] + (at - low) * (sorted[low + 1] - sorted[low]) : sorted[n - 1];
}

static void set_interval(double *values, int n, EvalEstimate *out)
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
    for (int k = 0; k < rows->n; k++, values += PER_ROW * n) {
        set_interval(values + AUC * n, n, &rows->rows[k].auc);
        set_interval(values + ACCURACY * n, n, &rows->rows[k].accuracy);
        set_interval(values + BALANCED * n, n, &rows->rows[k].balanced);
    }
    set_interval(values, n, &rows->drop_auc);
    set_interval(values + n, n, &rows->drop_balanced);
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
    b.n_values = PER_ROW * rows->n + DROPS;
    const NnStatus s = reserve(&b, r, err);
    if (s == NN_OK) {
        list_groups(&b, r);
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
