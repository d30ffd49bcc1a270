/* micro_body.h -- micro-kernels written once, in vectors of LANES floats; included by micro_<set>.c, which defines
 *
 *   LANES           floats in a vector
 *   SUM8, SUM4      vectors of positions beside 8 and beside 4 outputs in `sum`; 8 in `product`
 *   TILE            8 or 4, whichever is faster
 *   OUTER           rows beside 2 vectors in `outer`: 6 or 12
 *   MICRO, NAME     the table to define, and its name
 *   FLOPS           per cycle
 *
 * Vectors are GCC's and clang's vector extension: arithmetic on them compiles to the instructions of whatever the
 * file is compiled for. A tile of sums stays in registers while the loop runs; its size is what fits there:
 *
 *                    3 vectors of positions                            2 vectors of b
 *                  x [ v0 ][ v1 ][ v2 ]                              B [ v0 ][ v1 ]
 *      w  o0 (x)     [ 24 sums, 8 x 3 ]                    A  a0 (x)   [ 24 sums, ]
 *         ..         [                ]                       ..       [ 12 x 2   ]
 *         o7 (x)     [                ]                       a11 (x)  [          ]     (x): one number in all lanes */
#include <string.h>

#include "nn/ops/micro.h"

typedef float Vec __attribute__((vector_size(4 * LANES)));
typedef float VecAt __attribute__((vector_size(4 * LANES), aligned(4), may_alias)); /* at any float's address */

typedef float Eight __attribute__((vector_size(32)));
typedef float Four __attribute__((vector_size(16)));

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Loops over a tile vanish: n is a constant wherever these functions are used. */
#define EACH(i, n) UNROLL for (int i = 0; i < (n); i++)

INLINE Vec load(const float *p)
{
    return *(const VecAt *)p;
}

INLINE void store(float *p, Vec v)
{
    *(VecAt *)p = v;
}

/* ---- sum ---- */

/* One tile: O outputs times V vectors of positions.
 * x comes from the second-level cache, in small pieces from many places, which no prefetcher foresees: hence the
 * prefetches, of a vector's last float because a vector that crosses a line would otherwise wait for the second one. */
INLINE void sum_tile(const int O, const int V, const NnMicroSum *s, const int32_t *place, float *y, size_t ldy)
{
    const float *w = s->w, *x[8];
    Vec sum[8][8];
    EACH(v, V) x[v] = s->x + place[v];
    EACH(o, O)
        EACH(v, V) sum[o][v] = (Vec){ 0 };
    for (int k = 0; k < s->K; k++, w += O) {
        const ptrdiff_t shift = s->shift[k], ahead = s->shift[k + NN_MICRO_AHEAD];
        Vec in[8];
        EACH(v, V) in[v] = load(x[v] + shift);
        EACH(v, V) __builtin_prefetch(x[v] + ahead + LANES - 1);
        EACH(o, O)
            EACH(v, V) sum[o][v] += w[o] * in[v];
    }
    EACH(o, O)
        EACH(v, V) store(y + (size_t)o * ldy + v * LANES, sum[o][v]);
}

/* A row of tiles: full ones, then what is left in narrower ones. */
#define SUM_ROW(O, V)                                                                                                  \
    static void sum_row_##O(const NnMicroSum *s, int vectors, float *y, size_t ldy)                                    \
    {                                                                                                                  \
        int v = 0;                                                                                                     \
        for (; v + V <= vectors; v += V) sum_tile(O, V, s, s->place + v, y + v * LANES, ldy);                          \
        for (; V > 2 && v + 2 <= vectors; v += 2) sum_tile(O, 2, s, s->place + v, y + v * LANES, ldy);                 \
        for (; v < vectors; v++) sum_tile(O, 1, s, s->place + v, y + v * LANES, ldy);                                  \
    }
SUM_ROW(8, SUM8)
SUM_ROW(4, SUM4)

static void micro_sum(const NnMicroSum *s, int vectors, float *y, size_t ldy)
{
    if (s->tile == 8) sum_row_8(s, vectors, y, ldy);
    else sum_row_4(s, vectors, y, ldy);
}

