/* test_reading.c -- items into samples: size, crop, bad files, the cache, the check before a run, real data. */
#include <pthread.h>

#include "data/data_cache.h"
#include "nn/base/rng.h"
#include "tests/data_rig.h"

/* ---- reading ---- */

static const char pair_text[] = "path,label,mask\nreal.png,0,\nfake.png,1,mask.png\nblind.jpg,1,\n";

static void write_pair(void)
{
    write_image("real.png", 40, 20, 10, 200);
    write_image("fake.png", 40, 20, 30, 220);
    write_image("mask.png", 40, 20, 0, 255);
    write_image("blind.jpg", 40, 20, 30, 220);
    write_text("set.csv", pair_text);
}

static void read_ok(const DataSet *set, int i, DataSample *out)
{
    NnErr err = { 0 };
    ck_assert_msg(data_set_read(set, i, out, &err) == NN_OK, "%s", err.msg);
}

START_TEST(test_read_and_resize)
{
    write_pair();
    DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    DataSet *set = open_set(&s);
    DataSample real, fake, blind;
    read_ok(set, 0, &real);
    read_ok(set, 1, &fake);
    read_ok(set, 2, &blind);
    ck_assert(real.image.w == 16 && real.image.h == 16 && real.image.c == 3 && real.mask.c == 1);
    ck_assert(real.has_mask && fake.has_mask && !blind.has_mask);
    for (int i = 0; i < 256; i++) {
        ck_assert_int_eq(real.image.px[3 * i], i % 16 < 8 ? 10 : 200);
        ck_assert_int_eq(real.mask.px[i], 0);
        ck_assert_int_eq(fake.mask.px[i], i % 16 < 8 ? 0 : 255);
        ck_assert_int_eq(blind.mask.px[i], 0);
    }
    data_sample_free(&real);
    data_sample_free(&fake);
    data_sample_free(&blind);
    data_set_free(set);
}
END_TEST

START_TEST(test_crop_keeps_proportions)
{
    write_pair();
    DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    s.fit = DATA_FIT_CROP;
    s.size = 20;
    DataSet *set = open_set(&s);
    DataSample fake;
    read_ok(set, 1, &fake);
    for (int i = 0; i < 400; i++) {
        ck_assert_int_eq(fake.image.px[3 * i], i % 20 < 10 ? 30 : 220);
        ck_assert_int_eq(fake.mask.px[i], i % 20 < 10 ? 0 : 255);
    }
    data_sample_free(&fake);
    data_set_free(set);
    s.size = 21;
    set = open_set(&s);
    NnErr err = { 0 };
    ck_assert_int_eq(data_set_read(set, 0, &fake, &err), NN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, "set.csv:2: "));
    ck_assert_ptr_nonnull(strstr(err.msg, "40x20 pixels are less than [data] size = 21"));
    data_set_free(set);
}
END_TEST

static void assert_read_fails(const DataSet *set, int i, NnStatus status, const char *where, const char *reason)
{
    DataSample sample;
    NnErr err = { 0 };
    const NnStatus got = data_set_read(set, i, &sample, &err);
    ck_assert_msg(got == status, "status %d: %s", (int)got, err.msg);
    ck_assert_msg(strstr(err.msg, where) && strstr(err.msg, reason), "%s", err.msg);
    ck_assert_ptr_null(sample.image.px);
    ck_assert_ptr_null(sample.mask.px);
}

START_TEST(test_bad_items_are_named)
{
    write_pair();
    write_image("small.png", 20, 20, 0, 255);
    write_image("dark.png", 40, 20, 0, 1);
    write_text("page.png", "<html>404</html>");
    DataSet *set = open_text("path,label,mask\nmissing.png,0,\npage.png,0,\nfake.png,1,small.png\nreal.png,1,dark.png\n"
                             "blind.jpg,1,gone.png\n");
    assert_read_fails(set, 0, NN_ERR_IO, "set.csv:2: ", "missing.png");
    assert_read_fails(set, 1, NN_ERR_FORMAT, "set.csv:3: ", "looks like an HTML");
    assert_read_fails(set, 2, NN_ERR_DATA, "set.csv:4: ", "has 20x20 pixels, its image");
    assert_read_fails(set, 3, NN_ERR_DATA, "set.csv:5: ", "its largest value is 1");
    assert_read_fails(set, 4, NN_ERR_IO, "set.csv:6: ", "gone.png");
    data_set_free(set);
}
END_TEST

