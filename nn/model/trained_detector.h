/* trained_detector.h -- a detector as training left it: the checkpoint of a run folder, its [model], its weights.
 *
 * Who builds a network from it is the caller's affair: parameters are found by their names. */
#ifndef NN_TRAINED_DETECTOR_H
#define NN_TRAINED_DETECTOR_H
#include <stdint.h>

#include "nn/base/settings.h"
#include "nn/model/checkpoint.h"
#include "nn/model/detector.h"

/* Zero-initialise; release with nn_trained_close. */
typedef struct {
    char *path; /* of the checkpoint */
    NnCheckpoint checkpoint;
    NnModelSettings model;
    uint64_t seed; /* of the run */
} NnTrained;

/* The checkpoint that `path` means, whether it is one of ours or not. The caller frees *out. ERR_IO: as nn_trained_open. */
NnStatus nn_trained_find(const char *path, char **out, NnErr *err);

/* `path` is a run folder (its best.safetensors, else last.safetensors) or a checkpoint. Of the configuration in it [model]
 * is read, and the sections that the caller binds, over their defaults. What has been read stays in *t on failure.
 * ERR_IO: nothing there, and what was looked for; ERR_FORMAT: damaged, or not one of ours; ERR_CONFIG: a configuration
 * that this version does not know. */
NnStatus nn_trained_open(NnTrained *t, const char *path, const NnBinding *others, int n_others, NnErr *err);
void nn_trained_close(NnTrained *t);

/* Weights into sealed parameters: their running average where the run kept one, since that is what it validated.
 * ERR_FORMAT: they do not fit the network. */
NnStatus nn_trained_restore(const NnTrained *t, NnParams *params, NnErr *err);

/* A note of the checkpoint, or "" if it has none of that name. */
const char *nn_trained_note(const NnTrained *t, const char *key);

/* For a failure of these functions, or of building the network: append to its message that another version wrote the
 * checkpoint, if one did. */
void nn_trained_blame_version(const NnTrained *t, NnErr *err);

#endif
