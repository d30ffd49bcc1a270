/* test_eval_page.c -- report.html: what its verdict says of known figures, what it shows, and that hostile names stay text. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/bootstrap.h"
#include "eval/eval_page.h"
#include "eval/verdict.h"
#include "nn/base/file.h"
#include "tests/check_main.h"
#include "tests/temp_folder.h"

static NnErr err;

static void forget_errors(void)
{
    err = (NnErr){ 0 };
}

/* ---- a judged data set by hand ---- */

enum { GROUPS = 40, METHODS = 2, ITEMS = GROUPS * (1 + METHODS) };
#define HOSTILE "<script>alert('x')</script>\"&\xff"

static const char *const methods[METHODS] = { "swap", "a\"><img src=x onerror=alert(1)>" };
static char paths[ITEMS][64];

/* Real images score .1, the first method (seen) `seen`, the other `unseen`, all a little apart. */
static void fill(EvalReport *report, float seen, float unseen)
{
    const float base[1 + METHODS] = { .1f, seen, unseen };
    *report = (EvalReport){ .source = HOSTILE };
    ck_assert_int_eq(eval_results_init(&report->results, ITEMS, METHODS, &err), NN_OK);
    report->results.name = HOSTILE;
    report->results.methods = methods;
    report->results.seen[0] = 1;
    for (int i = 0; i < ITEMS; i++) {
        const int kind = i % (1 + METHODS), group = i / (1 + METHODS);
        snprintf(paths[i], sizeof paths[i], "</div>%d" HOSTILE, i);
        report->results.items[i] = (EvalItem){ .path = paths[i],
                                               .group = (uint64_t)group,
                                               .label = kind > 0,
                                               .method = kind - 1,
                                               .score = base[kind] + .001f * (float)group,
                                               .has_mask = kind > 0,
                                               .pixel_auc = .5,
                                               .iou = kind > 0 ? .5 + .001 * group : (double)NAN,
                                               .iou_prior = kind > 0 ? .2 : (double)NAN };
    }
    ck_assert_int_eq(eval_rows_make(&report->results, .5, &report->rows, &err), NN_OK);
    for (int k = 0; k < report->rows.n; k++) {
        report->rows.rows[k].pixel_auc = .9;
        report->rows.rows[k].pixel_auc_prior = .8;
    }
    ck_assert_int_eq(eval_bootstrap(&report->results, &report->rows, 50, 1, &err), NN_OK);
}

static void release(EvalReport *report)
{
    eval_rows_free(&report->rows);
    eval_results_free(&report->results);
}

/* ---- the verdict ---- */

static EvalVerdict verdict;

static int says(const char *text)
{
    for (int i = 0; i < verdict.n; i++)
        if (strstr(verdict.sentence[i], text)) return 1;
    return strstr(verdict.headline, text) != NULL;
}

static void judge(float seen, float unseen)
{
    EvalReport report;
    fill(&report, seen, unseen);
    ck_assert_int_eq(eval_verdict_make(&report, 1, &verdict, &err), NN_OK);
    release(&report);
}

