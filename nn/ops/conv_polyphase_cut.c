/* conv_polyphase_cut.c -- see conv_polyphase_cut.h. */
#include "nn/ops/conv_polyphase_cut.h"

#include "nn/ops/conv_tiles.h"
#include "nn/ops/cut.h"

enum {
    GROUP = NN_POLY_GROUP,
    LINE = 16,
    V_MAX = 128 * 1024, /* floats of V, and of M, that stay in a second-level cache of 1 MiB */
    M_MAX = 64 * 1024,
    TILES_MAX = 96
};

/* The product of sums (a, b): lays out its values, unless an earlier one has, and its weights. */
static void lay_out_job(const NnPolyConv *k, NnPolyCut *c, int a, int b)
{
    const NnPolyAxis *s = k->scheme;
    const size_t before = c->v_len;
    NnPolyJob *job = &c->job[c->jobs];
    int terms = 0;
    for (int i = 0; i < s->products; i++)
        for (int j = 0; j < s->products; j++) {
            if (s->sum[i] != a || s->sum[j] != b) continue;
            size_t *at = &c->v_at[s->value[i] * s->values + s->value[j]];
            if (*at == SIZE_MAX) *at = c->v_len, c->v_len += (size_t)k->C * (size_t)c->P;
            if (terms == 0) job->v = *at;
            c->job_of[i * s->products + j] = c->jobs;
            c->term[i * s->products + j] = terms++;
        }
    job->u = c->u_len, job->K = terms * k->C;
    /* A line more, so that planes do not share the same few sets of a cache. */
    if (c->v_len > before) c->v_len += LINE;
    c->u_len += (size_t)(c->groups * job->K) * GROUP + LINE;
    c->jobs++;
}

NnPolyCut nn_poly_cut(const NnPolyConv *k)
{
    const NnPolyAxis *s = k->scheme;
    NnPolyCut c = { .tiles_h = nn_ceil_div(k->Ho, s->tile), .tiles_w = nn_ceil_div(k->Wo, s->tile) };
    const int tiles = nn_min_int(TILES_MAX, nn_max_int(LINE, V_MAX / (s->values * s->values * k->C) / LINE * LINE));
    c.rows = nn_tiles_rows(c.tiles_w, k->N * c.tiles_h, tiles);
    c.items = nn_ceil_div(k->N * c.tiles_h, c.rows);
    c.P = nn_ceil_div(c.rows * c.tiles_w, LINE) * LINE;
    c.groups = nn_ceil_div(k->O, GROUP);
    c.block = nn_min_int(c.groups, nn_max_int(1, M_MAX / (s->sums * s->sums * GROUP * c.P)));
    c.block = nn_ceil_div(c.groups, nn_ceil_div(c.groups, c.block));
    c.m = (size_t)(c.block * GROUP) * (size_t)c.P + LINE;
    c.stage = (size_t)(s->step * (c.P + LINE)) + LINE;
    c.out = (size_t)(s->tile * c.P) + LINE;
    c.copy = nn_align_line((size_t)s->step * (size_t)c.tiles_w);
    for (int i = 0; i < NN_POLY_PAIRS; i++) c.v_at[i] = SIZE_MAX;
    for (int a = 0; a < s->sums; a++)
        for (int b = 0; b < s->sums; b++) lay_out_job(k, &c, a, b);
    return c;
}

/* Products, with what their beginnings and ends cost few channels; transforms; weights, once and for every item. Fitted
 * beside conv_direct.c's to thirty shapes with AVX-512, to eight with the others; it pays from about 6 channels. */
double nn_poly_cost(const NnPolyConv *k)
{
    static const double sums = 0.75, copied = 0.55, transformed = 0.5, read = 0.1, between = 4;
    const NnPolyCut c = nn_poly_cut(k);
    const NnPolyAxis *s = k->scheme;
    const double weights = (double)(s->products * s->products) * c.groups * GROUP, places = (double)c.items * c.P;
    const double floats = places * (k->C * s->values * s->values + c.groups * GROUP * s->sums * s->sums);
    return (sums * 2 * weights * (k->C + between) * places / nn_micro()->flops_per_cycle + copied * floats +
            weights * k->C * (transformed + read * c.items)) /
           3e9;
}
