/* trainer.c -- see trainer.h: setting up, and the training step. */
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/audit.h"
#include "nn/base/clock.h"
#include "nn/base/parallel.h"
#include "nn/base/settings.h"
#include "nn/base/size.h"

/* ---- setting up -------------------------------------------------------------------------------------------------- */

static NnStatus copy_index(int **to, const int *from, int n, NnErr *err)
{
    *to = nn_alloc((size_t)n, sizeof **to);
    if (!*to) return nn_fail(err, NN_ERR_NOMEM, "out of memory for %d item numbers", n);
    if (n) memcpy(*to, from, (size_t)n * sizeof **to);
    return NN_OK;
}

/* Images of one class cannot say which detector is better: one that calls everything real would be best on real ones.
 * So there is no validation on them, which is an error unless it is allowed. */
static NnStatus settle_validation(Trainer *t, NnErr *err)
{
    int n[2] = { 0, 0 };
    for (int i = 0; i < t->n_val; i++) n[t->set->items[t->val[i]].label]++;
    if (!t->n_val || (n[0] && n[1])) return NN_OK;
    if (!nn_list_has(t->config.data.allow, data_finding_rules[DATA_ONE_CLASS].name))
        return nn_fail(err, NN_ERR_DATA,
                       "the validation split has %d real and %d forged images; expected some of both (val_fraction in "
                       "[data], or the split column of the manifest), or [data] allow = one-class, to train without "
                       "validation",
                       n[0], n[1]);
    t->n_val = 0;
    return NN_OK;
}

int trainer_rows(const Trainer *t)
{
    return t->config.blur.kind == TRAIN_BLUR_NONE ? t->config.train.batch : 2 * t->config.train.batch;
}

/* Detector and losses in one graph; with an adversary the loss on its images too, to be looked at. */
static NnStatus build_graph(Trainer *t, NnErr *err)
{
    const TrainConfig *c = &t->config;
    const int channels = nn_detector_latent_channels(&c->model);
    t->params = nn_params_new();
    t->graph = t->params ? nn_graph_new(t->params) : NULL;
    if (!t->graph) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the network");
    t->inputs = train_inputs_make(t->graph, trainer_rows(t), c->data.size, channels > 0 ? channels : 1);
    t->detector = nn_detector_build(t->graph, &c->model, t->inputs.image, t->inputs.select);
    nn_graph_scope(t->graph, "objective");
    t->objective = train_objective_build(t->graph, &t->detector, &t->inputs, &c->loss);
    if (c->blur.kind != TRAIN_BLUR_NONE) {
        const TrainInputs changed = train_inputs_changed(t->graph, &t->inputs);
        t->of_changed = train_objective_build(t->graph, &t->detector, &changed, &c->loss);
    }
    nn_graph_scope(t->graph, "");
    return nn_graph_status(t->graph, err);
}

/* Two plans of one graph: training, and inference for the validation, with the same kernels. */
static NnStatus build_plans(Trainer *t, const char *kernels, NnErr *err)
{
    const TrainConfig *c = &t->config;
    NnVar keep[TRAIN_MAX_TERMS + 1];
    int n = 0;
    for (; n < t->objective.n; n++) keep[n] = t->objective.terms[n].value;
    if (t->of_changed.n) keep[n++] = t->of_changed.total;
    NnPlanSpec spec = { .train = 1,
                        .loss = t->objective.total,
                        .keep = keep,
                        .n_keep = n,
                        .kernel = c->train.conv,
                        .kernels = kernels,
                        .memory = (NnMemory)c->train.memory,
                        .seed = (uint64_t)c->train.seed };
    NnErr why = { 0 };
    const NnStatus s = nn_plan_new(t->graph, &spec, &t->plan, &why);
    if (s != NN_OK) return nn_fail(err, s, "%s%s", s == NN_ERR_CONFIG ? "[train] conv: " : "", why.msg);
    if (!t->n_val) return NN_OK;
    n = t->objective.n;
    keep[n++] = t->detector.score;
    spec.train = 0, spec.loss = NN_NONE, spec.n_keep = n, spec.kernels = nn_plan_kernels(t->plan);
    return nn_plan_new(t->graph, &spec, &t->val_plan, err);
}