/* ---- product ---- */

enum { ROWS = 8 };
_Static_assert(SUM8 <= 3, "vectors of a tile");
_Static_assert((int)NN_WINO_GROUP == ROWS && (int)NN_POLY_GROUP == ROWS, "outputs of a product");

/* ROWS outputs of V vectors. */
INLINE void product_tile(const int V, const int asks, int K, const float *x, size_t pitch, const float *w, float *y,
                         const char *ahead, size_t step)
{
    Vec sum[ROWS][3];
    EACH(o, ROWS)
        EACH(v, V) sum[o][v] = (Vec){ 0 };
    for (int k = 0; k < K; k++, x += pitch, w += ROWS) {
        Vec in[3];
        if (asks) __builtin_prefetch(ahead + (size_t)k * step, 0, 2);
        EACH(v, V) in[v] = load(x + v * LANES);
        EACH(o, ROWS)
            EACH(v, V) sum[o][v] += w[o] * in[v];
    }
    EACH(o, ROWS)
        EACH(v, V) store(y + (size_t)o * pitch + v * LANES, sum[o][v]);
}

INLINE void product_row(const int asks, int K, int P, const float *x, const float *w, float *y, const char *ahead,
                        size_t bytes)
{
    const size_t pitch = (size_t)P, steps = (size_t)K * (size_t)((P + SUM8 * LANES - 1) / (SUM8 * LANES));
    const size_t step = (bytes + steps - 1) / steps;
    int p = 0;
    for (; p + SUM8 * LANES <= P; p += SUM8 * LANES) {
        product_tile(SUM8, asks, K, x + p, pitch, w, y + p, ahead, step);
        if (asks) ahead += (size_t)K * step;
    }
    if (p + 2 * LANES <= P) product_tile(2, asks, K, x + p, pitch, w, y + p, ahead, step);
    else if (p < P) product_tile(1, asks, K, x + p, pitch, w, y + p, ahead, step);
}

/* Without anything to ask for, the instruction would still cost a twentieth. */
static void micro_product(int K, int P, const float *x, const float *w, float *y, const void *ahead, size_t bytes)
{
    if (bytes) product_row(1, K, P, x, w, y, ahead, bytes);
    else product_row(0, K, P, x, w, y, NULL, 0);
}

/* ---- outer ---- */

/* One tile: R rows times V vectors. */
INLINE void outer_tile(const int R, const int V, int rows, int P, const NnMicroColumns *A, int a0,
                       const NnMicroColumns *B, int b0, float *y, size_t ldy)
{
    Vec sum[OUTER][2];
    EACH(a, R)
        EACH(v, V) {
            sum[a][v] = (Vec){ 0 };
            __builtin_prefetch(y + (size_t)a * ldy + v * LANES, 1); /* wanted when the sums are done */
        }
    for (int r = 0; r < rows; r++) {
        const float *at = A->at + A->row[r] + a0, *beside = B->at + B->row[r] + b0;
        for (int p = 0; p < P; p++, at += A->step, beside += B->step) {
            Vec in[2];
            EACH(v, V) in[v] = load(beside + v * LANES);
            EACH(a, R)
                EACH(v, V) sum[a][v] += at[a] * in[v];
        }
    }
    EACH(a, R)
        EACH(v, V) {
            float *to = y + (size_t)a * ldy + v * LANES;
            store(to, load(to) + sum[a][v]);
        }
}

/* All rows beside V vectors, in tiles as equal as can be: 64 rows are 4 of 11 and 2 of 10. */
#define OUTER_CASE(R, V)                                                                                               \
    case R:                                                                                                            \
        outer_tile(R, V, rows, P, A, a, B, b, to, ldy);                                                                \
        break;
#define OUTER_COLUMN(V)                                                                                                \
    static void outer_column_##V(int rows, int P, const NnMicroColumns *A, int na, const NnMicroColumns *B, int b,     \
                                 float *y, size_t ldy)                                                                 \
    {                                                                                                                  \
        int tiles = (na + OUTER - 1) / OUTER;                                                                          \
        for (int a = 0, n; a < na; a += n, tiles--) {                                                                  \
            float *to = y + (size_t)a * ldy;                                                                           \
            n = (na - a + tiles - 1) / tiles;                                                                          \
            switch (n) {                                                                                               \
                OUTER_CASES(V)                                                                                         \
            }                                                                                                          \
        }                                                                                                              \
    }
