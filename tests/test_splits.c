/* test_splits.c -- which manipulations are seen, and which items train, validate and test. */
#include "tests/data_rig.h"

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

int main(void)
{
    Suite *s = suite_create("splits");
    TCase *t = tcase_create("splits");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, temp_folder_make, temp_folder_remove);
    tcase_add_test(t, test_methods_sorted_seen_and_selected);
    tcase_add_test(t, test_unknown_method_lists_the_known);
    tcase_add_test(t, test_splits_drawn_where_nothing_is_said);
    tcase_add_test(t, test_drawn_splits_keep_chains_whole);
    tcase_add_test(t, test_val_without_test_becomes_test);
    tcase_add_test(t, test_val_is_carved_out_of_train);
    tcase_add_test(t, test_given_splits_stand);
    tcase_add_test(t, test_all_test_draws_nothing);
    tcase_add_test(t, test_undecided_item_follows_its_group);
    suite_add_tcase(s, t);
    return check_run(s);
}
