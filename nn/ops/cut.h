/* cut.h -- the arithmetic of cutting work into pieces, for the files that convolve. */
#ifndef NN_CUT_H
#define NN_CUT_H
#include <stddef.h>

static inline int nn_min_int(int a, int b)
{
    return a < b ? a : b;
}

static inline int nn_max_int(int a, int b)
{
    return a > b ? a : b;
}

/* a >= 0, b > 0. */
static inline int nn_ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

/* Floats rounded up to whole cache lines. */
static inline size_t nn_align_line(size_t n)
{
    return (n + 15) / 16 * 16;
}

#endif
