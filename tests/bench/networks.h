/* networks.h -- what the benchmark can run, by name: every network of nn_arch_table with the training objective, and
 * two that exist only here, lae_ref and resnet18. Each has its peer in torch_bench.py. */
#ifndef BENCH_NETWORKS_H
#define BENCH_NETWORKS_H
#include "nn/core/graph.h"

enum { BENCH_MAX_OUTPUTS = 3 };

/* Batches of N images [N,3,size,size], labels [N,1], and whatever else the loss needs, as inputs of the graph by the
 * names that bench_batch_fill knows. */
typedef struct {
    NnVar loss;                       /* scalar: what a training step minimises */
    NnVar outputs[BENCH_MAX_OUTPUTS]; /* what an inference pass computes */
    int n_outputs;
} BenchNetwork;

/* Failures poison g: unknown name with the known ones listed, a size that does not fit. */
BenchNetwork bench_network_build(NnGraph *g, const char *name, int size, int batch);

/* The networks defined here. */
BenchNetwork bench_lae_ref_build(NnGraph *g, int size, int batch);
BenchNetwork bench_resnet18_build(NnGraph *g, int size, int batch);

#endif
