/* test_metrics.c -- hand-computed cases, and an O(n^2) reading of each definition on hostile inputs. */
#include <math.h>
#include <string.h>

#include "nn/base/metrics.h"
#include "nn/base/rng.h"
#include "tests/check_main.h"

enum { N_MAX = 300 };

typedef struct {
    size_t n;
    float score[N_MAX];
    unsigned char label[N_MAX];
} Set;

/* ---- the definitions, read literally ---- */

static size_t count_above(const Set *s, int label, double threshold)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) n += s->label[i] == label && (double)s->score[i] >= threshold;
    return n;
}

static double naive_auc(const Set *s)
{
    double wins = 0, pairs = 0;
    for (size_t i = 0; i < s->n; i++)
        for (size_t j = 0; j < s->n; j++) {
            if (s->label[i] != 1 || s->label[j] != 0) continue;
            pairs++;
            wins += s->score[i] > s->score[j] ? 1 : s->score[i] == s->score[j] ? 0.5 : 0;
        }
    return wins / pairs;
}

/* The mean over forged items of the precision at their score: the same sum, item by item. */
static double naive_ap(const Set *s)
{
    double sum = 0, fakes = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->label[i] != 1) continue;
        const double fake = (double)count_above(s, 1, (double)s->score[i]);
        sum += fake / (fake + (double)count_above(s, 0, (double)s->score[i]));
        fakes++;
    }
    return sum / fakes;
}

static double naive_accuracy(const Set *s, double threshold)
{
    size_t right = 0;
    for (size_t i = 0; i < s->n; i++) right += ((double)s->score[i] >= threshold) == s->label[i];
    return (double)right / (double)s->n;
}

/* Is (eer, 1 - eer) on the ROC? Its points on both sides, found by brute force, and the line between them. */
static double naive_eer(const Set *s)
{
    const double real = (double)count_above(s, 0, -INFINITY), fake = (double)count_above(s, 1, -INFINITY);
    double f0 = 0, m0 = 1, f1 = 1, m1 = 0; /* false alarms and misses on either side */
    for (size_t i = 0; i < s->n; i++) {
        const double t = (double)s->score[i];
        const double f = (double)count_above(s, 0, t) / real, m = 1 - (double)count_above(s, 1, t) / fake;
        if (f < m && (f > f0 || m < m0)) f0 = f, m0 = m;
        if (f >= m && (f < f1 || m > m1)) f1 = f, m1 = m;
    }
    const double t = (m0 - f0) / ((m0 - f0) - (m1 - f1));
    return f0 + t * (f1 - f0);
}

/* ---- sets ---- */

/* kind 0: continuous; 1: few values, many ties; 2: constant; 3: -0, +0, infinities, denormals; 4: separable. */
static Set make_set(int kind, uint32_t item)
{
    static const float odd[] = { -0.0f, 0.0f, INFINITY, -INFINITY, 1e-45f, -1e-45f, 3.4e38f, 1 };
    NnRng r = nn_rng_make(3, NN_STREAM_TEST, (uint32_t)kind, item);
    Set s = { .n = 2 + nn_rng_below(&r, N_MAX - 2) };
    for (size_t i = 0; i < s.n; i++) {
        s.label[i] = (unsigned char)(i < 2 ? i : nn_rng_below(&r, 2));
        const float v[5] = { nn_rng_normal(&r) + s.label[i], (float)nn_rng_below(&r, 5), 0.25f,
                             odd[nn_rng_below(&r, 8)], nn_rng_uniform(&r) + 2 * s.label[i] };
        s.score[i] = v[kind];
    }
    return s;
}

START_TEST(figures_equal_their_definitions)
{
    for (uint32_t item = 0; item < 60; item++) {
        const Set s = make_set(_i, item);
        NnErr err = { .status = NN_OK };
        NnScoreMetrics m;
        double auc;
        ck_assert_int_eq(nn_score_metrics(s.score, s.label, s.n, 0.25, &m, &err), NN_OK);
        ck_assert_int_eq(nn_auc(s.score, s.label, s.n, &auc, &err), NN_OK);
        ck_assert_double_eq_tol(m.auc, naive_auc(&s), 1e-12);
        ck_assert(auc == m.auc);
        ck_assert_double_eq_tol(m.ap, naive_ap(&s), 1e-12);
        ck_assert_double_eq_tol(m.eer, naive_eer(&s), 1e-12);
        ck_assert_double_eq_tol(m.accuracy, naive_accuracy(&s, 0.25), 1e-12);
        ck_assert_int_eq(m.n_fake, (int)count_above(&s, 1, -INFINITY));
        ck_assert_int_eq(m.n_real + m.n_fake, (int)s.n);
        ck_assert(m.threshold == 0.25);
    }
}
END_TEST

