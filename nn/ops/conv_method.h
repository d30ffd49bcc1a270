/* conv_method.h -- one way to compute a convolution: three products and what they need. conv2d and conv_norm_act have
 * one kernel a method; nothing outside nn/ops knows these types.
 *
 * Contract of every method: items of work are cut by shapes alone and done by one thread in a fixed order, so bits do
 * not depend on the number of threads; NaN and infinity pass; nothing is written but the outputs and scratch. */
#ifndef NN_CONV_METHOD_H
#define NN_CONV_METHOD_H
#include "nn/ops/conv_end.h"
#include "nn/ops/im2col.h"

typedef struct {
    const char *name;
    int apart; /* 1: forward gives an image the same bits whatever images are beside it in x */
    int (*fits)(const NnConvGeom *g);
    double (*cost)(const NnConvGeom *g);    /* as NnKernel.cost */
    size_t (*scratch)(const NnConvGeom *g); /* floats; the largest of the three. Grows with nn_threads() */
    /* How many slots of moments forward fills (conv_end.h): at most one an item of work. */
    int (*slots)(const NnConvGeom *g);

    /* y [N,O,Ho,Wo] = end(w * x): every element written. x [N,C,H,W], w [O,C/groups,Kh,Kw]. */
    void (*forward)(const NnConvGeom *g, const float *x, const float *w, const NnConvEnd *end, float *y,
                    float *scratch);
    /* dx = or (add) += the derivative of <dy, w * x> by x. */
    void (*input_gradient)(const NnConvGeom *g, const float *dy, const float *w, int add, float *dx, float *scratch);
    /* dw += the derivative of <dy, w * x> by w. */
    void (*weight_gradient)(const NnConvGeom *g, const float *x, const float *dy, float *dw, float *scratch);
} NnConvMethod;

extern const NnConvMethod nn_conv_blas;      /* conv_gemm.c: im2col and sgemm; fits everything */
extern const NnConvMethod nn_conv_pointwise; /* conv_gemm.c: 1x1, the image is its own column matrix */
extern const NnConvMethod nn_conv_depthwise; /* conv_depthwise.c */
extern const NnConvMethod nn_conv_direct;    /* conv_direct.c: sums of shifted copies of a band */
extern const NnConvMethod nn_conv_winograd;  /* conv_winograd.c: F(4x4,3x3) */
extern const NnConvMethod nn_conv_polyphase; /* conv_polyphase.c: 3x3 with stride 2, or enlarged twice */

#endif
