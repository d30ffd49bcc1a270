/* progress.h -- how a run looks while it runs: one line rewritten on a terminal, plain lines elsewhere. */
#ifndef TRAIN_PROGRESS_H
#define TRAIN_PROGRESS_H
#include "train/run_log.h"

typedef struct {
    int terminal;
    int shown; /* a bar is on the screen */
    double began, drawn;
    int64_t first; /* step at which this process began */
    /* Since the last plain line: */
    double line_time, line_waited, line_stepping;
    int64_t line_step;
    TrainStep sum;
} TrainProgress;

void train_progress_start(TrainProgress *p, const Trainer *t);

/* After each step: redraw the bar (ten times a second), and each log_every steps write a line to the log (and to stdout
 * where there is no bar) and a row of timing.csv. */
void train_progress_step(TrainProgress *p, TrainLog *log, const Trainer *t, const TrainStep *s);

/* The same bar for other work than steps, on a terminal alone: `done` of `all`, of what. */
void train_progress_count(TrainProgress *p, const char *what, int64_t done, int64_t all);

/* Take the bar away, so that other text can be printed. */
void train_progress_clear(TrainProgress *p);

#endif
