/* conv.c -- conv2d: its shape rule, its kernels, its tests. Formula in conv.h.
 *
 * How a convolution becomes a matrix product ("im2col", Chellapilla et al. 2006). Write w as a matrix with one row
 * per output channel and one column per tap (c,u,v), K = C Kh Kw of them. Write the image as a matrix with the same
 * K rows and one column per output pixel (i,j), holding what that pixel sees through the tap. Then
 *
 *                  T pixels                       T pixels
 *               +-----------+                  +-----------+
 *        K taps |    col    |         O rows   |     y     |
 *   +---------+ |           |       +---------+|           |
 * O |    w    | |           |   =              +-----------+        y  = w col + b
 *   +---------+ +-----------+                                       dw = dy col^T
 *                                                                   dcol = w^T dy, and every element of dcol is
 *                                                                   added to the pixel it was copied from (col2im)
 *
 * The whole col is Kh Kw times the image. We never make it: the output is cut into tiles of some hundred pixels, so
 * that a tile's col stays in cache from im2col to sgemm, and sgemm writes its rows straight into y:
 *
 *      large map: rows of one image     wide map: pieces of a row      small maps: several images
 *        +---------------+               +-------+-------+-------+        +---+ +---+ +---+
 *        |    tile 0     |               | 0     | 1     | 2     |        | 0 | | 0 | | 0 |
 *        +---------------+               +-------+-------+-------+        +---+ +---+ +---+
 *        |    tile 1     |               | 3     | 4     | 5     |         n=0   n=1   n=2
 *        +---------------+               +-------+-------+-------+
 *
 * Groups are independent convolutions over C/G channels. im2col.c makes the copies, conv_gemm.c cuts the tiles and
 * forms the three products, conv_transpose.c uses the same three the other way round. Two special cases:
 *   pointwise   1x1, stride 1: the image is its own col, and nothing is copied;
 *   depthwise   one input channel per group: too little work per pixel for sgemm; direct loops (conv_depthwise.c). */
#include "nn/ops/conv.h"

#include "nn/ops/case_shapes.h"
#include "nn/ops/conv_depthwise.h"
#include "nn/ops/conv_gemm.h"
#include "nn/ops/conv_shape.h"

static NnStatus conv2d_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    const NnConvAttr *a = attr;
    const NnShape x = xs[0], w = xs[1];
    NN_TRY(nn_conv_check("conv2d", xs, n_in, a, err));
    if (x.d[1] % a->groups != 0 || w.d[0] % a->groups != 0)
        return nn_fail(err, NN_ERR_SHAPE, "conv2d: %d groups do not divide %d input and %d output channels", a->groups,
                       x.d[1], w.d[0]);
    if (w.d[1] != x.d[1] / a->groups)
        return nn_fail(err, NN_ERR_SHAPE, "conv2d: x has %d channels in %d groups, w expects %d per group", x.d[1],
                       a->groups, w.d[1]);
    NN_TRY(nn_conv_check_bias("conv2d", xs, n_in, w.d[0], err));
    const int64_t Ho = nn_conv_out_size(x.d[2], w.d[2], a), Wo = nn_conv_out_size(x.d[3], w.d[3], a);
    if (Ho < 1 || Wo < 1 || Ho > INT32_MAX || Wo > INT32_MAX)
        return nn_fail(err, NN_ERR_SHAPE, "conv2d: a %dx%d kernel with dilation %d does not fit %dx%d with pad %d",
                       w.d[2], w.d[3], a->dilation, x.d[2], x.d[3], a->pad);
    *ys = (NnShape){ 4, { x.d[0], w.d[0], (int32_t)Ho, (int32_t)Wo } };
    NN_TRY(nn_conv_check_sizes("conv2d", x, *ys, w, err));
    return nn_shape_check(*ys, err);
}

static double conv2d_flops(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)n_in, (void)attr;
    return 2.0 * xs[1].d[1] * xs[1].d[2] * xs[1].d[3] * (double)nn_shape_len(ys);
}

static const float *bias_of(const NnFwd *k)
{
    return k->n_in > 2 ? k->x[2] : NULL;
}

