/* conv_polyphase.c -- 3x3 convolution with stride 2, or of an image enlarged twice, with fewer multiplications: minimal
 * filtering (Winograd; Toom, Cook) of interleaved grids. Forward and input gradient are here; the weight gradient is
 * in conv_winograd_weights.c, or of few channels with stride 2 in conv_direct_weights.c.
 *
 * A tile owns some places of the axis that is read, and writes some places of the other. In one dimension:
 *
 *      enlarged twice, then 3 taps             places of the image   a  b  c  d      patch of the tile that owns b, c
 *                                              enlarged            a a b b c c d d
 *                                              4 outputs               . . . .
 *
 *      values V = (a - c,  b + c,  c - b,  d - b)               y0 = m1 + m2 + m0     5 products instead of 8
 *      m0 = w0 V0   m1 = (w0 + w1 + w2)/2 V1   m4 = w2 V3       y1 = m1 - m3          (12 without sharing taps)
 *      m2 = (w0 - w1 - w2)/2 V2                                 y2 = m1 - m2
 *      m3 = (w0 + w1 - w2)/2 V2                                 y3 = m1 + m3 + m4
 *
 *      3 taps, stride 2                        places of the image   a A b B c       patch of the tile that owns A .. c
 *                                              2 outputs               .   .
 *
 *      values V = (a - b, A - B, b, B, c - b)                   y0 = m0 + m1          5 products instead of 6
 *      m0 = w0 V0 + w1 V1   m1 = (w0 + w2) V2 + w1 V3   m2 = w2 V4           y1 = m1 + m2
 *
 * Products may share a value, as m2 and m3 of the first, or be terms of the same sum; in an input gradient, the one
 * becomes the other. Rows and columns are separate: a value of two dimensions is a value of values, so that 25 products
 * do what 64 (16 outputs of an enlargement), or 36 (4 of stride 2) did.
 *
 * For each pair of sums, M = U V is a matrix product [O,K] x [K,tiles], in which K counts the channels of all values
 * that are terms of it. An item of work is some rows of tiles, over image borders if a row is short: all of its V, and
 * of M a block of outputs, stay in a second-level cache. While it multiplies, it asks the memory for what comes next:
 * asked for all at once, that would keep the CPU waiting.
 *
 * An infinity becomes NaN wherever its patch reaches, and so does NaN: never fewer than in a plain sum. */
#include <omp.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/conv_direct_weights.h"
#include "nn/ops/conv_method.h"
#include "nn/ops/conv_polyphase_cut.h"
#include "nn/ops/conv_tiles.h"
#include "nn/ops/conv_winograd.h"
#include "nn/ops/cut.h"
#include "nn/ops/micro.h"

enum { GROUP = NN_POLY_GROUP, MAX = NN_POLY_MAX, LINE = 16 };
_Static_assert((int)NN_POLY_TAPS == (int)NN_WINO_TAPS && (int)NN_POLY_GROUP == (int)NN_WINO_GROUP,
               "nn_winograd_taps gathers for both");

typedef NnPolyAxis Scheme;
typedef NnPolyConv Conv;
typedef NnPolyCut Cut;
typedef NnPolyJob Job;

/* The formulas are in micro_polyphase_body.h. */
static const Scheme schemes[NN_POLY_SCHEMES] = {
    [NN_POLY_UP] = { 2, 1, 1, 4, 4, 5, 5, { 0, 1, 2, 2, 3 }, { 0, 1, 2, 3, 4 } },
    [NN_POLY_UP_BACK] = { 4, 1, 1, 2, 5, 5, 4, { 0, 1, 2, 3, 4 }, { 0, 1, 2, 2, 3 } },
    [NN_POLY_STRIDE] = { 4, 1, 0, 2, 5, 5, 3, { 0, 1, 2, 3, 4 }, { 0, 0, 1, 1, 2 } },
    [NN_POLY_STRIDE_BACK] = { 2, 0, 1, 4, 3, 5, 5, { 0, 0, 1, 1, 2 }, { 0, 1, 2, 3, 4 } },
};

