/* trained_run.c -- see trained_run.h. */
#include "eval/trained_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

static NnStatus no_memory(NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "opening the run: out of memory");
}

/* The checkpoint that `path` means. Caller frees *out. */
static NnStatus find_checkpoint(const char *path, char **out, NnErr *err)
{
    static const char *const names[] = { "best.safetensors", "last.safetensors" };
    if (!nn_folder_exists(path)) {
        if (!nn_file_exists(path)) return nn_fail(err, NN_ERR_IO, "%s: no such run folder or checkpoint", path);
        *out = nn_path_join(NULL, path);
        return *out ? NN_OK : no_memory(err);
    }
    for (int i = 0; i < 2; i++) {
        *out = nn_path_join(path, names[i]);
        if (!*out) return no_memory(err);
        if (nn_file_exists(*out)) return NN_OK;
        free(*out);
        *out = NULL;
    }
    return nn_fail(err, NN_ERR_IO, "%s: not a run folder: neither %s nor %s in it", path, names[0], names[1]);
}

const char *eval_run_note(const EvalRun *run, const char *key)
{
    const char *value = nn_checkpoint_meta(&run->checkpoint, key);
    return value ? value : "";
}

static NnStatus read_config(EvalRun *run, NnErr *err)
{
    const NnBinding bindings[] = { { &data_section, &run->data }, { &nn_model_section, &run->model } };
    const char *config = nn_checkpoint_meta(&run->checkpoint, "config");
    if (!config)
        return nn_fail(err, NN_ERR_FORMAT, "%s: no configuration in it: not a checkpoint of a training run", run->path);
    nn_settings_defaults(bindings, 2);
    NN_TRY(nn_settings_parse(bindings, 2, config, run->path, NULL, NN_SETTINGS_SKIP_SECTIONS, err));
    const char *seed = nn_checkpoint_meta(&run->checkpoint, "seed");
    if (!seed) return nn_fail(err, NN_ERR_FORMAT, "%s: no seed in it: not a checkpoint of a training run", run->path);
    run->seed = strtoull(seed, NULL, 10);
    return NN_OK;
}

static NnStatus read_threshold(EvalRun *run, NnErr *err)
{
    const char *text = nn_checkpoint_meta(&run->checkpoint, "threshold");
    run->threshold = 0.5;
    if (!text) return NN_OK;
    char *end;
    const double v = strtod(text, &end);
    if (end == text || *end)
        return nn_fail(err, NN_ERR_FORMAT, "%s: threshold = \"%s\": expected a number", run->path, text);
    if (isnan(v)) return NN_OK; /* written before the first validation */
    run->threshold = v;
    run->has_threshold = 1;
    return NN_OK;
}

/* The step that a note tells of; -1: no such note. */
static int64_t note_step(const EvalRun *run, const char *key)
{
    const char *text = eval_run_note(run, key);
    char *end;
    const long long step = strtoll(text, &end, 10);
    return end == text || *end ? -1 : step;
}

static NnStatus read_prior(EvalRun *run, NnErr *err)
{
    const NnTensor *mean = nn_checkpoint_find(&run->checkpoint, "data.mask_sum");
    const double count = strtod(eval_run_note(run, "mask_count"), NULL);
    const size_t n = (size_t)run->data.size * (size_t)run->data.size;
    if (!mean || !(count > 0)) return NN_OK;
    if (nn_shape_len(mean->shape) != n)
        return nn_fail(err, NN_ERR_FORMAT, "%s: data.mask_sum has %zu pixels, expected %d x %d", run->path,
                       nn_shape_len(mean->shape), run->data.size, run->data.size);
    float *scaled = nn_alloc(n, sizeof *scaled);
    if (!scaled) return no_memory(err);
    for (size_t i = 0; i < n; i++) scaled[i] = fminf((float)((double)mean->value[i] / count), 1.0f);
    const NnStatus s = eval_prior_init(&run->prior, scaled, n, err);
    free(scaled);
    return s;
}

