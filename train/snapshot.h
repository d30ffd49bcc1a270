/* snapshot.h -- a trainer as a checkpoint file, and back.
 *
 * Tensors: model.<parameter>; optim.slot<i>.<parameter>; ema.<parameter>; data.mask_sum [H,W]; after the first
 * validation validation.score [n] and validation.label [n] (0 real, 1 forged), those of the last one, which chose the
 * threshold (and in `best` the checkpoint too); and, but not in `best`, generator<i>.model.<parameter> and
 * generator<i>.optim.slot<k>.<parameter> of the blur's generators. Table: config (the resolved INI text), seen (names
 * of the manipulations trained on, comma-separated), seed, step, validated (the step of the last validation, which
 * chose the threshold), epoch, best, stale, plateau_cuts, plateau_stale, threshold (after the first validation),
 * mask_count, input (how images become input, in words), side_min and side_max (shorter side of the training images
 * before they were fitted, pixels; 0: not known), phases (those behind the run, comma-separated), ema, kernels
 * (nn_plan_kernels), with an adversary attack_kernels and generator_kernels, isa (of convolutions), blas_core,
 * blas_version, version. With EMA on, validations judge the average: `ema` tensors in both files, and `model` tensors
 * too in `best`. Who judges with a checkpoint takes the `ema` tensors where there are any, as the threshold is
 * theirs. */
#ifndef TRAIN_SNAPSHOT_H
#define TRAIN_SNAPSHOT_H
#include "nn/model/checkpoint.h"
#include "train/trainer.h"

/* Write the trainer to path, atomically. best: model.* holds what the validation judged. ERR_NUMERIC, and nothing is
 * written, if any number is not finite; ERR_IO. */
NnStatus train_snapshot_save(const Trainer *t, const char *path, int best, NnErr *err);

/* The configuration stored in a checkpoint. `name` is used in messages. */
NnStatus train_snapshot_config(const NnCheckpoint *c, const char *name, TrainConfig *config, NnErr *err);

/* Put a freshly made trainer (of the same configuration) into the state of a checkpoint. ERR_FORMAT names what is
 * missing or does not fit. */
NnStatus train_snapshot_restore(Trainer *t, const NnCheckpoint *c, const char *name, NnErr *err);

#endif