/* A thread's buffers. */
typedef struct {
    float *V, *M, *stage, *out, *copy, *zeros;
} Slice;

static int is_enlarged(const NnConvGeom *g)
{
    return g->upsample == 2;
}

static Conv forward_conv(const NnConvGeom *g)
{
    const NnPolyScheme s = is_enlarged(g) ? NN_POLY_UP : NN_POLY_STRIDE;
    return (Conv){ &schemes[s], &nn_micro()->polyphase[s], g->N, g->C,   g->H, g->W, g->O, g->Ho,
                   g->Wo,       (size_t)g->C * 9,          9,    g->norm };
}

static Conv backward_conv(const NnConvGeom *g)
{
    const NnPolyScheme s = is_enlarged(g) ? NN_POLY_UP_BACK : NN_POLY_STRIDE_BACK;
    return (Conv){ &schemes[s], &nn_micro()->polyphase[s], g->N, g->O, g->Ho, g->Wo, g->C, g->H, g->W,
                   9,           (size_t)g->C * 9,          NULL };
}

/* ---- scratch ---- */

static float *take(float *base, size_t *used, size_t n)
{
    float *at = base ? base + *used : NULL;
    *used += nn_align_line(n);
    return at;
}

/* Lays out a thread's buffers; returns the floats they take. base may be NULL. */
static size_t slice_make(const Conv *k, const Cut *c, float *base, Slice *s)
{
    size_t n = 0;
    s->V = take(base, &n, c->v_len);
    s->M = take(base, &n, (size_t)c->jobs * c->m);
    s->stage = take(base, &n, (size_t)k->scheme->values * c->stage);
    s->out = take(base, &n, (size_t)k->scheme->tile * c->out);
    s->copy = take(base, &n, (size_t)(nn_min_int(c->rows, c->tiles_h) * k->scheme->step + 2) * c->copy);
    s->zeros = take(base, &n, c->copy);
    return n;
}

static size_t slice_len(const Conv *k, const Cut *c)
{
    Slice s;
    return slice_make(k, c, NULL, &s);
}

/* U, two masks, then a slice for each thread. */
static size_t masks_at(const Cut *c)
{
    return nn_align_line(c->u_len);
}

static size_t slices_at(const Cut *c)
{
    return masks_at(c) + 2 * (size_t)c->P;
}

static size_t conv_scratch(const Conv *k)
{
    const Cut c = nn_poly_cut(k);
    return slices_at(&c) + (size_t)nn_threads() * slice_len(k, &c) + NN_MICRO_SLACK;
}

/* ---- weights ---- */

/* U [job][group][K][8]; 0 where there is no such output. */
static void transform_weights(const Conv *k, const Cut *c, const float *w, float *U)
{
    const int products = k->scheme->products * k->scheme->products;
#pragma omp parallel for num_threads(nn_threads())
    for (int group = 0; group < c->groups; group++) {
        size_t at[NN_POLY_PAIRS];
        for (int i = 0; i < products; i++) {
            const Job *job = &c->job[c->job_of[i]];
            at[i] = job->u + (size_t)(group * job->K + c->term[i] * k->C) * GROUP;
        }
        const int outputs = nn_min_int(GROUP, k->O - group * GROUP);
        float taps[NN_POLY_TAPS * GROUP] = { 0 };
        for (int ch = 0; ch < k->C; ch++) {
            nn_winograd_taps(w + (size_t)(group * GROUP) * k->w_o, k->w_o, k->w_c, outputs, ch, k->C, taps);
            k->micro->weights(taps, U + ch * GROUP, at);
        }
    }
}

/* ---- one item ---- */

/* All of one call, and of one item. */
typedef struct {
    const Conv *k;
    const Cut *c;
    const float *x, *U;
    const int32_t *masks;
    const NnConvEnd *end; /* or NULL */
    int add;
    float *y;
} Run;

typedef struct {
    int number, row0, rows; /* of tiles */
} Item;

