/* test_model.c -- every network: shapes, weights, failures, maps, selection block, gradients, summary. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "nn/core/plan.h"
#include "nn/model/detector.h"
#include "nn/ops/activation.h"
#include "nn/ops/arithmetic.h"
#include "nn/ops/loss_ops.h"
#include "tests/check_main.h"

static void setup(void)
{
    NnErr err = { 0 };
    ck_assert_msg(nn_blas_init(&err) == NN_OK, "%s", err.msg);
    nn_threads_set(1); /* these networks are too small to share; threads that wait would only get in the way */
}

static NnModelSettings model_settings(const char *network)
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

static NnVar image_input(NnGraph *g, int N, int H, int W)
{
    return nn_graph_input(g, "image", (NnShape){ 4, { N, 3, H, W } }, 0);
}

static Model build(const NnModelSettings *s, int N, int H, int W, int with_select)
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

static void seal(Model *m)
{
    NnErr err = { 0 };
    ck_assert_msg(nn_graph_status(m->graph, &err) == NN_OK, "%s", err.msg);
    ck_assert_msg(nn_params_seal(m->params, 7, &err) == NN_OK, "%s", err.msg);
}

static void release(Model *m)
{
    nn_graph_free(m->graph);
    nn_params_free(m->params);
}

static NnPlan *make_plan(const Model *m, NnPlanSpec spec)
{
    NnPlan *plan = NULL;
    NnErr err = { 0 };
    ck_assert_msg(nn_plan_new(m->graph, &spec, &plan, &err) == NN_OK, "%s", err.msg);
    return plan;
}

static void fill_uniform(float *x, size_t len, float lo, float hi, uint32_t item)
{
    NnRng r = nn_rng_make(11, NN_STREAM_TEST, 0, item);
    for (size_t i = 0; i < len; i++) x[i] = nn_rng_range(&r, lo, hi);
}

static void fill_image(NnPlan *plan, const Model *m)
{
    fill_uniform(nn_plan_data(plan, m->det.image), nn_shape_len(nn_graph_shape(m->graph, m->det.image)), -1, 1, 1);
}

static void assert_shape(const Model *m, NnVar v, NnShape want)
{
    const NnShape s = nn_graph_shape(m->graph, v);
    char a[64], b[64];
    ck_assert_msg(nn_shape_equal(s, want), "shape %s, want %s", nn_shape_text(s, a), nn_shape_text(want, b));
}

static void assert_shapes(const Model *m, int C, int N, int H, int W)
{
    const NnDetector *d = &m->det;
    assert_shape(m, d->latent, (NnShape){ 4, { N, C, H / 16, W / 16 } });
    assert_shape(m, d->activity, (NnShape){ 2, { N, 2 } });
    assert_shape(m, d->logit, (NnShape){ 2, { N, 1 } });
    assert_shape(m, d->score, (NnShape){ 2, { N, 1 } });
    assert_shape(m, d->map, (NnShape){ 4, { N, 1, H, W } });
    assert_shape(m, d->map_logit, (NnShape){ 4, { N, 1, H, W } });
    assert_shape(m, d->recon, (NnShape){ 4, { N, 3, H, W } });
}

/* Each network at two sizes, one of them not square, and for both inputs. */
START_TEST(every_network_builds)
{
    for (int input = NN_INPUT_RGB; input <= NN_INPUT_RESIDUAL; input++) {
        NnModelSettings s = model_settings(nn_arch_table[_i].name);
        const int C = nn_detector_latent_channels(&s);
        ck_assert_int_eq(C, nn_arch_table[_i].latent_channels);
        s.input = input;
        Model small = build(&s, 2, 64, 64, 0), large = build(&s, 1, 128, 96, 1);
        seal(&small);
        seal(&large);
        assert_shapes(&small, C, 2, 64, 64);
        assert_shapes(&large, C, 1, 128, 96);
        ck_assert_uint_eq(nn_params_weights(small.params), nn_params_weights(large.params));
        release(&small);
        release(&large);
    }
}
END_TEST

