/* resample.c -- nearest-neighbour upsampling and bilinear resizing; formulas in resample.h. Every plane is one
 * thread's, so that backward adds in a fixed order. */
#include "nn/ops/resample.h"

#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/case_shapes.h"
#include "nn/ops/vec.h"

typedef struct {
    int factor;
} UpsampleAttr;

typedef struct {
    int H, W;
} ResizeAttr;

/* Planes of the input and of the output. */
typedef struct {
    int planes, H, W, Ho, Wo;
    size_t in, out; /* elements of a plane */
} Geom;

static Geom geom_make(NnShape x, NnShape y)
{
    return (Geom){ x.d[0] * x.d[1],
                   x.d[2],
                   x.d[3],
                   y.d[2],
                   y.d[3],
                   (size_t)x.d[2] * (size_t)x.d[3],
                   (size_t)y.d[2] * (size_t)y.d[3] };
}

static NnStatus check_rank(const char *op, NnShape x, NnErr *err)
{
    char text[64];
    if (x.n == 4) return NN_OK;
    return nn_fail(err, NN_ERR_SHAPE, "%s: want images [N,C,H,W], got %s", op, nn_shape_text(x, text));
}

/* ---- nearest ---- */

static NnStatus upsample_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in;
    const int64_t f = ((const UpsampleAttr *)attr)->factor, H = f * xs[0].d[2], W = f * xs[0].d[3];
    NN_TRY(check_rank("upsample_nearest", xs[0], err));
    if (f < 1 || H > INT32_MAX || W > INT32_MAX)
        return nn_fail(err, NN_ERR_SHAPE, "upsample_nearest: factor %d does not suit %dx%d", (int)f, xs[0].d[2],
                       xs[0].d[3]);
    *ys = (NnShape){ 4, { xs[0].d[0], xs[0].d[1], (int32_t)H, (int32_t)W } };
    return nn_shape_check(*ys, err);
}

static inline void repeat_row(const float *x, int W, int f, float *y)
{
    for (int j = 0; j < W; j++)
        for (int v = 0; v < f; v++) y[j * f + v] = x[j];
}

/* dx[j] += sum of its f x f block, whose rows lie Wo apart. */
static inline void sum_blocks(const float *dy, int W, int f, float *dx)
{
    const size_t Wo = (size_t)W * (size_t)f;
    for (int j = 0; j < W; j++) {
        float sum = 0;
        for (int u = 0; u < f; u++)
            for (int v = 0; v < f; v++) sum += dy[(size_t)u * Wo + (size_t)(j * f + v)];
        dx[j] += sum;
    }
}

/* The calls with the common factor 2 spelt out let the compiler vectorise them. */
NN_KERNEL_CLONES
static void upsample_plane(const Geom *g, int f, const float *x, float *y)
{
    for (int i = 0; i < g->H; i++) {
        float *row = y + (size_t)i * (size_t)f * (size_t)g->Wo;
        if (f == 2) repeat_row(x + (size_t)i * (size_t)g->W, g->W, 2, row);
        else repeat_row(x + (size_t)i * (size_t)g->W, g->W, f, row);
        for (int u = 1; u < f; u++) memcpy(row + (size_t)u * (size_t)g->Wo, row, sizeof *row * (size_t)g->Wo);
    }
}

NN_KERNEL_CLONES
static void upsample_plane_backward(const Geom *g, int f, const float *dy, float *dx)
{
    for (int i = 0; i < g->H; i++) {
        const float *row = dy + (size_t)i * (size_t)f * (size_t)g->Wo;
        if (f == 2) sum_blocks(row, g->W, 2, dx + (size_t)i * (size_t)g->W);
        else sum_blocks(row, g->W, f, dx + (size_t)i * (size_t)g->W);
    }
}

static void upsample_forward(const NnFwd *k)
{
    const Geom g = geom_make(k->xs[0], k->ys);
    const int f = ((const UpsampleAttr *)k->attr)->factor;
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)g.planes * g.out > NN_PARALLEL_MIN)
    for (int p = 0; p < g.planes; p++) upsample_plane(&g, f, k->x[0] + (size_t)p * g.in, k->y + (size_t)p * g.out);
}

