/* conv_direct_weights.h -- the weight gradient of a convolution without a column matrix; see conv_direct_weights.c. */
#ifndef NN_CONV_DIRECT_WEIGHTS_H
#define NN_CONV_DIRECT_WEIGHTS_H
#include "nn/ops/im2col.h"

/* Floats of scratch that it needs (grows with nn_threads()). */
size_t nn_direct_weights_scratch(const NnConvGeom *g);

/* dw [O,C/groups,Kh,Kw] += the derivative of <dy, w * x> by w, for whatever nn_axis_fits (conv_taps.h) allows.
 * x [N,C,H,W], dy [N,O,Ho,Wo]. The bits depend on shapes and the instruction set, never on the number of threads. */
void nn_direct_weights(const NnConvGeom *g, const float *x, const float *dy, float *dw, float *scratch);

#endif
