/* vec.c -- see vec.h. */
#include "nn/ops/vec.h"

#include <math.h>

#include "nn/base/parallel.h"

enum { LANES = 16 };

size_t nn_vec_parts(size_t n)
{
    return (n + NN_VEC_PART - 1) / NN_VEC_PART;
}

size_t nn_vec_part_len(size_t n, size_t p)
{
    const size_t left = n - p * NN_VEC_PART;
    return left < NN_VEC_PART ? left : NN_VEC_PART;
}

NN_KERNEL_CLONES void nn_vec_add(float *restrict y, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

NN_KERNEL_CLONES void nn_vec_add_scaled(float *restrict y, float a, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += a * x[i];
}

NN_KERNEL_CLONES void nn_vec_add_const(float *y, float a, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += a;
}

/* Sum of `term` (an expression in i) over 0..n-1: lane l takes i = l, l + LANES, ...; then the lanes are added up. */
#define LANE_SUM(term)                                                \
    double lane[LANES] = { 0 }, sum = 0;                              \
    size_t start = 0;                                                 \
    for (; start + LANES <= n; start += LANES)                        \
        for (size_t l = 0, i = start; l < LANES; l++, i++) lane[l] += (term); \
    for (size_t l = 0, i = start; i < n; l++, i++) lane[l] += (term); \
    for (size_t l = 0; l < LANES; l++) sum += lane[l];                \
    return sum

NN_KERNEL_CLONES double nn_vec_sum(const float *x, size_t n)
{
    LANE_SUM((double)x[i]);
}

NN_KERNEL_CLONES double nn_vec_dot(const float *a, const float *b, size_t n)
{
    LANE_SUM((double)a[i] * (double)b[i]);
}

NN_KERNEL_CLONES double nn_vec_square_dev(const float *x, double mean, size_t n)
{
    LANE_SUM(((double)x[i] - mean) * ((double)x[i] - mean));
}

NN_KERNEL_CLONES double nn_vec_dot_dev(const float *a, const float *x, double mean, size_t n)
{
    LANE_SUM((double)a[i] * ((double)x[i] - mean));
}

size_t nn_vec_argmax(const float *x, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n && !isnan(x[best]); i++)
        if (!(x[i] <= x[best])) best = i;
    return best;
}
