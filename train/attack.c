/* attack.c -- see attack.h. */
#include "train/attack.h"

#include <string.h>

#include "nn/ops/arithmetic.h"
#include "nn/ops/gaussian_blur.h"

static void build_change(TrainAttack *a, const TrainAttackSpec *spec)
{
    const TrainConfig *c = spec->config;
    const int blurs = spec->lever == TRAIN_LEVER_PRECISION;
    const NnShape shape = { 4, { c->train.batch, blurs ? 1 : 3, c->data.size, c->data.size } };
    nn_graph_scope(a->graph, "adversary");
    a->lever = nn_graph_input(a->graph, "lever", shape, 1);
    a->changed = blurs ? nn_gaussian_blur(a->graph, a->inputs.image, a->lever, c->blur.kernel)
                       : nn_add(a->graph, a->inputs.image, a->lever);
    nn_graph_scope(a->graph, "");
}

/* What the detector is asked is what it is asked in its own step: the changed images are the images. */
static void build_objective(TrainAttack *a, const TrainConfig *c)
{
    TrainInputs seen = a->inputs;
    seen.image = a->changed;
    const NnDetector detector = nn_detector_build(a->graph, &c->model, seen.image, seen.select);
    nn_graph_scope(a->graph, "objective");
    a->objective = train_objective_build(a->graph, &detector, &seen, &c->loss);
    nn_graph_scope(a->graph, "");
}

static NnStatus build_plans(TrainAttack *a, const TrainAttackSpec *spec, NnErr *err)
{
    const TrainConfig *c = spec->config;
    const NnPlanSpec climb = { .train = 1,
                               .frozen = 1,
                               .loss = a->objective.total,
                               .kernel = c->train.conv,
                               .kernels = spec->kernels,
                               .memory = (NnMemory)c->train.memory,
                               .seed = (uint64_t)c->train.seed };
    const NnPlanSpec change = { .loss = NN_NONE, .keep = &a->changed, .n_keep = 1 };
    if (spec->climbs) NN_TRY(nn_plan_new(a->graph, &climb, &a->climb, err));
    return spec->lever == TRAIN_LEVER_PRECISION ? nn_plan_new(a->graph, &change, &a->change, err) : NN_OK;
}

NnStatus train_attack_init(TrainAttack *a, const TrainAttackSpec *spec, NnErr *err)
{
    const TrainConfig *c = spec->config;
    const int channels = nn_detector_latent_channels(&c->model);
    *a = (TrainAttack){ .graph = nn_graph_new(spec->params) };
    if (!a->graph) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the adversary");
    a->inputs = train_inputs_make(a->graph, c->train.batch, c->data.size, channels > 0 ? channels : 1);
    build_change(a, spec);
    if (spec->climbs) build_objective(a, c);
    NN_TRY(nn_graph_status(a->graph, err));
    return build_plans(a, spec, err);
}

void train_attack_deinit(TrainAttack *a)
{
    nn_plan_free(a->change);
    nn_plan_free(a->climb);
    nn_graph_free(a->graph);
    *a = (TrainAttack){ 0 };
}

void train_attack_load(TrainAttack *a, const DataBatch *batch, TrainMaskUse masks)
{
    train_inputs_fill(&a->inputs, a->graph, a->climb, batch, masks);
}

static void put(const TrainAttack *a, NnPlan *plan, NnVar v, const float *value)
{
    memcpy(nn_plan_data(plan, v), value, nn_shape_len(nn_graph_shape(a->graph, v)) * sizeof *value);
}

double train_attack_climb(TrainAttack *a, const float *lever, const float **gradient)
{
    put(a, a->climb, a->lever, lever);
    nn_plan_forward(a->climb, 0);
    const double loss = (double)nn_plan_data(a->climb, a->objective.total)[0];
    nn_plan_backward(a->climb, 1.0f);
    *gradient = nn_plan_grad(a->climb, a->lever);
    return loss;
}

void train_attack_change(TrainAttack *a, const float *image, const float *lever, float *changed)
{
    put(a, a->change, a->inputs.image, image);
    put(a, a->change, a->lever, lever);
    nn_plan_forward(a->change, 0);
    memcpy(changed, nn_plan_data(a->change, a->changed),
           nn_shape_len(nn_graph_shape(a->graph, a->changed)) * sizeof *changed);
}
