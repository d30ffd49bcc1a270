/* loss_ops.h -- scalar losses of a prediction and a target.
 *
 * All have the form  L = sum_n w_n l_n / sum_n w_n : l_n is the mean over the elements of sample n, w [N] >= 0 weighs the
 * samples (NN_NONE: all 1). If every weight is 0, L = 0 and so is its gradient. Targets and weights get no gradient.
 * The result is a scalar [1]; sums are taken in double, in a fixed order. */
#ifndef NN_LOSS_OPS_H
#define NN_LOSS_OPS_H
#include "nn/core/graph.h"

/* x and t of one shape [N,...]. */
NnVar nn_mse(NnGraph *g, NnVar x, NnVar t, NnVar w);             /* (x - t)^2 */
NnVar nn_l1(NnGraph *g, NnVar x, NnVar t, NnVar w);              /* |x - t|, subgradient 0 at 0 */
NnVar nn_bce(NnGraph *g, NnVar p, NnVar t, NnVar w);             /* -t log p - (1-t) log(1-p); logs not below -100 */
NnVar nn_bce_with_logits(NnGraph *g, NnVar x, NnVar t, NnVar w); /* the same of p = sigmoid(x), without overflow */

/* l_n = 1 - (2 sum p t + 1) / (sum p + sum t + 1): soft Dice (Milletari et al. 2016), smoothed so that an empty mask with
 * an empty prediction costs 0. */
NnVar nn_dice(NnGraph *g, NnVar p, NnVar t, NnVar w);

/* x [N,K] or [N,K,H,W] logits, t the same shape, target probabilities over axis 1:
 * l_n = mean over positions of -sum_k t_k log softmax(x)_k. */
NnVar nn_cross_entropy(NnGraph *g, NnVar x, NnVar t, NnVar w);

extern const NnOp nn_op_mse, nn_op_l1, nn_op_bce, nn_op_bce_with_logits, nn_op_dice, nn_op_cross_entropy;

#endif
