/* judge.c -- see judge.h. */
#include "eval/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/loader.h"
#include "data/spec.h"
#include "nn/base/file.h"
#include "nn/base/metrics.h"
#include "nn/base/rng.h"
#include "nn/base/size.h"

/* ---- which images ---- */

/* The last folder of a path, or the whole where there is none: a manifest's own name says little. */
static void name_after(const char *path, int is_folder, char *out)
{
    char *folder = is_folder ? NULL : nn_path_folder(path);
    const char *base = nn_path_name(folder ? folder : path);
    snprintf(out, NN_TEXT_MAX, "%s", *base && strcmp(base, ".") != 0 ? base : nn_path_name(path));
    free(folder);
}

/* What a SPEC leads to; where it leads nowhere any more, its own end. */
static void name_after_spec(const char *text, char *out)
{
    DataSpec spec;
    NnErr why = { 0 };
    if (data_spec_parse(text, &spec, &why) == NN_OK) name_after(spec.path, nn_folder_exists(spec.path), out);
    else snprintf(out, NN_TEXT_MAX, "%s", nn_path_name(text));
}

static NnStatus select_test(EvalData *data, int threads, NnErr *err)
{
    NN_TRY(data_set_select(data->set, DATA_TEST, &data->index, &data->n, err));
    if (data->set->settings.on_bad == DATA_BAD_SKIP)
        NN_TRY(data_set_check(data->set, data->index, &data->n, threads, &data->check, err));
    if (data->n > 0) return NN_OK;
    if (data->check.n_bad)
        return nn_fail(err, NN_ERR_DATA, "%s: no image to judge: all %d are bad and were left out", data->name,
                       data->check.n_bad);
    return nn_fail(
        err, NN_ERR_DATA,
        "%s: no image to judge: its test split is empty. Train with a larger [data] test_fraction or more data, or "
        "judge other data sets (--data NAME=SPEC)",
        data->name);
}

void eval_data_own_name(const EvalRun *run, char *out)
{
    switch ((DataSourceKind)run->data.source) {
    case DATA_SOURCE_PORTRAITS:
        snprintf(out, NN_TEXT_MAX, "portraits");
        break;
    case DATA_SOURCE_PHOTOS:
        snprintf(out, NN_TEXT_MAX, "photos");
        break;
    case DATA_SOURCE_MANIFEST:
        name_after(run->data.path, 0, out);
        break;
    case DATA_SOURCE_FOLDER:
        name_after(run->data.path, 1, out);
        break;
    case DATA_SOURCE_SPEC:
        name_after_spec(run->data.path, out);
        break;
    }
}

NnStatus eval_data_own(const EvalRun *run, int threads, EvalData *out, NnErr *err)
{
    *out = (EvalData){ 0 };
    eval_data_own_name(run, out->name);
    NnStatus s = data_set_open(&run->data, run->trained.seed, &out->set, err);
    if (s == NN_OK) s = select_test(out, threads, err);
    if (s != NN_OK) eval_data_close(out);
    return s;
}

/* Split NAME=SPEC. */
static NnStatus split_name(const char *text, char *name, const char **path, NnErr *err)
{
    static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
    const char *equals = strchr(text, '=');
    const size_t n = equals ? (size_t)(equals - text) : 0;
    if (n == 0 || n >= NN_TEXT_MAX || strspn(text, known) != n || !equals[1] || text[0] == '.')
        return nn_fail(err, NN_ERR_USAGE, "--data %s: expected NAME=SPEC, NAME of letters, digits, . _ + -", text);
    snprintf(name, NN_TEXT_MAX, "%.*s", (int)n, text);
    *path = equals + 1;
    return NN_OK;
}

/* Names alone tell manipulations of another data set apart. The checkpoint knows those trained on; where it does not,
 * as those of the first versions, the configuration may. */
