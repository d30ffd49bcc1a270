/* conv_weights_cut.c -- see conv_weights_cut.h. */
#include "nn/ops/conv_weights_cut.h"

#include "nn/ops/cut.h"
#include "nn/ops/micro.h"

enum {
    UNITS = 8, /* wanted: threads that can work at once */
    LANE_FLOATS = 1024 * 1024,
    ITEM_FLOATS = 96 * 1024 /* of both copies */
};

static int round_up(int n, int to)
{
    return nn_ceil_div(n, to) * to;
}

/* All phases' taps in one list. */
static NnWeightsAxis axis_make(const NnAxis *from)
{
    NnWeightsAxis x = { .split = from->split, .phases = from->phases, .first = from->first };
    for (int a = 0; a < from->phases; a++)
        for (int t = 0; t < from->phase[a].n; t++) {
            const int shift = from->phase[a].at[t] - from->first;
            x.tap[x.n++] = (NnWeightsTap){ .phase = a, .shift = shift, .run = 1, .from = from->phase[a].from[t] };
            x.span = nn_max_int(x.span, shift + 1);
            x.used |= 1u << shift % x.split;
        }
    for (int t = x.n - 2; t >= 0; t--)
        if (x.tap[t + 1].phase == x.tap[t].phase && x.tap[t + 1].shift == x.tap[t].shift + 1)
            x.tap[t].run = x.tap[t + 1].run + 1;
    return x;
}

static NnWeightsAxis axis_of(const NnConvGeom *g, int kernel, int exchanged)
{
    const NnAxis a = exchanged ? nn_axis_backward(kernel, g->stride, g->pad, g->dilation, g->upsample)
                               : nn_axis_forward(kernel, g->stride, g->pad, g->dilation, g->upsample);
    return axis_make(&a);
}

static int is_run_start(const NnWeightsAxis *col, int t)
{
    return t == 0 || col->tap[t - 1].run != col->tap[t].run + 1;
}

/* ---- cutting ---- */

/* Slices are narrow enough that a chunk of both stays in a first-level cache. */
static void cut_slices(NnWeightsCut *c, int blocks)
{
    const int pair = 2 * nn_micro()->lanes,
              most = nn_max_int(NN_WEIGHTS_SLICE_MAX / c->col.split, NN_WEIGHTS_SLICE_MAX / 4);
    c->block = nn_min_int(c->written.C, round_up(nn_ceil_div(c->written.C, blocks), pair));
    c->blocks = nn_ceil_div(c->written.C, c->block);
    c->slice = nn_min_int(pair, c->vectors_read ? c->block : round_up(c->block, nn_micro()->lanes));
    c->slices = nn_ceil_div(c->block, c->slice);
    c->in_slices = nn_ceil_div(c->read.C, most);
    c->in_slice = nn_ceil_div(c->read.C, c->in_slices);
}

/* Where a row's taps have their channels. Runs that are read as vectors begin at whole vectors. */
static void size_partial(NnWeightsCut *c)
{
    const int lanes = nn_micro()->lanes;
    for (int t = 0; t < c->col.n; t++) {
        if (c->vectors_read && is_run_start(&c->col, t)) c->columns = round_up(c->columns, lanes);
        c->col.tap[t].column = c->columns;
        c->columns += c->in_slice;
    }
    if (c->vectors_read) c->columns = round_up(c->columns, lanes);
    c->row_len = (size_t)c->columns * (size_t)c->slice;
    c->partial_len = nn_align_line(c->row_len * (size_t)(c->row.n * c->slices * c->in_slices));
}

size_t nn_weights_read_len(const NnWeightsCut *c, int rows)
{
    return (size_t)(c->row.split * (rows - 1) + c->row.span) * (size_t)c->in_cols * (size_t)c->in_slice;
}

size_t nn_weights_written_len(const NnWeightsCut *c, int rows)
{
    return (size_t)(c->row.phases * rows) * (size_t)c->written.W * (size_t)c->slice;
}

static size_t image_len(const NnWeightsCut *c, int rows)
{
    return (size_t)c->in_slices * nn_weights_read_len(c, rows) + (size_t)c->slices * nn_weights_written_len(c, rows);
}

