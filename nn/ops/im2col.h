/* im2col.h -- the geometry of a convolution, and the two copies that turn it into matrix products.
 *
 * A convolution relates an image [N,C,H,W] to a map [N,O,Ho,Wo]. Both conv2d and its transpose are described by the
 * same geometry; conv2d computes the map from the image, conv_transpose2d the image from the map. */
#ifndef NN_IM2COL_H
#define NN_IM2COL_H
#include "nn/core/op.h"
#include "nn/ops/conv.h"

typedef struct {
    int N, C, H, W;                                      /* image */
    int O, Ho, Wo;                                       /* map */
    int Kh, Kw, stride, pad, dilation, groups, upsample; /* upsample >= 1: the kernel sees the image enlarged */
    int Cg, Og, K; /* C / groups, O / groups, Cg * Kh * Kw: the inner length of the product */
    /* The kernel sees the image normalised and activated, for methods that can do that as they read; else NULL. */
    const struct NnNorm *norm;
    int in_place; /* 1x1, stride 1, no padding: the image is its own column matrix */
} NnConvGeom;

/* The geometry of shapes that have passed the op's shape rule; w is [O,C/groups,Kh,Kw]. in_place is left 0. */
NnConvGeom nn_conv_geom(NnShape image, NnShape map, NnShape w, const NnConvAttr *attr);

/* A part of the map, flattened to T = images * rows * cols columns. It is contiguous in every channel of an image:
 * either whole images, or (images = 1) whole rows, or (rows = 1 too) a piece of one row. */
typedef struct {
    int n0, images, i0, rows, j0, cols;
} NnConvTile;

static inline int nn_conv_tile_len(const NnConvTile *t)
{
    return t->images * t->rows * t->cols;
}

/* col [K,T]: what the pixels of the tile see through each tap of the kernel, for channels of one group:
 *   col[(c,u,v), (n,i,j)] = image[n, group Cg + c, i stride - pad + u dilation, j stride - pad + v dilation], 0 outside,
 * of the image enlarged `upsample` times. */
void nn_im2col(const NnConvGeom *g, const float *image, int group, const NnConvTile *t, float *col);

/* The adjoint: ADDS every element of col to the pixel that nn_im2col would have read it from. Spoils col. */
void nn_col2im(const NnConvGeom *g, float *col, int group, const NnConvTile *t, float *image);

/* Positions a <= i < b of an output axis whose tap falls inside the input: 0 <= i stride + offset < size. */
typedef struct {
    int a, b;
} NnRange;
NnRange nn_tap_range(int offset, int stride, int size, int begin, int end);

#endif