START_TEST(test_max_pixels)
{
    write_pair();
    DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    s.max_pixels = 799;
    DataSet *set = open_set(&s);
    assert_read_fails(set, 0, NN_ERR_FORMAT, "set.csv:2: ", "max_pixels = 799");
    data_set_free(set);
}
END_TEST

/* ---- cache and check ---- */

static void *read_many(void *arg)
{
    const DataSet *set = arg;
    for (int i = 0; i < 40; i++) {
        DataSample sample;
        NnErr err = { 0 };
        if (data_set_read(set, i % set->n, &sample, &err) != NN_OK || sample.image.px[0] != 10 + i % set->n) return arg;
        data_sample_free(&sample);
    }
    return NULL;
}

/* Read by four threads, with memory for none, some and all of the items. */
START_TEST(test_cache_changes_nothing)
{
    char text[512] = "path,label\n", name[32];
    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "i%d.png", i);
        write_image(name, 24, 24, 10 + i, 10 + i);
        sprintf(text + strlen(text), "%s,0\n", name);
    }
    write_text("set.csv", text);
    DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    s.size = 300; /* 360,000 bytes each: two go into a MiB */
    const size_t kept[] = { 0, 2, 8 };
    const int mib[] = { 0, 1, 64 };
    for (int round = 0; round < 3; round++) {
        s.cache_mib = mib[round];
        DataSet *set = open_set(&s);
        pthread_t t[4];
        void *wrong;
        for (int k = 0; k < 4; k++) ck_assert_int_eq(pthread_create(&t[k], NULL, read_many, set), 0);
        for (int k = 0; k < 4; k++) {
            pthread_join(t[k], &wrong);
            ck_assert_ptr_null(wrong);
        }
        ck_assert_uint_eq(data_cache_bytes(set->cache), kept[round] * 300 * 300 * 4);
        data_set_free(set);
    }
}
END_TEST

/* 40 images, of which those at 3, 17 and 30 are bad. */
static DataSettings write_spoiled(void)
{
    char text[2048] = "path,label\n", name[32];
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "i%02d.png", i);
        if (i == 3) write_text(name, "GIF89a");
        else if (i != 17 && i != 30) write_image(name, 20, 20, i, 200);
        sprintf(text + strlen(text), "%s,%d\n", name, i % 2);
    }
    write_text("set.csv", text);
    return settings_of(DATA_SOURCE_MANIFEST, "set.csv");
}

START_TEST(test_check_stops_or_skips)
{
    DataSettings s = write_spoiled();
    for (int threads = 1; threads <= 4; threads += 3) {
        int index[40], n = 40;
        DataCheck check;
        NnErr err = { 0 };
        for (int i = 0; i < 40; i++) index[i] = i;
        s.on_bad = DATA_BAD_STOP;
        DataSet *set = open_set(&s);
        ck_assert_int_eq(data_set_check(set, index, &n, threads, &check, &err), NN_ERR_DATA);
        ck_assert_ptr_nonnull(strstr(err.msg, "set.csv:5: "));
        ck_assert_ptr_nonnull(strstr(err.msg, "GIF"));
        ck_assert_ptr_nonnull(strstr(err.msg, "bad: 3 of 40"));
        ck_assert_int_eq(n, 40);
        data_check_free(&check);
        set->settings.on_bad = DATA_BAD_SKIP;
        err = (NnErr){ 0 };
        ck_assert_int_eq(data_set_check(set, index, &n, threads, &check, &err), NN_OK);
        ck_assert_int_eq(n, 37);
        ck_assert_int_eq(check.n_checked, 40);
        ck_assert_int_eq(check.n_bad, 3);
        ck_assert_ptr_nonnull(strstr(check.messages[0], "i03.png"));
        ck_assert_ptr_nonnull(strstr(check.messages[1], "i17.png"));
        ck_assert_ptr_nonnull(strstr(check.messages[2], "i30.png"));
        for (int k = 0, i = 0; i < 40; i++)
            if (i != 3 && i != 17 && i != 30) ck_assert_int_eq(index[k++], i);
        data_check_free(&check);
        data_set_free(set);
    }
}
END_TEST

