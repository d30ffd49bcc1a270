/* micro_winograd_body.h -- the transforms of micro_winograd.h, written once in vectors of LANES floats; included by
 * micro_body.h, which has Vec, load, store, ZIP, INLINE and UNROLL.
 *
 * Every transform is a small matrix from the left and its transpose from the right: the same one-dimensional transform
 * down the columns, then along the rows. Those come first; they are written out: most numbers are 0, 1 or shared. */
#include "nn/ops/micro_winograd.h"

/* ---- one dimension ---- */

/* r = B^T d, 6 to 6; for vectors of any width. */
#define WINO_INPUT(TYPE)                                                                                               \
    INLINE void wino_input_##TYPE(const TYPE d[6], TYPE r[6])                                                          \
    {                                                                                                                  \
        const TYPE even = d[4] - 4.0f * d[2], odd = d[3] - 4.0f * d[1];                                                \
        const TYPE even2 = d[4] - d[2], odd2 = d[3] - d[1];                                                            \
        r[0] = d[4] - 5.0f * d[2] + 4.0f * d[0];                                                                       \
        r[1] = even + odd;                                                                                             \
        r[2] = even - odd;                                                                                             \
        r[3] = even2 + 2.0f * odd2;                                                                                    \
        r[4] = even2 - 2.0f * odd2;                                                                                    \
        r[5] = d[5] - 5.0f * d[3] + 4.0f * d[1];                                                                       \
    }

typedef float Quad __attribute__((vector_size(16)));
typedef float QuadAt __attribute__((vector_size(16), aligned(4), may_alias));
WINO_INPUT(Vec)
WINO_INPUT(Quad)
WINO_INPUT(float)

/* r = A^T m, 6 to 4. */
INLINE void wino_output(const Vec m[6], Vec r[4])
{
    const Vec sum1 = m[1] + m[2], diff1 = m[1] - m[2], sum2 = m[3] + m[4], diff2 = m[3] - m[4];
    r[0] = m[0] + sum1 + sum2;
    r[1] = diff1 + 2.0f * diff2;
    r[2] = sum1 + 4.0f * sum2;
    r[3] = diff1 + 8.0f * diff2 + m[5];
}

/* r = A y, 4 to 6. */
INLINE void wino_map(const Vec y[4], Vec r[6])
{
    const Vec even = y[0] + y[2], odd = y[1] + y[3];
    const Vec even2 = y[0] + 4.0f * y[2], odd2 = y[1] + 4.0f * y[3];
    r[0] = y[0];
    r[1] = even + odd;
    r[2] = even - odd;
    r[3] = even2 + 2.0f * odd2;
    r[4] = even2 - 2.0f * odd2;
    r[5] = y[3];
}

/* r = G^T u, 6 to 3. */
INLINE void wino_back(const Vec u[6], Vec r[3])
{
    const Vec sum1 = u[1] + u[2], diff1 = u[2] - u[1], sum2 = u[3] + u[4], diff2 = u[3] - u[4];
    r[0] = 0.25f * u[0] - (1.0f / 6) * sum1 + (1.0f / 24) * sum2;
    r[1] = (1.0f / 6) * diff1 + (1.0f / 12) * diff2;
    r[2] = (1.0f / 6) * (sum2 - sum1) + u[5];
}

/* Vectors of at most 8 floats, for the weights of a group of outputs. */
#if LANES >= 8
enum { WINO_NARROW = 8 };
typedef float Narrow __attribute__((vector_size(32)));
typedef float NarrowAt __attribute__((vector_size(32), aligned(4), may_alias));
#else
enum { WINO_NARROW = LANES };
typedef Vec Narrow;
typedef VecAt NarrowAt;
#endif

/* r = G g, 3 to 6. */
INLINE void wino_weights(const Narrow g[3], Narrow r[6])
{
    const Narrow outer = (1.0f / 6) * (g[0] + g[2]), inner = (1.0f / 6) * g[1];
    const Narrow outer2 = (1.0f / 24) * g[0] + (1.0f / 6) * g[2], inner2 = (1.0f / 12) * g[1];
    r[0] = 0.25f * g[0];
    r[1] = -outer - inner;
    r[2] = inner - outer;
    r[3] = outer2 + inner2;
    r[4] = outer2 - inner2;
    r[5] = g[2];
}

/* ---- image to frequencies, tiles side by side ---- */

/* The columns x .. x + width of the vector type. */
#define WINO_DOWN(TYPE, LOAD_AS)                                                                                       \
    INLINE void wino_down_##TYPE(const float *const row[6], int x, float *t, size_t pitch)                             \
    {                                                                                                                  \
        TYPE d[6], r[6];                                                                                               \
        UNROLL for (int q = 0; q < 6; q++) d[q] = *(const LOAD_AS *)(row[q] + x);                                      \
        wino_input_##TYPE(d, r);                                                                                       \
        UNROLL for (int i = 0; i < 6; i++) * (LOAD_AS *)(t + (size_t)i * pitch + x) = r[i];                            \
    }
