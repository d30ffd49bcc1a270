/* conv_depthwise.h -- conv2d with one input channel per group, by direct loops: products with an inner length of
 * Kh Kw would starve a matrix multiplication. Arguments as in conv_gemm.h, with g->groups == g->C. */
#ifndef NN_CONV_DEPTHWISE_H
#define NN_CONV_DEPTHWISE_H
#include "nn/ops/im2col.h"

void nn_depthwise_forward(const NnConvGeom *g, const float *x, const float *w, const float *b, float *y);
void nn_depthwise_dx(const NnConvGeom *g, const float *w, const float *dy, float *dx); /* adds */
void nn_depthwise_dw(const NnConvGeom *g, const float *x, const float *dy, float *dw); /* adds */

#endif
