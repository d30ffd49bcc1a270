/* conv_direct_weights.h -- the weight gradient of the direct method. */
#ifndef NN_CONV_DIRECT_WEIGHTS_H
#define NN_CONV_DIRECT_WEIGHTS_H
#include "nn/ops/im2col.h"

size_t nn_direct_weights_scratch(const NnConvGeom *g);
void nn_direct_weights(const NnConvGeom *g, const float *x, const float *dy, float *dw, float *scratch);

#endif
