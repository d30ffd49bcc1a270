/* test_folder.c -- the folder layouts, and what is said of unknown ones. */
#include "tests/data_rig.h"

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
    write_text("set/fake/all/a.png", "");
    assert_open_fails(&s, NN_ERR_DATA, "fake/all/a.png: method \"all\"", "another name", NULL);
    ck_assert_int_eq(unlink(in_folder("set/fake/all/a.png")), 0);
    ck_assert_int_eq(rmdir(in_folder("set/fake/all")), 0);
    write_text("set/real/deep/a.png", "");
    assert_open_fails(&s, NN_ERR_DATA, "holds a folder (deep)", NULL);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("folder");
    TCase *t = tcase_create("folder");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, temp_folder_make, temp_folder_remove);
    tcase_add_test(t, test_real_fake_mask_layout);
    tcase_add_test(t, test_cnn_detection_and_imdl_layouts);
    tcase_add_test(t, test_split_folders);
    tcase_add_test(t, test_folder_errors);
    suite_add_tcase(s, t);
    return check_run(s);
}