/* Gradient of the bias, the same for every kernel. */
static void add_db(const NnBwd *k)
{
    if (k->n_in > 2 && k->dx[2])
        nn_conv_to_bias(k->dy, k->ys.d[0], k->ys.d[1], (size_t)k->ys.d[2] * (size_t)k->ys.d[3], k->dx[2]);
}

/* ---- blas: fits everything ---- */

static size_t blas_scratch(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how)
{
    (void)n_in, (void)how;
    const NnConvGeom g = nn_conv_geom(xs[0], ys, xs[1], attr);
    return nn_conv_scratch(&g);
}

static void forward_with(const NnFwd *k, int in_place)
{
    NnConvGeom g = nn_conv_geom(k->xs[0], k->ys, k->xs[1], k->attr);
    g.in_place = in_place;
    nn_conv_to_map(&g, k->x[0], k->x[1], bias_of(k), 0, k->y, k->scratch);
}

static void backward_with(const NnBwd *k, int in_place)
{
    NnConvGeom g = nn_conv_geom(k->xs[0], k->ys, k->xs[1], k->attr);
    g.in_place = in_place;
    if (k->dx[0]) nn_conv_to_image(&g, k->dy, k->x[1], NULL, 1, k->dx[0], k->scratch);
    if (k->dx[1]) nn_conv_to_weights(&g, k->x[0], k->dy, k->dx[1], k->scratch);
    add_db(k);
}

static void blas_forward(const NnFwd *k)
{
    forward_with(k, 0);
}

static void blas_backward(const NnBwd *k)
{
    backward_with(k, 0);
}

/* ---- pointwise: 1x1, stride 1, no padding, one group ---- */

enum { POINTWISE_MIN = 64 }; /* smaller planes gain more from sharing a tile with other images */

static int pointwise_fits(const NnShape *xs, int n_in, const void *attr, const void *how)
{
    (void)n_in, (void)how;
    const NnConvAttr *a = attr;
    return xs[1].d[2] == 1 && xs[1].d[3] == 1 && a->stride == 1 && a->pad == 0 && a->groups == 1 &&
           xs[0].d[2] * xs[0].d[3] >= POINTWISE_MIN;
}

static size_t pointwise_scratch(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how)
{
    (void)n_in, (void)how;
    NnConvGeom g = nn_conv_geom(xs[0], ys, xs[1], attr);
    g.in_place = 1;
    return nn_conv_scratch(&g);
}

static void pointwise_forward(const NnFwd *k)
{
    forward_with(k, 1);
}

static void pointwise_backward(const NnBwd *k)
{
    backward_with(k, 1);
}

/* ---- depthwise: one input channel per group ---- */

static int depthwise_fits(const NnShape *xs, int n_in, const void *attr, const void *how)
{
    (void)n_in, (void)how;
    const NnConvAttr *a = attr;
    return a->groups > 1 && a->groups == xs[0].d[1];
}

static void depthwise_forward(const NnFwd *k)
{
    const NnConvGeom g = nn_conv_geom(k->xs[0], k->ys, k->xs[1], k->attr);
    nn_depthwise_forward(&g, k->x[0], k->x[1], bias_of(k), k->y);
}

static void depthwise_backward(const NnBwd *k)
{
    const NnConvGeom g = nn_conv_geom(k->xs[0], k->ys, k->xs[1], k->attr);
    if (k->dx[0]) nn_depthwise_dx(&g, k->x[1], k->dy, k->dx[0]);
    if (k->dx[1]) nn_depthwise_dw(&g, k->x[0], k->dy, k->dx[1]);
    add_db(k);
}

static const NnKernel conv2d_kernels[] = {
    { "depthwise", .fits = depthwise_fits, .forward = depthwise_forward, .backward = depthwise_backward },
    { "pointwise", pointwise_fits, pointwise_scratch, .forward = pointwise_forward, .backward = pointwise_backward },
    { "blas", .scratch = blas_scratch, .forward = blas_forward, .backward = blas_backward },
};

/* ---- tests: { label, { x, w, b }, ... } ---- */

/* clang-format off */
#define ATTR(s, p, d, g) &(const NnConvAttr){ .stride = s, .pad = p, .dilation = d, .groups = g }
/* clang-format on */

