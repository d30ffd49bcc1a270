/* blur_generator.h -- a network that looks at images and draws the blur that the detector likes least.
 *
 *     image -> 7x7 conv, two stride-2 convs, 3 residual blocks, two upsampling convs, 7x7 conv -> o,
 *     s = (o + 2)^2, clamped to [s_min, 1e12]
 *
 * batch norm and ReLU after all but the last. [ours] The 2: maps start around a sigma of half a pixel, where s is not
 * clamped. Its weights, and so its optimiser, are its own. It sees of the detector no more than dL/ds: its plan ends in
 * the sum of o * seed, with seed = -dL/do an input that is written between forward and backward. */
#ifndef TRAIN_BLUR_GENERATOR_H
#define TRAIN_BLUR_GENERATOR_H
#include "nn/core/plan.h"
#include "train/optimizer.h"

typedef struct {
    NnParams *params;
    NnGraph *graph;
    NnVar image, o, seed; /* [N,3,H,W], [N,1,H,W], [N,1,H,W] */
    NnPlan *plan;
    TrainOptimizer optimizer;
    float s_min, lr;
} TrainGenerator;

/* number: 0 or 1, of which the initial weights depend. kernels: NnPlanSpec.kernels, or NULL. H and W must be multiples
 * of 4. After a failure too, train_generator_deinit is to be called. */
NnStatus train_generator_init(TrainGenerator *g, const TrainConfig *config, int number, const char *kernels,
                              NnErr *err);
void train_generator_deinit(TrainGenerator *g);

/* Its maps for images [N,3,H,W], in precision [N,1,H,W]. */
void train_generator_draw(TrainGenerator *g, const float *image, float *precision);

/* After train_generator_draw: one update up the slope dL/ds [N,1,H,W], at learning rate [blur] lr times rate. Only images
 * with own[n] != 0 count. Where s is clamped, it follows the slope back inside but not further out. */
void train_generator_learn(TrainGenerator *g, const float *slope, const unsigned char *own, double rate);

#endif
