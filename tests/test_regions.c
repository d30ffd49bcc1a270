/* test_regions.c -- runs that measure their primary regions themselves: the same bits at any thread count and after a
 * resume, removal from when it is due, files that are used or refused. */
#include <stdlib.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/base/calm_start.h"
#include "nn/base/file.h"
#include "tests/check_main.h"
#include "tests/temp_folder.h"
#include "train/regions.h"
#include "train/session.h"
#include "train/snapshot.h"

static NnErr err;

/* ---- runs -------------------------------------------------------------------------------------------------------- */

enum { STEPS = 8, DUE = 4 };

static TrainConfig config;
static DataSet *set;
static int *train_items, *val_items, n_train, n_val;
static const volatile sig_atomic_t no_signal = 0, a_signal = SIGINT;

static const char *const tiny[] = {
    "data.size=32",
    "data.identities=24",
    "data.forge=swap",
    "data.val_fraction=0.3",
    "train.batch=4",
    "train.steps=8",
    "train.validate_every=8",
    "train.threads=2",
    "optim.ema=0.9",
    "regions.remove=primary",
    "regions.probability=1",
    "gradcam.begin=0.5",
    "gradcam.layer=encoder.3",
    "optim.schedule=constant",
};

static void set_up(void)
{
    NnBinding b[TRAIN_SECTIONS];
    temp_folder_make();
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
    temp_folder_remove();
}

static Trainer *make_trainer(void)
{
    const TrainerSpec spec = { .config = &config,
                               .set = set,
                               .train = train_items,
                               .val = val_items,
                               .n_train = n_train,
                               .n_val = n_val,
                               .augment = 1 };
    Trainer *t = NULL;
    trainer_new(&spec, &t, &err);
    ck_assert_msg(err.status == NN_OK, "%s", err.msg);
    return t;
}

static char *make_folder(const char *name, char path[256])
{
    snprintf(path, 256, "%s", in_folder(name));
    ck_assert_int_eq(nn_folder_make(path, &err), NN_OK);
    return path;
}

/* What a run in a folder comes to. */
typedef struct {
    unsigned char *metrics, *maps;
    size_t metrics_len, maps_len;
    float *weights;
} Outcome;

static void outcome_free(Outcome *o)
{
    free(o->metrics);
    free(o->maps);
    free(o->weights);
}

static void run_session(Trainer *t, const char *folder)
{
    TrainSession s = { 0 };
    ck_assert_int_eq(train_session_open(&s, t, folder, &no_signal, &err), NN_OK);
    train_session_run(&s, &err);
    ck_assert_msg(err.status == NN_OK, "%s", err.msg);
    train_session_close(&s);
}

/* A first process that ends after `at` steps: by its length, so another share of it is the same step. */
static void run_first_part(const char *folder, int at)
{
    char path[TRAIN_PATH_MAX];
    const float begin = config.gradcam.begin;
    const int remove = config.regions.remove;
    config.train.steps = at;
    config.train.validate_every = 1000;
    if (at > DUE) config.gradcam.begin = (float)DUE / (float)at;
    else config.regions.remove = DATA_REMOVE_NONE;
    Trainer *t = make_trainer();
    t->validate_every = STEPS;
    t->validated = at; /* no validation at its end: the unbroken run has none there */
    run_session(t, folder);
    t->validated = 0;
    ck_assert_int_eq(train_snapshot_save(t, train_folder_file(folder, "last.safetensors", path), 0, &err), NN_OK);
    trainer_free(t);
    config.train.steps = STEPS, config.train.validate_every = STEPS;
    config.gradcam.begin = begin, config.regions.remove = remove;
}

static Outcome run(const char *name, int interrupt_at)
{
    char folder[256], path[TRAIN_PATH_MAX];
    Outcome o;
    NnCheckpoint c = { 0 };
    make_folder(name, folder);
    if (interrupt_at) run_first_part(folder, interrupt_at);
    Trainer *t = make_trainer();
    if (interrupt_at) {
        train_folder_file(folder, "last.safetensors", path);
        ck_assert_int_eq(nn_checkpoint_load(path, &c, &err), NN_OK);
        ck_assert_msg(train_snapshot_restore(t, &c, path, &err) == NN_OK, "%s", err.msg);
        nn_checkpoint_free(&c);
        ck_assert_int_eq((int)t->step, interrupt_at);
    }
    run_session(t, folder);
    train_folder_file(folder, "metrics.csv", path);
    ck_assert_int_eq(nn_file_read(path, 1 << 20, &o.metrics, &o.metrics_len, &err), NN_OK);
    train_folder_file(folder, "regions.maps", path);
    ck_assert_int_eq(nn_file_read(path, 1 << 20, &o.maps, &o.maps_len, &err), NN_OK);
    o.weights = malloc(nn_params_len(t->params) * sizeof *o.weights);
    memcpy(o.weights, nn_params_values(t->params), nn_params_len(t->params) * sizeof *o.weights);
    trainer_free(t);
    return o;
}