static NnStatus mark_seen(const EvalRun *run, DataSet *set, NnErr *err)
{
    const char *noted = nn_checkpoint_meta(&run->trained.checkpoint, "seen"), *list = noted ? noted : run->data.methods;
    if (!noted && nn_list_has(list, "all"))
        return nn_fail(
            err, NN_ERR_FORMAT,
            "%s: does not name the manipulations trained on (it has methods = all, and no note \"seen\"), so "
            "--data cannot tell seen from unseen",
            run->trained.path);
    for (int m = 0; m < set->n_methods; m++) set->seen[m] = (unsigned char)nn_list_has(list, set->methods[m]);
    return NN_OK;
}

/* Problems of the text come before those of the data. */
static NnStatus check_spec(const char *name_and_path, const char *text, NnErr *err)
{
    DataSpec spec;
    NnErr why = { 0 };
    const NnStatus s = data_spec_parse(text, &spec, &why);
    if (s == NN_OK) return NN_OK;
    if (*spec.path && !nn_file_exists(spec.path) && !nn_folder_exists(spec.path))
        return nn_fail(err, NN_ERR_IO, "--data %s: no such manifest or folder: %s", name_and_path, spec.path);
    return nn_fail(err, s, "--data: %s", why.msg);
}

NnStatus eval_data_other(const EvalRun *run, const char *name_and_path, int threads, EvalData *out, NnErr *err)
{
    const char *path = NULL;
    *out = (EvalData){ 0 };
    NN_TRY(split_name(name_and_path, out->name, &path, err));
    NN_TRY(check_spec(name_and_path, path, err));
    DataSettings settings = run->data;
    settings.source = DATA_SOURCE_SPEC;
    if (strlen(path) >= sizeof settings.path)
        return nn_fail(err, NN_ERR_USAGE, "--data %s: path longer than %zu bytes", name_and_path,
                       sizeof settings.path - 1);
    strcpy(settings.path, path);
    settings.methods[0] = 0;
    NnStatus s = data_set_open_all_test(&settings, run->trained.seed, &out->set, err);
    if (s == NN_OK) s = mark_seen(run, out->set, err);
    if (s == NN_OK) s = select_test(out, threads, err);
    if (s != NN_OK) eval_data_close(out);
    return s;
}

void eval_data_close(EvalData *data)
{
    data_check_free(&data->check);
    free(data->index);
    data_set_free(data->set);
    *data = (EvalData){ 0 };
}

uint64_t eval_data_key(const EvalData *data)
{
    const DataSettings *s = &data->set->settings;
    char text[NN_TEXT_MAX + 96];
    if (s->source != DATA_SOURCE_PORTRAITS && s->source != DATA_SOURCE_PHOTOS) return 0;
    snprintf(text, sizeof text, "%d %llu %d %d %.9g %s", s->source, (unsigned long long)data->set->seed, s->quality_min,
             s->quality_max, (double)s->noise, s->path);
    return nn_hash_text(text);
}

/* ---- what the detector says about them ---- */

typedef struct {
    EvalRun *run;
    const EvalData *data;
    EvalResults *results;
    unsigned char *mask; /* [size*size], the present image's as bytes */
    size_t pixels;
    EvalVisit visit;
    void *self;
} Pass;

static NnStatus measure_map(Pass *p, EvalItem *item, const float *map, const float *mask, NnErr *err)
{
    for (size_t i = 0; i < p->pixels; i++) p->mask[i] = mask[i] > 0.5f;
    NN_TRY(nn_auc(map, p->mask, p->pixels, &item->pixel_auc, err));
    item->iou = nn_iou(map, p->mask, p->pixels, 0.5);
    item->mask_energy = nn_share_inside(map, p->mask, p->pixels);
    item->has_mask = 1;
    NN_TRY(eval_pixel_pool_add(&p->results->pixels[item->method], map, p->mask, p->pixels, err));
    if (p->run->prior.n == 0) return NN_OK;
    item->iou_prior = eval_prior_iou(&p->run->prior, p->mask);
    item->mask_energy_prior = eval_prior_energy(&p->run->prior, p->mask);
    return eval_prior_pool_add(&p->results->priors[item->method], &p->run->prior, p->mask, err);
}

