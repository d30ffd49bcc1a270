/* bench_data.h -- weights and batches that C and PyTorch can both compute, so that the two can be shown to do the same
 * work: element k of tensor number t is u(k,t) in 0..1, a hash of k + t 1000003 (the last steps of MurmurHash3). */
#ifndef BENCH_DATA_H
#define BENCH_DATA_H
#include "nn/core/plan.h"

/* Weights of two or more dimensions: (2 u - 1) sqrt(6 / fan_in), where fan_in = elements / first dimension and t counts
 * such tensors in the order of the graph; batch norm's scales and running variances 1, all else 0. */
void bench_weights_fill(NnParams *p);

/* Every input of the graph, by name: image u (or with `centred` 2 u - 1), label n mod 2, mask 1 where u > .7 in images
 * of label 1, target (1 - label, label), weights 1, select 1 on the half of the latent that belongs to the label. */
void bench_batch_fill(const NnGraph *g, NnPlan *p, int centred);

/* n floats in -1..1, the same for every call with the same t. */
void bench_noise_fill(float *x, size_t n, uint32_t t);

#endif
