/* conv_ours.c -- see conv_ours.h. */
#include "tests/bench/conv_ours.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"
#include "nn/core/plan.h"
#include "nn/ops/conv.h"
#include "nn/ops/reduce.h"

typedef struct {
    const NnKernel *kernel;
    NnConvAttr attr;
    NnShape xs[2], ys;
    const ConvData *data;
    float *y, *dx, *dw, *saved, *scratch;
    size_t dx_len, dw_len;
} Ours;

/* A graph of this one convolution, to ask a plan which kernel it would take. */
static NnStatus choose(const Ours *o, const char *kernel, char *name, size_t size, NnShape *ys, NnErr *err)
{
    NnParams *params = nn_params_new();
    NnGraph *g = params ? nn_graph_new(params) : NULL;
    NnPlan *plan = NULL;
    NnStatus s = g ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory");
    if (g) {
        const NnVar x = nn_graph_input(g, "x", o->xs[0], 1);
        const NnVar w = nn_graph_param(g, "w", o->xs[1], (NnInit){ .kind = NN_INIT_ZERO }, NN_PARAM_TRAIN);
        const NnVar y = nn_conv2d(g, x, w, NN_NONE, o->attr);
        const NnPlanSpec spec = { .train = 1, .loss = nn_mean(g, y, 0, 4), .kernel = kernel, .unfused = 1 };
        s = nn_plan_new(g, &spec, &plan, err);
        if (s == NN_OK) snprintf(name, size, "%s", nn_plan_kernel(plan, y.id)), *ys = nn_graph_shape(g, y);
    }
    nn_plan_free(plan);
    nn_graph_free(g);
    nn_params_free(params);
    return s;
}

static void run(void *self, ConvDirection d)
{
    const Ours *o = self;
    const NnOp *op = &nn_op_conv2d;
    const NnFwd f = { .n_in = 2,
                      .x = { o->data->x, o->data->w },
                      .xs = { o->xs[0], o->xs[1] },
                      .y = o->y,
                      .ys = o->ys,
                      .saved = o->saved,
                      .scratch = o->scratch,
                      .attr = &o->attr,
                      .how = o->kernel->how,
                      .step = { .train = 1 } };
    NnBwd b = { .n_in = 2,
                .x = { f.x[0], f.x[1] },
                .xs = { f.xs[0], f.xs[1] },
                .y = o->y,
                .dy = o->data->dy,
                .ys = o->ys,
                .fresh = op->overwrites & 1,
                .saved = o->saved,
                .scratch = o->scratch,
                .attr = &o->attr,
                .how = o->kernel->how,
                .step = f.step };
    if (d == CONV_INPUT_GRADIENT) b.dx[0] = o->dx;
    if (d == CONV_WEIGHT_GRADIENT) b.dx[1] = o->dw;
    if (d == CONV_FORWARD) o->kernel->forward(&f);
    else o->kernel->backward(&b);
}

/* Gradients are added up from run to run: for this they begin from 0. */
static const float *result(void *self, ConvDirection d)
{
    const Ours *o = self;
    memset(o->dx, 0, o->dx_len * sizeof *o->dx);
    memset(o->dw, 0, o->dw_len * sizeof *o->dw);
    run(self, d);
    return d == CONV_FORWARD ? o->y : d == CONV_INPUT_GRADIENT ? o->dx : o->dw;
}

static void ours_free(void *self)
{
    Ours *o = self;
    free(o->y);
    free(o->dx);
    free(o->dw);
    free(o->saved);
    free(o->scratch);
    free(o);
}

static const NnKernel *find(const char *name)
{
    for (int i = 0; i < nn_op_conv2d.n_kernels; i++)
        if (strcmp(nn_op_conv2d.kernels[i].name, name) == 0) return &nn_op_conv2d.kernels[i];
    return NULL;
}

static NnStatus prepare(Ours *o, const ConvCase *c, const char *kernel, char *name, size_t size, NnErr *err)
{
    NN_TRY(choose(o, kernel, name, size, &o->ys, err));
    const NnOp *op = &nn_op_conv2d;
    const NnKernel *k = o->kernel = find(name);
    if (!k) return nn_fail(err, NN_ERR_CONFIG, "the plan chose \"%s\", which conv2d does not have", name);
    if (o->ys.d[2] != o->data->Ho || o->ys.d[3] != o->data->Wo)
        return nn_fail(err, NN_ERR_SHAPE, "conv2d gives %dx%d, expected %dx%d: is upsample = %d obeyed?", o->ys.d[2],
                       o->ys.d[3], o->data->Ho, o->data->Wo, c->upsample);
    o->dx_len = nn_shape_len(o->xs[0]), o->dw_len = nn_shape_len(o->xs[1]);
    o->y = conv_floats(nn_shape_len(o->ys)), o->dx = conv_floats(o->dx_len), o->dw = conv_floats(o->dw_len);
    o->saved = conv_floats(op->saved ? op->saved(o->xs, 2, o->ys, &o->attr) : 1);
    o->scratch = conv_floats(k->scratch ? k->scratch(o->xs, 2, o->ys, &o->attr, k->how) : 1);
    if (o->y && o->dx && o->dw && o->saved && o->scratch) return NN_OK;
    return nn_fail(err, NN_ERR_NOMEM, "out of memory");
}

NnStatus conv_ours_open(const ConvCase *c, const ConvData *data, const char *kernel, ConvContestant *out, NnErr *err)
{
    Ours *o = nn_alloc(1, sizeof *o);
    if (!o) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    *o =
        (Ours){ .data = data,
                .xs = { { 4, { c->N, c->C, c->H, c->W } }, { 4, { c->O, c->C, c->K, c->K } } },
                .attr = { .stride = c->stride, .pad = c->K / 2, .dilation = 1, .groups = 1, .upsample = c->upsample } };
    *out = (ConvContestant){ .self = o, .run = run, .result = result, .free = ours_free };
    snprintf(out->name, sizeof out->name, "ours-%s", kernel);
    const NnStatus s = prepare(o, c, kernel, out->kernel, sizeof out->kernel, err);
    if (s != NN_OK) ours_free(o);
    return s;
}
