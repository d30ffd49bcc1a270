/* test_robustness.c -- a small trained detector under corruptions: the clean row is the plain evaluation bit for bit, every
 * other one is a plain evaluation of corrupted images, and drops are paired. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/bootstrap.h"
#include "eval/eval_arguments.h"
#include "eval/report_files.h"
#include "eval/robustness_files.h"
#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "tests/run_rig.h"

enum { RESAMPLES = 40, SEED = 5 };

static EvalRun *run;
static EvalData data;
static EvalResults clean;
static EvalRows clean_rows;

/* ---- a run of a few steps, saved and opened again ---- */

static void train_a_little(void)
{
    static const char *const tiny[] = { "data.size=16",
                                        "data.forge=swap,inpaint",
                                        "data.identities=24",
                                        "data.test_fraction=0.3",
                                        "data.val_fraction=0.2",
                                        "data.threads=1",
                                        "model.network=lae_small",
                                        "train.batch=8",
                                        "train.threads=1",
                                        "train.steps=8" };
    int better;
    TrainStep step;
    TrainValidation v;
    configure(tiny, sizeof tiny / sizeof *tiny);
    open_data();
    Trainer *t = make_trainer();
    steps(t, 4, &step);
    OK(trainer_validate(t, &no_signal, &v, &better, &err));
    save_last(t, temp_folder);
    trainer_free(t);
    close_data();
}

static void judge(const EvalData *d, EvalResults *results, EvalRows *rows)
{
    OK(eval_judge(run, d, 1, NULL, NULL, results, &err));
    OK(eval_rows_make(results, run->threshold, rows, &err));
    OK(eval_bootstrap(results, rows, RESAMPLES, SEED, &err));
}

static void open_run(void)
{
    temp_folder_make();
    train_a_little();
    OK(eval_run_open(temp_folder, 16, &run, &err));
    OK(eval_data_own(run, 1, &data, &err));
    judge(&data, &clean, &clean_rows);
}

static void close_run(void)
{
    eval_rows_free(&clean_rows);
    eval_results_free(&clean);
    eval_data_close(&data);
    eval_run_close(run);
    temp_folder_remove();
}

static void forget_errors(void)
{
    err = (NnErr){ 0 };
}

static EvalRobust robust_of(const char *protocols, int threads)
{
    const EvalRobustSpec spec = { .protocols = protocols, .threads = threads, .resamples = RESAMPLES, .seed = SEED };
    EvalRobust out;
    OK(eval_robust_make(run, &data, &clean, &clean_rows, &spec, &out, &err));
    return out;
}

/* ---- figures ---- */

/* A point is a plain evaluation: of the images as they are, or corrupted. */
static void check_point(const EvalRobustPoint *p, const EvalRows *rows)
{
    static const EvalRowKind kinds[] = { EVAL_ROW_SEEN, EVAL_ROW_UNSEEN, EVAL_ROW_ALL };
    for (int k = 0; k < EVAL_ROBUST_ROWS; k++) {
        const EvalRow *want = eval_rows_find(rows, kinds[k]);
        const EvalRobustRow *got = &p->rows[k];
        ck_assert_ptr_nonnull(want);
        ck_assert(got->n_real == want->n_real && got->n_fake == want->n_fake && got->n_masks == want->n_masks);
        ck_assert_mem_eq(&got->auc, &want->auc, sizeof got->auc);
        ck_assert(got->balanced == want->balanced.value && got->pixel_auc == want->pixel_auc);
        ck_assert(got->auc.lo < got->auc.hi);
    }
}

START_TEST(clean_row_is_the_plain_evaluation)
{
    EvalRobust robust = robust_of("cnndetection", 1);
    EvalResults again;
    EvalRows rows;
    judge(&data, &again, &rows);
    ck_assert_ptr_null(robust.points[0].op);
    check_point(&robust.points[0], &rows);
    for (int k = 0; k < EVAL_ROBUST_ROWS; k++) {
        const EvalEstimate *drop = &robust.points[0].rows[k].drop;
        ck_assert(drop->value == 0 && drop->lo == 0 && drop->hi == 0);
    }
    eval_rows_free(&rows);
    eval_results_free(&again);
    eval_robust_free(&robust);
}
END_TEST

