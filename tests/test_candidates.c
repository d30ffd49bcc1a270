/* test_candidates.c -- the files between machine and person: the list of candidates as a manifest, and the masks that
 * come back. */
#include "tests/active_rig.h"

/* ---- the list as a manifest -------------------------------------------------------------------------------------- */

/* candidates.csv as [data] source = manifest reads it: as many forged images as were picked, each with the picture
 * and the mask of its item in the run's own data. */
static void assert_reads_back(const char *folder)
{
    DataSettings s = config.data;
    DataSet *back, *own = set;
    TrainCandidates c;
    Trainer *t = make_trainer();
    OK(train_candidates_read(t, folder, &c, &err));
    OK(train_active_reveal(t, &c, &err));
    s.source = DATA_SOURCE_MANIFEST;
    s.val_fraction = s.test_fraction = 0; /* or some would be carved out for validation */
    snprintf(s.path, sizeof s.path, "%s/candidates.csv", folder);
    OK(data_set_open(&s, 1, &back, &err));
    ck_assert_int_eq(back->n, c.n);
    for (int k = 0; k < c.n; k++) {
        DataSample a, b;
        OK(data_set_read(back, k, &a, &err));
        OK(data_set_read(own, c.item[k], &b, &err));
        ck_assert(a.has_mask && back->items[k].label == 1 && back->items[k].split == DATA_TRAIN);
        ck_assert_str_eq(data_item_method(back, k), "swap");
        ck_assert_int_eq(memcmp(a.image.px, b.image.px, 3 * SIDE * SIDE), 0);
        ck_assert_int_eq(memcmp(a.mask.px, b.mask.px, SIDE * SIDE), 0);
        data_sample_free(&a);
        data_sample_free(&b);
    }
    data_set_free(back);
    train_candidates_free(&c);
    trainer_free(t);
}

START_TEST(list_reads_back_as_a_manifest)
{
    DataImage sheet;
    if (_i) use_manifest();
    else OK(open_checked());
    Outcome o = whole_run("a run, \"quoted\"");
    char folder[256];
    snprintf(folder, sizeof folder, "%s", in_folder("a run, \"quoted\""));
    assert_reads_back(folder);
    OK(data_image_load(in_folder("a run, \"quoted\"/candidates.png"), 3, 1 << 24, &sheet, &err));
    data_image_free(&sheet);
    free_outcome(&o);
}
END_TEST

/* Take the masks of all training images but `left` out of the list of use_manifest. */
static void drop_masks(int left)
{
    char *text = read_text(temp_folder, "set.csv"), *p = text;
    while ((p = strstr(p, "masks/m")) != NULL) {
        const int is_train = !strncmp(p + strlen("masks/m00.png,swap,"), "train", 5);
        if (!is_train || left-- > 0) p++;
        else memmove(p, p + strlen("masks/m00.png"), strlen(p + strlen("masks/m00.png")) + 1);
    }
    write_text("set.csv", text);
    free(text);
    OK(open_checked());
}

/* Of 34 training images, 17 of them forged, 20 % get one: that there are too few is said before the first step. */
START_TEST(missing_masks_of_the_oracle)
{
    char folder[256];
    assign("active.budget=0.2");
    use_manifest();
    ck_assert_int_eq(n_train, 34);
    drop_masks(5);
    Trainer *t = make_trainer();
    FAILS(train_active_check(t, &err), NN_ERR_DATA, "budget = 0.2", "34 training images", "6 masks", "only 5 of the 17",
          "(5 of 17 swap)", "annotate = person");
    run_folder("run", folder);
    FAILS(go_on(t, folder), NN_ERR_DATA, "6 masks");
    t->config.active.annotate = TRAIN_ANNOTATE_PERSON;
    OK(train_active_check(t, &err));
    t->config.active.picker = TRAIN_PICK_OFF;
    t->config.active.annotate = TRAIN_ANNOTATE_ORACLE;
    OK(train_active_check(t, &err));
    trainer_free(t);
}
END_TEST

