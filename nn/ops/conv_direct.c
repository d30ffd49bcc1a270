/* conv_direct.c -- convolution as sums of shifted copies, without a column matrix.
 *
 * The image is read band by band; a band is a cache-sized copy in which every tap is a plain shift (conv_band.h). Then
 *
 *          band [C][height][width]                           results, 8 outputs x all positions
 *          +--------------------------+                      +--------------------------+
 *     c    | 0 0 0 0 0 0 0 0 0 0 0 0 0|   w[o][c][t] *       | 48 positions |           |  o     one tile = 24
 *          | 0 a b c d e f g h i j k 0|   shifted by t,      |              |           |  ..    registers of sums;
 *          | 0 l m n o p q r s t u v 0|   summed over   -->  +--------------+           |  o+7   nothing else is
 *          +--------------------------+   c and t            +--------------------------+        touched meanwhile
 *
 * and the results' rows go to y, where the band's last act is the epilogue (conv_end.h) while they are in cache. Weights
 * are packed once a call, [tile of outputs][C][taps][8], in the order in which the sums read them.
 *
 * Stride, dilation, enlargement and both directions differ only in their taps (conv_taps.h): a stride splits the band
 * into grids; an enlargement, or the input gradient of a stride, makes phases, which are computed one after the
 * other from the same band and woven together on the way out:
 *
 *          phase 0,0   A . B .      phase 0,1   . E . F       row 0 of y      A E B F
 *
 * An item of work is one band of one group of one image. The weight gradient is in conv_direct_weights.c. */
#include <omp.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/conv_band.h"
#include "nn/ops/conv_direct_weights.h"
#include "nn/ops/conv_method.h"
#include "nn/ops/cut.h"
#include "nn/ops/micro.h"

enum { LINE = 16, LEAST_ITEMS = 8 };

/* One of the two products: `out` [N,groups O,Ho,Wo] from `in` [N,groups C,H,W]. */
typedef struct {
    int N, groups, C, O, H, W, Ho, Wo; /* C, O: of one group */
    int Kh, Kw;
    size_t w_out, w_in; /* floats of w from one written, one read channel to the next */
    int tile;           /* outputs computed together */
    const NnNorm *norm; /* of the forward pass's input, or NULL */
    NnBand band;
    int row_taps, col_taps; /* over all phases */
    int by_rows;            /* 1: vectors begin with each row; 0: they run on over the ends of rows */
} Sweep;

static int count_taps(const NnAxis *axis)
{
    int n = 0;
    for (int a = 0; a < axis->phases; a++) n += axis->phase[a].n;
    return n;
}

/* Positions of a row that are computed: whole vectors, or what the row takes in the band. */
static int row_positions(const Sweep *s)
{
    const int lanes = nn_micro()->lanes;
    return s->by_rows ? nn_ceil_div(s->band.places, lanes) * lanes : s->band.width;
}

static void sweep_cut(Sweep *s, const NnAxis *row, const NnAxis *col)
{
    s->tile = nn_micro()->tile;
    s->row_taps = count_taps(row), s->col_taps = count_taps(col);
    s->band = nn_band_make(s->C, s->H, s->W, row, col, nn_axis_count(row, s->Ho, 0), nn_axis_count(col, s->Wo, 0),
                           nn_ceil_div(LEAST_ITEMS, s->N * s->groups));
    const int lanes = nn_micro()->lanes;
    s->by_rows = nn_ceil_div(s->band.places, lanes) * lanes <= s->band.width;
    if (s->by_rows) nn_band_align(&s->band, lanes);
}

static Sweep sweep_forward(const NnConvGeom *g)
{
    const NnAxis row = nn_axis_forward(g->Kh, g->stride, g->pad, g->dilation, g->upsample);
    const NnAxis col = nn_axis_forward(g->Kw, g->stride, g->pad, g->dilation, g->upsample);
    Sweep s = { .N = g->N, .groups = g->groups, .C = g->Cg, .O = g->Og, .Kh = g->Kh, .Kw = g->Kw };
    s.H = g->H, s.W = g->W, s.Ho = g->Ho, s.Wo = g->Wo;
    s.w_out = (size_t)g->K, s.w_in = (size_t)g->Kh * (size_t)g->Kw;
    s.norm = g->norm;
    sweep_cut(&s, &row, &col);
    return s;
}

