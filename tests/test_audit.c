/* test_audit.c -- what a data check finds in a list and in its files, what it lets pass, and what it counts. */
#include <unistd.h>

#include "data/audit.h"
#include "data/data_counts.h"
#include "data/splits.h"
#include "tests/data_rig.h"

/* ---- rig ---- */

static DataSet *list_named(const char *name, const char *text)
{
    DataSet *set;
    NnErr err = { 0 };
    write_text(name, text);
    DataSettings s = settings_of(DATA_SOURCE_MANIFEST, name);
    ck_assert_msg(data_set_list(&s, &set, &err) == NN_OK, "%s", err.msg);
    return set;
}

static DataSet *list_text(const char *text)
{
    return list_named("set.csv", text);
}

static DataProbe *probe(const DataSet *set, int threads)
{
    DataProbe *probes;
    NnErr err = { 0 };
    const DataProbeWay way = { .threads = threads };
    ck_assert_msg(data_probe_all(set, &way, &probes, &err) == NN_OK, "%s", err.msg);
    return probes;
}

static DataAudit new_audit(const char *allow)
{
    DataAudit a;
    NnErr err = { 0 };
    ck_assert_int_eq(data_audit_init(&a, allow, "--allow", 2, &err), NN_OK);
    return a;
}

static DataAudit audit_list(const DataSet *set)
{
    DataAudit a = new_audit("");
    NnErr err = { 0 };
    ck_assert_int_eq(data_audit_list(&a, set, &err), NN_OK);
    return a;
}

static DataAudit audit_all(const DataSet *set)
{
    DataAudit a = audit_list(set);
    DataProbe *probes = probe(set, 1);
    NnErr err = { 0 };
    ck_assert_int_eq(data_audit_images(&a, set, probes, &err), NN_OK);
    data_probes_free(probes, set->n);
    return a;
}

static const DataFinding *finding(const DataAudit *a, DataFindingKind kind)
{
    for (int k = 0; k < a->n; k++)
        if (a->findings[k].kind == kind) return &a->findings[k];
    ck_abort_msg("nothing of kind %s", data_finding_rules[kind].name);
    return NULL;
}

/* There is exactly this finding and no other. */
static void assert_only(const DataAudit *a, DataFindingKind kind, int count)
{
    for (int k = 0; k < a->n; k++)
        ck_assert_msg(a->findings[k].kind == kind, "also: %s", data_finding_rules[a->findings[k].kind].name);
    ck_assert_int_eq(a->n, 1);
    ck_assert_int_eq(finding(a, kind)->count, count);
}

static void assert_says(const DataFinding *f, const char *part)
{
    for (int i = 0; i < f->n_examples; i++)
        if (strstr(f->examples[i], part)) return;
    ck_abort_msg("no example has \"%s\"; the first is: %s", part, f->n_examples ? f->examples[0] : "-");
}

/* Every image with levels of its own; masks of the same size. */
static void write_files(void)
{
    static const char *const names[] = { "a.png", "b.png", "c.png", "d.png", "e.png", "f.png", "g.png", "h.png" };
    for (int i = 0; i < 8; i++) write_image(names[i], 20, 16, 10 + 20 * i, 20 + 25 * i);
    write_image("m.png", 20, 16, 255, 0);
}

static void set_up(void)
{
    temp_folder_make();
    write_files();
}

#define HEAD "path,label,mask,method,video,source,split\n"
/* Two real and two fake images, one of each in train and test. */
#define CLEAN "a.png,0,,,,,train\nb.png,1,m.png,x,,,train\nc.png,0,,,,,test\nd.png,1,m.png,x,,,test\n"

/* ---- nothing to find ---- */

START_TEST(test_clean_set_has_no_finding)
{
    DataSet *set = list_text(HEAD CLEAN);
    DataAudit a = audit_all(set);
    NnErr err = { 0 };
    ck_assert_msg(a.n == 0, "%s", a.n ? a.findings[0].text : "");
    ck_assert_int_eq(data_audit_verdict(&a, "set.csv", &err), NN_OK);
    data_audit_free(&a);
    data_set_free(set);
}
END_TEST

/* ---- leaks ---- */

