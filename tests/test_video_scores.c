/* test_video_scores.c -- frames into videos, by hand; the figures of rows that rest on them; the files of both levels,
 * written and read back. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/bootstrap.h"
#include "eval/past_run.h"
#include "eval/report_files.h"
#include "eval/score_table.h"
#include "eval/video_scores.h"
#include "nn/base/file.h"
#include "tests/check_main.h"
#include "tests/temp_folder.h"

#define NEAR(a, b) ck_assert_double_eq_tol(a, b, 1e-7)

static NnErr err;

static void forget_errors(void)
{
    err = (NnErr){ 0 };
}

static const char *const names[] = { "swap", "warp" };

/* The frames, videos out of order: two real videos, "x" of each manipulation, an image of no video. */
static const struct {
    const char *path, *video;
    int method;
    float score;
    int group;
} frames[] = {
    { "r1/0", "r1", -1, .1f, 1 }, { "x/0", "x", 0, .9f, 2 },     { "r1/1", "r1", -1, .4f, 1 },
    { "x/1", "x", 0, .5f, 2 },    { "alone", NULL, -1, .3f, 3 }, { "r2/0", "r2", -1, .2f, 4 },
    { "x/2", "x", 1, .3f, 2 },    { "x/3", "x", 0, .1f, 2 },     { "other", NULL, 1, .8f, 5 },
};
enum { N = sizeof frames / sizeof *frames };

static void make_frames(EvalResults *r)
{
    ck_assert_int_eq(eval_results_init(r, N, 2, &err), NN_OK);
    r->name = "set";
    r->methods = names;
    r->seen[0] = 1;
    for (int i = 0; i < N; i++)
        r->items[i] = (EvalItem){ .path = frames[i].path,
                                  .video = frames[i].video,
                                  .group = (uint64_t)frames[i].group,
                                  .label = frames[i].method >= 0,
                                  .method = frames[i].method,
                                  .score = frames[i].score,
                                  .pixel_auc = NAN,
                                  .iou = NAN,
                                  .iou_prior = NAN,
                                  .mask_energy = NAN,
                                  .mask_energy_prior = NAN,
                                  .false_alarm = frames[i].method < 0 ? 0.5 * (double)frames[i].score : (double)NAN };
}

START_TEST(videos_by_hand)
{
    static const struct {
        const char *path;
        int method, frames, group;
        double mean, max;
    } want[] = { { "r1", -1, 2, 1, .25, .4 }, { "x", 0, 3, 2, .5, .9 }, { "alone", -1, 1, 3, .3, .3 },
                 { "r2", -1, 1, 4, .2, .2 },  { "x", 1, 1, 2, .3, .3 }, { "other", 1, 1, 5, .8, .8 } };
    EvalResults r, videos;
    make_frames(&r);
    ck_assert(eval_has_videos(&r));
    for (int how = EVAL_MEAN; how <= EVAL_MAX; how++) {
        ck_assert_int_eq(eval_video_scores(&r, (EvalAggregation)how, &videos, &err), NN_OK);
        ck_assert_int_eq(videos.n, 6);
        ck_assert(videos.level == EVAL_VIDEO && videos.seen[0] && !videos.seen[1]);
        ck_assert_str_eq(eval_aggregation_text(&videos), how == EVAL_MAX ? "max" : "mean");
        for (int i = 0; i < videos.n; i++) {
            const EvalItem *v = &videos.items[i];
            ck_assert_str_eq(v->path, want[i].path);
            ck_assert_int_eq(v->method, want[i].method);
            ck_assert_int_eq(v->label, want[i].method >= 0);
            ck_assert_int_eq(v->frames, want[i].frames);
            ck_assert_uint_eq(v->group, (uint64_t)want[i].group);
            NEAR((double)v->score, how == EVAL_MAX ? want[i].max : want[i].mean);
        }
        eval_results_free(&videos);
    }
    ck_assert_str_eq(eval_level_text(&r), "frame");
    ck_assert_str_eq(eval_aggregation_text(&r), "");
    eval_results_free(&r);
}
END_TEST

