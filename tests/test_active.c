/* test_active.c -- masks for a few images only: pickers on made-up surveys, the files between machine and person, and that
 * no other mask is ever read. Tiny networks on a manifest of painted images, or on a few portraits. */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nn/base/blas.h"
#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "tests/data_rig.h"
#include "train/active.h"
#include "train/look.h"
#include "train/pickers.h"
#include "train/session.h"
#include "train/snapshot.h"

enum { SIDE = 16, PEOPLE = 24, STEPS = 8, BEGIN = 4 }; /* begin is .5 */

static NnErr err;
static TrainConfig config;
static DataSet *set;
static int *train_items, *val_items, n_train, n_val;
static const volatile sig_atomic_t no_signal = 0, a_signal = SIGINT;

#define OK(expr) ck_assert_msg((expr) == NN_OK, "%s", err.msg)

/* The call fails with this status, and says every text (the last is NULL). */
static void failed(NnStatus got, NnStatus wanted, const char *const *parts)
{
    ck_assert_msg(got == wanted, "status %d: %s", (int)got, err.msg);
    for (; *parts; parts++) ck_assert_msg(strstr(err.msg, *parts) != NULL, "\"%s\" lacks \"%s\"", err.msg, *parts);
    err = (NnErr){ 0 };
}
#define FAILS(expr, status, ...) failed(expr, status, (const char *const[]){ __VA_ARGS__, NULL })

/* ---- a small world ----------------------------------------------------------------------------------------------- */

static void paint(const char *name, uint32_t number, int forged)
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
static void paint_mask(const char *name, int side, int from)
{
    DataImage img;
    OK(data_image_new(side, side, 1, &img, &err));
    for (int i = 0; i < side * side; i++) img.px[i] = i % side >= from ? 255 : 0;
    make_parent(in_folder(name));
    OK(data_image_save_png(&img, in_folder(name), &err));
    data_image_free(&img);
}

/* PEOPLE real images and as many forged, every fourth pair for validation. */
static void paint_manifest(void)
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

static void assign(const char *assignment)
{
    NnBinding b[TRAIN_SECTIONS];
    train_config_bind(&config, b);
    OK(nn_settings_set(b, TRAIN_SECTIONS, assignment, &err));
}

static void set_up(void)
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

static void close_data(void)
{
    free(train_items);
    free(val_items);
    data_set_free(set);
    train_items = val_items = NULL;
    set = NULL;
}

static void tear_down(void)
{
    close_data();
    temp_folder_remove();
}

/* As train.c does it. */
static NnStatus open_checked(void)
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

static void use_manifest(void)
{
    paint_manifest();
    assign("data.source=manifest");
    snprintf(config.data.path, sizeof config.data.path, "%s", in_folder("set.csv"));
    OK(open_checked());
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
    OK(trainer_new(&spec, &t, &err));
    return t;
}

static const char *run_folder(const char *name)
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

static char *read_text(const char *folder, const char *name)
{
    char path[TRAIN_PATH_MAX];
    unsigned char *text;
    size_t len;
    OK(nn_file_read(train_folder_file(folder, name, path), 1 << 24, &text, &len, &err));
    return (char *)text;
}

static Outcome outcome_of(Trainer *t, const char *folder)
{
    Outcome o = { .metrics = read_text(folder, "metrics.csv"), .n = nn_params_len(t->params) };
    o.weights = nn_alloc(o.n, sizeof *o.weights);
    memcpy(o.weights, nn_params_values(t->params), o.n * sizeof *o.weights);
    return o;
}

static void free_outcome(Outcome *o)
{
    free(o->metrics);
    free(o->weights);
}

static void assert_same(const Outcome *a, const Outcome *b)
{
    ck_assert_str_eq(a->metrics, b->metrics);
    ck_assert_uint_eq(a->n, b->n);
    ck_assert_int_eq(memcmp(a->weights, b->weights, a->n * sizeof *a->weights), 0);
}

/* Go on with `t` to the end (or to where it waits). */
static NnStatus go_on(Trainer *t, const char *folder)
{
    TrainSession s;
    OK(train_session_open(&s, t, folder, &no_signal, &err));
    const NnStatus status = train_session_run(&s, &err);
    train_session_close(&s);
    return status;
}

/* A whole run in a new folder of that name. */
static Outcome whole_run(const char *name)
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

static Trainer *resumed_trainer(const char *folder)
{
    char path[TRAIN_PATH_MAX];
    NnCheckpoint c = { 0 };
    Trainer *t = make_trainer();
    OK(nn_checkpoint_load(train_folder_file(folder, "last.safetensors", path), &c, &err));
    OK(train_snapshot_restore(t, &c, path, &err));
    nn_checkpoint_free(&c);
    return t;
}

