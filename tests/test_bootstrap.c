/* test_bootstrap.c -- intervals: whole groups, any number of threads, resamples against brute force. */
#include <math.h>
#include <stdlib.h>

#include "eval/bootstrap.h"
#include "nn/base/metrics.h"
#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "tests/check_main.h"

#define NEAR(a, b) ck_assert_double_eq_tol(a, b, 1e-12)

static NnErr err;

static void forget_errors(void)
{
    err = (NnErr){ 0 };
}

static const char *const names[] = { "early", "later" };

enum { PEOPLE = 60, COPIES = 3, ITEMS = PEOPLE * COPIES, RESAMPLES = 200 };

/* Three images a person, the first one real, with overlapping scores; many ties. */
static void make_people(EvalResults *r, int share_groups)
{
    NnRng rng = nn_rng_make(5, NN_STREAM_TEST, 1, 0);
    ck_assert_int_eq(eval_results_init(r, ITEMS, 2, &err), NN_OK);
    r->name = "people";
    r->methods = names;
    r->seen[1] = 1;
    for (int i = 0; i < ITEMS; i++) {
        const int kind = i % COPIES;
        const float score = nn_rng_range(&rng, 0, 1) + 0.15f * (float)kind;
        r->items[i] = (EvalItem){ .path = "p",
                                  .group = 977u * (uint64_t)(share_groups ? i / COPIES : i),
                                  .label = kind > 0,
                                  .method = kind - 1,
                                  .score = floorf(20 * score) / 20 };
    }
}

static void make_rows(const EvalResults *r, EvalRows *rows, int resamples, uint64_t seed)
{
    ck_assert_int_eq(eval_rows_make(r, 0.6, rows, &err), NN_OK);
    ck_assert_int_eq(eval_bootstrap(r, rows, resamples, seed, &err), NN_OK);
}

START_TEST(intervals_do_not_depend_on_threads)
{
    EvalResults r;
    EvalRows reference, rows;
    make_people(&r, 1);
    nn_threads_set(1);
    make_rows(&r, &reference, RESAMPLES, 3);
    for (int threads = 2; threads <= 4; threads += 2) {
        nn_threads_set(threads);
        make_rows(&r, &rows, RESAMPLES, 3);
        for (int i = 0; i < rows.n; i++) {
            ck_assert_mem_eq(&rows.rows[i].auc, &reference.rows[i].auc, sizeof(EvalEstimate));
            ck_assert_mem_eq(&rows.rows[i].accuracy, &reference.rows[i].accuracy, sizeof(EvalEstimate));
            ck_assert_mem_eq(&rows.rows[i].balanced, &reference.rows[i].balanced, sizeof(EvalEstimate));
        }
        ck_assert_mem_eq(&rows.drop_auc, &reference.drop_auc, sizeof(EvalEstimate));
        eval_rows_free(&rows);
    }
    make_rows(&r, &rows, RESAMPLES, 4);
    ck_assert_double_ne(rows.rows[0].auc.lo, reference.rows[0].auc.lo); /* the seed matters */
    eval_rows_free(&rows);
    eval_rows_free(&reference);
    eval_results_free(&r);
}
END_TEST

static void assert_covers(const EvalEstimate *e)
{
    ck_assert_double_lt(e->lo, e->value);
    ck_assert_double_gt(e->hi, e->value);
    ck_assert_double_lt(e->hi - e->lo, 0.4);
}

START_TEST(intervals_cover_the_estimate)
{
    EvalResults r;
    EvalRows rows;
    make_people(&r, 1);
    make_rows(&r, &rows, RESAMPLES, 1);
    for (int i = 0; i < rows.n; i++) {
        assert_covers(&rows.rows[i].auc);
        assert_covers(&rows.rows[i].accuracy);
        assert_covers(&rows.rows[i].balanced);
    }
    assert_covers(&rows.drop_auc);
    eval_rows_free(&rows);
    make_rows(&r, &rows, 0, 1);
    ck_assert(isnan(rows.rows[0].auc.lo) && isnan(rows.drop_auc.hi));
    eval_rows_free(&rows);
    eval_results_free(&r);
}
END_TEST

static int by_number(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The AUC over all methods of one resample, by writing the drawn groups out as a longer list. */
static double resampled_auc(const EvalResults *r, uint64_t seed, uint32_t number)
{
    static float score[ITEMS];
    static unsigned char label[ITEMS];
    NnRng rng = nn_rng_make(seed, NN_STREAM_BOOTSTRAP, 0, number);
    double auc;
    for (int g = 0; g < PEOPLE; g++) {
        const int drawn = (int)nn_rng_below(&rng, PEOPLE);
        for (int k = 0; k < COPIES; k++) {
            score[g * COPIES + k] = r->items[drawn * COPIES + k].score;
            label[g * COPIES + k] = (unsigned char)r->items[drawn * COPIES + k].label;
        }
    }
    ck_assert_int_eq(nn_auc(score, label, ITEMS, &auc, &err), NN_OK);
    return auc;
}

START_TEST(intervals_agree_with_brute_force)
{
    enum { N = 81 }; /* 2.5 % of 80 steps: percentiles fall on order statistics 2 and 78 */
    EvalResults r;
    EvalRows rows;
    double auc[N];
    make_people(&r, 1);
    make_rows(&r, &rows, N, 9);
    for (uint32_t b = 0; b < N; b++) auc[b] = resampled_auc(&r, 9, b);
    qsort(auc, N, sizeof *auc, by_number);
    const EvalRow *all = eval_rows_find(&rows, EVAL_ROW_ALL);
    NEAR(all->auc.lo, auc[2]);
    NEAR(all->auc.hi, auc[78]);
    eval_rows_free(&rows);
    eval_results_free(&r);
}
END_TEST

/* Copies of one image carry no news: as one group they leave the interval of the accuracy wide. */
START_TEST(groups_are_drawn_whole)
{
    double width[2];
    for (int grouped = 0; grouped < 2; grouped++) {
        EvalResults r;
        EvalRows rows;
        make_people(&r, 0);
        for (int i = 0; i < ITEMS; i++) {
            const int original = i % 6; /* six different images, each thirty times */
            r.items[i] = r.items[original];
            r.items[i].group = (uint64_t)(grouped ? original : i);
        }
        make_rows(&r, &rows, RESAMPLES, 2);
        const EvalRow *all = eval_rows_find(&rows, EVAL_ROW_ALL);
        width[grouped] = all->accuracy.hi - all->accuracy.lo;
        eval_rows_free(&rows);
        eval_results_free(&r);
    }
    ck_assert_double_gt(width[1], 2 * width[0]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bootstrap");
    TCase *t = tcase_create("bootstrap");
    tcase_add_checked_fixture(t, forget_errors, NULL);
    tcase_add_test(t, intervals_do_not_depend_on_threads);
    tcase_add_test(t, intervals_cover_the_estimate);
    tcase_add_test(t, intervals_agree_with_brute_force);
    tcase_add_test(t, groups_are_drawn_whole);
    suite_add_tcase(s, t);
    return check_run(s);
}
