/* norm_pass.c -- see norm_pass.h. */
#include "nn/ops/norm_pass.h"

#include <math.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/conv_end.h"
#include "nn/ops/lanes.h"

enum { CHANNELS_MIN = 4 }; /* a thread, for whole channels as items of work */

NnNorm nn_norm_make(NnShape s, const float *at)
{
    const size_t C = (size_t)s.d[1];
    return (NnNorm){ .N = s.d[0],
                     .C = s.d[1],
                     .plane = nn_shape_len(s) / (size_t)s.d[0] / C,
                     .mean = at,
                     .inv_std = at + C,
                     .scale = at + 2 * C,
                     .shift = at + 3 * C };
}

NnNormSource nn_norm_source(const NnFwd *k, int first, NnBatchNormAttr attr)
{
    return (NnNormSource){ .gamma = k->x[first],
                           .beta = k->x[first + 1],
                           .running_mean = k->x[first + 2],
                           .running_var = k->x[first + 3],
                           .state_mean = k->step.again ? NULL : k->state[first + 2],
                           .state_var = k->step.again ? NULL : k->state[first + 3],
                           .attr = attr };
}

/* ---- coefficients ---- */

static void set_channel(const NnNormSource *s, int C, int c, double mean, double variance, float *at)
{
    const float inv_std = (float)(1 / sqrt(variance + (double)s->attr.eps));
    at[c] = (float)mean;
    at[C + c] = inv_std;
    at[2 * C + c] = s->gamma[c] * inv_std;
    at[3 * C + c] = s->beta[c];
}

void nn_norm_from_running(const NnNorm *n, const NnNormSource *s, float *at)
{
    for (int c = 0; c < n->C; c++) set_channel(s, n->C, c, (double)s->running_mean[c], (double)s->running_var[c], at);
}

/* The running variance estimates that of the population, hence m / (m - 1); one element has no such estimate. */
static void update_running(const NnNorm *n, const NnNormSource *s, int c, double mean, double variance)
{
    const double m = (double)n->N * (double)n->plane, momentum = (double)s->attr.momentum;
    const double unbiased = m > 1 ? variance * m / (m - 1) : variance;
    s->state_mean[c] = (float)((1 - momentum) * (double)s->running_mean[c] + momentum * mean);
    s->state_var[c] = (float)((1 - momentum) * (double)s->running_var[c] + momentum * unbiased);
}

void nn_norm_from_batch(const NnNorm *n, const NnNormSource *s, const float *moments, int slots, float *at)
{
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)slots * (size_t)n->C >= NN_PARALLEL_MIN)
    for (int c = 0; c < n->C; c++) {
        double mean, variance;
        nn_conv_moments_merge(moments, slots, n->C, c, &mean, &variance);
        set_channel(s, n->C, c, mean, variance, at);
        if (s->state_mean) update_running(n, s, c, mean, variance);
    }
}

/* ---- passes: plane p is channel p % C of image p / C ---- */

static int is_long(const NnNorm *n)
{
    return (size_t)n->N * (size_t)n->C * n->plane >= NN_PARALLEL_MIN;
}

void nn_norm_moments(const NnNorm *n, const float *x, float *moments)
{
    const int planes = n->N * n->C;
    memset(moments, 0, nn_conv_moments_len(n->N, n->C) * sizeof *moments);
#pragma omp parallel for num_threads(nn_threads()) if (is_long(n))
    for (int p = 0; p < planes; p++) nn_conv_moments_add(moments + (size_t)p * 3, x + (size_t)p * n->plane, n->plane);
}

NN_KERNEL_CLONES static void apply_plane(const float *restrict x, size_t n, NnNormChannel c, float *restrict y)
{
    for (size_t i = 0; i < n; i++) y[i] = (x[i] - c.mean) * c.scale + c.shift;
}

NN_KERNEL_CLONES static void apply_plane_activate(const float *restrict x, size_t n, NnNormChannel c, float *restrict y)
{
    for (size_t i = 0; i < n; i++) y[i] = nn_norm_value(x[i], c);
}

