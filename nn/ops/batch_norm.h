/* batch_norm.h -- batch normalisation (Ioffe and Szegedy 2015). */
#ifndef NN_BATCH_NORM_H
#define NN_BATCH_NORM_H
#include "nn/core/graph.h"

typedef struct {
    float eps;      /* added to the variance */
    float momentum; /* running = (1 - momentum) running + momentum batch */
} NnBatchNormAttr;

/* y = gamma (x - mean) / sqrt(var + eps) + beta, per channel. x [N,C,H,W] or [N,C]; gamma, beta, running_mean,
 * running_var [C]. Training: mean and (biased) variance of the batch, and the running statistics move towards them
 * (the running variance towards the unbiased one, as in torch). Inference: the running statistics. */
NnVar nn_batch_norm(NnGraph *g, NnVar x, NnVar gamma, NnVar beta, NnVar running_mean, NnVar running_var,
                    NnBatchNormAttr attr);

extern const NnOp nn_op_batch_norm;

/* The attributes, and the shapes of gamma, beta and the running statistics in that order, for C channels; op is the
 * name for messages. */
NnStatus nn_batch_norm_check(const char *op, const NnShape *four, int C, const NnBatchNormAttr *a, NnErr *err);

#endif
