/* pixel_pool.c -- see pixel_pool.h. */
#include "eval/pixel_pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/metrics.h"
#include "nn/base/size.h"

/* Positive floats sort like their bits. DROP mantissa bits go; everything below FLOOR_BITS (2^-24) is bin 0. */
enum { DROP = 7, FLOOR_BITS = (127 - 24) << 23, ONE_BITS = 127 << 23 };
enum { BINS = ((ONE_BITS - FLOOR_BITS) >> DROP) + 1 };
enum { BLOCK = 4096, BLOCKS = (BINS + BLOCK - 1) / BLOCK };

static size_t bin_of(float v)
{
    if (!(v > 0x1p-24f)) return 0;
    if (v >= 1.0f) return BINS - 1;
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return (bits - FLOOR_BITS) >> DROP;
}

static NnStatus ensure(uint64_t **counts, size_t n, NnErr *err)
{
    if (!*counts) *counts = nn_alloc(n, sizeof **counts);
    return *counts ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "pixel counts: no memory for %zu numbers", n);
}

static NnStatus ensure_blocks(EvalPixelPool *pool, NnErr *err)
{
    if (!pool->block) pool->block = nn_alloc(BLOCKS, sizeof *pool->block);
    return pool->block ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "pixel counts: no memory for %d blocks", BLOCKS);
}

NnStatus eval_pixel_pool_add(EvalPixelPool *pool, const float *map, const unsigned char *mask, size_t n, NnErr *err)
{
    NN_TRY(ensure_blocks(pool, err));
    for (size_t i = 0; i < n; i++)
        if (isnan(map[i])) return nn_fail(err, NN_ERR_NUMERIC, "map: pixel %zu is not a number", i);
    for (size_t i = 0; i < n; i++) {
        const size_t bin = bin_of(map[i]);
        uint64_t **block = &pool->block[bin / BLOCK];
        if (!*block) NN_TRY(ensure(block, 2 * (size_t)BLOCK, err));
        (*block)[2 * (bin % BLOCK) + (mask[i] != 0)]++;
    }
    return NN_OK;
}

NnStatus eval_pixel_pool_merge(EvalPixelPool *pool, const EvalPixelPool *other, NnErr *err)
{
    if (!other->block) return NN_OK;
    NN_TRY(ensure_blocks(pool, err));
    for (size_t b = 0; b < BLOCKS; b++) {
        if (!other->block[b]) continue;
        NN_TRY(ensure(&pool->block[b], 2 * (size_t)BLOCK, err));
        for (size_t i = 0; i < 2 * (size_t)BLOCK; i++) pool->block[b][i] += other->block[b][i];
    }
    return NN_OK;
}

/* Pairs won by the forged side, accumulated from the lowest value up. */
typedef struct {
    double won, untouched, forged;
} PairCount;

static void pairs_add(PairCount *p, uint64_t untouched, uint64_t forged)
{
    p->won += (double)forged * (p->untouched + 0.5 * (double)untouched);
    p->untouched += (double)untouched;
    p->forged += (double)forged;
}

static double pairs_auc(const PairCount *p)
{
    return p->untouched > 0 && p->forged > 0 ? p->won / (p->untouched * p->forged) : (double)NAN;
}

double eval_pixel_pool_auc(const EvalPixelPool *pool)
{
    PairCount pairs = { 0 };
    for (size_t b = 0; pool->block && b < BLOCKS; b++)
        for (size_t i = 0; pool->block[b] && i < BLOCK; i++)
            pairs_add(&pairs, pool->block[b][2 * i], pool->block[b][2 * i + 1]);
    return pairs_auc(&pairs);
}

/* The lowest value of a bin. */
static float value_of(size_t bin)
{
    const uint32_t bits = FLOOR_BITS + ((uint32_t)bin << DROP);
    float v = 0;
    if (bin > 0) memcpy(&v, &bits, sizeof v);
    return v;
}

/* Pixels called forged so far, from the highest value down. */
typedef struct {
    double forged, untouched, all_forged;
    EvalBestCut best;
} CutSearch;

static CutSearch cuts_start(double all_forged)
{
    return (CutSearch){ .all_forged = all_forged, .best = { (double)NAN, (double)NAN, (double)NAN } };
}

/* Also everything of this value is called forged. */
static void cuts_add(CutSearch *c, double value, uint64_t untouched, uint64_t forged)
{
    c->untouched += (double)untouched;
    c->forged += (double)forged;
    if (!(c->all_forged > 0) || untouched + forged == 0) return;
    const double f1 = 2 * c->forged / (c->forged + c->untouched + c->all_forged);
    if (f1 <= c->best.f1) return;
    c->best = (EvalBestCut){ value, f1, c->forged / (c->untouched + c->all_forged) };
}

EvalBestCut eval_pixel_pool_best(const EvalPixelPool *pool)
{
    double all_forged = 0;
    for (size_t b = 0; pool->block && b < BLOCKS; b++)
        for (size_t i = 0; pool->block[b] && i < BLOCK; i++) all_forged += (double)pool->block[b][2 * i + 1];
    CutSearch cuts = cuts_start(all_forged);
    for (size_t b = pool->block ? BLOCKS : 0; b-- > 0;)
        for (size_t i = pool->block[b] ? BLOCK : 0; i-- > 0;)
            cuts_add(&cuts, (double)value_of(b * BLOCK + i), pool->block[b][2 * i], pool->block[b][2 * i + 1]);
    return cuts.best;
}

