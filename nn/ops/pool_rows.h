/* pool_rows.h -- max and average pooling a row of outputs at a time, in vectors: for strides of 1 and 2 and
 * small windows. The same values as window by window, to the bit: pool.c has both. */
#ifndef NN_POOL_ROWS_H
#define NN_POOL_ROWS_H
#include <stddef.h>

#include "nn/ops/pool.h"

/* Image planes and their pooled planes. */
typedef struct {
    int planes, H, W, Ho, Wo;
    NnPoolAttr a;
} NnPoolGeom;

/* Is it one of the cases that it can do, and is faster at? */
int nn_pool_rows_fit(const NnPoolGeom *g);

/* Floats that a thread needs. */
size_t nn_pool_rows_scratch(const NnPoolGeom *g);

/* One plane x [H,W]: y [Ho,Wo], and if won is not NULL: which element of its window is the largest, as the index
 * row * size + column from the window's corner, in padding or not.
 * Returns 0, and has done nothing, if there is a NaN in x. */
int nn_pool_rows_max(const NnPoolGeom *g, const float *x, float *y, float *won, float *scratch);
void nn_pool_rows_average(const NnPoolGeom *g, const float *x, float *y, float *scratch);

/* dx [H,W] += the gradient of one plane's averages. */
void nn_pool_rows_average_backward(const NnPoolGeom *g, const float *dy, float *dx);

#endif
