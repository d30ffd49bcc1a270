/* train_config.c -- the whole configuration of a run: loading, checking, storing, and merging on --resume. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/region_removal.h"
#include "nn/base/file.h"
#include "nn/base/path_list.h"
#include "nn/base/path_spec.h"
#include "train/train_settings.h"

void train_config_bind(TrainConfig *c, NnBinding b[TRAIN_SECTIONS])
{
    b[0] = (NnBinding){ &nn_model_section, &c->model };
    b[1] = (NnBinding){ &data_section, &c->data };
    b[2] = (NnBinding){ &data_augment_section, &c->augment };
    b[3] = (NnBinding){ &data_regions_section, &c->regions };
    b[4] = (NnBinding){ &train_gradcam_section, &c->gradcam };
    b[5] = (NnBinding){ &train_active_section, &c->active };
    b[6] = (NnBinding){ &train_blur_section, &c->blur };
    b[7] = (NnBinding){ &train_loss_section, &c->loss };
    b[8] = (NnBinding){ &train_optim_section, &c->optim };
    b[9] = (NnBinding){ &train_run_section, &c->train };
}

/* A path may hold what would part a list or a spec. */
static NnStatus join_path(const char *folder, const char *text, char out[NN_TEXT_MAX], NnErr *err)
{
    char *joined = nn_path_join(folder, text);
    if (!joined) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a path");
    const int n = snprintf(out, NN_TEXT_MAX, "%s", joined);
    free(joined);
    if (n < NN_TEXT_MAX) return NN_OK;
    return nn_fail(err, NN_ERR_CONFIG, "too long with its folder; at most %d bytes", NN_TEXT_MAX - 1);
}

static NnStatus join(const NnSetting *row, const char *folder, const char *text, char out[NN_TEXT_MAX], NnErr *err)
{
    if (row->type == NN_SET_PATHS) return nn_path_list_join(folder, text, out, err);
    if (row->type == NN_SET_SPEC) return nn_path_spec_join(folder, text, row->choices, out, err);
    return join_path(folder, text, out, err);
}

static NnStatus make_absolute(const char *section, const NnSetting *row, char text[NN_TEXT_MAX], NnErr *err)
{
    char here[4096], full[NN_TEXT_MAX] = "";
    NnErr why = { 0 };
    if (!text[0]) return NN_OK;
    if (!getcwd(here, sizeof here)) return nn_fail(err, NN_ERR_IO, "the current folder has no readable path");
    const NnStatus s = join(row, here, text, full, &why);
    if (s != NN_OK) return nn_fail(err, s, "%s.%s: made absolute: %s", section, row->name, why.msg);
    memcpy(text, full, sizeof full);
    return NN_OK;
}

/* What a configuration file says is by now relative to the current folder, as is what --set says. */
static NnStatus make_paths_absolute(const NnBinding *b, NnErr *err)
{
    for (int s = 0; s < TRAIN_SECTIONS; s++) {
        const NnSection *section = b[s].section;
        for (int i = 0; i < section->n_rows; i++) {
            const NnSetting *row = &section->rows[i];
            if (row->type != NN_SET_PATH && row->type != NN_SET_PATHS && row->type != NN_SET_SPEC) continue;
            NN_TRY(make_absolute(section->name, row, (char *)b[s].values + row->offset, err));
        }
    }
    return NN_OK;
}

NnStatus train_config_load(TrainConfig *c, const char *path, const char *const *sets, int n_sets, NnErr *err)
{
    NnBinding b[TRAIN_SECTIONS];
    memset(c, 0, sizeof *c);
    train_config_bind(c, b);
    nn_settings_defaults(b, TRAIN_SECTIONS);
    NN_TRY(nn_settings_load(b, TRAIN_SECTIONS, path, NN_SETTINGS_STRICT, err));
    for (int i = 0; i < n_sets; i++) NN_TRY(nn_settings_set(b, TRAIN_SECTIONS, sets[i], err));
    NN_TRY(make_paths_absolute(b, err));
    return train_config_check(c, err);
}

static int measures_itself(const TrainConfig *c)
{
    return c->regions.remove != DATA_REMOVE_NONE && !c->regions.maps[0] && !c->gradcam.detectors[0];
}

