/* rearrange.c -- ops that only move elements: concat, slice, reshape. Backward moves them back, adding. */
#include "nn/ops/rearrange.h"

#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/case_shapes.h"
#include "nn/ops/vec.h"

typedef struct {
    int32_t first, count;
} Slice;

/* Elements of one sample of [N,...]. */
static size_t sample_len(NnShape s)
{
    return nn_shape_len(s) / (size_t)s.d[0];
}

static size_t plane_len(NnShape s)
{
    return sample_len(s) / (size_t)s.d[1];
}

/* Move a gradient to where it came from. */
static void move(float *dx, const float *dy, size_t n, int fresh)
{
    if (fresh) memcpy(dx, dy, n * sizeof *dx);
    else nn_vec_add(dx, dy, n);
}

/* ---- concat ---- */

static NnStatus concat_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in, (void)attr;
    char a[64], b[64];
    int fits = xs[0].n == xs[1].n && xs[0].n >= 2;
    for (int i = 0; fits && i < xs[0].n; i++) fits = i == 1 || xs[0].d[i] == xs[1].d[i];
    if (!fits)
        return nn_fail(err, NN_ERR_SHAPE,
                       "concat: a %s, b %s; expected [N,C,...] of 2 to 4 dimensions, equal but for C",
                       nn_shape_text(xs[0], a), nn_shape_text(xs[1], b));
    *ys = xs[0];
    if (__builtin_add_overflow(xs[0].d[1], xs[1].d[1], &ys->d[1]))
        return nn_fail(err, NN_ERR_SHAPE, "concat: %s and %s together have too many channels", nn_shape_text(xs[0], a),
                       nn_shape_text(xs[1], b));
    return NN_OK;
}

static void concat_forward(const NnFwd *k)
{
    const size_t a = sample_len(k->xs[0]), b = sample_len(k->xs[1]);
#pragma omp parallel for num_threads(nn_threads()) if (nn_shape_len(k->ys) >= NN_PARALLEL_MIN)
    for (int n = 0; n < k->ys.d[0]; n++) {
        float *y = k->y + (size_t)n * (a + b);
        memcpy(y, k->x[0] + (size_t)n * a, a * sizeof *y);
        memcpy(y + a, k->x[1] + (size_t)n * b, b * sizeof *y);
    }
}

static void concat_backward(const NnBwd *k)
{
    const size_t a = sample_len(k->xs[0]), b = sample_len(k->xs[1]);
#pragma omp parallel for num_threads(nn_threads()) if (nn_shape_len(k->ys) >= NN_PARALLEL_MIN)
    for (int n = 0; n < k->ys.d[0]; n++) {
        const float *dy = k->dy + (size_t)n * (a + b);
        if (k->dx[0]) move(k->dx[0] + (size_t)n * a, dy, a, k->fresh & 1);
        if (k->dx[1]) move(k->dx[1] + (size_t)n * b, dy + a, b, k->fresh & 2);
    }
}

/* ---- slice ---- */

static NnStatus slice_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in;
    const Slice *a = attr;
    char x[64];
    if (xs[0].n < 2) return nn_fail(err, NN_ERR_SHAPE, "slice: x %s, expected [N,C,...]", nn_shape_text(xs[0], x));
    if (a->first < 0 || a->count < 1 || a->first > xs[0].d[1] - a->count)
        return nn_fail(err, NN_ERR_SHAPE, "slice: %d channels from %d of x %s; expected a range within 0..%d", a->count,
                       a->first, nn_shape_text(xs[0], x), xs[0].d[1] - 1);
    *ys = xs[0];
    ys->d[1] = a->count;
    return NN_OK;
}

/* Where the slice of sample n starts in x. */
static size_t slice_start(NnShape s, const Slice *a, int n)
{
    return (size_t)n * sample_len(s) + (size_t)a->first * plane_len(s);
}

