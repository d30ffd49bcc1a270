/* reduce.c -- sum and mean over axes, softmax, division by the maximum. Sums are taken in double. */
#include "nn/ops/reduce.h"

#include <math.h>

#include "nn/base/parallel.h"
#include "nn/ops/case_shapes.h"
#include "nn/ops/vec.h"

/* ---- sum and mean ---- */

typedef struct {
    int32_t first, count;
} Axes;

/* x [outer,axis,inner] -> y [outer,inner]. */
typedef struct {
    size_t outer, axis, inner;
} Fold;

static Fold fold_of(NnShape x, const void *attr)
{
    const Axes *a = attr;
    Fold f = { 1, 1, 1 };
    for (int i = 0; i < x.n; i++) {
        size_t *group = i < a->first ? &f.outer : i < a->first + a->count ? &f.axis : &f.inner;
        *group *= (size_t)x.d[i];
    }
    return f;
}

static NnStatus fold_shape(const char *op, NnShape x, const Axes *a, NnShape *ys, NnErr *err)
{
    char text[64];
    if (a->first < 0 || a->count < 1 || a->first > x.n - a->count)
        return nn_fail(err, NN_ERR_SHAPE, "%s: %d axes from axis %d of x %s; expected a range within 0..%d", op,
                       a->count, a->first, nn_shape_text(x, text), x.n - 1);
    *ys = (NnShape){ 0 };
    for (int i = 0; i < x.n; i++)
        if (i < a->first || i >= a->first + a->count) ys->d[ys->n++] = x.d[i];
    if (ys->n == 0) *ys = (NnShape){ 1, { 1 } };
    return NN_OK;
}

/* The sum of x, cut into parts of a fixed length that threads may share; their sums are added in order. */
static double long_sum(const float *x, size_t n)
{
    enum { GROUP = 64 }; /* parts in flight */
    const size_t parts = nn_vec_parts(n);
    double sum = 0;
    for (size_t start = 0; start < parts; start += GROUP) {
        double partial[GROUP];
        const size_t count = parts - start < GROUP ? parts - start : GROUP;
#pragma omp parallel for num_threads(nn_threads()) if (n >= NN_PARALLEL_MIN)
        for (size_t p = 0; p < count; p++)
            partial[p] = nn_vec_sum(x + (start + p) * NN_VEC_PART, nn_vec_part_len(n, start + p));
        for (size_t p = 0; p < count; p++) sum += partial[p];
    }
    return sum;
}

/* y[i] = scale sum_a x[a,i] for the columns i = from .. from + n - 1 of one outer index; n <= NN_VEC_PART. */
static void sum_columns(float *y, const float *x, Fold f, size_t from, size_t n, double scale)
{
    double sum[NN_VEC_PART] = { 0 };
    for (size_t a = 0; a < f.axis; a++)
        for (size_t i = 0; i < n; i++) sum[i] += (double)x[a * f.inner + from + i];
    for (size_t i = 0; i < n; i++) y[from + i] = (float)(scale * sum[i]);
}

static void fold_forward(const NnFwd *k, Fold f, double scale)
{
    const size_t parts = nn_vec_parts(f.inner), work = f.outer * f.axis * f.inner;
    if (f.outer == 1 && f.inner == 1) {
        k->y[0] = (float)(scale * long_sum(k->x[0], f.axis));
        return;
    }
#pragma omp parallel for num_threads(nn_threads()) if (work >= NN_PARALLEL_MIN)
    for (size_t i = 0; i < f.outer * parts; i++) {
        const size_t o = i / parts, p = i % parts;
        const float *x = k->x[0] + o * f.axis * f.inner;
        if (f.inner == 1) k->y[o] = (float)(scale * nn_vec_sum(x, f.axis));
        else sum_columns(k->y + o * f.inner, x, f, p * NN_VEC_PART, nn_vec_part_len(f.inner, p), scale);
    }
}

/* Every element that was added up gets scale dy. */
static void fold_backward(const NnBwd *k, Fold f, float scale)
{
    const size_t len = f.inner == 1 ? f.axis : f.inner, rows = f.outer * f.axis * f.inner / len;
    const size_t parts = nn_vec_parts(len);
#pragma omp parallel for num_threads(nn_threads()) if (rows * len >= NN_PARALLEL_MIN)
    for (size_t i = 0; i < rows * parts; i++) {
        const size_t row = i / parts, p = i % parts, from = p * NN_VEC_PART, n = nn_vec_part_len(len, p);
        float *dx = k->dx[0] + row * len + from;
        if (f.inner == 1) nn_vec_add_const(dx, scale * k->dy[row], n);
        else nn_vec_add_scaled(dx, scale, k->dy + row / f.axis * len + from, n);
    }
}

