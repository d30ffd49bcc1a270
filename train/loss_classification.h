/* loss_classification.h -- is the image forged?
 *
 *     L_cls = mean_i -y_i log p_i - (1 - y_i) log(1 - p_i),     p = sigmoid(logit)
 *
 * Binary cross-entropy: the maximum likelihood of a logistic model, and the only loss of an ordinary detector. */
#ifndef TRAIN_LOSS_CLASSIFICATION_H
#define TRAIN_LOSS_CLASSIFICATION_H
#include "nn/model/detector.h"
#include "train/train_inputs.h"
#include "train/train_settings.h"

/* Scalar [1]; NN_NONE with a failed graph if the detector lacks what the loss needs. */
NnVar train_loss_classification(NnGraph *g, const NnDetector *d, const TrainInputs *in, const TrainLossSettings *s);

#endif
