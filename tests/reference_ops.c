/* reference_ops.c -- ops again, as plain loops in double: what the kernels' outputs are compared with.
 *
 * Written from the formulas in nn/ops/ headers, for clarity only; shares nothing with the kernels. */
#include "tests/reference_ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/ops/batch_norm.h"
#include "nn/ops/conv.h"
#include "nn/ops/conv_norm_act.h"
#include "nn/ops/pool.h"
#include "nn/ops/top_mean.h"

/* Index of [a,b,c,d] in a 4-d tensor. */
static size_t at4(NnShape s, int a, int b, int c, int d)
{
    return (((size_t)a * (size_t)s.d[1] + (size_t)b) * (size_t)s.d[2] + (size_t)c) * (size_t)s.d[3] + (size_t)d;
}

/* x[n,c,i,j], 0 outside the image. */
static double pixel(const double *x, NnShape s, int n, int c, int i, int j)
{
    return i < 0 || j < 0 || i >= s.d[2] || j >= s.d[3] ? 0 : x[at4(s, n, c, i, j)];
}

static int clamp_int(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* The larger one; NaN wins, unlike in fmax. */
static double larger(double a, double b)
{
    return isnan(a) || a > b ? a : b;
}

/* Elements of one sample, and of one channel plane, of [N,C,...]. */
static int sample_len(NnShape s)
{
    return (int)(nn_shape_len(s) / (size_t)s.d[0]);
}

static int plane_len(NnShape s)
{
    return sample_len(s) / s.d[1];
}

/* ---- layers ---- */

static void linear(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys, double *y)
{
    (void)attr;
    const int F = xs[0].d[1], O = ys.d[1];
    for (int n = 0; n < ys.d[0]; n++)
        for (int o = 0; o < O; o++) {
            double sum = n_in > 2 ? x[2][o] : 0;
            for (int f = 0; f < F; f++) sum += x[0][n * F + f] * x[1][o * F + f];
            y[n * O + o] = sum;
        }
}

/* Pixel (i,j) of plane c of image n, enlarged f times. */
static double enlarged(const double *x, NnShape s, int f, int n, int c, int i, int j)
{
    return i < 0 || j < 0 ? 0 : pixel(x, s, n, c, i / f, j / f);
}

static double conv_at(const double *const *x, const NnShape *xs, const NnConvAttr *a, int n, int o, int i, int j)
{
    const int per_group = xs[1].d[1], group = o / (xs[1].d[0] / a->groups), f = a->upsample > 1 ? a->upsample : 1;
    double sum = 0;
    for (int c = 0; c < per_group; c++)
        for (int u = 0; u < xs[1].d[2]; u++)
            for (int v = 0; v < xs[1].d[3]; v++)
                sum += x[1][at4(xs[1], o, c, u, v)] * enlarged(x[0], xs[0], f, n, group * per_group + c,
                                                               i * a->stride - a->pad + u * a->dilation,
                                                               j * a->stride - a->pad + v * a->dilation);
    return sum;
}

static void conv2d(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys, double *y)
{
    for (int n = 0; n < ys.d[0]; n++)
        for (int o = 0; o < ys.d[1]; o++)
            for (int i = 0; i < ys.d[2]; i++)
                for (int j = 0; j < ys.d[3]; j++)
                    y[at4(ys, n, o, i, j)] = conv_at(x, xs, attr, n, o, i, j) + (n_in > 2 ? x[2][o] : 0);
}

/* One input pixel spreads its value, times the kernel, over the output. */
static void spread(const double *w, NnShape ws, const NnConvAttr *a, double value, int n, int c, int i, int j,
                   NnShape ys, double *y)
{
    const int per_group = ws.d[1], group = c / (ws.d[0] / a->groups);
    for (int o = 0; o < per_group; o++)
        for (int u = 0; u < ws.d[2]; u++)
            for (int v = 0; v < ws.d[3]; v++) {
                const int row = i * a->stride - a->pad + u * a->dilation;
                const int col = j * a->stride - a->pad + v * a->dilation;
                if (row < 0 || col < 0 || row >= ys.d[2] || col >= ys.d[3]) continue;
                y[at4(ys, n, group * per_group + o, row, col)] += value * w[at4(ws, c, o, u, v)];
            }
}

static void conv_transpose2d(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys,
                             double *y)
{
    const int plane = plane_len(ys);
    for (int k = 0; k < (int)nn_shape_len(ys); k++) y[k] = n_in > 2 ? x[2][k / plane % ys.d[1]] : 0;
    for (int n = 0; n < xs[0].d[0]; n++)
        for (int c = 0; c < xs[0].d[1]; c++)
            for (int i = 0; i < xs[0].d[2]; i++)
                for (int j = 0; j < xs[0].d[3]; j++)
                    spread(x[1], xs[1], attr, x[0][at4(xs[0], n, c, i, j)], n, c, i, j, ys, y);
}

/* Training: batch statistics. */
static void batch_norm(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys, double *y)
{
    (void)xs, (void)n_in;
    const int C = ys.d[1], plane = plane_len(ys), len = (int)nn_shape_len(ys);
    const int count = len / C;
    const double m = (double)count, eps = (double)((const NnBatchNormAttr *)attr)->eps;
    for (int c = 0; c < C; c++) {
        double mean = 0, variance = 0;
        for (int k = 0; k < len; k++)
            if (k / plane % C == c) mean += x[0][k] / m;
        for (int k = 0; k < len; k++)
            if (k / plane % C == c) variance += (x[0][k] - mean) * (x[0][k] - mean) / m;
        for (int k = 0; k < len; k++)
            if (k / plane % C == c) y[k] = x[1][c] * (x[0][k] - mean) / sqrt(variance + eps) + x[2][c];
    }
}

static void conv_norm_act(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys, double *y)
{
    (void)n_in;
    const NnConvNormActAttr *a = attr;
    const size_t len = nn_shape_len(ys);
    double *pre = calloc(len, sizeof *pre);
    for (size_t k = 0; k < len; k++) pre[k] = NAN;
    conv2d(x, xs, 2, &a->conv, ys, pre);
    batch_norm((const double *[]){ pre, x[2], x[3] }, NULL, 3, &a->norm, ys, y);
    for (size_t k = 0; a->activate && k < len; k++) y[k] = y[k] < 0 ? (double)a->slope * y[k] : y[k];
    free(pre);
}

/* ---- pooling and resolution ---- */

static void max_pool(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys, double *y)
{
    (void)n_in;
    const NnPoolAttr *a = attr;
    for (int k = 0; k < (int)nn_shape_len(ys); k++) {
        const int j = k % ys.d[3], i = k / ys.d[3] % ys.d[2], nc = k / plane_len(ys);
        double best = -INFINITY;
        for (int row = i * a->stride - a->pad; row < i * a->stride - a->pad + a->size; row++)
            for (int col = j * a->stride - a->pad; col < j * a->stride - a->pad + a->size; col++)
                if (row >= 0 && col >= 0 && row < xs[0].d[2] && col < xs[0].d[3])
                    best = larger(x[0][at4(xs[0], nc / ys.d[1], nc % ys.d[1], row, col)], best);
        y[k] = best;
    }
}

static void avg_pool(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys, double *y)
{
    (void)n_in;
    const NnPoolAttr *a = attr;
    for (int k = 0; k < (int)nn_shape_len(ys); k++) {
        const int j = k % ys.d[3], i = k / ys.d[3] % ys.d[2], nc = k / plane_len(ys);
        double sum = 0;
        for (int u = 0; u < a->size; u++)
            for (int v = 0; v < a->size; v++)
                sum += pixel(x[0], xs[0], nc / ys.d[1], nc % ys.d[1], i * a->stride - a->pad + u,
                             j * a->stride - a->pad + v);
        y[k] = sum / (a->size * a->size);
    }
}

static void global_avg_pool(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys,
                            double *y)
{
    (void)n_in, (void)attr;
    const int plane = plane_len(xs[0]);
    for (int k = 0; k < (int)nn_shape_len(ys); k++) {
        y[k] = 0;
        for (int p = 0; p < plane; p++) y[k] += x[0][k * plane + p] / plane;
    }
}

static void upsample_nearest(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys,
                             double *y)
{
    (void)n_in, (void)attr;
    for (int n = 0; n < ys.d[0]; n++)
        for (int c = 0; c < ys.d[1]; c++)
            for (int i = 0; i < ys.d[2]; i++)
                for (int j = 0; j < ys.d[3]; j++)
                    y[at4(ys, n, c, i, j)] = x[0][at4(xs[0], n, c, i * xs[0].d[2] / ys.d[2], j * xs[0].d[3] / ys.d[3])];
}

/* Bilinear with half-pixel centres: output pixel i lies at (i + 1/2) H / Ho - 1/2 of the input. */
static double bilinear_at(const double *x, NnShape s, int n, int c, double row, double col)
{
    const double top = floor(row), left = floor(col), down = row - top, right = col - left;
    double sum = 0;
    for (int u = 0; u < 2; u++)
        for (int v = 0; v < 2; v++) {
            const int i = clamp_int((int)top + u, 0, s.d[2] - 1), j = clamp_int((int)left + v, 0, s.d[3] - 1);
            sum += (u ? down : 1 - down) * (v ? right : 1 - right) * x[at4(s, n, c, i, j)];
        }
    return sum;
}

static void resize_bilinear(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys,
                            double *y)
{
    (void)n_in, (void)attr;
    const double rows = (double)xs[0].d[2] / ys.d[2], cols = (double)xs[0].d[3] / ys.d[3];
    for (int n = 0; n < ys.d[0]; n++)
        for (int c = 0; c < ys.d[1]; c++)
            for (int i = 0; i < ys.d[2]; i++)
                for (int j = 0; j < ys.d[3]; j++)
                    y[at4(ys, n, c, i, j)] =
                        bilinear_at(x[0], xs[0], n, c, (i + 0.5) * rows - 0.5, (j + 0.5) * cols - 0.5);
}

/* ---- reductions and losses ---- */

/* log sum_k exp(x[n,k,p]) over axis 1. */
static double log_sum_exp(const double *x, NnShape s, int n, int p)
{
    const int plane = plane_len(s);
    double largest = -INFINITY, sum = 0;
    for (int k = 0; k < s.d[1]; k++) largest = fmax(largest, x[(n * s.d[1] + k) * plane + p]);
    for (int k = 0; k < s.d[1]; k++) sum += exp(x[(n * s.d[1] + k) * plane + p] - largest);
    return largest + log(sum);
}

static void softmax(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys, double *y)
{
    (void)n_in, (void)attr, (void)xs;
    const int plane = plane_len(ys), K = ys.d[1];
    for (int i = 0; i < (int)nn_shape_len(ys); i++)
        y[i] = exp(x[0][i] - log_sum_exp(x[0], ys, i / plane / K, i % plane));
}

static void max_normalize(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys, double *y)
{
    (void)n_in, (void)attr, (void)xs;
    const int len = sample_len(ys);
    for (int n = 0; n < ys.d[0]; n++) {
        double largest = 0;
        for (int i = 0; i < len; i++) largest = larger(x[0][n * len + i], largest);
        for (int i = 0; i < len; i++) y[n * len + i] = x[0][n * len + i] / (largest + 1e-6);
    }
}

/* For qsort: the largest first, NaN before all. */
static int falling(const void *a, const void *b)
{
    const double p = *(const double *)a, q = *(const double *)b;
    if (isnan(p) || isnan(q)) return !isnan(p) - !isnan(q);
    return (p < q) - (p > q);
}

static void top_mean(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys, double *y)
{
    (void)n_in;
    const int len = sample_len(xs[0]);
    const double part = (double)((const NnTopMeanAttr *)attr)->part;
    double *sorted = malloc((size_t)len * sizeof *sorted);
    int k = 1;
    while (k < part * len * (1 - 1e-7)) k++; /* a float may lie a little above the decimal that was meant */
    for (int n = 0; n < ys.d[0]; n++) {
        memcpy(sorted, x[0] + n * len, (size_t)len * sizeof *sorted);
        qsort(sorted, (size_t)len, sizeof *sorted, falling);
        y[n] = 0;
        for (int i = 0; i < k; i++) y[n] += sorted[i] / k;
    }
    free(sorted);
}

/* The loss of sample n: x and t are its len elements. */
typedef double (*SampleLoss)(const double *x, const double *t, int len);

/* sum_n w_n l_n / sum_n w_n. */
static double weighed(SampleLoss loss, const double *const *x, const NnShape *xs, int n_in)
{
    const int len = sample_len(xs[0]);
    double sum = 0, weights = 0;
    for (int n = 0; n < xs[0].d[0]; n++) {
        const double w = n_in > 2 ? x[2][n] : 1;
        sum += w * loss(x[0] + n * len, x[1] + n * len, len);
        weights += w;
    }
    return weights > 0 ? sum / weights : 0;
}

static double sample_mse(const double *x, const double *t, int len)
{
    double sum = 0;
    for (int i = 0; i < len; i++) sum += (x[i] - t[i]) * (x[i] - t[i]);
    return sum / len;
}

static double sample_l1(const double *x, const double *t, int len)
{
    double sum = 0;
    for (int i = 0; i < len; i++) sum += fabs(x[i] - t[i]);
    return sum / len;
}

static double sample_bce(const double *p, const double *t, int len)
{
    double sum = 0;
    for (int i = 0; i < len; i++) sum -= t[i] * fmax(log(p[i]), -100) + (1 - t[i]) * fmax(log(1 - p[i]), -100);
    return sum / len;
}

/* log(1 + exp(v)) = -log sigmoid(-v). */
static double softplus(double v)
{
    return v > 0 ? v + log1p(exp(-v)) : log1p(exp(v));
}

static double sample_bce_with_logits(const double *x, const double *t, int len)
{
    double sum = 0;
    for (int i = 0; i < len; i++) sum += t[i] * softplus(-x[i]) + (1 - t[i]) * softplus(x[i]);
    return sum / len;
}

static double sample_dice(const double *p, const double *t, int len)
{
    double both = 0, sum = 0;
    for (int i = 0; i < len; i++) both += p[i] * t[i], sum += p[i] + t[i];
    return 1 - (2 * both + 1) / (sum + 1);
}

#define REFERENCE_LOSS(name)                                                                                           \
    static void name(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys, double *y)     \
    {                                                                                                                  \
        (void)attr, (void)ys;                                                                                          \
        y[0] = weighed(sample_##name, x, xs, n_in);                                                                    \
    }
REFERENCE_LOSS(mse)
REFERENCE_LOSS(l1)
REFERENCE_LOSS(bce)
REFERENCE_LOSS(bce_with_logits)
REFERENCE_LOSS(dice)

static void cross_entropy(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys, double *y)
{
    (void)attr, (void)ys;
    const int K = xs[0].d[1], plane = plane_len(xs[0]);
    double sum = 0, weights = 0;
    for (int n = 0; n < xs[0].d[0]; n++) {
        const double w = n_in > 2 ? x[2][n] : 1;
        weights += w;
        for (int k = 0; k < K; k++)
            for (int p = 0; p < plane; p++) {
                const int i = (n * K + k) * plane + p;
                sum += w * x[1][i] * (log_sum_exp(x[0], xs[0], n, p) - x[0][i]) / plane;
            }
    }
    y[0] = weights > 0 ? sum / weights : 0;
}

/* ---- blur ---- */

/* -1 is 1, and n is n - 2. */
static int mirrored(int i, int n)
{
    return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
}

static double blurred(const double *x, NnShape s, double precision, int r, int n, int c, int i, int j)
{
    double sum = 0, weights = 0;
    for (int u = -r; u <= r; u++)
        for (int v = -r; v <= r; v++) {
            const double w = u || v ? exp(-(u * u + v * v) * fmax(precision, 0) / 2) : 1;
            weights += w;
            if (w > 0) sum += w * x[at4(s, n, c, mirrored(i + u, s.d[2]), mirrored(j + v, s.d[3]))];
        }
    return sum / weights;
}

static void gaussian_blur(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys, double *y)
{
    (void)n_in;
    const int r = *(const int *)attr / 2; /* its only attribute is the kernel */
    for (int n = 0; n < ys.d[0]; n++)
        for (int c = 0; c < ys.d[1]; c++)
            for (int i = 0; i < ys.d[2]; i++)
                for (int j = 0; j < ys.d[3]; j++)
                    y[at4(ys, n, c, i, j)] = blurred(x[0], ys, x[1][at4(xs[1], n, 0, i, j)], r, n, c, i, j);
}

ReferenceForward reference_find(const char *op)
{
    static const struct {
        const char *name;
        ReferenceForward forward;
    } table[] = {
        { "linear", linear },
        { "conv2d", conv2d },
        { "conv_transpose2d", conv_transpose2d },
        { "batch_norm", batch_norm },
        { "conv_norm_act", conv_norm_act },
        { "max_pool", max_pool },
        { "avg_pool", avg_pool },
        { "global_avg_pool", global_avg_pool },
        { "upsample_nearest", upsample_nearest },
        { "resize_bilinear", resize_bilinear },
        { "gaussian_blur", gaussian_blur },
        { "softmax", softmax },
        { "max_normalize", max_normalize },
        { "top_mean", top_mean },
        { "mse", mse },
        { "l1", l1 },
        { "bce", bce },
        { "bce_with_logits", bce_with_logits },
        { "dice", dice },
        { "cross_entropy", cross_entropy },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, op) == 0) return table[i].forward;
    return NULL;
}
