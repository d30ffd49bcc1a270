/* networks.c -- networks by name; those of nn_arch_table with the objective that training minimises by default. */
#include "tests/bench/networks.h"

#include <stdio.h>
#include <string.h>

#include "nn/model/detector.h"
#include "train/objective.h"

static const struct {
    const char *name;
    BenchNetwork (*build)(NnGraph *g, int size, int batch);
} own_table[] = {
    { "lae_ref", bench_lae_ref_build },
    { "resnet18", bench_resnet18_build },
};
#define N_OWN (int)(sizeof own_table / sizeof *own_table)

static BenchNetwork build_detector(NnGraph *g, const char *name, int size, int batch)
{
    TrainConfig config;
    NnBinding b[TRAIN_SECTIONS];
    train_config_bind(&config, b);
    nn_settings_defaults(b, TRAIN_SECTIONS);
    snprintf(config.model.network, sizeof config.model.network, "%s", name);

    const TrainInputs in = train_inputs_make(g, batch, size, nn_detector_latent_channels(&config.model));
    const NnDetector d = nn_detector_build(g, &config.model, in.image, in.select);
    const TrainObjective o = train_objective_build(g, &d, &in, &config.loss);
    return (BenchNetwork){ .loss = o.total,
                           .outputs = { d.logit, d.map, d.recon },
                           .n_outputs = nn_var_is_some(d.recon) ? 3 : 2 };
}

static int is_arch(const char *name)
{
    for (int i = 0; i < nn_arch_count; i++)
        if (strcmp(nn_arch_table[i].name, name) == 0) return 1;
    return 0;
}

static void fail_unknown(NnGraph *g, const char *name)
{
    char known[512] = "";
    size_t at = 0;
    for (int i = 0; i < N_OWN + nn_arch_count && at < sizeof known; i++)
        at += (size_t)snprintf(known + at, sizeof known - at, " %s",
                               i < N_OWN ? own_table[i].name : nn_arch_table[i - N_OWN].name);
    nn_graph_fail(g, NN_ERR_USAGE, "network \"%s\": unknown; known:%s", name, known);
}

BenchNetwork bench_network_build(NnGraph *g, const char *name, int size, int batch)
{
    for (int i = 0; i < N_OWN; i++)
        if (strcmp(own_table[i].name, name) == 0) return own_table[i].build(g, size, batch);
    if (is_arch(name)) return build_detector(g, name, size, batch);
    fail_unknown(g, name);
    return (BenchNetwork){ .loss = NN_NONE };
}
