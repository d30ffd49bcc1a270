/* test_no_allocation.c -- a training step allocates nothing, whatever changes its images. This program has a malloc of its
 * own, which counts. */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "nn/base/parallel.h"
#include "tests/train_rig.h"

/* Only threads that have switched `counting` on are counted: the caller and the OpenMP workers, not the loader. What
 * OpenMP and BLAS allocate for themselves (records of a parallel region, packing buffers of small products) is not ours
 * either. */
static _Thread_local int counting;
static atomic_int allocations;

/* clang's OpenMP allocates through libc while it runs, which cannot be told apart: counted with gcc alone. */
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define COUNTS_ALLOCATIONS 1
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

enum { MAX_RANGES = 64 };
static struct {
    uintptr_t begin, end;
} foreign[MAX_RANGES]; /* where the code of those libraries lies */
static int n_foreign;

static void find_foreign_code(void)
{
    char line[4096];
    unsigned long long begin, end;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps) && n_foreign < MAX_RANGES) {
        if (!strstr(line, "/libgomp") && !strstr(line, "/libomp") && !strstr(line, "blas")) continue;
        if (sscanf(line, "%llx-%llx", &begin, &end) != 2) continue;
        foreign[n_foreign].begin = (uintptr_t)begin;
        foreign[n_foreign++].end = (uintptr_t)end;
    }
    if (maps) fclose(maps);
}

static void count(const void *caller)
{
    const uintptr_t at = (uintptr_t)caller;
    if (!counting) return;
    for (int i = 0; i < n_foreign; i++)
        if (at >= foreign[i].begin && at < foreign[i].end) return;
    allocations++;
}

void *malloc(size_t size)
{
    count(__builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_realloc(p, size);
}
#else
#define COUNTS_ALLOCATIONS 0
static void find_foreign_code(void)
{
}
#endif

static void count_allocations(int on)
{
#pragma omp parallel num_threads(nn_threads())
    counting = on;
}

START_TEST(step_allocates_nothing)
{
    TrainStep s;
    config.blur.kind = _i, config.blur.width = 2;
    Trainer *t = make_started_trainer();
    steps(t, 3, &s);
    find_foreign_code();
    allocations = 0;
    count_allocations(1);
    void *probe = malloc(1);
    for (int i = 0; i < 5; i++) train_step(t, &s, &err); /* no ck_assert in between: it allocates */
    free(probe);
    count_allocations(0);
    ck_assert_int_eq((int)t->step, 8);
    /* The probe shows that the counter works: its own call, and nothing else. */
    if (COUNTS_ALLOCATIONS) ck_assert_int_eq(allocations, 1);
    else printf("step_allocates_nothing: not counted in this build\n");
    trainer_free(t);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, step_allocates_nothing, TRAIN_BLUR_NONE, TRAIN_BLUR_PERTURB + 1);
}

int main(int argc, char **argv)
{
    (void)argc;
    return run_tests(argv, "no allocation", add_tests);
}
