/* active.h -- masks for a few images only: pick the ones from which most is to be learnt.
 *
 * LAE (Du et al., CIKM 2020) needs masks for under 3 % of its training images. Three phases in one run:
 *
 *     steps 0 .. begin        all images, no mask is read: mask_weight is 0, for real images as well
 *     at begin                score the forged training images, pick `budget` times the number of training images of
 *                             them, write candidates.csv and candidates.png (candidates.h)
 *     steps begin .. end      all images, masks of the candidates alone (real ones, whose mask is empty and costs nobody
 *                             anything, as [loss] mask_on_real says); what counts as the best checkpoint starts
 *                             anew, so that `best` is one that has learnt from the masks [ours]
 *
 * Pickers: see pickers.h; ties go to the lower item number. No other mask is opened at any time, not in validation
 * either (which has no mask term in such a run), and not by the check of the files.
 *
 * annotate = oracle takes the data's own masks, so it picks among the images that have one: that they have is known from
 * the list of the data, no mask is opened for it. annotate = person ends the process at begin (Trainer.waits) until the
 * run is resumed with a person's list of masks (Trainer.annotations). */
#ifndef TRAIN_ACTIVE_H
#define TRAIN_ACTIVE_H
#include "train/candidates.h"
#include "train/phase.h"

/* How many of n_train training images, n_forged of them forged, get a mask: (int)(budget * n_train), at least 1. */
int train_active_budget(float budget, int n_train, int n_forged);

/* Can the phase below do its work, if it is still to come? So that data with too few masks ends a run before its first
 * step and not at begin. ERR_DATA: no training image is forged; or, with annotate = oracle, fewer of them have a mask
 * than the budget wants: names the manipulations and how many of each do. */
NnStatus train_active_check(const Trainer *t, NnErr *err);

/* Pick with t's network as it is. The caller frees *out, also after a failure. The errors of train_active_check. */
NnStatus train_active_pick(Trainer *t, const volatile sig_atomic_t *stop, TrainCandidates *out, NnErr *err);

/* Let the candidates' masks be seen, a person's or the data's own as [active] annotate says, and let them count from
 * now on. Each is read once: ERR_DATA and others name the candidate whose mask is missing or does not fit. */
NnStatus train_active_reveal(Trainer *t, const TrainCandidates *c, NnErr *err);

/* May the run in `folder` be given annotations now? ERR_USAGE says why not. */
NnStatus train_active_admits(const Trainer *t, const char *folder, NnErr *err);

extern const TrainPhase train_active_phase;

#endif
