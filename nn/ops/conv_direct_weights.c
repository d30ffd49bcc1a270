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
 * fill a vector badly, so the cheapest of the four is taken: nn_weights_cut() counts vectors, copies and partial sums.
 *
 * Work is cut into units by shapes alone: (group, block of written channels, lane). A unit does its lane's items,
 *
 *      item = (images, band of rows): copied channels last, zeros around `read`; fits a second-level cache
 *      slices = so many channels of either copy, and
 *      chunk = about CHUNK positions of them, one call of `outer` a run: both stay in a first-level cache
 *
 * and adds chunk after chunk to a partial gradient of its own. Lanes are added up at the end, in order. So no sum is a
 * long chain: errors are 2e-7 to 7e-7 of the largest gradient on layers of 512 to 262144 positions.
 *
 * Memory: more than one lane needs more copies of the gradient, so large weights are cut into blocks first, which need
 * none. All lanes together have at most LANE_FLOATS floats, or two copies of the gradient if that is more. */
#include "nn/ops/conv_direct_weights.h"

#include <omp.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/conv_weights_cut.h"
#include "nn/ops/cut.h"
#include "nn/ops/micro.h"
#include "nn/ops/norm_pass.h"

enum {
    CHUNK = 64, /* positions */
    STRIP = 16  /* channels whose scattered places in dw stay in cache */
};

/* ---- copies of an item ---- */

typedef struct {
    int n0, images, i0, rows; /* images; rows of places */
} Item;

static Item item_at(const NnWeightsCut *c, int item)
{
    const int n0 = item / c->bands * c->images, i0 = item % c->bands * c->rows;
    const int all = nn_weights_places(&c->row, c->written.H, 0);
    return (Item){ n0, nn_min_int(c->images, c->N - n0), i0, nn_min_int(c->rows, all - i0) };
}

static const float *image_of(const NnWeightsSide *s, const float *tensor, int n, int channel)
{
    return tensor + ((size_t)n * (size_t)s->all + (size_t)channel) * (size_t)s->H * (size_t)s->W;
}

static void zero(float *to, size_t n)
{
    memset(to, 0, sizeof *to * n);
}

/* A slice of so many channels: [images][rows][W][slice]. norm: of this side, or NULL. */
static void copy_written(const NnWeightsCut *c, const Item *t, const float *written, int channel, int channels,
                         const NnNorm *norm, float *to)
{
    const int row = c->row.phases * t->i0, rows = nn_min_int(c->row.phases * t->rows, c->written.H - row);
    const int pixels = rows * c->written.W;
    const size_t first = (size_t)row * (size_t)c->written.W, slice = (size_t)c->slice,
                 len = nn_weights_written_len(c, c->rows);
    for (int n = 0; n < t->images; n++, to += len) {
        if (channels < c->slice) zero(to, (size_t)pixels * slice);
        nn_micro()->transpose(channels, pixels, image_of(&c->written, written, t->n0 + n, channel) + first,
                              (size_t)c->written.H * (size_t)c->written.W, to, slice);
        if (norm) nn_norm_pixels(norm, channel, channels, pixels, to, slice);
    }
}

/* Rows first .. of an image, of which some may lie outside, to [rows][in_cols][in_slice]; so many channels. */
typedef struct {
    const float *image;
    int channel, channels, first, rows;
    const NnNorm *norm;
} Piece;

static int in_image(const NnWeightsCut *c, const Piece *p, int k)
{
    return p->first + k >= 0 && p->first + k < c->read.H;
}

static int is_used(const NnWeightsCut *c, int k)
{
    return c->row.used >> k % c->row.split & 1;
}

/* Zeros around the pixels. */
static void zero_frame(const NnWeightsCut *c, const Piece *p, NnRange in, float *to)
{
    const size_t slice = (size_t)c->in_slice, row_len = (size_t)c->in_cols * slice;
    for (int k = 0; k < p->rows; k++, to += row_len) {
        const int some = is_used(c, k) && in_image(c, p, k);
        if (some) zero(to, (size_t)in.a * slice), zero(to + (size_t)in.b * slice, (size_t)(c->in_cols - in.b) * slice);
        else if (is_used(c, k)) zero(to, row_len);
    }
}

/* The pixels of columns `in`, a few channels at a time: it is kinder to memory to read long pieces of few planes. */
static void copy_pixels(const NnWeightsCut *c, const Piece *p, NnRange in, float *to)
{
    const int lanes = nn_micro()->lanes;
    const size_t W = (size_t)c->read.W, plane = (size_t)c->read.H * W, slice = (size_t)c->in_slice;
    for (int ch = 0; ch < p->channels; ch += lanes) {
        const int n = nn_min_int(lanes, p->channels - ch);
        for (int k = 0; k < p->rows; k++) {
            if (!is_used(c, k) || !in_image(c, p, k)) continue;
            const float *from = p->image + (size_t)ch * plane + (size_t)(p->first + k) * W + in.a + c->col.first;
            float *at = to + (size_t)(k * c->in_cols + in.a) * slice + ch;
            nn_micro()->transpose(n, in.b - in.a, from, plane, at, slice);
            if (p->norm) nn_norm_pixels(p->norm, p->channel + ch, n, in.b - in.a, at, slice);
        }
    }
}

