/* conv_bench.c -- see conv_bench.h. Contestants take turns, so that a change in the machine's speed meets all alike. */
#define _DEFAULT_SOURCE /* madvise */
#include "tests/bench/conv_bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "nn/base/blas.h"
#include "nn/base/parallel.h"
#include "nn/base/size.h"
#include "tests/bench/bench_data.h"
#include "tests/bench/bench_samples.h"
#include "tests/bench/conv_ours.h"

enum { MAX_CONTESTANTS = 8, MIN_ROUNDS = 3, USAGE = 2, N_ARGS = 9 };

float *conv_floats(size_t n)
{
    enum { HUGE_PAGE = 2 << 20 };
    size_t bytes;
    if (!nn_size_mul(n, sizeof(float), &bytes) || !nn_size_add(bytes, HUGE_PAGE - 1, &bytes)) return NULL;
    bytes -= bytes % HUGE_PAGE;
    float *p = aligned_alloc(HUGE_PAGE, bytes);
    if (!p) return NULL;
#if defined(MADV_HUGEPAGE)
    madvise(p, bytes, MADV_HUGEPAGE);
#endif
    memset(p, 0, bytes);
    return p;
}

/* ---- the case ---- */

static int case_parse(char **arg, ConvCase *c)
{
    int *const field[] = { &c->N, &c->C, &c->H, &c->W, &c->O, &c->K, &c->stride, &c->upsample };
    for (int i = 0; i < N_ARGS - 1; i++) {
        *field[i] = atoi(arg[i]);
        if (*field[i] < 1) return 0;
    }
    return c->K % 2;
}

static size_t product(int a, int b, int c, int d)
{
    return (size_t)a * (size_t)b * (size_t)c * (size_t)d;
}

static size_t result_len(const ConvCase *c, const ConvData *data, ConvDirection d)
{
    if (d == CONV_FORWARD) return product(c->N, c->O, data->Ho, data->Wo);
    return d == CONV_INPUT_GRADIENT ? product(c->N, c->C, c->H, c->W) : product(c->O, c->C, c->K, c->K);
}

static void enlarge(const ConvCase *c, ConvData *data)
{
    const int f = c->upsample;
    for (int p = 0; p < c->N * c->C; p++)
        for (int i = 0; i < data->He; i++)
            for (int j = 0; j < data->We; j++)
                data->enlarged[product(p * data->He + i, data->We, 1, 1) + (size_t)j] =
                    data->x[product(p * c->H + i / f, c->W, 1, 1) + (size_t)(j / f)];
}

static int data_make(const ConvCase *c, ConvData *data)
{
    data->He = c->H * c->upsample, data->We = c->W * c->upsample;
    data->Ho = (data->He + 2 * (c->K / 2) - c->K) / c->stride + 1;
    data->Wo = (data->We + 2 * (c->K / 2) - c->K) / c->stride + 1;
    const size_t x = product(c->N, c->C, c->H, c->W), w = product(c->O, c->C, c->K, c->K);
    const size_t dy = product(c->N, c->O, data->Ho, data->Wo);
    data->x = conv_floats(x), data->w = conv_floats(w), data->dy = conv_floats(dy);
    data->enlarged = c->upsample == 1 ? data->x : conv_floats(product(c->N, c->C, data->He, data->We));
    if (!data->x || !data->w || !data->dy || !data->enlarged) return 0;
    bench_noise_fill(data->x, x, 0);
    bench_noise_fill(data->w, w, 1);
    bench_noise_fill(data->dy, dy, 2);
    if (c->upsample > 1) enlarge(c, data);
    return 1;
}

static void data_free(ConvData *data)
{
    if (data->enlarged != data->x) free(data->enlarged);
    free(data->x);
    free(data->w);
    free(data->dy);
}

/* ---- the contest ---- */

typedef struct {
    ConvContestant by;
    BenchSamples *samples; /* [CONV_DIRECTIONS] */
    double error;
} Entry;

static double difference(const float *a, const float *b, size_t n)
{
    double worst = 0, scale = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = fabs((double)a[i] - (double)b[i]);
        if (!(d <= worst)) worst = d; /* NaN too */
        if (fabs((double)a[i]) > scale) scale = fabs((double)a[i]);
    }
    return worst / scale;
}

