/* conv_winograd.c -- 3x3 convolution with a quarter of the multiplications: F(4x4,3x3) of Winograd's minimal filtering
 * (Lavin, Gray: "Fast Algorithms for Convolutional Neural Networks", CVPR 2016). Forward and input gradient are here,
 * the weight gradient is in conv_winograd_weights.c.
 *
 * The output is cut into tiles of 4 x 4, each of which reads a patch of 6 x 6; patches overlap by 2:
 *
 *      image, pad 1                              output                 one tile, all channels
 *      . . . . . . . . . .                    +-------+-------+         d [C] 6x6 --> V [C] = B^T d B     144 sums
 *      . a a a a A A b b b                    | tile  | tile  |         w [O,C] 3x3 > U [O,C] = G g G^T   once a call
 *      . a a a a A A b b b   A: in the        |   a   |   b   |         M [O] = sum over c of U[O,c] V[c] elementwise
 *      . a a a a A A b b b   patches of       |       |       |         y [O] 4x4 = A^T M A               100 sums
 *      . a a a a A A b b b   both tiles       +-------+-------+
 *      . c c c c C C d d d                    |   c   |   d   |         36 products of a channel and an output,
 *                                                                       where 16 outputs of 9 taps take 144
 *
 *            4  0 -5  0  1  0             1/4    0    0
 *            0 -4 -4  1  1  0            -1/6 -1/6 -1/6             1  1  1  1  1  0
 *      B^T = 0  4 -4 -1  1  0       G =  -1/6  1/6 -1/6      A^T =  0  1 -1  2 -2  0
 *            0 -2 -1  2  1  0            1/24 1/12  1/6             0  1  1  4  4  0
 *            0  2 -1 -2  1  0            1/24 -1/12 1/6             0  1 -1  8 -8  1
 *            0  4  0 -5  0  1               0    0    1
 *
 * For each of the 36 frequencies, M = U V is a matrix product [O,C] x [C,tiles]. An item of work is some rows of tiles,
 * over image borders if a row is short: of M a block of outputs stays in a second-level cache, and V of up to a hundred
 * channels does; of more, it is asked for in advance. Where weights are many and tiles few (512 channels of 4 x 4), U
 * would be what comes and goes: there V is made of all tiles first, and an item is a block of outputs, whose U and M
 * stay near. Both ways give the same bits.
 *
 * Tiles are the lanes of the vectors. B^T d goes down the columns of the image, row by row, into the stage, in which
 * every column stands once; (B^T d) B goes across, where a tile has only its own 4 columns. The outer two of its patch
 * are the last of the tile in the lane before and the first of the tile in the lane behind, or 0 where a mask says that
 * its row of tiles begins or ends there:
 *
 *      stage     a1 a2 a3 a4 | b1 b2 b3 b4 | c1 c2 c3 c4        patch of b     a4 b1 b2 b3 b4 c1
 *
 * The input gradient is the same with rotated weights, padding 2 - pad, and C and O exchanged.
 *
 * Rounding, against double and relative to the largest element: at most 5e-6 with 32 channels, 1e-5 with 128, 2e-5 with
 * 256, where a plain sum has 1e-6; root mean square 2e-7 to 7e-7. Weight gradients 2e-6 to 5e-6.
 * An infinity becomes NaN wherever its patch reaches, and so does NaN: never fewer than in a plain sum. */
#include <omp.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/conv_method.h"
#include "nn/ops/conv_tiles.h"
#include "nn/ops/conv_winograd.h"
#include "nn/ops/cut.h"
#include "nn/ops/micro.h"

enum {
    TILE = NN_WINO_TILE,
    PATCH = NN_WINO_PATCH,
    FREQS = NN_WINO_FREQS,
    GROUP = NN_WINO_GROUP,
    LINE = 16,
    M_MAX = 64 * 1024,   /* floats of M that stay in a second-level cache of 1 MiB, beside V and U */
    V_NEAR = 192 * 1024, /* floats of V that stay in it: more are asked for in advance */
    U_NEAR = 256 * 1024, /* floats of U beyond which it has to come from further away */
    BLOCK = 400 * 1024,  /* floats of U and M of a block of outputs: V is read less often if some of M is far, too */
    SHARES = 4,          /* blocks come in fours: two or four threads have as many each */
    AHEAD = 8,           /* channels whose taps are asked for in advance */
    TILES = 48,          /* of an item, roughly: more would not fit there, fewer would read U too often */
    FEW_TILES = 128      /* at most of an item that is a block of outputs */
};

