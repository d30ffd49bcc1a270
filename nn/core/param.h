/* param.h -- named parameters in flat blocks, shared by several graphs.
 *
 * Graphs add parameters while they are built; nn_params_seal then lays them out: one block of values (trained
 * ones first, then states such as running statistics), one block of gradients for the trained ones. Optimisers
 * and EMA keep blocks of the same layout. */
#ifndef NN_PARAM_H
#define NN_PARAM_H
#include "nn/core/op.h"

typedef enum {
    NN_INIT_ZERO,
    NN_INIT_ONE,
    NN_INIT_HE,     /* normal, variance 2 / fan_in: before ReLU (He et al. 2015) */
    NN_INIT_XAVIER, /* uniform, +-sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010) */
    NN_INIT_LECUN   /* uniform, +-1 / sqrt(fan_in): linear layers and their biases */
} NnInitKind;

typedef struct {
    NnInitKind kind;
    int fan_in, fan_out;
} NnInit;

enum {
    NN_PARAM_TRAIN = 1, /* gets gradients and is updated by the optimiser */
    NN_PARAM_DECAY = 2  /* weight decay applies (weights; not biases, not batch norm) */
};

typedef struct {
    const char *name; /* "encoder.0.weight" */
    NnShape shape;
    NnInit init;
    int flags;
    size_t len, offset; /* floats; offset into the value block, and for trained ones the gradient block */
} NnParam;

typedef struct NnParams NnParams;

NnParams *nn_params_new(void); /* NULL: no memory */
void nn_params_free(NnParams *p);

/* Index of the parameter, added if new. ERR_SHAPE: known with another shape or other flags; ERR_CONFIG: new
 * after sealing. */
NnStatus nn_params_add(NnParams *p, const char *name, NnShape s, NnInit init, int flags, int *index, NnErr *err);

/* Allocate the blocks and draw initial values: parameter i from (seed, NN_STREAM_INIT, i). Once. */
NnStatus nn_params_seal(NnParams *p, uint64_t seed, NnErr *err);
int nn_params_is_sealed(const NnParams *p);

int nn_params_count(const NnParams *p);
const NnParam *nn_params_at(const NnParams *p, int index);
int nn_params_find(const NnParams *p, const char *name); /* -1: unknown */

size_t nn_params_len(const NnParams *p);       /* floats of the value block, padding included */
size_t nn_params_train_len(const NnParams *p); /* floats of its trained front part and of the gradient block */
size_t nn_params_weights(const NnParams *p);   /* trained weights, padding not counted */

float *nn_params_values(NnParams *p); /* the whole block; padding is 0 */
float *nn_params_grads(NnParams *p);  /* the whole block; padding is 0 */
void nn_params_zero_grads(NnParams *p);

#endif
