/* report_pictures.c -- pictures of report.html: maps over steps, images rebuilt, images with regions removed. */
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

enum { SIDE = 96 }; /* CSS pixels of a tile: three fit beside each other on a telephone */

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

size_t train_report_pixels(const TrainProbe *probe)
{
    return (size_t)probe->size * (size_t)probe->size;
}

void train_report_item(NnPage *p, const TrainProbe *probe, int i)
{
    char title[160];
    if (probe->label[i] > 0.5f) snprintf(title, sizeof title, "%d: forged (%s)", i + 1, train_probe_kind(probe, i));
    else snprintf(title, sizeof title, "%d: real", i + 1);
    nn_page_item_begin(p, title);
}

NnStatus train_report_photo(NnPage *p, const TrainProbe *probe, const float *planes, const char *alt,
                            const char *caption, NnErr *err)
{
    DataImage picture = { 0 };
    return put_tile(p, train_picture_photo(probe, planes, &picture, err), &picture, alt, caption, err);
}

NnStatus train_report_map(NnPage *p, const TrainProbe *probe, const float *map, const char *alt, const char *caption,
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

/* Of more frames than there is room for (a run that was made longer) evenly spaced ones, with the first and the last. */
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
        train_report_item(p, probe, i);
        NN_TRY(train_report_photo(p, probe, probe->image + 3 * (size_t)i * train_report_pixels(probe),
                                  "validation image", "image", err));
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
        "Eight validation images, real and forged ones, taken at even distances from the list; none was picked by "
        "hand. Move the slider (or read on to the right, where there is none) to see how the detector's answer to "
        "\"where is it forged?\" grew.");
    nn_page_figure_begin(p, NULL);
    nn_page_frames_begin(p, "Step of training");
    nn_page_grid_begin(p);
    if (status == NN_OK) status = put_film(p, probe, &film, err);
    nn_page_grid_end(p);
    nn_page_frames_end(p);
    nn_page_figure_end(
        p, "the truth is white where the image was forged, black for a real one. The map should be bright (yellow) "
           "there and dark (blue) elsewhere, and dark all over for real images. The score should be near 0 for real "
           "images and near 1 for forged ones. At most 25 steps are shown, at even distances.");
    nn_page_section_end(p);
    for (int k = 0; k < film.n; k++) data_image_free(&film.strip[k]);
    return status;
}

/* ---- images rebuilt ---- */

int train_report_rebuilds(const TrainEnding *e)
{
    return train_report_can_look(e) && e->trainer->config.loss.rec > 0 && e->watch->probe.detector.recon.id >= 0;
}

void train_report_difference(const float *a, const float *b, size_t pixels, float gain, float *out)
{
    for (size_t i = 0; i < pixels; i++) {
        float sum = 0;
        for (size_t c = 0; c < 3; c++) sum += fabsf(a[c * pixels + i] - b[c * pixels + i]);
        out[i] = gain * sum / 6;
    }
}

static NnStatus put_rebuilt(NnPage *p, const TrainProbe *probe, float *scratch, NnErr *err)
{
    const size_t pixels = train_report_pixels(probe);
    for (int i = 0; i < probe->n; i++) {
        const float *image = probe->image + 3 * (size_t)i * pixels;
        const float *recon = nn_plan_data(probe->plan, probe->detector.recon) + 3 * (size_t)i * pixels;
        train_report_item(p, probe, i);
        NN_TRY(train_report_photo(p, probe, image, "validation image", "image", err));
        NN_TRY(train_report_photo(p, probe, recon, "image as the network rebuilds it", "rebuilt", err));
        train_report_difference(image, recon, pixels, 4, scratch);
        NN_TRY(train_report_map(p, probe, scratch, "absolute difference of the two", "|difference| x 4", err));
        nn_page_item_end(p);
    }
    return NN_OK;
}

NnStatus train_report_rebuilt(NnPage *p, const TrainEnding *e, NnErr *err)
{
    const TrainProbe *probe = &e->watch->probe;
    float *scratch = nn_alloc(train_report_pixels(probe), sizeof *scratch);
    if (!scratch) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the pictures of the report");
    nn_page_section_begin(p, "rebuilt", "What it keeps of an image",
                          "The network squeezes each image into a few numbers and must rebuild it from them.");
    nn_page_figure_begin(p, NULL);
    nn_page_grid_begin(p);
    const NnStatus status = put_rebuilt(p, probe, scratch, err);
    nn_page_grid_end(p);
    nn_page_figure_end(
        p, "what is missing in the rebuilt image the detector cannot use. A difference (bright: large; four times "
           "enlarged, yellow is a quarter of the range from black to white) mostly at edges and fine texture is as it "
           "should be. Weights are those of the last step.");
    nn_page_section_end(p);
    free(scratch);
    return status;
}

/* ---- regions ---- */

int train_report_sheet(const TrainEnding *e, char *path)
{
    const TrainConfig *c = &e->trainer->config;
    if (c->regions.remove == DATA_REMOVE_NONE) return 0;
    if (!c->regions.maps[0]) return train_folder_file(e->folder, "regions.maps.png", path) != NULL;
    return snprintf(path, TRAIN_PATH_MAX, "%s.png", c->regions.maps) < TRAIN_PATH_MAX;
}

/* The sheet that measuring left. */
NnStatus train_report_regions(NnPage *p, const TrainEnding *e, NnErr *err)
{
    char path[TRAIN_PATH_MAX];
    DataImage sheet = { 0 };
    if (!train_report_sheet(e, path)) return NN_OK;
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
        p, "per row a training image, the same with the places looked at most laid over it, and what the detector may "
           "get instead: the hottest part is filled. Where nothing is bright, nothing is taken away.");
    nn_page_section_end(p);
    return status;
}