void nn_norm_apply(const NnNorm *n, const float *x, float *y)
{
    const int planes = n->N * n->C;
#pragma omp parallel for num_threads(nn_threads()) if (is_long(n))
    for (int p = 0; p < planes; p++) {
        const size_t at = (size_t)p * n->plane;
        const NnNormChannel c = nn_norm_channel(n, p % n->C);
        if (n->activate) apply_plane_activate(x + at, n->plane, c, y + at);
        else apply_plane(x + at, n->plane, c, y + at);
    }
}

NN_KERNEL_CLONES static void apply_pixels(const NnNorm *n, int c, int channels, int pixels, float *x, size_t step)
{
    const float *mean = n->mean + c, *scale = n->scale + c, *shift = n->shift + c, slope = n->activate ? n->slope : 1;
    for (int p = 0; p < pixels; p++, x += step)
        for (int k = 0; k < channels; k++)
            x[k] = nn_norm_value(x[k], (NnNormChannel){ mean[k], scale[k], shift[k], slope });
}

void nn_norm_pixels(const NnNorm *n, int c, int channels, int pixels, float *x, size_t step)
{
    apply_pixels(n, c, channels, pixels, x, step);
}

/* dy act'(z). Without an activation the slope is 1, and both sides are the same. */
NN_KERNEL_PART float act_gradient(float deviation, float dy, const NnNormChannel *c)
{
    return deviation * c->scale + c->shift > 0 ? dy : c->slope * dy;
}

typedef struct {
    double g, g_deviation;
} Sums;

NN_KERNEL_PART Sums sums_chunk(const float *x, const float *dy, size_t n, const NnNormChannel *c)
{
    float g[NN_LANES] = { 0 }, gd[NN_LANES] = { 0 };
    size_t i = 0;
    for (; i + NN_LANES <= n; i += NN_LANES)
        for (size_t l = 0; l < NN_LANES; l++) {
            const float d = x[i + l] - c->mean, v = act_gradient(d, dy[i + l], c);
            g[l] += v;
            gd[l] += v * d;
        }
    for (size_t l = 0; i < n; i++, l++) {
        const float d = x[i] - c->mean, v = act_gradient(d, dy[i], c);
        g[l] += v;
        gd[l] += v * d;
    }
    return (Sums){ nn_lanes_fold(g), nn_lanes_fold(gd) };
}

NN_KERNEL_CLONES static void sums_plane(const float *x, const float *dy, size_t n, NnNormChannel c, float *out)
{
    Sums all = { 0, 0 };
    for (size_t i = 0; i < n; i += NN_LANE_CHUNK) {
        const Sums s = sums_chunk(x + i, dy + i, nn_lanes_chunk(n, i), &c);
        all.g += s.g, all.g_deviation += s.g_deviation;
    }
    out[0] = (float)all.g, out[1] = (float)all.g_deviation;
}

size_t nn_norm_sums_len(int N, int C)
{
    return 2 * (size_t)C * ((size_t)N + 1);
}

/* The planes of one channel together: what the parameters gain, and two numbers for nn_norm_gradient. */
static void sums_channel(const NnNorm *n, int c, const float *partial, float *sums, float *dgamma, float *dbeta)
{
    const double m = (double)n->N * (double)n->plane, inv_std = (double)n->inv_std[c];
    Sums all = { 0, 0 };
    for (int i = 0; i < n->N; i++) {
        const float *at = partial + 2 * ((size_t)i * (size_t)n->C + (size_t)c);
        all.g += (double)at[0], all.g_deviation += (double)at[1];
    }
    if (dgamma) dgamma[c] += (float)(inv_std * all.g_deviation);
    if (dbeta) dbeta[c] += (float)all.g;
    sums[2 * c] = (float)(all.g / m);
    sums[2 * c + 1] = (float)(inv_std * inv_std * all.g_deviation / m);
}

/* Plane p of the first half. partial: [planes][2]. */
static void sums_of_plane(const NnNorm *n, const float *x, const float *dy, int p, float *partial)
{
    const size_t at = (size_t)p * n->plane;
    sums_plane(x + at, dy + at, n->plane, nn_norm_channel(n, p % n->C), partial + 2 * (size_t)p);
}

