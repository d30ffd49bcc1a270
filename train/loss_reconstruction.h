/* loss_reconstruction.h -- the decoder must rebuild the image.
 *
 *     L_rec = mean |x_hat - x|     (rec_kind = l1), or  mean (x_hat - x)^2  (mse)
 *
 * over images, colours and pixels; x, x_hat [N,3,H,W] in -1..1. Only the half of the latent that belongs to the true
 * class reaches the decoder (the selection block), so each half must learn to describe its class. Source: Cozzolino et
 * al., ForensicTransfer, arXiv 1812.02510; kept by LAE, arXiv 1909.05999, with weight 0.1. */
#ifndef TRAIN_LOSS_RECONSTRUCTION_H
#define TRAIN_LOSS_RECONSTRUCTION_H
#include "nn/model/detector.h"
#include "train/train_inputs.h"
#include "train/train_settings.h"

/* Scalar [1]; NN_NONE with a failed graph if the detector lacks what the loss needs. */
NnVar train_loss_reconstruction(NnGraph *g, const NnDetector *d, const TrainInputs *in, const TrainLossSettings *s);

#endif
