/* loss_reconstruction.c -- see loss_reconstruction.h for formula and source. */
#include "train/loss_reconstruction.h"

#include "nn/ops/loss_ops.h"

NnVar train_loss_reconstruction(NnGraph *g, const NnDetector *d, const TrainInputs *in, const TrainLossSettings *s)
{
    if (!nn_var_is_some(d->recon))
        return nn_graph_fail(g, NN_ERR_CONFIG,
                             "[loss] rec = %g: this network has no decoder to reconstruct with; expected rec = 0",
                             (double)s->rec);
    if (s->rec_kind == TRAIN_REC_MSE) return nn_mse(g, d->recon, in->image, in->weight);
    return nn_l1(g, d->recon, in->image, in->weight);
}
