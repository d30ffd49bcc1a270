/* profile.h -- where the time of a step goes: --profile. */
#ifndef TRAIN_PROFILE_H
#define TRAIN_PROFILE_H
#include "train/trainer.h"

/* Seconds of all steps so far. They add up to the time that the steps have taken by the clock. */
typedef struct {
    double detector;  /* in ops of the detector's plan */
    double adversary; /* in ops of the adversary's plans; 0 without one */
    double waiting;   /* for images */
    double rest;      /* everything else: inputs, the adversary's own arithmetic, updates, checks */
    double all;
} TrainProfile;

/* Time the ops of every plan that steps run, from now on: before the first step. */
void train_profile_start(Trainer *t);

/* What the steps since then have spent. */
TrainProfile train_profile_sum(const Trainer *t);

/* A table to stdout, for the detector and for its adversary, one line an op kind, the most expensive first: calls,
 * milliseconds forward and backward per step, share of the step, GFLOP/s (a pass backward counts as two forward,
 * through a frozen network as one). Below it what adds up to the step. ERR_NOMEM. */
NnStatus train_profile_print(const Trainer *t, NnErr *err);

#endif
