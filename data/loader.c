/* loader.c -- see loader.h. Worker threads fill a ring of batches, sample by sample, so that several of them
 * share one batch.
 *
 * Everything in DataLoader below `lock` is read and written under it; the places of a batch are each written by
 * the one worker that claimed them, and read by the caller only once all of them are filled. Batch s lives in
 * slot s mod slots and may be begun when batch s - slots has been handed back. */
#include "data/loader.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "data/augment.h"
#include "data/corruption.h"
#include "data/region_removal.h"
#include "data/sequence.h"
#include "nn/base/clock.h"
#include "nn/base/parallel.h"
#include "nn/base/size.h"

typedef struct {
    DataBatch batch; /* points to the five arrays below */
    float *image, *mask, *label, *has_mask;
    int *item;
    int to_fill, filled; /* places; equal: the batch is complete */
    int failed_place;    /* the first place that could not be filled; -1 = none */
    NnErr error;         /* of that place */
} Slot;

struct DataLoader {
    const DataSet *set;
    DataAugment augment;
    const DataRemoval *removal;       /* NULL: none */
    const DataCorruption *corruption; /* NULL: none */
    int augmenting, batch, n_slots, n_threads;
    uint64_t seed;
    int64_t places; /* of the pass; -1 = endless */
    double waited;  /* only the caller's thread touches it */
    Slot *slots;
    pthread_t *threads;

    pthread_mutex_t lock;
    pthread_cond_t room, ready; /* for the workers; for the caller */
    DataSequence sequence;
    int64_t next_place; /* to be claimed */
    int64_t oldest;     /* batch that has not been handed back */
    int lent;           /* is `oldest` in the caller's hands? */
    int closing;
};

/* One place that a worker fills. */
typedef struct {
    Slot *slot;
    int place; /* in the batch */
    DataDraw draw;
} Claim;

/* ---- filling one place, outside the lock ---- */

void data_sample_to_floats(const DataSample *s, float *image, float *mask)
{
    const size_t n = (size_t)s->image.w * (size_t)s->image.h;
    for (size_t i = 0; i < n; i++) {
        image[i] = (float)s->image.px[3 * i] / 127.5f - 1.0f;
        image[n + i] = (float)s->image.px[3 * i + 1] / 127.5f - 1.0f;
        image[2 * n + i] = (float)s->image.px[3 * i + 2] / 127.5f - 1.0f;
    }
    for (size_t i = 0; i < n; i++) mask[i] = s->mask.px[i] >= 128 ? 1.0f : 0.0f;
}

/* Items come at the set's size; anything else would not fit the buffers. */
static NnStatus check_size(const DataLoader *l, int item, const DataSample *s, NnErr *err)
{
    const int size = l->set->settings.size;
    if (s->image.w == size && s->image.h == size && s->image.c == 3 && s->mask.w == size && s->mask.h == size &&
        s->mask.c == 1)
        return NN_OK;
    return nn_fail(err, NN_ERR_DATA, "%s: image %dx%dx%d and mask %dx%dx%d, expected %dx%d", l->set->items[item].path,
                   s->image.w, s->image.h, s->image.c, s->mask.w, s->mask.h, s->mask.c, size, size);
}

static NnStatus prepare(const DataLoader *l, DataDraw draw, DataSample *s, NnErr *err)
{
    NN_TRY(check_size(l, draw.item, s, err));
    if (l->corruption) NN_TRY(data_corrupt(l->corruption, draw.item, &s->image, err));
    if (l->removal) NN_TRY(data_region_remove_item(l->removal, l->set, l->seed, draw.epoch, draw.item, &s->image, err));
    if (!l->augmenting) return NN_OK;
    NnRng rng = nn_rng_make(l->seed, NN_STREAM_AUGMENT, draw.epoch, (uint32_t)draw.item);
    NN_TRY(data_augment(&l->augment, &rng, s, err));
    return check_size(l, draw.item, s, err);
}

static NnStatus fill_place(const DataLoader *l, const Claim *c, NnErr *err)
{
    const size_t pixels = (size_t)l->set->settings.size * (size_t)l->set->settings.size, at = (size_t)c->place;
    const int label = l->set->items[c->draw.item].label;
    DataSample sample = { .has_mask = 0 };
    NN_TRY(data_set_read(l->set, c->draw.item, &sample, err));
    const NnStatus s = prepare(l, c->draw, &sample, err);
    if (s == NN_OK) {
        data_sample_to_floats(&sample, c->slot->image + at * 3 * pixels, c->slot->mask + at * pixels);
        c->slot->label[at] = (float)label;
        c->slot->has_mask[at] = label == 0 || sample.has_mask ? 1.0f : 0.0f;
        c->slot->item[at] = c->draw.item;
    }
    data_sample_free(&sample);
    return s;
}

