/* validation.c -- judging a trainer's weights on the source validation split (see trainer.h). */
#include <math.h>
#include <string.h>

#include "nn/base/metrics.h"
#include "train/trainer.h"

/* A validation under way. */
typedef struct {
    Trainer *trainer;
    size_t n;                      /* images judged */
    double term[TRAIN_MAX_TERMS];  /* sum over the images that count in the term, */
    double count[TRAIN_MAX_TERMS]; /* and how many these are */
} Tally;

/* How many images of the batch in the plan a term is the mean of. */
static double images_of_term(const Trainer *t, const TrainTerm *term, const DataBatch *batch)
{
    double sum = 0.0;
    if (!term->masked) return batch->n;
    const float *weight = nn_plan_data(t->val_plan, t->inputs.mask_weight);
    for (int i = 0; i < batch->n; i++) sum += (double)weight[i];
    return sum;
}

/* Forward one batch; add its losses and note its scores. */
static void judge_batch(Tally *y, const DataBatch *batch)
{
    Trainer *t = y->trainer;
    train_inputs_fill(&t->inputs, t->graph, t->val_plan, batch, t->val_masks);
    nn_plan_forward(t->val_plan, 0);
    for (int i = 0; i < t->objective.n; i++) {
        const double images = images_of_term(t, &t->objective.terms[i], batch);
        y->term[i] += images * (double)nn_plan_data(t->val_plan, t->objective.terms[i].value)[0];
        y->count[i] += images;
    }
    const float *score = nn_plan_data(t->val_plan, t->detector.score);
    for (int i = 0; i < batch->n; i++) {
        t->score[y->n] = score[i];
        t->truth[y->n++] = batch->label[i] > 0.5f;
    }
}

/* All batches; *done says whether it came to the end. */
static NnStatus judge_all(Tally *y, DataLoader *loader, const volatile sig_atomic_t *stop, int *done, NnErr *err)
{
    const DataBatch *batch;
    while (!*stop) {
        NN_TRY(data_loader_next(loader, &batch, err));
        *done = !batch;
        if (!batch) return NN_OK;
        judge_batch(y, batch);
    }
    return NN_OK;
}

static NnStatus measure(const Tally *y, TrainValidation *out, NnErr *err)
{
    NnScoreMetrics m;
    const Trainer *t = y->trainer;
    for (int i = 0; i < t->objective.n; i++) {
        out->term[i] = y->count[i] > 0 ? y->term[i] / y->count[i] : 0.0;
        out->loss += (double)t->objective.terms[i].weight * out->term[i];
    }
    if (!isfinite(out->loss))
        return nn_fail(err, NN_ERR_NUMERIC, "step %lld: the validation loss is not finite", (long long)t->step);
    NN_TRY(nn_best_threshold(t->score, t->truth, y->n, &out->threshold, err));
    NN_TRY(nn_score_metrics(t->score, t->truth, y->n, out->threshold, &m, err));
    out->auc = m.auc, out->accuracy = m.accuracy;
    return NN_OK;
}

/* Keep what the threshold was chosen on: a later validation that is given up writes into the scratch. */
static void keep_scores(const Tally *y)
{
    Trainer *t = y->trainer;
    t->n_judged = (int)y->n;
    memcpy(t->judged_score, t->score, y->n * sizeof *t->score);
    for (size_t i = 0; i < y->n; i++) t->judged_label[i] = t->truth[i];
}

static int take_note(Trainer *t, const TrainValidation *v)
{
    const double value = t->config.train.best == TRAIN_BEST_AUC ? v->auc : -v->loss;
    const int better = value > t->best;
    if (better) t->best = value;
    t->stale = better ? 0 : t->stale + 1;
    t->threshold = v->threshold;
    t->validated = t->step;
    train_plateau_update(&t->plateau, &t->config.optim, better);
    return better;
}

NnStatus trainer_validate(Trainer *t, const volatile sig_atomic_t *stop, TrainValidation *out, int *better, NnErr *err)
{
    const TrainConfig *c = &t->config;
    const DataLoaderSpec spec = { .set = t->set,
                                  .index = t->val,
                                  .n_index = t->n_val,
                                  .batch = trainer_rows(t),
                                  .threads = c->data.threads,
                                  .seed = (uint64_t)c->train.seed };
    DataLoader *loader;
    Tally tally = { .trainer = t };
    *out = (TrainValidation){ 0 };
    *better = 0;
    NN_TRY(data_loader_open(&spec, &loader, err));
    train_ema_swap(&t->ema, t->params);
    NnStatus status = judge_all(&tally, loader, stop, &out->done, err);
    train_ema_swap(&t->ema, t->params);
    data_loader_close(loader);
    if (status != NN_OK || !out->done) return status;
    NN_TRY(measure(&tally, out, err));
    keep_scores(&tally);
    *better = take_note(t, out);
    return NN_OK;
}
