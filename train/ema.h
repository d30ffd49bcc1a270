/* ema.h -- a running average of the weights, which often judges better than the weights themselves (Polyak and Juditsky
 * 1992). Covers the whole value block, the running statistics of batch norm included. */
#ifndef TRAIN_EMA_H
#define TRAIN_EMA_H
#include "nn/core/param.h"

typedef struct {
    float *value; /* [nn_params_len]; NULL: off */
    float memory;
} TrainEma;

/* memory 0: off. Starts as a copy of the parameters. ERR_NOMEM. */
NnStatus train_ema_init(TrainEma *e, float memory, NnParams *params, NnErr *err);
void train_ema_deinit(TrainEma *e);

/* value = d value + (1 - d) weight after update number t = 1, 2, ..., with d = min(memory, (1 + t) / (10 + t)), so that
 * the random start is soon forgotten. */
void train_ema_update(TrainEma *e, NnParams *params, int64_t t);

/* Exchange average and weights; a second call undoes it. */
void train_ema_swap(TrainEma *e, NnParams *params);

#endif
