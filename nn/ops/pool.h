/* pool.h -- pooling of images [N,C,H,W]. */
#ifndef NN_POOL_H
#define NN_POOL_H
#include "nn/core/graph.h"

typedef struct {
    int size, stride, pad; /* square window; pad < size; Ho = (H + 2 pad - size) / stride + 1 */
} NnPoolAttr;

/* Largest element of the window; padding never wins; of equal ones the first gets the gradient. NaN wins. */
NnVar nn_max_pool(NnGraph *g, NnVar x, NnPoolAttr attr);
/* Mean of the window; padding counts as zeros (count_include_pad = True). */
NnVar nn_avg_pool(NnGraph *g, NnVar x, NnPoolAttr attr);
/* [N,C,H,W] -> [N,C]. */
NnVar nn_global_avg_pool(NnGraph *g, NnVar x);

extern const NnOp nn_op_max_pool, nn_op_avg_pool, nn_op_global_avg_pool;

#endif