static NnStatus allocate_buffers(Trainer *t, NnErr *err)
{
    const size_t size = (size_t)t->config.data.size;
    t->mask_sum = nn_alloc(size * size, sizeof *t->mask_sum);
    t->score = nn_alloc((size_t)t->n_val, sizeof *t->score);
    t->truth = nn_alloc((size_t)t->n_val, sizeof *t->truth);
    t->judged_score = nn_alloc((size_t)t->n_val, sizeof *t->judged_score);
    t->judged_label = nn_alloc((size_t)t->n_val, sizeof *t->judged_label);
    t->items = nn_alloc((size_t)t->config.train.batch, sizeof *t->items);
    if (t->mask_sum && t->score && t->truth && t->judged_score && t->judged_label && t->items) return NN_OK;
    return nn_fail(err, NN_ERR_NOMEM, "out of memory for the buffers of a run");
}

static NnStatus make_adversary(Trainer *t, const TrainerSpec *spec, NnErr *err)
{
    const TrainAdversarySpec adversary = { .config = &t->config,
                                           .params = t->params,
                                           .attack_kernels = spec->attack_kernels,
                                           .generator_kernels = spec->generator_kernels };
    const size_t size = (size_t)t->config.data.size;
    NN_TRY(train_adversary_new(&adversary, &t->adversary, err));
    if (!t->adversary) return NN_OK;
    t->changed = nn_alloc((size_t)t->config.train.batch, 3 * size * size * sizeof *t->changed);
    return t->changed ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory for a changed batch");
}

static void set_length(Trainer *t)
{
    const TrainConfig *c = &t->config;
    const int64_t images = (int64_t)c->train.batch * c->optim.accumulate;
    t->steps_per_epoch = t->n_train / images > 0 ? t->n_train / images : 1;
    t->validate_every = c->train.validate_every ? c->train.validate_every : t->steps_per_epoch;
    t->total = c->train.steps ? c->train.steps : c->train.epochs * t->steps_per_epoch;
}

/* In an active run masks are hidden until its candidates are picked, those of the validation for ever. */
static NnStatus settle_masks(Trainer *t, NnErr *err)
{
    t->masks = t->val_masks = t->config.loss.mask_on_real ? TRAIN_MASKS_ALL : TRAIN_MASKS_FORGED;
    if (t->config.active.picker == TRAIN_PICK_OFF) return NN_OK;
    t->masks = t->val_masks = TRAIN_MASKS_NONE;
    return data_set_hide_masks(t->set, err);
}

static NnStatus set_up(Trainer *t, const TrainerSpec *spec, NnErr *err)
{
    NN_TRY(copy_index(&t->train, spec->train, spec->n_train, err));
    NN_TRY(copy_index(&t->val, spec->val, spec->n_val, err));
    if (!t->n_train) return nn_fail(err, NN_ERR_DATA, "the training split holds no image");
    NN_TRY(settle_validation(t, err));
    NN_TRY(settle_masks(t, err));
    NN_TRY(allocate_buffers(t, err));
    NN_TRY(build_graph(t, err));
    NN_TRY(nn_params_seal(t->params, (uint64_t)t->config.train.seed, err));
    NN_TRY(build_plans(t, spec->kernels, err));
    NN_TRY(make_adversary(t, spec, err));
    NN_TRY(train_optimizer_init(&t->optimizer, &t->config.optim, t->params, err));
    return train_ema_init(&t->ema, t->config.optim.ema, t->params, err);
}

/* Every thread that computes must round alike. */
static void prepare_threads(int threads)
{
    nn_threads_set(threads > 0 ? threads : nn_cpu_count());
#pragma omp parallel num_threads(nn_threads())
    nn_flush_denormals();
}

NnStatus trainer_new(const TrainerSpec *spec, Trainer **out, NnErr *err)
{
    Trainer *t = nn_alloc(1, sizeof *t);
    if (!t) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the trainer");
    t->config = *spec->config, t->set = spec->set, t->augment = spec->augment;
    t->annotations = spec->annotations;
    t->n_train = spec->n_train, t->n_val = spec->n_val;
    t->side_min = spec->side_min, t->side_max = spec->side_max;
    t->best = -INFINITY, t->threshold = 0.5;
    set_length(t);
    prepare_threads(t->config.train.threads);
    const NnStatus status = set_up(t, spec, err);
    if (status != NN_OK) {
        trainer_free(t);
        return status;
    }
    *out = t;
    return NN_OK;
}