static NnStatus sum_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in;
    return fold_shape("sum", xs[0], attr, ys, err);
}

static void sum_forward(const NnFwd *k)
{
    fold_forward(k, fold_of(k->xs[0], k->attr), 1);
}

static void sum_backward(const NnBwd *k)
{
    fold_backward(k, fold_of(k->xs[0], k->attr), 1);
}

static NnStatus mean_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in;
    return fold_shape("mean", xs[0], attr, ys, err);
}

static void mean_forward(const NnFwd *k)
{
    const Fold f = fold_of(k->xs[0], k->attr);
    fold_forward(k, f, 1 / (double)f.axis);
}

static void mean_backward(const NnBwd *k)
{
    const Fold f = fold_of(k->xs[0], k->attr);
    fold_backward(k, f, 1 / (float)f.axis);
}

static double fold_flops(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)n_in, (void)ys, (void)attr;
    return (double)nn_shape_len(xs[0]);
}

/* ---- softmax ---- */

static NnStatus softmax_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in, (void)attr;
    char text[64];
    if (xs[0].n != 2 && xs[0].n != 4)
        return nn_fail(err, NN_ERR_SHAPE, "softmax: x %s, expected [N,K] or [N,K,H,W]", nn_shape_text(xs[0], text));
    *ys = xs[0];
    return NN_OK;
}

/* One position: K values, `stride` apart. The largest is taken off first, so that no exp overflows. */
static void softmax_position(float *y, const float *x, size_t K, size_t stride)
{
    float largest = x[0], sum = 0;
    for (size_t i = 1; i < K; i++) largest = x[i * stride] > largest ? x[i * stride] : largest;
    for (size_t i = 0; i < K; i++) sum += y[i * stride] = expf(x[i * stride] - largest);
    for (size_t i = 0; i < K; i++) y[i * stride] /= sum;
}

/* dx += y (dy - sum_j dy_j y_j). */
static void softmax_position_backward(float *dx, const float *dy, const float *y, size_t K, size_t stride)
{
    float dot = 0;
    for (size_t i = 0; i < K; i++) dot += dy[i * stride] * y[i * stride];
    for (size_t i = 0; i < K; i++) dx[i * stride] += y[i * stride] * (dy[i * stride] - dot);
}

static void softmax_forward(const NnFwd *k)
{
    const size_t K = (size_t)k->ys.d[1], N = (size_t)k->ys.d[0], plane = nn_shape_len(k->ys) / N / K;
#pragma omp parallel for num_threads(nn_threads()) if (nn_shape_len(k->ys) >= NN_PARALLEL_MIN)
    for (size_t i = 0; i < N * plane; i++) {
        const size_t at = i / plane * K * plane + i % plane;
        softmax_position(k->y + at, k->x[0] + at, K, plane);
    }
}

static void softmax_backward(const NnBwd *k)
{
    const size_t K = (size_t)k->ys.d[1], N = (size_t)k->ys.d[0], plane = nn_shape_len(k->ys) / N / K;
#pragma omp parallel for num_threads(nn_threads()) if (nn_shape_len(k->ys) >= NN_PARALLEL_MIN)
    for (size_t i = 0; i < N * plane; i++) {
        const size_t at = i / plane * K * plane + i % plane;
        softmax_position_backward(k->dx[0] + at, k->dy + at, k->y + at, K, plane);
    }
}

static double softmax_flops(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)xs, (void)n_in, (void)attr;
    return 4 * (double)nn_shape_len(ys);
}

/* ---- max_normalize ---- */

static const float max_normalize_eps = 1e-6f;

static NnStatus max_normalize_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in, (void)attr;
    char text[64];
    if (xs[0].n < 2)
        return nn_fail(err, NN_ERR_SHAPE, "max_normalize: x %s, expected [N,...] of 2 to 4 dimensions",
                       nn_shape_text(xs[0], text));
    *ys = xs[0];
    return NN_OK;
}

