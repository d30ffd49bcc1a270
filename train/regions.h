/* regions.h -- stage 1 of primary region regularisation: where do detectors look?
 *
 * For every training image, real and forged: the Grad-CAM maps (gradcam.h) of one or several detectors, fused into one map,
 * into a file (data/region_maps.h). Cheng et al. (arXiv 2307.12534).
 *
 * Two ways to it: `train --mode regions` with trained detectors ([gradcam] detectors) writes a file that many runs can
 * use ([regions] maps); or a run measures its own once, after [gradcam] begin of its steps [ours]. */
#ifndef TRAIN_REGIONS_H
#define TRAIN_REGIONS_H
#include "train/phase.h"

/* maps [n][pixels] of one image, each in [0,1], into one; pixels = size * size. With `threshold`: their mean M where M >
 * t1, else 0. With `neighbour`: M where M > t1; 0 where M < t2; in between, if for some ordered pair of different maps
 * (k, j) the mean over the 3x3 neighbourhood of |m_j(n) - m_k(p)| is above t3, the M of the pixel of the neighbourhood
 * whose M is largest, else 0. The neighbourhood is p and those around it, cut off at the edges. */
void train_regions_fuse(const TrainGradcamSettings *s, const float *const *maps, int n, int size, float *fused);

/* Measure all training items in their order, with the detectors of [gradcam] or, if it names none, with t's own network as
 * it is (its weights' average, with EMA), and write the file and beside it path.png (region_sheet.h). Says in a line of
 * the log what was found. The loader must not be running. ERR_CONFIG: a detector of another image size; ERR_NUMERIC: a
 * map that is not finite; ERR_INTERRUPTED soon after *stop is set, and nothing is written. */
NnStatus train_regions_measure(Trainer *t, const char *path, TrainLog *log, const volatile sig_atomic_t *stop,
                               NnErr *err);

/* Load the maps of t's training items; its loader, once started, removes regions by them from then on. */
NnStatus train_regions_load(Trainer *t, const char *path, NnErr *err);

/* [regions] remove without maps: measures at [gradcam] begin, into regions.maps of the run's folder. With maps: loads them
 * before the first step. */
/* Can the phase below do its work, if it is still to come? So that a misspelt layer, detector or file of maps ends a run before its
 * first step. The errors of train_gradcam_new, of opening detectors and of data_region_maps_load. */
NnStatus train_regions_check(const Trainer *t, NnErr *err);

extern const TrainPhase train_regions_phase;

#endif
