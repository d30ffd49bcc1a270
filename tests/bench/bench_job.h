/* bench_job.h -- one network ready to train or to infer, on one fixed batch in memory. */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H
#include "nn/core/plan.h"
#include "tests/bench/networks.h"
#include "train/optimizer.h"

typedef struct {
    const char *network;
    int size, batch; /* pixels a side, images */
    int train;       /* 1: a plan that trains; 0: one that infers */
    const char *kernel;
    NnMemory memory;
} BenchSpec;

typedef struct {
    NnParams *params;
    NnGraph *graph;
    NnPlan *plan;
    NnVar loss;
    TrainOptimizer optimizer; /* Adam, learning rate 1e-3 */
    uint32_t steps;           /* done so far */
} BenchJob;

/* Call bench_job_close in any case. */
NnStatus bench_job_open(BenchJob *j, const BenchSpec *spec, NnErr *err);
void bench_job_close(BenchJob *j);

/* Forward, backward, update; or forward alone in a plan that infers. */
void bench_job_step(BenchJob *j);

/* Loss of the last training step, before its update. */
float bench_job_loss(BenchJob *j);

#endif
