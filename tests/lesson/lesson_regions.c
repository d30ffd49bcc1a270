/* lesson_regions.c -- removal of primary regions off and on: where the two detectors look, and what is left when that is
 * taken away.
 *
 * Both runs are one run up to the step at which the second measures its regions. So its file of maps says what this common
 * ancestor leaned on, and is fair to both. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/loader.h"
#include "data/region_removal.h"
#include "nn/base/file.h"
#include "nn/base/size.h"
#include "tests/lesson/lesson_picture.h"
#include "tests/lesson/lesson_report.h"
#include "train/gradcam.h"

enum { BATCH = 32, LOOKED_AT = 192, ROWS = 6, COLUMNS = 5, TILE = 128, GAP = 8, LEFT = 88, TOP = 82, FOOT = 30 };

static NnStatus no_memory(NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "lesson: out of memory");
}

/* Grad-CAM maps [n,size,size] of all images. The caller frees *maps. */
static NnStatus gradcam(LessonNet *net, const LessonImages *images, float **maps, NnErr *err)
{
    const size_t pixels = lesson_pixels(images);
    const TrainGradcamSpec spec = { .model = &net->config.model,
                                    .params = net->run->params,
                                    .layer = net->config.gradcam.layer,
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

/* ---- where they look ---- */

/* Of the images of the training split: what the common ancestor leaned on, and where both look now. */
typedef struct {
    LessonImages images;
    unsigned char *primary; /* [n,size,size]: map of the primary region, 255 hottest, 0 outside */
    float *off, *on;        /* [n,size,size]: Grad-CAM */
    DataImage *removed;     /* [ROWS]: the pictures' images without their region */
} Gaze;

static NnStatus read_primary(const LessonNet *net, Gaze *g, NnErr *err)
{
    const size_t pixels = lesson_pixels(&g->images);
    int *all, n_all;
    DataRegionMaps *maps = NULL;
    char *path = nn_path_join(net->run->folder, "regions.maps");
    g->primary = nn_alloc((size_t)g->images.n, pixels);
    if (!path || !g->primary) {
        free(path);
        return no_memory(err);
    }
    NnStatus status = data_set_select(g->images.set, DATA_TRAIN, &all, &n_all, err);
    if (status == NN_OK) free(all);
    if (status == NN_OK) status = data_region_maps_load(path, n_all, g->images.size, &maps, err);
    for (int i = 0; status == NN_OK && i < g->images.n; i++) {
        DataSample sample = { 0 };
        status = data_set_read(g->images.set, g->images.item[i], &sample, err);
        if (status == NN_OK)
            status = data_region_maps_get(maps, i, &sample.image, g->primary + (size_t)i * pixels, err);
        data_sample_free(&sample);
    }
    data_region_maps_free(maps);
    free(path);
    return status;
}

static NnStatus gaze_init(Gaze *g, LessonNet *off, LessonNet *on, NnErr *err)
{
    NN_TRY(lesson_images_load(on, DATA_TRAIN, LOOKED_AT, &g->images, err));
    NN_TRY(read_primary(on, g, err));
    NN_TRY(gradcam(off, &g->images, &g->off, err));
    return gradcam(on, &g->images, &g->on, err);
}

static void gaze_free(Gaze *g)
{
    free(g->primary);
    free(g->off);
    free(g->on);
    lesson_images_free(&g->images);
}

/* Share of a map's sum that lies in the primary region, as a mean over the forged images; map NULL: of the area. */
static double share_inside(const Gaze *g, const float *map)
{
    const size_t pixels = lesson_pixels(&g->images);
    double sum = 0;
    int n = 0;
    for (int i = 0; i < g->images.n; i++) {
        double inside = 0, all = 0;
        for (size_t p = (size_t)i * pixels; p < ((size_t)i + 1) * pixels; p++) {
            const double v = map ? (double)map[p] : 1;
            all += v;
            if (g->primary[p]) inside += v;
        }
        if (!g->images.label[i] || all <= 0) continue;
        sum += inside / all;
        n++;
    }
    return n ? sum / n : (double)NAN;
}

/* ---- what is left without it ---- */

/* Fill a planar image [3,size,size] with its mean colour wherever map is at least t. */
static void blot(float *image, const float *map, size_t pixels, float t)
{
    for (size_t c = 0; c < 3; c++) {
        double sum = 0;
        for (size_t p = 0; p < pixels; p++) sum += (double)image[c * pixels + p];
        for (size_t p = 0; p < pixels; p++)
            if (map[p] > t) image[c * pixels + p] = (float)(sum / (double)pixels);
    }
}

/* AUC on test images, as they are and without what this very detector looks at. */
static NnStatus test_without(LessonNet *net, LessonImages *images, double *whole, double *without, double *area,
                             NnErr *err)
{
    const size_t pixels = lesson_pixels(images), all = (size_t)images->n * 3 * pixels;
    LessonView view = { 0 };
    float *maps = NULL, *kept = nn_alloc(all, sizeof *kept);
    NnStatus status = kept ? gradcam(net, images, &maps, err) : no_memory(err);
    if (status == NN_OK) status = lesson_look(net, images, &view, err);
    if (status == NN_OK) status = lesson_auc(images, view.logit, whole, err);
    lesson_view_free(&view);
    if (status == NN_OK) {
        *area = 0;
        for (size_t i = 0; i < (size_t)images->n * pixels; i++) *area += maps[i] > net->config.gradcam.t1;
        *area /= (double)((size_t)images->n * pixels);
        memcpy(kept, images->image, all * sizeof *kept);
        for (size_t i = 0; i < (size_t)images->n; i++)
            blot(images->image + 3 * i * pixels, maps + i * pixels, pixels, net->config.gradcam.t1);
        status = lesson_look(net, images, &view, err);
        if (status == NN_OK) status = lesson_auc(images, view.logit, without, err);
        memcpy(images->image, kept, all * sizeof *kept);
        lesson_view_free(&view);
    }
    free(maps);
    free(kept);
    return status;
}

static NnStatus teach(Gaze *g, LessonNet *off, LessonNet *on, LessonImages *test, LessonReport *r, NnErr *err)
{
    double whole[2], without[2], area[2];
    NN_TRY(test_without(off, test, &whole[0], &without[0], &area[0], err));
    NN_TRY(test_without(on, test, &whole[1], &without[1], &area[1], err));
    lesson_report_add(r, "share of Grad-CAM inside the old primary region", share_inside(g, g->off),
                      share_inside(g, g->on));
    lesson_report_add(r, "for comparison: the region's share of the area", share_inside(g, NULL),
                      share_inside(g, NULL));
    lesson_report_add(r, "area", area[0], area[1]);
    lesson_report_add(r, "detection: AUC on test images", whole[0], whole[1]);
    lesson_report_add(r, "... without the region that the detector leans on", without[0], without[1]);
    return lesson_canvas(10, 10, &r->picture, err);
}

NnStatus lesson_regions(LessonNet *off, LessonNet *on, LessonReport *r, NnErr *err)
{
    Gaze gaze = { 0 };
    LessonImages test = { 0 };
    snprintf(r->off, sizeof r->off, "remove = %s", off->config.regions.remove ? "primary" : "none");
    snprintf(r->on, sizeof r->on, "remove = %s", on->config.regions.remove ? "primary" : "none");
    NnStatus status = gaze_init(&gaze, off, on, err);
    if (status == NN_OK) status = lesson_images_load(on, DATA_TEST, 0, &test, err);
    if (status == NN_OK) status = teach(&gaze, off, on, &test, r, err);
    lesson_images_free(&test);
    gaze_free(&gaze);
    return status;
}
