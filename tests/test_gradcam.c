/* test_gradcam.c -- where a detector looks: Grad-CAM beside a computation by hand and beside finite differences, and how
 * several maps become one, by hand. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/base/calm_start.h"
#include "nn/base/rng.h"
#include "nn/model/blocks.h"
#include "nn/ops/linear.h"
#include "nn/ops/pool.h"
#include "tests/check_main.h"
#include "tests/net_rig.h"
#include "train/gradcam.h"
#include "train/regions.h"

static NnErr err;

/* ---- fusion ------------------------------------------------------------------------------------------------------ */

static const float map_a[9] = { 1, 0, 0, 0, 0, 0.9f, 0, 0, 0 };
static const float map_b[9] = { 0.5f, 0, 0, 0, 0.6f, 0.2f, 0, 0.5f, 0.5f };
static const float *const maps[2] = { map_a, map_b };

static void assert_fused(TrainGradcamSettings s, int n, const float want[9])
{
    float fused[9];
    train_regions_fuse(&s, maps, n, 3, fused);
    for (int i = 0; i < 9; i++) ck_assert_msg(fabsf(fused[i] - want[i]) < 1e-6f, "pixel %d: %g", i, (double)fused[i]);
}

/* Means: .75 0 0 / 0 .3 .55 / 0 .25 .25. */
START_TEST(threshold_keeps_what_is_above_t1)
{
    TrainGradcamSettings s = { .fusion = TRAIN_FUSE_THRESHOLD, .t1 = 0.5f };
    assert_fused(s, 2, (const float[9]){ 0.75f, 0, 0, 0, 0, 0.55f, 0, 0, 0 });
    s.t1 = 0.75f; /* "above" excludes the threshold itself */
    assert_fused(s, 2, (const float[9]){ 0 });
    s.t1 = 0.6f; /* one map is its own mean */
    assert_fused(s, 1, (const float[9]){ 1, 0, 0, 0, 0, 0.9f, 0, 0, 0 });
}
END_TEST

/* In between lie pixels 4, 5, 7 and 8, of which b at p against a around it, or a at p against b around it, says:
 *     p = 8, around it 4 5 7 8: a at p is 0, b around .6 .2 .5 .5, mean distance .45; b at p .5, a around 0 .9 0 0: .475
 *     p = 7, around it 3 4 5 6 7 8: a at p 0, b around 0 .6 .2 0 .5 .5: .3; b at p .5, a around 0 0 .9 0 0 0: .483
 *     p = 5, around it 1 2 4 5 7 8: a at p .9, b around 0 0 .6 .2 .5 .5: .6
 *     p = 4, all: a at p 0, b's sum 2.3: .256; b at p .6, a around 1 0 0 0 0 .9 0 0 0: (.4 + .3 + 7 x .6) / 9 = .544
 * The strongest mean around 8, 7 and 5 is that of 5, .55; around 4 that of 0, .75. */
START_TEST(neighbour_looks_where_maps_disagree)
{
    TrainGradcamSettings s = { .fusion = TRAIN_FUSE_NEIGHBOUR, .t1 = 0.6f, .t2 = 0.2f, .t3 = 0.4f };
    assert_fused(s, 2, (const float[9]){ 0.75f, 0, 0, 0, 0.75f, 0.55f, 0, 0.55f, 0.55f });
    s.t3 = 0.48f;
    assert_fused(s, 2, (const float[9]){ 0.75f, 0, 0, 0, 0.75f, 0.55f, 0, 0.55f, 0 });
    s.t3 = 0.5f;
    assert_fused(s, 2, (const float[9]){ 0.75f, 0, 0, 0, 0.75f, 0.55f, 0, 0, 0 });
    s.t3 = 0.58f;
    assert_fused(s, 2, (const float[9]){ 0.75f, 0, 0, 0, 0, 0.55f, 0, 0, 0 });
    s.t2 = 0.26f, s.t3 = 0; /* below t2 nothing is asked */
    assert_fused(s, 2, (const float[9]){ 0.75f, 0, 0, 0, 0.75f, 0.55f, 0, 0, 0 });
    s.t1 = 0.95f; /* one map has nobody to disagree with */
    assert_fused(s, 1, (const float[9]){ 1, 0, 0, 0, 0, 0, 0, 0, 0 });
}
END_TEST

/* ---- Grad-CAM ---------------------------------------------------------------------------------------------------- */

enum { N = 3, SIZE = 32, PIXELS = SIZE * SIZE };

