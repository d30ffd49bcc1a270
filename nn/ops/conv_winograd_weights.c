/* conv_winograd_weights.c -- the weight gradient of conv_winograd.c and conv_polyphase.c, in the transformed domain.
 *
 * Forward is y = A^T (sum over c of (G g G^T) (B^T d B)) A, elementwise inside; its derivative by g, summed over tiles:
 *
 *      V [tile][C] = B^T d B,   D [tile][O] = A dy A^T,   dU [O][C] = sum over tiles of D V,   dw = G^T dU G
 *
 * For each of the 36 (or 25) frequencies, dU is a sum of outer products: nn_micro()->outer. Here channels are the lanes
 * of the vectors: rows of the image are transposed to [pixel][channel] first.
 *
 * An item of work is (lane, block of O, block of C): its dU stays in a second-level cache while it goes through the
 * images of its lane, a few tiles at a time. The lanes' dw are added up in order at the end. */
#include "nn/ops/conv_winograd.h"

#include <omp.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/cut.h"
#include "nn/ops/micro.h"
#include "nn/ops/norm_pass.h"

enum {
    TAPS = NN_WINO_TAPS,
    LINE = 16,
    BLOCK = 64,              /* channels of a block */
    ROWS_FLOATS = 16 * 1024, /* of a block of the image, read at once: memory is kinder to long pieces */
    LANE_MIN = 256,          /* tiles of a lane: its dU has to be cleared and transformed back */
    LANES = 8,               /* partial sums at most, */
    ITEMS = 16,              /* fewer if blocks alone make so many items */
    STRIP = 512              /* numbers of dw that are added up at once */
};

typedef NnWeightsTransform Transform;

typedef struct {
    int tiles_h, tiles_w;
    int bo, bc;             /* channels of a block, whole vectors of any length */
    int blocks_o, blocks_c; /* how many */
    int lanes;
    int rows;       /* of tiles, loaded at once */
    size_t u, v, d; /* from one frequency of dU, V and D to the next */
} Cut;

/* A thread's buffers. */
typedef struct {
    float *dU, *V, *D;
    float *image, *map;   /* [rows of the image][W][bc], [rows of the map][Wo][bo]: of c->rows rows of tiles */
    float *taps, *turned; /* [9][bc], [bc][9] */
} Slice;

static int even_block(int channels, int blocks)
{
    return nn_ceil_div(nn_ceil_div(channels, blocks), LINE) * LINE;
}

static Cut cut_make(const Transform *t, const NnConvGeom *g)
{
    Cut c = { .tiles_h = nn_ceil_div(g->Ho, t->tile), .tiles_w = nn_ceil_div(g->Wo, t->tile) };
    c.bo = even_block(g->O, nn_ceil_div(g->O, BLOCK)), c.blocks_o = nn_ceil_div(g->O, c.bo);
    c.bc = even_block(g->C, nn_ceil_div(g->C, BLOCK)), c.blocks_c = nn_ceil_div(g->C, c.bc);
    const int tiles = g->N * c.tiles_h * c.tiles_w;
    c.lanes = nn_min_int(nn_min_int(LANES, g->N), nn_max_int(1, ITEMS / (c.blocks_o * c.blocks_c)));
    c.lanes = nn_max_int(1, nn_min_int(c.lanes, tiles / LANE_MIN));
    c.rows = nn_max_int(1, nn_min_int(c.tiles_h, ROWS_FLOATS / (t->step * g->W * c.bc)));
    c.u = (size_t)c.bo * (size_t)c.bc + LINE;
    c.v = (size_t)(t->chunk * c.bc) + LINE;
    c.d = (size_t)(t->chunk * c.bo) + LINE;
    return c;
}

static float *take(float *base, size_t *used, size_t n)
{
    float *at = base ? base + *used : NULL;
    *used += n;
    return at;
}

/* Lays out a thread's buffers; returns the floats they take. base may be NULL. */
static size_t slice_make(const Transform *t, const NnConvGeom *g, const Cut *c, float *base, Slice *s)
{
    size_t n = 0;
    s->dU = take(base, &n, (size_t)(t->products * t->products) * c->u);
    s->V = take(base, &n, (size_t)(t->values * t->values) * c->v);
    s->D = take(base, &n, (size_t)(t->sums * t->sums) * c->d);
    s->image = take(base, &n, (size_t)((t->patch + (c->rows - 1) * t->step) * c->bc) * (size_t)g->W);
    s->map = take(base, &n, (size_t)(c->rows * t->tile * c->bo) * (size_t)g->Wo);
    s->taps = take(base, &n, TAPS * (size_t)c->bc);
    s->turned = take(base, &n, TAPS * (size_t)c->bc);
    return n;
}

static size_t slice_len(const Transform *t, const NnConvGeom *g, const Cut *c)
{
    Slice s;
    return slice_make(t, g, c, NULL, &s);
}

