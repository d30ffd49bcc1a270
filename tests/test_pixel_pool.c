/* test_pixel_pool.c -- pooled pixel AUC and the position prior against brute force. */
#include <math.h>
#include <string.h>

#include "eval/pixel_pool.h"
#include "nn/base/metrics.h"
#include "nn/base/rng.h"
#include "tests/check_main.h"

#define NEAR(a, b) ck_assert_double_eq_tol(a, b, 1e-12)

static NnErr err;

static void forget_errors(void)
{
    err = (NnErr){ 0 };
}

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

int main(void)
{
    Suite *s = suite_create("pixel_pool");
    TCase *t = tcase_create("pixel_pool");
    tcase_add_checked_fixture(t, forget_errors, NULL);
    tcase_add_test(t, pooled_pixels_agree_with_sorting);
    tcase_add_test(t, pooled_pixels_at_the_edges);
    tcase_add_test(t, prior_by_hand_and_brute_force);
    suite_add_tcase(s, t);
    return check_run(s);
}
