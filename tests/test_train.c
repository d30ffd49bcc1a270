/* test_train.c -- a run as a whole: the same bits at any thread count and after a resume, no allocation in the step
 * loop, nothing saved once numbers are not finite. Tiny networks on a few portraits. */
#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eval/trained_run.h"
#include "nn/base/blas.h"
#include "nn/base/calm_start.h"
#include "nn/base/file.h"
#include "nn/base/parallel.h"
#include "tests/check_main.h"
#include "train/overfit.h"
#include "train/session.h"
#include "train/snapshot.h"

/* ---- counting allocations ---------------------------------------------------------------------------------------- */

/* Only threads that have switched `counting` on are counted: the caller and the OpenMP workers, not the loader. What
 * OpenMP and BLAS allocate for themselves (records of a parallel region, packing buffers of small products) is not ours
 * either. */
static _Thread_local int counting;
static atomic_int allocations;

/* clang's OpenMP allocates through libc while it runs, which cannot be told apart: counted with gcc alone. */
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define COUNTS_ALLOCATIONS 1
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

enum { MAX_RANGES = 64 };
static struct {
    uintptr_t begin, end;
} foreign[MAX_RANGES]; /* where the code of those libraries lies */
static int n_foreign;

static void find_foreign_code(void)
{
    char line[4096];
    unsigned long long begin, end;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps) && n_foreign < MAX_RANGES) {
        if (!strstr(line, "/libgomp") && !strstr(line, "/libomp") && !strstr(line, "blas")) continue;
        if (sscanf(line, "%llx-%llx", &begin, &end) != 2) continue;
        foreign[n_foreign].begin = (uintptr_t)begin;
        foreign[n_foreign++].end = (uintptr_t)end;
    }
    if (maps) fclose(maps);
}

static void count(const void *caller)
{
    const uintptr_t at = (uintptr_t)caller;
    if (!counting) return;
    for (int i = 0; i < n_foreign; i++)
        if (at >= foreign[i].begin && at < foreign[i].end) return;
    allocations++;
}