/* Rows of an image that fit the cache, or several images; in any case an item for every lane if there are so many. */
static void size_items(NnWeightsCut *c, int lanes)
{
    const int all = nn_weights_places(&c->row, c->written.H, 0);
    int rows = nn_min_int(all, NN_WEIGHTS_ROWS_MAX);
    c->in_cols = c->col.split * (nn_weights_places(&c->col, c->written.W, 0) - 1) + c->col.span;
    while (rows > 1 && image_len(c, rows) > ITEM_FLOATS) rows--;
    rows = nn_min_int(rows, nn_ceil_div(all, nn_ceil_div(lanes, c->N)));
    c->bands = nn_ceil_div(all, rows);
    c->rows = nn_ceil_div(all, c->bands);
    const int fit = nn_min_int((int)(ITEM_FLOATS / image_len(c, c->rows)), NN_WEIGHTS_ROWS_MAX / c->rows);
    c->images = c->bands > 1 ? 1 : nn_max_int(1, nn_min_int(fit, c->N / lanes));
    c->in_rows = c->row.split * (c->rows - 1) + c->row.span;
    c->items = nn_ceil_div(c->N, c->images) * c->bands;
    c->lanes = nn_min_int(lanes, c->items);
    c->read_len = nn_align_line((size_t)c->images * nn_weights_read_len(c, c->rows) + NN_MICRO_LANES_MAX);
    c->written_len = nn_align_line((size_t)c->images * nn_weights_written_len(c, c->rows));
}

/* Lanes that memory allows beside so many blocks. */
static int lanes_for(const NnWeightsCut *c)
{
    const int wanted = nn_ceil_div(UNITS, c->groups * c->blocks);
    const size_t all = (size_t)(c->groups * c->blocks) * c->partial_len;
    const int allowed = (int)(LANE_FLOATS / (all ? all : 1));
    return nn_min_int(wanted, nn_max_int(allowed, 2));
}

/* Cycles of the innermost loop for one run, a position: two vectors are multiplied and added in a cycle. Loading the
 * numbers takes as long if only one vector stands beside them; short columns wait for their own sums. */
static double run_cycles(const NnWeightsCut *c, int run)
{
    const int lanes = nn_micro()->lanes;
    const int numbers = c->vectors_read ? c->slice : run * c->in_slice;
    const int vectors = nn_ceil_div(c->vectors_read ? run * c->in_slice : c->slice, lanes);
    const int pairs = vectors / 2, single = vectors % 2;
    return pairs * nn_max_int(numbers, 5) + single * nn_max_int(numbers, 9) * 0.6;
}

/* Cycles, roughly, when all units that threads can do at once are done at once. */
static double cut_cost(const NnWeightsCut *c)
{
    double run = 0;
    for (int t = 0; t < c->col.n; t++)
        if (is_run_start(&c->col, t)) run += run_cycles(c, c->col.tap[t].run);
    const double positions =
        (double)c->N * nn_weights_places(&c->row, c->written.H, 0) * nn_weights_places(&c->col, c->written.W, 0);
    const double copies = (double)c->items * c->images * (double)image_len(c, c->rows);
    const double partials = (double)c->lanes * (double)c->partial_len;
    return c->blocks / (double)nn_min_int(UNITS, nn_weights_units(c)) *
           (positions * c->row.n * c->slices * c->in_slices * run + copies + 2 * partials);
}

static NnWeightsCut cut_with(const NnConvGeom *g, int exchanged, int vectors_read, int blocks)
{
    const NnWeightsSide x = { g->Cg, g->C, g->H, g->W }, y = { g->Og, g->O, g->Ho, g->Wo };
    NnWeightsCut c = { .exchanged = exchanged, .vectors_read = vectors_read, .N = g->N, .groups = g->groups };
    c.read = exchanged ? y : x, c.written = exchanged ? x : y;
    c.row = axis_of(g, g->Kh, exchanged), c.col = axis_of(g, g->Kw, exchanged);
    cut_slices(&c, blocks);
    size_partial(&c);
    size_items(&c, lanes_for(&c));
    return c;
}

NnWeightsCut nn_weights_cut(const NnConvGeom *g)
{
    NnWeightsCut best = cut_with(g, 0, 0, 1);
    for (int way = 0; way < 4; way++)
        for (int blocks = 1; blocks <= UNITS; blocks *= 2) {
            const NnWeightsCut c = cut_with(g, way & 1, way >> 1, blocks);
            if (cut_cost(&c) < cut_cost(&best)) best = c;
        }
    return best;
}
