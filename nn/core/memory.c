/* memory.c -- see memory.h.
 *
 * Buffers are placed one by one, each at the lowest offset that is free for its whole life. All depends on the order:
 *
 *      largest first             good where sizes differ
 *      by the fullest time       the times at which most is alive have no room to waste, so their buffers go first
 *      first born first          lives that are nested, as those between forward and backward are, become a stack
 *      last to die first         the same from the other end
 *
 * Each order is then repaired: the buffer that sticks out highest goes to the front, and all are placed anew. */
#include "nn/core/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"

enum { ALIGN = 16, REPAIRS = 24 };

static size_t padded(size_t len)
{
    return (len + ALIGN - 1) / ALIGN * ALIGN;
}

static size_t end_of(const NnLife *l)
{
    return l->offset + padded(l->len);
}

static int meet(const NnLife *a, const NnLife *b)
{
    return a->birth <= b->death && b->birth <= a->death;
}

/* ---- orders: each ends with the birth and then the address, so that every sort gives the same result ---- */

typedef struct {
    NnLife *life;
    size_t pressure; /* the most that is alive at any time of its life */
} Entry;

static int larger(size_t a, size_t b)
{
    return (a < b) - (a > b);
}

static int settle(const Entry *a, const Entry *b)
{
    if (a->life->birth != b->life->birth) return a->life->birth < b->life->birth ? -1 : 1;
    return (a->life > b->life) - (a->life < b->life);
}

static int by_size(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    const int c = larger(x->life->len, y->life->len);
    return c ? c : settle(x, y);
}

static int by_pressure(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    const int c = larger(x->pressure, y->pressure);
    return c ? c : by_size(a, b);
}

static int by_birth(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    if (x->life->birth != y->life->birth) return x->life->birth < y->life->birth ? -1 : 1;
    const int c = larger((size_t)x->life->death, (size_t)y->life->death);
    return c ? c : by_size(a, b);
}

static int by_death(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    const int c = larger((size_t)x->life->death, (size_t)y->life->death);
    return c ? c : by_birth(a, b);
}

static int (*const orders[])(const void *, const void *) = { by_size, by_pressure, by_birth, by_death };
enum { ORDERS = sizeof orders / sizeof *orders };

/* ---- placing ---- */

typedef struct {
    Entry *order;    /* [n] */
    NnLife **placed; /* [n] by offset */
    size_t *best;    /* [n] offsets of the best placement, by position in `all` */
    NnLife *all;
    int n, n_all;
    size_t total; /* of the best */
} Placer;

/* Put l at the lowest offset that is free for its whole life, and into `placed`. */
static void place_one(Placer *p, NnLife *l, int n_placed)
{
    size_t at = 0;
    int k = 0;
    for (; k < n_placed; k++) {
        const NnLife *other = p->placed[k];
        if (!meet(l, other)) continue;
        if (other->offset >= at + padded(l->len)) break;
        if (end_of(other) > at) at = end_of(other);
    }
    l->offset = at;
    for (k = n_placed; k > 0 && p->placed[k - 1]->offset > at; k--) p->placed[k] = p->placed[k - 1];
    p->placed[k] = l;
}

/* Place all in the present order; the position in it of the buffer that ends highest. */
static int place_all(Placer *p)
{
    int highest = 0;
    for (int i = 0; i < p->n; i++) {
        place_one(p, p->order[i].life, i);
        if (end_of(p->order[i].life) > end_of(p->order[highest].life)) highest = i;
    }
    const size_t total = end_of(p->order[highest].life);
    if (total >= p->total) return highest;
    p->total = total;
    for (int i = 0; i < p->n_all; i++) p->best[i] = p->all[i].offset;
    return highest;
}

static void move_to_front(Placer *p, int i)
{
    const Entry e = p->order[i];
    memmove(p->order + 1, p->order, (size_t)i * sizeof *p->order);
    p->order[0] = e;
}

static void try_orders(Placer *p, size_t bound)
{
    for (int o = 0; o < ORDERS; o++) {
        qsort(p->order, (size_t)p->n, sizeof *p->order, orders[o]);
        for (int r = 0; r <= REPAIRS && p->total > bound; r++) move_to_front(p, place_all(p));
    }
    for (int i = 0; i < p->n_all; i++) p->all[i].offset = p->best[i];
}

/* ---- how much is alive ---- */

static int last_time(const NnLife *life, int n)
{
    int last = 0;
    for (int i = 0; i < n; i++)
        if (life[i].death > last) last = life[i].death;
    return last;
}

/* alive[t]: floats alive at time t. Unsigned sums may wrap on their way and still come out right. */
static void count_alive(const NnLife *life, int n, size_t *alive, int last)
{
    memset(alive, 0, ((size_t)last + 2) * sizeof *alive);
    for (int i = 0; i < n; i++) {
        alive[life[i].birth] += padded(life[i].len);
        alive[life[i].death + 1] -= padded(life[i].len);
    }
    for (int t = 1; t <= last; t++) alive[t] += alive[t - 1];
}

size_t nn_memory_lower_bound(const NnLife *life, int n, size_t *alive)
{
    const int last = last_time(life, n);
    size_t most = 0;
    count_alive(life, n, alive, last);
    for (int t = 0; t <= last; t++)
        if (alive[t] > most) most = alive[t];
    return most;
}

/* ---- putting it together ---- */

static NnStatus check_sum(const NnLife *life, int n, NnErr *err)
{
    size_t sum = 0;
    for (int i = 0; i < n; i++)
        if (!nn_size_add(sum, life[i].len, &sum) || !nn_size_add(sum, ALIGN, &sum))
            return nn_fail(err, NN_ERR_NOMEM, "the buffers of the network are larger than memory");
    return NN_OK;
}

static void list_entries(Placer *p, const size_t *alive)
{
    for (int i = 0; i < p->n_all; i++) {
        if (!p->all[i].len) continue;
        Entry e = { .life = &p->all[i] };
        for (int t = e.life->birth; t <= e.life->death; t++)
            if (alive[t] > e.pressure) e.pressure = alive[t];
        p->order[p->n++] = e;
    }
}

NnStatus nn_memory_place(NnLife *life, int n, size_t *total, NnErr *err)
{
    NN_TRY(check_sum(life, n, err));
    const size_t room = (size_t)n + 1;
    Placer p = { .all = life, .n_all = n, .total = SIZE_MAX };
    size_t *alive = nn_alloc((size_t)last_time(life, n) + 2, sizeof *alive);
    p.order = nn_alloc(room, sizeof *p.order);
    p.placed = nn_alloc(room, sizeof *p.placed);
    p.best = nn_alloc(room, sizeof *p.best);
    const int ok = alive && p.order && p.placed && p.best;
    *total = 0;
    if (ok) {
        const size_t bound = nn_memory_lower_bound(life, n, alive);
        list_entries(&p, alive);
        if (p.n) try_orders(&p, bound), *total = p.total;
    }
    free(alive), free(p.order), free(p.placed), free(p.best);
    return ok ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "no memory to place %d buffers", n);
}
