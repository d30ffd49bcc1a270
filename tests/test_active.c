/* test_active.c -- masks for a few images only, as a run: no other mask is ever read, and taken up again
 * anywhere it gives the same bits. */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/active_rig.h"

/* ---- no other mask is ever read ---------------------------------------------------------------------------------- */

/* Make every mask of the manifest unreadable but those of the list: gone, a folder, a pipe, no image, another size. */
static void spoil_masks(const char *list)
{
    for (int i = 0; i < PEOPLE; i++) {
        char name[64], path[256];
        snprintf(name, sizeof name, "masks/m%02d.png", i);
        snprintf(path, sizeof path, "%s", in_folder(name));
        if (strstr(list, name)) continue;
        ck_assert_int_eq(unlink(path), 0);
        if (i % 5 == 1) ck_assert_int_eq(mkdir(path, 0700), 0);
        if (i % 5 == 2) ck_assert_int_eq(mkfifo(path, 0600), 0);
        if (i % 5 == 3) write_text(name, "this is no mask");
        if (i % 5 == 4) paint_mask(name, SIDE + 1, 2);
    }
}

START_TEST(other_masks_are_never_read)
{
    static const char *const pickers[] = { "active.picker=uncertainty", "active.picker=channel",
                                           "active.picker=random" };
    assign(pickers[_i]);
    use_manifest();
    Outcome readable = whole_run("readable");
    char *list = read_text(in_folder("readable"), "candidates.csv");
    spoil_masks(list);
    OK(open_checked()); /* the check opens none either */
    Outcome spoilt = whole_run("spoilt");
    assert_same(&readable, &spoilt);
    char *again = read_text(in_folder("spoilt"), "candidates.csv");
    ck_assert_str_eq(list, again);
    /* They are unreadable indeed, to a run that wants them all. */
    assign("active.picker=off");
    ck_assert_int_ne(open_checked(), NN_OK);
    err = (NnErr){ 0 };
    free(list);
    free(again);
    free_outcome(&readable);
    free_outcome(&spoilt);
}
END_TEST

static int is_candidate(const TrainCandidates *c, int item)
{
    for (int k = 0; k < c->n; k++)
        if (c->item[k] == item) return 1;
    return 0;
}

/* The mask term is 0 in phase one and in every validation; the mean mask is one of candidates alone. */
START_TEST(masks_count_from_begin_on)
{
    TrainStep seen;
    TrainCandidates c;
    int better, used = 0;
    TrainValidation v;
    assign("active.budget=0.25");
    use_manifest();
    Trainer *t = make_trainer();
    ck_assert_str_eq(t->objective.terms[2].name, "mask");
    OK(trainer_start(t, &err));
    for (int i = 0; i < BEGIN; i++) {
        OK(train_step(t, &seen, &err));
        ck_assert(seen.term[2] == 0);
    }
    ck_assert(t->mask_count == 0);
    trainer_stop(t);
    OK(train_active_pick(t, &no_signal, &c, &err));
    OK(train_active_reveal(t, &c, &err));
    OK(trainer_start(t, &err));
    for (int i = BEGIN; i < 20; i++) {
        OK(train_step(t, &seen, &err));
        ck_assert(seen.term[2] > 0); /* real images are in every batch */
        for (int n = 0; n < config.train.batch; n++) used += is_candidate(&c, t->items[n]);
    }
    ck_assert_int_gt(used, 0);
    ck_assert(t->mask_count == used);
    OK(trainer_validate(t, &no_signal, &v, &better, &err));
    ck_assert(v.done && v.term[2] == 0);
    train_candidates_free(&c);
    trainer_free(t);
}
END_TEST

