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
 * forms the three products, conv_transpose.c uses the same three the other way round.
 *
 * That is the method "blas", which fits everything. The others (conv_method_list.h) do some cases faster, and the plan
 * chooses by cost:
 *   direct      sums of shifted copies of a band, no col at all: nearly everything, and usually the fastest;
 *   winograd    3x3, stride 1, many channels: a quarter of the multiplications, rounded more;
 *   polyphase   3x3 with stride 2 or after an enlargement: 25 multiplications for 36 or 64;
 *   pointwise   1x1, stride 1: the image is its own col, and nothing is copied;
 *   depthwise   one input channel per group: too little work per pixel for the others; plain loops. */
#include "nn/ops/conv.h"

#include <string.h>

#include "nn/ops/case_shapes.h"
#include "nn/ops/conv_gemm.h"
#include "nn/ops/conv_method.h"
#include "nn/ops/conv_norm_act.h"
#include "nn/ops/conv_shape.h"
#include "nn/ops/resample.h"

static NnStatus conv2d_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    return nn_conv2d_shape("conv2d", xs, n_in, attr, ys, err);
}

static double conv2d_flops(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)n_in, (void)attr;
    return 2.0 * xs[1].d[1] * xs[1].d[2] * xs[1].d[3] * (double)nn_shape_len(ys);
}

/* ---- one kernel a method; `how` is the method ---- */

static int conv_fits(const NnShape *xs, int n_in, const void *attr, const void *how)
{
    (void)n_in;
    const NnConvGeom g = nn_conv2d_geom(xs, attr);
    return ((const NnConvMethod *)how)->fits(&g);
}

static double conv_cost(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how)
{
    (void)n_in, (void)ys;
    const NnConvGeom g = nn_conv2d_geom(xs, attr);
    return ((const NnConvMethod *)how)->cost(&g);
}

static size_t conv_scratch(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how)
{
    (void)n_in, (void)ys;
    const NnConvGeom g = nn_conv2d_geom(xs, attr);
    return ((const NnConvMethod *)how)->scratch(&g);
}

static void conv_forward(const NnFwd *k)
{
    const NnConvMethod *method = k->how;
    NnConvGeom g = nn_conv2d_geom(k->xs, k->attr);
    NnNorm room;
    const float *x = nn_conv_input(k->x[0], &k->from, k->xs[0], &room, &g.norm);
    const NnConvEnd end = { .shift = k->n_in > 2 ? k->x[2] : NULL };
    method->forward(&g, x, k->x[1], &end, k->y, k->scratch);
}

static void conv_backward(const NnBwd *k)
{
    const NnConvMethod *method = k->how;
    NnConvGeom g = nn_conv2d_geom(k->xs, k->attr);
    NnNorm room;
    const float *x = nn_conv_input(k->x[0], &k->from, k->xs[0], &room, &g.norm);
    if (k->dx[1]) method->weight_gradient(&g, x, k->dy, k->dx[1], k->scratch);
    if (k->n_in > 2 && k->dx[2]) nn_conv_to_bias(k->dy, g.N, g.O, (size_t)g.Ho * (size_t)g.Wo, k->dx[2]);
    if (k->dx[0]) method->input_gradient(&g, k->dy, k->x[1], !(k->fresh & 1), k->dx[0], k->scratch);
}

static const NnKernel conv2d_kernels[] = {
#define NN_CONV_METHOD(id, is_inexact, normalises)                                                                     \
    { .name = #id,                                                                                                     \
      .fits = conv_fits,                                                                                               \
      .scratch = conv_scratch,                                                                                         \
      .forward = conv_forward,                                                                                         \
      .backward = conv_backward,                                                                                       \
      .cost = conv_cost,                                                                                               \
      .how = &nn_conv_##id,                                                                                            \
      .takes = (normalises) ? &nn_op_conv_norm_act : NULL,                                                             \
      .inexact = is_inexact },
#include "nn/ops/conv_method_list.h"
#undef NN_CONV_METHOD
};

/* The enlarged image is conv2d's own business: it need not exist. */
static int conv2d_absorb(const NnNode *self, const NnNode *producer, NnFused *fused)
{
    NnConvAttr a = *(const NnConvAttr *)self->attr;
    const int factor = nn_upsample_factor(producer);
    if (factor < 1 || factor > NN_CONV_UPSAMPLE_MAX || a.upsample > 1) return 0;
    if (a.stride != 1 || a.dilation != 1 || a.groups != 1) return 0;
    a.upsample = factor;
    *fused = (NnFused){ .op = self->op, .n_in = self->n_in };
    memcpy(fused->in, self->in, sizeof fused->in);
    fused->in[0] = producer->in[0];
    memcpy(fused->attr, &a, sizeof a);
    return 1;
}

/* ---- tests: { label, { x, w, b }, ... } ---- */

