/* micro_polyphase_body.h -- the transforms of micro_polyphase.h, written once in vectors of LANES floats; included by
 * micro_body.h after micro_winograd_body.h, which has UNZIP, SLIDE, keep and Narrow.
 *
 * First the formulas of each scheme in one dimension: d, a patch, to r, its values; w, three taps, to u, the factors of
 * its products; m, its sums, to y, the outputs. Which value meets which factor, and in which sum, is in the tables of
 * conv_polyphase.c. Then come the two dimensions, once for all schemes. */
#include "nn/ops/micro_polyphase.h"

/* ---- enlarged twice, then 3 taps: F(4,3) at 0, 1, i, -i and infinity; what it has at -1 vanishes, for the enlarged
 * image has every pixel twice ---- */

INLINE void poly_in_up(const Vec d[4], Vec r[4])
{
    r[0] = d[0] - d[2];
    r[1] = d[1] + d[2];
    r[2] = d[2] - d[1];
    r[3] = d[3] - d[1];
}

INLINE void poly_weights_up(const Narrow w[3], Narrow u[5])
{
    u[0] = w[0];
    u[1] = 0.5f * (w[0] + w[1] + w[2]);
    u[2] = 0.5f * (w[0] - w[1] - w[2]);
    u[3] = 0.5f * (w[0] + w[1] - w[2]);
    u[4] = w[2];
}

INLINE void poly_out_up(const Vec m[5], Vec y[4])
{
    y[0] = m[1] + m[2] + m[0];
    y[1] = m[1] - m[3];
    y[2] = m[1] - m[2];
    y[3] = m[1] + m[3] + m[4];
}

/* For the weight gradient: y, the outputs' gradients, to r, the sums'; u, the factors' gradients, to w, the taps'. */
INLINE void poly_map_up(const Vec y[4], Vec r[5])
{
    r[0] = y[0];
    r[1] = (y[0] + y[1]) + (y[2] + y[3]);
    r[2] = y[0] - y[2];
    r[3] = y[3] - y[1];
    r[4] = y[3];
}

INLINE void poly_taps_up(const Vec u[5], Vec w[3])
{
    const Vec half1 = 0.5f * u[1], half2 = 0.5f * u[2], half3 = 0.5f * u[3];
    w[0] = half1 + half2 + half3 + u[0];
    w[1] = half1 - half2 + half3;
    w[2] = half1 - half2 - half3 + u[4];
}

INLINE void poly_in_up_back(const Vec d[6], Vec r[5])
{
    r[0] = d[5] - d[1];
    r[1] = (d[1] + d[2]) + (d[3] + d[4]);
    r[2] = d[1] - d[3];
    r[3] = d[4] - d[2];
    r[4] = d[0] - d[4];
}

INLINE void poly_weights_up_back(const Narrow w[3], Narrow u[5])
{
    poly_weights_up(w, u);
}

INLINE void poly_out_up_back(const Vec m[4], Vec y[2])
{
    y[0] = m[1] - m[2] + m[3];
    y[1] = m[1] + m[2] + m[0];
}

/* ---- stride 2: F(2,2) of the odd places with the outer taps; the even places, with the middle one, take part in two
 * of its three sums ---- */

INLINE void poly_in_stride(const Vec d[5], Vec r[5])
{
    r[0] = d[0] - d[2];
    r[1] = d[1] - d[3];
    r[2] = d[2];
    r[3] = d[3];
    r[4] = d[4] - d[2];
}

INLINE void poly_weights_stride(const Narrow w[3], Narrow u[5])
{
    u[0] = w[0];
    u[1] = w[1];
    u[2] = w[0] + w[2];
    u[3] = w[1];
    u[4] = w[2];
}

INLINE void poly_out_stride(const Vec m[3], Vec y[2])
{
    y[0] = m[0] + m[1];
    y[1] = m[1] + m[2];
}

INLINE void poly_map_stride(const Vec y[2], Vec r[3])
{
    r[0] = y[0];
    r[1] = y[0] + y[1];
    r[2] = y[1];
}

INLINE void poly_taps_stride(const Vec u[5], Vec w[3])
{
    w[0] = u[0] + u[2];
    w[1] = u[1] + u[3];
    w[2] = u[2] + u[4];
}

INLINE void poly_in_stride_back(const Vec d[3], Vec r[3])
{
    r[0] = d[0] - d[1];
    r[1] = d[1];
    r[2] = d[2] - d[1];
}

INLINE void poly_weights_stride_back(const Narrow w[3], Narrow u[5])
{
    u[0] = w[2];
    u[1] = w[1];
    u[2] = w[0] + w[2];
    u[3] = w[1];
    u[4] = w[0];
}

