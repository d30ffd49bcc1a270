/* test_augment.c -- each change does what it says, the mask follows the geometry, and the decisions do not
 * depend on each other. */
#include <string.h>

#include "data/augment.h"
#include "data/grain.h"
#include "tests/check_main.h"

enum { W = 24, H = 20, TRIES = 40 };

static NnErr err;

static const DataAugment off = { .jpeg_min = 60, .jpeg_max = 90, .blur_sigma = 2, .noise_sigma = 8 };

/* Red repeats the mask, so that geometry can be seen in both. */
static DataSample make_sample(void)
{
    DataSample s = { .has_mask = 1 };
    NnRng r = nn_rng_make(9, NN_STREAM_TEST, 0, 0);
    err = (NnErr){ .status = NN_OK };
    ck_assert_int_eq(data_image_new(W, H, 3, &s.image, &err), NN_OK);
    ck_assert_int_eq(data_image_new(W, H, 1, &s.mask, &err), NN_OK);
    for (int i = 0; i < W * H; i++) {
        s.mask.px[i] = nn_rng_coin(&r, 0.3f) ? 255 : 0;
        s.image.px[3 * i] = s.mask.px[i];
        s.image.px[3 * i + 1] = (unsigned char)nn_rng_below(&r, 256);
        s.image.px[3 * i + 2] = (unsigned char)(i % 256);
    }
    return s;
}

static DataSample augmented(const DataAugment *a, uint32_t item)
{
    DataSample s = make_sample();
    NnRng rng = nn_rng_make(1, NN_STREAM_AUGMENT, 0, item);
    ck_assert_msg(data_augment(a, &rng, &s, &err) == NN_OK, "%s", err.msg);
    return s;
}

static int same_image(const DataSample *a, const DataSample *b)
{
    return memcmp(a->image.px, b->image.px, 3 * W * H) == 0;
}

static int same_mask(const DataSample *a, const DataSample *b)
{
    return memcmp(a->mask.px, b->mask.px, W * H) == 0;
}

START_TEST(nothing_asked_nothing_changed)
{
    for (uint32_t i = 0; i < TRIES; i++) {
        DataSample before = make_sample(), after = augmented(&off, i);
        ck_assert(same_image(&before, &after) && same_mask(&before, &after));
        data_sample_free(&before), data_sample_free(&after);
    }
}
END_TEST

START_TEST(flip_mirrors_both)
{
    DataAugment a = off;
    a.flip = 1;
    DataSample before = make_sample(), after = augmented(&a, 0);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            ck_assert_int_eq(after.mask.px[y * W + x], before.mask.px[y * W + W - 1 - x]);
            ck_assert_mem_eq(after.image.px + 3 * (y * W + x), before.image.px + 3 * (y * W + W - 1 - x), 3);
        }
    data_sample_free(&before), data_sample_free(&after);
}
END_TEST

/* Somewhere within the range lies one translation that explains the inner part; the border is reflected. */
START_TEST(shift_moves_both)
{
    DataAugment a = off;
    a.shift = 3;
    int hits[7] = { 0 };
    for (uint32_t i = 0; i < TRIES; i++) {
        DataSample before = make_sample(), after = augmented(&a, i);
        int found = 0;
        for (int dy = -3; dy <= 3; dy++)
            for (int dx = -3; dx <= 3; dx++) {
                int equal = 1;
                for (int y = 3; y < H - 3; y++)
                    equal &= !memcmp(after.image.px + 3 * (y * W + 3), before.image.px + 3 * ((y - dy) * W + 3 - dx),
                                     3 * (W - 6));
                if (!equal) continue;
                found++;
                hits[dx + 3]++;
                if (dx > 0) ck_assert_int_eq(after.mask.px[10 * W + dx - 1], after.mask.px[10 * W + dx]);
            }
        ck_assert_int_eq(found, 1);
        for (int p = 0; p < W * H; p++) ck_assert_int_eq(after.mask.px[p], after.image.px[3 * p]);
        data_sample_free(&before), data_sample_free(&after);
    }
    for (int d = 0; d < 7; d++) ck_assert_int_gt(hits[d], 0);
}
END_TEST

START_TEST(a_shift_beyond_the_image_stays_inside)
{
    DataAugment a = off;
    a.shift = 256;
    for (uint32_t i = 0; i < TRIES; i++) {
        DataSample s = augmented(&a, i);
        for (int p = 0; p < W * H; p++) ck_assert_int_eq(s.mask.px[p], s.image.px[3 * p]);
        data_sample_free(&s);
    }
}
END_TEST

static void switch_on(DataAugment *a, int which)
{
    if (which == 0) a->colour = 0.3f;
    if (which == 1) a->blur = 0.5f;
    if (which == 2) a->noise = 0.5f;
    if (which == 3) a->jpeg = 0.5f;
}

/* With another change switched on, geometry stays as it was; and where that change was not drawn, all does. */
START_TEST(decisions_are_independent)
{
    DataAugment few = off, more;
    few.flip = 0.5f;
    few.shift = 2;
    more = few;
    switch_on(&more, _i);
    int untouched = 0;
    for (uint32_t i = 0; i < TRIES; i++) {
        DataSample a = augmented(&few, i), b = augmented(&more, i);
        ck_assert(same_mask(&a, &b));
        untouched += same_image(&a, &b);
        data_sample_free(&a), data_sample_free(&b);
    }
    if (_i == 0) ck_assert_int_lt(untouched, 3);
    else ck_assert(untouched > TRIES / 5 && untouched < TRIES * 4 / 5);
}
END_TEST