/* One run of everything: warms up, and shows that all do the same work. */
static void compare(Entry *e, int n, const ConvCase *c, const ConvData *data)
{
    for (ConvDirection d = 0; d < CONV_DIRECTIONS; d++)
        for (int i = 0; i < n; i++) {
            e[i].by.run(e[i].by.self, d);
            const float *first = e[0].by.result(e[0].by.self, d), *x = e[i].by.result(e[i].by.self, d);
            const double diff = first && x ? difference(first, x, result_len(c, data, d)) : 0;
            if (!(diff <= e[i].error)) e[i].error = diff;
        }
}

/* Each turn is two runs, of which the first brings the data back into the caches. */
static void take_turns(Entry *e, int n, double seconds)
{
    const double start = bench_time_now().wall;
    for (int round = 0; round < MIN_ROUNDS || bench_time_now().wall - start < seconds; round++)
        for (ConvDirection d = 0; d < CONV_DIRECTIONS; d++)
            for (int i = 0; i < n; i++) {
                e[i].by.run(e[i].by.self, d);
                const BenchTime before = bench_time_now();
                e[i].by.run(e[i].by.self, d);
                bench_samples_add(&e[i].samples[d], before);
            }
}

static void print(const Entry *e, const ConvCase *c, const ConvData *data)
{
    static const char *const label[] = { "forward", "input", "weights" };
    const double gflop = 2e-9 * (double)product(c->C, c->K, c->K, 1) * (double)product(c->N, c->O, data->Ho, data->Wo);
    double sum = 0;
    int clean = 0, of = 0;
    printf("contestant=%s", e->by.name);
    for (ConvDirection d = 0; d < CONV_DIRECTIONS; d++) {
        const BenchSummary s = bench_samples_summary(&e->samples[d]);
        printf(" %s=%.1f", label[d], gflop / s.median);
        sum += s.median, clean += s.clean, of += s.n;
    }
    printf(" all=%.1f kernel=%s error=%.1e clean=%d of=%d threads=%d\n", CONV_DIRECTIONS * gflop / sum, e->by.kernel,
           e->error, clean, of, nn_threads());
}

static int enter_ours(const ConvCase *c, const ConvData *data, const char *kernels, Entry *e, int max)
{
    char list[256], *rest = list;
    int n = 0;
    snprintf(list, sizeof list, "%s", kernels ? kernels : "auto");
    for (char *name; n < max && (name = strtok_r(rest, ",", &rest));) {
        NnErr err = { 0 };
        if (conv_ours_open(c, data, name, &e[n].by, &err) == NN_OK) n++;
        else fprintf(stderr, "bench: kernel %s: %s\n", name, err.msg);
    }
    return n;
}

static int contest(const ConvCase *c, const ConvData *data, const char *kernels, ConvPeers *peers, double seconds)
{
    Entry entry[MAX_CONTESTANTS] = { 0 };
    ConvContestant theirs[MAX_CONTESTANTS];
    int n = enter_ours(c, data, kernels, entry, MAX_CONTESTANTS);
    const int bad = n == 0, n_peers = peers ? peers(c, data, theirs, MAX_CONTESTANTS - n) : 0;
    for (int i = 0; i < n_peers; i++) entry[n++].by = theirs[i];

    int ready = 1;
    for (int i = 0; i < n; i++) {
        entry[i].samples = nn_alloc(CONV_DIRECTIONS, sizeof(BenchSamples));
        ready = ready && entry[i].samples;
        for (int d = 0; entry[i].samples && d < CONV_DIRECTIONS; d++) entry[i].samples[d].threads = nn_threads();
    }
    if (ready && !bad) {
        compare(entry, n, c, data);
        take_turns(entry, n, seconds);
        for (int i = 0; i < n; i++) print(&entry[i], c, data);
    }
    for (int i = 0; i < n; i++) {
        entry[i].by.free(entry[i].by.self);
        free(entry[i].samples);
    }
    return bad || !ready;
}

int conv_bench_run(int argc, char **argv, const char *kernels, ConvPeers *peers)
{
    ConvCase c;
    ConvData data = { 0 };
    NnErr err = { 0 };
    if (argc != N_ARGS || !case_parse(argv, &c)) {
        fprintf(stderr, "usage: ... [-t THREADS] [-k KERNELS] conv N C H W O K(odd) STRIDE UPSAMPLE SECONDS\n");
        return USAGE;
    }
    int code = 1;
    if (nn_blas_init(&err) != NN_OK) fprintf(stderr, "bench: %s\n", err.msg);
    else if (!data_make(&c, &data)) fprintf(stderr, "bench: out of memory\n");
    else code = contest(&c, &data, kernels, peers, atof(argv[N_ARGS - 1]));
    data_free(&data);
    return code;
}
