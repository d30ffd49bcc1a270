/* adversary.c -- see adversary.h: the kinds of adversary, one function each. */
#include "train/adversary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/base/size.h"
#include "nn/ops/vec.h"
#include "train/attack.h"
#include "train/blur_generator.h"
#include "train/random_blur.h"

enum { MAX_GENERATORS = 2 };
_Static_assert(2 + MAX_GENERATORS <= TRAIN_ADVERSARY_PLANS, "raise TRAIN_ADVERSARY_PLANS");

struct TrainAdversary {
    TrainBlurSettings settings;
    uint64_t seed;
    int N, size, n_generators;
    size_t pixels; /* of one image */
    TrainAttack attack;
    TrainGenerator generator[MAX_GENERATORS]; /* two: of real and of forged images; one: of all */
    unsigned char *own[MAX_GENERATORS];       /* [N]: which images of the batch are whose */
    float *lever;                             /* [N,1,H,W]: the map s of the last batch; perturb: [N,3,H,W], zeros */
    float *drawn;                             /* [N,1,H,W]: of one generator */
    float *sigma;                             /* [N,1,H,W]: for pictures */
};

/* ---- gradient: climb the map itself ---- */

/* Root mean square of one map. */
static double rms_of(const float *x, size_t n)
{
    return sqrt(nn_vec_dot(x, x, n) / (double)n);
}

/* s += step g / rms(g), back to s >= 0, and (if asked for) to a root mean square. */
static void ascend(const TrainBlurSettings *b, const float *gradient, size_t n, float *s)
{
    const double slope = rms_of(gradient, n);
    const float each = slope > 0 ? (float)((double)b->step / slope) : 0;
    for (size_t i = 0; i < n; i++) {
        const float moved = s[i] + each * gradient[i];
        s[i] = moved < 0 ? 0 : moved;
    }
    if (b->rms <= 0) return;
    const double now = rms_of(s, n);
    const float scale = now > 0 ? (float)((double)b->rms / now) : 1;
    for (size_t i = 0; i < n; i++) s[i] *= scale;
}

static void change_by_gradient(TrainAdversary *a, const DataBatch *batch, TrainAdversaryStep step, float *changed)
{
    const float *gradient;
    for (size_t i = 0; i < (size_t)a->N * a->pixels; i++) a->lever[i] = a->settings.start;
    train_attack_load(&a->attack, batch, step.masks);
    for (int k = 0; k < a->settings.steps; k++) {
        train_attack_climb(&a->attack, a->lever, &gradient);
        for (int n = 0; n < a->N; n++)
            ascend(&a->settings, gradient + (size_t)n * a->pixels, a->pixels, a->lever + (size_t)n * a->pixels);
    }
    train_attack_change(&a->attack, batch->image, a->lever, changed);
}

/* ---- generator: climb the weights of networks that draw the map ---- */

static void share_images(TrainAdversary *a, const DataBatch *batch)
{
    for (int n = 0; n < a->N; n++)
        for (int i = 0; i < a->n_generators; i++)
            a->own[i][n] = a->n_generators == 1 || (batch->label[n] > 0.5f) == (i == 1);
}

/* Every generator draws all images (its shapes are fixed); of each image the map of its own one is taken. */
static void draw_maps(TrainAdversary *a, const float *image)
{
    for (int i = 0; i < a->n_generators; i++) {
        train_generator_draw(&a->generator[i], image, a->drawn);
        for (int n = 0; n < a->N; n++) {
            const size_t at = (size_t)n * a->pixels;
            if (a->own[i][n]) memcpy(a->lever + at, a->drawn + at, a->pixels * sizeof *a->lever);
        }
    }
}

static void change_by_generator(TrainAdversary *a, const DataBatch *batch, TrainAdversaryStep step, float *changed)
{
    const float *gradient;
    share_images(a, batch);
    train_attack_load(&a->attack, batch, step.masks);
    for (int k = 0; k < a->settings.steps; k++) {
        draw_maps(a, batch->image);
        train_attack_climb(&a->attack, a->lever, &gradient);
        for (int i = 0; i < a->n_generators; i++)
            train_generator_learn(&a->generator[i], gradient, a->own[i], step.rate);
    }
    draw_maps(a, batch->image);
    train_attack_change(&a->attack, batch->image, a->lever, changed);
}

/* ---- the controls ---- */

static void change_at_random(TrainAdversary *a, const DataBatch *batch, TrainAdversaryStep step, float *changed)
{
    train_blur_random(a->seed, step.number, a->settings.sigma, a->N, a->size, a->lever);
    train_attack_change(&a->attack, batch->image, a->lever, changed);
}

static void change_uniformly(TrainAdversary *a, const DataBatch *batch, TrainAdversaryStep step, float *changed)
{
    train_blur_uniform(a->seed, step.number, a->settings.sigma, a->N, a->size, a->lever);
    train_attack_change(&a->attack, batch->image, a->lever, changed);
}

/* The fast gradient sign (Goodfellow, Shlens, Szegedy 2015): one step of the same size for every value. */
static void perturb(TrainAdversary *a, const DataBatch *batch, TrainAdversaryStep step, float *changed)
{
    const float each = a->settings.levels / 127.5f;
    const float *gradient;
    train_attack_load(&a->attack, batch, step.masks);
    train_attack_climb(&a->attack, a->lever, &gradient);
    for (size_t i = 0; i < 3 * (size_t)a->N * a->pixels; i++) {
        const float sign = gradient[i] > 0 ? 1.0f : gradient[i] < 0 ? -1.0f : 0.0f;
        const float moved = batch->image[i] + each * sign;
        changed[i] = moved < -1 ? -1 : moved > 1 ? 1 : moved;
    }
}

