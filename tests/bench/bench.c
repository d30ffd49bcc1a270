/* bench.c -- the time of one training step, and the memory it takes. The peer of torch_bench.py.
 *
 * usage: bench NETWORK SIZE BATCH SECONDS  ->  "images_per_s peak_mib"
 *
 * A whole step of LAE's objective with Adam on one fixed batch in memory: loading images is not part of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "nn/base/blas.h"
#include "nn/base/calm_start.h"
#include "nn/base/clock.h"
#include "nn/base/parallel.h"
#include "train/objective.h"
#include "train/optimizer.h"

enum { MAX_STEPS = 100000 };

typedef struct {
    TrainConfig config;
    NnParams *params;
    NnGraph *graph;
    NnPlan *plan;
    TrainOptimizer optimizer;
} Job;

static NnStatus job_open(Job *j, const char *network, int size, int batch, NnErr *err)
{
    NN_TRY(nn_blas_init(err));
    NnBinding b[TRAIN_SECTIONS];
    train_config_bind(&j->config, b);
    nn_settings_defaults(b, TRAIN_SECTIONS);
    snprintf(j->config.model.network, sizeof j->config.model.network, "%s", network);

    j->params = nn_params_new();
    j->graph = j->params ? nn_graph_new(j->params) : NULL;
    if (!j->graph) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    const int channels = nn_detector_latent_channels(&j->config.model);
    const TrainInputs in = train_inputs_make(j->graph, batch, size, channels > 0 ? channels : 1);
    const NnDetector d = nn_detector_build(j->graph, &j->config.model, in.image, in.select);
    const TrainObjective o = train_objective_build(j->graph, &d, &in, &j->config.loss);
    NN_TRY(nn_graph_status(j->graph, err));
    NN_TRY(nn_params_seal(j->params, 1, err));
    NN_TRY(nn_plan_new(j->graph, &(NnPlanSpec){ .train = 1, .loss = o.total }, &j->plan, err));
    NN_TRY(train_optimizer_init(&j->optimizer, &j->config.optim, j->params, err));

    const NnVar inputs[] = { in.image, in.label, in.target, in.mask, in.weight, in.mask_weight, in.select };
    NnRng r = nn_rng_make(1, NN_STREAM_TEST, 0, 0);
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        float *v = nn_plan_data(j->plan, inputs[i]);
        const size_t n = nn_shape_len(nn_graph_shape(j->graph, inputs[i]));
        for (size_t k = 0; v && k < n; k++) v[k] = nn_rng_uniform(&r);
    }
    return NN_OK;
}

static void job_close(Job *j)
{
    train_optimizer_deinit(&j->optimizer);
    nn_plan_free(j->plan);
    nn_graph_free(j->graph);
    nn_params_free(j->params);
}

static void step(Job *j, uint32_t number)
{
    nn_params_zero_grads(j->params);
    nn_plan_forward(j->plan, number);
    nn_plan_backward(j->plan, 1);
    train_optimizer_update(&j->optimizer, 1e-3);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median seconds of a step, over at least three steps and the given time. */
static double measure(Job *j, double seconds)
{
    static double times[MAX_STEPS];
    const double start = nn_clock();
    int n = 0;
    step(j, 0);
    while (n < MAX_STEPS && (n < 3 || nn_clock() - start < seconds)) {
        const double before = nn_clock();
        step(j, (uint32_t)n + 1);
        times[n++] = nn_clock() - before;
    }
    qsort(times, (size_t)n, sizeof *times, by_value);
    return times[n / 2];
}

int main(int argc, char **argv)
{
    nn_calm_start(argv);
    if (argc != 5) {
        fprintf(stderr, "usage: bench NETWORK SIZE BATCH SECONDS\n");
        return 2;
    }
    const int batch = atoi(argv[3]);
    Job j = { 0 };
    NnErr err = { 0 };
    NnStatus s = job_open(&j, argv[1], atoi(argv[2]), batch, &err);
    if (s == NN_OK) {
        struct rusage use;
        const double median = measure(&j, atof(argv[4]));
        getrusage(RUSAGE_SELF, &use);
        printf("%.2f %.1f\n", batch / median, (double)use.ru_maxrss / 1024);
    } else fprintf(stderr, "bench: %s\n", err.msg);
    job_close(&j);
    return nn_status_exit_code(s);
}
