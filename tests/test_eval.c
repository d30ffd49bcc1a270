/* test_eval.c -- the evaluation room: rows by hand, pooled pixels and resamples against brute force, files and
 * pictures as documented. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/heat_map.h"
#include "eval/bootstrap.h"
#include "eval/eval_arguments.h"
#include "eval/map_folder.h"
#include "eval/report_files.h"
#include "eval/score_table.h"
#include "nn/base/file.h"
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

/* ---- rows ---- */

static const char *const names[] = { "early", "later" };

/* Four real images and four forgeries of each method; "later" was trained on. */
static void make_results(EvalResults *r)
{
    static const float scores[12] = { .1f, .2f, .3f, .6f, .05f, .25f, .4f, .65f, .5f, .7f, .8f, .9f };
    ck_assert_int_eq(eval_results_init(r, 12, 2, &err), NN_OK);
    r->name = "set";
    r->methods = names;
    r->seen[1] = 1;
    for (int i = 0; i < 12; i++)
        r->items[i] = (EvalItem){ .path = "a.png",
                                  .group = (uint64_t)(i % 4),
                                  .label = i >= 4,
                                  .method = i / 4 - 1,
                                  .score = scores[i],
                                  .pixel_auc = NAN,
                                  .iou = NAN,
                                  .iou_prior = NAN };
}

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

/* ---- pixels ---- */

enum { PIXELS = 3000 };

static void draw_map(float *map, unsigned char *mask, float lo, float hi, uint32_t item)
{
    NnRng rng = nn_rng_make(11, NN_STREAM_TEST, 0, item);
    for (int i = 0; i < PIXELS; i++) {
        mask[i] = (unsigned char)nn_rng_coin(&rng, 0.3f);
        const float u = nn_rng_uniform(&rng), shifted = 0.8f * u + (mask[i] ? 0.2f : 0.0f);
        map[i] = lo + (hi - lo) * shifted;
    }
}

/* Wide, narrow, tiny and saturated maps: the pool agrees with the exact AUC. */
START_TEST(pooled_pixels_agree_with_sorting)
{
    static const float ranges[][2] = { { 0, 1 }, { .499f, .501f }, { 1e-6f, 1e-5f }, { .99f, 1 } };
    for (int k = 0; k < 4; k++) {
        float map[2 * PIXELS];
        unsigned char mask[2 * PIXELS];
        EvalPixelPool one = { 0 }, two = { 0 };
        for (int i = 0; i < 2; i++) {
            draw_map(map + i * PIXELS, mask + i * PIXELS, ranges[k][0], ranges[k][1], (uint32_t)(2 * k + i));
            ck_assert_int_eq(eval_pixel_pool_add(i ? &two : &one, map + i * PIXELS, mask + i * PIXELS, PIXELS, &err),
                             NN_OK);
        }
        ck_assert_int_eq(eval_pixel_pool_merge(&one, &two, &err), NN_OK);
        double exact;
        ck_assert_int_eq(nn_auc(map, mask, 2 * PIXELS, &exact, &err), NN_OK);
        ck_assert_double_gt(exact, 0.6);
        ck_assert_double_eq_tol(eval_pixel_pool_auc(&one), exact, 1e-4);
        eval_pixel_pool_free(&one);
        eval_pixel_pool_free(&two);
    }
}
END_TEST

START_TEST(pooled_pixels_at_the_edges)
{
    EvalPixelPool pool = { 0 };
    const float map[4] = { 0, 1, 0, 1 }, bad[1] = { NAN };
    const unsigned char mask[4] = { 0, 1, 1, 0 };
    ck_assert(isnan(eval_pixel_pool_auc(&pool)));
    ck_assert_int_eq(eval_pixel_pool_add(&pool, map, mask, 1, &err), NN_OK);
    ck_assert(isnan(eval_pixel_pool_auc(&pool)));
    ck_assert_int_eq(eval_pixel_pool_add(&pool, map + 1, mask + 1, 1, &err), NN_OK);
    NEAR(eval_pixel_pool_auc(&pool), 1);
    ck_assert_int_eq(eval_pixel_pool_add(&pool, map + 2, mask + 2, 2, &err), NN_OK);
    NEAR(eval_pixel_pool_auc(&pool), 0.5);
    ck_assert_int_eq(eval_pixel_pool_add(&pool, bad, mask, 1, &err), NN_ERR_NUMERIC);
    eval_pixel_pool_free(&pool);
}
END_TEST