/* y [N,O,Ho,Wo] from x [N,C,H,W]. Weights [o][c] lie at w + o w_o + c w_c, rotated or not. */
typedef struct {
    int N, C, H, W, O, Ho, Wo, pad;
    size_t w_o, w_c;
    int rotated;
} Conv;

/* How it is cut. Floats of an item's buffers are pitches times their count. */
typedef struct {
    int tiles_h, tiles_w; /* of an image */
    int rows, items;      /* rows of tiles in an item, counted through all images */
    int P;                /* tiles of an item, rounded up to whole vectors of any length */
    int first;            /* column of a row of tiles where the image begins: patches begin 1 before their tile */
    int skip;             /* columns of a row's first tile that the output does not have */
    int groups, block;    /* groups of 8 outputs; how many of them share M */
    int by_outputs;       /* items are blocks of outputs, of all tiles */
    size_t u, v, m;       /* from one frequency to the next */
    size_t stage;         /* from one row of the half-transformed band to the next */
} Cut;

/* A thread's buffers. */
typedef struct {
    float *U, *V, *M, *stage, *out, *zeros;
    int32_t *left, *right; /* [P]: is there a tile on that side of this one? */
} Slice;

static Conv conv_forward(const NnConvGeom *g)
{
    return (Conv){ g->N, g->C, g->H, g->W, g->O, g->Ho, g->Wo, g->pad, (size_t)g->C * 9, 9, 0 };
}

static Conv conv_backward(const NnConvGeom *g)
{
    return (Conv){ g->N, g->O, g->Ho, g->Wo, g->C, g->H, g->W, 2 - g->pad, 9, (size_t)g->C * 9, 1 };
}

/* U is further away than a second-level cache, and V of all tiles is small: at most three quarters of U, for one. */
static int is_by_outputs(const Conv *k, const Cut *c)
{
    const int64_t tiles = (int64_t)k->N * c->tiles_h * c->tiles_w, outputs = (int64_t)GROUP * c->groups;
    return FREQS * outputs * k->C > U_NEAR && tiles <= FEW_TILES && 4 * tiles <= 3 * outputs;
}

static Cut cut_make(const Conv *k)
{
    Cut c = { .first = k->pad == 2, .skip = k->pad == 0 };
    c.tiles_h = nn_ceil_div(k->Ho, TILE), c.tiles_w = nn_ceil_div(k->Wo + 2 * c.skip, TILE);
    c.groups = nn_ceil_div(k->O, GROUP);
    c.by_outputs = is_by_outputs(k, &c);
    c.rows = c.by_outputs ? k->N * c.tiles_h : nn_tiles_rows(c.tiles_w, k->N * c.tiles_h, TILES + LINE - 1);
    c.P = nn_ceil_div(c.rows * c.tiles_w, LINE) * LINE;
    const int most = c.by_outputs ? BLOCK / (FREQS * GROUP) / (k->C + c.P) : M_MAX / (FREQS * GROUP) / c.P;
    const int blocks = nn_ceil_div(c.groups, nn_max_int(1, most));
    c.items = c.by_outputs ? nn_min_int(c.groups, nn_ceil_div(blocks, SHARES) * SHARES)
                           : nn_ceil_div(k->N * c.tiles_h, c.rows);
    c.block = nn_ceil_div(c.groups, c.by_outputs ? c.items : blocks);
    /* A line more, so that frequencies do not share the same few sets of a cache. */
    c.u = (size_t)(c.by_outputs ? c.block : c.groups) * (size_t)k->C * GROUP + LINE;
    c.v = (size_t)k->C * (size_t)c.P + LINE;
    c.m = (size_t)(c.block * GROUP) * (size_t)c.P + LINE;
    c.stage = TILE * (size_t)c.P + LINE;
    return c;
}

