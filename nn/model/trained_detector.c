/* trained_detector.c -- see trained_detector.h. */
#include "nn/model/trained_detector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "nn/base/size.h"

static NnStatus no_memory(NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "opening a trained detector: out of memory");
}

NnStatus nn_trained_find(const char *path, char **out, NnErr *err)
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

static NnStatus read_sections(NnTrained *t, const NnBinding *others, int n_others, NnErr *err)
{
    const char *config = nn_checkpoint_meta(&t->checkpoint, "config");
    NnBinding *all = nn_alloc((size_t)n_others + 1, sizeof *all);
    NnStatus s = NN_OK;
    if (!all) return no_memory(err);
    all[0] = (NnBinding){ &nn_model_section, &t->model };
    for (int i = 0; i < n_others; i++) all[i + 1] = others[i];
    nn_settings_defaults(all, n_others + 1);
    if (config) s = nn_settings_parse(all, n_others + 1, config, t->path, NULL, NN_SETTINGS_SKIP_SECTIONS, err);
    else s = nn_fail(err, NN_ERR_FORMAT, "%s: no configuration in it: not a checkpoint of a training run", t->path);
    free(all);
    return s;
}

NnStatus nn_trained_open(NnTrained *t, const char *path, const NnBinding *others, int n_others, NnErr *err)
{
    NN_TRY(nn_trained_find(path, &t->path, err));
    NN_TRY(nn_checkpoint_load(t->path, &t->checkpoint, err));
    NN_TRY(read_sections(t, others, n_others, err));
    const char *seed = nn_checkpoint_meta(&t->checkpoint, "seed");
    if (!seed) return nn_fail(err, NN_ERR_FORMAT, "%s: no seed in it: not a checkpoint of a training run", t->path);
    t->seed = strtoull(seed, NULL, 10);
    return NN_OK;
}

void nn_trained_close(NnTrained *t)
{
    nn_checkpoint_free(&t->checkpoint);
    free(t->path);
    *t = (NnTrained){ 0 };
}

static const char *weights_prefix(const NnCheckpoint *c)
{
    for (int i = 0; i < c->n_tensors; i++)
        if (!strncmp(c->tensors[i].name, "ema.", 4)) return "ema.";
    return "model.";
}

NnStatus nn_trained_restore(const NnTrained *t, NnParams *params, NnErr *err)
{
    const char *prefix = weights_prefix(&t->checkpoint);
    return nn_checkpoint_get_params(&t->checkpoint, params, prefix, nn_params_values(params), 0, err);
}

const char *nn_trained_note(const NnTrained *t, const char *key)
{
    const char *value = nn_checkpoint_meta(&t->checkpoint, key);
    return value ? value : "";
}

void nn_trained_blame_version(const NnTrained *t, NnErr *err)
{
    const char *version = nn_trained_note(t, "version");
    const size_t used = strlen(err->msg);
    if (!*version || !strcmp(version, LOCUS_VERSION)) return;
    snprintf(err->msg + used, sizeof err->msg - used, " (written by version %s; this is %s)", version, LOCUS_VERSION);
}
