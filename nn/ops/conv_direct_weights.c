#include "nn/ops/conv_direct_weights.h"

#include "nn/ops/conv_method.h"

size_t nn_direct_weights_scratch(const NnConvGeom *g)
{
    return nn_conv_blas.scratch(g);
}

void nn_direct_weights(const NnConvGeom *g, const float *x, const float *dy, float *dw, float *scratch)
{
    nn_conv_blas.weight_gradient(g, x, dy, dw, scratch);
}
