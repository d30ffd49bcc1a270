/* micro_polyphase_body.h -- the transforms of micro_polyphase.h, written once in vectors of LANES floats; included by
 * micro_body.h after micro_winograd_body.h, which has UNZIP and Narrow.
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

/* ---- stride 2: F(2,2) of the odd places with the outer taps; the even places, with the middle one, take part in two of
 * its three sums ---- */

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

/* ---- the same with F(4,2) at 0, 1, -1, 2 and infinity; the even places take part in all sums but the fourth ---- */

INLINE void poly_in_stride_4_back(const Vec d[5], Vec r[5])
{
    const Vec outer = d[3] - d[1];
    r[0] = 2.0f * (d[0] - d[2]) + outer;
    r[1] = d[3] - d[2] - 2.0f * d[1];
    r[2] = d[3] - 3.0f * d[2] + 2.0f * d[1];
    r[3] = outer;
    r[4] = d[4] - d[2] - 2.0f * outer;
}

INLINE void poly_in_stride_4(const Vec d[9], Vec r[9])
{
    const Vec odd[5] = { d[0], d[2], d[4], d[6], d[8] };
    Vec v[5];
    poly_in_stride_4_back(odd, v);
    r[0] = v[0], r[1] = d[1] - d[5];
    r[2] = v[1], r[3] = d[3] + d[5];
    r[4] = v[2], r[5] = d[5] - d[3];
    r[6] = v[3];
    r[7] = v[4], r[8] = d[7] - d[3];
}

INLINE void poly_weights_stride_4(const Narrow w[3], Narrow u[9])
{
    u[0] = 0.5f * w[0], u[1] = w[1];
    u[2] = -0.5f * (w[0] + w[2]), u[3] = 0.5f * w[1];
    u[4] = (1.0f / 6) * (w[2] - w[0]), u[5] = 0.5f * w[1];
    u[6] = (1.0f / 6) * (w[0] + 2.0f * w[2]);
    u[7] = w[2], u[8] = w[1];
}

INLINE void poly_out_stride_4(const Vec m[5], Vec y[4])
{
    const Vec sum = m[1] + m[2], difference = m[1] - m[2];
    y[0] = sum + m[3] + m[0];
    y[1] = difference + 2.0f * m[3];
    y[2] = sum + 4.0f * m[3];
    y[3] = difference + 8.0f * m[3] + m[4];
}

INLINE void poly_weights_stride_4_back(const Narrow w[3], Narrow u[9])
{
    u[0] = 0.5f * w[2], u[1] = 0.5f * w[1];
    u[2] = -0.5f * (w[0] + w[2]), u[3] = -0.5f * w[1];
    u[4] = (1.0f / 6) * (w[0] - w[2]), u[5] = (1.0f / 6) * w[1];
    u[6] = (1.0f / 6) * (w[2] + 2.0f * w[0]), u[7] = (1.0f / 3) * w[1];
    u[8] = w[0];
}

INLINE void poly_out_stride_4_back(const Vec m[9], Vec y[8])
{
    const Vec odd[5] = { m[0], m[2], m[4], m[6], m[8] };
    const Vec sum = m[3] + m[5], difference = m[3] - m[5];
    Vec o[4];
    poly_out_stride_4(odd, o);
    y[0] = difference + 0.5f * m[7] + m[1], y[1] = o[0];
    y[2] = sum + m[7], y[3] = o[1];
    y[4] = difference + 2.0f * m[7], y[5] = o[2];
    y[6] = sum + 4.0f * m[7], y[7] = o[3];
}

/* ---- vectors of a row to columns of its tiles, and back ---- */

/* n x LANES floats in a row to n columns: column k, the places k, k + n, ..., goes to to[k gap]. */
INLINE void poly_split_2(const Vec *in, Vec *to, int gap)
{
    to[0] = UNZIP(in[0], in[1], 0);
    to[gap] = UNZIP(in[0], in[1], 1);
}

