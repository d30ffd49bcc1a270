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
    };
}

/* Copy the rows of the n images present; the empty places become 0. */
static void copy_rows(float *to, const float *from, size_t rows, size_t n, size_t width)
{
    if (!to) return;
    memcpy(to, from, n * width * sizeof *to);
    memset(to + n * width, 0, (rows - n) * width * sizeof *to);
}

static void fill_select(float *select, const float *label, size_t n, size_t channels)
{
    if (!select) return;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < channels; c++)
            select[i * channels + c] = (c >= channels / 2) == (label[i] > 0.5f) ? 1.0f : 0.0f;
}

static int counts(float label, TrainMaskUse use)
{
    return use == TRAIN_MASKS_ALL || (use == TRAIN_MASKS_FORGED && label > 0.5f);
}

static void fill_per_image(const TrainInputs *in, NnPlan *plan, const DataBatch *b, size_t rows, TrainMaskUse use)
{
    float *target = nn_plan_data(plan, in->target), *weight = nn_plan_data(plan, in->weight);
    float *mask_weight = nn_plan_data(plan, in->mask_weight);
    for (size_t i = 0; i < rows; i++) {
        const int present = i < (size_t)b->n;
        const float label = present ? b->label[i] : 0.0f;
        if (target) target[2 * i] = 1.0f - label, target[2 * i + 1] = label;
        if (weight) weight[i] = present ? 1.0f : 0.0f;
        if (mask_weight) mask_weight[i] = present && counts(label, use) ? b->has_mask[i] : 0.0f;
    }
}

void train_inputs_fill(const TrainInputs *in, const NnGraph *g, NnPlan *plan, const DataBatch *batch, TrainMaskUse use)
{
    const NnShape image = nn_graph_shape(g, in->image), select = nn_graph_shape(g, in->select);
    const size_t rows = (size_t)image.d[0], n = (size_t)batch->n, pixels = (size_t)image.d[2] * (size_t)image.d[3];
    copy_rows(nn_plan_data(plan, in->image), batch->image, rows, n, 3 * pixels);
    copy_rows(nn_plan_data(plan, in->mask), batch->mask, rows, n, pixels);
    copy_rows(nn_plan_data(plan, in->label), batch->label, rows, n, 1);
    fill_per_image(in, plan, batch, rows, use);
    if (nn_plan_data(plan, in->select)) {
        memset(nn_plan_data(plan, in->select), 0, nn_shape_len(select) * sizeof(float));
        fill_select(nn_plan_data(plan, in->select), batch->label, n, (size_t)select.d[1]);
    }
}