/* ---- how many, and which ----------------------------------------------------------------------------------------- */

START_TEST(budget)
{
    ck_assert_int_eq(train_active_budget(0.03f, 1000, 500), 30);
    ck_assert_int_eq(train_active_budget(0.03f, 1033, 500), 30);
    ck_assert_int_eq(train_active_budget(0.1f, 70, 35), 7);
    ck_assert_int_eq(train_active_budget(0.03f, 20, 10), 1); /* at least one */
    ck_assert_int_eq(train_active_budget(0.0f, 20, 10), 1);
    ck_assert_int_eq(train_active_budget(0.9f, 20, 10), 10); /* no more than there are */
    ck_assert_int_eq(train_active_budget(1.0f, 2000000000, 1999999999), 1999999999);
}
END_TEST

/* Three forged images, four channels, a latent of two positions, of which forgeries light up the first. */
typedef struct {
    int item[3];
    float activity[6], pooled[12], head[4];
    double spread[8], real[2], forged[2];
} MadeUp;

static TrainSurvey survey_of(MadeUp *m)
{
    return (TrainSurvey){ .n = 3,
                          .item = m->item,
                          .channels = 4,
                          .cells = 2,
                          .activity = m->activity,
                          .pooled = m->pooled,
                          .spread = m->spread,
                          .map = { m->real, m->forged },
                          .head = m->head };
}

static MadeUp made_up(void)
{
    return (MadeUp){ .item = { 5, 9, 12 },
                     .activity = { 0.1f, 0.9f, 0.6f, 0.5f, 0.8f, 0.4f },
                     .pooled = { 1, 3, 2, 1, /**/ 1, 1, 2, 1, /**/ 1, 2, 2, 1 },
                     .head = { 2, 1, -5, 0.1f },
                     /* channel 0 lies where forgeries do, 1 and 2 elsewhere, 3 everywhere */
                     .spread = { 2, 0, /**/ 0.5, 1.5, /**/ 0, 2, /**/ 1, 1 },
                     .real = { 0.2, 0.2 },
                     .forged = { 0.7, 0.1 } };
}

START_TEST(uncertainty_is_the_smallest_difference)
{
    MadeUp m = made_up();
    float score[3];
    const TrainSurvey s = survey_of(&m);
    OK(train_picker_scores(TRAIN_PICK_UNCERTAINTY, &s, 1, score, &err));
    ck_assert_float_eq_tol(score[0], -0.8f, 1e-6f);
    ck_assert_float_eq_tol(score[1], -0.1f, 1e-6f);
    ck_assert_float_eq_tol(score[2], -0.4f, 1e-6f);
    m.activity[3] = NAN;
    FAILS(train_picker_scores(TRAIN_PICK_UNCERTAINTY, &s, 1, score, &err), NN_ERR_NUMERIC, "item 9", "not finite");
}
END_TEST

START_TEST(superficial_channels)
{
    MadeUp m = made_up();
    unsigned char mark[4];
    float score[3];
    const TrainSurvey s = survey_of(&m);
    /* T = (1, 0). r = 2, 2, -10, .1; the first two make up .98 of what is positive. o = 0, .75; weighted mean .375. */
    OK(train_superficial_channels(&s, mark, &err));
    ck_assert(mark[0] == 0 && mark[1] == 1 && mark[2] == 0 && mark[3] == 0);
    OK(train_picker_scores(TRAIN_PICK_CHANNEL, &s, 1, score, &err));
    ck_assert(score[0] == 3 && score[1] == 1 && score[2] == 2);
    /* Channel 1 moves inside, channel 0 outside. */
    m.spread[0] = 0, m.spread[1] = 2, m.spread[2] = 2, m.spread[3] = 0;
    OK(train_superficial_channels(&s, mark, &err));
    ck_assert(mark[0] == 1 && mark[1] == 0 && mark[2] == 0 && mark[3] == 0);
    /* All alike: nothing stands out, so that all leading ones count. */
    for (int i = 0; i < 8; i++) m.spread[i] = 1;
    OK(train_superficial_channels(&s, mark, &err));
    ck_assert(mark[0] == 1 && mark[1] == 1 && mark[2] == 0 && mark[3] == 0);
    /* Nothing speaks for "forged". */
    for (int c = 0; c < 4; c++) m.head[c] = -1;
    OK(train_picker_scores(TRAIN_PICK_CHANNEL, &s, 1, score, &err));
    ck_assert(score[0] == 0 && score[1] == 0 && score[2] == 0);
}
END_TEST

