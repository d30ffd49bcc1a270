/* loss_latent.c -- see loss_latent.h for formula and source. */
#include "train/loss_latent.h"

#include "nn/ops/activation.h"
#include "nn/ops/loss_ops.h"

NnVar train_loss_latent(NnGraph *g, const NnDetector *d, const TrainInputs *in, const TrainLossSettings *s)
{
    (void)s;
    /* nn_l1 takes the mean over the two halves; the formula wants their sum. */
    return nn_scale(g, nn_l1(g, d->activity, in->target, in->weight), 2.0f, 0.0f);
}
