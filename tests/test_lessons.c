/* test_lessons.c -- the worked examples of train/README.md, computed by the code that they explain.
 *
 * Every test works out an example, value and gradient, and demands that the page holds the line that it formats from these
 * numbers, digit for digit. Whoever changes a formula, or a digit on the page, hears of it. Run from the top folder. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "data/region_removal.h"
#include "nn/base/blas.h"
#include "nn/core/plan.h"
#include "nn/ops/activation.h"
#include "nn/ops/arithmetic.h"
#include "nn/ops/conv.h"
#include "nn/ops/gaussian_blur.h"
#include "nn/ops/linear.h"
#include "nn/ops/pool.h"
#include "nn/ops/rearrange.h"
#include "nn/ops/reduce.h"
#include "nn/ops/top_mean.h"
#include "tests/check_main.h"
#include "train/loss_classification.h"
#include "train/loss_interpretation.h"
#include "train/loss_latent.h"
#include "train/loss_reconstruction.h"
#include "train/pickers.h"
#include "train/regions.h"

/* ---- the page ---- */

static char page[1 << 17];

static void read_page(void)
{
    FILE *f = fopen("train/README.md", "rb");
    ck_assert_msg(f != NULL, "train/README.md: not found; run the test from the top folder");
    const size_t len = fread(page, 1, sizeof page - 1, f);
    fclose(f);
    ck_assert_msg(len < sizeof page - 1, "train/README.md is longer than this test reads");
    page[len] = '\0';
}

__attribute__((format(printf, 1, 2))) static void page_says(const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    ck_assert_msg(strstr(page, line) != NULL, "train/README.md does not say: %s", line);
}

/* ---- a detector made by hand ---- */

static NnErr err;
static NnParams *params;
static NnGraph *graph;
static NnPlan *plan;
static TrainInputs in;
static NnDetector detector;

static void make_detector(int n, int size)
{
    in = train_inputs_make(graph, n, size, 4);
    detector = (NnDetector){
        .image = in.image,
        .activity = nn_graph_input(graph, "activity", (NnShape){ 2, { n, 2 } }, 1),
        .logit = nn_graph_input(graph, "logit", (NnShape){ 2, { n, 1 } }, 1),
        .map = nn_graph_input(graph, "map", (NnShape){ 4, { n, 1, size, size } }, 1),
        .map_logit = NN_NONE,
        .recon = nn_graph_input(graph, "recon", (NnShape){ 4, { n, 3, size, size } }, 1),
    };
}

static void set_up(void)
{
    read_page();
    err = (NnErr){ 0 };
    params = nn_params_new();
    graph = nn_graph_new(params);
    plan = NULL;
}

static void tear_down(void)
{
    nn_plan_free(plan);
    nn_graph_free(graph);
    nn_params_free(params);
}

static void make_plan(const NnPlanSpec *spec)
{
    nn_graph_status(graph, &err);
    ck_assert_msg(err.status == NN_OK, "%s", err.msg);
    ck_assert_int_eq(nn_blas_init(&err), NN_OK);
    ck_assert_int_eq(nn_params_seal(params, 1, &err), NN_OK);
    ck_assert_msg(nn_plan_new(graph, spec, &plan, &err) == NN_OK, "%s", err.msg);
}

static void put(NnVar v, const float *values)
{
    const size_t n = nn_shape_len(nn_graph_shape(graph, v));
    for (size_t i = 0; i < n; i++) nn_plan_data(plan, v)[i] = values[i];
}

/* The value of a loss on a batch, with `values` in the place of x; the gradient stays in the plan. */
static double differentiate(NnVar loss, NnVar x, const float *values, const DataBatch *batch)
{
    const NnPlanSpec spec = { .train = 1, .loss = loss };
    make_plan(&spec);
    train_inputs_fill(&in, graph, plan, batch, 1);
    put(x, values);
    nn_plan_forward(plan, 0);
    nn_plan_backward(plan, 1);
    return (double)nn_plan_data(plan, loss)[0];
}

/* d(loss)/d(x[i]); 0 is never "-0". */
static double slope(NnVar x, int i)
{
    const double d = (double)nn_plan_grad(plan, x)[i];
    return fabs(d) < 1e-9 ? 0.0 : d;
}

/* ---- the losses ---- */

