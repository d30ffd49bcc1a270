/* report_pictures.c -- the pictures of report.html: maps over steps, images rebuilt, blurred, with regions removed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/heat_map.h"
#include "nn/base/file.h"
#include "nn/base/size.h"
#include "train/probe_pictures.h"
#include "train/report_parts.h"
#include "train/run_folder.h"

enum { SIDE = 112 /* CSS pixels of a tile */, LARGEST_SHEET = 3000000 /* bytes */ };

NnStatus train_report_put(NnPage *p, DataImage *picture, int width, int frame, const char *label, const char *alt,
                          const char *caption, NnErr *err)
{
    DataBytes png = { 0 };
    const NnStatus status = data_image_to_png(picture, &png, err);
    if (status == NN_OK) {
        const NnPagePicture shown = { png.data, png.len, width, width * picture->h / picture->w, alt, caption };
        if (frame < 0) nn_page_picture(p, &shown);
        else nn_page_frame(p, frame, label, &shown);
    }
    free(png.data);
    data_image_free(picture);
    return status;
}

/* A picture that has just been made (`made` is how that went), as a tile. */
static NnStatus put_tile(NnPage *p, NnStatus made, DataImage *picture, const char *alt, const char *caption, NnErr *err)
{
    return made == NN_OK ? train_report_put(p, picture, SIDE, -1, "", alt, caption, err) : made;
}

static size_t pixels_of(const TrainProbe *probe)
{
    return (size_t)probe->size * (size_t)probe->size;
}

static void begin_item(NnPage *p, const TrainProbe *probe, int i)
{
    char title[160];
    if (probe->label[i] > 0.5f) snprintf(title, sizeof title, "%d: forged (%s)", i + 1, train_probe_kind(probe, i));
    else snprintf(title, sizeof title, "%d: real", i + 1);
    nn_page_item_begin(p, title);
}

static NnStatus put_photo(NnPage *p, const TrainProbe *probe, const float *planes, const char *alt, const char *caption,
                          NnErr *err)
{
    DataImage picture = { 0 };
    return put_tile(p, train_picture_photo(probe, planes, &picture, err), &picture, alt, caption, err);
}

static NnStatus put_map(NnPage *p, const TrainProbe *probe, const float *map, const char *alt, const char *caption,
                        NnErr *err)
{
    DataImage picture = { 0 };
    return put_tile(p, train_picture_map(probe, map, &picture, err), &picture, alt, caption, err);
}

/* ---- maps over steps ---- */

/* The strips of all frames, those kept and that of the last look. */
typedef struct {
    int n;
    int64_t step[TRAIN_PROBE_FRAMES + 1];
    float score[TRAIN_PROBE_FRAMES + 1][TRAIN_PROBE_IMAGES];
    DataImage strip[TRAIN_PROBE_FRAMES + 1];
} Film;

static NnStatus add_kept(Film *film, const TrainProbe *probe, int f, NnErr *err)
{
    NN_TRY(train_probe_maps(probe, f, &film->strip[film->n], err));
    film->step[film->n] = probe->frames[f].step;
    memcpy(film->score[film->n++], probe->frames[f].score, sizeof film->score[0]);
    return NN_OK;
}

/* Of more frames than there is room for (a run that was made longer), evenly spaced ones, the first and last among them. */
static NnStatus make_film(Film *film, const TrainEnding *e, NnErr *err)
{
    const TrainProbe *probe = &e->watch->probe;
    const int all = probe->n_frames, n = all < TRAIN_PROBE_FRAMES ? all : TRAIN_PROBE_FRAMES;
    for (int k = 0; k < n; k++) NN_TRY(add_kept(film, probe, n > 1 ? (int)((int64_t)k * (all - 1) / (n - 1)) : 0, err));
    if (!train_report_can_look(e) || (all && probe->frames[all - 1].step == e->trainer->step)) return NN_OK;
    NN_TRY(train_probe_strip(probe, &film->strip[film->n], err));
    film->step[film->n] = e->trainer->step;
    memcpy(film->score[film->n++], nn_plan_data(probe->plan, probe->detector.score), (size_t)probe->n * sizeof(float));
    return NN_OK;
}

static NnStatus put_frames(NnPage *p, const Film *film, int i, NnErr *err)
{
    for (int k = 0; k < film->n; k++) {
        char label[64], caption[64];
        DataImage tile = { 0 };
        snprintf(label, sizeof label, film->step[k] ? "step %lld" : "step %lld (untrained)", (long long)film->step[k]);
        snprintf(caption, sizeof caption, "map, score %.2f", (double)film->score[k][i]);
        NN_TRY(train_picture_tile(&film->strip[k], i, &tile, err));
        NN_TRY(train_report_put(p, &tile, SIDE, k, label, "map of the detector", caption, err));
    }
    return NN_OK;
}

