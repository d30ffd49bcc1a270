/* regions.c -- see regions.h. */
#include "train/regions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/base/path_list.h"
#include "nn/base/size.h"
#include "nn/model/trained_detector.h"
#include "train/gradcam.h"
#include "train/progress.h"
#include "train/region_sheet.h"
#include "train/run_folder.h"

enum { MAX_DETECTORS = 64 };

/* ---- fusion ------------------------------------------------------------------------------------------------------ */

static float mean_at(const float *const *maps, int n, size_t p)
{
    float sum = 0;
    for (int k = 0; k < n; k++) sum += maps[k][p];
    return sum / (float)n;
}

/* The 3x3 neighbourhood of a pixel, cut off at the edges. */
typedef struct {
    size_t at[9];
    int n;
} Around;

static Around around(size_t p, int size)
{
    const int y = (int)(p / (size_t)size), x = (int)(p % (size_t)size);
    Around a = { .n = 0 };
    for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < size; v++)
        for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < size; u++) a.at[a.n++] = (size_t)v * (size_t)size + (size_t)u;
    return a;
}

static int maps_disagree(const float *const *maps, int n, size_t p, const Around *a, float most)
{
    for (int k = 0; k < n; k++)
        for (int j = 0; j < n; j++) {
            float sum = 0;
            for (int i = 0; i < a->n; i++) sum += fabsf(maps[j][a->at[i]] - maps[k][p]);
            if (j != k && sum / (float)a->n > most) return 1;
        }
    return 0;
}

static float strongest(const float *const *maps, int n, const Around *a)
{
    float most = 0;
    for (int i = 0; i < a->n; i++) most = fmaxf(most, mean_at(maps, n, a->at[i]));
    return most;
}

void train_regions_fuse(const TrainGradcamSettings *s, const float *const *maps, int n, int size, float *fused)
{
    for (size_t p = 0; p < (size_t)size * (size_t)size; p++) {
        const float M = mean_at(maps, n, p);
        fused[p] = M > s->t1 ? M : 0;
        if (s->fusion != TRAIN_FUSE_NEIGHBOUR || M > s->t1 || M < s->t2) continue;
        const Around a = around(p, size);
        if (maps_disagree(maps, n, p, &a, s->t3)) fused[p] = strongest(maps, n, &a);
    }
}

/* ---- the detectors ----------------------------------------------------------------------------------------------- */

typedef struct {
    NnTrained trained; /* not of the network in training */
    NnParams *params;  /* of its own; NULL: the trainer's */
    TrainGradcam *cam;
} Detector;

static NnStatus open_gradcam(Detector *d, const Trainer *t, const NnModelSettings *model, NnParams *params, NnErr *err)
{
    const TrainGradcamSpec spec = { .model = model,
                                    .params = params,
                                    .layer = t->config.gradcam.layer,
                                    .explain = (TrainExplain)t->config.gradcam.explain,
                                    .batch = t->config.train.batch,
                                    .size = t->config.data.size,
                                    .kernel = t->config.train.conv };
    return train_gradcam_new(&spec, &d->cam, err);
}

static NnStatus open_trained(Detector *d, const Trainer *t, const char *path, NnErr *err)
{
    DataSettings data;
    const NnBinding of_data = { &data_section, &data };
    NN_TRY(nn_trained_open(&d->trained, path, &of_data, 1, err));
    if (data.size != t->config.data.size)
        return nn_fail(err, NN_ERR_CONFIG,
                       "[gradcam] detectors: %s was trained on images of %d x %d pixels, but [data] size = %d",
                       d->trained.path, data.size, data.size, t->config.data.size);
    d->params = nn_params_new();
    if (!d->params) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", path);
    NN_TRY(open_gradcam(d, t, &d->trained.model, d->params, err));
    return nn_trained_restore(&d->trained, d->params, err);
}