START_TEST(weights_are_counted)
{
    static const struct {
        const char *network;
        size_t rgb, residual;
    } want[] = {
        { "lae_small", 197132, 197564 },
        { "lae_deep", 295540, 295972 },
        { "lae_base", 3150772, 3152500 },
    };
    ck_assert_int_eq(nn_arch_count, sizeof want / sizeof *want);
    for (int i = 0; i < nn_arch_count; i++) {
        NnModelSettings s = model_settings(want[i].network);
        Model residual = build(&s, 1, 64, 64, 0);
        s.input = NN_INPUT_RGB;
        Model rgb = build(&s, 1, 64, 64, 0);
        seal(&rgb);
        seal(&residual);
        ck_assert_uint_eq(nn_params_weights(rgb.params), want[i].rgb);
        ck_assert_uint_eq(nn_params_weights(residual.params), want[i].residual);
        release(&rgb);
        release(&residual);
    }
}
END_TEST

/* Names as PyTorch's, flags as the optimiser needs them. */
START_TEST(parameters_are_named_and_flagged)
{
    static const struct {
        const char *name;
        int flags;
    } want[] = {
        { "encoder.0.conv.weight", NN_PARAM_TRAIN | NN_PARAM_DECAY },
        { "encoder.0.bn.weight", NN_PARAM_TRAIN },
        { "encoder.0.bn.running_mean", 0 },
        { "encoder.1.conv1.weight", NN_PARAM_TRAIN | NN_PARAM_DECAY },
        { "encoder.1.bn2.bias", NN_PARAM_TRAIN },
        { "encoder.1.downsample.0.weight", NN_PARAM_TRAIN | NN_PARAM_DECAY },
        { "encoder.1.downsample.1.running_var", 0 },
        { "decoder.4.conv.bias", NN_PARAM_TRAIN },
        { "head.weight", NN_PARAM_TRAIN | NN_PARAM_DECAY },
        { "head.bias", NN_PARAM_TRAIN },
    };
    const NnModelSettings s = model_settings("lae_base");
    Model m = build(&s, 1, 64, 64, 0);
    seal(&m);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const int at = nn_params_find(m.params, want[i].name);
        ck_assert_msg(at >= 0, "%s is missing", want[i].name);
        ck_assert_int_eq(nn_params_at(m.params, at)->flags, want[i].flags);
    }
    ck_assert_int_lt(nn_params_find(m.params, "encoder.0.conv.bias"), 0);
    ck_assert_int_lt(nn_params_find(m.params, "encoder.2.downsample.0.weight"), 0);
    release(&m);
}
END_TEST

static void assert_fails(const NnModelSettings *s, int H, int W, NnStatus status, const char *const *parts)
{
    Model m = build(s, 2, H, W, 0);
    NnErr err = { 0 };
    ck_assert_int_eq(nn_graph_status(m.graph, &err), status);
    for (; *parts; parts++) ck_assert_msg(strstr(err.msg, *parts), "\"%s\" lacks \"%s\"", err.msg, *parts);
    ck_assert(!nn_var_is_some(m.det.logit) && !nn_var_is_some(m.det.map) && !nn_var_is_some(m.det.recon));
    release(&m);
}

START_TEST(bad_sizes_fail_with_a_message)
{
    for (int i = 0; i < nn_arch_count; i++) {
        const NnModelSettings s = model_settings(nn_arch_table[i].name);
        const char *const odd[] = { nn_arch_table[i].name, "65", "multiples of 16", NULL };
        assert_fails(&s, 65, 64, NN_ERR_SHAPE, odd);
        assert_fails(&s, 64, 65, NN_ERR_SHAPE, odd);
        assert_fails(&s, 0, 64, NN_ERR_SHAPE, (const char *const[]){ "image", "[2,3,0,64]", NULL });
    }
}
END_TEST

START_TEST(an_image_of_another_form_fails)
{
    const NnModelSettings s = model_settings("lae_small");
    NnParams *p = nn_params_new();
    NnGraph *g = nn_graph_new(p);
    NnErr err = { 0 };
    nn_detector_build(g, &s, nn_graph_input(g, "image", (NnShape){ 4, { 1, 1, 64, 64 } }, 0), NN_NONE);
    ck_assert_int_eq(nn_graph_status(g, &err), NN_ERR_SHAPE);
    ck_assert_msg(strstr(err.msg, "[1,1,64,64], expected [N,3,H,W]"), "gave: %s", err.msg);
    nn_graph_free(g);
    nn_params_free(p);
}
END_TEST