void *malloc(size_t size)
{
    count(__builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_realloc(p, size);
}
#else
#define COUNTS_ALLOCATIONS 0
static void find_foreign_code(void)
{
}
#endif

static void count_allocations(int on)
{
#pragma omp parallel num_threads(nn_threads())
    counting = on;
}

/* ---- a small world ----------------------------------------------------------------------------------------------- */

static NnErr err;
static TrainConfig config;
static DataSet *set;
static int *train_items, *val_items, n_train, n_val;

static const char *const tiny[] = {
    "data.size=16",           "data.identities=40",     "data.forge=swap,inpaint", "train.batch=4",
    "train.steps=8",          "optim.accumulate=2",     "optim.ema=0.9",           "optim.warmup=2",
    "augment.shift=2",        "train.validate_every=4", "optim.clip_norm=1",       "train.log_every=2",
    "optim.schedule=plateau", "data.val_fraction=0.3",  "train.threads=2",
};

static void set_up(void)
{
    NnBinding b[TRAIN_SECTIONS];
    err = (NnErr){ 0 };
    train_config_bind(&config, b);
    nn_settings_defaults(b, TRAIN_SECTIONS);
    for (size_t i = 0; i < sizeof tiny / sizeof *tiny; i++) nn_settings_set(b, TRAIN_SECTIONS, tiny[i], &err);
    if (nn_blas_init(&err) == NN_OK && data_set_open(&config.data, 1, &set, &err) == NN_OK &&
        data_set_select(set, DATA_TRAIN, &train_items, &n_train, &err) == NN_OK)
        data_set_select(set, DATA_VAL, &val_items, &n_val, &err);
    ck_assert_msg(err.status == NN_OK, "%s", err.msg);
}

static void tear_down(void)
{
    free(train_items);
    free(val_items);
    data_set_free(set);
}

static Trainer *make_trainer_with(const char *kernels)
{
    const TrainerSpec spec = { .config = &config,
                               .set = set,
                               .train = train_items,
                               .val = val_items,
                               .n_train = n_train,
                               .n_val = n_val,
                               .augment = 1,
                               .kernels = kernels };
    Trainer *t = NULL;
    trainer_new(&spec, &t, &err);
    ck_assert_msg(err.status == NN_OK, "%s", err.msg);
    return t;
}

static Trainer *make_trainer(void)
{
    return make_trainer_with(NULL);
}

static Trainer *make_started_trainer(void)
{
    Trainer *t = make_trainer();
    ck_assert_int_eq(trainer_start(t, &err), NN_OK);
    return t;
}

static void steps(Trainer *t, int n, TrainStep *last)
{
    for (int i = 0; i < n; i++) {
        train_step(t, last, &err);
        ck_assert_msg(err.status == NN_OK, "%s", err.msg);
    }
}

/* A new folder; its name in buf. */
static const char *temporary_folder(char buf[64])
{
    snprintf(buf, 64, "/tmp/test_train.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(buf));
    return buf;
}

static void remove_folder(const char *folder)
{
    char command[96];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): the name is our own */
}

static const volatile sig_atomic_t no_signal = 0, a_signal = SIGINT;

/* ---- tests ------------------------------------------------------------------------------------------------------- */

START_TEST(same_bits_at_any_thread_count)
{
    TrainStep one, many;
    config.train.threads = 1;
    Trainer *a = make_started_trainer();
    steps(a, 3, &one);
    for (int threads = 2; threads <= 4; threads += 2) {
        config.train.threads = threads;
        config.data.threads = threads;
        Trainer *b = make_started_trainer();
        ck_assert_int_eq(nn_threads(), threads);
        steps(b, 3, &many);
        ck_assert_int_eq(memcmp(&one, &many, sizeof one), 0);
        ck_assert_int_eq(
            memcmp(nn_params_values(a->params), nn_params_values(b->params), nn_params_len(a->params) * sizeof(float)),
            0);
        trainer_free(b);
    }
    trainer_free(a);
}
END_TEST

START_TEST(steps_change_the_weights)
{
    TrainStep first, second;
    Trainer *t = make_started_trainer();
    steps(t, 1, &first);
    steps(t, 1, &second);
    ck_assert_int_eq((int)t->step, 2);
    ck_assert(first.grad_norm > 0 && first.loss != second.loss);
    ck_assert_double_eq_tol(first.lr, 0.5 * second.lr, 1e-12); /* warm-up */
    ck_assert_double_gt(t->mask_count, 0.0);
    trainer_free(t);
}
END_TEST

START_TEST(total_is_the_weighted_sum)
{
    TrainStep s;
    double sum = 0.0;
    Trainer *t = make_started_trainer();
    steps(t, 1, &s);
    ck_assert_int_eq(t->objective.n, 4);
    for (int i = 0; i < 4; i++) sum += (double)t->objective.terms[i].weight * s.term[i];
    ck_assert_double_eq_tol(sum, s.loss, 1e-5);
    trainer_free(t);
}
END_TEST

START_TEST(weight_zero_leaves_a_term_out)
{
    config.loss.rec = config.loss.mask = config.loss.latent = 0.0f;
    Trainer *t = make_trainer();
    ck_assert_int_eq(t->objective.n, 1);
    ck_assert_str_eq(t->objective.terms[0].name, "cls");
    ck_assert_ptr_null(nn_plan_data(t->plan, t->inputs.mask)); /* nobody reads the masks */
    trainer_free(t);
}
END_TEST

START_TEST(step_allocates_nothing)
{
    TrainStep s;
    config.blur.kind = _i, config.blur.width = 2;
    Trainer *t = make_started_trainer();
    steps(t, 3, &s);
    find_foreign_code();
    allocations = 0;
    count_allocations(1);
    void *probe = malloc(1);
    for (int i = 0; i < 5; i++) train_step(t, &s, &err); /* no ck_assert in between: it allocates */
    free(probe);
    count_allocations(0);
    ck_assert_int_eq((int)t->step, 8);
    /* The probe shows that the counter works: its own call, and nothing else. */
    if (COUNTS_ALLOCATIONS) ck_assert_int_eq(allocations, 1);
    else printf("step_allocates_nothing: not counted in this build\n");
    trainer_free(t);
}
END_TEST

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

/* Batches of 4 and of 7 hold other numbers of masks, and the last one empty places. */
START_TEST(validation_does_not_depend_on_the_batch)
{
    TrainValidation v[2];
    int better;
    config.loss.mask_on_real = 0;
    for (int k = 0; k < 2; k++) {
        config.train.batch = k ? 7 : 4;
        Trainer *t = make_trainer();
        ck_assert_int_eq(trainer_validate(t, &no_signal, &v[k], &better, &err), NN_OK);
        ck_assert_int_eq(t->objective.n, 4);
        trainer_free(t);
    }
    for (int i = 0; i < 4; i++) ck_assert_double_eq_tol(v[0].term[i], v[1].term[i], 1e-5);
    ck_assert_double_eq_tol(v[0].loss, v[1].loss, 1e-5);
    ck_assert(v[0].auc == v[1].auc);
}
END_TEST

START_TEST(a_batch_can_be_learnt_by_heart)
{
    int chosen[8], n_seen[2] = { 0, 0 };
    TrainStep first, last;
    ck_assert_int_eq(train_overfit_choose(set, train_items, n_train, 8, chosen, &err), NN_OK);
    for (int i = 0; i < 8; i++) n_seen[set->items[chosen[i]].label]++;
    ck_assert(n_seen[0] == 4 && n_seen[1] == 4);
    config.optim.accumulate = 1, config.optim.ema = 0, config.train.batch = 8, config.train.steps = 120;
    config.optim.lr = 0.01f, config.optim.schedule = TRAIN_COSINE, config.optim.clip_norm = 0;
    const TrainerSpec spec = { .config = &config, .set = set, .train = chosen, .n_train = 8 };
    Trainer *t = NULL;
    ck_assert_int_eq(trainer_new(&spec, &t, &err), NN_OK);
    ck_assert_int_eq(trainer_start(t, &err), NN_OK);
    steps(t, 1, &first);
    steps(t, 119, &last);
    ck_assert_msg(last.loss < 0.3 * first.loss, "loss from %g to %g", first.loss, last.loss);
    trainer_free(t);
}
END_TEST

START_TEST(resume_may_change_the_length_alone)
{
    TrainConfig given = config;
    given.train.steps = 99, given.train.threads = 1, given.data.threads = 7, given.train.memory = NN_MEMORY_LOW;
    ck_assert_int_eq(train_config_merge(&config, &given, &err), NN_OK);
    ck_assert(config.train.steps == 99 && config.train.threads == 1 && config.data.threads == 7);
    ck_assert_int_eq(config.train.memory, NN_MEMORY_LOW);
    given.optim.lr = 0.25f;
    ck_assert_int_eq(train_config_merge(&config, &given, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "optim.lr = 0.25"));
    err = (NnErr){ 0 };
    given.optim.lr = config.optim.lr;
    given.optim.schedule = TRAIN_POLY;
    ck_assert_int_eq(train_config_merge(&config, &given, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "optim.schedule = poly"));
    ck_assert_ptr_nonnull(strstr(err.msg, "plateau"));
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

START_TEST(a_score_that_nothing_trains_is_refused)
{
    ck_assert_int_eq(train_config_check(&config, &err), NN_OK);
    config.model.score = NN_SCORE_LATENT;
    config.loss.latent = 0;
    ck_assert_int_eq(train_config_check(&config, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "latent"));
}
END_TEST

/* At the start, that is, and not by the loader in the first step. */
START_TEST(an_empty_range_of_jpeg_quality_is_refused)
{
    config.augment.jpeg_min = config.augment.jpeg_max + 1;
    ck_assert_int_eq(train_config_check(&config, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "jpeg_min"));
}
END_TEST

int main(int argc, char **argv)
{
    (void)argc;
    nn_calm_start(argv);
    Suite *suite = suite_create("train");
    TCase *tc = tcase_create("train");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, same_bits_at_any_thread_count);
    tcase_add_test(tc, steps_change_the_weights);
    tcase_add_test(tc, total_is_the_weighted_sum);
    tcase_add_test(tc, weight_zero_leaves_a_term_out);
    tcase_add_loop_test(tc, step_allocates_nothing, TRAIN_BLUR_NONE, TRAIN_BLUR_PERTURB + 1);
    tcase_add_loop_test(tc, resumed_equals_uninterrupted, 0, 2);
    tcase_add_test(tc, a_signal_saves_and_ends);
    tcase_add_loop_test(tc, nonfinite_stops_and_is_never_saved, 0, 3);
    tcase_add_test(tc, snapshot_refuses_nonfinite_moments);
    tcase_add_test(tc, best_holds_the_average);
    tcase_add_test(tc, last_is_judged_by_the_average);
    tcase_add_test(tc, scores_of_the_validation_are_kept);
    tcase_add_test(tc, validation_does_not_depend_on_the_batch);
    tcase_add_test(tc, a_batch_can_be_learnt_by_heart);
    tcase_add_test(tc, resume_may_change_the_length_alone);
    tcase_add_test(tc, a_resumed_run_keeps_its_kernels);
    tcase_add_test(tc, a_score_that_nothing_trains_is_refused);
    tcase_add_test(tc, an_empty_range_of_jpeg_quality_is_refused);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
