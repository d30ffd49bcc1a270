/* conv_norm_act.c -- y = act(batch_norm(w * x)) in one op; see conv_norm_act.h.
 *
 * Training forward: the convolution writes its raw output `pre` and takes the moments of each tile while it is in
 * cache; one more pass makes y. If y is deferred, that pass is left out, and the convolutions that read y normalise
 * pre as they copy it (nn_conv_input). Backward needs y no more than the next op does: it recomputes act's side from
 * pre. It turns dy into the gradient of pre in its own place, and leaves the rest to the convolution; where memory is
 * short, it is given the coefficients alone, and computes pre again, some images at a time. Inference: the
 * running statistics become a scale and a shift at the convolution's end, and there is no second pass; where it will be
 * differentiated, it goes as in training, but with that scale and shift for coefficients.
 *
 * saved: the coefficients of NnNorm [4][C], then pre [N,C,Ho,Wo]. */
#include "nn/ops/conv_norm_act.h"

#include <string.h>

#include "nn/ops/case_shapes.h"
#include "nn/ops/conv_method.h"
#include "nn/ops/conv_shape.h"
#include "nn/ops/cut.h"
#include "nn/ops/norm_pass.h"

enum { X, W, GAMMA, BETA, MEAN, VAR, INPUTS };

static NnStatus conv_norm_act_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in;
    const NnConvNormActAttr *a = attr;
    NN_TRY(nn_conv2d_shape("conv_norm_act", xs, 2, &a->conv, ys, err));
    if (a->activate && !(a->slope >= 0))
        return nn_fail(err, NN_ERR_CONFIG, "conv_norm_act: slope %g, expected at least 0", (double)a->slope);
    return nn_batch_norm_check("conv_norm_act", xs + GAMMA, ys->d[1], &a->norm, err);
}

static size_t conv_norm_act_saved(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)xs, (void)n_in, (void)attr;
    return nn_align_line(nn_norm_len(ys.d[1])) + nn_shape_len(ys);
}

static double conv_norm_act_flops(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)n_in, (void)attr;
    return (2.0 * xs[W].d[1] * xs[W].d[2] * xs[W].d[3] + 8) * (double)nn_shape_len(ys);
}

/* ---- one kernel a method; `how` is the method ---- */

static NnConvGeom geom(const NnShape *xs, const void *attr)
{
    return nn_conv2d_geom(xs, &((const NnConvNormActAttr *)attr)->conv);
}

static int fits(const NnShape *xs, int n_in, const void *attr, const void *how)
{
    (void)n_in;
    const NnConvGeom g = geom(xs, attr);
    return ((const NnConvMethod *)how)->fits(&g);
}

/* The method's, and about six passes over memory. */
static double cost(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how)
{
    (void)n_in;
    const NnConvGeom g = geom(xs, attr);
    return ((const NnConvMethod *)how)->cost(&g) + 2e-9 * (double)nn_shape_len(ys);
}

/* In front of the method's own scratch: moments, or in inference coefficients; in backward sums. */
static size_t own_scratch(const NnConvGeom *g, const NnConvMethod *method)
{
    const size_t forward = nn_norm_len(g->O) + nn_conv_moments_len(method->slots(g), g->O);
    const size_t backward = nn_norm_sums_len(g->N, g->O);
    return nn_align_line(forward > backward ? forward : backward);
}

static size_t scratch_len(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how)
{
    (void)n_in, (void)ys;
    const NnConvGeom g = geom(xs, attr);
    return own_scratch(&g, how) + ((const NnConvMethod *)how)->scratch(&g);
}

/* The normalisation whose coefficients are at `at`. */
static NnNorm norm_of(NnShape ys, const NnConvNormActAttr *a, const float *at)
{
    NnNorm n = nn_norm_make(ys, at);
    n.activate = a->activate, n.slope = a->slope;
    return n;
}

static size_t pre_at(const NnNorm *n)
{
    return nn_align_line(nn_norm_len(n->C));
}

