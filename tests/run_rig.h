/* run_rig.h -- what the tests of whole runs share: runs in folders of the test's own, what they come to, and taking
 * them up again. */
#ifndef RUN_RIG_H
#define RUN_RIG_H
#include "nn/base/file.h"
#include "nn/base/size.h"
#include "tests/train_rig.h"
#include "train/session.h"
#include "train/snapshot.h"

/* A new folder of that name in the test's own; its path. */
static inline char *run_folder(const char *name, char path[256])
{
    snprintf(path, 256, "%s", in_folder(name));
    OK(nn_folder_make(path, &err));
    return path;
}

static inline char *read_text(const char *folder, const char *name)
{
    char path[TRAIN_PATH_MAX];
    unsigned char *text;
    size_t len;
    OK(nn_file_read(train_folder_file(folder, name, path), 1 << 24, &text, &len, &err));
    return (char *)text;
}

static inline void save_last(const Trainer *t, const char *folder)
{
    char path[TRAIN_PATH_MAX];
    OK(train_snapshot_save(t, train_folder_file(folder, "last.safetensors", path), 0, &err));
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

/* Go on with `t` to the end (or to where it waits). */
static inline NnStatus go_on(Trainer *t, const char *folder)
{
    TrainSession s;
    OK(train_session_open(&s, t, folder, &no_signal, &err));
    const NnStatus status = train_session_run(&s, &err);
    train_session_close(&s);
    return status;
}

/* What a run comes to. */
typedef struct {
    char *metrics;
    float *weights;
    size_t n;
    double best;
} Outcome;

static inline Outcome outcome_of(const Trainer *t, const char *folder)
{
    Outcome o = { .metrics = read_text(folder, "metrics.csv"), .n = nn_params_len(t->params), .best = t->best };
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
    ck_assert_mem_eq(a->weights, b->weights, a->n * sizeof *a->weights);
    ck_assert(a->best == b->best);
}

/* `t` goes on to the end of its run, and is freed. */
static inline Outcome finish(Trainer *t, const char *folder)
{
    OK(go_on(t, folder));
    ck_assert_int_eq((int)t->step, config.train.steps);
    const Outcome o = outcome_of(t, folder);
    trainer_free(t);
    return o;
}

/* A whole run in a new folder of that name. */
static inline Outcome whole_run(const char *name)
{
    char folder[256];
    run_folder(name, folder);
    return finish(make_trainer(), folder);
}

#endif
