/* bench_samples.c -- see bench_samples.h. */
#include "tests/bench/bench_samples.h"

#include <stdlib.h>
#include <time.h>

#include "nn/base/clock.h"

static const double clean_share = 0.97;

BenchTime bench_time_now(void)
{
    struct timespec cpu;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    return (BenchTime){ nn_clock(), (double)cpu.tv_sec + 1e-9 * (double)cpu.tv_nsec };
}

void bench_samples_add(BenchSamples *s, BenchTime before)
{
    const BenchTime now = bench_time_now();
    if (s->n < BENCH_MAX_SAMPLES) s->at[s->n++] = (BenchTime){ now.wall - before.wall, now.cpu - before.cpu };
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The CPUs that a sample had, as a part of the threads. Clocks are read one after the other: not above 1. */
static double share_of(const BenchSamples *s, int i)
{
    const double share = s->at[i].cpu / (s->at[i].wall * s->threads);
    return share < 1 ? share : 1;
}

BenchSummary bench_samples_summary(const BenchSamples *s)
{
    static double shares[BENCH_MAX_SAMPLES], times[BENCH_MAX_SAMPLES];
    BenchSummary sum = { .n = s->n };
    if (!s->n) return sum;
    for (int i = 0; i < s->n; i++) shares[i] = share_of(s, i);
    qsort(shares, (size_t)s->n, sizeof *shares, by_value);
    const double enough = clean_share * shares[s->n - 1];
    for (int i = 0; i < s->n; i++)
        if (s->threads == 1) times[sum.clean++] = s->at[i].cpu;
        else if (share_of(s, i) >= enough) times[sum.clean++] = s->at[i].wall;
    qsort(times, (size_t)sum.clean, sizeof *times, by_value);
    sum.median = times[sum.clean / 2];
    sum.best = times[0];
    sum.share = shares[s->n / 2];
    return sum;
}
