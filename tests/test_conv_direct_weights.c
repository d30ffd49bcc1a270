/* test_conv_direct_weights.c -- the direct weight gradient on random geometries, with every instruction set, against
 * plain loops in double and against the matrix product; and that the number of threads changes no bit. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "nn/ops/conv_direct_weights.h"
#include "nn/ops/conv_gemm.h"
#include "nn/ops/conv_taps.h"
#include "nn/ops/micro.h"
#include "tests/check_main.h"
#include "tests/reference_conv.h"

enum { GEOMETRIES = 120 };

static const char *const SETS[] = { "avx512", "avx2", "portable" };

static NnConvGeom geom(int N, int C, int H, int W, int O, int Kh, int Kw, NnConvAttr a)
{
    const int up = a.upsample;
    const int Ho = (H * up + 2 * a.pad - a.dilation * (Kh - 1) - 1) / a.stride + 1;
    const int Wo = (W * up + 2 * a.pad - a.dilation * (Kw - 1) - 1) / a.stride + 1;
    return nn_conv_geom((NnShape){ 4, { N, C, H, W } }, (NnShape){ 4, { N, O, Ho, Wo } },
                        (NnShape){ 4, { O, C / a.groups, Kh, Kw } }, &a);
}

/* Any geometry that has an output. */
static NnConvGeom random_geom(uint32_t item)
{
    NnRng r = nn_rng_make(6, NN_STREAM_TEST, 0, item);
    for (;;) {
        const int kernels[][2] = { { 1, 1 }, { 3, 3 }, { 3, 3 }, { 1, 3 }, { 3, 1 },
                                   { 2, 2 }, { 4, 4 }, { 5, 5 }, { 7, 7 } };
        const int *k = kernels[nn_rng_below(&r, 9)];
        NnConvAttr a = { .stride = 1, .upsample = 1, .groups = 1 };
        *(nn_rng_below(&r, 2) ? &a.stride : &a.upsample) = 1 + (int)nn_rng_below(&r, 3);
        a.pad = (int)nn_rng_below(&r, 4), a.dilation = 1 + (int)nn_rng_below(&r, 4) / 3;
        if (nn_rng_below(&r, 4) == 0) a.groups = 2 + (int)nn_rng_below(&r, 2);
        const int most = nn_rng_below(&r, 2) ? 9 : 70 / a.groups;
        const int C = a.groups * (1 + (int)nn_rng_below(&r, (uint32_t)most));
        const int O = a.groups * (1 + (int)nn_rng_below(&r, (uint32_t)most));
        const int size = most > 9 ? 9 : 40;
        const int H = 1 + (int)nn_rng_below(&r, (uint32_t)size), W = 1 + (int)nn_rng_below(&r, (uint32_t)size);
        const int high = H * a.upsample + 2 * a.pad - a.dilation * (k[0] - 1);
        const int wide = W * a.upsample + 2 * a.pad - a.dilation * (k[1] - 1);
        if (high > 0 && wide > 0) return geom(1 + (int)nn_rng_below(&r, 5), C, H, W, O, k[0], k[1], a);
    }
}

static float *floats(size_t n, uint32_t item)
{
    float *v = malloc(n * sizeof *v);
    ck_assert(v != NULL);
    NnRng r = nn_rng_make(7, NN_STREAM_TEST, 0, item);
    for (size_t i = 0; i < n; i++) v[i] = nn_rng_range(&r, -1, 1);
    return v;
}

typedef struct {
    float *x, *dy, *start; /* what dw holds before */
    size_t n_x, n_dy, n_w;
} Data;

static Data data_of(const NnConvGeom *g)
{
    Data d = { .n_x = (size_t)(g->N * g->C * g->H * g->W), .n_dy = (size_t)(g->N * g->O * g->Ho * g->Wo) };
    d.n_w = (size_t)g->O * (size_t)g->K;
    d.x = floats(d.n_x, 1), d.dy = floats(d.n_dy, 2), d.start = floats(d.n_w, 3);
    return d;
}

static void data_free(Data *d)
{
    free(d->x), free(d->dy), free(d->start);
}

/* dw with so many threads. Scratch is poisoned, and a canary stands behind it. */
static float *direct(const NnConvGeom *g, const Data *d, int threads)
{
    nn_threads_set(threads);
    const size_t n = nn_direct_weights_scratch(g);
    float *scratch = aligned_alloc(64, (n + 32) / 16 * 64), *dw = malloc(d->n_w * sizeof *dw);
    ck_assert(scratch != NULL && dw != NULL);
    for (size_t i = 0; i < n; i++) scratch[i] = NAN;
    scratch[n] = 4711;
    memcpy(dw, d->start, d->n_w * sizeof *dw);
    nn_direct_weights(g, d->x, d->dy, dw, scratch);
    ck_assert_msg(scratch[n] == 4711.0f, "scratch is overrun");
    free(scratch);
    return dw;
}

