/* lesson_interpretation.c -- the mask loss off and on: detection stays, the map moves onto the forgery. */
#include <stdio.h>
#include <stdlib.h>

#include "nn/base/metrics.h"
#include "nn/base/size.h"
#include "tests/lesson/lesson_picture.h"
#include "tests/lesson/lesson_report.h"

enum { ROWS = 6, TILE = 128, GAP = 8, LEFT = 88, TOP = 66, FOOT = 30 };

/* How well a map finds forgeries; means over the forged images. */
typedef struct {
    double auc, pixel_auc, iou, inside, outside;
} MapFigures;

/* Map values of all forged images as one list, and which of them are forged pixels. */
static NnStatus measure_pixels(const LessonImages *images, const LessonView *v, MapFigures *f, NnErr *err)
{
    const size_t pixels = lesson_pixels(images), most = (size_t)images->n_fake * pixels;
    float *value = nn_alloc(most, sizeof *value);
    unsigned char *forged = nn_alloc(most, 1);
    size_t n = 0, n_forged = 0;
    double sum[2] = { 0 };
    for (int i = 0; value && forged && i < images->n; i++) {
        if (!images->label[i]) continue;
        const size_t first = n;
        for (size_t p = (size_t)i * pixels; p < ((size_t)i + 1) * pixels; p++, n++) {
            value[n] = v->map[p], forged[n] = images->mask[p] > 0.5f;
            sum[forged[n]] += (double)value[n], n_forged += forged[n];
        }
        f->iou += nn_iou(value + first, forged + first, pixels, 0.5) / images->n_fake;
    }
    f->inside = sum[1] / (double)n_forged, f->outside = sum[0] / (double)(n - n_forged);
    const NnStatus status = value && forged ? nn_auc(value, forged, n, &f->pixel_auc, err)
                                            : nn_fail(err, NN_ERR_NOMEM, "lesson: out of memory");
    free(value);
    free(forged);
    return status;
}

static NnStatus draw_row(const LessonPair *pair, int i, int y, DataImage *out, NnErr *err)
{
    const LessonImages *images = &pair->images;
    const size_t pixels = lesson_pixels(images), at = (size_t)i * pixels;
    const int size = images->size, zoom = TILE / size, step = TILE + GAP, forged = images->label[i];
    const LessonView *views[] = { &pair->off, &pair->on };
    lesson_text(out, GAP, y + TILE / 2 - 8, 2, forged ? "forged" : "real");
    NN_TRY(lesson_put_planes(out, LEFT, y, zoom, images->image + 3 * at, size, err));
    NN_TRY(lesson_put_mask(out, LEFT + step, y, zoom, images->mask + at, size, err));
    for (int k = 0; k < 2; k++) {
        const int x = LEFT + (2 + k) * step;
        char verdict[32];
        NN_TRY(lesson_put_map(out, x, y, zoom, views[k]->map + at, size, err));
        lesson_outline(out, x, y, zoom, images->mask + at, size);
        lesson_verdict(views[k], i, verdict);
        lesson_text_centred(out, x, TILE, y + TILE + 3, 1, verdict);
    }
    return NN_OK;
}

static NnStatus draw(const LessonPair *pair, LessonReport *r, NnErr *err)
{
    const int step = TILE + GAP, row = TILE + 16, width = LEFT + 4 * step;
    const char *const titles[] = { "image", "mask", "map", "map" };
    DataImage *out = &r->picture;
    NN_TRY(lesson_canvas(width, TOP + ROWS * row + FOOT, out, err));
    lesson_text_centred(out, 0, width, 6, 2, "interpretation: without and with the mask loss");
    for (int k = 0; k < 4; k++) lesson_text_centred(out, LEFT + k * step, TILE, 30, 2, titles[k]);
    lesson_text_centred(out, LEFT + 2 * step, TILE, 50, 1, r->off);
    lesson_text_centred(out, LEFT + 3 * step, TILE, 50, 1, r->on);
    for (int k = 0; k < ROWS; k++) {
        const int i = k < ROWS - 1 ? lesson_find(&pair->images, 1, k) : lesson_find(&pair->images, 0, 0);
        if (i >= 0) NN_TRY(draw_row(pair, i, TOP + k * row, out, err));
    }
    lesson_colour_bar(out, LEFT, out->h - FOOT + 12, 120, "map: 0 = untouched", "1 = forged");
    lesson_text(out, LEFT + 322, out->h - FOOT + 13, 1, "line: border of the true mask");
    return NN_OK;
}

static NnStatus measure(const LessonImages *images, const LessonView *v, MapFigures *out, NnErr *err)
{
    *out = (MapFigures){ 0 };
    NN_TRY(lesson_auc(images, v->logit, &out->auc, err));
    return measure_pixels(images, v, out, err);
}

static NnStatus teach(const LessonPair *pair, LessonReport *r, NnErr *err)
{
    MapFigures off, on;
    NN_TRY(measure(&pair->images, &pair->off, &off, err));
    NN_TRY(measure(&pair->images, &pair->on, &on, err));
    lesson_report_add(r, "detection: AUC of the score", off.auc, on.auc);
    lesson_report_add(r, "map: pixel AUC, forged against untouched pixels", off.pixel_auc, on.pixel_auc);
    lesson_report_add(r, "map: mean IoU of {map >= .5} with the mask", off.iou, on.iou);
    lesson_report_add(r, "map: mean value on forged pixels", off.inside, on.inside);
    lesson_report_add(r, "map: mean value on untouched pixels", off.outside, on.outside);
    return draw(pair, r, err);
}

NnStatus lesson_interpretation(LessonNet *off, LessonNet *on, LessonReport *r, NnErr *err)
{
    LessonPair pair;
    snprintf(r->off, sizeof r->off, "mask = %g", (double)off->config.loss.mask);
    snprintf(r->on, sizeof r->on, "mask = %g", (double)on->config.loss.mask);
    NN_TRY(lesson_pair_look(off, on, DATA_TEST, &pair, err));
    const NnStatus status = teach(&pair, r, err);
    lesson_pair_free(&pair);
    return status;
}
