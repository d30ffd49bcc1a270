/* pool_rows.c -- see pool_rows.h.
 *
 * A row of outputs reads `size` rows of the image. They are kept padded, and split by column % stride, so that what all
 * the windows of the row have in one place lies side by side:
 *
 *      size 3, stride 2, pad 1               windows        phase 0   . b d f        left place    . b d
 *      . a b c d e f                       [. a b]          phase 1   a c e          middle place  a c e
 *                                              [b c d]                               right place   b d f
 *                                                  [d e f]
 *
 * Places are taken in reading order, each for the whole row. Rows above and below the image are left out; columns
 * beside it hold a value that changes nothing. */
#include "nn/ops/pool_rows.h"

#include <math.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/cut.h"
#include "nn/ops/im2col.h"

enum { VECTOR = 16, SIZE_MAX_ROWS = 16, NARROW = 8 };

/* What a thread works with. Rows of the image take turns in `size` slots, each of `stride` phases. */
typedef struct {
    int n, pitch; /* outputs of a row and places of a phase, in whole vectors */
    float outside;
    float *slots, *line, *top, *won;
} Rows;

int nn_pool_rows_fit(const NnPoolGeom *g)
{
    return g->a.stride <= 2 && g->a.size <= SIZE_MAX_ROWS && g->Wo >= NARROW;
}

static size_t slot_len(const NnPoolGeom *g, const Rows *s)
{
    return (size_t)g->a.stride * (size_t)s->pitch;
}

/* scratch may be NULL, for the lengths alone. */
static Rows rows_make(const NnPoolGeom *g, float outside, float *scratch)
{
    Rows s = { .n = nn_ceil_div(g->Wo, VECTOR) * VECTOR, .outside = outside };
    s.pitch = nn_ceil_div(s.n + (g->a.size - 1) / g->a.stride, VECTOR) * VECTOR;
    if (!scratch) return s;
    s.slots = scratch;
    s.line = s.slots + (size_t)g->a.size * slot_len(g, &s);
    s.top = s.line + slot_len(g, &s);
    s.won = s.top + s.n;
    return s;
}

size_t nn_pool_rows_scratch(const NnPoolGeom *g)
{
    const Rows s = rows_make(g, 0, NULL);
    return nn_align_line((size_t)(g->a.size + 1) * slot_len(g, &s) + 2 * (size_t)s.n);
}

NN_KERNEL_PART void fill(float *to, int n, float value)
{
    for (int i = 0; i < n; i++) to[i] = value;
}

/* One row of the image into its slot. */
NN_KERNEL_PART void split_row(const NnPoolGeom *g, const Rows *s, const float *x, float *restrict slot)
{
    const int len = g->a.stride * s->pitch, pad = g->a.pad, inside = nn_min_int(g->W, len - pad);
    float *restrict line = g->a.stride == 1 ? slot : s->line;
    fill(line, pad, s->outside);
    memcpy(line + pad, x, sizeof *x * (size_t)inside);
    fill(line + pad + inside, len - pad - inside, s->outside);
    if (g->a.stride == 1) return;
    for (int q = 0; q < s->pitch; q++) {
        slot[q] = line[2 * q];
        slot[s->pitch + q] = line[2 * q + 1];
    }
}

/* Rows from `next` to `bottom` into their slots; returns the next one. */
NN_KERNEL_PART int split_rows(const NnPoolGeom *g, const Rows *s, const float *x, int next, int bottom)
{
    for (; next < bottom; next++)
        split_row(g, s, x + (size_t)next * (size_t)g->W, s->slots + (size_t)(next % g->a.size) * slot_len(g, s));
    return next;
}

/* What the windows of a row have in column v of image row r. */
NN_KERNEL_PART const float *place(const NnPoolGeom *g, const Rows *s, int r, int v)
{
    const float *slot = s->slots + (size_t)(r % g->a.size) * slot_len(g, s);
    return slot + (size_t)(v % g->a.stride) * (size_t)s->pitch + v / g->a.stride;
}

/* -infinity wins nothing, not even against a window of nothing else: the first place inside has won from the start. */
NN_KERNEL_PART void start_max(const NnPoolGeom *g, const Rows *s, int top)
{
    const int above = nn_max_int(0, -top) * g->a.size;
    fill(s->top, s->n, -INFINITY);
    for (int j = 0; j < s->n; j++) s->won[j] = (float)(above + nn_max_int(0, g->a.pad - j * g->a.stride));
}