/* Just as many as the budget wants: these are picked, whatever their scores. */
START_TEST(the_oracle_is_asked_for_masks_it_has)
{
    static const char *const pickers[] = { "active.picker=uncertainty", "active.picker=channel",
                                           "active.picker=random" };
    TrainCandidates c;
    assign(pickers[_i]);
    assign("active.budget=0.2");
    use_manifest();
    drop_masks(6);
    Trainer *t = make_trainer();
    OK(train_active_check(t, &err));
    OK(train_active_pick(t, &no_signal, &c, &err));
    ck_assert_int_eq(c.n, 6);
    for (int k = 0; k < c.n; k++) ck_assert_ptr_nonnull(set->items[c.item[k]].mask);
    OK(train_active_reveal(t, &c, &err));
    train_candidates_free(&c);
    trainer_free(t);
}
END_TEST

/* Portraits know their masks, though no list names them. */
START_TEST(what_is_forged_here_has_its_masks)
{
    assign("active.budget=1");
    OK(open_checked());
    Trainer *t = make_trainer();
    OK(train_active_check(t, &err));
    for (int i = 0; i < set->n; i++) set->items[i].label = 0;
    FAILS(train_active_check(t, &err), NN_ERR_DATA, "none of the", "forged");
    trainer_free(t);
}
END_TEST

/* ---- a person draws the masks ------------------------------------------------------------------------------------ */

/* Resume `folder` with a list of masks: NN_OK if it came to its end. */
static NnStatus annotate(const char *folder, const char *annotations, Outcome *o)
{
    char list[256];
    snprintf(list, sizeof list, "%s", annotations);
    Trainer *t = resumed_trainer(folder);
    t->annotations = list;
    OK(train_active_admits(t, folder, &err));
    const NnStatus status = go_on(t, folder);
    if (status == NN_OK && o) *o = outcome_of(t, folder);
    trainer_free(t);
    return status;
}

/* The data's own masks, as a person would draw them. */
static void draw_masks(const char *folder, const TrainCandidates *c)
{
    for (int k = 0; k < c->n; k++) {
        DataSample s;
        char path[TRAIN_PATH_MAX + 40];
        OK(data_set_show_mask(set, c->item[k], NULL, &err));
        OK(data_set_read(set, c->item[k], &s, &err));
        snprintf(path, sizeof path, "%s/candidates/%04d_mask.png", folder, k + 1);
        OK(data_image_save_png(&s.mask, path, &err));
        data_sample_free(&s);
    }
    OK(data_set_hide_masks(set, &err));
}

START_TEST(person_and_oracle_give_the_same_bits)
{
    char folder[256];
    TrainCandidates c;
    Outcome drawn = { 0 };
    if (_i) use_manifest();
    else OK(open_checked());
    Outcome oracle = whole_run("oracle");
    assign("active.annotate=person");
    run_folder("person", folder);
    Trainer *t = make_trainer();
    OK(go_on(t, folder));
    ck_assert(t->waits && t->step == BEGIN);
    trainer_free(t);
    t = resumed_trainer(folder); /* nothing has been drawn: it waits again, and the list stands */
    char *before = read_text(folder, "candidates.csv");
    OK(go_on(t, folder));
    ck_assert(t->waits && t->step == BEGIN);
    char *after = read_text(folder, "candidates.csv");
    ck_assert_str_eq(before, after);
    OK(train_candidates_read(t, folder, &c, &err));
    trainer_free(t);

    FAILS(annotate(folder, in_folder("person/candidates.csv"), NULL), NN_ERR_IO, "candidates.csv:2: ", "0001_mask.png",
          "expected a picture");
    draw_masks(folder, &c);
    OK(annotate(folder, in_folder("person/candidates.csv"), &drawn));
    assert_same(&oracle, &drawn);
    assert_reads_back(folder);

    t = resumed_trainer(folder);
    FAILS(train_active_admits(t, folder, &err), NN_ERR_USAGE, "has its masks already");
    trainer_free(t);
    train_candidates_free(&c);
    free(before);
    free(after);
    free_outcome(&oracle);
    free_outcome(&drawn);
}
END_TEST

