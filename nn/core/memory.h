/* memory.h -- from lifetimes to offsets: many short-lived buffers in one block.
 *
 * Time is counted in kernel calls. Two buffers whose lifetimes meet get disjoint places; all others may share. */
#ifndef NN_MEMORY_H
#define NN_MEMORY_H
#include <stddef.h>

#include "nn/base/status.h"

typedef struct {
    size_t len;       /* floats; 0: not needed */
    int birth, death; /* first and last time at which it is alive, both inclusive; birth >= 0 */
    size_t offset;    /* out: floats from the start of the block, a multiple of 16 */
} NnLife;

/* Place n buffers; *total: floats of the block. Finding the smallest block is NP-hard: several orders of placing are
 * tried, always the same ones, and the best is taken. ERR_NOMEM when there is no memory to plan in or sizes overflow. */
NnStatus nn_memory_place(NnLife *life, int n, size_t *total, NnErr *err);

/* The largest sum of lengths alive at one time: no placement can do with less. alive: room for one number more than
 * the largest death. */
size_t nn_memory_lower_bound(const NnLife *life, int n, size_t *alive);

#endif
