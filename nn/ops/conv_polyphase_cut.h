/* conv_polyphase_cut.h -- how a polyphase convolution is cut into tiles, items of work and matrix products; private to
 * conv_polyphase*.c. conv_polyphase.c has the picture. */
#ifndef NN_CONV_POLYPHASE_CUT_H
#define NN_CONV_POLYPHASE_CUT_H
#include "nn/ops/micro.h"
#include "nn/ops/norm_pass.h"

enum { NN_POLY_PAIRS = NN_POLY_MAX * NN_POLY_MAX }; /* of values, products or sums: two dimensions */

/* One dimension. A patch is `before` + step + `behind` places. Product i multiplies value[i] and is a term of sum[i];
 * those of the same sum stand together. */
typedef struct {
    int step, before, behind, tile; /* places read and written by a tile */
    int values, products, sums;
    unsigned char value[NN_POLY_MAX], sum[NN_POLY_MAX];
} NnPolyAxis;

/* y [N,O,Ho,Wo] from x [N,C,H,W]. Weights of o and c lie at w + o w_o + c w_c. */
typedef struct {
    const NnPolyAxis *scheme;
    const NnMicroPolyphase *micro;
    int N, C, H, W, O, Ho, Wo;
    size_t w_o, w_c;
    const NnNorm *norm; /* of x, or NULL */
} NnPolyConv;

/* One matrix product: where its V begins, its U, and its K. */
typedef struct {
    size_t v, u;
    int K;
} NnPolyJob;

/* How it is cut. */
typedef struct {
    int tiles_h, tiles_w; /* of an image */
    int rows, items;      /* rows of tiles in an item, counted through all images */
    int P;                /* tiles of an item, rounded up to whole vectors of any length */
    int groups, block;    /* groups of 8 outputs; how many of them share M */
    int jobs;
    NnPolyJob job[NN_POLY_PAIRS];
    size_t v_at[NN_POLY_PAIRS]; /* of each value: its floats in V */
    int job_of[NN_POLY_PAIRS];  /* of each product: its job, */
    int term[NN_POLY_PAIRS];    /* and which term of it */
    size_t v_len, u_len, m;     /* floats of V and U; from one sum of M to the next */
    size_t stage, out, copy;    /* pitches of rows */
} NnPolyCut;

NnPolyCut nn_poly_cut(const NnPolyConv *k);

/* Seconds of one thread, as NnConvMethod.cost. */
double nn_poly_cost(const NnPolyConv *k);

#endif