const float *nn_conv_input(const float *x, const NnDeferred *from, NnShape s, NnNorm *room, const NnNorm **norm)
{
    *norm = NULL;
    if (!from->op) return x;
    *room = norm_of(s, from->attr, from->saved);
    *norm = room;
    return from->saved + pre_at(room);
}

/* Coefficients of inference, with the mean in the shift: z = pre scale + shift, as a convolution's end computes it. */
static void set_inference(const NnNorm *n, const NnNormSource *s, float *at)
{
    nn_norm_from_running(n, s, at);
    for (int c = 0; c < n->C; c++) {
        at[3 * n->C + c] -= at[c] * at[2 * n->C + c];
        at[c] = 0;
    }
}

/* For backward: pre, then y from it. */
static void saving_forward(const NnFwd *k)
{
    const NnConvMethod *method = k->how;
    const NnConvNormActAttr *a = k->attr;
    NnConvGeom g = geom(k->xs, a);
    NnNorm room;
    const float *x = nn_conv_input(k->x[X], &k->from, k->xs[X], &room, &g.norm);
    const NnNorm n = norm_of(k->ys, a, k->saved);
    const NnNormSource s = nn_norm_source(k, GAMMA, a->norm);
    const int slots = method->slots(&g);
    float *pre = k->saved + pre_at(&n), *moments = k->step.train ? k->scratch : NULL;
    if (moments) memset(moments, 0, nn_conv_moments_len(slots, g.O) * sizeof *moments);
    method->forward(&g, x, k->x[W], &(NnConvEnd){ .moments = moments }, pre, k->scratch + own_scratch(&g, method));
    if (moments) nn_norm_from_batch(&n, &s, moments, slots, k->saved);
    else set_inference(&n, &s, k->saved);
    memset(k->saved + nn_norm_len(n.C), 0, (pre_at(&n) - nn_norm_len(n.C)) * sizeof *k->saved);
    if (k->y) nn_norm_apply(&n, pre, k->y); /* else it is deferred */
}

static void passing_forward(const NnFwd *k)
{
    const NnConvMethod *method = k->how;
    const NnConvNormActAttr *a = k->attr;
    NnConvGeom g = geom(k->xs, a);
    NnNorm room;
    const float *x = nn_conv_input(k->x[X], &k->from, k->xs[X], &room, &g.norm);
    const NnNorm n = norm_of(k->ys, a, k->scratch);
    const NnNormSource s = nn_norm_source(k, GAMMA, a->norm);
    set_inference(&n, &s, k->scratch);
    const NnConvEnd end = { .scale = n.scale, .shift = n.shift, .activate = a->activate, .slope = a->slope };
    method->forward(&g, x, k->x[W], &end, k->y, k->scratch + own_scratch(&g, method));
}

static void forward(const NnFwd *k)
{
    if (k->saved) saving_forward(k);
    else passing_forward(k);
}

static void restore(const NnFwd *k)
{
    const NnNorm n = norm_of(k->ys, k->attr, k->saved);
    nn_norm_apply(&n, k->saved + pre_at(&n), k->y);
}

/* dy becomes the gradient of pre, if that is wanted. */
static void norm_backward(const NnBwd *k, int wanted)
{
    const NnNorm n = norm_of(k->ys, k->attr, k->saved);
    const float *pre = k->saved + pre_at(&n);
    if (k->step.train && wanted)
        nn_norm_backward(&n, pre, k->dy, k->scratch, k->dx[GAMMA], k->dx[BETA], 0, k->dy_spoil);
    else if (k->step.train) nn_norm_sums(&n, pre, k->dy, k->scratch, k->dx[GAMMA], k->dx[BETA]);
    else nn_norm_sums_frozen(&n, pre, k->dy, k->x[MEAN], k->scratch, k->dx[GAMMA], k->dx[BETA]);
    if (!k->step.train && wanted) nn_norm_gradient(&n, pre, k->dy, k->scratch, 0, k->dy_spoil);
}

