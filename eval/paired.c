/* paired.c -- see paired.h. Rankings are made once; each resample weighs those of both systems and all seeds. */
#include "eval/paired.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/student.h"
#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "nn/base/size.h"

/* ---- the interval ---- */

static double mean_of(const double *values, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += values[i];
    return sum / n;
}

/* The variance of a series of values, taken around its first so that no digits cancel. */
typedef struct {
    double first, sum, squares;
    int n;
} Spread;

static void spread_add(Spread *s, double v)
{
    if (s->n++ == 0) s->first = v;
    s->sum += v - s->first;
    s->squares += (v - s->first) * (v - s->first);
}

static double spread_variance(const Spread *s)
{
    return s->n > 1 ? fmax((s->squares - s->sum * s->sum / s->n) / (s->n - 1), 0) : 0;
}

static int is_whole(const double *row, int n)
{
    for (int i = 0; i < n; i++)
        if (isnan(row[i])) return 0;
    return 1;
}

/* What the choice of test images contributes to the variance of the mean difference. */
typedef struct {
    double all;    /* V_images */
    double shared; /* C: the part that all seeds have in common, which their spread cannot show */
} ImageVariance;

/* The variance of a mean of S is (the sum of their variances + S (S - 1) C) / S^2; solved for C. */
static ImageVariance image_variance(const double *resampled, int seeds, int resamples)
{
    Spread mean = { 0 };
    double own = 0;
    for (int s = -1; s < seeds; s++) {
        Spread one = { 0 };
        const double *row = resampled;
        for (int b = 0; b < resamples; b++, row += seeds)
            if (is_whole(row, seeds)) spread_add(s < 0 ? &mean : &one, s < 0 ? mean_of(row, seeds) : row[s]);
        own += spread_variance(&one);
    }
    ImageVariance v = { .all = spread_variance(&mean) };
    if (seeds > 1) v.shared = fmax((v.all * seeds * seeds - own) / ((double)seeds * (seeds - 1)), 0);
    return v;
}

/* t times the standard error; 0 where there is no variance. */
static double half_width(double variance, double freedom)
{
    return variance > 0 ? eval_student_factor(0.05, fmax(freedom, 1)) * sqrt(variance) : 0;
}

EvalEstimate eval_paired_interval(const double *d, const double *resampled, int seeds, int resamples, int groups)
{
    const EvalEstimate unknown = { (double)NAN, (double)NAN, (double)NAN };
    if (seeds < 1 || !is_whole(d, seeds)) return unknown;
    EvalEstimate out = { mean_of(d, seeds), (double)NAN, (double)NAN };
    if (seeds < 2 && resamples < 2) return out;
    Spread spread = { 0 };
    for (int s = 0; s < seeds; s++) spread_add(&spread, d[s]);
    const ImageVariance images = image_variance(resampled, seeds, resamples);
    const double by_seeds = spread_variance(&spread) / seeds, both = by_seeds + images.shared;
    const double freedom =
        both * both / (by_seeds * by_seeds / fmax(seeds - 1, 1) + images.shared * images.shared / fmax(groups - 1, 1));
    const double half = fmax(half_width(both, freedom), half_width(images.all, groups - 1));
    out.lo = out.value - half;
    out.hi = out.value + half;
    return out;
}

/* ---- resampling ---- */

/* Resamples are dealt to this many parts, each with counts of its own, whatever the number of threads. */
enum { PARTS = 16, STRATA = 4 };

typedef struct {
    const EvalPair *pairs;
    int seeds, n_rows, resamples, n_groups;
    uint64_t *groups;      /* [n_groups], sorted: of all seeds */
    int *members;          /* [n_groups]: positions in `groups`, those of one stratum together */
    int first[STRATA + 1]; /* where each stratum begins in members */
    EvalRanking *rankings; /* [seeds][n_rows][2]: of A, of B */
    EvalRanked *ranked;    /* what they point into */
    int *counts;           /* [PARTS][n_groups] */
    double *values;        /* [n_rows][EVAL_WEIGHED][resamples][seeds] */
} Paired;

static int count_items(const EvalPair *pairs, int seeds)
{
    int n = 0;
    for (int s = 0; s < seeds; s++) n += pairs[s].a->n;
    return n;
}

