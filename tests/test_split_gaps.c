/* test_split_gaps.c -- a split that lacks images, a class or a manipulation is named before the run, whatever the
 * source. */
#include "nn/base/few_names.h"
#include "tests/data_rig.h"
#include "train/split_gaps.h"

static void assert_gaps(DataSet *set, const char *expected)
{
    char *text = train_split_gaps(set);
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, expected);
    free(text);
    data_set_free(set);
}

static DataSet *open_methods(const char *text, const char *methods)
{
    write_text("set.csv", text);
    DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    strcpy(s.methods, methods);
    return open_set(&s);
}

static DataSet *open_portraits(int people, float val, float test)
{
    DataSettings s = settings_of(DATA_SOURCE_PORTRAITS, "");
    strcpy(s.methods, "swap");
    s.identities = people, s.val_fraction = val, s.test_fraction = test;
    return open_set(&s);
}

#define HEAD  "path,label,method,split\n"
#define TRAIN HEAD "a.png,0,,train\nb.png,1,x,train\n"
#define VAL   "c.png,0,,val\nd.png,1,x,val\n"
#define TEST  "e.png,0,,test\nf.png,1,x,test\n"

START_TEST(test_full_splits_lack_nothing)
{
    assert_gaps(open_text(TRAIN VAL TEST), "");
    /* An unseen manipulation has its place in the test alone. */
    assert_gaps(open_methods(TRAIN VAL TEST "g.png,1,y,test\nh.png,1,y,train\n", "x"), "");
    assert_gaps(open_portraits(60, 0.3f, 0.3f), "");
}
END_TEST

START_TEST(test_no_test_images)
{
    assert_gaps(open_portraits(20, 0.3f, 0),
                "no test images: eval can judge this run on other data sets only (--data). To mend it: more [data] "
                "identities, or a larger test_fraction\n");
    assert_gaps(open_methods(HEAD "a.png,0,,train\nb.png,1,x,train\n", "x"),
                "no test images: eval can judge this run on other data sets only (--data). To mend it: such images in "
                "that split of the data, or, if it names no splits, a larger test_fraction\n");
}
END_TEST

/* No validation at all is told elsewhere, with what it means for the run. */
START_TEST(test_no_validation_images)
{
    assert_gaps(open_portraits(60, 0, 0.3f), "");
}
END_TEST

START_TEST(test_one_class)
{
    assert_gaps(open_text(TRAIN "c.png,0,,val\n" TEST),
                "no forged images among the 1 validation images: nothing is validated on them. To "
                "mend it: such images in that split of the data, or, if it names no splits, a larger val_fraction\n");
    /* Forged, but of a manipulation that validation does not use. */
    assert_gaps(open_methods(TRAIN "c.png,0,,val\nd.png,1,y,val\n" TEST, "x"),
                "no forged images among the 1 validation images: nothing is validated on them. To "
                "mend it: such images in that split of the data, or, if it names no splits, a larger val_fraction\n");
    assert_gaps(open_text(TRAIN VAL "f.png,1,x,test\ng.png,1,x,test\n"),
                "no real images among the 2 test images: eval can measure no AUC on them. To mend it: such images in "
                "that split of the data, or, if it names no splits, a larger test_fraction\n");
    assert_gaps(open_text(HEAD "b.png,1,x,train\n" VAL TEST),
                "no real images among the 1 training images: there is nothing to tell them from. To mend it: such "
                "images in that split of the data\n");
}
END_TEST

START_TEST(test_manipulation_missing)
{
    assert_gaps(open_text(TRAIN "h.png,1,y,train\n" VAL TEST),
                "no validation images of y, which is trained on. To mend it: such images in that split of the data, "
                "or, if it names no splits, a larger val_fraction\nno test images of y, which is trained on. To mend "
                "it: such images in that split of the data, or, if it names no splits, a larger test_fraction\n");
    /* What is never trained on need not be validated. */
    assert_gaps(open_text(TRAIN VAL TEST "h.png,1,y,test\ni.png,1,z,test\n"),
                "no training images of y, z, which [data] methods asks for. To mend it: such images in that split of "
                "the data\n");
}
END_TEST

/* However many there are, the line stays one that people read. */
START_TEST(test_many_manipulations_missing)
{
    char text[16384] = TRAIN VAL TEST;
    for (int m = 0; m < 300; m++) {
        const size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "i%d.png,1,m%03d,train\nj%d.png,1,m%03d,test\n", m, m, m, m);
    }
    assert_gaps(open_text(text),
                "no validation images of m000, m001, m002, m003, m004, m005, m006, m007 and 292 more, which is trained "
                "on. To mend it: such images in that split of the data, or, if it names no splits, a larger "
                "val_fraction\n");
}
END_TEST

START_TEST(test_few_names)
{
    NnFewNames few = { 0 };
    char longest[NN_FEW_BYTES + 2], expected[NN_FEW * (NN_FEW_BYTES + 6) + 32];
    ck_assert_str_eq(nn_few_say(&few), "");
    nn_few_add(&few, "%s %d of %d", "swap", 3, 18);
    ck_assert_str_eq(nn_few_say(&few), "swap 3 of 18");
    for (int i = 1; i < NN_FEW; i++) nn_few_add(&few, "%d", i);
    ck_assert_str_eq(nn_few_say(&few), "swap 3 of 18, 1, 2, 3, 4, 5, 6, 7");
    nn_few_add(&few, "next");
    ck_assert_str_eq(nn_few_say(&few), "swap 3 of 18, 1, 2, 3, 4, 5, 6, 7 and 1 more");
    /* The longest names, and more of them than can be. */
    memset(longest, 'x', sizeof longest);
    longest[NN_FEW_BYTES + 1] = expected[0] = '\0';
    few = (NnFewNames){ 0 };
    for (int i = 0; i < NN_FEW; i++) {
        nn_few_add(&few, "%s", longest);
        const size_t used = strlen(expected);
        snprintf(expected + used, sizeof expected - used, "%s%.*s...", i ? ", " : "", NN_FEW_BYTES, longest);
    }
    few.n = 2147483647;
    strcat(expected, " and 2147483639 more");
    ck_assert_str_eq(nn_few_say(&few), expected);
}
END_TEST

/* A name is cut between characters, never inside one: here they end at bytes 79 and 82, or at 80. */
START_TEST(test_long_names_stay_utf8)
{
    static const char euro[] = "\xe2\x82\xac";
    char name[100], expected[100];
    for (int before = 1; before <= 2; before++) {
        NnFewNames few = { 0 };
        snprintf(name, sizeof name, "%.*s", before, "xx");
        for (int i = 0; i < 30; i++) strcat(name, euro);
        snprintf(expected, sizeof expected, "%.*s...", before == 1 ? 79 : 80, name);
        nn_few_add(&few, "%s", name);
        ck_assert_str_eq(nn_few_say(&few), expected);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("split_gaps");
    TCase *t = tcase_create("gaps");
    tcase_add_checked_fixture(t, temp_folder_make, temp_folder_remove);
    tcase_add_test(t, test_full_splits_lack_nothing);
    tcase_add_test(t, test_no_test_images);
    tcase_add_test(t, test_no_validation_images);
    tcase_add_test(t, test_one_class);
    tcase_add_test(t, test_manipulation_missing);
    tcase_add_test(t, test_many_manipulations_missing);
    tcase_add_test(t, test_few_names);
    tcase_add_test(t, test_long_names_stay_utf8);
    suite_add_tcase(s, t);
    return check_run(s);
}