static Sweep sweep_backward(const NnConvGeom *g)
{
    const NnAxis row = nn_axis_backward(g->Kh, g->stride, g->pad, g->dilation, g->upsample);
    const NnAxis col = nn_axis_backward(g->Kw, g->stride, g->pad, g->dilation, g->upsample);
    Sweep s = { .N = g->N, .groups = g->groups, .C = g->Og, .O = g->Cg, .Kh = g->Kh, .Kw = g->Kw };
    s.H = g->Ho, s.W = g->Wo, s.Ho = g->H, s.Wo = g->W;
    s.w_out = (size_t)g->Kh * (size_t)g->Kw, s.w_in = (size_t)g->K;
    sweep_cut(&s, &row, &col);
    return s;
}

/* ---- weights: [group][tile of outputs][phase][C][taps of the phase][outputs of the tile] ---- */

static int tile_count(const Sweep *s)
{
    return nn_ceil_div(s->O, s->tile);
}

/* The last tile is a small one if that is enough. */
static int tile_outputs(const Sweep *s, int t)
{
    return s->O - t * s->tile <= 4 ? 4 : s->tile;
}

static size_t tile_len(const Sweep *s)
{
    return (size_t)s->C * (size_t)(s->row_taps * s->col_taps) * (size_t)s->tile;
}

static size_t packed_len(const Sweep *s)
{
    return nn_align_line((size_t)(s->groups * tile_count(s)) * tile_len(s));
}

/* The kernel positions, as indices into [Kh][Kw], whose sum is a tap's weight: usually one. */
typedef struct {
    int n, at[NN_TAP_KERNEL_MAX * NN_TAP_KERNEL_MAX];
} Positions;

static Positions tap_positions(const Sweep *s, unsigned rows, unsigned cols)
{
    Positions p = { 0 };
    for (int u = 0; u < s->Kh; u++)
        for (int v = 0; v < s->Kw; v++)
            if ((rows >> u & 1) && (cols >> v & 1)) p.at[p.n++] = u * s->Kw + v;
    return p;
}

/* One tap of one phase, for all C and the outputs of a tile: to[c step + o]; outputs that do not exist weigh 0. */
static void pack_tap(const Sweep *s, const Positions *p, const float *w, int outputs, int some, float *to, size_t step)
{
    for (int c = 0; c < s->C; c++, w += s->w_in, to += step)
        for (int o = 0; o < outputs; o++) {
            const float *at = w + (size_t)o * s->w_out;
            float sum = o < some ? at[p->at[0]] : 0;
            for (int k = 1; k < p->n && o < some; k++) sum += at[p->at[k]];
            to[o] = sum;
        }
}

static float *pack_phase(const Sweep *s, const NnTaps *row, const NnTaps *col, const float *w, int outputs, int some,
                         float *to)
{
    const size_t step = (size_t)(row->n * col->n) * (size_t)outputs;
    for (int r = 0; r < row->n; r++)
        for (int k = 0; k < col->n; k++) {
            const Positions p = tap_positions(s, row->from[r], col->from[k]);
            pack_tap(s, &p, w, outputs, some, to + (r * col->n + k) * outputs, step);
        }
    return to + (size_t)s->C * step;
}

static void pack_weights(const Sweep *s, const float *w, float *packed)
{
    const int tiles = tile_count(s);
    const size_t group_len = (size_t)s->O * (size_t)s->C * (size_t)(s->Kh * s->Kw);
#pragma omp parallel for num_threads(nn_threads())
    for (int item = 0; item < s->groups * tiles; item++) {
        const int o = item % tiles * s->tile, left = s->O - o;
        const float *from = w + (size_t)(item / tiles) * group_len + (size_t)o * s->w_out;
        float *to = packed + (size_t)item * tile_len(s);
        for (int a = 0; a < s->band.row.phases; a++)
            for (int b = 0; b < s->band.col.phases; b++)
                to = pack_phase(s, &s->band.row.phase[a], &s->band.col.phase[b], from, tile_outputs(s, item % tiles),
                                left, to);
    }
}

/* ---- shifts: where each weight's floats lie in the band, in the order of the weights, [phase][C][taps] ---- */

static size_t shifts_len(const Sweep *s)
{
    return nn_align_line((size_t)s->C * (size_t)(s->row_taps * s->col_taps) + NN_MICRO_AHEAD);
}

