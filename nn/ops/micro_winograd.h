/* micro_winograd.h -- the transforms of Winograd's F(4x4,3x3) as micro-kernels; one set for each instruction set, found
 * at nn_micro()->winograd. conv_winograd.c has the picture and the formulas.
 *
 * A tile is a square of 4 x 4 outputs; it reads a patch of 6 x 6, and in the transformed domain it is 36 numbers, its
 * frequencies f = 6 row + column. Forward kernels keep neighbouring tiles in the lanes of a vector, those of the weight
 * gradient neighbouring channels. */
#ifndef NN_MICRO_WINOGRAD_H
#define NN_MICRO_WINOGRAD_H
#include <stddef.h>
#include <stdint.h>

enum {
    NN_WINO_TILE = 4,
    NN_WINO_PATCH = 6,
    NN_WINO_FREQS = 36,
    NN_WINO_TAPS = 9,
    NN_WINO_GROUP = 8 /* outputs whose weights are transformed at once, and multiplied: nn_micro()->product */
};

typedef struct {
    /* One channel of an image, first half: t[i pitch + x] = sum over q of B^T[i][q] row[q][x],  x < W (any), i < 6. */
    void (*down)(const float *const row[NN_WINO_PATCH], int W, float *t, size_t pitch);

    /* Second half, for P tiles (a multiple of lanes): V[f v_pitch + p] for all 36 f. t [6][pitch]: the first half, 4
     * columns a tile, those that its patch has as columns 1 to 4, and a line more. Columns 0 and 5 are a neighbour's;
     * left, right [P]: all bits set where there is that neighbour, 0 where the row of tiles ends and they are 0. */
    void (*across)(const float *t, size_t pitch, const int32_t *left, const int32_t *right, int P, float *V,
                   size_t v_pitch);

    /* y[k pitch + 4 p + l] = (A^T m A)[k][l] of tile p < P,  m[i][j] = M[(6 i + j) m_pitch + p]. */
    void (*output)(const float *M, size_t m_pitch, int P, float *y, size_t pitch);

    /* U[f u_pitch + o] = (G g G^T)[f] of 8 outputs o, whose tap t is at g + t step: rotated if step is negative. */
    void (*weights)(const float *g, ptrdiff_t step, float *U, size_t u_pitch);

    /* The weight gradient's transforms, for C channels (a multiple of lanes) side by side. A pixel's channels are C
     * apart from the next pixel's, a row's `row` floats from the next row's. Pixels at columns from <= v < to exist, the
     * others are 0.
     *   patch: V[f v_pitch + c] = (B^T d B)[f],  d 6 x 6 pixels
     *   tile:  V[f v_pitch + c] = (A d A^T)[f],  d 4 x 4 pixels */
    void (*patch)(const float *d, size_t row, int from, int to, int C, float *V, size_t v_pitch);
    void (*tile)(const float *d, size_t row, int from, int to, int C, float *V, size_t v_pitch);

    /* dw[k w_pitch + c] = (G^T u G)[k],  k < 9,  u[f] = dU[f u_pitch + c],  c < C (a multiple of lanes). */
    void (*back)(const float *dU, size_t u_pitch, int C, float *dw, size_t w_pitch);
} NnMicroWinograd;

#endif
