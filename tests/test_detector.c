/* test_detector.c -- what a network computes: score, map, residuals, selection block, statistics, gradients. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/ops/activation.h"
#include "nn/ops/arithmetic.h"
#include "nn/ops/loss_ops.h"
#include "tests/model_rig.h"

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

int main(void)
{
    Suite *suite = suite_create("detector");
    TCase *t = tcase_create("detector");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_loop_test(t, scores_and_maps_are_in_unit_range, 0, 4);
    tcase_add_test(t, score_follows_from_the_latent);
    tcase_add_test(t, the_score_of_a_region_is_the_mean_of_its_hottest_pixels);
    tcase_add_test(t, cam_of_one_position_is_the_score);
    tcase_add_test(t, residuals_ignore_what_is_smooth);
    tcase_add_test(t, selection_block_zeroes_the_wrong_half);
    tcase_add_test(t, inference_agrees_with_training_on_frozen_statistics);
    tcase_add_loop_test(t, gradients_of_a_whole_model_match_differences, 0, 5);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
