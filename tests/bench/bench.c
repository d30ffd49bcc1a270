/* bench.c -- times what training and inference take, and the memory. The peers are torch_bench.py and onednn_bench.c;
 * scripts/bench.sh runs them in turn. Loading images is not part of any of it.
 *
 * usage: bench [-t THREADS] [-k KERNEL] [-l] step   NETWORK SIZE BATCH SECONDS   forward, backward, Adam
 *        bench ...                           infer  NETWORK SIZE BATCH SECONDS   forward in an inference plan
 *        bench ...                           first  NETWORK SIZE BATCH           start of process to first step done
 *        bench ...                           losses NETWORK SIZE BATCH           the first three losses
 *        bench ...                           nodes  NETWORK SIZE BATCH SECONDS   each node: op, kernel, milliseconds
 *        bench [-t THREADS] [-k KERNELS]     conv   N C H W O K STRIDE UPSAMPLE SECONDS   one convolution
 *
 * -t 0 (the default): every CPU. -k: as NnPlanSpec.kernel; for conv a list with commas. -l: memory = low.
 * Prints one line "name=value name=value ..."; times in images_per_s (median, best), memory in MiB. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "nn/base/calm_start.h"
#include "nn/base/parallel.h"
#include "nn/ops/conv.h"
#include "tests/bench/bench_job.h"
#include "tests/bench/bench_samples.h"
#include "tests/bench/conv_bench.h"

enum { USAGE = 2, MIN_SAMPLES = 3, N_LOSSES = 3 };

static double peak_mib(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)use.ru_maxrss / 1024;
}

static void print_memory(const BenchJob *j)
{
    printf(" peak_mib=%.1f plan_mib=%.1f bound_mib=%.1f weights=%zu\n", peak_mib(),
           (double)nn_plan_bytes(j->plan) / 1048576, (double)nn_plan_lower_bound(j->plan) / 1048576,
           nn_params_weights(j->params));
}

static void measure(BenchJob *j, const BenchSpec *spec, double seconds)
{
    static BenchSamples samples;
    samples.threads = nn_threads();
    bench_job_step(j);
    const double start = bench_time_now().wall;
    while (samples.n < MIN_SAMPLES || bench_time_now().wall - start < seconds) {
        const BenchTime before = bench_time_now();
        bench_job_step(j);
        bench_samples_add(&samples, before);
    }
    const BenchSummary s = bench_samples_summary(&samples);
    printf("images_per_s=%.2f best=%.2f clean=%d of=%d share=%.3f threads=%d", spec->batch / s.median,
           spec->batch / s.best, s.clean, s.n, s.share, samples.threads);
    print_memory(j);
}

/* Seconds since this process began, to the 10 ms of the kernel's bookkeeping; starting over (calm_start.h) does not
 * reset it. -1 where there is no /proc. */
static double process_age(void)
{
    char text[1024];
    FILE *f = fopen("/proc/self/stat", "r");
    const size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f) fclose(f);
    text[n] = 0;
    const char *at = strrchr(text, ')'); /* the end of field 2; the time of start is field 22 */
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    struct timespec now;
#if defined(CLOCK_BOOTTIME)
    clock_gettime(CLOCK_BOOTTIME, &now);
#else
    clock_gettime(CLOCK_MONOTONIC, &now);
#endif
    if (!at) return -1;
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec - strtod(at, NULL) / (double)sysconf(_SC_CLK_TCK);
}

static void print_first(BenchJob *j)
{
    bench_job_step(j);
    printf("first_s=%.3f", process_age());
    print_memory(j);
}

static void print_losses(BenchJob *j)
{
    for (int i = 0; i < N_LOSSES; i++) {
        bench_job_step(j);
        printf("%sloss%d=%.9g", i ? " " : "", i, (double)bench_job_loss(j));
    }
    print_memory(j);
}

/* GFLOP/s are those of the direct algorithm, and of backward as twice a forward. */
static void print_nodes(BenchJob *j, double seconds)
{
    const double start = bench_time_now().wall;
    bench_job_step(j);
    nn_plan_profile(j->plan, 1);
    while (bench_time_now().wall - start < seconds) bench_job_step(j);
    printf("%4s %-22s %-15s %-10s %-20s %9s %9s %7s %7s\n", "node", "name", "op", "kernel", "output", "fwd ms",
           "bwd ms", "GF/s", "GF/s");
    for (int i = 0; i < nn_graph_len(j->graph); i++) {
        double forward, backward;
        long calls;
        char shape[64];
        const NnOp *op = nn_plan_op(j->plan, i);
        nn_plan_profile_get(j->plan, i, &forward, &backward, &calls);
        if (!op || !calls) continue;
        const NnNode *node = nn_graph_node(j->graph, i);
        const double gflop = nn_plan_node_flops(j->plan, i) * (double)calls / 1e9;
        printf("%4d %-22s %-15s %-10s %-20s %9.3f %9.3f %7.1f %7.1f\n", i, node->name, op->name,
               nn_plan_kernel(j->plan, i), nn_shape_text(node->shape, shape), 1e3 * forward / (double)calls,
               1e3 * backward / (double)calls, gflop / forward, backward > 0 ? 2 * gflop / backward : 0);
    }
}

static int is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static int run_network(const char *mode, const BenchSpec *spec, double seconds)
{
    BenchJob j = { 0 };
    NnErr err = { 0 };
    const NnStatus s = bench_job_open(&j, spec, &err);
    if (s != NN_OK) fprintf(stderr, "bench: %s\n", err.msg);
    else if (is(mode, "first")) print_first(&j);
    else if (is(mode, "losses")) print_losses(&j);
    else if (is(mode, "nodes")) print_nodes(&j, seconds);
    else measure(&j, spec, seconds);
    bench_job_close(&j);
    return nn_status_exit_code(s);
}

static int usage(void)
{
    fprintf(stderr, "usage: bench [-t THREADS] [-k KERNEL] [-l] step|infer|nodes NETWORK SIZE BATCH SECONDS\n"
                    "       bench [-t THREADS] [-k KERNEL] [-l] first|losses NETWORK SIZE BATCH\n"
                    "       bench [-t THREADS] [-k KERNELS] conv N C H W O K STRIDE UPSAMPLE SECONDS\n");
    return USAGE;
}

int main(int argc, char **argv)
{
    nn_calm_start(argv);
    BenchSpec spec = { 0 };
    int c;
    while ((c = getopt(argc, argv, "t:k:l")) != -1) {
        if (c == 't' && atoi(optarg) > 0) nn_threads_set(atoi(optarg));
        else if (c == 'k') spec.kernel = optarg;
        else if (c == 'l') spec.memory = NN_MEMORY_LOW;
        else if (c != 't') return usage();
    }
    const int n = argc - optind;
    char **arg = argv + optind;
    if (n > 0 && is(arg[0], "conv")) return conv_bench_run(n - 1, arg + 1, spec.kernel, NULL);
    if (n < 4) return usage();
    const int timed = is(arg[0], "step") || is(arg[0], "infer") || is(arg[0], "nodes");
    const int known = timed || is(arg[0], "first") || is(arg[0], "losses");
    if (!known || n != 4 + timed) return usage();
    spec.network = arg[1], spec.size = atoi(arg[2]), spec.batch = atoi(arg[3]);
    spec.train = !is(arg[0], "infer");
    return run_network(arg[0], &spec, timed ? atof(arg[4]) : 0);
}