static void slice_forward(const NnFwd *k)
{
    const size_t len = sample_len(k->ys);
#pragma omp parallel for num_threads(nn_threads()) if (nn_shape_len(k->ys) >= NN_PARALLEL_MIN)
    for (int n = 0; n < k->ys.d[0]; n++)
        memcpy(k->y + (size_t)n * len, k->x[0] + slice_start(k->xs[0], k->attr, n), len * sizeof *k->y);
}

static void slice_backward(const NnBwd *k)
{
    const size_t len = sample_len(k->ys);
#pragma omp parallel for num_threads(nn_threads()) if (nn_shape_len(k->ys) >= NN_PARALLEL_MIN)
    for (int n = 0; n < k->ys.d[0]; n++) {
        if (k->fresh & 1) nn_vec_clear(k->dx[0] + (size_t)n * sample_len(k->xs[0]), sample_len(k->xs[0]));
        nn_vec_add(k->dx[0] + slice_start(k->xs[0], k->attr, n), k->dy + (size_t)n * len, len);
    }
}

/* ---- reshape ---- */

static NnStatus reshape_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in;
    const NnShape s = *(const NnShape *)attr;
    char from[64], to[64];
    int valid = s.n >= 1 && s.n <= NN_MAX_DIM;
    for (int i = 0; valid && i < s.n; i++) valid = s.d[i] >= 1;
    if (!valid)
        return nn_fail(err, NN_ERR_SHAPE,
                       "reshape: of %d dimensions or with one below 1; expected 1 to %d of at least 1", s.n,
                       NN_MAX_DIM);
    if (nn_shape_len(s) != nn_shape_len(xs[0]))
        return nn_fail(err, NN_ERR_SHAPE, "reshape: %s of %zu elements to %s of %zu", nn_shape_text(xs[0], from),
                       nn_shape_len(xs[0]), nn_shape_text(s, to), nn_shape_len(s));
    *ys = s;
    return NN_OK;
}

static void reshape_forward(const NnFwd *k)
{
    memcpy(k->y, k->x[0], nn_shape_len(k->ys) * sizeof *k->y);
}

static void reshape_backward(const NnBwd *k)
{
    move(k->dx[0], k->dy, nn_shape_len(k->ys), k->fresh & 1);
}

/* ---- cases and descriptors ---- */

static const NnOpCase concat_cases[] = {
    { "by hand",
      { { 2, { 2, 1 } }, { 2, { 2, 2 } } },
      .in = { VALUES(1, 2), VALUES(3, 4, 5, 6) },
      .y = VALUES(1, 3, 4, 2, 5, 6),
      .dx0 = VALUES(1, 1) },
    { "images", { { 4, { 2, 3, 2, 5 } }, { 4, { 2, 1, 2, 5 } } }, DRAWN },
    { "three dimensions", { { 3, { 3, 2, 4 } }, { 3, { 3, 5, 4 } } }, DRAWN },
    { "large", { { 4, { 3, 2, 33, 65 } }, { 4, { 3, 1, 33, 65 } } }, DRAWN },
    { "other batch", { { 2, { 2, 3 } }, { 2, { 1, 3 } } }, .want = NN_ERR_SHAPE },
    { "other width", { { 4, { 2, 3, 4, 5 } }, { 4, { 2, 3, 4, 4 } } }, .want = NN_ERR_SHAPE },
    { "other dimensions", { { 3, { 2, 3, 4 } }, { 2, { 2, 3 } } }, .want = NN_ERR_SHAPE },
    { "vectors", { { 1, { 2 } }, { 1, { 2 } } }, .want = NN_ERR_SHAPE },
    { "too many", { { 2, { 1, INT32_MAX } }, { 2, { 1, 2 } } }, .want = NN_ERR_SHAPE },
};

static const Slice second = { 1, 1 }, middle = { 1, 2 }, whole = { 0, 3 }, beyond = { 2, 2 }, none = { 1, 0 },
                   before = { -1, 1 };
