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
    const int64_t left = size + 2 * (int64_t)a->pad - (int64_t)a->dilation * (kernel - 1) - 1;
    return left < 0 ? 0 : left / a->stride + 1;
}

NnStatus nn_conv_check_sizes(const char *op, NnShape image, NnShape map, NnShape w, NnErr *err)
{
    const int64_t sizes[] = { (int64_t)image.d[2] * image.d[3], (int64_t)map.d[2] * map.d[3],
                              (int64_t)w.d[1] * w.d[2] * w.d[3] };
    for (int i = 0; i < 3; i++)
        if (sizes[i] > INT_MAX / 4)
            return nn_fail(err, NN_ERR_SHAPE, "%s: a plane or a kernel of %lld elements is too large (at most %d)", op,
                           (long long)sizes[i], INT_MAX / 4);
    return NN_OK;
}