void trainer_free(Trainer *t)
{
    if (!t) return;
    data_loader_close(t->loader);
    train_adversary_free(t->adversary);
    train_ema_deinit(&t->ema);
    train_optimizer_deinit(&t->optimizer);
    nn_plan_free(t->val_plan);
    nn_plan_free(t->plan);
    nn_graph_free(t->graph);
    nn_params_free(t->params);
    data_region_maps_free(t->maps);
    free(t->often);
    free(t->place);
    free(t->train);
    free(t->val);
    free(t->mask_sum);
    free(t->score);
    free(t->truth);
    free(t->judged_score);
    free(t->judged_label);
    free(t->items);
    free(t->changed);
    free(t);
}

NnStatus trainer_start(Trainer *t, NnErr *err)
{
    const TrainConfig *c = &t->config;
    const DataLoaderSpec spec = { .set = t->set,
                                  .index = t->train,
                                  .n_index = t->n_train,
                                  .often = t->often,
                                  .n_often = t->n_often,
                                  .often_share = (double)c->active.draw,
                                  .batch = c->train.batch,
                                  .threads = c->data.threads,
                                  .seed = (uint64_t)c->train.seed,
                                  .train = 1,
                                  .augment = t->augment ? &c->augment : NULL,
                                  .removal = t->augment && t->maps ? &t->removal : NULL,
                                  .first = t->step * c->optim.accumulate };
    return data_loader_open(&spec, &t->loader, err);
}

void trainer_stop(Trainer *t)
{
    t->waited = trainer_waited(t);
    data_loader_close(t->loader);
    t->loader = NULL;
}

void trainer_remove_regions(Trainer *t, DataRegionMaps *maps, int *place)
{
    data_region_maps_free(t->maps);
    free(t->place);
    t->maps = maps, t->place = place;
    t->removal = (DataRemoval){ .settings = t->config.regions, .maps = maps, .place = place };
}

double trainer_waited(const Trainer *t)
{
    return t->waited + (t->loader ? data_loader_waited(t->loader) : 0);
}

/* ---- the step ---------------------------------------------------------------------------------------------------- */

/* "a.png, b.png, ... and 30 more", as much as fits. */
static void name_files(const Trainer *t, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < t->config.train.batch; i++) {
        const char *path = t->set->items[t->items[i]].path;
        if (used + strlen(path) + 24 > size) {
            snprintf(text + used, size - used, " and %d more", t->config.train.batch - i);
            return;
        }
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", path);
    }
}

static int has_broken_adversary(const Trainer *t)
{
    const size_t size = (size_t)t->config.data.size, n = 3 * size * size * (size_t)t->config.train.batch;
    float zero = 0.0f; /* x * 0 is NaN for every x that is not finite */
    for (size_t i = 0; t->adversary && i < n; i++) zero += t->changed[i] * 0.0f;
    return isnan(zero);
}

static NnStatus diverged(Trainer *t, const char *what, uint32_t number, int backward, NnErr *err)
{
    char node[200], files[300];
    if (has_broken_adversary(t))
        return nn_fail(
            err, NN_ERR_NUMERIC,
            "step %lld: the images that the adversary made are not finite; expected a lower [blur] lr, or step",
            (long long)(t->step + 1));
    if (!nn_plan_find_nonfinite(t->plan, number, backward, node, sizeof node))
        snprintf(node, sizeof node, "not found on a second look");
    name_files(t, files, sizeof files);
    return nn_fail(err, NN_ERR_NUMERIC, "step %lld: the %s is not finite; first bad node: %s; files: %s",
                   (long long)(t->step + 1), what, node, files);
}

static NnStatus check_weights(const Trainer *t, double lr, NnErr *err)
{
    const float *w = nn_params_values(t->params);
    for (int p = 0; p < nn_params_count(t->params); p++) {
        const NnParam *param = nn_params_at(t->params, p);
        float zero = 0.0f; /* x * 0 is NaN for every x that is not finite */
        for (size_t i = 0; i < param->len; i++) zero += w[param->offset + i] * 0.0f;
        if (isnan(zero))
            return nn_fail(err, NN_ERR_NUMERIC, "step %lld: the update made %s not finite (learning rate %g)",
                           (long long)(t->step + 1), param->name, lr);
    }
    return NN_OK;
}

