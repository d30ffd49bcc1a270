/* regions.h -- stage 1 of primary region regularisation: where do detectors look?
 *
 * For every training image, real and forged: the Grad-CAM maps of one or several detectors, fused into one map, into a
 * file (data/region_maps.h). Cheng et al. (arXiv 2307.12534) with Selvaraju et al., "Grad-CAM", ICCV 2017:
 *
 *     weight_c = mean over positions of d(logit) / d(A_c);   map = ReLU(sum over c of weight_c A_c), resized bilinearly to
 *     the image and scaled to [0,1] by its own smallest and largest value (a constant map is 0)
 *
 * Two ways to it: `train --mode regions` with trained detectors ([gradcam] detectors) writes a file that many runs can
 * use ([regions] maps); or a run measures itself once, after [gradcam] begin of its steps [ours]. */
#ifndef TRAIN_REGIONS_H
#define TRAIN_REGIONS_H
#include "data/region_removal.h"
#include "train/phase.h"

/* A network whose maps are taken: frozen, in inference mode. */
typedef struct TrainGradcam TrainGradcam;

/* layer: as in TrainGradcamSettings. params: of a trained detector of these settings, borrowed. ERR_CONFIG: no such layer,
 * or none of form [N,C,h,w] (known ones listed). */
NnStatus train_gradcam_new(const NnModelSettings *model, NnParams *params, const char *layer, int batch, int size,
                           const char *kernel, TrainGradcam **out, NnErr *err);
void train_gradcam_free(TrainGradcam *c);

/* Maps [n,size,size] in [0,1] of images [n,3,size,size] in -1..1, n up to batch; NaN where something was not finite. */
void train_gradcam_maps(TrainGradcam *c, const float *image, int n, float *map);

/* maps [n][pixels] of one image, each in [0,1], into one; pixels = size * size. With `threshold`: their mean M where M >
 * t1, else 0. With `neighbour`: M where M > t1; 0 where M < t2; in between, if for some ordered pair of maps (k, j) the
 * mean over the 3x3 neighbourhood of |m_j(n) - m_k(p)| is above t3, the M of the neighbour (or of p) whose M is largest,
 * else 0. The neighbourhood is p's, cut off at the edges. */
void train_regions_fuse(const TrainGradcamSettings *s, const float *const *maps, int n, int size, float *fused);

/* Measure all items of index (the training split, in its order) with the detectors of [gradcam], or, if it names none,
 * with `t`'s network as it is, and write the file. */
NnStatus train_regions_measure(Trainer *t, const char *path, const volatile sig_atomic_t *stop, NnErr *err);

/* Load the maps of [regions] into t->removal; used before the first step, if [regions] maps is set. */
NnStatus train_regions_load(Trainer *t, const char *path, NnErr *err);

extern const TrainPhase train_regions_phase;

#endif