START_TEST(the_order_of_frames_does_not_matter)
{
    EvalResults r, videos;
    float first = 0;
    for (int turn = 0; turn < 2; turn++) {
        ck_assert_int_eq(eval_results_init(&r, 200, 0, &err), NN_OK);
        for (int i = 0; i < 200; i++) {
            const int k = turn ? 199 - i : i;
            r.items[i] = (EvalItem){ .path = "p", .video = "v", .method = -1, .score = powf(0.83f, (float)k) };
        }
        ck_assert_int_eq(eval_video_scores(&r, EVAL_MEAN, &videos, &err), NN_OK);
        ck_assert_int_eq(videos.n, 1);
        if (turn) ck_assert(videos.items[0].score == first);
        first = videos.items[0].score;
        eval_results_free(&videos);
        eval_results_free(&r);
    }
}
END_TEST

START_TEST(nan_and_unknown_aggregations_are_refused)
{
    EvalResults r, videos;
    EvalAggregation how;
    make_frames(&r);
    r.items[3].score = NAN;
    ck_assert_int_eq(eval_video_scores(&r, EVAL_MEAN, &videos, &err), NN_ERR_NUMERIC);
    ck_assert_str_eq(err.msg, "x/1: its score is NaN");
    eval_results_free(&r);
    forget_errors();
    ck_assert_int_eq(eval_aggregation_parse("median", &how, &err), NN_ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.msg, "known: mean, max"));
}
END_TEST

/* ---- rows ---- */

START_TEST(rows_of_videos_by_hand)
{
    EvalResults r, videos;
    EvalRows rows;
    make_frames(&r);
    ck_assert_int_eq(eval_video_scores(&r, EVAL_MEAN, &videos, &err), NN_OK);
    ck_assert_int_eq(eval_rows_make(&videos, 0.5, &rows, &err), NN_OK);
    ck_assert_int_eq(eval_bootstrap(&videos, &rows, 50, 1, &err), NN_OK);
    /* Real .25 .3 .2; swap .5; warp .3 .8. */
    const EvalRow *swap = &rows.rows[0], *warp = &rows.rows[1];
    ck_assert_int_eq(swap->n_real, 3);
    ck_assert_int_eq(swap->n_fake, 1);
    NEAR(swap->auc.value, 1);
    NEAR(warp->auc.value, 5.5 / 6);
    NEAR(swap->frames_per_video, 7. / 4);
    NEAR(warp->frames_per_video, 6. / 5);
    NEAR(swap->tpr_fpr01, 1);
    NEAR(warp->tpr_fpr10, 0.5);
    NEAR(swap->brier, (.0625 + .09 + .04 + .25) / 4);
    NEAR(swap->log_loss, -(log(.75) + log(.7) + log(.8) + log(.5)) / 4);
    ck_assert(isnan(swap->pixel_auc) && isnan(swap->f1) && isnan(swap->false_alarm) && swap->n_masks == 0);
    ck_assert_double_lt(warp->auc.lo, warp->auc.hi);
    eval_rows_free(&rows);
    eval_results_free(&videos);
    ck_assert_int_eq(eval_rows_make(&r, 0.5, &rows, &err), NN_OK);
    ck_assert(isnan(rows.rows[0].frames_per_video));
    NEAR(rows.rows[0].false_alarm, 0.5 * (.1 + .4 + .3 + .2) / 4);
    eval_rows_free(&rows);
    eval_results_free(&r);
}
END_TEST