WINO_DOWN(Vec, VecAt)
WINO_DOWN(Quad, QuadAt)
WINO_DOWN(float, float)

/* The last vector of a row overlaps the one before: written twice, with the same numbers. */
static void micro_wino_down(const float *const row[6], int W, float *t, size_t pitch)
{
    if (W >= LANES) {
        for (int x = 0; x + LANES < W; x += LANES) wino_down_Vec(row, x, t, pitch);
        wino_down_Vec(row, W - LANES, t, pitch);
    } else if (W >= 4) {
        for (int x = 0; x + 4 < W; x += 4) wino_down_Quad(row, x, t, pitch);
        wino_down_Quad(row, W - 4, t, pitch);
    } else
        for (int x = 0; x < W; x++) wino_down_float(row, x, t, pitch);
}

/* Every other lane of two vectors in a row, from lane h on; and as many neighbouring lanes as a vector has. */
#if LANES == 16
#define LANE_STEPS(h)                                                                                                  \
    h, h + 2, h + 4, h + 6, h + 8, h + 10, h + 12, h + 14, h + 16, h + 18, h + 20, h + 22, h + 24, h + 26, h + 28,     \
        h + 30
#define LANE_RUN(h)                                                                                                    \
    h, h + 1, h + 2, h + 3, h + 4, h + 5, h + 6, h + 7, h + 8, h + 9, h + 10, h + 11, h + 12, h + 13, h + 14, h + 15
#elif LANES == 8
#define LANE_STEPS(h) h, h + 2, h + 4, h + 6, h + 8, h + 10, h + 12, h + 14
#define LANE_RUN(h)   h, h + 1, h + 2, h + 3, h + 4, h + 5, h + 6, h + 7
#else
#define LANE_STEPS(h) h, h + 2, h + 4, h + 6
#define LANE_RUN(h)   h, h + 1, h + 2, h + 3
#endif
#if defined(__clang__) || __GNUC__ >= 12
#define UNZIP(a, b, h) __builtin_shufflevector(a, b, LANE_STEPS(h))
#define SLIDE(a, b, h) __builtin_shufflevector(a, b, LANE_RUN(h))
#else
#define UNZIP(a, b, h) __builtin_shuffle(a, b, (VecIndex){ LANE_STEPS(h) })
#define SLIDE(a, b, h) __builtin_shuffle(a, b, (VecIndex){ LANE_RUN(h) })
#endif

typedef int32_t Mask __attribute__((vector_size(4 * LANES)));
typedef int32_t MaskAt __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

/* v where the mask's bits are set, 0 elsewhere: a product with 0 would let NaN through. */
INLINE Vec keep(Vec v, const int32_t *mask)
{
    return (Vec)((Mask)v & *(const MaskAt *)mask);
}

/* One row of the patches of LANES tiles: d[v] is their column v. from: 4 LANES floats, columns 1 to 4 of one tile after
 * the other; before: columns 4 of the LANES tiles before these. */
INLINE void wino_columns(const float *from, Vec before, Vec d[6])
{
    Vec in[4];
    UNROLL for (int v = 0; v < 4; v++) in[v] = load(from + v * LANES);
    const Vec even0 = UNZIP(in[0], in[1], 0), odd0 = UNZIP(in[0], in[1], 1);
    const Vec even1 = UNZIP(in[2], in[3], 0), odd1 = UNZIP(in[2], in[3], 1);
    d[1] = UNZIP(even0, even1, 0), d[3] = UNZIP(even0, even1, 1);
    d[2] = UNZIP(odd0, odd1, 0), d[4] = UNZIP(odd0, odd1, 1);
    d[0] = SLIDE(before, d[4], LANES - 1);
    d[5] = SLIDE(d[1], load(from + 4 * LANES), 1);
}

static void micro_wino_across(const float *t, size_t pitch, const int32_t *left, const int32_t *right, int P, float *V,
                              size_t v_pitch)
{
    for (size_t i = 0; i < 6; i++) {
        Vec before = { 0 };
        for (int p = 0; p < P; p += LANES) {
            Vec d[6], r[6];
            wino_columns(t + i * pitch + 4 * p, before, d);
            before = d[4];
            d[0] = keep(d[0], left + p), d[5] = keep(d[5], right + p);
            wino_input_Vec(d, r);
            UNROLL for (size_t v = 0; v < 6; v++) store(V + (6 * i + v) * v_pitch + p, r[v]);
        }
    }
}

/* ---- frequencies to map, tiles side by side ---- */

/* Four columns of LANES tiles into 4 LANES floats of a row. */
INLINE void wino_join(const Vec y[4], float *to)
{
    const Vec low0 = ZIP(y[0], y[2], 0), low1 = ZIP(y[1], y[3], 0);
    const Vec high0 = ZIP(y[0], y[2], LANES / 2), high1 = ZIP(y[1], y[3], LANES / 2);
    store(to, ZIP(low0, low1, 0));
    store(to + LANES, ZIP(low0, low1, LANES / 2));
    store(to + 2 * LANES, ZIP(high0, high1, 0));
    store(to + 3 * LANES, ZIP(high0, high1, LANES / 2));
}