static const float one[] = { 1, 1 };
static const int item[] = { 0, 1 };

START_TEST(reconstruction)
{
    const float image[] = { .2f, -.4f, 0 }, guess[] = { .1f, 0, 0 }, mask[] = { 0 }, label[] = { 0 };
    const DataBatch batch = { 1, image, mask, label, one, item };
    const TrainLossSettings s = { .rec = 1, .rec_kind = _i ? TRAIN_REC_MSE : TRAIN_REC_L1 };
    make_detector(1, 1);
    const NnVar x = detector.recon;
    const double L = differentiate(train_loss_reconstruction(graph, &detector, &in, &s), x, guess, &batch);
    if (_i) page_says("L_rec (mse) = (.01 + .16 + 0) / 3 = %.4f", L);
    else page_says("L_rec (l1) = (.1 + .4 + 0) / 3 = %.4f", L);
    page_says("gradient (%s) = (%.4f, %.4f, %.4f)", _i ? "mse" : "l1", slope(x, 0), slope(x, 1), slope(x, 2));
}
END_TEST

START_TEST(latent_split)
{
    const float image[6] = { 0 }, mask[2] = { 0 }, label[] = { 0, 1 }, activity[] = { .75f, .5f, .25f, .75f };
    const DataBatch batch = { 2, image, mask, label, one, item };
    const TrainLossSettings s = { .latent = 1 };
    make_detector(2, 1);
    const NnVar x = detector.activity;
    const double L = differentiate(train_loss_latent(graph, &detector, &in, &s), x, activity, &batch);
    page_says("L_latent = (.75 + .5) / 2 = %.4f", L);
    page_says("gradient of the real image = (%.4f, %.4f)", slope(x, 0), slope(x, 1));
    page_says("gradient of the forged image = (%.4f, %.4f)", slope(x, 2), slope(x, 3));
}
END_TEST

START_TEST(interpretation)
{
    static const struct {
        int kind;
        const char *name, *sum;
    } c[] = {
        { TRAIN_MASK_MSE, "mse", "(.04 + .16 + .04 + .04) / 4" },
        { TRAIN_MASK_BCE, "bce", "-(ln .8 + ln .6 + ln .8 + ln .8) / 4" },
        { TRAIN_MASK_DICE, "dice", "1 - (2 * .8 + 1) / (1.6 + 1 + 1)" },
    };
    const float image[12] = { 0 }, mask[] = { 1, 0, 0, 0 }, label[] = { 1 }, map[] = { .8f, .4f, .2f, .2f };
    const DataBatch batch = { 1, image, mask, label, one, item };
    const TrainLossSettings s = { .mask = 1, .mask_kind = c[_i].kind };
    make_detector(1, 2);
    const NnVar x = detector.map;
    const double L = differentiate(train_loss_interpretation(graph, &detector, &in, &s), x, map, &batch);
    page_says("L_mask (%s) = %s = %.4f", c[_i].name, c[_i].sum, L);
    page_says("gradient (%s) = (%.4f, %.4f, %.4f, %.4f)", c[_i].name, slope(x, 0), slope(x, 1), slope(x, 2),
              slope(x, 3));
}
END_TEST

START_TEST(classification)
{
    const float image[6] = { 0 }, mask[2] = { 0 }, label[] = { 0, 1 };
    const float logit[] = { 1.0986123f, 1.0986123f }; /* ln 3 */
    const DataBatch batch = { 2, image, mask, label, one, item };
    const TrainLossSettings s = { .cls = 1 };
    make_detector(2, 1);
    const NnVar x = detector.logit;
    const double L = differentiate(train_loss_classification(graph, &detector, &in, &s), x, logit, &batch);
    page_says("L_cls = (-ln .25 - ln .75) / 2 = %.4f", L);
    page_says("gradient = (%.4f, %.4f)", slope(x, 0), slope(x, 1));
}
END_TEST

/* ---- the maps ---- */