/* Wrong annotations: each is named with its line, and the run can be taken up again afterwards. */
START_TEST(wrong_annotations)
{
    char folder[256], text[4096];
    TrainCandidates c;
    use_manifest();
    assign("active.annotate=person");
    run_folder("person", folder);
    Trainer *t = make_trainer();
    FAILS(train_active_admits(t, folder, &err), NN_ERR_USAGE, "not picked its candidates yet", "due after 4");
    OK(go_on(t, folder));
    OK(train_candidates_read(t, folder, &c, &err));
    trainer_free(t);
    ck_assert_int_eq(c.n, 3);
    paint_mask("mine/big.png", SIDE + 3, 4);
    paint_mask("mine/black.png", SIDE, SIDE);
    paint_mask("mine/good.png", SIDE, 4);

    struct {
        const char *row[3]; /* mask of each candidate; NULL: no row */
        const char *more;   /* a further row */
        const char *say[3];
        NnStatus status;
    } cases[] = {
        { { "good.png", "big.png", "good.png" }, "", { "mine.csv:3: ", "19x19", "16x16" }, NN_ERR_DATA },
        { { "good.png", "good.png", "black.png" }, "", { "mine.csv:4: ", "no pixel", "128 or more" }, NN_ERR_DATA },
        { { "gone.png", "good.png", "good.png" }, "", { "mine.csv:2: ", "gone.png", "expected" }, NN_ERR_IO },
        { { "good.png", "", "good.png" }, "", { "mine.csv:3: ", "is empty", "expected" }, NN_ERR_DATA },
        { { "good.png", NULL, "good.png" }, "", { "mine.csv: no row", "each of the 3", "images/f" }, NN_ERR_DATA },
        { { "good.png", "good.png", "good.png" },
          "../images/r01.png,good.png\n",
          { "mine.csv:5: ", "none of the 3", "r01" },
          NN_ERR_DATA },
        { { "good.png", "good.png", "good.png" }, "a.png\n", { "mine.csv:5: ", "1 fields", "2" }, NN_ERR_DATA },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, "path,mask\n");
        for (int k = 0; k < 3; k++)
            if (cases[i].row[k])
                snprintf(text + strlen(text), sizeof text - strlen(text), "\"%s\",%s\n", c.path[k], cases[i].row[k]);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s", cases[i].more);
        write_text("mine/mine.csv", text);
        FAILS(annotate(folder, in_folder("mine/mine.csv"), NULL), cases[i].status, cases[i].say[0], cases[i].say[1],
              cases[i].say[2]);
    }
    snprintf(text, sizeof text, "path,mask\n\"%s\",good.png\n\"%s\",good.png\n", c.path[0], c.path[0]);
    write_text("mine/mine.csv", text);
    FAILS(annotate(folder, in_folder("mine/mine.csv"), NULL), NN_ERR_DATA, "mine.csv:3: ", "already at", "mine.csv:2");
    write_text("mine/mine.csv", "file,mask\n");
    FAILS(annotate(folder, in_folder("mine/mine.csv"), NULL), NN_ERR_DATA, "mine.csv:1: ", "no column \"path\"");

    snprintf(text, sizeof text, "mask,path\ngood.png,\"%s\"\ngood.png,\"%s\"\ngood.png,\"%s\"\n", c.path[2], c.path[0],
             c.path[1]);
    write_text("mine/mine.csv", text);
    Outcome o;
    OK(annotate(folder, in_folder("mine/mine.csv"), &o)); /* in any order, and from anywhere */
    free_outcome(&o);
    char *list = read_text(folder, "candidates.csv");
    ck_assert_ptr_nonnull(strstr(list, "/mine/good.png"));
    free(list);
    train_candidates_free(&c);
}
END_TEST
int main(void)
{
    Suite *s = suite_create("candidates");
    TCase *c = tcase_create("candidates");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, list_reads_back_as_a_manifest, 0, 2);
    tcase_add_test(c, missing_masks_of_the_oracle);
    tcase_add_loop_test(c, the_oracle_is_asked_for_masks_it_has, 0, 3);
    tcase_add_test(c, what_is_forged_here_has_its_masks);
    tcase_add_loop_test(c, person_and_oracle_give_the_same_bits, 0, 2);
    tcase_add_test(c, wrong_annotations);
    suite_add_tcase(s, c);
    return check_run(s);
}