void nn_norm_sums_of_images(const NnNorm *n, int first, const float *x, const float *dy, float *sums)
{
    const int planes = n->N * n->C;
    float *partial = sums + 2 * (size_t)n->C * ((size_t)first + 1);
#pragma omp parallel for num_threads(nn_threads()) if (is_long(n))
    for (int p = 0; p < planes; p++) sums_of_plane(n, x, dy, p, partial);
}

void nn_norm_sums_merge(const NnNorm *n, float *sums, float *dgamma, float *dbeta)
{
    for (int c = 0; c < n->C; c++) sums_channel(n, c, sums + 2 * (size_t)n->C, sums, dgamma, dbeta);
}

void nn_norm_sums(const NnNorm *n, const float *x, const float *dy, float *sums, float *dgamma, float *dbeta)
{
    nn_norm_sums_of_images(n, 0, x, dy, sums);
    nn_norm_sums_merge(n, sums, dgamma, dbeta);
}

/* sum g h with h = (x - mean) inv_std, from the sums around n's mean. */
void nn_norm_sums_frozen(const NnNorm *n, const float *x, const float *dy, const float *mean, float *sums,
                         float *dgamma, float *dbeta)
{
    const double m = (double)n->N * (double)n->plane;
    if (dgamma || dbeta) nn_norm_sums(n, x, dy, sums, NULL, dbeta);
    for (int c = 0; dgamma && c < n->C; c++) {
        const double inv_std = (double)n->inv_std[c], apart = (double)mean[c] - (double)n->mean[c];
        dgamma[c] += (float)(m * ((double)sums[2 * c + 1] / inv_std - apart * inv_std * (double)sums[2 * c]));
    }
    memset(sums, 0, 2 * (size_t)n->C * sizeof *sums);
}

/* dx may be dy, which the simd pragma says is safe: each element is read before it is written. */
NN_KERNEL_CLONES static void gradient_plane(const float *x, const float *dy, size_t n, NnNormChannel c, float mean_g,
                                            float per_deviation, float *dx)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float d = x[i] - c.mean;
        dx[i] = c.scale * (act_gradient(d, dy[i], &c) - mean_g - d * per_deviation);
    }
}

NN_KERNEL_CLONES static void add_gradient_plane(const float *x, const float *dy, size_t n, NnNormChannel c,
                                                float mean_g, float per_deviation, float *dx)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float d = x[i] - c.mean;
        dx[i] += c.scale * (act_gradient(d, dy[i], &c) - mean_g - d * per_deviation);
    }
}

/* Plane p of the second half. */
static void gradient_of_plane(const NnNorm *n, const float *x, const float *dy, int p, const float *sums, int add,
                              float *dx)
{
    const size_t at = (size_t)p * n->plane;
    const int c = p % n->C;
    (add ? add_gradient_plane : gradient_plane)(x + at, dy + at, n->plane, nn_norm_channel(n, c), sums[2 * c],
                                                sums[2 * c + 1], dx + at);
}

void nn_norm_gradient(const NnNorm *n, const float *x, const float *dy, const float *sums, int add, float *dx)
{
    const int planes = n->N * n->C;
#pragma omp parallel for num_threads(nn_threads()) if (is_long(n))
    for (int p = 0; p < planes; p++) gradient_of_plane(n, x, dy, p, sums, add, dx);
}

void nn_norm_backward(const NnNorm *n, const float *x, const float *dy, float *sums, float *dgamma, float *dbeta,
                      int add, float *dx)
{
    float *partial = sums + 2 * (size_t)n->C;
    if (n->C < CHANNELS_MIN * nn_threads()) {
        nn_norm_sums(n, x, dy, sums, dgamma, dbeta);
        nn_norm_gradient(n, x, dy, sums, add, dx);
        return;
    }
#pragma omp parallel for num_threads(nn_threads()) if (is_long(n)) schedule(dynamic)
    for (int c = 0; c < n->C; c++) {
        for (int i = 0; i < n->N; i++) sums_of_plane(n, x, dy, i * n->C + c, partial);
        sums_channel(n, c, partial, sums, dgamma, dbeta);
        for (int i = n->N - 1; i >= 0; i--) /* the last planes read are the first found in cache */
            gradient_of_plane(n, x, dy, i * n->C + c, sums, add, dx);
    }
}
