/* micro_body.h -- micro-kernels written once, in vectors of LANES floats; included by micro_<set>.c, which defines
 *
 *   LANES           floats in a vector
 *   SUM8, SUM4      vectors of positions beside 8 and beside 4 outputs in `sum`
 *   OUTER           rows beside 2 vectors in `outer`
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

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

INLINE Vec load(const float *p)
{
    return *(const VecAt *)p;
}

INLINE void store(float *p, Vec v)
{
    *(VecAt *)p = v;
}

/* ---- sum ---- */

/* One tile: O outputs times V vectors of positions. */
INLINE void sum_tile(const int O, const int V, const NnMicroSum *s, const float *x, float *y, size_t ldy)
{
    Vec sum[8][8];
    UNROLL for (int o = 0; o < O; o++) UNROLL for (int v = 0; v < V; v++) sum[o][v] = (Vec){ 0 };
    const float *w = s->w;
    for (int c = 0; c < s->C; c++, x += s->pitch)
        for (int t = 0; t < s->T; t++, w += O) {
            const float *at = x + s->shift[t];
            Vec in[8];
            UNROLL for (int v = 0; v < V; v++) in[v] = load(at + v * LANES);
            UNROLL for (int o = 0; o < O; o++) UNROLL for (int v = 0; v < V; v++) sum[o][v] += w[o] * in[v];
        }
    UNROLL for (int o = 0; o < O; o++) UNROLL for (int v = 0; v < V; v++)
        store(y + (size_t)o * ldy + v * LANES, sum[o][v]);
}

/* A row of tiles: full ones, then what is left, one vector at a time. */
#define SUM_ROW(O, V)                                                                                                  \
    static void sum_row_##O(const NnMicroSum *s, int P, float *y, size_t ldy)                                          \
    {                                                                                                                  \
        int p = 0;                                                                                                     \
        for (; p + V * LANES <= P; p += V * LANES) sum_tile(O, V, s, s->x + p, y + p, ldy);                            \
        for (; p < P; p += LANES) sum_tile(O, 1, s, s->x + p, y + p, ldy);                                             \
    }
SUM_ROW(8, SUM8)
SUM_ROW(4, SUM4)

static void micro_sum(const NnMicroSum *s, int P, float *y, size_t ldy)
{
    if (s->tile == 8) sum_row_8(s, P, y, ldy);
    else sum_row_4(s, P, y, ldy);
}

/* ---- outer ---- */

/* One tile: R rows times V vectors, of which the first `rows` rows are wanted. */
INLINE void outer_tile(const int R, const int V, int P, const float *A, size_t lda, int rows, const float *B,
                       size_t ldb, float *y, size_t ldy)
{
    Vec sum[12][2];
    UNROLL for (int a = 0; a < R; a++) UNROLL for (int v = 0; v < V; v++)
    {
        sum[a][v] = (Vec){ 0 };
        if (a < rows) __builtin_prefetch(y + (size_t)a * ldy + v * LANES, 1);
    }
    for (int p = 0; p < P; p++, A += lda, B += ldb) {
        Vec in[2];
        UNROLL for (int v = 0; v < V; v++) in[v] = load(B + v * LANES);
        UNROLL for (int a = 0; a < R; a++) UNROLL for (int v = 0; v < V; v++) sum[a][v] += A[a] * in[v];
    }
    UNROLL for (int a = 0; a < R; a++) UNROLL for (int v = 0; v < V; v++) if (a < rows)
    {
        float *at = y + (size_t)a * ldy + v * LANES;
        store(at, load(at) + sum[a][v]);
    }
}