START_TEST(points_are_plain_evaluations_of_corrupted_images)
{
    EvalRobust robust = robust_of("cnndetection", 1);
    int different = 0;
    ck_assert_int_eq(robust.n_points, 1 + 6 + 8);
    for (int i = 1; i < robust.n_points; i += 4) {
        const EvalRobustPoint *p = &robust.points[i];
        const DataCorruption corruption = { p->op, p->level, SEED };
        EvalData corrupted = data;
        EvalResults results;
        EvalRows rows;
        corrupted.corruption = &corruption;
        judge(&corrupted, &results, &rows);
        check_point(p, &rows);
        for (int k = 0; k < EVAL_ROBUST_ROWS; k++)
            ck_assert(p->rows[k].drop.value == robust.points[0].rows[k].auc.value - p->rows[k].auc.value);
        for (int n = 0; n < data.n; n++) different += results.items[n].score != clean.items[n].score;
        eval_rows_free(&rows);
        eval_results_free(&results);
    }
    ck_assert_int_gt(different, 2 * data.n);
    eval_robust_free(&robust);
}
END_TEST

/* AUC by counting pairs, each item as often as its group was drawn. */
static double weighed_auc(const EvalResults *r, const uint64_t *groups, int n_groups, const int *count)
{
    double won = 0, pairs = 0;
    for (int i = 0; i < r->n; i++)
        for (int j = 0; j < r->n; j++) {
            if (!r->items[i].label || r->items[j].label) continue;
            double times = 1;
            for (int g = 0; g < n_groups; g++) {
                if (groups[g] == r->items[i].group) times *= count[g];
                if (groups[g] == r->items[j].group) times *= count[g];
            }
            const float f = r->items[i].score, t = r->items[j].score;
            won += times * (f > t ? 1 : f == t ? 0.5 : 0), pairs += times;
        }
    return won / pairs;
}

