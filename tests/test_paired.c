/* test_paired.c -- differences between systems: t quantiles by closed forms, intervals by hand and by brute force,
 * and how often they hold the truth where it is known. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/paired.h"
#include "eval/student.h"
#include "nn/base/metrics.h"
#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "tests/check_main.h"

#define NEAR(a, b) ck_assert_double_eq_tol(a, b, 1e-9)

static NnErr err;

static void forget_errors(void)
{
    err = (NnErr){ 0 };
}

/* ---- the interval ---- */

START_TEST(student_by_closed_forms)
{
    const double pi = 3.14159265358979323846;
    NEAR(eval_student_factor(0.05, 1), tan(pi * 0.475));
    NEAR(eval_student_factor(0.5, 1), 1);
    NEAR(eval_student_factor(0.05, 2), 0.95 / sqrt(2 * 0.975 * 0.025));
    NEAR(eval_student_factor(0.01, 2), 0.99 / sqrt(2 * 0.995 * 0.005));
    ck_assert_double_eq_tol(eval_student_factor(0.05, 4), 2.776445, 1e-6);
    ck_assert_double_eq_tol(eval_student_factor(0.05, 30), 2.042272, 1e-6);
    ck_assert_double_eq_tol(eval_student_factor(0.05, 1e6), 1.959966, 1e-6);
    ck_assert_double_gt(eval_student_factor(0.05, 1.5), eval_student_factor(0.05, 1.6));
}
END_TEST

START_TEST(seeds_alone_by_hand)
{
    /* Mean .2, variance .02, standard error .1. */
    const EvalEstimate e = eval_paired_interval((const double[2]){ 0.1, 0.3 }, NULL, 2, 0, 0);
    NEAR(e.value, 0.2);
    NEAR(e.lo, 0.2 - 0.1 * eval_student_factor(0.05, 1));
    NEAR(e.hi, 0.2 + 0.1 * eval_student_factor(0.05, 1));
    const EvalEstimate one = eval_paired_interval((const double[1]){ 0.1 }, NULL, 1, 0, 0);
    NEAR(one.value, 0.1);
    ck_assert(isnan(one.lo) && isnan(one.hi));
    ck_assert(isnan(eval_paired_interval((const double[2]){ 0.1, NAN }, NULL, 2, 0, 0).value));
}
END_TEST

/* Three resamples, and one that is undefined for the second seed. */
START_TEST(seeds_and_images_by_hand)
{
    const double resampled[8] = { 0.0, 0.2, 0.1, 0.3, NAN, 9, 0.2, 0.4 };
    /* Each seed's variance is .01, and they move together: C = .01, the mean's variance .01. */
    const EvalEstimate e = eval_paired_interval((const double[2]){ 0.1, 0.3 }, resampled, 2, 4, 10);
    const double by_seeds = 0.01, shared = 0.01, both = by_seeds + shared;
    const double freedom = both * both / (by_seeds * by_seeds / 1 + shared * shared / 9);
    NEAR(e.hi - e.value, eval_student_factor(0.05, freedom) * sqrt(both));
    NEAR(e.value - e.lo, e.hi - e.value);
    /* Equal differences: the images alone. */
    const EvalEstimate same = eval_paired_interval((const double[2]){ 0.2, 0.2 }, resampled, 2, 4, 10);
    NEAR(same.hi - same.value, eval_student_factor(0.05, 9) * 0.1);
    /* Seeds that move against each other share nothing; the mean does not move, so images add nothing. */
    const double against[4] = { 0, 0.2, 0.2, 0 };
    const EvalEstimate own = eval_paired_interval((const double[2]){ 0.1, 0.3 }, against, 2, 2, 10);
    NEAR(own.hi - own.value, eval_student_factor(0.05, 1) * 0.1);
}
END_TEST

/* ---- systems ---- */

enum { PEOPLE = 40, ITEMS = 2 * PEOPLE, SEEDS = 3 };
static const char *const names[] = { "swap" };

