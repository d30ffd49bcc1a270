/* lesson_regions.c -- removal of primary regions off and on, where forgeries carry a watermark in training (lesson_watermark.h):
 * which detector leans on it, and what is left when it is gone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/region_removal.h"
#include "nn/base/file.h"
#include "nn/base/metrics.h"
#include "nn/base/size.h"
#include "tests/lesson/lesson_picture.h"
#include "tests/lesson/lesson_report.h"
#include "tests/lesson/lesson_watermark.h"
#include "train/gradcam.h"

enum { BATCH = 32, ROWS = 3, EXAMPLES = 2, TILE = 128, STEP = TILE + 8, LEFT = 10, FOOT = 34 };

/* Test images, what both detectors say of them, and where they look. */
typedef struct {
    LessonPair pair;
    float *off, *on; /* Grad-CAM [n,size,size] */
} Gaze;

static NnStatus no_memory(NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "lesson: out of memory");
}

static NnStatus gradcam(LessonNet *net, const LessonImages *images, float **maps, NnErr *err)
{
    const size_t pixels = lesson_pixels(images);
    const TrainGradcamSpec spec = { .model = &net->config.model,
                                    .params = net->run->params,
                                    .layer = net->config.gradcam.layer,
                                    .explain = TRAIN_EXPLAIN_FORGED,
                                    .batch = BATCH,
                                    .size = images->size };
    TrainGradcam *cam;
    NN_TRY(train_gradcam_new(&spec, &cam, err));
    *maps = nn_alloc((size_t)images->n * pixels, sizeof **maps);
    for (int i = 0; *maps && i < images->n; i += BATCH)
        train_gradcam_maps(cam, images->image + (size_t)i * 3 * pixels, images->n - i < BATCH ? images->n - i : BATCH,
                           *maps + (size_t)i * pixels);
    train_gradcam_free(cam);
    return *maps ? NN_OK : no_memory(err);
}

static int has_method(const LessonImages *images, int i, const char *method)
{
    return !strcmp(data_item_method(images->set, images->item[i]), method);
}

/* AUC of the real images against the forgeries of one method. */
static NnStatus method_auc(const LessonImages *images, const LessonView *v, const char *method, double *out, NnErr *err)
{
    float *score = nn_alloc((size_t)images->n, sizeof *score);
    unsigned char *label = nn_alloc((size_t)images->n, 1);
    size_t n = 0;
    for (int i = 0; score && label && i < images->n; i++)
        if (!images->label[i] || has_method(images, i, method)) score[n] = v->logit[i], label[n++] = images->label[i];
    const NnStatus status = score && label ? nn_auc(score, label, n, out, err) : no_memory(err);
    free(score);
    free(label);
    return status;
}

/* Share of a map's sum in the watermark's corner, as a mean over the marked forgeries. */
static double corner_share(const LessonImages *images, const float *maps)
{
    const size_t pixels = lesson_pixels(images), size = (size_t)images->size;
    double sum = 0;
    int n = 0;
    for (int i = 0; i < images->n; i++) {
        const float *map = maps + (size_t)i * pixels;
        double inside = 0, all = 0;
        for (size_t p = 0; p < pixels; p++) {
            all += (double)map[p];
            if (p / size < LESSON_CORNER && p % size < LESSON_CORNER) inside += (double)map[p];
        }
        if (!has_method(images, i, "marked") || all <= 0) continue;
        sum += inside / all, n++;
    }
    return n ? sum / n : 0;
}

/* ---- the picture ---- */

/* What happens to training image i: as it is, its primary region, and once removed. */
static NnStatus draw_example(const LessonNet *net, const DataRegionMaps *maps, const LessonImages *images, int i, int x,
                             int y, DataImage *out, NnErr *err)
{
    const int size = images->size, zoom = TILE / size;
    const size_t pixels = lesson_pixels(images);
    DataRegions always = net->config.regions;
    NnRng rng = nn_rng_make(1, NN_STREAM_REMOVAL, 0, (uint32_t)i);
    DataSample s = { 0 };
    always.probability = 1;
    unsigned char *bytes = nn_alloc(pixels, 1);
    float *map = nn_alloc(pixels, sizeof *map);
    NnStatus status = bytes && map ? data_set_read(images->set, images->item[i], &s, err) : no_memory(err);
    if (status == NN_OK) status = data_region_maps_get(maps, i, &s.image, bytes, err);
    for (size_t p = 0; status == NN_OK && p < pixels; p++) map[p] = (float)bytes[p] / 255.0f;
    if (status == NN_OK) status = lesson_put_image(out, x, y, zoom, &s.image, err);
    if (status == NN_OK) status = lesson_put_map(out, x + STEP, y, zoom, map, size, err);
    if (status == NN_OK) status = data_region_remove(&always, &rng, bytes, &s.image, err);
    if (status == NN_OK) status = lesson_put_image(out, x + 2 * STEP, y, zoom, &s.image, err);
    data_sample_free(&s);
    free(bytes);
    free(map);
    return status;
}