static int by_number(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* The interval of a drop, by brute force: the same resamples for both. */
START_TEST(drops_are_paired)
{
    EvalRobust robust = robust_of("imdl", 1);
    const EvalRobustPoint *p = &robust.points[3];
    const DataCorruption corruption = { p->op, p->level, SEED };
    EvalData corrupted = data;
    EvalResults results;
    EvalRows rows;
    uint64_t groups[256];
    int count[256], n_groups = 0;
    double drop[RESAMPLES];
    corrupted.corruption = &corruption;
    judge(&corrupted, &results, &rows);
    ck_assert_int_lt(data.n, 256);
    for (int i = 0; i < data.n; i++) { /* insertion into a sorted list */
        int at = n_groups;
        while (at > 0 && groups[at - 1] >= clean.items[i].group) at--;
        if (at < n_groups && groups[at] == clean.items[i].group) continue;
        memmove(groups + at + 1, groups + at, (size_t)(n_groups - at) * sizeof *groups);
        groups[at] = clean.items[i].group;
        n_groups++;
    }
    for (int b = 0; b < RESAMPLES; b++) {
        NnRng rng = nn_rng_make(SEED, NN_STREAM_BOOTSTRAP, 0, (uint32_t)b);
        memset(count, 0, sizeof count);
        for (int g = 0; g < n_groups; g++) count[nn_rng_below(&rng, (uint32_t)n_groups)]++;
        drop[b] = weighed_auc(&clean, groups, n_groups, count) - weighed_auc(&results, groups, n_groups, count);
    }
    qsort(drop, RESAMPLES, sizeof *drop, by_number);
    const EvalEstimate *got = &p->rows[EVAL_ROBUST_ALL].drop;
    const double lo = 0.025 * (RESAMPLES - 1), hi = 0.975 * (RESAMPLES - 1); /* .975 and 38.025 */
    ck_assert_double_eq_tol(got->lo, drop[0] + lo * (drop[1] - drop[0]), 1e-12);
    ck_assert_double_eq_tol(got->hi, drop[38] + (hi - 38) * (drop[39] - drop[38]), 1e-12);
    eval_rows_free(&rows);
    eval_results_free(&results);
    eval_robust_free(&robust);
}
END_TEST

START_TEST(means_by_hand)
{
    EvalRobust robust = robust_of("imdl, cnndetection", 1);
    double operators[5] = { 0 };
    ck_assert_int_eq(robust.n_points, 1 + 18 + 14);
    ck_assert_int_eq(robust.n_means, 5 + 2 + 1);
    for (int i = 1, k = -1; i < robust.n_points; i++) {
        k += robust.points[i].level == 0;
        operators[k] += robust.points[i].rows[EVAL_ROBUST_SEEN].drop.value / robust.points[i].op->n_levels;
    }
    for (int k = 0; k < 5; k++) {
        ck_assert_ptr_nonnull(robust.means[k].op);
        ck_assert_double_eq_tol(robust.means[k].drop[EVAL_ROBUST_SEEN].value, operators[k], 1e-12);
    }
    const double imdl = (operators[0] + operators[1] + operators[2]) / 3, cnn = (operators[3] + operators[4]) / 2;
    ck_assert_str_eq(robust.means[5].protocol, "imdl");
    ck_assert_str_eq(robust.means[6].protocol, "cnndetection");
    ck_assert_ptr_null(robust.means[7].protocol);
    ck_assert_double_eq_tol(robust.means[5].drop[EVAL_ROBUST_SEEN].value, imdl, 1e-12);
    ck_assert_double_eq_tol(robust.means[6].drop[EVAL_ROBUST_SEEN].value, cnn, 1e-12);
    ck_assert_double_eq_tol(robust.means[7].drop[EVAL_ROBUST_SEEN].value, (3 * imdl + 2 * cnn) / 5, 1e-12);
    for (int i = 0; i < robust.n_means; i++)
        for (int k = 0; k < EVAL_ROBUST_ROWS; k++) ck_assert(robust.means[i].drop[k].lo <= robust.means[i].drop[k].hi);
    eval_robust_free(&robust);
}
END_TEST

START_TEST(same_bits_at_any_thread_count)
{
    const int before = nn_threads();
    nn_threads_set(1);
    EvalRobust one = robust_of("imdl", 1);
    nn_threads_set(3);
    EvalRobust many = robust_of("imdl", 3);
    nn_threads_set(before);
    ck_assert_int_eq(one.n_points, 19);
    ck_assert_mem_eq(one.points, many.points, 19 * sizeof *one.points);
    ck_assert_mem_eq(one.means, many.means, (size_t)one.n_means * sizeof *one.means);
    eval_robust_free(&one);
    eval_robust_free(&many);
}
END_TEST

/* ---- without forgeries, with mistakes ---- */

START_TEST(one_class_is_not_available)
{
    EvalData real = data;
    int index[256];
    real.index = index, real.n = 0;
    for (int i = 0; i < data.n; i++)
        if (!data.set->items[data.index[i]].label) index[real.n++] = data.index[i];
    EvalResults results;
    EvalRows rows;
    EvalRobust robust;
    judge(&real, &results, &rows);
    const EvalRobustSpec spec = { .protocols = "imdl", .threads = 1, .resamples = 10, .seed = 1 };
    OK(eval_robust_make(run, &real, &results, &rows, &spec, &robust, &err));
    for (int i = 0; i < robust.n_points; i++)
        for (int k = 0; k < EVAL_ROBUST_ROWS; k++)
            ck_assert(isnan(robust.points[i].rows[k].auc.value) && isnan(robust.points[i].rows[k].drop.lo));
    ck_assert_int_eq(robust.points[2].rows[EVAL_ROBUST_ALL].n_real, real.n);
    ck_assert_int_eq(robust.points[2].rows[EVAL_ROBUST_SEEN].n_real, 0);
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    eval_robust_table(out, &robust);
    eval_robust_csv(out, &robust);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "AUC all       n/a   n/a"));
    ck_assert_ptr_nonnull(strstr(text, ",imdl,jpeg,quality,100,level,all,"));
    ck_assert_ptr_null(strstr(text, "nan"));
    free(text);
    eval_robust_free(&robust);
    eval_rows_free(&rows);
    eval_results_free(&results);
}
END_TEST

START_TEST(mistakes_are_named)
{
    EvalArguments a;
    EvalRobust robust;
    const EvalRobustSpec spec = { .protocols = "imdl,blurry", .threads = 1 };
    ck_assert_int_eq(eval_robust_make(run, &data, &clean, &clean_rows, &spec, &robust, &err), NN_ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.msg, "\"blurry\""));
    ck_assert_ptr_null(robust.points);
    char *wrong[] = { "eval", "run", "--robust", "cnndetect" },
         *single[] = { "eval", "run", "--robust=all", "--score", "a" };
    char *compared[] = { "eval", "--robust", "all", "--compare", "a" },
         *right[] = { "eval", "run", "--robust", "imdl,all" };
    forget_errors();
    ck_assert_int_eq(eval_arguments_parse(4, wrong, &a, &err), NN_ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.msg, "cnndetection"));
    forget_errors();
    ck_assert_int_eq(eval_arguments_parse(5, single, &a, &err), NN_ERR_USAGE);
    forget_errors();
    ck_assert_int_eq(eval_arguments_parse(5, compared, &a, &err), NN_ERR_USAGE);
    forget_errors();
    OK(eval_arguments_parse(4, right, &a, &err));
    ck_assert_str_eq(a.robust, "imdl,all");
    eval_arguments_free(&a);
}
END_TEST