/* One run: a real and a forged image of each person. */
typedef struct {
    EvalResults results;
    EvalRows rows;
} Run;

typedef struct {
    Run a[SEEDS], b[SEEDS];
    EvalPair pairs[SEEDS];
} Systems;

static void make_run(Run *run, const float score[ITEMS])
{
    static char paths[ITEMS][32];
    ck_assert_int_eq(eval_results_init(&run->results, ITEMS, 1, &err), NN_OK);
    run->results.name = "people";
    run->results.methods = names;
    run->results.seen[0] = 1;
    for (int i = 0; i < ITEMS; i++) {
        snprintf(paths[i], sizeof paths[i], "%03d", i);
        run->results.items[i] = (EvalItem){ .path = paths[i],
                                            .group = 31u * (uint64_t)(i / 2),
                                            .label = i % 2,
                                            .method = i % 2 - 1,
                                            .score = score[i],
                                            .has_mask = i % 2,
                                            .pixel_auc = NAN,
                                            .iou = i % 2 ? 0.5 * (double)(score[i] > 0) : (double)NAN,
                                            .iou_prior = NAN };
    }
    ck_assert_int_eq(eval_rows_make(&run->results, 0.5, &run->rows, &err), NN_OK);
}

static void free_systems(Systems *w)
{
    for (int s = 0; s < SEEDS; s++) {
        eval_rows_free(&w->a[s].rows), eval_results_free(&w->a[s].results);
        eval_rows_free(&w->b[s].rows), eval_results_free(&w->b[s].results);
    }
}

/* How the world that scores come from is made. */
typedef struct {
    float seed_effect; /* standard deviation of a run's skill over seeds */
    float gain;        /* of system A over B, in skill */
    int same_images;   /* all seeds are tested on the same images */
} World;

/* A score is skill on forgeries + the person + the image + what this network makes of it. Person and image are the
 * same to both systems. Variances 1/4 + 1/4 + 1/2: that of a score is 1. */
static void make_scores(const World *world, float skill, uint32_t images, uint32_t network, float score[ITEMS])
{
    NnRng image = nn_rng_make(1, NN_STREAM_TEST, 1, images), own = nn_rng_make(1, NN_STREAM_TEST, 2, network);
    const float s = skill + world->seed_effect * nn_rng_normal(&own);
    for (int i = 0; i < ITEMS; i += 2) {
        const float person = 0.5f * nn_rng_normal(&image);
        for (int k = 0; k < 2; k++)
            score[i + k] = (float)k * s + person + 0.5f * nn_rng_normal(&image) + sqrtf(0.5f) * nn_rng_normal(&own);
    }
}

static void make_systems(const World *world, uint32_t number, Systems *out)
{
    float score[ITEMS];
    for (uint32_t s = 0; s < SEEDS; s++) {
        const uint32_t images = number * SEEDS + (world->same_images ? 0 : s), network = 2 * (number * SEEDS + s);
        make_scores(world, 1 + world->gain, images, network, score);
        make_run(&out->a[s], score);
        make_scores(world, 1, images, network + 1, score);
        make_run(&out->b[s], score);
        out->pairs[s] = (EvalPair){ &out->a[s].results, &out->b[s].results, &out->a[s].rows, &out->b[s].rows };
    }
}

static EvalEstimate auc_difference(const Systems *w, int seeds, int resamples, uint64_t seed)
{
    EvalEstimate out[3 * EVAL_WEIGHED];
    ck_assert_int_eq(w->a[0].rows.n, 3);
    ck_assert_int_eq(eval_paired(w->pairs, seeds, resamples, seed, out, &err), NN_OK);
    return out[EVAL_AUC];
}

static const World plain = { .seed_effect = 0.3f, .gain = 0.4f, .same_images = 1 };