static NnStatus put_film(NnPage *p, const TrainProbe *probe, const Film *film, NnErr *err)
{
    for (int i = 0; i < probe->n; i++) {
        DataImage mask = { 0 };
        const int known = probe->has_mask[i] > 0.5f;
        begin_item(p, probe, i);
        NN_TRY(put_photo(p, probe, probe->image + 3 * (size_t)i * pixels_of(probe), "validation image", "image", err));
        NN_TRY(put_tile(p, train_picture_mask(probe, i, &mask, err), &mask, "mask: white where it is forged",
                        known ? "truth" : "truth not known", err));
        NN_TRY(put_frames(p, film, i, err));
        nn_page_item_end(p);
    }
    return NN_OK;
}

NnStatus train_report_maps(NnPage *p, const TrainEnding *e, NnErr *err)
{
    TrainProbe *probe = &e->watch->probe;
    Film film = { .n = 0 };
    const DataBatch batch = train_probe_batch(probe);
    if (train_report_can_look(e)) train_probe_look(probe, &batch);
    NnStatus status = make_film(&film, e, err);
    nn_page_section_begin(
        p, "maps", "Where it looks",
        "Eight validation images, real and forged ones, taken at even distances from the list; none was "
        "picked by hand. Move the slider to see how the detector's answer to \"where is it forged?\" grew.");
    nn_page_figure_begin(p, NULL);
    nn_page_frames_begin(p, "Step of training");
    nn_page_grid_begin(p);
    if (status == NN_OK) status = put_film(p, probe, &film, err);
    nn_page_grid_end(p);
    nn_page_frames_end(p);
    nn_page_figure_end(
        p, "the truth is white where the image was forged, black for a real one. The map should be bright (yellow) "
           "there and dark (blue) elsewhere, and dark all over for real images. The score should be near 0 for "
           "real images and near 1 for forged ones. At most 25 steps are shown, at even distances.");
    nn_page_section_end(p);
    for (int k = 0; k < film.n; k++) data_image_free(&film.strip[k]);
    return status;
}

/* ---- images rebuilt ---- */

int train_report_rebuilds(const TrainEnding *e)
{
    return train_report_can_look(e) && e->trainer->config.loss.rec > 0 && e->watch->probe.detector.recon.id >= 0;
}

/* Mean over colours of |a - b| / 2, in 0..1, times gain. */
static void difference(const float *a, const float *b, size_t pixels, float gain, float *out)
{
    for (size_t i = 0; i < pixels; i++) {
        float sum = 0;
        for (size_t c = 0; c < 3; c++) sum += fabsf(a[c * pixels + i] - b[c * pixels + i]);
        out[i] = gain * sum / 6;
    }
}

static NnStatus put_rebuilt(NnPage *p, const TrainProbe *probe, float *scratch, NnErr *err)
{
    const size_t pixels = pixels_of(probe);
    for (int i = 0; i < probe->n; i++) {
        const float *image = probe->image + 3 * (size_t)i * pixels;
        const float *recon = nn_plan_data(probe->plan, probe->detector.recon) + 3 * (size_t)i * pixels;
        begin_item(p, probe, i);
        NN_TRY(put_photo(p, probe, image, "validation image", "image", err));
        NN_TRY(put_photo(p, probe, recon, "image as the network rebuilds it", "rebuilt", err));
        difference(image, recon, pixels, 4, scratch);
        NN_TRY(put_map(p, probe, scratch, "absolute difference of the two", "|difference| x 4", err));
        nn_page_item_end(p);
    }
    return NN_OK;
}

NnStatus train_report_rebuilt(NnPage *p, const TrainEnding *e, NnErr *err)
{
    const TrainProbe *probe = &e->watch->probe;
    float *scratch = nn_alloc(pixels_of(probe), sizeof *scratch);
    if (!scratch) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the pictures of the report");
    nn_page_section_begin(p, "rebuilt", "What it keeps of an image",
                          "The network squeezes each image into a few numbers and must rebuild it from them.");
    nn_page_figure_begin(p, NULL);
    nn_page_grid_begin(p);
    const NnStatus status = put_rebuilt(p, probe, scratch, err);
    nn_page_grid_end(p);
    nn_page_figure_end(
        p, "what is missing in the rebuilt image the detector cannot use. A difference (bright: large; four times "
           "enlarged, yellow is a quarter of the range from black to white) mostly at edges and fine texture is "
           "as it should be. Weights are those of the last step.");
    nn_page_section_end(p);
    free(scratch);
    return status;
}

/* ---- blur ---- */

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
    const size_t pixels = pixels_of(probe), n = (size_t)rows;
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

/* The map as it is, on one scale for all images: 0 to `most` pixels. */
static NnStatus put_sigma(NnPage *p, const TrainProbe *probe, const float *sigma, float most, float *scratch,
                          NnErr *err)
{
    char caption[64];
    double mean = 0;
    for (size_t k = 0; k < pixels_of(probe); k++) {
        scratch[k] = most > 0 ? sigma[k] / most : 0;
        mean += (double)sigma[k] / (double)pixels_of(probe);
    }
    snprintf(caption, sizeof caption, "sigma, mean %.2f px", mean);
    return put_map(p, probe, scratch, "width of the blur at each pixel", caption, err);
}

