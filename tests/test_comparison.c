/* test_comparison.c -- runs read back from their files and set side by side; tables as Markdown and LaTeX. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/comparison_files.h"
#include "eval/report_files.h"
#include "eval/student.h"
#include "eval/text_table.h"
#include "nn/base/file.h"
#include "tests/check_main.h"
#include "tests/temp_folder.h"

#define NEAR(a, b) ck_assert_double_eq_tol(a, b, 1e-8)

static NnErr err;

static void forget_errors(void)
{
    err = (NnErr){ 0 };
}

/* ---- runs on disk ---- */

enum { ITEMS = 12 };
static const char *const names[] = { "early", "later" };
static const float first[ITEMS] = { .1f, .2f, .3f, .6f, .05f, .25f, .4f, .65f, .5f, .7f, .8f, .9f };

/* Four real images, four forgeries of each method ("later" is seen), listed backwards if asked to. */
static void fill_results(EvalResults *r, const float score[ITEMS], int backwards)
{
    static char paths[ITEMS][32];
    ck_assert_int_eq(eval_results_init(r, ITEMS, 2, &err), NN_OK);
    r->name = "set";
    r->methods = names;
    r->seen[1] = 1;
    for (int k = 0; k < ITEMS; k++) {
        const int i = backwards ? ITEMS - 1 - k : k;
        snprintf(paths[i], sizeof paths[i], "image, %02d", i);
        r->items[k] = (EvalItem){ .path = paths[i],
                                  .group = (uint64_t)(i % 4) + 0xfedcba9876543210,
                                  .label = i >= 4,
                                  .method = i / 4 - 1,
                                  .score = score[i],
                                  .has_mask = i >= 8,
                                  .pixel_auc = i >= 8 ? 0.5 : (double)NAN,
                                  .iou = i >= 8 ? (double)score[i] / 2 : (double)NAN,
                                  .iou_prior = NAN };
    }
}

static void add_pixels(EvalResults *r, int hits)
{
    static const float map[4] = { .9f, .6f, .2f, .1f };
    const unsigned char mask[4] = { hits > 0, hits > 1, hits == 0, 0 };
    ck_assert_int_eq(eval_pixel_pool_add(&r->pixels[1], map, mask, 4, &err), NN_OK);
}

typedef struct {
    const char *folder;
    uint64_t seed;
    const float *score;
    int backwards, hits;
} Spec;

static void save_run(const Spec *s)
{
    char folder[256];
    EvalReport report = { .source = "set.csv" };
    EvalRun run = { .trained = { .path = (char *)"best.safetensors", .seed = s->seed },
                    .threshold = 0.45,
                    .params = nn_params_new() };
    fill_results(&report.results, s->score, s->backwards);
    add_pixels(&report.results, s->hits);
    ck_assert_int_eq(eval_rows_make(&report.results, run.threshold, &report.rows, &err), NN_OK);
    snprintf(folder, sizeof folder, "%s/%s/eval", temp_folder, s->folder);
    ck_assert_int_eq(eval_report_save(folder, &report, 1, &run, &(EvalBootstrapSpec){ 0, 1 }, &err), NN_OK);
    eval_rows_free(&report.rows);
    eval_results_free(&report.results);
    nn_params_free(run.params);
}

/* The first system with seeds 1 and 2, the second with 2, 1 and 3; seed 2 improves image 3, which is real. */
static void save_runs(void)
{
    static float better[ITEMS];
    memcpy(better, first, sizeof better);
    better[3] = 0.0f;
    const Spec specs[] = { { "old-s1", 1, first, 0, 1 },
                           { "old-s2", 2, first, 1, 1 },
                           { "new_b-s2", 2, better, 0, 0 },
                           { "new_b-s1", 1, first, 1, 1 },
                           { "new_b-s3", 3, better, 0, 1 } };
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) save_run(&specs[i]);
}

