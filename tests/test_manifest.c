/* test_manifest.c -- lists of images: the manifest's columns and messages, the folder
 * layouts, splits, reading and fitting, the cache, the data check. */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "data/csv.h"
#include "data/data_cache.h"
#include "data/data_set.h"
#include "nn/base/file.h"
#include "nn/base/rng.h"
#include "nn/base/size.h"
#include "tests/check_main.h"
#include "tests/temp_folder.h"

/* ---- files to read ---- */

static void make_parent(const char *path)
{
    NnErr err = { 0 };
    char *parent = nn_path_folder(path);
    ck_assert_int_eq(nn_folder_make(parent, &err), NN_OK);
    free(parent);
}

static void write_bytes(const char *name, const void *data, size_t len)
{
    const NnChunk chunk = { data, len };
    NnErr err = { 0 };
    make_parent(in_folder(name));
    ck_assert_msg(nn_file_write(in_folder(name), &chunk, 1, &err) == NN_OK, "%s", err.msg);
}

static void write_text(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

/* A w x h image, left half of one level and right half of another. */
static void write_image(const char *name, int w, int h, int left, int right)
{
    DataImage img;
    NnErr err = { 0 };
    const char *path = in_folder(name);
    make_parent(path);
    ck_assert_int_eq(data_image_new(w, h, 3, &img, &err), NN_OK);
    for (int i = 0; i < w * h * 3; i++) img.px[i] = (unsigned char)(i / 3 % w < w / 2 ? left : right);
    ck_assert_int_eq(strstr(name, ".jpg") ? data_image_save_jpeg(&img, path, 95, &err)
                                          : data_image_save_png(&img, path, &err),
                     NN_OK);
    data_image_free(&img);
}

/* ---- opening ---- */

static DataSettings settings_of(DataSourceKind source, const char *name)
{
    DataSettings s;
    const NnBinding b = { &data_section, &s };
    nn_settings_defaults(&b, 1);
    s.source = (int)source;
    s.size = 16;
    strcpy(s.methods, "all");
    snprintf(s.path, sizeof s.path, "%s", *name ? in_folder(name) : temp_folder);
    return s;
}

static DataSet *open_set(const DataSettings *s)
{
    DataSet *set;
    NnErr err = { 0 };
    ck_assert_msg(data_set_open(s, 7, &set, &err) == NN_OK, "%s", err.msg);
    return set;
}

static DataSet *open_text(const char *text)
{
    write_text("set.csv", text);
    const DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    return open_set(&s);
}

static DataSet *open_folder(const char *name)
{
    const DataSettings s = settings_of(DATA_SOURCE_FOLDER, name);
    return open_set(&s);
}

static void open_fails(const DataSettings *s, NnStatus status, const char *const *parts)
{
    DataSet *set;
    NnErr err = { 0 };
    const NnStatus got = data_set_open(s, 7, &set, &err);
    ck_assert_msg(got == status, "status %d: %s", (int)got, err.msg);
    ck_assert_ptr_null(set);
    for (; *parts; parts++) ck_assert_msg(strstr(err.msg, *parts) != NULL, "\"%s\" lacks \"%s\"", err.msg, *parts);
}

/* Opening fails with this status, and each of the texts (the last is NULL) is in the message. */
#define assert_open_fails(s, status, ...) open_fails(s, status, (const char *const[]){ __VA_ARGS__ })

static void assert_text_fails(const char *text, const char *where, const char *reason)
{
    write_text("set.csv", text);
    const DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    assert_open_fails(&s, NN_ERR_DATA, in_folder("set.csv"), where, reason, NULL);
}

/* The item whose path ends so. */
static int find(const DataSet *set, const char *end)
{
    for (int i = 0; i < set->n; i++) {
        const char *path = set->items[i].path;
        const size_t n = strlen(path), k = strlen(end);
        if (n >= k && strcmp(path + n - k, end) == 0) return i;
    }
    ck_abort_msg("no item %s", end);
    return -1;
}

static const DataItem *item(const DataSet *set, const char *end)
{
    return &set->items[find(set, end)];
}

/* ---- CSV ---- */

START_TEST(test_csv_syntax)
{
    char text[] = "\xef\xbb\xbfname,note\r\n\"a,b\",\"he said \"\"hi\"\"\"\r\n\r\n\"two\nlines\",\nlast,";
    DataCsv csv;
    NnErr err = { 0 };
    int more;
    ck_assert_int_eq(data_csv_init(&csv, text, sizeof text - 1, "t", &err), NN_OK);
    const char *const expected[4][2] = {
        { "name", "note" }, { "a,b", "he said \"hi\"" }, { "two\nlines", "" }, { "last", "" }
    };
    const int lines[4] = { 1, 2, 4, 6 };
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(data_csv_next(&csv, &more, &err), NN_OK);
        ck_assert_int_eq(more, 1);
        ck_assert_int_eq(csv.line, lines[i]);
        ck_assert_int_eq(csv.n, 2);
        for (int k = 0; k < 2; k++) ck_assert_str_eq(csv.fields[k], expected[i][k]);
    }
    ck_assert_int_eq(data_csv_next(&csv, &more, &err), NN_OK);
    ck_assert_int_eq(more, 0);
    data_csv_deinit(&csv);
}
END_TEST

