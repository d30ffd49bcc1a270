/* gaussian_blur.h -- a Gaussian blur whose width differs from pixel to pixel.
 *
 * Wang, Guo, Zuo, "Deepfake Forensics via An Adversarial Game", IEEE TIP 2022 (arXiv 2103.13567). */
#ifndef NN_GAUSSIAN_BLUR_H
#define NN_GAUSSIAN_BLUR_H
#include "nn/core/graph.h"

extern const NnOp nn_op_gaussian_blur;

/* image [N,C,H,W], precision [N,1,H,W] -> [N,C,H,W].
 *
 *     y(p) = sum over n in the kernel x kernel neighbourhood of p of  w_n x_n,    w_n ~ exp(-d_n s(p) / 2),  sum w = 1
 *
 * d_n: squared distance of n from p in pixels; s = 1 / sigma^2 at p, one for all channels: 0 is the box blur, and towards
 * infinity y becomes x. A negative s counts as 0 (and gets no gradient). Outside the image x is reflected (the border
 * pixel is not repeated), so H and W must be above kernel / 2.
 *
 * Gradients:  dy/dx_n = w_n;    dy/ds = -1/2 (sum w d x  -  sum w d * sum w x), added up over channels.
 *
 * kernel: 3, 5 or 7, else ERR_CONFIG; shapes that do not fit: ERR_SHAPE. */
NnVar nn_gaussian_blur(NnGraph *g, NnVar image, NnVar precision, int kernel);

#endif