/* ---- the same without pre: a part of the batch at a time, once for the sums and once for the gradient ---- */

enum { PARTS = 8 };

static int part_images(int N)
{
    return nn_ceil_div(N, PARTS);
}

static size_t digest_len(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how)
{
    (void)xs, (void)n_in, (void)attr;
    return ((const NnConvMethod *)how)->apart ? nn_align_line(nn_norm_len(ys.d[1])) : 0;
}

/* The convolution's scratch: of the whole batch, of a part, and of what is left at its end. */
static size_t parts_scratch(const NnConvGeom *g, const NnConvMethod *method)
{
    const int counts[] = { g->N, part_images(g->N), g->N % part_images(g->N) };
    size_t most = 0;
    for (int i = 0; i < 3; i++) {
        NnConvGeom part = *g;
        part.N = counts[i];
        const size_t len = part.N ? method->scratch(&part) : 0;
        if (len > most) most = len;
    }
    return nn_align_line(most);
}

static size_t digest_scratch(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how)
{
    (void)n_in;
    const NnConvGeom g = geom(xs, attr);
    const size_t image = nn_shape_len(ys) / (size_t)g.N;
    return own_scratch(&g, how) + parts_scratch(&g, how) + (size_t)part_images(g.N) * image;
}

/* Of a part of the batch: its pre, and what is applied to it. */
typedef struct {
    int first;
    NnNorm norm;
    float *pre;
    size_t at; /* in dy */
} Part;

static Part make_part(const NnBwd *k, const NnConvGeom *g, const float *x, int first)
{
    const NnConvMethod *method = k->how;
    float *scratch = k->scratch + own_scratch(g, method);
    NnConvGeom some = *g;
    some.N = nn_min_int(part_images(g->N), g->N - first);
    Part p = { first, norm_of(k->ys, k->attr, k->saved), scratch + parts_scratch(g, method), 0 };
    p.norm.N = some.N, p.at = (size_t)first * nn_shape_len(k->ys) / (size_t)g->N;
    x += (size_t)first * nn_shape_len(k->xs[X]) / (size_t)g->N;
    method->forward(&some, x, k->x[W], &(NnConvEnd){ 0 }, p.pre, scratch);
    return p;
}

static void norm_backward_in_parts(const NnBwd *k, const NnConvGeom *g, const float *x, int wanted)
{
    const NnNorm all = norm_of(k->ys, k->attr, k->saved);
    for (int n = 0; n < g->N; n += part_images(g->N)) {
        const Part p = make_part(k, g, x, n);
        nn_norm_sums_of_images(&p.norm, p.first, p.pre, k->dy + p.at, k->scratch);
    }
    nn_norm_sums_merge(&all, k->scratch, k->dx[GAMMA], k->dx[BETA]);
    for (int n = 0; wanted && n < g->N; n += part_images(g->N)) {
        const Part p = make_part(k, g, x, n);
        nn_norm_gradient(&p.norm, p.pre, k->dy + p.at, k->scratch, 0, k->dy_spoil + p.at);
    }
}

static void backward(const NnBwd *k)
{
    const NnConvMethod *method = k->how;
    NnConvGeom g = geom(k->xs, k->attr);
    NnNorm room;
    const float *x = nn_conv_input(k->x[X], &k->from, k->xs[X], &room, &g.norm);
    float *dpre = k->dy_spoil, *scratch = k->scratch + own_scratch(&g, method);
    const int wanted = k->dx[X] || k->dx[W];
    if (k->digest) norm_backward_in_parts(k, &g, x, wanted);
    else norm_backward(k, wanted);
    if (k->dx[W]) method->weight_gradient(&g, x, dpre, k->dx[W], scratch);
    if (k->dx[X]) method->input_gradient(&g, dpre, k->x[W], !(k->fresh & 1), k->dx[X], scratch);
}