/* clang-format off */
#define ATTR(s, p, d, g) &(const NnConvAttr){ .stride = s, .pad = p, .dilation = d, .groups = g }
#define UP(f, p) &(const NnConvAttr){ .stride = 1, .pad = p, .dilation = 1, .groups = 1, .upsample = f }
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
    /* [1 2; 3 4] twice as large, and 2x2 sums of it. dx0: a pixel is seen by the 9 windows that touch its block. */
    { "upsample by hand",
      { IMAGE(1, 1, 2, 2), IMAGE(1, 1, 2, 2) },
      .attr = UP(2, 0),
      .in = { (const float[]){ 1, 2, 3, 4 }, (const float[]){ 1, 1, 1, 1 } },
      .y = (const float[]){ 4, 6, 8, 8, 10, 12, 12, 14, 16 },
      .dx0 = (const float[]){ 9, 9, 9, 9 } },
    { "upsample 2", { IMAGE(2, 3, 4, 5), IMAGE(4, 3, 3, 3), VECTOR(4) }, DRAWN, .attr = UP(2, 1) },
    { "upsample 2, no bias", { IMAGE(3, 2, 5, 3), IMAGE(3, 2, 3, 3) }, DRAWN, .attr = UP(2, 1) },
    { "upsample 2, no pad", { IMAGE(1, 2, 3, 4), IMAGE(2, 2, 3, 3) }, DRAWN, .attr = UP(2, 0) },
    { "upsample 2, wide pad", { IMAGE(1, 2, 3, 4), IMAGE(2, 2, 3, 3) }, DRAWN, .attr = UP(2, 3) },
    { "upsample 2, one pixel", { IMAGE(2, 2, 1, 1), IMAGE(2, 2, 3, 3), VECTOR(2) }, DRAWN, .attr = UP(2, 1) },
    { "upsample 2, 1x1", { IMAGE(2, 3, 5, 6), IMAGE(2, 3, 1, 1), VECTOR(2) }, DRAWN, .attr = UP(2, 0) },
    { "upsample 2, kernel 5", { IMAGE(1, 2, 4, 5), IMAGE(3, 2, 5, 5), VECTOR(3) }, DRAWN, .attr = UP(2, 2) },
    { "upsample 2, kernel 2x4", { IMAGE(1, 2, 4, 5), IMAGE(3, 2, 2, 4), VECTOR(3) }, DRAWN, .attr = UP(2, 1) },
    { "upsample 2, 16 channels", { IMAGE(2, 16, 8, 8), IMAGE(16, 16, 3, 3) }, DRAWN, .attr = UP(2, 1) },
    { "upsample 2, many small images", { IMAGE(9, 2, 2, 3), IMAGE(3, 2, 3, 3) }, DRAWN, .attr = UP(2, 1) },
    { "upsample 2, pieces of a row", { IMAGE(1, 1, 2, 350), IMAGE(1, 1, 3, 3) }, DRAWN, .attr = UP(2, 1) },
    { "upsample 2, large", { IMAGE(2, 3, 17, 19), IMAGE(4, 3, 3, 3), VECTOR(4) }, DRAWN, .attr = UP(2, 1) },
    { "upsample 3", { IMAGE(2, 2, 3, 4), IMAGE(3, 2, 3, 3), VECTOR(3) }, DRAWN, .attr = UP(3, 1) },
    { "upsample 4, kernel 7", { IMAGE(1, 2, 3, 2), IMAGE(2, 2, 7, 7) }, DRAWN, .attr = UP(4, 3) },
    { "upsample 1", { IMAGE(1, 2, 3, 4), IMAGE(2, 2, 3, 3) }, DRAWN, .attr = UP(1, 1) },
    { "upsample 9", { IMAGE(1, 1, 2, 2), IMAGE(1, 1, 3, 3) }, .attr = UP(9, 1), .want = NN_ERR_SHAPE },
    { "upsample -1", { IMAGE(1, 1, 2, 2), IMAGE(1, 1, 3, 3) }, .attr = UP(-1, 1), .want = NN_ERR_SHAPE },
    { "upsample and stride",
      { IMAGE(1, 1, 4, 4), IMAGE(1, 1, 3, 3) },
      .attr = &(const NnConvAttr){ .stride = 2, .pad = 1, .dilation = 1, .groups = 1, .upsample = 2 },
      .want = NN_ERR_SHAPE },
    { "upsample too large", { IMAGE(1, 1, 10000, 10000), IMAGE(1, 1, 3, 3) }, .attr = UP(8, 1), .want = NN_ERR_SHAPE },
    { "rank", { { 3, { 3, 5, 5 } }, IMAGE(4, 3, 3, 3) }, .attr = ATTR(1, 1, 1, 1), .want = NN_ERR_SHAPE },
    { "channels", { IMAGE(2, 3, 5, 5), IMAGE(4, 2, 3, 3) }, .attr = ATTR(1, 1, 1, 1), .want = NN_ERR_SHAPE },
    { "bias", { IMAGE(2, 3, 5, 5), IMAGE(4, 3, 3, 3), VECTOR(3) }, .attr = ATTR(1, 1, 1, 1), .want = NN_ERR_SHAPE },
    { "kernel too large", { IMAGE(2, 3, 5, 5), IMAGE(4, 3, 8, 8) }, .attr = ATTR(1, 1, 1, 1), .want = NN_ERR_SHAPE },
    { "dilated very far", { IMAGE(1, 1, 1, 1), IMAGE(1, 1, 3, 3) }, DRAWN, .attr = ATTR(1, 30000, 30000, 1) },
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
    .overwrites = 1,
    .writes_last = 1,
    .attr_size = sizeof(NnConvAttr),
    .shape = conv2d_shape,
    .flops = conv2d_flops,
    .absorb = conv2d_absorb,
    .kernels = NN_LIST(conv2d_kernels),
    .cases = NN_LIST(conv2d_cases),
};

NnVar nn_conv2d(NnGraph *g, NnVar x, NnVar w, NnVar b, NnConvAttr attr)
{
    const NnVar in[] = { x, w, b };
    return nn_graph_apply(g, &nn_op_conv2d, &attr, nn_var_is_some(b) ? 3 : 2, in);
}
