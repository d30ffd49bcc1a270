/* test_training_ops.c -- what ops do beyond their output: batch_norm's running statistics, dropout's masks. */
#include <math.h>

#include "nn/ops/batch_norm.h"
#include "nn/ops/dropout.h"
#include "tests/check_main.h"

/* Channel 0 holds 1 2 3 6 (mean 3, unbiased variance 14/3), channel 1 holds 0 0 0 4 (mean 1, 4). */
START_TEST(test_running_statistics_move_towards_the_batch)
{
    const NnBatchNormAttr attr = { 1e-5f, 0.25f };
    const float x[] = { 1, 0, 2, 0, 3, 0, 6, 4 }, gamma[] = { 1, 1 }, beta[] = { 0, 0 };
    float mean[] = { 0, 5 }, variance[] = { 1, 2 }, y[8], saved[4];
    const NnShape c = { 1, { 2 } };
    const NnFwd k = { .n_in = 5,
                      .x = { x, gamma, beta, mean, variance },
                      .xs = { { 2, { 4, 2 } }, c, c, c, c },
                      .state = { NULL, NULL, NULL, mean, variance },
                      .y = y,
                      .ys = { 2, { 4, 2 } },
                      .saved = saved,
                      .attr = &attr,
                      .step = { .train = 1 } };
    nn_op_batch_norm.kernels[0].forward(&k);
    ck_assert_float_eq_tol(mean[0], 0.75f, 1e-6f);
    ck_assert_float_eq_tol(mean[1], 4, 1e-6f);
    ck_assert_float_eq_tol(variance[0], 0.75f + 14.0f / 12, 1e-6f);
    ck_assert_float_eq_tol(variance[1], 2.5f, 1e-6f);
}
END_TEST

/* A large mean must not swallow the variance: x = 10000 +- 0.5 has variance 1/4. */
START_TEST(test_variance_survives_a_large_mean)
{
    const NnBatchNormAttr attr = { 1e-5f, 1 };
    const float x[] = { 9999.5f, 10000.5f, 9999.5f, 10000.5f }, one = 1, zero = 0;
    float mean = 0, variance = 0, y[4], saved[2];
    const NnShape c = { 1, { 1 } }, s = { 2, { 4, 1 } };
    const NnFwd k = { .n_in = 5,
                      .x = { x, &one, &zero, &mean, &variance },
                      .xs = { s, c, c, c, c },
                      .state = { NULL, NULL, NULL, &mean, &variance },
                      .y = y,
                      .ys = s,
                      .saved = saved,
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
    tcase_add_test(t, test_variance_survives_a_large_mean);
    tcase_add_test(t, test_dropout_drops_a_share_p_and_keeps_the_mean);
    tcase_add_test(t, test_dropout_masks_differ_by_seed_step_and_node);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