void eval_pixel_pool_free(EvalPixelPool *pool)
{
    for (size_t b = 0; pool->block && b < BLOCKS; b++) free(pool->block[b]);
    free(pool->block);
    *pool = (EvalPixelPool){ 0 };
}

/* ---- the position prior ---- */

typedef struct {
    float value;
    int pixel;
} Ranked;

static int by_value(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return (x->pixel > y->pixel) - (x->pixel < y->pixel);
}

static void rank_pixels(EvalPrior *prior, Ranked *order)
{
    double area = 0;
    for (size_t i = 0; i < prior->n; i++) {
        order[i] = (Ranked){ prior->mean[i], (int)i };
        area += (double)prior->mean[i];
    }
    qsort(order, prior->n, sizeof *order, by_value);
    for (size_t i = 0; i < prior->n; i++) {
        prior->rank[i] = order[i].pixel;
        prior->hot[order[i].pixel] = (double)(prior->n - i) <= area + 0.5;
    }
}

NnStatus eval_prior_init(EvalPrior *prior, const float *mean, size_t n, NnErr *err)
{
    *prior = (EvalPrior){ .n = n };
    if (n == 0) return NN_OK;
    for (size_t i = 0; i < n; i++)
        if (!(mean[i] >= 0.0f && mean[i] <= 1.0f))
            return nn_fail(err, NN_ERR_FORMAT, "mean mask: pixel %zu is %g, expected 0 to 1", i, (double)mean[i]);
    Ranked *order = nn_alloc(n, sizeof *order);
    prior->mean = nn_alloc(n, sizeof *prior->mean);
    prior->rank = nn_alloc(n, sizeof *prior->rank);
    prior->hot = nn_alloc(n, 1);
    const int ok = order && prior->mean && prior->rank && prior->hot;
    if (ok) {
        memcpy(prior->mean, mean, n * sizeof *mean);
        rank_pixels(prior, order);
    }
    free(order);
    if (ok) return NN_OK;
    eval_prior_free(prior);
    return nn_fail(err, NN_ERR_NOMEM, "mean mask: no memory for %zu pixels", n);
}

void eval_prior_free(EvalPrior *prior)
{
    free(prior->mean);
    free(prior->rank);
    free(prior->hot);
    *prior = (EvalPrior){ 0 };
}

double eval_prior_iou(const EvalPrior *prior, const unsigned char *mask)
{
    size_t both = 0, either = 0;
    for (size_t i = 0; i < prior->n; i++) {
        both += prior->hot[i] && mask[i];
        either += prior->hot[i] || mask[i];
    }
    return either ? (double)both / (double)either : (double)NAN;
}

double eval_prior_energy(const EvalPrior *prior, const unsigned char *mask)
{
    return nn_share_inside(prior->mean, mask, prior->n);
}

double eval_prior_area(const EvalPrior *prior)
{
    size_t hot = 0;
    for (size_t i = 0; i < prior->n; i++) hot += prior->hot[i];
    return prior->n ? (double)hot / (double)prior->n : (double)NAN;
}

NnStatus eval_prior_pool_add(EvalPriorPool *pool, const EvalPrior *prior, const unsigned char *mask, NnErr *err)
{
    NN_TRY(ensure(&pool->forged, prior->n, err));
    for (size_t i = 0; i < prior->n; i++) pool->forged[i] += mask[i] != 0;
    pool->images++;
    return NN_OK;
}

NnStatus eval_prior_pool_merge(EvalPriorPool *pool, const EvalPrior *prior, const EvalPriorPool *other, NnErr *err)
{
    if (!other->forged) return NN_OK;
    NN_TRY(ensure(&pool->forged, prior->n, err));
    for (size_t i = 0; i < prior->n; i++) pool->forged[i] += other->forged[i];
    pool->images += other->images;
    return NN_OK;
}

double eval_prior_pool_auc(const EvalPriorPool *pool, const EvalPrior *prior)
{
    PairCount pairs = { 0 };
    if (!pool->forged) return (double)NAN;
    for (size_t i = 0; i < prior->n;) {
        uint64_t untouched = 0, forged = 0;
        const float value = prior->mean[prior->rank[i]];
        for (; i < prior->n && prior->mean[prior->rank[i]] == value; i++) {
            forged += pool->forged[prior->rank[i]];
            untouched += pool->images - pool->forged[prior->rank[i]];
        }
        pairs_add(&pairs, untouched, forged);
    }
    return pairs_auc(&pairs);
}

EvalBestCut eval_prior_pool_best(const EvalPriorPool *pool, const EvalPrior *prior)
{
    double all_forged = 0;
    for (size_t i = 0; pool->forged && i < prior->n; i++) all_forged += (double)pool->forged[i];
    CutSearch cuts = cuts_start(all_forged);
    for (size_t i = pool->forged ? prior->n : 0; i > 0;) {
        uint64_t untouched = 0, forged = 0;
        const float value = prior->mean[prior->rank[i - 1]];
        for (; i > 0 && prior->mean[prior->rank[i - 1]] == value; i--) {
            forged += pool->forged[prior->rank[i - 1]];
            untouched += pool->images - pool->forged[prior->rank[i - 1]];
        }
        cuts_add(&cuts, (double)value, untouched, forged);
    }
    return cuts.best;
}

void eval_prior_pool_free(EvalPriorPool *pool)
{
    free(pool->forged);
    *pool = (EvalPriorPool){ 0 };
}