START_TEST(identical_systems_differ_by_nothing)
{
    Systems w;
    EvalEstimate out[3 * EVAL_WEIGHED];
    make_systems(&plain, 0, &w);
    for (int s = 0; s < SEEDS; s++) w.pairs[s].b = w.pairs[s].a, w.pairs[s].b_rows = w.pairs[s].a_rows;
    for (int seeds = 1; seeds <= SEEDS; seeds++) {
        ck_assert_int_eq(eval_paired(w.pairs, seeds, 50, 1, out, &err), NN_OK);
        for (int i = 0; i < 3 * EVAL_WEIGHED; i++) ck_assert(out[i].value == 0 && out[i].lo == 0 && out[i].hi == 0);
    }
    free_systems(&w);
}
END_TEST

/* The AUC of one resample, by writing the drawn people out as a longer list. */
static double resampled_auc(const EvalResults *r, uint64_t seed, uint32_t number)
{
    float score[ITEMS];
    unsigned char label[ITEMS];
    NnRng rng = nn_rng_make(seed, NN_STREAM_BOOTSTRAP, 0, number);
    double auc;
    for (int g = 0; g < PEOPLE; g++) {
        const int drawn = (int)nn_rng_below(&rng, PEOPLE);
        for (int k = 0; k < 2; k++) {
            score[2 * g + k] = r->items[2 * drawn + k].score;
            label[2 * g + k] = (unsigned char)r->items[2 * drawn + k].label;
        }
    }
    ck_assert_int_eq(nn_auc(score, label, ITEMS, &auc, &err), NN_OK);
    return auc;
}

START_TEST(differences_agree_with_brute_force)
{
    enum { N = 60 };
    Systems w;
    double resampled[N * SEEDS], d[SEEDS];
    make_systems(&plain, 3, &w);
    for (int s = 0; s < SEEDS; s++) {
        d[s] = w.a[s].rows.rows[0].auc.value - w.b[s].rows.rows[0].auc.value;
        for (int b = 0; b < N; b++)
            resampled[b * SEEDS + s] =
                resampled_auc(&w.a[s].results, 8, (uint32_t)b) - resampled_auc(&w.b[s].results, 8, (uint32_t)b);
    }
    for (int seeds = 1; seeds <= SEEDS; seeds += 2) {
        double kept[N * SEEDS];
        for (int b = 0; b < N; b++) memcpy(kept + b * seeds, resampled + b * SEEDS, (size_t)seeds * sizeof *kept);
        const EvalEstimate got = auc_difference(&w, seeds, N, 8);
        const EvalEstimate want = eval_paired_interval(d, kept, seeds, N, PEOPLE);
        NEAR(got.value, want.value);
        NEAR(got.lo, want.lo);
        NEAR(got.hi, want.hi);
        ck_assert_double_lt(got.lo, got.value);
    }
    free_systems(&w);
}
END_TEST

START_TEST(differences_do_not_depend_on_threads)
{
    Systems w;
    make_systems(&plain, 4, &w);
    nn_threads_set(1);
    const EvalEstimate one = auc_difference(&w, SEEDS, 40, 2);
    nn_threads_set(3);
    const EvalEstimate three = auc_difference(&w, SEEDS, 40, 2);
    ck_assert_mem_eq(&one, &three, sizeof one);
    ck_assert_double_ne(auc_difference(&w, 1, 40, 2).lo, auc_difference(&w, 1, 40, 3).lo); /* the seed matters */
    free_systems(&w);
}
END_TEST

/* Groups of one class are drawn apart: a single real image is in every resample. */
START_TEST(no_class_runs_out)
{
    Systems w;
    make_systems(&plain, 5, &w);
    for (int side = 0; side < 2; side++) {
        EvalResults *r = side ? &w.b[0].results : &w.a[0].results;
        for (int i = 0; i < ITEMS; i++) {
            r->items[i].group = (uint64_t)i;
            r->items[i].label = i > 0;
            r->items[i].method = i > 0 ? 0 : -1;
        }
        EvalRows *rows = side ? &w.b[0].rows : &w.a[0].rows;
        eval_rows_free(rows);
        ck_assert_int_eq(eval_rows_make(r, 0.5, rows, &err), NN_OK);
    }
    /* With the classes mixed 37 % of all resamples would lack it, and a few of two would be none at all. */
    int defined = 0;
    for (uint64_t seed = 0; seed < 20; seed++) defined += !isnan(auc_difference(&w, 1, 2, seed).lo);
    ck_assert_int_eq(defined, 20);
    free_systems(&w);
}
END_TEST