START_TEST(an_unknown_network_lists_the_known_ones)
{
    const char *const parts[] = { "\"lae_smal\": unknown", "lae_small, lae_deep, lae_base", "did you mean lae_small",
                                  NULL };
    const NnModelSettings s = model_settings("lae_smal");
    assert_fails(&s, 64, 64, NN_ERR_CONFIG, parts);
    ck_assert_int_eq(nn_detector_latent_channels(&s), -1);
}
END_TEST

START_TEST(a_clip_of_nothing_is_refused)
{
    NnModelSettings s = model_settings("lae_small");
    s.residual_clip = 0;
    assert_fails(&s, 64, 64, NN_ERR_CONFIG, (const char *const[]){ "residual_clip", NULL });
}
END_TEST

/* The map of activations reaches 1 on every image: its hottest part would call all of them forged. */
START_TEST(a_region_of_the_activation_map_is_refused)
{
    NnModelSettings s = model_settings("lae_small");
    s.score = NN_SCORE_REGION, s.map = NN_MAP_ACTIVATION;
    assert_fails(&s, 64, 64, NN_ERR_CONFIG, (const char *const[]){ "score = region", "expected map = cam", NULL });
    s.map = NN_MAP_CAM, s.score_region = 1.5f;
    assert_fails(&s, 64, 64, NN_ERR_CONFIG, (const char *const[]){ "part = 1.5", NULL });
}
END_TEST

static void assert_in_unit_range(const float *x, size_t len)
{
    for (size_t i = 0; i < len; i++) ck_assert_msg(x[i] >= 0 && x[i] <= 1, "element %zu is %g", i, (double)x[i]);
}

/* Every combination of score and map, in inference. */
START_TEST(scores_and_maps_are_in_unit_range)
{
    NnModelSettings s = model_settings("lae_small");
    s.score = _i & 1;
    s.map = _i >> 1;
    Model m = build(&s, 3, 32, 48, 0);
    seal(&m);
    ck_assert_int_eq(nn_var_is_some(m.det.map_logit), s.map == NN_MAP_CAM);
    const NnVar keep[] = { m.det.score, m.det.map };
    NnPlan *plan = make_plan(&m, (NnPlanSpec){ .loss = NN_NONE, .keep = keep, .n_keep = 2 });
    fill_image(plan, &m);
    nn_plan_forward(plan, 0);
    const float *map = nn_plan_data(plan, m.det.map);
    assert_in_unit_range(nn_plan_data(plan, m.det.score), 3);
    assert_in_unit_range(map, 3 * 32 * 48);
    float lo = 1, hi = 0;
    for (int i = 0; i < 3 * 32 * 48; i++) lo = fminf(lo, map[i]), hi = fmaxf(hi, map[i]);
    ck_assert_msg(hi > lo, "the map is flat");
    nn_plan_free(plan);
    release(&m);
}
END_TEST

static double mean_of(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i];
    return sum / (double)n;
}

static float *parameter(const Model *m, const char *name)
{
    return nn_params_values(m->params) + nn_params_at(m->params, nn_params_find(m->params, name))->offset;
}

/* activity, logit and score by their definitions, from the latent that the plan itself gives. */
START_TEST(score_follows_from_the_latent)
{
    enum { N = 2, C = 128, P = 2 * 2 };
    NnModelSettings s = model_settings("lae_small");
    s.score = NN_SCORE_LATENT;
    Model m = build(&s, N, 32, 32, 0);
    seal(&m);
    const NnVar keep[] = { m.det.latent, m.det.activity, m.det.logit, m.det.score };
    NnPlan *plan = make_plan(&m, (NnPlanSpec){ .loss = NN_NONE, .keep = keep, .n_keep = 4 });
    fill_image(plan, &m);
    nn_plan_forward(plan, 0);
    const float *h = nn_plan_data(plan, m.det.latent), *a = nn_plan_data(plan, m.det.activity);
    const float *w = parameter(&m, "head.weight"), *b = parameter(&m, "head.bias");
    for (int n = 0; n < N; n++) {
        const double a0 = mean_of(h + n * C * P, C / 2 * P), a1 = mean_of(h + (n * C + C / 2) * P, C / 2 * P);
        double logit = (double)b[0];
        for (int c = 0; c < C; c++) logit += (double)w[c] * mean_of(h + (n * C + c) * P, P);
        ck_assert_float_eq_tol(a[2 * n], (float)a0, 1e-5f);
        ck_assert_float_eq_tol(a[2 * n + 1], (float)a1, 1e-5f);
        ck_assert_float_eq_tol(nn_plan_data(plan, m.det.logit)[n], (float)logit, 1e-5f);
        ck_assert_float_eq_tol(nn_plan_data(plan, m.det.score)[n], (float)(1 / (1 + exp(a0 - a1))), 1e-5f);
    }
    nn_plan_free(plan);
    release(&m);
}
END_TEST