static size_t weights_len(const NnConvGeom *g)
{
    return (size_t)g->O * (size_t)g->C * TAPS;
}

/* A single lane adds to dw itself. */
static size_t partials_len(const NnConvGeom *g, const Cut *c)
{
    return c->lanes > 1 ? (size_t)c->lanes * weights_len(g) : 0;
}

size_t nn_winograd_weights_scratch(const Transform *t, const NnConvGeom *g)
{
    const Cut c = cut_make(t, g);
    return (size_t)nn_threads() * slice_len(t, g, &c) + partials_len(g, &c) + NN_MICRO_SLACK;
}

/* Some channels of an image or a map, and how far apart they shall lie from one pixel to the next. */
typedef struct {
    const float *planes;
    int first, channels, H, W, block;
} Source;

/* to[(q W + x) block + ch] = planes[ch][y0 + q][x] for q < n; 0 where there is no such row. Rows that follow each other
 * are one long row. Its last vector overlaps the one before. */
static void transpose_rows(const Source *r, int y0, int n, float *to)
{
    const NnMicro *m = nn_micro();
    const int a = nn_min_int(n, nn_max_int(0, -y0)), b = nn_max_int(a, nn_min_int(n, r->H - y0)), P = (b - a) * r->W;
    const size_t row = (size_t)r->W * (size_t)r->block, ld = (size_t)r->H * (size_t)r->W, ldt = (size_t)r->block;
    memset(to, 0, sizeof *to * row * (size_t)a);
    memset(to + row * (size_t)b, 0, sizeof *to * row * (size_t)(n - b));
    if (!P) return;
    const float *from = r->planes + (size_t)(y0 + a) * (size_t)r->W;
    to += row * (size_t)a;
    const int whole = P < m->lanes ? P : P / m->lanes * m->lanes;
    m->transpose(r->channels, whole, from, ld, to, ldt);
    if (whole < P) m->transpose(r->channels, m->lanes, from + P - m->lanes, ld, to + (size_t)(P - m->lanes) * ldt, ldt);
}

/* Ask for n rows that are needed soon, in every channel: too many short stretches for the CPU to foresee. */
static void prefetch_rows(const Source *s, int y0, int n)
{
    const int y1 = nn_min_int(s->H, y0 + n);
    for (int ch = 0; ch < s->channels; ch++) {
        const float *plane = s->planes + (size_t)ch * (size_t)s->H * (size_t)s->W;
        for (const float *at = plane + y0 * s->W, *end = plane + y1 * s->W; at < end; at += LINE)
            __builtin_prefetch(at, 0, 2);
    }
}

/* dU += the outer products of n tiles. */
static void add_products(const Transform *t, const Cut *c, const Slice *s, int n)
{
    const int32_t start = 0;
    for (int i = 0; i < t->products; i++)
        for (int j = 0; j < t->products; j++) {
            const int sum = t->sum[i] * t->sums + t->sum[j], value = t->value[i] * t->values + t->value[j];
            const NnMicroColumns D = { s->D + (size_t)sum * c->d, &start, (size_t)c->bo };
            const NnMicroColumns V = { s->V + (size_t)value * c->v, &start, (size_t)c->bc };
            nn_micro()->outer(1, n, &D, c->bo, &V, c->bc, s->dU + (size_t)(i * t->products + j) * c->u, (size_t)c->bc);
        }
}

/* V and D of tile j of row i, of the rows of tiles that image and map hold, as number p of a chunk. */
static void transform_tile(const Transform *t, const NnConvGeom *g, const Cut *c, const Slice *s, int i, int j, int p)
{
    const int x = t->step * j - g->pad, y = t->tile * j;
    t->to_values(s->image + ((ptrdiff_t)(t->step * i) * g->W + x) * c->bc, (size_t)g->W * (size_t)c->bc, -x, g->W - x,
                 c->bc, s->V + (size_t)(p * c->bc), c->v);
    t->to_sums(s->map + (size_t)(t->tile * i * g->Wo + y) * (size_t)c->bo, (size_t)g->Wo * (size_t)c->bo, 0, g->Wo - y,
               c->bo, s->D + (size_t)(p * c->bo), c->d);
}

/* dw [O][C][9] of a block = or (add) += what its dU makes. */
static void transform_back(const Transform *t, const NnConvGeom *g, const Cut *c, const Slice *s, int o0, int no,
                           int c0, int nc, int add, float *dw)
{
    for (int o = 0; o < no; o++) {
        t->to_taps(s->dU + (size_t)(o * c->bc), c->u, c->bc, s->taps, (size_t)c->bc);
        float *to = dw + ((size_t)(o0 + o) * (size_t)g->C + (size_t)c0) * TAPS;
        nn_micro()->transpose(TAPS, nc, s->taps, (size_t)c->bc, add ? s->turned : to, TAPS);
        for (int i = 0; add && i < nc * TAPS; i++) to[i] += s->turned[i];
    }
}