START_TEST(portraits_hide_what_the_forging_knows)
{
    DataSample plain, hidden, shown;
    assign("active.picker=off");
    OK(open_checked());
    int i = 0;
    while (!set->items[i].label) i++;
    OK(data_set_read(set, i, &plain, &err));
    ck_assert_int_eq(plain.has_mask, 1);
    OK(data_set_hide_masks(set, &err)); /* though it is in the cache */
    for (int times = 0; times < 2; times++) {
        OK(data_set_read(set, i, &hidden, &err));
        ck_assert_int_eq(hidden.has_mask, 0);
        ck_assert_int_eq(memcmp(hidden.image.px, plain.image.px, 3 * SIDE * SIDE), 0);
        for (int p = 0; p < SIDE * SIDE; p++) ck_assert_int_eq(hidden.mask.px[p], 0);
        data_sample_free(&hidden);
    }
    OK(data_set_show_mask(set, i, NULL, &err));
    OK(data_set_read(set, i, &shown, &err));
    ck_assert(shown.has_mask == 1 && !memcmp(shown.mask.px, plain.mask.px, SIDE * SIDE));
    data_sample_free(&shown);
    paint_mask("drawn.png", SIDE, 5);
    OK(data_set_show_mask(set, i, in_folder("drawn.png"), &err));
    OK(data_set_read(set, i, &shown, &err));
    for (int p = 0; p < SIDE * SIDE; p++) ck_assert_int_eq(shown.mask.px[p], p % SIDE >= 5 ? 255 : 0);
    data_sample_free(&shown);
    OK(data_set_hide_masks(set, &err));
    OK(data_set_read(set, i, &hidden, &err));
    ck_assert_int_eq(hidden.has_mask, 0);
    data_sample_free(&hidden);
    OK(data_set_read(set, 0, &shown, &err)); /* a real image: its empty mask is known */
    ck_assert_int_eq(shown.has_mask, 1);
    data_sample_free(&shown);
    data_sample_free(&plain);
}
END_TEST
/* ---- taking a run up again --------------------------------------------------------------------------------------- */

typedef enum { BEFORE_PICKING, WHILE_PICKING, AFTER_PICKING } Moment;

/* As train_session_run does it, up to that step, and then as after Ctrl-C at that moment. */
static void run_until(const char *folder, int64_t last_step, Moment moment)
{
    char path[TRAIN_PATH_MAX];
    TrainSession s;
    TrainStep seen;
    Trainer *t = make_trainer();
    OK(train_session_open(&s, t, folder, &no_signal, &err));
    OK(trainer_start(t, &err));
    for (;;) {
        TrainValidation v;
        int better;
        if (trainer_validation_due(t)) {
            OK(trainer_validate(t, &no_signal, &v, &better, &err));
            train_log_validation(&s.log, t, &v);
        }
        const int ends = t->step == last_step;
        if (ends && moment == WHILE_PICKING) {
            OK(train_phases_enter(t, folder, &s.log, &a_signal, &err));
            ck_assert(!nn_file_exists(train_folder_file(folder, "candidates.csv", path)));
        }
        if (ends && moment != AFTER_PICKING) break;
        OK(train_phases_enter(t, folder, &s.log, &no_signal, &err));
        if (ends) break;
        OK(train_step(t, &seen, &err));
        train_log_step(&s.log, t, &seen);
    }
    save_last(t, folder);
    train_session_close(&s);
    trainer_free(t);
}

START_TEST(resumed_equals_uninterrupted)
{
    static const struct {
        int at;
        Moment moment;
    } stops[] = { { 2, BEFORE_PICKING },    { BEGIN, BEFORE_PICKING },     { BEGIN, WHILE_PICKING },
                  { BEGIN, AFTER_PICKING }, { BEGIN + 1, BEFORE_PICKING }, { STEPS - 2, BEFORE_PICKING } };
    assign("active.picker=channel");
    assign("active.draw=0.5");
    use_manifest();
    Outcome whole = whole_run("whole");
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        char name[32], folder[256];
        snprintf(name, sizeof name, "stop %zu", i);
        run_folder(name, folder);
        run_until(folder, stops[i].at, stops[i].moment);
        Trainer *t = resumed_trainer(folder);
        ck_assert_int_eq((int)t->step, stops[i].at);
        Outcome o = finish(t, folder);
        assert_same(&whole, &o);
        free_outcome(&o);
    }
    free_outcome(&whole);
}
END_TEST

/* A run that is made longer keeps its candidates, though half of its new length is further on. */
START_TEST(longer_runs_do_not_pick_again)
{
    char folder[256];
    use_manifest();
    Outcome o = whole_run("run");
    snprintf(folder, sizeof folder, "%s", in_folder("run"));
    char *before = read_text(folder, "candidates.csv");
    config.train.steps = 4 * STEPS;
    Trainer *t = resumed_trainer(folder);
    ck_assert_int_eq(train_phases_ahead(t), 0);
    ck_assert_int_eq((int)train_active_phase.due(t), 2 * STEPS);
    OK(go_on(t, folder));
    ck_assert_int_eq((int)t->step, 4 * STEPS);
    ck_assert_int_eq((int)t->masks, TRAIN_MASKS_ALL);
    char *after = read_text(folder, "candidates.csv");
    ck_assert_str_eq(before, after);
    trainer_free(t);
    free_outcome(&o);
    free(before);
    free(after);
}
END_TEST