/* Groups that hold real images, forgeries, or both are told apart (2 bits), and drawn apart. */
static void sort_into_strata(Paired *p, const EvalItem *items, int n, unsigned char *holds)
{
    int filled = 0;
    for (int i = 0; i < n; i++) {
        const int g = eval_group_find(items[i].group, p->groups, p->n_groups);
        holds[g] = (unsigned char)(holds[g] | 1 << items[i].label);
    }
    for (int stratum = 0; stratum < STRATA; stratum++) {
        for (int g = 0; g < p->n_groups; g++)
            if (holds[g] == stratum) p->members[filled++] = g;
        p->first[stratum + 1] = filled;
    }
}

static NnStatus list_groups(Paired *p, int n, NnErr *err)
{
    EvalItem *items = nn_alloc((size_t)n, sizeof *items), *next = items;
    unsigned char *holds = nn_alloc((size_t)n, 1);
    const int fits = items && holds;
    for (int s = 0; fits && s < p->seeds; next += p->pairs[s++].a->n)
        memcpy(next, p->pairs[s].a->items, (size_t)p->pairs[s].a->n * sizeof *next);
    if (fits) p->n_groups = eval_groups_list(items, n, p->groups);
    if (fits) sort_into_strata(p, items, n, holds);
    free(items);
    free(holds);
    return fits ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "comparison: no memory for %d images", n);
}

static void rank(Paired *p)
{
    EvalRanking *ranking = p->rankings;
    EvalRanked *next = p->ranked;
    for (int s = 0; s < p->seeds; s++)
        for (int k = 0; k < p->n_rows; k++)
            for (int side = 0; side < 2; side++, ranking++) {
                const EvalPair *pair = &p->pairs[s];
                const EvalRows *rows = side ? pair->b_rows : pair->a_rows;
                *ranking = eval_ranking_make(side ? pair->b : pair->a, &rows->rows[k], rows->threshold, p->groups,
                                             p->n_groups, next);
                next += ranking->n;
            }
}

static void draw(const Paired *p, NnRng *rng, int *count)
{
    memset(count, 0, (size_t)p->n_groups * sizeof *count);
    for (int stratum = 0; stratum < STRATA; stratum++) {
        const int *members = p->members + p->first[stratum], n = p->first[stratum + 1] - p->first[stratum];
        for (int i = 0; i < n; i++) count[members[nn_rng_below(rng, (uint32_t)n)]]++;
    }
}

static double *value_at(const Paired *p, int row, int figure)
{
    return p->values + (size_t)(row * EVAL_WEIGHED + figure) * (size_t)p->resamples * (size_t)p->seeds;
}

static void resample(const Paired *p, int number, uint64_t seed, int *count)
{
    NnRng rng = nn_rng_make(seed, NN_STREAM_BOOTSTRAP, 0, (uint32_t)number);
    const EvalRanking *ranking = p->rankings;
    draw(p, &rng, count);
    for (int s = 0; s < p->seeds; s++)
        for (int k = 0; k < p->n_rows; k++, ranking += 2) {
            double a[EVAL_WEIGHED], b[EVAL_WEIGHED];
            eval_ranking_weigh(&ranking[0], count, a);
            eval_ranking_weigh(&ranking[1], count, b);
            for (int f = 0; f < EVAL_WEIGHED; f++)
                value_at(p, k, f)[(size_t)number * (size_t)p->seeds + (size_t)s] = a[f] - b[f];
        }
}

/* ---- the comparison ---- */

NnStatus eval_paired_check_rows(const EvalRows *a, const EvalRows *b, NnErr *err)
{
    if (a->n != b->n)
        return nn_fail(err, NN_ERR_DATA, "rows differ: %d in one evaluation, %d in the other", a->n, b->n);
    for (int k = 0; k < a->n; k++) {
        const EvalRow *x = &a->rows[k], *y = &b->rows[k];
        if (x->kind != y->kind || strcmp(x->name, y->name) != 0 || x->seen != y->seen)
            return nn_fail(err, NN_ERR_DATA, "row %d is %s%s in one evaluation and %s%s in the other", k + 1, x->name,
                           x->seen == 1 ? " (seen)" : "", y->name, y->seen == 1 ? " (seen)" : "");
    }
    return NN_OK;
}

static const char *method_of(const EvalResults *r, const EvalItem *item)
{
    return item->method < 0 ? "real" : r->methods[item->method];
}

