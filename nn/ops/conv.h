/* conv.h -- 2-d convolution and its transpose, on images [N,C,H,W]. */
#ifndef NN_CONV_H
#define NN_CONV_H
#include "nn/core/graph.h"

typedef struct {
    int stride, pad, dilation, groups; /* the same for rows and columns; stride, dilation, groups >= 1 */
    int upsample;                      /* conv2d only: enlarge x this many times (nearest) first; 0 means 1 */
} NnConvAttr;

enum { NN_CONV_UPSAMPLE_MAX = 8 };

/* Cross-correlation, as every framework's conv2d:
 *   y[n,o,i,j] = b[o] + sum_{c,u,v} w[o,c,u,v] x[n, c + g C/G, i*stride - pad + u*dilation, j*stride - pad + v*dilation]
 *   x [N,C,H,W], w [O,C/G,Kh,Kw], b [O] or NN_NONE, y [N,O,Ho,Wo],
 *   Ho = (H + 2 pad - dilation (Kh-1) - 1) / stride + 1; pixels outside are 0; group g = o / (O/G).
 * With upsample = f > 1, x stands for its f times enlarged copy: x[n,c,i/f,j/f] at (i,j), f H x f W pixels. Only with
 * stride, dilation and groups of 1: then every f x f block of y is a few small convolutions of x itself, exactly. */
NnVar nn_conv2d(NnGraph *g, NnVar x, NnVar w, NnVar b, NnConvAttr attr);

/* The adjoint of conv2d in x, as torch's ConvTranspose2d (groups as above, output_padding 0):
 *   x [N,C,H,W], w [C,O/G,Kh,Kw], b [O] or NN_NONE, y [N,O,Ho,Wo], Ho = (H-1) stride - 2 pad + dilation (Kh-1) + 1. */
NnVar nn_conv_transpose2d(NnGraph *g, NnVar x, NnVar w, NnVar b, NnConvAttr attr);

extern const NnOp nn_op_conv2d, nn_op_conv_transpose2d;

#endif