/* There may be no such item: then it has no rows. */
static Item item_at(const Conv *k, const Cut *c, int item)
{
    const int row0 = item * c->rows;
    return (Item){ item, row0, nn_max_int(0, nn_min_int(c->rows, k->N * c->tiles_h - row0)) };
}

/* n rows of W floats, normalised or not, to rows of `pitch` floats that end in zeros. */
NN_KERNEL_CLONES
static void copy_rows(const float *from, int n, int W, const NnNormChannel *norm, float *to, size_t pitch)
{
    for (int y = 0; y < n; y++, from += W, to += pitch) {
        if (norm)
            for (int x = 0; x < W; x++) to[x] = nn_norm_value(from[x], *norm);
        else
            for (int x = 0; x < W; x++) to[x] = from[x];
        for (size_t x = (size_t)W; x < pitch; x++) to[x] = 0;
    }
}

/* The first half of V of one channel of a span: down the columns, into the stage. */
static void transform_span(const Run *run, const Slice *s, const float *plane, const NnNormChannel *norm,
                           NnTileSpan span)
{
    const Conv *k = run->k;
    const Scheme *sch = k->scheme;
    const int patch = sch->before + sch->step + sch->behind, width = sch->step * run->c->tiles_w;
    const int y0 = nn_max_int(0, sch->step * span.i0 - sch->before);
    const int y1 = nn_min_int(k->H, sch->step * span.i1 + sch->behind);
    const float *from = plane + (size_t)y0 * (size_t)k->W;
    size_t pitch = (size_t)k->W;
    if (norm || k->W % LINE) {
        copy_rows(from, y1 - y0, k->W, norm, s->copy, run->c->copy);
        from = s->copy, pitch = run->c->copy;
    }
    for (int i = span.i0; i < span.i1; i++) {
        const float *row[MAX];
        for (int q = 0; q < patch; q++) {
            const int y = sch->step * i - sch->before + q;
            row[q] = y < y0 || y >= y1 ? s->zeros : from + (size_t)(y - y0) * pitch;
        }
        k->micro->down(row, width, s->stage + (span.at + i - span.i0) * width, run->c->stage);
    }
}

/* V of one channel. */
static void transform_channel(const Run *run, const Slice *s, Item item, int ch)
{
    const Conv *k = run->k;
    const Cut *c = run->c;
    const NnNormChannel norm = k->norm ? nn_norm_channel(k->norm, ch) : (NnNormChannel){ 0 };
    for (int r = 0; r < item.rows;) {
        const NnTileSpan span = nn_tiles_span(c->tiles_h, item.row0, item.rows, r);
        const size_t plane = (size_t)span.n * (size_t)k->C + (size_t)ch;
        transform_span(run, s, run->x + plane * (size_t)k->H * (size_t)k->W, k->norm ? &norm : NULL, span);
        r += span.i1 - span.i0;
    }
    k->micro->across(s->stage, c->stage, c->P, run->masks, run->masks + c->P, s->V + (size_t)ch * (size_t)c->P,
                     c->v_at);
}

/* M [job][block][8][P] of groups g0 <= g < g1; meanwhile, in turn, asks for two pieces of memory. */
static void multiply(const Run *run, const Slice *s, int g0, int g1, NnTileAhead ahead[2])
{
    const Cut *c = run->c;
    for (int j = 0, call = 0; j < c->jobs; j++)
        for (int g = g0; g < g1; g++, call++) {
            const Job *job = &c->job[j];
            const float *U = run->U + job->u + (size_t)g * (size_t)job->K * GROUP, *piece = U;
            const size_t bytes = nn_tiles_ahead_take(&ahead[call % 2], &piece);
            nn_micro()->product(job->K, c->P, s->V + job->v, U,
                                s->M + (size_t)j * c->m + (size_t)((g - g0) * GROUP) * (size_t)c->P, piece, bytes);
        }
}