/* A Grad-CAM of lae_small on random images, and a plan of the same network that shows what is inside. */
typedef struct {
    NnModelSettings model;
    NnParams *params;
    TrainGradcam *cam;
    NnGraph *g;
    NnPlan *plan;
    NnVar image, layer;
    float image_of[N * 3 * PIXELS], map[N * PIXELS];
} Rig;

static NnStatus open_cam(Rig *r, const char *layer, TrainExplain explain)
{
    const TrainGradcamSpec spec = {
        .model = &r->model, .params = r->params, .layer = layer, .explain = explain, .batch = N, .size = SIZE
    };
    return train_gradcam_new(&spec, &r->cam, &err);
}

static Rig rig_new(const char *layer, NnScoreKind score, TrainExplain explain)
{
    Rig r = { .params = nn_params_new() };
    const NnBinding model = { &nn_model_section, &r.model };
    NnRng rng = nn_rng_make(5, NN_STREAM_TEST, 0, 0);
    err = (NnErr){ 0 };
    ck_assert_int_eq(nn_blas_init(&err), NN_OK);
    nn_settings_defaults(&model, 1);
    r.model.score = (int)score;
    ck_assert_msg(open_cam(&r, layer, explain) == NN_OK, "%s", err.msg);
    for (int i = 0; i < N * 3 * PIXELS; i++) r.image_of[i] = nn_rng_range(&rng, -1, 1);
    r.g = nn_graph_new(r.params);
    r.image = nn_graph_input(r.g, "image", (NnShape){ 4, { N, 3, SIZE, SIZE } }, 0);
    const NnDetector d = nn_detector_build(r.g, &r.model, r.image, NN_NONE);
    r.layer = layer[0] ? nn_graph_find(r.g, layer) : d.latent;
    const NnPlanSpec spec = { .loss = NN_NONE, .keep = &r.layer, .n_keep = 1 };
    ck_assert_msg(nn_plan_new(r.g, &spec, &r.plan, &err) == NN_OK, "%s", err.msg);
    memcpy(nn_plan_data(r.plan, r.image), r.image_of, sizeof r.image_of);
    nn_plan_forward(r.plan, 0);
    return r;
}

static void rig_free(Rig *r)
{
    train_gradcam_free(r->cam);
    nn_plan_free(r->plan);
    nn_graph_free(r->g);
    nn_params_free(r->params);
}

static const float *param(const Rig *r, const char *name)
{
    return nn_params_values(r->params) + nn_params_at(r->params, nn_params_find(r->params, name))->offset;
}

