/* blocks.h -- the few layers that networks are made of: convolution with norm and activation, residual block, head.
 *
 * Each takes a scope ("encoder.2"), which names its nodes in --summary and messages and prefixes its parameters as the
 * usual PyTorch model files do: <scope>.conv.weight, <scope>.bn.weight, .bias, .running_mean, .running_var. */
#ifndef NN_BLOCKS_H
#define NN_BLOCKS_H
#include "nn/core/graph.h"

typedef enum { NN_ACT_NONE, NN_ACT_RELU, NN_ACT_TANH } NnAct;

typedef struct {
    int channels; /* of the output */
    int kernel;   /* odd: Kh = Kw; padded so that stride 1 keeps the size */
    int stride;
    int norm; /* 1: batch norm, and then no bias (it would cancel); 0: a bias */
    NnAct act;
} NnConvSpec;

/* x [N,C,H,W] -> [N,channels,ceil(H/stride),ceil(W/stride)]: act(bn(conv(x))). */
NnVar nn_conv_block(NnGraph *g, const char *scope, NnVar x, NnConvSpec spec);

/* As above on x enlarged by nearest x2: [N,channels,2H,2W] with stride 1. The decoder's step up: unlike a transposed
 * convolution it leaves no checkerboard (Odena, Dumoulin, Olah 2016). */
NnVar nn_up_block(NnGraph *g, const char *scope, NnVar x, NnConvSpec spec);

/* ReLU(bn2(conv2(ReLU(bn1(conv1(x))))) + shortcut(x)), 3x3, the stride in conv1 (He et al. 2016, basic block). The
 * shortcut is x, or bn(conv1x1(x)) where the shape changes. Names as torchvision's: conv1, bn1, conv2, bn2,
 * downsample.0, downsample.1. */
NnVar nn_residual_block(NnGraph *g, const char *scope, NnVar x, int channels, int stride);

/* The weight [outputs,features] and bias [outputs] of a linear layer: <scope>.weight, <scope>.bias. */
typedef struct {
    NnVar weight, bias;
} NnLinearParams;

NnLinearParams nn_linear_params(NnGraph *g, const char *scope, int outputs, int features);

#endif
