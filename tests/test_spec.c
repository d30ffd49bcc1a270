/* test_spec.c -- naming data sets: the text taken apart, formats told by their looks, paths of INI files, text lists,
 * and manifests that are written and read again. */
#include "data/csv.h"
#include "nn/base/path_spec.h"
#include "nn/base/rng.h"
#include "tests/spec_rig.h"

/* ---- the text ---- */

START_TEST(test_text_is_taken_apart)
{
    NnPathSpec s;
    NnErr err = { 0 };
    ck_assert_int_eq(nn_path_spec_parse("ffpp:/a,b/c=d,root=x, y,compression=c23", &s, &err), NN_OK);
    ck_assert_str_eq(s.word, "ffpp");
    ck_assert_str_eq(s.path, "/a,b/c=d");
    ck_assert_int_eq(s.n, 2);
    ck_assert_str_eq(s.options[0].key, "root");
    ck_assert_str_eq(s.options[0].value, "x, y");
    ck_assert_str_eq(s.options[1].key, "compression");
    ck_assert_str_eq(s.options[1].value, "c23");
    static const char *const plain[] = { "a.csv", "/x/ab:c.csv", "./ab:c", "C:/x", "9a:x", "", "a,b", "Ffpp:x" };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        ck_assert_int_eq(nn_path_spec_parse(plain[i], &s, &err), NN_OK);
        ck_assert_str_eq(s.path, plain[i]);
        ck_assert_str_eq(s.word, "");
        ck_assert_int_eq(s.n, 0);
    }
}
END_TEST

START_TEST(test_text_that_is_refused)
{
    NnPathSpec s;
    char text[700] = "ffpp:";
    NnErr err = { 0 };
    ck_assert_int_eq(nn_path_spec_parse("a,root=x,root=y", &s, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "root is given twice"));
    err = (NnErr){ 0 };
    ck_assert_int_eq(nn_path_spec_parse("a,b=1,c=2,d=3,e=4,f=5,g=6,h=7", &s, &err), NN_ERR_CONFIG);
    memset(text + 5, 'x', sizeof text - 6);
    err = (NnErr){ 0 };
    ck_assert_int_eq(nn_path_spec_parse(text, &s, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "longer than 511"));
}
END_TEST

static void assert_joined(const char *folder, const char *text, const char *expected)
{
    char out[NN_TEXT_MAX];
    NnErr err = { 0 };
    ck_assert_int_eq(nn_path_spec_join(folder, text, DATA_SPEC_PATHS, out, &err), NN_OK);
    ck_assert_str_eq(out, expected);
}

START_TEST(test_folders_go_before_paths)
{
    assert_joined("conf", "ffpp:D,compression=c23,splits=S", "ffpp:conf/D,compression=c23,splits=conf/S");
    assert_joined("conf", "set.json,root=/abs,compression=c40", "conf/set.json,root=/abs,compression=c40");
    assert_joined("conf", "list:/abs/a.txt,root=img", "list:/abs/a.txt,root=conf/img");
    assert_joined("conf", "a,roots=b", "conf/a,roots=b");
    assert_joined(NULL, "ffpp:D,root=r", "ffpp:D,root=r");
    assert_joined("conf", "", "");
    char long_folder[NN_TEXT_MAX], out[NN_TEXT_MAX];
    NnErr err = { 0 };
    memset(long_folder, 'f', sizeof long_folder - 1);
    long_folder[sizeof long_folder - 8] = 0;
    ck_assert_int_eq(nn_path_spec_join(long_folder, "a.json,root=b", DATA_SPEC_PATHS, out, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "too long"));
}
END_TEST

/* As an INI file in another folder says it. */
START_TEST(test_ini_file)
{
    DataSettings s;
    const NnBinding b = { &data_section, &s };
    NnErr err = { 0 };
    char expected[NN_TEXT_MAX];
    write_text("conf/a.ini", "[data]\nsource = spec\npath = deepfakebench:set.json,root=../img,compression=c23\n");
    nn_settings_defaults(&b, 1);
    ck_assert_msg(nn_settings_load(&b, 1, in_folder("conf/a.ini"), NN_SETTINGS_STRICT, &err) == NN_OK, "%s", err.msg);
    snprintf(expected, sizeof expected, "deepfakebench:%s/conf/set.json,root=%s/conf/../img,compression=c23",
             temp_folder, temp_folder);
    ck_assert_int_eq(s.source, DATA_SOURCE_SPEC);
    ck_assert_str_eq(s.path, expected);
    char *text = nn_settings_format(&b, 1);
    DataSettings again;
    const NnBinding c = { &data_section, &again };
    nn_settings_defaults(&c, 1);
    ck_assert_int_eq(nn_settings_parse(&c, 1, text, "resolved", NULL, NN_SETTINGS_STRICT, &err), NN_OK);
    ck_assert_str_eq(again.path, expected);
    free(text);
}
END_TEST