static NnStatus put_blurred(NnPage *p, const TrainProbe *probe, const FullBatch *b, const float *sigma, float most,
                            float *scratch, NnErr *err)
{
    const size_t pixels = pixels_of(probe);
    const int n = probe->n < b->batch.n ? probe->n : b->batch.n;
    for (int i = 0; i < n; i++) {
        const size_t at = (size_t)i * pixels;
        begin_item(p, probe, i);
        NN_TRY(put_photo(p, probe, b->image + 3 * at, "image before", "before", err));
        NN_TRY(put_photo(p, probe, b->changed + 3 * at, "image after", "after", err));
        if (sigma) NN_TRY(put_sigma(p, probe, sigma + at, most, scratch, err));
        difference(b->image + 3 * at, b->changed + 3 * at, pixels, 8, scratch);
        NN_TRY(put_map(p, probe, scratch, "absolute difference of the two", "|difference| x 8", err));
        nn_page_item_end(p);
    }
    return NN_OK;
}

static void blur_words(NnPage *p, const TrainConfig *c, const float *sigma, float most)
{
    static const char *const kind[] = { "none", "gradient", "generator", "random", "uniform", "perturb" };
    nn_page_section_begin(
        p, "blur", "What the adversary does",
        "While the detector learns, an adversary changes its images so that forgeries are harder to see, and "
        "the detector must find them all the same.");
    if (sigma)
        nn_page_paragraph(p,
                          "Kind: %s. The brightest colour of a sigma map stands for %.2f pixels, the largest value in "
                          "these images; sigma is the width of the blur at a pixel.",
                          kind[c->blur.kind], (double)most);
    else nn_page_paragraph(p, "Kind: %s, by at most %.1f of 255 levels.", kind[c->blur.kind], (double)c->blur.levels);
}

/* The adversary's own rate is 0 here: it learns nothing from being looked at. */
NnStatus train_report_blur(NnPage *p, const TrainEnding *e, NnErr *err)
{
    Trainer *t = e->trainer;
    const TrainProbe *probe = &e->watch->probe;
    const TrainAdversaryStep step = { t->masks, (uint32_t)(t->step * t->config.optim.accumulate), 0 };
    FullBatch b = { 0 };
    float most = 0, *scratch = nn_alloc(pixels_of(probe), sizeof *scratch);
    NnStatus status = scratch ? fill_batch(&b, probe, t->config.train.batch, err)
                              : nn_fail(err, NN_ERR_NOMEM, "out of memory for the pictures of the report");
    if (status == NN_OK) {
        train_adversary_change(t->adversary, &b.batch, step, b.changed);
        const float *sigma = train_adversary_sigma(t->adversary);
        const size_t n = (size_t)(probe->n < b.batch.n ? probe->n : b.batch.n) * pixels_of(probe);
        for (size_t i = 0; sigma && i < n; i++) most = fmaxf(most, sigma[i]);
        blur_words(p, &t->config, sigma, most);
        nn_page_figure_begin(p, NULL);
        nn_page_grid_begin(p);
        status = put_blurred(p, probe, &b, sigma, most, scratch, err);
        nn_page_grid_end(p);
        nn_page_figure_end(
            p, "before and after look nearly alike, and should: it takes little to hide traces. Bright places of "
               "the sigma map are blurred most: there the detector looked. The difference is enlarged eight "
               "times.");
        nn_page_section_end(p);
    }
    free_batch(&b);
    free(scratch);
    return status;
}

/* ---- regions ---- */

/* The sheet that measuring left (region_sheet.h). */
NnStatus train_report_regions(NnPage *p, const TrainEnding *e, NnErr *err)
{
    char path[TRAIN_PATH_MAX];
    const char *maps = e->trainer->config.regions.maps;
    DataImage sheet = { 0 };
    const int n = maps[0] ? snprintf(path, sizeof path, "%s.png", maps)
                          : (int)strlen(train_folder_file(e->folder, "regions.maps.png", path));
    if (n >= (int)sizeof path || !nn_file_exists(path)) return NN_OK;
    NN_TRY(data_image_load(path, 3, DATA_MAX_PIXELS, &sheet, err));
    nn_page_section_begin(
        p, "regions", "What is taken away",
        "The places that a detector leans on most are filled in training images, so that it learns to do "
        "without them.");
    nn_page_figure_begin(p, NULL);
    const NnStatus status =
        train_report_put(p, &sheet, sheet.w, -1, "",
                         "training images, the places looked at most, and the images with a part filled", NULL, err);
    nn_page_figure_end(
        p, "per row a training image, the same with the places looked at most laid over it, and what the detector "
           "may get instead: the hottest part is filled. Where nothing is bright, nothing is taken away.");
    nn_page_section_end(p);
    return status;
}
