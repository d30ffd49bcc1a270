/* gradcam.c -- see gradcam.h. One graph, two plans: the detector, differentiated though frozen; and the resizing of the
 * small maps, which is the network's own op. */
#include "train/gradcam.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"
#include "nn/core/plan.h"
#include "nn/ops/arithmetic.h"
#include "nn/ops/rearrange.h"
#include "nn/ops/reduce.h"
#include "nn/ops/resample.h"

struct TrainGradcam {
    NnGraph *graph;
    NnPlan *plan, *resize;
    NnDetector detector;
    NnVar logit, logits; /* [N,1]; [1]: their sum over the images, none of which feels the others */
    NnVar layer;         /* [N,C,h,w] */
    NnVar small, large;  /* [N,1,h,w] and [N,1,size,size] */
    char *matters;       /* per node: do the logits depend on it? */
    int batch, size;
    TrainExplain explain;
};

/* ---- building ---- */

/* What the score is the sigmoid of. */
static NnVar logit_of_score(NnGraph *g, const NnDetector *d, NnScoreKind kind)
{
    if (kind != NN_SCORE_LATENT) return d->logit;
    return nn_sub(g, nn_slice(g, d->activity, 1, 1), nn_slice(g, d->activity, 0, 1));
}

/* Down the array: what an op that matters reads matters. */
static NnStatus mark_what_matters(TrainGradcam *c, NnErr *err)
{
    c->matters = nn_alloc((size_t)nn_graph_len(c->graph), 1);
    if (!c->matters) return nn_fail(err, NN_ERR_NOMEM, "out of memory for Grad-CAM");
    c->matters[c->logits.id] = 1;
    for (int id = c->logits.id; id >= 0; id--) {
        const NnNode *node = nn_graph_node(c->graph, id);
        for (int j = 0; c->matters[id] && j < node->n_in; j++) c->matters[node->in[j].id] = 1;
    }
    return NN_OK;
}

static int is_layer(const TrainGradcam *c, NnVar v)
{
    if (!nn_var_is_some(v) || !c->matters[v.id]) return 0;
    const NnNode *node = nn_graph_node(c->graph, v.id);
    return node->kind == NN_NODE_OP && node->shape.n == 4;
}

static NnStatus unknown_layer(const TrainGradcam *c, const char *name, NnErr *err)
{
    char known[512] = "";
    size_t len = 0;
    const char *last = "";
    for (int id = 0; id < c->logits.id && len < sizeof known; id++) {
        const NnNode *node = nn_graph_node(c->graph, id);
        if (!node->name[0] || !strcmp(node->name, last) || !is_layer(c, nn_graph_find(c->graph, node->name))) continue;
        last = node->name;
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", len ? ", " : "", last);
    }
    return nn_fail(err, NN_ERR_CONFIG,
                   "[gradcam] layer = \"%s\": not a layer of images [N,C,h,w] that the logit depends on; known: %s",
                   name, known);
}

static NnStatus build_graph(TrainGradcam *c, const TrainGradcamSpec *spec, NnErr *err)
{
    const char *name = spec->layer ? spec->layer : "";
    NnGraph *g = c->graph;
    const NnVar image = nn_graph_input(g, "image", (NnShape){ 4, { c->batch, 3, c->size, c->size } }, 0);
    c->detector = nn_detector_build(g, spec->model, image, NN_NONE);
    c->logit = logit_of_score(g, &c->detector, (NnScoreKind)spec->model->score);
    c->logits = nn_sum(g, c->logit, 0, 2);
    NN_TRY(nn_graph_status(g, err));
    NN_TRY(mark_what_matters(c, err));
    c->layer = name[0] ? nn_graph_find(g, name) : c->detector.latent;
    if (!is_layer(c, c->layer)) return unknown_layer(c, name, err);
    const NnShape s = nn_graph_shape(g, c->layer);
    c->small = nn_graph_input(g, "gradcam", (NnShape){ 4, { c->batch, 1, s.d[2], s.d[3] } }, 0);
    c->large = nn_resize_bilinear(g, c->small, c->size, c->size);
    return nn_graph_status(g, err);
}

