/* active.c -- see active.h. */
#include "train/active.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "nn/base/few_names.h"
#include "nn/base/file.h"
#include "nn/base/size.h"
#include "train/pickers.h"
#include "train/run_folder.h"

/* ---- is there anything to pick? ---- */

static int is_forged(const Trainer *t, int item)
{
    return t->set->items[item].label != 0;
}

/* May it be a candidate? A person can draw any mask. */
static int is_eligible(const Trainer *t, int item)
{
    const int by_person = t->config.active.annotate == TRAIN_ANNOTATE_PERSON;
    return is_forged(t, item) && (by_person || data_mask_is_known(t->set, item));
}

/* "3 of 18 swap, 0 of 20 warp": of each manipulation's training images those with a mask. */
static void name_methods(const Trainer *t, NnFewNames *few)
{
    for (int m = 0; m < t->set->n_methods; m++) {
        int all = 0, known = 0;
        for (int i = 0; i < t->n_train; i++) {
            const int item = t->train[i];
            if (t->set->items[item].method != m) continue;
            all++, known += data_mask_is_known(t->set, item);
        }
        if (all) nn_few_add(few, "%d of %d %s", known, all, t->set->methods[m]);
    }
}

NnStatus train_active_check(const Trainer *t, NnErr *err)
{
    const TrainActiveSettings *a = &t->config.active;
    int forged = 0, eligible = 0;
    NnFewNames methods = { 0 };
    if (a->picker == TRAIN_PICK_OFF || train_phase_is_behind(t, &train_active_phase)) return NN_OK;
    for (int i = 0; i < t->n_train; i++) forged += is_forged(t, t->train[i]), eligible += is_eligible(t, t->train[i]);
    if (!forged)
        return nn_fail(err, NN_ERR_DATA, "[active]: none of the %d training images is forged: no candidate for a mask",
                       t->n_train);
    const int wanted = train_active_budget(a->budget, t->n_train, forged);
    if (eligible >= wanted) return NN_OK;
    name_methods(t, &methods);
    return nn_fail(err, NN_ERR_DATA,
                   "[active] budget = %g of %d training images wants %d masks, but only %d of the %d forged ones have "
                   "one (%s); expected masks in the data, a smaller budget, or annotate = person and somebody who "
                   "draws them",
                   (double)a->budget, t->n_train, wanted, eligible, forged, nn_few_say(&methods));
}

/* ---- picking ---- */

/* A float .03 is a little less than .03, and 1000 images are to give 30 candidates. */
int train_active_budget(float budget, int n_train, int n_forged)
{
    const int n = (int)((double)budget * n_train * (1.0 + 1e-7));
    return n < 1 ? 1 : n < n_forged ? n : n_forged;
}

typedef struct {
    float score;
    int item;
} Ranked;

static int by_score(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    return (x->item > y->item) - (x->item < y->item);
}

/* ranked and score have room for the n images of the survey. */
static NnStatus rank(const Trainer *t, const TrainSurvey *s, float *score, Ranked *ranked, TrainCandidates *out,
                     NnErr *err)
{
    const TrainPicker picker = (TrainPicker)t->config.active.picker;
    NN_TRY(train_picker_scores(picker, s, (uint64_t)t->config.train.seed, score, err));
    int n = 0;
    for (int i = 0; i < s->n; i++)
        if (is_eligible(t, s->item[i])) ranked[n++] = (Ranked){ score[i], s->item[i] };
    qsort(ranked, (size_t)n, sizeof *ranked, by_score);
    NN_TRY(train_candidates_init(out, train_active_budget(t->config.active.budget, t->n_train, s->n), err));
    for (int k = 0; k < out->n; k++) out->item[k] = ranked[k].item, out->score[k] = ranked[k].score;
    return NN_OK;
}

NnStatus train_active_pick(Trainer *t, const volatile sig_atomic_t *stop, TrainCandidates *out, NnErr *err)
{
    TrainSurvey s;
    *out = (TrainCandidates){ 0 };
    NN_TRY(train_active_check(t, err));
    NnStatus status = train_survey_init(&s, t, t->config.active.picker != TRAIN_PICK_RANDOM, stop, err);
    float *score = nn_alloc((size_t)s.n, sizeof *score);
    Ranked *ranked = nn_alloc((size_t)s.n, sizeof *ranked);
    if (status == NN_OK && (!score || !ranked)) status = nn_fail(err, NN_ERR_NOMEM, "out of memory for the candidates");
    if (status == NN_OK) status = rank(t, &s, score, ranked, out, err);
    free(score);
    free(ranked);
    train_survey_deinit(&s);
    return status;
}

/* ---- their masks ---- */

/* Read one mask, so that what is wrong with it is said now, and with the line that names it. */
static NnStatus try_mask(const Trainer *t, const TrainCandidates *c, int k, NnErr *err)
{
    const int i = c->item[k], by_person = t->config.active.annotate == TRAIN_ANNOTATE_PERSON;
    DataSample sample = { 0 };
    NnErr why = { 0 };
    const NnStatus status = data_set_read(t->set, i, &sample, &why);
    const int has_mask = sample.has_mask;
    data_sample_free(&sample);
    if (status != NN_OK && by_person)
        return nn_fail(err, status, "%s: %.560s; expected a picture of the image's size, white where it is forged",
                       c->where[k], why.msg);
    if (status != NN_OK) return nn_fail(err, status, "%s", why.msg);
    if (has_mask) return NN_OK;
    const char *where = t->set->items[i].where;
    return nn_fail(err, NN_ERR_DATA,
                   "%s%s%s was picked, but has no mask; expected one, or [active] annotate = person and somebody who "
                   "draws it",
                   where ? where : "", where ? ": " : "", t->set->items[i].path);
}

