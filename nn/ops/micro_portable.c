/* micro_portable.c -- 4 floats a vector: SSE2, NEON, or whatever the compiler makes of it on other CPUs. */
#include "nn/ops/micro_sets.h"

#define LANES 4
#define SUM8  1
#define SUM4  3
#define TILE  4
#define OUTER 6
#define FLOPS 7.0
#define NAME  "portable"
#define MICRO nn_micro_portable
#include "nn/ops/micro_body.h"
