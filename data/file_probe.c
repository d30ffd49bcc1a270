/* file_probe.c -- see file_probe.h. Threads share a counter; each writes only the probes of its own items. */
#include "data/file_probe.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "nn/base/size.h"

enum { FORGED_FROM = 128 }; /* as data_file_reader has it */

typedef struct {
    const DataSet *set;
    const DataProbeWay *way;
    DataProbe *probes;
    pthread_mutex_t lock; /* guards next and no_memory */
    int next, no_memory;
} Probing;

/* The number of the next item; -1: none is left, or there is a reason to stop. */
static int take_next(Probing *p)
{
    pthread_mutex_lock(&p->lock);
    const int stopped = p->no_memory || (p->way->stop && *p->way->stop);
    const int i = !stopped && p->next < p->set->n ? p->next++ : -1;
    pthread_mutex_unlock(&p->lock);
    return i;
}

static void give_up(Probing *p)
{
    pthread_mutex_lock(&p->lock);
    p->no_memory = 1;
    pthread_mutex_unlock(&p->lock);
}

/* NULL and no_memory where a message cannot be kept, or says that memory was the trouble. */
static char *keep_message(Probing *p, const NnErr *err)
{
    const size_t n = strlen(err->msg) + 1;
    char *copy = err->status == NN_ERR_NOMEM ? NULL : nn_alloc(n, 1);
    if (copy) memcpy(copy, err->msg, n);
    else give_up(p);
    return copy;
}

static void measure_image(const DataImage *img, DataProbe *out)
{
    const size_t pixels = (size_t)img->w * (size_t)img->h;
    uint64_t sum[3] = { 0 };
    for (size_t i = 0; i < pixels; i++)
        for (int c = 0; c < 3; c++) sum[c] += img->px[3 * i + (size_t)c];
    for (int c = 0; c < 3; c++) out->mean[c] = (float)((double)sum[c] / (double)pixels);
    out->w = img->w, out->h = img->h;
    out->pixel_hash = (uint64_t)crc32_z(0, img->px, 3 * pixels) << 32 | (uint64_t)adler32_z(1, img->px, 3 * pixels);
}

static void measure_mask(const DataImage *mask, DataProbe *out)
{
    const size_t pixels = (size_t)mask->w * (size_t)mask->h;
    size_t forged = 0;
    for (size_t i = 0; i < pixels; i++) forged += mask->px[i] >= FORGED_FROM;
    out->coverage = (float)((double)forged / (double)pixels);
    out->mask_w = mask->w, out->mask_h = mask->h;
}

static void probe_item(Probing *p, int i)
{
    const DataItem *item = &p->set->items[i];
    const size_t max_pixels = (size_t)p->set->settings.max_pixels;
    DataProbe *out = &p->probes[i];
    DataImage img;
    struct stat facts;
    NnErr err = { 0 }, mask_err = { 0 };
    if (stat(item->path, &facts) == 0) out->bytes = (uint64_t)facts.st_size;
    if (data_image_load(item->path, 3, max_pixels, &img, &err) == NN_OK) measure_image(&img, out);
    else out->trouble = keep_message(p, &err);
    data_image_free(&img);
    if (!item->mask) return;
    if (data_image_load(item->mask, 1, max_pixels, &img, &mask_err) == NN_OK) measure_mask(&img, out);
    else out->mask_trouble = keep_message(p, &mask_err);
    data_image_free(&img);
}

static void *work(void *arg)
{
    Probing *p = arg;
    for (int i; (i = take_next(p)) >= 0;) probe_item(p, i);
    return NULL;
}

/* The calling thread works like the others, and tells of the progress of all. */
static void work_and_tell(Probing *p)
{
    for (int i; (i = take_next(p)) >= 0;) {
        probe_item(p, i);
        if (p->way->progress) p->way->progress(p->way->self, i + 1, p->set->n);
    }
}

static void run_threads(Probing *p)
{
    const int others = p->way->threads - 1;
    pthread_t *other = nn_alloc(others > 0 ? (size_t)others : 1, sizeof *other);
    int started = 0;
    while (other && started < others && pthread_create(&other[started], NULL, work, p) == 0) started++;
    work_and_tell(p);
    for (int t = 0; t < started; t++) pthread_join(other[t], NULL);
    free(other);
}

NnStatus data_probe_all(const DataSet *set, const DataProbeWay *way, DataProbe **out, NnErr *err)
{
    Probing p = { .set = set, .way = way, .probes = nn_alloc((size_t)set->n, sizeof *p.probes) };
    *out = NULL;
    if (!p.probes || pthread_mutex_init(&p.lock, NULL) != 0) {
        free(p.probes);
        return nn_fail(err, NN_ERR_NOMEM, "out of memory for a look at %d images", set->n);
    }
    run_threads(&p);
    pthread_mutex_destroy(&p.lock);
    const int interrupted = way->stop && *way->stop;
    if (!p.no_memory && !interrupted) {
        *out = p.probes;
        return NN_OK;
    }
    data_probes_free(p.probes, set->n);
    if (interrupted) return nn_fail(err, NN_ERR_INTERRUPTED, "interrupted after %d of %d images", p.next, set->n);
    return nn_fail(err, NN_ERR_NOMEM, "out of memory while looking at %d images", set->n);
}

void data_probes_free(DataProbe *probes, int n)
{
    for (int i = 0; probes && i < n; i++) {
        free(probes[i].trouble);
        free(probes[i].mask_trouble);
    }
    free(probes);
}

/* ---- two files ---- */

/* *there = 0 if the file cannot be read, which is no error here. */
static NnStatus load_quietly(const char *path, size_t max_pixels, DataImage *out, int *there, NnErr *err)
{
    NnErr why = { 0 };
    const NnStatus s = data_image_load(path, 3, max_pixels, out, &why);
    *there = s == NN_OK;
    return s == NN_ERR_NOMEM ? nn_fail(err, s, "%s", why.msg) : NN_OK;
}

NnStatus data_probe_compare(const char *a, const char *b, size_t max_pixels, int *alike, NnErr *err)
{
    DataImage x = { 0 }, y = { 0 };
    int there, other_there = 0;
    *alike = 0;
    NnStatus s = load_quietly(a, max_pixels, &x, &there, err);
    if (s == NN_OK && there) s = load_quietly(b, max_pixels, &y, &other_there, err);
    if (there && other_there && x.w == y.w && x.h == y.h)
        *alike = memcmp(x.px, y.px, 3 * (size_t)x.w * (size_t)x.h) == 0;
    data_image_free(&x);
    data_image_free(&y);
    return s;
}

int data_probe_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}
