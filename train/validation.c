/* validation.c -- judging a trainer's weights on the source validation split (see trainer.h). */
#include <math.h>

#include "nn/base/metrics.h"
#include "train/trainer.h"

/* Forward one batch; add its losses (times its number of images) and note its scores from place `first` on. */
static void judge_batch(Trainer *t, const DataBatch *batch, size_t first, TrainValidation *out)
{
    train_inputs_fill(&t->inputs, t->graph, t->val_plan, batch, t->config.loss.mask_on_real);
    nn_plan_forward(t->val_plan, 0);
    out->loss += batch->n * (double)nn_plan_data(t->val_plan, t->objective.total)[0];
    for (int i = 0; i < t->objective.n; i++)
        out->term[i] += batch->n * (double)nn_plan_data(t->val_plan, t->objective.terms[i].value)[0];
    const float *score = nn_plan_data(t->val_plan, t->detector.score);
    for (int i = 0; i < batch->n; i++) {
        t->score[first + (size_t)i] = score[i];
        t->truth[first + (size_t)i] = batch->label[i] > 0.5f;
    }
}

/* All batches; *n images were judged. */
static NnStatus judge_all(Trainer *t, DataLoader *loader, const volatile sig_atomic_t *stop, TrainValidation *out,
                          size_t *n, NnErr *err)
{
    const DataBatch *batch;
    for (*n = 0; !*stop; *n += (size_t)batch->n) {
        NN_TRY(data_loader_next(loader, &batch, err));
        if (!batch) {
            out->done = 1;
            return NN_OK;
        }
        judge_batch(t, batch, *n, out);
    }
    return NN_OK;
}

static NnStatus measure(Trainer *t, size_t n, TrainValidation *out, NnErr *err)
{
    NnScoreMetrics m;
    out->loss /= (double)n;
    for (int i = 0; i < t->objective.n; i++) out->term[i] /= (double)n;
    if (!isfinite(out->loss))
        return nn_fail(err, NN_ERR_NUMERIC, "step %lld: the validation loss is not finite", (long long)t->step);
    NN_TRY(nn_best_threshold(t->score, t->truth, n, &out->threshold, err));
    NN_TRY(nn_score_metrics(t->score, t->truth, n, out->threshold, &m, err));
    out->auc = m.auc, out->accuracy = m.accuracy;
    return NN_OK;
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
                                  .batch = c->train.batch,
                                  .threads = c->data.threads,
                                  .seed = (uint64_t)c->train.seed };
    DataLoader *loader;
    size_t n = 0;
    *out = (TrainValidation){ 0 };
    *better = 0;
    NN_TRY(data_loader_open(&spec, &loader, err));
    train_ema_swap(&t->ema, t->params);
    NnStatus status = judge_all(t, loader, stop, out, &n, err);
    train_ema_swap(&t->ema, t->params);
    data_loader_close(loader);
    if (status != NN_OK || !out->done) return status;
    NN_TRY(measure(t, n, out, err));
    *better = take_note(t, out);
    return NN_OK;
}
