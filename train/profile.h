/* profile.h -- where the time of a step goes: --profile. */
#ifndef TRAIN_PROFILE_H
#define TRAIN_PROFILE_H
#include "train/trainer.h"

/* A table to stdout, one line an op kind, the most expensive first: calls, milliseconds forward and backward per step,
 * share, GFLOP/s (a backward pass counted as two forward passes). The plan must have been profiled. ERR_NOMEM. */
NnStatus train_profile_print(const Trainer *t, NnErr *err);

#endif
