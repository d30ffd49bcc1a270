/* pool.c -- max, average and global average pooling; formulas in pool.h. Every plane is one thread's. They go
 * window by window, or (pool_rows.c) by rows of windows at once, but for max's backward: the same bits. */
#include "nn/ops/pool.h"

#include <math.h>
#include <omp.h>

#include "nn/base/parallel.h"
#include "nn/ops/case_shapes.h"
#include "nn/ops/plane_sum.h"
#include "nn/ops/pool_rows.h"
#include "nn/ops/vec.h"

typedef NnPoolGeom PoolGeom;

/* The part of a window that lies inside the plane: rows i0..i1-1, columns j0..j1-1; never empty. */
typedef struct {
    int i0, i1, j0, j1;
} Window;

static PoolGeom pool_geom(NnShape x, NnShape y, const void *attr)
{
    return (PoolGeom){ x.d[0] * x.d[1], x.d[2], x.d[3], y.d[2], y.d[3], *(const NnPoolAttr *)attr };
}

static inline Window window_at(const PoolGeom *g, int i, int j)
{
    const int top = i * g->a.stride - g->a.pad, left = j * g->a.stride - g->a.pad;
    const int bottom = top + g->a.size, right = left + g->a.size;
    return (Window){ top > 0 ? top : 0, bottom < g->H ? bottom : g->H, left > 0 ? left : 0,
                     right < g->W ? right : g->W };
}

static NnStatus check_rank(const char *op, NnShape x, NnErr *err)
{
    char text[64];
    if (x.n == 4) return NN_OK;
    return nn_fail(err, NN_ERR_SHAPE, "%s: want images [N,C,H,W], got %s", op, nn_shape_text(x, text));
}

/* Of a window that fits. */
static NnShape pooled(NnShape x, const NnPoolAttr *a)
{
    const int64_t H = x.d[2] + 2 * (int64_t)a->pad, W = x.d[3] + 2 * (int64_t)a->pad;
    return (NnShape){
        4, { x.d[0], x.d[1], (int32_t)((H - a->size) / a->stride + 1), (int32_t)((W - a->size) / a->stride + 1) }
    };
}

static NnStatus pool_shape(const char *op, NnShape x, const NnPoolAttr *a, NnShape *ys, NnErr *err)
{
    NN_TRY(check_rank(op, x, err));
    if (a->size < 1 || a->stride < 1 || a->pad < 0 || a->pad >= a->size)
        return nn_fail(err, NN_ERR_SHAPE,
                       "%s: want size, stride >= 1 and 0 <= pad < size, got size %d, stride %d, pad %d", op, a->size,
                       a->stride, a->pad);
    const int64_t H = x.d[2] + 2 * (int64_t)a->pad, W = x.d[3] + 2 * (int64_t)a->pad;
    if (H < a->size || W < a->size)
        return nn_fail(err, NN_ERR_SHAPE, "%s: a window of %d does not fit %dx%d with pad %d", op, a->size, x.d[2],
                       x.d[3], a->pad);
    *ys = pooled(x, a);
    return nn_shape_check(*ys, err);
}

/* ---- the two kernels of max and average: by rows of windows, and window by window ---- */

static int rows_fit(const NnShape *xs, int n_in, const void *attr, const void *how)
{
    (void)n_in, (void)how;
    const PoolGeom g = pool_geom(xs[0], pooled(xs[0], attr), attr);
    return nn_pool_rows_fit(&g);
}

static size_t rows_scratch(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how)
{
    (void)n_in, (void)how;
    const PoolGeom g = pool_geom(xs[0], ys, attr);
    return (size_t)nn_threads() * nn_pool_rows_scratch(&g);
}

static float *my_scratch(const PoolGeom *g, float *scratch)
{
    return scratch + (size_t)omp_get_thread_num() * nn_pool_rows_scratch(g);
}

/* ---- max: saves which element of its window won, counted from the window's corner, so backward reads no x ---- */

static NnStatus max_pool_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in;
    return pool_shape("max_pool", xs[0], attr, ys, err);
}

static size_t max_pool_saved(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)xs, (void)n_in, (void)attr;
    return nn_shape_len(ys);
}

