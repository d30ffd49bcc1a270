/* conv_depthwise.c -- the method for one input channel per group, by direct loops: products with an inner length of
 * Kh Kw would starve a matrix multiplication. Every plane is one thread's, every sum has a fixed order. */
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/conv_method.h"

/* One tap (u,v) at one output row i: which columns it reaches, and where it reads. */
typedef struct {
    NnRange cols;
    size_t start; /* pixel of the input plane under column cols.a */
} RowTap;

static RowTap row_tap(const NnConvGeom *g, int i, int u, int v)
{
    const int row = i * g->stride - g->pad + u * g->dilation, offset = v * g->dilation - g->pad;
    if (row < 0 || row >= g->H) return (RowTap){ { 0, 0 }, 0 };
    const NnRange c = nn_tap_range(offset, g->stride, g->W, 0, g->Wo);
    if (c.a == c.b) return (RowTap){ c, 0 };
    return (RowTap){ c, (size_t)row * (size_t)g->W + (size_t)(c.a * g->stride + offset) };
}

/* The three inner loops: y row += w x row, x row += w y row, and the dot product of the two. */
static inline void row_gather(float *y, const float *x, int stride, float w, int n)
{
    for (int j = 0; j < n; j++) y[j] += w * x[j * stride];
}

static inline void row_scatter(float *x, const float *y, int stride, float w, int n)
{
    for (int j = 0; j < n; j++) x[j * stride] += w * y[j];
}

/* Eight running sums keep the order fixed and still fill a vector register. */
static inline float row_dot(const float *x, const float *y, int stride, int n)
{
    float lane[8] = { 0 }, sum = 0;
    int j = 0;
    for (; j + 8 <= n; j += 8)
        for (int l = 0; l < 8; l++) lane[l] += x[(j + l) * stride] * y[j + l];
    for (; j < n; j++) sum += x[j * stride] * y[j];
    for (int l = 0; l < 8; l++) sum += lane[l];
    return sum;
}

NN_KERNEL_CLONES
static void forward_plane(const NnConvGeom *g, const float *x, const float *w, float *y)
{
    for (int i = 0; i < g->Ho; i++) {
        float *row = y + (size_t)i * (size_t)g->Wo;
        for (int j = 0; j < g->Wo; j++) row[j] = 0;
        for (int u = 0; u < g->Kh; u++)
            for (int v = 0; v < g->Kw; v++) {
                const RowTap t = row_tap(g, i, u, v);
                const int n = t.cols.b - t.cols.a;
                if (g->stride == 1) row_gather(row + t.cols.a, x + t.start, 1, w[u * g->Kw + v], n);
                else row_gather(row + t.cols.a, x + t.start, g->stride, w[u * g->Kw + v], n);
            }
    }
}

NN_KERNEL_CLONES
static void dx_plane(const NnConvGeom *g, const float *w, const float *dy, float *dx)
{
    for (int i = 0; i < g->Ho; i++) {
        const float *row = dy + (size_t)i * (size_t)g->Wo;
        for (int u = 0; u < g->Kh; u++)
            for (int v = 0; v < g->Kw; v++) {
                const RowTap t = row_tap(g, i, u, v);
                const int n = t.cols.b - t.cols.a;
                if (g->stride == 1) row_scatter(dx + t.start, row + t.cols.a, 1, w[u * g->Kw + v], n);
                else row_scatter(dx + t.start, row + t.cols.a, g->stride, w[u * g->Kw + v], n);
            }
    }
}

NN_KERNEL_CLONES
static float dw_tap(const NnConvGeom *g, const float *x, const float *dy, int u, int v)
{
    float sum = 0;
    for (int i = 0; i < g->Ho; i++) {
        const RowTap t = row_tap(g, i, u, v);
        const float *row = dy + (size_t)i * (size_t)g->Wo + t.cols.a;
        const int n = t.cols.b - t.cols.a;
        sum += g->stride == 1 ? row_dot(x + t.start, row, 1, n) : row_dot(x + t.start, row, g->stride, n);
    }
    return sum;
}

static size_t x_plane(const NnConvGeom *g, int n, int c)
{
    return ((size_t)n * (size_t)g->C + (size_t)c) * (size_t)g->H * (size_t)g->W;
}

static size_t y_plane(const NnConvGeom *g, int n, int o)
{
    return ((size_t)n * (size_t)g->O + (size_t)o) * (size_t)g->Ho * (size_t)g->Wo;
}

static int fits(const NnConvGeom *g)
{
    return g->groups > 1 && g->groups == g->C;
}

/* A vector register of products at a time, each loaded and stored once a tap. */
static double cost(const NnConvGeom *g)
{
    return 3 * 0.15e-9 * g->K * (double)g->N * g->O * g->Ho * g->Wo;
}

static size_t scratch_len(const NnConvGeom *g)
{
    (void)g;
    return 0;
}

/* One an image. */
static int slots(const NnConvGeom *g)
{
    return g->N;
}

static void forward(const NnConvGeom *g, const float *x, const float *w, const NnConvEnd *end, float *y, float *scratch)
{
    (void)scratch;
#pragma omp parallel for num_threads(nn_threads()) collapse(2)
    for (int n = 0; n < g->N; n++)
        for (int o = 0; o < g->O; o++) {
            float *plane = y + y_plane(g, n, o);
            forward_plane(g, x + x_plane(g, n, o / g->Og), w + (size_t)o * (size_t)g->K, plane);
            nn_conv_end_run(end, n, g->O, o, plane, (size_t)g->Ho * (size_t)g->Wo);
        }
}

static void input_gradient(const NnConvGeom *g, const float *dy, const float *w, int add, float *dx, float *scratch)
{
    (void)scratch;
#pragma omp parallel for num_threads(nn_threads()) collapse(2)
    for (int n = 0; n < g->N; n++)
        for (int c = 0; c < g->C; c++) {
            float *plane = dx + x_plane(g, n, c);
            if (!add) memset(plane, 0, sizeof *plane * (size_t)g->H * (size_t)g->W);
            for (int o = c * g->Og; o < (c + 1) * g->Og; o++)
                dx_plane(g, w + (size_t)o * (size_t)g->K, dy + y_plane(g, n, o), plane);
        }
}

static void weight_gradient(const NnConvGeom *g, const float *x, const float *dy, float *dw, float *scratch)
{
    (void)scratch;
#pragma omp parallel for num_threads(nn_threads())
    for (int o = 0; o < g->O; o++)
        for (int k = 0; k < g->K; k++) {
            float sum = 0;
            for (int n = 0; n < g->N; n++)
                sum += dw_tap(g, x + x_plane(g, n, o / g->Og), dy + y_plane(g, n, o), k / g->Kw, k % g->Kw);
            dw[(size_t)o * (size_t)g->K + (size_t)k] += sum;
        }
}

const NnConvMethod nn_conv_depthwise = {
    .name = "depthwise",
    .apart = 1,
    .fits = fits,
    .cost = cost,
    .scratch = scratch_len,
    .slots = slots,
    .forward = forward,
    .input_gradient = input_gradient,
    .weight_gradient = weight_gradient,
};