START_TEST(test_one_file_by_many_names_leaks)
{
    ck_assert_int_eq(symlink("a.png", in_folder("soft.png")), 0);
    char from[256];
    snprintf(from, sizeof from, "%s", in_folder("b.png"));
    ck_assert_int_eq(link(from, in_folder("hard.png")), 0);
    DataSet *set = list_text(HEAD CLEAN "soft.png,0,,,,,test\nhard.png,1,m.png,x,,,test\n./c.png,0,,,,,train\n");
    DataAudit a = audit_all(set);
    assert_only(&a, DATA_LEAK_FILE, 3); /* and the pixels are not told of again */
    assert_says(finding(&a, DATA_LEAK_FILE), "soft.png");
    ck_assert_int_eq(a.n_errors, 1);
    data_audit_free(&a);
    data_set_free(set);
}
END_TEST

START_TEST(test_video_in_two_splits_leaks)
{
    DataSet *set = list_text(HEAD "a.png,0,,,v1,,train\nb.png,1,m.png,x,v2,,train\nc.png,0,,,v1,,test\n"
                                  "d.png,1,m.png,x,v3,,test\ne.png,0,,,v1,,val\nf.png,1,m.png,x,v4,,val\n");
    DataAudit a = audit_list(set);
    assert_only(&a, DATA_LEAK_VIDEO, 1);
    assert_says(finding(&a, DATA_LEAK_VIDEO), "video v1: train: ");
    data_audit_free(&a);
    data_set_free(set);
}
END_TEST

START_TEST(test_origin_in_two_splits_leaks)
{
    /* b is made from c; g and h are an identity pair by way of their source. */
    DataSet *set = list_text(HEAD "a.png,0,,,,,train\nb.png,1,m.png,x,,c.png,train\nc.png,0,,,,,test\n"
                                  "d.png,1,m.png,x,,,test\ng.png,0,,,v1,pair,train\nh.png,0,,,v2,pair,test\n");
    DataAudit a = audit_list(set);
    assert_only(&a, DATA_LEAK_ORIGIN, 2);
    assert_says(finding(&a, DATA_LEAK_ORIGIN), "source c.png");
    assert_says(finding(&a, DATA_LEAK_ORIGIN), "source pair");
    data_audit_free(&a);
    data_set_free(set);
}
END_TEST

/* The same pixels, once decoded from JPEG and once from PNG. */
START_TEST(test_same_pixels_in_two_splits_leak)
{
    DataImage img;
    NnErr err = { 0 };
    write_image("x.jpg", 20, 16, 7, 201);
    ck_assert_int_eq(data_image_load(in_folder("x.jpg"), 3, DATA_MAX_PIXELS, &img, &err), NN_OK);
    ck_assert_int_eq(data_image_save_png(&img, in_folder("y.png"), &err), NN_OK);
    data_image_free(&img);
    DataSet *set = list_text(HEAD CLEAN "x.jpg,0,,,,,train\ny.png,0,,,,,test\n");
    DataAudit a = audit_all(set);
    assert_only(&a, DATA_LEAK_CONTENT, 1);
    assert_says(finding(&a, DATA_LEAK_CONTENT), "x.jpg");
    assert_says(finding(&a, DATA_LEAK_CONTENT), "y.png");
    data_audit_free(&a);
    data_set_free(set);
}
END_TEST

/* A hash is a hint, not a proof. */
START_TEST(test_equal_hashes_of_different_images_are_no_leak)
{
    DataSet *set = list_text(HEAD CLEAN);
    DataProbe *probes = probe(set, 1);
    DataAudit a = new_audit("");
    NnErr err = { 0 };
    for (int i = 0; i < set->n; i++) probes[i].pixel_hash = 1;
    ck_assert_int_eq(data_audit_images(&a, set, probes, &err), NN_OK);
    ck_assert_int_eq(a.n, 0);
    data_audit_free(&a);
    data_probes_free(probes, set->n);
    data_set_free(set);
}
END_TEST

/* Where no split is declared, different groups may be drawn into different ones, one group never. */
START_TEST(test_undeclared_splits)
{
    write_image("a2.png", 20, 16, 10, 20); /* as a.png */
    DataSet *set = list_text(HEAD "a.png,0,,,,,\na2.png,0,,,,,\nb.png,1,m.png,x,,,\n");
    DataAudit a = audit_all(set);
    assert_only(&a, DATA_LEAK_CONTENT, 1);
    assert_says(finding(&a, DATA_LEAK_CONTENT), "no split: ");
    data_audit_free(&a);
    data_set_free(set);
    set = list_text(HEAD "a.png,0,,,v,,\na2.png,0,,,v,,\nb.png,1,m.png,x,,,\n");
    a = audit_all(set);
    assert_only(&a, DATA_TWICE, 1);
    ck_assert_int_eq(a.n_errors, 0);
    data_audit_free(&a);
    data_set_free(set);
}
END_TEST

