/* data_cache.c -- see data_cache.h. */
#include "data/data_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "nn/base/size.h"

struct DataCache {
    pthread_mutex_t lock; /* guards kept[] and used; what a kept pointer shows never changes */
    size_t used, limit;
    int n;
    DataSample **kept;
};

NnStatus data_cache_new(int n, int mib, DataCache **out, NnErr *err)
{
    DataCache *c = nn_alloc(1, sizeof *c);
    if (c) c->kept = nn_alloc((size_t)n, sizeof(DataSample *));
    if (!c || !c->kept || pthread_mutex_init(&c->lock, NULL) != 0) {
        if (c) free(c->kept);
        free(c);
        return nn_fail(err, NN_ERR_NOMEM, "out of memory for a cache of %d items", n);
    }
    c->n = n;
    c->limit = (size_t)mib << 20;
    *out = c;
    return NN_OK;
}

static void free_kept(DataSample *s)
{
    if (s) data_sample_free(s);
    free(s);
}

void data_cache_free(DataCache *c)
{
    if (!c) return;
    for (int i = 0; i < c->n; i++) free_kept(c->kept[i]);
    pthread_mutex_destroy(&c->lock);
    free(c->kept);
    free(c);
}

NnStatus data_sample_copy(const DataSample *src, DataSample *out, NnErr *err)
{
    *out = (DataSample){ .has_mask = src->has_mask, .w = src->w, .h = src->h };
    NN_TRY(data_image_copy(&src->image, &out->image, err));
    if (!src->mask.px) return NN_OK;
    const NnStatus s = data_image_copy(&src->mask, &out->mask, err);
    if (s != NN_OK) data_sample_free(out);
    return s;
}

NnStatus data_cache_get(DataCache *c, int i, int *hit, DataSample *out, NnErr *err)
{
    pthread_mutex_lock(&c->lock);
    const DataSample *found = c->kept[i];
    pthread_mutex_unlock(&c->lock);
    *hit = found != NULL;
    return found ? data_sample_copy(found, out, err) : NN_OK;
}

static size_t image_bytes(const DataImage *img)
{
    return (size_t)img->w * (size_t)img->h * (size_t)img->c;
}

/* Take the room first: once the cache is full, nothing is copied in vain. */
static int reserve(DataCache *c, int i, size_t bytes)
{
    pthread_mutex_lock(&c->lock);
    const int fits = !c->kept[i] && bytes <= c->limit - c->used;
    if (fits) c->used += bytes;
    pthread_mutex_unlock(&c->lock);
    return fits;
}

void data_cache_put(DataCache *c, int i, const DataSample *sample)
{
    const size_t bytes = image_bytes(&sample->image) + image_bytes(&sample->mask);
    NnErr ignored = { 0 };
    if (!reserve(c, i, bytes)) return;
    DataSample *copy = nn_alloc(1, sizeof *copy);
    if (copy && data_sample_copy(sample, copy, &ignored) != NN_OK) free(copy), copy = NULL;
    pthread_mutex_lock(&c->lock);
    if (copy && !c->kept[i]) c->kept[i] = copy, copy = NULL;
    else c->used -= bytes; /* no memory, or another thread was first */
    pthread_mutex_unlock(&c->lock);
    free_kept(copy);
}

void data_cache_forget(DataCache *c, int i)
{
    pthread_mutex_lock(&c->lock);
    DataSample *gone = c->kept[i];
    c->kept[i] = NULL;
    if (gone) c->used -= image_bytes(&gone->image) + image_bytes(&gone->mask);
    pthread_mutex_unlock(&c->lock);
    free_kept(gone);
}

size_t data_cache_bytes(DataCache *c)
{
    pthread_mutex_lock(&c->lock);
    const size_t used = c->used;
    pthread_mutex_unlock(&c->lock);
    return used;
}