START_TEST(cam)
{
    const float h[] = { 2, 0, 0, 0, 1, 1, 1, 1 }, weight[] = { 2, -1 };
    const NnVar features = nn_graph_input(graph, "h", (NnShape){ 4, { 1, 2, 2, 2 } }, 0);
    const NnVar w = nn_graph_constant(graph, "weight", (NnShape){ 2, { 1, 2 } }, weight);
    const NnVar w4 = nn_graph_constant(graph, "weight4", (NnShape){ 4, { 1, 2, 1, 1 } }, weight);
    const NnVar logit = nn_linear(graph, nn_global_avg_pool(graph, features), w, NN_NONE);
    const NnVar each = nn_conv2d(graph, features, w4, NN_NONE, (NnConvAttr){ .stride = 1, .dilation = 1, .groups = 1 });
    const NnVar map = nn_sigmoid(graph, each);
    const NnVar region = nn_top_mean(graph, each, 0.25f);
    const NnVar keep[] = { logit, each, map, region };
    const NnPlanSpec spec = { .loss = NN_NONE, .keep = keep, .n_keep = 4 };
    make_plan(&spec);
    put(features, h);
    nn_plan_forward(plan, 0);
    const float *e = nn_plan_data(plan, each), *m = nn_plan_data(plan, map);
    page_says("evidence 2 h_1 - h_2 = (%g, %g, %g, %g)", (double)e[0], (double)e[1], (double)e[2], (double)e[3]);
    page_says("its mean, the logit = %g", (double)nn_plan_data(plan, logit)[0]);
    page_says("M = sigmoid of it = (%.2f, %.2f, %.2f, %.2f)", (double)m[0], (double)m[1], (double)m[2], (double)m[3]);
    const double all = (double)nn_plan_data(plan, logit)[0], hottest = (double)nn_plan_data(plan, region)[0];
    page_says("the mean of all = %g, sigmoid %.2f", all, 1 / (1 + exp(-all)));
    page_says("score_region = .25: the mean of the hottest = %g, sigmoid %.2f", hottest, 1 / (1 + exp(-hottest)));
}
END_TEST

START_TEST(activation_map)
{
    const float A[] = { .5f, .25f, 0, .25f };
    const NnVar a = nn_graph_constant(graph, "A", (NnShape){ 4, { 1, 1, 2, 2 } }, A);
    const NnVar map = nn_max_normalize(graph, a);
    const NnPlanSpec spec = { .loss = NN_NONE, .keep = &map, .n_keep = 1 };
    make_plan(&spec);
    nn_plan_forward(plan, 0);
    const float *m = nn_plan_data(plan, map);
    page_says("A_1 = (.5, .25, 0, .25) gives M = (%.2f, %.2f, %.2f, %.2f)", (double)m[0], (double)m[1], (double)m[2],
              (double)m[3]);
}
END_TEST

/* ---- the regularisers ---- */

/* Two forged images, two channels of one weight, two positions; forgeries typically lie on the first. */
static TrainSurvey survey_by_hand(void)
{
    static int items[] = { 0, 1 };
    static float activity[] = { .6f, .5f, .2f, .7f }, pooled[] = { .6f, .1f, .2f, .5f }, head[] = { 1, 1 };
    static double spread[] = { 1, 0, 0, 1 }, real[] = { 0, 0 }, forged[] = { .5, 0 };
    return (TrainSurvey){ .n = 2,
                          .item = items,
                          .channels = 2,
                          .cells = 2,
                          .activity = activity,
                          .pooled = pooled,
                          .spread = spread,
                          .map = { real, forged },
                          .head = head };
}

START_TEST(pickers)
{
    const TrainSurvey s = survey_by_hand();
    float score[2];
    unsigned char mark[2];
    ck_assert_int_eq(train_picker_scores(TRAIN_PICK_UNCERTAINTY, &s, 1, score, &err), NN_OK);
    page_says("uncertainty: (%.1f, %.1f)", (double)score[0], (double)score[1]);
    ck_assert_int_eq(train_superficial_channels(&s, mark, &err), NN_OK);
    ck_assert_int_eq(train_picker_scores(TRAIN_PICK_CHANNEL, &s, 1, score, &err), NN_OK);
    page_says("superficial: (%d, %d), scores: (%.1f, %.1f)", mark[0], mark[1], (double)score[0], (double)score[1]);
}
END_TEST

