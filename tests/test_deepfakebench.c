/* test_deepfakebench.c -- the JSON files of DeepfakeBench: what counts, what is passed over, where images are found,
 * what is refused; and one of the size of FaceForensics++ in bounded time and memory. */
#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "data/foreign_paths.h"
#include "data/import_items.h"
#include "tests/spec_rig.h"

/* JSON in tests is written with ' for ". */
static void write_json(const char *name, const char *text)
{
    FILE *f = fopen(in_folder(name), "wb"); /* no fsync, which takes its time */
    ck_assert_ptr_nonnull(f);
    for (; *text; text++) fputc(*text == '\'' ? '"' : *text, f);
    ck_assert_int_eq(fclose(f), 0);
}

/* A set of one kind of entry: {"set": {"L": {"test": ...}}}. */
static void write_node(const char *node)
{
    char text[2048];
    snprintf(text, sizeof text, "{'set': {'L': {'test': %s}}}", node);
    write_json("set.json", text);
}

/* ---- frames in their order ---- */

START_TEST(test_frames_are_in_order)
{
    static const char *const sorted[] = { "x/-1.png",   "000.png",  "b/1.png", "a/2.png",     "010.jpg", "a/10.png",
                                          "4294967297", "a1b2.png", "a1b10",   "a1b10.png",   "a01c",    "frame.png",
                                          "frame2.png", "frame10",  "g",       "\xff\xfe.png" };
    enum { N = sizeof sorted / sizeof *sorted };
    for (int i = 1; i < N; i++)
        for (int k = 1; k < N; k++) {
            const int order = data_frame_compare(sorted[i], sorted[k]);
            ck_assert_msg(i == k ? order == 0 : (order < 0) == (i < k), "%s, %s: %d", sorted[i], sorted[k], order);
        }
    ck_assert_int_gt(data_frame_compare(sorted[0], "9.png"), 0); /* no number: behind them */
}
END_TEST

/* ---- a small FaceForensics++ ---- */

static const char small[] =
    "{'FaceForensics++': {"
    " 'FF-real': {'train': {'c23': {"
    "   '071': {'label': 'FF-real', 'frames': ['FF/youtube/c23/frames/071/10.png', 'FF/youtube/c23/frames/071/9.png']},"
    "   '054': {'label': 'FF-real', 'frames': ['FF/youtube/c23/frames/054/0.png']}}, 'c40': {}},"
    "   'test': {'c23': {'100': {'label': 'FF-real', 'frames': ['FF/youtube/c23/frames/100/0.png']}}}},"
    " 'FF-DF': {'train': {'c23': {"
    "   '071_054': {'label': 'FF-DF', 'frames': ['FF/Deepfakes/c23/frames/071_054/1.png',"
    "     'FF/Deepfakes/c23/frames/071_054/0.png', 'FF/Deepfakes/c23/frames/071_054/0.png'],"
    "     'masks': ['FF/Deepfakes/c23/masks/071_054/0.png']}}}},"
    " 'FF-FH': {'train': {'c23': {'054_071': {'label': 'FF-FH', 'frames': ['FF/FS/c23/frames/054_071/0.png']}}}}"
    "}}";

static void write_small_images(const char *below)
{
    static const char *const images[] = { "youtube/c23/frames/071/9.png",       "youtube/c23/frames/071/10.png",
                                          "youtube/c23/frames/054/0.png",       "youtube/c23/frames/100/0.png",
                                          "Deepfakes/c23/frames/071_054/0.png", "Deepfakes/c23/frames/071_054/1.png",
                                          "Deepfakes/c23/masks/071_054/0.png",  "FS/c23/frames/054_071/0.png",
                                          "FS/c23/masks/054_071/0.png" };
    char name[128];
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        snprintf(name, sizeof name, "%sFF/%s", below, images[i]);
        write_text(name, "");
    }
}