/* ---- the workers ---- */

/* Make a slot ready for batch s; the places that stay empty at the end of a pass are zeroed here. */
static void begin_batch(const DataLoader *l, Slot *slot, int64_t s)
{
    const int64_t left = l->places < 0 ? l->batch : l->places - s * l->batch;
    const size_t pixels = (size_t)l->set->settings.size * (size_t)l->set->settings.size;
    slot->to_fill = left < l->batch ? (int)left : l->batch;
    slot->filled = 0;
    slot->failed_place = -1;
    slot->batch.n = slot->to_fill;
    const size_t from = (size_t)slot->to_fill, empty = (size_t)(l->batch - slot->to_fill);
    if (empty == 0) return;
    memset(slot->image + from * 3 * pixels, 0, empty * 3 * pixels * sizeof *slot->image);
    memset(slot->mask + from * pixels, 0, empty * pixels * sizeof *slot->mask);
    memset(slot->label + from, 0, empty * sizeof *slot->label);
    memset(slot->has_mask + from, 0, empty * sizeof *slot->has_mask);
    for (int i = slot->to_fill; i < l->batch; i++) slot->item[i] = -1;
}

static int can_claim(const DataLoader *l)
{
    if (l->places >= 0 && l->next_place >= l->places) return 0;
    return l->next_place / l->batch < l->oldest + l->n_slots;
}

/* The next place in order; the caller holds the lock. */
static Claim claim(DataLoader *l)
{
    const int64_t s = l->next_place / l->batch;
    const Claim c = { .slot = &l->slots[s % l->n_slots],
                      .place = (int)(l->next_place % l->batch),
                      .draw = data_sequence_at(&l->sequence, l->next_place) };
    if (c.place == 0) begin_batch(l, c.slot, s);
    l->next_place++;
    return c;
}

/* The place is done, well or badly; the caller holds the lock. */
static void settle(DataLoader *l, const Claim *c, const NnErr *err)
{
    Slot *slot = c->slot;
    if (err->status != NN_OK && (slot->failed_place < 0 || c->place < slot->failed_place)) {
        slot->failed_place = c->place;
        slot->error = *err;
    }
    if (++slot->filled == slot->to_fill) pthread_cond_signal(&l->ready);
}