START_TEST(test_csv_errors)
{
    assert_text_fails("path,label\na.png,0\n\"b.png,1\n", "set.csv:3:", "never closed");
    assert_text_fails("path,label\na.png,0\nb\"c\".png,1\n", "set.csv:3:", "quote inside");
    assert_text_fails("path,label\n\"a\"b,0\n", "set.csv:2:", "after a closing quote");
    assert_text_fails("path,label\na,0\rb,1\r", "set.csv:2:", "carriage return");
    write_bytes("set.csv", "p\0a\0", 4);
    const DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    assert_open_fails(&s, NN_ERR_DATA, "UTF-16", NULL);
}
END_TEST

/* ---- manifest ---- */

START_TEST(test_columns_in_any_order)
{
    DataSet *set = open_text("\xef\xbb\xbfsplit,extra,label,method,path,mask,video\r\n"
                             "train,x,0,original,a b.png,,v1\r\n"
                             "train,y,fake,swap,\"sub/c,d.png\",m.png,v1\r\n"
                             "test,z,1,,/abs/e.png,,v2\r\n"
                             "val,z,real,,f.png,,v3\r\n");
    ck_assert_int_eq(set->n, 4);
    ck_assert_int_eq(set->n_methods, 2);
    ck_assert_str_eq(set->methods[0], "fake");
    ck_assert_str_eq(set->methods[1], "swap");
    const DataItem *a = item(set, "/a b.png"), *c = item(set, "/sub/c,d.png"), *e = item(set, "e.png");
    ck_assert_str_eq(a->path, in_folder("a b.png"));
    ck_assert_int_eq(a->label, 0);
    ck_assert_int_eq(a->method, -1);
    ck_assert_ptr_null(a->mask);
    ck_assert_int_eq(c->label, 1);
    ck_assert_str_eq(c->mask, in_folder("m.png"));
    ck_assert_str_eq(data_item_method(set, find(set, "/sub/c,d.png")), "swap");
    ck_assert_str_eq(data_item_method(set, find(set, "e.png")), "fake");
    ck_assert_str_eq(data_item_method(set, find(set, "f.png")), "real");
    ck_assert_str_eq(e->path, "/abs/e.png");
    ck_assert(a->group == c->group && a->group != e->group);
    ck_assert_int_eq(a->split, DATA_TRAIN);
    ck_assert_int_eq(e->split, DATA_TEST);
    ck_assert_int_eq(item(set, "f.png")->split, DATA_VAL);
    ck_assert_str_eq(c->where + strlen(c->where) - 9, "set.csv:3");
    data_set_free(set);
}
END_TEST

/* Opens the text and says whether the items form one group. */
static int one_group(const char *text, const char *a, const char *b)
{
    DataSet *set = open_text(text);
    const int same = item(set, a)->group == item(set, b)->group;
    data_set_free(set);
    return same;
}

