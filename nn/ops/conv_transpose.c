/* conv_transpose.c -- conv_transpose2d, declared in conv.h: conv2d's three products the other way round.
 *
 * x plays the map and y the image of the geometry (im2col.h): what conv2d does to find the gradient of its input is
 * the forward pass here, and conv2d's forward pass is the gradient here. */
#include "nn/ops/case_shapes.h"
#include "nn/ops/conv_gemm.h"
#include "nn/ops/conv_shape.h"

static NnStatus transpose_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    const NnConvAttr *a = attr;
    const NnShape x = xs[0], w = xs[1];
    NN_TRY(nn_conv_check("conv_transpose2d", xs, n_in, a, err));
    if (a->upsample > 1)
        return nn_fail(err, NN_ERR_SHAPE, "conv_transpose2d: upsample %d belongs to conv2d only", a->upsample);
    if (w.d[0] != x.d[1])
        return nn_fail(err, NN_ERR_SHAPE, "conv_transpose2d: x has %d channels, w expects %d", x.d[1], w.d[0]);
    if (x.d[1] % a->groups != 0)
        return nn_fail(err, NN_ERR_SHAPE, "conv_transpose2d: %d groups do not divide %d input channels", a->groups,
                       x.d[1]);
    const int64_t O = (int64_t)w.d[1] * a->groups;
    int64_t size[2];
    for (int i = 0; i < 2; i++)
        size[i] =
            (x.d[2 + i] - 1) * (int64_t)a->stride - 2 * (int64_t)a->pad + a->dilation * (int64_t)(w.d[2 + i] - 1) + 1;
    if (size[0] < 1 || size[1] < 1 || size[0] > INT32_MAX || size[1] > INT32_MAX || O > INT32_MAX)
        return nn_fail(err, NN_ERR_SHAPE,
                       "conv_transpose2d: %dx%d with a %dx%d kernel, stride %d, pad %d would give %lldx%lld pixels",
                       x.d[2], x.d[3], w.d[2], w.d[3], a->stride, a->pad, (long long)size[0], (long long)size[1]);
    NN_TRY(nn_conv_check_bias("conv_transpose2d", xs, n_in, (int)O, err));
    *ys = (NnShape){ 4, { x.d[0], (int32_t)O, (int32_t)size[0], (int32_t)size[1] } };
    NN_TRY(nn_conv_check_sizes("conv_transpose2d", *ys, x, w, a, err));
    return nn_shape_check(*ys, err);
}

static double transpose_flops(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)n_in, (void)ys, (void)attr;
    return 2.0 * xs[1].d[1] * xs[1].d[2] * xs[1].d[3] * (double)nn_shape_len(xs[0]);
}

static size_t transpose_scratch(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how)
{
    (void)n_in, (void)how;
    const NnConvGeom g = nn_conv_geom(ys, xs[0], xs[1], attr);
    return nn_conv_scratch(&g);
}

static void transpose_forward(const NnFwd *k)
{
    const NnConvGeom g = nn_conv_geom(k->ys, k->xs[0], k->xs[1], k->attr);
    nn_conv_to_image(&g, k->x[0], k->x[1], k->n_in > 2 ? k->x[2] : NULL, 0, k->y, k->scratch);
}

static void transpose_backward(const NnBwd *k)
{
    const NnConvGeom g = nn_conv_geom(k->ys, k->xs[0], k->xs[1], k->attr);
    if (k->dx[0]) nn_conv_to_map(&g, k->dy, k->x[1], &(NnConvEnd){ 0 }, !(k->fresh & 1), k->dx[0], k->scratch);
    if (k->dx[1]) nn_conv_to_weights(&g, k->dy, k->x[0], k->dx[1], k->scratch);
    if (k->n_in > 2 && k->dx[2]) nn_conv_to_bias(k->dy, g.N, g.C, (size_t)g.H * (size_t)g.W, k->dx[2]);
}

static const NnKernel transpose_kernels[] = {
    { "blas", .scratch = transpose_scratch, .forward = transpose_forward, .backward = transpose_backward },
};

/* ---- tests: { label, { x, w, b }, ... } ---- */

/* clang-format off */
#define ATTR(s, p, d, g) &(const NnConvAttr){ .stride = s, .pad = p, .dilation = d, .groups = g }
/* clang-format on */

