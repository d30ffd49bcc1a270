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

static NnStatus read_threshold(EvalRun *run, NnErr *err)
{
    const char *text = nn_checkpoint_meta(&run->trained.checkpoint, "threshold");
    run->threshold = 0.5;
    snprintf(run->threshold_rule, sizeof run->threshold_rule, "none stored with the run");
    if (!text) return NN_OK;
    char *end;
    const double v = strtod(text, &end);
    if (end == text || *end)
        return nn_fail(err, NN_ERR_FORMAT, "%s: threshold = \"%s\": expected a number", run->trained.path, text);
    if (isnan(v)) return NN_OK; /* written before the first validation */
    run->threshold = v;
    run->has_threshold = 1;
    snprintf(run->threshold_rule, sizeof run->threshold_rule, "chosen on the source's validation split");
    return NN_OK;
}

/* The step that a note tells of; -1: no such note. */
static int64_t note_step(const EvalRun *run, const char *key)
{
    const char *text = nn_trained_note(&run->trained, key);
    char *end;
    const long long step = strtoll(text, &end, 10);
    return end == text || *end ? -1 : step;
}

static NnStatus read_prior(EvalRun *run, NnErr *err)
{
    const NnTensor *mean = nn_checkpoint_find(&run->trained.checkpoint, "data.mask_sum");
    const double count = strtod(nn_trained_note(&run->trained, "mask_count"), NULL);
    const size_t n = (size_t)run->data.size * (size_t)run->data.size;
    if (!mean || !(count > 0)) return NN_OK;
    if (nn_shape_len(mean->shape) != n)
        return nn_fail(err, NN_ERR_FORMAT, "%s: data.mask_sum has %zu pixels, expected %d x %d", run->trained.path,
                       nn_shape_len(mean->shape), run->data.size, run->data.size);
    float *scaled = nn_alloc(n, sizeof *scaled);
    if (!scaled) return no_memory(err);
    for (size_t i = 0; i < n; i++) scaled[i] = fminf((float)((double)mean->value[i] / count), 1.0f);
    const NnStatus s = eval_prior_init(&run->prior, scaled, n, err);
    free(scaled);
    return s;
}

static NnStatus build(EvalRun *run, NnErr *err)
{
    const int32_t size = run->data.size;
    run->params = nn_params_new();
    run->graph = run->params ? nn_graph_new(run->params) : NULL;
    if (!run->graph) return no_memory(err);
    const NnVar image = nn_graph_input(run->graph, "image", (NnShape){ 4, { run->batch, 3, size, size } }, 0);
    run->net = nn_detector_build(run->graph, &run->trained.model, image, NN_NONE);
    NN_TRY(nn_graph_status(run->graph, err));
    NN_TRY(nn_params_seal(run->params, run->trained.seed, err));
    NN_TRY(nn_trained_restore(&run->trained, run->params, err));
    const NnVar keep[] = { run->net.score, run->net.map };
    const NnPlanSpec spec = { .loss = NN_NONE, .keep = keep, .n_keep = 2, .seed = run->trained.seed };
    return nn_plan_new(run->graph, &spec, &run->plan, err);
}

static NnStatus open_into(EvalRun *run, const char *path, NnErr *err)
{
    NN_TRY(nn_blas_init(err));
    const NnBinding data = { &data_section, &run->data };
    NN_TRY(nn_trained_open(&run->trained, path, &data, 1, err));
    run->folder = nn_path_folder(run->trained.path);
    if (!run->folder) return no_memory(err);
    NN_TRY(read_threshold(run, err));
    NN_TRY(eval_validation_read(&run->trained.checkpoint, run->trained.path, &run->validation, err));
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
    nn_trained_blame_version(&run->trained, err);
    eval_run_close(run);
    return s;
}

void eval_run_close(EvalRun *run)
{
    if (!run) return;
    nn_plan_free(run->plan);
    nn_graph_free(run->graph);
    nn_params_free(run->params);
    nn_trained_close(&run->trained);
    eval_prior_free(&run->prior);
    eval_validation_free(&run->validation);
    free(run->folder);
    free(run);
}

NnStatus eval_run_set_threshold(EvalRun *run, const char *rule, NnErr *err)
{
    EvalThresholdRule parsed;
    if (!rule) return NN_OK;
    NN_TRY(eval_threshold_rule_parse(rule, &parsed, err));
    NN_TRY(eval_thresholds(&run->validation, &parsed, 1, &run->threshold, err));
    if (parsed.is_number) snprintf(run->threshold_rule, sizeof run->threshold_rule, "as given");
    else snprintf(run->threshold_rule, sizeof run->threshold_rule, "%.16s on the source's validation split", rule);
    return NN_OK;
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
                           run->trained.path);
    return NN_OK;
}
