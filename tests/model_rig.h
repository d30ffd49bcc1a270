/* model_rig.h -- what the tests of networks share: a detector in a graph of its own, its plan, its image. */
#ifndef MODEL_RIG_H
#define MODEL_RIG_H
#include <stdio.h>

#include "nn/base/blas.h"
#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "nn/core/plan.h"
#include "nn/model/detector.h"
#include "tests/check_main.h"

static inline void setup(void)
{
    NnErr err = { 0 };
    ck_assert_msg(nn_blas_init(&err) == NN_OK, "%s", err.msg);
    nn_threads_set(1); /* these networks are too small to share; threads that wait would only get in the way */
}

static inline NnModelSettings model_settings(const char *network)
{
    NnModelSettings s;
    nn_settings_defaults(&(NnBinding){ &nn_model_section, &s }, 1);
    snprintf(s.network, sizeof s.network, "%s", network);
    return s;
}

/* A detector in a graph of its own, with or without a selection block. */
typedef struct {
    NnParams *params;
    NnGraph *graph;
    NnDetector det;
    NnVar select;
} Model;

static inline NnVar image_input(NnGraph *g, int N, int H, int W)
{
    return nn_graph_input(g, "image", (NnShape){ 4, { N, 3, H, W } }, 0);
}

static inline Model build(const NnModelSettings *s, int N, int H, int W, int with_select)
{
    Model m = { .params = nn_params_new(), .select = NN_NONE };
    m.graph = nn_graph_new(m.params);
    const NnVar image = image_input(m.graph, N, H, W);
    if (with_select) {
        const NnShape shape = { 4, { N, nn_detector_latent_channels(s), 1, 1 } };
        m.select = nn_graph_input(m.graph, "select", shape, 0);
    }
    m.det = nn_detector_build(m.graph, s, image, m.select);
    return m;
}

static inline void seal(Model *m)
{
    NnErr err = { 0 };
    ck_assert_msg(nn_graph_status(m->graph, &err) == NN_OK, "%s", err.msg);
    ck_assert_msg(nn_params_seal(m->params, 7, &err) == NN_OK, "%s", err.msg);
}

static inline void release(Model *m)
{
    nn_graph_free(m->graph);
    nn_params_free(m->params);
}

static inline NnPlan *make_plan(const Model *m, NnPlanSpec spec)
{
    NnPlan *plan = NULL;
    NnErr err = { 0 };
    ck_assert_msg(nn_plan_new(m->graph, &spec, &plan, &err) == NN_OK, "%s", err.msg);
    return plan;
}

static inline void fill_uniform(float *x, size_t len, float lo, float hi, uint32_t item)
{
    NnRng r = nn_rng_make(11, NN_STREAM_TEST, 0, item);
    for (size_t i = 0; i < len; i++) x[i] = nn_rng_range(&r, lo, hi);
}

static inline void fill_image(NnPlan *plan, const Model *m)
{
    fill_uniform(nn_plan_data(plan, m->det.image), nn_shape_len(nn_graph_shape(m->graph, m->det.image)), -1, 1, 1);
}

#endif