START_TEST(maps_by_hand)
{
    static const float map[4] = { .9f, .3f, .2f, .1f }, mean[4] = { 0, 1, .5f, 0 };
    static const unsigned char mask[4] = { 1, 1, 0, 0 };
    EvalResults r;
    EvalRows rows;
    EvalPrior prior;
    make_frames(&r);
    ck_assert_int_eq(eval_prior_init(&prior, mean, 4, &err), NN_OK);
    r.prior = &prior;
    ck_assert_int_eq(eval_pixel_pool_add(&r.pixels[0], map, mask, 4, &err), NN_OK);
    ck_assert_int_eq(eval_prior_pool_add(&r.priors[0], &prior, mask, &err), NN_OK);
    EvalItem *item = &r.items[1];
    item->has_mask = 1;
    item->iou = nn_iou(map, mask, 4, 0.5);
    item->iou_prior = eval_prior_iou(&prior, mask);
    item->mask_energy = nn_share_inside(map, mask, 4);
    item->mask_energy_prior = eval_prior_energy(&prior, mask);
    ck_assert_int_eq(eval_rows_make(&r, 0.5, &rows, &err), NN_OK);
    const EvalRow *swap = &rows.rows[0], *warp = &rows.rows[1], *all = eval_rows_find(&rows, EVAL_ROW_ALL);
    NEAR(swap->iou, 0.5);
    NEAR(swap->f1, 2. / 3); /* one of two found, none beside */
    NEAR(swap->f1_best, 1); /* from .3 on */
    NEAR(swap->iou_best, 1);
    ck_assert_double_eq_tol(swap->map_threshold, 0.3, 0.3 / 131072);
    NEAR(swap->mask_energy, 1.2 / 1.5);
    /* The prior's two hottest pixels, 1 and 2; best with pixel 1 alone, or with all four. */
    NEAR(swap->iou_prior, 1. / 3);
    NEAR(swap->f1_prior, 0.5);
    NEAR(swap->f1_best_prior, 2. / 3);
    NEAR(swap->iou_best_prior, 0.5);
    NEAR(swap->mask_energy_prior, 1 / 1.5);
    NEAR(swap->false_alarm_prior, 0.5);
    NEAR(all->f1_best, 1);
    ck_assert(isnan(warp->f1) && isnan(warp->f1_best) && isnan(warp->mask_energy) && isnan(warp->f1_best_prior));
    eval_rows_free(&rows);
    eval_prior_free(&prior);
    eval_results_free(&r);
}
END_TEST

START_TEST(deepfakebench_counts_otherwise)
{
    EvalResults r;
    EvalRows own, theirs;
    make_frames(&r);
    for (int i = 0; i < N; i++) r.items[i].score = r.items[i].label ? .5f : .25f * (float)(i % 4);
    ck_assert_int_eq(eval_rows_make(&r, 0.5, &own, &err), NN_OK);
    r.compat = EVAL_DEEPFAKEBENCH;
    ck_assert_int_eq(eval_rows_make(&r, nextafter(0.5, 1), &theirs, &err), NN_OK);
    const EvalRow *a = eval_rows_find(&own, EVAL_ROW_ALL), *b = eval_rows_find(&theirs, EVAL_ROW_ALL);
    NEAR(a->auc.value, b->auc.value);
    /* Real 0 .5 0 .25, forged all .5: the ROC goes (0,0) (1/4,1): at its corner |0 - 1/4| is least. */
    NEAR(a->eer, 0.2);
    NEAR(b->eer, 0.25);
    NEAR(a->balanced.value, (3. / 4 + 1) / 2);
    NEAR(b->balanced.value, (1 + 0.) / 2);
    eval_rows_free(&own);
    eval_rows_free(&theirs);
    eval_results_free(&r);
}
END_TEST

/* ---- tables and files ---- */