static float *take(float *base, size_t *used, size_t n)
{
    float *at = base ? base + *used : NULL;
    *used += nn_align_line(n);
    return at;
}

/* What all threads share: V of all tiles, or U of all outputs. */
static size_t shared_len(const Cut *c)
{
    return nn_align_line(FREQS * (c->by_outputs ? c->v : c->u));
}

/* Lays out a thread's buffers but for what it shares; returns the floats they take. base may be NULL. */
static size_t slice_make(const Conv *k, const Cut *c, float *base, Slice *s)
{
    size_t n = 0;
    if (c->by_outputs) s->U = take(base, &n, FREQS * c->u);
    else s->V = take(base, &n, FREQS * c->v);
    s->M = take(base, &n, FREQS * c->m);
    s->stage = take(base, &n, PATCH * c->stage);
    s->out = take(base, &n, TILE * c->stage);
    s->zeros = take(base, &n, (size_t)k->W);
    s->left = (void *)take(base, &n, (size_t)c->P);
    s->right = (void *)take(base, &n, (size_t)c->P);
    return n;
}

static size_t slice_len(const Conv *k, const Cut *c)
{
    Slice s;
    return slice_make(k, c, NULL, &s);
}

static size_t conv_scratch(const Conv *k)
{
    const Cut c = cut_make(k);
    return shared_len(&c) + (size_t)nn_threads() * slice_len(k, &c) + NN_MICRO_SLACK;
}

/* ---- weights ---- */

void nn_winograd_taps(const float *w, size_t w_o, size_t w_c, int outputs, int ch, int channels, float *taps)
{
    const float *at = w + (size_t)ch * w_c;
    if (ch + AHEAD < channels)
        for (int o = 0; o < outputs; o++) __builtin_prefetch(at + AHEAD * w_c + (size_t)o * w_o, 0, 2);
    nn_micro()->transpose(outputs, NN_WINO_TAPS, at, w_o, taps, GROUP);
}

/* U [36][groups][C][8], of one group at `to`; 0 where there is no such output. */
static void transform_group(const Conv *k, const Cut *c, const float *w, int group, float *to)
{
    enum { LAST = (NN_WINO_TAPS - 1) * GROUP };
    const NnMicroWinograd *wino = nn_micro()->winograd;
    const float *from = w + (size_t)(group * GROUP) * k->w_o;
    const int outputs = nn_min_int(GROUP, k->O - group * GROUP);
    float taps[NN_WINO_TAPS * GROUP] = { 0 };
    for (int ch = 0; ch < k->C; ch++, to += GROUP) {
        nn_winograd_taps(from, k->w_o, k->w_c, outputs, ch, k->C, taps);
        wino->weights(k->rotated ? taps + LAST : taps, k->rotated ? -GROUP : GROUP, to, c->u);
    }
}

static float *group_at(const Conv *k, float *U, int group)
{
    return U + (size_t)group * (size_t)k->C * GROUP;
}

/* ---- one item ---- */

/* The image rows that a row of tiles reads. */
static void find_rows(const Conv *k, const float *plane, int tile_row, const float *zeros, const float *row[PATCH])
{
    for (int q = 0; q < PATCH; q++) {
        const int y = tile_row * TILE - k->pad + q;
        row[q] = y < 0 || y >= k->H ? zeros : plane + (size_t)y * (size_t)k->W;
    }
}

/* Zeros beside a row of the band that has just been written. */
static void finish_row(const Conv *k, const Cut *c, float *at)
{
    for (int i = 0; i < PATCH; i++, at += c->stage) {
        for (int x = 0; x < c->first; x++) at[x] = 0;
        for (int x = c->first + k->W; x < TILE * c->tiles_w; x++) at[x] = 0;
    }
}