/* Three masks of four pixels under one prior: brute force repeats the prior as the score of each. */
START_TEST(prior_by_hand_and_brute_force)
{
    static const float mean[4] = { .75f, .25f, .25f, .25f };
    static const unsigned char masks[12] = { 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1 };
    float scores[12];
    EvalPrior prior;
    EvalPriorPool one = { 0 }, two = { 0 };
    double exact;
    ck_assert_int_eq(eval_prior_init(&prior, mean, 4, &err), NN_OK);
    ck_assert(isnan(eval_prior_pool_auc(&one, &prior)));
    for (int i = 0; i < 3; i++) {
        memcpy(scores + 4 * i, mean, sizeof mean);
        ck_assert_int_eq(eval_prior_pool_add(i ? &two : &one, &prior, masks + 4 * i, &err), NN_OK);
    }
    ck_assert_int_eq(eval_prior_pool_merge(&one, &prior, &two, &err), NN_OK);
    ck_assert_int_eq(nn_auc(scores, masks, 12, &exact, &err), NN_OK);
    NEAR(eval_prior_pool_auc(&one, &prior), exact);
    /* The mean area is 1.5 pixels: the two hottest; of the three equal ones the last. */
    NEAR(eval_prior_iou(&prior, masks), 1. / 2);
    NEAR(eval_prior_iou(&prior, masks + 4), 1. / 3);
    NEAR(eval_prior_iou(&prior, masks + 8), 1. / 2);
    eval_prior_pool_free(&one);
    eval_prior_pool_free(&two);
    eval_prior_free(&prior);
    ck_assert_int_eq(eval_prior_init(&prior, (const float[1]){ 1.5f }, 1, &err), NN_ERR_FORMAT);
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

/* ---- bootstrap ---- */

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

/* ---- files and the table ---- */

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

/* ---- pictures ---- */

START_TEST(ramp_grows_lighter)
{
    double before = -1;
    for (int i = 0; i <= 100; i++) {
        unsigned char c[3];
        data_ramp_colour((float)i / 100, c);
        const double light = 0.2126 * pow(c[0], 2.2) + 0.7152 * pow(c[1], 2.2) + 0.0722 * pow(c[2], 2.2);
        ck_assert_double_gt(light, before);
        before = light;
    }
}
END_TEST

START_TEST(overlay_leaves_calm_places_alone)
{
    const float map[4] = { 0, 0, 0, 1 }; /* hot at the lower right */
    DataImage photo, over;
    ck_assert_int_eq(data_image_new(40, 30, 3, &photo, &err), NN_OK);
    memset(photo.px, 77, 40 * 30 * 3);
    ck_assert_int_eq(data_overlay(&photo, map, 2, &over, &err), NN_OK);
    ck_assert_int_eq(over.px[0], 77);
    ck_assert_int_gt(over.px[3 * (29 * 40 + 39)], 200);
    data_image_free(&over);
    ck_assert_int_eq(data_photo_and_overlay(&photo, map, 2, &over, &err), NN_OK);
    ck_assert_int_eq(over.h, 150); /* 40 wide: five times larger is the first above 192 */
    ck_assert_int_eq(over.w, 2 * 200 + 4);
    data_image_free(&over);
    data_image_free(&photo);
}
END_TEST

START_TEST(map_names_never_collide)
{
    char folder[] = "/tmp/locus_maps_XXXXXX", path[64];
    DataImage dot;
    static const char *const want[] = { "d/m/x.png", "d/m/x-2.png", "d/m/x-3.png",
                                        "d/n/x.png", "d/n/a_b.png", "_./_.png" };
    ck_assert_ptr_nonnull(mkdtemp(folder));
    EvalMapFolder maps = { .path = folder };
    ck_assert_int_eq(data_image_new(1, 1, 3, &dot, &err), NN_OK);
    for (int i = 0; i < 3; i++) ck_assert_int_eq(eval_map_folder_save(&maps, "d", "m", "x", &dot, &err), NN_OK);
    ck_assert_int_eq(eval_map_folder_save(&maps, "d", "n", "x", &dot, &err), NN_OK);
    ck_assert_int_eq(eval_map_folder_save(&maps, "d", "n", "a/b", &dot, &err), NN_OK);
    ck_assert_int_eq(eval_map_folder_save(&maps, "..", NULL, "", &dot, &err), NN_OK);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, want[i]);
        ck_assert_msg(nn_file_exists(path), "%s is missing", path);
        unlink(path);
    }
    static const char *const folders[] = { "d/m", "d/n", "d", "_.", "." };
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, folders[i]);
        if (strcmp(folders[i], ".") != 0) ck_assert_int_eq(rmdir(path), 0);
    }
    ck_assert_int_eq(rmdir(folder), 0);
    data_image_free(&dot);
    eval_map_folder_free(&maps);
}
END_TEST

/* ---- the command line ---- */

static NnStatus parse(EvalArguments *a, int argc, const char **argv)
{
    forget_errors();
    return eval_arguments_parse(argc, (char *const *)argv, a, &err);
}

