/* metrics.c -- see metrics.h. Everything is read off one sorted walk through the scores: at each distinct
 * score, how many real and how many forged items lie below it. Counts are integers, so AUC is exact. */
#include "nn/base/metrics.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"

enum { DIGIT_BITS = 11, DIGITS = 3, BUCKETS = 1 << DIGIT_BITS };

/* One distinct score and the items that have it. */
typedef struct {
    float score;
    uint32_t real, fake;
} Tie;

/* All of them, ascending. */
typedef struct {
    Tie *tie;
    size_t n;
    uint64_t real, fake; /* totals */
} Ladder;

/* ---- sorting ---- */

/* Bits that sort as the float does: negative numbers reversed, below the positive ones. */
static uint32_t key_of(float score)
{
    const float plain = score + 0.0f; /* -0 becomes +0: they are the same score */
    uint32_t bits;
    memcpy(&bits, &plain, sizeof bits);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

static float score_of(uint32_t key)
{
    const uint32_t bits = key >> 31 ? key & 0x7fffffffu : ~key;
    float score;
    memcpy(&score, &bits, sizeof score);
    return score;
}

/* One pass of a least-significant-digit radix sort on the low 32 bits. */
static void sort_digit(const uint64_t *in, uint64_t *out, size_t n, int shift)
{
    size_t place[BUCKETS] = { 0 };
    for (size_t i = 0; i < n; i++) place[in[i] >> shift & (BUCKETS - 1)]++;
    size_t start = 0;
    for (int d = 0; d < BUCKETS; d++) {
        const size_t count = place[d];
        place[d] = start;
        start += count;
    }
    for (size_t i = 0; i < n; i++) out[place[in[i] >> shift & (BUCKETS - 1)]++] = in[i];
}

/* ---- the ladder ---- */

static NnStatus check_inputs(const float *score, const unsigned char *label, size_t n, NnErr *err)
{
    if (n > INT_MAX) return nn_fail(err, NN_ERR_NUMERIC, "%zu scores are more than the %d supported", n, INT_MAX);
    for (size_t i = 0; i < n; i++) {
        if (isnan(score[i])) return nn_fail(err, NN_ERR_NUMERIC, "score %zu of %zu is NaN", i + 1, n);
        if (label[i] > 1)
            return nn_fail(err, NN_ERR_NUMERIC, "label %zu of %zu is %d, expected 0 or 1", i + 1, n, label[i]);
    }
    return NN_OK;
}

/* The label rides above the key: bit 33, out of the sort's sight. */
static void climb(const uint64_t *sorted, size_t n, Ladder *l)
{
    for (size_t i = 0; i < n; i++) {
        const int fake = (int)(sorted[i] >> 33);
        if (i == 0 || (uint32_t)sorted[i] != (uint32_t)sorted[i - 1])
            l->tie[l->n++] = (Tie){ .score = score_of((uint32_t)sorted[i]) };
        Tie *t = &l->tie[l->n - 1];
        t->real += !fake;
        t->fake += (uint32_t)fake;
        l->real += !fake;
        l->fake += (uint64_t)fake;
    }
}

/* The caller frees l->tie. */
static NnStatus ladder_make(const float *score, const unsigned char *label, size_t n, Ladder *l, NnErr *err)
{
    *l = (Ladder){ .tie = NULL };
    NN_TRY(check_inputs(score, label, n, err));
    uint64_t *a = nn_alloc(n, sizeof *a), *b = nn_alloc(n, sizeof *b);
    l->tie = nn_alloc(n, sizeof *l->tie);
    if (a && b && l->tie) {
        for (size_t i = 0; i < n; i++) a[i] = (uint64_t)label[i] << 33 | key_of(score[i]);
        for (int d = 0; d < DIGITS; d++) {
            sort_digit(a, b, n, d * DIGIT_BITS);
            uint64_t *t = a;
            a = b;
            b = t;
        }
        climb(a, n, l);
    }
    const int complete = a && b && l->tie;
    free(a);
    free(b);
    if (complete) return NN_OK;
    free(l->tie);
    l->tie = NULL;
    return nn_fail(err, NN_ERR_NOMEM, "out of memory for %zu scores", n);
}

/* ---- figures, all NAN where a class is missing ---- */

/* Pairs in which the forged item scores higher, ties counting half, over all pairs (Mann-Whitney U).
 * Twice U is a whole number. */
static double auc_of(const Ladder *l)
{
    if (!l->real || !l->fake) return (double)NAN;
    uint64_t twice_u = 0, real_below = 0;
    for (size_t i = 0; i < l->n; i++) {
        twice_u += l->tie[i].fake * (2 * real_below + l->tie[i].real);
        real_below += l->tie[i].real;
    }
    return (double)twice_u / (2.0 * (double)l->real * (double)l->fake);
}

/* Thresholds from high to low; each adds (R_k - R_{k-1}) P_k, R recall, P precision. */
static double ap_of(const Ladder *l)
{
    if (!l->real || !l->fake) return (double)NAN;
    double sum = 0;
    uint64_t fake = 0, all = 0;
    for (size_t i = l->n; i-- > 0;) {
        fake += l->tie[i].fake;
        all += l->tie[i].fake + (uint64_t)l->tie[i].real;
        sum += (double)l->tie[i].fake * (double)fake / (double)all;
    }
    return sum / (double)l->fake;
}

/* Walks the ROC from (0,0) until the false alarms reach the misses; their difference is linear on each edge. */
static double eer_of(const Ladder *l)
{
    if (!l->real || !l->fake) return (double)NAN;
    double last_fpr = 0, last_gap = 1; /* gap: miss rate - false alarm rate */
    uint64_t fake = 0, real = 0;
    for (size_t i = l->n; i-- > 0;) {
        fake += l->tie[i].fake;
        real += l->tie[i].real;
        const double fpr = (double)real / (double)l->real;
        const double gap = (double)(l->fake - fake) / (double)l->fake - fpr;
        if (gap <= 0) return last_fpr + last_gap / (last_gap - gap) * (fpr - last_fpr);
        last_fpr = fpr;
        last_gap = gap;
    }
    return last_fpr; /* never reached: the walk ends at (1,1), where the gap is -1 */
}

static double accuracy_of(const Ladder *l, double threshold)
{
    uint64_t right = 0;
    for (size_t i = 0; i < l->n; i++) right += (double)l->tie[i].score >= threshold ? l->tie[i].fake : l->tie[i].real;
    return l->n ? (double)right / (double)(l->real + l->fake) : (double)NAN;
}

NnStatus nn_score_metrics(const float *score, const unsigned char *label, size_t n, double threshold,
                          NnScoreMetrics *out, NnErr *err)
{
    if (isnan(threshold)) return nn_fail(err, NN_ERR_NUMERIC, "the threshold is NaN");
    Ladder l;
    NN_TRY(ladder_make(score, label, n, &l, err));
    *out = (NnScoreMetrics){ .n_real = (int)l.real,
                             .n_fake = (int)l.fake,
                             .auc = auc_of(&l),
                             .ap = ap_of(&l),
                             .eer = eer_of(&l),
                             .accuracy = accuracy_of(&l, threshold),
                             .threshold = threshold };
    free(l.tie);
    return NN_OK;
}

NnStatus nn_auc(const float *score, const unsigned char *label, size_t n, double *out, NnErr *err)
{
    Ladder l;
    NN_TRY(ladder_make(score, label, n, &l, err));
    *out = auc_of(&l);
    free(l.tie);
    return NN_OK;
}

/* ---- the best threshold ---- */

/* Cut k has ties 0..k-1 below it. The outermost cuts stand on the lowest score and just above the highest. */
static double cut_at(const Ladder *l, size_t k)
{
    if (k == 0) return (double)l->tie[0].score;
    const float below = l->tie[k - 1].score;
    if (k == l->n) return nextafter((double)below, (double)INFINITY);
    const float above = l->tie[k].score;
    if (isinf(below)) return isinf(above) ? 0 : (double)above;
    return ((double)below + (double)above) / 2;
}

/* What moving tie k below the cut adds to the number of items judged rightly. */
static int64_t gain(const Ladder *l, size_t k)
{
    return k < l->n ? (int64_t)l->tie[k].real - (int64_t)l->tie[k].fake : 0;
}

/* The middle one (the lower of two) of the cuts that judge most items rightly. Nothing lies above an infinite
 * score, so there the last cut does not exist. */
static size_t best_cut(const Ladder *l)
{
    const size_t cuts = l->n + (l->tie[l->n - 1].score < INFINITY);
    int64_t best = -1, right = (int64_t)l->fake;
    size_t equals = 0;
    for (size_t k = 0; k < cuts; right += gain(l, k++)) {
        if (right > best) best = right, equals = 0;
        equals += right == best;
    }
    right = (int64_t)l->fake;
    size_t skip = (equals - 1) / 2, k = 0;
    while (right != best || skip-- > 0) right += gain(l, k++);
    return k;
}

NnStatus nn_best_threshold(const float *score, const unsigned char *label, size_t n, double *out, NnErr *err)
{
    Ladder l;
    NN_TRY(ladder_make(score, label, n, &l, err));
    if (l.real && l.fake) *out = cut_at(&l, best_cut(&l));
    free(l.tie);
    if (l.real && l.fake) return NN_OK;
    return nn_fail(err, NN_ERR_NUMERIC, "no best threshold: %d real and %d forged items", (int)l.real, (int)l.fake);
}

double nn_iou(const float *map, const unsigned char *mask, size_t n, double threshold)
{
    size_t both = 0, either = 0;
    for (size_t i = 0; i < n; i++) {
        const int found = (double)map[i] >= threshold, is = mask[i] == 1;
        both += (size_t)(found && is);
        either += (size_t)(found || is);
    }
    return either ? (double)both / (double)either : (double)NAN;
}
