/* test_saved_run.c -- what a run saves, and taking it up again: the same bits after a resume, scores and averages in the
 * checkpoint, nothing saved once numbers are not finite. */
#include <math.h>

#include "eval/trained_run.h"
#include "nn/base/file.h"
#include "tests/train_rig.h"
#include "train/session.h"
#include "train/snapshot.h"

static const volatile sig_atomic_t no_signal = 0, a_signal = SIGINT;

/* Train to the end in a folder; with interrupt_at > 0 a first process stops there, having logged one step more than it
 * saved (as after kill -9), and a second one resumes. The bytes of metrics.csv are returned. */
static char *run_in_folder(const char *folder, int interrupt_at, float *weights, double *best)
{
    char path[TRAIN_PATH_MAX], *text;
    size_t len;
    TrainSession s = { 0 };
    TrainStep seen;
    NnCheckpoint c = { 0 };
    unsigned char *bytes;
    Trainer *t = make_trainer();
    if (interrupt_at) {
        Trainer *killed = make_trainer();
        ck_assert_int_eq(train_session_open(&s, killed, folder, &no_signal, &err), NN_OK);
        killed->total = interrupt_at;
        killed->config.train.steps = interrupt_at;
        ck_assert_int_eq(trainer_start(killed, &err), NN_OK);
        while (killed->step < interrupt_at) {
            TrainValidation v;
            int better;
            steps(killed, 1, &seen);
            train_log_step(&s.log, killed, &seen);
            if (killed->step % 4 || killed->step == interrupt_at) continue;
            ck_assert_int_eq(trainer_validate(killed, &no_signal, &v, &better, &err), NN_OK);
            train_log_validation(&s.log, killed, &v);
        }
        killed->config.train.steps = 8;
        killed->total = 8;
        train_folder_file(folder, "last.safetensors", path);
        ck_assert_int_eq(train_snapshot_save(killed, path, 0, &err), NN_OK);
        steps(killed, 1, &seen);
        train_log_step(&s.log, killed, &seen);
        train_session_close(&s);
        trainer_free(killed);
        ck_assert_int_eq(nn_checkpoint_load(path, &c, &err), NN_OK);
        train_snapshot_restore(t, &c, path, &err);
        ck_assert_msg(err.status == NN_OK, "%s", err.msg);
        nn_checkpoint_free(&c);
    }
    ck_assert_int_eq(train_session_open(&s, t, folder, &no_signal, &err), NN_OK);
    train_session_run(&s, &err);
    ck_assert_msg(err.status == NN_OK, "%s", err.msg);
    train_session_close(&s);
    memcpy(weights, nn_params_values(t->params), nn_params_len(t->params) * sizeof(float));
    *best = t->best;
    ck_assert_int_eq(nn_file_read(train_folder_file(folder, "metrics.csv", path), 1 << 20, &bytes, &len, &err), NN_OK);
    text = (char *)bytes;
    trainer_free(t);
    return text;
}

START_TEST(resumed_equals_uninterrupted)
{
    char folder[64];
    double best, again;
    config.blur.kind = _i ? TRAIN_BLUR_GENERATOR : TRAIN_BLUR_NONE, config.blur.width = 2;
    Trainer *t = make_trainer();
    const size_t n = nn_params_len(t->params);
    float *whole = malloc(n * sizeof *whole), *resumed = malloc(n * sizeof *resumed);
    char *log = run_in_folder(temporary_folder(folder), 0, whole, &best);
    trainer_free(t);
    remove_folder(folder);
    ck_assert_ptr_nonnull(strstr(log, "8,"));
    for (int at = 3; at <= 5; at++) { /* 4: a validation is due that was not made */
        char *other = run_in_folder(temporary_folder(folder), at, resumed, &again);
        ck_assert_str_eq(log, other);
        ck_assert_int_eq(memcmp(whole, resumed, n * sizeof *whole), 0);
        ck_assert(best == again);
        free(other);
        remove_folder(folder);
    }
    free(log);
    free(whole);
    free(resumed);
}
END_TEST

