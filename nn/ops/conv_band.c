/* conv_band.c -- see conv_band.h. */
#include "nn/ops/conv_band.h"

#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/cut.h"
#include "nn/ops/im2col.h"
#include "nn/ops/micro.h"

enum {
    BAND_MAX = 64 * 1024, /* floats: half of a second-level cache of 512 KiB; measured best of 16 to 160 Ki */
    LINE = 16
};

/* Grid place and grid of a tap: at - first = split * place + grid. */
static void mark_used(NnBand *b)
{
    for (int a = 0; a < b->row.phases; a++)
        for (int r = 0; r < b->row.phase[a].n; r++)
            for (int e = 0; e < b->col.phases; e++)
                for (int c = 0; c < b->col.phase[e].n; c++) {
                    const int grid_row = (b->row.phase[a].at[r] - b->row.first) % b->row.split;
                    const int grid_col = (b->col.phase[e].at[c] - b->col.first) % b->col.split;
                    b->used[grid_row * b->col.split + grid_col] = 1;
                }
}

static void set_pitch(NnBand *b)
{
    b->pitch = (size_t)(b->row.split * b->col.split) * (size_t)b->height * (size_t)b->width;
    b->pitch = (b->pitch + LINE - 1) / LINE * LINE;
    if (b->pitch % (64 * LINE) == 0) b->pitch += LINE; /* channels 4 KiB apart would share the same few cache sets */
}

void nn_band_align(NnBand *b, int lanes)
{
    b->width = nn_ceil_div(b->width, lanes) * lanes;
    set_pitch(b);
}

NnBand nn_band_make(int C, int H, int W, const NnAxis *row, const NnAxis *col, int places_h, int places,
                    int least_bands)
{
    NnBand b = { .C = C, .H = H, .W = W, .row = *row, .col = *col, .places = places };
    b.width = places + col->reach;
    const size_t grid_rows = (size_t)C * (size_t)(row->split * col->split) * (size_t)b.width;
    int rows = (int)(BAND_MAX / grid_rows) - row->reach;
    rows = nn_min_int(rows < 1 ? 1 : rows, nn_ceil_div(places_h, least_bands));
    b.rows = nn_ceil_div(places_h, nn_ceil_div(places_h, rows));
    b.height = b.rows + row->reach;
    set_pitch(&b);
    mark_used(&b);
    return b;
}

size_t nn_band_len(const NnBand *b)
{
    return (size_t)b->C * b->pitch + NN_MICRO_SLACK;
}

int nn_band_count(const NnBand *b, int places_h)
{
    return nn_ceil_div(places_h, b->rows);
}

int32_t nn_band_shift(const NnBand *b, int at_row, int at_col)
{
    const int r = at_row - b->row.first, c = at_col - b->col.first;
    const int grid = r % b->row.split * b->col.split + c % b->col.split;
    return (int32_t)((grid * b->height + r / b->row.split) * b->width + c / b->col.split);
}

/* Every `step`th float. The usual steps spelt out let the compiler vectorise. */
NN_KERNEL_PART void thin(float *dst, const float *src, int n, int step)
{
    if (step == 1) memcpy(dst, src, sizeof *dst * (size_t)n);
    else if (step == 2)
        for (int j = 0; j < n; j++) dst[j] = src[2 * j];
    else if (step == 4)
        for (int j = 0; j < n; j++) dst[j] = src[4 * j];
    else
        for (int j = 0; j < n; j++) dst[j] = src[step * j];
}

/* One grid of a channel: rows of zeros above and below the image, and zeros at both ends of the others. */
NN_KERNEL_PART void fill_grid(const NnBand *b, const float *plane, const NnNormChannel *norm, int first_row, int offset,
                              float *grid)
{
    const NnRange in = nn_tap_range(offset, b->col.split, b->W, 0, b->width);
    const int n = in.b - in.a;
    for (int i = 0; i < b->height; i++, grid += b->width) {
        const int q = first_row + b->row.split * i;
        if (q < 0 || q >= b->H || n == 0) {
            memset(grid, 0, sizeof *grid * (size_t)b->width);
            continue;
        }
        for (int j = 0; j < in.a; j++) grid[j] = 0;
        thin(grid + in.a, plane + (size_t)q * (size_t)b->W + (in.a * b->col.split + offset), n, b->col.split);
        for (int j = in.a; norm && j < in.b; j++) grid[j] = nn_norm_value(grid[j], *norm);
        for (int j = in.b; j < b->width; j++) grid[j] = 0;
    }
}

NN_KERNEL_CLONES
static void fill_channel(const NnBand *b, const float *plane, const NnNormChannel *norm, int i0, float *band)
{
    for (int gr = 0; gr < b->row.split; gr++)
        for (int gc = 0; gc < b->col.split; gc++)
            if (b->used[gr * b->col.split + gc])
                fill_grid(b, plane, norm, b->row.split * i0 + b->row.first + gr, b->col.first + gc,
                          band + (size_t)((gr * b->col.split + gc) * b->height) * (size_t)b->width);
}

void nn_band_fill(const NnBand *b, const float *image, const NnNorm *norm, int c0, int i0, float *band)
{
    for (int c = 0; c < b->C; c++) {
        const NnNormChannel channel = norm ? nn_norm_channel(norm, c0 + c) : (NnNormChannel){ 0 };
        fill_channel(b, image + (size_t)c * (size_t)b->H * (size_t)b->W, norm ? &channel : NULL, i0,
                     band + (size_t)c * b->pitch);
    }
}