static NnStatus open_detectors(const Trainer *t, Detector d[MAX_DETECTORS], int *n, NnErr *err)
{
    char path[NN_TEXT_MAX];
    const char *list = t->config.gradcam.detectors;
    for (;;) {
        NN_TRY(nn_path_list_next(&list, path, sizeof path, err));
        if (!*path) break;
        if (*n == MAX_DETECTORS) return nn_fail(err, NN_ERR_CONFIG, "[gradcam] detectors: more than %d", MAX_DETECTORS);
        const NnStatus s = open_trained(&d[(*n)++], t, path, err);
        if (s == NN_OK) continue;
        nn_trained_blame_version(&d[*n - 1].trained, err);
        return s;
    }
    return *n ? NN_OK : open_gradcam(&d[(*n)++], t, &t->config.model, t->params, err);
}

static void close_detectors(Detector *d, int n)
{
    for (int i = 0; i < n; i++) {
        train_gradcam_free(d[i].cam);
        nn_params_free(d[i].params);
        nn_trained_close(&d[i].trained);
    }
}

/* ---- measuring --------------------------------------------------------------------------------------------------- */

/* A measurement under way. N is the batch. */
typedef struct {
    Trainer *t;
    Detector detector[MAX_DETECTORS];
    int n_detectors;
    DataSample *sample;  /* [N] */
    NnErr *why;          /* [N] what went wrong with each */
    float *image, *mask; /* [N,3,size,size]; [N,1,size,size], not used */
    float *map, *fused;  /* [detectors,N,size,size]; [N,size,size] */
    DataRegionMaps *maps;
    TrainRegionSheet sheet;
    int images[2], empty; /* real and forged ones; those without a region */
    double share[2];      /* of their pixels in the region, added up */
} Measure;

static size_t pixels_of(const Measure *m)
{
    return (size_t)m->t->config.data.size * (size_t)m->t->config.data.size;
}

static NnStatus measure_init(Measure *m, Trainer *t, NnErr *err)
{
    const size_t N = (size_t)t->config.train.batch;
    m->t = t;
    NN_TRY(open_detectors(t, m->detector, &m->n_detectors, err));
    const size_t pixels = pixels_of(m);
    size_t all;
    m->sample = nn_alloc(N, sizeof *m->sample);
    m->why = nn_alloc(N, sizeof *m->why);
    m->image = nn_alloc(N, 3 * pixels * sizeof *m->image);
    m->mask = nn_alloc(N, pixels * sizeof *m->mask);
    m->map = nn_size_mul(N, (size_t)m->n_detectors, &all) ? nn_alloc(all, pixels * sizeof *m->map) : NULL;
    m->fused = nn_alloc(N, pixels * sizeof *m->fused);
    m->maps = data_region_maps_new(t->n_train, t->config.data.size);
    if (!m->sample || !m->why || !m->image || !m->mask || !m->map || !m->fused || !m->maps)
        return nn_fail(err, NN_ERR_NOMEM, "out of memory for measuring regions");
    train_region_sheet_init(&m->sheet, t);
    return NN_OK;
}

static void measure_deinit(Measure *m)
{
    train_region_sheet_deinit(&m->sheet);
    data_region_maps_free(m->maps);
    free(m->fused);
    free(m->map);
    free(m->mask);
    free(m->image);
    free(m->why);
    free(m->sample);
    close_detectors(m->detector, m->n_detectors);
}

static NnStatus first_failure(const Measure *m, int n, NnErr *err)
{
    for (int i = 0; i < n; i++)
        if (m->why[i].status != NN_OK) return nn_fail(err, m->why[i].status, "%s", m->why[i].msg);
    return NN_OK;
}

/* Items from, from + 1, ... as training would see them without augmentation. */
static NnStatus read_images(Measure *m, int from, int n, NnErr *err)
{
    const Trainer *t = m->t;
    const size_t pixels = pixels_of(m);
#pragma omp parallel for schedule(dynamic) num_threads(nn_threads())
    for (int i = 0; i < n; i++) {
        m->why[i] = (NnErr){ .status = NN_OK };
        if (data_set_read(t->set, t->train[from + i], &m->sample[i], &m->why[i]) != NN_OK) continue;
        data_sample_to_floats(&m->sample[i], m->image + (size_t)i * 3 * pixels, m->mask + (size_t)i * pixels);
    }
    return first_failure(m, n, err);
}

