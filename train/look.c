/* look.c -- see look.h. */
#include "train/look.h"

static NnStatus look_at_batches(Trainer *t, NnPlan *plan, DataLoader *loader, const volatile sig_atomic_t *stop,
                                TrainLookVisit visit, void *self, NnErr *err)
{
    TrainLook look = { 0 };
    for (;;) {
        if (*stop) return nn_fail(err, NN_ERR_INTERRUPTED, "interrupted while looking at images");
        NN_TRY(data_loader_next(loader, &look.batch, err));
        if (!look.batch) return NN_OK;
        train_inputs_fill(&t->inputs, t->graph, plan, look.batch, TRAIN_MASKS_NONE);
        nn_plan_forward(plan, 0);
        look.latent = nn_plan_data(plan, t->detector.latent);
        look.activity = nn_plan_data(plan, t->detector.activity);
        look.score = nn_plan_data(plan, t->detector.score);
        look.map = nn_plan_data(plan, t->detector.map);
        NN_TRY(visit(self, &look, err));
        look.first += look.batch->n;
    }
}

NnStatus train_look(Trainer *t, const int *index, int n, const volatile sig_atomic_t *stop, TrainLookVisit visit,
                    void *self, NnErr *err)
{
    const NnDetector *d = &t->detector;
    const NnVar keep[] = { d->latent, d->activity, d->score, d->map };
    const NnPlanSpec plan_spec = { .loss = NN_NONE,
                                   .keep = keep,
                                   .n_keep = sizeof keep / sizeof *keep,
                                   .kernel = t->config.train.conv,
                                   .kernels = nn_plan_kernels(t->plan),
                                   .seed = (uint64_t)t->config.train.seed };
    const DataLoaderSpec spec = { .set = t->set,
                                  .index = index,
                                  .n_index = n,
                                  .batch = t->config.train.batch,
                                  .threads = t->config.data.threads,
                                  .seed = (uint64_t)t->config.train.seed };
    NnPlan *plan = NULL;
    DataLoader *loader = NULL;
    NnStatus status = nn_plan_new(t->graph, &plan_spec, &plan, err);
    if (status == NN_OK) status = data_loader_open(&spec, &loader, err);
    if (status == NN_OK) status = look_at_batches(t, plan, loader, stop, visit, self, err);
    data_loader_close(loader);
    nn_plan_free(plan);
    return status;
}
