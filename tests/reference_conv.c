/* reference_conv.c -- all products of a convolution, in double.
 *
 * One row of x, as one tap of the kernel sees it, meets one row of y of each output at a time: the innermost loops run
 * along rows, and layers of real size cost little. */
#include "tests/reference_conv.h"

#include <stdlib.h>

#include "nn/base/parallel.h"
#include "tests/check_main.h"

/* What a row of y sees of a row of x: columns first .. end-1 of y, the others look past the edge. The doubles are
 * indexed by the column of y. */
typedef struct {
    int first, end;
    double *x, *dx;
} Sight;

/* The arrays that the outputs of one group share, at their first output. Outputs are `plane` apart in y and dy,
 * `kernel` apart in w and dw. */
typedef struct {
    int n;
    size_t plane, kernel;
    const float *w, *dy;
    double *y, *dw;
} Outputs;

NN_KERNEL_CLONES static void meet(const Sight *s, const Outputs *o)
{
    for (int k = 0; k < o->n; k++) {
        const size_t row = (size_t)k * o->plane, at = (size_t)k * o->kernel;
        const double w = o->w ? (double)o->w[at] : 0;
        const float *dy = o->dy ? o->dy + row : NULL;
        double *y = o->y ? o->y + row : NULL, *x = s->x, *dx = s->dx;
        if (y)
            for (int j = s->first; j < s->end; j++) y[j] += w * x[j];
        if (dx && dy)
            for (int j = s->first; j < s->end; j++) dx[j] += w * (double)dy[j];
        if (o->dw && dy) {
            double sums[8] = { 0 };
            int j = s->first;
            for (; j + 8 <= s->end; j += 8)
                for (int l = 0; l < 8; l++) sums[l] += x[j + l] * (double)dy[j + l];
            for (; j < s->end; j++) sums[0] += x[j] * (double)dy[j];
            for (int l = 0; l < 8; l++) o->dw[at] += sums[l];
        }
    }
}

/* Column of x that column j of y sees through column v of the kernel; -1: none. */
static int column(const NnConvGeom *g, int j, int v)
{
    const int at = j * g->stride - g->pad + v * g->dilation;
    return at < 0 || at >= g->W * g->upsample ? -1 : at / g->upsample;
}

static void look(const NnConvGeom *g, int v, const float *x, Sight *s)
{
    for (s->first = 0; s->first < g->Wo && column(g, s->first, v) < 0;) s->first++;
    for (s->end = g->Wo; s->end > s->first && column(g, s->end - 1, v) < 0;) s->end--;
    for (int j = s->first; j < s->end; j++) {
        if (x) s->x[j] = (double)x[column(g, j, v)];
        if (s->dx) s->dx[j] = 0;
    }
}

/* Channel c of image n, seen through element (u,v) of the kernel. */
static void one_tap(const NnConvGeom *g, int n, int c, int u, int v, const float *x, double *dx, Outputs o, Sight *s)
{
    for (int i = 0; i < g->Ho; i++) {
        const int at = i * g->stride - g->pad + u * g->dilation;
        if (at < 0 || at >= g->H * g->upsample) continue;
        const size_t row = (size_t)((n * g->C + c) * g->H + at / g->upsample) * (size_t)g->W;
        Outputs here = o;
        if (o.y) here.y += i * g->Wo;
        if (o.dy) here.dy += i * g->Wo;
        look(g, v, x ? x + row : NULL, s);
        meet(s, &here);
        for (int j = s->first; dx && j < s->end; j++) dx[row + (size_t)column(g, j, v)] += s->dx[j];
    }
}

void reference_conv(const NnConvGeom *g, const float *x, const float *w, const float *dy, double *y, double *dx,
                    double *dw)
{
    double *rows = calloc(2 * (size_t)g->Wo, sizeof *rows);
    ck_assert(rows != NULL);
    Sight s = { .x = rows, .dx = dx ? rows + g->Wo : NULL };
    const size_t plane = (size_t)g->Ho * (size_t)g->Wo, kernel = (size_t)g->K, taps = (size_t)g->Kh * (size_t)g->Kw;
    for (int n = 0; n < g->N; n++)
        for (int c = 0; c < g->C; c++)
            for (int t = 0; t < g->Kh * g->Kw; t++) {
                const int first = c / g->Cg * g->Og;
                const size_t map = (size_t)(n * g->O + first) * plane;
                const size_t at = (size_t)first * kernel + (size_t)(c % g->Cg) * taps + (size_t)t;
                const Outputs o = { .n = g->Og,
                                    .plane = plane,
                                    .kernel = kernel,
                                    .w = y || dx ? w + at : NULL,
                                    .dy = dx || dw ? dy + map : NULL,
                                    .y = y ? y + map : NULL,
                                    .dw = dw ? dw + at : NULL };
                one_tap(g, n, c, t / g->Kw, t % g->Kw, y || dw ? x : NULL, dx, o, &s);
            }
    free(rows);
}
