/* conv_direct_weights.c -- the weight gradient as outer products of pixels.
 *
 * Along each axis, conv_taps.h says which shifted copies of one image make up the other:
 *
 *      written[phases i + a]  =  sum over taps t of phase a:  weight[t] * read[split i + at[t]]
 *
 * so the gradient of weight[t] is a sum over places i, and for all channels at once a sum of outer products:
 *
 *      read, channels last                       written, channels last
 *                                                                        grad += (numbers of C channels of 3 taps)
 *      row i-1   [c c c][c c c][c c c]...                                         times (numbers of O channels),
 *      row i     [c c c][c c c][c c c]...        row i  ...[o o o o]...            summed over positions
 *      row i+1   [c c c][c c c][c c c]...                   at j
 *                 `---- 3 taps ----'
 *                  of written (i, j)
 *
 * With channels last, taps that are neighbours in a row are one run of floats: a 3x3 kernel takes three calls of
 * nn_micro()->outer with 3 C numbers beside O, whatever the stride.
 *
 * Either way round. Forward, y is written and x is read; backward, x is written and y is read. Both describe the same
 * weights, and in either the vectors of the micro-kernel may hold channels of `written` or runs of `read`. Few channels
 * fill a vector badly, so the cheapest of the four is taken: cut_make() counts vectors, copies and partial sums.
 *
 * Work is cut into units by shapes alone: (group, block of written channels, lane). A unit goes through its lane's items,
 *
 *      item = (images, band of rows): copied channels last, zeros around `read`; both copies stay in a second-level cache
 *      chunk = about CHUNK positions of it, one call of `outer`: `written` stays in a first-level cache
 *
 * and adds chunk after chunk to a partial gradient of its own. Lanes are added up at the end, in order.
 *
 * Memory: more than one lane needs more copies of the gradient, so large weights are cut into blocks first, which need
 * none. All lanes together have at most LANE_FLOATS floats, or two copies of the gradient if that is more. */
#include "nn/ops/conv_direct_weights.h"

#include <omp.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/conv_taps.h"
#include "nn/ops/micro.h"

enum {
    UNITS = 8, /* wanted: threads that can work at once */
    LANE_FLOATS = 1024 * 1024,
    ITEM_FLOATS = 96 * 1024, /* of both copies */
    CHUNK = 128,             /* positions */
    ROWS_MAX = 512,          /* rows of an item, over all its images */
    TAPS_MAX = NN_PHASES_MAX * NN_TAPS_MAX,
    ALIGN = 16,
    STRIP = 64 /* channels that are added up at once in the end */
};

/* ---- geometry ---- */

/* x or dy. */
typedef struct {
    int C, all, H, W; /* C: channels of a group; all: of the tensor */
} Side;

/* A tap of one axis in one of its phases. */
typedef struct {
    int phase, shift; /* reads place split i + shift of the padded copy */
    int run;          /* in a row: so many taps from here on are neighbours */
    int column;       /* in a row: where its channels begin in the partial gradient */
    unsigned from;    /* as NnTaps.from */
} Tap;

typedef struct {
    int split, phases, first,
        span;      /* of the copy: place 0 is `first` of the image; span: all places of output place 0 */
    unsigned used; /* bit r: some tap reads places of remainder r modulo split */
    int n;
    Tap tap[TAPS_MAX];
} Axis;

/* How a geometry is computed. */
typedef struct {
    int exchanged;    /* read is dy, written is x */
    int vectors_read; /* vectors hold runs of read, not channels of written */
    Side read, written;
    Axis row, col;
    int N, groups;
    int block, blocks, lanes;                 /* units; block: channels of written */
    int images, rows, bands, items;           /* items; rows: of places */
    int in_rows, in_cols;                     /* of the padded copy of read, an image of a full item */
    size_t step;                              /* floats from one pixel of written's copy to the next */
    size_t columns;                           /* of the partial gradient: read channels of all taps of a row */
    size_t row_len, partial_len;              /* of the partial gradient of a unit: for one tap row, for all */
    size_t read_len, written_len, staged_len; /* copies of an item */
} Cut;

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