START_TEST(a_signal_saves_and_ends)
{
    char folder[64], path[TRAIN_PATH_MAX];
    TrainSession s;
    Trainer *t = make_trainer();
    temporary_folder(folder);
    ck_assert_int_eq(train_session_open(&s, t, folder, &a_signal, &err), NN_OK);
    ck_assert_int_eq(train_session_run(&s, &err), NN_ERR_INTERRUPTED);
    train_session_close(&s);
    ck_assert(nn_file_exists(train_folder_file(folder, "last.safetensors", path)));
    trainer_free(t);
    remove_folder(folder);
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
    char folder[64], path[TRAIN_PATH_MAX];
    TrainSession s;
    config.optim.optimizer = TRAIN_SGD;
    config.optim.clip_norm = 0;
    Trainer *t = make_trainer();
    spoil[_i](t);
    temporary_folder(folder);
    ck_assert_int_eq(train_session_open(&s, t, folder, &no_signal, &err), NN_OK);
    ck_assert_int_eq(train_session_run(&s, &err), NN_ERR_NUMERIC);
    train_session_close(&s);
    ck_assert_msg(!strncmp(err.msg, "step ", 5), "%s", err.msg);
    if (_i == 0) ck_assert_msg(strstr(err.msg, "node ") && strstr(err.msg, "portraits/"), "%s", err.msg);
    ck_assert(!nn_file_exists(train_folder_file(folder, "last.safetensors", path)));
    ck_assert(!nn_file_exists(train_folder_file(folder, "best.safetensors", path)));
    trainer_free(t);
    remove_folder(folder);
}
END_TEST

START_TEST(snapshot_refuses_nonfinite_moments)
{
    char folder[64], path[TRAIN_PATH_MAX];
    Trainer *t = make_trainer();
    temporary_folder(folder);
    train_folder_file(folder, "last.safetensors", path);
    t->optimizer.slot[1][5] = INFINITY;
    ck_assert_int_eq(train_snapshot_save(t, path, 0, &err), NN_ERR_NUMERIC);
    ck_assert(!nn_file_exists(path));
    trainer_free(t);
    remove_folder(folder);
}
END_TEST

START_TEST(best_holds_the_average)
{
    char folder[64], path[TRAIN_PATH_MAX];
    TrainStep seen;
    NnCheckpoint c = { 0 };
    Trainer *t = make_started_trainer();
    temporary_folder(folder);
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
    remove_folder(folder);
}
END_TEST

/* The threshold was chosen for the average, at the last validation. */
START_TEST(last_is_judged_by_the_average)
{
    char folder[64], path[TRAIN_PATH_MAX];
    TrainStep seen;
    TrainValidation v;
    EvalRun *run = NULL;
    int better;
    Trainer *t = make_started_trainer();
    temporary_folder(folder);
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
    remove_folder(folder);
}
END_TEST

/* What the threshold was chosen on goes into the checkpoint, through a resume, and to whoever judges with it. */
START_TEST(scores_of_the_validation_are_kept)
{
    char folder[64], path[TRAIN_PATH_MAX];
    TrainValidation v, given_up;
    EvalRun *run = NULL;
    NnCheckpoint c = { 0 };
    double chosen;
    int better;
    Trainer *t = make_started_trainer(), *resumed = make_trainer();
    temporary_folder(folder);
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
    remove_folder(folder);
}
END_TEST

/* What `conv` chose in the first process is what the second one uses, whatever it would have chosen itself. */
START_TEST(a_resumed_run_keeps_its_kernels)
{
    char folder[64], path[TRAIN_PATH_MAX];
    NnCheckpoint c = { 0 };
    Trainer *automatic = make_trainer();
    snprintf(config.train.conv, sizeof config.train.conv, "blas");
    Trainer *first = make_trainer();
    snprintf(config.train.conv, sizeof config.train.conv, "auto");
    ck_assert_str_ne(nn_plan_kernels(first->plan), nn_plan_kernels(automatic->plan));
    train_folder_file(temporary_folder(folder), "last.safetensors", path);
    ck_assert_msg(train_snapshot_save(first, path, 0, &err) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(nn_checkpoint_load(path, &c, &err), NN_OK);
    Trainer *second = make_trainer_with(nn_checkpoint_meta(&c, "kernels"));
    ck_assert_str_eq(nn_plan_kernels(second->plan), nn_plan_kernels(first->plan));
    ck_assert_str_eq(nn_plan_kernels(second->val_plan), nn_plan_kernels(first->val_plan));
    nn_checkpoint_free(&c);
    remove_folder(folder);
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
