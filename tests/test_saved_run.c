/* test_saved_run.c -- what a run saves, and taking it up again: the same bits after a resume, scores and averages in the
 * checkpoint, nothing saved once numbers are not finite. */
#include <math.h>

#include "eval/trained_run.h"
#include "tests/run_rig.h"

/* A first process of a run, killed after `at` steps: it has logged one step more than it saved. */
static void begin_and_be_killed(const char *folder, int at)
{
    TrainSession s = { 0 };
    TrainStep seen;
    Trainer *t = make_trainer();
    const int all = config.train.steps;
    OK(train_session_open(&s, t, folder, &no_signal, &err));
    t->total = t->config.train.steps = at;
    while (t->step < at) {
        TrainValidation v;
        int better;
        steps(t, 1, &seen);
        train_log_step(&s.log, t, &seen);
        if (t->step % config.train.validate_every || t->step == at) continue;
        OK(trainer_validate(t, &no_signal, &v, &better, &err));
        train_log_validation(&s.log, t, &v);
    }
    t->total = t->config.train.steps = all;
    save_last(t, folder);
    steps(t, 1, &seen);
    train_log_step(&s.log, t, &seen);
    train_session_close(&s);
    trainer_free(t);
}

/* With and without an adversary; and with the score of a region. */
START_TEST(resumed_equals_uninterrupted)
{
    char name[32], folder[256];
    config.blur.kind = _i ? TRAIN_BLUR_GENERATOR : TRAIN_BLUR_NONE, config.blur.width = 2;
    config.model.score = _i ? NN_SCORE_LOGIT : NN_SCORE_REGION;
    Outcome whole = whole_run("whole");
    ck_assert_ptr_nonnull(strstr(whole.metrics, "8,"));
    for (int at = 3; at <= 5; at++) { /* 4: a validation is due that was not made */
        snprintf(name, sizeof name, "from %d", at);
        begin_and_be_killed(run_folder(name, folder), at);
        Outcome resumed = finish(resumed_trainer(folder), folder);
        assert_same(&whole, &resumed);
        free_outcome(&resumed);
    }
    free_outcome(&whole);
}
END_TEST

START_TEST(a_signal_saves_and_ends)
{
    char folder[256], path[TRAIN_PATH_MAX];
    TrainSession s;
    Trainer *t = make_trainer();
    run_folder("run", folder);
    ck_assert_int_eq(train_session_open(&s, t, folder, &a_signal, &err), NN_OK);
    ck_assert_int_eq(train_session_run(&s, &err), NN_ERR_INTERRUPTED);
    train_session_close(&s);
    ck_assert(nn_file_exists(train_folder_file(folder, "last.safetensors", path)));
    trainer_free(t);
}
END_TEST

static void spoil_weight(Trainer *t)
{
    nn_params_values(t->params)[nn_params_at(t->params, 0)->offset] = NAN;
}

static void spoil_rate(Trainer *t)
{
    t->config.optim.lr = 1e38f;
    t->config.optim.warmup = 0;
}

static void spoil_loss(Trainer *t)
{
    const int bias = nn_params_find(t->params, "head.bias");
    ck_assert_int_ge(bias, 0);
    nn_params_values(t->params)[nn_params_at(t->params, bias)->offset] = INFINITY;
}

START_TEST(nonfinite_stops_and_is_never_saved)
{
    static void (*const spoil[])(Trainer *) = { spoil_weight, spoil_rate, spoil_loss };
    char folder[256], path[TRAIN_PATH_MAX];
    TrainSession s;
    config.optim.optimizer = TRAIN_SGD;
    config.optim.clip_norm = 0;
    Trainer *t = make_trainer();
    spoil[_i](t);
    run_folder("run", folder);
    ck_assert_int_eq(train_session_open(&s, t, folder, &no_signal, &err), NN_OK);
    ck_assert_int_eq(train_session_run(&s, &err), NN_ERR_NUMERIC);
    train_session_close(&s);
    ck_assert_msg(!strncmp(err.msg, "step ", 5), "%s", err.msg);
    if (_i == 0) ck_assert_msg(strstr(err.msg, "node ") && strstr(err.msg, "portraits/"), "%s", err.msg);
    ck_assert(!nn_file_exists(train_folder_file(folder, "last.safetensors", path)));
    ck_assert(!nn_file_exists(train_folder_file(folder, "best.safetensors", path)));
    trainer_free(t);
}
END_TEST

