/* test_core.c -- graph, parameters and plan: building, failing, gradients through a whole graph. */
#include <math.h>
#include <string.h>

#include "nn/base/arena.h"
#include "nn/base/blas.h"
#include "nn/base/parallel.h"
#include "nn/core/plan.h"
#include "nn/ops/activation.h"
#include "nn/ops/arithmetic.h"
#include "nn/ops/conv.h"
#include "nn/ops/linear.h"
#include "nn/ops/loss_ops.h"
#include "nn/ops/reduce.h"
#include "tests/check_main.h"

#define SHAPE(...) ((NnShape){ (int)(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int)), { __VA_ARGS__ } })

static void setup(void)
{
    NnErr err = { 0 };
    ck_assert_msg(nn_blas_init(&err) == NN_OK, "%s", err.msg);
}

START_TEST(arena_pieces_are_aligned_zeroed_and_apart)
{
    NnArena a = { 0 };
    char *before = NULL;
    for (size_t i = 1; i < 3000; i += 37) {
        char *piece = nn_arena_take(&a, i, 3);
        ck_assert_ptr_nonnull(piece);
        ck_assert_uint_eq((size_t)piece % 64, 0);
        for (size_t k = 0; k < 3 * i; k++) ck_assert_int_eq(piece[k], 0);
        memset(piece, 7, 3 * i);
        ck_assert(!before || before[0] == 7);
        before = piece;
    }
    ck_assert_ptr_null(nn_arena_take(&a, (size_t)-1, 8));
    ck_assert_ptr_null(nn_arena_take(&a, 1, 1)); /* failure is sticky */
    nn_arena_free(&a);
}
END_TEST

START_TEST(a_failure_poisons_what_follows_and_the_first_message_stays)
{
    NnErr err = { 0 };
    NnParams *p = nn_params_new();
    NnGraph *g = nn_graph_new(p);
    NnVar x = nn_graph_input(g, "x", SHAPE(2, 3), 0);
    nn_graph_scope(g, "head");
    NnVar bad = nn_add(g, x, nn_graph_input(g, "y", SHAPE(2, 4), 0));
    NnVar after = nn_relu(g, nn_mul(g, bad, x));
    ck_assert(!nn_var_is_some(bad) && !nn_var_is_some(after));
    ck_assert_int_eq(nn_graph_shape(g, after).n, 0);
    ck_assert_int_eq(nn_graph_status(g, &err), NN_ERR_SHAPE);
    ck_assert_msg(strstr(err.msg, "head: add"), "message was: %s", err.msg);
    NnPlan *plan = NULL;
    ck_assert_int_eq(nn_plan_new(g, &(NnPlanSpec){ .loss = NN_NONE }, &plan, &(NnErr){ 0 }), NN_ERR_SHAPE);
    ck_assert_ptr_null(plan);
    nn_graph_free(g);
    nn_params_free(p);
}
END_TEST

START_TEST(bad_inputs_are_named)
{
    NnErr err = { 0 };
    NnParams *p = nn_params_new();
    NnGraph *g = nn_graph_new(p);
    nn_graph_input(g, "photo", SHAPE(2, 0, 4), 0);
    ck_assert_int_eq(nn_graph_status(g, &err), NN_ERR_SHAPE);
    ck_assert_msg(strstr(err.msg, "photo") && strstr(err.msg, "[2,0,4]"), "message was: %s", err.msg);
    nn_graph_free(g);
    g = nn_graph_new(p);
    nn_relu(g, NN_NONE);
    ck_assert_int_eq(nn_graph_status(g, &(NnErr){ 0 }), NN_ERR_SHAPE);
    nn_graph_free(g);
    nn_params_free(p);
}
END_TEST