static int round_up(int n, int to)
{
    return ceil_div(n, to) * to;
}

static size_t align(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* All phases' taps in one list. */
static Axis axis_make(const NnAxis *from)
{
    Axis x = { .split = from->split, .phases = from->phases, .first = from->first };
    for (int a = 0; a < from->phases; a++)
        for (int t = 0; t < from->phase[a].n; t++) {
            const int shift = from->phase[a].at[t] - from->first;
            x.tap[x.n++] = (Tap){ .phase = a, .shift = shift, .run = 1, .from = from->phase[a].from[t] };
            x.span = max_int(x.span, shift + 1);
            x.used |= 1u << shift % x.split;
        }
    for (int t = x.n - 2; t >= 0; t--)
        if (x.tap[t + 1].phase == x.tap[t].phase && x.tap[t + 1].shift == x.tap[t].shift + 1)
            x.tap[t].run = x.tap[t + 1].run + 1;
    return x;
}

static Axis axis_of(const NnConvGeom *g, int kernel, int exchanged)
{
    const NnAxis a = exchanged ? nn_axis_backward(kernel, g->stride, g->pad, g->dilation, g->upsample)
                               : nn_axis_forward(kernel, g->stride, g->pad, g->dilation, g->upsample);
    return axis_make(&a);
}

/* Places of an axis of `size` that belong to phase a. */
static int places(const Axis *axis, int size, int a)
{
    return (size - a + axis->phases - 1) / axis->phases;
}

static int is_run_start(const Axis *col, int t)
{
    return t == 0 || col->tap[t - 1].run != col->tap[t].run + 1;
}

/* ---- cutting ---- */

/* Where a row's taps have their channels. Runs that are read as vectors begin at whole vectors. */
static void place_columns(Cut *c)
{
    const int lanes = nn_micro()->lanes;
    int at = 0;
    for (int t = 0; t < c->col.n; t++) {
        if (c->vectors_read && is_run_start(&c->col, t)) at = round_up(at, lanes);
        c->col.tap[t].column = at;
        at += c->read.C;
    }
    c->columns = (size_t)(c->vectors_read ? round_up(at, lanes) : at);
}

static void size_partial(Cut *c)
{
    c->step = (size_t)(c->vectors_read ? c->block : round_up(c->block, nn_micro()->lanes));
    c->row_len = c->columns * c->step;
    c->partial_len = align(c->row_len * (size_t)c->row.n);
}

/* Floats of one image's copies with so many rows of places. */
static size_t read_len(const Cut *c, int rows)
{
    return (size_t)(c->row.split * (rows - 1) + c->row.span) * (size_t)c->in_cols * (size_t)c->read.C;
}

static size_t written_len(const Cut *c, int rows)
{
    return (size_t)(c->row.phases * rows) * (size_t)c->written.W * c->step;
}

/* Rows of an image that fit the cache, or several images; in any case an item for every lane if there are so many. */
static void size_items(Cut *c, int lanes)
{
    const int all = places(&c->row, c->written.H, 0);
    int rows = min_int(all, ROWS_MAX);
    c->in_cols = c->col.split * (places(&c->col, c->written.W, 0) - 1) + c->col.span;
    while (rows > 1 && read_len(c, rows) + written_len(c, rows) > ITEM_FLOATS) rows--;
    rows = min_int(rows, ceil_div(all, ceil_div(lanes, c->N)));
    c->bands = ceil_div(all, rows);
    c->rows = ceil_div(all, c->bands);
    const size_t image = read_len(c, c->rows) + written_len(c, c->rows);
    const int fit = (int)(ITEM_FLOATS / image);
    c->images = c->bands > 1 ? 1 : max_int(1, min_int(min_int(fit, ROWS_MAX / c->rows), c->N / lanes));
    c->in_rows = c->row.split * (c->rows - 1) + c->row.span;
    c->items = ceil_div(c->N, c->images) * c->bands;
    c->lanes = min_int(lanes, c->items);
    c->read_len = align((size_t)c->images * read_len(c, c->rows) + NN_MICRO_SLACK);
    c->written_len = align((size_t)c->images * written_len(c, c->rows) + NN_MICRO_SLACK);
    c->staged_len = align((size_t)c->in_rows * (size_t)c->read.W * (size_t)c->read.C);
}

/* Lanes that memory allows beside so many blocks. */
static int lanes_for(const Cut *c)
{
    const int wanted = ceil_div(UNITS, c->groups * c->blocks);
    const size_t all = (size_t)(c->groups * c->blocks) * c->partial_len;
    const int allowed = (int)(LANE_FLOATS / all);
    return min_int(wanted, max_int(allowed, 2));
}

/* Cycles of the innermost loop for one run, a position: two vectors are multiplied and added in a cycle. Loading the
 * numbers takes as long if only one vector stands beside them; short columns wait for their own sums. */
static double run_cycles(const Cut *c, int run)
{
    const int lanes = nn_micro()->lanes;
    const int numbers = c->vectors_read ? c->block : run * c->read.C;
    const int vectors = ceil_div(c->vectors_read ? run * c->read.C : c->block, lanes);
    const int pairs = vectors / 2, single = vectors % 2;
    return pairs * max_int(numbers, 5) + single * max_int(numbers, 9) * 0.6;
}

/* Cycles of one lane's share of a block, or in units that are proportional to it. */
static double cut_cost(const Cut *c)
{
    double run = 0;
    for (int t = 0; t < c->col.n; t++)
        if (is_run_start(&c->col, t)) run += run_cycles(c, c->col.tap[t].run);
    const double positions = (double)c->N * places(&c->row, c->written.H, 0) * places(&c->col, c->written.W, 0);
    const double copies = (double)c->items * c->images * (double)(read_len(c, c->rows) + written_len(c, c->rows));
    const double partials = (double)c->lanes * (double)c->partial_len;
    return c->blocks * (positions * c->row.n * run + copies + 2 * partials);
}

static Cut cut_with(const NnConvGeom *g, int exchanged, int vectors_read, int blocks)
{
    const Side x = { g->Cg, g->C, g->H, g->W }, y = { g->Og, g->O, g->Ho, g->Wo };
    Cut c = { .exchanged = exchanged, .vectors_read = vectors_read, .N = g->N, .groups = g->groups };
    c.read = exchanged ? y : x, c.written = exchanged ? x : y;
    c.row = axis_of(g, g->Kh, exchanged), c.col = axis_of(g, g->Kw, exchanged);
    c.block = min_int(c.written.C, round_up(ceil_div(c.written.C, blocks), 2 * nn_micro()->lanes));
    c.blocks = ceil_div(c.written.C, c.block);
    place_columns(&c);
    size_partial(&c);
    size_items(&c, lanes_for(&c));
    return c;
}

static Cut cut_make(const NnConvGeom *g)
{
    Cut best = cut_with(g, 0, 0, 1);
    for (int way = 0; way < 4; way++)
        for (int blocks = 1; blocks <= UNITS; blocks *= 2) {
            const Cut c = cut_with(g, way & 1, way >> 1, blocks);
            if (cut_cost(&c) < cut_cost(&best)) best = c;
        }
    return best;
}

/* ---- copies of an item ---- */

typedef struct {
    int n0, images, i0, rows; /* images; rows of places */
} Item;

static Item item_at(const Cut *c, int item)
{
    const int n0 = item / c->bands * c->images, i0 = item % c->bands * c->rows;
    const int all = places(&c->row, c->written.H, 0);
    return (Item){ n0, min_int(c->images, c->N - n0), i0, min_int(c->rows, all - i0) };
}

static const float *image_of(const Side *s, const float *tensor, int n, int channel)
{
    return tensor + ((size_t)n * (size_t)s->all + (size_t)channel) * (size_t)s->H * (size_t)s->W;
}

static void transpose(const Side *s, const float *image, int C, int row, int rows, float *to, size_t step)
{
    nn_micro()->transpose(C, rows * s->W, image + (size_t)row * (size_t)s->W, (size_t)s->H * (size_t)s->W, to, step);
}

static void zero(float *to, size_t n)
{
    memset(to, 0, sizeof *to * n);
}

/* [images][rows][W][step] */
static void copy_written(const Cut *c, const Item *t, const float *written, int channel, int channels, float *to)
{
    const int row = c->row.phases * t->i0, rows = min_int(c->row.phases * t->rows, c->written.H - row);
    const size_t pixels = (size_t)rows * (size_t)c->written.W, len = written_len(c, c->rows);
    for (int n = 0; n < t->images; n++, to += len) {
        transpose(&c->written, image_of(&c->written, written, t->n0 + n, channel), channels, row, rows, to, c->step);
        for (size_t p = 0; p < pixels && (size_t)channels < c->step; p++)
            zero(to + p * c->step + channels, c->step - (size_t)channels);
    }
}

/* One row of the padded copy: zeros, pixels, zeros. The pixels come channels first from the image, or, of narrow
 * images, channels last from `staged`. */
static void copy_row(const Cut *c, const float *image, int row, const float *staged, float *to)
{
    const NnRange in = nn_tap_range(c->col.first, 1, c->read.W, 0, c->in_cols);
    const size_t C = (size_t)c->read.C, W = (size_t)c->read.W, a = (size_t)in.a, b = (size_t)in.b;
    zero(to, a * C);
    zero(to + b * C, ((size_t)c->in_cols - b) * C);
    if (a == b) return;
    const size_t first = (size_t)(in.a + c->col.first);
    if (staged) memcpy(to + a * C, staged + first * C, sizeof *to * (b - a) * C);
    else
        nn_micro()->transpose(c->read.C, in.b - in.a, image + (size_t)row * W + first, (size_t)c->read.H * W,
                              to + a * C, C);
}

/* [images][in_rows][in_cols][C]. Narrow images are transposed all rows at once and then spread. */
static void copy_read(const Cut *c, const Item *t, const float *read, int channel, float *to, float *staged)
{
    const int first = c->row.split * t->i0 + c->row.first, rows = c->row.split * (t->rows - 1) + c->row.span;
    const int narrow = c->read.W % nn_micro()->lanes != 0 && c->read.W < 4 * nn_micro()->lanes;
    const int from = max_int(first, 0), until = min_int(first + rows, c->read.H);
    const size_t in_row = (size_t)c->in_cols * (size_t)c->read.C, row_len = (size_t)c->read.W * (size_t)c->read.C;
    for (int n = 0; n < t->images; n++) {
        const float *image = image_of(&c->read, read, t->n0 + n, channel);
        float *at = to + (size_t)(n * c->in_rows) * in_row;
        if (narrow && from < until)
            transpose(&c->read, image, c->read.C, from, until - from, staged, (size_t)c->read.C);
        for (int k = 0; k < rows; k++, at += in_row) {
            const int row = first + k;
            if (!(c->row.used >> k % c->row.split & 1)) continue;
            if (row < 0 || row >= c->read.H) zero(at, in_row);
            else copy_row(c, image, row, narrow ? staged + (size_t)(row - from) * row_len : NULL, at);
        }
    }
}

/* ---- sums ---- */

/* Rows of the item whose written pixels are of phase a: where they begin in both copies. */
typedef struct {
    int n;
    int32_t read[ROWS_MAX], written[ROWS_MAX];
} Rows;

static void find_rows(const Cut *c, const Item *t, int a, Rows *r)
{
    const int rows = min_int(t->rows, places(&c->row, c->written.H, a) - t->i0);
    const size_t read_row = (size_t)c->in_cols * (size_t)c->read.C, written_row = (size_t)c->written.W * c->step;
    r->n = 0;
    for (int n = 0; n < t->images; n++)
        for (int i = 0; i < rows; i++, r->n++) {
            r->read[r->n] = (int32_t)((size_t)(n * c->in_rows + c->row.split * i) * read_row);
            r->written[r->n] = (int32_t)((size_t)(n * c->rows * c->row.phases + c->row.phases * i + a) * written_row);
        }
}

/* A chunk: rows r0 .., and in each of them places j0 .. . */
typedef struct {
    int r0, rows, j0, cols;
} Chunk;

/* One run of taps for one chunk and slice of the block: n channels from w on. */
static void add_run(const Cut *c, const Rows *r, const Chunk *k, const Tap *row, const Tap *col, int w, int n,
                    const float *read, const float *written, float *partial)
{
    const size_t C = (size_t)c->read.C, read_step = (size_t)c->col.split * C;
    const size_t written_step = (size_t)c->col.phases * c->step;
    const size_t place = (size_t)row->shift * (size_t)c->in_cols + (size_t)col->shift;
    const NnMicroColumns in = { read + place * C + (size_t)k->j0 * read_step, r->read + k->r0, read_step };
    const NnMicroColumns out = { written + (size_t)col->phase * c->step + (size_t)k->j0 * written_step + w,
                                 r->written + k->r0, written_step };
    const NnMicro *m = nn_micro();
    const int run = col->run * c->read.C;
    if (c->vectors_read)
        m->outer(k->rows, k->cols, &out, n, &in, round_up(run, m->lanes),
                 partial + (size_t)w * c->columns + col->column, c->columns);
    else
        m->outer(k->rows, k->cols, &in, run, &out, round_up(n, m->lanes), partial + (size_t)col->column * c->step + w,
                 c->step);
}

/* All taps of row phase a for some rows and one slice, chunk by chunk. */
static void add_slice(const Cut *c, const Rows *r, int a, int w, const float *read, const float *written,
                      float *partial)
{
    const int n = min_int(2 * nn_micro()->lanes, c->block - w), widest = places(&c->col, c->written.W, 0);
    const int cols = ceil_div(widest, ceil_div(widest, CHUNK)), rows = max_int(1, CHUNK / cols);
    for (int r0 = 0; r0 < r->n; r0 += rows)
        for (int j0 = 0; j0 < widest; j0 += cols)
            for (int u = 0; u < c->row.n; u++)
                for (int t = 0; c->row.tap[u].phase == a && t < c->col.n; t += c->col.tap[t].run) {
                    const int end = places(&c->col, c->written.W, c->col.tap[t].phase);
                    const Chunk k = { r0, min_int(rows, r->n - r0), j0, min_int(cols, end - j0) };
                    add_run(c, r, &k, &c->row.tap[u], &c->col.tap[t], w, n, read, written,
                            partial + (size_t)u * c->row_len);
                }
}

/* A unit: all items of a lane, for one block of a group. */
typedef struct {
    int group, block, lane;
} Unit;

static Unit unit_at(const Cut *c, int unit)
{
    return (Unit){ unit / c->lanes / c->blocks, unit / c->lanes % c->blocks, unit % c->lanes };
}

static void add_unit(const Cut *c, const Unit *u, const float *read, const float *written, float *partial, float *mine)
{
    float *read_copy = mine, *written_copy = mine + c->read_len, *staged = written_copy + c->written_len;
    const int w0 = u->block * c->block, channels = min_int(c->block, c->written.C - w0);
    zero(partial, c->partial_len);
    for (int item = u->lane; item < c->items; item += c->lanes) {
        const Item t = item_at(c, item);
        copy_read(c, &t, read, u->group * c->read.C, read_copy, staged);
        copy_written(c, &t, written, u->group * c->written.C + w0, channels, written_copy);
        for (int a = 0; a < c->row.phases; a++) {
            Rows r;
            find_rows(c, &t, a, &r);
            for (int w = 0; w < channels; w += 2 * nn_micro()->lanes)
                add_slice(c, &r, a, w, read_copy, written_copy, partial);
        }
    }
}

/* ---- the partial gradients' sum ---- */

/* Where a kernel position's gradient lies in a partial one: the sum of so many places. */
typedef struct {
    int n;
    size_t at[NN_PHASES_MAX * NN_PHASES_MAX];
} Sources;

static void find_sources(const Cut *c, int u, int v, Sources *s)
{
    s->n = 0;
    for (int r = 0; r < c->row.n; r++)
        for (int t = 0; c->row.tap[r].from >> u & 1 && t < c->col.n; t++)
            if (c->col.tap[t].from >> v & 1)
                s->at[s->n++] = (size_t)r * c->row_len + (size_t)c->col.tap[t].column * (c->vectors_read ? 1 : c->step);
}

/* to[k stride] += all lanes and sources, for n channels of the vectors' side. */
static void add_strip(const Cut *c, const Sources *s, const float *partial, int n, float *to, size_t stride)
{
    float sum[STRIP] = { 0 };
    for (int lane = 0; lane < c->lanes; lane++, partial += c->partial_len)
        for (int i = 0; i < s->n; i++)
            for (int k = 0; k < n; k++) sum[k] += partial[s->at[i] + (size_t)k];
    for (int k = 0; k < n; k++) to[(size_t)k * stride] += sum[k];
}

/* One kernel position of a block: partial [side that numbers come from][side of vectors] to dw [O][C]. */
static void add_position(const NnConvGeom *g, const Cut *c, const float *partial, int w0, int position,
                         const Sources *s, float *dw)
{
    const size_t taps = (size_t)(g->Kh * g->Kw), row = (size_t)g->Cg * taps;
    const size_t of_read = c->exchanged ? row : taps, of_written = c->exchanged ? taps : row;
    const int written = min_int(c->block, c->written.C - w0);
    const int numbers = c->vectors_read ? written : c->read.C, vectors = c->vectors_read ? c->read.C : written;
    const size_t number = c->vectors_read ? of_written : of_read, vector = c->vectors_read ? of_read : of_written;
    dw += (size_t)w0 * of_written + (size_t)position;
    for (int a = 0; a < numbers; a++)
        for (int b = 0; b < vectors; b += STRIP)
            add_strip(c, s, partial + (size_t)a * (c->vectors_read ? c->columns : c->step) + b,
                      min_int(STRIP, vectors - b), dw + (size_t)a * number + (size_t)b * vector, vector);
}

static void add_lanes(const NnConvGeom *g, const Cut *c, const float *partials, float *dw)
{
    const size_t group_len = (size_t)(g->Og * g->K);
#pragma omp parallel for num_threads(nn_threads()) schedule(static)
    for (int block = 0; block < c->groups * c->blocks; block++)
        for (int u = 0; u < g->Kh; u++)
            for (int v = 0; v < g->Kw; v++) {
                Sources s;
                find_sources(c, u, v, &s);
                add_position(g, c, partials + (size_t)(block * c->lanes) * c->partial_len, block % c->blocks * c->block,
                             u * g->Kw + v, &s, dw + (size_t)(block / c->blocks) * group_len);
            }
}

/* ---- what the header declares ---- */

static size_t thread_len(const Cut *c)
{
    return c->read_len + c->written_len + c->staged_len;
}

static int units(const Cut *c)
{
    return c->groups * c->blocks * c->lanes;
}

size_t nn_direct_weights_scratch(const NnConvGeom *g)
{
    const Cut c = cut_make(g);
    return (size_t)nn_threads() * thread_len(&c) + (size_t)units(&c) * c.partial_len;
}

void nn_direct_weights(const NnConvGeom *g, const float *x, const float *dy, float *dw, float *scratch)
{
    const Cut c = cut_make(g);
    const float *read = c.exchanged ? dy : x, *written = c.exchanged ? x : dy;
    float *partials = scratch + (size_t)nn_threads() * thread_len(&c);
#pragma omp parallel for num_threads(nn_threads()) schedule(dynamic)
    for (int unit = 0; unit < units(&c); unit++) {
        const Unit u = unit_at(&c, unit);
        add_unit(&c, &u, read, written, partials + (size_t)unit * c.partial_len,
                 scratch + (size_t)omp_get_thread_num() * thread_len(&c));
    }
    add_lanes(g, &c, partials, dw);
}