/* No score, no value between two scores and nothing beyond them does better. */
START_TEST(best_threshold_is_best)
{
    for (uint32_t item = 0; item < 60; item++) {
        const Set s = make_set(_i, item);
        NnErr err = { .status = NN_OK };
        double best;
        ck_assert_int_eq(nn_best_threshold(s.score, s.label, s.n, &best, &err), NN_OK);
        const double reached = naive_accuracy(&s, best);
        for (size_t i = 0; i < s.n; i++) {
            ck_assert_double_le(naive_accuracy(&s, (double)s.score[i]), reached);
            if (!isinf(s.score[i]))
                ck_assert_double_le(naive_accuracy(&s, nextafter((double)s.score[i], INFINITY)), reached);
        }
    }
}
END_TEST

/* ---- by hand ---- */

START_TEST(hand_case)
{
    /* Pairs: .9 beats three reals; .5 ties .5, beats .1 and .2, loses to none; .15 beats .1 only. */
    const float score[] = { 0.9f, 0.5f, 0.15f, 0.5f, 0.1f, 0.2f };
    const unsigned char label[] = { 1, 1, 1, 0, 0, 0 };
    NnErr err = { .status = NN_OK };
    NnScoreMetrics m;
    ck_assert_int_eq(nn_score_metrics(score, label, 6, 0.5, &m, &err), NN_OK);
    ck_assert_double_eq_tol(m.auc, (3 + 2.5 + 1) / 9, 1e-15);
    ck_assert_double_eq_tol(m.ap, (1.0 + 2.0 / 3 + 3.0 / 5) / 3, 1e-15);
    ck_assert_double_eq_tol(m.accuracy, 4.0 / 6, 1e-15);
    ck_assert_double_eq_tol(m.eer, 1.0 / 3, 1e-15); /* the ROC passes (1/3, 2/3) */
}
END_TEST

START_TEST(eer_between_two_points)
{
    /* ROC (0,0) (0,1/2) (1,1): along the last edge misses 1/2 - t/2 meet false alarms t at t = 1/3. */
    const float score[] = { 2, 1, 1 };
    const unsigned char label[] = { 1, 1, 0 };
    NnErr err = { .status = NN_OK };
    NnScoreMetrics m;
    ck_assert_int_eq(nn_score_metrics(score, label, 3, 0, &m, &err), NN_OK);
    ck_assert_double_eq_tol(m.eer, 1.0 / 3, 1e-15);
}
END_TEST

START_TEST(thresholds_by_hand)
{
    NnErr err = { .status = NN_OK };
    double t;
    const float apart[] = { 1, 3 }, tied[] = { 4, 4, 4 }, three[] = { 1, 2, 3, 4 };
    const unsigned char up[] = { 0, 1 }, most_fake[] = { 1, 0, 1 }, most_real[] = { 0, 0, 1 }, wave[] = { 0, 1, 0, 1 };
    ck_assert_int_eq(nn_best_threshold(apart, up, 2, &t, &err), NN_OK);
    ck_assert(t == 2);
    ck_assert_int_eq(nn_best_threshold(tied, most_fake, 3, &t, &err), NN_OK);
    ck_assert(t == 4);
    ck_assert_int_eq(nn_best_threshold(tied, most_real, 3, &t, &err), NN_OK);
    ck_assert(t > 4 && t < 4.0001);
    ck_assert_int_eq(nn_best_threshold(three, wave, 4, &t, &err), NN_OK);
    ck_assert(t == 1.5); /* 1.5 and 3.5 both judge three rightly: the lower middle one */
}
END_TEST

