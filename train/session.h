/* session.h -- a run from first to last step: trainer, logs, checkpoints, signals. */
#ifndef TRAIN_SESSION_H
#define TRAIN_SESSION_H
#include "train/progress.h"
#include "train/run_folder.h"
#include "train/run_log.h"
#include "train/watch.h"

typedef struct {
    Trainer *trainer;                  /* borrowed, not yet started */
    const char *folder;                /* NULL: nothing is written, no validation (--overfit-batch, --profile) */
    const volatile sig_atomic_t *stop; /* becomes non-zero when the run shall end early */
    TrainLog log;
    TrainWatch watch;
    TrainProgress progress;
    int64_t saved;   /* step at which a run without validations was last saved, or taken up */
    double best_auc; /* of this process's validations; NAN: none was the best */
} TrainSession;

/* Open the logs, events and probe of a folder (which exists) and write config.resolved.ini. ERR_IO. */
NnStatus train_session_open(TrainSession *s, Trainer *t, const char *folder, const volatile sig_atomic_t *stop,
                            NnErr *err);
void train_session_close(TrainSession *s);

/* Train to the end: best.safetensors at each better validation, last.safetensors at every one (or where one would be,
 * without validation items) and when interrupted (ERR_INTERRUPTED). After ERR_NUMERIC nothing more has been saved: the
 * last good checkpoint stands. Where a phase waits for a person it saves and returns NN_OK, with trainer->waits set.
 * Early stopping does not count while a phase is still to come. */
NnStatus train_session_run(TrainSession *s, NnErr *err);

#endif
