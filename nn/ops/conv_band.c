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

/* ---- copying: the columns of an image's row are dealt to the grids of a row of grids ---- */

/* Columns in .. in + n - 1 are inside the image and the band. Column in + k goes to grid grid[k % split], the first of
 * each grid to its place at[k]. */
typedef struct {
    int in, n, grid[NN_PHASES_MAX], at[NN_PHASES_MAX];
} Deal;

static Deal deal_make(const NnBand *b)
{
    const int split = b->col.split, first = b->col.first;
    Deal d = { .in = nn_max_int(first, 0) };
    d.n = nn_max_int(nn_min_int(b->W, first + split * b->width) - d.in, 0);
    for (int k = 0; k < split; k++) {
        d.grid[k] = (d.in + k - first) % split;
        d.at[k] = d.n > 0 ? (d.in + k - first) / split : 0;
    }
    return d;
}

/* dst[j] = src[step j], normalised. */
NN_KERNEL_PART void thin(float *restrict dst, const float *restrict src, int n, int step, const NnNormChannel *norm)
{
    const NnNormChannel c = norm ? *norm : (NnNormChannel){ 0 };
    if (norm)
        for (int j = 0; j < n; j++) dst[j] = nn_norm_value(src[step * j], c);
    else
        for (int j = 0; j < n; j++) dst[j] = src[step * j];
}

/* The same for two grids in one go. */
NN_KERNEL_PART void part(float *restrict even, float *restrict odd, const float *restrict src, int n,
                         const NnNormChannel *norm)
{
    const NnNormChannel c = norm ? *norm : (NnNormChannel){ 0 };
    if (norm)
        for (int j = 0; j < n; j++) even[j] = nn_norm_value(src[2 * j], c), odd[j] = nn_norm_value(src[2 * j + 1], c);
    else
        for (int j = 0; j < n; j++) even[j] = src[2 * j], odd[j] = src[2 * j + 1];
}

/* n floats: number k to dst[k % split][k / split], if that is not NULL. */
NN_KERNEL_PART void deal(float *const *dst, const float *src, int n, int split, const NnNormChannel *norm)
{
    const int both = split == 2 && dst[0] && dst[1], paired = both ? n / 2 : 0;
    if (split == 1 && norm && dst[0]) thin(dst[0], src, n, 1, norm);
    else if (split == 1 && dst[0]) memcpy(dst[0], src, sizeof *src * (size_t)n);
    else {
        if (both) part(dst[0], dst[1], src, paired, norm);
        for (int k = 0; k < split; k++)
            if (dst[k])
                thin(dst[k] + paired, src + 2 * paired + k, (n - 2 * paired - k + split - 1) / split, split, norm);
    }
}

/* One row of each grid, or NULL where a grid is not used, from a row of the image, or NULL above and below it: zeros at
 * both ends, and columns between. */
NN_KERNEL_PART void fill_row(const NnBand *b, const Deal *d, const float *src, const NnNormChannel *norm,
                             float *const *grid)
{
    const int split = b->col.split, n = src ? d->n : 0;
    float *dst[NN_PHASES_MAX];
    for (int k = 0; k < split; k++) {
        float *row = grid[d->grid[k]];
        const int some = (n - k + split - 1) / split;
        dst[k] = row ? row + d->at[k] : NULL;
        for (int j = 0; row && j < d->at[k]; j++) row[j] = 0;
        for (int j = d->at[k] + some; row && j < b->width; j++) row[j] = 0;
    }
    if (n > 0) deal(dst, src + d->in, n, split, norm);
}

/* A row of grids of one channel. ahead: floats to what is copied next, which is fetched from memory meanwhile. */
NN_KERNEL_CLONES
static void fill_grids(const NnBand *b, const Deal *d, const float *plane, size_t ahead, const NnNormChannel *norm,
                       int first_row, float **grid)
{
    for (int i = 0; i < b->height; i++) {
        const int q = first_row + b->row.split * i;
        const float *src = q >= 0 && q < b->H ? plane + (size_t)q * (size_t)b->W : NULL;
        for (int j = 0; src && ahead && j < b->W; j += LINE) __builtin_prefetch(src + ahead + j);
        fill_row(b, d, src, norm, grid);
        for (int c = 0; c < b->col.split; c++) grid[c] = grid[c] ? grid[c] + b->width : NULL;
    }
}

/* The rows of grids of one channel, as fill_grids(). */
static void fill_channel(const NnBand *b, const Deal *d, const float *plane, size_t ahead, const NnNormChannel *norm,
                         int i0, float *band)
{
    for (int r = 0; r < b->row.split; r++) {
        float *grid[NN_PHASES_MAX];
        int used = 0;
        for (int c = 0; c < b->col.split; c++) {
            const int at = r * b->col.split + c;
            grid[c] = b->used[at] ? band + (size_t)(at * b->height) * (size_t)b->width : NULL;
            used |= b->used[at];
        }
        if (used) fill_grids(b, d, plane, ahead, norm, b->row.split * i0 + b->row.first + r, grid);
    }
}

void nn_band_fill(const NnBand *b, const float *image, const NnNorm *norm, int c0, int i0, float *band)
{
    const size_t plane = (size_t)b->H * (size_t)b->W;
    const Deal d = deal_make(b);
    for (int c = 0; c < b->C; c++) {
        const NnNormChannel channel = norm ? nn_norm_channel(norm, c0 + c) : (NnNormChannel){ 0 };
        fill_channel(b, &d, image + (size_t)c * plane, c + 1 < b->C ? plane : 0, norm ? &channel : NULL, i0,
                     band + (size_t)c * b->pitch);
    }
}