/* ---- which format ---- */

static void assert_format(const char *path, const char *name)
{
    DataSpec spec;
    NnErr err = { 0 };
    ck_assert_msg(data_spec_parse(in_folder(path), &spec, &err) == NN_OK, "%s", err.msg);
    ck_assert_str_eq(spec.format->name, name);
}

START_TEST(test_formats_are_told_by_their_looks)
{
    write_text("m", "label,path\n");
    write_text("bad.csv", "a,b\n");
    write_text("dfdc.csv", "filename,label\n");
    write_text("dfdc/labels.csv", "filename,label\n");
    write_text("x.json", "{}");
    write_text("x.lst", "");
    write_text("List_of_testing_videos.txt", "");
    write_text("celeb/Celeb-real/frames/a/0.png", "");
    write_text("ff/manipulated_sequences/x", "");
    write_text("any/x", "");
    assert_format("m", "manifest");
    assert_format("bad.csv", "manifest");
    assert_format("dfdc.csv", "dfdc");
    assert_format("dfdc", "dfdc");
    assert_format("x.json", "deepfakebench");
    assert_format("x.lst", "list");
    assert_format("List_of_testing_videos.txt", "celebdf");
    assert_format("celeb", "celebdf");
    assert_format("ff", "ffpp");
    assert_format("any", "folder");
}
END_TEST

START_TEST(test_specs_that_are_refused)
{
    write_text("a.txt", "x.png 0\n");
    write_text("b.bin", "");
    spec_fails("", NN_ERR_CONFIG, "path is empty");
    spec_fails("list:", NN_ERR_CONFIG, "path is empty");
    spec_fails("lits:@/a.txt", NN_ERR_CONFIG, "unknown format \"lits\" (nearest: list); known: dfdc, manifest");
    spec_fails("@/none.csv", NN_ERR_CONFIG, "none.csv: no such file or folder");
    spec_fails("@/b.bin", NN_ERR_CONFIG, "looks like no known format");
    spec_fails("@/a.txt,rot=x", NN_ERR_CONFIG, "unknown option \"rot\" (nearest: root)");
    spec_fails("@/a.txt,root=", NN_ERR_CONFIG, "option root is empty");
    spec_fails("@/a.txt,root=@/none", NN_ERR_CONFIG, "no such folder");
    spec_fails("@/a.txt,compression=c23", NN_ERR_CONFIG, "means nothing to the format list; it has: root");
    spec_fails("folder:@,root=@", NN_ERR_CONFIG, "which has none");
    write_text("x.json", "{}");
    spec_fails("@/x.json,compression=c32", NN_ERR_CONFIG, "known: raw, c23, c40");
}
END_TEST

START_TEST(test_every_format_is_complete)
{
    for (int i = 0; i < data_n_formats; i++) {
        const DataFormat *f = data_formats[i];
        ck_assert(*f->name && *f->help && f->options && f->fits && f->list);
        ck_assert_int_eq(f->fits(in_folder("nothing there")), 0);
    }
}
END_TEST

/* ---- manifests and folders, as before ---- */

START_TEST(test_manifest_and_folder)
{
    write_text("set/real/a.png", "");
    write_text("set/fake/swap/a.png", "");
    write_text("m.csv", "path,label,split\na.png,0,train\nb.png,1,\n");
    DataSet *set = list_spec("@/m.csv");
    ck_assert_int_eq(set->items[0].split, DATA_TRAIN);
    ck_assert_int_eq(set->items[1].split, DATA_SPLIT_OPEN);
    data_set_free(set);
    set = open_spec("folder:@/set");
    ck_assert_int_eq(set->n, 2);
    ck_assert(set->items[0].group == set->items[1].group);
    data_set_free(set);
    spec_fails("manifest:@/set", NN_ERR_CONFIG, "is a folder");
}
END_TEST

