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

enum { LANES = 16, LARGE = 16, NARROW = 8 };

/* What a thread works with. Rows of the image take turns in `size` slots, each of `stride` phases. */
typedef struct {
    int n, pitch; /* outputs of a row and places of a phase, in whole vectors */
    float outside;
    float *slots, *line;
    float *first; /* [n]: the first column of the window that is inside */
    float *y, *won;
    int offset[LARGE]; /* in a slot, of each column of the windows */
} Rows;

/* What the windows of a row of outputs have in their places inside the image, in reading order. */
typedef struct {
    int count, before; /* before: places above the image */
    const float *at[LARGE * LARGE + 2];
} Places;

int nn_pool_rows_fit(const NnPoolGeom *g)
{
    return g->a.stride <= 2 && g->a.size <= LARGE && g->Wo >= NARROW;
}

NN_KERNEL_PART size_t slot_len(const NnPoolGeom *g, const Rows *s)
{
    return (size_t)g->a.stride * (size_t)s->pitch;
}

/* The lengths alone. */
static Rows rows_measure(const NnPoolGeom *g)
{
    Rows s = { .n = nn_ceil_div(g->Wo, LANES) * LANES };
    s.pitch = nn_ceil_div(s.n + (g->a.size - 1) / g->a.stride, LANES) * LANES;
    return s;
}

static Rows rows_make(const NnPoolGeom *g, float outside, float *scratch)
{
    Rows s = rows_measure(g);
    s.outside = outside;
    s.slots = scratch;
    s.line = s.slots + (size_t)g->a.size * slot_len(g, &s);
    s.first = s.line + slot_len(g, &s);
    s.y = s.first + s.n, s.won = s.y + s.n;
    for (int v = 0; v < g->a.size; v++) s.offset[v] = v % g->a.stride * s.pitch + v / g->a.stride;
    for (int j = 0; j < s.n; j++) s.first[j] = (float)nn_max_int(0, g->a.pad - j * g->a.stride);
    return s;
}

size_t nn_pool_rows_scratch(const NnPoolGeom *g)
{
    const Rows s = rows_measure(g);
    return nn_align_line((size_t)(g->a.size + 1) * slot_len(g, &s) + 3 * (size_t)s.n);
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

/* Go to output row i. Image rows before `next` have been split, as far as they are needed; returns the new `next`. */
NN_KERNEL_PART int go_to_row(const NnPoolGeom *g, const Rows *s, const float *x, int i, int next, Places *p)
{
    const int corner = i * g->a.stride - g->a.pad, bottom = nn_min_int(g->H, corner + g->a.size);
    const int top = nn_max_int(0, corner);
    p->count = 0, p->before = (top - corner) * g->a.size;
    for (int r = top, turn = top % g->a.size; r < bottom; r++, turn = turn + 1 < g->a.size ? turn + 1 : 0) {
        float *slot = s->slots + (size_t)turn * slot_len(g, s);
        if (r >= next) split_row(g, s, x + (size_t)r * (size_t)g->W, slot);
        for (int v = 0; v < g->a.size; v++) p->at[p->count++] = slot + s->offset[v];
    }
    return bottom;
}

/* Three places at a time: then the row comes and goes seldom. x: the places; index: of the first. */
NN_KERNEL_PART void raise_three(float *restrict top, float *restrict won, const float *const *x, int n, float index)
{
    const float *restrict a = x[0], *restrict b = x[1], *restrict c = x[2];
    for (int j = 0; j < n; j++) {
        const float t0 = top[j], t1 = a[j] > t0 ? a[j] : t0, t2 = b[j] > t1 ? b[j] : t1, t3 = c[j] > t2 ? c[j] : t2;
        const float w1 = a[j] > t0 ? index : won[j], w2 = b[j] > t1 ? index + 1 : w1;
        won[j] = c[j] > t2 ? index + 2 : w2;
        top[j] = t3;
    }
}

/* -infinity wins nothing, not even against a window of nothing else: the first place inside has won from the start. */
NN_KERNEL_PART void max_row(const Rows *s, Places *p)
{
    for (int j = 0; j < s->n; j++) s->y[j] = -INFINITY, s->won[j] = s->first[j] + (float)p->before;
    const float *last = p->at[p->count - 1];
    p->at[p->count] = p->at[p->count + 1] = last; /* which cannot win again */
    for (int k = 0; k < p->count; k += 3) raise_three(s->y, s->won, p->at + k, s->n, (float)(p->before + k));
}

NN_KERNEL_CLONES
static void max_plane(const NnPoolGeom *g, const Rows *s, const float *x, float *y, float *won)
{
    Places p;
    for (int i = 0, next = 0; i < g->Ho; i++, y += g->Wo) {
        next = go_to_row(g, s, x, i, next, &p);
        max_row(s, &p);
        memcpy(y, s->y, sizeof *y * (size_t)g->Wo);
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
    Places p;
    for (int i = 0, next = 0; i < g->Ho; i++, y += g->Wo) {
        next = go_to_row(g, s, x, i, next, &p);
        for (int j = 0; j < s->n; j++) s->y[j] = 0;
        for (int k = 0; k < p.count; k++) add_to(s->y, p.at[k], s->n);
        for (int j = 0; j < g->Wo; j++) y[j] = s->y[j] * scale;
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

NN_KERNEL_CLONES
static int has_nan(const float *x, size_t n)
{
    int found = 0;
    for (size_t i = 0; i < n; i++) found |= x[i] != x[i];
    return found;
}

int nn_pool_rows_max(const NnPoolGeom *g, const float *x, float *y, float *won, float *scratch)
{
    if (has_nan(x, (size_t)g->H * (size_t)g->W)) return 0;
    const Rows s = rows_make(g, -INFINITY, scratch);
    max_plane(g, &s, x, y, won);
    return 1;
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
