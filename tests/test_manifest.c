/* test_manifest.c -- CSV and the manifests written in it: columns, groups, and errors with their line. */
#include "data/csv.h"
#include "nn/base/rng.h"
#include "tests/data_rig.h"

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

/* What is written reads back, whatever it holds. */
START_TEST(test_csv_written)
{
    static const char *const fields[] = {
        "plain", "", "a,b", "he said \"hi\"", "two\nlines", "cr\r\n", "\"", " blank "
    };
    enum { FIELDS = sizeof fields / sizeof *fields };
    char *text = NULL;
    size_t len;
    DataCsv csv;
    NnErr err = { 0 };
    int more;
    FILE *f = open_memstream(&text, &len);
    for (int i = 0; i < FIELDS; i++) {
        if (i) fputc(',', f);
        data_csv_put(f, fields[i]);
    }
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_ptr_eq(strstr(text, "plain,,\"a,b\",\"he said \"\"hi\"\"\","), text);
    ck_assert_int_eq(data_csv_init(&csv, text, len, "t", &err), NN_OK);
    ck_assert_int_eq(data_csv_next(&csv, &more, &err), NN_OK);
    ck_assert_int_eq(csv.n, FIELDS);
    for (int i = 0; i < FIELDS; i++) ck_assert_str_eq(csv.fields[i], fields[i]);
    data_csv_deinit(&csv);
    free(text);
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

/* Tables and comma lists need these names for themselves; of real images the column is ignored. */
START_TEST(test_methods_that_tables_need_are_refused)
{
    static const char *const names[] = { "real", "all", "seen", "unseen", "\"swap,warp\"", "\",\"" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[128], said[64];
        const int quoted = names[i][0] == '"';
        snprintf(text, sizeof text, "path,label,method\na.png,0,%s\nb.png,1,swap\nc.png,1,%s\n", names[i], names[i]);
        snprintf(said, sizeof said, quoted ? "method %s: expected a name without a comma" : "method \"%s\": tables",
                 names[i]);
        assert_text_fails(text, "set.csv:4:", said);
    }
    assert_text_fails("path,label,method\na.png,0,\nb.png,1,\"two\nlines\"\n", "set.csv:3:", "method: found byte 10");
    DataSet *set = open_text("path,label,method\na.png,0,all\nb.png,1,allover\nc.png,1,Real\n");
    ck_assert_int_eq(set->n_methods, 2);
    data_set_free(set);
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

int main(void)
{
    Suite *s = suite_create("manifest");
    TCase *t = tcase_create("manifest");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, temp_folder_make, temp_folder_remove);
    tcase_add_test(t, test_csv_syntax);
    tcase_add_test(t, test_csv_written);
    tcase_add_test(t, test_csv_errors);
    tcase_add_test(t, test_columns_in_any_order);
    tcase_add_test(t, test_group_joins_what_shares_a_name);
    tcase_add_test(t, test_group_follows_chains);
    tcase_add_test(t, test_videos_are_no_files);
    tcase_add_test(t, test_group_number_is_stable);
    tcase_add_test(t, test_manifest_errors_name_the_line);
    tcase_add_test(t, test_methods_that_tables_need_are_refused);
    tcase_add_test(t, test_group_in_two_splits_is_refused);
    tcase_add_test(t, test_paths_of_the_wrong_kind);
    tcase_add_test(t, test_settings_that_contradict);
    suite_add_tcase(s, t);
    return check_run(s);
}