static void upsample_backward(const NnBwd *k)
{
    const Geom g = geom_make(k->xs[0], k->ys);
    const int f = ((const UpsampleAttr *)k->attr)->factor;
    if (!k->dx[0]) return;
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)g.planes * g.out > NN_PARALLEL_MIN)
    for (int p = 0; p < g.planes; p++) {
        float *dx = k->dx[0] + (size_t)p * g.in;
        if (k->fresh & 1) nn_vec_clear(dx, g.in);
        upsample_plane_backward(&g, f, k->dy + (size_t)p * g.out, dx);
    }
}

static const NnKernel upsample_kernels[] = { { .forward = upsample_forward, .backward = upsample_backward } };

/* ---- bilinear ---- */

static NnStatus resize_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in;
    const ResizeAttr *a = attr;
    NN_TRY(check_rank("resize_bilinear", xs[0], err));
    if (a->H < 1 || a->W < 1)
        return nn_fail(err, NN_ERR_SHAPE, "resize_bilinear: want a size of at least 1x1, got %dx%d", a->H, a->W);
    *ys = (NnShape){ 4, { xs[0].d[0], xs[0].d[1], a->H, a->W } };
    return nn_shape_check(*ys, err);
}

/* Where an output position falls on the input axis: (1 - t) at lo and t at hi. */
typedef struct {
    int lo, hi;
    float t;
} Between;

/* Centres of pixels lie at + 1/2: position = (i + 1/2) in / out - 1/2, clamped to the first and last centre. */
static inline Between between(int i, int in, int out)
{
    const double at = (i + 0.5) * in / out - 0.5;
    const int lo = at < 0 ? 0 : (int)at;
    return (Between){ lo, lo + 1 < in ? lo + 1 : lo, at < 0 ? 0 : (float)(at - lo) };
}

/* Planes are resized in strips of this many output columns, whose tables and rows fit the stack. */
enum { STRIP = 256 };

/* The output columns from j0 on, n of them, and where each falls. Two input rows are held at the output's width, row r
 * in row[r % 2], so that r and r + 1 never share a place; held[] says which rows they are, -1: none. */
typedef struct {
    int j0, n;
    int lo[STRIP], hi[STRIP];
    float t[STRIP];
    int held[2];
    float row[2][STRIP];
} Strip;

NN_KERNEL_PART void strip_start(const Geom *g, int j0, Strip *s)
{
    s->j0 = j0;
    s->n = g->Wo - j0 < STRIP ? g->Wo - j0 : STRIP;
    s->held[0] = s->held[1] = -1;
    for (int j = 0; j < s->n; j++) {
        const Between c = between(j0 + j, g->W, g->Wo);
        s->lo[j] = c.lo, s->hi[j] = c.hi, s->t[j] = c.t;
    }
}

/* Input row r at the output's width. Output rows ask for it many times when a plane grows; it is made once. */
NN_KERNEL_PART const float *widened(const Geom *g, Strip *s, const float *x, int r)
{
    float *row = s->row[r & 1];
    if (s->held[r & 1] == r) return row;
    s->held[r & 1] = r;
    x += (size_t)r * (size_t)g->W;
    for (int j = 0; j < s->n; j++) row[j] = (1 - s->t[j]) * x[s->lo[j]] + s->t[j] * x[s->hi[j]];
    return row;
}

NN_KERNEL_CLONES
static void resize_plane(const Geom *g, const float *x, float *y)
{
    Strip s;
    for (int j0 = 0; j0 < g->Wo; j0 += STRIP) {
        strip_start(g, j0, &s);
        for (int i = 0; i < g->Ho; i++) {
            const Between r = between(i, g->H, g->Ho);
            const float *top = widened(g, &s, x, r.lo), *bottom = widened(g, &s, x, r.hi);
            float *restrict out = y + (size_t)i * (size_t)g->Wo + (size_t)j0;
            for (int j = 0; j < s.n; j++) out[j] = (1 - r.t) * top[j] + r.t * bottom[j];
        }
    }
}