/* The noise is the same whether or not the image was blurred before: compared where nothing saturates. */
START_TEST(noise_draws_are_its_own)
{
    DataAugment noise = off, more;
    noise.noise = 1;
    more = noise;
    more.blur = more.flip = 1;
    DataSample s[4];
    for (int k = 0; k < 4; k++) {
        NnRng rng = nn_rng_make(1, NN_STREAM_AUGMENT, 0, 5);
        s[k] = make_sample();
        memset(s[k].image.px, 128, 3 * W * H); /* a flat image: blur and flip leave it */
        ck_assert_int_eq(data_augment(k % 2 ? &more : &noise, &rng, &s[k], &err), NN_OK);
    }
    ck_assert(same_image(&s[0], &s[1]) && same_image(&s[0], &s[2]));
    int differ = 0;
    for (int i = 0; i < 3 * W * H; i++) differ += s[0].image.px[i] != 128;
    ck_assert_int_gt(differ, W * H);
    for (int k = 0; k < 4; k++) data_sample_free(&s[k]);
}
END_TEST

/* A blurred point keeps its weight, falls off evenly on both sides, and reaches no further than 3 sigma. */
START_TEST(blur_spreads_a_point)
{
    DataAugment a = off;
    a.blur = 1;
    DataSample s = make_sample();
    NnRng rng = nn_rng_make(1, NN_STREAM_AUGMENT, 0, 2);
    memset(s.image.px, 0, 3 * W * H);
    for (int c = 0; c < 3; c++) s.image.px[3 * (10 * W + 12) + c] = 255;
    ck_assert_int_eq(data_augment(&a, &rng, &s, &err), NN_OK);
    int sum = 0;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const int v = s.image.px[3 * (y * W + x)];
            sum += v;
            if (x > 0 && y > 0) ck_assert_int_eq(v, s.image.px[3 * ((20 - y) * W + 24 - x)]);
            if (abs(x - 12) > 6 || abs(y - 10) > 6) ck_assert_int_eq(v, 0);
        }
    ck_assert_int_lt(s.image.px[3 * (10 * W + 12)], 255);
    ck_assert_int_le(abs(sum - 255), 40); /* rounding to whole levels */
    data_sample_free(&s);
}
END_TEST

/* Grey has no saturation to change, and its mean level is what contrast turns about. */
START_TEST(colour_keeps_grey_grey)
{
    DataAugment a = off;
    a.colour = 0.5f;
    for (uint32_t i = 0; i < TRIES; i++) {
        DataSample s = make_sample();
        NnRng rng = nn_rng_make(1, NN_STREAM_AUGMENT, 0, i);
        for (int p = 0; p < W * H; p++) memset(s.image.px + 3 * p, p % 2 ? 90 : 110, 3);
        ck_assert_int_eq(data_augment(&a, &rng, &s, &err), NN_OK);
        const int lo = s.image.px[3], hi = s.image.px[0];
        for (int p = 0; p < 3 * W * H; p++) ck_assert_int_eq(s.image.px[p], p / 3 % 2 ? lo : hi);
        ck_assert(lo + hi >= 2 * 100 * 0.5 - 2 && lo + hi <= 2 * 100 * 1.5 + 2 && lo < hi);
        data_sample_free(&s);
    }
}
END_TEST

START_TEST(jpeg_leaves_its_traces_and_the_mask_alone)
{
    DataAugment a = off;
    a.jpeg = 1;
    DataSample before = make_sample(), after = augmented(&a, 0);
    ck_assert(!same_image(&before, &after) && same_mask(&before, &after));
    ck_assert(after.image.w == W && after.image.h == H && after.image.c == 3);
    data_sample_free(&before), data_sample_free(&after);
    a.jpeg_min = 95;
    before = make_sample();
    NnRng rng = nn_rng_make(1, NN_STREAM_AUGMENT, 0, 0);
    ck_assert_int_eq(data_augment(&a, &rng, &before, &err), NN_ERR_CONFIG);
    ck_assert_str_eq(err.msg, "[augment] jpeg_min = 95 is above jpeg_max = 90");
    data_sample_free(&before);
}
END_TEST

/* Runs of noise are the draws that single calls give: the same bits for grain, a rounding away for the normal. */
START_TEST(noise_in_runs_is_noise_drawn_singly)
{
    enum { N = 5000 };
    static float many[N];
    for (int read = 0; read < 3; read++) {
        NnRng a = nn_rng_make(4, NN_STREAM_TEST, 0, 0);
        for (int i = 0; i < read; i++) nn_rng_u32(&a);
        NnRng b = a;
        data_grain_fill(&a, many, N);
        for (int i = 0; i < N; i++) ck_assert(many[i] == data_grain(&b));
        data_normal_fill(&a, many, N);
        for (int i = 0; i < N; i++) ck_assert(fabsf(many[i] - nn_rng_normal(&b)) < 2e-6f);
        ck_assert_uint_eq(nn_rng_u32(&a), nn_rng_u32(&b));
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("augment");
    TCase *t = tcase_create("augment");
    tcase_add_test(t, nothing_asked_nothing_changed);
    tcase_add_test(t, flip_mirrors_both);
    tcase_add_test(t, shift_moves_both);
    tcase_add_test(t, a_shift_beyond_the_image_stays_inside);
    tcase_add_loop_test(t, decisions_are_independent, 0, 4);
    tcase_add_test(t, noise_draws_are_its_own);
    tcase_add_test(t, noise_in_runs_is_noise_drawn_singly);
    tcase_add_test(t, blur_spreads_a_point);
    tcase_add_test(t, colour_keeps_grey_grey);
    tcase_add_test(t, jpeg_leaves_its_traces_and_the_mask_alone);
    suite_add_tcase(s, t);
    return check_run(s);
}