static size_t n_weights(void)
{
    Trainer *t = make_trainer();
    const size_t n = nn_params_len(t->params);
    trainer_free(t);
    return n;
}

static void assert_same(const Outcome *a, const Outcome *b)
{
    ck_assert_uint_eq(a->metrics_len, b->metrics_len);
    ck_assert_str_eq((const char *)a->metrics, (const char *)b->metrics);
    ck_assert_uint_eq(a->maps_len, b->maps_len);
    ck_assert_mem_eq(a->maps, b->maps, a->maps_len);
    ck_assert_mem_eq(a->weights, b->weights, n_weights() * sizeof *a->weights);
}

/* Before the measurement, right at it, and past it. */
START_TEST(resumed_equals_uninterrupted)
{
    char name[16];
    Outcome whole = run("whole", 0);
    for (int at = DUE - 1; at <= DUE + 2; at++) {
        snprintf(name, sizeof name, "from %d", at);
        Outcome again = run(name, at);
        assert_same(&whole, &again);
        outcome_free(&again);
    }
    outcome_free(&whole);
}
END_TEST

START_TEST(same_bits_at_any_thread_count)
{
    Outcome two = run("two", 0);
    config.train.threads = 1, config.data.threads = 1;
    Outcome one = run("one", 0);
    config.train.threads = 3, config.data.threads = 5;
    Outcome three = run("three", 0);
    assert_same(&two, &one);
    assert_same(&two, &three);
    outcome_free(&one), outcome_free(&two), outcome_free(&three);
}
END_TEST

/* Up to the measurement the run is that without removal; afterwards it is another. So it is with the control. */
START_TEST(removal_begins_when_it_should)
{
    Outcome primary = run("primary", 0);
    config.regions.remove = DATA_REMOVE_RANDOM;
    Outcome random = run("random", 0);
    config.regions.probability = 0;
    Outcome none = run("none", 0);
    const Outcome *with[] = { &primary, &random };
    for (int k = 0; k < 2; k++) {
        const char *a = (const char *)with[k]->metrics, *b = (const char *)none.metrics;
        size_t same = 0;
        int lines = 0;
        while (a[same] && a[same] == b[same]) lines += a[same++] == '\n';
        ck_assert_int_eq(lines, 1 + DUE); /* the header, and steps 1 to DUE */
    }
    ck_assert(strcmp((char *)primary.metrics, (char *)random.metrics) != 0);
    ck_assert_mem_eq(primary.maps, none.maps, none.maps_len);
    outcome_free(&primary), outcome_free(&random), outcome_free(&none);
}
END_TEST

/* A run with the maps of another, from its first step on. */
START_TEST(maps_of_a_file_are_used_from_the_start)
{
    char folder[256];
    TrainSession s = { 0 };
    Outcome first = run("first", 0);
    snprintf(config.regions.maps, sizeof config.regions.maps, "%s", in_folder("first/regions.maps"));
    Trainer *t = make_trainer();
    run_session(t, make_folder("second", folder));
    ck_assert_ptr_nonnull(t->maps);
    ck_assert(!nn_file_exists(in_folder("second/regions.maps")));
    trainer_free(t);

    t = make_trainer(); /* other people: the images of another seed */
    data_set_free(set);
    ck_assert_int_eq(data_set_open(&config.data, 2, &set, &err), NN_OK);
    t->set = set;
    ck_assert_int_eq(train_session_open(&s, t, make_folder("third", folder), &no_signal, &err), NN_OK);
    ck_assert_int_eq(train_session_run(&s, &err), NN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, "stale"));
    ck_assert_ptr_nonnull(strstr(err.msg, "first/regions.maps"));
    train_session_close(&s);
    trainer_free(t);
    outcome_free(&first);
}
END_TEST