static void *work(void *self)
{
    DataLoader *l = self;
    nn_flush_denormals(); /* every thread that reads items does, or their bits would depend on who did */
    pthread_mutex_lock(&l->lock);
    while (!l->closing) {
        if (!can_claim(l)) {
            pthread_cond_wait(&l->room, &l->lock);
            continue;
        }
        const Claim c = claim(l);
        pthread_mutex_unlock(&l->lock);
        NnErr err = { .status = NN_OK };
        fill_place(l, &c, &err);
        pthread_mutex_lock(&l->lock);
        settle(l, &c, &err);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* Signals are for the main thread: workers block them all. */
static NnStatus start_threads(DataLoader *l, int n, NnErr *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = 0;
    while (l->n_threads < n && !failed) {
        failed = pthread_create(&l->threads[l->n_threads], NULL, work, l);
        if (!failed) l->n_threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed) return NN_OK;
    return nn_fail(err, NN_ERR_NOMEM, "loader thread %d of %d cannot be started: %s", l->n_threads + 1, n,
                   strerror(failed));
}

/* ---- opening and closing ---- */

/* count * channels * side * side floats */
static float *new_planes(size_t count, size_t channels, size_t side)
{
    size_t n;
    if (!nn_size_mul(count, channels, &n) || !nn_size_mul(n, side, &n) || !nn_size_mul(n, side, &n)) return NULL;
    return nn_alloc(n, sizeof(float));
}

static NnStatus slot_init(Slot *s, size_t batch, size_t side, NnErr *err)
{
    s->image = new_planes(batch, 3, side);
    s->mask = new_planes(batch, 1, side);
    s->label = nn_alloc(batch, sizeof *s->label);
    s->has_mask = nn_alloc(batch, sizeof *s->has_mask);
    s->item = nn_alloc(batch, sizeof *s->item);
    s->batch =
        (DataBatch){ .image = s->image, .mask = s->mask, .label = s->label, .has_mask = s->has_mask, .item = s->item };
    if (s->image && s->mask && s->label && s->has_mask && s->item) return NN_OK;
    return nn_fail(err, NN_ERR_NOMEM, "out of memory for a batch of %zu images of %zux%zu", batch, side, side);
}

static void slot_deinit(Slot *s)
{
    free(s->image);
    free(s->mask);
    free(s->label);
    free(s->has_mask);
    free(s->item);
}

/* `threads` + 2 slots: one in the caller's hands, one waiting, and one more for each worker. */
static NnStatus init(DataLoader *l, const DataLoaderSpec *spec, NnErr *err)
{
    const int threads = spec->threads > 1 ? spec->threads : 1, size = spec->set->settings.size;
    const DataSequenceSpec order = { .set = spec->set,
                                     .index = spec->index,
                                     .n = spec->n_index,
                                     .seed = spec->seed,
                                     .train = spec->train,
                                     .balance = spec->set->settings.balance,
                                     .often = spec->often,
                                     .n_often = spec->n_often,
                                     .share = spec->often_share };
    NN_TRY(data_sequence_init(&l->sequence, &order, err));
    l->threads = nn_alloc((size_t)threads, sizeof *l->threads);
    l->slots = nn_alloc((size_t)threads + 2, sizeof *l->slots);
    if (!l->threads || !l->slots) return nn_fail(err, NN_ERR_NOMEM, "out of memory for %d loader threads", threads);
    l->n_slots = threads + 2;
    for (int i = 0; i < l->n_slots; i++) NN_TRY(slot_init(&l->slots[i], (size_t)l->batch, (size_t)size, err));
    return start_threads(l, threads, err);
}

NnStatus data_loader_open(const DataLoaderSpec *spec, DataLoader **out, NnErr *err)
{
    if (spec->batch < 1 || spec->first < 0 || spec->first > INT64_MAX / 2 / spec->batch)
        return nn_fail(err, NN_ERR_CONFIG, "a loader cannot start at batch %lld of %d images", (long long)spec->first,
                       spec->batch);
    DataLoader *l = nn_alloc(1, sizeof *l);
    if (!l) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a loader");
    l->set = spec->set;
    l->augmenting = spec->train && spec->augment;
    if (l->augmenting) l->augment = *spec->augment;
    l->removal = spec->train ? spec->removal : NULL;
    l->corruption = spec->train ? NULL : spec->corruption;
    l->batch = spec->batch;
    l->seed = spec->seed;
    l->places = spec->train ? -1 : spec->n_index;
    l->oldest = spec->first;
    l->next_place = spec->first * spec->batch;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->room, NULL);
    pthread_cond_init(&l->ready, NULL);
    const NnStatus s = init(l, spec, err);
    if (s == NN_OK) *out = l;
    else data_loader_close(l);
    return s;
}

void data_loader_close(DataLoader *l)
{
    if (!l) return;
    pthread_mutex_lock(&l->lock);
    l->closing = 1;
    pthread_cond_broadcast(&l->room);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; i < l->n_threads; i++) pthread_join(l->threads[i], NULL);
    for (int i = 0; i < l->n_slots; i++) slot_deinit(&l->slots[i]);
    free(l->slots);
    free(l->threads);
    data_sequence_deinit(&l->sequence);
    pthread_cond_destroy(&l->ready);
    pthread_cond_destroy(&l->room);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

/* ---- the caller's side ---- */

static int is_complete(const DataLoader *l, const Slot *slot, int64_t s)
{
    return l->next_place > s * l->batch && slot->filled == slot->to_fill;
}

/* Wait for batch `oldest`, or NULL at the end of the pass; the caller holds the lock. */
static Slot *await_batch(DataLoader *l)
{
    const int64_t s = l->oldest;
    Slot *slot = &l->slots[s % l->n_slots];
    if (l->places >= 0 && s * l->batch >= l->places) return NULL;
    if (is_complete(l, slot, s)) return slot;
    const double start = nn_clock();
    while (!is_complete(l, slot, s)) pthread_cond_wait(&l->ready, &l->lock);
    l->waited += nn_clock() - start;
    return slot;
}

/* A failed batch is never lent, so asking again gives the same error. */
NnStatus data_loader_next(DataLoader *l, const DataBatch **batch, NnErr *err)
{
    pthread_mutex_lock(&l->lock);
    if (l->lent) {
        l->lent = 0;
        l->oldest++;
        pthread_cond_broadcast(&l->room);
    }
    Slot *slot = await_batch(l);
    NnStatus s = NN_OK;
    if (slot && slot->failed_place >= 0) s = nn_fail(err, slot->error.status, "%s", slot->error.msg);
    else l->lent = slot != NULL;
    *batch = s == NN_OK && slot ? &slot->batch : NULL;
    pthread_mutex_unlock(&l->lock);
    return s;
}

double data_loader_waited(const DataLoader *l)
{
    return l->waited;
}
