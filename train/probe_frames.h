/* probe_frames.h -- private to probe.c: the frames of a probe in the run's folder. */
#ifndef TRAIN_PROBE_FRAMES_H
#define TRAIN_PROBE_FRAMES_H
#include "train/probe.h"

/* Rows of probe/scores.csv up to the last validation of the trainer. What belongs to other images, or to no run that
 * the checkpoint knows, is left out. */
NnStatus train_frames_load(TrainProbe *p, NnErr *err);

/* The last look as a frame of the step reached: its maps first, then the table, each file whole or not at all. */
NnStatus train_frames_add(TrainProbe *p, NnErr *err);

#endif
