/* dropout.h -- dropout (Srivastava et al. 2014), inverted. */
#ifndef NN_DROPOUT_H
#define NN_DROPOUT_H
#include "nn/core/graph.h"

/* Training: each element is 0 with probability p, else x / (1 - p); drawn from (seed, step, node), so the same at any
 * thread count. Inference: x. 0 <= p < 1. */
NnVar nn_dropout(NnGraph *g, NnVar x, float p);

extern const NnOp nn_op_dropout;

#endif
