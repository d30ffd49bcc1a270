/* test_generated.c -- data sets that are forged on the fly: splits, donors, names, photos of one's own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/generated.h"
#include "data/portraits.h"
#include "nn/base/file.h"
#include "tests/check_main.h"

static DataSettings settings_make(void)
{
    DataSettings s;
    const NnBinding b = { &data_section, &s };
    nn_settings_defaults(&b, 1);
    s.size = 32, s.identities = 120, s.cache_mib = 0;
    return s;
}

static DataSet *open_set(const DataSettings *s, uint64_t seed)
{
    DataSet *set;
    NnErr err = { 0 };
    ck_assert_msg(data_set_open(s, seed, &set, &err) == NN_OK, "%s", err.msg);
    return set;
}

static DataSample sample_of(const DataSet *set, int i)
{
    DataSample s;
    NnErr err = { 0 };
    ck_assert_msg(data_set_read(set, i, &s, &err) == NN_OK, "%s", err.msg);
    return s;
}

START_TEST(no_person_in_two_splits)
{
    const DataSettings s = settings_make();
    DataSet *set = open_set(&s, 1);
    int split[120], count[DATA_SPLITS] = { 0 };
    memset(split, -1, sizeof split);
    for (int i = 0; i < set->n; i++) {
        const DataItem *item = &set->items[i];
        ck_assert_uint_lt(item->group, 120);
        if (split[item->group] < 0) split[item->group] = item->split, count[item->split]++;
        ck_assert_int_eq(split[item->group], item->split);
    }
    for (int k = 0; k < DATA_SPLITS; k++) ck_assert_int_gt(count[k], 5);
    ck_assert_int_eq(count[0] + count[1] + count[2], 120);
    data_set_free(set);
}
END_TEST

/* Train and val: real and swap alone; test: real and all six. */
START_TEST(unseen_methods_only_in_test)
{
    const DataSettings s = settings_make();
    DataSet *set = open_set(&s, 1);
    int n[DATA_SPLITS] = { 0 }, real[DATA_SPLITS] = { 0 };
    for (int i = 0; i < set->n; i++) {
        const DataItem *item = &set->items[i];
        n[item->split]++, real[item->split] += !item->label;
        ck_assert(item->split == DATA_TEST || !item->label || strcmp(data_item_method(set, i), "swap") == 0);
        ck_assert_ptr_nonnull(strstr(item->path, data_item_method(set, i)));
    }
    ck_assert_int_eq(n[DATA_TRAIN], 2 * real[DATA_TRAIN]);
    ck_assert_int_eq(n[DATA_VAL], 2 * real[DATA_VAL]);
    ck_assert_int_eq(n[DATA_TEST], 7 * real[DATA_TEST]);
    ck_assert_str_eq(set->items[0].path, "portraits/00000/real");
    data_set_free(set);
}
END_TEST

START_TEST(donors_are_of_the_same_split)
{
    DataSettings s = settings_make();
    int split[120], donations = 0;
    snprintf(s.methods, sizeof s.methods, "all");
    DataSet *set = open_set(&s, 3);
    for (int i = 0; i < set->n; i++) split[data_generated_subject(set, i)] = set->items[i].split;
    for (int i = 0; i < set->n; i++) {
        const char *method = data_item_method(set, i);
        const int donor = data_generated_donor(set, i),
                  lends = strcmp(method, "swap") == 0 || strcmp(method, "splice") == 0;
        ck_assert_int_eq(donor >= 0, lends);
        if (!lends) continue;
        ck_assert_int_lt(donor, 120);
        ck_assert_int_ne(donor, data_generated_subject(set, i));
        ck_assert_int_eq(split[donor], set->items[i].split);
        donations++;
    }
    ck_assert_int_eq(donations, 240);
    data_set_free(set);
}
END_TEST

