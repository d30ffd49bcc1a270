/* micro_sets.h -- the tables behind nn_micro(), one a file; private to micro*.c. */
#ifndef NN_MICRO_SETS_H
#define NN_MICRO_SETS_H
#include "nn/ops/micro.h"

#if defined(__x86_64__)
extern const NnMicro nn_micro_avx512, nn_micro_avx2;
#endif
extern const NnMicro nn_micro_portable;

#endif