INLINE void poly_out_stride_back(const Vec m[5], Vec y[4])
{
    y[0] = m[1] + m[3];
    y[1] = m[0] + m[2];
    y[2] = m[3];
    y[3] = m[2] + m[4];
}

/* ---- vectors of a row to columns of its tiles, and back ---- */

/* n x LANES floats in a row to n columns: column k, the places k, k + n, ..., goes to to[k gap]. */
INLINE void poly_split_2(const Vec *in, Vec *to, int gap)
{
    to[0] = UNZIP(in[0], in[1], 0);
    to[gap] = UNZIP(in[0], in[1], 1);
}

INLINE void poly_split_4(const Vec *in, Vec *to, int gap)
{
    Vec even[2], odd[2];
    EACH(i, 2) even[i] = UNZIP(in[2 * i], in[2 * i + 1], 0), odd[i] = UNZIP(in[2 * i], in[2 * i + 1], 1);
    poly_split_2(even, to, 2 * gap);
    poly_split_2(odd, to + gap, 2 * gap);
}

INLINE void poly_join_2(const Vec *column, int gap, Vec *out)
{
    out[0] = ZIP(column[0], column[gap], 0);
    out[1] = ZIP(column[0], column[gap], LANES / 2);
}

INLINE void poly_join_4(const Vec *column, int gap, Vec *out)
{
    Vec even[2], odd[2];
    poly_join_2(column, 2 * gap, even);
    poly_join_2(column + gap, 2 * gap, odd);
    EACH(i, 2) out[2 * i] = ZIP(even[i], odd[i], 0), out[2 * i + 1] = ZIP(even[i], odd[i], LANES / 2);
}

/* ---- two dimensions ---- */

