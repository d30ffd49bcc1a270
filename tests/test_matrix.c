/* test_matrix.c -- the generalisation matrix: which cells there are, what they hold, differences on shared images. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/compare_page.h"
#include "eval/matrix_files.h"
#include "eval/report_files.h"
#include "nn/base/file.h"
#include "tests/check_main.h"
#include "tests/temp_folder.h"

#define NEAR(a, b) ck_assert_double_eq_tol(a, b, 1e-8)

static NnErr err;

static void forget_errors(void)
{
    err = (NnErr){ 0 };
}

/* ---- runs by hand ---- */

enum { METHODS = 2, RUN_MAX = 3, SET_MAX = 2 };

/* Scores of 4 real images and of 4 forgeries for each of two methods, as they stand in the order of their paths. */
typedef struct {
    const char *data;
    const char *methods[METHODS];
    int seen[METHODS];
    uint64_t images;
    int first; /* number in the name of the first path */
    float real[4], forged[METHODS][4];
} Spec;

static EvalPastSet sets[RUN_MAX][SET_MAX];
static char paths[RUN_MAX][SET_MAX][12][24];

static void put(EvalPastSet *set, char *path, int number, int method, float score)
{
    const int at = set->results.n++;
    snprintf(path, 24, "%02d-%d", number, method + 1);
    set->results.items[at] = (EvalItem){ .path = path,
                                         .group = (uint64_t)number,
                                         .label = method >= 0,
                                         .method = method,
                                         .score = score,
                                         .pixel_auc = NAN,
                                         .iou = NAN,
                                         .iou_prior = NAN };
}

static void make_set(int run, int number, const Spec *s)
{
    EvalPastSet *set = &sets[run][number];
    *set = (EvalPastSet){ .name = (char *)s->data, .n_methods = METHODS, .images = s->images };
    set->methods = (char **)s->methods;
    ck_assert_int_eq(eval_results_init(&set->results, 12, METHODS, &err), NN_OK);
    set->results.n = 0;
    set->results.name = s->data;
    set->results.methods = s->methods;
    for (int m = 0; m < METHODS; m++) set->results.seen[m] = (unsigned char)s->seen[m];
    for (int i = 0; i < 4; i++)
        for (int m = -1; m < METHODS; m++)
            put(set, paths[run][number][set->results.n], s->first + i, m, m < 0 ? s->real[i] : s->forged[m][i]);
    ck_assert_int_eq(eval_rows_make(&set->results, 0.5, &set->rows, &err), NN_OK);
}

static EvalPastRun make_run(int run, int n, const Spec *specs)
{
    for (int d = 0; d < n; d++) make_set(run, d, &specs[d]);
    return (EvalPastRun){ .folder = (char *)"f",
                          .name = (char *)"n",
                          .seed = 1,
                          .trained_on = (char *)"x",
                          .source = (char *)"s",
                          .n_sets = n,
                          .sets = sets[run] };
}

static void release_runs(const EvalPastRun *runs, int n)
{
    for (int i = 0; i < n; i++)
        for (int d = 0; d < runs[i].n_sets; d++) {
            eval_rows_free(&runs[i].sets[d].rows);
            eval_results_free(&runs[i].sets[d].results);
        }
}

static const char *const names[RUN_MAX] = { "first", "second", "third" };

/* AUC of the first run: swap 1 (seen), warp .5 (unseen, all ties). The second has it the other way round. */
static const Spec first_set = {
    "a", { "swap", "warp" }, { 1, 0 }, 7, 0, { .1f, .1f, .1f, .1f }, { { .9f, .9f, .9f, .9f }, { .1f, .1f, .1f, .1f } }
};
static const Spec second_set = {
    "a", { "swap", "warp" }, { 0, 1 }, 7, 0, { .2f, .2f, .2f, .2f }, { { .2f, .2f, .2f, .2f }, { .8f, .8f, .8f, .8f } }
};

static EvalMatrix matrix;

