/* parallel.c -- the number of threads, and the floating-point mode of a thread; see parallel.h. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "nn/base/parallel.h"

#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

static atomic_int threads; /* 0: not chosen yet */

int nn_cpu_count(void)
{
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

void nn_threads_set(int n)
{
    threads = n < 1 ? 1 : n;
}

int nn_threads(void)
{
    if (threads == 0) nn_threads_set(nn_cpu_count());
    return threads;
}

void nn_flush_denormals(void)
{
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040u); /* FTZ: results; DAZ: operands */
#elif defined(__aarch64__)
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    fpcr |= UINT64_C(1) << 24; /* FZ */
    __asm__ volatile("msr fpcr, %0" : : "r"(fpcr));
#endif
}
