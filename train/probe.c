/* probe.c -- see probe.h: the images and the network. The files are in probe_frames.c. */
#include "train/probe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/clock.h"
#include "nn/base/size.h"
#include "train/probe_frames.h"

/* `want` of the validation items with this label, evenly spaced in their order. */
static void choose(TrainProbe *p, int label, int want)
{
    const Trainer *t = p->trainer;
    int n = 0, seen = 0, taken = 0;
    for (int i = 0; i < t->n_val; i++) n += t->set->items[t->val[i]].label == label;
    if (want > n) want = n;
    for (int i = 0; i < t->n_val && taken < want; i++) {
        if (t->set->items[t->val[i]].label != label) continue;
        if (seen++ < (int)((int64_t)taken * n / want)) continue;
        p->item[p->n++] = t->val[i];
        taken++;
    }
}

static NnStatus read_images(TrainProbe *p, NnErr *err)
{
    const size_t pixels = (size_t)p->size * (size_t)p->size, n = (size_t)p->n;
    p->image = nn_alloc(n, 3 * pixels * sizeof *p->image);
    p->mask = nn_alloc(n, pixels * sizeof *p->mask);
    if (!p->image || !p->mask) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the images of the report");
    for (size_t i = 0; i < n; i++) {
        DataSample sample;
        NN_TRY(data_set_read(p->trainer->set, p->item[i], &sample, err));
        data_sample_to_floats(&sample, p->image + 3 * i * pixels, p->mask + i * pixels);
        p->has_mask[i] = sample.has_mask ? 1.0f : 0.0f;
        p->label[i] = p->trainer->set->items[p->item[i]].label ? 1.0f : 0.0f;
        data_sample_free(&sample);
    }
    return NN_OK;
}

static NnStatus build(TrainProbe *p, NnErr *err)
{
    const TrainConfig *c = &p->trainer->config;
    const int channels = nn_detector_latent_channels(&c->model);
    p->graph = nn_graph_new(p->trainer->params);
    if (!p->graph) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the network of the report");
    p->inputs = train_inputs_make(p->graph, TRAIN_PROBE_IMAGES, p->size, channels > 0 ? channels : 1);
    p->detector = nn_detector_build(p->graph, &c->model, p->inputs.image, p->inputs.select);
    NN_TRY(nn_graph_status(p->graph, err));
    const NnVar keep[] = { p->detector.latent, p->detector.score, p->detector.map, p->detector.recon };
    const int has_recon = c->loss.rec > 0 && p->detector.recon.id != NN_NONE.id;
    const NnPlanSpec spec = { .loss = NN_NONE,
                              .keep = keep,
                              .n_keep = has_recon ? 4 : 3,
                              .kernel = c->train.conv,
                              .seed = (uint64_t)c->train.seed };
    return nn_plan_new(p->graph, &spec, &p->plan, err);
}

NnStatus train_probe_init(TrainProbe *p, Trainer *t, const char *folder, NnErr *err)
{
    const double start = nn_clock();
    *p = (TrainProbe){ .trainer = t, .size = t->config.data.size };
    snprintf(p->folder, sizeof p->folder, "%s", folder);
    for (int label = 0; label < 2; label++) choose(p, label, TRAIN_PROBE_IMAGES / 2);
    if (!p->n) return NN_OK;
    NN_TRY(read_images(p, err));
    NN_TRY(build(p, err));
    const NnStatus status = train_frames_load(p, err);
    p->seconds += nn_clock() - start;
    return status;
}

void train_probe_deinit(TrainProbe *p)
{
    nn_plan_free(p->plan);
    nn_graph_free(p->graph);
    free(p->image);
    free(p->mask);
    free(p->frames);
    *p = (TrainProbe){ 0 };
}

/* Every so many validations, such that the run planned has room for all of them and the first look. */
int train_probe_due(const TrainProbe *p)
{
    const Trainer *t = p->trainer;
    const int64_t all = (t->total + t->validate_every - 1) / t->validate_every, most = TRAIN_PROBE_FRAMES - 1;
    const int64_t every = (all + most - 1) / most;
    if (!p->n) return 0;
    if (p->n_frames && p->frames[p->n_frames - 1].step >= t->step) return 0;
    return t->step == 0 || t->step >= t->total || t->step % ((every > 0 ? every : 1) * t->validate_every) == 0;
}

DataBatch train_probe_batch(const TrainProbe *p)
{
    return (DataBatch){
        .n = p->n, .image = p->image, .mask = p->mask, .label = p->label, .has_mask = p->has_mask, .item = p->item
    };
}

void train_probe_look(TrainProbe *p, const DataBatch *batch)
{
    Trainer *t = p->trainer;
    train_inputs_fill(&p->inputs, p->graph, p->plan, batch, TRAIN_MASKS_NONE);
    train_ema_swap(&t->ema, t->params);
    nn_plan_forward(p->plan, 0);
    train_ema_swap(&t->ema, t->params);
}

NnStatus train_probe_record(TrainProbe *p, NnErr *err)
{
    const double start = nn_clock();
    const DataBatch batch = train_probe_batch(p);
    train_probe_look(p, &batch);
    const NnStatus status = train_frames_add(p, err);
    p->seconds += nn_clock() - start;
    return status;
}

const char *train_probe_kind(const TrainProbe *p, int i)
{
    return data_item_method(p->trainer->set, p->item[i]);
}

int train_probe_tile(const TrainProbe *p)
{
    return p->size < TRAIN_PROBE_TILE ? p->size : TRAIN_PROBE_TILE;
}

/* One map as grey levels in tile x tile pixels. */
static NnStatus map_tile(const TrainProbe *p, int i, DataImage *out, NnErr *err)
{
    const size_t pixels = (size_t)p->size * (size_t)p->size;
    const float *map = nn_plan_data(p->plan, p->detector.map) + (size_t)i * pixels;
    DataImage grey = { 0 };
    NN_TRY(data_image_new(p->size, p->size, 1, &grey, err));
    for (size_t k = 0; k < pixels; k++) {
        const float v = map[k] > 0 ? map[k] < 1 ? map[k] : 1 : 0; /* not a number: 0 */
        grey.px[k] = (unsigned char)lrintf(255 * v);
    }
    const NnStatus status = data_image_resize(&grey, train_probe_tile(p), train_probe_tile(p), out, err);
    data_image_free(&grey);
    return status;
}

NnStatus train_probe_strip(const TrainProbe *p, DataImage *out, NnErr *err)
{
    const size_t tile = (size_t)train_probe_tile(p), row = tile * (size_t)p->n;
    NN_TRY(data_image_new((int)row, (int)tile, 1, out, err));
    for (int i = 0; i < p->n; i++) {
        DataImage one = { 0 };
        const NnStatus status = map_tile(p, i, &one, err);
        for (size_t y = 0; y < tile && status == NN_OK; y++)
            memcpy(out->px + y * row + (size_t)i * tile, one.px + y * tile, tile);
        data_image_free(&one);
        if (status != NN_OK) {
            data_image_free(out);
            return status;
        }
    }
    return NN_OK;
}