/* Index in the plane of the first largest element; a NaN is larger than everything. */
static inline int window_argmax(const float *x, int W, Window w)
{
    int best = w.i0 * W + w.j0;
    for (int i = w.i0; i < w.i1; i++)
        for (int j = w.j0; j < w.j1; j++) {
            const float v = x[i * W + j], top = x[best];
            if (v > top || (isnan(v) && !isnan(top))) best = i * W + j;
        }
    return best;
}

static void max_plane(const PoolGeom *g, const float *x, float *y, float *saved)
{
    for (int i = 0; i < g->Ho; i++)
        for (int j = 0; j < g->Wo; j++) {
            const int best = window_argmax(x, g->W, window_at(g, i, j));
            y[i * g->Wo + j] = x[best];
            if (!saved) continue;
            const int u = best / g->W - (i * g->a.stride - g->a.pad), v = best % g->W - (j * g->a.stride - g->a.pad);
            saved[i * g->Wo + j] = (float)(u * g->a.size + v);
        }
}

static void max_plane_backward(const PoolGeom *g, const float *dy, const float *saved, float *dx)
{
    const double per_row = 1.0 / g->a.size; /* to divide by multiplying: a division would take longest */
    const int next_row = g->W - g->a.size;
    for (int i = 0; i < g->Ho; i++, dy += g->Wo, saved += g->Wo) {
        const int corner = (i * g->a.stride - g->a.pad) * g->W - g->a.pad;
        for (int j = 0; j < g->Wo; j++) {
            const int won = (int)saved[j], row = (int)((won + 0.5) * per_row);
            dx[corner + j * g->a.stride + won + row * next_row] += dy[j];
        }
    }
}

static void max_pool_forward_rows(const NnFwd *k)
{
    const PoolGeom g = pool_geom(k->xs[0], k->ys, k->attr);
    const size_t in = (size_t)g.H * (size_t)g.W, out = (size_t)g.Ho * (size_t)g.Wo;
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)g.planes * in > NN_PARALLEL_MIN)
    for (int p = 0; p < g.planes; p++) {
        const float *x = k->x[0] + (size_t)p * in;
        float *y = k->y + (size_t)p * out, *saved = k->saved ? k->saved + (size_t)p * out : NULL;
        if (!nn_pool_rows_max(&g, x, y, saved, my_scratch(&g, k->scratch))) max_plane(&g, x, y, saved);
    }
}

static void max_pool_forward(const NnFwd *k)
{
    const PoolGeom g = pool_geom(k->xs[0], k->ys, k->attr);
    const size_t in = (size_t)g.H * (size_t)g.W, out = (size_t)g.Ho * (size_t)g.Wo;
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)g.planes * in > NN_PARALLEL_MIN)
    for (int p = 0; p < g.planes; p++)
        max_plane(&g, k->x[0] + (size_t)p * in, k->y + (size_t)p * out, k->saved ? k->saved + (size_t)p * out : NULL);
}

static void max_pool_backward(const NnBwd *k)
{
    const PoolGeom g = pool_geom(k->xs[0], k->ys, k->attr);
    const size_t in = (size_t)g.H * (size_t)g.W, out = (size_t)g.Ho * (size_t)g.Wo;
    if (!k->dx[0]) return;
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)g.planes * in > NN_PARALLEL_MIN)
    for (int p = 0; p < g.planes; p++) {
        float *dx = k->dx[0] + (size_t)p * in;
        if (k->fresh & 1) nn_vec_clear(dx, in);
        max_plane_backward(&g, k->dy + (size_t)p * out, k->saved + (size_t)p * out, dx);
    }
}

static const NnKernel max_pool_kernels[] = {
    { "rows", .fits = rows_fit, .scratch = rows_scratch, .forward = max_pool_forward_rows,
      .backward = max_pool_backward },
    { "windows", .forward = max_pool_forward, .backward = max_pool_backward },
};

/* ---- average ---- */

static NnStatus avg_pool_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in;
    return pool_shape("avg_pool", xs[0], attr, ys, err);
}

