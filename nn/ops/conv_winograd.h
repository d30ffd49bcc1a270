/* conv_winograd.h -- what the two halves of Winograd's convolution share; private to conv_winograd*.c and
 * conv_polyphase.c. */
#ifndef NN_CONV_WINOGRAD_H
#define NN_CONV_WINOGRAD_H
#include "nn/ops/im2col.h"

/* A transform, in one dimension, as in the picture of conv_polyphase.c: product i multiplies value[i] of a patch and is
 * a term of sum[i]. For F(4x4,3x3) all three are the frequencies. The kernels are those of micro_winograd.h: patch,
 * tile and back. */
typedef struct {
    int step, patch, tile; /* places: from one tile to the next and of a patch, of the image; of a tile, of the map */
    int chunk;             /* tiles of an outer product: as many as fit a second-level cache beside the sums */
    int values, sums, products;
    const unsigned char *value, *sum; /* [products] */
    void (*to_values)(const float *d, size_t row, int from, int to, int C, float *V, size_t v_pitch);
    void (*to_sums)(const float *d, size_t row, int from, int to, int C, float *V, size_t v_pitch);
    void (*to_taps)(const float *dU, size_t u_pitch, int C, float *dw, size_t w_pitch);
} NnWeightsTransform;

/* conv_winograd_weights.c: the weight gradient, as in NnConvMethod, of patches that begin g->pad before their tile; and
 * the floats of scratch that it needs. Reads x through g->norm. */
void nn_winograd_to_weights(const NnWeightsTransform *t, const NnConvGeom *g, const float *x, const float *dy,
                            float *dw, float *scratch);
size_t nn_winograd_weights_scratch(const NnWeightsTransform *t, const NnConvGeom *g);

/* taps [9][8]: the taps of `outputs` <= 8 outputs beside channel ch; the first output's weights are at w, and w_o and w_c
 * lead to the next output and channel. Asks the memory for a later channel's: in an input gradient they lie too far apart
 * for the CPU to foresee. Leaves the taps of outputs that do not exist as they are. */
void nn_winograd_taps(const float *w, size_t w_o, size_t w_c, int outputs, int ch, int channels, float *taps);

#endif
