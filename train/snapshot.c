/* snapshot.c -- see snapshot.h. */
#include "train/snapshot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/base/size.h"
#include "nn/ops/micro.h"
#include "train/phase.h"

/* "generator0.optim.slot1." */
static void generator_prefix(char prefix[48], int generator, int slot)
{
    if (slot < 0) snprintf(prefix, 48, "generator%d.model.", generator);
    else snprintf(prefix, 48, "generator%d.optim.slot%d.", generator, slot);
}

static NnStatus add_generators(const Trainer *t, NnCheckpoint *c, NnErr *err)
{
    char prefix[48];
    for (int i = 0; i < train_adversary_generators(t->adversary); i++) {
        NnParams *params = train_adversary_params(t->adversary, i);
        const TrainOptimizer *o = train_adversary_optimizer(t->adversary, i);
        generator_prefix(prefix, i, -1);
        NN_TRY(nn_checkpoint_add_params(c, params, prefix, nn_params_values(params), 0, err));
        for (int k = 0; k < o->n_slots; k++) {
            generator_prefix(prefix, i, k);
            NN_TRY(nn_checkpoint_add_params(c, params, prefix, o->slot[k], 1, err));
        }
    }
    return NN_OK;
}

static NnStatus restore_generators(Trainer *t, const NnCheckpoint *c, NnErr *err)
{
    char prefix[48];
    for (int i = 0; i < train_adversary_generators(t->adversary); i++) {
        NnParams *params = train_adversary_params(t->adversary, i);
        TrainOptimizer *o = train_adversary_optimizer(t->adversary, i);
        generator_prefix(prefix, i, -1);
        NN_TRY(nn_checkpoint_get_params(c, params, prefix, nn_params_values(params), 0, err));
        for (int k = 0; k < o->n_slots; k++) {
            generator_prefix(prefix, i, k);
            NN_TRY(nn_checkpoint_get_params(c, params, prefix, o->slot[k], 1, err));
        }
        o->updates = train_adversary_updates(t->adversary, t->step * t->config.optim.accumulate);
    }
    return NN_OK;
}

static NnStatus add_validation(const Trainer *t, NnCheckpoint *c, NnErr *err)
{
    const NnShape shape = { 1, { t->n_judged } };
    if (t->n_judged == 0) return NN_OK;
    NN_TRY(nn_checkpoint_add(c, "validation.score", shape, t->judged_score, err));
    return nn_checkpoint_add(c, "validation.label", shape, t->judged_label, err);
}

/* The scores that the stored threshold is from; earlier checkpoints have none. The split may have changed its size
 * since, as images left out do: then there is room for them too. */
static NnStatus restore_validation(Trainer *t, const NnCheckpoint *c, const char *name, NnErr *err)
{
    const NnTensor *score = nn_checkpoint_find(c, "validation.score"),
                   *label = nn_checkpoint_find(c, "validation.label");
    if (!score && !label) return NN_OK;
    if (!score || !label || score->shape.n != 1 || !nn_shape_equal(score->shape, label->shape))
        return nn_fail(err, NN_ERR_FORMAT, "%s: validation.score and validation.label are not two lists of one length",
                       name);
    const size_t n = nn_shape_len(score->shape), room = n > (size_t)t->n_val ? n : (size_t)t->n_val;
    free(t->judged_score);
    free(t->judged_label);
    t->judged_score = nn_alloc(room, sizeof *t->judged_score);
    t->judged_label = nn_alloc(room, sizeof *t->judged_label);
    if (!t->judged_score || !t->judged_label) return nn_fail(err, NN_ERR_NOMEM, "out of memory for %zu scores", n);
    memcpy(t->judged_score, score->value, n * sizeof *score->value);
    memcpy(t->judged_label, label->value, n * sizeof *label->value);
    t->n_judged = (int)n;
    return NN_OK;
}

static NnStatus add_tensors(const Trainer *t, NnCheckpoint *c, int best, NnErr *err)
{
    const int size = t->config.data.size;
    float *model = best && t->ema.value ? t->ema.value : nn_params_values(t->params);
    NN_TRY(nn_checkpoint_add_params(c, t->params, "model.", model, 0, err));
    for (int i = 0; i < t->optimizer.n_slots; i++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "optim.slot%d.", i);
        NN_TRY(nn_checkpoint_add_params(c, t->params, prefix, t->optimizer.slot[i], 1, err));
    }
    if (t->ema.value) NN_TRY(nn_checkpoint_add_params(c, t->params, "ema.", t->ema.value, 0, err));
    if (!best) NN_TRY(add_generators(t, c, err));
    NN_TRY(add_validation(t, c, err));
    return nn_checkpoint_add(c, "data.mask_sum", (NnShape){ 2, { size, size } }, t->mask_sum, err);
}

