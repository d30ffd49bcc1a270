/* batch_norm.c -- batch normalisation, parallel over channels; every sum of a channel is taken in double by one
 * thread. saved: mean [C], then 1 / sqrt(var + eps) [C], for backward. */
#include "nn/ops/batch_norm.h"

#include <math.h>

#include "nn/base/parallel.h"
#include "nn/ops/case_shapes.h"
#include "nn/ops/vec.h"

enum { X, GAMMA, BETA, MEAN, VAR, INPUTS };

/* How channels lie in [N,C,...]: N planes of `plane` elements, `stride` apart. */
typedef struct {
    size_t N, C, plane, stride;
} Layout;

static Layout layout_of(NnShape s)
{
    const size_t N = (size_t)s.d[0], C = (size_t)s.d[1], stride = nn_shape_len(s) / N;
    return (Layout){ N, C, stride / C, stride };
}

static NnStatus batch_norm_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    static const char *const names[INPUTS] = { "x", "gamma", "beta", "running_mean", "running_var" };
    const NnBatchNormAttr *a = attr;
    char text[64];
    (void)n_in;
    if (xs[X].n != 4 && xs[X].n != 2)
        return nn_fail(err, NN_ERR_SHAPE, "batch_norm: x %s, expected [N,C,H,W] or [N,C]", nn_shape_text(xs[X], text));
    for (int i = GAMMA; i < INPUTS; i++)
        if (xs[i].n != 1 || xs[i].d[0] != xs[X].d[1])
            return nn_fail(err, NN_ERR_SHAPE, "batch_norm: %s %s, expected [%d]: x has that many channels", names[i],
                           nn_shape_text(xs[i], text), xs[X].d[1]);
    if (!(a->eps > 0) || !(a->momentum >= 0 && a->momentum <= 1))
        return nn_fail(err, NN_ERR_CONFIG, "batch_norm: eps %g, momentum %g; expected eps > 0, 0 <= momentum <= 1",
                       (double)a->eps, (double)a->momentum);
    *ys = xs[X];
    return NN_OK;
}

static size_t batch_norm_saved(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)n_in, (void)ys, (void)attr;
    return 2 * (size_t)xs[X].d[1];
}

static double batch_norm_flops(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)xs, (void)n_in, (void)attr;
    return 7 * (double)nn_shape_len(ys);
}

/* Mean, then mean square deviation from it: two passes, since E[x^2] - E[x]^2 cancels. */
static void channel_moments(const float *x, const Layout *l, double *mean, double *variance)
{
    const double m = (double)(l->N * l->plane);
    double sum = 0, squares = 0;
    for (size_t n = 0; n < l->N; n++) sum += nn_vec_sum(x + n * l->stride, l->plane);
    *mean = sum / m;
    for (size_t n = 0; n < l->N; n++) squares += nn_vec_square_dev(x + n * l->stride, *mean, l->plane);
    *variance = squares / m;
}

/* The running variance estimates that of the population, hence m / (m - 1); one element has no such estimate. */
static void update_running(const NnFwd *k, size_t c, const Layout *l, double mean, double variance)
{
    const double m = (double)(l->N * l->plane), momentum = (double)((const NnBatchNormAttr *)k->attr)->momentum;
    const double unbiased = m > 1 ? variance * m / (m - 1) : variance;
    float *running_mean = k->state[MEAN] + c, *running_var = k->state[VAR] + c;
    *running_mean = (float)((1 - momentum) * (double)*running_mean + momentum * mean);
    *running_var = (float)((1 - momentum) * (double)*running_var + momentum * unbiased);
}

NN_KERNEL_CLONES static void normalize(float *restrict y, const float *restrict x, size_t n, float mean, float scale,
                                       float shift)
{
    for (size_t i = 0; i < n; i++) y[i] = (x[i] - mean) * scale + shift;
}

