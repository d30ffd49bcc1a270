/* test_training_ops.c -- what ops do beyond their output: running statistics, dropout's masks. */
#include <math.h>
#include <stdlib.h>

#include "nn/base/blas.h"
#include "nn/ops/batch_norm.h"
#include "nn/ops/conv_norm_act.h"
#include "nn/ops/dropout.h"
#include "tests/check_main.h"

static const NnShape pair = { 1, { 2 } };

/* Channel 0 holds 1 2 3 6 (mean 3, unbiased variance 14/3), channel 1 holds 0 0 0 4 (mean 1, 4). */
static const float x_pairs[] = { 1, 0, 2, 0, 3, 0, 6, 4 }, ones[] = { 1, 1 }, zeros[] = { 0, 0 };

static void check_moved(const float *mean, const float *variance)
{
    ck_assert_float_eq_tol(mean[0], 0.75f, 1e-6f);
    ck_assert_float_eq_tol(mean[1], 4, 1e-6f);
    ck_assert_float_eq_tol(variance[0], 0.75f + 14.0f / 12, 1e-6f);
    ck_assert_float_eq_tol(variance[1], 2.5f, 1e-6f);
}

START_TEST(test_running_statistics_move_towards_the_batch)
{
    const NnBatchNormAttr attr = { 1e-5f, 0.25f };
    float mean[] = { 0, 5 }, variance[] = { 1, 2 }, y[8], saved[8], scratch[64];
    const NnFwd k = { .n_in = 5,
                      .x = { x_pairs, ones, zeros, mean, variance },
                      .xs = { { 2, { 4, 2 } }, pair, pair, pair, pair },
                      .state = { NULL, NULL, NULL, mean, variance },
                      .y = y,
                      .ys = { 2, { 4, 2 } },
                      .saved = saved,
                      .scratch = scratch,
                      .attr = &attr,
                      .step = { .train = 1 } };
    nn_op_batch_norm.kernels[0].forward(&k);
    check_moved(mean, variance);
}
END_TEST

/* The same through the fused op, each of whose kernels takes the moments in its own way. */
START_TEST(test_running_statistics_move_in_every_convolution)
{
    const NnConvNormActAttr attr = { .conv = { 1, 0, 1, 1, 0 }, .norm = { 1e-5f, 0.25f } };
    const NnShape images = { 4, { 4, 2, 1, 1 } }, square = { 4, { 2, 2, 1, 1 } };
    const float identity[] = { 1, 0, 0, 1 };
    NnErr err = { 0 };
    ck_assert_msg(nn_blas_init(&err) == NN_OK, "%s", err.msg);
    for (int i = 0; i < nn_op_conv_norm_act.n_kernels; i++) {
        const NnKernel *kernel = &nn_op_conv_norm_act.kernels[i];
        float mean[] = { 0, 5 }, variance[] = { 1, 2 }, y[8], saved[64];
        NnFwd k = { .n_in = 6,
                    .x = { x_pairs, identity, ones, zeros, mean, variance },
                    .xs = { images, square, pair, pair, pair, pair },
                    .state = { NULL, NULL, NULL, NULL, mean, variance },
                    .y = y,
                    .ys = images,
                    .saved = saved,
                    .attr = &attr,
                    .how = kernel->how,
                    .step = { .train = 1 } };
        if (!kernel->fits(k.xs, k.n_in, &attr, kernel->how)) continue;
        ck_assert_uint_le(nn_op_conv_norm_act.saved(k.xs, k.n_in, images, &attr), 64);
        k.scratch = malloc(kernel->scratch(k.xs, k.n_in, images, &attr, kernel->how) * sizeof *k.scratch);
        kernel->forward(&k);
        check_moved(mean, variance);
        free(k.scratch);
    }
}
END_TEST

/* A large mean must not swallow the variance: x = 10000 +- 0.5 has variance 1/4. */
START_TEST(test_variance_survives_a_large_mean)
{
    const NnBatchNormAttr attr = { 1e-5f, 1 };
    const float x[] = { 9999.5f, 10000.5f, 9999.5f, 10000.5f }, one = 1, zero = 0;
    float mean = 0, variance = 0, y[4], saved[4], scratch[32];
    const NnShape c = { 1, { 1 } }, s = { 2, { 4, 1 } };
    const NnFwd k = { .n_in = 5,
                      .x = { x, &one, &zero, &mean, &variance },
                      .xs = { s, c, c, c, c },
                      .state = { NULL, NULL, NULL, &mean, &variance },
                      .y = y,
                      .ys = s,
                      .saved = saved,
                      .scratch = scratch,
                      .attr = &attr,
                      .step = { .train = 1 } };
    nn_op_batch_norm.kernels[0].forward(&k);
    ck_assert_float_eq_tol(variance, 1.0f / 3, 1e-6f);
    ck_assert_float_eq_tol(y[0], -1, 1e-4f);
    ck_assert_float_eq_tol(y[1], 1, 1e-4f);
}
END_TEST

enum { LEN = 40000 };

static void drop(float *y, float p, NnStep step)
{
    static float x[LEN];
    const NnShape s = { 1, { LEN } };
    for (int i = 0; i < LEN; i++) x[i] = 1;
    const NnFwd k = { .n_in = 1, .x = { x }, .xs = { s }, .y = y, .ys = s, .attr = &p, .step = step };
    nn_op_dropout.kernels[0].forward(&k);
}

static int count_equal(const float *a, const float *b)
{
    int n = 0;
    for (int i = 0; i < LEN; i++) n += a[i] == b[i];
    return n;
}

START_TEST(test_dropout_drops_a_share_p_and_keeps_the_mean)
{
    static float y[LEN];
    int dropped = 0;
    double sum = 0;
    drop(y, 0.3f, (NnStep){ .train = 1, .seed = 1 });
    for (int i = 0; i < LEN; i++) dropped += y[i] == 0, sum += (double)y[i];
    ck_assert_double_eq_tol((double)dropped / LEN, 0.3, 0.01); /* four standard deviations: .0092 */
    ck_assert_double_eq_tol(sum / LEN, 1, 0.014);
}
END_TEST

/* Two independent masks of p = .5 agree on half of the elements. */
START_TEST(test_dropout_masks_differ_by_seed_step_and_node)
{
    static float a[LEN], b[LEN];
    const NnStep base = { .train = 1, .seed = 1, .step = 7, .node = 3 };
    const NnStep others[] = { { 1, 2, 7, 3, 0 }, { 1, 1, 8, 3, 0 }, { 1, 1, 7, 4, 0 } };
    drop(a, 0.5f, base);
    for (int i = 0; i < 3; i++) {
        drop(b, 0.5f, others[i]);
        ck_assert_double_eq_tol((double)count_equal(a, b) / LEN, 0.5, 0.011);
    }
    drop(b, 0.5f, base);
    ck_assert_int_eq(count_equal(a, b), LEN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("training ops");
    TCase *t = tcase_create("state and chance");
    tcase_add_test(t, test_running_statistics_move_towards_the_batch);
    tcase_add_test(t, test_running_statistics_move_in_every_convolution);
    tcase_add_test(t, test_variance_survives_a_large_mean);
    tcase_add_test(t, test_dropout_drops_a_share_p_and_keeps_the_mean);
    tcase_add_test(t, test_dropout_masks_differ_by_seed_step_and_node);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
