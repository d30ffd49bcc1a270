/* loss_classification.c -- see loss_classification.h for the formula. */
#include "train/loss_classification.h"

#include "nn/ops/loss_ops.h"

NnVar train_loss_classification(NnGraph *g, const NnDetector *d, const TrainInputs *in, const TrainLossSettings *s)
{
    (void)s;
    return nn_bce_with_logits(g, d->logit, in->label, in->weight);
}