START_TEST(items_are_deterministic_and_labelled)
{
    const DataSettings s = settings_make();
    DataSet *a = open_set(&s, 9), *b = open_set(&s, 9);
    for (int i = 0; i < 60; i++) {
        DataSample p = sample_of(a, i), q = sample_of(b, 59 - i), r = sample_of(b, i); /* another order in b */
        int forged = 0;
        for (int k = 0; k < 32 * 32; k++) forged += p.mask.px[k] == 255;
        ck_assert_int_eq(memcmp(p.image.px, r.image.px, 32 * 32 * 3), 0);
        ck_assert_int_eq(memcmp(p.mask.px, r.mask.px, 32 * 32), 0);
        ck_assert(p.has_mask && (forged > 0) == a->items[i].label);
        data_sample_free(&p);
        data_sample_free(&q);
        data_sample_free(&r);
    }
    data_set_free(a);
    data_set_free(b);
}
END_TEST

START_TEST(seed_changes_everything)
{
    const DataSettings s = settings_make();
    DataSet *a = open_set(&s, 1), *b = open_set(&s, 2);
    int moved = 0;
    for (int i = 0; i < 20; i++) {
        DataSample p = sample_of(a, i), q = sample_of(b, i);
        ck_assert_int_ne(memcmp(p.image.px, q.image.px, 32 * 32 * 3), 0);
        data_sample_free(&p);
        data_sample_free(&q);
    }
    int split_a[120], split_b[120];
    for (int i = 0; i < a->n; i++) split_a[a->items[i].group] = a->items[i].split;
    for (int i = 0; i < b->n; i++) split_b[b->items[i].group] = b->items[i].split;
    for (int i = 0; i < 120; i++) moved += split_a[i] != split_b[i];
    ck_assert_int_gt(moved, 20);
    data_set_free(a);
    data_set_free(b);
}
END_TEST

static void expect_refused(const DataSettings *s, NnStatus status, const char *const *parts)
{
    DataSet *set;
    NnErr err = { 0 };
    ck_assert_int_eq(data_set_open(s, 1, &set, &err), status);
    for (; *parts; parts++) ck_assert_msg(strstr(err.msg, *parts) != NULL, "\"%s\" lacks \"%s\"", err.msg, *parts);
}

START_TEST(unknown_names_are_explained)
{
    DataSettings s = settings_make();
    snprintf(s.forge, sizeof s.forge, "swap, inpiant");
    expect_refused(
        &s, NN_ERR_CONFIG,
        (const char *[]){ "forge", "\"inpiant\"", "nearest: inpaint", "swap, inpaint, recolor, warp", NULL });
    s = settings_make();
    snprintf(s.methods, sizeof s.methods, "sawp");
    expect_refused(&s, NN_ERR_CONFIG, (const char *[]){ "methods", "\"sawp\"", "nearest: swap", "splice", NULL });
    s = settings_make();
    snprintf(s.forge, sizeof s.forge, "inpaint,warp");
    expect_refused(&s, NN_ERR_CONFIG, (const char *[]){ "methods", "\"swap\"", "inpaint, warp", NULL });
    s.forge[0] = 0;
    expect_refused(&s, NN_ERR_CONFIG, (const char *[]){ "forge", "known", NULL });
}
END_TEST

/* ---- photos ---- */

static char folder[64];

/* n portraits as files, in two sub-folders, some of them wide. */
static void write_photos(int n)
{
    static const char *const below[] = { "a", "b/deep" };
    snprintf(folder, sizeof folder, "/tmp/test_generated.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (int k = 0; k < 2; k++) {
        NnErr err = { 0 };
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, below[k]);
        ck_assert_int_eq(nn_folder_make(path, &err), NN_OK);
    }
    for (int i = 0; i < n; i++) {
        DataImage img;
        NnErr err = { 0 };
        char path[128];
        ck_assert_int_eq(data_portrait_render(77, (uint32_t)i, 48, &img, NULL, &err), NN_OK);
        if (i % 3 == 0) {
            DataImage wide;
            ck_assert_int_eq(data_image_crop(&img, 0, 4, 48, 40, &wide, &err), NN_OK);
            data_image_free(&img);
            img = wide;
        }
        snprintf(path, sizeof path, "%s/%s/%03d.%s", folder, i % 2 ? "b/deep" : "a", i, i % 5 ? "jpg" : "PNG");
        ck_assert_int_eq(i % 5 ? data_image_save_jpeg(&img, path, 95, &err) : data_image_save_png(&img, path, &err),
                         NN_OK);
        data_image_free(&img);
    }
}

