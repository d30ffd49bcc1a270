/* conv_gemm.h -- the three products of which convolutions and their gradients are made; see conv_gemm.c,
 * which also has the methods (conv_method.h) that are made of them.
 *
 *   product          conv2d           conv_transpose2d
 *   to_map           forward          input gradient
 *   to_image         input gradient   forward
 *   to_weights       weight gradient  weight gradient
 *
 * image [N,C,H,W], map [N,O,Ho,Wo], w [O,C/G,Kh,Kw] as in NnConvGeom. */
#ifndef NN_CONV_GEMM_H
#define NN_CONV_GEMM_H
#include "nn/ops/conv_end.h"
#include "nn/ops/im2col.h"

/* Floats of scratch that any of the three needs. Grows with nn_threads(): every thread has its own column matrix.
 * So the number of threads must not grow between planning and running. */
size_t nn_conv_scratch(const NnConvGeom *g);

/* map = end(w * image), or with add: map += w * image (end ignored). */
void nn_conv_to_map(const NnConvGeom *g, const float *image, const float *w, const NnConvEnd *end, int add, float *map,
                    float *scratch);

/* Slots of moments that it fills. */
int nn_conv_map_slots(const NnConvGeom *g);

/* image = adjoint(w) * map + b, or with add: image += adjoint(w) * map (b ignored). b [C] or NULL. */
void nn_conv_to_image(const NnConvGeom *g, const float *map, const float *w, const float *b, int add, float *image,
                      float *scratch);

/* dw += the derivative of <map, w * image> by w. */
void nn_conv_to_weights(const NnConvGeom *g, const float *image, const float *map, float *dw, float *scratch);

/* db[c] += sum of dy over images and pixels. dy [N,C,H,W], plane = H * W. */
void nn_conv_to_bias(const float *dy, int N, int C, size_t plane, float *db);

#endif