/* n more rows of the image, from row `at` of the buffer on. */
static void load_image(const NnConvGeom *g, const Source *image, int y, int n, float *at)
{
    transpose_rows(image, y, n, at);
    const int y0 = nn_max_int(0, y), y1 = nn_min_int(g->H, y + n);
    if (g->norm && y0 < y1)
        nn_norm_pixels(g->norm, image->first, image->channels, (y1 - y0) * g->W,
                       at + (size_t)((y0 - y) * g->W) * (size_t)image->block, (size_t)image->block);
}

/* What n rows of tiles from row i on read. Patches overlap: but for the first rows of tiles, some rows of the image are
 * there already, at the end of what c->rows rows of tiles needed. */
static void load_rows(const Transform *t, const NnConvGeom *g, const Cut *c, const Slice *s, const Source *image,
                      const Source *map, int i, int n)
{
    const size_t row = (size_t)g->W * (size_t)image->block;
    const int y = t->step * i - g->pad, end = y + t->step * (n - 1) + t->patch, shared = i ? t->patch - t->step : 0;
    memmove(s->image, s->image + (size_t)(t->step * c->rows) * row, sizeof *s->image * (size_t)shared * row);
    load_image(g, image, y + shared, end - y - shared, s->image + (size_t)shared * row);
    transpose_rows(map, t->tile * i, t->tile * n, s->map);
    prefetch_rows(image, end, t->step * c->rows);
    prefetch_rows(map, t->tile * (i + n), t->tile * c->rows);
}

static void run_item(const Transform *t, const NnConvGeom *g, const Cut *c, const Slice *s, const float *x,
                     const float *dy, int item, float *dw, float *partial)
{
    const int lane = item % c->lanes, c0 = item / c->lanes % c->blocks_c * c->bc;
    const int o0 = item / c->lanes / c->blocks_c * c->bo;
    const int nc = nn_min_int(c->bc, g->C - c0), no = nn_min_int(c->bo, g->O - o0);
    const int full = nc == c->bc && no == c->bo; /* else channels that fill up a vector have to stay 0 all the way */
    memset(s->dU, 0, sizeof *s->dU * (full ? (size_t)(t->products * t->products) * c->u : slice_len(t, g, c)));
    int p = 0;
    for (int n = lane; n < g->N; n += c->lanes) {
        const float *planes = x + ((size_t)n * (size_t)g->C + (size_t)c0) * (size_t)g->H * (size_t)g->W;
        const float *maps = dy + ((size_t)n * (size_t)g->O + (size_t)o0) * (size_t)g->Ho * (size_t)g->Wo;
        const Source image = { planes, c0, nc, g->H, g->W, c->bc }, map = { maps, o0, no, g->Ho, g->Wo, c->bo };
        for (int i = 0; i < c->tiles_h; i += c->rows) {
            const int rows = nn_min_int(c->rows, c->tiles_h - i);
            load_rows(t, g, c, s, &image, &map, i, rows);
            for (int tile = 0; tile < rows * c->tiles_w; tile++) {
                transform_tile(t, g, c, s, tile / c->tiles_w, tile % c->tiles_w, p);
                if (++p == t->chunk) add_products(t, c, s, p), p = 0;
            }
        }
    }
    add_products(t, c, s, p);
    const int alone = c->lanes == 1;
    transform_back(t, g, c, s, o0, no, c0, nc, alone, alone ? dw : partial + (size_t)lane * weights_len(g));
}

/* to[i] += the sum of all lanes' from[i], i < n <= STRIP. */
NN_KERNEL_CLONES
static void add_lanes(const float *from, size_t len, int lanes, size_t n, float *to)
{
    float sum[STRIP] = { 0 };
    for (int lane = 0; lane < lanes; lane++, from += len)
        for (size_t i = 0; i < n; i++) sum[i] += from[i];
    for (size_t i = 0; i < n; i++) to[i] += sum[i];
}

void nn_winograd_to_weights(const Transform *t, const NnConvGeom *g, const float *x, const float *dy, float *dw,
                            float *scratch)
{
    const Cut c = cut_make(t, g);
    const size_t len = weights_len(g), slice = slice_len(t, g, &c);
    float *partial = scratch, *slices = scratch + partials_len(g, &c);
#pragma omp parallel for num_threads(nn_threads()) schedule(dynamic)
    for (int item = 0; item < c.lanes * c.blocks_o * c.blocks_c; item++) {
        Slice s;
        slice_make(t, g, &c, slices + (size_t)omp_get_thread_num() * slice, &s);
        run_item(t, g, &c, &s, x, dy, item, dw, partial);
    }
    if (c.lanes == 1) return;
#pragma omp parallel for num_threads(nn_threads()) if (len > NN_PARALLEL_MIN)
    for (size_t i = 0; i < len; i += STRIP)
        add_lanes(partial + i, len, c.lanes, len - i < STRIP ? len - i : STRIP, dw + i);
}
