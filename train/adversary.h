/* adversary.h -- what the detector is trained against: each batch once more, changed so that it is harder.
 *
 * Wang, Guo, Zuo, "Deepfake Forensics via An Adversarial Game", IEEE TIP 2022 (arXiv 2103.13567):
 *
 *     min over theta of  L(x, y) + lambda max over s of L(blur(x, s), y)
 *
 * with blur the pixel-wise Gaussian of nn/ops/gaussian_blur.h and s = 1 / sigma^2 its map. The detector's step sees the
 * clean and the changed images side by side, as one batch of twice the size, whose losses are weighted 1 and lambda (and
 * divided by 1 + lambda, so that the learning rate keeps its meaning). Maximising differentiates the detector frozen, as
 * it judges: no weight and no running statistic of it moves. The loss is the run's whole objective, masks included. */
#ifndef TRAIN_ADVERSARY_H
#define TRAIN_ADVERSARY_H
#include "data/loader.h"
#include "train/objective.h"
#include "train/train_inputs.h"

typedef struct TrainAdversary TrainAdversary;

/* What it needs to know of the run; pointers are borrowed. */
typedef struct {
    const TrainConfig *config;
    NnParams *params; /* of the detector */
    const char *kernels;
} TrainAdversarySpec;

/* NULL in *out if [blur] kind = none. ERR_CONFIG: settings that make no sense (train_adversary_check too). */
NnStatus train_adversary_new(const TrainAdversarySpec *spec, TrainAdversary **out, NnErr *err);
void train_adversary_free(TrainAdversary *a);

/* Change a batch: image [N,3,H,W] of which batch->n are present, to changed [N,3,H,W], in -1..1. Generators learn
 * meanwhile. `number`: of the batch in the run, for randomness. Allocates nothing. */
void train_adversary_change(TrainAdversary *a, const DataBatch *batch, uint32_t number, float *changed);

/* The map of the last batch as sigma in pixels [N,1,H,W] (0 where nothing is blurred), for pictures; NULL for perturb. */
const float *train_adversary_sigma(TrainAdversary *a);

/* For snapshots: the generators' parameters and optimisers, n of them; NULL where there are none. */
int train_adversary_generators(const TrainAdversary *a);
NnParams *train_adversary_params(const TrainAdversary *a, int i);
struct TrainOptimizer *train_adversary_optimizer(TrainAdversary *a, int i);

#endif