/* ---- files ---- */

static int count_of(const char *text, char c)
{
    int n = 0;
    for (; *text; text++) n += *text == c;
    return n;
}

static void check_csv(char *csv, const EvalRobust *robust)
{
    const int columns = 17;
    ck_assert_int_eq(count_of(csv, '\n'), 1 + 3 * (robust->n_points + robust->n_means));
    ck_assert_ptr_nonnull(strstr(csv, "\nportraits,,,,,clean,seen,"));
    ck_assert_ptr_nonnull(strstr(csv, "\nportraits,imdl,jpeg,quality,90,level,unseen,"));
    ck_assert_ptr_nonnull(strstr(csv, "\nportraits,imdl,noise,\"variance, of 255\",,mean,all,"));
    ck_assert_ptr_nonnull(strstr(csv, "\nportraits,imdl,,,,mean,all,"));
    for (char *line = strtok(csv, "\n"); line; line = strtok(NULL, "\n")) {
        const int quoted = strchr(line, '"') != NULL; /* "variance, of 255" */
        ck_assert_msg(count_of(line, ',') == columns + quoted, "%s", line);
    }
}

static void check_json(const EvalRobust *robust)
{
    json_t *j = eval_robust_json(robust);
    ck_assert_ptr_nonnull(j);
    ck_assert_int_eq(json_integer_value(json_object_get(j, "corrupted_at_size")), 16);
    ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(j, "jpeg_encoder")), "stb"));
    const json_t *points = json_object_get(j, "points"), *last = json_array_get(points, 18);
    ck_assert_uint_eq(json_array_size(points), 19);
    ck_assert(json_is_null(json_object_get(json_array_get(points, 0), "operator")));
    ck_assert_str_eq(json_string_value(json_object_get(last, "operator")), "jpeg");
    ck_assert(json_real_value(json_object_get(last, "level")) == 50);
    const json_t *auc = json_object_get(json_object_get(last, "seen"), "auc");
    ck_assert(json_real_value(json_object_get(auc, "value")) == robust->points[18].rows[EVAL_ROBUST_SEEN].auc.value);
    ck_assert_uint_eq(json_array_size(json_object_get(j, "mean_drops")), 4);
    json_decref(j);
}

START_TEST(files_and_table)
{
    EvalReport report = { .results = clean, .rows = clean_rows, .source = "here", .robust = robust_of("imdl", 1) };
    const EvalBootstrapSpec bootstrap = { RESAMPLES, SEED };
    char *csv = eval_robustness_csv(&report, 1), *json = eval_report_json(&report, 1, run, &bootstrap), *text = NULL;
    size_t len;
    ck_assert(csv && json);
    check_csv(csv, &report.robust);
    check_json(&report.robust);
    ck_assert_ptr_nonnull(strstr(json, "\"robustness\": {"));
    FILE *out = open_memstream(&text, &len);
    eval_robust_table(out, &report.robust);
    eval_robust_explain(out, &report.robust);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "stb_image_write"));
    ck_assert_ptr_nonnull(strstr(text, "clean   100    90    80    70    60    50"));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) ck_assert_uint_le(strlen(line), 100);
    OK(eval_report_save(temp_folder, &report, 1, run, &bootstrap, &err));
    ck_assert_int_eq(remove(in_folder("robustness.csv")), 0);
    free(csv);
    free(json);
    free(text);
    eval_robust_free(&report.robust);
    OK(eval_report_save(temp_folder, &report, 1, run, &bootstrap, &err));
    ck_assert_int_ne(remove(in_folder("robustness.csv")), 0); /* nobody asked for it */
}
END_TEST

int main(void)
{
    Suite *s = suite_create("robustness");
    TCase *t = tcase_create("run");
    tcase_set_timeout(t, 60);
    tcase_add_unchecked_fixture(t, open_run, close_run);
    tcase_add_checked_fixture(t, forget_errors, NULL);
    tcase_add_test(t, clean_row_is_the_plain_evaluation);
    tcase_add_test(t, points_are_plain_evaluations_of_corrupted_images);
    tcase_add_test(t, drops_are_paired);
    tcase_add_test(t, means_by_hand);
    tcase_add_test(t, same_bits_at_any_thread_count);
    tcase_add_test(t, one_class_is_not_available);
    tcase_add_test(t, mistakes_are_named);
    tcase_add_test(t, files_and_table);
    suite_add_tcase(s, t);
    return check_run(s);
}