/* `best` is one that has learnt from masks, however good an earlier one was; early stopping waits for that too. */
START_TEST(best_begins_anew)
{
    char folder[256], path[TRAIN_PATH_MAX];
    NnCheckpoint c = { 0 };
    assign("train.patience=1");
    use_manifest();
    run_folder("run", folder);
    run_until(folder, BEGIN, BEFORE_PICKING);
    Trainer *t = resumed_trainer(folder);
    t->best = 2.0; /* no AUC will ever be better, */
    t->stale = 7;  /* and none has been for long */
    OK(go_on(t, folder));
    ck_assert_int_gt((int)t->step, BEGIN);
    ck_assert(t->best <= 1.0);
    trainer_free(t);
    OK(nn_checkpoint_load(train_folder_file(folder, "best.safetensors", path), &c, &err));
    ck_assert_str_eq(nn_checkpoint_meta(&c, "phases"), "active");
    ck_assert_int_gt(atoi(nn_checkpoint_meta(&c, "step")), BEGIN);
    nn_checkpoint_free(&c);
}
END_TEST

START_TEST(a_damaged_list_is_named)
{
    char folder[256];
    use_manifest();
    run_folder("run", folder);
    run_until(folder, BEGIN + 1, BEFORE_PICKING);
    Trainer *t = resumed_trainer(folder);
    write_text("run/candidates.csv", "path,mask,item,score\nimages/f01.png,m.png,nobody,1\n");
    FAILS(go_on(t, folder), NN_ERR_DATA, "candidates.csv:2: ", "nobody", "no forged training image");
    trainer_free(t);
    t = resumed_trainer(folder);
    ck_assert_int_eq(unlink(in_folder("run/candidates.csv")), 0);
    FAILS(go_on(t, folder), NN_ERR_IO, "candidates.csv");
    trainer_free(t);
}
END_TEST

/* ---- settings ---------------------------------------------------------------------------------------------------- */

START_TEST(settings_that_make_no_sense)
{
    const TrainConfig sane = config;
    OK(train_config_check(&config, &err));
    assign("loss.mask=0");
    FAILS(train_config_check(&config, &err), NN_ERR_CONFIG, "[active]", "mask = 0");
    config = sane;
    assign("active.begin=1");
    FAILS(train_config_check(&config, &err), NN_ERR_CONFIG, "[active] begin");
    config = sane;
    assign("data.balance=0");
    OK(train_config_check(&config, &err));
    assign("active.draw=0.5");
    FAILS(train_config_check(&config, &err), NN_ERR_CONFIG, "draw = 0.5", "balance = 0");
    config = sane;
    assign("loss.latent=0");
    FAILS(train_config_check(&config, &err), NN_ERR_CONFIG, "uncertainty", "latent = 0");
    config = sane;
    assign("loss.cls=0");
    FAILS(train_config_check(&config, &err), NN_ERR_CONFIG, "score = logit", "cls = 0");
    assign("model.score=region");
    FAILS(train_config_check(&config, &err), NN_ERR_CONFIG, "score = region", "cls = 0");
    assign("model.score=latent");
    OK(train_config_check(&config, &err));
    assign("active.picker=channel");
    FAILS(train_config_check(&config, &err), NN_ERR_CONFIG, "picker = channel", "cls = 0");
}
END_TEST
int main(void)
{
    Suite *s = suite_create("active");
    TCase *c = tcase_create("active");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, other_masks_are_never_read, 0, 3);
    tcase_add_test(c, masks_count_from_begin_on);
    tcase_add_test(c, portraits_hide_what_the_forging_knows);
    tcase_add_test(c, resumed_equals_uninterrupted);
    tcase_add_test(c, longer_runs_do_not_pick_again);
    tcase_add_test(c, best_begins_anew);
    tcase_add_test(c, a_damaged_list_is_named);
    tcase_add_test(c, settings_that_make_no_sense);
    suite_add_tcase(s, c);
    return check_run(s);
}
