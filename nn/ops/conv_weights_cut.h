/* conv_weights_cut.h -- how a weight gradient is cut into work for conv_direct_weights.c: which way round, what is
 * copied, what is added up where. Private to the two files; conv_direct_weights.c has the picture. */
#ifndef NN_CONV_WEIGHTS_CUT_H
#define NN_CONV_WEIGHTS_CUT_H
#include "nn/ops/conv_taps.h"
#include "nn/ops/im2col.h"

enum { NN_WEIGHTS_ROWS_MAX = 512, NN_WEIGHTS_SLICE_MAX = 64, NN_WEIGHTS_TAPS_MAX = NN_PHASES_MAX * NN_TAPS_MAX };

/* x or dy. */
typedef struct {
    int C, all, H, W; /* C: channels of a group; all: of the tensor */
} NnWeightsSide;

/* A tap of one axis in one of its phases. */
typedef struct {
    int phase, shift; /* reads place split i + shift of the padded copy */
    int run;          /* in a row: so many taps from here on are neighbours */
    int column;       /* in a row: where its channels begin in the partial gradient */
    unsigned from;    /* as NnTaps.from */
} NnWeightsTap;

typedef struct {
    int split, phases;
    int first;     /* place 0 of the copy is this place of the image */
    int span;      /* places of the copy that output place 0 reaches over */
    unsigned used; /* bit r: some tap reads places of remainder r modulo split */
    int n;
    NnWeightsTap tap[NN_WEIGHTS_TAPS_MAX];
} NnWeightsAxis;

/* How a geometry is computed. */
typedef struct {
    int exchanged;    /* read is dy, written is x */
    int vectors_read; /* vectors hold runs of read, not channels of written */
    NnWeightsSide read, written;
    NnWeightsAxis row, col;
    int N, groups;
    int block, blocks, lanes;       /* units; block: channels of written */
    int images, rows, bands, items; /* items; rows: of places */
    int in_rows, in_cols;           /* of the padded copy of read, an image of a full item */
    int slice, slices;              /* both copies are cut into slices of channels: of written's block */
    int in_slice, in_slices;        /* ... and of read */
    int columns;                    /* of the partial gradient: channels of a slice of read, times taps of a row */
    size_t row_len, partial_len;    /* of the partial gradient of a unit: for one tap row and pair of slices; all */
    size_t read_len, written_len;   /* a slice's copy, of an item */
} NnWeightsCut;

/* The cheapest way of the four. Depends on the geometry and on the vectors' length, not on threads. */
NnWeightsCut nn_weights_cut(const NnConvGeom *g);

/* Floats of a slice of one image's copy with so many rows of places. */
size_t nn_weights_read_len(const NnWeightsCut *c, int rows);
size_t nn_weights_written_len(const NnWeightsCut *c, int rows);

static inline int nn_weights_units(const NnWeightsCut *c)
{
    return c->groups * c->blocks * c->lanes;
}

/* Places of an axis of `size` that belong to phase a. */
static inline int nn_weights_places(const NnWeightsAxis *axis, int size, int a)
{
    return (size - a + axis->phases - 1) / axis->phases;
}

#endif