static void forward_channel(const NnFwd *k, size_t c, const Layout *l)
{
    const float *x = k->x[X] + c * l->plane;
    double mean = (double)k->x[MEAN][c], variance = (double)k->x[VAR][c];
    if (k->step.train) {
        channel_moments(x, l, &mean, &variance);
        if (!k->step.again) update_running(k, c, l, mean, variance);
    }
    const float inv_std = (float)(1 / sqrt(variance + (double)((const NnBatchNormAttr *)k->attr)->eps));
    if (k->saved) k->saved[c] = (float)mean, k->saved[l->C + c] = inv_std;
    for (size_t n = 0; n < l->N; n++)
        normalize(k->y + c * l->plane + n * l->stride, x + n * l->stride, l->plane, (float)mean,
                  k->x[GAMMA][c] * inv_std, k->x[BETA][c]);
}

static void batch_norm_forward(const NnFwd *k)
{
    const Layout l = layout_of(k->ys);
#pragma omp parallel for num_threads(nn_threads()) if (nn_shape_len(k->ys) >= NN_PARALLEL_MIN)
    for (size_t c = 0; c < l.C; c++) forward_channel(k, c, &l);
}

/* dx += scale (dy - mean_dy - (x - mean) slope). */
NN_KERNEL_CLONES static void add_input_gradient(float *restrict dx, const float *restrict dy, const float *restrict x,
                                                size_t n, float mean, float scale, float mean_dy, float slope)
{
    for (size_t i = 0; i < n; i++) dx[i] += scale * (dy[i] - mean_dy - (x[i] - mean) * slope);
}

/* With h = (x - mean) inv_std and m elements in the channel (Ioffe and Szegedy, section 3):
 *   dbeta += sum dy,  dgamma += sum dy h,  dx += gamma inv_std (dy - sum dy / m - h sum dy h / m). */
static void backward_channel(const NnBwd *k, size_t c, const Layout *l)
{
    const float *x = k->x[X] + c * l->plane, *dy = k->dy + c * l->plane;
    const double mean = (double)k->saved[c], inv_std = (double)k->saved[l->C + c], m = (double)(l->N * l->plane);
    double sum_dy = 0, sum_dy_h = 0;
    for (size_t n = 0; n < l->N; n++) {
        sum_dy += nn_vec_sum(dy + n * l->stride, l->plane);
        sum_dy_h += inv_std * nn_vec_dot_dev(dy + n * l->stride, x + n * l->stride, mean, l->plane);
    }
    if (k->dx[GAMMA]) k->dx[GAMMA][c] += (float)sum_dy_h;
    if (k->dx[BETA]) k->dx[BETA][c] += (float)sum_dy;
    for (size_t n = 0; k->dx[X] && n < l->N; n++)
        add_input_gradient(k->dx[X] + c * l->plane + n * l->stride, dy + n * l->stride, x + n * l->stride, l->plane,
                           (float)mean, k->x[GAMMA][c] * (float)inv_std, (float)(sum_dy / m),
                           (float)(inv_std * sum_dy_h / m));
}

static void batch_norm_backward(const NnBwd *k)
{
    const Layout l = layout_of(k->ys);
#pragma omp parallel for num_threads(nn_threads()) if (nn_shape_len(k->ys) >= NN_PARALLEL_MIN)
    for (size_t c = 0; c < l.C; c++) backward_channel(k, c, &l);
}

/* clang-format off */
#define FOUR_OF(C) VECTOR(C), VECTOR(C), VECTOR(C), VECTOR(C)
/* clang-format on */

