/* train_rig.h -- what the tests of training share: a configuration, its images, trainers of them, a folder. What runs
 * leave in folders is the business of run_rig.h.
 *
 * run_tests gives every test a tiny network on a few portraits; a program that wants others has a fixture of its own,
 * of `configure` and `open_data`, and takes `tear_down` as it is. */
#ifndef TRAIN_RIG_H
#define TRAIN_RIG_H
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/base/calm_start.h"
#include "tests/check_main.h"
#include "tests/temp_folder.h"
#include "train/trainer.h"

static NnErr err;
static TrainConfig config;
static DataSet *set;
static int *train_items, *val_items, n_train, n_val;
static const volatile sig_atomic_t no_signal = 0, a_signal = SIGINT;

#define OK(expr) ck_assert_msg((expr) == NN_OK, "%s", err.msg)

/* ---- configuration and images ------------------------------------------------------------------------------------ */

static inline void assign(const char *assignment)
{
    NnBinding b[TRAIN_SECTIONS];
    train_config_bind(&config, b);
    OK(nn_settings_set(b, TRAIN_SECTIONS, assignment, &err));
}

/* The defaults, but for these n. */
static inline void configure(const char *const *assignments, size_t n)
{
    NnBinding b[TRAIN_SECTIONS];
    err = (NnErr){ 0 };
    train_config_bind(&config, b);
    nn_settings_defaults(b, TRAIN_SECTIONS);
    for (size_t i = 0; i < n; i++) assign(assignments[i]);
    OK(nn_blas_init(&err));
}

static inline void close_data(void)
{
    free(train_items);
    free(val_items);
    data_set_free(set);
    train_items = val_items = NULL;
    set = NULL;
}

/* What the configuration says, in place of what was open. */
static inline void open_data(void)
{
    close_data();
    OK(data_set_open(&config.data, 1, &set, &err));
    if (config.active.picker != TRAIN_PICK_OFF) OK(data_set_hide_masks(set, &err));
    OK(data_set_select(set, DATA_TRAIN, &train_items, &n_train, &err));
    OK(data_set_select(set, DATA_VAL, &val_items, &n_val, &err));
}

/* ---- trainers ---------------------------------------------------------------------------------------------------- */

static inline Trainer *make_trainer_with(const char *kernels)
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
    OK(trainer_new(&spec, &t, &err));
    return t;
}

static inline Trainer *make_trainer(void)
{
    return make_trainer_with(NULL);
}

static inline Trainer *make_started_trainer(void)
{
    Trainer *t = make_trainer();
    OK(trainer_start(t, &err));
    return t;
}

/* n steps, of which the last is told. */
static inline void steps(Trainer *t, int n, TrainStep *last)
{
    if (!t->loader) OK(trainer_start(t, &err));
    for (int i = 0; i < n; i++) OK(train_step(t, last, &err));
}

/* ---- programs ---------------------------------------------------------------------------------------------------- */

static inline void tear_down(void)
{
    close_data();
    temp_folder_remove();
}

static inline void set_up_portraits(void)
{
    static const char *const tiny[] = {
        "data.size=16",           "data.identities=40",     "data.forge=swap,inpaint", "train.batch=4",
        "train.steps=8",          "optim.accumulate=2",     "optim.ema=0.9",           "optim.warmup=2",
        "augment.shift=2",        "train.validate_every=4", "optim.clip_norm=1",       "train.log_every=2",
        "optim.schedule=plateau", "data.val_fraction=0.3",  "train.threads=2",
    };
    temp_folder_make();
    configure(tiny, sizeof tiny / sizeof *tiny);
    open_data();
}

/* A program of one suite: the tests that `add` puts into its case, between set_up and tear_down. */
static inline int run_tests_between(void (*set_up)(void), char **argv, const char *name, void (*add)(TCase *tc))
{
    nn_calm_start(argv);
    Suite *suite = suite_create(name);
    TCase *tc = tcase_create(name);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    add(tc);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}

static inline int run_tests(char **argv, const char *name, void (*add)(TCase *tc))
{
    return run_tests_between(set_up_portraits, argv, name, add);
}

#endif
