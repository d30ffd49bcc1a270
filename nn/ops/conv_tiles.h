/* conv_tiles.h -- rows of tiles, for the methods that compute in a transformed domain: how many make an item of work,
 * which images they lie in, and asking the memory for what they will need.
 *
 * An output is cut into tiles; the rows of tiles of all images are counted through, and an item is some of them. */
#ifndef NN_CONV_TILES_H
#define NN_CONV_TILES_H
#include <stddef.h>

/* The number of rows that wastes the fewest lanes of vectors, with at most `tiles` tiles if a row is not longer. Four
 * items at least, but no vector of fewer tiles for it. */
int nn_tiles_rows(int tiles_w, int rows_in_all, int tiles);

/* Rows of tiles i0 <= i < i1 of image n, which are an item's rows from `at` on. */
typedef struct {
    int n, i0, i1, at;
} NnTileSpan;

/* The part of an item's rows from row `at` on that is in one image. row0, rows: the item's. */
NnTileSpan nn_tiles_span(int tiles_h, int row0, int rows, int at);

/* What an item reads or writes of a tensor [N,C,H,W]: its rows in channels ch <= .. < ch_end, in small pieces. */
typedef struct {
    const float *tensor;
    int C, H, W, scale; /* scale: rows of a row of tiles */
    int tiles_h, row0, rows;
    int ch, ch_end, at;       /* the next span to go to */
    const float *next, *last; /* of the span it is in */
    size_t quota;             /* floats of a piece, at most */
} NnTileAhead;

/* Begin with channel ch; in about `pieces` pieces. */
void nn_tiles_ahead_start(NnTileAhead *a, int ch, int ch_end, int pieces);

/* The next piece; returns its bytes, 0 at the end (then *piece stays as it is). */
size_t nn_tiles_ahead_take(NnTileAhead *a, const float **piece);

/* A row of an output that has been computed: to[x] = from[x], or with `add` += from[x],  x < n. */
void nn_tiles_put_row(const float *from, int add, float *to, int n);

#endif
