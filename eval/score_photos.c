/* score_photos.c -- see score_photos.h. Files pass through the reader of the data sets, so that a photo is prepared
 * exactly as the images that the detector was trained on. */
#include "eval/score_photos.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/heat_map.h"
#include "data/loader.h"
#include "eval/map_folder.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

enum { LONGEST_SIDE = 768 }; /* of a photo in a map picture, pixels */

typedef struct {
    EvalRun *run;
    DataSet *set;       /* item i = path i */
    float *image;       /* [batch,3,size,size] */
    float *mask;        /* [size,size], unused */
    NnErr *failure;     /* [batch], of the present group of files */
    EvalMapFolder maps; /* path NULL: none wanted */
} Scoring;

static NnStatus start(Scoring *s, const char *const *paths, int n, NnErr *err)
{
    const size_t pixels = (size_t)s->run->data.size * (size_t)s->run->data.size;
    s->image = nn_alloc((size_t)s->run->batch * 3 * pixels, sizeof *s->image);
    s->mask = nn_alloc(pixels, sizeof *s->mask);
    s->failure = nn_alloc((size_t)s->run->batch, sizeof *s->failure);
    s->set = nn_alloc(1, sizeof *s->set);
    if (!s->image || !s->mask || !s->failure || !s->set) return nn_fail(err, NN_ERR_NOMEM, "scoring: out of memory");
    s->set->settings = s->run->data;
    s->set->reader = &data_file_reader;
    for (int i = 0; i < n; i++) {
        char path[4096];
        if ((size_t)snprintf(path, sizeof path, "%s", paths[i]) >= sizeof path)
            return nn_fail(err, NN_ERR_USAGE, "%.60s...: path longer than %zu bytes", paths[i], sizeof path - 1);
        NN_TRY(data_set_add(s->set, &(DataItem){ .path = path }, NULL, err));
    }
    return NN_OK;
}

static void finish(Scoring *s)
{
    free(s->image);
    free(s->mask);
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

/* Read files first..first+n-1; the good ones move up in s->image. Returns how many are good. */
static int read_files(Scoring *s, int first, int n)
{
    const size_t len = 3 * (size_t)s->run->data.size * (size_t)s->run->data.size;
    int good = 0;
    for (int i = 0; i < n; i++) {
        DataSample sample;
        s->failure[i] = (NnErr){ 0 };
        if (s->set->reader->read(NULL, s->set, first + i, &sample, &s->failure[i]) != NN_OK) continue;
        data_sample_to_floats(&sample, s->image + len * (size_t)good++, s->mask);
        data_sample_free(&sample);
    }
    return good;
}

/* Judge files first..first+n-1 and hand them over in order. */
static NnStatus score_group(Scoring *s, int first, int n, EvalPhotoSink sink, void *self, int *n_bad, NnErr *err)
{
    const size_t pixels = (size_t)s->run->data.size * (size_t)s->run->data.size;
    const int good = read_files(s, first, n);
    EvalVerdicts v = { 0 };
    if (good > 0) NN_TRY(eval_run_judge(s->run, s->image, good, &v, err));
    for (int i = 0, place = 0; i < n; i++) {
        const int judged = s->failure[i].status == NN_OK && v.score != NULL;
        EvalPhoto photo = { .path = s->set->items[first + i].path };
        if (!judged) {
            photo.failure = s->failure[i].msg;
            ++*n_bad;
        } else {
            photo.score = v.score[place];
            photo.forged = (double)photo.score >= s->run->threshold;
            if (s->maps.path) NN_TRY(write_map(s, photo.path, v.map + pixels * (size_t)place, err));
            place++;
        }
        sink(self, &photo);
    }
    return NN_OK;
}

NnStatus eval_score_photos(EvalRun *run, const char *const *paths, int n, const char *maps, EvalPhotoSink sink,
                           void *self, int *n_bad, NnErr *err)
{
    Scoring s = { .run = run, .maps = { .path = maps } };
    NnStatus status = start(&s, paths, n, err);
    *n_bad = 0;
    for (int first = 0; status == NN_OK && first < n; first += run->batch)
        status = score_group(&s, first, n - first < run->batch ? n - first : run->batch, sink, self, n_bad, err);
    finish(&s);
    return status;
}
