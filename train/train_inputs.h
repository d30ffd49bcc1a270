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

/* Copy a batch of N places into the plan; inputs that the plan does not need are passed over. An image counts in the
 * interpretation loss if its mask is known; real ones (whose mask is empty) only with mask_on_real. */
void train_inputs_fill(const TrainInputs *in, const NnGraph *g, NnPlan *plan, const DataBatch *batch, int mask_on_real);

#endif