static void avg_plane(const PoolGeom *g, const float *x, float *y)
{
    const float scale = 1 / ((float)g->a.size * (float)g->a.size);
    for (int i = 0; i < g->Ho; i++)
        for (int j = 0; j < g->Wo; j++) {
            const Window w = window_at(g, i, j);
            float sum = 0;
            for (int r = w.i0; r < w.i1; r++)
                for (int c = w.j0; c < w.j1; c++) sum += x[r * g->W + c];
            y[i * g->Wo + j] = sum * scale;
        }
}

static void avg_plane_backward(const PoolGeom *g, const float *dy, float *dx)
{
    const float scale = 1 / ((float)g->a.size * (float)g->a.size);
    for (int i = 0; i < g->Ho; i++)
        for (int j = 0; j < g->Wo; j++) {
            const Window w = window_at(g, i, j);
            const float d = dy[i * g->Wo + j] * scale;
            for (int r = w.i0; r < w.i1; r++)
                for (int c = w.j0; c < w.j1; c++) dx[r * g->W + c] += d;
        }
}

static void avg_pool_forward(const NnFwd *k)
{
    const PoolGeom g = pool_geom(k->xs[0], k->ys, k->attr);
    const size_t in = (size_t)g.H * (size_t)g.W, out = (size_t)g.Ho * (size_t)g.Wo;
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)g.planes * in > NN_PARALLEL_MIN)
    for (int p = 0; p < g.planes; p++) avg_plane(&g, k->x[0] + (size_t)p * in, k->y + (size_t)p * out);
}

static void avg_pool_forward_rows(const NnFwd *k)
{
    const PoolGeom g = pool_geom(k->xs[0], k->ys, k->attr);
    const size_t in = (size_t)g.H * (size_t)g.W, out = (size_t)g.Ho * (size_t)g.Wo;
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)g.planes * in > NN_PARALLEL_MIN)
    for (int p = 0; p < g.planes; p++)
        nn_pool_rows_average(&g, k->x[0] + (size_t)p * in, k->y + (size_t)p * out, my_scratch(&g, k->scratch));
}

/* plane: which way dx of one plane is added up. */
static void avg_backward(const NnBwd *k, void (*plane)(const PoolGeom *g, const float *dy, float *dx))
{
    const PoolGeom g = pool_geom(k->xs[0], k->ys, k->attr);
    const size_t in = (size_t)g.H * (size_t)g.W, out = (size_t)g.Ho * (size_t)g.Wo;
    if (!k->dx[0]) return;
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)g.planes * in > NN_PARALLEL_MIN)
    for (int p = 0; p < g.planes; p++) {
        float *dx = k->dx[0] + (size_t)p * in;
        if (k->fresh & 1) nn_vec_clear(dx, in);
        plane(&g, k->dy + (size_t)p * out, dx);
    }
}

static void avg_pool_backward(const NnBwd *k)
{
    avg_backward(k, avg_plane_backward);
}

static void avg_pool_backward_rows(const NnBwd *k)
{
    avg_backward(k, nn_pool_rows_average_backward);
}

static const NnKernel avg_pool_kernels[] = {
    { "rows", .fits = rows_fit, .scratch = rows_scratch, .forward = avg_pool_forward_rows,
      .backward = avg_pool_backward_rows },
    { "windows", .forward = avg_pool_forward, .backward = avg_pool_backward },
};

/* ---- global average ---- */

static NnStatus global_avg_pool_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in, (void)attr;
    NN_TRY(check_rank("global_avg_pool", xs[0], err));
    *ys = (NnShape){ 2, { xs[0].d[0], xs[0].d[1] } };
    return NN_OK;
}

static void global_avg_pool_forward(const NnFwd *k)
{
    const int planes = k->ys.d[0] * k->ys.d[1];
    const size_t len = (size_t)k->xs[0].d[2] * (size_t)k->xs[0].d[3];
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)planes * len > NN_PARALLEL_MIN)
    for (int p = 0; p < planes; p++) k->y[p] = nn_plane_sum(k->x[0] + (size_t)p * len, len) / (float)len;
}

