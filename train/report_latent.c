/* report_latent.c -- latents of validation images as points: do real and forged ones lie apart? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"
#include "train/latent_pca.h"
#include "train/report_parts.h"

enum { MOST_IMAGES = 512, FEWEST_IMAGES = 64, CLASSES = 8 };

typedef struct {
    int n, channels, cells;
    int *item; /* [n] */
    float *x;  /* [n][channels]: means over the latent's positions */
    int *class_of;
    double *place[2];
    double share[2];
    const char *name[CLASSES];
    int n_classes;
} Cloud;

static void free_cloud(Cloud *c)
{
    free(c->item);
    free(c->x);
    free(c->class_of);
    free(c->place[0]);
    free(c->place[1]);
}

/* So many that looking at them takes little of what the run's steps took: an image forward is about a third of one in a
 * step. */
static int how_many(const Trainer *t)
{
    const int64_t seen = t->step * t->config.train.batch * t->config.optim.accumulate, some = seen / 40;
    const int64_t n = some < FEWEST_IMAGES ? FEWEST_IMAGES : some > MOST_IMAGES ? MOST_IMAGES : some;
    return n < t->n_val ? (int)n : t->n_val;
}

static NnStatus make_cloud(Cloud *c, const Trainer *t, const TrainProbe *probe, NnErr *err)
{
    const NnShape latent = nn_graph_shape(probe->graph, probe->detector.latent);
    const size_t n = (size_t)how_many(t);
    *c = (Cloud){ .n = (int)n, .channels = latent.d[1], .cells = latent.d[2] * latent.d[3] };
    c->item = nn_alloc(n, sizeof *c->item);
    c->class_of = nn_alloc(n, sizeof *c->class_of);
    c->x = nn_alloc(n, (size_t)c->channels * sizeof *c->x);
    for (int k = 0; k < 2; k++) c->place[k] = nn_alloc(n, sizeof *c->place[k]);
    if (!c->item || !c->class_of || !c->x || !c->place[0] || !c->place[1])
        return nn_fail(err, NN_ERR_NOMEM, "out of memory for the latents of the report");
    for (int i = 0; i < c->n; i++) c->item[i] = t->val[(int64_t)i * t->n_val / c->n];
    return NN_OK;
}

/* The class of an item; beyond the shapes that there are, manipulations share the last. */
static int class_of(Cloud *c, const char *method)
{
    for (int k = 0; k < c->n_classes; k++)
        if (!strcmp(c->name[k], method)) return k;
    if (c->n_classes == CLASSES - 1) c->name[c->n_classes++] = "other manipulations";
    if (c->n_classes == CLASSES) return CLASSES - 1;
    c->name[c->n_classes] = method;
    return c->n_classes++;
}

static void take_batch(Cloud *c, const TrainProbe *probe, int first, int n)
{
    const float *latent = nn_plan_data(probe->plan, probe->detector.latent);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < c->channels; k++) {
            const float *plane = latent + ((size_t)i * (size_t)c->channels + (size_t)k) * (size_t)c->cells;
            double sum = 0;
            for (int q = 0; q < c->cells; q++) sum += (double)plane[q];
            c->x[(size_t)(first + i) * (size_t)c->channels + (size_t)k] = (float)(sum / c->cells);
        }
}

static NnStatus look_at_all(Cloud *c, const Trainer *t, TrainProbe *probe, NnErr *err)
{
    const DataLoaderSpec spec = { .set = t->set,
                                  .index = c->item,
                                  .n_index = c->n,
                                  .batch = TRAIN_PROBE_IMAGES,
                                  .threads = t->config.data.threads,
                                  .seed = (uint64_t)t->config.train.seed };
    DataLoader *loader;
    const DataBatch *batch = NULL;
    int seen = 0;
    NN_TRY(data_loader_open(&spec, &loader, err));
    NnStatus status;
    while ((status = data_loader_next(loader, &batch, err)) == NN_OK && batch) {
        train_probe_look(probe, batch);
        take_batch(c, probe, seen, batch->n);
        seen += batch->n;
    }
    data_loader_close(loader);
    return status;
}

static void draw(NnPage *p, const Cloud *c)
{
    char x[80], y[80];
    snprintf(x, sizeof x, "first direction (%.0f %% of the variance)", 100 * c->share[0]);
    snprintf(y, sizeof y, "second direction (%.0f %%)", 100 * c->share[1]);
    nn_page_section_begin(
        p, "latents", "How images look to the network",
        "Each point is a validation image. The network turns an image into numbers; points that lie near each other "
        "are images whose numbers are alike.");
    nn_chart_scatter(
        p, &(NnScatterChart){ .text = { NULL,
                                        "real and forged images should form separate clouds. A manipulation whose "
                                        "points mix with the real ones is one that the detector does not see. Only "
                                        "the two directions of largest difference are drawn: what mixes here may "
                                        "differ in others.",
                                        x, y, 0 },
                              .x = c->place[0],
                              .y = c->place[1],
                              .class_of = c->class_of,
                              .n = c->n,
                              .class_name = c->name,
                              .n_classes = c->n_classes });
    nn_page_paragraph(
        p,
        "%d validation images at even distances in the list; of each of the %d channels the mean over the image; "
        "weights of the last step.",
        c->n, c->channels);
    nn_page_section_end(p);
}

static NnStatus make_and_draw(NnPage *p, Cloud *c, const TrainEnding *e, NnErr *err)
{
    const Trainer *t = e->trainer;
    NN_TRY(make_cloud(c, t, &e->watch->probe, err));
    NN_TRY(look_at_all(c, t, &e->watch->probe, err));
    class_of(c, "real");
    for (int i = 0; i < c->n; i++) c->class_of[i] = class_of(c, data_item_method(t->set, c->item[i]));
    NN_TRY(train_pca(c->x, c->n, c->channels, c->place, c->share, err));
    draw(p, c);
    return NN_OK;
}

NnStatus train_report_latents(NnPage *p, const TrainEnding *e, NnErr *err)
{
    Cloud c = { 0 };
    const NnStatus status = make_and_draw(p, &c, e, err);
    free_cloud(&c);
    return status;
}