/* One plane's rows of a span. */
static void put_rows(const Run *run, const float *out, NnTileSpan span, float *plane)
{
    const int tile = run->k->scheme->tile, Wo = run->k->Wo;
    for (int i = span.i0; i < span.i1; i++)
        for (int q = 0; q < nn_min_int(tile, run->k->Ho - tile * i); q++) {
            float *to = plane + (size_t)(tile * i + q) * (size_t)Wo;
            const float *row = out + (size_t)q * run->c->out + (span.at + i - span.i0) * tile * run->c->tiles_w;
            nn_tiles_put_row(row, run->add, to, Wo);
        }
}

/* One channel of y, image by image. */
static void finish_channel(const Run *run, const Slice *s, Item item, const float *M, int o)
{
    const Conv *k = run->k;
    const Cut *c = run->c;
    k->micro->output(M, c->m, c->P, s->out, c->out);
    for (int r = 0; r < item.rows;) {
        const NnTileSpan span = nn_tiles_span(c->tiles_h, item.row0, item.rows, r);
        const int y0 = k->scheme->tile * span.i0, y1 = nn_min_int(k->Ho, k->scheme->tile * span.i1);
        float *plane = run->y + ((size_t)span.n * (size_t)k->O + (size_t)o) * (size_t)k->Ho * (size_t)k->Wo;
        put_rows(run, s->out, span, plane);
        if (run->end)
            nn_conv_end_run(run->end, item.number, k->O, o, plane + (size_t)y0 * (size_t)k->Wo,
                            (size_t)(y1 - y0) * (size_t)k->Wo);
        r += span.i1 - span.i0;
    }
}

/* next: the item that this thread will probably do then. */
static void run_item(const Run *run, const Slice *s, Item item, Item next)
{
    const Conv *k = run->k;
    const Cut *c = run->c;
    NnTileAhead ahead[2] = {
        { run->y, k->O, k->Ho, k->Wo, k->scheme->tile, c->tiles_h, item.row0, item.rows, .ch = 0 },
        { run->x, k->C, k->H, k->W, k->scheme->step, c->tiles_h, next.row0, next.rows, .ch = 0 },
    };
    if (run->end && run->end->moments)
        memset(run->end->moments + (size_t)(item.number * k->O) * 3, 0, sizeof(float) * (size_t)k->O * 3);
    for (int ch = 0; ch < k->C; ch++) transform_channel(run, s, item, ch);
    nn_tiles_ahead_start(&ahead[1], 0, k->C, c->jobs * c->groups / 2);
    for (int g0 = 0; g0 < c->groups; g0 += c->block) {
        const int g1 = nn_min_int(c->groups, g0 + c->block), o1 = nn_min_int(k->O, g1 * GROUP);
        nn_tiles_ahead_start(&ahead[0], g0 * GROUP, o1, c->jobs * (g1 - g0) / 2);
        multiply(run, s, g0, g1, ahead);
        for (int o = g0 * GROUP; o < o1; o++)
            finish_channel(run, s, item, s->M + (size_t)(o - g0 * GROUP) * (size_t)c->P, o);
    }
}

/* -1 for tiles that have a neighbour before, then for those that have one behind, in their row. */
static void make_masks(const Cut *c, int32_t *masks)
{
    for (int p = 0; p < c->P; p++) {
        masks[p] = p % c->tiles_w ? -1 : 0;
        masks[c->P + p] = (p + 1) % c->tiles_w ? -1 : 0;
    }
}

static void run_all(const Conv *k, const float *x, const float *w, const NnConvEnd *end, int add, float *y,
                    float *scratch)
{
    const Cut c = nn_poly_cut(k);
    const size_t slice = slice_len(k, &c);
    float *U = scratch, *slices = scratch + slices_at(&c);
    int32_t *masks = (void *)(scratch + masks_at(&c));
    const Run run = { k, &c, x, U, masks, end, add, y };
    transform_weights(k, &c, w, U);
    make_masks(&c, masks);
#pragma omp parallel num_threads(nn_threads())
    {
        Slice s;
        slice_make(k, &c, slices + (size_t)omp_get_thread_num() * slice, &s);
        memset(s.zeros, 0, sizeof *s.zeros * c.copy);
#pragma omp for schedule(dynamic)
        for (int i = 0; i < c.items; i++)
            run_item(&run, &s, item_at(k, &c, i), item_at(k, &c, i + omp_get_num_threads()));
    }
}

