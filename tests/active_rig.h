/* active_rig.h -- what the tests of active learning share: a manifest of painted images, tiny runs on it. */
#ifndef ACTIVE_RIG_H
#define ACTIVE_RIG_H
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/base/rng.h"
#include "tests/data_rig.h"
#include "train/active.h"
#include "train/session.h"
#include "train/snapshot.h"

enum { SIDE = 16, PEOPLE = 24, STEPS = 8, BEGIN = 4 }; /* begin is .5 */

static NnErr err;
static TrainConfig config;
static DataSet *set;
static int *train_items, *val_items, n_train, n_val;
static const volatile sig_atomic_t no_signal = 0;

#define OK(expr) ck_assert_msg((expr) == NN_OK, "%s", err.msg)

/* The call fails with this status, and says every text (the last is NULL). */
static inline void failed(NnStatus got, NnStatus wanted, const char *const *parts)
{
    ck_assert_msg(got == wanted, "status %d: %s", (int)got, err.msg);
    for (; *parts; parts++) ck_assert_msg(strstr(err.msg, *parts) != NULL, "\"%s\" lacks \"%s\"", err.msg, *parts);
    err = (NnErr){ 0 };
}
#define FAILS(expr, status, ...) failed(expr, status, (const char *const[]){ __VA_ARGS__, NULL })

/* ---- a small world ----------------------------------------------------------------------------------------------- */

static inline void paint(const char *name, uint32_t number, int forged)
{
    NnRng rng = nn_rng_make(11, NN_STREAM_TEST, 0, number);
    DataImage img;
    OK(data_image_new(SIDE, SIDE, 3, &img, &err));
    for (int i = 0; i < 3 * SIDE * SIDE; i++) img.px[i] = (unsigned char)nn_rng_below(&rng, forged ? 120 : 255);
    make_parent(in_folder(name));
    OK(data_image_save_png(&img, in_folder(name), &err));
    data_image_free(&img);
}

/* White from column `from` on. */
static inline void paint_mask(const char *name, int side, int from)
{
    DataImage img;
    OK(data_image_new(side, side, 1, &img, &err));
    for (int i = 0; i < side * side; i++) img.px[i] = i % side >= from ? 255 : 0;
    make_parent(in_folder(name));
    OK(data_image_save_png(&img, in_folder(name), &err));
    data_image_free(&img);
}

/* PEOPLE real images and as many forged, every fourth pair for validation. */
static inline void paint_manifest(void)
{
    char text[16384] = "path,label,mask,method,split\n", name[64];
    for (int i = 0; i < PEOPLE; i++) {
        const char *split = i % 4 == 3 ? "val" : i == 0 ? "test" : "train";
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "images/r%02d.png,0,,,%s\nimages/f%02d.png,1,masks/m%02d.png,swap,%s\n", i, split, i, i, split);
        snprintf(name, sizeof name, "images/r%02d.png", i);
        paint(name, (uint32_t)i, 0);
        snprintf(name, sizeof name, "images/f%02d.png", i);
        paint(name, (uint32_t)(100 + i), 1);
        snprintf(name, sizeof name, "masks/m%02d.png", i);
        paint_mask(name, SIDE, 1 + i % (SIDE - 2));
    }
    write_text("set.csv", text);
}

static inline void assign(const char *assignment)
{
    NnBinding b[TRAIN_SECTIONS];
    train_config_bind(&config, b);
    OK(nn_settings_set(b, TRAIN_SECTIONS, assignment, &err));
}

