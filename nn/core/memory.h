/* memory.h -- from lifetimes to offsets: many short-lived buffers in one block.
 *
 * Time is counted in kernel calls. Two buffers whose lifetimes meet get disjoint places; all others may share. */
#ifndef NN_MEMORY_H
#define NN_MEMORY_H
#include <stddef.h>

#include "nn/base/status.h"

typedef struct {
    size_t len;       /* floats; 0: not needed */
    int birth, death; /* first and last time at which it is alive, both inclusive */
    size_t offset;    /* out: floats from the start of the block, a multiple of 16 */
} NnLife;

/* Place n buffers (given by pointer): the largest first, each at the lowest offset that is free for its whole life.
 * *total: floats of the block. ERR_NOMEM when there is no memory to plan in or sizes overflow. */
NnStatus nn_memory_place(NnLife *const *life, int n, size_t *total, NnErr *err);

/* The largest sum of lengths alive at one time: no placement can do with less. */
size_t nn_memory_lower_bound(NnLife *const *life, int n);

#endif
