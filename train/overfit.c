/* overfit.c -- see overfit.h. */
#include "train/overfit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/metrics.h"
#include "nn/base/size.h"
#include "train/look.h"

/* ---- the images -------------------------------------------------------------------------------------------------- */

NnStatus train_overfit_choose(const DataSet *set, const int *index, int n_index, int n, int *chosen, NnErr *err)
{
    int want[2] = { n - n / 2, n / 2 }, taken = 0;
    for (int i = 0; i < n_index; i++) {
        const int label = set->items[index[i]].label;
        if (want[label]-- > 0) chosen[taken++] = index[i];
    }
    if (taken == n) return NN_OK;
    return nn_fail(err, NN_ERR_DATA, "--overfit-batch %d: the training split has too few images (found %d of them)", n,
                   taken);
}

/* ---- what the network says of them ------------------------------------------------------------------------------- */

/* A look under way: the pixels of all images that count in the mask loss. */
typedef struct {
    TrainOverfitSight *sight;
    const Trainer *trainer;
    size_t n;             /* pixels so far */
    float *map;           /* [images * pixels] */
    unsigned char *truth; /* the same: is it forged? */
} Look;

static void see_score(TrainOverfitSight *sight, float score, int forged)
{
    if (forged) sight->lowest_forged = fmin(sight->lowest_forged, (double)score);
    else sight->highest_real = fmax(sight->highest_real, (double)score);
}

static NnStatus see_batch(void *self, const TrainLook *look, NnErr *err)
{
    Look *l = self;
    const DataBatch *b = look->batch;
    const size_t pixels = (size_t)l->trainer->config.data.size * (size_t)l->trainer->config.data.size;
    (void)err;
    for (int i = 0; i < b->n; i++) {
        const size_t at = (size_t)i * pixels;
        see_score(l->sight, look->score[i], b->label[i] > 0.5f);
        if (train_inputs_mask_counts(b, (size_t)i, l->trainer->masks) == 0) continue;
        for (size_t p = 0; p < pixels; p++, l->n++)
            l->map[l->n] = look->map[at + p], l->truth[l->n] = b->mask[at + p] > 0.5f;
    }
    return NN_OK;
}

static NnStatus see_all(Look *l, Trainer *t, const volatile sig_atomic_t *stop, NnErr *err)
{
    const size_t pixels = (size_t)t->config.data.size * (size_t)t->config.data.size;
    l->map = nn_alloc((size_t)t->n_train, pixels * sizeof *l->map);
    l->truth = nn_alloc((size_t)t->n_train, pixels);
    if (!l->map || !l->truth) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the maps of %d images", t->n_train);
    NN_TRY(train_look(t, t->train, t->n_train, stop, see_batch, l, err));
    return nn_auc(l->map, l->truth, l->n, &l->sight->map_auc, err);
}

NnStatus train_overfit_look(Trainer *t, const volatile sig_atomic_t *stop, TrainOverfitSight *out, NnErr *err)
{
    Look l = { .sight = out, .trainer = t };
    *out = (TrainOverfitSight){ .lowest_forged = INFINITY, .highest_real = -INFINITY, .map_auc = NAN };
    const NnStatus status = see_all(&l, t, stop, err);
    free(l.map);
    free(l.truth);
    return status;
}

/* ---- the verdict ------------------------------------------------------------------------------------------------- */

/* One line of the table by which it is judged. */
static int judge(const char *what, double found, const char *expected, int passes)
{
    printf("%-52s %8.4f  %-14s %s\n", what, found, expected, passes ? "ok" : "NO");
    return passes;
}

/* A term's last value as a share of its first, which must be below `most`. */
static int judge_fall(const char *what, double first, double last, double most)
{
    char expected[32];
    snprintf(expected, sizeof expected, "below %g", most);
    const double share = last / first;
    return judge(what, share, expected, share < most);
}

/* `cls` is judged by the scores. */
static int judge_term(const char *term, double first, double last, const TrainOverfitSight *sight)
{
    if (!strcmp(term, "rec")) return judge_fall("rec: last value / first", first, last, 0.5);
    if (!strcmp(term, "latent")) return judge_fall("latent: last value / first", first, last, 0.1);
    if (strcmp(term, "mask") != 0) return 1;
    if (!isnan(sight->map_auc))
        return judge("mask: AUC of the map over pixels", sight->map_auc, "at least 0.95", sight->map_auc >= 0.95);
    puts("mask: no forged image of these has one, so the map is not judged");
    return 1;
}

int train_overfit_judge(const TrainObjective *o, const TrainStep *first, const TrainStep *last,
                        const TrainOverfitSight *sight)
{
    const double gap = sight->lowest_forged - sight->highest_real;
    printf("%-52s %8s  %s\n", "judged by", "found", "expected");
    int learned = judge("score: lowest of a forged image - highest of a real", gap, "at least 0.1", gap >= 0.1);
    for (int i = 0; i < o->n; i++) learned &= judge_term(o->terms[i].name, first->term[i], last->term[i], sight);
    return learned;
}

static void print_terms(const TrainObjective *o, const TrainStep *first, const TrainStep *last)
{
    printf("%-10s %12s %12s\n", "term", "first step", "last step");
    for (int i = 0; i < o->n; i++) printf("%-10s %12.6f %12.6f\n", o->terms[i].name, first->term[i], last->term[i]);
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static NnStatus run_steps(TrainSession *s, TrainStep *first, TrainStep *last, NnErr *err)
{
    Trainer *t = s->trainer;
    while (t->step < t->total) {
        if (*s->stop) return nn_fail(err, NN_ERR_INTERRUPTED, "interrupted after step %lld", (long long)t->step);
        NN_TRY(train_step(t, last, err));
        if (t->step == 1) *first = *last;
        train_progress_step(&s->progress, &s->log, t, last);
    }
    return NN_OK;
}

NnStatus train_overfit_run(TrainSession *s, int *learned, NnErr *err)
{
    Trainer *t = s->trainer;
    TrainStep first = { 0 }, last = { 0 };
    TrainOverfitSight sight;
    NN_TRY(trainer_start(t, err));
    train_progress_start(&s->progress, t);
    const NnStatus status = run_steps(s, &first, &last, err);
    train_progress_clear(&s->progress);
    if (status != NN_OK) return status;
    trainer_stop(t);
    NN_TRY(train_overfit_look(t, s->stop, &sight, err));
    print_terms(&t->objective, &first, &last);
    *learned = train_overfit_judge(&t->objective, &first, &last, &sight);
    puts(*learned ? "learned by heart" : "NOT learned by heart");
    return NN_OK;
}
