/* test_ffpp.c -- data sets of extracted videos on disk: FaceForensics++, Celeb-DF and DFDC in miniature. */
#include <sys/stat.h>

#include "tests/spec_rig.h"

static void write_frames(const char *folder, int n)
{
    char name[160];
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%s/%d.png", folder, i);
        write_text(name, "");
    }
}

/* ---- FaceForensics++ ---- */

static void write_ffpp(void)
{
    write_frames("ff/original_sequences/youtube/c23/frames/071", 12);
    write_frames("ff/original_sequences/youtube/c23/frames/054", 2);
    write_frames("ff/original_sequences/youtube/c23/frames/100", 1);
    write_frames("ff/manipulated_sequences/Deepfakes/c23/frames/071_054", 3);
    write_frames("ff/manipulated_sequences/Deepfakes/c23/masks/071_054", 2);
    write_frames("ff/manipulated_sequences/FaceSwap/c23/frames/054_071", 1);
    write_frames("ff/manipulated_sequences/FaceSwap/c23/frames/100_101", 1);
}

static void write_splits(const char *folder)
{
    static const char *const names[] = { "train", "val", "test" };
    static const char *const pairs[] = { "[[\"071\", \"054\"]]", "[[\"900\", \"901\"]]", "[[\"101\", \"100\"]]" };
    char name[64];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s/%s.json", folder, names[i]);
        write_text(name, pairs[i]);
    }
}

START_TEST(test_ffpp_tree)
{
    write_ffpp();
    write_splits("ff/splits");
    write_text("ff/original_sequences/youtube/c23/frames/071/notes.txt", "");
    write_text("ff/original_sequences/youtube/c23/videos/071.mp4", "");
    DataSet *set = list_spec("@/ff");
    ck_assert_int_eq(set->n, 20);
    ck_assert_int_eq(set->n_methods, 2);
    const DataItem *real = item(set, "071/0.png"), *fake = item(set, "071_054/1.png");
    ck_assert_str_eq(item(set, "071/10.png")[1].path, item(set, "071/11.png")->path); /* not behind 1.png */
    ck_assert_str_eq(real->video, "youtube_071");
    ck_assert_str_eq(fake->video, "Deepfakes_071_054");
    ck_assert_str_eq(data_item_method(set, find(set, "054_071/0.png")), "FaceSwap");
    ck_assert_str_eq(fake->mask, in_folder("ff/manipulated_sequences/Deepfakes/c23/masks/071_054/1.png"));
    ck_assert_ptr_null(item(set, "071_054/2.png")->mask);
    ck_assert_ptr_null(real->mask);
    ck_assert(has_note(set, "3 forged frames have no mask"));
    ck_assert(real->group == fake->group && real->group == item(set, "/054/0.png")->group);
    ck_assert(real->group == item(set, "054_071/0.png")->group);
    ck_assert(real->group != item(set, "/100/0.png")->group);
    ck_assert(item(set, "/100/0.png")->group == item(set, "100_101/0.png")->group);
    ck_assert_int_eq(fake->split, DATA_TRAIN);
    ck_assert_int_eq(item(set, "100_101/0.png")->split, DATA_TEST);
    assert_written_alike(set, "out/m.csv");
    data_set_free(set);
    set = open_spec("ffpp:@/ff,compression=c23");
    ck_assert_int_eq(set->n, 20);
    data_set_free(set);
}
END_TEST

START_TEST(test_ffpp_splits)
{
    write_ffpp();
    DataSet *set = list_spec("@/ff");
    ck_assert_int_eq(item(set, "071/0.png")->split, DATA_SPLIT_OPEN);
    ck_assert(has_note(set, "splits are drawn"));
    data_set_free(set);
    set = open_spec("@/ff"); /* drawn by group */
    ck_assert_int_eq(item(set, "071/0.png")->split, item(set, "054_071/0.png")->split);
    data_set_free(set);
    spec_fails("@/ff,splits=@/ff/original_sequences", NN_ERR_DATA, "no train.json");
    write_splits("elsewhere");
    set = list_spec("@/ff,splits=@/elsewhere");
    ck_assert_int_eq(item(set, "071/0.png")->split, DATA_TRAIN);
    data_set_free(set);
    write_splits("ff");
    write_frames("ff/original_sequences/youtube/c23/frames/555", 1);
    mkdir(in_folder("ff/original_sequences/youtube/c23/frames/556"), 0700);
    set = list_spec("@/ff");
    ck_assert_int_eq(item(set, "071/0.png")->split, DATA_TRAIN);
    ck_assert_int_eq(item(set, "555/0.png")->split, DATA_SPLIT_OPEN);
    ck_assert(has_note(set, "2 videos are in no split file, the first 555"));
    ck_assert(has_note(set, "1 of 8 videos have no frames, the first 556"));
    data_set_free(set);
}
END_TEST