static NnStatus compare(int n, const char *const *folders, int resamples, EvalComparison *out)
{
    char paths[8][256];
    const char *list[8];
    for (int i = 0; i < n; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", temp_folder, folders[i]);
        list[i] = paths[i];
    }
    forget_errors();
    return eval_comparison_make(list, n, resamples, 1, out, &err);
}

static const char *const all_runs[] = { "old-s2/", "new_b-s2", "old-s1", "new_b-s1", "new_b-s3" };

START_TEST(runs_are_read_back)
{
    EvalPastRun run;
    save_runs();
    ck_assert_int_eq(eval_past_run_read(in_folder("old-s2"), &run, &err), NN_OK);
    ck_assert_str_eq(run.name, "old");
    ck_assert_uint_eq(run.seed, 2);
    ck_assert_int_eq(run.n_sets, 1);
    const EvalPastSet *set = &run.sets[0];
    ck_assert_str_eq(set->name, "set");
    ck_assert_int_eq(set->results.n, ITEMS);
    for (int i = 0; i < ITEMS; i++) {
        const EvalItem *item = &set->results.items[i];
        ck_assert_float_eq(item->score, first[i]); /* by path, though it was written backwards */
        ck_assert(item->group == (uint64_t)(i % 4) + 0xfedcba9876543210);
        ck_assert_int_eq(item->has_mask, i >= 8);
    }
    ck_assert_str_eq(set->rows.rows[0].name, "later");
    NEAR(set->rows.rows[0].auc.value, 15. / 16);
    NEAR(set->rows.rows[0].iou, (.5 + .7 + .8 + .9) / 8);
    NEAR(set->rows.rows[0].pixel_auc, 1);
    eval_past_run_free(&run);
    ck_assert_int_eq(eval_past_run_read(in_folder("old-s2/eval"), &run, &err), NN_OK); /* wherever they lie */
    ck_assert_str_eq(run.name, "eval");
    eval_past_run_free(&run);
}
END_TEST

START_TEST(figures_by_hand)
{
    EvalComparison c;
    save_runs();
    ck_assert_int_eq(compare(5, all_runs, 40, &c), NN_OK);
    ck_assert_int_eq(c.n_systems, 2);
    ck_assert_str_eq(c.systems[0].name, "old");
    ck_assert_str_eq(c.systems[1].name, "new_b");
    ck_assert_uint_eq(c.systems[0].runs[1].seed, 2);
    ck_assert_int_eq(c.systems[1].n_runs, 3);
    ck_assert_int_eq(c.systems[1].shared, 2);
    /* AUC of "later": 15/16 for each old run; new ones 15/16, 1, 1. Accuracy at .45: 7/8, then 1. */
    const EvalComparedFigure *old = c.systems[0].figures, *new = c.systems[1].figures;
    NEAR(old[EVAL_AUC].mean, 15. / 16);
    NEAR(old[EVAL_AUC].sd, 0);
    ck_assert(isnan(old[EVAL_AUC].difference.value));
    NEAR(new[EVAL_AUC].mean, (15. / 16 + 2) / 3);
    NEAR(new[EVAL_AUC].sd, 1. / 16 / sqrt(3));
    NEAR(new[EVAL_AUC].difference.value, 1. / 32);
    NEAR(new[EVAL_BALANCED].difference.value, 1. / 16);
    NEAR(new[EVAL_IOU].difference.value, 0);
    NEAR(new[EVAL_IOU].difference.hi, 0);
    ck_assert_double_lt(new[EVAL_AUC].difference.lo, 0);
    /* Pooled pixel AUC: 1 but for seed 2, whose map has its forged pixel third of four. */
    NEAR(new[EVAL_PIXEL_AUC].mean, (1 + 1. / 3 + 1) / 3);
    NEAR(new[EVAL_PIXEL_AUC].difference.value, -1. / 3);
    NEAR(new[EVAL_PIXEL_AUC].difference.hi, -1. / 3 + eval_student_factor(0.05, 1) / 3);
    eval_comparison_free(&c);
}
END_TEST

