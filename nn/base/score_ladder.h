/* score_ladder.h -- scores sorted once: at each distinct score, how many real and how many forged items have it.
 *
 * Every figure of metrics.h is read off such a ladder. Counts are integers, so nothing depends on the order of sums. */
#ifndef NN_SCORE_LADDER_H
#define NN_SCORE_LADDER_H
#include <stddef.h>
#include <stdint.h>

#include "nn/base/metrics.h"

/* One distinct score and the items that have it. */
typedef struct {
    float score;
    uint32_t real, fake;
} NnScoreTie;

/* All of them, ascending. */
typedef struct {
    NnScoreTie *tie; /* [n], owned: nn_score_ladder_free */
    size_t n;
    uint64_t real, fake; /* totals */
} NnScoreLadder;

/* score [n], label [n] 0/1. ERR_NUMERIC: a NaN score, another label, more than INT_MAX items; ERR_NOMEM. */
NnStatus nn_score_ladder_make(const float *score, const unsigned char *label, size_t n, NnScoreLadder *l, NnErr *err);
void nn_score_ladder_free(NnScoreLadder *l);

/* The bins of nn_reliability, into out [bins]; every score must be within 0..1. */
void nn_score_ladder_bin(const NnScoreLadder *l, int bins, NnReliabilityBin *out);

#endif
