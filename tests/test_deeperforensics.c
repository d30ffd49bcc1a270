/* test_deeperforensics.c -- the layout of DeeperForensics-1.0: splits, groups of actors, and what is said when parts are
 * missing. Listing opens no image, so empty files stand for frames. */
#include "data/import.h"
#include "data/spec.h"
#include "tests/data_rig.h"

static void write_frames(const char *video)
{
    char path[128];
    for (int n = 0; n < 20; n += 9) {
        snprintf(path, sizeof path, "set/%s/%04d.png", video, n);
        write_text(path, "");
    }
}

/* Targets 000 and 001 bear the face of M101, 002 that of W010; 003 is the target of nothing. */
static void write_set(void)
{
    write_frames("manipulated_videos/end_to_end/frames/000_M101");
    write_frames("manipulated_videos/end_to_end/frames/001_M101");
    write_frames("manipulated_videos/end_to_end/frames/002_W010");
    write_frames("manipulated_videos/end_to_end_level_5/frames/002_W010");
    write_frames("original_sequences/youtube/c23/frames/000");
    write_frames("original_sequences/youtube/c23/frames/001");
    write_frames("original_sequences/youtube/c23/frames/002");
    write_frames("original_sequences/youtube/c23/frames/003");
    write_text("set/lists/splits/train.txt", "000_M101.mp4\r\n001_M101.mp4\r\n");
    write_text("set/lists/splits/test.txt", "end_to_end/002_W010.mp4");
}

static DataSettings settings_of_set(const char *options)
{
    DataSettings s = settings_of(DATA_SOURCE_SPEC, "");
    snprintf(s.path, sizeof s.path, "deeperforensics:%s%s", in_folder("set"), options);
    return s;
}

static DataSet *list_set(const char *options)
{
    const DataSettings s = settings_of_set(options);
    DataSet *set;
    NnErr err = { 0 };
    ck_assert_msg(data_set_list(&s, &set, &err) == NN_OK, "%s", err.msg);
    return set;
}

START_TEST(test_layout)
{
    write_set();
    DataSet *set = list_set("");
    const DataItem *real = item(set, "c23/frames/001/0009.png");
    const DataItem *swap = item(set, "end_to_end/frames/000_M101/0018.png");
    const DataItem *level = item(set, "end_to_end_level_5/frames/002_W010/0000.png");
    ck_assert_int_eq(set->n, 7 * 3);
    ck_assert_int_eq(set->n_methods, 2);
    ck_assert_int_eq(real->label, 0);
    ck_assert_int_eq(real->split, DATA_TRAIN);
    ck_assert_str_eq(data_item_method(set, find(set, "frames/000_M101/0018.png")), "end_to_end");
    ck_assert_int_eq(swap->split, DATA_TRAIN);
    ck_assert_int_eq(level->split, DATA_TEST);
    ck_assert_str_eq(level->video, "end_to_end_level_5/002_W010");
    ck_assert_msg(real->group == swap->group, "targets of one actor are of one group");
    ck_assert(level->group == item(set, "c23/frames/002/0000.png")->group);
    ck_assert(level->group != swap->group);
    data_set_free(set);
}
END_TEST

START_TEST(test_written_as_manifest)
{
    write_set();
    NnErr err = { 0 };
    DataSet *set = list_set("");
    ck_assert_msg(data_import_write(set, in_folder("set.csv"), &err) == NN_OK, "%s", err.msg);
    const DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    DataSet *again;
    ck_assert_msg(data_set_list(&s, &again, &err) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(again->n, set->n);
    for (int i = 0; i < set->n; i++) {
        ck_assert_int_eq(again->items[i].split, set->items[i].split);
        for (int k = 0; k < i; k++)
            ck_assert_int_eq(again->items[i].group == again->items[k].group,
                             set->items[i].group == set->items[k].group);
    }
    data_set_free(again);
    data_set_free(set);
}
END_TEST

START_TEST(test_without_splits_actors_stay_together)
{
    write_set();
    ck_assert_int_eq(unlink(in_folder("set/lists/splits/train.txt")), 0);
    ck_assert_int_eq(unlink(in_folder("set/lists/splits/test.txt")), 0);
    const DataSettings s = settings_of_set("");
    DataSet *set = open_set(&s);
    ck_assert_int_eq(set->n_notes, 1);
    ck_assert_ptr_nonnull(strstr(set->notes[0], "splits are drawn"));
    ck_assert_int_eq(item(set, "frames/000_M101/0000.png")->split, item(set, "c23/frames/001/0000.png")->split);
    data_set_free(set);
}
END_TEST

START_TEST(test_what_is_missing_or_wrong)
{
    write_frames("manipulated_videos/end_to_end/frames/000_M101");
    DataSettings s = settings_of_set("");
    assert_open_fails(&s, NN_ERR_DATA, "original_sequences/youtube/c23: no frames of any target", NULL);
    write_frames("original_sequences/youtube/c40/frames/000");
    assert_open_fails(&s, NN_ERR_DATA, "original_sequences/youtube/c23", NULL);
    s = settings_of_set(",compression=c40");
    data_set_free(open_set(&s));

    write_text("set/lists/splits/train.txt", "000_M101.mp4\n");
    write_text("set/lists/splits/val.txt", "000_M101.mp4\n");
    assert_open_fails(&s, NN_ERR_DATA, "000_M101 is in two splits", NULL);

    write_text("empty/manipulated_videos/end_to_end/000_M101.mp4", "");
    s = settings_of(DATA_SOURCE_SPEC, "empty");
    assert_open_fails(&s, NN_ERR_DATA, "manipulated_videos: no <variant>/frames/", "extract_frames", NULL);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("deeperforensics");
    TCase *t = tcase_create("layout");
    tcase_add_checked_fixture(t, temp_folder_make, temp_folder_remove);
    tcase_add_test(t, test_layout);
    tcase_add_test(t, test_written_as_manifest);
    tcase_add_test(t, test_without_splits_actors_stay_together);
    tcase_add_test(t, test_what_is_missing_or_wrong);
    suite_add_tcase(s, t);
    return check_run(s);
}
