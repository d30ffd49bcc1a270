/* schedule.h -- the learning rate over the run. */
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H
#include <stdint.h>

#include "train/train_settings.h"

/* State of schedule = plateau; all 0 at the start. */
typedef struct {
    int cuts;  /* how often the rate has fallen */
    int stale; /* validations since the last better one, or since the last cut */
} TrainPlateau;

/* Rate of step `step` (0-based) of `total`. With p = progress after the warm-up, 0..1:
 *   constant: lr    step: lr factor^floor(step / every)    cosine: lr (1 + cos(pi p)) / 2    poly: lr (1 - p)^power
 *   plateau: lr factor^cuts;    during the warm-up: lr (step + 1) / warmup. */
double train_schedule_lr(const TrainOptimSettings *s, int64_t step, int64_t total, const TrainPlateau *plateau);

/* Tell the plateau how a validation went. */
void train_plateau_update(TrainPlateau *p, const TrainOptimSettings *s, int better);

#endif