START_TEST(test_real_and_fake_at_once)
{
    write_image("a2.png", 20, 16, 10, 20); /* as a.png */
    DataSet *set = list_text(HEAD CLEAN "a2.png,1,m.png,x,,,train\n");
    DataAudit a = audit_all(set);
    assert_only(&a, DATA_CONTRADICTION, 1);
    assert_says(finding(&a, DATA_CONTRADICTION), "a2.png");
    data_audit_free(&a);
    data_set_free(set);
}
END_TEST

/* ---- classes ---- */

START_TEST(test_one_class)
{
    DataSet *set = list_text(HEAD CLEAN "e.png,0,,,,,val\nf.png,0,,,,,val\n");
    DataAudit a = audit_list(set);
    assert_only(&a, DATA_ONE_CLASS, 1);
    assert_says(finding(&a, DATA_ONE_CLASS), "val: 2 real and 0 fake images");
    data_audit_free(&a);
    data_set_free(set);
    set = list_text(HEAD "a.png,0,,,,,train\nb.png,0,,,,,test\n");
    a = audit_list(set);
    assert_only(&a, DATA_ONE_CLASS, 1);
    assert_says(finding(&a, DATA_ONE_CLASS), ": 2 real and 0 fake images");
    data_audit_free(&a);
    data_set_free(set);
}
END_TEST

/* A run does without a test, and data_set_check names what is missing; fakes that it never sees are no second class. */
START_TEST(test_for_a_run)
{
    write_text("set.csv", HEAD "a.png,0,,,,,train\nb.png,1,m.png,x,,,train\nc.png,0,,,,,val\nd.png,1,m.png,x,,,val\n"
                               "gone.png,0,,,,,test\n");
    DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    DataSet *set = open_set(&s);
    DataAudit a = new_audit("");
    NnErr err = { 0 };
    a.for_a_run = 1;
    ck_assert_int_eq(data_audit_list(&a, set, &err), NN_OK);
    ck_assert_int_eq(a.n, 0);
    data_audit_free(&a);
    data_set_free(set);
    write_text("set.csv", HEAD "a.png,0,,,,,train\nb.png,1,m.png,x,,,train\nc.png,0,,,,,val\nd.png,1,m.png,y,,,val\n"
                               "e.png,0,,,,,test\nf.png,1,m.png,x,,,test\n");
    strcpy(s.methods, "x");
    set = open_set(&s);
    a = new_audit("");
    a.for_a_run = 1;
    ck_assert_int_eq(data_audit_list(&a, set, &err), NN_OK);
    assert_only(&a, DATA_ONE_CLASS, 1);
    assert_says(finding(&a, DATA_ONE_CLASS), "val: 1 real and 0 fake images");
    ck_assert_int_eq(data_audit_verdict(&a, "set.csv", &err), NN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, "set.csv: one-class: 1 splits hold one class only, e.g. val: 1 real"));
    data_audit_free(&a);
    data_set_free(set);
}
END_TEST

/* ---- masks ---- */

START_TEST(test_missing_masks)
{
    DataSet *set = list_text(HEAD CLEAN "e.png,1,,x,,,train\nf.png,1,,y,,,train\ng.png,1,,y,,,test\n");
    DataAudit a = audit_list(set);
    ck_assert_int_eq(a.n, 2);
    const DataFinding *some = finding(&a, DATA_MASKS_SOME), *none = finding(&a, DATA_MASKS_NONE);
    ck_assert_int_eq(some->count, 1);
    ck_assert_int_eq(some->of, 3);
    ck_assert_int_eq(some->severity, DATA_ERROR);
    ck_assert_str_eq(some->text, "fakes of x have no mask");
    assert_says(some, "set.csv:6: ");
    ck_assert_int_eq(none->count, 2);
    ck_assert_int_eq(none->of, 2);
    ck_assert_int_eq(none->severity, DATA_WARNING);
    ck_assert_int_eq(a.n_errors, 1);
    ck_assert_int_eq(a.n_warnings, 1);
    data_audit_free(&a);
    data_set_free(set);
}
END_TEST