START_TEST(test_group_joins_what_shares_a_name)
{
    ck_assert(one_group("path,label,video\na.png,0,v\nb.png,1,v\n", "a.png", "b.png"));
    ck_assert(one_group("path,label,source\na.png,0,s\nb.png,1,s\n", "a.png", "b.png"));
    ck_assert(one_group("path,label,source\na.png,0,\nb.png,1,a.png\n", "a.png", "b.png"));
    ck_assert(one_group("path,label,video,source\na.png,0,v,\nb.png,1,,a.png\n", "a.png", "b.png"));
    ck_assert(!one_group("path,label,video,source\na.png,0,v,s\nb.png,1,w,t\n", "a.png", "b.png"));
    ck_assert(!one_group("path,label\na.png,0\nb.png,0\n", "a.png", "b.png"));
}
END_TEST

/* The swap has the video of one and the source of the other. */
START_TEST(test_group_follows_chains)
{
    const char *text =
        "path,label,video,source\nx.png,0,v,\ny.png,0,,s\nz.png,0,,\nswap.png,1,v,s\nlast.png,1,,y.png\n";
    ck_assert(one_group(text, "x.png", "y.png"));
    ck_assert(one_group(text, "x.png", "swap.png"));
    ck_assert(one_group(text, "x.png", "last.png"));
    ck_assert(!one_group(text, "x.png", "z.png"));
}
END_TEST

START_TEST(test_videos_are_no_files)
{
    ck_assert(!one_group("path,label,video,source\na.png,0,s,\nb.png,1,,s\n", "a.png", "b.png"));
    ck_assert(!one_group("path,label,video\na.png,0,\nb.png,1,a.png\n", "a.png", "b.png"));
}
END_TEST

/* The number of a group is that of its first name, in whatever order the rows come. */
START_TEST(test_group_number_is_stable)
{
    static const char *const rows[] = { "c.png,1,w,t\n", "a.png,0,,u\n", "b.png,1,w,u\n",
                                        "e.png,0,,r\n",  "d.png,1,,r\n", "f.png,0,,\n" };
    for (int turn = 0; turn < 6; turn++) {
        char text[256] = "path,label,video,source\n";
        for (int k = 0; k < 6; k++) strcat(text, rows[(k + turn) % 6]);
        DataSet *set = open_text(text);
        for (int i = 0; i < 3; i++)
            ck_assert(item(set, (const char *const[]){ "a.png", "b.png", "c.png" }[i])->group == ~nn_hash_text("w"));
        ck_assert(item(set, "d.png")->group == nn_hash_text("r") && item(set, "e.png")->group == nn_hash_text("r"));
        ck_assert(item(set, "f.png")->group == nn_hash_text("f.png"));
        data_set_free(set);
    }
}
END_TEST

START_TEST(test_manifest_errors_name_the_line)
{
    assert_text_fails("", "set.csv", "empty");
    assert_text_fails("path,label\n", "set.csv", "nothing follows the header");
    assert_text_fails("path,class\na.png,0\n", "set.csv:1:", "no column \"label\"");
    assert_text_fails("file,label\na.png,0\n", "set.csv:1:", "no column \"path\"");
    assert_text_fails("path,label,label\na.png,0,0\n", "set.csv:1:", "appears twice");
    assert_text_fails("path,label\na.png,2\n", "set.csv:2:", "label \"2\"; known: 0 or real, 1 or fake");
    assert_text_fails("path,label\na.png,\n", "set.csv:2:", "label \"\"");
    assert_text_fails("path,label\n,1\n", "set.csv:2:", "path is empty");
    assert_text_fails("path,label\na.png,0,x\n", "set.csv:2:", "3 fields; the header has 2");
    assert_text_fails("path,label,mask\na.png,0,m.png\n", "set.csv:2:", "mask \"m.png\" for a real image");
    assert_text_fails("path,label,split\na.png,0,tset\n", "set.csv:2:", "split \"tset\"; known: train, val, test");
    assert_text_fails("path,label\na.png,0\nb.png,1\n\na.png,1\n", "set.csv:5:", "listed already at");
    assert_text_fails("path,label\na.png,9\nb.png,1\nc.png,8\nb.png,1\n", "set.csv:2:", "and 2 more bad lines");
}
END_TEST