static const NnKernel conv_norm_act_kernels[] = {
#define NN_CONV_METHOD(id, is_inexact, normalises)                                                                     \
    { .name = #id,                                                                                                     \
      .fits = fits,                                                                                                    \
      .scratch = scratch_len,                                                                                          \
      .forward = forward,                                                                                              \
      .backward = backward,                                                                                            \
      .digest = digest_len,                                                                                            \
      .digest_scratch = digest_scratch,                                                                                \
      .cost = cost,                                                                                                    \
      .how = &nn_conv_##id,                                                                                            \
      .takes = (normalises) ? &nn_op_conv_norm_act : NULL,                                                             \
      .inexact = is_inexact },
#include "nn/ops/conv_method_list.h"
#undef NN_CONV_METHOD
};

int nn_conv_norm_act_absorb(const NnNode *producer, float slope, NnFused *fused)
{
    if (producer->op != &nn_op_conv_norm_act) return 0;
    NnConvNormActAttr a = *(const NnConvNormActAttr *)producer->attr;
    if (a.activate || !(slope >= 0)) return 0;
    a.activate = 1, a.slope = slope;
    *fused = (NnFused){ .op = producer->op, .n_in = producer->n_in };
    memcpy(fused->in, producer->in, sizeof fused->in);
    memcpy(fused->attr, &a, sizeof a);
    return 1;
}

/* ---- tests: { label, { x, w, gamma, beta, running_mean, running_var }, ... } ---- */

/* clang-format off */
#define FOUR_OF(C) VECTOR(C), VECTOR(C), VECTOR(C), VECTOR(C)
#define ATTR(s, p, d, g, up, act, neg)                                                                                 \
    &(const NnConvNormActAttr){ { s, p, d, g, up }, { 1e-5f, 0.1f }, act, neg }
#define POSITIVE .lo = 0.2f, .hi = 1
/* clang-format on */

/* Betas of 50 keep every z of a channel (at most sqrt(m) from 0 for gamma 1) on one side of the kink. */
#define FAR VALUES(1, 0.5f, 1, 0.5f), VALUES(50, -50, 60, -60)

/* Two values around 1 and -1 alternate: after normalisation all z lie near 1 and -1, none near the kink. */
#define TWO_SIDED                                                                                                      \
    VALUES(1.1f, -0.9f, 0.8f, -1.2f, 1, -1.1f, 0.9f, -1, -0.8f, 1.2f, -1, 0.95f, -1.05f, 1.15f, -0.85f, 0.9f)
#define CENTRE VALUES(0.02f, -0.03f, 0.01f, 0.03f, 1, -0.02f, 0.01f, 0.02f, -0.01f)

static const NnConvNormActAttr relu_wide = { { 1, 0, 1, 1, 0 }, { 3, 0.5f }, 1, 0 },
                               leaky_wide = { { 1, 0, 1, 1, 0 }, { 3, 0.5f }, 1, 0.1f },
                               far_wide = { { 1, 0, 1, 1, 0 }, { 3, 0.1f }, 0, 0 };