static void micro_wino_output(const float *M, size_t m_pitch, int P, float *y, size_t pitch)
{
    for (int p = 0; p < P; p += LANES) {
        Vec half[4][6];
        UNROLL for (int j = 0; j < 6; j++)
        {
            Vec m[6], r[4];
            UNROLL for (int i = 0; i < 6; i++) m[i] = load(M + (size_t)(6 * i + j) * m_pitch + p);
            wino_output(m, r);
            UNROLL for (int k = 0; k < 4; k++) half[k][j] = r[k];
        }
        UNROLL for (int k = 0; k < 4; k++)
        {
            Vec r[4];
            wino_output(half[k], r);
            wino_join(r, y + (size_t)k * pitch + 4 * p);
        }
    }
}

/* ---- weights ---- */

static void micro_wino_weights(const float *g, ptrdiff_t step, float *U, size_t u_pitch)
{
    for (int o = 0; o < NN_WINO_GROUP; o += WINO_NARROW) {
        Narrow half[6][3];
        UNROLL for (int v = 0; v < 3; v++)
        {
            Narrow in[3], r[6];
            UNROLL for (int u = 0; u < 3; u++) in[u] = *(const NarrowAt *)(g + (3 * u + v) * step + o);
            wino_weights(in, r);
            UNROLL for (int i = 0; i < 6; i++) half[i][v] = r[i];
        }
        UNROLL for (int i = 0; i < 6; i++)
        {
            Narrow r[6];
            wino_weights(half[i], r);
            UNROLL for (int j = 0; j < 6; j++) * (NarrowAt *)(U + (size_t)(6 * i + j) * u_pitch + o) = r[j];
        }
    }
}

/* ---- weight gradient, channels side by side ---- */

static void micro_wino_patch(const float *d, size_t row, int from, int to, int C, float *V, size_t v_pitch)
{
    for (int c = 0; c < C; c += LANES) {
        Vec half[6][6];
        UNROLL for (int v = 0; v < 6; v++)
        {
            Vec in[6] = { { 0 } }, r[6];
            if (from <= v && v < to)
                UNROLL for (int q = 0; q < 6; q++) in[q] = load(d + (size_t)q * row + (ptrdiff_t)v * C + c);
            wino_input_Vec(in, r);
            UNROLL for (int i = 0; i < 6; i++) half[i][v] = r[i];
        }
        UNROLL for (int i = 0; i < 6; i++)
        {
            Vec r[6];
            wino_input_Vec(half[i], r);
            UNROLL for (int j = 0; j < 6; j++) store(V + (size_t)(6 * i + j) * v_pitch + c, r[j]);
        }
    }
}

static void micro_wino_tile(const float *d, size_t row, int from, int to, int C, float *V, size_t v_pitch)
{
    for (int c = 0; c < C; c += LANES) {
        Vec half[6][4];
        UNROLL for (int v = 0; v < 4; v++)
        {
            Vec in[4] = { { 0 } }, r[6];
            if (from <= v && v < to)
                UNROLL for (int q = 0; q < 4; q++) in[q] = load(d + (size_t)q * row + (ptrdiff_t)v * C + c);
            wino_map(in, r);
            UNROLL for (int i = 0; i < 6; i++) half[i][v] = r[i];
        }
        UNROLL for (int i = 0; i < 6; i++)
        {
            Vec r[6];
            wino_map(half[i], r);
            UNROLL for (int j = 0; j < 6; j++) store(V + (size_t)(6 * i + j) * v_pitch + c, r[j]);
        }
    }
}

static void micro_wino_back(const float *dU, size_t u_pitch, int C, float *dw, size_t w_pitch)
{
    for (int c = 0; c < C; c += LANES) {
        Vec half[3][6];
        UNROLL for (int j = 0; j < 6; j++)
        {
            Vec in[6], r[3];
            UNROLL for (int i = 0; i < 6; i++) in[i] = load(dU + (size_t)(6 * i + j) * u_pitch + c);
            wino_back(in, r);
            UNROLL for (int u = 0; u < 3; u++) half[u][j] = r[u];
        }
        UNROLL for (int u = 0; u < 3; u++)
        {
            Vec r[3];
            wino_back(half[u], r);
            UNROLL for (int v = 0; v < 3; v++) store(dw + (size_t)(3 * u + v) * w_pitch + c, r[v]);
        }
    }
}

static const NnMicroWinograd micro_winograd = { .down = micro_wino_down,
                                                .across = micro_wino_across,
                                                .output = micro_wino_output,
                                                .weights = micro_wino_weights,
                                                .patch = micro_wino_patch,
                                                .tile = micro_wino_tile,
                                                .back = micro_wino_back };