static int falling(const void *a, const void *b)
{
    const float p = *(const float *)a, q = *(const float *)b;
    return (p < q) - (p > q);
}

/* A tenth of 32 x 48 pixels is 153.6, so 154 of them. The map's level is that of its own bias; the unit's own is there,
 * and moves nothing. */
START_TEST(the_score_of_a_region_is_the_mean_of_its_hottest_pixels)
{
    enum { N = 3, PIXELS = 32 * 48, TENTH = 154 };
    NnModelSettings s = model_settings("lae_small");
    s.score = NN_SCORE_REGION;
    s.map_bias = NN_MAP_BIAS_OWN;
    Model m = build(&s, N, 32, 48, 0);
    seal(&m);
    const NnVar keep[] = { m.det.map_logit, m.det.logit, m.det.score };
    NnPlan *plan = make_plan(&m, (NnPlanSpec){ .loss = NN_NONE, .keep = keep, .n_keep = 3 });
    static float sorted[PIXELS];
    for (int round = 0; round < 2; round++) {
        *parameter(&m, "head.bias") = 100;
        *parameter(&m, "map.bias") = (float)round;
        fill_image(plan, &m);
        nn_plan_forward(plan, 0);
        for (int n = 0; n < N; n++) {
            memcpy(sorted, nn_plan_data(plan, m.det.map_logit) + n * PIXELS, sizeof sorted);
            qsort(sorted, PIXELS, sizeof *sorted, falling);
            const double hottest = mean_of(sorted, TENTH);
            ck_assert(hottest > mean_of(sorted, PIXELS) + 1e-4 && hottest < (double)sorted[0]);
            ck_assert_float_eq_tol(nn_plan_data(plan, m.det.logit)[n], (float)hottest, 1e-5f);
            ck_assert_float_eq_tol(nn_plan_data(plan, m.det.score)[n], (float)(1 / (1 + exp(-hottest))), 1e-5f);
        }
    }
    nn_plan_free(plan);
    release(&m);
}
END_TEST

/* Checkpoints of one kind of score fit networks of another. */
START_TEST(parameters_are_the_same_whatever_the_score)
{
    NnModelSettings s = model_settings("lae_small");
    s.map_bias = NN_MAP_BIAS_OWN;
    Model logit = build(&s, 1, 32, 32, 0);
    s.score = NN_SCORE_REGION;
    Model region = build(&s, 1, 32, 32, 0);
    seal(&logit);
    seal(&region);
    ck_assert_int_eq(nn_params_count(logit.params), nn_params_count(region.params));
    for (int i = 0; i < nn_params_count(logit.params); i++)
        ck_assert_str_eq(nn_params_at(logit.params, i)->name, nn_params_at(region.params, i)->name);
    const size_t bytes = nn_params_len(logit.params) * sizeof(float);
    ck_assert_int_eq(memcmp(nn_params_values(logit.params), nn_params_values(region.params), bytes), 0);
    release(&logit);
    release(&region);
}
END_TEST

/* On a constant latent the class activation map is the score everywhere: a 16-pixel image has one latent position. */
START_TEST(cam_of_one_position_is_the_score)
{
    const NnModelSettings s = model_settings("lae_small");
    Model m = build(&s, 2, 16, 16, 0);
    seal(&m);
    const NnVar keep[] = { m.det.score, m.det.map };
    NnPlan *plan = make_plan(&m, (NnPlanSpec){ .loss = NN_NONE, .keep = keep, .n_keep = 2 });
    fill_image(plan, &m);
    nn_plan_forward(plan, 0);
    for (int i = 0; i < 2 * 256; i++)
        ck_assert_float_eq_tol(nn_plan_data(plan, m.det.map)[i], nn_plan_data(plan, m.det.score)[i / 256], 1e-5f);
    nn_plan_free(plan);
    release(&m);
}
END_TEST

/* The filters sum to zero: away from the border a smooth ramp leaves no residual, so a constant image and a ramp
 * give the same latent there. Residuals of a single bright pixel do not vanish. */
