/* activation.h -- elementwise functions of one input, any shape. */
#ifndef NN_ACTIVATION_H
#define NN_ACTIVATION_H
#include "nn/core/graph.h"

NnVar nn_relu(NnGraph *g, NnVar x);                    /* max(x, 0); subgradient 0 at 0 */
NnVar nn_leaky_relu(NnGraph *g, NnVar x, float slope); /* x > 0 ? x : slope x */
NnVar nn_sigmoid(NnGraph *g, NnVar x);                 /* 1 / (1 + exp(-x)), without overflow */
NnVar nn_tanh(NnGraph *g, NnVar x);
NnVar nn_abs(NnGraph *g, NnVar x);                       /* subgradient 0 at 0 */
NnVar nn_clamp(NnGraph *g, NnVar x, float lo, float hi); /* gradient 1 inside (lo,hi), 0 outside */
NnVar nn_scale(NnGraph *g, NnVar x, float a, float b);   /* a x + b */

extern const NnOp nn_op_relu, nn_op_leaky_relu, nn_op_sigmoid, nn_op_tanh, nn_op_abs, nn_op_clamp, nn_op_scale;

#endif
