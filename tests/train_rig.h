/* train_rig.h -- what the tests of runs share: a tiny network on a few portraits, trainers of it, folders. */
#ifndef TRAIN_RIG_H
#define TRAIN_RIG_H
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nn/base/blas.h"
#include "nn/base/calm_start.h"
#include "tests/check_main.h"
#include "train/trainer.h"

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

static inline void set_up(void)
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

static inline void tear_down(void)
{
    free(train_items);
    free(val_items);
    data_set_free(set);
}

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
    trainer_new(&spec, &t, &err);
    ck_assert_msg(err.status == NN_OK, "%s", err.msg);
    return t;
}

static inline Trainer *make_trainer(void)
{
    return make_trainer_with(NULL);
}

static inline Trainer *make_started_trainer(void)
{
    Trainer *t = make_trainer();
    ck_assert_int_eq(trainer_start(t, &err), NN_OK);
    return t;
}

static inline void steps(Trainer *t, int n, TrainStep *last)
{
    for (int i = 0; i < n; i++) {
        train_step(t, last, &err);
        ck_assert_msg(err.status == NN_OK, "%s", err.msg);
    }
}

/* A new folder; its name in buf. */
static inline const char *temporary_folder(char buf[64])
{
    snprintf(buf, 64, "/tmp/locus_test.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(buf));
    return buf;
}

static inline void remove_folder(const char *folder)
{
    char command[96];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): the name is our own */
}

/* A program of one suite: the tests that `add` puts into its case. */
static inline int run_tests(char **argv, const char *name, void (*add)(TCase *tc))
{
    nn_calm_start(argv);
    Suite *suite = suite_create(name);
    TCase *tc = tcase_create(name);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    add(tc);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}

#endif