static NnStatus add_config(const Trainer *t, NnCheckpoint *c, NnErr *err)
{
    char *text = train_config_format(&t->config);
    if (!text) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the configuration");
    const NnStatus status = nn_checkpoint_note(c, "config", text, err);
    free(text);
    return status;
}

/* The manipulations trained on, as `methods` would list them. */
static char *format_seen(const DataSet *set)
{
    size_t size = 1;
    for (int m = 0; m < set->n_methods; m++) size += strlen(set->methods[m]) + 1;
    char *text = nn_alloc(size, 1);
    for (int m = 0; text && m < set->n_methods; m++) {
        if (!set->seen[m]) continue;
        if (*text) strcat(text, ",");
        strcat(text, set->methods[m]);
    }
    return text;
}

static NnStatus add_seen(const Trainer *t, NnCheckpoint *c, NnErr *err)
{
    char *text = format_seen(t->set);
    if (!text) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the names of the manipulations");
    const NnStatus status = nn_checkpoint_note(c, "seen", text, err);
    free(text);
    return status;
}

static NnStatus add_phases(const Trainer *t, NnCheckpoint *c, NnErr *err)
{
    char text[128] = "";
    for (int i = 0; train_phase_name(i); i++) {
        const size_t used = strlen(text);
        if (t->entered[i]) snprintf(text + used, sizeof text - used, "%s%s", used ? "," : "", train_phase_name(i));
    }
    return nn_checkpoint_note(c, "phases", text, err);
}

/* Size and fit are in the configuration too; here stands all that whoever feeds the network must know. */
static NnStatus add_input(const Trainer *t, NnCheckpoint *c, NnErr *err)
{
    const DataSettings *data = &t->config.data;
    NN_TRY(nn_checkpoint_notef(c, err, "input", "RGB [N,3,%d,%d], -1 to 1, %s", data->size, data->size,
                               data->fit == DATA_FIT_CROP ? "central square" : "whole image squeezed"));
    NN_TRY(nn_checkpoint_notef(c, err, "side_min", "%d", t->side_min));
    return nn_checkpoint_notef(c, err, "side_max", "%d", t->side_max);
}

static NnStatus add_notes(const Trainer *t, NnCheckpoint *c, NnErr *err)
{
    NN_TRY(add_config(t, c, err));
    NN_TRY(add_seen(t, c, err));
    NN_TRY(nn_checkpoint_note(c, "version", LOCUS_VERSION, err));
    NN_TRY(nn_checkpoint_note(c, "blas_core", nn_blas_core(), err));
    NN_TRY(nn_checkpoint_note(c, "blas_version", nn_blas_version(), err));
    NN_TRY(nn_checkpoint_note(c, "isa", nn_micro()->name, err));
    NN_TRY(nn_checkpoint_note(c, "kernels", nn_plan_kernels(t->plan), err));
    if (t->adversary) {
        NN_TRY(nn_checkpoint_note(c, "attack_kernels", train_adversary_attack_kernels(t->adversary), err));
        NN_TRY(nn_checkpoint_note(c, "generator_kernels", train_adversary_generator_kernels(t->adversary), err));
    }
    NN_TRY(nn_checkpoint_notef(c, err, "seed", "%d", t->config.train.seed));
    NN_TRY(nn_checkpoint_notef(c, err, "step", "%lld", (long long)t->step));
    NN_TRY(nn_checkpoint_notef(c, err, "epoch", "%lld", (long long)trainer_epoch(t, t->step)));
    NN_TRY(nn_checkpoint_notef(c, err, "validated", "%lld", (long long)t->validated));
    NN_TRY(nn_checkpoint_notef(c, err, "stale", "%d", t->stale));
    NN_TRY(nn_checkpoint_notef(c, err, "plateau_cuts", "%d", t->plateau.cuts));
    NN_TRY(nn_checkpoint_notef(c, err, "plateau_stale", "%d", t->plateau.stale));
    NN_TRY(nn_checkpoint_notef(c, err, "best", "%.17g", t->best));
    if (t->validated) NN_TRY(nn_checkpoint_notef(c, err, "threshold", "%.17g", t->threshold));
    NN_TRY(add_input(t, c, err));
    NN_TRY(add_phases(t, c, err));
    NN_TRY(nn_checkpoint_notef(c, err, "ema", "%.9g", (double)t->ema.memory));
    return nn_checkpoint_notef(c, err, "mask_count", "%.17g", t->mask_count);
}

static NnStatus refuse_nonfinite(const NnCheckpoint *c, const char *path, NnErr *err)
{
    for (int k = 0; k < c->n_tensors; k++) {
        const NnTensor *tensor = &c->tensors[k];
        const size_t n = nn_shape_len(tensor->shape);
        float zero = 0.0f; /* x * 0 is NaN for every x that is not finite */
        for (size_t i = 0; i < n; i++) zero += tensor->value[i] * 0.0f;
        if (isnan(zero)) return nn_fail(err, NN_ERR_NUMERIC, "%s: not written: %s is not finite", path, tensor->name);
    }
    return NN_OK;
}