/* Until the candidates are picked no mask trains anything, and each picker leans on a trained part of the network. */
static NnStatus check_active(const TrainConfig *c, NnErr *err)
{
    const TrainLossSettings *loss = &c->loss;
    const int picker = c->active.picker;
    if (picker == TRAIN_PICK_OFF) return NN_OK;
    if (loss->mask <= 0)
        return nn_fail(err, NN_ERR_CONFIG,
                       "[active] picks images for a mask, but [loss] mask = 0; expected mask > 0, or "
                       "picker = off");
    if (c->active.begin >= 1)
        return nn_fail(err, NN_ERR_CONFIG,
                       "[active] begin = %g leaves no step to learn from masks; expected less than 1",
                       (double)c->active.begin);
    if (c->active.draw > 0 && !c->data.balance)
        return nn_fail(err, NN_ERR_CONFIG,
                       "[active] draw = %g, but [data] balance = 0: there are no forged places to give to candidates; "
                       "expected balance = 1, or draw = 0",
                       (double)c->active.draw);
    if (picker == TRAIN_PICK_UNCERTAINTY && loss->latent <= 0)
        return nn_fail(err, NN_ERR_CONFIG,
                       "[active] picker = uncertainty, but [loss] latent = 0: nothing trains the "
                       "activities it compares; expected latent > 0, or picker = random");
    if (loss->cls <= 0 && (picker == TRAIN_PICK_CHANNEL || c->model.score != NN_SCORE_LATENT))
        return nn_fail(err, NN_ERR_CONFIG,
                       "[active] %s, but [loss] cls = 0: nothing trains the logit before masks are "
                       "seen; expected cls > 0",
                       picker == TRAIN_PICK_CHANNEL        ? "picker = channel"
                       : c->model.score == NN_SCORE_REGION ? "with [model] score = region"
                                                           : "with [model] score = logit");
    return NN_OK;
}

static NnStatus check_blur(const TrainBlurSettings *b, int size, NnErr *err)
{
    if (b->kernel != 3 && b->kernel != 5 && b->kernel != 7)
        return nn_fail(err, NN_ERR_CONFIG, "[blur] kernel = %d; expected 3, 5 or 7", b->kernel);
    if (b->kind == TRAIN_BLUR_GENERATOR && size % 4 != 0)
        return nn_fail(err, NN_ERR_CONFIG, "[blur] kind = generator with [data] size = %d; expected a multiple of 4",
                       size);
    return NN_OK;
}

NnStatus train_config_check(const TrainConfig *c, NnErr *err)
{
    const TrainLossSettings *loss = &c->loss;
    NN_TRY(nn_model_check(&c->model, err));
    if (c->model.score == NN_SCORE_LATENT && loss->latent <= 0)
        return nn_fail(err, NN_ERR_CONFIG,
                       "[model] score = latent, but [loss] latent = 0: nothing trains the score; expected "
                       "latent > 0, or score = logit");
    if (c->model.score != NN_SCORE_LATENT && loss->cls <= 0 && loss->mask <= 0)
        return nn_fail(err, NN_ERR_CONFIG,
                       "[model] score = %s, but [loss] cls = 0 and mask = 0: nothing trains the score; "
                       "expected one of them > 0, or score = latent",
                       c->model.score == NN_SCORE_REGION ? "region" : "logit");
    NN_TRY(check_active(c, err));
    if (c->optim.nesterov && c->optim.momentum <= 0)
        return nn_fail(err, NN_ERR_CONFIG, "[optim] nesterov = 1 needs momentum > 0");
    if (c->augment.jpeg_min > c->augment.jpeg_max)
        return nn_fail(err, NN_ERR_CONFIG, "[augment] jpeg_min = %d is above jpeg_max = %d", c->augment.jpeg_min,
                       c->augment.jpeg_max);
    NN_TRY(data_region_check(&c->regions, err));
    if (c->gradcam.fusion == TRAIN_FUSE_NEIGHBOUR && c->gradcam.t2 > c->gradcam.t1)
        return nn_fail(err, NN_ERR_CONFIG, "[gradcam] t2 = %g is above t1 = %g", (double)c->gradcam.t2,
                       (double)c->gradcam.t1);
    if (measures_itself(c) && c->gradcam.begin <= 0)
        return nn_fail(
            err, NN_ERR_CONFIG,
            "[gradcam] begin = 0, but the network in training knows nothing yet; expected begin > 0, trained "
            "detectors in [gradcam], or [regions] maps");
    if (c->regions.remove != DATA_REMOVE_NONE && !c->regions.maps[0] && c->gradcam.begin >= 1)
        return nn_fail(err, NN_ERR_CONFIG,
                       "[gradcam] begin = 1: regions would be measured when the run is over; expected less than 1, or "
                       "[regions] maps");
    if (c->blur.kind != TRAIN_BLUR_NONE) NN_TRY(check_blur(&c->blur, c->data.size, err));
    return NN_OK;
}

