/* micro.h -- the innermost loops of convolution, one set of them for each instruction set.
 *
 * They know nothing of images: `sum` adds shifted copies of rows of floats, `product` rows as they lie, `outer` adds
 * outer products of columns, `transpose` turns the one layout into the other. Everything that is fast about convolution
 * here is fast because its work has been brought into these forms.
 *
 * The sets give the same sums in the same order, but AVX-512 and AVX2 round a product and its addition once (fused),
 * SSE2 twice; so avx512 and avx2 agree to the bit, and portable differs by rounding. Weight gradients are cut by the
 * length of a vector too (conv_weights_cut.h): whole training steps differ in their last bits from set to set. */
#ifndef NN_MICRO_H
#define NN_MICRO_H
#include <stddef.h>
#include <stdint.h>

#include "nn/ops/micro_polyphase.h"
#include "nn/ops/micro_winograd.h"

/* Floats that may be read behind the last one asked for (never written, and never part of a result). */
enum { NN_MICRO_SLACK = 128, NN_MICRO_LANES_MAX = 16 };

/* Shifts that `sum` looks ahead, to prefetch what they point at. */
enum { NN_MICRO_AHEAD = 9 };

/* y[o][v][l] = sum over k < K of w[k][o] * x[shift[k] + place[v] + l],  o < tile, v < vectors, l < lanes.
 *
 *      x      ......[== place 0 ==]......[== place 1 ==]...         k = 0: from shift[0] on
 *             .........[== place 0 ==]......[== place 1 ==]         k = 1: from shift[1] on
 *      times a number each, added up over k:  y[o]
 *
 * For a convolution, k counts channels and taps (one list for both is a longer loop, and a faster one), and places are
 * vectors of output pixels. */
typedef struct {
    int K, tile;          /* tile: 8 or 4 outputs at once */
    const int32_t *shift; /* [K], and NN_MICRO_AHEAD more of any value */
    const int32_t *place; /* [vectors] */
    const float *x;
    const float *w; /* [K][tile] */
} NnMicroSum;

/* One of two tables of columns: position p < P of row r < rows holds its numbers at `at + row[r] + p step`. */
typedef struct {
    const float *at;
    const int32_t *row; /* [rows] */
    size_t step;        /* floats from one position to the next */
} NnMicroColumns;

typedef struct {
    const char *name;
    int lanes;              /* floats in a vector; nb below is a multiple of it */
    int tile;               /* of `sum`: the faster one where there are enough outputs */
    double flops_per_cycle; /* of one core: what `sum` reaches, roughly; for cost estimates */
    /* y [tile][ldy], of which vectors * lanes columns are written. */
    void (*sum)(const NnMicroSum *s, int vectors, float *y, size_t ldy);
    /* y[o P + p] = sum over k < K of w[8 k + o] x[k P + p],  o < 8, p < P (a multiple of lanes): a quarter faster than
     * `sum` for not asking where the next row is. Meanwhile it asks for the cache lines of `bytes` bytes from `ahead`
     * on, and perhaps for a few behind them, which it does not use, so that they arrive while it computes: one line a
     * step, evenly spread if they are more than its K ceil(P / (3 lanes)) steps or more. ahead may be NULL if bytes is
     * 0. */
    void (*product)(int K, int P, const float *x, const float *w, float *y, const void *ahead, size_t bytes);
    /* y[a][b] += sum over rows r, positions p of A(r, p)[a] * B(r, p)[b],  a < na (any), b < nb. y [na][ldy]. */
    void (*outer)(int rows, int P, const NnMicroColumns *A, int na, const NnMicroColumns *B, int nb, float *y,
                  size_t ldy);
    /* y[p ldy + c] = x[c ldx + p],  c < C, p < P (any). */
    void (*transpose)(int C, int P, const float *x, size_t ldx, float *y, size_t ldy);
    const NnMicroWinograd *winograd;   /* micro_winograd.h */
    const NnMicroPolyphase *polyphase; /* micro_polyphase.h: one for each NnPolyScheme */
} NnMicro;

/* The best set that this CPU runs, or the one that the environment variable LOCUS_ISA names (avx512, avx2, portable)
 * if it runs here. Chosen at the first call; constant afterwards. */
const NnMicro *nn_micro(void);

/* Every set that this CPU runs, best first; n: how many. For tests. */
const NnMicro *const *nn_micro_all(int *n);

#endif
