/* plane_sum.c -- see plane_sum.h. */
#include "nn/ops/plane_sum.h"

#include "nn/base/parallel.h"

NN_KERNEL_CLONES
static float sum_lanes(const float *x, size_t n)
{
    float lane[16] = { 0 }, sum = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (size_t j = 0; j < 16; j++) lane[j] += x[i + j];
    for (; i < n; i++) sum += x[i];
    for (size_t j = 0; j < 16; j++) sum += lane[j];
    return sum;
}

/* Cloned functions stay private: clang 14 gives a public one another name. */
float nn_plane_sum(const float *x, size_t n)
{
    return sum_lanes(x, n);
}
