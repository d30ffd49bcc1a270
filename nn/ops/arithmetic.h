/* arithmetic.h -- add, sub, mul of two tensors, the second one broadcast. */
#ifndef NN_ARITHMETIC_H
#define NN_ARITHMETIC_H
#include "nn/core/graph.h"

/* y has the shape of a. b has the same number of dimensions; each is that of a, or 1 and then repeated:
 * a [N,C,H,W] with b [N,C,1,1] (broadcast over positions), [N,1,H,W] (over channels), [N,1,1,1], [1,C,1,1]. */
NnVar nn_add(NnGraph *g, NnVar a, NnVar b);
NnVar nn_sub(NnGraph *g, NnVar a, NnVar b);
NnVar nn_mul(NnGraph *g, NnVar a, NnVar b);

extern const NnOp nn_op_add, nn_op_sub, nn_op_mul;

#endif