static float clampf(float v, float lo, float hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* Bilinear with half-pixel centres, edges clamped. */
static float sample(const float *small, int side, int x, int y)
{
    const float most = (float)(side - 1), scale = (float)side / SIZE;
    const float u = clampf(((float)x + 0.5f) * scale - 0.5f, 0, most),
                v = clampf(((float)y + 0.5f) * scale - 0.5f, 0, most);
    const int x0 = (int)u, y0 = (int)v, x1 = x0 + 1 < side ? x0 + 1 : x0, y1 = y0 + 1 < side ? y0 + 1 : y0;
    const float a = u - (float)x0, b = v - (float)y0;
    return (1 - b) * ((1 - a) * small[y0 * side + x0] + a * small[y0 * side + x1]) +
           b * ((1 - a) * small[y1 * side + x0] + a * small[y1 * side + x1]);
}

/* What the map should be, from the layer's values A [C,side,side] and a weight for each channel. */
static void assert_map(const float *map, const float *A, const float *weight, int C, int side)
{
    float small[64] = { 0 }, want[PIXELS], lo = INFINITY, hi = -INFINITY;
    const int hw = side * side;
    for (int i = 0; i < hw; i++) {
        for (int c = 0; c < C; c++) small[i] += weight[c] * A[c * hw + i];
        small[i] = fmaxf(small[i], 0);
    }
    for (int i = 0; i < PIXELS; i++) {
        want[i] = sample(small, side, i % SIZE, i / SIZE);
        lo = fminf(lo, want[i]), hi = fmaxf(hi, want[i]);
    }
    ck_assert(hi > lo || hi == 0);
    for (int i = 0; i < PIXELS; i++) {
        const float v = hi > lo ? (want[i] - lo) / (hi - lo) : 0;
        ck_assert_msg(fabsf(map[i] - v) < 2e-3f, "pixel %d: %g, by hand %g", i, (double)map[i], (double)v);
    }
}

/* The latent [128,2,2] feeds the logit through an average and one linear unit, so its weights are the unit's. Two
 * images of three, the third place is empty; weights that make some maps of the first image positive. The hottest part
 * of the map gives each channel the same weight: resizing and means are averages, and what an average hands back sums
 * to what it got. */
START_TEST(the_latents_map_by_hand)
{
    float weight[128];
    int positive = 0;
    Rig r = rig_new("", _i ? NN_SCORE_REGION : NN_SCORE_LOGIT, TRAIN_EXPLAIN_FORGED);
    train_gradcam_maps(r.cam, r.image_of, 2, r.map);
    for (int c = 0; c < 128; c++) weight[c] = param(&r, "head.weight")[c] / 4;
    for (int n = 0; n < 2; n++) {
        assert_map(r.map + n * PIXELS, nn_plan_data(r.plan, r.layer) + n * 512, weight, 128, 2);
        for (int i = 0; i < PIXELS; i++) positive += r.map[n * PIXELS + i] > 0;
    }
    ck_assert_int_gt(positive, 0);
    rig_free(&r);
}
END_TEST

/* The same network twice, with a bias that makes it call every image forged, or none: the decision's map is the forged
 * one's, or that of weights with the other sign. */
START_TEST(the_decision_is_explained_either_way)
{
    Rig r = rig_new("", NN_SCORE_LOGIT, TRAIN_EXPLAIN_DECISION);
    float *bias = nn_params_values(r.params) + nn_params_at(r.params, nn_params_find(r.params, "head.bias"))->offset;
    for (int forged = 0; forged < 2; forged++) {
        float weight[128];
        int positive = 0;
        for (int c = 0; c < 128; c++) weight[c] = (forged ? 1.0f : -1.0f) * param(&r, "head.weight")[c] / 4;
        *bias = forged ? 100 : -100;
        train_gradcam_maps(r.cam, r.image_of, N, r.map);
        for (int n = 0; n < N; n++)
            assert_map(r.map + n * PIXELS, nn_plan_data(r.plan, r.layer) + n * 512, weight, 128, 2);
        for (int i = 0; i < N * PIXELS; i++) positive += r.map[i] > 0;
        ck_assert(positive > 0 || forged);
    }
    rig_free(&r);
}
END_TEST

/* With score = latent the logit is a_1 - a_0: the mean of the 64 x 2 x 2 values |h_1| less that of |h_0|. */
START_TEST(the_score_of_the_latent_has_a_logit_of_its_own)
{
    Rig r = rig_new("", NN_SCORE_LATENT, TRAIN_EXPLAIN_FORGED);
    train_gradcam_maps(r.cam, r.image_of, N, r.map);
    for (int n = 0; n < N; n++) {
        const float *A = nn_plan_data(r.plan, r.layer) + n * 512;
        float weight[128];
        for (int c = 0; c < 128; c++) {
            int alive = 0; /* h is behind a ReLU */
            for (int i = 0; i < 4; i++) alive += A[4 * c + i] > 0;
            weight[c] = (c < 64 ? -1.0f : 1.0f) * (float)alive / 4 / 256;
        }
        assert_map(r.map + n * PIXELS, A, weight, 128, 2);
    }
    rig_free(&r);
}
END_TEST

/* The logit as a function of encoder.3's output alone, for one image: encoder.4, average, linear unit. */
typedef struct {
    NnGraph *g;
    NnPlan *plan;
    NnVar A, logit;
} Tail;

static Tail tail_new(const Rig *r)
{
    Tail t = { .g = nn_graph_new(r->params) };
    const NnConvSpec conv = { 128, 3, 2, 1, NN_ACT_RELU };
    t.A = nn_graph_input(t.g, "A", (NnShape){ 4, { 1, 64, 4, 4 } }, 0);
    const NnVar h = nn_conv_block(t.g, "encoder.4", t.A, conv);
    const NnLinearParams head = nn_linear_params(t.g, "head", 1, 128);
    t.logit = nn_linear(t.g, nn_global_avg_pool(t.g, h), head.weight, head.bias);
    const NnPlanSpec spec = { .loss = NN_NONE, .keep = &t.logit, .n_keep = 1 };
    ck_assert_msg(nn_plan_new(t.g, &spec, &t.plan, &err) == NN_OK, "%s", err.msg);
    return t;
}

/* With `step` added to all of channel c. */
static double logit_of(Tail *t, const float *A, int c, float step)
{
    float *in = nn_plan_data(t->plan, t->A);
    memcpy(in, A, 1024 * sizeof *in);
    for (int i = 0; i < 16; i++) in[16 * c + i] += step;
    nn_plan_forward(t->plan, 0);
    return (double)nn_plan_data(t->plan, t->logit)[0];
}

START_TEST(a_middle_layers_map_beside_finite_differences)
{
    const float eps = 1e-3f;
    Rig r = rig_new("encoder.3", NN_SCORE_LOGIT, TRAIN_EXPLAIN_FORGED);
    Tail t = tail_new(&r);
    train_gradcam_maps(r.cam, r.image_of, N, r.map);
    for (int n = 0; n < N; n++) {
        const float *A = nn_plan_data(r.plan, r.layer) + n * 1024;
        float weight[64];
        for (int c = 0; c < 64; c++)
            weight[c] = (float)((logit_of(&t, A, c, eps) - logit_of(&t, A, c, -eps)) / (2 * (double)eps) / 16);
        assert_map(r.map + n * PIXELS, A, weight, 64, 4);
    }
    nn_plan_free(t.plan);
    nn_graph_free(t.g);
    rig_free(&r);
}
END_TEST

/* Frozen: neither weights nor running statistics move, and no gradient is left behind. */
START_TEST(looking_changes_nothing)
{
    Rig r = rig_new("encoder.2", NN_SCORE_LOGIT, TRAIN_EXPLAIN_FORGED);
    const size_t n = nn_params_len(r.params);
    float *before = malloc(n * sizeof *before), again[N * PIXELS];
    memcpy(before, nn_params_values(r.params), n * sizeof *before);
    train_gradcam_maps(r.cam, r.image_of, N, r.map);
    train_gradcam_maps(r.cam, r.image_of, N, again);
    ck_assert_mem_eq(r.map, again, sizeof again);
    ck_assert_mem_eq(before, nn_params_values(r.params), n * sizeof *before);
    for (size_t i = 0; i < nn_params_train_len(r.params); i++) ck_assert(nn_params_grads(r.params)[i] == 0);
    free(before);
    rig_free(&r);
}
END_TEST

START_TEST(one_bad_image_spoils_its_own_map_alone)
{
    Rig r = rig_new("", NN_SCORE_LOGIT, TRAIN_EXPLAIN_FORGED);
    float clean[N * PIXELS];
    train_gradcam_maps(r.cam, r.image_of, N, clean);
    r.image_of[3 * PIXELS + 7] = NAN;
    train_gradcam_maps(r.cam, r.image_of, N, r.map);
    ck_assert_mem_eq(r.map, clean, PIXELS * sizeof *clean);
    ck_assert_mem_eq(r.map + 2 * PIXELS, clean + 2 * PIXELS, PIXELS * sizeof *clean);
    for (int i = 0; i < PIXELS; i++) ck_assert(isnan(r.map[PIXELS + i]));
    rig_free(&r);
}
END_TEST

/* Unknown; not images; images that the logit does not depend on; an input; a parameter. */
START_TEST(other_layers_are_refused)
{
    static const char *const wrong[] = { "encoder.9", "head", "decoder.1", "image", "head.weight", "activity" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        Rig r = { .params = nn_params_new() };
        const NnBinding model = { &nn_model_section, &r.model };
        nn_settings_defaults(&model, 1);
        err = (NnErr){ 0 };
        ck_assert_int_eq(open_cam(&r, wrong[i], TRAIN_EXPLAIN_FORGED), NN_ERR_CONFIG);
        ck_assert_ptr_nonnull(strstr(err.msg, wrong[i]));
        ck_assert_ptr_nonnull(strstr(err.msg, "encoder.0, encoder.1, encoder.2, encoder.3, encoder.4"));
        ck_assert_ptr_null(strstr(strstr(err.msg, "known"), "decoder"));
        nn_params_free(r.params);
    }
}
END_TEST

/* ---- */

int main(int argc, char **argv)
{
    (void)argc;
    nn_calm_start(argv);
    Suite *s = suite_create("gradcam");
    TCase *fusion = tcase_create("fusion"), *cam = tcase_create("gradcam");
    tcase_add_test(fusion, threshold_keeps_what_is_above_t1);
    tcase_add_test(fusion, neighbour_looks_where_maps_disagree);
    tcase_add_loop_test(cam, the_latents_map_by_hand, 0, 2);
    tcase_add_test(cam, the_decision_is_explained_either_way);
    tcase_add_test(cam, the_score_of_the_latent_has_a_logit_of_its_own);
    tcase_add_test(cam, a_middle_layers_map_beside_finite_differences);
    tcase_add_test(cam, looking_changes_nothing);
    tcase_add_test(cam, one_bad_image_spoils_its_own_map_alone);
    tcase_add_test(cam, other_layers_are_refused);
    suite_add_tcase(s, fusion);
    suite_add_tcase(s, cam);
    return check_run(s);
}