START_TEST(random_is_a_function_of_seed_and_item)
{
    MadeUp m = made_up();
    float a[3], b[3];
    TrainSurvey s = survey_of(&m);
    OK(train_picker_scores(TRAIN_PICK_RANDOM, &s, 1, a, &err));
    s.n = 1, s.item = m.item + 2;
    OK(train_picker_scores(TRAIN_PICK_RANDOM, &s, 1, b, &err));
    ck_assert(a[2] == b[0] && a[0] != a[1]);
    OK(train_picker_scores(TRAIN_PICK_RANDOM, &s, 2, b, &err));
    ck_assert(a[2] != b[0]);
}
END_TEST

/* ---- picking with a network -------------------------------------------------------------------------------------- */

typedef struct {
    int n;
    float difference[PEOPLE]; /* of the forged training images, in item order */
    int item[PEOPLE];
} Differences;

static NnStatus note_difference(void *self, const TrainLook *look, NnErr *e)
{
    Differences *d = self;
    (void)e;
    for (int i = 0; i < look->batch->n; i++) {
        if (look->batch->label[i] < 0.5f) continue;
        d->item[d->n] = look->batch->item[i];
        d->difference[d->n++] = fabsf(look->activity[2 * i + 1] - look->activity[2 * i]);
    }
    return NN_OK;
}

START_TEST(picks_agree_with_a_look_at_each_image)
{
    TrainCandidates c;
    Differences d = { 0 };
    use_manifest();
    assign("active.budget=0.12");
    Trainer *t = make_trainer();
    OK(train_look(t, train_items, n_train, &no_signal, note_difference, &d, &err));
    OK(train_active_pick(t, &no_signal, &c, &err));
    ck_assert_int_eq(n_train, 34);
    ck_assert_int_eq(d.n, 17);
    ck_assert_int_eq(c.n, 4);
    for (int k = 0; k < c.n; k++) {
        int best = 0;
        for (int i = 0; i < d.n; i++) best = d.difference[i] < d.difference[best] ? i : best;
        ck_assert_int_eq(c.item[k], d.item[best]);
        ck_assert(c.score[k] == -d.difference[best]);
        d.difference[best] = INFINITY;
    }
    train_candidates_free(&c);
    trainer_free(t);
}
END_TEST

START_TEST(ties_go_to_the_lower_item)
{
    TrainCandidates c;
    use_manifest();
    Trainer *t = make_trainer();
    memset(nn_params_values(t->params), 0, nn_params_len(t->params) * sizeof(float));
    OK(train_active_pick(t, &no_signal, &c, &err));
    for (int k = 0, i = 0; k < c.n; k++, i++) {
        while (!set->items[train_items[i]].label) i++;
        ck_assert_int_eq(c.item[k], train_items[i]);
    }
    train_candidates_free(&c);
    trainer_free(t);
}
END_TEST

START_TEST(same_picks_at_any_thread_count)
{
    static const char *const pickers[] = { "active.picker=uncertainty", "active.picker=channel",
                                           "active.picker=random" };
    use_manifest();
    assign("active.budget=0.3");
    for (int p = 0; p < 3; p++) {
        TrainCandidates one, many;
        assign(pickers[p]);
        config.train.threads = config.data.threads = 1;
        Trainer *a = make_trainer();
        OK(train_active_pick(a, &no_signal, &one, &err));
        config.train.threads = config.data.threads = 4;
        Trainer *b = make_trainer();
        OK(train_active_pick(b, &no_signal, &many, &err));
        ck_assert_int_eq(one.n, 10);
        ck_assert_int_eq(memcmp(one.item, many.item, 10 * sizeof *one.item), 0);
        ck_assert_int_eq(memcmp(one.score, many.score, 10 * sizeof *one.score), 0);
        for (int k = 0; k < one.n; k++) ck_assert_int_eq(set->items[one.item[k]].label, 1);
        train_candidates_free(&one);
        train_candidates_free(&many);
        trainer_free(a);
        trainer_free(b);
    }
}
END_TEST

START_TEST(nothing_forged_is_an_error)
{
    TrainCandidates c;
    use_manifest();
    assign("data.balance=0");
    int n = 0;
    for (int i = 0; i < n_train; i++)
        if (!set->items[train_items[i]].label) train_items[n++] = train_items[i];
    n_train = n;
    Trainer *t = make_trainer();
    FAILS(train_active_pick(t, &no_signal, &c, &err), NN_ERR_DATA, "none of the 17", "forged");
    trainer_free(t);
}
END_TEST

