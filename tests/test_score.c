/* test_score.c -- what `eval --score` makes of its arguments, of a score, and of a photo's form. */
#include <math.h>

#include "eval/input_fit.h"
#include "eval/photo_table.h"
#include "tests/data_rig.h"

/* ---- which files ---- */

static NnStatus list(const char *text, EvalPhotoPaths *p, NnErr *err)
{
    return eval_photo_paths_add(p, &text, 1, err);
}

START_TEST(test_folder_is_listed_in_order)
{
    NnErr err = { 0 };
    EvalPhotoPaths p = { 0 };
    write_image("photos/b.png", 8, 8, 0, 255);
    write_image("photos/a.PNG", 8, 8, 0, 255);
    write_image("photos/deep/er/c.jpg", 8, 8, 0, 255);
    write_text("photos/note.md", "no photo");
    ck_assert_int_eq(symlink("../..", in_folder("photos/deep/up")), 0);
    ck_assert_msg(list(in_folder("photos"), &p, &err) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(p.n, 3);
    ck_assert_str_eq(p.path[0], in_folder("photos/a.PNG"));
    ck_assert_str_eq(p.path[1], in_folder("photos/b.png"));
    ck_assert_str_eq(p.path[2], in_folder("photos/deep/er/c.jpg"));
    eval_photo_paths_free(&p);
}
END_TEST

START_TEST(test_list_is_relative_to_itself)
{
    NnErr err = { 0 };
    EvalPhotoPaths p = { 0 };
    write_text("lists/some.txt", "\357\273\277a photo, 1.png\r\n\r\n/absolute/2.png\nlast without end");
    ck_assert_msg(list(in_folder("lists/some.txt"), &p, &err) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(p.n, 3);
    ck_assert_str_eq(p.path[0], in_folder("lists/a photo, 1.png"));
    ck_assert_str_eq(p.path[1], "/absolute/2.png");
    ck_assert_str_eq(p.path[2], in_folder("lists/last without end"));
    eval_photo_paths_free(&p);
}
END_TEST

START_TEST(test_other_names_are_files_seen_or_not)
{
    NnErr err = { 0 };
    EvalPhotoPaths p = { 0 };
    ck_assert_int_eq(list("nothing/there.png", &p, &err), NN_OK);
    ck_assert_int_eq(list("nor here.png", &p, &err), NN_OK);
    ck_assert_int_eq(p.n, 2);
    ck_assert_str_eq(p.path[1], "nor here.png");
    eval_photo_paths_free(&p);
}
END_TEST

/* ... and does not keep the others from being judged. */
START_TEST(test_what_names_nothing_is_listed_with_the_reason)
{
    static const struct {
        const char *file, *text, *given, *says;
    } cases[] = {
        { "empty.txt", "\n\r\n", "empty.txt", "empty.txt: names no file" },
        { "bare/note.md", "x", "bare", "no photo found" },
        { "other.txt", "x", "missing.lst", "missing.lst" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        NnErr err = { 0 };
        EvalPhotoPaths p = { 0 };
        write_text(cases[i].file, cases[i].text);
        ck_assert_int_eq(list(in_folder(cases[i].given), &p, &err), NN_OK);
        ck_assert_int_eq(list("a.png", &p, &err), NN_OK);
        ck_assert_int_eq(p.n, 2);
        ck_assert_str_eq(p.path[0], in_folder(cases[i].given));
        ck_assert_msg(strstr(p.failure[0], cases[i].says) != NULL, "%s", p.failure[0]);
        ck_assert_str_eq(p.path[1], "a.png");
        ck_assert_ptr_null(p.failure[1]);
        eval_photo_paths_free(&p);
    }
}
END_TEST

/* ---- real, unsure, forged ---- */

/* 20 real images at .01 .. .20 and one at .90 + i/100 for the last `stray` of them; 20 forged at .81 .. 1.00, but the
 * first `stray` at .05: a share of 1/20 a stray one. */
static EvalValidation validation(int stray, float score[40], unsigned char label[40])
{
    for (int i = 0; i < 20; i++) {
        score[i] = i >= 20 - stray ? 0.9f : 0.01f * (float)(i + 1);
        score[20 + i] = i < stray ? 0.05f : 0.81f + 0.01f * (float)i;
        label[i] = 0, label[20 + i] = 1;
    }
    return (EvalValidation){ 40, score, label };
}

/* With two strays of each kind and one in twenty allowed, the lines lie at the strays: everything between is unsure. */
START_TEST(test_between_the_lines_is_unsure)
{
    float score[40];
    unsigned char label[40];
    NnErr err = { 0 };
    EvalPhotoBand band;
    const EvalValidation v = validation(2, score, label);
    ck_assert_msg(eval_photo_band(&v, 0.05, 0.5, &band, &err) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(eval_photo_verdict(&band, 0.95), EVAL_SAYS_FORGED);
    ck_assert_int_eq(eval_photo_verdict(&band, 0.5), EVAL_SAYS_UNSURE);
    ck_assert_int_eq(eval_photo_verdict(&band, 0.02), EVAL_SAYS_REAL);
    int real_beyond = 0, forged_below = 0;
    for (int i = 0; i < 40; i++) {
        real_beyond += !label[i] && eval_photo_verdict(&band, (double)score[i]) == EVAL_SAYS_FORGED;
        forged_below += label[i] && eval_photo_verdict(&band, (double)score[i]) == EVAL_SAYS_REAL;
    }
    ck_assert_int_le(real_beyond, 1);
    ck_assert_int_le(forged_below, 1);
}
END_TEST

/* One real image at .5 and one forged at .45 keep the kinds from lying apart, and both are allowed: the lines would
 * change places (.65 for real, .32 for forged). The run's threshold parts the kinds, moved between the two if need be. */
START_TEST(test_nothing_is_unsure_where_lines_change_places)
{
    static const double threshold[] = { 0.4, 0.01, 0.99 }, parts_at[] = { 0.4, 0.32, 0.665 };
    float score[40];
    unsigned char label[40];
    EvalValidation v = validation(0, score, label);
    score[19] = 0.5f, score[18] = 0.19f, score[20] = 0.45f;
    for (int i = 0; i < 3; i++) {
        NnErr err = { 0 };
        EvalPhotoBand band;
        ck_assert_int_eq(eval_photo_band(&v, 0.05, threshold[i], &band, &err), NN_OK);
        ck_assert_double_eq(band.real_below, band.forged_from);
        ck_assert_double_eq_tol(band.forged_from, parts_at[i], 0.011);
    }
}
END_TEST

START_TEST(test_without_a_validation_the_threshold_decides)
{
    float score[40];
    unsigned char label[40];
    NnErr err = { 0 };
    EvalPhotoBand band;
    EvalValidation v = validation(2, score, label);
    v.n = 20; /* the real ones alone */
    ck_assert_int_eq(eval_photo_band(&v, 0.05, 0.7, &band, &err), NN_OK);
    ck_assert_int_eq(eval_photo_verdict(&band, 0.69), EVAL_SAYS_REAL);
    ck_assert_int_eq(eval_photo_verdict(&band, 0.7), EVAL_SAYS_FORGED);
}
END_TEST

/* ---- the form of a photo ---- */

START_TEST(test_photos_unlike_the_training_images_are_named)
{
    static const struct {
        int fit, side_min, side_max, w, h;
        const char *says;
    } cases[] = {
        { DATA_FIT_RESIZE, 90, 128, 60, 60, "" },
        { DATA_FIT_RESIZE, 90, 128, 59, 80,
          "59x80 pixels are too few: the detector was trained on images of 90 to 128 pixels a side" },
        { DATA_FIT_RESIZE, 90, 128, 256, 256, "" },
        { DATA_FIT_RESIZE, 128, 128, 300, 257,
          "300x257 pixels: shrinking loses fine traces; the detector was trained on images of 128 pixels a side" },
        { DATA_FIT_RESIZE, 90, 128, 150, 100, "" },
        { DATA_FIT_RESIZE, 90, 128, 100, 151, "100x151 pixels: squeezed into a square" },
        { DATA_FIT_CROP, 90, 128, 151, 100, "151x100 pixels: only the central 100x100 are judged" },
        { DATA_FIT_RESIZE, 0, 0, 9000, 9000, "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const EvalInputForm form = { 64, cases[i].fit, cases[i].side_min, cases[i].side_max };
        char said[256];
        eval_input_warning(&form, cases[i].w, cases[i].h, said, sizeof said);
        ck_assert_str_eq(said, cases[i].says);
    }
}
END_TEST

START_TEST(test_table_has_a_row_for_every_file)
{
    NnErr err = { 0 };
    EvalPhotoTable t = { 0 };
    unsigned char *text;
    size_t len;
    ck_assert_int_eq(eval_photo_table_open(&t, &err), NN_OK);
    eval_photo_table_add(&t, &(EvalPhoto){ "a, \"b\".png", 0.25f, EVAL_SAYS_UNSURE, 30, 20, "small", NULL });
    eval_photo_table_add(&t, &(EvalPhoto){ .path = "c.png", .warning = "", .failure = "c.png: torn, alas" });
    ck_assert_msg(eval_photo_table_save(&t, in_folder("out/deep"), &err) == NN_OK, "%s", err.msg);
    eval_photo_table_free(&t);
    ck_assert_int_eq(nn_file_read(in_folder("out/deep/scores.csv"), 4096, &text, &len, &err), NN_OK);
    ck_assert_str_eq((char *)text, "path,score,verdict,width,height,warning,failure\n"
                                   "\"a, \"\"b\"\".png\",0.25,unsure,30,20,small,\n"
                                   "c.png,,,,,,\"c.png: torn, alas\"\n");
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("score");
    TCase *t = tcase_create("score");
    tcase_add_checked_fixture(t, temp_folder_make, temp_folder_remove);
    tcase_add_test(t, test_folder_is_listed_in_order);
    tcase_add_test(t, test_list_is_relative_to_itself);
    tcase_add_test(t, test_other_names_are_files_seen_or_not);
    tcase_add_test(t, test_what_names_nothing_is_listed_with_the_reason);
    tcase_add_test(t, test_between_the_lines_is_unsure);
    tcase_add_test(t, test_nothing_is_unsure_where_lines_change_places);
    tcase_add_test(t, test_without_a_validation_the_threshold_decides);
    tcase_add_test(t, test_photos_unlike_the_training_images_are_named);
    tcase_add_test(t, test_table_has_a_row_for_every_file);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
