/* conv_shape.h -- the checks that conv2d, conv_norm_act and conv_transpose2d share. */
#ifndef NN_CONV_SHAPE_H
#define NN_CONV_SHAPE_H
#include "nn/ops/conv.h"
#include "nn/ops/im2col.h"

/* Ranks of x, w and b, and the attributes; op is the name for messages. */
NnStatus nn_conv_check(const char *op, const NnShape *xs, int n_in, const NnConvAttr *a, NnErr *err);

/* b, if there is one, has one value for each of the output channels. */
NnStatus nn_conv_check_bias(const char *op, const NnShape *xs, int n_in, int outputs, NnErr *err);

/* Rows or columns of the output of conv2d, from those of its input; 0 or less: the kernel does not fit. */
int64_t nn_conv_out_size(int32_t size, int32_t kernel, const NnConvAttr *a);

/* Every plane and every row of a column matrix can be counted in an int. */
NnStatus nn_conv_check_sizes(const char *op, NnShape image, NnShape map, NnShape w, const NnConvAttr *a, NnErr *err);

/* The whole shape rule of conv2d, for an op of that name which convolves xs[0] with xs[1] and may have a bias xs[2]. */
NnStatus nn_conv2d_shape(const char *op, const NnShape *xs, int n_in, const NnConvAttr *a, NnShape *ys, NnErr *err);

/* The geometry of conv2d of xs[0] by xs[1], which have passed that rule. */
NnConvGeom nn_conv2d_geom(const NnShape *xs, const NnConvAttr *a);

#endif