static const NnOpCase transpose_cases[] = {
    /* Every pixel stamps the kernel, scaled, at twice its place; the stamps overlap in the middle column. */
    { "by hand",
      { IMAGE(1, 1, 1, 2), IMAGE(1, 1, 1, 3), VECTOR(1) },
      .attr = ATTR(2, 0, 1, 1),
      .in = { (const float[]){ 1, 10 }, (const float[]){ 1, 2, 3 }, (const float[]){ .5f } },
      .y = (const float[]){ 1.5f, 2.5f, 13.5f, 20.5f, 30.5f },
      .dx0 = (const float[]){ 6, 6 } },
    { "3x3, pad 1", { IMAGE(2, 3, 4, 5), IMAGE(3, 2, 3, 3), VECTOR(2) }, DRAWN, .attr = ATTR(1, 1, 1, 1) },
    { "4x4, stride 2", { IMAGE(2, 2, 3, 4), IMAGE(2, 3, 4, 4), VECTOR(3) }, DRAWN, .attr = ATTR(2, 1, 1, 1) },
    { "no bias, gaps", { IMAGE(2, 2, 3, 3), IMAGE(2, 2, 2, 2) }, DRAWN, .attr = ATTR(3, 0, 1, 1) },
    { "dilation 2", { IMAGE(1, 2, 4, 5), IMAGE(2, 2, 3, 3), VECTOR(2) }, DRAWN, .attr = ATTR(2, 1, 2, 1) },
    { "groups", { IMAGE(2, 4, 3, 4), IMAGE(4, 3, 3, 3), VECTOR(6) }, DRAWN, .attr = ATTR(2, 1, 1, 2) },
    { "depthwise", { IMAGE(2, 3, 4, 3), IMAGE(3, 1, 4, 4) }, DRAWN, .attr = ATTR(2, 1, 1, 3) },
    { "1x1", { IMAGE(2, 3, 4, 3), IMAGE(3, 2, 1, 1), VECTOR(2) }, DRAWN, .attr = ATTR(1, 0, 1, 1) },
    { "kernel 7", { IMAGE(1, 1, 5, 4), IMAGE(1, 2, 7, 7), VECTOR(2) }, DRAWN, .attr = ATTR(1, 3, 1, 1) },
    { "several images a tile", { IMAGE(9, 2, 3, 2), IMAGE(2, 2, 3, 3), VECTOR(2) }, DRAWN, .attr = ATTR(2, 1, 1, 1) },
    { "several row tiles", { IMAGE(1, 1, 30, 20), IMAGE(1, 1, 3, 3), VECTOR(1) }, DRAWN, .attr = ATTR(1, 1, 1, 1) },
    { "pieces of a row", { IMAGE(1, 1, 2, 600), IMAGE(1, 1, 3, 3) }, DRAWN, .attr = ATTR(1, 1, 1, 1) },
    { "large", { IMAGE(2, 3, 17, 19), IMAGE(3, 4, 4, 4), VECTOR(4) }, DRAWN, .attr = ATTR(2, 1, 1, 1) },
    { "rank", { IMAGE(1, 3, 5, 5), { 2, { 3, 4 } } }, .attr = ATTR(1, 1, 1, 1), .want = NN_ERR_SHAPE },
    { "channels", { IMAGE(2, 3, 5, 5), IMAGE(4, 3, 3, 3) }, .attr = ATTR(1, 1, 1, 1), .want = NN_ERR_SHAPE },
    { "bias", { IMAGE(2, 3, 5, 5), IMAGE(3, 4, 3, 3), VECTOR(3) }, .attr = ATTR(1, 1, 1, 1), .want = NN_ERR_SHAPE },
    { "groups do not divide",
      { IMAGE(1, 3, 5, 5), IMAGE(3, 1, 3, 3) },
      .attr = ATTR(1, 1, 1, 2),
      .want = NN_ERR_SHAPE },
    { "nothing left", { IMAGE(1, 1, 1, 1), IMAGE(1, 1, 3, 3) }, .attr = ATTR(1, 2, 1, 1), .want = NN_ERR_SHAPE },
    { "stride 0", { IMAGE(1, 1, 4, 4), IMAGE(1, 1, 3, 3) }, .attr = ATTR(0, 1, 1, 1), .want = NN_ERR_SHAPE },
    { "upsample",
      { IMAGE(1, 1, 4, 4), IMAGE(1, 1, 3, 3) },
      .attr = &(const NnConvAttr){ .stride = 1, .pad = 1, .dilation = 1, .groups = 1, .upsample = 2 },
      .want = NN_ERR_SHAPE },
};

const NnOp nn_op_conv_transpose2d = {
    .name = "conv_transpose2d",
    .min_in = 2,
    .max_in = 3,
    .reads = NN_READS_X0 | NN_READS_X1,
    .overwrites = 1,
    .attr_size = sizeof(NnConvAttr),
    .shape = transpose_shape,
    .flops = transpose_flops,
    .kernels = NN_LIST(transpose_kernels),
    .cases = NN_LIST(transpose_cases),
};

NnVar nn_conv_transpose2d(NnGraph *g, NnVar x, NnVar w, NnVar b, NnConvAttr attr)
{
    const NnVar in[] = { x, w, b };
    return nn_graph_apply(g, &nn_op_conv_transpose2d, &attr, nn_var_is_some(b) ? 3 : 2, in);
}
