/* train_inputs.c -- see train_inputs.h. */
#include "train/train_inputs.h"

#include <string.h>

TrainInputs train_inputs_make(NnGraph *g, int n, int size, int channels)
{
    return (TrainInputs){
        .image = nn_graph_input(g, "image", (NnShape){ 4, { n, 3, size, size } }, 0),
        .label = nn_graph_input(g, "label", (NnShape){ 2, { n, 1 } }, 0),
        .target = nn_graph_input(g, "target", (NnShape){ 2, { n, 2 } }, 0),
        .mask = nn_graph_input(g, "mask", (NnShape){ 4, { n, 1, size, size } }, 0),
        .weight = nn_graph_input(g, "weight", (NnShape){ 1, { n } }, 0),
        .mask_weight = nn_graph_input(g, "mask_weight", (NnShape){ 1, { n } }, 0),
        .select = nn_graph_input(g, "select", (NnShape){ 4, { n, channels, 1, 1 } }, 0),
        .changed_weight = NN_NONE,
        .changed_mask_weight = NN_NONE,
    };
}

TrainInputs train_inputs_changed(NnGraph *g, TrainInputs *in)
{
    const NnShape each = nn_graph_shape(g, in->weight);
    in->changed_weight = nn_graph_input(g, "changed_weight", each, 0);
    in->changed_mask_weight = nn_graph_input(g, "changed_mask_weight", each, 0);
    TrainInputs changed = *in;
    changed.weight = in->changed_weight, changed.mask_weight = in->changed_mask_weight;
    return changed;
}

/* The rows of an input from `first` on: copied from `from`, n of them, and all behind them 0. `each` is the number of
 * floats in a row. Returns where the copy lies; NULL if the plan does not need the input. */
static float *put_rows(const NnGraph *g, NnPlan *plan, NnVar v, size_t first, const float *from, size_t n)
{
    const NnShape s = nn_graph_shape(g, v);
    float *const data = nn_plan_data(plan, v);
    if (!data) return NULL;
    const size_t rows = (size_t)s.d[0], each = nn_shape_len(s) / rows;
    float *const to = data + first * each;
    if (from) memcpy(to, from, n * each * sizeof *to);
    else memset(to, 0, n * each * sizeof *to);
    memset(to + n * each, 0, (rows - first - n) * each * sizeof *to);
    return to;
}

static void fill_select(float *select, const float *label, size_t n, size_t channels)
{
    for (size_t i = 0; select && i < n; i++)
        for (size_t c = 0; c < channels; c++)
            select[i * channels + c] = (c >= channels / 2) == (label[i] > 0.5f) ? 1.0f : 0.0f;
}

float train_inputs_mask_counts(const DataBatch *b, size_t i, TrainMaskUse use)
{
    return use == TRAIN_MASKS_ALL || (use == TRAIN_MASKS_FORGED && b->label[i] > 0.5f) ? b->has_mask[i] : 0.0f;
}

/* The batch in the rows from `first` on. */
static void put_batch(const TrainInputs *in, const NnGraph *g, NnPlan *plan, size_t first, const DataBatch *b,
                      TrainMaskUse use, const float *image, float weight)
{
    const size_t n = (size_t)b->n;
    put_rows(g, plan, in->image, first, image, n);
    put_rows(g, plan, in->mask, first, b->mask, n);
    put_rows(g, plan, in->label, first, b->label, n);
    float *const target = put_rows(g, plan, in->target, first, NULL, n);
    float *const each = put_rows(g, plan, in->weight, first, NULL, n);
    float *const masked = put_rows(g, plan, in->mask_weight, first, NULL, n);
    fill_select(put_rows(g, plan, in->select, first, NULL, n), b->label, n, (size_t)nn_graph_shape(g, in->select).d[1]);
    for (size_t i = 0; i < n; i++) {
        if (target) target[2 * i] = 1.0f - b->label[i], target[2 * i + 1] = b->label[i];
        if (each) each[i] = weight;
        if (masked) masked[i] = weight * train_inputs_mask_counts(b, i, use);
    }
}

void train_inputs_fill(const TrainInputs *in, const NnGraph *g, NnPlan *plan, const DataBatch *batch, TrainMaskUse use)
{
    put_batch(in, g, plan, 0, batch, use, batch->image, 1.0f);
}

void train_inputs_fill_changed(const TrainInputs *in, const NnGraph *g, NnPlan *plan, const DataBatch *batch,
                               TrainMaskUse use, const float *image, float weight)
{
    const size_t n = (size_t)batch->n;
    put_batch(in, g, plan, n, batch, use, image, weight);
    put_rows(g, plan, in->changed_weight, 0, NULL, n);
    put_rows(g, plan, in->changed_mask_weight, 0, NULL, n);
    float *const each = put_rows(g, plan, in->changed_weight, n, NULL, n);
    float *const masked = put_rows(g, plan, in->changed_mask_weight, n, NULL, n);
    for (size_t i = 0; i < n; i++) {
        if (each) each[i] = 1.0f;
        if (masked) masked[i] = train_inputs_mask_counts(batch, i, use);
    }
}