START_TEST(test_hidden_masks_are_not_missed)
{
    write_text("set.csv", HEAD CLEAN "e.png,1,,x,,,train\n");
    const DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    DataSet *set = open_set(&s);
    NnErr err = { 0 };
    ck_assert_int_eq(data_set_hide_masks(set, &err), NN_OK);
    DataAudit a = new_audit("");
    a.for_a_run = 1;
    ck_assert_int_eq(data_audit_list(&a, set, &err), NN_OK);
    for (int k = 0; k < a.n; k++) ck_assert(a.findings[k].kind != DATA_MASKS_SOME);
    data_audit_free(&a);
    data_set_free(set);
}
END_TEST

START_TEST(test_masks_that_do_not_fit)
{
    write_image("small.png", 10, 16, 255, 0);
    write_image("dark.png", 20, 16, 127, 0);
    DataSet *set = list_text(HEAD CLEAN "e.png,1,small.png,x,,,train\nf.png,1,dark.png,x,,,test\n");
    DataAudit a = audit_all(set);
    ck_assert_int_eq(a.n, 2);
    assert_says(finding(&a, DATA_MASK_SIZE), "has 10x16 pixels, its image");
    assert_says(finding(&a, DATA_MASK_EMPTY), "dark.png");
    ck_assert_int_eq(a.n_errors, 2);
    data_audit_free(&a);
    data_set_free(set);
}
END_TEST

/* ---- files ---- */

START_TEST(test_missing_and_unreadable_files)
{
    write_text("bad1.png", "no image");
    write_text("bad2.png", "no image either");
    write_text("bad3.png", "nor this");
    DataSet *set = list_text(HEAD CLEAN "bad1.png,0,,,,,train\nbad2.png,0,,,,,train\ngone.png,0,,,,,test\n"
                                        "e.png,1,bad3.png,x,,,train\nf.png,1,lost.png,x,,,test\n");
    DataAudit a = audit_all(set);
    ck_assert_int_eq(a.n, 2);
    const DataFinding *missing = finding(&a, DATA_MISSING), *bad = finding(&a, DATA_UNREADABLE);
    ck_assert_int_eq(missing->count, 2);
    assert_says(missing, "gone.png: No such file");
    assert_says(missing, "lost.png: No such file");
    ck_assert_int_eq(bad->count, 3);
    ck_assert_int_eq(bad->of, 13);        /* images and masks */
    ck_assert_int_eq(bad->n_examples, 2); /* as new_audit says */
    assert_says(bad, "set.csv:6: ");
    data_audit_free(&a);
    data_set_free(set);
}
END_TEST

START_TEST(test_what_gives_the_label_away)
{
    write_image("r1.jpg", 20, 16, 1, 60);
    write_image("r2.jpg", 20, 16, 1, 90);
    DataSet *set = list_text(HEAD "r1.jpg,0,,,,,train\nr2.jpg,0,,,,,test\nb.png,1,m.png,x,,,train\n"
                                  "d.png,1,m.png,x,,,test\n");
    DataAudit a = audit_all(set);
    assert_only(&a, DATA_GIVEAWAY, 1);
    assert_says(finding(&a, DATA_GIVEAWAY), "all 2 real images are JPEG, all 2 fake ones PNG");
    ck_assert_int_eq(a.n_errors, 0);
    data_audit_free(&a);
    data_set_free(set);
    set = list_text(HEAD "r1.png,0,,,,,train\nb.png,1,m.png,x,,,train\n"); /* two sizes of one image each say nothing */
    write_image("r1.png", 24, 16, 1, 60);
    a = audit_all(set);
    ck_assert_int_eq(a.n, 0);
    data_audit_free(&a);
    data_set_free(set);
    char name[24], text[1024] = HEAD;
    for (int i = 0; i < 8; i++) { /* two sizes of four images each */
        snprintf(name, sizeof name, "s%d.png", i);
        write_image(name, i < 4 ? 24 : 20, 16, 100 + i, 3);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s,%d,%s,%s,,,\n", name, i >= 4,
                 i < 4 ? "" : "m.png", i < 4 ? "" : "x");
    }
    set = list_text(text);
    a = audit_all(set);
    assert_only(&a, DATA_GIVEAWAY, 1);
    assert_says(finding(&a, DATA_GIVEAWAY), "20x16 fake, 24x16 real");
    data_audit_free(&a);
    data_set_free(set);
}
END_TEST

/* ---- what is allowed ---- */