static void max_normalize_forward(const NnFwd *k)
{
    const size_t N = (size_t)k->ys.d[0], len = nn_shape_len(k->ys) / N;
#pragma omp parallel for num_threads(nn_threads()) if (N * len >= NN_PARALLEL_MIN)
    for (size_t n = 0; n < N; n++) {
        const float *x = k->x[0] + n * len;
        const float divisor = x[nn_vec_argmax(x, len)] + max_normalize_eps;
        for (size_t i = 0; i < len; i++) k->y[n * len + i] = x[i] / divisor;
    }
}

/* With M the largest element, at index b, and d = M + eps:  dx_i += dy_i / d,  dx_b -= sum_j dy_j x_j / d^2. */
static void max_normalize_backward(const NnBwd *k)
{
    const size_t N = (size_t)k->ys.d[0], len = nn_shape_len(k->ys) / N;
#pragma omp parallel for num_threads(nn_threads()) if (N * len >= NN_PARALLEL_MIN)
    for (size_t n = 0; n < N; n++) {
        const float *x = k->x[0] + n * len, *dy = k->dy + n * len;
        const size_t b = nn_vec_argmax(x, len);
        const double divisor = (double)(x[b] + max_normalize_eps);
        nn_vec_add_scaled(k->dx[0] + n * len, (float)(1 / divisor), dy, len);
        k->dx[0][n * len + b] -= (float)(nn_vec_dot(dy, x, len) / (divisor * divisor));
    }
}

/* ---- cases and descriptors ---- */

/* clang-format off */
#define IMAGES { IMAGE(2, 3, 4, 5) }
#define LARGE { IMAGE(2, 3, 67, 65) }
/* clang-format on */

static const Axes all = { 0, 4 }, rows = { 1, 1 }, columns = { 0, 1 }, but_samples = { 1, 3 }, but_two = { 2, 2 },
                  both = { 0, 2 }, beyond = { 1, 2 }, none = { 0, 0 }, before = { -1, 1 };

/* clang-format off */
#define FOLD_CASES                                                                  \
    { "all", IMAGES, .attr = &all, DRAWN },                                         \
    { "channels", IMAGES, .attr = &rows, DRAWN },                                   \
    { "samples", IMAGES, .attr = &columns, DRAWN },                                 \
    { "all but samples", IMAGES, .attr = &but_samples, DRAWN },                     \
    { "positions", IMAGES, .attr = &but_two, DRAWN },                               \
    { "samples and channels", IMAGES, .attr = &both, DRAWN },                       \
    { "large, all", LARGE, .attr = &all, DRAWN },                                   \
    { "large, channels", LARGE, .attr = &rows, DRAWN },                             \
    { "large, positions", LARGE, .attr = &but_two, DRAWN },                         \
    { "past the end", { { 2, { 2, 3 } } }, .attr = &beyond, .want = NN_ERR_SHAPE }, \
    { "nothing", { { 2, { 2, 3 } } }, .attr = &none, .want = NN_ERR_SHAPE },        \
    { "before 0", { { 2, { 2, 3 } } }, .attr = &before, .want = NN_ERR_SHAPE }
/* clang-format on */

