/* rearrange.h -- ops that move elements: concat, slice, reshape. */
#ifndef NN_REARRANGE_H
#define NN_REARRANGE_H
#include "nn/core/graph.h"

/* [N,Ca,...] and [N,Cb,...] -> [N,Ca+Cb,...]; 2 to 4 dimensions, the others equal. */
NnVar nn_concat(NnGraph *g, NnVar a, NnVar b);

/* Channels first .. first+count-1 of x [N,C,...]. */
NnVar nn_slice(NnGraph *g, NnVar x, int first, int count);

/* The same elements under another shape of the same length. */
NnVar nn_reshape(NnGraph *g, NnVar x, NnShape s);

extern const NnOp nn_op_concat, nn_op_slice, nn_op_reshape;

#endif
