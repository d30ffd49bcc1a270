/* test_map_pictures.c -- heat maps as pictures: the colour ramp, overlays, a folder of them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/heat_map.h"
#include "eval/map_folder.h"
#include "nn/base/file.h"
#include "tests/check_main.h"

static NnErr err;

static void forget_errors(void)
{
    err = (NnErr){ 0 };
}

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

int main(void)
{
    Suite *s = suite_create("map_pictures");
    TCase *t = tcase_create("map_pictures");
    tcase_add_checked_fixture(t, forget_errors, NULL);
    tcase_add_test(t, ramp_grows_lighter);
    tcase_add_test(t, overlay_leaves_calm_places_alone);
    tcase_add_test(t, map_names_never_collide);
    suite_add_tcase(s, t);
    return check_run(s);
}