static double check_geometry(const NnConvGeom *g, int item)
{
    Data d = data_of(g);
    float *dw = direct(g, &d, 1);
    double worst = 0, largest = 1e-3, *want = calloc(d.n_w, sizeof *want);
    ck_assert(want != NULL);
    for (size_t i = 0; i < d.n_w; i++) want[i] = (double)d.start[i];
    reference_conv(g, d.x, NULL, d.dy, NULL, NULL, want);
    for (size_t i = 0; i < d.n_w; i++) {
        worst = fmax(worst, isnan(dw[i]) ? INFINITY : fabs((double)dw[i] - want[i]));
        largest = fmax(largest, fabs(want[i]));
    }
    free(want);
    ck_assert_msg(worst < 2e-6 * largest,
                  "%s geometry %d: x [%d,%d,%d,%d], y [%d,%d,%d], kernel %dx%d, stride %d, pad %d, dilation %d, groups "
                  "%d, upsample %d: off by %g of %g",
                  nn_micro()->name, item, g->N, g->C, g->H, g->W, g->O, g->Ho, g->Wo, g->Kh, g->Kw, g->stride, g->pad,
                  g->dilation, g->groups, g->upsample, worst, largest);
    for (int threads = 2; threads <= 4; threads += 2) {
        float *other = direct(g, &d, threads);
        ck_assert_msg(!memcmp(dw, other, d.n_w * sizeof *dw), "geometry %d: %d threads change bits", item, threads);
        free(other);
    }
    free(dw), data_free(&d);
    return worst / largest;
}

/* The instruction set is chosen once in a process, so this needs Check's fork. */
static int have_set(const char *name)
{
    setenv("LOCUS_ISA", name, 1);
    const int have = !strcmp(nn_micro()->name, name);
    if (!have) printf("skipped: %s does not run here, or another set was chosen before (CK_FORK=no)\n", name);
    return have;
}

START_TEST(test_random)
{
    if (!have_set(SETS[_i])) return;
    for (int item = 0; item < GEOMETRIES; item++) {
        const NnConvGeom g = random_geom((uint32_t)item);
        check_geometry(&g, item);
    }
}
END_TEST

/* Layers of the kind that networks have, and those that take another way: few channels, 1x1 images, wide rows. */
START_TEST(test_layers)
{
    if (!have_set(SETS[_i])) return;
    const NnConvAttr same = { 1, 1, 1, 1, 1 }, half = { 2, 1, 1, 1, 1 }, twice = { 1, 1, 1, 1, 2 };
    const NnConvGeom layers[] = {
        geom(3, 3, 40, 40, 32, 3, 3, same),   geom(2, 32, 33, 31, 32, 3, 3, half), geom(5, 64, 8, 8, 64, 3, 3, half),
        geom(5, 64, 4, 4, 64, 3, 3, twice),   geom(2, 16, 40, 40, 3, 3, 3, same),  geom(2, 8, 24, 24, 8, 3, 3, same),
        geom(5, 130, 1, 1, 70, 3, 3, same),   geom(1, 2, 3, 700, 5, 3, 3, same),   geom(1, 2, 700, 1, 5, 3, 3, same),
        geom(2, 300, 4, 4, 300, 3, 3, twice),
    };
    for (int i = 0; i < (int)(sizeof layers / sizeof *layers); i++) check_geometry(&layers[i], i);
}
END_TEST

START_TEST(test_like_blas)
{
    NnErr err = { 0 };
    ck_assert_msg(nn_blas_init(&err) == NN_OK, "%s", err.msg);
    for (int item = 0; item < GEOMETRIES; item++) {
        const NnConvGeom g = random_geom((uint32_t)item);
        if (g.upsample > 1) continue;
        Data d = data_of(&g);
        float *dw = direct(&g, &d, 2);
        float *scratch = aligned_alloc(64, (nn_conv_scratch(&g) + 16) / 16 * 64);
        ck_assert(scratch != NULL);
        nn_conv_to_weights(&g, d.x, d.dy, d.start, scratch);
        for (size_t i = 0; i < d.n_w; i++)
            ck_assert_msg(fabsf(dw[i] - d.start[i]) < 2e-3f, "geometry %d: dw[%zu] = %g, blas %g", item, i,
                          (double)dw[i], (double)d.start[i]);
        free(scratch), free(dw), data_free(&d);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conv_direct_weights");
    TCase *t = tcase_create("conv_direct_weights");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_random, 0, 3);
    tcase_add_loop_test(t, test_layers, 0, 3);
    tcase_add_test(t, test_like_blas);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