/* Pixels of a real image that the map calls forged. */
static double share_alarmed(const float *map, size_t pixels)
{
    size_t n = 0;
    for (size_t i = 0; i < pixels; i++) n += map[i] >= 0.5f;
    return (double)n / (double)pixels;
}

static NnStatus show(Pass *p, const DataBatch *batch, int place, int number, const float *map, NnErr *err)
{
    const EvalItem *item = &p->results->items[number];
    const DataItem *source = &p->data->set->items[batch->item[place]];
    const EvalView view = {
        .number = number,
        .size = p->run->data.size,
        .method = data_item_method(p->data->set, batch->item[place]),
        .seen = item->label && p->results->seen[item->method],
        .item = item,
        .generated = source->where ? NULL : source->path,
        .image = batch->image + 3 * (size_t)place * p->pixels,
        .mask = batch->has_mask[place] > 0 ? batch->mask + (size_t)place * p->pixels : NULL,
        .map = map,
    };
    return p->visit(p->self, &view, err);
}

static NnStatus judge_batch(Pass *p, const DataBatch *batch, int first, NnErr *err)
{
    EvalVerdicts v;
    NN_TRY(eval_run_judge(p->run, batch->image, batch->n, &v, err));
    for (int i = 0; i < batch->n; i++) {
        const DataItem *source = &p->data->set->items[batch->item[i]];
        EvalItem *item = &p->results->items[first + i];
        const float *map = v.map + (size_t)i * p->pixels;
        *item = (EvalItem){ .path = source->path,
                            .video = source->video,
                            .group = source->group,
                            .label = source->label,
                            .method = source->label ? source->method : -1,
                            .score = v.score[i],
                            .pixel_auc = (double)NAN,
                            .iou = (double)NAN,
                            .iou_prior = (double)NAN,
                            .mask_energy = (double)NAN,
                            .mask_energy_prior = (double)NAN,
                            .false_alarm = source->label ? (double)NAN : share_alarmed(map, p->pixels) };
        if (item->label && batch->has_mask[i] > 0)
            NN_TRY(measure_map(p, item, map, batch->mask + (size_t)i * p->pixels, err));
        if (p->visit) NN_TRY(show(p, batch, i, first + i, map, err));
    }
    return NN_OK;
}

static NnStatus judge_all(Pass *p, DataLoader *loader, NnErr *err)
{
    const DataBatch *batch;
    int done = 0;
    for (;;) {
        NN_TRY(data_loader_next(loader, &batch, err));
        if (!batch) break;
        if (done + batch->n > p->data->n) break;
        NN_TRY(judge_batch(p, batch, done, err));
        done += batch->n;
    }
    if (done == p->data->n && !batch) return NN_OK;
    return nn_fail(err, NN_ERR_DATA, "%s: the loader gave other than %d images", p->data->name, p->data->n);
}

NnStatus eval_judge(EvalRun *run, const EvalData *data, int threads, EvalVisit visit, void *self, EvalResults *out,
                    NnErr *err)
{
    NN_TRY(eval_results_init(out, data->n, data->set->n_methods, err));
    out->name = data->name;
    out->methods = (const char *const *)data->set->methods;
    out->prior = &run->prior;
    if (out->n_methods > 0) memcpy(out->seen, data->set->seen, (size_t)out->n_methods);
    Pass pass = { .run = run, .data = data, .results = out, .visit = visit, .self = self };
    pass.pixels = (size_t)run->data.size * (size_t)run->data.size;
    pass.mask = nn_alloc(pass.pixels, 1);
    const DataLoaderSpec spec = { .set = data->set,
                                  .index = data->index,
                                  .n_index = data->n,
                                  .batch = run->batch,
                                  .threads = threads,
                                  .corruption = data->corruption,
                                  .seed = run->trained.seed };
    DataLoader *loader = NULL;
    NnStatus s = pass.mask ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", data->name);
    if (s == NN_OK) s = data_loader_open(&spec, &loader, err);
    if (s == NN_OK) s = judge_all(&pass, loader, err);
    data_loader_close(loader);
    free(pass.mask);
    if (s != NN_OK) eval_results_free(out);
    return s;
}
