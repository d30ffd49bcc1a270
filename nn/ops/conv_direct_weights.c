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
    SLICE = 64 /* channels */
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
    int block, blocks, lanes;       /* units; block: channels of written */
    int images, rows, bands, items; /* items; rows: of places */
    int in_rows, in_cols;           /* of the padded copy of read, an image of a full item */
    int slice, slices;              /* both copies are cut into slices of channels: of written's block */
    int in_slice, in_slices;        /* ... and of read */
    int columns;                    /* of the partial gradient: channels of a slice of read, times taps of a row */
    size_t row_len, partial_len;    /* of the partial gradient of a unit: for one tap row and pair of slices; all */
    size_t read_len, written_len;   /* a slice's copy, of an item */
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

/* Slices are narrow enough that a chunk of both stays in a first-level cache. */
static void cut_slices(Cut *c, int blocks)
{
    const int pair = 2 * nn_micro()->lanes, most = max_int(SLICE / c->col.split, SLICE / 4);
    c->block = min_int(c->written.C, round_up(ceil_div(c->written.C, blocks), pair));
    c->blocks = ceil_div(c->written.C, c->block);
    c->slice = min_int(pair, c->vectors_read ? c->block : round_up(c->block, nn_micro()->lanes));
    c->slices = ceil_div(c->block, c->slice);
    c->in_slices = ceil_div(c->read.C, most);
    c->in_slice = ceil_div(c->read.C, c->in_slices);
}

/* Where a row's taps have their channels. Runs that are read as vectors begin at whole vectors. */
static void size_partial(Cut *c)
{
    const int lanes = nn_micro()->lanes;
    for (int t = 0; t < c->col.n; t++) {
        if (c->vectors_read && is_run_start(&c->col, t)) c->columns = round_up(c->columns, lanes);
        c->col.tap[t].column = c->columns;
        c->columns += c->in_slice;
    }
    if (c->vectors_read) c->columns = round_up(c->columns, lanes);
    c->row_len = (size_t)c->columns * (size_t)c->slice;
    c->partial_len = align(c->row_len * (size_t)(c->row.n * c->slices * c->in_slices));
}

/* Floats of a slice of one image's copy with so many rows of places. */
static size_t read_len(const Cut *c, int rows)
{
    return (size_t)(c->row.split * (rows - 1) + c->row.span) * (size_t)c->in_cols * (size_t)c->in_slice;
}

static size_t written_len(const Cut *c, int rows)
{
    return (size_t)(c->row.phases * rows) * (size_t)c->written.W * (size_t)c->slice;
}

static size_t image_len(const Cut *c, int rows)
{
    return (size_t)c->in_slices * read_len(c, rows) + (size_t)c->slices * written_len(c, rows);
}

/* Rows of an image that fit the cache, or several images; in any case an item for every lane if there are so many. */
static void size_items(Cut *c, int lanes)
{
    const int all = places(&c->row, c->written.H, 0);
    int rows = min_int(all, ROWS_MAX);
    c->in_cols = c->col.split * (places(&c->col, c->written.W, 0) - 1) + c->col.span;
    while (rows > 1 && image_len(c, rows) > ITEM_FLOATS) rows--;
    rows = min_int(rows, ceil_div(all, ceil_div(lanes, c->N)));
    c->bands = ceil_div(all, rows);
    c->rows = ceil_div(all, c->bands);
    const int fit = min_int((int)(ITEM_FLOATS / image_len(c, c->rows)), ROWS_MAX / c->rows);
    c->images = c->bands > 1 ? 1 : max_int(1, min_int(fit, c->N / lanes));
    c->in_rows = c->row.split * (c->rows - 1) + c->row.span;
    c->items = ceil_div(c->N, c->images) * c->bands;
    c->lanes = min_int(lanes, c->items);
    c->read_len = align((size_t)c->images * read_len(c, c->rows) + NN_MICRO_LANES_MAX);
    c->written_len = align((size_t)c->images * written_len(c, c->rows));
}

/* Lanes that memory allows beside so many blocks. */
static int lanes_for(const Cut *c)
{
    const int wanted = ceil_div(UNITS, c->groups * c->blocks);
    const size_t all = (size_t)(c->groups * c->blocks) * c->partial_len;
    const int allowed = (int)(LANE_FLOATS / all);
    return min_int(wanted, max_int(allowed, 2));
}

static int units(const Cut *c)
{
    return c->groups * c->blocks * c->lanes;
}

/* Cycles of the innermost loop for one run, a position: two vectors are multiplied and added in a cycle. Loading the
 * numbers takes as long if only one vector stands beside them; short columns wait for their own sums. */
