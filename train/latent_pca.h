/* latent_pca.h -- principal component analysis in two components, small enough to be read. */
#ifndef TRAIN_LATENT_PCA_H
#define TRAIN_LATENT_PCA_H
#include "nn/base/status.h"

/* x [n][d] -> place[k][n], k = 0, 1: coordinates along the two directions in which the centred rows vary most, and
 * share[k]: the part of their variance that lies along each. Power iteration from a fixed start; the sign of a
 * direction makes its largest entry positive. Where rows do not vary, coordinates are 0. ERR_NOMEM. */
NnStatus train_pca(const float *x, int n, int d, double *const place[2], double share[2], NnErr *err);

#endif