START_TEST(test_group_in_two_splits_is_refused)
{
    assert_text_fails("path,label,source,split\na.png,0,s,train\nb.png,1,s,test\n", "set.csv:3:", "in train");
    /* A forgery whose source is a training image, which has a video of its own. */
    const char *leak = "path,label,video,source,split\nx.png,0,v1,,train\nf.png,1,,x.png,test\n";
    assert_text_fails(leak, "set.csv:3:", "f.png is in split test");
    assert_text_fails(leak, "set.csv:2)", "in train");
    /* Nothing in common but the swap, which itself is undecided. */
    const char *swap = "path,label,video,source,split\nx.png,0,v,,train\ns.png,1,v,y.png,\ny.png,0,,,test\n";
    assert_text_fails(swap, "set.csv:4:", "set.csv:2)");
}
END_TEST

START_TEST(test_paths_of_the_wrong_kind)
{
    DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "");
    assert_open_fails(&s, NN_ERR_CONFIG, "is a folder", "source = folder", NULL);
    s.source = DATA_SOURCE_FOLDER;
    snprintf(s.path, sizeof s.path, "%s", in_folder("none"));
    assert_open_fails(&s, NN_ERR_CONFIG, "no such folder", NULL);
    s.source = DATA_SOURCE_MANIFEST;
    assert_open_fails(&s, NN_ERR_IO, in_folder("none"), NULL);
    s.path[0] = 0;
    assert_open_fails(&s, NN_ERR_CONFIG, "[data] path is empty", NULL);
    s.source = DATA_SOURCE_FOLDER;
    assert_open_fails(&s, NN_ERR_CONFIG, "[data] path is empty", NULL);
}
END_TEST

START_TEST(test_settings_that_contradict)
{
    DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    s.val_fraction = .5f, s.test_fraction = .5f;
    assert_open_fails(&s, NN_ERR_CONFIG, "nothing to train on", NULL);
    s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    s.quality_min = 96;
    assert_open_fails(&s, NN_ERR_CONFIG, "quality_min = 96", NULL);
}
END_TEST

/* ---- methods ---- */

static const char three_methods[] = "path,label,method,split\nr.png,0,,train\na.png,1,warp,train\nb.png,1,swap,train\n"
                                    "c.png,1,blend,train\nd.png,1,warp,test\ne.png,1,swap,val\nf.png,0,,test\n";

START_TEST(test_methods_sorted_seen_and_selected)
{
    write_text("set.csv", three_methods);
    DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    strcpy(s.methods, " swap , blend");
    DataSet *set = open_set(&s);
    ck_assert_str_eq(set->methods[0], "blend");
    ck_assert_str_eq(set->methods[1], "swap");
    ck_assert_str_eq(set->methods[2], "warp");
    ck_assert(set->seen[0] && set->seen[1] && !set->seen[2]);
    ck_assert_str_eq(data_item_method(set, find(set, "a.png")), "warp");
    int *index, n;
    NnErr err = { 0 };
    ck_assert_int_eq(data_set_select(set, DATA_TRAIN, &index, &n, &err), NN_OK);
    ck_assert_int_eq(n, 3); /* r, b, c: warp is unseen */
    ck_assert_int_eq(index[0], find(set, "r.png"));
    ck_assert_int_eq(index[2], find(set, "c.png"));
    free(index);
    ck_assert_int_eq(data_set_select(set, DATA_TEST, &index, &n, &err), NN_OK);
    ck_assert_int_eq(n, 2); /* d and f: unseen methods are tested */
    free(index);
    data_set_free(set);
}
END_TEST

START_TEST(test_unknown_method_lists_the_known)
{
    write_text("set.csv", three_methods);
    DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    strcpy(s.methods, "warp,swpa");
    assert_open_fails(&s, NN_ERR_CONFIG, "\"swpa\"", "nearest: swap", "blend, swap, warp", NULL);
    write_text("set.csv", "path,label\na.png,0\n");
    assert_open_fails(&s, NN_ERR_CONFIG, "\"warp\"", "found in the data: none", NULL);
}
END_TEST

/* ---- splits ---- */

