/* score_ladder.c -- see score_ladder.h. A radix sort: counting, no comparison. */
#include "nn/base/score_ladder.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"

enum { DIGIT_BITS = 11, DIGITS = 3, BUCKETS = 1 << DIGIT_BITS };

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
static void climb(const uint64_t *sorted, size_t n, NnScoreLadder *l)
{
    for (size_t i = 0; i < n; i++) {
        const int fake = (int)(sorted[i] >> 33);
        if (i == 0 || (uint32_t)sorted[i] != (uint32_t)sorted[i - 1])
            l->tie[l->n++] = (NnScoreTie){ .score = score_of((uint32_t)sorted[i]) };
        NnScoreTie *t = &l->tie[l->n - 1];
        t->real += !fake;
        t->fake += (uint32_t)fake;
        l->real += !fake;
        l->fake += (uint64_t)fake;
    }
}

NnStatus nn_score_ladder_make(const float *score, const unsigned char *label, size_t n, NnScoreLadder *l, NnErr *err)
{
    *l = (NnScoreLadder){ .tie = NULL };
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

void nn_score_ladder_free(NnScoreLadder *l)
{
    free(l->tie);
    *l = (NnScoreLadder){ .tie = NULL };
}

void nn_score_ladder_bin(const NnScoreLadder *l, int bins, NnReliabilityBin *out)
{
    size_t i = 0;
    for (int b = 0; b < bins; b++) {
        const double hi = (double)(b + 1) / bins;
        uint64_t real = 0, fake = 0;
        double sum = 0;
        for (; i < l->n && (double)l->tie[i].score <= hi; i++) {
            real += l->tie[i].real;
            fake += l->tie[i].fake;
            sum += (double)l->tie[i].score * (double)(l->tie[i].real + (uint64_t)l->tie[i].fake);
        }
        const double n = (double)(real + fake);
        out[b] = (NnReliabilityBin){ .lo = (double)b / bins,
                                     .hi = hi,
                                     .n = (size_t)(real + fake),
                                     .mean_score = n > 0 ? sum / n : (double)NAN,
                                     .fake_share = n > 0 ? (double)fake / n : (double)NAN };
    }
}
