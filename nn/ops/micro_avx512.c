/* micro_avx512.c -- 16 floats a vector, 32 registers. The Makefile compiles this file for AVX-512. */
#include "nn/ops/micro_sets.h"
#if defined(__x86_64__)
#define LANES 16
#define SUM8  3
#define SUM4  6
#define TILE  8
#define OUTER 12
#define FLOPS 56.0
#define NAME  "avx512"
#define MICRO nn_micro_avx512
#include "nn/ops/micro_body.h"
#else
typedef int NnNoAvx512; /* a file must declare something */
#endif
