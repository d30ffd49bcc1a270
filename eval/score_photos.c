/* score_photos.c -- see score_photos.h. Files pass through the reader of the data sets, so that a photo is prepared
 * exactly as the images that the detector was trained on. */
#include "eval/score_photos.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/heat_map.h"
#include "data/loader.h"
#include "eval/input_fit.h"
#include "eval/map_folder.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

enum { LONGEST_SIDE = 768 }; /* of a photo in a map picture, pixels */

typedef struct {
    EvalRun *run;
    const EvalPhotoBand *band;
    EvalInputForm form;
    const EvalPhotoPaths *photos;
    DataSet *set;        /* item i = path i */
    float *image;        /* [batch,3,size,size] */
    float *mask;         /* [size,size], unused */
    DataSample *samples; /* [batch], of the present group of files */
    NnErr *failure;      /* [batch], of the same */
    EvalMapFolder maps;  /* path NULL: none wanted */
} Scoring;

static NnStatus start(Scoring *s, const EvalPhotoPaths *photos, NnErr *err)
{
    const size_t pixels = (size_t)s->run->data.size * (size_t)s->run->data.size;
    s->image = nn_alloc((size_t)s->run->batch * 3 * pixels, sizeof *s->image);
    s->mask = nn_alloc(pixels, sizeof *s->mask);
    s->samples = nn_alloc((size_t)s->run->batch, sizeof *s->samples);
    s->failure = nn_alloc((size_t)s->run->batch, sizeof *s->failure);
    s->set = nn_alloc(1, sizeof *s->set);
    if (!s->image || !s->mask || !s->samples || !s->failure || !s->set)
        return nn_fail(err, NN_ERR_NOMEM, "scoring: out of memory");
    s->set->settings = s->run->data;
    s->set->reader = &data_file_reader;
    s->form = eval_input_form(&s->run->trained, &s->run->data);
    for (int i = 0; i < photos->n; i++) NN_TRY(data_set_add(s->set, &(DataItem){ .path = photos->path[i] }, NULL, err));
    return NN_OK;
}

static void finish(Scoring *s)
{
    free(s->image);
    free(s->mask);
    free(s->samples);
    free(s->failure);
    data_set_free(s->set);
    eval_map_folder_free(&s->maps);
}

/* What the detector saw of a photo, at no more than LONGEST_SIDE. */
static NnStatus load_view(const DataSettings *settings, const char *path, DataImage *out, NnErr *err)
{
    DataImage part = { 0 };
    NN_TRY(data_image_load(path, 3, (size_t)settings->max_pixels, out, err));
    if (settings->fit == DATA_FIT_CROP) {
        const int side = out->w < out->h ? out->w : out->h;
        const NnStatus s = data_image_crop(out, (out->w - side) / 2, (out->h - side) / 2, side, side, &part, err);
        data_image_free(out);
        if (s != NN_OK) return s;
        *out = part;
    }
    const int longest = out->w > out->h ? out->w : out->h;
    if (longest <= LONGEST_SIDE) return NN_OK;
    const int w = (int)((long)out->w * LONGEST_SIDE / longest), h = (int)((long)out->h * LONGEST_SIDE / longest);
    const NnStatus s = data_image_resize(out, w > 0 ? w : 1, h > 0 ? h : 1, &part, err);
    data_image_free(out);
    *out = part;
    return s;
}

static NnStatus write_map(Scoring *s, const char *path, const float *map, NnErr *err)
{
    DataImage photo = { 0 }, picture = { 0 };
    char name[256];
    snprintf(name, sizeof name, "%s", nn_path_name(path));
    char *dot = strrchr(name, '.');
    if (dot && dot != name) *dot = 0;
    NnStatus status = load_view(&s->run->data, path, &photo, err);
    if (status == NN_OK) status = data_photo_and_overlay(&photo, map, s->run->data.size, &picture, err);
    if (status == NN_OK) status = eval_map_folder_save(&s->maps, NULL, NULL, name, &picture, err);
    data_image_free(&photo);
    data_image_free(&picture);
    return status;
}

/* Decode files first..first+n-1, each by whichever thread is free. */
static void decode(Scoring *s, int first, int n)
{
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < n; i++) {
        const char *known = s->photos->failure[first + i];
        s->failure[i] = (NnErr){ 0 };
        if (known) nn_fail(&s->failure[i], NN_ERR_DATA, "%s", known);
        if (known) continue;
        s->set->reader->read(NULL, s->set, first + i, &s->samples[i], &s->failure[i]);
    }
}

/* The good ones of n decoded files, one after the other in s->image. Returns how many they are. */
static int gather(Scoring *s, int n)
{
    const size_t len = 3 * (size_t)s->run->data.size * (size_t)s->run->data.size;
    int good = 0;
    for (int i = 0; i < n; i++)
        if (s->failure[i].status == NN_OK)
            data_sample_to_floats(&s->samples[i], s->image + len * (size_t)good++, s->mask);
    return good;
}

/* Hand file first + i over, and write its map; judged: score and map, or NULL for a bad file. */
static NnStatus hand_over(Scoring *s, int first, int i, const float *score, const float *map, EvalPhotoSink sink,
                          void *self, NnErr *err)
{
    char warning[256] = "";
    EvalPhoto photo = { .path = s->set->items[first + i].path, .warning = warning };
    if (!score) {
        photo.failure = s->failure[i].msg;
        return sink(self, &photo, err);
    }
    photo.w = s->samples[i].w, photo.h = s->samples[i].h;
    eval_input_warning(&s->form, photo.w, photo.h, warning, sizeof warning);
    photo.score = *score;
    photo.verdict = eval_photo_verdict(s->band, (double)*score);
    if (s->maps.path) NN_TRY(write_map(s, photo.path, map, err));
    return sink(self, &photo, err);
}

/* Judge files first..first+n-1 and hand them over in order. */
static NnStatus score_group(Scoring *s, int first, int n, EvalPhotoSink sink, void *self, int *n_bad, NnErr *err)
{
    const size_t pixels = (size_t)s->run->data.size * (size_t)s->run->data.size;
    EvalVerdicts v = { 0 };
    decode(s, first, n);
    const int good = gather(s, n);
    NnStatus status = good > 0 ? eval_run_judge(s->run, s->image, good, &v, err) : NN_OK;
    for (int i = 0, place = 0; status == NN_OK && i < n; i++) {
        const int judged = s->failure[i].status == NN_OK;
        *n_bad += !judged;
        status = hand_over(s, first, i, judged ? v.score + place : NULL, judged ? v.map + pixels * (size_t)place : NULL,
                           sink, self, err);
        place += judged;
    }
    for (int i = 0; i < n; i++) data_sample_free(&s->samples[i]);
    return status;
}

NnStatus eval_score_photos(EvalRun *run, const EvalPhotoPaths *photos, const EvalPhotoBand *band, const char *maps,
                           EvalPhotoSink sink, void *self, int *n_bad, NnErr *err)
{
    Scoring s = { .run = run, .band = band, .photos = photos, .maps = { .path = maps } };
    NnStatus status = start(&s, photos, err);
    *n_bad = 0;
    for (int first = 0; status == NN_OK && first < photos->n; first += run->batch) {
        const int left = photos->n - first;
        status = score_group(&s, first, left < run->batch ? left : run->batch, sink, self, n_bad, err);
    }
    finish(&s);
    return status;
}