static NnStatus save(const Trainer *t, NnCheckpoint *c, const char *path, int best, NnErr *err)
{
    NN_TRY(add_tensors(t, c, best, err));
    NN_TRY(add_notes(t, c, err));
    NN_TRY(refuse_nonfinite(c, path, err));
    return nn_checkpoint_save(c, path, err);
}

NnStatus train_snapshot_save(const Trainer *t, const char *path, int best, NnErr *err)
{
    NnCheckpoint c = { 0 };
    const NnStatus status = save(t, &c, path, best, err);
    nn_checkpoint_free(&c);
    return status;
}

NnStatus train_snapshot_config(const NnCheckpoint *c, const char *name, TrainConfig *config, NnErr *err)
{
    const char *text = nn_checkpoint_meta(c, "config");
    if (!text) return nn_fail(err, NN_ERR_FORMAT, "%s: holds no configuration; expected a checkpoint of train", name);
    return train_config_parse(config, text, name, err);
}

static NnStatus read_number(const NnCheckpoint *c, const char *name, const char *key, double *out, NnErr *err)
{
    const char *text = nn_checkpoint_meta(c, key);
    char *end = NULL;
    if (text) *out = strtod(text, &end);
    if (!text || end == text || *end || isnan(*out))
        return nn_fail(err, NN_ERR_FORMAT, "%s: %s is %s; expected a number", name, key, text ? text : "missing");
    return NN_OK;
}

static NnStatus read_count(const NnCheckpoint *c, const char *name, const char *key, double max, int64_t *out,
                           NnErr *err)
{
    double value = -1.0;
    NN_TRY(read_number(c, name, key, &value, err));
    if (value < 0 || value > max || value != floor(value))
        return nn_fail(err, NN_ERR_FORMAT, "%s: %s is %g; expected a whole number from 0 to %g", name, key, value, max);
    *out = (int64_t)value;
    return NN_OK;
}

static void restore_phases(Trainer *t, const NnCheckpoint *c)
{
    const char *phases = nn_checkpoint_meta(c, "phases");
    for (int i = 0; train_phase_name(i); i++) t->entered[i] = phases && nn_list_has(phases, train_phase_name(i));
}

static NnStatus restore_numbers(Trainer *t, const NnCheckpoint *c, const char *name, NnErr *err)
{
    int64_t stale = 0, cuts = 0, plateau_stale = 0;
    NN_TRY(read_count(c, name, "step", 9e15, &t->step, err));
    NN_TRY(read_count(c, name, "validated", (double)t->step, &t->validated, err));
    NN_TRY(read_count(c, name, "stale", 1e9, &stale, err));
    NN_TRY(read_count(c, name, "plateau_cuts", 1e9, &cuts, err));
    NN_TRY(read_count(c, name, "plateau_stale", 1e9, &plateau_stale, err));
    NN_TRY(read_number(c, name, "best", &t->best, err));
    if (t->validated) NN_TRY(read_number(c, name, "threshold", &t->threshold, err));
    NN_TRY(read_number(c, name, "mask_count", &t->mask_count, err));
    restore_phases(t, c);
    t->optimizer.updates = t->step;
    t->stale = (int)stale;
    t->plateau = (TrainPlateau){ (int)cuts, (int)plateau_stale };
    return NN_OK;
}

NnStatus train_snapshot_restore(Trainer *t, const NnCheckpoint *c, const char *name, NnErr *err)
{
    const NnShape want = { 2, { t->config.data.size, t->config.data.size } };
    const NnTensor *masks = nn_checkpoint_find(c, "data.mask_sum");
    NN_TRY(nn_checkpoint_get_params(c, t->params, "model.", nn_params_values(t->params), 0, err));
    for (int i = 0; i < t->optimizer.n_slots; i++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "optim.slot%d.", i);
        NN_TRY(nn_checkpoint_get_params(c, t->params, prefix, t->optimizer.slot[i], 1, err));
    }
    if (t->ema.value) NN_TRY(nn_checkpoint_get_params(c, t->params, "ema.", t->ema.value, 0, err));
    if (!masks || !nn_shape_equal(masks->shape, want))
        return nn_fail(err, NN_ERR_FORMAT, "%s: data.mask_sum is missing or not of the size of the images", name);
    memcpy(t->mask_sum, masks->value, nn_shape_len(want) * sizeof *t->mask_sum);
    NN_TRY(restore_numbers(t, c, name, err));
    NN_TRY(restore_validation(t, c, name, err));
    return restore_generators(t, c, err);
}
