/* conv_band.h -- a band of an image, copied so that taps become plain shifts.
 *
 * The band holds what some rows of the output read: all channels, with zeros where the image ends, and cut into
 * split x split grids (conv_taps.h). In a grid, rows follow each other without a gap:
 *
 *      image, pad 1                grid 0,0 of the band, split 1, width = 6 places
 *      a b c d                     0 0 0 0 0 0 | 0 a b c d 0 | 0 e f g h 0 | ...
 *      e f g h
 *
 * so that output place (i, j) is position p = i width + j, and tap (r, c) of it lies at p + nn_band_shift(...), the
 * same shift for all positions. Long rows of floats and no corners: exactly what nn_micro()->sum wants. The price:
 * positions j of the last places of a row, behind the output's width, are computed too and thrown away. */
#ifndef NN_CONV_BAND_H
#define NN_CONV_BAND_H
#include <stddef.h>
#include <stdint.h>

#include "nn/ops/conv_taps.h"
#include "nn/ops/norm_pass.h"

typedef struct {
    int C, H, W;      /* the image that is read */
    NnAxis row, col;  /* how its axes are read */
    int places;       /* of a row of the output grid */
    int width;        /* of a row of the band: places + col.reach */
    int rows, height; /* rows of the output grid in a full band; rows of the band: rows + row.reach */
    size_t pitch;     /* floats of a channel: all its grids */
    unsigned char
        used[NN_PHASES_MAX * NN_PHASES_MAX]; /* grid [row][col]: does any tap read it? The others are not filled */
} NnBand;

/* Bands of an output of `places_h` x `places` grid places, read from an image [C,H,W]. Rows are chosen so that a band
 * stays in a second-level cache, evenly, and at least `least_bands` of them if there are that many rows. */
NnBand nn_band_make(int C, int H, int W, const NnAxis *row, const NnAxis *col, int places_h, int places,
                    int least_bands);

/* Let every row of the grids begin at a multiple of `lanes` floats: vectors of a row are then loaded without crossing
 * cache lines, for the taps whose shift is such a multiple too. */
void nn_band_align(NnBand *b, int lanes);

/* Floats of a band's buffer, slack for micro-kernels included. */
size_t nn_band_len(const NnBand *b);

/* Bands that cover places_h rows. */
int nn_band_count(const NnBand *b, int places_h);

/* Positions of `rows` output rows: up to the last place of the last one. */
static inline int nn_band_positions(const NnBand *b, int rows)
{
    return (rows - 1) * b->width + b->places;
}

/* Where tap (at_row, at_col) of output position 0 lies in a channel of the band. */
int32_t nn_band_shift(const NnBand *b, int at_row, int at_col);

/* Copy: what output rows i0 .. of the grid read, from image [C,H,W] to band [C][grids][height][width]. norm: applied to
 * what is copied, the image's first channel being its channel c0; NULL: nothing. */
void nn_band_fill(const NnBand *b, const float *image, const NnNorm *norm, int c0, int i0, float *band);

#endif