static void compare(EvalPastRun *runs, int n, int resamples)
{
    ck_assert_int_eq(eval_matrix_make(runs, names, n, resamples, 1, &matrix, &err), NN_OK);
}

START_TEST(seen_differs_from_row_to_row)
{
    EvalPastRun runs[] = { make_run(0, 1, &first_set), make_run(1, 1, &second_set) };
    compare(runs, 2, 50);
    ck_assert_int_eq(matrix.n_columns, 2);
    ck_assert_str_eq(matrix.columns[1].method, "warp");
    ck_assert_int_eq(eval_matrix_cell(&matrix, 0, 0)->row->seen, 1);
    ck_assert_int_eq(eval_matrix_cell(&matrix, 1, 0)->row->seen, 0);
    NEAR(eval_matrix_cell(&matrix, 0, 0)->row->auc.value, 1);
    NEAR(eval_matrix_cell(&matrix, 1, 0)->row->auc.value, .5);
    /* Every resample says the same: no image of a class differs from another. */
    const EvalEstimate *swap = eval_matrix_cell(&matrix, 1, 0)->difference;
    NEAR(swap[EVAL_AUC].value, -.5);
    NEAR(swap[EVAL_AUC].lo, -.5);
    NEAR(swap[EVAL_AUC].hi, -.5);
    NEAR(swap[EVAL_BALANCED].value, -.5);
    NEAR(eval_matrix_cell(&matrix, 1, 1)->difference[EVAL_AUC].value, .5);
    ck_assert(isnan(eval_matrix_cell(&matrix, 0, 0)->difference[EVAL_AUC].value));
    ck_assert_int_eq(eval_matrix_cell(&matrix, 1, 0)->shared_real, 4);
    ck_assert_int_eq(eval_matrix_shared(&matrix, 1, "a"), EVAL_IMAGES_SAME);
    NEAR(matrix.rows[1].seen.value, 1);
    NEAR(matrix.rows[1].unseen.value, .5);
    NEAR(matrix.rows[1].drop.value, .5);
    NEAR(matrix.rows[1].drop.lo, .5);
    NEAR(matrix.rows[1].drop.hi, .5);
    eval_matrix_free(&matrix);
    release_runs(runs, 2);
}
END_TEST

START_TEST(equal_paths_of_other_images_are_not_paired)
{
    Spec other = second_set;
    other.images = 8;
    EvalPastRun runs[] = { make_run(0, 1, &first_set), make_run(1, 1, &other) };
    char text[512];
    compare(runs, 2, 20);
    ck_assert(isnan(eval_matrix_cell(&matrix, 1, 0)->difference[EVAL_AUC].value));
    ck_assert_int_eq(eval_matrix_cell(&matrix, 1, 0)->shared_fake, 0);
    ck_assert_int_eq(eval_matrix_shared(&matrix, 1, "a"), EVAL_IMAGES_OTHER);
    eval_matrix_images_text(&matrix, "a", text, sizeof text);
    ck_assert_msg(strstr(text, "no difference is given"), "%s", text);
    char *markdown = eval_matrix_markdown(&matrix);
    ck_assert_ptr_null(strstr(markdown, "difference to first"));
    free(markdown);
    eval_matrix_free(&matrix);
    release_runs(runs, 2);
}
END_TEST

/* Images 2 and 3 of 0..3 and 2..5 are shared. There the second run ranks one of two real images above both forgeries. */
START_TEST(differences_are_of_shared_images_alone)
{
    Spec later = second_set;
    const float real[4] = { .9f, .2f, .95f, .95f }, forged[4] = { .5f, .6f, 0, 0 };
    later.first = 2;
    memcpy(later.real, real, sizeof real);
    memcpy(later.forged[0], forged, sizeof forged);
    EvalPastRun runs[] = { make_run(0, 1, &first_set), make_run(1, 1, &later) };
    compare(runs, 2, 0);
    const EvalMatrixCell *cell = eval_matrix_cell(&matrix, 1, 0);
    NEAR(cell->row->auc.value, 2. / 16);
    NEAR(cell->difference[EVAL_AUC].value, .5 - 1);
    ck_assert(isnan(cell->difference[EVAL_AUC].lo));
    ck_assert_int_eq(cell->shared_real, 2);
    ck_assert_int_eq(cell->shared_fake, 2);
    ck_assert_int_eq(eval_matrix_shared(&matrix, 1, "a"), EVAL_IMAGES_SOME);
    eval_matrix_free(&matrix);
    release_runs(runs, 2);
}
END_TEST

