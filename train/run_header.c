/* run_header.c -- see run_header.h. */
#include "train/run_header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/base/parallel.h"
#include "nn/ops/micro.h"
#include "train/split_gaps.h"

static double mebibytes(const NnPlan *plan)
{
    return plan ? (double)nn_plan_bytes(plan) / 1048576.0 : 0.0;
}

static void say_network(TrainLog *log, const Trainer *t)
{
    static const char *const input[] = { "RGB", "residual" };
    train_log_say(log, "network  %s on %s input, %d x %d pixels: %zu weights, %.1f MFLOP an image",
                  t->config.model.network, input[t->config.model.input == NN_INPUT_RESIDUAL], t->config.data.size,
                  t->config.data.size, nn_params_weights(t->params), 1e-6 * nn_plan_flops(t->plan) / trainer_rows(t));
    train_log_say(log,
                  "memory   %.1f MiB planned for a step (this order needs at least %.1f), %.1f MiB for validation%s",
                  mebibytes(t->plan), (double)nn_plan_lower_bound(t->plan) / 1048576.0, mebibytes(t->val_plan),
                  t->config.train.memory == NN_MEMORY_LOW ? "; memory = low" : "");
}

/* What trains beside the detector. */
static void say_adversary(TrainLog *log, const Trainer *t)
{
    static const char *const kind[] = { "none", "gradient", "generator", "random", "uniform", "perturb" };
    const int n = train_adversary_generators(t->adversary);
    if (!t->adversary) return;
    train_log_say(log, "blur     %s: every image twice in a step, as it is and changed", kind[t->config.blur.kind]);
    if (n)
        train_log_say(log, "         %d generator%s of %zu weights", n, n > 1 ? "s" : "",
                      nn_params_weights(train_adversary_params(t->adversary, 0)));
}

int train_header_count(const DataSet *set, DataSplit split, int method)
{
    int n = 0;
    for (int i = 0; i < set->n; i++) n += set->items[i].split == (int)split && set->items[i].method == method;
    return n;
}

/* Training and validation use the seen manipulations only, the test everything. */
static void say_data(TrainLog *log, const Trainer *t)
{
    const DataSet *set = t->set;
    train_log_say(log, "data     %-14s %-7s %7s %7s %7s", "images", "", "train", "val", "test");
    train_log_say(log, "         %-14s %-7s %7d %7d %7d", "real", "", train_header_count(set, DATA_TRAIN, -1),
                  train_header_count(set, DATA_VAL, -1), train_header_count(set, DATA_TEST, -1));
    for (int m = 0; m < set->n_methods; m++) {
        const int seen = set->seen[m], test = train_header_count(set, DATA_TEST, m);
        train_log_say(log, "         %-14s %-7s %7d %7d %7d", set->methods[m], seen ? "seen" : "unseen",
                      seen ? train_header_count(set, DATA_TRAIN, m) : 0,
                      seen ? train_header_count(set, DATA_VAL, m) : 0, test);
    }
}

static void say_compute(TrainLog *log)
{
    train_log_say(log, "compute  %s as %s, convolutions with %s, %d thread%s", nn_blas_version(), nn_blas_core(),
                  nn_micro()->name, nn_threads(), nn_threads() == 1 ? "" : "s");
    if (nn_blas_warning()) train_log_say(log, "warning  %s", nn_blas_warning());
}

static int count_kernel(const NnPlan *plan, int from, int to, const char *name)
{
    int n = 0;
    for (int i = from; i < to; i++) n += !strcmp(nn_plan_kernel(plan, i), name);
    return n;
}

/* "8 direct, 2 pointwise"; node by node in run.json. */
static void say_kernels(TrainLog *log, const Trainer *t)
{
    char text[256] = "";
    const int nodes = nn_graph_len(t->graph);
    for (int i = 0; i < nodes; i++) {
        const char *name = nn_plan_kernel(t->plan, i);
        const size_t used = strlen(text);
        if (!*name || count_kernel(t->plan, 0, i, name)) continue; /* none, or counted already */
        snprintf(text + used, sizeof text - used, "%s%d %s", used ? ", " : "", count_kernel(t->plan, i, nodes, name),
                 name);
    }
    if (*text) train_log_say(log, "kernels  %s (conv = %s)", text, t->config.train.conv);
}

static void say_run(TrainLog *log, const Trainer *t, const char *folder)
{
    const int accumulate = t->config.optim.accumulate;
    train_log_say(log, "run      %lld steps of %d images (%.1f epochs), seed %d, into %s", (long long)t->total,
                  t->config.train.batch * accumulate, (double)t->total / (double)t->steps_per_epoch,
                  t->config.train.seed, folder ? folder : "no folder: nothing is written");
    if (t->step) train_log_say(log, "resumed  after step %lld", (long long)t->step);
}

/* Nothing else in the output would tell that three settings are without effect. */
static void say_no_validation(TrainLog *log, const Trainer *t)
{
    train_log_say(
        log,
        "warning  no validation, which takes real and forged images, so no new best.safetensors, and best, patience "
        "and schedule = plateau do nothing; last.safetensors is written every %lld steps. To validate: more people, "
        "photos or videos, a larger [data] val_fraction, or a validation split in the data",
        (long long)t->validate_every);
}

/* eval would find out when the run is over. */
static void say_gaps(TrainLog *log, const Trainer *t)
{
    char *text = train_split_gaps(t->set);
    for (char *line = text, *end; line && *line; line = end + 1) {
        end = strchr(line, '\n');
        train_log_say(log, "warning  %.*s", (int)(end - line), line);
    }
    free(text);
}

void train_header_say(TrainLog *log, const Trainer *t, const char *folder)
{
    say_network(log, t);
    say_adversary(log, t);
    say_data(log, t);
    say_compute(log);
    say_kernels(log, t);
    say_run(log, t, folder);
    if (folder && !t->n_val) say_no_validation(log, t);
    if (folder) say_gaps(log, t);
}
