/* test_split_gaps.c -- a split that lacks images, a class or a manipulation is named before the run, whatever the
 * source. */
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
                "no forged images among the 1 validation images: AUC and threshold of the validation mean nothing. To "
                "mend it: such images in that split of the data, or, if it names no splits, a larger val_fraction\n");
    /* Forged, but of a manipulation that validation does not use. */
    assert_gaps(open_methods(TRAIN "c.png,0,,val\nd.png,1,y,val\n" TEST, "x"),
                "no forged images among the 1 validation images: AUC and threshold of the validation mean nothing. To "
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
    suite_add_tcase(s, t);
    return check_run(s);
}