static int32_t *list_phase(const NnBand *b, const NnTaps *row, const NnTaps *col, int32_t *to)
{
    for (int c = 0; c < b->C; c++)
        for (int r = 0; r < row->n; r++)
            for (int k = 0; k < col->n; k++)
                *to++ = (int32_t)((size_t)c * b->pitch) + nn_band_shift(b, row->at[r], col->at[k]);
    return to;
}

static void list_shifts(const NnBand *band, int32_t *to)
{
    for (int a = 0; a < band->row.phases; a++)
        for (int b = 0; b < band->col.phases; b++) to = list_phase(band, &band->row.phase[a], &band->col.phase[b], to);
    memset(to, 0, sizeof *to * NN_MICRO_AHEAD);
}

/* ---- places: where each vector of output positions begins in a channel of the band ---- */

static int vector_count(const Sweep *s, int rows)
{
    const int lanes = nn_micro()->lanes;
    return s->by_rows ? rows * (row_positions(s) / lanes) : nn_ceil_div(nn_band_positions(&s->band, rows), lanes);
}

static size_t places_len(const Sweep *s)
{
    return nn_align_line((size_t)vector_count(s, s->band.rows));
}

static void list_places(const Sweep *s, int32_t *to)
{
    const int lanes = nn_micro()->lanes, in_row = s->by_rows ? row_positions(s) / lanes : 1;
    for (int v = 0; v < vector_count(s, s->band.rows); v++)
        to[v] = s->by_rows ? v / in_row * s->band.width + v % in_row * lanes : v * lanes;
}

/* ---- scratch: weights, shifts and places, then for every thread a band and the results of one row phase ---- */

static size_t results_pitch(const Sweep *s)
{
    const size_t n = nn_align_line((size_t)vector_count(s, s->band.rows) * (size_t)nn_micro()->lanes);
    return n % (64 * LINE) == 0 ? n + LINE : n; /* not 4 KiB apart */
}

static size_t results_len(const Sweep *s)
{
    return (size_t)(s->band.col.phases * s->tile) * results_pitch(s);
}

static size_t slice_len(const Sweep *s)
{
    return nn_align_line(nn_band_len(&s->band)) + results_len(s);
}

static size_t sweep_scratch(const Sweep *s)
{
    return packed_len(s) + shifts_len(s) + places_len(s) + (size_t)nn_threads() * slice_len(s);
}

/* ---- one item ---- */

typedef struct {
    const Sweep *s;
    int n, group, i0, rows; /* which image and group; which rows of the output grid */
    const float *packed;
    const int32_t *shifts, *places;
    float *band, *results;
} Item;

/* One phase of one tile of outputs: K weights each, their shifts, to y [outputs][pitch]. */
static void sum_phase(const Item *it, int K, int outputs, const float *w, const int32_t *shift, float *y, size_t pitch)
{
    const NnMicroSum sum = { .K = K, .tile = outputs, .shift = shift, .place = it->places, .x = it->band, .w = w };
    nn_micro()->sum(&sum, vector_count(it->s, it->rows), y, pitch);
}

/* Every phases-th float of a row is one phase's. */
static inline void weave_row(float *dst, const float *src, int n, int phases, int add)
{
    if (add)
        for (int j = 0; j < n; j++) dst[j * phases] += src[j];
    else
        for (int j = 0; j < n; j++) dst[j * phases] = src[j];
}

static inline void weave_pair(float *dst, const float *even, const float *odd, int n, int add)
{
    if (add)
        for (int j = 0; j < n; j++) dst[2 * j] += even[j], dst[2 * j + 1] += odd[j];
    else
        for (int j = 0; j < n; j++) dst[2 * j] = even[j], dst[2 * j + 1] = odd[j];
}

/* All column phases of one row of one output channel. src: phase 0's row; the others' are `apart` floats on. */
static inline void weave(float *dst, const float *src, size_t apart, const NnAxis *col, int Wo, int add)
{
    int b = 0;
    if (col->phases == 1) {
        if (add) weave_row(dst, src, Wo, 1, 1);
        else memcpy(dst, src, sizeof *dst * (size_t)Wo);
        return;
    }
    if (col->phases == 2 && Wo % 2 == 0) {
        weave_pair(dst, src, src + apart, Wo / 2, add);
        return;
    }
    for (; b < col->phases; b++)
        weave_row(dst + b, src + (size_t)b * apart, nn_axis_count(col, Wo, b), col->phases, add);
}

