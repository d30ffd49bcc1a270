/* test_conv_winograd.c -- Winograd's convolution against plain loops in double: all three directions, every
 * instruction set, random geometries; the same bits with any number of threads; and NaN that must not vanish. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "nn/ops/conv_method.h"
#include "nn/ops/micro.h"
#include "tests/check_main.h"
#include "tests/reference_conv.h"

/* Relative to the largest element. Measured here 9e-6, 8e-6 and 4e-6; these are three times that. */
static const double tolerance[] = { 2.5e-5, 2.5e-5, 1.5e-5 };
static const char *const direction_name[] = { "forward", "input gradient", "weight gradient" };
enum { FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT, DIRECTIONS };
enum { CANARY = 64 };
/* Random values repeat, for they cost more than most kernels: after a prime, so that no two planes or rows are alike. */
enum { PERIOD = 4093 };

typedef struct {
    NnConvGeom g;
    float *x, *w, *y;
    size_t x_len, w_len, y_len;
} Rig;

static float *floats(size_t n, uint32_t item)
{
    float *v = malloc((n + NN_MICRO_SLACK) * sizeof *v);
    ck_assert(v != NULL);
    NnRng r = nn_rng_make(7, NN_STREAM_TEST, 0, item);
    for (size_t i = 0; i < n; i++) v[i] = i < PERIOD ? nn_rng_normal(&r) : v[i - PERIOD];
    return v;
}

static Rig rig_make(int N, int C, int H, int W, int O, int pad)
{
    const NnConvAttr attr = { .stride = 1, .pad = pad, .dilation = 1, .groups = 1, .upsample = 1 };
    const int Ho = H + 2 * pad - 2, Wo = W + 2 * pad - 2;
    const NnShape image = { 4, { N, C, H, W } }, map = { 4, { N, O, Ho, Wo } }, w = { 4, { O, C, 3, 3 } };
    Rig r = { .g = nn_conv_geom(image, map, w, &attr) };
    r.x_len = nn_shape_len(image), r.w_len = nn_shape_len(w), r.y_len = nn_shape_len(map);
    r.x = floats(r.x_len, 1), r.w = floats(r.w_len, 2), r.y = floats(r.y_len, 3);
    return r;
}

static void rig_free(Rig *r)
{
    free(r->x), free(r->w), free(r->y);
}

static size_t result_len(const Rig *r, int direction)
{
    return direction == FORWARD ? r->y_len : direction == INPUT_GRADIENT ? r->x_len : r->w_len;
}

/* The direction's answer in double; inputs as in run(). */
static double *reference(const Rig *r, int direction)
{
    double *answer = calloc(result_len(r, direction), sizeof *answer);
    ck_assert(answer != NULL);
    reference_conv(&r->g, r->x, r->w, r->y, direction == FORWARD ? answer : NULL,
                   direction == INPUT_GRADIENT ? answer : NULL, direction == WEIGHT_GRADIENT ? answer : NULL);
    return answer;
}

/* The method's answer in a buffer that held `before` (an item of floats()), followed by a canary; scratch is full of
 * NaN and ends in a canary too. */
static float *run(const Rig *r, int direction, int add, uint32_t before)
{
    const NnConvMethod *m = &nn_conv_winograd;
    const NnConvEnd no_end = { 0 };
    const size_t len = result_len(r, direction), scratch_len = m->scratch(&r->g);
    float *result = floats(len + CANARY, before), canary[CANARY];
    memcpy(canary, result + len, sizeof canary);
    float *scratch = aligned_alloc(64, ((scratch_len + CANARY) * sizeof *scratch + 63) / 64 * 64);
    ck_assert(scratch != NULL);
    for (size_t i = 0; i < scratch_len + CANARY; i++) scratch[i] = i < scratch_len ? NAN : 17;
    if (direction == FORWARD) m->forward(&r->g, r->x, r->w, &no_end, result, scratch);
    else if (direction == INPUT_GRADIENT) m->input_gradient(&r->g, r->y, r->w, add, result, scratch);
    else m->weight_gradient(&r->g, r->x, r->y, result, scratch);
    ck_assert_msg(!memcmp(result + len, canary, sizeof canary), "wrote behind the result");
    for (size_t i = 0; i < CANARY; i++)
        ck_assert_msg(scratch[scratch_len + i] == 17, "wrote behind the scratch at %zu", i);
    free(scratch);
    return result;
}

static void check_near(const Rig *r, int direction, int adds, const float *got, const double *want)
{
    const NnConvGeom *g = &r->g;
    const size_t len = result_len(r, direction);
    float *before = floats(len + CANARY, 4);
    double most = 0, error = 0;
    for (size_t i = 0; i < len; i++) most = fmax(most, fabs(want[i]));
    for (size_t i = 0; i < len; i++) {
        const double e = fabs((double)got[i] - want[i] - (adds ? (double)before[i] : 0));
        if (!(e <= error)) error = e;
    }
    free(before);
    ck_assert_msg(error <= tolerance[direction] * most, "%s %s, x [%d,%d,%d,%d], O %d, pad %d: error %g of at most %g",
                  nn_micro()->name, direction_name[direction], g->N, g->C, g->H, g->W, g->O, g->pad, error, most);
}