START_TEST(gradcam)
{
    const float h[] = { 2, 0, 0, 0, 1, 1, 1, 1 }, weight[] = { 2, -1 };
    const NnVar features = nn_graph_input(graph, "h", (NnShape){ 4, { 1, 2, 2, 2 } }, 1);
    const NnVar w = nn_graph_constant(graph, "weight", (NnShape){ 2, { 1, 2 } }, weight);
    const NnVar logit = nn_linear(graph, nn_global_avg_pool(graph, features), w, NN_NONE);
    const NnPlanSpec spec = { .train = 1, .loss = nn_reshape(graph, logit, (NnShape){ 1, { 1 } }) };
    make_plan(&spec);
    put(features, h);
    nn_plan_forward(plan, 0);
    nn_plan_backward(plan, 1);
    const double a = slope(features, 0), b = slope(features, 4);
    page_says("slopes (%.2f, %.2f), so ReLU(%.2f A_1 - %.2f A_2) = (%.2f, 0, 0, 0)", a, b, a, -b,
              a * (double)h[0] + b * (double)h[4]);
}
END_TEST

START_TEST(fusion)
{
    static const float a[] = { .9f, .2f, .9f, 0 }, b[] = { .5f, .6f, .5f, .2f };
    const float *const maps[] = { a, b };
    const TrainGradcamSettings s = { .fusion = TRAIN_FUSE_THRESHOLD, .t1 = .6f, .t2 = .2f, .t3 = .4f };
    float m[4];
    train_regions_fuse(&s, maps, 2, 2, m);
    page_says("fused: (%g, %g, %g, %g)", (double)m[0], (double)m[1], (double)m[2], (double)m[3]);
}
END_TEST

START_TEST(removal)
{
    static const unsigned char map[] = { 255, 200, 100, 0 };
    const DataRegions s = {
        .remove = DATA_REMOVE_PRIMARY, .probability = 1, .alpha_min = .7f, .alpha_max = .7f, .fill = DATA_FILL_BLACK
    };
    NnRng rng = nn_rng_make(1, NN_STREAM_TEST, 0, 0);
    DataImage image;
    int gone = 0;
    ck_assert_int_eq(data_image_new(2, 2, 3, &image, &err), NN_OK);
    memset(image.px, 9, 12);
    ck_assert_int_eq(data_region_remove(&s, &rng, map, &image, &err), NN_OK);
    for (int p = 0; p < 4; p++) gone += image.px[3 * p] == 0;
    ck_assert_int_eq(image.px[0], 0);
    page_says("int(.7 * 3) = %d pixels go", gone);
    data_image_free(&image);
}
END_TEST

START_TEST(blur)
{
    const float image[] = { 0, 0, 0, 0, 16, 0, 0, 0, 0 }, centre[] = { 0, 0, 0, 0, 9, 0, 0, 0, 0 };
    float precision[9];
    for (int i = 0; i < 9; i++) precision[i] = 1.3862944f; /* 2 ln 2 */
    const NnVar x = nn_graph_input(graph, "x", (NnShape){ 4, { 1, 1, 3, 3 } }, 0);
    const NnVar s = nn_graph_input(graph, "s", (NnShape){ 4, { 1, 1, 3, 3 } }, 1);
    const NnVar only = nn_graph_constant(graph, "centre", (NnShape){ 4, { 1, 1, 3, 3 } }, centre);
    const NnVar y = nn_gaussian_blur(graph, x, s, 3);
    const NnVar middle = nn_mean(graph, nn_mul(graph, y, only), 0, 4); /* the centre of y */
    const NnPlanSpec spec = { .train = 1, .loss = middle };
    make_plan(&spec);
    put(x, image);
    put(s, precision);
    nn_plan_forward(plan, 0);
    nn_plan_backward(plan, 1);
    page_says("y = 16 / 4 = %.2f, dy/ds = -1/2 (0 - 4 * 1) = %.2f", (double)nn_plan_data(plan, middle)[0], slope(s, 4));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lessons");
    TCase *c = tcase_create("worked examples");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, reconstruction, 0, 2);
    tcase_add_test(c, latent_split);
    tcase_add_loop_test(c, interpretation, 0, 3);
    tcase_add_test(c, classification);
    tcase_add_test(c, cam);
    tcase_add_test(c, activation_map);
    tcase_add_test(c, pickers);
    tcase_add_test(c, gradcam);
    tcase_add_test(c, fusion);
    tcase_add_test(c, removal);
    tcase_add_test(c, blur);
    suite_add_tcase(s, c);
    return check_run(s);
}