START_TEST(test_ffpp_bad_splits)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        { "", "val.json:1: not valid JSON" },
        { "{}", "val.json: expected pairs" },
        { "[]", "val.json: expected pairs" },
        { "[\"071\"]", "val.json: expected pairs" },
        { "[[71, 54]]", "expected pairs" },
        { "[[\"900\"]]", "expected pairs" },
        { "[[\"900\", \"071\"]]", "video 071 into two splits" },
    };
    write_ffpp();
    write_splits("ff/splits");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text("ff/splits/val.json", cases[i].text);
        spec_fails("@/ff", NN_ERR_DATA, cases[i].part);
    }
    ck_assert_int_eq(unlink(in_folder("ff/splits/val.json")), 0);
    spec_fails("@/ff", NN_ERR_DATA, "2 of train.json, val.json, test.json; expected all three");
}
END_TEST

/* A swap across the splits ties what the split files hold apart. */
START_TEST(test_ffpp_swap_across_splits)
{
    write_ffpp();
    write_splits("ff/splits");
    write_frames("ff/manipulated_sequences/Odd/c23/frames/071_100", 1);
    DataSet *set = list_spec("@/ff");
    ck_assert(item(set, "/071/0.png")->group == item(set, "/100/0.png")->group);
    data_set_free(set);
    const DataSettings s = spec_settings("@/ff");
    assert_open_fails(&s, NN_ERR_DATA, "of the same group", NULL);
}
END_TEST

START_TEST(test_ffpp_compressions)
{
    write_ffpp();
    write_frames("ff/original_sequences/youtube/c40/frames/071", 1);
    write_frames("ff/manipulated_sequences/Deepfakes/c40/frames/071_054", 1);
    spec_fails("@/ff", NN_ERR_CONFIG, "holds c23, c40; say which");
    spec_fails("@/ff,compression=raw", NN_ERR_CONFIG, "no frames of compression raw; there are: c23, c40");
    DataSet *set = list_spec("@/ff,compression=c40");
    ck_assert_int_eq(set->n, 2);
    ck_assert_str_eq(item(set, "c40/frames/071_054/0.png")->mask,
                     in_folder("ff/manipulated_sequences/Deepfakes/c23/masks/071_054/0.png"));
    data_set_free(set);
    write_text("empty/original_sequences/youtube/c23/videos/071.mp4", "");
    spec_fails("@/empty", NN_ERR_DATA, "extract the frames first");
    mkdir(in_folder("empty/original_sequences/youtube/c23/frames"), 0700);
    spec_fails("@/empty", NN_ERR_DATA, "no frame found");
}
END_TEST

/* Actors are in no official split: they are test beside one, and drawn without. */
START_TEST(test_ffpp_actors)
{
    write_ffpp();
    write_frames("ff/original_sequences/actors/c23/frames/01__walking", 1);
    write_frames("ff/manipulated_sequences/DeepFakeDetection/c23/frames/01_02__walking__ABC", 1);
    DataSet *set = list_spec("@/ff");
    ck_assert_int_eq(item(set, "01__walking/0.png")->split, DATA_SPLIT_OPEN);
    ck_assert_ptr_null(item(set, "01__walking/0.png")->source);
    data_set_free(set);
    write_splits("ff/splits");
    set = list_spec("@/ff");
    ck_assert_int_eq(item(set, "01__walking/0.png")->split, DATA_TEST);
    ck_assert_int_eq(item(set, "01_02__walking__ABC/0.png")->split, DATA_TEST);
    ck_assert(has_note(set, "2 videos of actors and DeepFakeDetection"));
    data_set_free(set);
}
END_TEST

/* ---- Celeb-DF ---- */

static void write_celebdf(void)
{
    write_frames("cdf/Celeb-real/frames/id1_0007", 2);
    write_frames("cdf/Celeb-real/frames/id2_0000", 1);
    write_frames("cdf/YouTube-real/frames/00170", 1);
    write_frames("cdf/YouTube-real/frames/00171", 1);
    write_frames("cdf/Celeb-synthesis/id1_id3_0007", 1); /* without frames/ in between */
    write_frames("cdf/Celeb-synthesis/id1_id4_0007", 1);
    write_frames("cdf/Celeb-synthesis/id2_id4_0000", 1);
    write_text("cdf/List_of_testing_videos.txt", "1 Celeb-real/id1_0007.mp4\r\n1 YouTube-real/00170.mp4\n\n"
                                                 "0 Celeb-synthesis/id1_id3_0007.mp4\n1 YouTube-real/00999.mp4");
}

static void assert_celebdf(const DataSet *set)
{
    ck_assert_int_eq(set->n, 7);
    const DataItem *real = item(set, "id1_0007/0.png"), *fake = item(set, "id1_id3_0007/0.png");
    ck_assert_int_eq(real->label, 0);
    ck_assert_str_eq(data_item_method(set, find(set, "id1_id3_0007/0.png")), "Celeb-DF");
    ck_assert_str_eq(fake->video, "Celeb-synthesis/id1_id3_0007");
    ck_assert_str_eq(fake->source, "Celeb-real/id1_0007");
    ck_assert(real->group == fake->group);
    ck_assert_int_eq(real->split, DATA_TEST);
    ck_assert_int_eq(fake->split, DATA_TEST);
    ck_assert_int_eq(item(set, "00170/0.png")->split, DATA_TEST);
    ck_assert_int_eq(item(set, "00171/0.png")->split, DATA_TRAIN);
    ck_assert_int_eq(item(set, "id2_id4_0000/0.png")->split, DATA_TRAIN);
    ck_assert(item(set, "id2_id4_0000/0.png")->group == item(set, "id2_0000/0.png")->group);
    ck_assert(has_note(set, "1 videos are left out: the test holds others"));
    ck_assert(has_note(set, "1 of 4 test videos have no folder of frames, the first YouTube-real/00999"));
}

