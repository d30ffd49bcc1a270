/* schedule.c -- see schedule.h. */
#include "train/schedule.h"

#include <math.h>

double train_schedule_lr(const TrainOptimSettings *s, int64_t step, int64_t total, const TrainPlateau *plateau)
{
    const double lr = (double)s->lr, pi = 3.14159265358979323846;
    if (step < s->warmup) return lr * (double)(step + 1) / s->warmup;
    const int64_t span = total - s->warmup;
    const double p = span > 0 ? fmin((double)(step - s->warmup) / (double)span, 1.0) : 0.0;
    switch (s->schedule) {
    case TRAIN_STEP:
        return lr * pow((double)s->step_factor, floor((double)step / (double)s->step_every));
    case TRAIN_COSINE:
        return lr * 0.5 * (1.0 + cos(pi * p));
    case TRAIN_POLY:
        return lr * pow(1.0 - p, (double)s->poly_power);
    case TRAIN_PLATEAU:
        return lr * pow((double)s->plateau_factor, plateau->cuts);
    default:
        return lr;
    }
}

void train_plateau_update(TrainPlateau *p, const TrainOptimSettings *s, int better)
{
    p->stale = better ? 0 : p->stale + 1;
    if (p->stale < s->plateau_patience) return;
    p->cuts++;
    p->stale = 0;
}