static void global_avg_pool_backward(const NnBwd *k)
{
    const int planes = k->ys.d[0] * k->ys.d[1];
    const size_t len = (size_t)k->xs[0].d[2] * (size_t)k->xs[0].d[3];
    if (!k->dx[0]) return;
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)planes * len > NN_PARALLEL_MIN)
    for (int p = 0; p < planes; p++) {
        const float d = k->dy[p] / (float)len;
        float *dx = k->dx[0] + (size_t)p * len;
        if (k->fresh & 1) nn_vec_clear(dx, len);
        nn_vec_add_const(dx, d, len);
    }
}

static const NnKernel global_avg_pool_kernels[] = { { .forward = global_avg_pool_forward,
                                                      .backward = global_avg_pool_backward } };

/* ---- tests ---- */

/* clang-format off */
#define ATTR(n, s, p) &(const NnPoolAttr){ .size = n, .stride = s, .pad = p }
/* clang-format on */

/* All different by more than a finite difference moves them: a tie would be a kink. */
static const float spread[48] = { 7,  31, 12, 40, 3,  25, 18, 44, 9,  36, 1,  28, 21, 47, 14, 33,
                                  5,  42, 23, 10, 38, 16, 29, 2,  45, 19, 34, 8,  26, 13, 41, 0,
                                  37, 22, 6,  30, 17, 46, 11, 27, 4,  39, 20, 35, 15, 43, 24, 32 };

static const NnOpCase max_pool_cases[] = {
    /* The tie in the first window goes to the first 5; the padding never wins over negative numbers (below). */
    { "by hand",
      { IMAGE(1, 1, 2, 4) },
      .attr = ATTR(2, 2, 0),
      .in = { (const float[]){ 1, 5, -3, -2, 5, 0, -4, -9 } },
      .y = (const float[]){ 5, -2 },
      .dx0 = (const float[]){ 0, 1, 0, 1, 0, 0, 0, 0 } },
    { "negative at the border",
      { IMAGE(1, 1, 2, 2) },
      .attr = ATTR(2, 2, 1),
      .in = { (const float[]){ -1, -2, -3, -4 } },
      .y = (const float[]){ -1, -2, -3, -4 },
      .dx0 = (const float[]){ 1, 1, 1, 1 } },
    { "2x2", { IMAGE(2, 1, 4, 6) }, .attr = ATTR(2, 2, 0), .in = { spread } },
    { "3x3, overlapping, pad 1", { IMAGE(1, 2, 4, 6) }, .attr = ATTR(3, 2, 1), .in = { spread } },
    { "3x3, stride 1", { IMAGE(1, 1, 6, 8) }, .attr = ATTR(3, 1, 1), .in = { spread } },
    { "rows left over", { IMAGE(1, 3, 4, 4) }, .attr = ATTR(3, 2, 0), .in = { spread } },
    { "stride wider than window", { IMAGE(1, 1, 6, 8) }, .attr = ATTR(2, 3, 0), .in = { spread } },
    { "large", { IMAGE(2, 3, 67, 65) }, .lo = -100, .hi = 100, .attr = ATTR(3, 2, 1) },
    { "rows of windows", { IMAGE(1, 2, 2, 12) }, .attr = ATTR(2, 1, 0), .in = { spread } },
    { "rows of windows, columns left over", { IMAGE(1, 1, 2, 24) }, .attr = ATTR(2, 2, 1), .in = { spread } },
    { "rank", { { 2, { 4, 4 } } }, .attr = ATTR(2, 2, 0), .want = NN_ERR_SHAPE },
    { "too large", { IMAGE(1, 1, 2, 3) }, .attr = ATTR(3, 1, 0), .want = NN_ERR_SHAPE },
    { "pad", { IMAGE(1, 1, 4, 4) }, .attr = ATTR(2, 2, 2), .want = NN_ERR_SHAPE },
    { "stride 0", { IMAGE(1, 1, 4, 4) }, .attr = ATTR(2, 0, 0), .want = NN_ERR_SHAPE },
};

