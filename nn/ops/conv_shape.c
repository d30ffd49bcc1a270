/* conv_shape.c -- see conv_shape.h. */
#include "nn/ops/conv_shape.h"

#include <limits.h>

NnStatus nn_conv_check(const char *op, const NnShape *xs, int n_in, const NnConvAttr *a, NnErr *err)
{
    char x[64], w[64];
    if (xs[0].n != 4 || xs[1].n != 4)
        return nn_fail(err, NN_ERR_SHAPE, "%s: want x and w of 4 dimensions, got x %s, w %s", op,
                       nn_shape_text(xs[0], x), nn_shape_text(xs[1], w));
    if (n_in > 2 && xs[2].n != 1)
        return nn_fail(err, NN_ERR_SHAPE, "%s: want b of 1 dimension, got %s", op, nn_shape_text(xs[2], x));
    if (a->stride < 1 || a->dilation < 1 || a->groups < 1 || a->pad < 0)
        return nn_fail(
            err, NN_ERR_SHAPE,
            "%s: want stride, dilation, groups >= 1 and pad >= 0, got stride %d, dilation %d, groups %d, pad %d", op,
            a->stride, a->dilation, a->groups, a->pad);
    if (a->upsample < 0 || a->upsample > NN_CONV_UPSAMPLE_MAX)
        return nn_fail(err, NN_ERR_SHAPE, "%s: upsample %d, expected 0 to %d", op, a->upsample, NN_CONV_UPSAMPLE_MAX);
    if (a->upsample > 1 && (a->stride != 1 || a->dilation != 1 || a->groups != 1))
        return nn_fail(err, NN_ERR_SHAPE,
                       "%s: upsample %d goes with stride, dilation and groups of 1 only, got stride %d, dilation %d, "
                       "groups %d",
                       op, a->upsample, a->stride, a->dilation, a->groups);
    return NN_OK;
}

NnStatus nn_conv_check_bias(const char *op, const NnShape *xs, int n_in, int outputs, NnErr *err)
{
    if (n_in > 2 && xs[2].d[0] != outputs)
        return nn_fail(err, NN_ERR_SHAPE, "%s: b has %d values for %d output channels", op, xs[2].d[0], outputs);
    return NN_OK;
}

int64_t nn_conv_out_size(int32_t size, int32_t kernel, const NnConvAttr *a)
{
    const int64_t enlarged = (int64_t)size * (a->upsample > 1 ? a->upsample : 1);
    const int64_t left = enlarged + 2 * (int64_t)a->pad - (int64_t)a->dilation * (kernel - 1) - 1;
    return left < 0 ? 0 : left / a->stride + 1;
}

NnStatus nn_conv_check_sizes(const char *op, NnShape image, NnShape map, NnShape w, const NnConvAttr *a, NnErr *err)
{
    const int64_t area = a->upsample > 1 ? (int64_t)a->upsample * a->upsample : 1, most = INT_MAX / 4;
    const int64_t sizes[] = { (int64_t)image.d[2] * image.d[3], (int64_t)map.d[2] * map.d[3],
                              (int64_t)w.d[1] * w.d[2] * w.d[3] };
    for (int i = 0; i < 3; i++)
        if (sizes[i] > (i ? most : most / area))
            return nn_fail(err, NN_ERR_SHAPE, "%s: a plane or a kernel of %lld elements is too large (at most %lld)",
                           op, (long long)sizes[i], (long long)(i ? most : most / area));
    return NN_OK;
}

NnStatus nn_conv2d_shape(const char *op, const NnShape *xs, int n_in, const NnConvAttr *a, NnShape *ys, NnErr *err)
{
    const NnShape x = xs[0], w = xs[1];
    NN_TRY(nn_conv_check(op, xs, n_in, a, err));
    if (x.d[1] % a->groups != 0 || w.d[0] % a->groups != 0)
        return nn_fail(err, NN_ERR_SHAPE, "%s: %d groups do not divide %d input and %d output channels", op, a->groups,
                       x.d[1], w.d[0]);
    if (w.d[1] != x.d[1] / a->groups)
        return nn_fail(err, NN_ERR_SHAPE, "%s: x has %d channels in %d groups, w expects %d per group", op, x.d[1],
                       a->groups, w.d[1]);
    NN_TRY(nn_conv_check_bias(op, xs, n_in, w.d[0], err));
    const int64_t Ho = nn_conv_out_size(x.d[2], w.d[2], a), Wo = nn_conv_out_size(x.d[3], w.d[3], a);
    if (Ho < 1 || Wo < 1 || Ho > INT32_MAX || Wo > INT32_MAX)
        return nn_fail(err, NN_ERR_SHAPE, "%s: a %dx%d kernel with dilation %d does not fit %dx%d with pad %d", op,
                       w.d[2], w.d[3], a->dilation, x.d[2], x.d[3], a->pad);
    *ys = (NnShape){ 4, { x.d[0], w.d[0], (int32_t)Ho, (int32_t)Wo } };
    NN_TRY(nn_conv_check_sizes(op, x, *ys, w, a, err));
    return nn_shape_check(*ys, err);
}

NnConvGeom nn_conv2d_geom(const NnShape *xs, const NnConvAttr *a)
{
    const int32_t Ho = (int32_t)nn_conv_out_size(xs[0].d[2], xs[1].d[2], a);
    const int32_t Wo = (int32_t)nn_conv_out_size(xs[0].d[3], xs[1].d[3], a);
    return nn_conv_geom(xs[0], (NnShape){ 4, { xs[0].d[0], xs[1].d[0], Ho, Wo } }, xs[1], a);
}
