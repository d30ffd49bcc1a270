/* overfit.c -- see overfit.h. */
#include "train/overfit.h"

#include <stdio.h>
#include <string.h>

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

static double decision_loss(const TrainObjective *o, const TrainStep *s)
{
    double sum = 0.0;
    for (int i = 0; i < o->n; i++)
        if (strcmp(o->terms[i].name, "rec") != 0) sum += (double)o->terms[i].weight * s->term[i];
    return sum;
}

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
    const TrainObjective *o = &s->trainer->objective;
    TrainStep first = { 0 }, last = { 0 };
    NN_TRY(trainer_start(s->trainer, err));
    train_progress_start(&s->progress, s->trainer);
    const NnStatus status = run_steps(s, &first, &last, err);
    train_progress_clear(&s->progress);
    if (status != NN_OK) return status;
    printf("%-10s %12s %12s\n", "term", "first step", "last step");
    for (int i = 0; i < o->n; i++) printf("%-10s %12.6f %12.6f\n", o->terms[i].name, first.term[i], last.term[i]);
    const double from = decision_loss(o, &first), to = decision_loss(o, &last);
    *learned = to < 0.1 * from;
    printf("%s: weighted loss without reconstruction from %.6f to %.6f\n",
           *learned ? "learned by heart" : "NOT learned by heart", from, to);
    return NN_OK;
}