/* Rows of phase a, all column phases: from results to `some` planes of out. */
NN_KERNEL_CLONES
static void write_rows(const Item *it, int a, int some, int add, float *out)
{
    const Sweep *s = it->s;
    const size_t pitch = results_pitch(s), plane = (size_t)s->Ho * (size_t)s->Wo;
    const int phases = s->band.row.phases, count = nn_axis_count(&s->band.row, s->Ho, a), in_row = row_positions(s);
    for (int o = 0; o < some; o++)
        for (int i = 0; i < it->rows && it->i0 + i < count; i++)
            weave(out + (size_t)o * plane + (size_t)((it->i0 + i) * phases + a) * (size_t)s->Wo,
                  it->results + (size_t)o * pitch + (size_t)(i * in_row), (size_t)s->tile * pitch, &s->band.col, s->Wo,
                  add);
}

/* Where a row of vectors is a row of the output, sums need no way station. */
static int goes_straight(const Sweep *s)
{
    return s->band.row.phases == 1 && s->by_rows && row_positions(s) == s->Wo;
}

/* A tile of outputs, all phases, into the first `some` of its planes at `to`. */
static void run_tile(const Item *it, int t, int outputs, int some, int add, float *to)
{
    const Sweep *s = it->s;
    const float *w = it->packed + (size_t)(it->group * tile_count(s) + t) * tile_len(s);
    const int32_t *shift = it->shifts;
    if (goes_straight(s) && some == outputs && !add) {
        sum_phase(it, s->C * s->row_taps * s->col_taps, outputs, w, shift, to + (size_t)it->i0 * (size_t)s->Wo,
                  (size_t)s->Ho * (size_t)s->Wo);
        return;
    }
    for (int a = 0; a < s->band.row.phases; a++) {
        for (int b = 0; b < s->band.col.phases; b++) {
            const int K = s->C * s->band.row.phase[a].n * s->band.col.phase[b].n;
            sum_phase(it, K, outputs, w, shift, it->results + (size_t)(b * s->tile) * results_pitch(s),
                      results_pitch(s));
            w += (size_t)K * (size_t)outputs, shift += K;
        }
        write_rows(it, a, some, add, to);
    }
}

static void run_item(const Item *it, const float *in, const NnConvEnd *end, int slot, int add, float *out)
{
    const Sweep *s = it->s;
    const int phases = s->band.row.phases, r0 = it->i0 * phases;
    const int r1 = r0 + it->rows * phases < s->Ho ? r0 + it->rows * phases : s->Ho;
    const size_t plane = (size_t)s->Ho * (size_t)s->Wo, image = (size_t)it->n * (size_t)s->groups + (size_t)it->group;
    nn_band_fill(&s->band, in + image * (size_t)s->C * (size_t)s->H * (size_t)s->W, s->norm, it->group * s->C, it->i0,
                 it->band);
    for (int t = 0; t < tile_count(s); t++) {
        const int o = t * s->tile, outputs = tile_outputs(s, t), some = s->O - o < outputs ? s->O - o : outputs;
        float *to = out + (image * (size_t)s->O + (size_t)o) * plane;
        run_tile(it, t, outputs, some, add, to);
        for (int k = 0; end && k < some; k++)
            nn_conv_end_run(end, slot, s->groups * s->O, it->group * s->O + o + k,
                            to + (size_t)k * plane + (size_t)r0 * (size_t)s->Wo, (size_t)(r1 - r0) * (size_t)s->Wo);
    }
}

static int sweep_bands(const Sweep *s)
{
    return nn_band_count(&s->band, nn_axis_count(&s->band.row, s->Ho, 0));
}

static void sweep_run(const Sweep *s, const float *in, const float *w, const NnConvEnd *end, int add, float *out,
                      float *scratch)
{
    const int bands = sweep_bands(s), all_rows = nn_axis_count(&s->band.row, s->Ho, 0);
    float *slices = scratch + packed_len(s) + shifts_len(s) + places_len(s);
    int32_t *shifts = (void *)(scratch + packed_len(s)), *places = shifts + shifts_len(s);
    pack_weights(s, w, scratch);
    list_shifts(&s->band, shifts);
    list_places(s, places);
#pragma omp parallel for num_threads(nn_threads()) schedule(dynamic)
    for (int i = 0; i < s->N * s->groups * bands; i++) {
        float *mine = slices + (size_t)omp_get_thread_num() * slice_len(s);
        const int i0 = i % bands * s->band.rows, left = all_rows - i0;
        const Item it = { .s = s,
                          .n = i / bands / s->groups,
                          .group = i / bands % s->groups,
                          .i0 = i0,
                          .rows = left < s->band.rows ? left : s->band.rows,
                          .packed = scratch,
                          .shifts = shifts,
                          .places = places,
                          .band = mine,
                          .results = mine + nn_align_line(nn_band_len(&s->band)) };
        run_item(&it, in, end, it.n * bands + i % bands, add, out);
    }
}

