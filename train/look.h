/* look.h -- one pass over some items with the network as it is: what it says of each image, for whoever wants to know.
 *
 * No augmentation, items in the order given, inference mode: the same bits at any thread count. */
#ifndef TRAIN_LOOK_H
#define TRAIN_LOOK_H
#include "train/trainer.h"

/* One batch of the pass, valid during the call. Arrays begin with the first image of the batch. */
typedef struct {
    const DataBatch *batch;
    int64_t first;         /* place in the index of the batch's first image */
    const float *latent;   /* [n,C,h,w] */
    const float *activity; /* [n,2]: a_0, a_1 */
    const float *score;    /* [n]: probability of being forged */
    const float *map;      /* [n,H,W] in [0,1] */
} TrainLook;

typedef NnStatus (*TrainLookVisit)(void *self, const TrainLook *look, NnErr *err);

/* Show the items index[n] of t->set to the network, batch by batch. ERR_INTERRUPTED soon after *stop is set. */
NnStatus train_look(Trainer *t, const int *index, int n, const volatile sig_atomic_t *stop, TrainLookVisit visit,
                    void *self, NnErr *err);

#endif