/* A manifest of `n` groups of two; `splits` are given in turn ("" for none). */
static DataSet *open_groups(int n, const char *const *splits, int n_splits)
{
    char *text = nn_alloc((size_t)n + 1, 128);
    size_t used = (size_t)sprintf(text, "path,label,source,split\n");
    for (int i = 0; i < n; i++) {
        const char *split = splits[i % n_splits];
        used += (size_t)sprintf(text + used, "r%d.png,0,s%d,%s\nf%d.png,1,s%d,%s\n", i, i, split, i, i, split);
    }
    DataSet *set = open_text(text);
    free(text);
    return set;
}

static void count_splits(const DataSet *set, int count[DATA_SPLITS])
{
    memset(count, 0, DATA_SPLITS * sizeof *count);
    for (int i = 0; i < set->n; i += 2) { /* the pair is a group */
        ck_assert_int_eq(set->items[i].split, set->items[i + 1].split);
        count[set->items[i].split]++;
    }
}

START_TEST(test_splits_drawn_where_nothing_is_said)
{
    int count[DATA_SPLITS];
    DataSet *set = open_groups(1000, (const char *const[]){ "" }, 1);
    count_splits(set, count);
    ck_assert_int_eq(count[DATA_TRAIN] + count[DATA_VAL] + count[DATA_TEST], 1000);
    ck_assert(count[DATA_VAL] > 110 && count[DATA_VAL] < 190);
    ck_assert(count[DATA_TEST] > 110 && count[DATA_TEST] < 190);
    for (int i = 0; i < set->n; i++)
        ck_assert_int_eq(set->items[i].split, data_split_draw(7, set->items[i].group, .15f, .15f));
    data_set_free(set);
}
END_TEST

/* Each real frame has a video and no source; its forgery names the frame as the source and no video. */
START_TEST(test_drawn_splits_keep_chains_whole)
{
    char text[16384] = "path,label,video,source\n";
    int count[DATA_SPLITS];
    for (int i = 0; i < 100; i++) sprintf(text + strlen(text), "r%d.png,0,v%d,\nf%d.png,1,,r%d.png\n", i, i, i, i);
    DataSet *set = open_text(text);
    count_splits(set, count);
    ck_assert(count[DATA_TRAIN] > 0 && count[DATA_VAL] > 0 && count[DATA_TEST] > 0);
    data_set_free(set);
}
END_TEST

/* Nothing is reported on what a checkpoint was chosen with: val becomes test, and val comes out of train. */
START_TEST(test_val_without_test_becomes_test)
{
    int count[DATA_SPLITS];
    DataSet *set = open_groups(1000, (const char *const[]){ "train", "train", "train", "val" }, 4);
    count_splits(set, count);
    ck_assert_int_eq(count[DATA_TEST], 250);
    ck_assert(count[DATA_VAL] > 80 && count[DATA_VAL] < 150);
    for (int i = 0; i < set->n; i++) ck_assert((set->items[i].split == DATA_TEST) == (i / 2 % 4 == 3));
    data_set_free(set);
}
END_TEST

START_TEST(test_val_is_carved_out_of_train)
{
    int count[DATA_SPLITS];
    DataSet *set = open_groups(1000, (const char *const[]){ "train", "test" }, 2);
    count_splits(set, count);
    ck_assert_int_eq(count[DATA_TEST], 500);
    ck_assert(count[DATA_VAL] > 50 && count[DATA_VAL] < 100);
    data_set_free(set);
}
END_TEST

START_TEST(test_given_splits_stand)
{
    int count[DATA_SPLITS];
    DataSet *set = open_groups(30, (const char *const[]){ "train", "validation", "test" }, 3);
    count_splits(set, count);
    ck_assert_int_eq(count[DATA_TRAIN], 10);
    ck_assert_int_eq(count[DATA_VAL], 10);
    ck_assert_int_eq(count[DATA_TEST], 10);
    data_set_free(set);
}
END_TEST

static DataSet *open_text_all_test(const char *text)
{
    DataSet *set;
    NnErr err = { 0 };
    write_text("set.csv", text);
    const DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    ck_assert_msg(data_set_open_all_test(&s, 7, &set, &err) == NN_OK, "%s", err.msg);
    return set;
}