#define OUTER_6(V) OUTER_CASE(1, V) OUTER_CASE(2, V) OUTER_CASE(3, V) OUTER_CASE(4, V) OUTER_CASE(5, V) OUTER_CASE(6, V)
#if OUTER > 6
#define OUTER_CASES(V)                                                                                                 \
    OUTER_6(V) OUTER_CASE(7, V) OUTER_CASE(8, V) OUTER_CASE(9, V) OUTER_CASE(10, V) OUTER_CASE(11, V) OUTER_CASE(12, V)
#else
#define OUTER_CASES(V) OUTER_6(V)
#endif
OUTER_COLUMN(1)
OUTER_COLUMN(2)

static void micro_outer(int rows, int P, const NnMicroColumns *A, int na, const NnMicroColumns *B, int nb, float *y,
                        size_t ldy)
{
    int b = 0;
    for (; b + 2 * LANES <= nb; b += 2 * LANES) outer_column_2(rows, P, A, na, B, b, y + b, ldy);
    if (b < nb) outer_column_1(rows, P, A, na, B, b, y + b, ldy);
}

/* ---- transpose ---- */

/* Lanes of two vectors in turn: a0 b0 a1 b1 ..., from their lower (half = 0) or upper halves. */
#if LANES == 16
#define LANE_PAIRS(h)                                                                                                  \
    h, 16 + h, h + 1, 17 + h, h + 2, 18 + h, h + 3, 19 + h, h + 4, 20 + h, h + 5, 21 + h, h + 6, 22 + h, h + 7, 23 + h
#elif LANES == 8
#define LANE_PAIRS(h) h, 8 + h, h + 1, 9 + h, h + 2, 10 + h, h + 3, 11 + h
#else
#define LANE_PAIRS(h) h, 4 + h, h + 1, 5 + h
#endif
#if defined(__clang__) || __GNUC__ >= 12
#define ZIP(a, b, h)   __builtin_shufflevector(a, b, LANE_PAIRS(h))
#define ZIP_8(a, b, h) __builtin_shufflevector(a, b, h, 8 + h, h + 1, 9 + h, h + 2, 10 + h, h + 3, 11 + h)
#define ZIP_4(a, b, h) __builtin_shufflevector(a, b, h, 4 + h, h + 1, 5 + h)
#else
typedef int32_t VecIndex __attribute__((vector_size(4 * LANES)));
typedef int EightIndex __attribute__((vector_size(32)));
typedef int FourIndex __attribute__((vector_size(16)));
#define ZIP(a, b, h)   __builtin_shuffle(a, b, (VecIndex){ LANE_PAIRS(h) })
#define ZIP_8(a, b, h) __builtin_shuffle(a, b, (EightIndex){ h, 8 + h, h + 1, 9 + h, h + 2, 10 + h, h + 3, 11 + h })
#define ZIP_4(a, b, h) __builtin_shuffle(a, b, (FourIndex){ h, 4 + h, h + 1, 5 + h })
#endif

/* One round of a perfect shuffle of rows: after log2(LANES) rounds, rows have become columns. */
INLINE void zip_rows(const Vec *from, Vec *to)
{
    EACH(i, LANES / 2) {
        to[2 * i] = ZIP(from[i], from[i + LANES / 2], 0);
        to[2 * i + 1] = ZIP(from[i], from[i + LANES / 2], LANES / 2);
    }
}

/* A square of LANES x LANES. */
static void transpose_square(const float *x, size_t ldx, float *y, size_t ldy)
{
    Vec a[LANES], b[LANES];
    EACH(i, LANES) a[i] = load(x + (size_t)i * ldx);
    zip_rows(a, b);
    zip_rows(b, a);
#if LANES >= 8
    zip_rows(a, b);
    memcpy(a, b, sizeof a);
#endif
#if LANES >= 16
    zip_rows(b, a);
#endif
    EACH(i, LANES) store(y + (size_t)i * ldy, a[i]);
}