START_TEST(test_celebdf)
{
    write_celebdf();
    DataSet *set = list_spec("@/cdf");
    assert_celebdf(set);
    assert_written_alike(set, "m.csv");
    data_set_free(set);
    set = open_spec("celebdf:@/cdf/List_of_testing_videos.txt");
    ck_assert_int_eq(set->n, 7);
    data_set_free(set);
    ck_assert_int_eq(unlink(in_folder("cdf/List_of_testing_videos.txt")), 0);
    set = list_spec("@/cdf");
    ck_assert_int_eq(set->n, 8);
    ck_assert(has_note(set, "splits are drawn"));
    data_set_free(set);
}
END_TEST

START_TEST(test_celebdf_errors)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        { "", "no video is listed" },
        { "1 Celeb-real/id1_0007.mp4\n2 Celeb-real/a.mp4\n", "txt:2: \"2 Celeb-real/a.mp4\"; expected" },
        { "1 Other/a.mp4\n", "expected" },
        { "0 Celeb-real/a.mp4\n", "1 is real, 0 is fake" },
        { "1 Celeb-real/.mp4\n", "no name of a video" },
        { "1 Celeb-real/a/b.mp4\n", "no name of a video" },
    };
    write_celebdf();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text("cdf/List_of_testing_videos.txt", cases[i].text);
        spec_fails("@/cdf", NN_ERR_DATA, cases[i].part);
    }
    write_bytes("cdf/List_of_testing_videos.txt", "1 \0", 3);
    spec_fails("@/cdf", NN_ERR_DATA, "zero bytes");
    mkdir(in_folder("none"), 0700);
    spec_fails("celebdf:@/none", NN_ERR_DATA, "no frame found");
}
END_TEST

/* ---- DFDC ---- */

START_TEST(test_dfdc)
{
    write_frames("dfdc/frames/aaa", 3);
    write_frames("dfdc/bbb", 1);
    write_text("dfdc/c.png", "");
    write_text("dfdc/labels.csv", "label,filename\r\n1,aaa.mp4\r\n0,bbb.mp4\r\nREAL,c.png\r\n0,missing.mp4\r\n");
    DataSet *set = list_spec("@/dfdc");
    ck_assert_int_eq(set->n, 5);
    ck_assert_str_eq(data_item_method(set, 0), "DFDC");
    ck_assert_str_eq(set->items[0].video, "aaa");
    ck_assert_str_eq(set->items[2].path, in_folder("dfdc/frames/aaa/2.png"));
    ck_assert_str_eq(data_item_method(set, find(set, "bbb/0.png")), "real");
    ck_assert_int_eq(item(set, "c.png")->label, 0);
    ck_assert(set->items[0].group == set->items[1].group && set->items[0].group != item(set, "c.png")->group);
    ck_assert_int_eq(set->items[0].split, DATA_SPLIT_OPEN);
    ck_assert(has_note(set, "1 of 4 videos have no frames in"));
    assert_written_alike(set, "m.csv");
    data_set_free(set);
    write_text("lists/labels.csv", "filename,label\naaa.mp4,1\n");
    set = open_spec("@/lists/labels.csv,root=@/dfdc");
    ck_assert_int_eq(set->n, 3);
    data_set_free(set);
}
END_TEST

START_TEST(test_dfdc_errors)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        { "", "expected a header" },
        { "filename\na.mp4\n", "expected a header" },
        { "filename,label\n", "no frame found" },
        { "filename,label\na.mp4,2\n", "labels.csv:2: label \"2\"" },
        { "filename,label\n,1\n", "labels.csv:2: no name" },
        { "filename,label\na.mp4\n", "labels.csv:2: 1 fields" },
        { "filename,label\na.png,1\na.png,0\n", "listed as DFDC and as real" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text("labels.csv", cases[i].text);
        spec_fails("dfdc:@/labels.csv", NN_ERR_DATA, cases[i].part);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ffpp");
    TCase *t = tcase_create("ffpp");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, temp_folder_make, temp_folder_remove);
    tcase_add_test(t, test_ffpp_tree);
    tcase_add_test(t, test_ffpp_splits);
    tcase_add_test(t, test_ffpp_bad_splits);
    tcase_add_test(t, test_ffpp_swap_across_splits);
    tcase_add_test(t, test_ffpp_compressions);
    tcase_add_test(t, test_ffpp_actors);
    tcase_add_test(t, test_celebdf);
    tcase_add_test(t, test_celebdf_errors);
    tcase_add_test(t, test_dfdc);
    tcase_add_test(t, test_dfdc_errors);
    suite_add_tcase(s, t);
    return check_run(s);
}
