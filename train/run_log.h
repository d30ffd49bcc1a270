/* run_log.h -- what a run leaves to read: metrics.csv, metrics.jsonl, timing.csv, train.log.
 *
 * metrics.csv holds nothing that depends on the clock: two runs of one configuration write the same bytes. Columns:
 * step, epoch, split (train: a row each step, this batch alone; val: a row each validation), lr, grad_norm, loss, then
 * for each term <name> and <name>_weighted, then auc, accuracy, threshold (val only; empty where nothing is to be
 * said), and with an adversary changed_loss: the loss on its images alone, where `loss` is of both halves (train only).
 * metrics.jsonl: the same, a JSON object a line, without the names that say nothing there; null: not finite.
 * timing.csv: step, seconds since the process began training, images_per_s, wait_share (of the time in steps, waiting
 * for images). */
#ifndef TRAIN_RUN_LOG_H
#define TRAIN_RUN_LOG_H
#include <stdio.h>

#include "train/trainer.h"

typedef struct {
    FILE *metrics, *lines, *timing, *text; /* all NULL: nothing is written */
    char folder[NN_TEXT_MAX];              /* for messages */
} TrainLog;

/* Open the files of trainer t in folder. A resumed run keeps the rows up to its step, and the validation rows up to
 * that of its last validation; what an interrupted process wrote beyond is cut off. ERR_IO. */
NnStatus train_log_open(TrainLog *log, const char *folder, const Trainer *t, NnErr *err);
void train_log_close(TrainLog *log);

void train_log_step(TrainLog *log, const Trainer *t, const TrainStep *s);
void train_log_validation(TrainLog *log, const Trainer *t, const TrainValidation *v);
void train_log_time(TrainLog *log, int64_t step, double seconds, double images_per_s, double wait_share);

/* A line for people: to stdout and train.log. */
void train_log_say(TrainLog *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same, to train.log alone. */
void train_log_note(TrainLog *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Push everything to the disk before a checkpoint refers to it. ERR_IO naming the folder (disk full). */
NnStatus train_log_sync(TrainLog *log, NnErr *err);

#endif
