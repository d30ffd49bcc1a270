/* test_rng.c -- Philox against the known answers of Random123, and the properties the project leans on. */
#include <math.h>
#include <string.h>

#include "nn/base/rng.h"
#include "tests/check_main.h"

/* counter, key, answer: Random123's kat_vectors, philox4x32 10 */
static const uint32_t known[3][10] = {
    { 0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 },
    { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6,
      0x6d5451fd },
    { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420,
      0x24126ea1 },
};

START_TEST(philox_gives_the_known_answers)
{
    uint32_t out[4];
    nn_philox(known[_i], known[_i] + 4, out);
    for (int i = 0; i < 4; i++) ck_assert_uint_eq(out[i], known[_i][6 + i]);
}
END_TEST

START_TEST(every_word_of_the_address_matters)
{
    NnRng r[5] = { nn_rng_make(1, NN_STREAM_TEST, 2, 3), nn_rng_make(1ull << 32, NN_STREAM_TEST, 2, 3),
                   nn_rng_make(1, NN_STREAM_INIT, 2, 3), nn_rng_make(1, NN_STREAM_TEST, 4, 3),
                   nn_rng_make(1, NN_STREAM_TEST, 2, 5) };
    uint64_t first[5];
    for (int i = 0; i < 5; i++) {
        first[i] = nn_rng_u32(&r[i]);
        first[i] = first[i] << 32 | nn_rng_u32(&r[i]);
        for (int j = 0; j < i; j++) ck_assert(first[i] != first[j]);
    }
}
END_TEST

START_TEST(seeking_meets_the_sequence)
{
    NnRng r = nn_rng_make(7, NN_STREAM_TEST, 0, 0);
    uint32_t sequence[400];
    for (int i = 0; i < 400; i++) sequence[i] = nn_rng_u32(&r);
    for (uint32_t block = 100; block-- > 0;) {
        nn_rng_seek(&r, block);
        for (uint32_t i = 0; i < 4; i++) ck_assert_uint_eq(nn_rng_u32(&r), sequence[4 * block + i]);
    }
}
END_TEST

/* Chi-square with 9 degrees of freedom: above 33.7 once in 10,000 fair tries; the seed is fixed. */
/* From any place in a block, across the end of the counter, and leaving off at any place. */
START_TEST(filling_meets_the_sequence)
{
    static const size_t lengths[] = { 0, 1, 3, 4, 63, 64, 65, 255, 256, 257, 700, 1025 };
    uint32_t many[1025];
    for (int read = 0; read < 5; read++)
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            NnRng a = nn_rng_make(9, NN_STREAM_TEST, 2, 3);
            nn_rng_seek(&a, UINT32_MAX - 70);
            for (int i = 0; i < read; i++) nn_rng_u32(&a);
            NnRng b = a;
            nn_rng_fill(&a, many, lengths[k]);
            for (size_t i = 0; i < lengths[k]; i++) ck_assert_uint_eq(many[i], nn_rng_u32(&b));
            for (int i = 0; i < 9; i++) ck_assert_uint_eq(nn_rng_u32(&a), nn_rng_u32(&b));
        }
}
END_TEST

START_TEST(small_numbers_are_equally_likely)
{
    enum { DRAWS = 100000 };
    NnRng r = nn_rng_make(11, NN_STREAM_TEST, 0, 0);
    int count[10] = { 0 };
    double chi = 0;
    for (int i = 0; i < DRAWS; i++) {
        const uint32_t v = nn_rng_below(&r, 10);
        ck_assert_uint_lt(v, 10);
        count[v]++;
    }
    for (int i = 0; i < 10; i++) chi += (count[i] - DRAWS / 10.0) * (count[i] - DRAWS / 10.0) / (DRAWS / 10.0);
    ck_assert_double_lt(chi, 33.7);
}
END_TEST

