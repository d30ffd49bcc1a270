/* loss_latent.h -- real and forged images light up different halves of the latent.
 *
 *     L_latent = mean_i ( |a_1 - y_i| + |a_0 - (1 - y_i)| ),     a_c = mean |h_c|
 *
 * h_0 and h_1 are the two halves of the latent's channels, y is 1 for a forged image. An image is called forged if
 * a_1 >= a_0. Source: Cozzolino et al., ForensicTransfer, arXiv 1812.02510. */
#ifndef TRAIN_LOSS_LATENT_H
#define TRAIN_LOSS_LATENT_H
#include "nn/model/detector.h"
#include "train/train_inputs.h"
#include "train/train_settings.h"

/* Scalar [1]; NN_NONE with a failed graph if the detector lacks what the loss needs. */
NnVar train_loss_latent(NnGraph *g, const NnDetector *d, const TrainInputs *in, const TrainLossSettings *s);

#endif
