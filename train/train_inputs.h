/* train_inputs.h -- what a batch looks like inside the graph, and how one gets there.
 *
 * N is the batch size. A batch of the validation pass may be shorter: its empty places have weight 0. */
#ifndef TRAIN_INPUTS_H
#define TRAIN_INPUTS_H
#include "data/loader.h"
#include "nn/core/plan.h"

typedef struct {
    NnVar image;       /* [N,3,H,W], -1..1 */
    NnVar label;       /* [N,1]: 1 forged, 0 real */
    NnVar target;      /* [N,2]: (1 - label, label), what the two latent halves should show */
    NnVar mask;        /* [N,1,H,W]: 1 where forged */
    NnVar weight;      /* [N]: 1 for every image */
    NnVar mask_weight; /* [N]: 1 for images that count in the interpretation loss */
    NnVar select;      /* [N,C,1,1]: the selection block, 1 on the half of the true class, 0 on the other */
} TrainInputs;

/* Inputs for batches of n images of size x size and a latent of `channels`. */
TrainInputs train_inputs_make(NnGraph *g, int n, int size, int channels);

/* Which images count in the interpretation loss: forged ones whose mask is known, with real ones (whose mask is empty)
 * or without, or no image at all. The first two are the values of [loss] mask_on_real. */
typedef enum { TRAIN_MASKS_FORGED, TRAIN_MASKS_ALL, TRAIN_MASKS_NONE } TrainMaskUse;

/* Copy a batch of N places into the plan; inputs that the plan does not need are passed over. */
void train_inputs_fill(const TrainInputs *in, const NnGraph *g, NnPlan *plan, const DataBatch *batch, TrainMaskUse use);

#endif