/* The next loader draws the candidates more often, as [active] draw says. */
static NnStatus draw_often(Trainer *t, const TrainCandidates *c, NnErr *err)
{
    free(t->often);
    t->n_often = 0;
    t->often = nn_alloc((size_t)c->n, sizeof *t->often);
    if (!t->often) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the candidates");
    if (t->config.active.draw > 0) t->n_often = c->n;
    for (int k = 0; k < c->n; k++) t->often[k] = c->item[k];
    return NN_OK;
}

NnStatus train_active_reveal(Trainer *t, const TrainCandidates *c, NnErr *err)
{
    const int by_person = t->config.active.annotate == TRAIN_ANNOTATE_PERSON;
    for (int k = 0; k < c->n; k++) {
        NN_TRY(data_set_show_mask(t->set, c->item[k], by_person ? c->mask[k] : NULL, err));
        NN_TRY(try_mask(t, c, k, err));
    }
    NN_TRY(draw_often(t, c, err));
    t->masks = t->config.loss.mask_on_real ? TRAIN_MASKS_ALL : TRAIN_MASKS_FORGED;
    return NN_OK;
}

/* ---- the phase ---- */

static int64_t due(const Trainer *t)
{
    return t->config.active.picker == TRAIN_PICK_OFF ? -1 : train_phase_step(t, t->config.active.begin);
}

static int has_list(const char *folder)
{
    char path[TRAIN_PATH_MAX];
    return nn_file_exists(train_folder_file(folder, "candidates.csv", path));
}

static void say_picked(const Trainer *t, TrainLog *log, const char *folder, const TrainCandidates *c)
{
    static const char *const names[] = { "off", "uncertainty", "channel", "random" };
    train_log_say(log, "active   %d candidates for a mask among %d training images, picked by %s after step %lld", c->n,
                  t->n_train, names[t->config.active.picker], (long long)t->step);
    if (c->n > TRAIN_SHEET_CANDIDATES)
        train_log_say(log, "         %s/candidates.csv lists them, candidates.png shows the first %d", folder,
                      TRAIN_SHEET_CANDIDATES);
    else train_log_say(log, "         %s/candidates.csv lists them, candidates.png shows them", folder);
}

static NnStatus pick_and_write(Trainer *t, const char *folder, TrainLog *log, const volatile sig_atomic_t *stop,
                               TrainCandidates *c, NnErr *err)
{
    NN_TRY(train_active_pick(t, stop, c, err));
    NN_TRY(train_candidates_draw(t, folder, c, stop, err));
    if (t->config.active.annotate == TRAIN_ANNOTATE_ORACLE) NN_TRY(train_active_reveal(t, c, err));
    NN_TRY(train_candidates_write(t, folder, c, err));
    say_picked(t, log, folder, c);
    return NN_OK;
}

/* What has been judged so far has learnt from no mask. */
static void begin_with_masks(Trainer *t)
{
    t->best = -INFINITY;
    t->stale = 0;
}

/* The list that a person was shown stands, whatever machine it was picked on; their own notes in it too. */
static NnStatus enter_with_person(Trainer *t, const char *folder, TrainLog *log, const volatile sig_atomic_t *stop,
                                  TrainCandidates *c, NnErr *err)
{
    if (!has_list(folder)) NN_TRY(pick_and_write(t, folder, log, stop, c, err));
    else NN_TRY(train_candidates_read(t, folder, c, err));
    t->waits = !t->annotations;
    if (t->waits) return NN_OK;
    NN_TRY(train_candidates_annotate(c, t->annotations, err));
    NN_TRY(train_active_reveal(t, c, err));
    NN_TRY(train_candidates_write(t, folder, c, err));
    train_log_say(log, "active   %d masks taken from %s", c->n, t->annotations);
    return NN_OK;
}

static NnStatus enter(Trainer *t, const char *folder, TrainLog *log, const volatile sig_atomic_t *stop, NnErr *err)
{
    TrainCandidates c = { 0 };
    const int by_person = t->config.active.annotate == TRAIN_ANNOTATE_PERSON;
    const NnStatus status =
        by_person ? enter_with_person(t, folder, log, stop, &c, err) : pick_and_write(t, folder, log, stop, &c, err);
    if (status == NN_OK && !t->waits) begin_with_masks(t);
    train_candidates_free(&c);
    return status;
}

static NnStatus restore(Trainer *t, const char *folder, NnErr *err)
{
    TrainCandidates c;
    NnStatus status = train_candidates_read(t, folder, &c, err);
    if (status == NN_OK) status = train_active_reveal(t, &c, err);
    train_candidates_free(&c);
    return status;
}

const TrainPhase train_active_phase = { "active", due, enter, restore };

NnStatus train_active_admits(const Trainer *t, const char *folder, NnErr *err)
{
    if (t->config.active.picker == TRAIN_PICK_OFF || t->config.active.annotate != TRAIN_ANNOTATE_PERSON)
        return nn_fail(err, NN_ERR_USAGE, "--annotations: this run waits for none; [active] picker = %s, annotate = %s",
                       t->config.active.picker == TRAIN_PICK_OFF ? "off" : "on",
                       t->config.active.annotate == TRAIN_ANNOTATE_PERSON ? "person" : "oracle");
    if (train_phase_is_behind(t, &train_active_phase))
        return nn_fail(err, NN_ERR_USAGE, "--annotations: the run has its masks already, see %s/candidates.csv",
                       folder);
    if (has_list(folder)) return NN_OK;
    return nn_fail(err, NN_ERR_USAGE,
                   "--annotations: the run has not picked its candidates yet (it is at step %lld, they are due after "
                   "%lld); go on without",
                   (long long)t->step, (long long)due(t));
}