/* The mean mask is what a detector could guess without looking: the baseline of the evaluation. */
static void count_masks(Trainer *t, const DataBatch *b)
{
    const size_t pixels = (size_t)t->config.data.size * (size_t)t->config.data.size;
    for (int n = 0; n < b->n; n++) {
        if (b->label[n] < 0.5f || b->has_mask[n] < 0.5f) continue;
        for (size_t i = 0; i < pixels; i++) t->mask_sum[i] += b->mask[(size_t)n * pixels + i];
        t->mask_count += 1.0;
    }
}

/* A batch in the plan; with an adversary as it is and, in the rows after it, as the adversary has changed it. */
static void fill_inputs(Trainer *t, const DataBatch *batch, uint32_t number, double lr)
{
    const TrainConfig *c = &t->config;
    const double rate = c->optim.lr > 0 ? lr / (double)c->optim.lr : 0;
    train_inputs_fill(&t->inputs, t->graph, t->plan, batch, t->masks);
    if (!t->adversary) return;
    const TrainAdversaryStep step = { t->masks, number, rate };
    train_adversary_change(t->adversary, batch, step, t->changed);
    train_inputs_fill_changed(&t->inputs, t->graph, t->plan, batch, t->masks, t->changed, c->blur.weight);
}

static NnStatus train_batch(Trainer *t, uint32_t number, double share, TrainStep *out, NnErr *err)
{
    const DataBatch *batch;
    NN_TRY(data_loader_next(t->loader, &batch, err));
    if (!batch || batch->n < t->config.train.batch)
        return nn_fail(err, NN_ERR_DATA, "step %lld: the loader ran out of images", (long long)(t->step + 1));
    memcpy(t->items, batch->item, (size_t)batch->n * sizeof *t->items);
    fill_inputs(t, batch, number, out->lr);
    count_masks(t, batch);
    nn_plan_forward(t->plan, number);
    const double loss = (double)nn_plan_data(t->plan, t->objective.total)[0];
    if (!isfinite(loss)) return diverged(t, "loss", number, 0, err);
    out->loss += share * loss;
    for (int i = 0; i < t->objective.n; i++)
        out->term[i] += share * (double)nn_plan_data(t->plan, t->objective.terms[i].value)[0];
    if (t->adversary) out->changed += share * (double)nn_plan_data(t->plan, t->of_changed.total)[0];
    nn_plan_backward(t->plan, (float)share);
    out->grad_norm = train_grad_norm(t->params);
    return isfinite(out->grad_norm) ? NN_OK : diverged(t, "gradient", number, 1, err);
}

NnStatus train_step(Trainer *t, TrainStep *out, NnErr *err)
{
    const TrainOptimSettings *s = &t->config.optim;
    const double start = nn_clock();
    *out = (TrainStep){ .lr = train_schedule_lr(s, t->step, t->total, &t->plateau) };
    nn_params_zero_grads(t->params);
    for (int i = 0; i < s->accumulate; i++)
        NN_TRY(train_batch(t, (uint32_t)(t->step * s->accumulate + i), 1.0 / s->accumulate, out, err));
    train_grad_clip(t->params, out->grad_norm, (double)s->clip_norm);
    train_optimizer_update(&t->optimizer, out->lr);
    NN_TRY(check_weights(t, out->lr, err));
    train_ema_update(&t->ema, t->params, t->optimizer.updates);
    t->step++;
    t->stepping += nn_clock() - start;
    return NN_OK;
}

int trainer_at_milestone(const Trainer *t)
{
    return t->step > 0 && (t->step % t->validate_every == 0 || t->step == t->total);
}

int trainer_validation_due(const Trainer *t)
{
    return t->n_val && t->validated < t->step && trainer_at_milestone(t);
}

int64_t trainer_epoch(const Trainer *t, int64_t step)
{
    return step > 0 ? (step - 1) / t->steps_per_epoch + 1 : 1;
}