NN_KERNEL_PART void raise_max(float *restrict top, float *restrict won, const float *restrict x, int n, float index)
{
    for (int j = 0; j < n; j++) {
        const int wins = !(x[j] <= top[j]) & (top[j] == top[j]); /* a NaN wins, and stays */
        top[j] = wins ? x[j] : top[j];
        won[j] = wins ? index : won[j];
    }
}

NN_KERNEL_CLONES
static void max_plane(const NnPoolGeom *g, const Rows *s, const float *x, float *y, float *won)
{
    for (int i = 0, next = 0; i < g->Ho; i++) {
        const int top = i * g->a.stride - g->a.pad, bottom = nn_min_int(g->H, top + g->a.size);
        next = split_rows(g, s, x, nn_max_int(next, top), bottom);
        start_max(g, s, top);
        for (int r = nn_max_int(0, top); r < bottom; r++)
            for (int v = 0; v < g->a.size; v++)
                raise_max(s->top, s->won, place(g, s, r, v), s->n, (float)((r - top) * g->a.size + v));
        memcpy(y + (size_t)i * (size_t)g->Wo, s->top, sizeof *y * (size_t)g->Wo);
        if (won) memcpy(won + (size_t)i * (size_t)g->Wo, s->won, sizeof *won * (size_t)g->Wo);
    }
}

NN_KERNEL_PART void add_to(float *restrict sum, const float *restrict x, int n)
{
    for (int j = 0; j < n; j++) sum[j] += x[j];
}

NN_KERNEL_CLONES
static void average_plane(const NnPoolGeom *g, const Rows *s, const float *x, float *y)
{
    const float scale = 1 / ((float)g->a.size * (float)g->a.size);
    for (int i = 0, next = 0; i < g->Ho; i++) {
        const int top = i * g->a.stride - g->a.pad, bottom = nn_min_int(g->H, top + g->a.size);
        next = split_rows(g, s, x, nn_max_int(next, top), bottom);
        fill(s->top, s->n, 0);
        for (int r = nn_max_int(0, top); r < bottom; r++)
            for (int v = 0; v < g->a.size; v++) add_to(s->top, place(g, s, r, v), s->n);
        for (int j = 0; j < g->Wo; j++) y[(size_t)i * (size_t)g->Wo + (size_t)j] = s->top[j] * scale;
    }
}

/* A pixel gets what it gets from window after window: the last column first. */
NN_KERNEL_PART void spread_row(const NnPoolGeom *g, int stride, const float *dy, float scale, float *row)
{
    for (int v = g->a.size - 1; v >= 0; v--) {
        const int offset = v - g->a.pad;
        const NnRange in = nn_tap_range(offset, stride, g->W, 0, g->Wo);
        for (int j = in.a; j < in.b; j++) row[j * stride + offset] += dy[j] * scale;
    }
}

NN_KERNEL_CLONES
static void average_plane_backward(const NnPoolGeom *g, const float *restrict dy, float *restrict dx)
{
    const float scale = 1 / ((float)g->a.size * (float)g->a.size);
    for (int i = 0; i < g->Ho; i++, dy += g->Wo) {
        const int top = i * g->a.stride - g->a.pad, bottom = nn_min_int(g->H, top + g->a.size);
        for (int r = nn_max_int(0, top); r < bottom; r++) {
            float *row = dx + (size_t)r * (size_t)g->W;
            if (g->a.stride == 1) spread_row(g, 1, dy, scale, row);
            else spread_row(g, 2, dy, scale, row);
        }
    }
}

void nn_pool_rows_max(const NnPoolGeom *g, const float *x, float *y, float *won, float *scratch)
{
    const Rows s = rows_make(g, -INFINITY, scratch);
    max_plane(g, &s, x, y, won);
}

void nn_pool_rows_average(const NnPoolGeom *g, const float *x, float *y, float *scratch)
{
    const Rows s = rows_make(g, 0, scratch);
    average_plane(g, &s, x, y);
}

void nn_pool_rows_average_backward(const NnPoolGeom *g, const float *dy, float *dx)
{
    average_plane_backward(g, dy, dx);
}