static void latent_of(NnPlan *plan, const Model *m, float slope, float spot, float *latent, size_t len)
{
    float *x = nn_plan_data(plan, m->det.image);
    for (int i = 0; i < 3 * 96 * 96; i++) x[i] = slope * (float)(i % 96 - 48) / 96;
    x[48 * 96 + 48] += spot;
    nn_plan_forward(plan, 0);
    memcpy(latent, nn_plan_data(plan, m->det.latent), len * sizeof *latent);
}

START_TEST(residuals_ignore_what_is_smooth)
{
    enum { LEN = 128 * 36 };
    static float flat[LEN], ramp[LEN], spot[LEN];
    const NnModelSettings s = model_settings("lae_small");
    Model m = build(&s, 1, 96, 96, 0);
    seal(&m);
    NnPlan *plan = make_plan(&m, (NnPlanSpec){ .loss = NN_NONE, .keep = &m.det.latent, .n_keep = 1 });
    latent_of(plan, &m, 0, 0, flat, LEN);
    latent_of(plan, &m, 0.5f, 0, ramp, LEN);
    latent_of(plan, &m, 0, 0.01f, spot, LEN);
    float smooth = 0, sharp = 0;
    for (int c = 0; c < 128; c++) { /* position (3,3) sees pixels 34..63 only: no border */
        const int i = c * 36 + 3 * 6 + 3;
        smooth = fmaxf(smooth, fabsf(flat[i] - ramp[i]));
        sharp = fmaxf(sharp, fabsf(flat[i] - spot[i]));
    }
    ck_assert_msg(smooth < 1e-4f, "a ramp changes the latent by %g", (double)smooth);
    ck_assert_msg(sharp > 10 * smooth && sharp > 1e-4f, "a spot changes the latent by %g", (double)sharp);
    nn_plan_free(plan);
    release(&m);
}
END_TEST

/* loss = mse(recon, 0): its gradient in the decoder's first weights is 0 where the latent was zeroed. */
START_TEST(selection_block_zeroes_the_wrong_half)
{
    enum { C = 128, O = 64, TAPS = 9 };
    const NnModelSettings s = model_settings("lae_small");
    Model m = build(&s, 2, 32, 32, 1);
    const NnVar zero = nn_graph_input(m.graph, "zero", nn_graph_shape(m.graph, m.det.recon), 0);
    const NnVar loss = nn_mse(m.graph, m.det.recon, zero, NN_NONE);
    seal(&m);
    NnPlan *plan = make_plan(&m, (NnPlanSpec){ .train = 1, .loss = loss });
    for (int half = 0; half < 2; half++) {
        fill_image(plan, &m);
        memset(nn_plan_data(plan, zero), 0, 2 * 3 * 32 * 32 * sizeof(float));
        for (int i = 0; i < 2 * C; i++) nn_plan_data(plan, m.select)[i] = i % C / (C / 2) == half;
        nn_params_zero_grads(m.params);
        nn_plan_forward(plan, 0);
        nn_plan_backward(plan, 1);
        const int w = nn_params_find(m.params, "decoder.0.conv.weight");
        const float *dw = nn_params_grads(m.params) + nn_params_at(m.params, w)->offset;
        double kept = 0, zeroed = 0;
        for (int i = 0; i < O * C * TAPS; i++)
            *(i / TAPS % C / (C / 2) == half ? &kept : &zeroed) += fabs((double)dw[i]);
        ck_assert_msg(zeroed == 0 && kept > 0, "half %d: kept %g, zeroed %g", half, kept, zeroed);
    }
    nn_plan_free(plan);
    release(&m);
}
END_TEST

/* Running variances are unbiased, n / (n-1) of what training divides by; n positions of the layer's output. */
static void make_variances_biased(NnParams *p, int N, int size)
{
    for (int i = 0; i < nn_params_count(p); i++) {
        const NnParam *param = nn_params_at(p, i);
        int layer;
        if (!strstr(param->name, "running_var")) continue;
        int side = 0;
        if (sscanf(param->name, "encoder.%d", &layer) == 1) side = size >> layer;
        if (sscanf(param->name, "decoder.%d", &layer) == 1) side = size >> (3 - layer);
        const float n = (float)(N * side * side);
        for (size_t k = 0; k < param->len; k++) nn_params_values(p)[param->offset + k] *= (n - 1) / n;
    }
}