/* The adjoint of `widened`: adds the row that s->row[slot] has gathered into dx, a run of columns with the same `lo`
 * at a time. */
NN_KERNEL_PART void narrow(const Geom *g, const Strip *s, int slot, float *dx)
{
    const float *row = s->row[slot];
    if (s->held[slot] < 0) return;
    dx += (size_t)s->held[slot] * (size_t)g->W;
    for (int j = 0; j < s->n;) {
        const int lo = s->lo[j], hi = s->hi[j];
        float at_lo = 0, at_hi = 0;
        for (; j < s->n && s->lo[j] == lo; j++) {
            at_lo += (1 - s->t[j]) * row[j];
            at_hi += s->t[j] * row[j];
        }
        dx[lo] += at_lo;
        dx[hi] += at_hi;
    }
}

/* What output rows send to input row r is gathered at the output's width, until another row needs the place. */
NN_KERNEL_PART void gather(const Geom *g, Strip *s, const float *restrict dy, float weight, int r, float *dx)
{
    float *row = s->row[r & 1];
    if (s->held[r & 1] != r) {
        narrow(g, s, r & 1, dx);
        s->held[r & 1] = r;
        for (int j = 0; j < s->n; j++) row[j] = weight * dy[j];
    } else {
        for (int j = 0; j < s->n; j++) row[j] += weight * dy[j];
    }
}

NN_KERNEL_CLONES
static void resize_plane_backward(const Geom *g, const float *dy, float *dx)
{
    Strip s;
    for (int j0 = 0; j0 < g->Wo; j0 += STRIP) {
        strip_start(g, j0, &s);
        for (int i = 0; i < g->Ho; i++) {
            const Between r = between(i, g->H, g->Ho);
            const float *d = dy + (size_t)i * (size_t)g->Wo + (size_t)j0;
            gather(g, &s, d, 1 - r.t, r.lo, dx);
            gather(g, &s, d, r.t, r.hi, dx);
        }
        narrow(g, &s, 0, dx);
        narrow(g, &s, 1, dx);
    }
}

static void resize_forward(const NnFwd *k)
{
    const Geom g = geom_make(k->xs[0], k->ys);
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)g.planes * g.out > NN_PARALLEL_MIN)
    for (int p = 0; p < g.planes; p++) resize_plane(&g, k->x[0] + (size_t)p * g.in, k->y + (size_t)p * g.out);
}

static void resize_backward(const NnBwd *k)
{
    const Geom g = geom_make(k->xs[0], k->ys);
    if (!k->dx[0]) return;
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)g.planes * g.out > NN_PARALLEL_MIN)
    for (int p = 0; p < g.planes; p++) {
        float *dx = k->dx[0] + (size_t)p * g.in;
        if (k->fresh & 1) nn_vec_clear(dx, g.in);
        resize_plane_backward(&g, k->dy + (size_t)p * g.out, dx);
    }
}

static const NnKernel resize_kernels[] = { { .forward = resize_forward, .backward = resize_backward } };

/* ---- tests ---- */

/* clang-format off */
#define FACTOR(f) &(const UpsampleAttr){ f }
#define SIZE(h, w) &(const ResizeAttr){ h, w }
/* clang-format on */

static const NnOpCase upsample_cases[] = {
    { "by hand",
      { IMAGE(1, 1, 1, 2) },
      .attr = FACTOR(2),
      .in = { (const float[]){ 3, 7 } },
      .y = (const float[]){ 3, 3, 7, 7, 3, 3, 7, 7 },
      .dx0 = (const float[]){ 4, 4 } },
    { "factor 2", { IMAGE(2, 3, 4, 5) }, DRAWN, .attr = FACTOR(2) },
    { "factor 3", { IMAGE(1, 2, 3, 2) }, DRAWN, .attr = FACTOR(3) },
    { "factor 1", { IMAGE(1, 2, 3, 2) }, DRAWN, .attr = FACTOR(1) },
    { "large", { IMAGE(2, 3, 33, 35) }, DRAWN, .attr = FACTOR(2) },
    { "rank", { { 2, { 4, 5 } } }, .attr = FACTOR(2), .want = NN_ERR_SHAPE },
    { "factor 0", { IMAGE(1, 1, 2, 2) }, .attr = FACTOR(0), .want = NN_ERR_SHAPE },
};