START_TEST(trust_follows_the_interval)
{
    static const struct {
        EvalEstimate auc;
        EvalTrust trust;
    } cases[] = {
        { { .95, .90, .99 }, EVAL_TRUST_FULL },
        { { .95, .89, .99 }, EVAL_TRUST_PARTLY },
        { { .75, .70, .80 }, EVAL_TRUST_PARTLY },
        { { .65, .51, .80 }, EVAL_TRUST_LITTLE },
        { { .65, .50, .80 }, EVAL_TRUST_NONE },
        { { .45, .40, .51 }, EVAL_TRUST_NONE },
        { { .40, .30, .49 }, EVAL_TRUST_WRONG },
        { { .92, (double)NAN, (double)NAN }, EVAL_TRUST_FULL },
        { { (double)NAN, (double)NAN, (double)NAN }, EVAL_TRUST_UNKNOWN },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(eval_trust(&cases[i].auc) == cases[i].trust, "case %zu", i);
}
END_TEST

START_TEST(a_specialist_is_mixed)
{
    judge(.9f, .1f);
    ck_assert_int_eq(verdict.tone, EVAL_TONE_MIXED);
    ck_assert_int_eq(verdict.seen, EVAL_TRUST_FULL);
    ck_assert_int_eq(verdict.unseen, EVAL_TRUST_NONE);
    ck_assert(says("trained on, reliably; on other kinds, not shown to be better than guessing."));
    ck_assert(says("From kinds that it was trained on to others the AUC falls by 0.50"));
    ck_assert(says("it calls 0 of 40 real images forged (0 %); it misses 0 of 40 forgeries of kinds it was trained on "
                   "(0 %), and 40 of 40 forgeries of other kinds (100 %)."));
    ck_assert(says("Its map shows where a forgery is"));
    ck_assert(says("do not read its score") || says("Do not read its score"));
}
END_TEST

START_TEST(tones_have_their_rules)
{
    judge(.9f, .95f);
    ck_assert_int_eq(verdict.tone, EVAL_TONE_GOOD);
    judge(.1f, .1f);
    ck_assert_int_eq(verdict.tone, EVAL_TONE_BAD);
    judge(.0f, .9f);
    ck_assert_int_eq(verdict.seen, EVAL_TRUST_WRONG);
    ck_assert_int_eq(verdict.tone, EVAL_TONE_BAD);
}
END_TEST

START_TEST(one_class_says_nothing)
{
    EvalReport report;
    fill(&report, .9f, .9f);
    for (int i = 0; i < ITEMS; i++) report.results.items[i].label = 0, report.results.items[i].method = -1;
    eval_rows_free(&report.rows);
    ck_assert_int_eq(eval_rows_make(&report.results, .5, &report.rows, &err), NN_OK);
    ck_assert_int_eq(eval_verdict_make(&report, 1, &verdict, &err), NN_OK);
    ck_assert_int_eq(verdict.tone, EVAL_TONE_UNKNOWN);
    ck_assert(says("There are no forgeries in it"));
    release(&report);
}
END_TEST

/* Gains .3 + .001 g for groups g = 0..39, two images each: the same for both, so a group counts as one. */
START_TEST(gain_over_the_prior_counts_groups)
{
    EvalReport report;
    fill(&report, .9f, .9f);
    const EvalEstimate gain = eval_iou_gain(&report.results, eval_rows_find(&report.rows, EVAL_ROW_ALL));
    ck_assert_double_eq_tol(gain.value, .3 + .001 * 19.5, 1e-12);
    const double variance = 1e-6 * (40. * 40 - 1) / 12 / 40; /* of a mean of 40 values 1..40, over n */
    ck_assert_double_eq_tol(gain.hi - gain.value, 1.96 * sqrt(variance), 1e-12);
    release(&report);
}
END_TEST

/* ---- the gallery ---- */

enum { SIZE = 4 };

static void show(EvalGallery *g, int label, float score)
{
    static const float image[3 * SIZE * SIZE], map[SIZE * SIZE], mask[SIZE * SIZE];
    char path[32];
    snprintf(path, sizeof path, "%.3f", (double)score);
    const EvalItem item = { .path = path, .label = label, .score = score };
    const EvalView view = {
        .size = SIZE, .method = label ? "swap" : "real", .item = &item, .image = image, .mask = mask, .map = map
    };
    ck_assert_int_eq(eval_gallery_visit(g, &view, .5, &err), NN_OK);
}

START_TEST(gallery_keeps_the_surest_errors)
{
    EvalGallery g = { .n = 0 };
    ck_assert_int_eq(eval_gallery_begin(&g, &err), NN_OK);
    for (int i = 0; i < 20; i++) {
        const float score = (float)((i * 7) % 20) / 20;
        show(&g, 0, score);
        show(&g, 1, score);
    }
    const EvalGallerySet *set = g.sets[0];
    ck_assert_int_eq(set->all[EVAL_FALSE_ALARM], 10);
    ck_assert_int_eq(set->all[EVAL_MISS], 10);
    ck_assert_int_eq(set->n[EVAL_MISS], EVAL_GALLERY_SHOTS);
    for (int i = 0; i < EVAL_GALLERY_SHOTS; i++) {
        ck_assert_double_eq_tol(set->shots[EVAL_FALSE_ALARM][i].score, .95 - .05 * i, 1e-6);
        ck_assert_double_eq_tol(set->shots[EVAL_MISS][i].score, .05 * i, 1e-6);
    }
    ck_assert_ptr_null(set->shots[EVAL_FALSE_ALARM][0].tile[2].px); /* a real image has no mask to show */
    ck_assert_ptr_nonnull(set->shots[EVAL_MISS][0].tile[2].px);
    eval_gallery_free(&g);
}
END_TEST

/* ---- the page ---- */

static char *save_page(const EvalReportPage *page)
{
    unsigned char *text;
    size_t len;
    ck_assert_int_eq(eval_report_page_save(page, temp_folder, &err), NN_OK);
    ck_assert_int_eq(nn_file_read(in_folder("report.html"), 1 << 24, &text, &len, &err), NN_OK);
    return (char *)text;
}

static void write_file(const char *name, const char *text)
{
    ck_assert_int_eq(nn_file_write(in_folder(name), &(NnChunk){ text, strlen(text) }, 1, &err), NN_OK);
}

/* Every chart and table, all names hostile: none of them may become markup. */
START_TEST(page_holds_its_parts_and_escapes)
{
    EvalReport report;
    EvalGallery gallery = { .n = 0 };
    EvalRun run = { .trained = { .path = (char *)HOSTILE, .model = { .network = HOSTILE } },
                    .folder = temp_folder,
                    .params = nn_params_new(),
                    .threshold = .5 };
    fill(&report, .9f, .3f);
    snprintf(run.data.methods, sizeof run.data.methods, "%s", HOSTILE);
    snprintf(run.threshold_rule, sizeof run.threshold_rule, "by hand");
    ck_assert_int_eq(eval_gallery_begin(&gallery, &err), NN_OK);
    show(&gallery, 0, .9f);
    show(&gallery, 1, .1f);
    write_file("metrics.csv", "step,split,loss,rec_weighted,auc\n1,train,2,1,\n2,train,1,.5,\n2,val,1.5,,.9\n");
    const EvalReportPage page = {
        .reports = &report, .n = 1, .run = &run, .bootstrap = &(EvalBootstrapSpec){ 50, 1 }, .gallery = &gallery
    };
    char *text = save_page(&page);
    static const char *const parts[] = { "class=\"verdict",
                                         "id=\"generalisation\"",
                                         "(ROC)",
                                         "(reliability)",
                                         "scores of real images and forgeries",
                                         "id=\"places\"",
                                         "score 0.900, yet real",
                                         "score 0.100, yet forged",
                                         "The terms of the training loss",
                                         "id=\"words\"" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) ck_assert_msg(strstr(text, parts[i]), "no %s", parts[i]);
    ck_assert_ptr_null(strstr(text, "<script>alert"));
    ck_assert_ptr_null(strstr(text, "<img src=x"));
    ck_assert_ptr_null(strstr(text, "</div>0<"));
    ck_assert_ptr_nonnull(strstr(text, "&lt;script&gt;alert("));
    ck_assert_ptr_null(strstr(text, "http://"));
    ck_assert_ptr_null(strstr(text, "https://"));
    free(text);
    eval_gallery_free(&gallery);
    nn_params_free(run.params);
    release(&report);
}
END_TEST

/* Captions speak of intervals where there are any. */
START_TEST(page_speaks_of_the_intervals_that_it_has)
{
    static const char *const captions[] = { "small print is the 95 % interval", "with their 95 % intervals",
                                            "An interval that reaches 0.5", "believe its intervals less" };
    for (int with = 0; with < 2; with++) {
        EvalReport report;
        EvalRun run = { .trained = { .path = (char *)"x", .model = { .network = "n" } },
                        .folder = temp_folder,
                        .params = nn_params_new() };
        fill(&report, .9f, .3f);
        if (!with) {
            eval_rows_free(&report.rows);
            ck_assert_int_eq(eval_rows_make(&report.results, .5, &report.rows, &err), NN_OK);
        }
        const EvalBootstrapSpec bootstrap = { with ? 50 : 0, 1 };
        const EvalReportPage page = { .reports = &report, .n = 1, .run = &run, .bootstrap = &bootstrap };
        char *text = save_page(&page);
        for (int i = 0; i < (with ? 3 : 4); i++)
            ck_assert_msg((strstr(text, captions[i]) != NULL) == with, "%d: %s", with, captions[i]);
        ck_assert_int_eq(strstr(text, "taken at face value") != NULL, !with);
        free(text);
        nn_params_free(run.params);
        release(&report);
    }
}
END_TEST

START_TEST(a_broken_record_of_training_is_said)
{
    EvalReport report;
    EvalRun run = { .trained = { .path = (char *)"x", .model = { .network = "n" } },
                    .folder = temp_folder,
                    .params = nn_params_new() };
    fill(&report, .9f, .3f);
    write_file("metrics.csv", "step,split,loss\n1,train\n");
    const EvalReportPage page = { .reports = &report, .n = 1, .run = &run, .bootstrap = &(EvalBootstrapSpec){ 0, 1 } };
    char *text = save_page(&page);
    ck_assert_ptr_nonnull(strstr(text, "metrics.csv:2: 2 fields, expected 3"));
    free(text);
    nn_params_free(run.params);
    release(&report);
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_checked_fixture(t, forget_errors, NULL);
    tcase_add_checked_fixture(t, temp_folder_make, temp_folder_remove);
    tcase_add_test(t, trust_follows_the_interval);
    tcase_add_test(t, a_specialist_is_mixed);
    tcase_add_test(t, tones_have_their_rules);
    tcase_add_test(t, one_class_says_nothing);
    tcase_add_test(t, gain_over_the_prior_counts_groups);
    tcase_add_test(t, gallery_keeps_the_surest_errors);
    tcase_add_test(t, page_holds_its_parts_and_escapes);
    tcase_add_test(t, page_speaks_of_the_intervals_that_it_has);
    tcase_add_test(t, a_broken_record_of_training_is_said);
}

int main(void)
{
    Suite *s = suite_create("report_page");
    TCase *t = tcase_create("report_page");
    add_tests(t);
    suite_add_tcase(s, t);
    return check_run(s);
}