/* Repeated forward passes on one batch move the running statistics to those of the batch; inference with them then
 * gives what training gives. */
START_TEST(inference_agrees_with_training_on_frozen_statistics)
{
    enum { N = 8, REC = N * 3 * 32 * 32, PASSES = 150 };
    static float trained[REC];
    NnModelSettings s = model_settings("lae_small");
    s.input = NN_INPUT_RGB;
    Model m = build(&s, N, 32, 32, 0);
    const NnVar loss = nn_mse(m.graph, m.det.recon, m.det.image, NN_NONE);
    seal(&m);
    NnPlan *train = make_plan(&m, (NnPlanSpec){ .train = 1, .loss = loss, .keep = &m.det.recon, .n_keep = 1 });
    NnPlan *infer = make_plan(&m, (NnPlanSpec){ .loss = NN_NONE, .keep = &m.det.recon, .n_keep = 1 });
    fill_image(infer, &m);
    nn_plan_forward(infer, 0);
    float before = 0, after = 0;
    for (int i = 0; i < PASSES; i++) {
        fill_image(train, &m);
        nn_plan_forward(train, 0);
    }
    memcpy(trained, nn_plan_data(train, m.det.recon), sizeof trained);
    for (int i = 0; i < REC; i++) before = fmaxf(before, fabsf(trained[i] - nn_plan_data(infer, m.det.recon)[i]));
    make_variances_biased(m.params, N, 32);
    fill_image(infer, &m);
    nn_plan_forward(infer, 0);
    for (int i = 0; i < REC; i++) after = fmaxf(after, fabsf(trained[i] - nn_plan_data(infer, m.det.recon)[i]));
    ck_assert_msg(after < 1e-3f, "they differ by %g", (double)after);
    ck_assert_msg(before > 0.1f, "before the statistics settle they differ by %g only", (double)before);
    nn_plan_free(train);
    nn_plan_free(infer);
    release(&m);
}
END_TEST

/* Everything that a loss may look at, in one scalar. */
static NnVar whole_loss(const Model *m, NnVar target)
{
    NnGraph *g = m->graph;
    const NnDetector *d = &m->det;
    const NnVar rec = nn_mse(g, d->recon, d->image, NN_NONE), map = nn_mse(g, d->map, target, NN_NONE);
    const NnVar ones = nn_graph_constant(g, "ones", (NnShape){ 2, { 4, 1 } }, (const float[4]){ 1, 1, 1, 1 });
    const NnVar halves =
        nn_graph_constant(g, "halves", (NnShape){ 2, { 4, 2 } }, (const float[8]){ 0, 1, 0, 1, 1, 0, 1, 0 });
    const NnVar cls = nn_bce_with_logits(g, d->logit, ones, NN_NONE), act = nn_mse(g, d->activity, halves, NN_NONE);
    return nn_add(g, nn_add(g, rec, map), nn_add(g, cls, act));
}

/* A model with its loss, ready to be evaluated again and again. */
typedef struct {
    Model model;
    NnVar target, loss;
    NnPlan *plan;
} Slope;

/* A plan may recycle an input once it is used, so every pass fills them. */
static double loss_at(const Slope *s)
{
    fill_image(s->plan, &s->model);
    fill_uniform(nn_plan_data(s->plan, s->target), 4 * 32 * 32, 0, 1, 2);
    nn_plan_forward(s->plan, 0);
    return (double)nn_plan_data(s->plan, s->loss)[0];
}

/* Along its own gradient d, a tensor must change the loss at rate |d|: (L(w + e u) - L(w - e u)) / 2e, u = d/|d|. */
static void check_slope(const Slope *s, float *w, const float *d, const NnParam *param)
{
    enum { MAX_LEN = 80000 };
    static float kept[MAX_LEN];
    double norm = 0, scale = 0;
    ck_assert_uint_le(param->len, MAX_LEN);
    for (size_t i = 0; i < param->len; i++) norm += (double)d[i] * (double)d[i], scale += (double)w[i] * (double)w[i];
    norm = sqrt(norm);
    memcpy(kept, w, param->len * sizeof *w);
    const double e = 3e-4 * fmax(sqrt(scale), 1);
    double at[2];
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < param->len; i++) w[i] = kept[i] + (float)((side ? e : -e) * (double)d[i] / norm);
        at[side] = loss_at(s);
    }
    memcpy(w, kept, param->len * sizeof *w);
    const double slope = (at[1] - at[0]) / (2 * e);
    ck_assert_msg(fabs(slope - norm) <= 0.02 * norm + 1e-3, "%s: gradient %g, differences %g", param->name, norm,
                  slope);
}

