/* loss_interpretation.h -- the map that explains the decision must agree with the forged region.
 *
 *     L_mask = mean (M - G)^2                                   (mask_kind = mse)
 *     L_mask = mean -G log M - (1 - G) log(1 - M)               (bce)
 *     L_mask = mean_i 1 - (2 sum M G + 1) / (sum M + sum G + 1) (dice)
 *
 * M [N,1,H,W] is the detector's interpretation map, G the mask, 1 where forged. Only images whose mask is known count;
 * real ones count with G = 0 when mask_on_real = 1. Without any such image in a batch the loss is 0. Source: Du et
 * al., Locality-Aware AutoEncoder, CIKM 2020, arXiv 1909.05999 (mse); bce and dice are variants. */
#ifndef TRAIN_LOSS_INTERPRETATION_H
#define TRAIN_LOSS_INTERPRETATION_H
#include "nn/model/detector.h"
#include "train/train_inputs.h"
#include "train/train_settings.h"

/* Scalar [1]; NN_NONE with a failed graph if the detector lacks what the loss needs. */
NnVar train_loss_interpretation(NnGraph *g, const NnDetector *d, const TrainInputs *in, const TrainLossSettings *s);

#endif
