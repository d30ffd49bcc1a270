/* objective.c -- the table of loss terms, and their weighted sum. */
#include "train/objective.h"

#include <string.h>

#include "nn/ops/activation.h"
#include "nn/ops/arithmetic.h"
#include "train/loss_classification.h"
#include "train/loss_interpretation.h"
#include "train/loss_latent.h"
#include "train/loss_reconstruction.h"

typedef NnVar LossBuilder(NnGraph *g, const NnDetector *d, const TrainInputs *in, const TrainLossSettings *s);

/* A new term is one line here, one row in [loss], and one file. */
static const struct {
    const char *name;
    size_t weight; /* offset in TrainLossSettings */
    LossBuilder *build;
    int masked; /* see TrainTerm */
} term_table[] = {
    { "rec", offsetof(TrainLossSettings, rec), train_loss_reconstruction, 0 },
    { "latent", offsetof(TrainLossSettings, latent), train_loss_latent, 0 },
    { "mask", offsetof(TrainLossSettings, mask), train_loss_interpretation, 1 },
    { "cls", offsetof(TrainLossSettings, cls), train_loss_classification, 0 },
};
#define N_TERMS (int)(sizeof term_table / sizeof *term_table)
_Static_assert(N_TERMS <= (int)TRAIN_MAX_TERMS, "raise TRAIN_MAX_TERMS");

TrainObjective train_objective_build(NnGraph *g, const NnDetector *d, const TrainInputs *in, const TrainLossSettings *s)
{
    TrainObjective o = { .total = NN_NONE };
    for (int i = 0; i < N_TERMS; i++) {
        float weight;
        memcpy(&weight, (const char *)s + term_table[i].weight, sizeof weight);
        if (weight <= 0) continue;
        const NnVar value = term_table[i].build(g, d, in, s);
        const NnVar part = nn_scale(g, value, weight, 0.0f);
        o.total = o.n ? nn_add(g, o.total, part) : part;
        o.terms[o.n++] = (TrainTerm){ term_table[i].name, weight, value, term_table[i].masked };
    }
    if (!o.n) nn_graph_fail(g, NN_ERR_CONFIG, "[loss] every weight is 0: nothing to minimise");
    return o;
}
