/* pixel_pool.h -- pixel AUC over any number of images in constant memory, and the position prior beside it.
 *
 * A pool counts forged and untouched pixels per map value. Values are told apart by their float's sign-free top
 * bits: 16 bits of mantissa, so to one part in 131,072; below 2^-24 they are all one value. Pools add up, which is
 * how the rows "seen", "unseen" and "all" come about. */
#ifndef EVAL_PIXEL_POOL_H
#define EVAL_PIXEL_POOL_H
#include <stddef.h>
#include <stdint.h>

#include "nn/base/status.h"

/* Zero-initialise; its memory comes in blocks of 64 KiB, where values fall: 25 MiB at most. */
typedef struct {
    uint64_t **block; /* each [bins of a block][2]: untouched, forged; NULL where no value fell, and while empty */
} EvalPixelPool;

/* Count the n pixels of one image: map [n] in [0,1] (values outside are clamped; NaN is ERR_NUMERIC), mask [n] 0/1. */
NnStatus eval_pixel_pool_add(EvalPixelPool *pool, const float *map, const unsigned char *mask, size_t n, NnErr *err);
/* pool += other. */
NnStatus eval_pixel_pool_merge(EvalPixelPool *pool, const EvalPixelPool *other, NnErr *err);
/* Mann-Whitney AUC, ties half; NAN while a class is missing. */
double eval_pixel_pool_auc(const EvalPixelPool *pool);
/* The threshold at which {map >= threshold} and the masks, all pixels together, have the highest F1 (and so the highest
 * IoU, as F1 = 2 IoU / (1 + IoU)). */
typedef struct {
    double threshold, f1, iou; /* NAN while there is no forged pixel */
} EvalBestCut;

/* Over all map values counted; of equally good thresholds the highest. */
EvalBestCut eval_pixel_pool_best(const EvalPixelPool *pool);
void eval_pixel_pool_free(EvalPixelPool *pool);

/* The position prior: the mean mask of the forged training images, a "map" that never looks at the picture.
 * Its region for IoU is its K hottest pixels, K = the mean forged area: at a fixed threshold of .5 a mean mask
 * is often empty, which would make it look worse than it is. Zero-initialise. */
typedef struct {
    size_t n;           /* pixels */
    float *mean;        /* [n], 0..1 */
    int *rank;          /* [n], pixels from the coldest to the hottest */
    unsigned char *hot; /* [n], 1 inside the region */
} EvalPrior;

/* mean [n] is copied. n = 0 makes an absent prior, for which every figure is NAN. */
NnStatus eval_prior_init(EvalPrior *prior, const float *mean, size_t n, NnErr *err);
void eval_prior_free(EvalPrior *prior);
/* IoU of the prior's region and one mask; NAN without a prior. */
double eval_prior_iou(const EvalPrior *prior, const unsigned char *mask);

/* nn_share_inside of the prior; NAN without one. */
double eval_prior_energy(const EvalPrior *prior, const unsigned char *mask);
/* Share of the pixels that lie in the prior's region: what it says to be forged in a real image; NAN without one. */
double eval_prior_area(const EvalPrior *prior);

/* Since the prior is the same for every image, counting masks per position gives its pooled AUC exactly. */
typedef struct {
    uint64_t *forged; /* [prior n]; NULL while empty */
    uint64_t images;
} EvalPriorPool;

NnStatus eval_prior_pool_add(EvalPriorPool *pool, const EvalPrior *prior, const unsigned char *mask, NnErr *err);
NnStatus eval_prior_pool_merge(EvalPriorPool *pool, const EvalPrior *prior, const EvalPriorPool *other, NnErr *err);
double eval_prior_pool_auc(const EvalPriorPool *pool, const EvalPrior *prior);
/* As eval_pixel_pool_best, with the prior as the map of every image. */
EvalBestCut eval_prior_pool_best(const EvalPriorPool *pool, const EvalPrior *prior);
void eval_prior_pool_free(EvalPriorPool *pool);

#endif