/* A second data set that only the second run was judged on: its methods are other columns, none of them seen. */
START_TEST(data_sets_add_columns)
{
    Spec both[] = { second_set, first_set };
    both[1].data = "b,\"<x>";
    both[1].methods[0] = "a|swap";
    both[1].seen[0] = 0;
    EvalPastRun runs[] = { make_run(0, 1, &first_set), make_run(1, 2, both) };
    compare(runs, 2, 30);
    ck_assert_int_eq(matrix.n_columns, 4);
    ck_assert_ptr_null(eval_matrix_cell(&matrix, 0, 2)->row);
    ck_assert_ptr_nonnull(eval_matrix_cell(&matrix, 1, 2)->row);
    ck_assert_int_eq(eval_matrix_shared(&matrix, 1, both[1].data), EVAL_IMAGES_NONE);
    ck_assert_int_eq(matrix.rows[1].n_unseen, 3);
    NEAR(matrix.rows[1].unseen.value, (.5 + 1 + .5) / 3); /* each column counts alike */
    NEAR(matrix.rows[1].drop.value, 1 - 2. / 3);
    NEAR(matrix.rows[1].drop.hi, 1 - 2. / 3);
    char *csv = eval_matrix_csv(&matrix), *markdown = eval_matrix_markdown(&matrix);
    ck_assert_ptr_nonnull(strstr(csv, "\nfirst,x,a,swap,1,4,4,auc,1.000000,,,,,,0,0\n"));
    ck_assert_ptr_nonnull(strstr(csv, "\nsecond,x,a,swap,0,4,4,auc,0.500000,,,-0.500000,-0.500000,-0.500000,4,4\n"));
    ck_assert_ptr_nonnull(strstr(csv, "\nsecond,x,\"b,\"\"<x>\",a|swap,0,4,4,auc,1.000000,"));
    ck_assert_ptr_nonnull(strstr(markdown, "| first                  | 1.000 seen | 0.500 "));
    ck_assert_ptr_nonnull(strstr(markdown, "**-0.500 [-0.500, -0.500]**"));
    ck_assert_ptr_nonnull(strstr(markdown, "a\\|swap"));
    ck_assert_ptr_null(strstr(markdown, "nan"));
    free(csv);
    free(markdown);
    json_t *j = eval_matrix_json(&matrix);
    const json_t *row = json_array_get(json_object_get(j, "rows"), 1),
                 *cell = json_array_get(json_object_get(row, "cells"), 0);
    ck_assert(json_is_null(json_array_get(json_object_get(json_array_get(json_object_get(j, "rows"), 0), "cells"), 2)));
    NEAR(json_number_value(json_object_get(json_object_get(cell, "auc"), "value")), .5);
    ck_assert(json_is_false(json_object_get(cell, "seen")));
    json_decref(j);
    eval_matrix_free(&matrix);
    release_runs(runs, 2);
}
END_TEST

START_TEST(a_run_that_saw_everything_has_no_drop)
{
    Spec all = first_set;
    all.seen[1] = 1;
    EvalPastRun run = make_run(0, 1, &all);
    compare(&run, 1, 20);
    NEAR(matrix.rows[0].seen.value, .75);
    ck_assert(isnan(matrix.rows[0].unseen.value) && isnan(matrix.rows[0].drop.value) && isnan(matrix.rows[0].drop.lo));
    eval_matrix_free(&matrix);
    release_runs(&run, 1);
}
END_TEST

/* ---- by way of files ---- */