/* A slice of so many channels: [images][in_rows][in_cols][in_slice]. */
static void copy_read(const NnWeightsCut *c, const Item *t, const float *read, int channel, int channels,
                      const NnNorm *norm, float *to)
{
    const NnRange in = nn_tap_range(c->col.first, 1, c->read.W, 0, c->in_cols);
    for (int n = 0; n < t->images; n++, to += nn_weights_read_len(c, c->rows)) {
        const Piece p = { .image = image_of(&c->read, read, t->n0 + n, channel),
                          .channel = channel,
                          .channels = channels,
                          .first = c->row.split * t->i0 + c->row.first,
                          .rows = c->row.split * (t->rows - 1) + c->row.span,
                          .norm = norm };
        zero_frame(c, &p, in, to);
        if (in.a < in.b) copy_pixels(c, &p, in, to);
    }
}

/* ---- sums ---- */

/* Rows of the item whose written pixels are of phase a: where they begin in both copies. */
typedef struct {
    int n;
    int32_t read[NN_WEIGHTS_ROWS_MAX], written[NN_WEIGHTS_ROWS_MAX];
} Rows;

static void find_rows(const NnWeightsCut *c, const Item *t, int a, Rows *r)
{
    const int rows = nn_min_int(t->rows, nn_weights_places(&c->row, c->written.H, a) - t->i0);
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
static void add_run(const NnWeightsCut *c, const Rows *r, const Chunk *k, const NnWeightsTap *row,
                    const NnWeightsTap *col, const float *read, const float *written, float *partial)
{
    const NnMicro *m = nn_micro();
    const int step = c->col.split * c->in_slice, out_step = c->col.phases * c->slice, run = col->run * c->in_slice;
    const NnMicroColumns in = { read + (row->shift * c->in_cols + col->shift) * c->in_slice + k->j0 * step,
                                r->read + k->r0, (size_t)step };
    const NnMicroColumns out = { written + col->phase * c->slice + k->j0 * out_step, r->written + k->r0,
                                 (size_t)out_step };
    if (c->vectors_read)
        m->outer(k->rows, k->cols, &out, c->slice, &in, nn_ceil_div(run, m->lanes) * m->lanes, partial + col->column,
                 (size_t)c->columns);
    else
        m->outer(k->rows, k->cols, &in, run, &out, c->slice, partial + (size_t)(col->column * c->slice),
                 (size_t)c->slice);
}

/* All taps of row phase a for some rows and one pair of slices, chunk by chunk. */
static void add_slices(const NnWeightsCut *c, const Rows *r, int a, const float *read, const float *written,
                       float *partial)
{
    const int widest = nn_weights_places(&c->col, c->written.W, 0);
    const int cols = nn_ceil_div(widest, nn_ceil_div(widest, CHUNK)), rows = nn_max_int(1, CHUNK / cols);
    for (int r0 = 0; r0 < r->n; r0 += rows)
        for (int j0 = 0; j0 < widest; j0 += cols)
            for (int u = 0; u < c->row.n; u++)
                for (int t = 0; c->row.tap[u].phase == a && t < c->col.n; t += c->col.tap[t].run) {
                    const int end = nn_weights_places(&c->col, c->written.W, c->col.tap[t].phase);
                    const Chunk k = { r0, nn_min_int(rows, r->n - r0), j0, nn_min_int(cols, end - j0) };
                    add_run(c, r, &k, &c->row.tap[u], &c->col.tap[t], read, written, partial + (size_t)u * c->row_len);
                }
}

/* Where in a partial gradient a pair of slices begins. */
static size_t pair_at(const NnWeightsCut *c, int slice, int in_slice)
{
    return (size_t)((slice * c->in_slices + in_slice) * c->row.n) * c->row_len;
}

/* A unit: all items of a lane, for one block of a group. */
typedef struct {
    int group, block, lane;
} Unit;

static Unit unit_at(const NnWeightsCut *c, int unit)
{
    return (Unit){ unit / c->lanes / c->blocks, unit / c->lanes % c->blocks, unit % c->lanes };
}

/* The two images of a call, and what is to be applied to which. */
typedef struct {
    const float *read, *written;
    const NnNorm *read_norm, *written_norm; /* or NULL */
} Images;

/* The copies of an item, slice after slice. */
typedef struct {
    float *read, *written;
} Copies;

static void copy_item(const NnWeightsCut *c, const Unit *u, const Item *t, const Images *from, const Copies *to)
{
    const int block = u->block * c->block, channels = nn_min_int(c->block, c->written.C - block);
    for (int s = 0; s < c->in_slices; s++) {
        const int first = s * c->in_slice, n = nn_min_int(c->in_slice, c->read.C - first);
        copy_read(c, t, from->read, u->group * c->read.C + first, n, from->read_norm,
                  to->read + (size_t)s * c->read_len);
    }
    for (int s = 0; s < c->slices; s++) {
        const int first = s * c->slice, n = nn_max_int(0, nn_min_int(c->slice, channels - first));
        copy_written(c, t, from->written, u->group * c->written.C + block + first, n, from->written_norm,
                     to->written + (size_t)s * c->written_len);
    }
}

static void add_item(const NnWeightsCut *c, const Item *t, const Copies *from, float *partial)
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

static void add_unit(const NnWeightsCut *c, const Unit *u, const Images *from, float *partial, float *mine)
{
    const Copies copies = { mine, mine + (size_t)c->in_slices * c->read_len };
    zero(partial, c->partial_len);
    for (int item = u->lane; item < c->items; item += c->lanes) {
        const Item t = item_at(c, item);
        copy_item(c, u, &t, from, &copies);
        add_item(c, &t, &copies, partial);
    }
}

/* ---- the partial gradients' sum ---- */

/* Where a kernel position's gradient lies in a pair of slices: the sum of so many places. */
typedef struct {
    int n;
    size_t at[NN_PHASES_MAX * NN_PHASES_MAX];
} Sources;

static Sources find_sources(const NnWeightsCut *c, int u, int v)
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
static void add_vector(const NnWeightsCut *c, const Sources *s, const float *partial, int n, float *to, size_t stride)
{
    float sum[NN_WEIGHTS_SLICE_MAX] = { 0 };
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

static void add_pair(const NnConvGeom *g, const NnWeightsCut *c, const Pair *p)
{
    const int numbers = c->vectors_read ? p->written : p->read, vectors = c->vectors_read ? p->read : p->written;
    const size_t stride = c->vectors_read ? p->written_stride : p->read_stride;
    const size_t vector_stride = c->vectors_read ? p->read_stride : p->written_stride;
    const size_t pitch = (size_t)(c->vectors_read ? c->columns : c->slice);
    for (int from = 0; from < numbers; from += STRIP)
        for (int position = 0; position < g->Kh * g->Kw; position++) {
            const Sources s = find_sources(c, position / g->Kw, position % g->Kw);
            for (int k = from; k < nn_min_int(from + STRIP, numbers); k++)
                add_vector(c, &s, p->partial + (size_t)k * pitch, vectors, p->dw + (size_t)k * stride + position,
                           vector_stride);
        }
}

/* A slice of written channels of a block. dw: of the group. */
static void add_slice(const NnConvGeom *g, const NnWeightsCut *c, const float *partial, int block, int slice, float *dw)
{
    const size_t taps = (size_t)g->Kh * (size_t)g->Kw, row = (size_t)g->K;
    const int w = block * c->block + slice * c->slice, end = nn_min_int((block + 1) * c->block, c->written.C);
    Pair p = { .read_stride = c->exchanged ? row : taps, .written_stride = c->exchanged ? taps : row };
    p.written = nn_min_int(c->slice, end - w);
    for (int in = 0; in < c->in_slices; in++) {
        p.partial = partial + pair_at(c, slice, in);
        p.read = nn_min_int(c->in_slice, c->read.C - in * c->in_slice);
        p.dw = dw + (size_t)w * p.written_stride + (size_t)(in * c->in_slice) * p.read_stride;
        add_pair(g, c, &p);
    }
}

static void add_lanes(const NnConvGeom *g, const NnWeightsCut *c, const float *partials, float *dw)
{
    const size_t group_len = (size_t)g->Og * (size_t)g->K;
#pragma omp parallel for num_threads(nn_threads()) schedule(static)
    for (int i = 0; i < c->groups * c->blocks * c->slices; i++) {
        const int block = i / c->slices;
        add_slice(g, c, partials + (size_t)(block * c->lanes) * c->partial_len, block % c->blocks, i % c->slices,
                  dw + (size_t)(block / c->blocks) * group_len);
    }
}

/* ---- what the header declares ---- */

static size_t thread_len(const NnWeightsCut *c)
{
    return (size_t)c->in_slices * c->read_len + (size_t)c->slices * c->written_len;
}

size_t nn_direct_weights_scratch(const NnConvGeom *g)
{
    const NnWeightsCut c = nn_weights_cut(g);
    return (size_t)nn_threads() * thread_len(&c) + (size_t)nn_weights_units(&c) * c.partial_len;
}

void nn_direct_weights(const NnConvGeom *g, const float *x, const float *dy, float *dw, float *scratch)
{
    const NnWeightsCut c = nn_weights_cut(g);
    const Images images = c.exchanged ? (Images){ dy, x, NULL, g->norm } : (Images){ x, dy, g->norm, NULL };
    float *partials = scratch + (size_t)nn_threads() * thread_len(&c);
#pragma omp parallel for num_threads(nn_threads()) schedule(dynamic)
    for (int unit = 0; unit < nn_weights_units(&c); unit++) {
        const Unit u = unit_at(&c, unit);
        add_unit(&c, &u, &images, partials + (size_t)unit * c.partial_len,
                 scratch + (size_t)omp_get_thread_num() * thread_len(&c));
    }
    add_lanes(g, &c, partials, dw);
}
