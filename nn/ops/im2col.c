/* im2col.c -- copies between images and column matrices; see im2col.h.
 *
 * One row of the column matrix belongs to one tap (c,u,v) and is the image plane c, shifted by (u,v) and thinned by
 * the stride. So it is made of whole runs of pixels, never of single ones: which part of a row lies inside the image
 * is worked out once per tap, and the rest is a plain loop.
 *
 *        image plane, W = 5, 3x3 taps, pad 1              row (c, u=0, v=0) of col, "one up, one left"
 *
 *        a b c d e                                          0 0 0 0 0 | 0 a b c d | 0 f g h i
 *        f g h i j          shifted by (-1,-1)              ^ outside   ^ edge column
 *        k l m n o
 *
 * With stride 1 and Wo = W the shifted rows follow each other in both places: one long copy, then zeros are put
 * into the edge column.
 *
 * Under `upsample` f the plane is f times as large, and is not made either: its pixel (i,j) is pixel (i / f, j / f). */
#include "nn/ops/im2col.h"

#include <string.h>

#include "nn/base/parallel.h"

NnConvGeom nn_conv_geom(NnShape image, NnShape map, NnShape w, const NnConvAttr *attr)
{
    NnConvGeom g = { .N = image.d[0], .C = image.d[1], .H = image.d[2], .W = image.d[3] };
    g.O = map.d[1], g.Ho = map.d[2], g.Wo = map.d[3];
    g.Kh = w.d[2], g.Kw = w.d[3];
    g.stride = attr->stride, g.pad = attr->pad, g.dilation = attr->dilation, g.groups = attr->groups;
    g.upsample = attr->upsample > 1 ? attr->upsample : 1;
    g.Cg = g.C / g.groups, g.Og = g.O / g.groups, g.K = g.Cg * g.Kh * g.Kw;
    return g;
}