/* All rows beside V vectors: full tiles, then the smallest that covers what is left. */
#define OUTER_COLUMN(V)                                                                                                \
    static void outer_column_##V(int P, const float *A, size_t lda, int na, const float *B, size_t ldb, float *y,      \
                                 size_t ldy)                                                                           \
    {                                                                                                                  \
        for (int a = 0; a < na;) {                                                                                     \
            const int left = na - a;                                                                                   \
            float *at = y + (size_t)a * ldy;                                                                           \
            if (left > 8 && OUTER > 8) outer_tile(OUTER, V, P, A + a, lda, left, B, ldb, at, ldy), a += OUTER;         \
            else if (left > 6 && OUTER > 8) outer_tile(8, V, P, A + a, lda, left, B, ldb, at, ldy), a += 8;            \
            else if (left > 4) outer_tile(6, V, P, A + a, lda, left, B, ldb, at, ldy), a += 6;                         \
            else outer_tile(4, V, P, A + a, lda, left, B, ldb, at, ldy), a += 4;                                       \
        }                                                                                                              \
    }
OUTER_COLUMN(1)
OUTER_COLUMN(2)

static void micro_outer(int P, const float *A, size_t lda, int na, const float *B, size_t ldb, int nb, float *y,
                        size_t ldy)
{
    int b = 0;
    for (; b + 2 * LANES <= nb; b += 2 * LANES) outer_column_2(P, A, lda, na, B + b, ldb, y + b, ldy);
    if (b < nb) outer_column_1(P, A, lda, na, B + b, ldb, y + b, ldy);
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
#define ZIP(a, b, h) __builtin_shufflevector(a, b, LANE_PAIRS(h))
#else
typedef int32_t VecIndex __attribute__((vector_size(4 * LANES)));
#define ZIP(a, b, h) __builtin_shuffle(a, b, (VecIndex){ LANE_PAIRS(h) })
#endif

/* One round of a perfect shuffle of rows: after log2(LANES) rounds, rows have become columns. */
INLINE void zip_rows(const Vec *from, Vec *to)
{
    UNROLL for (int i = 0; i < LANES / 2; i++)
    {
        to[2 * i] = ZIP(from[i], from[i + LANES / 2], 0);
        to[2 * i + 1] = ZIP(from[i], from[i + LANES / 2], LANES / 2);
    }
}

/* A square of LANES x LANES. */
static void transpose_square(const float *x, size_t ldx, float *y, size_t ldy)
{
    Vec a[LANES], b[LANES];
    UNROLL for (int i = 0; i < LANES; i++) a[i] = load(x + (size_t)i * ldx);
    zip_rows(a, b);
    zip_rows(b, a);
#if LANES >= 8
    zip_rows(a, b);
    memcpy(a, b, sizeof a);
#endif
#if LANES >= 16
    zip_rows(b, a);
#endif
    UNROLL for (int i = 0; i < LANES; i++) store(y + (size_t)i * ldy, a[i]);
}

static void transpose_rest(int C, int P, const float *x, size_t ldx, float *y, size_t ldy)
{
    for (int c = 0; c < C; c++)
        for (int p = 0; p < P; p++) y[(size_t)p * ldy + (size_t)c] = x[(size_t)c * ldx + (size_t)p];
}

static void micro_transpose(int C, int P, const float *x, size_t ldx, float *y, size_t ldy)
{
    const int Pv = P / LANES * LANES, Cv = C / LANES * LANES;
    for (int c = 0; c < Cv; c += LANES)
        for (int p = 0; p < Pv; p += LANES)
            transpose_square(x + (size_t)c * ldx + p, ldx, y + (size_t)p * ldy + c, ldy);
    transpose_rest(C, P - Pv, x + Pv, ldx, y + (size_t)Pv * ldy, ldy);
    transpose_rest(C - Cv, Pv, x + (size_t)Cv * ldx, ldx, y + Cv, ldy);
}

#include "nn/ops/micro_winograd_body.h"

const NnMicro MICRO = { .name = NAME,
                        .lanes = LANES,
                        .flops_per_cycle = FLOPS,
                        .sum = micro_sum,
                        .outer = micro_outer,
                        .transpose = micro_transpose,
                        .winograd = &micro_winograd };
