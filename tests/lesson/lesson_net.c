/* lesson_net.c -- see lesson_net.h. */
#include "tests/lesson/lesson_net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/loader.h"
#include "nn/base/file.h"
#include "nn/base/metrics.h"
#include "nn/base/size.h"
#include "train/snapshot.h"

enum { BATCH = 32 };

static NnStatus no_memory(NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "lesson: out of memory");
}

/* ---- the run ---- */

static NnStatus open_into(LessonNet *net, const char *path, NnErr *err)
{
    NN_TRY(eval_run_open(path, BATCH, &net->run, err));
    NN_TRY(train_snapshot_config(&net->run->trained.checkpoint, path, &net->config, err));
    const NnDetector *d = &net->run->net;
    const NnVar keep[] = { d->activity, d->logit, d->map };
    const NnPlanSpec spec = { .loss = NN_NONE, .keep = keep, .n_keep = 3, .seed = net->run->trained.seed };
    return nn_plan_new(net->run->graph, &spec, &net->plan, err);
}

NnStatus lesson_net_open(const char *folder, LessonNet *out, NnErr *err)
{
    *out = (LessonNet){ 0 };
    char *path = nn_path_join(folder, "last.safetensors");
    const NnStatus status = path ? open_into(out, path, err) : no_memory(err);
    free(path);
    if (status != NN_OK) lesson_net_close(out);
    return status;
}

void lesson_net_close(LessonNet *net)
{
    nn_plan_free(net->plan);
    eval_run_close(net->run);
    *net = (LessonNet){ 0 };
}

/* ---- the images ---- */

static NnStatus read_all(LessonImages *images, DataLoader *loader, NnErr *err)
{
    const size_t pixels = lesson_pixels(images);
    const DataBatch *batch;
    for (size_t done = 0;; done += (size_t)batch->n) {
        NN_TRY(data_loader_next(loader, &batch, err));
        if (!batch) return NN_OK;
        const size_t n = (size_t)batch->n;
        memcpy(images->image + done * 3 * pixels, batch->image, n * 3 * pixels * sizeof(float));
        memcpy(images->mask + done * pixels, batch->mask, n * pixels * sizeof(float));
        for (size_t i = 0; i < n; i++) {
            images->label[done + i] = batch->label[i] > 0.5f;
            images->n_fake += images->label[done + i];
        }
    }
}

static NnStatus load_into(LessonImages *images, const LessonNet *net, DataSplit split, NnErr *err)
{
    const TrainConfig *c = &net->config;
    images->size = c->data.size;
    NN_TRY(data_set_open(&c->data, (uint64_t)c->train.seed, &images->set, err));
    NN_TRY(data_set_select(images->set, split, &images->item, &images->n, err));
    const size_t n = (size_t)images->n, pixels = lesson_pixels(images);
    images->image = nn_alloc(n * 3 * pixels, sizeof *images->image);
    images->mask = nn_alloc(n * pixels, sizeof *images->mask);
    images->label = nn_alloc(n, 1);
    if (!images->image || !images->mask || !images->label) return no_memory(err);
    const DataLoaderSpec spec = { .set = images->set,
                                  .index = images->item,
                                  .n_index = images->n,
                                  .batch = BATCH,
                                  .threads = c->data.threads,
                                  .seed = (uint64_t)c->train.seed };
    DataLoader *loader;
    NN_TRY(data_loader_open(&spec, &loader, err));
    const NnStatus status = read_all(images, loader, err);
    data_loader_close(loader);
    return status;
}

NnStatus lesson_images_load(const LessonNet *net, DataSplit split, LessonImages *out, NnErr *err)
{
    *out = (LessonImages){ 0 };
    const NnStatus status = load_into(out, net, split, err);
    if (status != NN_OK) lesson_images_free(out);
    return status;
}

void lesson_images_free(LessonImages *images)
{
    free(images->image);
    free(images->mask);
    free(images->label);
    free(images->item);
    data_set_free(images->set);
    *images = (LessonImages){ 0 };
}

int lesson_find(const LessonImages *images, int label, int k)
{
    for (int i = 0; i < images->n; i++)
        if (images->label[i] == label && k-- == 0) return i;
    return -1;
}

/* ---- what the detector says ---- */

static void look_at(LessonNet *net, const LessonImages *images, size_t first, size_t n, LessonView *out)
{
    const NnDetector *d = &net->run->net;
    const size_t pixels = lesson_pixels(images);
    float *input = nn_plan_data(net->plan, d->image);
    memset(input, 0, BATCH * 3 * pixels * sizeof *input);
    memcpy(input, images->image + first * 3 * pixels, n * 3 * pixels * sizeof *input);
    nn_plan_forward(net->plan, 0);
    memcpy(out->logit + first, nn_plan_data(net->plan, d->logit), n * sizeof(float));
    memcpy(out->activity + 2 * first, nn_plan_data(net->plan, d->activity), 2 * n * sizeof(float));
    memcpy(out->map + first * pixels, nn_plan_data(net->plan, d->map), n * pixels * sizeof(float));
}

NnStatus lesson_look(LessonNet *net, const LessonImages *images, LessonView *out, NnErr *err)
{
    const size_t n = (size_t)images->n;
    out->threshold = net->run->threshold;
    out->logit = nn_alloc(n, sizeof *out->logit);
    out->activity = nn_alloc(2 * n, sizeof *out->activity);
    out->map = nn_alloc(n * lesson_pixels(images), sizeof *out->map);
    if (!out->logit || !out->activity || !out->map) {
        lesson_view_free(out);
        return no_memory(err);
    }
    for (size_t i = 0; i < n; i += BATCH) look_at(net, images, i, n - i < BATCH ? n - i : BATCH, out);
    return NN_OK;
}

void lesson_view_free(LessonView *view)
{
    free(view->logit);
    free(view->activity);
    free(view->map);
    *view = (LessonView){ 0 };
}

NnStatus lesson_pair_look(LessonNet *off, LessonNet *on, DataSplit split, LessonPair *out, NnErr *err)
{
    *out = (LessonPair){ 0 };
    NnStatus status = lesson_images_load(on, split, &out->images, err);
    if (status == NN_OK) status = lesson_look(off, &out->images, &out->off, err);
    if (status == NN_OK) status = lesson_look(on, &out->images, &out->on, err);
    if (status != NN_OK) lesson_pair_free(out);
    return status;
}

void lesson_pair_free(LessonPair *pair)
{
    lesson_view_free(&pair->off);
    lesson_view_free(&pair->on);
    lesson_images_free(&pair->images);
}

double lesson_score(const LessonView *view, int i)
{
    return 1.0 / (1.0 + exp(-(double)view->logit[i]));
}

void lesson_verdict(const LessonView *view, int i, char text[32])
{
    const double score = lesson_score(view, i);
    snprintf(text, 32, "score %.2f: %s", score, score >= view->threshold ? "forged" : "real");
}

NnStatus lesson_auc(const LessonImages *images, const float *score, double *out, NnErr *err)
{
    return nn_auc(score, images->label, (size_t)images->n, out, err);
}