#define POLY_SPLIT(n, half)                                                                                            \
    INLINE void poly_split_##n(const Vec *in, Vec *to, int gap)                                                        \
    {                                                                                                                  \
        Vec even[half], odd[half];                                                                                     \
        EACH(i, half) even[i] = UNZIP(in[2 * i], in[2 * i + 1], 0), odd[i] = UNZIP(in[2 * i], in[2 * i + 1], 1);       \
        poly_split_##half(even, to, 2 * gap);                                                                          \
        poly_split_##half(odd, to + gap, 2 * gap);                                                                     \
    }
POLY_SPLIT(4, 2)
POLY_SPLIT(8, 4)

INLINE void poly_join_2(const Vec *column, int gap, Vec *out)
{
    out[0] = ZIP(column[0], column[gap], 0);
    out[1] = ZIP(column[0], column[gap], LANES / 2);
}

#define POLY_JOIN(n, half)                                                                                             \
    INLINE void poly_join_##n(const Vec *column, int gap, Vec *out)                                                    \
    {                                                                                                                  \
        Vec even[half], odd[half];                                                                                     \
        poly_join_##half(column, 2 * gap, even);                                                                       \
        poly_join_##half(column + gap, 2 * gap, odd);                                                                  \
        EACH(i, half) out[2 * i] = ZIP(even[i], odd[i], 0), out[2 * i + 1] = ZIP(even[i], odd[i], LANES / 2);          \
    }
POLY_JOIN(4, 2)
POLY_JOIN(8, 4)

/* LANES lanes of two vectors in a row, from lane h on. */
#if LANES == 16
#define LANE_RUN(h)                                                                                                    \
    h, h + 1, h + 2, h + 3, h + 4, h + 5, h + 6, h + 7, h + 8, h + 9, h + 10, h + 11, h + 12, h + 13, h + 14, h + 15
#elif LANES == 8
#define LANE_RUN(h) h, h + 1, h + 2, h + 3, h + 4, h + 5, h + 6, h + 7
#else
#define LANE_RUN(h) h, h + 1, h + 2, h + 3
#endif
#if defined(__clang__) || __GNUC__ >= 12
#define SLIDE(a, b, h) __builtin_shufflevector(a, b, LANE_RUN(h))
#else
#define SLIDE(a, b, h) __builtin_shuffle(a, b, (VecIndex){ LANE_RUN(h) })
#endif

typedef int32_t Mask __attribute__((vector_size(4 * LANES)));
typedef int32_t MaskAt __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

INLINE Vec poly_keep(Vec v, const int32_t *mask)
{
    return (Vec)((Mask)v & *(const MaskAt *)mask);
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
                if (before) d[0] = poly_keep(SLIDE(last, d[before + STEP - 1], LANES - 1), has_before + p);            \
                if (behind) d[before + STEP + behind - 1] = poly_keep(SLIDE(d[before], next[0], 1), has_behind + p);   \
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

#define POLY_ENTRY(scheme)                                                                                             \
    {                                                                                                                  \
        poly_down_##scheme, poly_across_##scheme, poly_output_##scheme, poly_factors_##scheme                          \
    }

POLY_SCHEME(up, 2, 1, 1, 4, 5, 5, 4)
POLY_SCHEME(up_back, 4, 1, 1, 5, 5, 4, 2)
POLY_SCHEME(stride, 4, 1, 0, 5, 5, 3, 2)
POLY_SCHEME(stride_back, 2, 0, 1, 3, 5, 5, 4)
POLY_SCHEME(stride_4, 8, 1, 0, 9, 9, 5, 4)
POLY_SCHEME(stride_4_back, 4, 0, 1, 5, 9, 9, 8)

static const NnMicroPolyphase micro_polyphase[] = {
    [NN_POLY_UP] = POLY_ENTRY(up),
    [NN_POLY_UP_BACK] = POLY_ENTRY(up_back),
    [NN_POLY_STRIDE] = POLY_ENTRY(stride),
    [NN_POLY_STRIDE_BACK] = POLY_ENTRY(stride_back),
    [NN_POLY_STRIDE_4] = POLY_ENTRY(stride_4),
    [NN_POLY_STRIDE_4_BACK] = POLY_ENTRY(stride_4_back),
};