static void make_report(EvalReport *report, EvalAggregation how, EvalCompat compat)
{
    const double threshold = compat ? nextafter(0.5, 1) : (double).4f; /* neither has nine digits */
    *report = (EvalReport){ .source = "set.csv" };
    make_frames(&report->results);
    report->results.compat = compat;
    ck_assert_int_eq(eval_video_scores(&report->results, how, &report->videos, &err), NN_OK);
    ck_assert_int_eq(eval_rows_make(&report->results, threshold, &report->rows, &err), NN_OK);
    ck_assert_int_eq(eval_rows_make(&report->videos, threshold, &report->video_rows, &err), NN_OK);
}

static void free_report(EvalReport *report)
{
    eval_rows_free(&report->rows);
    eval_rows_free(&report->video_rows);
    eval_results_free(&report->results);
    eval_results_free(&report->videos);
}

static char *table_text(const EvalReport *report)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    ck_assert_ptr_nonnull(out);
    eval_table_write(out, &report->results, &report->rows, "chosen on the source's validation split");
    eval_table_write(out, &report->videos, &report->video_rows, "chosen on the source's validation split");
    eval_table_explain(out, 1000);
    fclose(out);
    return text;
}

START_TEST(tables_name_level_and_missing_class)
{
    EvalReport report;
    make_report(&report, EVAL_MAX, EVAL_DEEPFAKEBENCH);
    for (int i = 0; i < report.results.n; i++) /* the worst that a log-loss can be */
        if (report.results.items[i].label) report.results.items[i].score = 0;
    eval_rows_free(&report.rows);
    ck_assert_int_eq(eval_rows_make(&report.results, 0.5, &report.rows, &err), NN_OK);
    char *text = table_text(&report);
    ck_assert_ptr_nonnull(strstr(text, "set: 6 videos, max of 1.5 frames each; threshold 0.500"));
    ck_assert_ptr_nonnull(strstr(text, "as DeepfakeBench counts"));
    ck_assert_ptr_null(strstr(text, "(0 real)"));
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) ck_assert_uint_le(strcspn(line, "\n"), 100);
    free(text);
    for (int i = 0; i < 2; i++) {
        EvalRows *rows = i ? &report.video_rows : &report.rows;
        EvalResults *r = i ? &report.videos : &report.results;
        int kept = 0;
        for (int k = 0; k < r->n; k++)
            if (r->items[k].label) r->items[kept++] = r->items[k];
        r->n = kept;
        eval_rows_free(rows);
        ck_assert_int_eq(eval_rows_make(r, 0.5, rows, &err), NN_OK);
    }
    text = table_text(&report);
    const char *swap = strstr(text, "swap");
    ck_assert_ptr_nonnull(swap);
    const char *missing = strstr(swap, "n/a (0 real)");
    ck_assert(missing && missing < strchr(swap, '\n'));              /* in its own line, */
    ck_assert_ptr_nonnull(strstr(swap, " .000   n/a n/a (0 real)")); /* after its accuracy */
    free(text);
    free_report(&report);
}
END_TEST

static void save_report(const EvalReport *report, const char *folder)
{
    EvalRun run = { .trained = { .path = (char *)"a/best.safetensors", .seed = 3 },
                    .threshold = report->rows.threshold,
                    .params = nn_params_new() };
    const EvalBootstrapSpec bootstrap = { 0, 1 };
    ck_assert_ptr_nonnull(run.params);
    ck_assert_int_eq(eval_report_save(folder, report, 1, &run, &bootstrap, &err), NN_OK);
    nn_params_free(run.params);
}

