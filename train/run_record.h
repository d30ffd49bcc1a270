/* run_record.h -- run.json: by what, when and where a run was made. */
#ifndef TRAIN_RUN_RECORD_H
#define TRAIN_RUN_RECORD_H
#include "train/trainer.h"

/* Write folder/run.json: version, command, status ("running", "finished", "waiting for masks", "interrupted",
 * "failed"), started and ended (UTC), first_step, step, seed, threads, blas, blas_core, kernels (op: kernel chosen),
 * kernel_list (the same as NnPlanSpec.kernels takes it). ERR_IO. */
NnStatus train_record_write(const Trainer *t, const char *folder, int argc, char **argv, const char *started,
                            int64_t first_step, const char *status, NnErr *err);

/* "2026-01-31T12:00:00Z" */
void train_record_now(char text[32]);

#endif
