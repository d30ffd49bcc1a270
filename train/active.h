/* active.h -- masks for a few images only: pick the ones from which most is to be learnt.
 *
 * LAE (Du et al., CIKM 2020) needs masks for under 3 % of its training images. Three phases in one run:
 *
 *     steps 0 .. begin        all images, no mask is read: mask_weight is 0
 *     at begin                score the forged training images, pick `budget` times the number of training images of them,
 *                             write candidates.csv (a manifest that a person can annotate) and candidates.png
 *     steps begin .. end      all images, masks of the candidates alone (real ones, whose mask is empty and costs nobody
 *                             anything, as [loss] mask_on_real says)
 *
 * Pickers: uncertainty: the smallest |a_1 - a_0|, the activities of the latent's halves; channel: see active.c; random.
 * Ties go to the lower item number. No other mask is opened at any time, not in validation either (it then has no mask
 * term), and not by the check of the files. */
#ifndef TRAIN_ACTIVE_H
#define TRAIN_ACTIVE_H
#include "train/phase.h"

/* The candidates of a run. */
typedef struct {
    int *item; /* items of the set, the best candidate first */
    int n;
} TrainCandidates;

/* Pick with t's network as it is. The caller frees item. */
NnStatus train_active_pick(Trainer *t, const volatile sig_atomic_t *stop, TrainCandidates *out, NnErr *err);

/* Let the candidates' masks be seen: those of a person (`annotations`, a manifest with the columns path and mask), or,
 * where that is NULL or "", the data's own. ERR_DATA names candidates without a mask. */
NnStatus train_active_reveal(Trainer *t, const TrainCandidates *c, const char *annotations, NnErr *err);

extern const TrainPhase train_active_phase;

#endif