/* ---- no other mask is ever read ---------------------------------------------------------------------------------- */

/* Make every mask of the manifest unreadable but those of the list: gone, a folder, a pipe, no image, of another size. */
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

/* ---- the list as a manifest -------------------------------------------------------------------------------------- */

/* candidates.csv as [data] source = manifest reads it: as many forged images as were picked, each with the picture and the
 * mask of its item in the run's own data. */
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

START_TEST(missing_masks_of_the_oracle)
{
    use_manifest();
    char *text = read_text(temp_folder, "set.csv"); /* the same without masks */
    for (char *p; (p = strstr(text, "masks/m"));) memmove(p, p + strlen("masks/m00.png"), strlen(p + 13) + 1);
    write_text("set.csv", text);
    free(text);
    OK(open_checked());
    Trainer *t = make_trainer();
    char folder[256];
    snprintf(folder, sizeof folder, "%s", run_folder("run"));
    FAILS(go_on(t, folder), NN_ERR_DATA, "set.csv:", "images/f", "has no mask", "annotate = person");
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
    snprintf(folder, sizeof folder, "%s", run_folder("person"));
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
    snprintf(folder, sizeof folder, "%s", run_folder("person"));
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

/* ---- taking a run up again --------------------------------------------------------------------------------------- */

typedef enum { BEFORE_PICKING, WHILE_PICKING, AFTER_PICKING } Moment;

/* As train_session_run does it, up to `steps` steps, and then as after Ctrl-C at that moment. */
static void run_until(const char *folder, int64_t steps, Moment moment)
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
        const int ends = t->step == steps;
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
    OK(train_snapshot_save(t, train_folder_file(folder, "last.safetensors", path), 0, &err));
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
    use_manifest();
    Outcome whole = whole_run("whole");
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        char name[32], folder[256];
        snprintf(name, sizeof name, "stop %zu", i);
        snprintf(folder, sizeof folder, "%s", run_folder(name));
        run_until(folder, stops[i].at, stops[i].moment);
        Trainer *t = resumed_trainer(folder);
        ck_assert_int_eq((int)t->step, stops[i].at);
        OK(go_on(t, folder));
        Outcome o = outcome_of(t, folder);
        assert_same(&whole, &o);
        free_outcome(&o);
        trainer_free(t);
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

/* `best` is one that has learnt from masks; early stopping waits for that too. */
START_TEST(best_begins_anew)
{
    char folder[256], path[TRAIN_PATH_MAX];
    NnCheckpoint c = { 0 };
    assign("train.patience=1");
    assign("train.best=loss");
    assign("optim.lr=0"); /* no validation is better than the one before */
    use_manifest();
    snprintf(folder, sizeof folder, "%s", run_folder("run"));
    Trainer *t = make_trainer();
    OK(go_on(t, folder));
    ck_assert_int_gt((int)t->step, BEGIN);
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
    snprintf(folder, sizeof folder, "%s", run_folder("run"));
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
    assign("loss.latent=0");
    FAILS(train_config_check(&config, &err), NN_ERR_CONFIG, "uncertainty", "latent = 0");
    config = sane;
    assign("loss.cls=0");
    FAILS(train_config_check(&config, &err), NN_ERR_CONFIG, "score = logit", "cls = 0");
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
    tcase_add_test(c, budget);
    tcase_add_test(c, uncertainty_is_the_smallest_difference);
    tcase_add_test(c, superficial_channels);
    tcase_add_test(c, random_is_a_function_of_seed_and_item);
    tcase_add_test(c, picks_agree_with_a_look_at_each_image);
    tcase_add_test(c, ties_go_to_the_lower_item);
    tcase_add_test(c, same_picks_at_any_thread_count);
    tcase_add_test(c, nothing_forged_is_an_error);
    tcase_add_loop_test(c, other_masks_are_never_read, 0, 3);
    tcase_add_test(c, masks_count_from_begin_on);
    tcase_add_test(c, portraits_hide_what_the_forging_knows);
    tcase_add_loop_test(c, list_reads_back_as_a_manifest, 0, 2);
    tcase_add_test(c, missing_masks_of_the_oracle);
    tcase_add_loop_test(c, person_and_oracle_give_the_same_bits, 0, 2);
    tcase_add_test(c, wrong_annotations);
    tcase_add_test(c, resumed_equals_uninterrupted);
    tcase_add_test(c, longer_runs_do_not_pick_again);
    tcase_add_test(c, best_begins_anew);
    tcase_add_test(c, a_damaged_list_is_named);
    tcase_add_test(c, settings_that_make_no_sense);
    suite_add_tcase(s, c);
    return check_run(s);
}