static void remove_photos(int n)
{
    char path[128];
    static const char *const folders[] = { "/a", "/b/deep", "/b", "" };
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s/%03d.%s", folder, i % 2 ? "b/deep" : "a", i, i % 5 ? "jpg" : "PNG");
        unlink(path);
    }
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", folder, folders[i]);
        ck_assert_int_eq(rmdir(path), 0);
    }
}

static DataSettings photo_settings(void)
{
    DataSettings s = settings_make();
    s.source = DATA_SOURCE_PHOTOS, s.val_fraction = 0.2f, s.test_fraction = 0.3f;
    snprintf(s.path, sizeof s.path, "%s", folder);
    return s;
}

START_TEST(photos_are_forged)
{
    enum { PHOTOS = 60 };
    write_photos(PHOTOS);
    const DataSettings s = photo_settings();
    DataSet *set = open_set(&s, 1);
    int real = 0;
    for (int i = 0; i < set->n; i++) {
        const char *mark = strchr(set->items[i].path, '#');
        real += mark == NULL;
        ck_assert_int_eq(mark != NULL, set->items[i].label);
        if (mark) ck_assert_str_eq(mark + 1, data_item_method(set, i));
        ck_assert_ptr_null(set->items[i].where);
        DataSample p = sample_of(set, i);
        ck_assert(p.image.w == 32 && p.image.h == 32 && p.mask.w == 32);
        data_sample_free(&p);
        const int donor = data_generated_donor(set, i);
        ck_assert_int_lt(donor, PHOTOS);
        ck_assert_int_ne(donor, data_generated_subject(set, i));
    }
    ck_assert_int_eq(real, PHOTOS);
    ck_assert_ptr_nonnull(strstr(set->items[0].path, "/a/000.PNG"));
    data_set_free(set);
    remove_photos(PHOTOS);
}
END_TEST

START_TEST(bad_photos_are_named)
{
    write_photos(4);
    DataSettings s = photo_settings();
    NnErr err = { 0 };
    char path[128];
    snprintf(path, sizeof path, "%s/a/000.PNG", folder);
    const NnChunk junk = { "junk", 4 };
    ck_assert_int_eq(nn_file_write(path, &junk, 1, &err), NN_OK);
    snprintf(s.methods, sizeof s.methods, "warp");
    s.val_fraction = s.test_fraction = 0;
    DataSet *set = open_set(&s, 1);
    DataSample sample;
    ck_assert_int_ne(data_set_read(set, 0, &sample, &err), NN_OK);
    ck_assert_ptr_nonnull(strstr(err.msg, "000.PNG"));
    data_set_free(set);
    remove_photos(4);
}
END_TEST

START_TEST(photos_need_a_folder_and_company)
{
    write_photos(1);
    DataSettings s = photo_settings();
    s.val_fraction = s.test_fraction = 0;
    expect_refused(&s, NN_ERR_DATA, (const char *[]){ folder, "train", "swap", NULL });
    remove_photos(1);
    expect_refused(&s, NN_ERR_CONFIG, (const char *[]){ folder, "no such folder", NULL });
}
END_TEST

int main(void)
{
    Suite *s = suite_create("generated");
    TCase *t = tcase_create("generated");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, no_person_in_two_splits);
    tcase_add_test(t, unseen_methods_only_in_test);
    tcase_add_test(t, donors_are_of_the_same_split);
    tcase_add_test(t, items_are_deterministic_and_labelled);
    tcase_add_test(t, seed_changes_everything);
    tcase_add_test(t, unknown_names_are_explained);
    tcase_add_test(t, photos_are_forged);
    tcase_add_test(t, bad_photos_are_named);
    tcase_add_test(t, photos_need_a_folder_and_company);
    suite_add_tcase(s, t);
    return check_run(s);
}
