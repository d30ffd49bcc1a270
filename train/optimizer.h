/* optimizer.h -- how gradients become updates: SGD, Adam, AdamW, RAdam, each as torch.optim defines it.
 *
 * Works on the flat blocks of NnParams. Every element is updated by itself, so any number of threads gives the same
 * bits. Owns its slots (momentum, moments), blocks of the same layout as the gradients. */
#ifndef TRAIN_OPTIMIZER_H
#define TRAIN_OPTIMIZER_H
#include "nn/core/param.h"
#include "train/train_settings.h"

enum { TRAIN_MAX_SLOTS = 2 };

typedef struct TrainOptimizer {
    TrainOptimSettings settings;
    NnParams *params;             /* borrowed */
    float *slot[TRAIN_MAX_SLOTS]; /* [nn_params_train_len]: momentum, or first and second moment */
    int n_slots;
    int64_t updates; /* done so far: t of the bias correction */
} TrainOptimizer;

/* Parameters must be sealed and outlive the optimiser. ERR_NOMEM. */
NnStatus train_optimizer_init(TrainOptimizer *o, const TrainOptimSettings *s, NnParams *params, NnErr *err);
void train_optimizer_deinit(TrainOptimizer *o);

/* One update of every trained parameter at learning rate lr. Weight decay applies to NN_PARAM_DECAY alone. */
void train_optimizer_update(TrainOptimizer *o, double lr);

/* Euclidean length of the whole gradient, summed in double in a fixed order. Not finite if any element is not. */
double train_grad_norm(NnParams *params);

/* Scale the gradient by max / norm if it is longer than max > 0 (torch.nn.utils.clip_grad_norm_). */
void train_grad_clip(NnParams *params, double norm, double max);

#endif