static NnStatus check_items(const EvalResults *a, const EvalResults *b, NnErr *err)
{
    for (int i = 0; i < a->n && i < b->n; i++) {
        const EvalItem *x = &a->items[i], *y = &b->items[i];
        if (x->label != y->label || x->group != y->group || strcmp(x->path, y->path) != 0 ||
            strcmp(method_of(a, x), method_of(b, y)) != 0)
            return nn_fail(err, NN_ERR_DATA, "the images differ: %s (%s) in one evaluation, %s (%s) in the other",
                           x->path, method_of(a, x), y->path, method_of(b, y));
    }
    if (a->n == b->n) return NN_OK;
    const EvalResults *more = a->n > b->n ? a : b;
    return nn_fail(err, NN_ERR_DATA, "the images differ: %d in one evaluation, %d in the other; only one has %s", a->n,
                   b->n, more->items[a->n < b->n ? a->n : b->n].path);
}

static void point(const EvalRow *row, double out[EVAL_WEIGHED])
{
    out[EVAL_AUC] = row->auc.value;
    out[EVAL_ACCURACY] = row->accuracy.value;
    out[EVAL_BALANCED] = row->balanced.value;
    out[EVAL_IOU] = row->iou;
}

static void set_interval(const Paired *p, int k, int f, double *d, EvalEstimate *out)
{
    for (int s = 0; s < p->seeds; s++) {
        double a[EVAL_WEIGHED], b[EVAL_WEIGHED];
        point(&p->pairs[s].a_rows->rows[k], a);
        point(&p->pairs[s].b_rows->rows[k], b);
        d[s] = a[f] - b[f];
    }
    *out = eval_paired_interval(d, value_at(p, k, f), p->seeds, p->resamples, p->n_groups);
}

static NnStatus reserve(Paired *p, int n, NnErr *err)
{
    const size_t rows = (size_t)p->n_rows, seeds = (size_t)p->seeds, items = (size_t)n;
    p->groups = nn_alloc(items, sizeof *p->groups);
    p->members = nn_alloc(items, sizeof *p->members);
    p->rankings = nn_alloc(2 * seeds * rows, sizeof *p->rankings);
    p->ranked = nn_alloc(2 * items * rows, sizeof *p->ranked);
    p->counts = nn_alloc(items * PARTS, sizeof *p->counts);
    p->values = nn_alloc(rows * EVAL_WEIGHED * seeds * (size_t)p->resamples, sizeof *p->values);
    if (p->groups && p->members && p->rankings && p->ranked && p->counts && p->values) return NN_OK;
    return nn_fail(err, NN_ERR_NOMEM, "comparison: no memory for %d resamples of %d images", p->resamples, n);
}

static void release(Paired *p)
{
    free(p->groups);
    free(p->members);
    free(p->rankings);
    free(p->ranked);
    free(p->counts);
    free(p->values);
}

static NnStatus compare(Paired *p, uint64_t seed, EvalEstimate *out, NnErr *err)
{
    const int n = count_items(p->pairs, p->seeds);
    NN_TRY(reserve(p, n, err));
    NN_TRY(list_groups(p, n, err));
    rank(p);
#pragma omp parallel for schedule(dynamic, 1) num_threads(nn_threads())
    for (int part = 0; part < PARTS; part++)
        for (int number = part; number < p->resamples; number += PARTS)
            resample(p, number, seed, p->counts + (size_t)part * (size_t)p->n_groups);
    double *d = nn_alloc((size_t)p->seeds, sizeof *d);
    if (!d) return nn_fail(err, NN_ERR_NOMEM, "comparison: no memory");
    for (int k = 0; k < p->n_rows; k++)
        for (int f = 0; f < EVAL_WEIGHED; f++) set_interval(p, k, f, d, &out[k * EVAL_WEIGHED + f]);
    free(d);
    return NN_OK;
}

NnStatus eval_paired(const EvalPair *pairs, int seeds, int resamples, uint64_t seed, EvalEstimate *out, NnErr *err)
{
    for (int s = 0; s < seeds; s++) {
        NN_TRY(eval_paired_check_rows(pairs[s].a_rows, pairs[s].b_rows, err));
        NN_TRY(eval_paired_check_rows(pairs[0].a_rows, pairs[s].a_rows, err));
        NN_TRY(check_items(pairs[s].a, pairs[s].b, err));
    }
    Paired p = { .pairs = pairs, .seeds = seeds, .n_rows = pairs[0].a_rows->n, .resamples = resamples };
    const NnStatus status = compare(&p, seed, out, err);
    release(&p);
    return status;
}