START_TEST(nodes_are_found_by_name)
{
    NnParams *p = nn_params_new();
    NnGraph *g = nn_graph_new(p);
    const NnVar x = nn_graph_input(g, "x", SHAPE(2, 3), 0), before = nn_add(g, x, x);
    nn_graph_scope(g, "encoder.1");
    const NnVar w = nn_graph_param(g, "encoder.1.weight", SHAPE(2, 3), (NnInit){ NN_INIT_HE, 3, 3 }, NN_PARAM_TRAIN);
    const NnVar last = nn_add(g, nn_add(g, x, w), before);
    nn_graph_scope(g, "encoder.10");
    nn_add(g, last, last);
    nn_graph_scope(g, "");
    nn_add(g, last, last);
    ck_assert_int_eq(nn_graph_find(g, "x").id, x.id);
    ck_assert_int_eq(nn_graph_find(g, "encoder.1").id, last.id);
    ck_assert_int_eq(nn_graph_find(g, "encoder.1.weight").id, w.id);
    ck_assert(!nn_var_is_some(nn_graph_find(g, "encoder")));
    ck_assert(!nn_var_is_some(nn_graph_find(g, "")));
    nn_graph_free(g);
    nn_params_free(p);
}
END_TEST

static const NnInit he = { NN_INIT_HE, 9, 0 };

START_TEST(parameters_are_shared_by_name_and_laid_out_trained_first)
{
    NnErr err = { 0 };
    int state, w, again;
    NnParams *p = nn_params_new();
    ck_assert_int_eq(nn_params_add(p, "bn.mean", SHAPE(5), (NnInit){ NN_INIT_ZERO, 0, 0 }, 0, &state, &err), NN_OK);
    ck_assert_int_eq(nn_params_add(p, "w", SHAPE(3, 3), he, NN_PARAM_TRAIN, &w, &err), NN_OK);
    ck_assert_int_eq(nn_params_add(p, "w", SHAPE(3, 3), he, NN_PARAM_TRAIN, &again, &err), NN_OK);
    ck_assert_int_eq(w, again);
    ck_assert_int_eq(nn_params_add(p, "w", SHAPE(3, 4), he, NN_PARAM_TRAIN, &again, &(NnErr){ 0 }), NN_ERR_SHAPE);
    ck_assert_int_eq(nn_params_seal(p, 1, &err), NN_OK);
    ck_assert_int_eq(nn_params_add(p, "late", SHAPE(1), he, 0, &again, &(NnErr){ 0 }), NN_ERR_CONFIG);
    ck_assert_uint_eq(nn_params_at(p, w)->offset, 0);
    ck_assert_uint_eq(nn_params_at(p, state)->offset, nn_params_train_len(p));
    ck_assert_uint_eq(nn_params_weights(p), 9);
    ck_assert_int_eq(nn_params_find(p, "nobody"), -1);
    nn_params_free(p);
}
END_TEST

/* The gradients of the small one would fit; the values of all three do not. */
START_TEST(a_failed_seal_leaves_nothing_half_done)
{
    NnErr err = { 0 };
    int i;
    NnParams *p = nn_params_new();
    const NnShape huge = SHAPE(INT32_MAX, INT32_MAX);
    ck_assert_int_eq(nn_params_add(p, "w", SHAPE(3), he, NN_PARAM_TRAIN, &i, &err), NN_OK);
    ck_assert_int_eq(nn_params_add(p, "huge", huge, he, 0, &i, &err), NN_OK);
    ck_assert_int_eq(nn_params_add(p, "huger", huge, he, 0, &i, &err), NN_OK);
    ck_assert_int_eq(nn_params_seal(p, 1, &err), NN_ERR_NOMEM);
    ck_assert_ptr_null(nn_params_values(p));
    ck_assert_ptr_null(nn_params_grads(p));
    nn_params_free(p);
}
END_TEST

START_TEST(initial_values_follow_the_seed_and_the_rule)
{
    float first[2][1000];
    for (int round = 0; round < 2; round++) {
        NnErr err = { 0 };
        int i;
        NnParams *p = nn_params_new();
        nn_params_add(p, "w", SHAPE(1000), (NnInit){ NN_INIT_HE, 50, 0 }, NN_PARAM_TRAIN, &i, &err);
        ck_assert_int_eq(nn_params_seal(p, (uint64_t)(7 + round * _i), &err), NN_OK);
        memcpy(first[round], nn_params_values(p), sizeof first[round]);
        double sum = 0;
        for (int k = 0; k < 1000; k++) sum += (double)first[round][k] * first[round][k];
        ck_assert_double_eq_tol(sum / 1000, 2.0 / 50, 0.006);
        nn_params_free(p);
    }
    ck_assert_int_eq(!memcmp(first[0], first[1], sizeof first[0]), _i == 0);
}
END_TEST