START_TEST(arguments_are_understood)
{
    EvalArguments a;
    const char *line[] = { "eval", "run", "--data", "a=b", "--data=c=d", "--bootstrap=0", "--threads", "3" };
    ck_assert_int_eq(parse(&a, 8, line), NN_OK);
    ck_assert_int_eq(a.n_runs, 1);
    ck_assert_str_eq(a.runs[0], "run");
    ck_assert_int_eq(a.n_data, 2);
    ck_assert_str_eq(a.data[1], "c=d");
    ck_assert_int_eq(a.bootstrap, 0);
    ck_assert_int_eq(a.threads, 3);
    eval_arguments_free(&a);
    const char *ruled[] = { "eval", "run", "--threshold", "fpr=0.05", "--aggregate=max" };
    ck_assert_int_eq(parse(&a, 5, ruled), NN_OK);
    ck_assert_str_eq(a.threshold, "fpr=0.05");
    ck_assert(a.aggregation == EVAL_MAX && a.compat == EVAL_OWN);
    eval_arguments_free(&a);
    const char *photos[] = { "eval", "run", "--score", "x y.jpg", "--maps", "m", "--", "-z.png" };
    ck_assert_int_eq(parse(&a, 8, photos), NN_OK);
    ck_assert_int_eq(a.n_photos, 2);
    ck_assert_str_eq(a.photos[1], "-z.png");
    ck_assert_str_eq(a.maps, "m");
    eval_arguments_free(&a);
    const char *runs[] = { "eval", "--compare", "a-s1", "--out=o", "b-s1" };
    ck_assert_int_eq(parse(&a, 5, runs), NN_OK);
    ck_assert_int_eq(a.n_runs, 2);
    ck_assert_str_eq(a.runs[1], "b-s1");
    ck_assert_str_eq(a.out, "o");
    eval_arguments_free(&a);
}
END_TEST

static const struct {
    const char *argv[4];
    const char *said;
} mistakes[] = {
    { { "eval" }, "which run?" },
    { { "eval", "run", "--boostrap", "3" }, "did you mean --bootstrap?" },
    { { "eval", "run", "--seed", "many" }, "whole number" },
    { { "eval", "run", "--out" }, "value is missing" },
    { { "eval", "run", "--help=1" }, "takes no value" },
    { { "eval", "run", "photo.jpg" }, "after --score" },
    { { "eval", "run", "--score" }, "nothing named" },
    { { "eval", "a", "b", "--score" }, "nothing named" },
    { { "eval", "--compare" }, "no run" },
    { { "eval", "run", "--compare", "other" }, "come after --compare" },
    { { "eval", "--compare", "run", "--score" }, "none of --score" },
    { { "eval", "--compare", "run", "--threshold=eer" }, "none of --score" },
    { { "eval", "run", "--compat", "all" }, "known: deepfakebench" },
    { { "eval", "run", "--aggregate", "sum" }, "known: mean, max" },
    { { "eval", "run", "--compat=deepfakebench", "--threshold=eer" }, "its own threshold" },
};

START_TEST(mistakes_are_named)
{
    EvalArguments a;
    int argc = 0;
    const char *argv[5] = { NULL };
    while (argc < 4 && mistakes[_i].argv[argc]) argv[argc] = mistakes[_i].argv[argc], argc++;
    ck_assert_int_eq(parse(&a, argc, argv), NN_ERR_USAGE);
    ck_assert_msg(strstr(err.msg, mistakes[_i].said), "said: %s", err.msg);
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_checked_fixture(t, forget_errors, NULL);
    tcase_add_test(t, rows_by_hand);
    tcase_add_test(t, one_class_is_not_available);
    tcase_add_test(t, nan_scores_are_refused);
    tcase_add_test(t, pooled_pixels_agree_with_sorting);
    tcase_add_test(t, pooled_pixels_at_the_edges);
    tcase_add_test(t, prior_by_hand_and_brute_force);
    tcase_add_test(t, pixel_columns_of_rows);
    tcase_add_test(t, intervals_do_not_depend_on_threads);
    tcase_add_test(t, intervals_cover_the_estimate);
    tcase_add_test(t, intervals_agree_with_brute_force);
    tcase_add_test(t, groups_are_drawn_whole);
    tcase_add_test(t, csv_is_quoted);
    tcase_add_test(t, json_says_the_same_as_csv);
    tcase_add_test(t, table_fits_the_terminal);
    tcase_add_test(t, ramp_grows_lighter);
    tcase_add_test(t, overlay_leaves_calm_places_alone);
    tcase_add_test(t, map_names_never_collide);
    tcase_add_test(t, arguments_are_understood);
    tcase_add_loop_test(t, mistakes_are_named, 0, (int)(sizeof mistakes / sizeof *mistakes));
}

int main(void)
{
    Suite *s = suite_create("eval");
    TCase *t = tcase_create("eval");
    add_tests(t);
    suite_add_tcase(s, t);
    return check_run(s);
}
