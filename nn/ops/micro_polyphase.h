/* micro_polyphase.h -- the transforms of polyphase convolution as micro-kernels; one set for each instruction set,
 * found at nn_micro()->polyphase. conv_polyphase.c has the picture and the tables, micro_polyphase_body.h the formulas.
 *
 * Neighbouring tiles lie side by side in the lanes of a vector. A tile owns `step` places of the axis that is read; its
 * patch may reach one place before them and one behind. */
#ifndef NN_MICRO_POLYPHASE_H
#define NN_MICRO_POLYPHASE_H
#include <stddef.h>
#include <stdint.h>

/* The schemes: what is read, and by how much a tile advances in it and in what is written. */
typedef enum {
    NN_POLY_UP,          /* enlarged twice, then 3 taps:  2 places to 4 */
    NN_POLY_UP_BACK,     /* its input gradient:           4 to 2 */
    NN_POLY_STRIDE,      /* 3 taps, stride 2:             4 to 2 */
    NN_POLY_STRIDE_BACK, /*                               2 to 4 */
    NN_POLY_SCHEMES
} NnPolyScheme;

enum {
    NN_POLY_TAPS = 9,
    NN_POLY_GROUP = 8, /* outputs whose weights are transformed at once, and multiplied: nn_micro()->product */
    NN_POLY_MAX = 6    /* places of a patch; values, products and sums are fewer */
};

typedef struct {
    /* Columns: t[i pitch + x] = value i of row[0][x], row[1][x], ... of a patch, x < width rounded up to whole vectors,
     * which must be readable and writable. */
    void (*down)(const float *const *row, int width, float *t, size_t pitch);

    /* Rows: for P tiles, V[at[i values + j] + p] = value j of t[i] at tile p. A tile's first place has a neighbour
     * before it where has_before[p] is -1, and its last place one behind where has_behind[p] is -1; where they are 0
     * there are zeros. t is read step x lanes floats beyond the last tile. */
    void (*across)(const float *t, size_t pitch, int P, const int32_t *has_before, const int32_t *has_behind, float *V,
                   const size_t *at);

    /* y[k pitch + tile p + l]: the output of tile p < P from its sums M[(i sums + j) m_pitch + p]. */
    void (*output)(const float *M, size_t m_pitch, int P, float *y, size_t pitch);

    /* U[at[i products + j] + o]: the transformed weights of 8 outputs o,  g [9][8]. */
    void (*weights)(const float *g, float *U, const size_t *at);

    /* For the weight gradient, as in micro_winograd.h; of NN_POLY_UP and NN_POLY_STRIDE, the forward schemes. */
    void (*patch)(const float *d, size_t row, int from, int to, int C, float *V, size_t v_pitch);
    void (*tile)(const float *d, size_t row, int from, int to, int C, float *V, size_t v_pitch);
    void (*back)(const float *dU, size_t u_pitch, int C, float *dw, size_t w_pitch);
} NnMicroPolyphase;

#endif
