/* conv_end.c -- see conv_end.h. Single-threaded loops over a run of values that the caller has just written. */
#include "nn/ops/conv_end.h"

#include "nn/base/parallel.h"
#include "nn/ops/lanes.h"

NN_KERNEL_PART double sum_chunk(const float *x, size_t n)
{
    float lane[NN_LANES] = { 0 };
    size_t i = 0;
    for (; i + NN_LANES <= n; i += NN_LANES)
        for (size_t l = 0; l < NN_LANES; l++) lane[l] += x[i + l];
    for (size_t l = 0; i < n; i++, l++) lane[l] += x[i];
    return nn_lanes_fold(lane);
}

typedef struct {
    double sum, squares;
} Deviations;

/* Of x - mean. The first sum is what `mean` is off by. */
NN_KERNEL_PART Deviations deviations_chunk(const float *x, size_t n, float mean)
{
    float sum[NN_LANES] = { 0 }, squares[NN_LANES] = { 0 };
    size_t i = 0;
    for (; i + NN_LANES <= n; i += NN_LANES)
        for (size_t l = 0; l < NN_LANES; l++) {
            const float d = x[i + l] - mean;
            sum[l] += d;
            squares[l] += d * d;
        }
    for (size_t l = 0; i < n; i++, l++) {
        const float d = x[i] - mean;
        sum[l] += d;
        squares[l] += d * d;
    }
    return (Deviations){ nn_lanes_fold(sum), nn_lanes_fold(squares) };
}

NN_KERNEL_CLONES static double sum_of(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i += NN_LANE_CHUNK) sum += sum_chunk(x + i, nn_lanes_chunk(n, i));
    return sum;
}

NN_KERNEL_CLONES static Deviations deviations_of(const float *x, size_t n, float mean)
{
    Deviations all = { 0, 0 };
    for (size_t i = 0; i < n; i += NN_LANE_CHUNK) {
        const Deviations d = deviations_chunk(x + i, nn_lanes_chunk(n, i), mean);
        all.sum += d.sum, all.squares += d.squares;
    }
    return all;
}

typedef struct {
    double count, mean, squares;
} Moments;

/* Of the union of two sets of values (Chan, Golub, LeVeque 1983). */
static Moments join(Moments a, Moments b)
{
    if (a.count == 0) return b;
    const double count = a.count + b.count, apart = b.mean - a.mean;
    return (Moments){ count, a.mean + apart * b.count / count,
                      a.squares + b.squares + apart * apart * a.count * b.count / count };
}

void nn_conv_moments_add(float *at, const float *x, size_t n)
{
    const double count = (double)n;
    const float near = (float)(sum_of(x, n) / count);
    const Deviations d = deviations_of(x, n, near);
    const Moments before = { (double)at[0], (double)at[1], (double)at[2] };
    const Moments now =
        join(before, (Moments){ count, (double)near + d.sum / count, d.squares - d.sum * d.sum / count });
    at[0] = (float)now.count, at[1] = (float)now.mean, at[2] = (float)now.squares;
}

size_t nn_conv_moments_len(int slots, int O)
{
    return (size_t)slots * (size_t)O * 3;
}

void nn_conv_moments_merge(const float *moments, int slots, int O, int o, double *mean, double *variance)
{
    Moments all = { 0, 0, 0 };
    for (int slot = 0; slot < slots; slot++) {
        const float *at = moments + ((size_t)slot * (size_t)O + (size_t)o) * 3;
        if (at[0] != 0) all = join(all, (Moments){ (double)at[0], (double)at[1], (double)at[2] });
    }
    *mean = all.mean;
    *variance = all.count > 0 ? all.squares / all.count : 0;
}

NN_KERNEL_CLONES static void scale_shift(float *y, size_t n, float scale, float shift)
{
    for (size_t i = 0; i < n; i++) y[i] = scale * y[i] + shift;
}

NN_KERNEL_CLONES static void scale_shift_activate(float *y, size_t n, float scale, float shift, float slope)
{
    for (size_t i = 0; i < n; i++) {
        const float z = scale * y[i] + shift;
        y[i] = z > 0 ? z : slope * z;
    }
}

void nn_conv_end_run(const NnConvEnd *end, int slot, int O, int o, float *y, size_t n)
{
    const float scale = end->scale ? end->scale[o] : 1, shift = end->shift ? end->shift[o] : 0;
    if (end->moments) nn_conv_moments_add(end->moments + ((size_t)slot * (size_t)O + (size_t)o) * 3, y, n);
    if (end->activate) scale_shift_activate(y, n, scale, shift, end->slope);
    else if (end->scale || end->shift) scale_shift(y, n, scale, shift);
}