static unsigned char *measure(Trainer *t, const char *name, size_t *len)
{
    TrainLog none = { 0 };
    unsigned char *bytes;
    ck_assert_msg(train_regions_measure(t, in_folder(name), &none, &no_signal, &err) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(nn_file_read(in_folder(name), 1 << 20, &bytes, len, &err), NN_OK);
    return bytes;
}

/* The network as its checkpoint is the network as it is: its average, with EMA. Two of it change nothing either. */
START_TEST(a_checkpoint_looks_where_its_network_did)
{
    size_t len[3];
    unsigned char *maps_of[3];
    TrainStep seen;
    char folder[256];
    Trainer *t = make_trainer();
    ck_assert_int_eq(trainer_start(t, &err), NN_OK);
    for (int i = 0; i < 3; i++) ck_assert_int_eq(train_step(t, &seen, &err), NN_OK);
    trainer_stop(t);
    make_folder("a run", folder);
    ck_assert_int_eq(train_snapshot_save(t, in_folder("a run/last.safetensors"), 0, &err), NN_OK);
    for (int k = 0; k < 3; k++) {
        char *detectors = t->config.gradcam.detectors;
        if (k == 1) snprintf(detectors, NN_TEXT_MAX, " %s ,", folder);
        if (k == 2) snprintf(detectors, NN_TEXT_MAX, "%.200s,%.200s/last.safetensors", folder, folder);
        maps_of[k] = measure(t, "maps", &len[k]);
    }
    for (int k = 1; k < 3; k++) {
        ck_assert_uint_eq(len[k], len[0]);
        ck_assert_mem_eq(maps_of[k], maps_of[0], len[0]);
    }
    ck_assert(nn_file_exists(in_folder("maps.png")));
    for (int k = 0; k < 3; k++) free(maps_of[k]);
    trainer_free(t);
}
END_TEST

static void assert_not_measured(Trainer *t, const volatile sig_atomic_t *stop, NnStatus status, const char *text)
{
    TrainLog none = { 0 };
    err = (NnErr){ 0 };
    ck_assert_int_eq(train_regions_measure(t, in_folder("maps"), &none, stop, &err), status);
    ck_assert_msg(strstr(err.msg, text) != NULL, "\"%s\" lacks \"%s\"", err.msg, text);
    ck_assert(!nn_file_exists(in_folder("maps")) && !nn_file_exists(in_folder("maps.png")));
}

START_TEST(failures_leave_no_file)
{
    char folder[256];
    Trainer *t = make_trainer();
    make_folder("a run", folder);
    assert_not_measured(t, &a_signal, NN_ERR_INTERRUPTED, "of 34 images");
    ck_assert_int_eq(train_snapshot_save(t, in_folder("a run/best.safetensors"), 0, &err), NN_OK);
    snprintf(t->config.gradcam.detectors, NN_TEXT_MAX, "%s", folder);
    t->config.data.size = 48;
    assert_not_measured(t, &no_signal, NN_ERR_CONFIG, "32 x 32");
    t->config.data.size = 32;
    snprintf(t->config.gradcam.detectors, NN_TEXT_MAX, "%.250s,%.200s/nowhere", folder, folder);
    assert_not_measured(t, &no_signal, NN_ERR_IO, "nowhere");
    t->config.gradcam.detectors[0] = '\0';
    nn_params_values(t->params)[0] = NAN; /* the average is as it was; the other weights are exchanged for it */
    t->ema.value[0] = NAN;
    assert_not_measured(t, &no_signal, NN_ERR_NUMERIC, "not finite");
    ck_assert_ptr_nonnull(strstr(err.msg, "portraits/"));
    trainer_free(t);
}
END_TEST

START_TEST(settings_that_make_no_sense_are_refused)
{
    ck_assert_int_eq(train_config_check(&config, &err), NN_OK);
    config.gradcam.begin = 0;
    ck_assert_int_eq(train_config_check(&config, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "begin"));
    err = (NnErr){ 0 };
    strcpy(config.gradcam.detectors, "runs/a");
    ck_assert_int_eq(train_config_check(&config, &err), NN_OK);
    config.regions.alpha_min = 0.9f, config.regions.alpha_max = 0.8f;
    ck_assert_int_eq(train_config_check(&config, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "alpha_min"));
}
END_TEST

/* ---- */

int main(int argc, char **argv)
{
    (void)argc;
    nn_calm_start(argv);
    Suite *s = suite_create("regions");
    TCase *runs = tcase_create("runs");
    tcase_add_checked_fixture(runs, set_up, tear_down);
    tcase_set_timeout(runs, 120);
    tcase_add_test(runs, resumed_equals_uninterrupted);
    tcase_add_test(runs, same_bits_at_any_thread_count);
    tcase_add_test(runs, removal_begins_when_it_should);
    tcase_add_test(runs, maps_of_a_file_are_used_from_the_start);
    tcase_add_test(runs, a_checkpoint_looks_where_its_network_did);
    tcase_add_test(runs, failures_leave_no_file);
    tcase_add_test(runs, settings_that_make_no_sense_are_refused);
    suite_add_tcase(s, runs);
    return check_run(s);
}