START_TEST(test_all_test_draws_nothing)
{
    char text[4096] = "path,label,split\n";
    for (int i = 0; i < 100; i++) sprintf(text + strlen(text), "%d.png,0,\n", i);
    DataSet *set = open_text_all_test(text);
    for (int i = 0; i < set->n; i++) ck_assert_int_eq(set->items[i].split, DATA_TEST);
    data_set_free(set);
    /* What is said stands, and val without test is the measure; the rest is no training set to carve val from. */
    strcpy(text, "path,label,split\n");
    for (int i = 0; i < 100; i++) sprintf(text + strlen(text), "%d.png,0,%s\n", i, i % 2 ? "val" : "train");
    set = open_text_all_test(text);
    for (int i = 0; i < set->n; i++) ck_assert_int_eq(set->items[i].split, i % 2 ? DATA_TEST : DATA_TRAIN);
    data_set_free(set);
}
END_TEST

START_TEST(test_undecided_item_follows_its_group)
{
    char text[4096] = "path,label,source,split\n";
    for (int i = 0; i < 40; i++)
        sprintf(text + strlen(text), "r%d.png,0,s%d,\nf%d.png,1,s%d,%s\n", i, i, i, i, i % 2 ? "test" : "val");
    DataSet *set = open_text(text);
    for (int i = 0; i < set->n; i++) ck_assert_int_eq(set->items[i].split, i / 2 % 2 ? DATA_TEST : DATA_VAL);
    data_set_free(set);
}
END_TEST

/* ---- folders ---- */

START_TEST(test_real_fake_mask_layout)
{
    write_text("real/a.png", "");
    write_text("real/b.JPG", "");
    write_text("real/notes.txt", "");
    write_text("real/.hidden.png", "");
    write_text("fake/swap/a.png", "");
    write_text("fake/swap/a2.png", "");
    write_text("fake/warp/b.jpeg", "");
    write_text("fake/c.webp", "");
    write_text("mask/swap/a.jpg", "");
    write_text("mask/c_mask.png", "");
    DataSet *set = open_folder("");
    ck_assert_int_eq(set->n, 6);
    ck_assert_int_eq(set->n_methods, 3);
    ck_assert_str_eq(data_item_method(set, find(set, "warp/b.jpeg")), "warp");
    ck_assert_str_eq(data_item_method(set, find(set, "fake/c.webp")), "fake");
    ck_assert_str_eq(item(set, "swap/a.png")->mask, in_folder("mask/swap/a.jpg"));
    ck_assert_str_eq(item(set, "c.webp")->mask, in_folder("mask/c_mask.png"));
    ck_assert_ptr_null(item(set, "a2.png")->mask);
    ck_assert(item(set, "real/a.png")->group == item(set, "swap/a.png")->group);
    ck_assert_int_eq(item(set, "real/a.png")->split, item(set, "swap/a.png")->split);
    ck_assert_int_eq(item(set, "real/a.png")->label, 0);
    ck_assert_str_lt(set->items[0].path, set->items[1].path);
    data_set_free(set);
}
END_TEST

START_TEST(test_cnn_detection_and_imdl_layouts)
{
    write_text("cnn/0_real/1.png", "");
    write_text("cnn/1_fake/1.png", "");
    DataSet *set = open_folder("cnn");
    ck_assert_int_eq(set->n, 2);
    ck_assert_int_eq(item(set, "0_real/1.png")->label, 0);
    ck_assert_str_eq(data_item_method(set, find(set, "1_fake/1.png")), "fake");
    data_set_free(set);

    /* One more image than masks, and in another order: pairing by place would be wrong for two of them. */
    write_text("imdl/Tp/a.png", "");
    write_text("imdl/Tp/b.jpg", "");
    write_text("imdl/Tp/b_1.jpg", "");
    write_text("imdl/Gt/b.png", "");
    write_text("imdl/Gt/b_1_gt.png", "");
    write_text("imdl/Au/z.jpg", "");
    set = open_folder("imdl");
    ck_assert_int_eq(set->n, 4);
    ck_assert_ptr_null(item(set, "Tp/a.png")->mask);
    ck_assert_str_eq(item(set, "Tp/b.jpg")->mask, in_folder("imdl/Gt/b.png"));
    ck_assert_str_eq(item(set, "Tp/b_1.jpg")->mask, in_folder("imdl/Gt/b_1_gt.png"));
    ck_assert_int_eq(item(set, "Au/z.jpg")->label, 0);
    data_set_free(set);
}
END_TEST

