/* test_jpeg_trip.c -- the short way through JPEG ends where the long one does: at the same bits. */
#include <stdlib.h>
#include <string.h>

#include "data/jpeg_trip.h"
#include "nn/base/rng.h"
#include "tests/check_main.h"

/* kind: 0 noise, 1 black and white, 2 smooth with texture. */
static DataImage picture(int w, int h, int c, int kind)
{
    DataImage img;
    NnErr err = { 0 };
    NnRng r = nn_rng_make(2, NN_STREAM_TEST, 0, (uint32_t)kind);
    ck_assert_int_eq(data_image_new(w, h, c, &img, &err), NN_OK);
    for (int i = 0; i < w * h * c; i++) {
        const int level = kind == 0   ? (int)nn_rng_below(&r, 256)
                          : kind == 1 ? 255 * (int)nn_rng_below(&r, 2)
                                      : 60 + i * 120 / (w * h * c) + (int)nn_rng_below(&r, 16);
        img.px[i] = (unsigned char)level;
    }
    return img;
}

/* Every kind of picture, of border, and of quality. */
START_TEST(the_trip_through_jpeg_equals_saving_and_reading)
{
    static const int sizes[][2] = { { 64, 48 }, { 37, 23 }, { 17, 33 }, { 16, 1 }, { 1, 40 }, { 2, 2 }, { 1, 1 } };
    NnErr err = { 0 };
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int quality = 1; quality <= 100; quality++) {
            DataImage img = picture(sizes[k][0], sizes[k][1], 3, _i), back;
            DataBytes file;
            ck_assert_int_eq(data_image_to_jpeg(&img, quality, &file, &err), NN_OK);
            ck_assert_int_eq(data_image_decode(file.data, file.len, "x", 3, DATA_MAX_PIXELS, &back, &err), NN_OK);
            ck_assert_int_eq(data_image_through_jpeg(&img, quality, &err), NN_OK);
            ck_assert_msg(memcmp(img.px, back.px, (size_t)img.w * (size_t)img.h * 3) == 0, "%dx%d, quality %d", img.w,
                          img.h, quality);
            free(file.data);
            data_image_free(&img);
            data_image_free(&back);
        }
}
END_TEST

START_TEST(the_trip_through_jpeg_refuses_what_saving_refuses)
{
    DataImage grey = picture(37, 23, 1, 0), colour = picture(37, 23, 3, 0), before = picture(37, 23, 3, 0);
    NnErr err = { 0 };
    ck_assert_int_eq(data_image_through_jpeg(&grey, 90, &err), NN_ERR_SHAPE);
    err = (NnErr){ 0 };
    ck_assert_int_eq(data_image_through_jpeg(&colour, 0, &err), NN_ERR_CONFIG);
    err = (NnErr){ 0 };
    ck_assert_int_eq(data_image_through_jpeg(&colour, 101, &err), NN_ERR_CONFIG);
    ck_assert_mem_eq(colour.px, before.px, 37 * 23 * 3);
    data_image_free(&grey), data_image_free(&colour), data_image_free(&before);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("jpeg_trip");
    TCase *t = tcase_create("jpeg_trip");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, the_trip_through_jpeg_equals_saving_and_reading, 0, 3);
    tcase_add_test(t, the_trip_through_jpeg_refuses_what_saving_refuses);
    suite_add_tcase(s, t);
    return check_run(s);
}
