/* test_conv_error.c -- how far each kernel of conv2d is from the exact sum, on layers of real size and for all three
 * directions. The figures in nn/ops/README.md are what this prints with LOCUS_SHOW=1. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "nn/ops/conv.h"
#include "tests/check_main.h"
#include "tests/reference_conv.h"

enum { DIRECTIONS = 3 };
static const char *const direction_name[DIRECTIONS] = { "forward", "input gradient", "weight gradient" };

typedef struct {
    int N, C, H, O, K, stride, upsample, groups;
} Layer;

static const Layer layers[] = {
    { 1, 3, 64, 32, 3, 1, 1, 1 },    { 1, 32, 64, 32, 3, 1, 1, 1 },  { 1, 64, 32, 64, 3, 1, 1, 1 },
    { 1, 128, 16, 128, 3, 1, 1, 1 }, { 2, 256, 8, 256, 3, 1, 1, 1 }, { 1, 32, 64, 64, 3, 2, 1, 1 },
    { 1, 128, 16, 256, 3, 2, 1, 1 }, { 1, 64, 32, 32, 3, 1, 2, 1 },  { 2, 128, 8, 128, 3, 1, 2, 1 },
    { 1, 64, 16, 64, 1, 1, 1, 1 },   { 1, 32, 32, 32, 5, 1, 1, 1 },  { 1, 32, 32, 32, 3, 1, 1, 32 },
    { 1, 64, 16, 64, 3, 1, 1, 4 },
};
enum { LAYERS = sizeof layers / sizeof *layers };

/* Of the largest element; from what was measured, with room of a factor 2 to 3. */
static double tolerance_of(const NnKernel *k)
{
    return k->inexact ? 3e-5 : 5e-6;
}

typedef struct {
    NnConvAttr attr;
    NnShape xs[2], ys;
    float *x, *w, *y, *dy, *dx, *dw, *scratch;
} Rig;

static float *normals(NnShape s, uint32_t item)
{
    const size_t n = nn_shape_len(s);
    float *v = calloc(n, sizeof *v);
    ck_assert(v != NULL);
    NnRng r = nn_rng_make(3, NN_STREAM_TEST, 0, item);
    for (size_t i = 0; i < n; i++) v[i] = nn_rng_normal(&r);
    return v;
}

static float *zeros(NnShape s)
{
    float *v = calloc(nn_shape_len(s), sizeof *v);
    ck_assert(v != NULL);
    return v;
}

static Rig rig_make(const Layer *l)
{
    NnErr err = { 0 };
    Rig r = { .attr = { .stride = l->stride, .pad = l->K / 2, .dilation = 1, .groups = l->groups } };
    r.attr.upsample = l->upsample;
    r.xs[0] = (NnShape){ 4, { l->N, l->C, l->H, l->H } };
    r.xs[1] = (NnShape){ 4, { l->O, l->C / l->groups, l->K, l->K } };
    ck_assert_msg(nn_op_conv2d.shape(r.xs, 2, &r.attr, &r.ys, &err) == NN_OK, "%s", err.msg);
    r.x = normals(r.xs[0], 0), r.w = normals(r.xs[1], 1), r.dy = normals(r.ys, 2);
    r.y = zeros(r.ys), r.dx = zeros(r.xs[0]), r.dw = zeros(r.xs[1]);
    return r;
}

static void rig_free(Rig *r)
{
    free(r->x), free(r->w), free(r->y), free(r->dy), free(r->dx), free(r->dw);
}

static void run(Rig *r, const NnKernel *k)
{
    float *scratch = malloc((k->scratch ? k->scratch(r->xs, 2, r->ys, &r->attr, k->how) : 0) * sizeof *scratch + 1);
    ck_assert(scratch != NULL);
    memset(r->dx, 0, nn_shape_len(r->xs[0]) * sizeof *r->dx);
    memset(r->dw, 0, nn_shape_len(r->xs[1]) * sizeof *r->dw);
    const NnFwd f = { .n_in = 2,
                      .x = { r->x, r->w },
                      .xs = { r->xs[0], r->xs[1] },
                      .y = r->y,
                      .ys = r->ys,
                      .scratch = scratch,
                      .attr = &r->attr,
                      .how = k->how };
    const NnBwd b = { .n_in = 2,
                      .x = { r->x, r->w },
                      .xs = { r->xs[0], r->xs[1] },
                      .dy = r->dy,
                      .ys = r->ys,
                      .dx = { r->dx, r->dw },
                      .scratch = scratch,
                      .attr = &r->attr,
                      .how = k->how };
    k->forward(&f);
    k->backward(&b);
    free(scratch);
}

/* The largest error, relative to the largest element. */
static double error_of(const float *got, const double *want, NnShape s)
{
    double error = 0, largest = 0;
    for (size_t i = 0; i < nn_shape_len(s); i++) {
        if (!isfinite(got[i])) return INFINITY;
        error = fmax(error, fabs((double)got[i] - want[i]));
        largest = fmax(largest, fabs(want[i]));
    }
    return error / largest;
}

static double *doubles(NnShape s)
{
    double *v = calloc(nn_shape_len(s), sizeof *v);
    ck_assert(v != NULL);
    return v;
}

static void check_kernel(const Rig *r, const Layer *l, const NnKernel *k, double *const want[DIRECTIONS])
{
    const double error[DIRECTIONS] = { error_of(r->y, want[0], r->ys), error_of(r->dx, want[1], r->xs[0]),
                                       error_of(r->dw, want[2], r->xs[1]) };
    if (getenv("LOCUS_SHOW"))
        printf("%-10s %3d x %2d -> %3d, kernel %d, stride %d, upsample %d, groups %2d: %.1e %.1e %.1e\n", k->name, l->C,
               l->H, l->O, l->K, l->stride, l->upsample, l->groups, error[0], error[1], error[2]);
    for (int d = 0; d < DIRECTIONS; d++)
        ck_assert_msg(error[d] <= tolerance_of(k), "%s of %s, layer %d: error %g of the largest element, at most %g",
                      direction_name[d], k->name, (int)(l - layers), error[d], tolerance_of(k));
}

START_TEST(every_kernel_is_near_the_exact_sum)
{
    const Layer *l = &layers[_i];
    NnErr err = { 0 };
    ck_assert_msg(nn_blas_init(&err) == NN_OK, "%s", err.msg);
    Rig r = rig_make(l);
    double *const want[DIRECTIONS] = { doubles(r.ys), doubles(r.xs[0]), doubles(r.xs[1]) };
    const NnConvGeom g = nn_conv_geom(r.xs[0], r.ys, r.xs[1], &r.attr);
    reference_conv(&g, r.x, r.w, r.dy, want[0], want[1], want[2]);
    for (int i = 0; i < nn_op_conv2d.n_kernels; i++) {
        const NnKernel *k = &nn_op_conv2d.kernels[i];
        if (k->fits && !k->fits(r.xs, 2, &r.attr, k->how)) continue;
        run(&r, k);
        check_kernel(&r, l, k, want);
    }
    for (int d = 0; d < DIRECTIONS; d++) free(want[d]);
    rig_free(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conv error");
    TCase *t = tcase_create("conv error");
    tcase_add_loop_test(t, every_kernel_is_near_the_exact_sum, 0, LAYERS);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