START_TEST(test_allowed_findings_are_warnings)
{
    DataSet *set = list_text(HEAD CLEAN "e.png,1,,x,,,train\nf.png,0,,,,,val\n");
    DataAudit a = new_audit(" masks-some , one-class");
    NnErr err = { 0 };
    ck_assert_int_eq(data_audit_list(&a, set, &err), NN_OK);
    ck_assert_int_eq(a.n, 2);
    ck_assert_int_eq(a.n_warnings, 2);
    ck_assert_int_eq(data_audit_verdict(&a, "set.csv", &err), NN_OK);
    data_audit_free(&a);
    ck_assert_int_eq(data_audit_init(&a, "masks-sme", "--allow", 1, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "(nearest: masks-some); known: leak-file, "));
    err = (NnErr){ 0 };
    ck_assert_int_eq(data_audit_init(&a, "masks-some one-class", "--allow", 1, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "\"masks-some one-class\": no such kind"));
    data_set_free(set);
}
END_TEST

/* Either the audit of a list is what ends a run over a kind, and then allow lets it pass; or naming it is an error. */
START_TEST(test_a_run_allows_what_it_can_pass_over)
{
    static const char *const refused[] = { "leak-video", "leak-origin", "mask-size",
                                           "mask-empty", "missing",     "unreadable" };
    int n_refused = 0;
    for (int k = 0; k < DATA_FINDING_KINDS; k++) {
        DataAudit a;
        NnErr err = { 0 };
        const char *name = data_finding_rules[k].name;
        int is_refused = 0;
        for (int i = 0; i < 6; i++) is_refused |= strcmp(name, refused[i]) == 0;
        n_refused += is_refused;
        ck_assert_int_eq(data_audit_init_for_run(&a, name, &err), is_refused ? NN_ERR_CONFIG : NN_OK);
        ck_assert_int_eq(a.for_a_run, 1);
        if (is_refused) ck_assert_ptr_nonnull(strstr(err.msg, "cannot be allowed: "));
        data_audit_free(&a);
    }
    ck_assert_int_eq(n_refused, 6);
}
END_TEST

/* ---- two sets ---- */

static DataAudit audit_between(const DataSet *trained, const DataSet *tested)
{
    DataAudit a = new_audit("");
    NnErr err = { 0 };
    DataProbe *x = probe(trained, 1), *y = probe(tested, 2);
    ck_assert_int_eq(data_audit_between(&a, (DataAudited){ trained, x }, (DataAudited){ tested, y }, &err), NN_OK);
    data_probes_free(x, trained->n);
    data_probes_free(y, tested->n);
    return a;
}

START_TEST(test_between_sets)
{
    write_image("a2.png", 20, 16, 10, 20); /* as a.png */
    DataSet *trained = list_named("one.csv", HEAD "a.png,0,,,v1,,train\nb.png,1,m.png,x,v2,,train\nc.png,0,,,v3,,test\n"
                                                  "d.png,1,m.png,x,v4,,test\ne.png,0,,,v5,,val\n");
    DataSet *same_test = list_named("two.csv", HEAD "c.png,0,,,v3,,\nd.png,1,m.png,x,v4,,\n");
    DataAudit a = audit_between(trained, same_test); /* what both test is no leak */
    ck_assert_int_eq(a.n, 0);
    data_audit_free(&a);
    data_set_free(same_test);
    DataSet *overlap = list_named("two.csv", HEAD "a2.png,0,,,w1,,\ne.png,0,,,w2,,\nf.png,1,m.png,x,v2,,\n");
    a = audit_between(trained, overlap);
    ck_assert_int_eq(a.n, 3);
    assert_says(finding(&a, DATA_LEAK_FILE), "e.png");
    assert_says(finding(&a, DATA_LEAK_CONTENT), "a2.png");
    ck_assert_int_eq(finding(&a, DATA_LEAK_FILE)->count, 1);
    ck_assert_int_eq(finding(&a, DATA_LEAK_CONTENT)->count, 1);
    ck_assert_int_eq(finding(&a, DATA_LEAK_NAME)->severity, DATA_WARNING);
    assert_says(finding(&a, DATA_LEAK_NAME), "b.png");
    data_audit_free(&a);
    data_set_free(overlap);
    DataSet *other_split = list_named("two.csv", HEAD "a.png,0,,,,,train\nc.png,0,,,,,test\n");
    a = audit_between(trained, other_split); /* its training split is not measured on */
    ck_assert_int_eq(a.n, 0);
    data_audit_free(&a);
    data_set_free(other_split);
    data_set_free(trained);
}
END_TEST