START_TEST(different_images_are_refused)
{
    Systems w;
    EvalEstimate out[3 * EVAL_WEIGHED];
    make_systems(&plain, 6, &w);
    EvalItem *item = &w.b[1].results.items[7];
    const EvalItem before = *item;
    item->path = "elsewhere";
    ck_assert_int_eq(eval_paired(w.pairs, SEEDS, 10, 1, out, &err), NN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, "007 (swap) in one evaluation, elsewhere (swap) in the other"));
    *item = before;
    forget_errors();
    w.b[1].results.n--;
    ck_assert_int_eq(eval_paired(w.pairs, SEEDS, 10, 1, out, &err), NN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, "80 in one evaluation, 79 in the other; only one has 079"));
    w.b[1].results.n++;
    forget_errors();
    w.b[2].rows.rows[0].seen = 0;
    ck_assert_int_eq(eval_paired(w.pairs, SEEDS, 10, 1, out, &err), NN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, "swap (seen)"));
    free_systems(&w);
}
END_TEST

/* ---- how often the interval holds the truth ---- */

static double normal_share(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

/* E AUC of skill s over networks: scores have variance 1, skill that of the seeds. */
static double true_auc(const World *world, double skill)
{
    return normal_share(skill / sqrt(2 + (double)world->seed_effect * (double)world->seed_effect));
}

static const World worlds[] = {
    { .seed_effect = 0.3f, .gain = 0.3f, .same_images = 0 },  /* portraits: each seed has its own */
    { .seed_effect = 0.3f, .gain = 0.3f, .same_images = 1 },  /* photographs */
    { .seed_effect = 0.02f, .gain = 0.3f, .same_images = 1 }, /* the images decide */
    { .seed_effect = 1.0f, .gain = 0, .same_images = 1 },     /* the seeds decide */
};

/* 95 % within the error of so many tries; where images decide, the larger of two half widths makes it 98 or 99. */
START_TEST(intervals_hold_the_truth)
{
    enum { TRIES = 200, RESAMPLES = 30 };
    const World *world = &worlds[_i];
    const double truth = true_auc(world, 1 + (double)world->gain) - true_auc(world, 1);
    int held = 0;
    for (uint32_t t = 0; t < TRIES; t++) {
        Systems w;
        make_systems(world, t + 10, &w);
        const EvalEstimate e = auc_difference(&w, SEEDS, RESAMPLES, t);
        held += e.lo <= truth && truth <= e.hi;
        free_systems(&w);
    }
    ck_assert_msg(held >= 0.92 * TRIES && held <= 0.995 * TRIES, "world %d: the truth was in %d of %d", _i, held,
                  TRIES);
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_checked_fixture(t, forget_errors, NULL);
    tcase_add_test(t, student_by_closed_forms);
    tcase_add_test(t, seeds_alone_by_hand);
    tcase_add_test(t, seeds_and_images_by_hand);
    tcase_add_test(t, identical_systems_differ_by_nothing);
    tcase_add_test(t, differences_agree_with_brute_force);
    tcase_add_test(t, differences_do_not_depend_on_threads);
    tcase_add_test(t, no_class_runs_out);
    tcase_add_test(t, different_images_are_refused);
    tcase_add_loop_test(t, intervals_hold_the_truth, 0, (int)(sizeof worlds / sizeof *worlds));
}

int main(void)
{
    Suite *s = suite_create("paired");
    TCase *t = tcase_create("paired");
    add_tests(t);
    suite_add_tcase(s, t);
    return check_run(s);
}
