/* overfit.h -- --overfit-batch: a network that cannot learn a handful of images by heart will learn nothing.
 *
 * The oldest sanity check there is: a few fixed images, no augmentation. What shall have been learnt is asked of the
 * trained network itself, and not of the total loss, whose terms may pull against each other (with score = logit the
 * label judges the mean of what the mask judges place by place: with few forged pixels `cls` stays high however well
 * both are learnt). */
#ifndef TRAIN_OVERFIT_H
#define TRAIN_OVERFIT_H
#include "train/session.h"

enum { TRAIN_OVERFIT_STEPS = 300 };

/* Half real, half forged: the first n items of a list that holds enough of both, into chosen [n]. ERR_DATA. */
NnStatus train_overfit_choose(const DataSet *set, const int *index, int n_index, int n, int *chosen, NnErr *err);

/* What the network makes of its images. */
typedef struct {
    double lowest_forged, highest_real; /* of the scores */
    /* Of the map, over the pixels of all images that count in the mask loss; NAN: no forged one among them. */
    double map_auc;
} TrainOverfitSight;

/* Look at t's training images with its weights as they are. The loader must not be running. */
NnStatus train_overfit_look(Trainer *t, const volatile sig_atomic_t *stop, TrainOverfitSight *out, NnErr *err);

/* Print a table of what is judged, found and expected; 1 if all of it holds. */
int train_overfit_judge(const TrainObjective *o, const TrainStep *first, const TrainStep *last,
                        const TrainOverfitSight *sight);

/* Train; then print first and last value of each term, and judge. */
NnStatus train_overfit_run(TrainSession *s, int *learned, NnErr *err);

#endif