#if LANES > 8
/* A square of 8 x 8, for what is narrower than a vector. */
static void transpose_square_8(const float *x, size_t ldx, float *y, size_t ldy)
{
    Eight a[8], b[8];
    EACH(i, 8) memcpy(&a[i], x + (size_t)i * ldx, sizeof a[i]);
    EACH(i, 4) b[2 * i] = ZIP_8(a[i], a[i + 4], 0), b[2 * i + 1] = ZIP_8(a[i], a[i + 4], 4);
    EACH(i, 4) a[2 * i] = ZIP_8(b[i], b[i + 4], 0), a[2 * i + 1] = ZIP_8(b[i], b[i + 4], 4);
    EACH(i, 4) b[2 * i] = ZIP_8(a[i], a[i + 4], 0), b[2 * i + 1] = ZIP_8(a[i], a[i + 4], 4);
    EACH(i, 8) memcpy(y + (size_t)i * ldy, &b[i], sizeof b[i]);
}
#endif

/* A square of 4 x 4, for what is narrower still. */
static void transpose_square_4(const float *x, size_t ldx, float *y, size_t ldy)
{
    Four a[4], b[4];
    UNROLL for (int i = 0; i < 4; i++) memcpy(&a[i], x + (size_t)i * ldx, sizeof a[i]);
    UNROLL for (int i = 0; i < 2; i++) b[2 * i] = ZIP_4(a[i], a[i + 2], 0), b[2 * i + 1] = ZIP_4(a[i], a[i + 2], 2);
    UNROLL for (int i = 0; i < 2; i++) a[2 * i] = ZIP_4(b[i], b[i + 2], 0), a[2 * i + 1] = ZIP_4(b[i], b[i + 2], 2);
    UNROLL for (int i = 0; i < 4; i++) memcpy(y + (size_t)i * ldy, &a[i], sizeof a[i]);
}

static void transpose_plain(int C, int P, const float *x, size_t ldx, float *y, size_t ldy)
{
    for (int p = 0; p < P; p++)
        for (int c = 0; c < C; c++) y[(size_t)p * ldy + (size_t)c] = x[(size_t)c * ldx + (size_t)p];
}

/* Where the square after the one at `at` starts: the last one ends at `size`, and may overlap the one before. */
INLINE int next_square(int at, int side, int size)
{
    return at + side < size && at + 2 * side > size ? size - side : at + side;
}

/* A single column left over, as of the 9 taps of a convolution, is not worth a square. */
#define TRANSPOSE_BY(square, side)                                                                                     \
    {                                                                                                                  \
        const int whole = P % side == 1 ? P - 1 : P;                                                                   \
        for (int c = 0; c < C; c = next_square(c, side, C))                                                            \
            for (int p = 0; p < whole; p = next_square(p, side, whole))                                                \
                square(x + (size_t)c * ldx + p, ldx, y + (size_t)p * ldy + c, ldy);                                    \
        if (whole < P) transpose_plain(C, 1, x + whole, ldx, y + (size_t)whole * ldy, ldy);                            \
    }

static void micro_transpose(int C, int P, const float *x, size_t ldx, float *y, size_t ldy)
{
    if (C >= LANES && P >= LANES) TRANSPOSE_BY(transpose_square, LANES)
#if LANES > 8
    else if (C >= 8 && P >= 8) TRANSPOSE_BY(transpose_square_8, 8)
#endif
    else if (C >= 4 && P >= 4) TRANSPOSE_BY(transpose_square_4, 4)
    else transpose_plain(C, P, x, ldx, y, ldy);
}

#include "nn/ops/micro_winograd_body.h"

#include "nn/ops/micro_polyphase_body.h"

const NnMicro MICRO = { .name = NAME,
                        .lanes = LANES,
                        .tile = TILE,
                        .flops_per_cycle = FLOPS,
                        .sum = micro_sum,
                        .product = micro_product,
                        .outer = micro_outer,
                        .transpose = micro_transpose,
                        .winograd = &micro_winograd,
                        .polyphase = micro_polyphase };