static double run_cycles(const Cut *c, int run)
{
    const int lanes = nn_micro()->lanes;
    const int numbers = c->vectors_read ? c->slice : run * c->in_slice;
    const int vectors = ceil_div(c->vectors_read ? run * c->in_slice : c->slice, lanes);
    const int pairs = vectors / 2, single = vectors % 2;
    return pairs * max_int(numbers, 5) + single * max_int(numbers, 9) * 0.6;
}

/* Cycles, roughly, when all units that threads can do at once are done at once. */
static double cut_cost(const Cut *c)
{
    double run = 0;
    for (int t = 0; t < c->col.n; t++)
        if (is_run_start(&c->col, t)) run += run_cycles(c, c->col.tap[t].run);
    const double positions = (double)c->N * places(&c->row, c->written.H, 0) * places(&c->col, c->written.W, 0);
    const double copies = (double)c->items * c->images * (double)image_len(c, c->rows);
    const double partials = (double)c->lanes * (double)c->partial_len;
    return c->blocks / (double)min_int(UNITS, units(c)) *
           (positions * c->row.n * c->slices * c->in_slices * run + copies + 2 * partials);
}

static Cut cut_with(const NnConvGeom *g, int exchanged, int vectors_read, int blocks)
{
    const Side x = { g->Cg, g->C, g->H, g->W }, y = { g->Og, g->O, g->Ho, g->Wo };
    Cut c = { .exchanged = exchanged, .vectors_read = vectors_read, .N = g->N, .groups = g->groups };
    c.read = exchanged ? y : x, c.written = exchanged ? x : y;
    c.row = axis_of(g, g->Kh, exchanged), c.col = axis_of(g, g->Kw, exchanged);
    cut_slices(&c, blocks);
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

static void zero(float *to, size_t n)
{
    memset(to, 0, sizeof *to * n);
}

/* A slice of so many channels: [images][rows][W][slice]. */
static void copy_written(const Cut *c, const Item *t, const float *written, int channel, int channels, float *to)
{
    const int row = c->row.phases * t->i0, rows = min_int(c->row.phases * t->rows, c->written.H - row);
    const int pixels = rows * c->written.W;
    const size_t first = (size_t)row * (size_t)c->written.W, slice = (size_t)c->slice, len = written_len(c, c->rows);
    for (int n = 0; n < t->images; n++, to += len) {
        if (channels < c->slice) zero(to, (size_t)pixels * slice);
        nn_micro()->transpose(channels, pixels, image_of(&c->written, written, t->n0 + n, channel) + first,
                              (size_t)c->written.H * (size_t)c->written.W, to, slice);
    }
}

/* Rows first .. of an image, of which some may lie outside, to [rows][in_cols][in_slice]; so many channels. */
typedef struct {
    const float *image;
    int channels, first, rows;
} Piece;

static int in_image(const Cut *c, const Piece *p, int k)
{
    return p->first + k >= 0 && p->first + k < c->read.H;
}

static int is_used(const Cut *c, int k)
{
    return c->row.used >> k % c->row.split & 1;
}

/* Zeros around the pixels. */
static void zero_frame(const Cut *c, const Piece *p, NnRange in, float *to)
{
    const size_t slice = (size_t)c->in_slice, row_len = (size_t)c->in_cols * slice;
    for (int k = 0; k < p->rows; k++, to += row_len) {
        const int some = is_used(c, k) && in_image(c, p, k);
        if (some) zero(to, (size_t)in.a * slice), zero(to + (size_t)in.b * slice, (size_t)(c->in_cols - in.b) * slice);
        else if (is_used(c, k)) zero(to, row_len);
    }
}

/* The pixels of columns `in`, a few channels at a time: it is kinder to memory to read long pieces of few planes. */
static void copy_pixels(const Cut *c, const Piece *p, NnRange in, float *to)
{
    const int lanes = nn_micro()->lanes;
    const size_t W = (size_t)c->read.W, plane = (size_t)c->read.H * W, slice = (size_t)c->in_slice;
    for (int ch = 0; ch < p->channels; ch += lanes)
        for (int k = 0; k < p->rows; k++)
            if (is_used(c, k) && in_image(c, p, k))
                nn_micro()->transpose(min_int(lanes, p->channels - ch), in.b - in.a,
                                      p->image + (size_t)ch * plane + (size_t)(p->first + k) * W + in.a + c->col.first,
                                      plane, to + ((size_t)(k * c->in_cols + in.a)) * slice + ch, slice);
}

/* A slice of so many channels: [images][in_rows][in_cols][in_slice]. */
static void copy_read(const Cut *c, const Item *t, const float *read, int channel, int channels, float *to)
{
    const NnRange in = nn_tap_range(c->col.first, 1, c->read.W, 0, c->in_cols);
    for (int n = 0; n < t->images; n++, to += read_len(c, c->rows)) {
        const Piece p = { image_of(&c->read, read, t->n0 + n, channel), channels, c->row.split * t->i0 + c->row.first,
                          c->row.split * (t->rows - 1) + c->row.span };
        zero_frame(c, &p, in, to);
        if (in.a < in.b) copy_pixels(c, &p, in, to);
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
    r->n = 0;
    for (int n = 0; n < t->images; n++)
        for (int i = 0; i < rows; i++, r->n++) {
            r->read[r->n] = (n * c->in_rows + c->row.split * i) * c->in_cols * c->in_slice;
            r->written[r->n] = ((n * c->rows + i) * c->row.phases + a) * c->written.W * c->slice;
        }
}

/* A chunk: rows r0 .., and in each of them places j0 .. . */
typedef struct {
    int r0, rows, j0, cols;
} Chunk;

/* One run of taps, for one chunk and pair of slices. */
static void add_run(const Cut *c, const Rows *r, const Chunk *k, const Tap *row, const Tap *col, const float *read,
                    const float *written, float *partial)
{
    const NnMicro *m = nn_micro();
    const int step = c->col.split * c->in_slice, out_step = c->col.phases * c->slice, run = col->run * c->in_slice;
    const NnMicroColumns in = { read + (row->shift * c->in_cols + col->shift) * c->in_slice + k->j0 * step,
                                r->read + k->r0, (size_t)step };
    const NnMicroColumns out = { written + col->phase * c->slice + k->j0 * out_step, r->written + k->r0,
                                 (size_t)out_step };
    if (c->vectors_read)
        m->outer(k->rows, k->cols, &out, c->slice, &in, round_up(run, m->lanes), partial + col->column,
                 (size_t)c->columns);
    else
        m->outer(k->rows, k->cols, &in, run, &out, c->slice, partial + (size_t)(col->column * c->slice),
                 (size_t)c->slice);
}

/* All taps of row phase a for some rows and one pair of slices, chunk by chunk. */
static void add_slices(const Cut *c, const Rows *r, int a, const float *read, const float *written, float *partial)
{
    const int widest = places(&c->col, c->written.W, 0);
    const int cols = ceil_div(widest, ceil_div(widest, CHUNK)), rows = max_int(1, CHUNK / cols);
    for (int r0 = 0; r0 < r->n; r0 += rows)
        for (int j0 = 0; j0 < widest; j0 += cols)
            for (int u = 0; u < c->row.n; u++)
                for (int t = 0; c->row.tap[u].phase == a && t < c->col.n; t += c->col.tap[t].run) {
                    const int end = places(&c->col, c->written.W, c->col.tap[t].phase);
                    const Chunk k = { r0, min_int(rows, r->n - r0), j0, min_int(cols, end - j0) };
                    add_run(c, r, &k, &c->row.tap[u], &c->col.tap[t], read, written, partial + (size_t)u * c->row_len);
                }
}

/* Where in a partial gradient a pair of slices begins. */
static size_t pair_at(const Cut *c, int slice, int in_slice)
{
    return (size_t)((slice * c->in_slices + in_slice) * c->row.n) * c->row_len;
}

/* A unit: all items of a lane, for one block of a group. */
typedef struct {
    int group, block, lane;
} Unit;

static Unit unit_at(const Cut *c, int unit)
{
    return (Unit){ unit / c->lanes / c->blocks, unit / c->lanes % c->blocks, unit % c->lanes };
}

/* The copies of an item, slice after slice. */
typedef struct {
    float *read, *written;
} Copies;

static void copy_item(const Cut *c, const Unit *u, const Item *t, const float *read, const float *written,
                      const Copies *to)
{
    const int block = u->block * c->block, channels = min_int(c->block, c->written.C - block);
    for (int s = 0; s < c->in_slices; s++) {
        const int first = s * c->in_slice, n = min_int(c->in_slice, c->read.C - first);
        copy_read(c, t, read, u->group * c->read.C + first, n, to->read + (size_t)s * c->read_len);
    }
    for (int s = 0; s < c->slices; s++) {
        const int first = s * c->slice, n = max_int(0, min_int(c->slice, channels - first));
        copy_written(c, t, written, u->group * c->written.C + block + first, n,
                     to->written + (size_t)s * c->written_len);
    }
}

static void add_item(const Cut *c, const Item *t, const Copies *from, float *partial)
{
    for (int a = 0; a < c->row.phases; a++) {
        Rows r;
        find_rows(c, t, a, &r);
        for (int s = 0; s < c->slices; s++)
            for (int in = 0; in < c->in_slices; in++)
                add_slices(c, &r, a, from->read + (size_t)in * c->read_len, from->written + (size_t)s * c->written_len,
                           partial + pair_at(c, s, in));
    }
}

static void add_unit(const Cut *c, const Unit *u, const float *read, const float *written, float *partial, float *mine)
{
    const Copies copies = { mine, mine + (size_t)c->in_slices * c->read_len };
    zero(partial, c->partial_len);
    for (int item = u->lane; item < c->items; item += c->lanes) {
        const Item t = item_at(c, item);
        copy_item(c, u, &t, read, written, &copies);
        add_item(c, &t, &copies, partial);
    }
}

/* ---- the partial gradients' sum ---- */

/* Where a kernel position's gradient lies in a pair of slices: the sum of so many places. */
typedef struct {
    int n;
    size_t at[NN_PHASES_MAX * NN_PHASES_MAX];
} Sources;

static Sources find_sources(const Cut *c, int u, int v)
{
    Sources s = { 0 };
    for (int r = 0; r < c->row.n; r++)
        for (int t = 0; c->row.tap[r].from >> u & 1 && t < c->col.n; t++)
            if (c->col.tap[t].from >> v & 1)
                s.at[s.n++] =
                    (size_t)r * c->row_len + (size_t)(c->col.tap[t].column * (c->vectors_read ? 1 : c->slice));
    return s;
}

/* to[k stride] += all lanes and sources, for n channels of the vectors' side. */
NN_KERNEL_CLONES
static void add_vector(const Cut *c, const Sources *s, const float *partial, int n, float *to, size_t stride)
{
    float sum[SLICE] = { 0 };
    for (int lane = 0; lane < c->lanes; lane++, partial += c->partial_len)
        for (int i = 0; i < s->n; i++)
            for (int k = 0; k < n; k++) sum[k] += partial[s->at[i] + (size_t)k];
    for (int k = 0; k < n; k++) to[(size_t)k * stride] += sum[k];
}

/* One pair of slices, all lanes, to dw [O][Cg][Kh][Kw]: some of the numbers beside the vectors at a time, so that the
 * scattered places in dw stay in cache from one kernel position to the next. */
typedef struct {
    const float *partial;
    int read, written;                  /* channels */
    float *dw;                          /* of the first of them, kernel position 0,0 */
    size_t read_stride, written_stride; /* in dw, between channels */
} Pair;

static void add_pair(const NnConvGeom *g, const Cut *c, const Pair *p)
{
    const int numbers = c->vectors_read ? p->written : p->read, vectors = c->vectors_read ? p->read : p->written;
    const size_t stride = c->vectors_read ? p->written_stride : p->read_stride;
    const size_t vector_stride = c->vectors_read ? p->read_stride : p->written_stride;
    const size_t pitch = (size_t)(c->vectors_read ? c->columns : c->slice);
    for (int from = 0; from < numbers; from += ALIGN)
        for (int position = 0; position < g->Kh * g->Kw; position++) {
            const Sources s = find_sources(c, position / g->Kw, position % g->Kw);
            for (int k = from; k < min_int(from + ALIGN, numbers); k++)
                add_vector(c, &s, p->partial + (size_t)k * pitch, vectors, p->dw + (size_t)k * stride + position,
                           vector_stride);
        }
}

/* A slice of written channels of a block. dw: of the group. */
static void add_slice(const NnConvGeom *g, const Cut *c, const float *partial, int block, int slice, float *dw)
{
    const size_t taps = (size_t)(g->Kh * g->Kw), row = (size_t)g->K;
    const int w = block * c->block + slice * c->slice, end = min_int((block + 1) * c->block, c->written.C);
    Pair p = { .read_stride = c->exchanged ? row : taps, .written_stride = c->exchanged ? taps : row };
    p.written = min_int(c->slice, end - w);
    for (int in = 0; in < c->in_slices; in++) {
        p.partial = partial + pair_at(c, slice, in);
        p.read = min_int(c->in_slice, c->read.C - in * c->in_slice);
        p.dw = dw + (size_t)w * p.written_stride + (size_t)(in * c->in_slice) * p.read_stride;
        add_pair(g, c, &p);
    }
}

static void add_lanes(const NnConvGeom *g, const Cut *c, const float *partials, float *dw)
{
    const size_t group_len = (size_t)(g->Og * g->K);
#pragma omp parallel for num_threads(nn_threads()) schedule(static)
    for (int i = 0; i < c->groups * c->blocks * c->slices; i++) {
        const int block = i / c->slices;
        add_slice(g, c, partials + (size_t)(block * c->lanes) * c->partial_len, block % c->blocks, i % c->slices,
                  dw + (size_t)(block / c->blocks) * group_len);
    }
}

/* ---- what the header declares ---- */

static size_t thread_len(const Cut *c)
{
    return (size_t)c->in_slices * c->read_len + (size_t)c->slices * c->written_len;
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
