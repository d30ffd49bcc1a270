/* test_metrics.c -- hand-computed cases, an O(n^2) reading of each definition on hostile inputs, and scikit-learn's
 * figures (metrics_reference.py) where a python3 has it. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/metrics.h"
#include "nn/base/rng.h"
#include "tests/check_main.h"
#include "tests/temp_folder.h"

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

/* Over every threshold that is a score. */
static double naive_tpr_at(const Set *s, double max_fpr)
{
    const double real = (double)count_above(s, 0, -INFINITY), fake = (double)count_above(s, 1, -INFINITY);
    double best = 0;
    for (size_t i = 0; i < s->n; i++) {
        const double t = (double)s->score[i], tpr = (double)count_above(s, 1, t) / fake;
        if ((double)count_above(s, 0, t) / real <= max_fpr && tpr > best) best = tpr;
    }
    return best;
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
        ck_assert(m.tpr_fpr01 == naive_tpr_at(&s, 0.01));
        ck_assert(m.tpr_fpr10 == naive_tpr_at(&s, 0.1));
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

/* What an aim wants of a threshold, larger being better; -1 where it breaks the limit. */
static double served(const Set *s, NnThresholdAim aim, double limit, double t)
{
    const double fpr = (double)count_above(s, 0, t) / (double)count_above(s, 0, -INFINITY);
    const double fnr = 1 - (double)count_above(s, 1, t) / (double)count_above(s, 1, -INFINITY);
    switch (aim) {
    case NN_THRESHOLD_ACCURACY:
        break;
    case NN_THRESHOLD_YOUDEN:
        return 2 - fpr - fnr;
    case NN_THRESHOLD_EER:
        return 1 - fabs(fpr - fnr);
    case NN_THRESHOLD_FPR:
        return fpr > limit ? -1 : 2 - fnr - fpr / 1000;
    case NN_THRESHOLD_FNR:
        return fnr > limit + 1e-12 ? -1 : 2 - fpr - fnr / 1000;
    }
    return naive_accuracy(s, t);
}

/* No score and nothing just above one serves the aim better. */
START_TEST(thresholds_serve_their_aim_best)
{
    for (uint32_t item = 0; item < 40; item++) {
        const Set s = make_set(_i, item);
        for (int aim = NN_THRESHOLD_ACCURACY; aim <= NN_THRESHOLD_FNR; aim++) {
            NnErr err = { .status = NN_OK };
            double t;
            if (nn_threshold_find((NnThresholdAim)aim, 0.2, s.score, s.label, s.n, &t, &err) != NN_OK) {
                ck_assert(_i == 3 && aim == NN_THRESHOLD_FPR); /* too many real items are infinite */
                continue;
            }
            const double reached = served(&s, (NnThresholdAim)aim, 0.2, t) + 1e-9;
            ck_assert_double_ge(reached, 0);
            for (size_t i = 0; i < s.n; i++) {
                const double at = (double)s.score[i];
                ck_assert_double_le(served(&s, (NnThresholdAim)aim, 0.2, at), reached);
                if (isinf(at)) continue;
                ck_assert_double_le(served(&s, (NnThresholdAim)aim, 0.2, nextafter(at, INFINITY)), reached);
            }
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

START_TEST(aims_by_hand)
{
    /* From the top: F R F R R, at .9 .7 .5 .3 .1. */
    const float score[] = { 0.9f, 0.7f, 0.5f, 0.3f, 0.1f };
    const unsigned char label[] = { 1, 0, 1, 0, 0 };
    static const struct {
        NnThresholdAim aim;
        double limit, want;
    } cases[] = {
        { NN_THRESHOLD_FPR, 0, 0.8 },    { NN_THRESHOLD_FPR, 0.34, 0.4 }, { NN_THRESHOLD_FPR, 1, 0.4 },
        { NN_THRESHOLD_FNR, 0, 0.4 },    { NN_THRESHOLD_FNR, 0.5, 0.8 },  { NN_THRESHOLD_FNR, 1, 0.8 },
        { NN_THRESHOLD_YOUDEN, 0, 0.4 }, { NN_THRESHOLD_EER, 0, 0.6 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NnErr err = { .status = NN_OK };
        double t;
        ck_assert_int_eq(nn_threshold_find(cases[i].aim, cases[i].limit, score, label, 5, &t, &err), NN_OK);
        ck_assert_msg(fabs(t - cases[i].want) < 1e-7, "case %zu: %g, expected %g", i, t, cases[i].want);
    }
    const float top[] = { INFINITY, INFINITY };
    const unsigned char both[] = { 0, 1 };
    NnErr err = { .status = NN_OK };
    double t;
    ck_assert_int_eq(nn_threshold_find(NN_THRESHOLD_FPR, 0.1, top, both, 2, &t, &err), NN_ERR_NUMERIC);
    ck_assert_ptr_nonnull(strstr(err.msg, "no threshold keeps to 0.1"));
}
END_TEST

START_TEST(low_false_alarms_by_hand)
{
    /* Ten real items, the highest at .6: with one false alarm of ten, items above the second highest (.5) count. */
    const float score[] = { 0.9f, 0.55f, 0.5f, 0.3f, 0.6f, 0.5f, 0, 0, 0, 0, 0, 0, 0, 0 };
    const unsigned char label[] = { 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
    NnErr err = { .status = NN_OK };
    NnScoreMetrics m;
    ck_assert_int_eq(nn_score_metrics(score, label, 14, 0.5, &m, &err), NN_OK);
    ck_assert(m.tpr_fpr01 == 0.25 && m.tpr_fpr10 == 0.5);
}
END_TEST

START_TEST(probabilities_by_hand)
{
    const float score[] = { 0.25f, 0.75f, 0.75f, 0.5f };
    const unsigned char label[] = { 0, 1, 0, 1 };
    NnErr err = { .status = NN_OK };
    NnScoreMetrics m;
    ck_assert_int_eq(nn_score_metrics(score, label, 4, 0.5, &m, &err), NN_OK);
    ck_assert_double_eq_tol(m.log_loss, -(log(0.75) + log(0.75) + log(0.25) + log(0.5)) / 4, 1e-15);
    ck_assert_double_eq_tol(m.brier, (0.0625 + 0.0625 + 0.5625 + 0.25) / 4, 1e-15);
    ck_assert_double_eq_tol(m.ece, (0.25 + 2 * 0.25 + 0.5) / 4, 1e-15); /* bins of 1/15: .25 | .5 | .75 .75 */
    /* Certain, and rightly or wrongly so. */
    const float sure[] = { 0, 1, 1 };
    const unsigned char truth[] = { 0, 1, 0 };
    ck_assert_int_eq(nn_score_metrics(sure, truth, 2, 0.5, &m, &err), NN_OK);
    ck_assert_double_lt(m.log_loss, 1e-15);
    ck_assert(m.brier == 0 && m.ece == 0);
    ck_assert_int_eq(nn_score_metrics(sure + 2, truth + 2, 1, 0.5, &m, &err), NN_OK);
    ck_assert_double_eq_tol(m.log_loss, -log(DBL_EPSILON), 1e-12);
    ck_assert(m.brier == 1 && m.ece == 1 && isnan(m.auc) && isnan(m.tpr_fpr01)); /* one class is enough for these */
    const float beyond[] = { 0.5f, 1.5f };
    ck_assert_int_eq(nn_score_metrics(beyond, truth, 2, 0.5, &m, &err), NN_OK);
    ck_assert(m.auc == 1 && isnan(m.log_loss) && isnan(m.brier) && isnan(m.ece));
}
END_TEST

START_TEST(bins_by_hand)
{
    const float score[] = { 0, 0.5f, 0.50001f, 1, 0.75f };
    const unsigned char label[] = { 0, 0, 1, 1, 0 };
    NnErr err = { .status = NN_OK };
    NnReliabilityBin bin[4];
    ck_assert_int_eq(nn_reliability(score, label, 5, 4, bin, &err), NN_OK);
    const size_t counts[] = { 1, 1, 2, 1 }; /* an edge belongs to the bin below it */
    for (int b = 0; b < 4; b++) {
        ck_assert(bin[b].lo == b / 4. && bin[b].hi == (b + 1) / 4.);
        ck_assert_uint_eq(bin[b].n, counts[b]);
    }
    ck_assert(bin[0].mean_score == 0 && bin[0].fake_share == 0 && bin[2].fake_share == 0.5 && bin[3].fake_share == 1);
    ck_assert_int_eq(nn_reliability(score, label, 1, 4, bin, &err), NN_OK);
    ck_assert(bin[1].n == 0 && isnan(bin[1].mean_score) && isnan(bin[1].fake_share));
    const float beyond[] = { -0.1f };
    ck_assert_int_eq(nn_reliability(beyond, label, 1, 4, bin, &err), NN_ERR_NUMERIC);
    ck_assert_str_eq(err.msg, "scores from -0.1 to -0.1 are no probabilities: expected 0 to 1");
}
END_TEST

START_TEST(curve_by_hand)
{
    const float score[] = { 0.9f, 0.5f, 0.15f, 0.5f, 0.1f, 0.2f };
    const unsigned char label[] = { 1, 1, 1, 0, 0, 0 };
    const double want[6][3] = {
        { 0, 0, 1 },           { 0, 1. / 3, 1 }, { 1. / 3, 2. / 3, 2. / 3 }, { 2. / 3, 2. / 3, .5 },
        { 2. / 3, 1, 3. / 5 }, { 1, 1, .5 }
    };
    NnErr err = { .status = NN_OK };
    NnCurvePoint p[7];
    size_t n;
    ck_assert_int_eq(nn_score_curve(score, label, 6, p, &n, &err), NN_OK);
    ck_assert_uint_eq(n, 6);
    ck_assert(isinf(p[0].threshold) && p[1].threshold == (double)0.9f && p[5].threshold == (double)0.1f);
    for (size_t i = 0; i < n; i++) {
        ck_assert_double_eq_tol(p[i].fpr, want[i][0], 1e-15);
        ck_assert_double_eq_tol(p[i].tpr, want[i][1], 1e-15);
        ck_assert_double_eq_tol(p[i].precision, want[i][2], 1e-15);
    }
    ck_assert_int_eq(nn_score_curve(score, label, 3, p, &n, &err), NN_OK);
    ck_assert_uint_eq(n, 0); /* no real item */
}
END_TEST

START_TEST(nearest_eer_by_hand)
{
    /* F F R R F R R R R F from the top. Misses and false alarms, at each: .75 0 | .5 0 | .5 .17 | .5 .33 | .25 .33.
     * The last is the nearest; interpolated, the two meet at 1/3 as well: on the edge from .5 to .25. */
    const float score[] = { 10, 9, 8, 7, 6, 5, 4, 3, 2, 1 };
    const unsigned char label[] = { 1, 1, 0, 0, 1, 0, 0, 0, 0, 1 };
    NnErr err = { .status = NN_OK };
    NnScoreMetrics m;
    ck_assert_int_eq(nn_score_metrics(score, label, 10, 5, &m, &err), NN_OK);
    ck_assert_double_eq_tol(m.eer, 1.0 / 3, 1e-15);
    ck_assert_double_eq_tol(m.eer_nearest, 1.0 / 3, 1e-15);
    /* F R R R F: at the second and third R a straight stretch; only its ends, FPR 0 and 1, are looked at. */
    const float line[] = { 5, 4, 3, 2, 1 };
    const unsigned char stretch[] = { 1, 0, 0, 0, 1 };
    ck_assert_int_eq(nn_score_metrics(line, stretch, 5, 5, &m, &err), NN_OK);
    ck_assert_double_eq_tol(m.eer, 0.5, 1e-15);
    ck_assert(m.eer_nearest == 0); /* |.5 - 0| comes before |.5 - 1| */
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

/* ---- scikit-learn ---- */

enum { KINDS = 8, REPEATS = 12 };
static const char *python; /* that imports sklearn */

/* Scores within 0..1. kind 0: continuous; 1: on the edges of bins; 2: constant; 3: next to 0 and 1, and 0 and 1
 * themselves, right and wrong; 4: separable; 5, 6: one class; 7: three forged items among many. */
static Set make_probable(int kind, uint32_t item)
{
    static const float odd[] = { 0, 1, 1e-45f, 1e-20f, 0.99999994f, 0.5f };
    NnRng r = nn_rng_make(4, NN_STREAM_TEST, (uint32_t)kind, item);
    Set s = { .n = 4 + nn_rng_below(&r, N_MAX - 4) };
    for (size_t i = 0; i < s.n; i++) {
        const float u = nn_rng_uniform(&r);
        s.label[i] = kind == 5   ? 0
                     : kind == 6 ? 1
                     : kind == 7 ? i < 3
                                 : (unsigned char)(i < 2 ? i : nn_rng_below(&r, 2));
        s.score[i] = 0.7f * u + 0.3f * (float)s.label[i] * nn_rng_uniform(&r);
        if (kind == 1) s.score[i] = (float)(nn_rng_below(&r, 31)) / 30;
        if (kind == 2) s.score[i] = 0.6f;
        if (kind == 3) s.score[i] = odd[nn_rng_below(&r, 6)];
        if (kind == 4) s.score[i] = 0.5f * (u + (float)s.label[i]);
    }
    return s;
}

static void put_number(FILE *f, const char *name, double v)
{
    if (isnan(v) || isinf(v)) fprintf(f, "\"%s\": null, ", name);
    else fprintf(f, "\"%s\": %.17g, ", name, v);
}

/* A line of JSON: the set, and everything this file makes of it. */
static void put_set(FILE *f, const Set *s)
{
    NnErr err = { .status = NN_OK };
    NnScoreMetrics m;
    NnCurvePoint p[N_MAX + 1];
    NnReliabilityBin bin[NN_ECE_BINS];
    size_t n;
    double t = NAN;
    ck_assert_int_eq(nn_score_metrics(s->score, s->label, s->n, 0.5, &m, &err), NN_OK);
    ck_assert_int_eq(nn_score_curve(s->score, s->label, s->n, p, &n, &err), NN_OK);
    ck_assert_int_eq(nn_reliability(s->score, s->label, s->n, NN_ECE_BINS, bin, &err), NN_OK);
    if (m.n_real && m.n_fake)
        ck_assert_int_eq(nn_threshold_find(NN_THRESHOLD_FPR, 0.05, s->score, s->label, s->n, &t, &err), NN_OK);
    const char *const names[] = { "auc",      "ap",        "eer",       "eer_nearest", "accuracy",
                                  "log_loss", "tpr_fpr01", "tpr_fpr10", "brier",       "ece" };
    const double figures[] = { m.auc,      m.ap,        m.eer,       m.eer_nearest, m.accuracy,
                               m.log_loss, m.tpr_fpr01, m.tpr_fpr10, m.brier,       m.ece };
    fputs("{", f);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) put_number(f, names[i], figures[i]);
    put_number(f, "threshold_fpr05", t);
    fputs("\"curve\": [", f);
    for (size_t i = 1; i < n; i++)
        fprintf(f, "%s[%.17g, %.17g, %.17g, %.17g]", i > 1 ? ", " : "", p[i].threshold, p[i].fpr, p[i].tpr,
                p[i].precision);
    fputs("], \"bins\": [", f);
    for (int b = 0, first = 1; b < NN_ECE_BINS; b++) {
        if (bin[b].n == 0) continue;
        fprintf(f, "%s[%zu, %.17g, %.17g]", first ? "" : ", ", bin[b].n, bin[b].mean_score, bin[b].fake_share);
        first = 0;
    }
    fputs("], \"items\": [", f);
    for (size_t i = 0; i < s->n; i++) fprintf(f, "%s[%.17g, %d]", i ? ", " : "", (double)s->score[i], s->label[i]);
    fputs("]}\n", f);
}

START_TEST(figures_agree_with_scikit_learn)
{
    char command[512];
    FILE *f = fopen(in_folder("sets"), "w");
    ck_assert_ptr_nonnull(f);
    for (int kind = 0; kind < KINDS; kind++)
        for (uint32_t item = 0; item < REPEATS; item++) {
            const Set s = make_probable(kind, item);
            put_set(f, &s);
        }
    ck_assert_int_eq(fclose(f), 0);
    snprintf(command, sizeof command, "%s tests/metrics_reference.py '%s'", python, in_folder("sets"));
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): the command is our own */
}
END_TEST

static const char *find_python(void)
{
    static const char *const pythons[] = { "python3", "/usr/bin/python3" };
    for (size_t i = 0; i < sizeof pythons / sizeof *pythons; i++) {
        char command[128];
        snprintf(command, sizeof command, "%s -c 'import numpy, sklearn' 2>/dev/null", pythons[i]);
        if (system(command) == 0) return pythons[i]; /* NOLINT(cert-env33-c) */
    }
    return NULL;
}

static void add_reference(Suite *s)
{
    python = find_python();
    if (!python) {
        printf("test_metrics: figures not compared with scikit-learn's: no python3 that imports it\n");
        return;
    }
    TCase *t = tcase_create("scikit-learn");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, temp_folder_make, temp_folder_remove);
    tcase_add_test(t, figures_agree_with_scikit_learn);
    suite_add_tcase(s, t);
}

int main(void)
{
    Suite *s = suite_create("metrics");
    TCase *t = tcase_create("metrics");
    tcase_add_loop_test(t, figures_equal_their_definitions, 0, 5);
    tcase_add_loop_test(t, best_threshold_is_best, 0, 5);
    tcase_add_loop_test(t, thresholds_serve_their_aim_best, 0, 5);
    tcase_add_test(t, hand_case);
    tcase_add_test(t, eer_between_two_points);
    tcase_add_test(t, thresholds_by_hand);
    tcase_add_test(t, aims_by_hand);
    tcase_add_test(t, low_false_alarms_by_hand);
    tcase_add_test(t, probabilities_by_hand);
    tcase_add_test(t, bins_by_hand);
    tcase_add_test(t, curve_by_hand);
    tcase_add_test(t, nearest_eer_by_hand);
    tcase_add_loop_test(t, missing_class_is_nan_not_a_number_made_up, 0, 2);
    tcase_add_test(t, empty_and_single);
    tcase_add_test(t, nan_and_bad_labels_are_refused);
    tcase_add_test(t, iou_by_hand);
    suite_add_tcase(s, t);
    add_reference(s);
    return check_run(s);
}