START_TEST(csv_has_both_levels)
{
    EvalReport report;
    make_report(&report, EVAL_MEAN, EVAL_OWN);
    char *csv = eval_rows_csv(&report, 1), *scores = eval_scores_csv(&report, 1);
    static const char tail[] =
        ",threshold,row,level,aggregation,compat,tpr_fpr01,tpr_fpr10,log_loss,brier,ece,f1,f1_best,"
        "mask_energy,false_alarm,frames_per_video,f1_prior,f1_best_prior,iou_best,"
        "iou_best_prior,map_threshold,mask_energy_prior,false_alarm_prior\n";
    ck_assert_ptr_nonnull(strstr(csv, tail));
    ck_assert_ptr_nonnull(strstr(csv, ",manipulation,frame,,,"));
    ck_assert_ptr_nonnull(strstr(csv, ",manipulation,video,mean,,1.000000,1.000000,"));
    ck_assert_ptr_nonnull(strstr(csv, ",,1.750000,,,,,,,\n")); /* frames per video */
    ck_assert_ptr_nonnull(strstr(scores, "set,r1/1,0,real,0.400000006,forged,,,,0000000000000001,r1,,0.200000\n"));
    ck_assert_ptr_nonnull(strstr(scores, "set,alone,0,real,0.300000012,real,,,,0000000000000003,,,0.150000\n"));
    free(csv);
    free(scores);
    free_report(&report);
}
END_TEST

static void assert_same_rows(const EvalRows *a, const EvalRows *b)
{
    ck_assert_int_eq(a->n, b->n);
    for (int k = 0; k < a->n; k++) {
        ck_assert_str_eq(a->rows[k].name, b->rows[k].name);
        NEAR(a->rows[k].auc.value, b->rows[k].auc.value);
        NEAR(a->rows[k].eer, b->rows[k].eer);
        for (int i = 0; i < EVAL_ROW_COLUMNS; i++) {
            const EvalRowColumn *column = &eval_row_columns[i];
            const double x = eval_row_figure(&a->rows[k], column), y = eval_row_figure(&b->rows[k], column);
            ck_assert_msg(isnan(x) ? isnan(y) : fabs(x - y) < 1e-6, "%s: %g, %g", column->name, x, y);
        }
    }
}

/* Rows come back as they were, in all four ways of making them. */
START_TEST(both_levels_are_read_back)
{
    EvalReport report;
    EvalPastRun past;
    make_report(&report, _i % 2 ? EVAL_MAX : EVAL_MEAN, _i / 2 ? EVAL_DEEPFAKEBENCH : EVAL_OWN);
    EvalRow *swap = &report.rows.rows[0];
    swap->f1_best = 0.75, swap->iou_best = 0.6, swap->false_alarm_prior = 0.25;
    save_report(&report, in_folder("run"));
    eval_past_run_read(in_folder("run"), &past, &err);
    ck_assert_msg(err.status == NN_OK, "%s", err.msg);
    ck_assert_int_eq(past.n_sets, 1);
    ck_assert_int_eq(past.sets[0].videos.n, 6);
    ck_assert_int_eq((int)past.sets[0].videos.aggregation, _i % 2 ? EVAL_MAX : EVAL_MEAN);
    assert_same_rows(&past.sets[0].rows, &report.rows);
    assert_same_rows(&past.sets[0].video_rows, &report.video_rows);
    eval_past_run_free(&past);
    free_report(&report);
}
END_TEST

/* Cut every line of a file at its n-th comma. */
static void cut_columns(const char *path, int n)
{
    unsigned char *text;
    size_t len, kept = 0;
    ck_assert_int_eq(nn_file_read(path, 1 << 20, &text, &len, &err), NN_OK);
    for (size_t i = 0, commas = 0; i < len; i++) {
        if (text[i] == '\n') commas = 0;
        commas += text[i] == ',';
        if (commas < (size_t)n) text[kept++] = text[i];
    }
    ck_assert_int_eq(nn_file_write(path, &(NnChunk){ text, kept }, 1, &err), NN_OK);
    free(text);
}