/* Every direction, adding and not: near the reference, and the same bits with 1, 2 and 4 threads. */
static void check_geometry(const Rig *r)
{
    for (int direction = 0; direction < DIRECTIONS; direction++) {
        double *want = reference(r, direction);
        const int first = direction == WEIGHT_GRADIENT ? 1 : 0, last = direction == FORWARD ? 0 : 1;
        for (int add = first; add <= last; add++) {
            nn_threads_set(1);
            float *got = run(r, direction, add, 4);
            check_near(r, direction, add, got, want);
            for (int threads = 2; threads <= 4; threads *= 2) {
                nn_threads_set(threads);
                float *again = run(r, direction, add, 4);
                ck_assert_msg(!memcmp(got, again, result_len(r, direction) * sizeof *got),
                              "%s: other bits with %d threads", direction_name[direction], threads);
                free(again);
            }
            free(got);
        }
        free(want);
    }
}

/* Random geometries, small ones more often. */
static void check_random(void)
{
    NnRng r = nn_rng_make(11, NN_STREAM_TEST, 0, 0);
    for (int i = 0; i < 24; i++) {
        const int large = i % 4 == 0;
        const int N = 1 + (int)nn_rng_below(&r, 5), pad = (int)nn_rng_below(&r, 3);
        const int H = 3 + (int)nn_rng_below(&r, large ? 38 : 15), W = 3 + (int)nn_rng_below(&r, large ? 38 : 15);
        const int C = 1 + (int)nn_rng_below(&r, large ? 20 : 70), O = 1 + (int)nn_rng_below(&r, large ? 20 : 70);
        Rig rig = rig_make(N, C, H, W, O, pad);
        check_geometry(&rig);
        rig_free(&rig);
    }
}

static void check_chosen(void)
{
    const int shapes[][6] = { { 2, 64, 16, 16, 64, 1 }, { 3, 70, 8, 8, 130, 1 },  { 1, 3, 3, 3, 1, 0 },
                              { 1, 8, 3, 40, 8, 2 },    { 1, 130, 12, 12, 8, 1 }, { 1, 4, 5, 200, 4, 1 },
                              { 2, 8, 66, 64, 9, 1 },   { 1, 90, 4, 5, 90, 2 },   { 2, 90, 5, 4, 90, 0 },
                              { 128, 48, 1, 1, 616, 1 } };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const int *s = shapes[i];
        Rig rig = rig_make(s[0], s[1], s[2], s[3], s[4], s[5]);
        check_geometry(&rig);
        rig_free(&rig);
    }
}

/* Every element that the plain sum makes NaN must be NaN here. */
static void check_nan(void)
{
    Rig r = rig_make(2, 5, 13, 11, 6, 1);
    for (int which = 0; which < 3; which++) {
        float *at = (which == 0 ? r.x : which == 1 ? r.w : r.y) + 40, was = *at;
        *at = which ? NAN : INFINITY;
        for (int direction = 0; direction < DIRECTIONS; direction++) {
            double *want = reference(&r, direction);
            float *got = run(&r, direction, 0, 4);
            for (size_t i = 0; i < result_len(&r, direction); i++)
                ck_assert_msg(isfinite(want[i]) || !isfinite(got[i]), "%s: %g has become %g", direction_name[direction],
                              want[i], (double)got[i]);
            free(want), free(got);
        }
        *at = was;
    }
    rig_free(&r);
}

/* Bias, slope and moments run over every value of y exactly once. */
static void check_end(Rig r)
{
    const int slots = nn_conv_winograd.slots(&r.g);
    float *plain = run(&r, FORWARD, 0, 4), *y = floats(r.y_len, 4),
          *scratch = floats(nn_conv_winograd.scratch(&r.g), 5);
    float *moments = floats(nn_conv_moments_len(slots, r.g.O), 6), *shift = floats((size_t)r.g.O, 7);
    const NnConvEnd end = { .shift = shift, .activate = 1, .slope = 0.1f, .moments = moments };
    nn_conv_winograd.forward(&r.g, r.x, r.w, &end, y, scratch);
    const size_t plane = (size_t)r.g.Ho * (size_t)r.g.Wo;
    for (int o = 0; o < r.g.O; o++) {
        double sum = 0, squares = 0, mean, variance;
        for (int n = 0; n < r.g.N; n++)
            for (size_t p = 0; p < plane; p++) {
                const size_t at = (size_t)(n * r.g.O + o) * plane + p;
                const float shifted = plain[at] + shift[o], want = shifted > 0 ? shifted : 0.1f * shifted;
                ck_assert_msg(fabsf(y[at] - want) < 1e-6f, "o %d: %g, expected %g", o, (double)y[at], (double)want);
                sum += (double)plain[at], squares += (double)plain[at] * (double)plain[at];
            }
        const double count = (double)plane * r.g.N;
        nn_conv_moments_merge(moments, slots, r.g.O, o, &mean, &variance);
        ck_assert_msg(fabs(mean - sum / count) < 1e-5, "mean %g, expected %g", mean, sum / count);
        ck_assert_msg(fabs(variance / (squares / count - mean * mean) - 1) < 1e-5, "variance %g", variance);
    }
    free(plain), free(y), free(scratch), free(moments), free(shift);
    rig_free(&r);
}

