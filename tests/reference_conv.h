/* reference_conv.h -- a convolution and both its gradients as sums of all products, in double: what methods of
 * convolution are compared with. Shares nothing with them but the names of the geometry. */
#ifndef REFERENCE_CONV_H
#define REFERENCE_CONV_H
#include "nn/ops/im2col.h"

/* y [N,O,Ho,Wo] += w * x, dx [N,C,H,W] += w * dy, dw [O,C/groups,Kh,Kw] += x * dy; each only if it is not NULL, and
 * only then its factors are read. The kernel sees x enlarged g->upsample times, nearest, and nothing beyond its edges:
 * an inf or a NaN is in the sums that it is part of, and in no other. g->norm is not looked at. */
void reference_conv(const NnConvGeom *g, const float *x, const float *w, const float *dy, double *y, double *dx,
                    double *dw);

#endif