static void assert_small(const DataSet *set)
{
    ck_assert_int_eq(set->n, 7);
    ck_assert_int_eq(set->n_methods, 2);
    const DataItem *real = item(set, "071/9.png"), *other = item(set, "youtube/c23/frames/054/0.png");
    const DataItem *fake = item(set, "frames/071_054/0.png"), *shifted = item(set, "054_071/0.png");
    ck_assert_ptr_eq(real, set->items);
    ck_assert_str_eq(real[1].path + strlen(real[1].path) - 6, "10.png");
    ck_assert_int_eq(real->label, 0);
    ck_assert_str_eq(real->video, "FF-real_071");
    ck_assert_str_eq(fake->video, "FF-DF_071_054");
    ck_assert_str_eq(data_item_method(set, find(set, "frames/071_054/0.png")), "Deepfakes");
    ck_assert_str_eq(data_item_method(set, find(set, "054_071/0.png")), "FaceShifter");
    ck_assert_str_eq(real->source, "youtube/054");
    ck_assert(real->group == fake->group && real->group == other->group && real->group == shifted->group);
    ck_assert(real->group != item(set, "100/0.png")->group);
    ck_assert_int_eq(fake->split, DATA_TRAIN);
    ck_assert_int_eq(item(set, "100/0.png")->split, DATA_TEST);
    ck_assert_ptr_null(real->mask);
    ck_assert_ptr_null(shifted->mask); /* a file lies there, but FaceShifter has no masks */
    ck_assert(has_note(set, "1 frames are listed twice"));
}

START_TEST(test_small_set)
{
    write_json("FaceForensics++.json", small);
    write_small_images("");
    DataSet *set = list_spec("@/FaceForensics++.json");
    assert_small(set);
    ck_assert_str_eq(item(set, "frames/071_054/0.png")->mask, in_folder("FF/Deepfakes/c23/masks/071_054/0.png"));
    ck_assert_ptr_null(item(set, "frames/071_054/1.png")->mask); /* is not there */
    ck_assert(has_note(set, "1 forged frames have no mask"));
    ck_assert(!has_note(set, "is root right"));
    assert_written_alike(set, "m.csv");
    data_set_free(set);
    set = open_spec("@/FaceForensics++.json,compression=c23");
    ck_assert_int_eq(set->items[0].split, set->items[1].split);
    data_set_free(set);
}
END_TEST

/* Nothing but the list: the label says whether there are masks. */
START_TEST(test_without_images)
{
    write_json("FaceForensics++.json", small);
    DataSet *set = list_spec("deepfakebench:@/FaceForensics++.json,root=@");
    assert_small(set);
    ck_assert_str_eq(item(set, "frames/071_054/1.png")->mask, in_folder("FF/Deepfakes/c23/masks/071_054/1.png"));
    ck_assert(has_note(set, "5 of 5 folders of images are not there"));
    data_set_free(set);
}
END_TEST

/* ---- compressions ---- */

START_TEST(test_compressions)
{
    write_json("a_c40.json", "{'a': {'L': {'test': {"
                             "'c23': {'1': {'label': 'FF-DF', 'frames': ['c23/frames/1/0.png']}},"
                             "'c40': {'1': {'label': 'FF-DF', 'frames': ['c40/frames/1/0.png']}}}}}}");
    write_text("c40/frames/1/0.png", "");
    write_text("c23/frames/1/0.png", "");
    write_text("c23/masks/1/0.png", "");
    DataSet *set = list_spec("@/a_c40.json"); /* by its name */
    ck_assert_int_eq(set->n, 1);
    ck_assert_str_eq(set->items[0].path, in_folder("c40/frames/1/0.png"));
    ck_assert_str_eq(set->items[0].mask, in_folder("c23/masks/1/0.png"));
    data_set_free(set);
    set = list_spec("@/a_c40.json,compression=c23");
    ck_assert_str_eq(set->items[0].path, in_folder("c23/frames/1/0.png"));
    data_set_free(set);
    spec_fails("@/a_c40.json,compression=raw", NN_ERR_CONFIG, "nothing of compression raw; it holds: c23, c40");
    char before[256];
    snprintf(before, sizeof before, "%s", in_folder("a_c40.json"));
    ck_assert_int_eq(rename(before, in_folder("a.json")), 0);
    spec_fails("@/a.json", NN_ERR_CONFIG, "holds c23, c40; say which");
    write_node("{'1': {'label': 'UADFV_Real', 'frames': ['0.png']}}");
    set = list_spec("@/set.json,compression=c23");
    ck_assert(has_note(set, "compression = c23 means nothing"));
    data_set_free(set);
}
END_TEST