static inline void set_up(void)
{
    static const char *const tiny[] = { "data.size=16",      "data.identities=40",     "data.forge=swap",
                                        "train.batch=4",     "train.steps=8",          "train.validate_every=2",
                                        "train.threads=2",   "data.val_fraction=0.3",  "active.picker=uncertainty",
                                        "active.budget=0.1", "optim.schedule=constant" };
    NnBinding b[TRAIN_SECTIONS];
    err = (NnErr){ 0 };
    temp_folder_make();
    train_config_bind(&config, b);
    nn_settings_defaults(b, TRAIN_SECTIONS);
    for (size_t i = 0; i < sizeof tiny / sizeof *tiny; i++) assign(tiny[i]);
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

static inline void tear_down(void)
{
    close_data();
    temp_folder_remove();
}

/* As train.c does it. */
static inline NnStatus open_checked(void)
{
    DataCheck check = { 0 };
    close_data();
    OK(data_set_open(&config.data, 1, &set, &err));
    if (config.active.picker != TRAIN_PICK_OFF) OK(data_set_hide_masks(set, &err));
    OK(data_set_select(set, DATA_TRAIN, &train_items, &n_train, &err));
    OK(data_set_select(set, DATA_VAL, &val_items, &n_val, &err));
    NnStatus status = data_set_check(set, train_items, &n_train, 2, &check, &err);
    data_check_free(&check);
    if (status == NN_OK) status = data_set_check(set, val_items, &n_val, 2, &check, &err);
    data_check_free(&check);
    return status;
}

static inline void use_manifest(void)
{
    paint_manifest();
    assign("data.source=manifest");
    snprintf(config.data.path, sizeof config.data.path, "%s", in_folder("set.csv"));
    OK(open_checked());
}

static inline Trainer *make_trainer(void)
{
    const TrainerSpec spec = { .config = &config,
                               .set = set,
                               .train = train_items,
                               .val = val_items,
                               .n_train = n_train,
                               .n_val = n_val,
                               .augment = 1 };
    Trainer *t = NULL;
    OK(trainer_new(&spec, &t, &err));
    return t;
}

static inline const char *run_folder(const char *name)
{
    OK(nn_folder_make(in_folder(name), &err));
    return in_folder(name);
}

/* What a run comes to. */
typedef struct {
    char *metrics;
    float *weights;
    size_t n;
} Outcome;

static inline char *read_text(const char *folder, const char *name)
{
    char path[TRAIN_PATH_MAX];
    unsigned char *text;
    size_t len;
    OK(nn_file_read(train_folder_file(folder, name, path), 1 << 24, &text, &len, &err));
    return (char *)text;
}

static inline Outcome outcome_of(Trainer *t, const char *folder)
{
    Outcome o = { .metrics = read_text(folder, "metrics.csv"), .n = nn_params_len(t->params) };
    o.weights = nn_alloc(o.n, sizeof *o.weights);
    memcpy(o.weights, nn_params_values(t->params), o.n * sizeof *o.weights);
    return o;
}

static inline void free_outcome(Outcome *o)
{
    free(o->metrics);
    free(o->weights);
}

static inline void assert_same(const Outcome *a, const Outcome *b)
{
    ck_assert_str_eq(a->metrics, b->metrics);
    ck_assert_uint_eq(a->n, b->n);
    ck_assert_int_eq(memcmp(a->weights, b->weights, a->n * sizeof *a->weights), 0);
}

/* Go on with `t` to the end (or to where it waits). */
static inline NnStatus go_on(Trainer *t, const char *folder)
{
    TrainSession s;
    OK(train_session_open(&s, t, folder, &no_signal, &err));
    const NnStatus status = train_session_run(&s, &err);
    train_session_close(&s);
    return status;
}

/* A whole run in a new folder of that name. */
static inline Outcome whole_run(const char *name)
{
    char folder[256];
    snprintf(folder, sizeof folder, "%s", run_folder(name));
    Trainer *t = make_trainer();
    OK(go_on(t, folder));
    ck_assert_int_eq((int)t->step, STEPS);
    const Outcome o = outcome_of(t, folder);
    trainer_free(t);
    return o;
}

static inline Trainer *resumed_trainer(const char *folder)
{
    char path[TRAIN_PATH_MAX];
    NnCheckpoint c = { 0 };
    Trainer *t = make_trainer();
    OK(nn_checkpoint_load(train_folder_file(folder, "last.safetensors", path), &c, &err));
    OK(train_snapshot_restore(t, &c, path, &err));
    nn_checkpoint_free(&c);
    return t;
}

#endif