/* A graph with everything that makes backward hard: a reused node, a residual, a weight used twice, a kept node that
 * the loss does not need, a dead branch, and an input that wants a gradient. */
typedef struct {
    NnParams *params;
    NnGraph *g;
    NnPlan *plan;
    NnVar x, t, loss, side;
} Net;

static Net net_new(int train)
{
    Net n = { .params = nn_params_new() };
    NnErr err = { 0 };
    n.g = nn_graph_new(n.params);
    n.x = nn_graph_input(n.g, "x", SHAPE(2, 3, 5, 5), 1);
    n.t = nn_graph_input(n.g, "t", SHAPE(2, 3), 0);
    NnVar w = nn_graph_param(n.g, "w", SHAPE(3, 3, 3, 3), (NnInit){ NN_INIT_HE, 27, 27 }, NN_PARAM_TRAIN);
    NnVar v = nn_graph_param(n.g, "v", SHAPE(3, 3), (NnInit){ NN_INIT_LECUN, 3, 3 }, NN_PARAM_TRAIN);
    NnVar a = nn_tanh(n.g, nn_conv2d(n.g, n.x, w, NN_NONE, (NnConvAttr){ 1, 1, 1, 1, 1 }));
    NnVar b = nn_add(n.g, a, nn_sigmoid(n.g, nn_conv2d(n.g, a, w, NN_NONE, (NnConvAttr){ 1, 1, 1, 1, 1 })));
    nn_abs(n.g, nn_scale(n.g, b, 3, 1)); /* dead */
    NnVar pooled = nn_mean(n.g, nn_mul(n.g, b, a), 2, 2);
    n.side = nn_scale(n.g, pooled, 2, 0);
    n.loss = nn_mse(n.g, nn_linear(n.g, pooled, v, NN_NONE), n.t, NN_NONE);
    ck_assert_msg(nn_graph_status(n.g, &err) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(nn_params_seal(n.params, 5, &err), NN_OK);
    const NnVar keep[] = { n.side, n.loss };
    const NnPlanSpec spec = { .train = train, .loss = n.loss, .keep = keep, .n_keep = 2 };
    ck_assert_msg(nn_plan_new(n.g, &spec, &n.plan, &err) == NN_OK, "%s", err.msg);
    return n;
}

static void net_free(Net *n)
{
    nn_plan_free(n->plan);
    nn_graph_free(n->g);
    nn_params_free(n->params);
}

static void net_fill(Net *n)
{
    NnRng r = nn_rng_make(11, NN_STREAM_TEST, 0, 0);
    float *x = nn_plan_data(n->plan, n->x), *t = nn_plan_data(n->plan, n->t);
    for (int i = 0; i < 150; i++) x[i] = nn_rng_normal(&r);
    for (int i = 0; i < 6; i++) t[i] = nn_rng_normal(&r);
}

static double net_loss(Net *n)
{
    net_fill(n);
    nn_plan_forward(n->plan, 1);
    return (double)*nn_plan_data(n->plan, n->loss);
}

START_TEST(gradients_of_a_whole_graph_match_differences)
{
    Net n = net_new(1);
    net_loss(&n);
    nn_params_zero_grads(n.params);
    nn_plan_backward(n.plan, 1);
    float *grads = nn_params_grads(n.params), *values = nn_params_values(n.params);
    for (size_t i = 0; i < nn_params_train_len(n.params); i++) {
        const float e = 1e-2f, v = values[i];
        values[i] = v + e;
        const double up = net_loss(&n);
        values[i] = v - e;
        const double down = net_loss(&n);
        values[i] = v;
        const int padding = grads[i] == 0 && up == down;
        ck_assert_msg(padding || fabs(grads[i] - (up - down) / (2 * e)) < 2e-4, "weight %zu: %g, differences %g", i,
                      (double)grads[i], (up - down) / (2 * e));
    }
    net_free(&n);
}
END_TEST

START_TEST(input_gradients_match_differences_and_scale)
{
    Net n = net_new(1);
    float want[150];
    net_loss(&n);
    nn_plan_backward(n.plan, 2);
    memcpy(want, nn_plan_grad(n.plan, n.x), sizeof want);
    for (int i = 0; i < 150; i += 7) {
        double side[2];
        for (int s = 0; s < 2; s++) {
            net_fill(&n);
            nn_plan_data(n.plan, n.x)[i] += s ? -1e-2f : 1e-2f;
            nn_plan_forward(n.plan, 1);
            side[s] = (double)*nn_plan_data(n.plan, n.loss);
        }
        ck_assert_double_eq_tol((double)want[i], 2 * (side[0] - side[1]) / 2e-2, 2e-4);
    }
    net_free(&n);
}
END_TEST

START_TEST(gradients_accumulate_over_micro_batches)
{
    Net n = net_new(1);
    float once[256];
    size_t len = nn_params_train_len(n.params);
    ck_assert_uint_le(len, 256);
    net_loss(&n);
    nn_params_zero_grads(n.params);
    nn_plan_backward(n.plan, 1);
    memcpy(once, nn_params_grads(n.params), len * sizeof *once);
    net_loss(&n);
    nn_plan_backward(n.plan, 1);
    /* to rounding only: a kernel may add its parts to the gradient one by one */
    for (size_t i = 0; i < len; i++) ck_assert_float_eq_tol(nn_params_grads(n.params)[i], 2 * once[i], 1e-6f);
    net_free(&n);
}
END_TEST

START_TEST(inference_gives_the_same_values_in_less_memory)
{
    Net train = net_new(1), infer = net_new(0);
    ck_assert_double_eq(net_loss(&train), net_loss(&infer));
    ck_assert_mem_eq(nn_plan_data(train.plan, train.side), nn_plan_data(infer.plan, infer.side), 6 * sizeof(float));
    ck_assert_uint_lt(nn_plan_bytes(infer.plan), nn_plan_bytes(train.plan));
    ck_assert_uint_ge(nn_plan_bytes(train.plan), nn_plan_lower_bound(train.plan));
    net_free(&train);
    net_free(&infer);
}
END_TEST

START_TEST(dead_nodes_are_not_computed)
{
    Net n = net_new(1);
    int unused = 0;
    for (int i = 0; i < nn_graph_len(n.g); i++) unused += !nn_plan_uses(n.plan, i);
    ck_assert_int_eq(unused, 2); /* abs and its scale */
    ck_assert_ptr_null(nn_plan_data(n.plan, (NnVar){ 4 }));
    net_free(&n);
}
END_TEST

START_TEST(the_first_bad_node_is_named)
{
    char text[256];
    Net n = net_new(1);
    net_fill(&n);
    ck_assert_int_eq(nn_plan_find_nonfinite(n.plan, 1, 1, text, sizeof text), 0);
    net_fill(&n);
    nn_plan_data(n.plan, n.x)[3] = NAN;
    ck_assert_int_eq(nn_plan_find_nonfinite(n.plan, 1, 1, text, sizeof text), 1);
    ck_assert_msg(strstr(text, "conv2d") && strstr(text, "input x is NaN"), "%s", text);
    net_fill(&n);
    nn_params_values(n.params)[nn_params_at(n.params, nn_params_find(n.params, "v"))->offset] = INFINITY;
    ck_assert_int_eq(nn_plan_find_nonfinite(n.plan, 1, 1, text, sizeof text), 1);
    ck_assert_msg(strstr(text, "linear") && strstr(text, "input v is infinite"), "%s", text);
    net_free(&n);
}
END_TEST

/* The report runs the bad step again: inputs must still be there, and what that step added to gradients must not count. */
START_TEST(a_step_can_be_run_again)
{
    float x[150], t[6];
    char text[256];
    Net n = net_new(1);
    net_fill(&n);
    memcpy(x, nn_plan_data(n.plan, n.x), sizeof x);
    memcpy(t, nn_plan_data(n.plan, n.t), sizeof t);
    nn_plan_forward(n.plan, 1);
    nn_plan_backward(n.plan, 1);
    ck_assert_mem_eq(nn_plan_data(n.plan, n.x), x, sizeof x);
    ck_assert_mem_eq(nn_plan_data(n.plan, n.t), t, sizeof t);
    for (size_t i = 0; i < nn_params_train_len(n.params); i++) nn_params_grads(n.params)[i] = NAN;
    ck_assert_msg(nn_plan_find_nonfinite(n.plan, 1, 1, text, sizeof text) == 0, "%s", text);
    net_free(&n);
}
END_TEST

/* Scratch is reserved for the threads there were when the plan was made. */
START_TEST(a_plan_runs_on_no_more_threads_than_it_was_made_for)
{
    const int before = nn_threads();
    nn_threads_set(1);
    Net n = net_new(1);
    const double loss = net_loss(&n);
    nn_threads_set(4);
    ck_assert(net_loss(&n) == loss);
    ck_assert_int_eq(nn_threads(), 1);
    nn_threads_set(before);
    net_free(&n);
}
END_TEST

START_TEST(unknown_kernels_and_vector_losses_are_refused)
{
    NnErr err = { 0 };
    Net n = net_new(1);
    NnPlan *plan = NULL;
    ck_assert_int_eq(nn_plan_new(n.g, &(NnPlanSpec){ .train = 1, .loss = n.loss, .kernel = "fastest" }, &plan, &err),
                     NN_ERR_CONFIG);
    ck_assert_msg(strstr(err.msg, "\"fastest\"") && strstr(err.msg, "blas"), "%s", err.msg);
    err = (NnErr){ 0 };
    ck_assert_int_eq(nn_plan_new(n.g, &(NnPlanSpec){ .train = 1, .loss = n.side }, &plan, &err), NN_ERR_SHAPE);
    ck_assert_int_eq(
        nn_plan_new(n.g, &(NnPlanSpec){ .train = 1, .loss = n.loss, .kernel = "blas" }, &plan, &(NnErr){ 0 }), NN_OK);
    nn_plan_free(plan);
    net_free(&n);
}
END_TEST

START_TEST(profiling_counts_calls)
{
    Net n = net_new(1);
    double forward, backward;
    long calls, most = 0;
    nn_plan_profile(n.plan, 1);
    for (int i = 0; i < 3; i++) net_loss(&n), nn_plan_backward(n.plan, 1);
    for (int i = 0; i < nn_graph_len(n.g); i++) {
        nn_plan_profile_get(n.plan, i, &forward, &backward, &calls);
        ck_assert(forward >= 0 && backward >= 0);
        if (calls > most) most = calls;
    }
    ck_assert_int_eq(most, 3);
    ck_assert_double_gt(nn_plan_flops(n.plan), 2.0 * 2 * 25 * 27 * 3 * 2 * 0.5);
    net_free(&n);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("core");
    TCase *t = tcase_create("core");
    tcase_add_unchecked_fixture(t, setup, NULL);
    tcase_add_test(t, arena_pieces_are_aligned_zeroed_and_apart);
    tcase_add_test(t, a_failure_poisons_what_follows_and_the_first_message_stays);
    tcase_add_test(t, bad_inputs_are_named);
    tcase_add_test(t, nodes_are_found_by_name);
    tcase_add_test(t, parameters_are_shared_by_name_and_laid_out_trained_first);
    tcase_add_test(t, a_failed_seal_leaves_nothing_half_done);
    tcase_add_loop_test(t, initial_values_follow_the_seed_and_the_rule, 0, 2);
    tcase_add_test(t, gradients_of_a_whole_graph_match_differences);
    tcase_add_test(t, input_gradients_match_differences_and_scale);
    tcase_add_test(t, gradients_accumulate_over_micro_batches);
    tcase_add_test(t, inference_gives_the_same_values_in_less_memory);
    tcase_add_test(t, dead_nodes_are_not_computed);
    tcase_add_test(t, the_first_bad_node_is_named);
    tcase_add_test(t, a_step_can_be_run_again);
    tcase_add_test(t, a_plan_runs_on_no_more_threads_than_it_was_made_for);
    tcase_add_test(t, unknown_kernels_and_vector_losses_are_refused);
    tcase_add_test(t, profiling_counts_calls);
    suite_add_tcase(s, t);
    return check_run(s);
}