/* A plain remainder of 3 * 2^30 would land in the lowest third twice as often: half of all draws. */
START_TEST(no_modulo_bias)
{
    enum { DRAWS = 60000 };
    NnRng r = nn_rng_make(12, NN_STREAM_TEST, 0, 0);
    int low = 0;
    for (int i = 0; i < DRAWS; i++) low += nn_rng_below(&r, 3u << 30) < 1u << 30;
    ck_assert_int_lt(abs(low - DRAWS / 3), 600);
}
END_TEST

START_TEST(uniform_and_normal_have_their_moments)
{
    enum { DRAWS = 200000 };
    NnRng r = nn_rng_make(13, NN_STREAM_TEST, 0, 0);
    double u1 = 0, u2 = 0, z1 = 0, z2 = 0, z4 = 0;
    for (int i = 0; i < DRAWS; i++) {
        const double u = (double)nn_rng_uniform(&r), z = (double)nn_rng_normal(&r);
        ck_assert(u >= 0 && u < 1 && isfinite(z));
        u1 += u / DRAWS, u2 += u * u / DRAWS;
        z1 += z / DRAWS, z2 += z * z / DRAWS, z4 += z * z * z * z / DRAWS;
    }
    ck_assert_double_eq_tol(u1, 1 / 2.0, 0.004);
    ck_assert_double_eq_tol(u2, 1 / 3.0, 0.004);
    ck_assert_double_eq_tol(z1, 0, 0.012);
    ck_assert_double_eq_tol(z2, 1, 0.02);
    ck_assert_double_eq_tol(z4, 3, 0.15);
}
END_TEST

START_TEST(coin_keeps_its_ends)
{
    NnRng r = nn_rng_make(14, NN_STREAM_TEST, 0, 0);
    for (int i = 0; i < 10000; i++) ck_assert(!nn_rng_coin(&r, 0) && nn_rng_coin(&r, 1));
}
END_TEST

/* All 24 orders of 4 things; 23 degrees of freedom: above 56.2 once in 10,000. */
START_TEST(shuffle_reaches_every_order_equally)
{
    enum { TRIES = 24000 };
    NnRng r = nn_rng_make(15, NN_STREAM_TEST, 0, 0);
    int count[256] = { 0 }, orders = 0;
    double chi = 0;
    for (int i = 0; i < TRIES; i++) {
        int p[4] = { 0, 1, 2, 3 };
        nn_rng_shuffle(&r, p, 4);
        ck_assert_int_eq(1 << p[0] | 1 << p[1] | 1 << p[2] | 1 << p[3], 15);
        count[p[0] << 6 | p[1] << 4 | p[2] << 2 | p[3]]++;
    }
    for (int i = 0; i < 256; i++) {
        if (!count[i]) continue;
        orders++;
        chi += (count[i] - TRIES / 24.0) * (count[i] - TRIES / 24.0) / (TRIES / 24.0);
    }
    ck_assert_int_eq(orders, 24);
    ck_assert_double_lt(chi, 56.2);
}
END_TEST

/* The published FNV-1a values of "" and "a". */
START_TEST(text_hash_is_fnv1a)
{
    ck_assert(nn_hash_text("") == 0xcbf29ce484222325u);
    ck_assert(nn_hash_text("a") == 0xaf63dc4c8601ec8cu);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rng");
    TCase *t = tcase_create("philox");
    tcase_add_loop_test(t, philox_gives_the_known_answers, 0, 3);
    tcase_add_test(t, every_word_of_the_address_matters);
    tcase_add_test(t, seeking_meets_the_sequence);
    tcase_add_test(t, filling_meets_the_sequence);
    tcase_add_test(t, small_numbers_are_equally_likely);
    tcase_add_test(t, no_modulo_bias);
    tcase_add_test(t, uniform_and_normal_have_their_moments);
    tcase_add_test(t, coin_keeps_its_ends);
    tcase_add_test(t, shuffle_reaches_every_order_equally);
    tcase_add_test(t, text_hash_is_fnv1a);
    suite_add_tcase(s, t);
    return check_run(s);
}
