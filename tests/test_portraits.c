/* test_portraits.c -- portraits: the same person always looks the same, no two people look alike. */
#include <stdlib.h>
#include <string.h>

#include "data/portrait_maths.h"
#include "data/portraits.h"
#include "tests/check_main.h"

static DataImage portrait(uint64_t seed, uint32_t person, int size, DataFaceBox *face)
{
    DataImage img;
    NnErr err = { 0 };
    ck_assert_msg(data_portrait_render(seed, person, size, &img, face, &err) == NN_OK, "%s", err.msg);
    return img;
}

/* Mean absolute difference, levels. */
static double distance(const DataImage *a, const DataImage *b)
{
    const int n = a->w * a->h * 3;
    double sum = 0;
    for (int i = 0; i < n; i++) sum += abs(a->px[i] - b->px[i]);
    return sum / n;
}

START_TEST(same_person_same_bits)
{
    static const int sizes[] = { 8, 32, 47, 64, 97, 128, 256 };
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        DataImage a = portrait(5, 17, sizes[k], NULL), b = portrait(5, 17, sizes[k], NULL);
        ck_assert_int_eq(a.w, sizes[k]);
        ck_assert_int_eq(a.h, sizes[k]);
        ck_assert_int_eq(a.c, 3);
        ck_assert_int_eq(memcmp(a.px, b.px, (size_t)a.w * (size_t)a.h * 3), 0);
        data_image_free(&a);
        data_image_free(&b);
    }
}
END_TEST

/* 300 people at 32 px: the closest two are still clearly different pictures. */
START_TEST(no_two_alike)
{
    enum { PEOPLE = 300 };
    static DataImage img[PEOPLE];
    double least = 255;
    for (uint32_t p = 0; p < PEOPLE; p++) img[p] = portrait(1, p, 32, NULL);
    for (int p = 0; p < PEOPLE; p++)
        for (int q = 0; q < p; q++) {
            const double d = distance(&img[p], &img[q]);
            least = d < least ? d : least;
        }
    for (int p = 0; p < PEOPLE; p++) data_image_free(&img[p]);
    ck_assert_msg(least > 8, "two people differ by %.2f levels only", least);
}
END_TEST

START_TEST(seed_makes_other_people)
{
    for (uint32_t p = 0; p < 20; p++) {
        DataImage a = portrait(1, p, 32, NULL), b = portrait(2, p, 32, NULL), c = portrait(1ull << 32 | 1, p, 32, NULL);
        ck_assert_double_gt(distance(&a, &b), 8);
        ck_assert_double_gt(distance(&a, &c), 8);
        data_image_free(&a);
        data_image_free(&b);
        data_image_free(&c);
    }
}
END_TEST

/* The identity is in the geometry, not in the pixels: shrunk to one size, a person resembles itself. */
START_TEST(same_person_at_any_size)
{
    NnErr err = { 0 };
    for (uint32_t p = 0; p < 20; p++) {
        DataFaceBox f, g;
        DataImage large = portrait(3, p, 128, &f), small = portrait(3, p, 32, &g),
                  other = portrait(3, p + 100, 32, NULL);
        DataImage shrunk;
        ck_assert_int_eq(data_image_resize(&large, 32, 32, &shrunk, &err), NN_OK);
        ck_assert_double_lt(distance(&shrunk, &small), 8);
        ck_assert_double_lt(2 * distance(&shrunk, &small), distance(&shrunk, &other));
        ck_assert(memcmp(&f, &g, sizeof f) == 0);
        data_image_free(&large);
        data_image_free(&small);
        data_image_free(&other);
        data_image_free(&shrunk);
    }
}
END_TEST

START_TEST(face_lies_inside)
{
    for (uint32_t p = 0; p < 200; p++) {
        DataFaceBox f;
        DataImage img = portrait(4, p, 16, &f);
        ck_assert(f.rx > 0.1f && f.ry > 0.1f);
        ck_assert(f.cx - f.rx > 0 && f.cx + f.rx < 1 && f.cy - f.ry > 0 && f.cy + f.ry < 1.05f);
        data_image_free(&img);
    }
}
END_TEST

/* Skin comes in the whole human range, and pictures are neither black nor burnt out. */
START_TEST(tones_vary)
{
    double darkest = 255, lightest = 0;
    for (uint32_t p = 0; p < 200; p++) {
        DataFaceBox f;
        DataImage img = portrait(6, p, 32, &f);
        double sum = 0;
        int n = 0;
        for (int y = 0; y < 32; y++)
            for (int x = 0; x < 32; x++) {
                const double u = ((x + 0.5) / 32 - (double)f.cx) / (double)f.rx;
                const double v = ((y + 0.5) / 32 - (double)f.cy) / (double)f.ry;
                if (u * u + v * v < 1) sum += img.px[3 * (32 * y + x) + 1], n++;
            }
        darkest = sum / n < darkest ? sum / n : darkest;
        lightest = sum / n > lightest ? sum / n : lightest;
        data_image_free(&img);
    }
    ck_assert_double_lt(darkest, 60);
    ck_assert_double_gt(darkest, 8);
    ck_assert_double_gt(lightest, 170);
    ck_assert_double_lt(lightest, 252);
}
END_TEST

START_TEST(bad_size_refused)
{
    static const int sizes[] = { -1, 0, 7, 4097 };
    for (int k = 0; k < 4; k++) {
        DataImage img;
        NnErr err = { 0 };
        ck_assert_int_eq(data_portrait_render(1, 0, sizes[k], &img, NULL, &err), NN_ERR_SHAPE);
        ck_assert_ptr_nonnull(strstr(err.msg, "expected"));
    }
}
END_TEST

START_TEST(noise_along_a_row_is_noise_at_its_points)
{
    enum { N = 77 };
    static DataLattice lattice;
    NnRng r = nn_rng_make(3, NN_STREAM_TEST, 0, 0);
    for (int i = 0; i < LATTICE_ROW * LATTICE_ROW; i++) lattice.at[i] = nn_rng_range(&r, -1, 1);
    for (int octaves = 1; octaves <= 3; octaves++) {
        float x[N], y[N], expected[N], out[N];
        for (int i = 0; i < N; i++) {
            x[i] = nn_rng_range(&r, -300, 300), y[i] = nn_rng_range(&r, -300, 300);
            expected[i] = noise_octaves(&lattice, x[i], y[i], octaves);
        }
        data_noise_row(&lattice, x, y, octaves, out, N);
        ck_assert_mem_eq(out, expected, sizeof out);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("portraits");
    TCase *t = tcase_create("portraits");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, same_person_same_bits);
    tcase_add_test(t, no_two_alike);
    tcase_add_test(t, seed_makes_other_people);
    tcase_add_test(t, same_person_at_any_size);
    tcase_add_test(t, face_lies_inside);
    tcase_add_test(t, tones_vary);
    tcase_add_test(t, noise_along_a_row_is_noise_at_its_points);
    tcase_add_test(t, bad_size_refused);
    suite_add_tcase(s, t);
    return check_run(s);
}