START_TEST(snapshot_refuses_nonfinite_moments)
{
    char folder[256], path[TRAIN_PATH_MAX];
    Trainer *t = make_trainer();
    run_folder("run", folder);
    train_folder_file(folder, "last.safetensors", path);
    t->optimizer.slot[1][5] = INFINITY;
    ck_assert_int_eq(train_snapshot_save(t, path, 0, &err), NN_ERR_NUMERIC);
    ck_assert(!nn_file_exists(path));
    trainer_free(t);
}
END_TEST

START_TEST(best_holds_the_average)
{
    char folder[256], path[TRAIN_PATH_MAX];
    TrainStep seen;
    NnCheckpoint c = { 0 };
    Trainer *t = make_started_trainer();
    run_folder("run", folder);
    train_folder_file(folder, "best.safetensors", path);
    steps(t, 2, &seen);
    ck_assert_int_eq(train_snapshot_save(t, path, 1, &err), NN_OK);
    ck_assert_int_eq(nn_checkpoint_load(path, &c, &err), NN_OK);
    const NnParam *p = nn_params_at(t->params, 0);
    char name[256];
    snprintf(name, sizeof name, "model.%s", p->name);
    const NnTensor *w = nn_checkpoint_find(&c, name);
    ck_assert_ptr_nonnull(w);
    ck_assert_int_eq(memcmp(w->value, t->ema.value + p->offset, p->len * sizeof(float)), 0);
    ck_assert_int_ne(memcmp(w->value, nn_params_values(t->params) + p->offset, p->len * sizeof(float)), 0);
    ck_assert_str_eq(nn_checkpoint_meta(&c, "step"), "2");
    nn_checkpoint_free(&c);
    trainer_free(t);
}
END_TEST

/* The threshold was chosen for the average, at the last validation. */
START_TEST(last_is_judged_by_the_average)
{
    char folder[256], path[TRAIN_PATH_MAX];
    TrainStep seen;
    TrainValidation v;
    EvalRun *run = NULL;
    int better;
    Trainer *t = make_started_trainer();
    run_folder("run", folder);
    train_folder_file(folder, "last.safetensors", path);
    steps(t, 2, &seen);
    ck_assert_int_eq(trainer_validate(t, &no_signal, &v, &better, &err), NN_OK);
    steps(t, 1, &seen);
    ck_assert_int_eq(train_snapshot_save(t, path, 0, &err), NN_OK);
    eval_run_open(folder, 1, &run, &err);
    ck_assert_msg(err.status == NN_OK, "%s", err.msg);
    ck_assert_int_eq(run->step, 3);
    ck_assert_int_eq(run->threshold_step, 2);
    ck_assert(run->threshold == v.threshold);
    for (int i = 0; i < nn_params_count(run->params); i++) {
        const NnParam *p = nn_params_at(run->params, i);
        const NnParam *own = nn_params_at(t->params, nn_params_find(t->params, p->name));
        const float *w = nn_params_values(run->params) + p->offset;
        ck_assert_int_eq(memcmp(w, t->ema.value + own->offset, p->len * sizeof(float)), 0);
    }
    eval_run_close(run);
    trainer_free(t);
}
END_TEST