static NnStatus look(Measure *m, int from, int n, NnErr *err)
{
    const size_t pixels = pixels_of(m), each = (size_t)m->t->config.train.batch * pixels;
    for (int k = 0; k < m->n_detectors; k++) {
        float *map = m->map + (size_t)k * each;
        train_gradcam_maps(m->detector[k].cam, m->image, n, map);
        for (int i = 0; i < n; i++)
            if (isnan(map[(size_t)i * pixels])) /* then all of that map is */
                return nn_fail(err, NN_ERR_NUMERIC, "%s: the map of %s is not finite",
                               m->t->set->items[m->t->train[from + i]].path,
                               m->detector[k].trained.path ? m->detector[k].trained.path : "the network in training");
    }
    return NN_OK;
}

static NnStatus fuse(Measure *m, int from, int n, NnErr *err)
{
    const TrainConfig *c = &m->t->config;
    const size_t pixels = pixels_of(m), each = (size_t)c->train.batch * pixels;
#pragma omp parallel for schedule(dynamic) num_threads(nn_threads())
    for (int i = 0; i < n; i++) {
        const float *maps[MAX_DETECTORS];
        float *fused = m->fused + (size_t)i * pixels;
        for (int k = 0; k < m->n_detectors; k++) maps[k] = m->map + (size_t)k * each + (size_t)i * pixels;
        train_regions_fuse(&c->gradcam, maps, m->n_detectors, c->data.size, fused);
        data_region_maps_set(m->maps, from + i, &m->sample[i].image, fused, &m->why[i]);
    }
    return first_failure(m, n, err);
}

static void count(Measure *m, int number, const float *fused)
{
    const size_t pixels = pixels_of(m);
    const int label = m->t->set->items[m->t->train[number]].label;
    size_t hot = 0;
    for (size_t p = 0; p < pixels; p++) hot += fused[p] > 0;
    m->images[label]++;
    m->share[label] += (double)hot / (double)pixels;
    m->empty += hot == 0;
}

static NnStatus measure_batch(Measure *m, int from, int n, NnErr *err)
{
    NN_TRY(read_images(m, from, n, err));
    NN_TRY(look(m, from, n, err));
    NN_TRY(fuse(m, from, n, err));
    for (int i = 0; i < n; i++) {
        const float *fused = m->fused + (size_t)i * pixels_of(m);
        count(m, from + i, fused);
        NN_TRY(train_region_sheet_visit(&m->sheet, from + i, &m->sample[i].image, fused, m->maps, err));
    }
    return NN_OK;
}

static NnStatus measure_all(Measure *m, const volatile sig_atomic_t *stop, TrainProgress *progress, NnErr *err)
{
    const int N = m->t->config.train.batch, all = m->t->n_train;
    NnStatus s = NN_OK;
    for (int from = 0; from < all && s == NN_OK; from += N) {
        const int n = all - from < N ? all - from : N;
        if (*stop) return nn_fail(err, NN_ERR_INTERRUPTED, "interrupted: regions of %d of %d images", from, all);
        s = measure_batch(m, from, n, err);
        for (int i = 0; i < n; i++) data_sample_free(&m->sample[i]);
        train_progress_count(progress, "regions of images", from + n, all);
    }
    return s;
}

static void say_found(const Measure *m, const char *path, TrainLog *log)
{
    double percent[2];
    for (int label = 0; label < 2; label++)
        percent[label] = m->images[label] ? 100 * m->share[label] / m->images[label] : 0;
    train_log_say(
        log,
        "regions: %d detector%s, %d images; primary are %.1f %% of the pixels of real ones, %.1f %% of forged "
        "ones, none in %d images; wrote %s (%.1f MiB) and %s.png",
        m->n_detectors, m->n_detectors == 1 ? "" : "s", m->t->n_train, percent[0], percent[1], m->empty, path,
        (double)data_region_maps_bytes(m->maps) / 1048576, path);
}

