/* micro.h -- the innermost loops of convolution, one set of them for each instruction set.
 *
 * They know nothing of images: `sum` adds shifted copies of rows of floats, `outer` adds outer products of columns,
 * `transpose` turns the one layout into the other. Everything that is fast about convolution here is fast because its
 * work has been brought into these three forms.
 *
 * The sets give the same sums in the same order, but AVX-512 and AVX2 round a product and its addition once (fused),
 * SSE2 twice; so avx512 and avx2 agree to the bit, and portable differs by rounding. */
#ifndef NN_MICRO_H
#define NN_MICRO_H
#include <stddef.h>
#include <stdint.h>

#include "nn/ops/micro_winograd.h"

/* Floats that may be read behind the last one asked for (never written, and never part of a result). */
enum { NN_MICRO_SLACK = 128, NN_MICRO_LANES_MAX = 16, NN_MICRO_TILE_MAX = 8 };

/* y[o][p] = sum over c < C, t < T of w[(c T + t) tile + o] * x[c pitch + shift[t] + p],  o < tile, p < P.
 *
 *      x, channel c     ......[====== P ======]......         t = 0: shift[0] floats to the right of x + c pitch
 *                       .........[====== P ======]...         t = 1
 *      times a number each, added up over c and t:  y[o] */
typedef struct {
    int C, T, tile;       /* tile: 8 or 4 outputs at once */
    size_t pitch;         /* floats from one channel of x to the next */
    const int32_t *shift; /* [T] */
    const float *x;
    const float *w; /* [C][T][tile] */
} NnMicroSum;

typedef struct {
    const char *name;
    int lanes;              /* floats in a vector; P and nb below are multiples of it */
    double flops_per_cycle; /* of one core: what `sum` reaches, roughly; for cost estimates */
    /* y [tile][ldy], of which P columns are written. Reads up to NN_MICRO_SLACK floats behind x's last. */
    void (*sum)(const NnMicroSum *s, int P, float *y, size_t ldy);
    /* y[a][b] += sum over p < P of A[p lda + a] * B[p ldb + b],  a < na (any), b < nb. y [na][ldy]. */
    void (*outer)(int P, const float *A, size_t lda, int na, const float *B, size_t ldb, int nb, float *y, size_t ldy);
    /* y[p ldy + c] = x[c ldx + p],  c < C, p < P (any). */
    void (*transpose)(int C, int P, const float *x, size_t ldx, float *y, size_t ldy);
    const NnMicroWinograd *winograd; /* micro_winograd.h */
} NnMicro;

/* The best set that this CPU runs, or the one that the environment variable LOCUS_ISA names (avx512, avx2, portable)
 * if it runs here. Chosen at the first call; constant afterwards. */
const NnMicro *nn_micro(void);

/* Every set that this CPU runs, best first; n: how many. For tests. */
const NnMicro *const *nn_micro_all(int *n);

#endif
