/* test_report_files.c -- what an evaluation writes for programs and terminals: CSV, JSON, the table. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/bootstrap.h"
#include "eval/report_files.h"
#include "eval/score_table.h"
#include "tests/rows_rig.h"

static void make_rows(const EvalResults *r, EvalRows *rows, int resamples, uint64_t seed)
{
    ck_assert_int_eq(eval_rows_make(r, 0.6, rows, &err), NN_OK);
    ck_assert_int_eq(eval_bootstrap(r, rows, resamples, seed, &err), NN_OK);
}

START_TEST(csv_is_quoted)
{
    EvalResults r;
    EvalRows rows;
    make_results(&r);
    r.items[0].path = "a, \"b\"\nc.png";
    r.items[0].false_alarm = 0.25;
    r.items[8].pixel_auc = 0.5, r.items[8].mask_energy = 0.125, r.items[8].video = "v, 1";
    make_rows(&r, &rows, 0, 1);
    const EvalReport report = { .results = r, .rows = rows };
    char *csv = eval_scores_csv(&report, 1);
    const char *head = "data,path,label,method,score,verdict,seen,pixel_auc,iou,group,video,mask_energy,false_alarm\n";
    ck_assert_int_eq(strncmp(csv, head, strlen(head)), 0);
    ck_assert_ptr_nonnull(
        strstr(csv, "set,\"a, \"\"b\"\"\nc.png\",0,real,0.100000001,real,,,,0000000000000000,,,0.250000\n"));
    ck_assert_ptr_nonnull(strstr(csv, "set,a.png,1,later,0.5,real,1,0.500000,,0000000000000000,\"v, 1\",0.125000,\n"));
    free(csv);
    eval_rows_free(&rows);
    eval_results_free(&r);
}
END_TEST

START_TEST(json_says_the_same_as_csv)
{
    EvalResults r;
    EvalRows rows;
    make_results(&r);
    r.name = "caf\xe9"; /* not UTF-8 */
    make_rows(&r, &rows, 100, 1);
    EvalRun run = { .trained.path = (char *)"run/best.safetensors", .threshold = 0.5, .params = nn_params_new() };
    const EvalBootstrapSpec bootstrap = { 100, 1 };
    const EvalReport report = { .results = r, .rows = rows, .source = "set.csv" };
    char *text = eval_report_json(&report, 1, &run, &bootstrap);
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const json_t *set = json_array_get(json_object_get(j, "data_sets"), 0);
    const json_t *row = json_array_get(json_object_get(set, "rows"), 4);
    ck_assert_str_eq(json_string_value(json_object_get(set, "data")), "caf?");
    ck_assert_str_eq(json_string_value(json_object_get(row, "method")), "all");
    ck_assert(json_is_null(json_object_get(row, "seen")) && json_is_null(json_object_get(row, "pixel_auc")));
    NEAR(json_real_value(json_object_get(json_object_get(row, "auc"), "value")), 0.75);
    NEAR(json_real_value(json_object_get(json_object_get(set, "drop_auc"), "value")), 0.375);
    json_decref(j);
    free(text);
    nn_params_free(run.params);
    eval_rows_free(&rows);
    eval_results_free(&r);
}
END_TEST

START_TEST(table_fits_the_terminal)
{
    static const char *const long_names[] = { "a_manipulation_with_a_very_long_name", "b" };
    EvalResults r;
    EvalRows rows;
    char *text = NULL;
    size_t len = 0;
    make_results(&r);
    r.methods = long_names;
    make_rows(&r, &rows, 100, 1);
    FILE *out = open_memstream(&text, &len);
    eval_table_write(out, &r, &rows, "as given");
    eval_table_explain(out, 100);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "a_manipulation~ unseen"));
    ck_assert_ptr_nonnull(strstr(text, "AUC .938 -> .562, a drop of .375"));
    ck_assert_ptr_nonnull(strstr(text, "n/a"));
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) ck_assert_uint_le(strcspn(line, "\n"), 100);
    free(text);
    eval_rows_free(&rows);
    eval_results_free(&r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("report_files");
    TCase *t = tcase_create("report_files");
    tcase_add_checked_fixture(t, forget_errors, NULL);
    tcase_add_test(t, csv_is_quoted);
    tcase_add_test(t, json_says_the_same_as_csv);
    tcase_add_test(t, table_fits_the_terminal);
    suite_add_tcase(s, t);
    return check_run(s);
}
