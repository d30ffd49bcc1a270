/* batch_norm.c -- batch normalisation: shape rule, tests, and the calls of norm_pass.c, which has the loops.
 * saved: the coefficients of NnNorm, for backward. */
#include "nn/ops/batch_norm.h"

#include <string.h>

#include "nn/ops/case_shapes.h"
#include "nn/ops/conv_end.h"
#include "nn/ops/conv_norm_act.h"
#include "nn/ops/norm_pass.h"

enum { X, GAMMA, BETA, MEAN, VAR, INPUTS };

NnStatus nn_batch_norm_check(const char *op, const NnShape *four, int C, const NnBatchNormAttr *a, NnErr *err)
{
    static const char *const names[] = { "gamma", "beta", "running_mean", "running_var" };
    char text[64];
    for (int i = 0; i < 4; i++)
        if (four[i].n != 1 || four[i].d[0] != C)
            return nn_fail(err, NN_ERR_SHAPE, "%s: %s %s, expected [%d]: one value a channel", op, names[i],
                           nn_shape_text(four[i], text), C);
    if (!(a->eps > 0) || !(a->momentum >= 0 && a->momentum <= 1))
        return nn_fail(err, NN_ERR_CONFIG, "%s: eps %g, momentum %g; expected eps > 0, 0 <= momentum <= 1", op,
                       (double)a->eps, (double)a->momentum);
    return NN_OK;
}

static NnStatus batch_norm_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    char text[64];
    (void)n_in;
    if (xs[X].n != 4 && xs[X].n != 2)
        return nn_fail(err, NN_ERR_SHAPE, "batch_norm: x %s, expected [N,C,H,W] or [N,C]", nn_shape_text(xs[X], text));
    *ys = xs[X];
    return nn_batch_norm_check("batch_norm", xs + GAMMA, xs[X].d[1], attr, err);
}

static size_t batch_norm_saved(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)n_in, (void)ys, (void)attr;
    return nn_norm_len(xs[X].d[1]);
}

/* Forward: coefficients that are not saved, and moments. Backward: sums. */
static size_t batch_norm_scratch(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how)
{
    (void)n_in, (void)attr, (void)how, (void)xs;
    const size_t forward = nn_norm_len(ys.d[1]) + nn_conv_moments_len(ys.d[0], ys.d[1]);
    const size_t backward = nn_norm_sums_len(ys.d[0], ys.d[1]);
    return forward > backward ? forward : backward;
}

static double batch_norm_flops(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)xs, (void)n_in, (void)attr;
    return 7 * (double)nn_shape_len(ys);
}

static void batch_norm_forward(const NnFwd *k)
{
    float *at = k->saved ? k->saved : k->scratch;
    const NnNorm n = nn_norm_make(k->ys, at);
    const NnNormSource s = nn_norm_source(k, GAMMA, *(const NnBatchNormAttr *)k->attr);
    float *moments = k->scratch + nn_norm_len(n.C);
    if (k->step.train) {
        nn_norm_moments(&n, k->x[X], moments);
        nn_norm_from_batch(&n, &s, moments, n.N, at);
    } else nn_norm_from_running(&n, &s, at);
    nn_norm_apply(&n, k->x[X], k->y);
}

static void batch_norm_restore(const NnFwd *k)
{
    const NnNorm n = nn_norm_make(k->ys, k->saved);
    nn_norm_apply(&n, k->x[X], k->y);
}

static void batch_norm_backward(const NnBwd *k)
{
    const NnNorm n = nn_norm_make(k->ys, k->saved);
    if (k->step.train) nn_norm_sums(&n, k->x[X], k->dy, k->scratch, k->dx[GAMMA], k->dx[BETA]);
    else nn_norm_sums_frozen(&n, k->x[X], k->dy, n.mean, k->scratch, k->dx[GAMMA], k->dx[BETA]);
    if (k->dx[X]) nn_norm_gradient(&n, k->x[X], k->dy, k->scratch, !(k->fresh & 1), k->dx[X]);
}

/* After a convolution without a bias: conv_norm_act. */
static int batch_norm_absorb(const NnNode *self, const NnNode *producer, NnFused *fused)
{
    if (producer->op != &nn_op_conv2d || producer->n_in != 2) return 0;
    const NnConvNormActAttr a = { .conv = *(const NnConvAttr *)producer->attr,
                                  .norm = *(const NnBatchNormAttr *)self->attr };
    *fused = (NnFused){ .op = &nn_op_conv_norm_act, .n_in = 1 + INPUTS };
    fused->in[0] = producer->in[0], fused->in[1] = producer->in[1];
    memcpy(fused->in + 2, self->in + GAMMA, 4 * sizeof *fused->in);
    memcpy(fused->attr, &a, sizeof a);
    return 1;
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
      .dx0 = VALUES(1, 1, 1, 1),
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

static const NnKernel batch_norm_kernels[] = {
    { .scratch = batch_norm_scratch, .forward = batch_norm_forward, .backward = batch_norm_backward },
};

const NnOp nn_op_batch_norm = {
    .name = "batch_norm",
    .min_in = INPUTS,
    .max_in = INPUTS,
    .reads = NN_READS_X0,
    .overwrites = 1 << X,
    .state = 1 << MEAN | 1 << VAR,
    .no_grad = 1 << MEAN | 1 << VAR,
    .attr_size = sizeof(NnBatchNormAttr),
    .shape = batch_norm_shape,
    .saved = batch_norm_saved,
    .flops = batch_norm_flops,
    .kernels = NN_LIST(batch_norm_kernels),
    .restore = batch_norm_restore,
    .restore_reads = NN_READS_X0,
    .absorb = batch_norm_absorb,
    .cases = NN_LIST(batch_norm_cases),
};

NnVar nn_batch_norm(NnGraph *g, NnVar x, NnVar gamma, NnVar beta, NnVar running_mean, NnVar running_var,
                    NnBatchNormAttr attr)
{
    return nn_graph_apply(g, &nn_op_batch_norm, &attr, INPUTS,
                          (const NnVar[]){ x, gamma, beta, running_mean, running_var });
}
