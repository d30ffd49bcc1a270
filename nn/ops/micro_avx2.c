/* micro_avx2.c -- 8 floats a vector, 16 registers. The Makefile compiles this file for AVX2 and FMA. */
#include "nn/ops/micro_sets.h"
#if defined(__x86_64__)
#define LANES 8
#define SUM8  1
#define SUM4  3
#define TILE  4
#define OUTER 6
#define FLOPS 28.0
#define NAME  "avx2"
#define MICRO nn_micro_avx2
#include "nn/ops/micro_body.h"
#else
typedef int NnNoAvx2; /* a file must declare something */
#endif