/* A video may be called as a compression is. */
START_TEST(test_video_named_c23)
{
    write_node("{'c23': {'label': 'x_Fake', 'frames': ['0.png']}}");
    DataSet *set = list_spec("@/set.json");
    ck_assert_int_eq(set->n, 1);
    ck_assert_str_eq(set->items[0].video, "x_Fake_c23");
    ck_assert_str_eq(data_item_method(set, 0), "x");
    data_set_free(set);
}
END_TEST

/* ---- one video, one split ---- */

/* As Celeb-DF (train holds the test videos), DFDC (val is train) and DFD (all three alike) are listed. */
START_TEST(test_video_in_several_splits)
{
    write_json("set.json", "{'set': {'CelebDFv2_real': {"
                           "'train': {'a': {'label': 'CelebDFv2_real', 'frames': ['a/0.png']},"
                           "          'b': {'label': 'CelebDFv2_real', 'frames': ['b/0.png']},"
                           "          'c': {'label': 'CelebDFv2_real', 'frames': ['c/0.png']}},"
                           "'val': {'a': {'label': 'CelebDFv2_real', 'frames': ['a/0.png']},"
                           "        'b': {'label': 'CelebDFv2_real', 'frames': ['b/0.png']},"
                           "        'd': {'label': 'CelebDFv2_real', 'frames': ['d/0.png']}},"
                           "'test': {'a': {'label': 'CelebDFv2_real', 'frames': ['a/0.png', 'a/1.png']}}}}}");
    DataSet *set = list_spec("@/set.json");
    ck_assert_int_eq(set->n, 5);
    ck_assert_int_eq(item(set, "a/0.png")->split, DATA_TEST);
    ck_assert_int_eq(item(set, "a/1.png")->split, DATA_TEST);
    ck_assert_int_eq(item(set, "b/0.png")->split, DATA_TRAIN);
    ck_assert_int_eq(item(set, "c/0.png")->split, DATA_TRAIN);
    ck_assert_int_eq(item(set, "d/0.png")->split, DATA_VAL);
    ck_assert(has_note(set, "3 videos are listed in a second split"));
    data_set_free(set);
}
END_TEST

/* One file under two videos of two splits is a leak that no rule settles. */
START_TEST(test_file_in_two_splits)
{
    write_json("set.json", "{'set': {'L': {'train': {'a': {'label': 'x_Real', 'frames': ['f/0.png']}},"
                           "'test': {'b': {'label': 'x_Real', 'frames': ['f/0.png']}}}}}");
    spec_fails("@/set.json", NN_ERR_DATA, "listed in two splits: train and test");
    write_node("{'a': {'label': 'x_Real', 'frames': ['f/0.png']}, 'b': {'label': 'x_Fake', 'frames': ['f/0.png']}}");
    spec_fails("@/set.json", NN_ERR_DATA, "listed as real and as x");
    write_node("{'a': {'label': 'x_Real', 'frames': ['f/0.png']}, 'b': {'label': 'x_Real', 'frames': ['./f/0.png']}}");
    DataSet *set = list_spec("@/set.json");
    ck_assert_int_eq(set->n, 1);
    ck_assert(has_note(set, "listed more than once"));
    data_set_free(set);
}
END_TEST

