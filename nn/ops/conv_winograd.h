/* conv_winograd.h -- what the two halves of Winograd's convolution share; private to conv_winograd*.c. */
#ifndef NN_CONV_WINOGRAD_H
#define NN_CONV_WINOGRAD_H
#include "nn/ops/im2col.h"

/* conv_winograd_weights.c: the weight gradient, as in NnConvMethod, and the floats of scratch that it needs. */
void nn_winograd_to_weights(const NnConvGeom *g, const float *x, const float *dy, float *dw, float *scratch);
size_t nn_winograd_weights_scratch(const NnConvGeom *g);

#endif