/* ---- text lists ---- */

START_TEST(test_list)
{
    write_text("l/a.txt",
               "\xef\xbb\xbf# a comment\r\na b.png 0\r\n\r\n  sub/c.png\t1  \r\n/abs/d.png real\nc.png FAKE");
    DataSet *set = list_spec("@/l/a.txt");
    ck_assert_int_eq(set->n, 4);
    ck_assert_str_eq(set->items[0].path, in_folder("l/a b.png"));
    ck_assert_int_eq(set->items[0].label, 0);
    ck_assert_int_eq(set->items[1].label, 1);
    ck_assert_str_eq(data_item_method(set, 3), "fake");
    ck_assert_str_eq(item(set, "/abs/d.png")->path, "/abs/d.png");
    ck_assert_str_eq(set->items[1].where + strlen(set->items[1].where) - 7, "a.txt:4");
    ck_assert(set->items[0].group != set->items[1].group);
    assert_written_alike(set, "elsewhere/m.csv");
    data_set_free(set);
    write_text("b.lst", "x.png REAL\ny.png swap\nz.png warp\n");
    set = list_spec("@/b.lst,root=@/l");
    ck_assert_int_eq(set->n_methods, 2);
    ck_assert_str_eq(set->items[1].path, in_folder("l/y.png"));
    ck_assert_str_eq(data_item_method(set, 1), "swap");
    data_set_free(set);
}
END_TEST

START_TEST(test_list_errors)
{
    write_text("a.txt", "");
    spec_fails("@/a.txt", NN_ERR_DATA, "no image is listed");
    write_text("a.txt", "a.png 0\nb.png\n");
    spec_fails("@/a.txt", NN_ERR_DATA, "a.txt:2: \"b.png\": no label");
    write_text("a.txt", "a.png swap\n");
    spec_fails("@/a.txt", NN_ERR_DATA, "label \"swap\"; known");
    write_text("b.lst", "a.png REAL\nb.png unseen\n");
    spec_fails("@/b.lst", NN_ERR_DATA, "b.lst:2: method \"unseen\"");
    write_text("a.txt", "a.png 0\na.png 1\n");
    spec_fails("@/a.txt", NN_ERR_DATA, "listed as real and as fake");
    write_bytes("a.txt", "a\0.png 0\n", 9);
    spec_fails("@/a.txt", NN_ERR_DATA, "zero bytes");
    write_text("a.txt", "a.png 0\nb.png 1\na.png 0\na.png 0\n");
    DataSet *set = list_spec("@/a.txt");
    ck_assert_int_eq(set->n, 2);
    ck_assert(has_note(set, "2 images are listed more than once"));
    data_set_free(set);
}
END_TEST

/* One line a hundred thousand times must cost no more than the reading. */
START_TEST(test_list_of_one_line)
{
    enum { N = 100000 };
    static const char line[8] = { 'a', '.', 'p', 'n', 'g', ' ', '1', '\n' };
    char *text = nn_alloc(N, sizeof line);
    for (size_t i = 0; i < N; i++) memcpy(text + sizeof line * i, line, sizeof line);
    write_bytes("a.txt", text, (size_t)8 * N);
    free(text);
    DataSet *set = list_spec("@/a.txt");
    ck_assert_int_eq(set->n, 1);
    data_set_free(set);
}
END_TEST

/* ---- written manifests ---- */

/* Names with everything in them that a CSV has to quote; groups by every kind of tie. */
START_TEST(test_manifest_is_written)
{
    write_text("set/m.csv", "path,label,mask,method,video,source,split\n"
                            "\"a,\"\"1\"\".png\",0,,,v1,,train\n"
                            "b.png,1,masks/b.png,swap,v1,s,train\n"
                            "c.png,1,,x y,,s,\n"
                            "/abs/d.png,0,,,,,val\n"
                            "e.png,1,,warp,,,test\n");
    DataSet *set = list_spec("@/set/m.csv");
    assert_written_alike(set, "set/again.csv");
    assert_written_alike(set, "other/deeper/again.csv");
    data_set_free(set);
    unsigned char *text;
    size_t len;
    NnErr err = { 0 };
    ck_assert_int_eq(nn_file_read(in_folder("set/again.csv"), 1 << 20, &text, &len, &err), NN_OK);
    ck_assert_ptr_nonnull(strstr((char *)text, "\nb.png,1,masks/b.png,swap,v1,s,train\n"));
    ck_assert_ptr_nonnull(strstr((char *)text, "\n/abs/d.png,0,,,,,val\n"));
    free(text);
}
END_TEST