/* A run that averages its weights validates the average, so the threshold is the average's. */
static const char *weights_prefix(const NnCheckpoint *c)
{
    for (int i = 0; i < c->n_tensors; i++)
        if (!strncmp(c->tensors[i].name, "ema.", 4)) return "ema.";
    return "model.";
}

static NnStatus build(EvalRun *run, NnErr *err)
{
    const int32_t size = run->data.size;
    run->params = nn_params_new();
    run->graph = run->params ? nn_graph_new(run->params) : NULL;
    if (!run->graph) return no_memory(err);
    const NnVar image = nn_graph_input(run->graph, "image", (NnShape){ 4, { run->batch, 3, size, size } }, 0);
    run->net = nn_detector_build(run->graph, &run->model, image, NN_NONE);
    NN_TRY(nn_graph_status(run->graph, err));
    NN_TRY(nn_params_seal(run->params, run->seed, err));
    const char *prefix = weights_prefix(&run->checkpoint);
    NN_TRY(nn_checkpoint_get_params(&run->checkpoint, run->params, prefix, nn_params_values(run->params), 0, err));
    const NnVar keep[] = { run->net.score, run->net.map };
    const NnPlanSpec spec = { .loss = NN_NONE, .keep = keep, .n_keep = 2, .seed = run->seed };
    return nn_plan_new(run->graph, &spec, &run->plan, err);
}

/* Say so when a checkpoint that cannot be used was written by another version. */
static void blame_version(const EvalRun *run, NnErr *err)
{
    const char *version = eval_run_note(run, "version");
    if (!*version || !strcmp(version, LOCUS_VERSION)) return;
    const size_t used = strlen(err->msg);
    snprintf(err->msg + used, sizeof err->msg - used, " (written by version %s; this is %s)", version, LOCUS_VERSION);
}

static NnStatus open_into(EvalRun *run, const char *path, NnErr *err)
{
    NN_TRY(nn_blas_init(err));
    NN_TRY(find_checkpoint(path, &run->path, err));
    run->folder = nn_path_folder(run->path);
    if (!run->folder) return no_memory(err);
    NN_TRY(nn_checkpoint_load(run->path, &run->checkpoint, err));
    NN_TRY(read_config(run, err));
    NN_TRY(read_threshold(run, err));
    run->step = note_step(run, "step");
    run->threshold_step = note_step(run, "validated");
    NN_TRY(read_prior(run, err));
    return build(run, err);
}

NnStatus eval_run_open(const char *path, int batch, EvalRun **out, NnErr *err)
{
    EvalRun *run = nn_alloc(1, sizeof *run);
    if (!run) return no_memory(err);
    run->batch = batch;
    const NnStatus s = open_into(run, path, err);
    if (s == NN_OK) {
        *out = run;
        return NN_OK;
    }
    blame_version(run, err);
    eval_run_close(run);
    return s;
}

void eval_run_close(EvalRun *run)
{
    if (!run) return;
    nn_plan_free(run->plan);
    nn_graph_free(run->graph);
    nn_params_free(run->params);
    nn_checkpoint_free(&run->checkpoint);
    eval_prior_free(&run->prior);
    free(run->folder);
    free(run->path);
    free(run);
}

NnStatus eval_run_judge(EvalRun *run, const float *image, int n, EvalVerdicts *out, NnErr *err)
{
    const size_t len = 3 * (size_t)run->data.size * (size_t)run->data.size;
    float *input = nn_plan_data(run->plan, run->net.image);
    memcpy(input, image, (size_t)n * len * sizeof *input);
    memset(input + (size_t)n * len, 0, (size_t)(run->batch - n) * len * sizeof *input);
    nn_plan_forward(run->plan, 0);
    out->score = nn_plan_data(run->plan, run->net.score);
    out->map = nn_plan_data(run->plan, run->net.map);
    for (int i = 0; i < n; i++)
        if (!isfinite(out->score[i]))
            return nn_fail(err, NN_ERR_NUMERIC, "%s: the detector's score is not a number; did the run diverge?",
                           run->path);
    return NN_OK;
}