/* ---- settings and real data ---- */

START_TEST(test_defaults)
{
    DataSettings s;
    DataAugment a;
    const NnBinding b[2] = { { &data_section, &s }, { &data_augment_section, &a } };
    nn_settings_defaults(b, 2);
    ck_assert_int_eq(s.source, DATA_SOURCE_PORTRAITS);
    ck_assert_str_eq(s.methods, "swap");
    ck_assert(s.size == 64 && s.fit == DATA_FIT_RESIZE && s.identities == 1200 && s.max_pixels == DATA_MAX_PIXELS);
    ck_assert(s.val_fraction == .15f && s.test_fraction == .15f && s.noise == 2 && s.balance == 1);
    ck_assert(s.quality_min == 70 && s.quality_max == 95 && s.on_bad == DATA_BAD_STOP && s.cache_mib == 1024);
    ck_assert(a.flip == .5f && a.shift == 0 && a.jpeg == 0 && a.jpeg_min == 60 && a.noise_sigma == 3 && a.colour == 0);
    NnErr err = { 0 };
    ck_assert_int_eq(nn_settings_set(b, 2, "data.on_bad=skip", &err), NN_OK);
    ck_assert_int_eq(s.on_bad, DATA_BAD_SKIP);
    ck_assert_int_eq(nn_settings_set(b, 2, "data.size=8", &err), NN_ERR_CONFIG);
}
END_TEST

static void read_whole(const char *path)
{
    DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "x");
    snprintf(s.path, sizeof s.path, "%s", path);
    if (!nn_file_exists(path)) {
        printf("test_manifest: no %s: skipped\n", path);
        return;
    }
    DataSet *set = open_set(&s);
    for (int split = 0; split < DATA_SPLITS; split++) {
        int *index, n;
        DataCheck check;
        NnErr err = { 0 };
        ck_assert_int_eq(data_set_select(set, (DataSplit)split, &index, &n, &err), NN_OK);
        ck_assert_int_gt(n, 0); /* they have train and val: all three are made of these */
        ck_assert_msg(data_set_check(set, index, &n, 2, &check, &err) == NN_OK, "%s", err.msg);
        ck_assert_int_eq(check.n_bad, 0);
        data_check_free(&check);
        free(index);
    }
    data_set_free(set);
}

START_TEST(test_real_data_sets)
{
    static const char *const names[] = { "comofod256", "bsds_removal128" };
    const char *set = getenv("LOCUS_TESTDATA"), *root = set ? set : "../shared/data";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[NN_TEXT_MAX];
        snprintf(path, sizeof path, "%s/%s/manifest.csv", root, names[i]);
        read_whole(path);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("reading");
    TCase *t = tcase_create("reading");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, temp_folder_make, temp_folder_remove);
    tcase_add_test(t, test_read_and_resize);
    tcase_add_test(t, test_crop_keeps_proportions);
    tcase_add_test(t, test_bad_items_are_named);
    tcase_add_test(t, test_max_pixels);
    tcase_add_test(t, test_cache_changes_nothing);
    tcase_add_test(t, test_check_stops_or_skips);
    tcase_add_test(t, test_defaults);
    tcase_add_test(t, test_real_data_sets);
    suite_add_tcase(s, t);
    return check_run(s);
}
