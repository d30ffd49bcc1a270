/* overfit.h -- --overfit-batch: a network that cannot learn a handful of images by heart will learn nothing.
 *
 * The oldest sanity check there is: a few fixed images, no augmentation, and the losses must all but vanish. If they do
 * not, data, labels, losses or learning rate are wrong, and no long run will tell why. */
#ifndef TRAIN_OVERFIT_H
#define TRAIN_OVERFIT_H
#include "train/session.h"

enum { TRAIN_OVERFIT_STEPS = 300 };

/* Half real, half forged: the first n items of a list that holds enough of both, into chosen [n]. ERR_DATA. */
NnStatus train_overfit_choose(const DataSet *set, const int *index, int n_index, int n, int *chosen, NnErr *err);

/* Train; then print first and last value of each term. *learned = 1 if the weighted loss without reconstruction (which
 * shrinks slowly, as pictures have detail) fell below a tenth of its first value. */
NnStatus train_overfit_run(TrainSession *s, int *learned, NnErr *err);

#endif