START_TEST(test_split_folders)
{
    write_text("train/real/1.png", "");
    write_text("train/fake/swap/1.png", "");
    write_text("val/real/1.png", "");
    write_text("test/real/1.png", "");
    write_text("test/fake/swap/2.png", "");
    DataSet *set = open_folder("");
    ck_assert_int_eq(set->n, 5);
    ck_assert_int_eq(item(set, "train/real/1.png")->split, DATA_TRAIN);
    ck_assert_int_eq(item(set, "val/real/1.png")->split, DATA_VAL);
    ck_assert_int_eq(item(set, "test/fake/swap/2.png")->split, DATA_TEST);
    ck_assert(item(set, "train/real/1.png")->group == item(set, "train/fake/swap/1.png")->group);
    ck_assert(item(set, "train/real/1.png")->group != item(set, "test/real/1.png")->group);
    data_set_free(set);
}
END_TEST

START_TEST(test_folder_errors)
{
    const DataSettings s = settings_of(DATA_SOURCE_FOLDER, "set");
    write_text("set/pictures/a.png", "");
    assert_open_fails(&s, NN_ERR_DATA, "pictures/", "known: real/ and fake/<method>/", NULL);
    write_text("set/fake/readme.txt", "");
    assert_open_fails(&s, NN_ERR_DATA, "no image found", NULL);
    write_text("set/fake/swap/a.png", "");
    write_text("set/mask/swap/b.png", "");
    assert_open_fails(&s, NN_ERR_DATA, "mask/swap/b.png", "no image of this base name", NULL);
    write_text("set/fake/swap/b.png", "");
    write_text("set/mask/swap/b.jpg", "");
    assert_open_fails(&s, NN_ERR_DATA, "two masks for b.png", NULL);
    ck_assert_int_eq(unlink(in_folder("set/mask/swap/b.jpg")), 0);
    write_text("set/mask/swpa/a.png", "");
    assert_open_fails(&s, NN_ERR_DATA, "mask/swpa", "masks of a method that", NULL);
    ck_assert_int_eq(unlink(in_folder("set/mask/swpa/a.png")), 0);
    ck_assert_int_eq(rmdir(in_folder("set/mask/swpa")), 0);
    write_text("set/real/deep/a.png", "");
    assert_open_fails(&s, NN_ERR_DATA, "holds a folder (deep)", NULL);
}
END_TEST

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
    Suite *s = suite_create("manifest");
    TCase *t = tcase_create("manifest");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, temp_folder_make, temp_folder_remove);
    tcase_add_test(t, test_csv_syntax);
    tcase_add_test(t, test_csv_errors);
    tcase_add_test(t, test_columns_in_any_order);
    tcase_add_test(t, test_group_joins_what_shares_a_name);
    tcase_add_test(t, test_group_follows_chains);
    tcase_add_test(t, test_videos_are_no_files);
    tcase_add_test(t, test_group_number_is_stable);
    tcase_add_test(t, test_manifest_errors_name_the_line);
    tcase_add_test(t, test_group_in_two_splits_is_refused);
    tcase_add_test(t, test_paths_of_the_wrong_kind);
    tcase_add_test(t, test_settings_that_contradict);
    tcase_add_test(t, test_methods_sorted_seen_and_selected);
    tcase_add_test(t, test_unknown_method_lists_the_known);
    tcase_add_test(t, test_splits_drawn_where_nothing_is_said);
    tcase_add_test(t, test_drawn_splits_keep_chains_whole);
    tcase_add_test(t, test_val_without_test_becomes_test);
    tcase_add_test(t, test_val_is_carved_out_of_train);
    tcase_add_test(t, test_given_splits_stand);
    tcase_add_test(t, test_all_test_draws_nothing);
    tcase_add_test(t, test_undecided_item_follows_its_group);
    tcase_add_test(t, test_real_fake_mask_layout);
    tcase_add_test(t, test_cnn_detection_and_imdl_layouts);
    tcase_add_test(t, test_split_folders);
    tcase_add_test(t, test_folder_errors);
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
