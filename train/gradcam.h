/* gradcam.h -- where a detector looks: Grad-CAM (Selvaraju et al., ICCV 2017) of any of its layers.
 *
 *     weight_c = mean over positions of d(logit) / d(A_c)
 *     map      = ReLU(sum over c of weight_c A_c), resized bilinearly to the image, then scaled to [0,1] by its own
 *                smallest and largest value (a constant map is 0)
 *
 * A [C,h,w] is the layer's output, in inference mode: what the map explains is what the detector says when it judges.
 * The logit is the score's: that of the linear unit, with [model] score = region that of the map's hottest part, or
 * with score = latent a_1 - a_0, whose sigmoid the score is. It speaks for forged; where the decision is to be
 * explained and that is real (logit < 0), -logit takes its place. */
#ifndef TRAIN_GRADCAM_H
#define TRAIN_GRADCAM_H
#include "nn/model/detector.h"
#include "train/train_settings.h"

/* A network whose maps are taken. */
typedef struct TrainGradcam TrainGradcam;

typedef struct {
    const NnModelSettings *model;
    NnParams
        *params; /* of a detector of these settings; borrowed. Sealed here if they are not yet: then the caller fills
                           them before the first map */
    const char *layer; /* by its name in --summary, e.g. "encoder.3"; "" or NULL: the latent */
    TrainExplain explain;
    int batch, size;    /* images at a time; pixels a side */
    const char *kernel; /* NnPlanSpec.kernel */
} TrainGradcamSpec;

/* The caller frees with train_gradcam_free (NULL is fine). ERR_CONFIG: no such layer, or none of form [N,C,h,w] that the
 * logit depends on (those are listed). */
NnStatus train_gradcam_new(const TrainGradcamSpec *spec, TrainGradcam **out, NnErr *err);
void train_gradcam_free(TrainGradcam *c);

/* Maps [n,size,size] in [0,1] of images [n,3,size,size] in -1..1, n up to batch. Where anything was not finite, the whole
 * map of that image is NaN. */
void train_gradcam_maps(TrainGradcam *c, const float *image, int n, float *map);

#endif
