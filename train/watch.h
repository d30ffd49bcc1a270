/* watch.h -- what a run leaves to look at beside its tables: TensorBoard's events, and the probe of its report.
 *
 * Nothing in here changes a number of the run; what goes wrong in the probe is said once in the log, and the run goes
 * on without it. */
#ifndef TRAIN_WATCH_H
#define TRAIN_WATCH_H
#include "train/event_file.h"
#include "train/probe.h"
#include "train/run_log.h"

typedef struct {
    TrainEventFile events;
    TrainProbe probe; /* n = 0: none */
    double began;     /* nn_clock of opening */
    double seconds;   /* spent here, in this process */
} TrainWatch;

/* Go on with the folder's event file and probe, or begin them. ERR_IO for the event file. */
NnStatus train_watch_open(TrainWatch *w, const char *folder, Trainer *t, TrainLog *log, NnErr *err);
void train_watch_close(TrainWatch *w);

/* Scalars of the step just made, each log_every. */
void train_watch_step(TrainWatch *w, const Trainer *t, const TrainStep *s);
/* Scalars of a validation; where one is due, a frame of the probe, and its pictures. */
void train_watch_validation(TrainWatch *w, TrainLog *log, const Trainer *t, const TrainValidation *v);

/* Push the events to the disk. ERR_IO. */
NnStatus train_watch_sync(TrainWatch *w, NnErr *err);

#endif