static const struct {
    void (*change)(TrainAdversary *a, const DataBatch *batch, TrainAdversaryStep step, float *changed);
    int climbs;
    TrainLever lever;
} kinds[] = {
    [TRAIN_BLUR_GRADIENT] = { change_by_gradient, 1, TRAIN_LEVER_PRECISION },
    [TRAIN_BLUR_GENERATOR] = { change_by_generator, 1, TRAIN_LEVER_PRECISION },
    [TRAIN_BLUR_RANDOM] = { change_at_random, 0, TRAIN_LEVER_PRECISION },
    [TRAIN_BLUR_UNIFORM] = { change_uniformly, 0, TRAIN_LEVER_PRECISION },
    [TRAIN_BLUR_PERTURB] = { perturb, 1, TRAIN_LEVER_SHIFT },
};

/* ---- making one ---- */

static NnStatus allocate(TrainAdversary *a, NnErr *err)
{
    const size_t maps = (size_t)a->N * a->pixels;
    const size_t lever = kinds[a->settings.kind].lever == TRAIN_LEVER_SHIFT ? 3 * maps : maps;
    a->lever = nn_alloc(lever, sizeof *a->lever);
    a->sigma = nn_alloc(maps, sizeof *a->sigma);
    a->drawn = nn_alloc(a->n_generators ? maps : 1, sizeof *a->drawn);
    for (int i = 0; i < MAX_GENERATORS; i++) a->own[i] = nn_alloc((size_t)a->N, 1);
    if (a->lever && a->sigma && a->drawn && a->own[0] && a->own[1]) return NN_OK;
    return nn_fail(err, NN_ERR_NOMEM, "out of memory for the adversary");
}

static NnStatus init(TrainAdversary *a, const TrainAdversarySpec *spec, NnErr *err)
{
    const TrainAttackSpec attack = { .config = spec->config,
                                     .params = spec->params,
                                     .kernels = spec->attack_kernels,
                                     .lever = kinds[a->settings.kind].lever,
                                     .climbs = kinds[a->settings.kind].climbs };
    NN_TRY(allocate(a, err));
    NN_TRY(train_attack_init(&a->attack, &attack, err));
    for (int i = 0; i < a->n_generators; i++)
        NN_TRY(train_generator_init(&a->generator[i], spec->config, i, spec->generator_kernels, err));
    return NN_OK;
}

NnStatus train_adversary_new(const TrainAdversarySpec *spec, TrainAdversary **out, NnErr *err)
{
    const TrainConfig *c = spec->config;
    *out = NULL;
    if (c->blur.kind == TRAIN_BLUR_NONE) return NN_OK;
    TrainAdversary *a = nn_alloc(1, sizeof *a);
    if (!a) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the adversary");
    a->settings = c->blur, a->seed = (uint64_t)c->train.seed, a->N = c->train.batch, a->size = c->data.size;
    a->pixels = (size_t)a->size * (size_t)a->size;
    a->n_generators = c->blur.kind == TRAIN_BLUR_GENERATOR ? 1 + c->blur.two_generators : 0;
    const NnStatus status = init(a, spec, err);
    if (status == NN_OK) *out = a;
    else train_adversary_free(a);
    return status;
}

void train_adversary_free(TrainAdversary *a)
{
    if (!a) return;
    for (int i = 0; i < MAX_GENERATORS; i++) {
        train_generator_deinit(&a->generator[i]);
        free(a->own[i]);
    }
    train_attack_deinit(&a->attack);
    free(a->lever);
    free(a->drawn);
    free(a->sigma);
    free(a);
}

void train_adversary_change(TrainAdversary *a, const DataBatch *batch, TrainAdversaryStep step, float *changed)
{
    kinds[a->settings.kind].change(a, batch, step, changed);
}

const float *train_adversary_sigma(TrainAdversary *a)
{
    const float widest = (float)a->settings.kernel;
    if (kinds[a->settings.kind].lever != TRAIN_LEVER_PRECISION) return NULL;
    for (size_t i = 0; i < (size_t)a->N * a->pixels; i++)
        a->sigma[i] = a->lever[i] * widest * widest > 1 ? 1 / sqrtf(a->lever[i]) : widest;
    return a->sigma;
}

/* ---- for snapshots ---- */

int train_adversary_generators(const TrainAdversary *a)
{
    return a ? a->n_generators : 0;
}

NnParams *train_adversary_params(const TrainAdversary *a, int i)
{
    return a->generator[i].params;
}

TrainOptimizer *train_adversary_optimizer(TrainAdversary *a, int i)
{
    return &a->generator[i].optimizer;
}

int64_t train_adversary_updates(const TrainAdversary *a, int64_t batches)
{
    return batches * a->settings.steps;
}

const char *train_adversary_attack_kernels(const TrainAdversary *a)
{
    return a && a->attack.climb ? nn_plan_kernels(a->attack.climb) : "";
}

const char *train_adversary_generator_kernels(const TrainAdversary *a)
{
    return train_adversary_generators(a) ? nn_plan_kernels(a->generator[0].plan) : "";
}

/* ---- for --profile ---- */

int train_adversary_plans(const TrainAdversary *a, TrainTimedPlan out[TRAIN_ADVERSARY_PLANS])
{
    int n = 0;
    if (!a) return 0;
    if (a->attack.climb) out[n++] = (TrainTimedPlan){ a->attack.graph, a->attack.climb, 2 };
    if (a->attack.change) out[n++] = (TrainTimedPlan){ a->attack.graph, a->attack.change, 1 };
    for (int i = 0; i < a->n_generators; i++) /* it draws once more than it learns */
        out[n++] = (TrainTimedPlan){ a->generator[i].graph, a->generator[i].plan,
                                     1 + 2.0 * a->settings.steps / (a->settings.steps + 1) };
    return n;
}