/* ---- figures ---- */

START_TEST(test_probes)
{
    write_image("half.png", 20, 16, 0, 200);
    write_text("bad.png", "no image");
    DataSet *set = list_text(HEAD "half.png,1,m.png,x,,,\nbad.png,0,,,,,\na.png,0,,,,,\n");
    for (int threads = 1; threads <= 3; threads++) {
        DataProbe *p = probe(set, threads);
        ck_assert(p[0].w == 20 && p[0].h == 16 && p[0].mask_w == 20 && p[0].mask_h == 16);
        for (int c = 0; c < 3; c++) ck_assert_float_eq(p[0].mean[c], 100);
        ck_assert_float_eq(p[0].coverage, 0.5f);
        ck_assert_ptr_null(p[0].trouble);
        ck_assert(p[1].w == 0 && p[1].bytes == 8);
        ck_assert_ptr_nonnull(strstr(p[1].trouble, "bad.png"));
        ck_assert(p[2].pixel_hash != p[0].pixel_hash && p[2].mask_w == 0);
        data_probes_free(p, set->n);
    }
    data_set_free(set);
}
END_TEST

START_TEST(test_probing_can_be_stopped)
{
    DataSet *set = list_text(HEAD CLEAN);
    const volatile sig_atomic_t stop = 1;
    const DataProbeWay way = { .threads = 2, .stop = &stop };
    DataProbe *probes;
    NnErr err = { 0 };
    ck_assert_int_eq(data_probe_all(set, &way, &probes, &err), NN_ERR_INTERRUPTED);
    ck_assert_ptr_null(probes);
    data_set_free(set);
}
END_TEST

START_TEST(test_counts)
{
    DataSet *set = list_text(HEAD "a.png,0,,,v1,,test\nb.png,1,m.png,x,v2,,train\nc.png,1,m.png,x,v2,,train\n"
                                  "d.png,1,,x,v3,,train\ne.png,1,,y,,,\nf.png,0,,,,,train\n");
    DataCounts counts;
    NnErr err = { 0 };
    ck_assert_int_eq(data_counts_make(set, &counts, &err), NN_OK);
    ck_assert_int_eq(counts.n, 4);
    const DataCount *real = &counts.rows[0], *x = &counts.rows[1], *test = &counts.rows[2], *open = &counts.rows[3];
    ck_assert(real->split == DATA_TRAIN && real->method == -1 && real->images == 1 && real->videos == 0);
    ck_assert(x->split == DATA_TRAIN && x->method == 0 && x->images == 3 && x->videos == 2 && x->masks == 2);
    ck_assert(x->frames[0] == 1 && x->frames[2] == 2);
    ck_assert(test->split == DATA_TEST && test->images == 1 && test->videos == 1);
    ck_assert(open->split == DATA_SPLIT_OPEN && open->method == 1 && open->items[0] == 4);
    data_counts_free(&counts);
    data_set_free(set);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("audit");
    TCase *t = tcase_create("audit");
    tcase_add_checked_fixture(t, set_up, temp_folder_remove);
    tcase_add_test(t, test_clean_set_has_no_finding);
    tcase_add_test(t, test_one_file_by_many_names_leaks);
    tcase_add_test(t, test_video_in_two_splits_leaks);
    tcase_add_test(t, test_origin_in_two_splits_leaks);
    tcase_add_test(t, test_same_pixels_in_two_splits_leak);
    tcase_add_test(t, test_equal_hashes_of_different_images_are_no_leak);
    tcase_add_test(t, test_undeclared_splits);
    tcase_add_test(t, test_real_and_fake_at_once);
    tcase_add_test(t, test_one_class);
    tcase_add_test(t, test_for_a_run);
    tcase_add_test(t, test_missing_masks);
    tcase_add_test(t, test_hidden_masks_are_not_missed);
    tcase_add_test(t, test_masks_that_do_not_fit);
    tcase_add_test(t, test_missing_and_unreadable_files);
    tcase_add_test(t, test_what_gives_the_label_away);
    tcase_add_test(t, test_allowed_findings_are_warnings);
    tcase_add_test(t, test_a_run_allows_what_it_can_pass_over);
    tcase_add_test(t, test_between_sets);
    tcase_add_test(t, test_probes);
    tcase_add_test(t, test_probing_can_be_stopped);
    tcase_add_test(t, test_counts);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
