/* micro.c -- which set of micro-kernels this process uses. */
#include "nn/ops/micro.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "nn/ops/micro_sets.h"

enum { SETS = 3 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const NnMicro *runs_here[SETS];
static int n_sets;
static const NnMicro *chosen;

static void find_sets(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma")) runs_here[n_sets++] = &nn_micro_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) runs_here[n_sets++] = &nn_micro_avx2;
#endif
    runs_here[n_sets++] = &nn_micro_portable;
    chosen = runs_here[0];
    const char *wish = getenv("LOCUS_ISA");
    for (int i = 0; wish && i < n_sets; i++)
        if (!strcmp(runs_here[i]->name, wish)) chosen = runs_here[i];
}

const NnMicro *nn_micro(void)
{
    pthread_once(&once, find_sets);
    return chosen;
}

const NnMicro *const *nn_micro_all(int *n)
{
    pthread_once(&once, find_sets);
    *n = n_sets;
    return runs_here;
}
