/* train_inputs.h -- what a batch looks like inside the graph, and how one gets there.
 *
 * N is the number of rows: the batch size, or twice that where an adversary adds every image once more, changed
 * (train/adversary.h). A batch of the validation pass may be shorter: its empty rows have weight 0. */
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
    /* Of images in changed rows alone: as weight and mask_weight, [N]. NN_NONE unless train_inputs_changed made them. */
    NnVar changed_weight, changed_mask_weight;
} TrainInputs;

/* Inputs for batches of n images of size x size and a latent of `channels`. */
TrainInputs train_inputs_make(NnGraph *g, int n, int size, int channels);

/* The same inputs for an objective of the changed rows alone. */
TrainInputs train_inputs_changed(NnGraph *g, TrainInputs *in);

/* Which images count in the interpretation loss: forged ones whose mask is known, with real ones (whose mask is empty) or
 * without, or no image at all. The first two are the values of [loss] mask_on_real. */
typedef enum { TRAIN_MASKS_FORGED, TRAIN_MASKS_ALL, TRAIN_MASKS_NONE } TrainMaskUse;

/* What image i of a batch counts in the interpretation loss: 1 or 0. */
float train_inputs_mask_counts(const DataBatch *b, size_t i, TrainMaskUse use);

/* Copy a batch of at most N images into the plan; inputs that the plan does not need are passed over. */
void train_inputs_fill(const TrainInputs *in, const NnGraph *g, NnPlan *plan, const DataBatch *batch, TrainMaskUse use);

/* After train_inputs_fill, the same batch again in the rows behind it (2 batch->n <= N): with these images [n,3,H,W], and
 * `weight` in all losses where the first ones have 1. As losses are weighted means, the sum of both halves is divided by
 * 1 + weight. */
void train_inputs_fill_changed(const TrainInputs *in, const NnGraph *g, NnPlan *plan, const DataBatch *batch,
                               TrainMaskUse use, const float *image, float weight);

#endif