START_TEST(missing_class_is_nan_not_a_number_made_up)
{
    const float score[] = { 1, 2, 3 };
    const unsigned char same[] = { (unsigned char)_i, (unsigned char)_i, (unsigned char)_i };
    NnErr err = { .status = NN_OK };
    NnScoreMetrics m;
    double x;
    ck_assert_int_eq(nn_score_metrics(score, same, 3, 2, &m, &err), NN_OK);
    ck_assert(isnan(m.auc) && isnan(m.ap) && isnan(m.eer));
    ck_assert_double_eq_tol(m.accuracy, _i ? 2.0 / 3 : 1.0 / 3, 1e-15);
    ck_assert_int_eq(m.n_fake, _i ? 3 : 0);
    ck_assert_int_eq(nn_auc(score, same, 3, &x, &err), NN_OK);
    ck_assert(isnan(x));
    ck_assert_int_eq(nn_best_threshold(score, same, 3, &x, &err), NN_ERR_NUMERIC);
    ck_assert_ptr_nonnull(strstr(err.msg, _i ? "0 real and 3 forged" : "3 real and 0 forged"));
}
END_TEST

START_TEST(empty_and_single)
{
    const float score[] = { 0.5f };
    const unsigned char label[] = { 1 };
    NnErr err = { .status = NN_OK };
    NnScoreMetrics m;
    ck_assert_int_eq(nn_score_metrics(score, label, 0, 0.5, &m, &err), NN_OK);
    ck_assert(isnan(m.auc) && isnan(m.ap) && isnan(m.eer) && isnan(m.accuracy) && m.n_real + m.n_fake == 0);
    ck_assert_int_eq(nn_score_metrics(score, label, 1, 0.5, &m, &err), NN_OK);
    ck_assert(isnan(m.auc) && m.accuracy == 1);
}
END_TEST

START_TEST(nan_and_bad_labels_are_refused)
{
    const float score[] = { 0.5f, NAN, 1 }, fine[] = { 0.5f, 0, 1 };
    const unsigned char label[] = { 0, 1, 1 }, bad[] = { 0, 1, 2 };
    NnScoreMetrics m;
    double x;
    NnErr a = { .status = NN_OK }, b = a, c = a, d = a, e = a;
    ck_assert_int_eq(nn_score_metrics(score, label, 3, 0, &m, &a), NN_ERR_NUMERIC);
    ck_assert_str_eq(a.msg, "score 2 of 3 is NaN");
    ck_assert_int_eq(nn_auc(score, label, 3, &x, &b), NN_ERR_NUMERIC);
    ck_assert_int_eq(nn_best_threshold(score, label, 3, &x, &c), NN_ERR_NUMERIC);
    ck_assert_int_eq(nn_auc(fine, bad, 3, &x, &d), NN_ERR_NUMERIC);
    ck_assert_str_eq(d.msg, "label 3 of 3 is 2, expected 0 or 1");
    ck_assert_int_eq(nn_score_metrics(fine, label, 3, (double)NAN, &m, &e), NN_ERR_NUMERIC);
}
END_TEST

START_TEST(iou_by_hand)
{
    const float map[] = { 0.9f, 0.5f, 0.4f, NAN };
    const unsigned char mask[] = { 1, 0, 1, 0 }, none[] = { 0, 0, 0, 0 };
    ck_assert_double_eq_tol(nn_iou(map, mask, 4, 0.5), 1.0 / 3, 1e-15);
    ck_assert(nn_iou(map, mask, 4, 0.95) == 0);
    ck_assert(nn_iou(map, none, 4, 0.5) == 0);
    ck_assert(isnan(nn_iou(map, none, 4, 0.95)));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("metrics");
    TCase *t = tcase_create("metrics");
    tcase_add_loop_test(t, figures_equal_their_definitions, 0, 5);
    tcase_add_loop_test(t, best_threshold_is_best, 0, 5);
    tcase_add_test(t, hand_case);
    tcase_add_test(t, eer_between_two_points);
    tcase_add_test(t, thresholds_by_hand);
    tcase_add_loop_test(t, missing_class_is_nan_not_a_number_made_up, 0, 2);
    tcase_add_test(t, empty_and_single);
    tcase_add_test(t, nan_and_bad_labels_are_refused);
    tcase_add_test(t, iou_by_hand);
    suite_add_tcase(s, t);
    return check_run(s);
}