static NnStatus measure(Measure *m, Trainer *t, const char *path, TrainLog *log, const volatile sig_atomic_t *stop,
                        NnErr *err)
{
    TrainProgress progress;
    NN_TRY(measure_init(m, t, err));
    train_progress_start(&progress, t);
    train_ema_swap(&t->ema, t->params);
    const NnStatus s = measure_all(m, stop, &progress, err);
    train_ema_swap(&t->ema, t->params);
    train_progress_clear(&progress);
    if (s != NN_OK) return s;
    NN_TRY(data_region_maps_save(m->maps, path, err));
    NN_TRY(train_region_sheet_save(&m->sheet, path, err));
    say_found(m, path, log);
    return NN_OK;
}

NnStatus train_regions_measure(Trainer *t, const char *path, TrainLog *log, const volatile sig_atomic_t *stop,
                               NnErr *err)
{
    Measure *m = nn_alloc(1, sizeof *m);
    if (!m) return nn_fail(err, NN_ERR_NOMEM, "out of memory for measuring regions");
    const NnStatus s = measure(m, t, path, log, stop, err);
    measure_deinit(m);
    free(m);
    return s;
}

/* ---- the phase --------------------------------------------------------------------------------------------------- */

NnStatus train_regions_load(Trainer *t, const char *path, NnErr *err)
{
    DataRegionMaps *maps;
    int *place = nn_alloc((size_t)t->set->n, sizeof *place);
    if (!place) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the places of maps");
    const NnStatus s = data_region_maps_load(path, t->n_train, t->config.data.size, &maps, err);
    if (s != NN_OK) {
        free(place);
        return s;
    }
    for (int i = 0; i < t->set->n; i++) place[i] = -1;
    for (int i = 0; i < t->n_train; i++) place[t->train[i]] = i;
    trainer_remove_regions(t, maps, place);
    return NN_OK;
}

/* Those of [regions], or the run's own. */
static const char *maps_path(const Trainer *t, const char *folder, char buf[TRAIN_PATH_MAX])
{
    return t->config.regions.maps[0] ? t->config.regions.maps : train_folder_file(folder, "regions.maps", buf);
}

static int64_t due(const Trainer *t)
{
    const TrainConfig *c = &t->config;
    if (c->regions.remove == DATA_REMOVE_NONE) return -1;
    if (c->regions.maps[0]) return 0;
    const int64_t step = train_phase_step(t, c->gradcam.begin);
    return step > 0 || c->gradcam.detectors[0] ? step : 1; /* an untrained network knows nothing */
}

NnStatus train_regions_check(const Trainer *t, NnErr *err)
{
    const TrainConfig *c = &t->config;
    if (c->regions.remove == DATA_REMOVE_NONE || train_phase_is_behind(t, &train_regions_phase)) return NN_OK;
    if (c->regions.maps[0]) {
        DataRegionMaps *maps;
        NN_TRY(data_region_maps_load(c->regions.maps, t->n_train, c->data.size, &maps, err));
        data_region_maps_free(maps);
        return NN_OK;
    }
    Detector detector[MAX_DETECTORS] = { 0 };
    int n = 0;
    const NnStatus status = open_detectors(t, detector, &n, err);
    close_detectors(detector, n);
    return status;
}

static NnStatus restore(Trainer *t, const char *folder, NnErr *err)
{
    char path[TRAIN_PATH_MAX];
    return train_regions_load(t, maps_path(t, folder, path), err);
}

static NnStatus enter(Trainer *t, const char *folder, TrainLog *log, const volatile sig_atomic_t *stop, NnErr *err)
{
    char path[TRAIN_PATH_MAX];
    maps_path(t, folder, path);
    if (!t->config.regions.maps[0]) NN_TRY(train_regions_measure(t, path, log, stop, err));
    else train_log_say(log, "regions: by the maps of %s", t->config.regions.maps);
    return restore(t, folder, err);
}

const TrainPhase train_regions_phase = { "regions", due, enter, restore };