START_TEST(one_run_each_has_no_spread)
{
    EvalComparison c;
    save_runs();
    ck_assert_int_eq(compare(2, (const char *const[]){ "old-s1", "new_b-s3" }, 40, &c), NN_OK);
    ck_assert(isnan(c.systems[1].figures[EVAL_AUC].sd) && isnan(c.systems[1].figures[EVAL_AUC].difference.value));
    ck_assert_int_eq(c.systems[1].shared, 0);
    char *text = eval_comparison_markdown(&c);
    ck_assert_ptr_nonnull(strstr(text, " new_b: 0 of its 1 seeds are shared with old."));
    ck_assert_ptr_null(strstr(text, "interval"));
    free(text);
    eval_comparison_free(&c);
}
END_TEST

/* ---- what is refused ---- */

static void expect_refusal(NnStatus status, const char *a, const char *b, const char *said)
{
    EvalComparison c;
    ck_assert_int_eq(compare(2, (const char *const[]){ a, b }, 10, &c), status);
    ck_assert_msg(strstr(err.msg, said), "said: %s", err.msg);
}

static void write_file(const char *name, const char *text)
{
    const NnChunk chunk = { text, strlen(text) };
    ck_assert_int_eq(nn_file_write(in_folder(name), &chunk, 1, &err), NN_OK);
}

START_TEST(what_does_not_fit_is_refused)
{
    save_runs();
    expect_refusal(NN_ERR_IO, "old-s1", "nowhere", "first: build/eval");
    expect_refusal(NN_ERR_DATA, "old-s1", "old-s1", "both are old with seed 1");
    write_file("new_b-s1/eval/scores.csv", "data,path,label,method,score,verdict,seen,pixel_auc,iou\n");
    expect_refusal(NN_ERR_DATA, "old-s1", "new_b-s1", "no column \"group\"");
    write_file("new_b-s1/eval/scores.csv", "data,path,label,method,score,verdict,seen,pixel_auc,iou,group\n");
    expect_refusal(NN_ERR_DATA, "old-s1", "new_b-s1", "no images");
    write_file("new_b-s1/eval/scores.csv", "data,path,label,method,score,verdict,seen,pixel_auc,iou,group\n"
                                           "set,a,0,real,high,real,,,,0\n");
    expect_refusal(NN_ERR_DATA, "old-s1", "new_b-s1", "scores.csv:2: score = \"high\"");
    write_file("new_b-s1/eval/scores.csv", "data,path,label,method,score,verdict,seen,pixel_auc,iou,group\n"
                                           "set,a,1,swap,.5,real,,,,0\n");
    expect_refusal(NN_ERR_DATA, "old-s1", "new_b-s1", "expected label 0 or 1");
    write_file("new_b-s1/eval/scores.csv", "data,path,label,method,score,verdict,seen,pixel_auc,iou,group\n"
                                           "set,a,0,real,.5,real,,,,0\nset,b,1,swap,.5,real,1,,,1\n");
    expect_refusal(NN_ERR_DATA, "old-s1", "new_b-s1", "does not follow from scores.csv");
    write_file("new_b-s2/eval/eval.json", "{");
    expect_refusal(NN_ERR_DATA, "old-s1", "new_b-s2", "eval.json:1");
    write_file("new_b-s2/eval/eval.json", "{\"run\": {}}");
    expect_refusal(NN_ERR_DATA, "old-s1", "new_b-s2", "no seed");
}
END_TEST

/* ---- tables ---- */

