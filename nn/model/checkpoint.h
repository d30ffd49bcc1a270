/* checkpoint.h -- safetensors files: weights and whatever else a run must remember.
 *
 * A file holds named float32 tensors and a string-to-string table. Reading trusts nothing: every rule of the
 * format is checked before memory is taken, and a CRC-32 in the table guards header and data. */
#ifndef NN_CHECKPOINT_H
#define NN_CHECKPOINT_H
#include "nn/core/param.h"

typedef struct {
    char *name;
    NnShape shape;
    float *value; /* owned when read; borrowed when written */
} NnTensor;

typedef struct {
    char *key, *value;
} NnMeta;

/* Everything in one file. Zero-initialise; release with nn_checkpoint_free. */
typedef struct {
    int n_tensors, n_meta;
    NnTensor *tensors;
    NnMeta *meta;
    int borrows; /* tensors' values belong to somebody else */
    void *block; /* what read values point into */
} NnCheckpoint;

/* Add to a checkpoint that is to be written. name, key and value are copied; the tensor's data are borrowed until
 * it is written. Scalars of a run (step, best metric) go into the table as text, floats as "%.9g", doubles "%.17g". */
NnStatus nn_checkpoint_add(NnCheckpoint *c, const char *name, NnShape shape, const float *value, NnErr *err);
NnStatus nn_checkpoint_note(NnCheckpoint *c, const char *key, const char *value, NnErr *err);
NnStatus nn_checkpoint_notef(NnCheckpoint *c, NnErr *err, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Every parameter of p under prefix + name, from `block` (the layout of nn_params_values, or of the gradient block
 * when trained_only): values, moments, averages. */
NnStatus nn_checkpoint_add_params(NnCheckpoint *c, const NnParams *p, const char *prefix, const float *block,
                                  int trained_only, NnErr *err);

/* Write atomically (see file.h). */
NnStatus nn_checkpoint_save(const NnCheckpoint *c, const char *path, NnErr *err);

/* Read and check a whole file. ERR_IO, or ERR_FORMAT saying which rule is broken. */
NnStatus nn_checkpoint_load(const char *path, NnCheckpoint *out, NnErr *err);
/* The same from memory; `name` is used in messages. (What the fuzzers call.) */
NnStatus nn_checkpoint_parse(const unsigned char *bytes, size_t len, const char *name, NnCheckpoint *out, NnErr *err);
void nn_checkpoint_free(NnCheckpoint *c);

const NnTensor *nn_checkpoint_find(const NnCheckpoint *c, const char *name); /* NULL: absent */
const char *nn_checkpoint_meta(const NnCheckpoint *c, const char *key);      /* NULL: absent */

/* Copy tensors prefix + name into `block`, for every parameter; ERR_FORMAT names the first that is missing or has
 * another shape (found and expected). */
NnStatus nn_checkpoint_get_params(const NnCheckpoint *c, const NnParams *p, const char *prefix, float *block,
                                  int trained_only, NnErr *err);

#endif