/* Ask for the rows y0 .. y1 - 1 of the channel that comes next: channels are too short for the CPU to foresee it. */
static void prefetch_rows(const float *plane, int y0, int y1, int H, int W, int write)
{
    const char *at = (const char *)(plane + (size_t)nn_max_int(0, y0) * (size_t)W);
    const char *end = (const char *)(plane + (size_t)nn_min_int(H, y1) * (size_t)W);
    for (; at < end; at += LINE * sizeof(float))
        if (write) __builtin_prefetch(at, 1, 2);
        else __builtin_prefetch(at, 0, 2);
}

/* V of one channel. */
static void transform_channel(const Conv *k, const Cut *c, const Slice *s, const float *x, int ch, int row0, int rows)
{
    const NnMicroWinograd *wino = nn_micro()->winograd;
    const size_t plane = (size_t)k->H * (size_t)k->W;
    for (int r = 0; r < rows; r++) {
        const int n = (row0 + r) / c->tiles_h;
        const int i = (row0 + r) % c->tiles_h;
        const float *row[PATCH], *from = x + ((size_t)n * (size_t)k->C + (size_t)ch) * plane;
        find_rows(k, from, i, s->zeros, row);
        if (ch + 1 < k->C)
            prefetch_rows(from + plane, TILE * i - k->pad + (r ? 2 : 0), TILE * i - k->pad + PATCH, k->H, k->W, 0);
        float *at = s->stage + r * TILE * c->tiles_w;
        wino->down(row, k->W, at + c->first, c->stage);
        finish_row(k, c, at);
    }
    wino->across(s->stage, c->stage, s->left, s->right, c->P, s->V + (size_t)ch * (size_t)c->P, c->v);
}

/* M [36][block][8][P] of some groups, the first of which is at U. Where V is far, each product asks for its share of
 * the next frequency's (or, in blocks of one or two groups, for as many lines of it as it has steps); the last one's
 * next is the first, for the block that follows. */
static void multiply(const Conv *k, const Cut *c, const Slice *s, float *U, int groups)
{
    const size_t share = FREQS * c->v > V_NEAR ? (c->v + (size_t)groups - 1) / (size_t)groups : 0;
    for (size_t f = 0; f < FREQS; f++) {
        const float *next = s->V + (f + 1) % FREQS * c->v;
        for (int g = 0; g < groups; g++, next += share)
            nn_micro()->product(k->C, c->P, s->V + f * c->v, group_at(k, U, g) + f * c->u,
                                s->M + f * c->m + (size_t)(g * GROUP) * (size_t)c->P, next, share * sizeof *next);
    }
}

/* Rows of tiles i0 <= i < i1 of one plane of y; `from` points at the first of them in the transformed output. */
static void put_rows(const Conv *k, const Cut *c, const float *from, int i0, int i1, int add, float *plane)
{
    for (int i = i0; i < i1; i++, from += TILE * c->tiles_w)
        for (int q = 0; q < nn_min_int(TILE, k->Ho - TILE * i); q++) {
            float *to = plane + (size_t)(TILE * i + q) * (size_t)k->Wo;
            nn_tiles_put_row(from + (size_t)q * c->stage + c->skip, add, to, k->Wo);
        }
}

typedef struct {
    const NnConvEnd *end; /* or NULL */
    int add;
    float *y;
} Target;

/* One channel of y, image by image. */
static void finish_channel(const Conv *k, const Cut *c, const Slice *s, const float *M, int o, int row0, int rows,
                           const Target *to)
{
    nn_micro()->winograd->output(M, c->m, c->P, s->out, c->stage);
    for (int r = row0, next; r < row0 + rows; r = next) {
        const int n = r / c->tiles_h, i0 = r % c->tiles_h;
        next = nn_min_int(row0 + rows, (n + 1) * c->tiles_h);
        float *plane = to->y + ((size_t)n * (size_t)k->O + (size_t)o) * (size_t)k->Ho * (size_t)k->Wo;
        put_rows(k, c, s->out + (r - row0) * TILE * c->tiles_w, i0, i0 + next - r, to->add, plane);
        const int y0 = TILE * i0, y1 = nn_min_int(k->Ho, TILE * (i0 + next - r));
        if (o + 1 < k->O) prefetch_rows(plane + (size_t)k->Ho * (size_t)k->Wo, y0, y1, k->Ho, k->Wo, 1);
        if (to->end)
            nn_conv_end_run(to->end, row0 / c->rows, k->O, o, plane + (size_t)y0 * (size_t)k->Wo,
                            (size_t)(y1 - y0) * (size_t)k->Wo);
    }
}