static const NnOpCase sum_cases[] = {
    { "rows by hand",
      { { 2, { 2, 3 } } },
      .attr = &rows,
      .in = { VALUES(1, 2, 3, 4, 5, 6) },
      .y = VALUES(6, 15),
      .dx0 = VALUES(1, 1, 1, 1, 1, 1) },
    { "columns by hand",
      { { 2, { 2, 3 } } },
      .attr = &columns,
      .in = { VALUES(1, 2, 3, 4, 5, 6) },
      .y = VALUES(5, 7, 9),
      .dx0 = VALUES(1, 1, 1, 1, 1, 1) },
    { "all by hand",
      { { 2, { 2, 3 } } },
      .attr = &both,
      .in = { VALUES(1, 2, 3, 4, 5, 6) },
      .y = VALUES(21),
      .dx0 = VALUES(1, 1, 1, 1, 1, 1) },
    FOLD_CASES,
};
static const NnOpCase mean_cases[] = {
    { "rows by hand",
      { { 2, { 2, 2 } } },
      .attr = &rows,
      .in = { VALUES(1, 2, 4, 6) },
      .y = VALUES(1.5f, 5),
      .dx0 = VALUES(0.5f, 0.5f, 0.5f, 0.5f) },
    { "columns by hand",
      { { 2, { 2, 2 } } },
      .attr = &columns,
      .in = { VALUES(1, 2, 4, 6) },
      .y = VALUES(2.5f, 4),
      .dx0 = VALUES(0.5f, 0.5f, 0.5f, 0.5f) },
    { "all by hand",
      { { 2, { 2, 2 } } },
      .attr = &both,
      .in = { VALUES(1, 2, 4, 6) },
      .y = VALUES(3.25f),
      .dx0 = VALUES(0.25f, 0.25f, 0.25f, 0.25f) },
    FOLD_CASES,
};
static const NnOpCase softmax_cases[] = {
    { "by hand",
      { { 2, { 2, 2 } } },
      .in = { VALUES(0, 0, 0, 1.0986123f) },
      .y = VALUES(0.5f, 0.5f, 0.25f, 0.75f),
      .dx0 = VALUES(0, 0, 0, 0) },
    { "far apart",
      { { 2, { 1, 3 } } },
      .in = { VALUES(1000, -1000, 1000) },
      .y = VALUES(0.5f, 0, 0.5f),
      .dx0 = VALUES(0, 0, 0) },
    { "vectors", { { 2, { 3, 5 } } }, .lo = -3, .hi = 3 },
    { "images", IMAGES, .lo = -3, .hi = 3 },
    { "one class", { { 2, { 3, 1 } } }, .lo = -3, .hi = 3 },
    { "large", { { 4, { 2, 3, 67, 65 } } }, .lo = -3, .hi = 3 },
    { "vector", { { 1, { 3 } } }, .want = NN_ERR_SHAPE },
};
static const NnOpCase max_normalize_cases[] = {
    { "by hand",
      { { 2, { 1, 3 } } },
      .in = { VALUES(1, 4, 2) },
      .y = VALUES(0.25f, 1, 0.5f),
      .dx0 = VALUES(0.25f, -0.1875f, 0.25f) },
    { "all 0", { { 2, { 1, 2 } } }, .in = { VALUES(0, 0) }, .y = VALUES(0, 0), .dx0 = VALUES(1e6f, 1e6f) },
    { "tie", { { 2, { 1, 2 } } }, .in = { VALUES(4, 4) }, .y = VALUES(1, 1), .dx0 = VALUES(-0.25f, 0.25f) },
    { "images", IMAGES, .lo = 0.1f, .hi = 2 },
    { "large", { { 4, { 3, 3, 67, 65 } } }, .lo = 0.1f, .hi = 2, .tolerance = 0.1f },
    { "vector", { { 1, { 3 } } }, .want = NN_ERR_SHAPE },
};

#define REDUCE(id, declared_reads, size, count_flops)                                                                  \
    static const NnKernel id##_kernels[] = { { .forward = id##_forward, .backward = id##_backward } };                 \
    const NnOp nn_op_##id = { .name = #id,                                                                             \
                              .min_in = 1,                                                                             \
                              .max_in = 1,                                                                             \
                              .reads = declared_reads,                                                                 \
                              .attr_size = size,                                                                       \
                              .shape = id##_shape,                                                                     \
                              .flops = count_flops,                                                                    \
                              .kernels = NN_LIST(id##_kernels),                                                        \
                              .cases = NN_LIST(id##_cases) };

REDUCE(sum, 0, sizeof(Axes), fold_flops)
REDUCE(mean, 0, sizeof(Axes), fold_flops)
REDUCE(softmax, NN_READS_Y, 0, softmax_flops)
REDUCE(max_normalize, NN_READS_X0, 0, NULL)

NnVar nn_sum(NnGraph *g, NnVar x, int first, int count)
{
    return nn_graph_apply(g, &nn_op_sum, &(Axes){ first, count }, 1, &x);
}

NnVar nn_mean(NnGraph *g, NnVar x, int first, int count)
{
    return nn_graph_apply(g, &nn_op_mean, &(Axes){ first, count }, 1, &x);
}

NnVar nn_softmax(NnGraph *g, NnVar x)
{
    return nn_graph_apply(g, &nn_op_softmax, NULL, 1, &x);
}

NnVar nn_max_normalize(NnGraph *g, NnVar x)
{
    return nn_graph_apply(g, &nn_op_max_normalize, NULL, 1, &x);
}
