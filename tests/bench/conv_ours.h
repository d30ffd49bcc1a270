/* conv_ours.h -- a kernel of our conv2d as a contestant of conv_bench.h. */
#ifndef CONV_OURS_H
#define CONV_OURS_H
#include "nn/base/status.h"
#include "tests/bench/conv_bench.h"

/* The kernel that a training plan chooses when asked for `kernel` (NnPlanSpec.kernel), called by itself. */
NnStatus conv_ours_open(const ConvCase *c, const ConvData *data, const char *kernel, ConvContestant *out, NnErr *err);

#endif
