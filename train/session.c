/* session.c -- see session.h. */
#include "train/session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "train/phase.h"
#include "train/snapshot.h"

static NnStatus write_config(const Trainer *t, const char *folder, NnErr *err)
{
    char path[TRAIN_PATH_MAX];
    char *text = train_config_format(&t->config);
    if (!text) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the configuration");
    const NnChunk chunk = { text, strlen(text) };
    const NnStatus status = nn_file_write(train_folder_file(folder, "config.resolved.ini", path), &chunk, 1, err);
    free(text);
    return status;
}

NnStatus train_session_open(TrainSession *s, Trainer *t, const char *folder, const volatile sig_atomic_t *stop,
                            NnErr *err)
{
    *s = (TrainSession){ .trainer = t, .folder = folder, .stop = stop, .saved = t->step, .best_auc = NAN };
    if (!folder) return NN_OK;
    NN_TRY(write_config(t, folder, err));
    NN_TRY(train_log_open(&s->log, folder, t, err));
    return train_watch_open(&s->watch, folder, t, &s->log, err);
}

void train_session_close(TrainSession *s)
{
    train_progress_clear(&s->progress);
    train_watch_close(&s->watch);
    train_log_close(&s->log);
}

/* The logs go to the disk first: a checkpoint never knows of rows that are not there. */
static NnStatus save(TrainSession *s, const char *name, int best, NnErr *err)
{
    char path[TRAIN_PATH_MAX];
    NN_TRY(train_log_sync(&s->log, err));
    NN_TRY(train_watch_sync(&s->watch, err));
    return train_snapshot_save(s->trainer, train_folder_file(s->folder, name, path), best, err);
}

static void say_validation(TrainSession *s, const TrainValidation *v, int better)
{
    train_progress_clear(&s->progress);
    train_log_say(&s->log, "validation at step %lld  loss %.4f  AUC %.4f  accuracy %.4f%s", (long long)s->trainer->step,
                  v->loss, v->auc, v->accuracy, better ? "  (best so far)" : "");
}

static NnStatus validate(TrainSession *s, NnErr *err)
{
    TrainValidation v;
    int better;
    NN_TRY(trainer_validate(s->trainer, s->stop, &v, &better, err));
    if (!v.done) return NN_OK;
    train_log_validation(&s->log, s->trainer, &v);
    say_validation(s, &v, better);
    train_watch_validation(&s->watch, &s->log, s->trainer, &v);
    if (better) s->best_auc = v.auc;
    if (better) NN_TRY(save(s, "best.safetensors", 1, err));
    return save(s, "last.safetensors", 0, err);
}

/* A run without validations saves where they would be. */
static NnStatus save_unvalidated(TrainSession *s, NnErr *err)
{
    const Trainer *t = s->trainer;
    if (t->n_val || s->saved == t->step || !trainer_at_milestone(t)) return NN_OK;
    s->saved = t->step;
    return save(s, "last.safetensors", 0, err);
}

static NnStatus interrupted(TrainSession *s, NnErr *err)
{
    train_progress_clear(&s->progress);
    if (s->folder) NN_TRY(save(s, "last.safetensors", 0, err));
    return nn_fail(err, NN_ERR_INTERRUPTED, "interrupted after step %lld of %lld", (long long)s->trainer->step,
                   (long long)s->trainer->total);
}

static int has_ended(TrainSession *s)
{
    const Trainer *t = s->trainer;
    const int patience = t->config.train.patience;
    if (t->step >= t->total) return 1;
    if (!patience || t->stale < patience || train_phases_ahead(t)) return 0;
    train_log_say(&s->log, "stopped early: %d validations without a better result", t->stale);
    return 1;
}

static NnStatus step(TrainSession *s, NnErr *err)
{
    TrainStep seen;
    NN_TRY(train_step(s->trainer, &seen, err));
    train_log_step(&s->log, s->trainer, &seen);
    train_watch_step(&s->watch, s->trainer, &seen);
    train_progress_step(&s->progress, &s->log, s->trainer, &seen);
    return NN_OK;
}

/* A validation may be due before the first step: where the last process was interrupted during one. */
static NnStatus run(TrainSession *s, NnErr *err)
{
    for (;;) {
        if (!*s->stop && s->folder && trainer_validation_due(s->trainer)) NN_TRY(validate(s, err));
        if (!*s->stop && s->folder) NN_TRY(save_unvalidated(s, err));
        if (*s->stop) return interrupted(s, err);
        if (has_ended(s)) return NN_OK;
        if (s->folder) NN_TRY(train_phases_enter(s->trainer, s->folder, &s->log, s->stop, err));
        if (*s->stop) continue;
        if (s->trainer->waits) return save(s, "last.safetensors", 0, err);
        NN_TRY(step(s, err));
    }
}

NnStatus train_session_run(TrainSession *s, NnErr *err)
{
    if (s->folder) NN_TRY(train_phases_restore(s->trainer, s->folder, err));
    NN_TRY(trainer_start(s->trainer, err));
    train_progress_start(&s->progress, s->trainer);
    const NnStatus status = run(s, err);
    train_progress_clear(&s->progress);
    if (status != NN_OK) train_log_note(&s->log, "%s", err->msg);
    return status;
}
