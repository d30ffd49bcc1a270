/* data_check.c -- the look at every image before training begins (data_set_check in
 * data_set.h). Threads share a counter; what they find is put in list order. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "data/data_set.h"
#include "nn/base/parallel.h"
#include "nn/base/size.h"

typedef struct {
    const DataSet *set;
    const int *index;
    int n, next;
    pthread_mutex_t lock; /* guards next */
    NnStatus *status;     /* [n] */
    char **message;       /* [n]; NULL for good items */
    int *side;            /* [n], shorter side of good items */
} Check;

static int next_place(Check *c)
{
    pthread_mutex_lock(&c->lock);
    const int k = c->next < c->n ? c->next++ : -1;
    pthread_mutex_unlock(&c->lock);
    return k;
}

static void *check_items(void *arg)
{
    Check *c = arg;
    nn_flush_denormals(); /* as the loader's threads do: what they read here stays in the cache */
    for (int k; (k = next_place(c)) >= 0;) {
        NnErr err = { 0 };
        DataSample sample;
        c->status[k] = data_set_read(c->set, c->index[k], &sample, &err);
        c->side[k] = sample.w < sample.h ? sample.w : sample.h;
        data_sample_free(&sample);
        if (c->status[k] == NN_OK) continue;
        const size_t n = strlen(err.msg) + 1;
        c->message[k] = nn_alloc(n, 1);
        if (c->message[k]) memcpy(c->message[k], err.msg, n);
        else c->status[k] = NN_ERR_NOMEM;
    }
    return NULL;
}

/* The calling thread works too, so that a refused thread costs only time. */
static void run_threads(Check *c, int threads)
{
    pthread_t *other = nn_alloc((size_t)threads, sizeof *other);
    int started = 0;
    while (other && started < threads - 1 && pthread_create(&other[started], NULL, check_items, c) == 0) started++;
    check_items(c);
    for (int t = 0; t < started; t++) pthread_join(other[t], NULL);
    free(other);
}

/* Move the messages to the report, in list order. No memory is not the item's fault. */
static NnStatus collect(Check *c, DataCheck *out, NnErr *err)
{
    out->n_checked = c->n;
    for (int k = 0; k < c->n; k++) {
        if (c->status[k] == NN_ERR_NOMEM)
            return nn_fail(err, NN_ERR_NOMEM, "%s", c->message[k] ? c->message[k] : "out of memory in the data check");
        if (c->status[k] == NN_OK) {
            if (out->side_min == 0 || c->side[k] < out->side_min) out->side_min = c->side[k];
            if (c->side[k] > out->side_max) out->side_max = c->side[k];
            continue;
        }
        out->messages[out->n_bad++] = c->message[k];
        c->message[k] = NULL;
    }
    return NN_OK;
}

static NnStatus stop_or_skip(const Check *c, int *index, int *n, const DataCheck *found, NnErr *err)
{
    if (found->n_bad == 0) return NN_OK;
    if (c->set->settings.on_bad == DATA_BAD_STOP)
        return nn_fail(err, NN_ERR_DATA, "%.600s (bad: %d of %d; [data] on_bad = skip leaves them out)",
                       found->messages[0], found->n_bad, found->n_checked);
    int kept = 0;
    for (int k = 0; k < c->n; k++)
        if (c->status[k] == NN_OK) index[kept++] = index[k];
    *n = kept;
    return NN_OK;
}

NnStatus data_set_check(const DataSet *set, int *index, int *n, int threads, DataCheck *check, NnErr *err)
{
    Check c = { .set = set, .index = index, .n = *n };
    const size_t count = (size_t)*n;
    *check = (DataCheck){ 0 };
    c.status = nn_alloc(count, sizeof *c.status);
    c.message = nn_alloc(count, sizeof *c.message);
    c.side = nn_alloc(count, sizeof *c.side);
    check->messages = nn_alloc(count, sizeof *check->messages);
    NnStatus s = NN_ERR_NOMEM;
    if (c.status && c.message && c.side && check->messages && pthread_mutex_init(&c.lock, NULL) == 0) {
        run_threads(&c, threads > 1 ? threads : 1);
        pthread_mutex_destroy(&c.lock);
        s = collect(&c, check, err);
        if (s == NN_OK) s = stop_or_skip(&c, index, n, check, err);
    } else {
        nn_fail(err, s, "out of memory for a check of %d items", *n);
    }
    for (int k = 0; c.message && k < c.n; k++) free(c.message[k]);
    free(c.message);
    free(c.side);
    free(c.status);
    return s;
}

void data_check_free(DataCheck *check)
{
    for (int i = 0; i < check->n_bad; i++) free(check->messages[i]);
    free(check->messages);
    *check = (DataCheck){ 0 };
}