/* Both inputs, both maps; and the score of a region, on one input: steps as large as float needs now and then cross the
 * kinks of its choice of pixels. */
START_TEST(gradients_of_a_whole_model_match_differences)
{
    NnModelSettings settings = model_settings("lae_small");
    settings.input = _i & 1;
    settings.map = _i >> 1 & 1;
    settings.score = _i >> 2 ? NN_SCORE_REGION : NN_SCORE_LOGIT;
    Slope s = { .model = build(&settings, 4, 32, 32, 0) };
    NnParams *params = s.model.params;
    s.target = nn_graph_input(s.model.graph, "target", nn_graph_shape(s.model.graph, s.model.det.map), 0);
    s.loss = whole_loss(&s.model, s.target);
    seal(&s.model);
    s.plan = make_plan(&s.model, (NnPlanSpec){ .train = 1, .loss = s.loss });
    loss_at(&s);
    nn_plan_backward(s.plan, 1);
    int checked = 0;
    for (int i = 0; i < nn_params_count(params); i++) {
        const NnParam *param = nn_params_at(params, i);
        if (!(param->flags & NN_PARAM_TRAIN)) continue;
        check_slope(&s, nn_params_values(params) + param->offset, nn_params_grads(params) + param->offset, param);
        checked++;
    }
    ck_assert_int_eq(checked, 30);
    nn_plan_free(s.plan);
    release(&s.model);
}
END_TEST

START_TEST(summary_is_a_table_with_totals)
{
    const NnModelSettings s = model_settings("lae_base");
    Model m = build(&s, 2, 64, 64, 0);
    seal(&m);
    const NnVar keep[] = { m.det.score, m.det.map, m.det.recon };
    NnPlan *plan = make_plan(&m, (NnPlanSpec){ .loss = NN_NONE, .keep = keep, .n_keep = 3 });
    char *text = nn_detector_summary(m.graph, plan);
    ck_assert_ptr_nonnull(text);
    static const char *const parts[] = { "encoder.6", "decoder.4",      "conv2d",
                                         "head",      "[2,256,4,4]",    "trained weights 3152500",
                                         "MFLOP",     "planned memory", "MiB" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        ck_assert_msg(strstr(text, parts[i]), "no \"%s\" in\n%s", parts[i], text);
    for (const char *line = text; *line;) {
        const size_t len = strcspn(line, "\n");
        ck_assert_msg(len <= 100, "%zu columns: %.*s", len, (int)len, line);
        line += len + (line[len] == '\n');
    }
    free(text);
    text = nn_detector_summary(m.graph, NULL);
    ck_assert(text && strstr(text, "trained weights 3152500") && !strstr(text, "MiB"));
    free(text);
    nn_plan_free(plan);
    release(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model");
    TCase *t = tcase_create("model");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_loop_test(t, every_network_builds, 0, nn_arch_count);
    tcase_add_test(t, weights_are_counted);
    tcase_add_test(t, parameters_are_named_and_flagged);
    tcase_add_test(t, bad_sizes_fail_with_a_message);
    tcase_add_test(t, an_image_of_another_form_fails);
    tcase_add_test(t, an_unknown_network_lists_the_known_ones);
    tcase_add_test(t, a_clip_of_nothing_is_refused);
    tcase_add_test(t, a_region_of_the_activation_map_is_refused);
    tcase_add_loop_test(t, scores_and_maps_are_in_unit_range, 0, 4);
    tcase_add_test(t, score_follows_from_the_latent);
    tcase_add_test(t, the_score_of_a_region_is_the_mean_of_its_hottest_pixels);
    tcase_add_test(t, parameters_are_the_same_whatever_the_score);
    tcase_add_test(t, cam_of_one_position_is_the_score);
    tcase_add_test(t, residuals_ignore_what_is_smooth);
    tcase_add_test(t, selection_block_zeroes_the_wrong_half);
    tcase_add_test(t, inference_agrees_with_training_on_frozen_statistics);
    tcase_add_loop_test(t, gradients_of_a_whole_model_match_differences, 0, 5);
    tcase_add_test(t, summary_is_a_table_with_totals);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