/* Groups g0 .. g1 - 1 of the outputs of some rows of tiles, whose V is there. U: of the first. */
static void run_block(const Conv *k, const Cut *c, const Slice *s, float *U, int g0, int g1, int row0, int rows,
                      const Target *to)
{
    const int o1 = nn_min_int(k->O, g1 * GROUP);
    if (to->end && to->end->moments)
        memset(to->end->moments + ((size_t)(row0 / c->rows) * (size_t)k->O + (size_t)(g0 * GROUP)) * 3, 0,
               sizeof(float) * (size_t)(o1 - g0 * GROUP) * 3);
    multiply(k, c, s, U, g1 - g0);
    for (int o = g0 * GROUP; o < o1; o++)
        finish_channel(k, c, s, s->M + (size_t)(o - g0 * GROUP) * (size_t)c->P, o, row0, rows, to);
}

/* Items are rows of tiles: U first, then for each item its V. */
static void run_tiles(const Conv *k, const Cut *c, const Slice *s, const float *x, const float *w, float *U,
                      const Target *to)
{
#pragma omp for
    for (int group = 0; group < c->groups; group++) transform_group(k, c, w, group, group_at(k, U, group));
#pragma omp for schedule(dynamic)
    for (int item = 0; item < c->items; item++) {
        const int row0 = item * c->rows, rows = nn_min_int(c->rows, k->N * c->tiles_h - row0);
        for (int ch = 0; ch < k->C; ch++) transform_channel(k, c, s, x, ch, row0, rows);
        for (int g = 0; g < c->groups; g += c->block)
            run_block(k, c, s, group_at(k, U, g), g, nn_min_int(c->groups, g + c->block), row0, rows, to);
    }
}

/* Of an item that is a block of outputs. */
static int first_group(const Cut *c, int item)
{
    return (int)((int64_t)item * c->groups / c->items);
}

/* Items are blocks of outputs: V first, then for each item its U. */
static void run_outputs(const Conv *k, const Cut *c, const Slice *s, const float *x, const float *w, const Target *to)
{
#pragma omp for
    for (int ch = 0; ch < k->C; ch++) transform_channel(k, c, s, x, ch, 0, c->rows);
#pragma omp for schedule(dynamic)
    for (int item = 0; item < c->items; item++) {
        const int g0 = first_group(c, item), g1 = first_group(c, item + 1);
        for (int g = g0; g < g1; g++) transform_group(k, c, w, g, group_at(k, s->U, g - g0));
        run_block(k, c, s, s->U, g0, g1, 0, c->rows, to);
    }
}

static void run(const Conv *k, const float *x, const float *w, const Target *to, float *scratch)
{
    const Cut c = cut_make(k);
    const size_t slice = slice_len(k, &c);
    float *shared = scratch, *slices = scratch + shared_len(&c);
#pragma omp parallel num_threads(nn_threads())
    {
        Slice s;
        slice_make(k, &c, slices + (size_t)omp_get_thread_num() * slice, &s);
        memset(s.zeros, 0, sizeof *s.zeros * (size_t)k->W);
        for (int p = 0; p < c.P; p++) {
            s.left[p] = p % c.tiles_w ? -1 : 0;
            s.right[p] = (p + 1) % c.tiles_w ? -1 : 0;
        }
        if (c.by_outputs) s.V = shared, run_outputs(k, &c, &s, x, w, to);
        else run_tiles(k, &c, &s, x, w, shared, to);
    }
}

/* ---- the method ---- */

static int fits(const NnConvGeom *g)
{
    return g->Kh == 3 && g->Kw == 3 && g->stride == 1 && g->dilation == 1 && g->groups == 1 && g->upsample == 1 &&
           g->pad <= 2;
}

