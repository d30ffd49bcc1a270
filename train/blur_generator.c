/* blur_generator.c -- see blur_generator.h. */
#include "train/blur_generator.h"

#include <stdio.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/model/blocks.h"
#include "nn/ops/arithmetic.h"
#include "nn/ops/reduce.h"
#include "train/random_blur.h"

static const float root_at_zero = 2; /* of s, where the network's output is 0 */

static NnVar build_network(NnGraph *g, NnVar x, int width)
{
    x = nn_conv_block(g, "encoder.0", x, (NnConvSpec){ width, 7, 1, 1, NN_ACT_RELU });
    x = nn_conv_block(g, "encoder.1", x, (NnConvSpec){ 2 * width, 3, 2, 1, NN_ACT_RELU });
    x = nn_conv_block(g, "encoder.2", x, (NnConvSpec){ 4 * width, 3, 2, 1, NN_ACT_RELU });
    for (int i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "residual.%d", i);
        x = nn_residual_block(g, name, x, 4 * width, 1);
    }
    x = nn_up_block(g, "decoder.0", x, (NnConvSpec){ 2 * width, 3, 1, 1, NN_ACT_RELU });
    x = nn_up_block(g, "decoder.1", x, (NnConvSpec){ width, 3, 1, 1, NN_ACT_RELU });
    return nn_conv_block(g, "decoder.2", x, (NnConvSpec){ 1, 7, 1, 0, NN_ACT_NONE });
}

static NnStatus build_plan(TrainGenerator *g, const TrainConfig *c, const char *kernels, NnErr *err)
{
    const int N = c->train.batch, size = c->data.size;
    g->image = nn_graph_input(g->graph, "image", (NnShape){ 4, { N, 3, size, size } }, 0);
    g->seed = nn_graph_input(g->graph, "seed", (NnShape){ 4, { N, 1, size, size } }, 0);
    g->o = build_network(g->graph, g->image, c->blur.width);
    const NnPlanSpec spec = { .train = 1,
                              .loss = nn_sum(g->graph, nn_mul(g->graph, g->o, g->seed), 0, 4),
                              .keep = &g->o,
                              .n_keep = 1,
                              .kernel = c->train.conv,
                              .kernels = kernels,
                              .memory = (NnMemory)c->train.memory,
                              .seed = (uint64_t)c->train.seed };
    NN_TRY(nn_graph_status(g->graph, err));
    return nn_plan_new(g->graph, &spec, &g->plan, err);
}

/* RAdam, as the authors have it; moments and weight decay are the run's. */
static NnStatus init_optimizer(TrainGenerator *g, const TrainConfig *c, NnErr *err)
{
    TrainOptimSettings s = c->optim;
    s.optimizer = TRAIN_RADAM;
    return train_optimizer_init(&g->optimizer, &s, g->params, err);
}

NnStatus train_generator_init(TrainGenerator *g, const TrainConfig *c, int number, const char *kernels, NnErr *err)
{
    *g = (TrainGenerator){ .params = nn_params_new(), .s_min = c->blur.s_min, .lr = c->blur.lr };
    g->graph = g->params ? nn_graph_new(g->params) : NULL;
    if (!g->graph) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the generator");
    if (c->data.size % 4 != 0)
        return nn_fail(err, NN_ERR_CONFIG, "[blur] kind = generator: images of %d pixels; expected a multiple of 4",
                       c->data.size);
    NN_TRY(build_plan(g, c, kernels, err));
    /* Seeds of runs have 31 bits: no run's detector starts with these numbers. */
    NN_TRY(nn_params_seal(g->params, (uint64_t)c->train.seed + ((uint64_t)(number + 1) << 32), err));
    return init_optimizer(g, c, err);
}

void train_generator_deinit(TrainGenerator *g)
{
    train_optimizer_deinit(&g->optimizer);
    nn_plan_free(g->plan);
    nn_graph_free(g->graph);
    nn_params_free(g->params);
    *g = (TrainGenerator){ 0 };
}

static size_t length(const TrainGenerator *g, NnVar v)
{
    return nn_shape_len(nn_graph_shape(g->graph, v));
}

void train_generator_draw(TrainGenerator *g, const float *image, float *precision)
{
    const size_t n = length(g, g->o);
    memcpy(nn_plan_data(g->plan, g->image), image, length(g, g->image) * sizeof *image);
    nn_plan_forward(g->plan, 0);
    const float *o = nn_plan_data(g->plan, g->o);
    for (size_t i = 0; i < n; i++) {
        const float root = o[i] + root_at_zero, s = root * root;
        precision[i] = s < g->s_min ? g->s_min : s > TRAIN_PRECISION_MAX ? TRAIN_PRECISION_MAX : s;
    }
}

/* -dL/do of one pixel: what descends climbs. */
static float seed_of(const TrainGenerator *g, float o, float slope)
{
    const float root = o + root_at_zero, s = root * root;
    if ((s <= g->s_min && slope < 0) || (s >= TRAIN_PRECISION_MAX && slope > 0)) return 0;
    return -slope * 2 * root;
}

void train_generator_learn(TrainGenerator *g, const float *slope, const unsigned char *own, double rate)
{
    const NnShape shape = nn_graph_shape(g->graph, g->o);
    const size_t pixels = (size_t)shape.d[2] * (size_t)shape.d[3];
    const float *o = nn_plan_data(g->plan, g->o);
    float *seed = nn_plan_data(g->plan, g->seed);
    for (int n = 0; n < shape.d[0]; n++)
        for (size_t i = (size_t)n * pixels; i < (size_t)(n + 1) * pixels; i++)
            seed[i] = own[n] ? seed_of(g, o[i], slope[i]) : 0;
    nn_params_zero_grads(g->params);
    nn_plan_backward(g->plan, 1.0f);
    train_optimizer_update(&g->optimizer, (double)g->lr * rate);
}
