/* top_mean.h -- the mean of the largest elements of each sample. */
#ifndef NN_TOP_MEAN_H
#define NN_TOP_MEAN_H
#include "nn/core/graph.h"

typedef struct {
    float part; /* of a sample's elements, above 0 and at most 1 */
} NnTopMeanAttr;

/* x [N,...] of 2 to 4 dimensions -> y [N,1]: the mean of the k = ceil(part * len) largest of each sample's len
 * elements. Part 1 is the mean over the sample; a part below 1 / len its maximum. The gradient dy / k goes to each of
 * those k and to nothing else; of elements that tie for the last places, those of the lowest index are taken. NaN
 * counts as larger than any number. */
NnVar nn_top_mean(NnGraph *g, NnVar x, float part);

extern const NnOp nn_op_top_mean;

#endif