char *train_config_format(const TrainConfig *c)
{
    TrainConfig copy = *c;
    NnBinding b[TRAIN_SECTIONS];
    train_config_bind(&copy, b);
    return nn_settings_format(b, TRAIN_SECTIONS);
}

NnStatus train_config_parse(TrainConfig *c, const char *text, const char *name, NnErr *err)
{
    NnBinding b[TRAIN_SECTIONS];
    memset(c, 0, sizeof *c);
    train_config_bind(c, b);
    nn_settings_defaults(b, TRAIN_SECTIONS);
    return nn_settings_parse(b, TRAIN_SECTIONS, text, name, NULL, NN_SETTINGS_STRICT, err);
}

/* Keys that change how long, how fast or how loudly a run works, or what it puts up with, but no number that it has
 * computed so far. */
static int may_change(const char *section, const char *key)
{
    if (!strcmp(section, "train")) return nn_list_has("epochs,steps,threads,log_every,out,memory,report", key);
    return !strcmp(section, "data") && nn_list_has("threads,cache_mib,allow", key);
}

static int is_text(const NnSetting *row)
{
    return row->type == NN_SET_TEXT || row->type == NN_SET_PATH || row->type == NN_SET_PATHS ||
           row->type == NN_SET_SPEC;
}

static size_t setting_size(const NnSetting *row)
{
    if (is_text(row)) return NN_TEXT_MAX;
    return row->type == NN_SET_FLOAT ? sizeof(float) : sizeof(int);
}

static int setting_equal(const NnSetting *row, const char *a, const char *b)
{
    if (is_text(row)) return !strcmp(a, b);
    return !memcmp(a, b, setting_size(row));
}

static const char *setting_text(const NnSetting *row, const char *value, char *buf, size_t size)
{
    if (is_text(row)) return value;
    float f;
    int i;
    memcpy(&f, value, sizeof f);
    memcpy(&i, value, sizeof i);
    if (row->type == NN_SET_FLOAT) snprintf(buf, size, "%.9g", (double)f);
    else snprintf(buf, size, "%d", i);
    if (row->type != NN_SET_CHOICE) return buf;
    const char *word = row->choices;
    for (; i > 0 && word; i--) word = strchr(word, ' ') ? strchr(word, ' ') + 1 : NULL;
    if (word) snprintf(buf, size, "%.*s", (int)strcspn(word, " "), word);
    return buf;
}

static NnStatus merge_setting(const char *section, const NnSetting *row, char *stored, const char *given, NnErr *err)
{
    char a[64], b[64];
    if (setting_equal(row, stored, given)) return NN_OK;
    if (may_change(section, row->name)) {
        memcpy(stored, given, setting_size(row));
        return NN_OK;
    }
    return nn_fail(err, NN_ERR_CONFIG,
                   "%s.%s = %s, but the run to be resumed began with %s; a run goes on with its own configuration "
                   "(its folder holds it as config.resolved.ini): give the same value, or start a new run",
                   section, row->name, setting_text(row, given, b, sizeof b), setting_text(row, stored, a, sizeof a));
}

NnStatus train_config_merge(TrainConfig *stored, const TrainConfig *given, NnErr *err)
{
    TrainConfig copy = *given;
    NnBinding to[TRAIN_SECTIONS], from[TRAIN_SECTIONS];
    train_config_bind(stored, to);
    train_config_bind(&copy, from);
    NN_TRY(make_paths_absolute(to, err)); /* earlier versions stored detectors as they were given */
    for (int s = 0; s < TRAIN_SECTIONS; s++) {
        const NnSection *section = to[s].section;
        for (int i = 0; i < section->n_rows; i++) {
            const NnSetting *row = &section->rows[i];
            NN_TRY(merge_setting(section->name, row, (char *)to[s].values + row->offset,
                                 (const char *)from[s].values + row->offset, err));
        }
    }
    return NN_OK;
}