/* As the first version wrote them: no level, no videos, ten columns of scores. */
START_TEST(old_files_are_read)
{
    EvalReport report;
    EvalPastRun past;
    make_report(&report, EVAL_MEAN, EVAL_OWN);
    save_report(&report, in_folder("run"));
    cut_columns(in_folder("run/scores.csv"), 10);
    json_t *root = json_load_file(in_folder("run/eval.json"), 0, NULL);
    json_t *set = json_array_get(json_object_get(root, "data_sets"), 0), *rows = json_object_get(set, "rows");
    json_object_del(set, "videos");
    json_object_del(set, "compat");
    while (json_array_size(rows) > (size_t)report.rows.n) json_array_remove(rows, (size_t)report.rows.n);
    for (int k = 0; k < report.rows.n; k++) {
        json_object_del(json_array_get(rows, (size_t)k), "level");
        for (int i = 0; i < EVAL_ROW_COLUMNS; i++)
            json_object_del(json_array_get(rows, (size_t)k), eval_row_columns[i].name);
    }
    ck_assert_int_eq(json_dump_file(root, in_folder("run/eval.json"), 0), 0);
    json_decref(root);
    eval_past_run_read(in_folder("run"), &past, &err);
    ck_assert_msg(err.status == NN_OK, "%s", err.msg);
    const EvalPastSet *read = &past.sets[0];
    ck_assert_int_eq(read->videos.n, 0);
    ck_assert_ptr_null(read->results.items[0].video);
    NEAR(read->rows.rows[0].auc.value, report.rows.rows[0].auc.value);
    NEAR(read->rows.rows[0].log_loss, report.rows.rows[0].log_loss);
    ck_assert(isnan(read->rows.rows[0].false_alarm) && isnan(read->rows.rows[0].f1_best));
    eval_past_run_free(&past);
    free_report(&report);
}
END_TEST

START_TEST(json_tells_the_levels_apart)
{
    EvalReport report;
    make_report(&report, EVAL_MAX, EVAL_DEEPFAKEBENCH);
    save_report(&report, in_folder("run"));
    json_t *root = json_load_file(in_folder("run/eval.json"), JSON_REJECT_DUPLICATES, NULL);
    const json_t *set = json_array_get(json_object_get(root, "data_sets"), 0), *rows = json_object_get(set, "rows");
    const json_t *frame = json_array_get(rows, 0), *video = json_array_get(rows, (size_t)report.rows.n);
    ck_assert_uint_eq(json_array_size(rows), (size_t)(report.rows.n + report.video_rows.n));
    ck_assert_str_eq(json_string_value(json_object_get(frame, "level")), "frame");
    ck_assert(json_is_null(json_object_get(frame, "aggregation")));
    ck_assert_str_eq(json_string_value(json_object_get(video, "level")), "video");
    ck_assert_str_eq(json_string_value(json_object_get(video, "aggregation")), "max");
    ck_assert_str_eq(json_string_value(json_object_get(set, "compat")), "deepfakebench");
    ck_assert_int_eq((int)json_integer_value(json_object_get(json_object_get(set, "videos"), "n")), 6);
    NEAR(json_real_value(json_object_get(video, "frames_per_video")), 7. / 4);
    json_decref(root);
    free_report(&report);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("video_scores");
    TCase *t = tcase_create("figures"), *files = tcase_create("files");
    tcase_add_checked_fixture(t, forget_errors, NULL);
    tcase_add_test(t, videos_by_hand);
    tcase_add_test(t, the_order_of_frames_does_not_matter);
    tcase_add_test(t, nan_and_unknown_aggregations_are_refused);
    tcase_add_test(t, rows_of_videos_by_hand);
    tcase_add_test(t, maps_by_hand);
    tcase_add_test(t, deepfakebench_counts_otherwise);
    tcase_add_test(t, tables_name_level_and_missing_class);
    tcase_add_test(t, csv_has_both_levels);
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(files, forget_errors, NULL);
    tcase_add_checked_fixture(files, temp_folder_make, temp_folder_remove);
    tcase_add_loop_test(files, both_levels_are_read_back, 0, 4);
    tcase_add_test(files, old_files_are_read);
    tcase_add_test(files, json_tells_the_levels_apart);
    suite_add_tcase(s, files);
    return check_run(s);
}