static const NnOpCase avg_pool_cases[] = {
    { "by hand",
      { IMAGE(1, 1, 2, 4) },
      .attr = ATTR(2, 2, 0),
      .in = { (const float[]){ 1, 5, -3, -2, 5, 1, -4, -9 } },
      .y = (const float[]){ 3, -4.5f },
      .dx0 = (const float[]){ .25f, .25f, .25f, .25f, .25f, .25f, .25f, .25f } },
    { "padding counts",
      { IMAGE(1, 1, 2, 2) },
      .attr = ATTR(2, 2, 1),
      .in = { (const float[]){ 4, 8, 12, 16 } },
      .y = (const float[]){ 1, 2, 3, 4 },
      .dx0 = (const float[]){ .25f, .25f, .25f, .25f } },
    { "2x2", { IMAGE(2, 3, 4, 6) }, DRAWN, .attr = ATTR(2, 2, 0) },
    { "3x3, overlapping, pad 1", { IMAGE(2, 2, 5, 7) }, DRAWN, .attr = ATTR(3, 2, 1) },
    { "5x5, stride 1", { IMAGE(1, 2, 7, 6) }, DRAWN, .attr = ATTR(5, 1, 2) },
    { "large", { IMAGE(2, 3, 67, 65) }, DRAWN, .attr = ATTR(3, 2, 1) },
    { "4x4, stride 1", { IMAGE(1, 2, 5, 9) }, DRAWN, .attr = ATTR(4, 1, 2) },
    { "3x3, columns left over", { IMAGE(1, 2, 4, 20) }, DRAWN, .attr = ATTR(3, 2, 0) },
    { "rank", { { 3, { 1, 4, 4 } } }, .attr = ATTR(2, 2, 0), .want = NN_ERR_SHAPE },
    { "too large", { IMAGE(1, 1, 3, 2) }, .attr = ATTR(3, 1, 0), .want = NN_ERR_SHAPE },
    { "size 0", { IMAGE(1, 1, 4, 4) }, .attr = ATTR(0, 1, 0), .want = NN_ERR_SHAPE },
};

static const NnOpCase global_avg_pool_cases[] = {
    { "by hand",
      { IMAGE(1, 2, 2, 2) },
      .in = { (const float[]){ 1, 2, 3, 6, -4, 0, 0, 0 } },
      .y = (const float[]){ 3, -1 },
      .dx0 = (const float[]){ .25f, .25f, .25f, .25f, .25f, .25f, .25f, .25f } },
    { "images", { IMAGE(2, 3, 5, 7) }, DRAWN },
    { "one pixel", { IMAGE(3, 2, 1, 1) }, DRAWN },
    { "large", { IMAGE(2, 3, 67, 65) }, DRAWN },
    { "rank", { { 2, { 3, 4 } } }, .want = NN_ERR_SHAPE },
};

const NnOp nn_op_max_pool = {
    .name = "max_pool",
    .min_in = 1,
    .max_in = 1,
    .overwrites = 1,
    .attr_size = sizeof(NnPoolAttr),
    .shape = max_pool_shape,
    .saved = max_pool_saved,
    .kernels = NN_LIST(max_pool_kernels),
    .cases = NN_LIST(max_pool_cases),
};

const NnOp nn_op_avg_pool = {
    .name = "avg_pool",
    .min_in = 1,
    .max_in = 1,
    .overwrites = 1,
    .attr_size = sizeof(NnPoolAttr),
    .shape = avg_pool_shape,
    .kernels = NN_LIST(avg_pool_kernels),
    .cases = NN_LIST(avg_pool_cases),
};

const NnOp nn_op_global_avg_pool = {
    .name = "global_avg_pool",
    .min_in = 1,
    .max_in = 1,
    .overwrites = 1,
    .shape = global_avg_pool_shape,
    .kernels = NN_LIST(global_avg_pool_kernels),
    .cases = NN_LIST(global_avg_pool_cases),
};

NnVar nn_max_pool(NnGraph *g, NnVar x, NnPoolAttr attr)
{
    return nn_graph_apply(g, &nn_op_max_pool, &attr, 1, &x);
}

NnVar nn_avg_pool(NnGraph *g, NnVar x, NnPoolAttr attr)
{
    return nn_graph_apply(g, &nn_op_avg_pool, &attr, 1, &x);
}

NnVar nn_global_avg_pool(NnGraph *g, NnVar x)
{
    return nn_graph_apply(g, &nn_op_global_avg_pool, NULL, 1, &x);
}