static NnStatus draw_examples(const LessonNet *net, int y, DataImage *out, NnErr *err)
{
    LessonImages images;
    DataRegionMaps *maps = NULL;
    NN_TRY(lesson_images_load(net, DATA_TRAIN, &images, err));
    char *path = nn_path_join(net->run->folder, "regions.maps");
    NnStatus status = path ? data_region_maps_load(path, images.n, images.size, &maps, err) : no_memory(err);
    for (int k = 0; status == NN_OK && k < EXAMPLES; k++)
        status = draw_example(net, maps, &images, lesson_find(&images, 1, k), LEFT + 3 * k * STEP, y, out, err);
    data_region_maps_free(maps);
    free(path);
    lesson_images_free(&images);
    return status;
}

/* Test image i: as it is, and where both look. */
static NnStatus draw_gaze(const Gaze *g, int i, int x, int y, DataImage *out, NnErr *err)
{
    const LessonImages *images = &g->pair.images;
    const size_t at = (size_t)i * lesson_pixels(images);
    const int zoom = TILE / images->size;
    const float *const maps[] = { g->off + at, g->on + at };
    const LessonView *views[] = { &g->pair.off, &g->pair.on };
    NN_TRY(lesson_put_planes(out, x, y, zoom, images->image + 3 * at, images->size, err));
    for (int k = 0; k < 2; k++) {
        char verdict[32];
        NN_TRY(lesson_put_map(out, x + (k + 1) * STEP, y, zoom, maps[k], images->size, err));
        lesson_verdict(views[k], i, verdict);
        lesson_text_centred(out, x + (k + 1) * STEP, TILE, y + TILE + 3, 1, verdict);
    }
    return NN_OK;
}

static void titles(DataImage *out, int y, const char *head, const char *const *columns)
{
    for (int half = 0; half < 2; half++)
        for (int k = 0; k < 3; k++) lesson_text_centred(out, LEFT + (3 * half + k) * STEP, TILE, y + 22, 1, columns[k]);
    lesson_text(out, LEFT, y, 2, head);
}

static NnStatus draw(const LessonNet *on, const Gaze *g, LessonReport *r, NnErr *err)
{
    const int first = 70, second = first + TILE + 50;
    const char *const training[] = { "image", "primary region", "removed once" };
    const char *const test[] = { "image", r->off, r->on };
    DataImage *out = &r->picture;
    NN_TRY(lesson_canvas(LEFT + 6 * STEP, second + ROWS * (TILE + 16) + FOOT, out, err));
    lesson_text_centred(out, 0, out->w, 6, 2, "regions: a watermark as a shortcut");
    titles(out, first - 34, "training: all forgeries carry a watermark", training);
    titles(out, second - 34, "test: with the watermark", test);
    lesson_text(out, LEFT + 3 * STEP, second - 34, 2, "and without it");
    NN_TRY(draw_examples(on, first, out, err));
    for (int i = 0, row = 0; i + 1 < g->pair.images.n && row < ROWS; i++) {
        if (!has_method(&g->pair.images, i, "clean")) continue;
        const int y = second + row++ * (TILE + 16);
        NN_TRY(draw_gaze(g, i + 1, LEFT, y, out, err)); /* the manifest lists its marked twin next */
        NN_TRY(draw_gaze(g, i, LEFT + 3 * STEP, y, out, err));
    }
    lesson_colour_bar(out, LEFT, out->h - 20, 120, "grad-cam, what speaks for forged: 0", "1 = the most in this image");
    return NN_OK;
}

/* ---- the lesson ---- */

static NnStatus teach(const LessonNet *on, const Gaze *g, LessonReport *r, NnErr *err)
{
    static const char *const what[][2] = {
        { "marked", "detection with the watermark: AUC" },
        { "clean", "detection without the watermark: AUC" },
    };
    const LessonImages *images = &g->pair.images;
    for (int k = 0; k < 2; k++) {
        double a, b;
        NN_TRY(method_auc(images, &g->pair.off, what[k][0], &a, err));
        NN_TRY(method_auc(images, &g->pair.on, what[k][0], &b, err));
        lesson_report_add(r, what[k][1], a, b);
    }
    lesson_report_add(r, "share of Grad-CAM in the watermark's corner", corner_share(images, g->off),
                      corner_share(images, g->on));
    return draw(on, g, r, err);
}

NnStatus lesson_regions(LessonNet *off, LessonNet *on, LessonReport *r, NnErr *err)
{
    static const char *const remove[] = { "none", "primary", "random" };
    Gaze g = { 0 };
    snprintf(r->off, sizeof r->off, "remove = %s", remove[off->config.regions.remove]);
    snprintf(r->on, sizeof r->on, "remove = %s", remove[on->config.regions.remove]);
    NnStatus status = lesson_pair_look(off, on, DATA_TEST, &g.pair, err);
    if (status == NN_OK) status = gradcam(off, &g.pair.images, &g.off, err);
    if (status == NN_OK) status = gradcam(on, &g.pair.images, &g.on, err);
    if (status == NN_OK) status = teach(on, &g, r, err);
    free(g.off);
    free(g.on);
    lesson_pair_free(&g.pair);
    return status;
}
