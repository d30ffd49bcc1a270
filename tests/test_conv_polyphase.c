/* test_conv_polyphase.c -- polyphase convolution against plain loops in double: all three directions, every instruction
 * set, random geometries with stride 2 and with enlargement; the same bits with any number of threads; input that is
 * normalised while it is read; and NaN that must not vanish. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "nn/ops/conv_method.h"
#include "nn/ops/micro.h"
#include "nn/ops/norm_pass.h"
#include "tests/check_main.h"
#include "tests/reference_conv.h"

/* Relative to the largest element. Measured here 2e-6, 2e-6 and 3e-6. */
static const double tolerance[] = { 6e-6, 6e-6, 9e-6 };
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

/* up: the image is enlarged; otherwise it has stride 2. */
static Rig rig_make(int N, int C, int H, int W, int O, int up)
{
    const NnConvAttr attr = { .stride = up ? 1 : 2, .pad = 1, .dilation = 1, .groups = 1, .upsample = up ? 2 : 1 };
    const int Ho = up ? 2 * H : (H + 1) / 2, Wo = up ? 2 * W : (W + 1) / 2;
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
    const NnConvMethod *m = &nn_conv_polyphase;
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
    ck_assert_msg(error <= tolerance[direction] * most,
                  "%s %s, x [%d,%d,%d,%d], O %d, upsample %d: error %g of at most %g", nn_micro()->name,
                  direction_name[direction], g->N, g->C, g->H, g->W, g->O, g->upsample, error, most);
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
    for (int i = 0; i < 16; i++) {
        const int large = i % 4 == 0, up = i % 2;
        const int N = 1 + (int)nn_rng_below(&r, 5);
        const int H = 1 + (int)nn_rng_below(&r, large ? 38 : 15), W = 1 + (int)nn_rng_below(&r, large ? 38 : 15);
        const int C = 1 + (int)nn_rng_below(&r, large ? 12 : 40), O = 1 + (int)nn_rng_below(&r, large ? 12 : 40);
        Rig rig = rig_make(N, C, H, W, O, up);
        check_geometry(&rig);
        rig_free(&rig);
    }
}

static void check_chosen(void)
{
    const int shapes[][6] = { { 2, 33, 32, 32, 64, 0 },
                              { 3, 70, 8, 8, 130, 0 },
                              { 1, 1, 1, 1, 1, 0 },
                              { 1, 8, 3, 80, 8, 0 },
                              { 2, 16, 33, 31, 9, 0 },
                              { 1, 4, 5, 400, 4, 0 },
                              { 2, 33, 16, 16, 64, 1 },
                              { 3, 70, 4, 4, 130, 1 },
                              { 1, 1, 1, 1, 1, 1 },
                              { 1, 8, 3, 40, 8, 1 },
                              { 2, 16, 17, 15, 9, 1 },
                              { 1, 4, 5, 200, 4, 1 },
                              /* channels that fill vectors; several lanes of tiles in the weight gradient */
                              { 3, 60, 8, 8, 125, 0 },
                              { 2, 28, 62, 66, 29, 0 },
                              { 1, 30, 37, 17, 31, 0 }, /* 7 of 10 rows of tiles at once, then 3 */
                              { 2, 8, 33, 32, 9, 1 } };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const int *s = shapes[i];
        Rig rig = rig_make(s[0], s[1], s[2], s[3], s[4], s[5]);
        check_geometry(&rig);
        rig_free(&rig);
    }
}

/* Reading x with a normalisation gives the bits of reading what the normalisation has written. */
static void check_norm(int C, int O, int up)
{
    Rig r = rig_make(2, C, 13, 18, O, up);
    NnNorm norm = { .N = r.g.N, .C = r.g.C, .plane = (size_t)(r.g.H * r.g.W), .activate = 1, .slope = 0.1f };
    float *of = floats(nn_norm_len(r.g.C), 8), *raw = r.x, *ready = floats(r.x_len, 9);
    norm.mean = of, norm.inv_std = of + r.g.C, norm.scale = of + 2 * r.g.C, norm.shift = of + 3 * r.g.C;
    nn_norm_apply(&norm, raw, ready);
    for (int direction = FORWARD; direction <= WEIGHT_GRADIENT; direction += WEIGHT_GRADIENT) {
        r.x = ready, r.g.norm = NULL;
        float *want = run(&r, direction, 0, 4);
        r.x = raw, r.g.norm = &norm;
        float *got = run(&r, direction, 0, 4);
        ck_assert_msg(!memcmp(got, want, result_len(&r, direction) * sizeof *got), "%s, upsample %d: other bits",
                      direction_name[direction], r.g.upsample);
        free(want), free(got);
    }
    free(of), free(ready);
    rig_free(&r);
}

/* Every element that the plain sum makes NaN must be NaN here. */
static void check_nan(int C, int O, int up)
{
    Rig r = rig_make(2, C, 13, 11, O, up);
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
static void check_end(int up)
{
    Rig r = rig_make(3, 9, 14, 11, 11, up);
    const int slots = nn_conv_polyphase.slots(&r.g);
    float *plain = run(&r, FORWARD, 0, 4), *y = floats(r.y_len, 4),
          *scratch = floats(nn_conv_polyphase.scratch(&r.g), 5);
    float *moments = floats(nn_conv_moments_len(slots, r.g.O), 6), *shift = floats((size_t)r.g.O, 7);
    const NnConvEnd end = { .shift = shift, .activate = 1, .slope = 0.1f, .moments = moments };
    nn_conv_polyphase.forward(&r.g, r.x, r.w, &end, y, scratch);
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
    if (choose_set(_i)) check_nan(5, 6, 0), check_nan(29, 30, 0), check_nan(5, 6, 1);
}
END_TEST

START_TEST(test_end_runs_once)
{
    if (choose_set(_i)) check_end(0), check_end(1);
}
END_TEST

START_TEST(test_normalised_input)
{
    if (choose_set(_i)) check_norm(11, 10, 0), check_norm(29, 30, 0), check_norm(11, 10, 1);
}
END_TEST

/* What it cannot do, it must not claim. */
START_TEST(test_fits)
{
    for (int up = 0; up < 2; up++) {
        Rig r = rig_make(1, 2, 8, 8, 2, up);
        ck_assert(nn_conv_polyphase.fits(&r.g));
        for (int i = 0; i < 7; i++) {
            NnConvGeom g = r.g;
            int *const field[] = { &g.Kh, &g.Kw, &g.stride, &g.pad, &g.dilation, &g.groups, &g.upsample };
            *field[i] += i == 2 && up ? 1 : 2;
            ck_assert_msg(!nn_conv_polyphase.fits(&g), "claims to do case %d", i);
        }
        r.g.stride = r.g.upsample = 1;
        ck_assert(!nn_conv_polyphase.fits(&r.g));
        rig_free(&r);
    }
    for (int k = 0; k < nn_op_conv2d.n_kernels; k++) /* where exactness is asked for, it must not run */
        ck_assert(nn_op_conv2d.kernels[k].inexact || nn_op_conv2d.kernels[k].how != &nn_conv_polyphase);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conv_polyphase");
    TCase *t = tcase_create("conv_polyphase");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_chosen_geometries, 0, 3);
    tcase_add_loop_test(t, test_random_geometries, 0, 3);
    tcase_add_loop_test(t, test_nan_and_infinity_pass, 0, 3);
    tcase_add_loop_test(t, test_end_runs_once, 0, 3);
    tcase_add_loop_test(t, test_normalised_input, 0, 3);
    tcase_add_test(t, test_fits);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