START_TEST(files_say_the_same)
{
    EvalComparison c;
    save_runs();
    ck_assert_int_eq(compare(5, all_runs, 40, &c), NN_OK);
    char *csv = eval_comparison_csv(&c), *markdown = eval_comparison_markdown(&c), *latex = eval_comparison_latex(&c);
    ck_assert_ptr_nonnull(strstr(csv, "\nold,set,later,1,manipulation,auc,2,0.937500,0.000000,,,,0\n"));
    ck_assert_ptr_nonnull(strstr(csv, "\nnew_b,set,later,1,manipulation,auc,3,0.979167,0.036084,0.031250,"));
    ck_assert_ptr_nonnull(strstr(csv, "\nnew_b,set,all,,pooled,iou,3,"));
    ck_assert_ptr_nonnull(strstr(markdown, "| new_b "));
    ck_assert_ptr_nonnull(strstr(markdown, "0.979 \xc2\xb1 0.036"));
    ck_assert_ptr_nonnull(strstr(markdown, "+0.031 ["));
    ck_assert_ptr_nonnull(strstr(markdown, "with the same seeds; in brackets their 95 % intervals over seeds and "));
    ck_assert_ptr_nonnull(strstr(markdown, "new_b: 2 of its 3 seeds are shared with old."));
    ck_assert_ptr_null(strstr(markdown, "nan"));
    ck_assert_ptr_nonnull(strstr(latex, "\nnew\\_b & 0.979 $\\pm$ 0.036 & "));
    ck_assert_ptr_nonnull(strstr(latex, "\\shortstack{+0.031\\\\{\\scriptsize {[}$-$"));
    free(csv);
    free(markdown);
    free(latex);
    eval_comparison_free(&c);
}
END_TEST

static char *as_text(const EvalTextTable *t, int latex)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (latex) eval_text_table_latex(out, t, "50 %");
    else eval_text_table_markdown(out, t, 2, "50 %");
    fclose(out);
    return text;
}

START_TEST(tables_are_escaped_and_aligned)
{
    EvalTextTable t = { .n_columns = 2 };
    char long_name[400];
    memset(long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = 0;
    eval_text_table_add(&t, 0, "name");
    eval_text_table_add(&t, 0, "d");
    eval_text_table_add(&t, 0, "a|<b_c-1~^\\");
    eval_text_table_add(&t, 1, "-0.5 \xc2\xb1 0.1");
    char *markdown = as_text(&t, 0), *latex = as_text(&t, 1);
    ck_assert_str_eq(markdown, "## 50 %\n\n"
                               "| name          | d              |\n"
                               "|---------------|----------------|\n"
                               "| a\\|\\<b_c-1~^\\ | **-0.5 \xc2\xb1 0.1** |\n\n");
    ck_assert_ptr_nonnull(strstr(latex, "\\caption{50 \\%}\n\\begin{tabular}{lr}\n\\hline\nname & d \\\\\n\\hline\n"));
    ck_assert_ptr_nonnull(strstr(latex, "a|<b\\_c-1\\textasciitilde{}\\textasciicircum{}\\textbackslash{} & "
                                        "\\textbf{$-$0.5 $\\pm$ 0.1} \\\\\n"));
    free(markdown);
    free(latex);
    eval_text_table_add(&t, 0, "%s", long_name);
    ck_assert_uint_eq(strlen(t.cells[4].text), EVAL_CELL_MAX - 1);
    ck_assert_int_eq(t.cells[4].text[EVAL_CELL_MAX - 2], '~');
    eval_text_table_free(&t);
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_checked_fixture(t, forget_errors, NULL);
    tcase_add_checked_fixture(t, temp_folder_make, temp_folder_remove);
    tcase_add_test(t, runs_are_read_back);
    tcase_add_test(t, figures_by_hand);
    tcase_add_test(t, one_run_each_has_no_spread);
    tcase_add_test(t, what_does_not_fit_is_refused);
    tcase_add_test(t, files_say_the_same);
    tcase_add_test(t, tables_are_escaped_and_aligned);
}

int main(void)
{
    Suite *s = suite_create("comparison");
    TCase *t = tcase_create("comparison");
    add_tests(t);
    suite_add_tcase(s, t);
    return check_run(s);
}