static const NnOpCase slice_cases[] = {
    { "by hand",
      { { 2, { 2, 3 } } },
      .attr = &second,
      .in = { VALUES(1, 2, 3, 4, 5, 6) },
      .y = VALUES(2, 5),
      .dx0 = VALUES(0, 1, 0, 0, 1, 0) },
    { "images", { { 4, { 2, 4, 3, 5 } } }, .attr = &middle, DRAWN },
    { "all", { { 3, { 2, 3, 5 } } }, .attr = &whole, DRAWN },
    { "large", { { 4, { 3, 4, 65, 67 } } }, .attr = &middle, DRAWN },
    { "past the end", { { 2, { 2, 3 } } }, .attr = &beyond, .want = NN_ERR_SHAPE },
    { "nothing", { { 2, { 2, 3 } } }, .attr = &none, .want = NN_ERR_SHAPE },
    { "before 0", { { 2, { 2, 3 } } }, .attr = &before, .want = NN_ERR_SHAPE },
    { "vector", { { 1, { 3 } } }, .attr = &second, .want = NN_ERR_SHAPE },
};

static const NnShape three_by_two = { 2, { 3, 2 } }, flat = { 2, { 2, 60 } }, large = { 2, { 2, 13065 } },
                     minus = { 2, { -2, -3 } }, zero = { 0 };
static const NnOpCase reshape_cases[] = {
    { "by hand",
      { { 2, { 2, 3 } } },
      .attr = &three_by_two,
      .in = { VALUES(1, 2, 3, 4, 5, 6) },
      .y = VALUES(1, 2, 3, 4, 5, 6),
      .dx0 = VALUES(1, 1, 1, 1, 1, 1) },
    { "images to vectors", { { 4, { 2, 3, 4, 5 } } }, .attr = &flat, DRAWN },
    { "large", { IMAGE(2, 3, 67, 65) }, .attr = &large, DRAWN },
    { "other length", { { 2, { 2, 4 } } }, .attr = &three_by_two, .want = NN_ERR_SHAPE },
    { "negative", { { 2, { 2, 3 } } }, .attr = &minus, .want = NN_ERR_SHAPE },
    { "no dimensions", { { 1, { 1 } } }, .attr = &zero, .want = NN_ERR_SHAPE },
};

static const NnKernel concat_kernels[] = { { .forward = concat_forward, .backward = concat_backward } };
static const NnKernel slice_kernels[] = { { .forward = slice_forward, .backward = slice_backward } };
static const NnKernel reshape_kernels[] = { { .forward = reshape_forward, .backward = reshape_backward } };

const NnOp nn_op_concat = {
    .name = "concat",
    .min_in = 2,
    .max_in = 2,
    .overwrites = 3,
    .shape = concat_shape,
    .kernels = NN_LIST(concat_kernels),
    .cases = NN_LIST(concat_cases),
};
const NnOp nn_op_slice = {
    .name = "slice",
    .min_in = 1,
    .max_in = 1,
    .overwrites = 1,
    .attr_size = sizeof(Slice),
    .shape = slice_shape,
    .kernels = NN_LIST(slice_kernels),
    .cases = NN_LIST(slice_cases),
};
const NnOp nn_op_reshape = {
    .name = "reshape",
    .min_in = 1,
    .max_in = 1,
    .overwrites = 1,
    .attr_size = sizeof(NnShape),
    .shape = reshape_shape,
    .kernels = NN_LIST(reshape_kernels),
    .cases = NN_LIST(reshape_cases),
};

NnVar nn_concat(NnGraph *g, NnVar a, NnVar b)
{
    return nn_graph_apply(g, &nn_op_concat, NULL, 2, (const NnVar[]){ a, b });
}

NnVar nn_slice(NnGraph *g, NnVar x, int first, int count)
{
    return nn_graph_apply(g, &nn_op_slice, &(Slice){ first, count }, 1, &x);
}

NnVar nn_reshape(NnGraph *g, NnVar x, NnShape s)
{
    return nn_graph_apply(g, &nn_op_reshape, &s, 1, &x);
}
