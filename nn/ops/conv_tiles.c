/* conv_tiles.c -- see conv_tiles.h. */
#include "nn/ops/conv_tiles.h"

#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/cut.h"

enum { LINE = 16 };

/* Vectors that the product of `rows` rows of tiles takes: it does three at a time, single ones more slowly. */
static double cost_of_rows(int tiles_w, int rows)
{
    const int vectors = nn_ceil_div(tiles_w * rows, LINE);
    return vectors + vectors % 3 * 0.15;
}

int nn_tiles_rows(int tiles_w, int rows_in_all, int tiles)
{
    const int fair = nn_max_int(nn_ceil_div(rows_in_all, 4), nn_min_int(rows_in_all, nn_ceil_div(LINE, tiles_w)));
    const int most = nn_min_int(nn_max_int(1, tiles / tiles_w), fair);
    int best = 1;
    for (int rows = 2; rows <= most; rows++)
        if (cost_of_rows(tiles_w, rows) * best <= cost_of_rows(tiles_w, best) * rows) best = rows;
    return best;
}

NnTileSpan nn_tiles_span(int tiles_h, int row0, int rows, int at)
{
    const int n = (row0 + at) / tiles_h, i0 = (row0 + at) % tiles_h;
    return (NnTileSpan){ n, i0, nn_min_int(tiles_h, i0 + rows - at), at };
}

void nn_tiles_ahead_start(NnTileAhead *a, int ch, int ch_end, int pieces)
{
    a->ch = ch, a->ch_end = a->rows > 0 ? ch_end : ch, a->at = 0;
    a->next = a->last = NULL;
    a->quota = (size_t)((ch_end - ch) * a->rows * a->scale) * (size_t)a->W / (size_t)nn_max_int(1, pieces) + LINE;
}

size_t nn_tiles_ahead_take(NnTileAhead *a, const float **piece)
{
    while (a->next == a->last) {
        if (a->at >= a->rows) a->at = 0, a->ch++;
        if (a->ch >= a->ch_end) return 0;
        const NnTileSpan s = nn_tiles_span(a->tiles_h, a->row0, a->rows, a->at);
        const float *plane = a->tensor + ((size_t)s.n * (size_t)a->C + (size_t)a->ch) * (size_t)a->H * (size_t)a->W;
        a->next = plane + (size_t)nn_min_int(a->H, a->scale * s.i0) * (size_t)a->W;
        a->last = plane + (size_t)nn_min_int(a->H, a->scale * s.i1) * (size_t)a->W;
        a->at += s.i1 - s.i0;
    }
    const size_t left = (size_t)(a->last - a->next), n = left < a->quota ? left : a->quota;
    *piece = a->next;
    a->next += n;
    return n * sizeof(float);
}

NN_KERNEL_CLONES
static void add_row(const float *from, float *to, int n)
{
    for (int x = 0; x < n; x++) to[x] += from[x];
}

void nn_tiles_put_row(const float *from, int add, float *to, int n)
{
    if (add) add_row(from, to, n);
    else memcpy(to, from, sizeof *to * (size_t)n);
}
