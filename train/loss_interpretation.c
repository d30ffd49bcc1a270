/* loss_interpretation.c -- see loss_interpretation.h for formula and source. */
#include "train/loss_interpretation.h"

#include "nn/ops/loss_ops.h"

NnVar train_loss_interpretation(NnGraph *g, const NnDetector *d, const TrainInputs *in, const TrainLossSettings *s)
{
    switch (s->mask_kind) {
    case TRAIN_MASK_DICE:
        return nn_dice(g, d->map, in->mask, in->mask_weight);
    case TRAIN_MASK_BCE:
        /* From logits where there are any: sigmoid and log together do not overflow. */
        if (nn_var_is_some(d->map_logit)) return nn_bce_with_logits(g, d->map_logit, in->mask, in->mask_weight);
        return nn_bce(g, d->map, in->mask, in->mask_weight);
    default:
        return nn_mse(g, d->map, in->mask, in->mask_weight);
    }
}