/* x = -1, 1, -1, 1 has mean 0 and variance 1; eps 3 makes the deviation 2. Moved alike, x gives no other y, so dx = 0. */
static const NnBatchNormAttr usual = { 1e-5f, 0.1f }, wide = { 3, 0.5f }, no_eps = { 0, 0.1f }, fast = { 1e-5f, 2 };
static const NnOpCase batch_norm_cases[] = {
    { "by hand",
      { { 2, { 4, 1 } }, FOUR_OF(1) },
      .attr = &wide,
      .in = { VALUES(-1, 1, -1, 1), VALUES(4), VALUES(1), VALUES(0.5f), VALUES(1) },
      .y = VALUES(-1, 3, -1, 3),
      .dx0 = VALUES(0, 0, 0, 0) },
    { "inference by hand",
      { { 2, { 2, 2 } }, FOUR_OF(2) },
      .attr = &wide,
      .in = { VALUES(1, 2, 3, 4), VALUES(2, 4), VALUES(1, 0), VALUES(1, 0), VALUES(1, 13) },
      .y = VALUES(1, 2, 3, 4),
      .infer = 1 },
    { "images", { { 4, { 3, 4, 5, 3 } }, FOUR_OF(4) }, .attr = &usual, .lo = 0.2f, .hi = 2 },
    { "vectors", { { 2, { 6, 5 } }, FOUR_OF(5) }, .attr = &usual, .lo = 0.2f, .hi = 2, .tolerance = 1e-2f },
    { "one image", { { 4, { 1, 2, 5, 5 } }, FOUR_OF(2) }, .attr = &usual, .lo = 0.2f, .hi = 2 },
    { "far from 0", { { 4, { 2, 2, 4, 4 } }, FOUR_OF(2) }, .attr = &wide, .lo = 100, .hi = 101, .tolerance = 2e-2f },
    { "large", { { 4, { 2, 5, 41, 43 } }, FOUR_OF(5) }, .attr = &usual, .lo = 0.2f, .hi = 2, .tolerance = 1e-2f },
    { "large inference", { { 4, { 2, 5, 41, 43 } }, FOUR_OF(5) }, .attr = &usual, .lo = 0.2f, .hi = 2, .infer = 1 },
    { "other channels",
      { { 4, { 3, 4, 5, 3 } }, { 1, { 5 } }, { 1, { 4 } }, { 1, { 4 } }, { 1, { 4 } } },
      .attr = &usual,
      .want = NN_ERR_SHAPE },
    { "matrix as state",
      { { 2, { 3, 4 } }, { 1, { 4 } }, { 1, { 4 } }, { 1, { 4 } }, { 2, { 1, 4 } } },
      .attr = &usual,
      .want = NN_ERR_SHAPE },
    { "vector", { { 1, { 4 } }, FOUR_OF(4) }, .attr = &usual, .want = NN_ERR_SHAPE },
    { "eps 0", { { 2, { 3, 4 } }, FOUR_OF(4) }, .attr = &no_eps, .want = NN_ERR_CONFIG },
    { "momentum 2", { { 2, { 3, 4 } }, FOUR_OF(4) }, .attr = &fast, .want = NN_ERR_CONFIG },
};

static const NnKernel batch_norm_kernels[] = { { .forward = batch_norm_forward, .backward = batch_norm_backward } };

const NnOp nn_op_batch_norm = {
    .name = "batch_norm",
    .min_in = INPUTS,
    .max_in = INPUTS,
    .reads = NN_READS_X0 | NN_READS_X1,
    .state = 1 << MEAN | 1 << VAR,
    .no_grad = 1 << MEAN | 1 << VAR,
    .attr_size = sizeof(NnBatchNormAttr),
    .shape = batch_norm_shape,
    .saved = batch_norm_saved,
    .flops = batch_norm_flops,
    .kernels = NN_LIST(batch_norm_kernels),
    .cases = NN_LIST(batch_norm_cases),
};

NnVar nn_batch_norm(NnGraph *g, NnVar x, NnVar gamma, NnVar beta, NnVar running_mean, NnVar running_var,
                    NnBatchNormAttr attr)
{
    return nn_graph_apply(g, &nn_op_batch_norm, &attr, INPUTS,
                          (const NnVar[]){ x, gamma, beta, running_mean, running_var });
}