/* ---- the method ---- */

/* Shifts in a band are counted in 32 bits: a dilation far beyond any use would not fit there. */
static int direct_fits(const NnConvGeom *g)
{
    if (!nn_axis_fits(g->Kh, g->stride, g->upsample) || !nn_axis_fits(g->Kw, g->stride, g->upsample)) return 0;
    const Sweep forward = sweep_forward(g), backward = sweep_backward(g);
    return nn_band_len(&forward.band) <= INT32_MAX && nn_band_len(&backward.band) <= INT32_MAX;
}

static size_t direct_scratch(const NnConvGeom *g)
{
    const Sweep forward = sweep_forward(g), backward = sweep_backward(g);
    size_t most = nn_direct_weights_scratch(g);
    if (sweep_scratch(&forward) > most) most = sweep_scratch(&forward);
    if (sweep_scratch(&backward) > most) most = sweep_scratch(&backward);
    return most;
}

/* Seconds of one thread: the sums with what tiles and row ends waste, and about a cycle for each float copied in or
 * out; small planes cost most by their number. Calibrated on one Xeon with tests/bench; only the ratio to the other
 * methods' costs matters. */
static double sweep_cost(const Sweep *s)
{
    static const double per_plane = 100e-9;
    const double places = (double)nn_axis_count(&s->band.row, s->Ho, 0) * row_positions(s) * s->N * s->groups;
    const double sums = places * s->row_taps * s->col_taps * s->C * tile_count(s) * s->tile;
    const double copied = (double)s->N * s->groups * ((double)s->C * s->H * s->W + (double)s->O * s->Ho * s->Wo);
    const double planes = (double)s->N * s->groups * (s->C + s->O);
    return (2 * sums / nn_micro()->flops_per_cycle + copied) / 3e9 + planes * per_plane;
}

/* Every item reads all weights; these come from further away if a second-level cache does not hold them. */
static double far_weights_cost(const Sweep *s)
{
    static const double per_weight = 0.5e-9;
    enum { WEIGHTS_NEAR = 192 * 1024 };
    const double weights = (double)s->row_taps * s->col_taps * s->C * tile_count(s) * s->tile;
    return weights > WEIGHTS_NEAR ? per_weight * weights * s->N * sweep_bands(s) * s->groups : 0;
}

static double direct_cost(const NnConvGeom *g)
{
    const Sweep f = sweep_forward(g), b = sweep_backward(g);
    /* The weight gradient is about another forward, but has no weights to read. */
    return 2 * sweep_cost(&f) + sweep_cost(&b) + far_weights_cost(&f) + far_weights_cost(&b);
}

/* Groups have channels of their own, so that their items share a slot. */
static int direct_slots(const NnConvGeom *g)
{
    const Sweep s = sweep_forward(g);
    return s.N * sweep_bands(&s);
}

static void direct_forward(const NnConvGeom *g, const float *x, const float *w, const NnConvEnd *end, float *y,
                           float *scratch)
{
    const Sweep s = sweep_forward(g);
    sweep_run(&s, x, w, end, 0, y, scratch);
}

static void direct_input_gradient(const NnConvGeom *g, const float *dy, const float *w, int add, float *dx,
                                  float *scratch)
{
    const Sweep s = sweep_backward(g);
    sweep_run(&s, dy, w, NULL, add, dx, scratch);
}

const NnConvMethod nn_conv_direct = { .name = "direct",
                                      .apart = 1,
                                      .fits = direct_fits,
                                      .cost = direct_cost,
                                      .scratch = direct_scratch,
                                      .slots = direct_slots,
                                      .forward = direct_forward,
                                      .input_gradient = direct_input_gradient,
                                      .weight_gradient = nn_direct_weights };
