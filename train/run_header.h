/* run_header.h -- what a run says of itself before the first step. */
#ifndef TRAIN_RUN_HEADER_H
#define TRAIN_RUN_HEADER_H
#include "train/run_log.h"

/* Network, parameters, planned memory; data set counts per split and manipulation (seen or unseen); BLAS core and
 * threads; folder and length of the run; warnings of what its splits lack (split_gaps.h). folder NULL: nothing is
 * written, and nothing will be validated or tested. */
void train_header_say(TrainLog *log, const Trainer *t, const char *folder);

/* Items of a manipulation (-1: real images) in a split. */
int train_header_count(const DataSet *set, DataSplit split, int method);

#endif