static const NnOpCase conv_norm_act_cases[] = {
    /* pre = -1, 1, -1, 1 has deviation sqrt(1 + 3) = 2, so z = 4 pre / 2 + 1 = -1, 3. With dy = 1, g = 0.1, 1 has the
     * mean 0.55 and g h the mean 0.225; dpre = 4 / 2 (g - 0.55 - 0.225 h), and dx is twice that. */
    { "by hand",
      { IMAGE(4, 1, 1, 1), IMAGE(1, 1, 1, 1), FOUR_OF(1) },
      .attr = &leaky_wide,
      .in = { VALUES(-0.5f, 0.5f, -0.5f, 0.5f), VALUES(2), VALUES(4), VALUES(1), VALUES(0.5f), VALUES(1) },
      .y = VALUES(-0.1f, 3, -0.1f, 3),
      .dx0 = VALUES(-1.35f, 1.35f, -1.35f, 1.35f) },
    /* pre = 2, 4, 6, 8, deviation from 1 over sqrt(13 + 3) = 4, times 4, plus -4: z = -3, -1, 1, 3. */
    { "inference by hand",
      { IMAGE(1, 1, 2, 2), IMAGE(1, 1, 1, 1), FOUR_OF(1) },
      .attr = &relu_wide,
      .in = { VALUES(1, 2, 3, 4), VALUES(2), VALUES(4), VALUES(-4), VALUES(1), VALUES(13) },
      .y = VALUES(0, 0, 1, 3),
      .dx0 = VALUES(0, 0, 2, 2),
      .infer = 1 },
    { "3x3", { IMAGE(2, 3, 5, 6), IMAGE(4, 3, 3, 3), FOUR_OF(4) }, POSITIVE, .attr = ATTR(1, 1, 1, 1, 0, 0, 0) },
    { "stride 2", { IMAGE(2, 3, 7, 8), IMAGE(4, 3, 3, 3), FOUR_OF(4) }, POSITIVE, .attr = ATTR(2, 1, 1, 1, 0, 0, 0) },
    { "dilation 2", { IMAGE(2, 2, 8, 7), IMAGE(3, 2, 3, 3), FOUR_OF(3) }, POSITIVE, .attr = ATTR(1, 2, 2, 1, 0, 0, 0) },
    { "groups", { IMAGE(2, 4, 5, 4), IMAGE(6, 2, 3, 3), FOUR_OF(6) }, POSITIVE, .attr = ATTR(1, 1, 1, 2, 0, 0, 0) },
    { "depthwise", { IMAGE(3, 3, 6, 5), IMAGE(3, 1, 3, 3), FOUR_OF(3) }, POSITIVE, .attr = ATTR(1, 1, 1, 3, 0, 0, 0) },
    { "1x1", { IMAGE(2, 5, 8, 9), IMAGE(3, 5, 1, 1), FOUR_OF(3) }, POSITIVE, .attr = ATTR(1, 0, 1, 1, 0, 0, 0) },
    { "upsample", { IMAGE(2, 3, 4, 5), IMAGE(4, 3, 3, 3), FOUR_OF(4) }, POSITIVE, .attr = ATTR(1, 1, 1, 1, 2, 0, 0) },
    { "one image", { IMAGE(1, 2, 8, 8), IMAGE(3, 2, 3, 3), FOUR_OF(3) }, POSITIVE, .attr = ATTR(1, 1, 1, 1, 0, 0, 0) },
    { "many small images",
      { IMAGE(19, 2, 3, 4), IMAGE(3, 2, 3, 3), FOUR_OF(3) },
      POSITIVE,
      .attr = ATTR(1, 1, 1, 1, 0, 0, 0) },
    { "16 channels",
      { IMAGE(2, 16, 9, 16), IMAGE(16, 16, 3, 3), FOUR_OF(16) },
      POSITIVE,
      .attr = ATTR(1, 1, 1, 1, 0, 0, 0),
      .tolerance = 1e-2f },
    { "far from 0",
      { IMAGE(2, 1, 4, 4), IMAGE(2, 1, 1, 1), FOUR_OF(2) },
      .attr = &far_wide,
      .lo = 100,
      .hi = 101,
      .in = { NULL, VALUES(1, -2) },
      .tolerance = 2e-2f },
    { "ReLU, channels on either side",
      { IMAGE(2, 3, 5, 6), IMAGE(4, 3, 3, 3), FOUR_OF(4) },
      POSITIVE,
      .attr = ATTR(1, 1, 1, 1, 0, 1, 0),
      .in = { NULL, NULL, FAR } },
    { "leaky, stride 2, channels on either side",
      { IMAGE(2, 3, 9, 8), IMAGE(4, 3, 3, 3), FOUR_OF(4) },
      POSITIVE,
      .attr = ATTR(2, 1, 1, 1, 0, 1, 0.1f),
      .in = { NULL, NULL, FAR } },
    { "ReLU, both sides in a channel",
      { IMAGE(1, 1, 4, 4), IMAGE(1, 1, 3, 3), FOUR_OF(1) },
      POSITIVE,
      .attr = ATTR(1, 1, 1, 1, 0, 1, 0),
      .in = { TWO_SIDED, CENTRE, VALUES(1.5f), VALUES(0.1f) } },
    { "leaky, both sides in a channel",
      { IMAGE(1, 1, 4, 4), IMAGE(1, 1, 3, 3), FOUR_OF(1) },
      POSITIVE,
      .attr = ATTR(1, 1, 1, 1, 0, 1, 0.2f),
      .in = { TWO_SIDED, CENTRE, VALUES(-1.5f), VALUES(0.1f) } },
    { "ReLU, upsampled, both sides in a channel",
      { IMAGE(1, 1, 4, 4), IMAGE(1, 1, 1, 1), FOUR_OF(1) },
      POSITIVE,
      .attr = ATTR(1, 0, 1, 1, 2, 1, 0),
      .in = { TWO_SIDED, VALUES(1), VALUES(1.5f), VALUES(0.1f) } },
    { "large",
      { IMAGE(2, 3, 33, 35), IMAGE(4, 3, 3, 3), FOUR_OF(4) },
      POSITIVE,
      .attr = ATTR(1, 1, 1, 1, 0, 0, 0),
      .tolerance = 1e-2f },
    { "large, leaky",
      { IMAGE(2, 3, 53, 55), IMAGE(4, 3, 3, 3), FOUR_OF(4) },
      POSITIVE,
      .attr = ATTR(1, 1, 1, 1, 0, 1, 0.1f),
      .in = { NULL, NULL, VALUES(1, 0.5f, 1, 0.5f), VALUES(90, -90, 95, -95) },
      .tolerance = 1e-2f },
    { "large, upsampled, inference",
      { IMAGE(2, 3, 33, 35), IMAGE(4, 3, 3, 3), FOUR_OF(4) },
      POSITIVE,
      .attr = ATTR(1, 1, 1, 1, 2, 1, 0.1f),
      .infer = 1 },
    { "channels",
      { IMAGE(2, 3, 5, 5), IMAGE(4, 2, 3, 3), FOUR_OF(4) },
      .attr = ATTR(1, 1, 1, 1, 0, 0, 0),
      .want = NN_ERR_SHAPE },
    { "gamma",
      { IMAGE(2, 3, 5, 5), IMAGE(4, 3, 3, 3), FOUR_OF(3) },
      .attr = ATTR(1, 1, 1, 1, 0, 0, 0),
      .want = NN_ERR_SHAPE },
    { "negative slope",
      { IMAGE(2, 3, 5, 5), IMAGE(4, 3, 3, 3), FOUR_OF(4) },
      .attr = ATTR(1, 1, 1, 1, 0, 1, -0.1f),
      .want = NN_ERR_CONFIG },
};

const NnOp nn_op_conv_norm_act = {
    .name = "conv_norm_act",
    .min_in = INPUTS,
    .max_in = INPUTS,
    .reads = NN_READS_X0 | NN_READS_X1 | NN_READS_X4, /* the running mean only in inference */
    .state = 1 << MEAN | 1 << VAR,
    .no_grad = 1 << MEAN | 1 << VAR,
    .overwrites = 1 << X,
    .writes_last = 1,
    .spoils_dy = 1,
    .attr_size = sizeof(NnConvNormActAttr),
    .shape = conv_norm_act_shape,
    .saved = conv_norm_act_saved,
    .flops = conv_norm_act_flops,
    .kernels = NN_LIST(conv_norm_act_kernels),
    .restore = restore,
    .defers = 1,
    .cases = NN_LIST(conv_norm_act_cases),
};