/* ---- where images are ---- */

START_TEST(test_foreign_paths)
{
    write_text("img/FF/frames/1/0.png", "");
    write_text("img/FF/frames/2/0.png", "");
    write_text("img/FF/frames/3/1.png", "");
    write_text("img/FF/frames/4/0.png", "");
    write_json("set.json", "{'set': {'L': {'test': {"
                           "'1': {'label': 'x_Real', 'frames': ['/home/some body/data/FF/frames/1/0.png']},"
                           "'2': {'label': 'x_Real', 'frames': ['D:\\\\rgb\\\\FF\\\\frames\\\\2\\\\0.png']},"
                           "'3': {'label': 'x_Real', 'frames': ['./FF//frames/./3/0.png', 'FF\\\\frames/3/1.png']},"
                           "'4': {'label': 'x_Real', 'frames': ['/home/some body/data/FF/frames/4/0.png']},"
                           "'5': {'label': 'x_Real', 'frames': ['/home/some body/data/FF/frames/5/0.png']}}}}}");
    DataSet *set = list_spec("@/set.json,root=@/img");
    ck_assert_int_eq(set->n, 6);
    for (int i = 0; i < 4; i++) {
        ck_assert(nn_file_exists(set->items[i].path) == (i != 2)); /* 3/0.png is missing, its folder is not */
        ck_assert_ptr_eq(strstr(set->items[i].path, in_folder("img/FF/frames/")), set->items[i].path);
    }
    ck_assert_str_eq(item(set, "4/0.png")->path, in_folder("img/FF/frames/4/0.png"));
    ck_assert_str_eq(item(set, "5/0.png")->path, in_folder("img/FF/frames/5/0.png"));
    ck_assert(has_note(set, "without their beginning \"/home/some body/data/\" (3 of 5 folders)"));
    ck_assert(has_note(set, "1 of 5 folders of images are not there"));
    data_set_free(set);
}
END_TEST

/* Absolute paths that are right stay; a root that holds the images themselves is found too. */
START_TEST(test_paths_as_they_are)
{
    char text[512];
    write_text("deep/er/0.png", "");
    write_text("img/7.png", "");
    snprintf(
        text, sizeof text,
        "{'1': {'label': 'x_Real', 'frames': ['%s/deep/er/0.png']}, '2': {'label': 'x_Real', 'frames': ['q/7.png']}}",
        temp_folder);
    write_node(text);
    DataSet *set = list_spec("@/set.json,root=@/img");
    ck_assert_str_eq(set->items[0].path, in_folder("deep/er/0.png"));
    ck_assert_str_eq(set->items[1].path, in_folder("img/7.png"));
    data_set_free(set);
}
END_TEST

/* ---- what is passed over ---- */

