/* bench_job.c -- see bench_job.h. */
#include "tests/bench/bench_job.h"

#include <string.h>

#include "nn/base/blas.h"
#include "tests/bench/bench_data.h"

static const TrainOptimSettings adam = { .optimizer = TRAIN_ADAM, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f };

NnStatus bench_job_open(BenchJob *j, const BenchSpec *spec, NnErr *err)
{
    NN_TRY(nn_blas_init(err));
    j->params = nn_params_new();
    j->graph = j->params ? nn_graph_new(j->params) : NULL;
    if (!j->graph) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    const BenchNetwork net = bench_network_build(j->graph, spec->network, spec->size, spec->batch);
    NN_TRY(nn_graph_status(j->graph, err));
    NN_TRY(nn_params_seal(j->params, 1, err));
    bench_weights_fill(j->params);

    NnPlanSpec plan = { .train = spec->train, .kernel = spec->kernel, .memory = spec->memory, .loss = NN_NONE };
    if (spec->train) plan.loss = j->loss = net.loss;
    else plan.keep = net.outputs, plan.n_keep = net.n_outputs;
    NN_TRY(nn_plan_new(j->graph, &plan, &j->plan, err));
    if (spec->train) NN_TRY(train_optimizer_init(&j->optimizer, &adam, j->params, err));

    /* lae_ref's reconstruction is a sigmoid, the other autoencoders' a tanh. */
    bench_batch_fill(j->graph, j->plan, strcmp(spec->network, "lae_ref") != 0);
    return NN_OK;
}

void bench_job_close(BenchJob *j)
{
    train_optimizer_deinit(&j->optimizer);
    nn_plan_free(j->plan);
    nn_graph_free(j->graph);
    nn_params_free(j->params);
}

void bench_job_step(BenchJob *j)
{
    if (!nn_var_is_some(j->loss) || !j->optimizer.params) {
        nn_plan_forward(j->plan, j->steps++);
        return;
    }
    nn_params_zero_grads(j->params);
    nn_plan_forward(j->plan, j->steps++);
    nn_plan_backward(j->plan, 1);
    train_optimizer_update(&j->optimizer, 1e-3);
}

float bench_job_loss(BenchJob *j)
{
    return *nn_plan_data(j->plan, j->loss);
}
