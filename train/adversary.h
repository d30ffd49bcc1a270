/* adversary.h -- what the detector is trained against: each batch once more, changed so that it is harder.
 *
 * Wang, Guo, Zuo, "Deepfake Forensics via An Adversarial Game", IEEE TIP 2022 (arXiv 2103.13567):
 *
 *     min over theta of  L(x, y) + lambda max over s of L(blur(x, s), y)
 *
 * with blur the pixel-wise Gaussian of nn/ops/gaussian_blur.h and s = 1 / sigma^2 its map. The detector's step sees the
 * clean and the changed images side by side, as one batch of twice the size, whose losses are weighted 1 and lambda (and
 * divided by 1 + lambda, so that the learning rate keeps its meaning). Maximising differentiates the detector frozen, as
 * it judges (train/attack.h): no weight and no running statistic of it moves. The loss is the run's whole objective,
 * masks included; what it asks to be rebuilt is the changed image.
 *
 * One file a piece: attack (the frozen detector), blur_generator (the network that draws maps), random_blur (the
 * controls), and here the kinds of [blur], one function each. */
#ifndef TRAIN_ADVERSARY_H
#define TRAIN_ADVERSARY_H
#include "data/loader.h"
#include "train/optimizer.h"
#include "train/train_inputs.h"
#include "train/train_settings.h"

typedef struct TrainAdversary TrainAdversary;

/* What it needs to know of the run; pointers are borrowed. */
typedef struct {
    const TrainConfig *config;
    NnParams *params; /* of the detector, sealed; must outlive the adversary */
    /* Of the run to be resumed, as train_adversary_kernels gave them; NULL: choose. */
    const char *attack_kernels, *generator_kernels;
} TrainAdversarySpec;

/* NULL in *out if [blur] kind = none. ERR_CONFIG, ERR_NOMEM and what building the detector's graph may return. */
NnStatus train_adversary_new(const TrainAdversarySpec *spec, TrainAdversary **out, NnErr *err);
void train_adversary_free(TrainAdversary *a);

/* What it is told of a batch. */
typedef struct {
    TrainMaskUse masks; /* which of them count in the loss */
    uint32_t number;    /* of the batch in the run, for randomness */
    double rate;        /* 0..1: what the run's schedule makes of a learning rate */
} TrainAdversaryStep;

/* Change a full batch: image [N,3,H,W] -> changed [N,3,H,W], in -1..1. Generators learn meanwhile. What comes out is a
 * function of configuration, batch, step and the state of detector and generators; threads change no bit. Allocates
 * nothing. */
void train_adversary_change(TrainAdversary *a, const DataBatch *batch, TrainAdversaryStep step, float *changed);

/* The map of the last batch as sigma in pixels [N,1,H,W], at most the kernel's width (where s is 0), for pictures; NULL
 * for perturb. */
const float *train_adversary_sigma(TrainAdversary *a);

/* For snapshots: the generators, n of them (0 for all other kinds). Their optimisers have made
 * train_adversary_updates(a, batches) updates after so many batches. */
int train_adversary_generators(const TrainAdversary *a);
NnParams *train_adversary_params(const TrainAdversary *a, int i);
TrainOptimizer *train_adversary_optimizer(TrainAdversary *a, int i);
int64_t train_adversary_updates(const TrainAdversary *a, int64_t batches);

/* For --profile: the plans that a change runs, with their graphs; how many there are, 0 for NULL. */
typedef struct {
    const NnGraph *graph;
    NnPlan *plan;
    double passes; /* what a forward pass and its share of passes backward cost together, in forward passes */
} TrainTimedPlan;
enum { TRAIN_ADVERSARY_PLANS = 4 };
int train_adversary_plans(const TrainAdversary *a, TrainTimedPlan out[TRAIN_ADVERSARY_PLANS]);

/* For snapshots: the kernels of the attack and of the generators (nn_plan_kernels); "" where there are none. */
const char *train_adversary_attack_kernels(const TrainAdversary *a);
const char *train_adversary_generator_kernels(const TrainAdversary *a);

#endif
