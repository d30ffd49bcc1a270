/* test_fast_math.c -- fast_math.h beside libm in double, over its whole range. */
#include <float.h>

#include "nn/ops/fast_math.h"
#include "tests/check_main.h"

enum { STEPS = 200000 };

/* Largest relative error over [lo,hi]; denormal answers count as the smallest normal number. */
static double largest_error(float (*f)(float), double (*g)(double), double lo, double hi)
{
    double largest = 0;
    for (int i = 0; i <= STEPS; i++) {
        const float x = (float)(lo + (hi - lo) * i / STEPS);
        const double want = g((double)x), size = fmax(fabs(want), (double)FLT_MIN);
        largest = fmax(largest, fabs((double)f(x) - want) / size);
    }
    return largest;
}

static double log1p_of(double e)
{
    return log1p(e);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

START_TEST(test_exp)
{
    ck_assert_double_lt(largest_error(nn_exp_down, exp, -87, 0), 2e-7);
    ck_assert_double_lt(largest_error(nn_exp_down, exp, -1e-3, 0), 2e-7);
    ck_assert_float_eq(nn_exp_down(0), 1);
    ck_assert_float_lt(nn_exp_down(-1000), 1e-37f);
    ck_assert_float_lt(nn_exp_down(-INFINITY), 1e-37f);
    ck_assert(isnan(nn_exp_down(NAN)));
}
END_TEST

START_TEST(test_log1p)
{
    ck_assert_double_lt(largest_error(nn_log1p_unit, log1p_of, 0, 1), 3e-7);
    ck_assert_double_lt(largest_error(nn_log1p_unit, log1p_of, 0, 1e-4), 3e-7);
    ck_assert(isnan(nn_log1p_unit(NAN)));
}
END_TEST

START_TEST(test_log)
{
    ck_assert_double_lt(largest_error(nn_log_of, log, 1e-3, 2), 3e-7);
    ck_assert_double_lt(largest_error(nn_log_of, log, 0.999, 1.001), 3e-7);
    ck_assert_double_lt(largest_error(nn_log_of, log, (double)FLT_MIN, 1e-30), 3e-7);
    ck_assert_double_lt(largest_error(nn_log_of, log, 1, 1e30), 3e-7);
    ck_assert_float_eq(nn_log_of(1), 0);
    ck_assert_float_eq(nn_log_of(0), -INFINITY);
    ck_assert(isnan(nn_log_of(-1)));
    ck_assert(isnan(nn_log_of(NAN)));
}
END_TEST

static double log_rest(double p)
{
    return log1p(-p);
}

START_TEST(test_log_rest)
{
    ck_assert_double_lt(largest_error(nn_log_rest_of, log_rest, 0, 0.9999), 3e-7);
    ck_assert_double_lt(largest_error(nn_log_rest_of, log_rest, 0, 1e-3), 3e-7);
    ck_assert_double_lt(largest_error(nn_log_rest_of, log_rest, 0, 1e-9), 3e-7);
    ck_assert_float_eq(nn_log_rest_of(1), -INFINITY);
    ck_assert(isnan(nn_log_rest_of(1.5f)));
    ck_assert(isnan(nn_log_rest_of(NAN)));
}
END_TEST

START_TEST(test_sigmoid)
{
    ck_assert_double_lt(largest_error(nn_sigmoid_of, sigmoid, -87, 30), 3e-7);
    ck_assert_float_eq(nn_sigmoid_of(INFINITY), 1);
    ck_assert_float_lt(nn_sigmoid_of(-INFINITY), 1e-37f);
    ck_assert(isnan(nn_sigmoid_of(NAN)));
}
END_TEST

START_TEST(test_tanh)
{
    ck_assert_double_lt(largest_error(nn_tanh_of, tanh, -20, 20), 4e-7);
    ck_assert_double_lt(largest_error(nn_tanh_of, tanh, -1, 1), 4e-7);
    ck_assert_double_lt(largest_error(nn_tanh_of, tanh, 0, 1e-3), 4e-7);
    ck_assert_float_eq(nn_tanh_of(INFINITY), 1);
    ck_assert_float_eq(nn_tanh_of(-INFINITY), -1);
    ck_assert(isnan(nn_tanh_of(NAN)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fast math");
    TCase *t = tcase_create("beside libm");
    tcase_add_test(t, test_exp);
    tcase_add_test(t, test_log1p);
    tcase_add_test(t, test_log);
    tcase_add_test(t, test_log_rest);
    tcase_add_test(t, test_sigmoid);
    tcase_add_test(t, test_tanh);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