static const NnOpCase resize_cases[] = {
    /* Outputs sit at -1/4, 1/4, 3/4, 5/4 of the input axis; the outer two are clamped. */
    { "by hand, up",
      { IMAGE(1, 1, 1, 2) },
      .attr = SIZE(1, 4),
      .in = { (const float[]){ 0, 4 } },
      .y = (const float[]){ 0, 1, 3, 4 },
      .dx0 = (const float[]){ 2, 2 } },
    { "by hand, down",
      { IMAGE(1, 1, 2, 2) },
      .attr = SIZE(1, 1),
      .in = { (const float[]){ 1, 2, 3, 6 } },
      .y = (const float[]){ 3 },
      .dx0 = (const float[]){ .25f, .25f, .25f, .25f } },
    { "up", { IMAGE(2, 2, 3, 4) }, DRAWN, .attr = SIZE(7, 12) },
    { "down", { IMAGE(1, 2, 9, 8) }, DRAWN, .attr = SIZE(4, 3) },
    { "up and down", { IMAGE(1, 2, 5, 6) }, DRAWN, .attr = SIZE(11, 4) },
    { "same", { IMAGE(1, 2, 3, 4) }, DRAWN, .attr = SIZE(3, 4) },
    { "from one pixel", { IMAGE(2, 1, 1, 1) }, DRAWN, .attr = SIZE(3, 5) },
    { "large", { IMAGE(2, 3, 33, 35) }, DRAWN, .attr = SIZE(67, 65) },
    { "wider than a strip", { IMAGE(1, 2, 3, 5) }, DRAWN, .attr = SIZE(4, 2 * STRIP + 7) },
    { "down to more than a strip", { IMAGE(1, 1, 5, 3 * STRIP) }, DRAWN, .attr = SIZE(2, STRIP + 9) },
    { "rank", { { 3, { 2, 4, 5 } } }, .attr = SIZE(2, 2), .want = NN_ERR_SHAPE },
    { "no rows", { IMAGE(1, 1, 2, 2) }, .attr = SIZE(0, 2), .want = NN_ERR_SHAPE },
};

const NnOp nn_op_upsample_nearest = {
    .name = "upsample_nearest",
    .min_in = 1,
    .max_in = 1,
    .overwrites = 1,
    .attr_size = sizeof(UpsampleAttr),
    .shape = upsample_shape,
    .kernels = NN_LIST(upsample_kernels),
    .cases = NN_LIST(upsample_cases),
};

const NnOp nn_op_resize_bilinear = {
    .name = "resize_bilinear",
    .min_in = 1,
    .max_in = 1,
    .overwrites = 1,
    .attr_size = sizeof(ResizeAttr),
    .shape = resize_shape,
    .kernels = NN_LIST(resize_kernels),
    .cases = NN_LIST(resize_cases),
};

NnVar nn_upsample_nearest(NnGraph *g, NnVar x, int factor)
{
    return nn_graph_apply(g, &nn_op_upsample_nearest, &(const UpsampleAttr){ factor }, 1, &x);
}

int nn_upsample_factor(const NnNode *node)
{
    return node->op == &nn_op_upsample_nearest ? ((const UpsampleAttr *)node->attr)->factor : 0;
}

NnVar nn_resize_bilinear(NnGraph *g, NnVar x, int H, int W)
{
    return nn_graph_apply(g, &nn_op_resize_bilinear, &(const ResizeAttr){ H, W }, 1, &x);
}
