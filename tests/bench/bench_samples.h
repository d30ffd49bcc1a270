/* bench_samples.h -- how long something takes on a machine that does other things too.
 *
 * With one thread a sample is the process's own CPU time. With more it is the wall time, and a sample counts as clean
 * if the process had the CPUs it uses: its CPU time is at least 97 % of the largest share of threads x wall time that
 * any sample of the run had (all of it, unless parts of the work cannot use every thread). */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

enum { BENCH_MAX_SAMPLES = 20000 };

typedef struct {
    double wall, cpu; /* seconds */
} BenchTime;

typedef struct {
    int threads, n;
    BenchTime at[BENCH_MAX_SAMPLES];
} BenchSamples;

typedef struct {
    double median, best; /* seconds, of the clean samples */
    int clean, n;
    double share; /* median CPU time / (threads x wall time), of all */
} BenchSummary;

BenchTime bench_time_now(void); /* seconds since some moment: for differences */

/* Time since `before` as one more sample; passed over when there is no more room. */
void bench_samples_add(BenchSamples *s, BenchTime before);

/* Zeros where there are no samples. */
BenchSummary bench_samples_summary(const BenchSamples *s);

#endif
