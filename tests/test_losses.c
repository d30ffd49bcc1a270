/* test_losses.c -- each loss of train/ on a detector made by hand, against its formula worked out by hand. */
#include <math.h>
#include <string.h>

#include "nn/core/plan.h"
#include "tests/check_main.h"
#include "train/loss_classification.h"
#include "train/loss_interpretation.h"
#include "train/loss_latent.h"
#include "train/loss_reconstruction.h"

/* Two images of 2 x 2 pixels; the first is real, the second forged in one pixel. */
enum { N = 2, SIZE = 2 };

static NnErr err;
static NnParams *params;
static NnGraph *graph;
static NnPlan *plan;
static TrainInputs in;
static NnDetector detector;

static void set_up(void)
{
    err = (NnErr){ 0 };
    params = nn_params_new();
    graph = nn_graph_new(params);
    plan = NULL;
    in = train_inputs_make(graph, N, SIZE, 4);
    detector = (NnDetector){
        .image = in.image,
        .activity = nn_graph_input(graph, "activity", (NnShape){ 2, { N, 2 } }, 0),
        .logit = nn_graph_input(graph, "logit", (NnShape){ 2, { N, 1 } }, 0),
        .map = nn_graph_input(graph, "map", (NnShape){ 4, { N, 1, SIZE, SIZE } }, 0),
        .map_logit = NN_NONE,
        .recon = nn_graph_input(graph, "recon", (NnShape){ 4, { N, 3, SIZE, SIZE } }, 0),
    };
}

static void tear_down(void)
{
    nn_plan_free(plan);
    nn_graph_free(graph);
    nn_params_free(params);
}

static void fill(NnVar v, float value)
{
    float *x = nn_plan_data(plan, v);
    if (!x) return;
    for (size_t i = 0; i < nn_shape_len(nn_graph_shape(graph, v)); i++) x[i] = value;
}

static void put(NnVar v, int i, float value)
{
    if (nn_plan_data(plan, v)) nn_plan_data(plan, v)[i] = value;
}

/* The batch goes through train_inputs_fill; `present` images of it. */
static void make_plan(NnVar loss, int present, int mask_on_real)
{
    static const float image[N * 3 * 4], label[N] = { 0, 1 }, has_mask[N] = { 1, 1 };
    static const float mask[N * 4] = { 0, 0, 0, 0, 1, 0, 0, 0 };
    static const int item[N] = { 0, 1 };
    const DataBatch batch = { present, image, mask, label, has_mask, item };
    const NnPlanSpec spec = { .keep = &loss, .n_keep = 1, .loss = NN_NONE };
    nn_graph_status(graph, &err);
    ck_assert_msg(err.status == NN_OK, "%s", err.msg);
    ck_assert_int_eq(nn_params_seal(params, 1, &err), NN_OK);
    ck_assert_int_eq(nn_plan_new(graph, &spec, &plan, &err), NN_OK);
    train_inputs_fill(&in, graph, plan, &batch, (TrainMaskUse)mask_on_real);
}

static double value(NnVar loss)
{
    nn_plan_forward(plan, 0);
    return (double)nn_plan_data(plan, loss)[0];
}

START_TEST(reconstruction)
{
    const TrainLossSettings s = { .rec = 1, .rec_kind = _i ? TRAIN_REC_MSE : TRAIN_REC_L1 };
    const NnVar loss = train_loss_reconstruction(graph, &detector, &in, &s);
    make_plan(loss, N, 1);
    fill(detector.recon, 0.0f);
    for (int i = 0; i < 6; i++) put(detector.recon, i, -0.5f); /* six of 24 values are off by a half */
    ck_assert_double_eq_tol(value(loss), _i ? 0.0625 : 0.125, 1e-6);
}
END_TEST

START_TEST(reconstruction_needs_a_decoder)
{
    const TrainLossSettings s = { .rec = 1 };
    detector.recon = NN_NONE;
    train_loss_reconstruction(graph, &detector, &in, &s);
    ck_assert_int_eq(nn_graph_status(graph, &err), NN_ERR_CONFIG);
}
END_TEST