/* Sources that name files do so from another folder: there the names change, the groups must not. */
START_TEST(test_ties_by_file_names_survive)
{
    write_text("set/m.csv", "path,label,source\na.png,0,\nf.png,1,a.png\ng.png,1,f.png\nh.png,1,zz\nz.png,0,\n");
    DataSet *set = list_spec("@/set/m.csv");
    ck_assert(item(set, "a.png")->group == item(set, "g.png")->group);
    ck_assert(item(set, "a.png")->group != item(set, "h.png")->group);
    assert_written_alike(set, "other/m.csv");
    data_set_free(set);
}
END_TEST

/* By chance another group's source is spelled as the path that is to be written. */
START_TEST(test_accidental_ties_are_refused)
{
    NnErr err = { 0 };
    write_text("set/m.csv", "path,label,source\na.png,0,\nb.png,1,set/a.png\n");
    DataSet *set = list_spec("@/set/m.csv");
    ck_assert(set->items[0].group != set->items[1].group);
    ck_assert_int_eq(data_import_write(set, in_folder("m.csv"), &err), NN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, "cannot be written"));
    ck_assert(!nn_file_exists(in_folder("m.csv")));
    data_set_free(set);
}
END_TEST

START_TEST(test_folder_is_written)
{
    write_text("train/real/1.png", "");
    write_text("train/fake/swap/1.png", "");
    write_text("train/mask/swap/1.png", "");
    write_text("test/real/1.png", "");
    DataSet *set = list_spec("folder:@");
    assert_written_alike(set, "m.csv");
    data_set_free(set);
}
END_TEST

START_TEST(test_writing_fails)
{
    NnErr err = { 0 };
    write_text("m.csv", "path,label\na.png,0\n");
    DataSet *set = list_spec("@/m.csv");
    ck_assert_int_eq(data_import_write(set, in_folder("no folder/x.csv"), &err), NN_ERR_IO);
    data_set_free(set);
}
END_TEST

/* ---- a list is read without being judged ---- */

START_TEST(test_listing_settles_nothing)
{
    write_text("m.csv", "path,label,video,split\na.png,0,v,train\nb.png,1,v,test\nc.png,1,w,\n");
    const DataSettings s = spec_settings("@/m.csv");
    assert_open_fails(&s, NN_ERR_DATA, "of the same group", NULL);
    DataSettings other = s;
    strcpy(other.methods, "no such method");
    DataSet *set;
    NnErr err = { 0 };
    ck_assert_int_eq(data_set_list(&other, &set, &err), NN_OK);
    ck_assert_int_eq(set->items[2].split, DATA_SPLIT_OPEN);
    data_set_free(set);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("spec");
    TCase *t = tcase_create("spec");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, temp_folder_make, temp_folder_remove);
    tcase_add_test(t, test_text_is_taken_apart);
    tcase_add_test(t, test_text_that_is_refused);
    tcase_add_test(t, test_folders_go_before_paths);
    tcase_add_test(t, test_ini_file);
    tcase_add_test(t, test_formats_are_told_by_their_looks);
    tcase_add_test(t, test_specs_that_are_refused);
    tcase_add_test(t, test_every_format_is_complete);
    tcase_add_test(t, test_manifest_and_folder);
    tcase_add_test(t, test_list);
    tcase_add_test(t, test_list_errors);
    tcase_add_test(t, test_list_of_one_line);
    tcase_add_test(t, test_manifest_is_written);
    tcase_add_test(t, test_ties_by_file_names_survive);
    tcase_add_test(t, test_accidental_ties_are_refused);
    tcase_add_test(t, test_folder_is_written);
    tcase_add_test(t, test_writing_fails);
    tcase_add_test(t, test_listing_settles_nothing);
    suite_add_tcase(s, t);
    return check_run(s);
}
