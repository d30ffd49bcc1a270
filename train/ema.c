/* ema.c -- see ema.h. */
#include "train/ema.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"

NnStatus train_ema_init(TrainEma *e, float memory, NnParams *params, NnErr *err)
{
    const size_t n = nn_params_len(params);
    *e = (TrainEma){ .memory = memory };
    if (memory <= 0.0f) return NN_OK;
    e->value = nn_alloc(n, sizeof *e->value);
    if (!e->value) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the average of the weights");
    memcpy(e->value, nn_params_values(params), n * sizeof *e->value);
    return NN_OK;
}

void train_ema_deinit(TrainEma *e)
{
    free(e->value);
    e->value = NULL;
}

void train_ema_update(TrainEma *e, NnParams *params, int64_t t)
{
    if (!e->value) return;
    const float warm = (float)(1 + t) / (float)(10 + t), d = warm < e->memory ? warm : e->memory;
    const size_t n = nn_params_len(params);
    const float *w = nn_params_values(params);
    for (size_t i = 0; i < n; i++) e->value[i] += (1.0f - d) * (w[i] - e->value[i]);
}

void train_ema_swap(TrainEma *e, NnParams *params)
{
    if (!e->value) return;
    const size_t n = nn_params_len(params);
    float *w = nn_params_values(params);
    for (size_t i = 0; i < n; i++) {
        const float keep = w[i];
        w[i] = e->value[i];
        e->value[i] = keep;
    }
}