START_TEST(intervals_and_keys_are_read_back)
{
    EvalPastRun by_hand = make_run(0, 1, &first_set), found;
    EvalReport report = { .results = sets[0][0].results, .rows = sets[0][0].rows, .source = "set.csv", .images = 7 };
    EvalRun run = { .trained = { .path = (char *)"best.safetensors", .seed = 3 },
                    .threshold = 0.5,
                    .params = nn_params_new() };
    report.rows.rows[0].auc.lo = 0.25;
    report.rows.drop_auc = (EvalEstimate){ .5, .125, .75 };
    snprintf(run.data.methods, sizeof run.data.methods, "swap");
    ck_assert_int_eq(eval_report_save(in_folder("lae-s3"), &report, 1, &run, &(EvalBootstrapSpec){ 0, 1 }, &err),
                     NN_OK);
    ck_assert_int_eq(eval_past_run_read_at("lae-s3", in_folder("lae-s3"), &found, &err), NN_OK);
    ck_assert_str_eq(found.name, "lae");
    ck_assert_str_eq(found.trained_on, "swap");
    ck_assert_str_eq(found.source, "portraits");
    ck_assert_uint_eq(found.sets[0].images, 7);
    NEAR(found.sets[0].rows.rows[0].auc.lo, .25);
    ck_assert(isnan(found.sets[0].rows.rows[0].auc.hi));
    NEAR(found.sets[0].rows.drop_auc.lo, .125);
    eval_past_run_free(&found);
    release_runs(&by_hand, 1);
    nn_params_free(run.params);
}
END_TEST

/* Captions speak of intervals where there are any: of means, of differences, of a run's own figures. */
START_TEST(page_speaks_of_the_intervals_that_it_has)
{
    static const char *const captions[] = { "small print is the 95 % interval",
                                            "In brackets 95 % intervals",
                                            "Lines across the ends",
                                            "that reaches beyond 0",
                                            "in brackets 95 %",
                                            "nobody can tell" };
    static const int expected[2][6] = { { 0, 0, 0, 0, 0, 1 }, { 1, 1, 1, 1, 1, 0 } };
    EvalPastRun runs[] = { make_run(0, 1, &first_set), make_run(1, 1, &second_set) };
    for (int with = 0; with < 2; with++) {
        unsigned char *text;
        size_t len;
        if (with) runs[0].sets[0].rows.rows[0].auc.lo = .9, runs[0].sets[0].rows.rows[0].auc.hi = 1;
        compare(runs, 2, with ? 50 : 0);
        ck_assert_int_eq(eval_compare_page_save(&(EvalComparePage){ .matrix = &matrix }, temp_folder, &err), NN_OK);
        ck_assert_int_eq(nn_file_read(in_folder("report.html"), 1 << 24, &text, &len, &err), NN_OK);
        for (int i = 0; i < 6; i++)
            ck_assert_msg(!strstr((char *)text, captions[i]) == !expected[with][i], "%d: %s", with, captions[i]);
        char *words = strstr((char *)text, "id=\"words\""), *tables = strstr((char *)text, "id=\"matrix\"");
        ck_assert(words && tables);
        *words = 0;
        ck_assert_int_eq(strstr(tables, "95 %") != NULL, with);
        free(text);
        eval_matrix_free(&matrix);
    }
    release_runs(runs, 2);
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_checked_fixture(t, forget_errors, NULL);
    tcase_add_checked_fixture(t, temp_folder_make, temp_folder_remove);
    tcase_add_test(t, seen_differs_from_row_to_row);
    tcase_add_test(t, equal_paths_of_other_images_are_not_paired);
    tcase_add_test(t, differences_are_of_shared_images_alone);
    tcase_add_test(t, data_sets_add_columns);
    tcase_add_test(t, a_run_that_saw_everything_has_no_drop);
    tcase_add_test(t, intervals_and_keys_are_read_back);
    tcase_add_test(t, page_speaks_of_the_intervals_that_it_has);
}

int main(void)
{
    Suite *s = suite_create("matrix");
    TCase *t = tcase_create("matrix");
    add_tests(t);
    suite_add_tcase(s, t);
    return check_run(s);
}
