/* conv_norm_act.h -- conv2d, batch_norm and an activation as one op. Not for model code: the plan puts it in the place
 * of the three (NnOp.absorb), to save memory and passes over it. */
#ifndef NN_CONV_NORM_ACT_H
#define NN_CONV_NORM_ACT_H
#include "nn/ops/batch_norm.h"
#include "nn/ops/conv.h"
#include "nn/ops/norm_pass.h"

typedef struct {
    NnConvAttr conv;
    NnBatchNormAttr norm;
    int activate; /* 1: y = z > 0 ? z : slope z of what batch_norm gives */
    float slope;  /* at least 0, since 0 is ReLU */
} NnConvNormActAttr;

/* Inputs x, w as conv2d (no bias: batch_norm would take it out again), then gamma, beta, running_mean, running_var as
 * batch_norm. Training statistics are those of the batch, as in batch_norm. */
extern const NnOp nn_op_conv_norm_act;

/* For kernels that read x: x itself, or where `from` says that a conv_norm_act left it out, what that saved, and *room
 * filled with what is to be applied to it (returned in *norm; else NULL there). s: shape of x. */
const float *nn_conv_input(const float *x, const NnDeferred *from, NnShape s, NnNorm *room, const NnNorm **norm);

/* For the absorb of an activation with that slope: after a conv_norm_act that has none yet. */
int nn_conv_norm_act_absorb(const NnNode *producer, float slope, NnFused *fused);

#endif