static NnStatus build(TrainGradcam *c, const TrainGradcamSpec *spec, NnErr *err)
{
    c->graph = nn_graph_new(spec->params);
    if (!c->graph) return nn_fail(err, NN_ERR_NOMEM, "out of memory for Grad-CAM");
    NN_TRY(build_graph(c, spec, err));
    if (!nn_params_is_sealed(spec->params)) NN_TRY(nn_params_seal(spec->params, 0, err));
    const NnVar keep[] = { c->layer, c->logit };
    const NnPlanSpec look = { .train = 1,
                              .frozen = 1,
                              .loss = c->logits,
                              .keep = keep,
                              .n_keep = 2,
                              .keep_grad = &c->layer,
                              .n_keep_grad = 1,
                              .kernel = spec->kernel };
    const NnPlanSpec enlarge = { .loss = NN_NONE, .keep = &c->large, .n_keep = 1 };
    NN_TRY(nn_plan_new(c->graph, &look, &c->plan, err));
    return nn_plan_new(c->graph, &enlarge, &c->resize, err);
}

NnStatus train_gradcam_new(const TrainGradcamSpec *spec, TrainGradcam **out, NnErr *err)
{
    TrainGradcam *c = nn_alloc(1, sizeof *c);
    if (!c) return nn_fail(err, NN_ERR_NOMEM, "out of memory for Grad-CAM");
    c->batch = spec->batch, c->size = spec->size, c->explain = spec->explain;
    const NnStatus s = build(c, spec, err);
    if (s == NN_OK) *out = c;
    else train_gradcam_free(c);
    return s;
}

void train_gradcam_free(TrainGradcam *c)
{
    if (!c) return;
    nn_plan_free(c->resize);
    nn_plan_free(c->plan);
    nn_graph_free(c->graph);
    free(c->matters);
    free(c);
}

/* ---- looking ---- */

/* ReLU of the weighted channels of one image: A, dA [C,hw] -> small [hw]. sign -1: -logit is explained. */
static void weigh_channels(const float *A, const float *dA, float sign, int C, size_t hw, float *small)
{
    memset(small, 0, hw * sizeof *small);
    for (int c = 0; c < C; c++, A += hw, dA += hw) {
        double sum = 0;
        for (size_t i = 0; i < hw; i++) sum += (double)dA[i];
        const float weight = sign * (float)(sum / (double)hw);
        for (size_t i = 0; i < hw; i++) small[i] += weight * A[i];
    }
    for (size_t i = 0; i < hw; i++) small[i] = small[i] < 0 ? 0 : small[i]; /* NaN stays */
}

/* To [0,1] by its own smallest and largest value. */
static void scale(float *map, size_t n)
{
    float lo = map[0], hi = map[0], zero = 0; /* x * 0 is NaN for every x that is not finite */
    for (size_t i = 0; i < n; i++) {
        lo = map[i] < lo ? map[i] : lo;
        hi = map[i] > hi ? map[i] : hi;
        zero += map[i] * 0;
    }
    const float span = hi - lo;
    for (size_t i = 0; i < n; i++) map[i] = (span > 0 ? (map[i] - lo) / span : 0) + zero;
}

void train_gradcam_maps(TrainGradcam *c, const float *image, int n, float *map)
{
    const NnShape s = nn_graph_shape(c->graph, c->layer);
    const size_t hw = (size_t)s.d[2] * (size_t)s.d[3], chw = (size_t)s.d[1] * hw;
    const size_t pixels = (size_t)c->size * (size_t)c->size, N = (size_t)n, empty = (size_t)c->batch - N;
    float *input = nn_plan_data(c->plan, c->detector.image);
    memcpy(input, image, N * 3 * pixels * sizeof *input);
    memset(input + N * 3 * pixels, 0, empty * 3 * pixels * sizeof *input);
    nn_plan_forward(c->plan, 0);
    nn_plan_backward(c->plan, 1);
    const float *A = nn_plan_data(c->plan, c->layer), *dA = nn_plan_grad(c->plan, c->layer);
    const float *logit = nn_plan_data(c->plan, c->logit);
    float *small = nn_plan_data(c->resize, c->small);
    for (size_t i = 0; i < N; i++) {
        const float sign = c->explain == TRAIN_EXPLAIN_DECISION && logit[i] < 0 ? -1 : 1;
        weigh_channels(A + i * chw, dA + i * chw, sign, s.d[1], hw, small + i * hw);
    }
    memset(small + N * hw, 0, empty * hw * sizeof *small);
    nn_plan_forward(c->resize, 0);
    memcpy(map, nn_plan_data(c->resize, c->large), N * pixels * sizeof *map);
    for (size_t i = 0; i < N; i++) scale(map + i * pixels, pixels);
}