/* What the threshold was chosen on goes into the checkpoint, through a resume, and to whoever judges with it. */
START_TEST(scores_of_the_validation_are_kept)
{
    char folder[256], path[TRAIN_PATH_MAX];
    TrainValidation v, given_up;
    EvalRun *run = NULL;
    NnCheckpoint c = { 0 };
    double chosen;
    int better;
    Trainer *t = make_started_trainer(), *resumed = make_trainer();
    run_folder("run", folder);
    train_folder_file(folder, "last.safetensors", path);
    ck_assert_int_eq(train_snapshot_save(t, path, 0, &err), NN_OK);
    ck_assert_int_eq(nn_checkpoint_load(path, &c, &err), NN_OK);
    ck_assert_ptr_null(nn_checkpoint_find(&c, "validation.score"));
    nn_checkpoint_free(&c);
    ck_assert_int_eq(trainer_validate(t, &no_signal, &v, &better, &err), NN_OK);
    ck_assert_int_eq(trainer_validate(t, &a_signal, &given_up, &better, &err), NN_OK);
    ck_assert(!given_up.done);
    t->validated = 0;
    ck_assert_int_eq(train_snapshot_save(t, path, 0, &err), NN_OK);
    ck_assert_int_eq(nn_checkpoint_load(path, &c, &err), NN_OK);
    ck_assert_int_eq(train_snapshot_restore(resumed, &c, path, &err), NN_OK);
    nn_checkpoint_free(&c);
    ck_assert_int_eq(resumed->n_judged, t->n_val);
    ck_assert_int_eq(train_snapshot_save(resumed, path, 0, &err), NN_OK);
    eval_run_open(folder, 1, &run, &err);
    ck_assert_msg(err.status == NN_OK, "%s", err.msg);
    ck_assert_int_eq(run->validation.n, t->n_val);
    ck_assert_int_eq(memcmp(run->validation.score, t->judged_score, (size_t)t->n_val * sizeof(float)), 0);
    for (int i = 0; i < t->n_val; i++) ck_assert_int_eq(run->validation.label[i], t->set->items[t->val[i]].label);
    const EvalThresholdRule most_accurate = { .aim = NN_THRESHOLD_ACCURACY };
    ck_assert_int_eq(eval_thresholds(&run->validation, &most_accurate, 1, &chosen, &err), NN_OK);
    ck_assert(chosen == v.threshold);
    eval_run_close(run);
    trainer_free(t), trainer_free(resumed);
}
END_TEST

/* What `conv` chose in the first process is what the second one uses, whatever it would have chosen itself. */
START_TEST(a_resumed_run_keeps_its_kernels)
{
    char folder[256], path[TRAIN_PATH_MAX];
    NnCheckpoint c = { 0 };
    Trainer *automatic = make_trainer();
    snprintf(config.train.conv, sizeof config.train.conv, "blas");
    Trainer *first = make_trainer();
    snprintf(config.train.conv, sizeof config.train.conv, "auto");
    ck_assert_str_ne(nn_plan_kernels(first->plan), nn_plan_kernels(automatic->plan));
    train_folder_file(run_folder("run", folder), "last.safetensors", path);
    ck_assert_msg(train_snapshot_save(first, path, 0, &err) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(nn_checkpoint_load(path, &c, &err), NN_OK);
    Trainer *second = make_trainer_with(nn_checkpoint_meta(&c, "kernels"));
    ck_assert_str_eq(nn_plan_kernels(second->plan), nn_plan_kernels(first->plan));
    ck_assert_str_eq(nn_plan_kernels(second->val_plan), nn_plan_kernels(first->val_plan));
    nn_checkpoint_free(&c);
    trainer_free(automatic), trainer_free(first), trainer_free(second);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, resumed_equals_uninterrupted, 0, 2);
    tcase_add_test(tc, a_signal_saves_and_ends);
    tcase_add_loop_test(tc, nonfinite_stops_and_is_never_saved, 0, 3);
    tcase_add_test(tc, snapshot_refuses_nonfinite_moments);
    tcase_add_test(tc, best_holds_the_average);
    tcase_add_test(tc, last_is_judged_by_the_average);
    tcase_add_test(tc, scores_of_the_validation_are_kept);
    tcase_add_test(tc, a_resumed_run_keeps_its_kernels);
}

int main(int argc, char **argv)
{
    (void)argc;
    return run_tests(argv, "saved run", add_tests);
}