/* before, behind: 1 if the patch reaches beyond the tile's own STEP places there. */
#define POLY_SCHEME(scheme, STEP, before, behind, VALUES, PRODUCTS, SUMS, TILE_)                                       \
    static void poly_down_##scheme(const float *const *row, int width, float *t, size_t pitch)                         \
    {                                                                                                                  \
        for (int x = 0; x < width; x += LANES) {                                                                       \
            Vec d[before + STEP + behind], r[VALUES];                                                                  \
            EACH(q, before + STEP + behind) d[q] = load(row[q] + x);                                                   \
            poly_in_##scheme(d, r);                                                                                    \
            EACH(i, VALUES) store(t + (size_t)i * pitch + x, r[i]);                                                    \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static void poly_across_##scheme(const float *t, size_t pitch, int P, const int32_t *has_before,                   \
                                     const int32_t *has_behind, float *V, const size_t *at)                            \
    {                                                                                                                  \
        for (int i = 0; i < VALUES; i++, t += pitch, at += VALUES) {                                                   \
            Vec in[STEP], last = { 0 }, next[STEP];                                                                    \
            EACH(s, STEP) in[s] = load(t + s * LANES);                                                                 \
            poly_split_##STEP(in, next, 1);                                                                            \
            for (int p = 0; p < P; p += LANES) {                                                                       \
                Vec d[before + STEP + behind], r[VALUES];                                                              \
                EACH(s, STEP) d[before + s] = next[s];                                                                 \
                EACH(s, STEP) in[s] = load(t + STEP * (p + LANES) + s * LANES);                                        \
                poly_split_##STEP(in, next, 1);                                                                        \
                if (before) d[0] = keep(SLIDE(last, d[before + STEP - 1], LANES - 1), has_before + p);                 \
                if (behind) d[before + STEP + behind - 1] = keep(SLIDE(d[before], next[0], 1), has_behind + p);        \
                last = d[before + STEP - 1];                                                                           \
                poly_in_##scheme(d, r);                                                                                \
                EACH(j, VALUES) store(V + at[j] + p, r[j]);                                                            \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static void poly_output_##scheme(const float *M, size_t m_pitch, int P, float *y, size_t pitch)                    \
    {                                                                                                                  \
        for (int p = 0; p < P; p += LANES) {                                                                           \
            Vec half[TILE_][SUMS];                                                                                     \
            EACH(j, SUMS) {                                                                                            \
                Vec m[SUMS], r[TILE_];                                                                                 \
                EACH(i, SUMS) m[i] = load(M + (size_t)(i * SUMS + j) * m_pitch + p);                                   \
                poly_out_##scheme(m, r);                                                                               \
                EACH(k, TILE_) half[k][j] = r[k];                                                                      \
            }                                                                                                          \
            EACH(k, TILE_) {                                                                                           \
                Vec r[TILE_], out[TILE_];                                                                              \
                poly_out_##scheme(half[k], r);                                                                         \
                poly_join_##TILE_(r, 1, out);                                                                          \
                EACH(l, TILE_) store(y + (size_t)k * pitch + TILE_ * p + l * LANES, out[l]);                           \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static void poly_factors_##scheme(const float *g, float *U, const size_t *at)                                      \
    {                                                                                                                  \
        for (int o = 0; o < NN_POLY_GROUP; o += WINO_NARROW) {                                                         \
            Narrow half[PRODUCTS][3];                                                                                  \
            EACH(v, 3) {                                                                                               \
                Narrow w[3], u[PRODUCTS];                                                                              \
                EACH(k, 3) w[k] = *(const NarrowAt *)(g + (3 * k + v) * NN_POLY_GROUP + o);                            \
                poly_weights_##scheme(w, u);                                                                           \
                EACH(i, PRODUCTS) half[i][v] = u[i];                                                                   \
            }                                                                                                          \
            EACH(i, PRODUCTS) {                                                                                        \
                Narrow u[PRODUCTS];                                                                                    \
                poly_weights_##scheme(half[i], u);                                                                     \
                EACH(j, PRODUCTS) *(NarrowAt *)(U + at[i * PRODUCTS + j] + o) = u[j];                                  \
            }                                                                                                          \
        }                                                                                                              \
    }

/* ---- weight gradient, channels side by side ---- */

/* n x n pixels to m x m numbers. */
#define POLY_PIXELS(name, formula, n, m)                                                                               \
    static void name(const float *d, size_t row, int from, int to, int C, float *V, size_t v_pitch)                    \
    {                                                                                                                  \
        for (int c = 0; c < C; c += LANES) {                                                                           \
            Vec half[m][n];                                                                                            \
            EACH(v, n) {                                                                                               \
                Vec in[n] = { { 0 } }, r[m];                                                                           \
                if (from <= v && v < to)                                                                               \
                    EACH(q, n) in[q] = load(d + (size_t)q * row + (ptrdiff_t)v * C + c);                               \
                formula(in, r);                                                                                        \
                EACH(i, m) half[i][v] = r[i];                                                                          \
            }                                                                                                          \
            EACH(i, m) {                                                                                               \
                Vec r[m];                                                                                              \
                formula(half[i], r);                                                                                   \
                EACH(j, m) store(V + (size_t)(m * i + j) * v_pitch + c, r[j]);                                         \
            }                                                                                                          \
        }                                                                                                              \
    }
POLY_PIXELS(poly_patch_up, poly_in_up, 4, 4)
POLY_PIXELS(poly_tile_up, poly_map_up, 4, 5)
POLY_PIXELS(poly_patch_stride, poly_in_stride, 5, 5)
POLY_PIXELS(poly_tile_stride, poly_map_stride, 2, 3)

/* 5 x 5 factors' gradients to 3 x 3 taps'. */
#define POLY_BACK(name, formula)                                                                                       \
    static void name(const float *dU, size_t u_pitch, int C, float *dw, size_t w_pitch)                                \
    {                                                                                                                  \
        for (int c = 0; c < C; c += LANES) {                                                                           \
            Vec half[3][5];                                                                                            \
            EACH(j, 5) {                                                                                               \
                Vec in[5], r[3];                                                                                       \
                EACH(i, 5) in[i] = load(dU + (size_t)(5 * i + j) * u_pitch + c);                                       \
                formula(in, r);                                                                                        \
                EACH(u, 3) half[u][j] = r[u];                                                                          \
            }                                                                                                          \
            EACH(u, 3) {                                                                                               \
                Vec r[3];                                                                                              \
                formula(half[u], r);                                                                                   \
                EACH(v, 3) store(dw + (size_t)(3 * u + v) * w_pitch + c, r[v]);                                        \
            }                                                                                                          \
        }                                                                                                              \
    }
POLY_BACK(poly_back_up, poly_taps_up)
POLY_BACK(poly_back_stride, poly_taps_stride)

POLY_SCHEME(up, 2, 1, 1, 4, 5, 5, 4)
POLY_SCHEME(up_back, 4, 1, 1, 5, 5, 4, 2)
POLY_SCHEME(stride, 4, 1, 0, 5, 5, 3, 2)
POLY_SCHEME(stride_back, 2, 0, 1, 3, 5, 5, 4)

#define POLY_ENTRY(scheme)                                                                                             \
    .down = poly_down_##scheme, .across = poly_across_##scheme, .output = poly_output_##scheme,                        \
    .weights = poly_factors_##scheme
static const NnMicroPolyphase micro_polyphase[] = {
    [NN_POLY_UP] = { POLY_ENTRY(up), .patch = poly_patch_up, .tile = poly_tile_up, .back = poly_back_up },
    [NN_POLY_UP_BACK] = { POLY_ENTRY(up_back) },
    [NN_POLY_STRIDE] = { POLY_ENTRY(stride), .patch = poly_patch_stride, .tile = poly_tile_stride,
                         .back = poly_back_stride },
    [NN_POLY_STRIDE_BACK] = { POLY_ENTRY(stride_back) },
};