START_TEST(test_irregular_entries)
{
    write_json("other.json", "\xef\xbb\xbf{'set': {'note': 'text', 'L': {'train': [], 'extra': {}, 'val': {"
                             "  'label': 'DFDC_Real', 'frames': ['v/0.png']}, 'test': {"
                             "  '1': {'label': 'DFDC_Real', 'frames': ['1/0.png', 7, null, '', ['x']]},"
                             "  '2': {'label': 'DFDC_Real', 'frames': []},"
                             "  '3': {'label': 'DFDC_Real'},"
                             "  '4': null, '5': 3.5, '6': [], '7': {'frames': 'text'}}}}}");
    DataSet *set = list_spec("@/other.json");
    ck_assert_int_eq(set->n, 1);
    ck_assert_str_eq(set->items[0].video, "DFDC_Real_1");
    /* note, train, extra; label and frames of val; 4 frames; 3 to 7 */
    ck_assert(has_note(set, ": 14 entries are nothing that DeepfakeBench writes"));
    ck_assert(has_note(set, ": 1 videos have no frames, the first DFDC_Real_2"));
    ck_assert(has_note(set, "holds \"set\", not \"other\""));
    data_set_free(set);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(test_bad_sets)
{
    static const struct {
        const char *json, *part;
    } cases[] = {
        { "", "not valid JSON" },
        { "[]", "expected an object" },
        { "3", "not valid JSON" },
        { "{'set': {", "not valid JSON" },
        { "{'set': {}}x", "not valid JSON" },
        { "{'set': []}", "no data set \"set\" in it" },
        { "{}", "no data set \"set\" in it" },
        { "{'a': {}, 'b': {}}", "no data set \"set\" in it" },
        { "{'set': {}}", "no image is listed" },
        { "{'set': {'L': {'test': {}}}}", "no image is listed" },
        { "{'set': {}, 'set': {}}", "duplicate object key" },
        { "{'set': {'L': {'test': {'1': {'frames': ['a']}}}}}", "video \"1\" has no label" },
        { "{'set': {'L': {'test': {'1': {'label': 1, 'frames': ['a']}}}}}", "video \"1\" has no label" },
        { "{'set': {'L': {'test': {'1': {'label': 'FF-Real', 'frames': ['a']}}}}}",
          "unknown label \"FF-Real\" (nearest: FF-real)" },
        { "{'set': {'L': {'test': {'1': {'label': 'real', 'frames': ['a']}}}}}", "unknown label \"real\"" },
        { "{'set': {'L': {'test': {'1': {'label': '_Fake', 'frames': ['a']}}}}}", "unknown label \"_Fake\"" },
        { "{'set': {'L': {'test': {'1': {'label': 'x_Real', 'frames': ['\xff.png']}}}}}",
          "unable to decode byte 0xff" },
        { "{'set': {'L': {'test': {'1': {'label': 'x_Real', 'frames': ['a\\u0000b.png']}}}}}", "u0000 is not allowed" },
        { "{'set': {'L': {'test': {'1': {'label': 'x_Real', 'frames': ['\\ud800']}}}}}", "Unicode" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_json("set.json", cases[i].json);
        spec_fails("@/set.json", NN_ERR_DATA, cases[i].part);
    }
    write_bytes("set.json", "{\"set\"\0: {}}", 12);
    spec_fails("@/set.json", NN_ERR_DATA, "not valid JSON");
    ck_assert_int_eq(mkdir(in_folder("dir.json"), 0700), 0);
    spec_fails("deepfakebench:@/dir.json", NN_ERR_IO, "dir.json");
}
END_TEST

/* A hundred thousand brackets, open and closed, in every place where something may stand. */
START_TEST(test_deep_nesting)
{
    enum { DEEP = 100000 };
    static const char *const heads[] = { "", "{\"set\": ", "{\"set\": {\"L\": {\"test\": {\"1\": {\"frames\": " };
    char *text = nn_alloc(2 * DEEP + 128, 1);
    for (int i = 0; i < 3; i++) {
        const int n = sprintf(text, "%s", heads[i]);
        memset(text + n, '[', DEEP);
        write_bytes("set.json", text, (size_t)n + DEEP);
        spec_fails("@/set.json", NN_ERR_DATA, "maximum parsing depth");
        memset(text + n + DEEP, ']', DEEP);
        write_bytes("set.json", text, (size_t)n + 2 * DEEP);
        spec_fails("@/set.json", NN_ERR_DATA, "maximum parsing depth");
    }
    free(text);
}
END_TEST

/* Every prefix of a good file is refused, never half read. */
START_TEST(test_every_cut)
{
    for (size_t n = 0; n < sizeof small - 2; n += 7) {
        char cut[sizeof small];
        memcpy(cut, small, n);
        cut[n] = 0;
        write_json("FaceForensics++.json", cut);
        spec_fails("@/FaceForensics++.json", NN_ERR_DATA, "not valid JSON");
    }
}
END_TEST

/* What no data set is says so. */
static int count_refused(const char *folder)
{
    DIR *dir = opendir(folder);
    int n = 0;
    if (!dir) return 0;
    for (const struct dirent *d; (d = readdir(dir)) != NULL;) {
        DataSettings s = settings_of(DATA_SOURCE_SPEC, "");
        DataSet *set = NULL;
        NnErr err = { 0 };
        if (!strstr(d->d_name, ".json")) continue;
        snprintf(s.path, sizeof s.path, "deepfakebench:%.250s/%.200s", folder, d->d_name);
        const NnStatus got = data_set_list(&s, &set, &err);
        ck_assert_msg(got == NN_ERR_DATA && *err.msg, "%s: status %d", d->d_name, (int)got);
        n++;
    }
    closedir(dir);
    return n;
}

START_TEST(test_corpus)
{
    const char *corpora = getenv("LOCUS_TESTCORPORA");
    char folder[512];
    snprintf(folder, sizeof folder, "%s/jsontestsuite/test_parsing", corpora ? corpora : "../shared/corpora");
    if (nn_folder_exists(folder)) ck_assert_int_gt(count_refused(folder), 0);
    else printf("skipped: no %s\n", folder);
}
END_TEST

/* ---- size ---- */

/* Processor time of this process, in seconds. */
static double cpu_seconds(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
}

static int is_sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return 1;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    return 1;
#endif
#endif
    return 0;
}

/* 288,000 paths of 5,000 videos: imported in 3 s and 200 MB. */
START_TEST(test_size_of_faceforensics)
{
    char command[256];
    const char *awk = "tests/big_deepfakebench.awk";
    if (!nn_file_exists(awk)) {
        printf("skipped: no %s here\n", awk);
        return;
    }
    snprintf(command, sizeof command, "awk -f %s >'%s/FaceForensics++.json'", awk, temp_folder);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): the name is our own */
    const double before = cpu_seconds();
    DataSet *set = list_spec("@/FaceForensics++.json,compression=c23");
    NnErr err = { 0 };
    ck_assert_int_eq(data_import_write(set, in_folder("m.csv"), &err), NN_OK);
    const double took = cpu_seconds() - before;
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    ck_assert_int_eq(set->n, 160000);
    int splits[DATA_SPLITS] = { 0 }, masks = 0;
    for (int i = 0; i < set->n; i++) {
        splits[set->items[i].split]++;
        masks += set->items[i].mask != NULL;
    }
    ck_assert_int_eq(splits[DATA_TRAIN], 720 * 5 * 32);
    ck_assert_int_eq(splits[DATA_VAL], 140 * 5 * 32);
    ck_assert_int_eq(masks, 128000);
    ck_assert(has_note(set, "10 entries are nothing"));
    if (!is_sanitized()) {
        ck_assert_msg(took < 3, "%g s", took);
        ck_assert_msg(use.ru_maxrss < 200 * 1024, "%ld KiB", use.ru_maxrss);
    }
    data_set_free(set);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("deepfakebench");
    TCase *t = tcase_create("deepfakebench");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, temp_folder_make, temp_folder_remove);
    tcase_add_test(t, test_frames_are_in_order);
    tcase_add_test(t, test_small_set);
    tcase_add_test(t, test_without_images);
    tcase_add_test(t, test_compressions);
    tcase_add_test(t, test_video_named_c23);
    tcase_add_test(t, test_video_in_several_splits);
    tcase_add_test(t, test_file_in_two_splits);
    tcase_add_test(t, test_foreign_paths);
    tcase_add_test(t, test_paths_as_they_are);
    tcase_add_test(t, test_irregular_entries);
    tcase_add_test(t, test_bad_sets);
    tcase_add_test(t, test_deep_nesting);
    tcase_add_test(t, test_every_cut);
    tcase_add_test(t, test_corpus);
    tcase_add_test(t, test_size_of_faceforensics);
    suite_add_tcase(s, t);
    return check_run(s);
}
