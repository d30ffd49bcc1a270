/* resample.h -- changing the resolution of images [N,C,H,W]. */
#ifndef NN_RESAMPLE_H
#define NN_RESAMPLE_H
#include "nn/core/graph.h"

/* Every pixel becomes a factor x factor block: [N,C,H,W] -> [N,C,H factor,W factor]. */
NnVar nn_upsample_nearest(NnGraph *g, NnVar x, int factor);

/* The factor, if that node is an upsample_nearest; else 0. */
int nn_upsample_factor(const NnNode *node);

/* Bilinear to H x W with half-pixel centres (align_corners = False, no antialiasing), edges clamped. */
NnVar nn_resize_bilinear(NnGraph *g, NnVar x, int H, int W);

extern const NnOp nn_op_upsample_nearest, nn_op_resize_bilinear;

#endif
