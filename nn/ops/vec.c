/* vec.c -- see vec.h.
 *
 * The cloned loops are static, each behind a plain function: clang and gcc name exported clones differently. */
#include "nn/ops/vec.h"

#include <math.h>
#include <string.h>

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

void nn_vec_clear(float *y, size_t n)
{
    memset(y, 0, n * sizeof *y);
}

NN_KERNEL_CLONES static void add(float *restrict y, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

void nn_vec_add(float *y, const float *x, size_t n)
{
    add(y, x, n);
}

NN_KERNEL_CLONES static void add_scaled(float *restrict y, float a, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += a * x[i];
}

void nn_vec_add_scaled(float *y, float a, const float *x, size_t n)
{
    add_scaled(y, a, x, n);
}

NN_KERNEL_CLONES static void add_const(float *y, float a, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += a;
}

void nn_vec_add_const(float *y, float a, size_t n)
{
    add_const(y, a, n);
}

/* Sum of `term` (an expression in i) over 0..n-1: lane l takes i = l, l + LANES, ...; then the lanes are added up. */
#define LANE_SUM(term)                                                                                                 \
    double lane[LANES] = { 0 }, total = 0;                                                                             \
    size_t start = 0;                                                                                                  \
    for (; start + LANES <= n; start += LANES)                                                                         \
        for (size_t l = 0, i = start; l < LANES; l++, i++) lane[l] += (term);                                          \
    for (size_t l = 0, i = start; i < n; l++, i++) lane[l] += (term);                                                  \
    for (size_t l = 0; l < LANES; l++) total += lane[l];                                                               \
    return total

NN_KERNEL_CLONES static double sum(const float *x, size_t n)
{
    LANE_SUM((double)x[i]);
}

double nn_vec_sum(const float *x, size_t n)
{
    return sum(x, n);
}

NN_KERNEL_CLONES static double dot(const float *a, const float *b, size_t n)
{
    LANE_SUM((double)a[i] * (double)b[i]);
}

double nn_vec_dot(const float *a, const float *b, size_t n)
{
    return dot(a, b, n);
}

NN_KERNEL_CLONES static double square_dev(const float *x, double mean, size_t n)
{
    LANE_SUM(((double)x[i] - mean) * ((double)x[i] - mean));
}

double nn_vec_square_dev(const float *x, double mean, size_t n)
{
    return square_dev(x, mean, n);
}

NN_KERNEL_CLONES static double dot_dev(const float *a, const float *x, double mean, size_t n)
{
    LANE_SUM((double)a[i] * ((double)x[i] - mean));
}

double nn_vec_dot_dev(const float *a, const float *x, double mean, size_t n)
{
    return dot_dev(a, x, mean, n);
}

size_t nn_vec_argmax(const float *x, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n && !isnan(x[best]); i++)
        if (!(x[i] <= x[best])) best = i;
    return best;
}