static const NnOpCase conv2d_cases[] = {
    /* [1 2 3; 4 5 6; 7 8 9] with w = [1 10; 100 1000], b = .5: each digit of y names a pixel. dx0 is w, summed over
     * the outputs that see the pixel. */
    { "by hand",
      { IMAGE(1, 1, 3, 3), IMAGE(1, 1, 2, 2), VECTOR(1) },
      .attr = ATTR(1, 0, 1, 1),
      .in = { (const float[]){ 1, 2, 3, 4, 5, 6, 7, 8, 9 }, (const float[]){ 1, 10, 100, 1000 },
              (const float[]){ .5f } },
      .y = (const float[]){ 5421.5f, 6532.5f, 8754.5f, 9865.5f },
      .dx0 = (const float[]){ 1, 11, 10, 101, 1111, 1010, 100, 1100, 1000 } },
    /* A pad of 1 and stride 2 around one pixel of value 3: only the middle tap sees it. */
    { "by hand, padded",
      { IMAGE(1, 1, 1, 1), IMAGE(1, 1, 3, 3) },
      .attr = ATTR(2, 1, 1, 1),
      .in = { (const float[]){ 3 }, (const float[]){ 1, 2, 3, 4, 5, 6, 7, 8, 9 } },
      .y = (const float[]){ 15 },
      .dx0 = (const float[]){ 5 } },
    { "3x3, pad 1", { IMAGE(2, 3, 5, 6), IMAGE(4, 3, 3, 3), VECTOR(4) }, DRAWN, .attr = ATTR(1, 1, 1, 1) },
    { "no bias, stride 2", { IMAGE(2, 3, 7, 8), IMAGE(4, 3, 3, 3) }, DRAWN, .attr = ATTR(2, 1, 1, 1) },
    { "stride 3, no pad", { IMAGE(1, 2, 10, 11), IMAGE(3, 2, 3, 3), VECTOR(3) }, DRAWN, .attr = ATTR(3, 0, 1, 1) },
    { "dilation 2", { IMAGE(2, 2, 8, 7), IMAGE(3, 2, 3, 3), VECTOR(3) }, DRAWN, .attr = ATTR(1, 2, 2, 1) },
    { "dilation 2, stride 2", { IMAGE(1, 2, 9, 10), IMAGE(2, 2, 3, 2) }, DRAWN, .attr = ATTR(2, 3, 2, 1) },
    { "groups", { IMAGE(2, 4, 5, 4), IMAGE(6, 2, 3, 3), VECTOR(6) }, DRAWN, .attr = ATTR(1, 1, 1, 2) },
    { "groups, stride 2", { IMAGE(3, 6, 5, 6), IMAGE(3, 2, 3, 3) }, DRAWN, .attr = ATTR(2, 1, 1, 3) },
    { "depthwise", { IMAGE(2, 3, 6, 5), IMAGE(3, 1, 3, 3), VECTOR(3) }, DRAWN, .attr = ATTR(1, 1, 1, 3) },
    { "depthwise, two maps each", { IMAGE(2, 2, 7, 9), IMAGE(4, 1, 5, 3) }, DRAWN, .attr = ATTR(2, 2, 1, 2) },
    { "depthwise, dilated", { IMAGE(1, 3, 9, 20), IMAGE(3, 1, 3, 3), VECTOR(3) }, DRAWN, .attr = ATTR(1, 2, 2, 3) },
    { "1x1", { IMAGE(2, 5, 4, 3), IMAGE(3, 5, 1, 1), VECTOR(3) }, DRAWN, .attr = ATTR(1, 0, 1, 1) },
    { "1x1, pointwise", { IMAGE(2, 5, 8, 9), IMAGE(3, 5, 1, 1), VECTOR(3) }, DRAWN, .attr = ATTR(1, 0, 1, 1) },
    { "1x1, several tiles", { IMAGE(1, 2, 20, 31), IMAGE(2, 2, 1, 1) }, DRAWN, .attr = ATTR(1, 0, 1, 1) },
    { "1x1, stride 2", { IMAGE(2, 3, 5, 6), IMAGE(2, 3, 1, 1) }, DRAWN, .attr = ATTR(2, 0, 1, 1) },
    { "kernel 7", { IMAGE(1, 2, 9, 8), IMAGE(2, 2, 7, 7), VECTOR(2) }, DRAWN, .attr = ATTR(1, 3, 1, 1) },
    { "kernel larger than image",
      { IMAGE(2, 1, 2, 3), IMAGE(2, 1, 5, 5), VECTOR(2) },
      DRAWN,
      .attr = ATTR(1, 2, 1, 1) },
    { "kernel 1x3", { IMAGE(1, 2, 4, 9), IMAGE(2, 2, 1, 3) }, DRAWN, .attr = ATTR(1, 1, 1, 1) },
    { "pad wider than kernel", { IMAGE(1, 1, 3, 4), IMAGE(2, 1, 2, 2), VECTOR(2) }, DRAWN, .attr = ATTR(1, 3, 1, 1) },
    { "several images a tile", { IMAGE(9, 2, 3, 4), IMAGE(3, 2, 3, 3), VECTOR(3) }, DRAWN, .attr = ATTR(1, 1, 1, 1) },
    { "several row tiles", { IMAGE(1, 1, 40, 30), IMAGE(1, 1, 3, 3), VECTOR(1) }, DRAWN, .attr = ATTR(1, 1, 1, 1) },
    { "pieces of a row", { IMAGE(1, 1, 2, 700), IMAGE(1, 1, 3, 3), VECTOR(1) }, DRAWN, .attr = ATTR(1, 1, 1, 1) },
    { "more images than lanes", { IMAGE(19, 1, 4, 5), IMAGE(2, 1, 3, 3) }, DRAWN, .attr = ATTR(1, 0, 1, 1) },
    { "large", { IMAGE(2, 3, 33, 35), IMAGE(4, 3, 3, 3), VECTOR(4) }, DRAWN, .attr = ATTR(1, 1, 1, 1) },
    { "large, depthwise", { IMAGE(2, 3, 53, 55), IMAGE(3, 1, 3, 3), VECTOR(3) }, DRAWN, .attr = ATTR(1, 1, 1, 3) },
    { "rank", { { 3, { 3, 5, 5 } }, IMAGE(4, 3, 3, 3) }, .attr = ATTR(1, 1, 1, 1), .want = NN_ERR_SHAPE },
    { "channels", { IMAGE(2, 3, 5, 5), IMAGE(4, 2, 3, 3) }, .attr = ATTR(1, 1, 1, 1), .want = NN_ERR_SHAPE },
    { "bias", { IMAGE(2, 3, 5, 5), IMAGE(4, 3, 3, 3), VECTOR(3) }, .attr = ATTR(1, 1, 1, 1), .want = NN_ERR_SHAPE },
    { "kernel too large", { IMAGE(2, 3, 5, 5), IMAGE(4, 3, 8, 8) }, .attr = ATTR(1, 1, 1, 1), .want = NN_ERR_SHAPE },
    { "dilated too far", { IMAGE(2, 3, 5, 5), IMAGE(4, 3, 3, 3) }, .attr = ATTR(1, 0, 3, 1), .want = NN_ERR_SHAPE },
    { "groups do not divide",
      { IMAGE(1, 3, 5, 5), IMAGE(4, 1, 3, 3) },
      .attr = ATTR(1, 1, 1, 2),
      .want = NN_ERR_SHAPE },
    { "stride 0", { IMAGE(2, 3, 5, 5), IMAGE(4, 3, 3, 3) }, .attr = ATTR(0, 1, 1, 1), .want = NN_ERR_SHAPE },
    { "negative pad", { IMAGE(2, 3, 5, 5), IMAGE(4, 3, 3, 3) }, .attr = ATTR(1, -1, 1, 1), .want = NN_ERR_SHAPE },
};

const NnOp nn_op_conv2d = {
    .name = "conv2d",
    .min_in = 2,
    .max_in = 3,
    .reads = NN_READS_X0 | NN_READS_X1,
    .attr_size = sizeof(NnConvAttr),
    .shape = conv2d_shape,
    .flops = conv2d_flops,
    .kernels = NN_LIST(conv2d_kernels),
    .cases = NN_LIST(conv2d_cases),
};

NnVar nn_conv2d(NnGraph *g, NnVar x, NnVar w, NnVar b, NnConvAttr attr)
{
    const NnVar in[] = { x, w, b };
    return nn_graph_apply(g, &nn_op_conv2d, &attr, nn_var_is_some(b) ? 3 : 2, in);
}