/* An image's bits do not depend on the images beside it: of a few the items are blocks of outputs, of many rows of
 * tiles. */
static void check_apart(void)
{
    Rig many = rig_make(40, 96, 5, 6, 100, 1), few = many;
    few.g.N = 3, few.y_len = many.y_len / 40 * 3;
    float *all = run(&many, FORWARD, 0, 4), *some = run(&few, FORWARD, 0, 4);
    ck_assert(nn_conv_winograd.slots(&many.g) > 1 && nn_conv_winograd.slots(&few.g) == 1);
    ck_assert(!memcmp(all, some, few.y_len * sizeof *some));
    free(all), free(some);
    rig_free(&many);
}

/* The instruction set of a process: LOCUS_ISA if it is given; else this test's, but where Check does not fork the first
 * test's, and the others end here. */
static int choose_set(int i)
{
    static const char *const names[] = { "avx512", "avx2", "portable" };
    setenv("LOCUS_ISA", names[i], 0);
    const int here = !strcmp(nn_micro()->name, names[i]);
    if (!here) printf("skipped: %s does not run here\n", names[i]);
    return here;
}

START_TEST(test_chosen_geometries)
{
    if (choose_set(_i)) check_chosen();
}
END_TEST

START_TEST(test_random_geometries)
{
    if (choose_set(_i)) check_random();
}
END_TEST

START_TEST(test_nan_and_infinity_pass)
{
    if (choose_set(_i)) check_nan();
}
END_TEST

START_TEST(test_end_runs_once)
{
    if (!choose_set(_i)) return;
    check_end(rig_make(3, 9, 14, 10, 11, 1));
    check_end(rig_make(3, 96, 6, 5, 100, 1)); /* items are blocks of outputs */
}
END_TEST

START_TEST(test_images_apart)
{
    if (choose_set(_i)) check_apart();
}
END_TEST

/* A plan may be run with fewer threads than its scratch was measured for. Items of a few threads can be larger by more
 * than their number makes up for. */
START_TEST(test_fewer_threads_fit_the_scratch)
{
    const int before = nn_threads();
    for (int groups = 4; groups <= 96; groups++) {
        const NnConvGeom g =
            nn_conv_geom((NnShape){ 4, { 4, 64, 16, 16 } }, (NnShape){ 4, { 4, groups * 8, 16, 16 } },
                         (NnShape){ 4, { groups * 8, 64, 3, 3 } },
                         &(NnConvAttr){ .stride = 1, .pad = 1, .dilation = 1, .groups = 1, .upsample = 1 });
        size_t least = 0;
        for (int threads = 1; threads <= 24; threads++) {
            nn_threads_set(threads);
            const size_t need = nn_conv_winograd.scratch(&g);
            ck_assert_msg(need >= least, "%d groups: %zu floats with %d threads, %zu with one less", groups, need,
                          threads, least);
            least = need;
        }
    }
    nn_threads_set(before);
}
END_TEST

/* What it cannot do, it must not claim. */
START_TEST(test_fits)
{
    Rig r = rig_make(1, 2, 8, 8, 2, 1);
    ck_assert(nn_conv_winograd.fits(&r.g));
    for (int k = 0; k < nn_op_conv2d.n_kernels; k++) /* and where exactness is asked for, it must not run */
        ck_assert_int_eq(nn_op_conv2d.kernels[k].inexact, nn_op_conv2d.kernels[k].how == &nn_conv_winograd ||
                                                              nn_op_conv2d.kernels[k].how == &nn_conv_polyphase);
    for (int i = 0; i < 6; i++) {
        NnConvGeom g = r.g;
        int *const field[] = { &g.Kh, &g.Kw, &g.stride, &g.dilation, &g.groups, &g.upsample };
        *field[i] = 2;
        ck_assert_msg(!nn_conv_winograd.fits(&g), "claims to do case %d", i);
    }
    r.g.pad = 3;
    ck_assert(!nn_conv_winograd.fits(&r.g));
    rig_free(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conv_winograd");
    TCase *t = tcase_create("conv_winograd");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_chosen_geometries, 0, 3);
    tcase_add_loop_test(t, test_random_geometries, 0, 3);
    tcase_add_loop_test(t, test_nan_and_infinity_pass, 0, 3);
    tcase_add_loop_test(t, test_end_runs_once, 0, 3);
    tcase_add_loop_test(t, test_images_apart, 0, 3);
    tcase_add_test(t, test_fewer_threads_fit_the_scratch);
    tcase_add_test(t, test_fits);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