static int clamp(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

NnRange nn_tap_range(int offset, int stride, int size, int begin, int end)
{
    const int first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
    const int last = size - 1 < offset ? -1 : (size - 1 - offset) / stride;
    const int a = clamp(first, begin, end);
    return (NnRange){ a, clamp(last + 1, a, end) };
}

/* One tap of one image of the tile: which rows and columns of the tile it fills from the image. */
typedef struct {
    NnRange rows, cols; /* relative to the tile */
    int row, col;       /* pixel of the (enlarged) plane that tile position (rows.a, cols.a) reads */
    size_t start;       /* the same as an index, where nothing is enlarged */
    int unbroken;       /* rows follow each other without a gap on both sides */
} Tap;

static Tap tap_make(const NnConvGeom *g, const NnConvTile *t, int u, int v)
{
    const int s = g->stride, di = u * g->dilation - g->pad, dj = v * g->dilation - g->pad;
    const NnRange r = nn_tap_range(di, s, g->H * g->upsample, t->i0, t->i0 + t->rows);
    const NnRange c = nn_tap_range(dj, s, g->W * g->upsample, t->j0, t->j0 + t->cols);
    Tap p = { .rows = { r.a - t->i0, r.b - t->i0 }, .cols = { c.a - t->j0, c.b - t->j0 } };
    p.unbroken = s == 1 && g->upsample == 1 && t->cols == g->W;
    if (c.a == c.b) p.rows.b = p.rows.a; /* nothing inside: no rows */
    if (p.rows.a == p.rows.b) return p;
    p.row = r.a * s + di, p.col = c.a * s + dj;
    p.start = (size_t)p.row * (size_t)g->W + (size_t)p.col;
    return p;
}

/* Elements from the first to one past the last one inside, counting the edges between rows. */
static size_t tap_run(const Tap *p, int cols)
{
    return (size_t)(p->rows.b - p->rows.a - 1) * (size_t)cols + (size_t)(p->cols.b - p->cols.a);
}

/* Zero what a tap leaves out, between rows.a and rows.b. */
static inline void zero_edges(const Tap *p, float *dst, int cols)
{
    for (int i = p->rows.a; i < p->rows.b; i++) {
        for (int j = 0; j < p->cols.a; j++) dst[i * cols + j] = 0;
        for (int j = p->cols.b; j < cols; j++) dst[i * cols + j] = 0;
    }
}

static inline void gather_rows(const Tap *p, const float *plane, int W, int stride, float *dst, int cols)
{
    const float *src = plane + p->start;
    const int n = p->cols.b - p->cols.a;
    for (int i = p->rows.a; i < p->rows.b; i++, src += (size_t)stride * (size_t)W)
        for (int j = 0; j < n; j++) dst[i * cols + p->cols.a + j] = src[j * stride];
}

static inline void scatter_rows(const Tap *p, const float *src, int cols, int stride, float *plane, int W)
{
    float *dst = plane + p->start;
    const int n = p->cols.b - p->cols.a;
    for (int i = p->rows.a; i < p->rows.b; i++, dst += (size_t)stride * (size_t)W)
        for (int j = 0; j < n; j++) dst[j * stride] += src[i * cols + p->cols.a + j];
}

/* dst[j] = src[(at + j) / f], whole blocks of f in a loop of their own. */
static inline void enlarge_row(const float *src, int at, int f, float *dst, int n)
{
    int j = 0;
    for (; j < n && (at + j) % f != 0; j++) dst[j] = src[at / f];
    const int blocks = (n - j) / f, end = j + blocks * f;
    const float *from = src + (at + j) / f;
    for (int b = 0; b < blocks; b++)
        for (int v = 0; v < f; v++) dst[j + b * f + v] = from[b];
    for (j = end; j < n; j++) dst[j] = from[blocks];
}

/* dst[(at + j) / f] += src[j]. */
static inline void shrink_row(float *dst, int at, int f, const float *src, int n)
{
    int j = 0;
    for (; j < n && (at + j) % f != 0; j++) dst[at / f] += src[j];
    const int blocks = (n - j) / f, end = j + blocks * f;
    float *to = dst + (at + j) / f;
    for (int b = 0; b < blocks; b++) {
        float sum = 0;
        for (int v = 0; v < f; v++) sum += src[j + b * f + v];
        to[b] += sum;
    }
    for (j = end; j < n; j++) to[blocks] += src[j];
}

/* As above, from and to a plane enlarged f times (stride 1). */
static inline void gather_enlarged(const Tap *p, const float *plane, int W, int f, float *dst, int cols)
{
    const int n = p->cols.b - p->cols.a;
    for (int i = p->rows.a; i < p->rows.b; i++) {
        const int row = p->row + i - p->rows.a;
        float *to = dst + i * cols + p->cols.a;
        if (i > p->rows.a && row % f != 0) memcpy(to, to - cols, sizeof *to * (size_t)n);
        else enlarge_row(plane + (size_t)(row / f) * (size_t)W, p->col, f, to, n);
    }
}

static inline void scatter_enlarged(const Tap *p, const float *src, int cols, int f, float *plane, int W)
{
    for (int i = p->rows.a; i < p->rows.b; i++)
        shrink_row(plane + (size_t)((p->row + i - p->rows.a) / f) * (size_t)W, p->col, f, src + i * cols + p->cols.a,
                   p->cols.b - p->cols.a);
}

/* The calls with common strides and factors spelt out let the compiler vectorise those loops. */
static inline void gather_tap(const Tap *p, const NnConvGeom *g, const float *plane, float *dst, int rows, int cols)
{
    memset(dst, 0, sizeof *dst * (size_t)(p->rows.a * cols));
    memset(dst + p->rows.b * cols, 0, sizeof *dst * (size_t)((rows - p->rows.b) * cols));
    if (p->rows.a == p->rows.b) return;
    if (p->unbroken) memcpy(dst + p->rows.a * cols + p->cols.a, plane + p->start, sizeof *dst * tap_run(p, cols));
    else if (g->upsample == 2) gather_enlarged(p, plane, g->W, 2, dst, cols);
    else if (g->upsample > 1) gather_enlarged(p, plane, g->W, g->upsample, dst, cols);
    else if (g->stride == 1) gather_rows(p, plane, g->W, 1, dst, cols);
    else if (g->stride == 2) gather_rows(p, plane, g->W, 2, dst, cols);
    else gather_rows(p, plane, g->W, g->stride, dst, cols);
    zero_edges(p, dst, cols);
}

static inline void scatter_tap(const Tap *p, const NnConvGeom *g, float *src, float *plane, int cols)
{
    if (p->rows.a == p->rows.b) return;
    if (p->unbroken) {
        zero_edges(p, src, cols); /* so that the long run adds nothing across the edges */
        const size_t n = tap_run(p, cols);
        const float *from = src + p->rows.a * cols + p->cols.a;
        float *to = plane + p->start;
        for (size_t i = 0; i < n; i++) to[i] += from[i];
    } else if (g->upsample == 2) scatter_enlarged(p, src, cols, 2, plane, g->W);
    else if (g->upsample > 1) scatter_enlarged(p, src, cols, g->upsample, plane, g->W);
    else if (g->stride == 1) scatter_rows(p, src, cols, 1, plane, g->W);
    else if (g->stride == 2) scatter_rows(p, src, cols, 2, plane, g->W);
    else scatter_rows(p, src, cols, g->stride, plane, g->W);
}

static size_t plane_index(const NnConvGeom *g, int n, int group, int c)
{
    return ((size_t)n * (size_t)g->C + (size_t)(group * g->Cg + c)) * (size_t)g->H * (size_t)g->W;
}

NN_KERNEL_CLONES
static void gather_tile(const NnConvGeom *g, const float *image, int group, const NnConvTile *t, float *col)
{
    const int area = t->rows * t->cols;
    for (int u = 0; u < g->Kh; u++)
        for (int v = 0; v < g->Kw; v++) {
            const Tap tap = tap_make(g, t, u, v);
            for (int c = 0; c < g->Cg; c++) {
                float *row = col + (size_t)((c * g->Kh + u) * g->Kw + v) * (size_t)(t->images * area);
                for (int m = 0; m < t->images; m++)
                    gather_tap(&tap, g, image + plane_index(g, t->n0 + m, group, c), row + m * area, t->rows, t->cols);
            }
        }
}

NN_KERNEL_CLONES
static void scatter_tile(const NnConvGeom *g, float *col, int group, const NnConvTile *t, float *image)
{
    const int area = t->rows * t->cols;
    for (int u = 0; u < g->Kh; u++)
        for (int v = 0; v < g->Kw; v++) {
            const Tap tap = tap_make(g, t, u, v);
            for (int c = 0; c < g->Cg; c++) {
                float *row = col + (size_t)((c * g->Kh + u) * g->Kw + v) * (size_t)(t->images * area);
                for (int m = 0; m < t->images; m++)
                    scatter_tap(&tap, g, row + m * area, image + plane_index(g, t->n0 + m, group, c), t->cols);
            }
        }
}

/* Cloned functions stay private: clang 14 gives a public one another name. */
void nn_im2col(const NnConvGeom *g, const float *image, int group, const NnConvTile *t, float *col)
{
    gather_tile(g, image, group, t, col);
}

void nn_col2im(const NnConvGeom *g, float *col, int group, const NnConvTile *t, float *image)
{
    scatter_tile(g, col, group, t, image);
}