/* ---- the method ---- */

static int fits(const NnConvGeom *g)
{
    return g->Kh == 3 && g->Kw == 3 && g->pad == 1 && g->dilation == 1 && g->groups == 1 &&
           ((g->stride == 2 && g->upsample == 1) || (g->stride == 1 && g->upsample == 2));
}

/* Do so many channels fill pairs of vectors, or nearly? */
static int fills(int channels)
{
    const int pair = 2 * LINE;
    return 8 * channels >= 7 * pair * nn_ceil_div(channels, pair);
}

/* Tiles save 11 of 36 products with stride 2, but compute with channels that are not there. */
static int weights_by_tiles(const NnConvGeom *g)
{
    return is_enlarged(g) || (fills(g->C) && fills(g->O));
}

/* Direct's weight gradient is a third of direct; gain: how much faster tiles are, measured. */
static double cost(const NnConvGeom *g)
{
    const Conv f = forward_conv(g), b = backward_conv(g);
    const double gain = is_enlarged(g) ? 1.4 : weights_by_tiles(g) ? 1.1 : 1;
    return nn_poly_cost(&f) + nn_poly_cost(&b) + nn_conv_direct.cost(g) / 3 / gain;
}

static NnWeightsTransform weights_transform(const NnConvGeom *g)
{
    const Conv k = forward_conv(g);
    const Scheme *s = k.scheme;
    return (NnWeightsTransform){ .step = s->step,
                                 .patch = s->before + s->step + s->behind,
                                 .tile = s->tile,
                                 .chunk = 48,
                                 .values = s->values,
                                 .sums = s->sums,
                                 .products = s->products,
                                 .value = s->value,
                                 .sum = s->sum,
                                 .to_values = k.micro->patch,
                                 .to_sums = k.micro->tile,
                                 .to_taps = k.micro->back };
}

static size_t scratch(const NnConvGeom *g)
{
    const NnWeightsTransform t = weights_transform(g);
    const Conv f = forward_conv(g), b = backward_conv(g);
    size_t most = weights_by_tiles(g) ? nn_winograd_weights_scratch(&t, g) : nn_direct_weights_scratch(g);
    if (conv_scratch(&f) > most) most = conv_scratch(&f);
    if (conv_scratch(&b) > most) most = conv_scratch(&b);
    return most;
}

static int slots(const NnConvGeom *g)
{
    const Conv k = forward_conv(g);
    return nn_poly_cut(&k).items;
}

static void forward(const NnConvGeom *g, const float *x, const float *w, const NnConvEnd *end, float *y,
                    float *scratch_)
{
    const Conv k = forward_conv(g);
    run_all(&k, x, w, end, 0, y, scratch_);
}

static void input_gradient(const NnConvGeom *g, const float *dy, const float *w, int add, float *dx, float *scratch_)
{
    const Conv k = backward_conv(g);
    run_all(&k, dy, w, NULL, add, dx, scratch_);
}

static void weight_gradient(const NnConvGeom *g, const float *x, const float *dy, float *dw, float *scratch_)
{
    const NnWeightsTransform t = weights_transform(g);
    if (weights_by_tiles(g)) nn_winograd_to_weights(&t, g, x, dy, dw, scratch_);
    else nn_direct_weights(g, x, dy, dw, scratch_);
}

const NnConvMethod nn_conv_polyphase = { .name = "polyphase",
                                         .apart = 1,
                                         .fits = fits,
                                         .cost = cost,
                                         .scratch = scratch,
                                         .slots = slots,
                                         .forward = forward,
                                         .input_gradient = input_gradient,
                                         .weight_gradient = weight_gradient };
