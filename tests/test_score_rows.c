/* test_score_rows.c -- the figures of a data set by hand: manipulations, seen, unseen and all, masks, one class. */
#include <stdlib.h>
#include <string.h>

#include "eval/bootstrap.h"
#include "eval/report_files.h"
#include "tests/rows_rig.h"

START_TEST(rows_by_hand)
{
    EvalResults r;
    EvalRows rows;
    make_results(&r);
    ck_assert_int_eq(eval_rows_make(&r, 0.5, &rows, &err), NN_OK);
    static const struct {
        const char *name;
        int seen, n_fake;
        double auc, accuracy, balanced;
    } want[5] = { { "later", 1, 4, 15. / 16, 7. / 8, 7. / 8 },
                  { "early", 0, 4, 9. / 16, 4. / 8, 4. / 8 },
                  { "seen", 1, 4, 15. / 16, 7. / 8, 7. / 8 },
                  { "unseen", 0, 4, 9. / 16, 4. / 8, 4. / 8 },
                  { "all", -1, 8, 24. / 32, 8. / 12, (3. / 4 + 5. / 8) / 2 } };
    ck_assert_int_eq(rows.n, 5);
    for (int i = 0; i < 5; i++) {
        ck_assert_str_eq(rows.rows[i].name, want[i].name);
        ck_assert_int_eq(rows.rows[i].seen, want[i].seen);
        ck_assert_int_eq(rows.rows[i].n_real, 4);
        ck_assert_int_eq(rows.rows[i].n_fake, want[i].n_fake);
        NEAR(rows.rows[i].auc.value, want[i].auc);
        NEAR(rows.rows[i].accuracy.value, want[i].accuracy);
        NEAR(rows.rows[i].balanced.value, want[i].balanced);
        ck_assert(isnan(rows.rows[i].pixel_auc) && isnan(rows.rows[i].iou) && isnan(rows.rows[i].auc.lo));
    }
    NEAR(rows.drop_auc.value, 6. / 16);
    NEAR(rows.drop_balanced.value, 3. / 8);
    eval_rows_free(&rows);
    eval_results_free(&r);
}
END_TEST

START_TEST(one_class_is_not_available)
{
    EvalResults r;
    EvalRows rows;
    make_results(&r);
    r.n = 4; /* the real ones */
    ck_assert_int_eq(eval_rows_make(&r, 0.5, &rows, &err), NN_OK);
    ck_assert_int_eq(eval_bootstrap(&r, &rows, 50, 1, &err), NN_OK);
    ck_assert_int_eq(rows.n, 1);
    ck_assert_int_eq(rows.rows[0].n_fake, 0);
    ck_assert(isnan(rows.rows[0].auc.value) && isnan(rows.rows[0].auc.lo) && isnan(rows.rows[0].eer));
    ck_assert(isnan(rows.drop_auc.value));
    NEAR(rows.rows[0].accuracy.value, 3. / 4);
    const EvalReport report = { .results = r, .rows = rows };
    char *csv = eval_rows_csv(&report, 1);
    ck_assert_ptr_nonnull(strstr(csv, "\nset,all,,4,0,0.750000,,,,,,"));
    free(csv);
    eval_rows_free(&rows);
    eval_results_free(&r);
}
END_TEST

START_TEST(nan_scores_are_refused)
{
    EvalResults r;
    EvalRows rows;
    make_results(&r);
    r.items[5].score = NAN;
    ck_assert_int_eq(eval_rows_make(&r, 0.5, &rows, &err), NN_ERR_NUMERIC);
    eval_results_free(&r);
}
END_TEST

START_TEST(pixel_columns_of_rows)
{
    static const float map[4] = { .9f, .6f, .2f, .1f };
    static const unsigned char mask[4] = { 1, 0, 0, 0 };
    EvalResults r;
    EvalRows rows;
    EvalPrior prior;
    make_results(&r);
    ck_assert_int_eq(eval_prior_init(&prior, (const float[4]){ 0, 1, 0, 0 }, 4, &err), NN_OK);
    r.prior = &prior;
    ck_assert_int_eq(eval_pixel_pool_add(&r.pixels[1], map, mask, 4, &err), NN_OK);
    ck_assert_int_eq(eval_prior_pool_add(&r.priors[1], &prior, mask, &err), NN_OK);
    r.items[8].has_mask = r.items[9].has_mask = 1;
    r.items[8].iou = 0.5, r.items[9].iou = 0.25, r.items[8].iou_prior = r.items[9].iou_prior = 0;
    ck_assert_int_eq(eval_rows_make(&r, 0.5, &rows, &err), NN_OK);
    const EvalRow *later = &rows.rows[0], *early = &rows.rows[1], *all = eval_rows_find(&rows, EVAL_ROW_ALL);
    ck_assert_int_eq(later->n_masks, 2);
    ck_assert_int_eq(early->n_masks, 0);
    NEAR(later->pixel_auc, 1);
    NEAR(later->pixel_auc_prior, 1. / 3);
    NEAR(later->iou, 0.375);
    NEAR(later->iou_prior, 0);
    ck_assert(isnan(early->pixel_auc) && isnan(early->pixel_auc_prior) && isnan(early->iou_prior));
    NEAR(all->pixel_auc, 1);
    NEAR(all->iou, 0.375);
    eval_rows_free(&rows);
    eval_prior_free(&prior);
    eval_results_free(&r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("score_rows");
    TCase *t = tcase_create("score_rows");
    tcase_add_checked_fixture(t, forget_errors, NULL);
    tcase_add_test(t, rows_by_hand);
    tcase_add_test(t, one_class_is_not_available);
    tcase_add_test(t, nan_scores_are_refused);
    tcase_add_test(t, pixel_columns_of_rows);
    suite_add_tcase(s, t);
    return check_run(s);
}
