/* report_blur.c -- what the adversary makes of the probe's images, in report.html: before, after, and its true map. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"
#include "train/report_parts.h"

/* A full batch: the probe's images again and again. */
typedef struct {
    float *image, *mask, *label, *has_mask, *changed;
    int *item;
    DataBatch batch;
} FullBatch;

static void free_batch(FullBatch *b)
{
    free(b->image);
    free(b->mask);
    free(b->label);
    free(b->has_mask);
    free(b->changed);
    free(b->item);
}

static NnStatus fill_batch(FullBatch *b, const TrainProbe *probe, int rows, NnErr *err)
{
    const size_t pixels = train_report_pixels(probe), n = (size_t)rows;
    *b = (FullBatch){ .image = nn_alloc(n, 3 * pixels * sizeof(float)),
                      .mask = nn_alloc(n, pixels * sizeof(float)),
                      .label = nn_alloc(n, sizeof(float)),
                      .has_mask = nn_alloc(n, sizeof(float)),
                      .changed = nn_alloc(n, 3 * pixels * sizeof(float)),
                      .item = nn_alloc(n, sizeof(int)) };
    if (!b->image || !b->mask || !b->label || !b->has_mask || !b->changed || !b->item)
        return nn_fail(err, NN_ERR_NOMEM, "out of memory for a batch of the report");
    for (size_t i = 0; i < n; i++) {
        const size_t from = i % (size_t)probe->n;
        memcpy(b->image + 3 * i * pixels, probe->image + 3 * from * pixels, 3 * pixels * sizeof(float));
        memcpy(b->mask + i * pixels, probe->mask + from * pixels, pixels * sizeof(float));
        b->label[i] = probe->label[from], b->has_mask[i] = probe->has_mask[from], b->item[i] = probe->item[from];
    }
    b->batch = (DataBatch){ rows, b->image, b->mask, b->label, b->has_mask, b->item };
    return NN_OK;
}

/* On one scale for all images: 0 to `most` pixels. */
static NnStatus put_sigma(NnPage *p, const TrainProbe *probe, const float *sigma, float most, float *scratch,
                          NnErr *err)
{
    char caption[64];
    double mean = 0;
    for (size_t k = 0; k < train_report_pixels(probe); k++) {
        scratch[k] = sigma[k] / most;
        mean += (double)sigma[k] / (double)train_report_pixels(probe);
    }
    snprintf(caption, sizeof caption, "sigma, mean %.2f px", mean);
    return train_report_map(p, probe, scratch, "width of the blur at each pixel", caption, err);
}

static NnStatus put_blurred(NnPage *p, const TrainProbe *probe, const FullBatch *b, const float *sigma, float most,
                            float *scratch, NnErr *err)
{
    const size_t pixels = train_report_pixels(probe);
    const int n = probe->n < b->batch.n ? probe->n : b->batch.n;
    for (int i = 0; i < n; i++) {
        const size_t at = (size_t)i * pixels;
        train_report_item(p, probe, i);
        NN_TRY(train_report_photo(p, probe, b->image + 3 * at, "image before", "before", err));
        NN_TRY(train_report_photo(p, probe, b->changed + 3 * at, "image after", "after", err));
        if (sigma) NN_TRY(put_sigma(p, probe, sigma + at, most, scratch, err));
        train_report_difference(b->image + 3 * at, b->changed + 3 * at, pixels, 8, scratch);
        NN_TRY(train_report_map(p, probe, scratch, "absolute difference of the two", "|difference| x 8", err));
        nn_page_item_end(p);
    }
    return NN_OK;
}

static void blur_words(NnPage *p, const TrainConfig *c, const float *sigma, float most)
{
    static const char *const kind[] = { "none", "gradient", "generator", "random", "uniform", "perturb" };
    nn_page_section_begin(
        p, "blur", "What the adversary does",
        "While the detector learns, an adversary changes its images so that forgeries are harder to see, and the "
        "detector must find them all the same.");
    if (sigma)
        nn_page_paragraph(p,
                          "Kind: %s. Sigma is the width of the blur at a pixel; the brightest colour of its map "
                          "stands for %.1f pixels and more, where a kernel of %d pixels can hardly blur further.",
                          kind[c->blur.kind], (double)most, c->blur.kernel);
    else nn_page_paragraph(p, "Kind: %s, by at most %.1f of 255 levels.", kind[c->blur.kind], (double)c->blur.levels);
}

static const char *how_to_read(int kind)
{
    if (kind == TRAIN_BLUR_GRADIENT || kind == TRAIN_BLUR_GENERATOR)
        return "before and after should look nearly alike: it takes little to hide traces. Bright places of the sigma "
               "map are blurred most, because that makes the detector's task hardest. The difference is eight times "
               "enlarged, yellow is an eighth of the range from black to white.";
    if (kind == TRAIN_BLUR_PERTURB)
        return "before and after should look alike: each value moves by very little, in the direction that makes the "
               "detector's task harder. The difference is eight times enlarged.";
    return "bright places of the sigma map are blurred most. They are drawn at random and know nothing of the "
           "detector: this adversary is a control for others. The difference is eight times enlarged.";
}

/* The adversary's own rate is 0 here: it learns nothing from being looked at. */
NnStatus train_report_blur(NnPage *p, const TrainEnding *e, NnErr *err)
{
    Trainer *t = e->trainer;
    const TrainProbe *probe = &e->watch->probe;
    const TrainAdversaryStep step = { t->masks, (uint32_t)(t->step * t->config.optim.accumulate), 0 };
    FullBatch b = { 0 };
    const float most = (float)(t->config.blur.kernel - 1) / 2;
    float *scratch = nn_alloc(train_report_pixels(probe), sizeof *scratch);
    NnStatus status = scratch ? fill_batch(&b, probe, t->config.train.batch, err)
                              : nn_fail(err, NN_ERR_NOMEM, "out of memory for the pictures of the report");
    if (status == NN_OK) {
        train_adversary_change(t->adversary, &b.batch, step, b.changed);
        const float *sigma = train_adversary_sigma(t->adversary);
        blur_words(p, &t->config, sigma, most);
        nn_page_figure_begin(p, NULL);
        nn_page_grid_begin(p);
        status = put_blurred(p, probe, &b, sigma, most, scratch, err);
        nn_page_grid_end(p);
        nn_page_figure_end(p, how_to_read(t->config.blur.kind));
        nn_page_section_end(p);
    }
    free_batch(&b);
    free(scratch);
    return status;
}
