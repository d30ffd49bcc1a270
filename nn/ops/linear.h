/* linear.h -- fully connected layer. */
#ifndef NN_LINEAR_H
#define NN_LINEAR_H
#include "nn/core/graph.h"

/* y = x w^T + b.  x [N,F], w [O,F], b [O] or NN_NONE, y [N,O]. */
NnVar nn_linear(NnGraph *g, NnVar x, NnVar w, NnVar b);

extern const NnOp nn_op_linear;

#endif
