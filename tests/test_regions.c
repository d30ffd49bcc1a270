/* test_regions.c -- runs that measure their primary regions themselves: the same bits at any thread count and after a
 * resume, removal from when it is due, files that are used or refused. */
#include "tests/run_rig.h"
#include "train/regions.h"

/* ---- runs -------------------------------------------------------------------------------------------------------- */

enum { STEPS = 8, DUE = 4 };

static void set_up(void)
{
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
    temp_folder_make();
    configure(tiny, sizeof tiny / sizeof *tiny);
    open_data();
}

/* What a run comes to, and its maps. */
typedef struct {
    Outcome run;
    unsigned char *maps;
    size_t maps_len;
} Measured;

static void free_measured(Measured *m)
{
    free_outcome(&m->run);
    free(m->maps);
}

/* A first process that ends after `at` steps: by its length, so another share of it is the same step. */
static void run_first_part(const char *folder, int at)
{
    const float begin = config.gradcam.begin;
    const int remove = config.regions.remove;
    config.train.steps = at;
    config.train.validate_every = 1000;
    if (at > DUE) config.gradcam.begin = (float)DUE / (float)at;
    else config.regions.remove = DATA_REMOVE_NONE;
    Trainer *t = make_trainer();
    t->validate_every = STEPS;
    t->validated = at; /* no validation at its end: the unbroken run has none there */
    OK(go_on(t, folder));
    t->validated = 0;
    save_last(t, folder);
    trainer_free(t);
    config.train.steps = STEPS, config.train.validate_every = STEPS;
    config.gradcam.begin = begin, config.regions.remove = remove;
}

static Measured run(const char *name, int interrupt_at)
{
    char folder[256], path[TRAIN_PATH_MAX];
    Measured m;
    run_folder(name, folder);
    if (interrupt_at) run_first_part(folder, interrupt_at);
    Trainer *t = interrupt_at ? resumed_trainer(folder) : make_trainer();
    ck_assert_int_eq((int)t->step, interrupt_at);
    m.run = finish(t, folder);
    OK(nn_file_read(train_folder_file(folder, "regions.maps", path), 1 << 20, &m.maps, &m.maps_len, &err));
    return m;
}

static void assert_measured_alike(const Measured *a, const Measured *b)
{
    assert_same(&a->run, &b->run);
    ck_assert_uint_eq(a->maps_len, b->maps_len);
    ck_assert_mem_eq(a->maps, b->maps, a->maps_len);
}

/* Before the measurement, right at it, and past it. */
START_TEST(resumed_equals_uninterrupted)
{
    char name[32];
    Measured whole = run("whole", 0);
    for (int at = DUE - 1; at <= DUE + 2; at++) {
        snprintf(name, sizeof name, "from %d", at);
        Measured again = run(name, at);
        assert_measured_alike(&whole, &again);
        free_measured(&again);
    }
    free_measured(&whole);
}
END_TEST

START_TEST(same_bits_at_any_thread_count)
{
    Measured two = run("two", 0);
    config.train.threads = 1, config.data.threads = 1;
    Measured one = run("one", 0);
    config.train.threads = 3, config.data.threads = 5;
    Measured three = run("three", 0);
    assert_measured_alike(&two, &one);
    assert_measured_alike(&two, &three);
    free_measured(&one), free_measured(&two), free_measured(&three);
}
END_TEST

/* Up to the measurement the run is that without removal; afterwards it is another. So it is with the control. */
START_TEST(removal_begins_when_it_should)
{
    Measured primary = run("primary", 0);
    config.regions.remove = DATA_REMOVE_RANDOM;
    Measured random = run("random", 0);
    config.regions.probability = 0;
    Measured none = run("none", 0);
    const Measured *with[] = { &primary, &random };
    for (int k = 0; k < 2; k++) {
        const char *a = (const char *)with[k]->run.metrics, *b = (const char *)none.run.metrics;
        size_t same = 0;
        int lines = 0;
        while (a[same] && a[same] == b[same]) lines += a[same++] == '\n';
        ck_assert_int_eq(lines, 1 + DUE); /* the header, and steps 1 to DUE */
    }
    ck_assert(strcmp((char *)primary.run.metrics, (char *)random.run.metrics) != 0);
    ck_assert_mem_eq(primary.maps, none.maps, none.maps_len);
    free_measured(&primary), free_measured(&random), free_measured(&none);
}
END_TEST

/* A run with the maps of another, from its first step on. */
START_TEST(maps_of_a_file_are_used_from_the_start)
{
    char folder[256];
    TrainSession s = { 0 };
    Measured first = run("first", 0);
    snprintf(config.regions.maps, sizeof config.regions.maps, "%s", in_folder("first/regions.maps"));
    Trainer *t = make_trainer();
    OK(go_on(t, run_folder("second", folder)));
    ck_assert_ptr_nonnull(t->maps);
    ck_assert(!nn_file_exists(in_folder("second/regions.maps")));
    trainer_free(t);

    t = make_trainer(); /* other people: the images of another seed */
    data_set_free(set);
    ck_assert_int_eq(data_set_open(&config.data, 2, &set, &err), NN_OK);
    t->set = set;
    ck_assert_int_eq(train_session_open(&s, t, run_folder("third", folder), &no_signal, &err), NN_OK);
    ck_assert_int_eq(train_session_run(&s, &err), NN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, "stale"));
    ck_assert_ptr_nonnull(strstr(err.msg, "first/regions.maps"));
    train_session_close(&s);
    trainer_free(t);
    free_measured(&first);
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
    steps(t, 3, &seen);
    trainer_stop(t);
    run_folder("a run", folder);
    save_last(t, folder);
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
    run_folder("a run", folder);
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

static void add_tests(TCase *tc)
{
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, resumed_equals_uninterrupted);
    tcase_add_test(tc, same_bits_at_any_thread_count);
    tcase_add_test(tc, removal_begins_when_it_should);
    tcase_add_test(tc, maps_of_a_file_are_used_from_the_start);
    tcase_add_test(tc, a_checkpoint_looks_where_its_network_did);
    tcase_add_test(tc, failures_leave_no_file);
    tcase_add_test(tc, settings_that_make_no_sense_are_refused);
}

int main(int argc, char **argv)
{
    (void)argc;
    return run_tests_between(set_up, argv, "regions", add_tests);
}
