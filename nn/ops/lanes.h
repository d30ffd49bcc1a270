/* lanes.h -- sums over a fixed number of float lanes, for .c files whose loops keep several sums at once.
 *
 * Lane l takes elements l, l + NN_LANES, ... of at most NN_LANE_CHUNK; then the lanes are folded, and chunks are added
 * up in double: as fast as memory, in an order that no instruction set changes, with the rounding of a short chain. */
#ifndef NN_LANES_H
#define NN_LANES_H
#include <stddef.h>

#include "nn/base/parallel.h"

enum { NN_LANES = 64, NN_LANE_CHUNK = 4096 };

/* Add up the lanes, halving their number each time. Spoils them. */
NN_KERNEL_PART double nn_lanes_fold(float *lane)
{
    for (int half = NN_LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++) lane[l] += lane[l + half];
    return (double)lane[0];
}

/* Elements of the chunk that starts at `from` of n. */
static inline size_t nn_lanes_chunk(size_t n, size_t from)
{
    return n - from < NN_LANE_CHUNK ? n - from : (size_t)NN_LANE_CHUNK;
}

#endif