/* One direction's: to transform weights, and to read them. */
static double weights_seconds(const Conv *k, const Cut *c)
{
    static const double per_weight = 40e-9, per_weight_near = 30e-9, per_weight_read = 10e-9;
    const double pairs = (double)k->C * k->O;
    const int far = FREQS * c->u > U_NEAR; /* then every item reads it from further than a second-level cache */
    if (c->by_outputs) return pairs * per_weight_near;
    return pairs * (per_weight + (far ? c->items * per_weight_read : 0));
}

/* Products of tiles, transforms of tiles, transforms of weights: constants fitted to some twenty shapes with AVX-512,
 * to four with the others (memory bounds the transforms, so only products depend on the set). Beside a plain sum it
 * pays from about 32 channels on either side, on maps of 4 x 4 too where there are some images. */
static double cost(const NnConvGeom *g)
{
    static const double per_flop = 1.0 / 120e9, per_tile = 20e-9;
    const Conv convs[] = { conv_forward(g), conv_backward(g) };
    double seconds = 0;
    for (int i = 0; i < 2; i++) {
        const Cut c = cut_make(&convs[i]);
        const double tiles = (double)g->N * c.tiles_h * c.tiles_w;
        const double in_vectors = (double)c.P * (c.by_outputs ? 1 : c.items);
        /* The weight gradient has the tiles of forward; its products are slower, and weights are transformed too. */
        const double products = in_vectors + (i ? 0 : 1.3 * tiles);
        seconds += 2.0 * FREQS * g->C * g->O * products * per_flop * 56 / nn_micro()->flops_per_cycle;
        seconds += (i ? 1 : 2) * (per_tile * tiles * (g->C + g->O) + weights_seconds(&convs[i], &c));
    }
    return seconds;
}

static NnWeightsTransform weights_transform(void)
{
    static const unsigned char same[PATCH] = { 0, 1, 2, 3, 4, 5 };
    const NnMicroWinograd *wino = nn_micro()->winograd;
    return (NnWeightsTransform){ .step = TILE,
                                 .patch = PATCH,
                                 .tile = TILE,
                                 .chunk = 16,
                                 .values = PATCH,
                                 .sums = PATCH,
                                 .products = PATCH,
                                 .value = same,
                                 .sum = same,
                                 .to_values = wino->patch,
                                 .to_sums = wino->tile,
                                 .to_taps = wino->back };
}

static size_t scratch(const NnConvGeom *g)
{
    const NnWeightsTransform t = weights_transform();
    const Conv forward = conv_forward(g), backward = conv_backward(g);
    const size_t a = conv_scratch(&forward), b = conv_scratch(&backward), c = nn_winograd_weights_scratch(&t, g);
    const size_t most = a > b ? a : b;
    return most > c ? most : c;
}

static int slots(const NnConvGeom *g)
{
    const Conv k = conv_forward(g);
    const Cut c = cut_make(&k);
    return c.by_outputs ? 1 : c.items;
}

static void forward(const NnConvGeom *g, const float *x, const float *w, const NnConvEnd *end, float *y,
                    float *scratch_)
{
    const Conv k = conv_forward(g);
    run(&k, x, w, &(Target){ .end = end, .y = y }, scratch_);
}

static void input_gradient(const NnConvGeom *g, const float *dy, const float *w, int add, float *dx, float *scratch_)
{
    const Conv k = conv_backward(g);
    run(&k, dy, w, &(Target){ .add = add, .y = dx }, scratch_);
}

static void weight_gradient(const NnConvGeom *g, const float *x, const float *dy, float *dw, float *scratch_)
{
    const NnWeightsTransform t = weights_transform();
    nn_winograd_to_weights(&t, g, x, dy, dw, scratch_);
}

const NnConvMethod nn_conv_winograd = { .name = "winograd",
                                        .apart = 1,
                                        .fits = fits,
                                        .cost = cost,
                                        .scratch = scratch,
                                        .slots = slots,
                                        .forward = forward,
                                        .input_gradient = input_gradient,
                                        .weight_gradient = weight_gradient };