START_TEST(latent)
{
    const TrainLossSettings s = { .latent = 1 };
    const NnVar loss = train_loss_latent(graph, &detector, &in, &s);
    make_plan(loss, N, 1);
    const float a[4] = { 0.75f, 0.5f, 0.25f, 2.0f }; /* (a_0, a_1) of the real, then of the forged image */
    for (int i = 0; i < 4; i++) put(detector.activity, i, a[i]);
    /* real: |.5 - 0| + |.75 - 1| = .75; forged: |2 - 1| + |.25 - 0| = 1.25 */
    ck_assert_double_eq_tol(value(loss), 1.0, 1e-6);
}
END_TEST

START_TEST(latent_ignores_empty_places)
{
    const TrainLossSettings s = { .latent = 1 };
    const NnVar loss = train_loss_latent(graph, &detector, &in, &s);
    make_plan(loss, 1, 1);
    const float a[4] = { 0.75f, 0.5f, 99.0f, 99.0f };
    for (int i = 0; i < 4; i++) put(detector.activity, i, a[i]);
    ck_assert_double_eq_tol(value(loss), 0.75, 1e-6);
}
END_TEST

/* Map .5 everywhere; forged: mask 1 in one of four pixels. */
START_TEST(interpretation)
{
    static const struct {
        int kind, mask_on_real;
        double want;
    } c[] = {
        { TRAIN_MASK_MSE, 1, 0.25 },
        { TRAIN_MASK_BCE, 1, 0.69314718 },
        { TRAIN_MASK_DICE, 0, 0.5 },                     /* 1 - (2 * .5 + 1) / (2 + 1 + 1) */
        { TRAIN_MASK_DICE, 1, 0.5 * (0.5 + 2.0 / 3.0) }, /* and real: 1 - 1 / (2 + 0 + 1) */
    };
    const TrainLossSettings s = { .mask = 1, .mask_kind = c[_i].kind, .mask_on_real = c[_i].mask_on_real };
    const NnVar loss = train_loss_interpretation(graph, &detector, &in, &s);
    make_plan(loss, N, s.mask_on_real);
    fill(detector.map, 0.5f);
    ck_assert_double_eq_tol(value(loss), c[_i].want, 1e-6);
}
END_TEST

START_TEST(interpretation_counts_real_images_if_asked)
{
    const TrainLossSettings s = { .mask = 1, .mask_on_real = _i };
    const NnVar loss = train_loss_interpretation(graph, &detector, &in, &s);
    make_plan(loss, N, s.mask_on_real);
    fill(detector.map, 0.0f);
    for (int i = 0; i < 4; i++) put(detector.map, i, 1.0f); /* the real image lights up everywhere: costs 1 */
    /* the forged one misses its pixel: costs .25 */
    ck_assert_double_eq_tol(value(loss), _i ? 0.625 : 0.25, 1e-6);
}
END_TEST

START_TEST(classification)
{
    const TrainLossSettings s = { .cls = 1 };
    const NnVar loss = train_loss_classification(graph, &detector, &in, &s);
    make_plan(loss, N, 1);
    put(detector.logit, 0, 0.0f);
    put(detector.logit, 1, 2.0f);
    ck_assert_double_eq_tol(value(loss), 0.5 * (log(2.0) + log1p(exp(-2.0))), 1e-6);
}
END_TEST

START_TEST(selection_keeps_the_true_half)
{
    const float want[8] = { 1, 1, 0, 0, 0, 0, 1, 1 }; /* real image: first half of four channels; forged: second */
    make_plan(in.select, N, 1);
    ck_assert_int_eq(memcmp(nn_plan_data(plan, in.select), want, sizeof want), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("losses");
    TCase *tc = tcase_create("losses");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, reconstruction, 0, 2);
    tcase_add_test(tc, reconstruction_needs_a_decoder);
    tcase_add_test(tc, latent);
    tcase_add_test(tc, latent_ignores_empty_places);
    tcase_add_loop_test(tc, interpretation, 0, 4);
    tcase_add_loop_test(tc, interpretation_counts_real_images_if_asked, 0, 2);
    tcase_add_test(tc, classification);
    tcase_add_test(tc, selection_keeps_the_true_half);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
