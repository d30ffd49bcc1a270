/* memory.c -- see memory.h. */
#include "nn/core/memory.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"

enum { ALIGN = 16 };

static size_t padded(size_t len)
{
    return (len + ALIGN - 1) / ALIGN * ALIGN;
}

static int by_size(const void *a, const void *b)
{
    const NnLife *x = *(NnLife *const *)a, *y = *(NnLife *const *)b;
    if (x->len != y->len) return x->len < y->len ? 1 : -1;
    return (x->birth > y->birth) - (x->birth < y->birth);
}

static int by_offset(const void *a, const void *b)
{
    const NnLife *x = *(NnLife *const *)a, *y = *(NnLife *const *)b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static int meet(const NnLife *a, const NnLife *b)
{
    return a->birth <= b->death && b->birth <= a->death;
}

/* Lowest offset where `l` fits between those already placed that it meets. near: room for n pointers. */
static size_t lowest_gap(const NnLife *l, NnLife *const *placed, int n, NnLife **near)
{
    int n_near = 0;
    size_t at = 0;
    for (int i = 0; i < n; i++)
        if (meet(l, placed[i])) near[n_near++] = placed[i];
    qsort(near, (size_t)n_near, sizeof *near, by_offset);
    for (int i = 0; i < n_near && near[i]->offset < at + padded(l->len); i++) {
        const size_t end = near[i]->offset + padded(near[i]->len);
        if (end > at) at = end;
    }
    return at;
}

NnStatus nn_memory_place(NnLife *const *life, int n, size_t *total, NnErr *err)
{
    NnLife **order = nn_alloc((size_t)n * 2, sizeof *order);
    if (!order) return nn_fail(err, NN_ERR_NOMEM, "no memory to plan %d buffers", n);
    int used = 0;
    size_t sum = 0;
    for (int i = 0; i < n; i++) {
        if (!life[i]->len) continue;
        order[used++] = life[i];
        if (!nn_size_add(sum, life[i]->len + ALIGN, &sum)) {
            free(order);
            return nn_fail(err, NN_ERR_NOMEM, "the buffers of the network are larger than memory");
        }
    }
    qsort(order, (size_t)used, sizeof *order, by_size);
    *total = 0;
    for (int i = 0; i < used; i++) {
        order[i]->offset = lowest_gap(order[i], order, i, order + n);
        const size_t end = order[i]->offset + padded(order[i]->len);
        if (end > *total) *total = end;
    }
    free(order);
    return NN_OK;
}

size_t nn_memory_lower_bound(NnLife *const *life, int n)
{
    size_t most = 0;
    for (int i = 0; i < n; i++) { /* the sum can only peak at a birth */
        size_t sum = 0;
        for (int j = 0; j < n; j++)
            if (life[j]->len && life[j]->birth <= life[i]->birth && life[j]->death >= life[i]->birth)
                sum += padded(life[j]->len);
        if (sum > most) most = sum;
    }
    return most;
}
