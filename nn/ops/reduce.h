/* reduce.h -- sums and means over axes, softmax, division by the maximum. */
#ifndef NN_REDUCE_H
#define NN_REDUCE_H
#include "nn/core/graph.h"

/* Over axes first .. first+count-1, which disappear; all of them: a scalar [1].
 * mean over axes 1..3 of [N,C,H,W] is [N]; over axis 1 alone [N,H,W]. */
NnVar nn_sum(NnGraph *g, NnVar x, int first, int count);
NnVar nn_mean(NnGraph *g, NnVar x, int first, int count);

/* exp(x_k) / sum_j exp(x_j) over axis 1 of [N,K] or [N,K,H,W], without overflow. */
NnVar nn_softmax(NnGraph *g, NnVar x);

/* Each sample n of x [N,...], x >= 0, divided by its largest element (plus 1e-6): its own scale, at most 1. */
NnVar nn_max_normalize(NnGraph *g, NnVar x);

extern const NnOp nn_op_sum, nn_op_mean, nn_op_softmax, nn_op_max_normalize;

#endif
