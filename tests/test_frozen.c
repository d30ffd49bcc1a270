/* test_frozen.c -- differentiating a network as it judges (NnPlanSpec.frozen), and gradients of inner nodes (keep_grad):
 * the forward pass of inference, the gradient that differences of it show, and nothing else moves. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "nn/model/blocks.h"
#include "nn/ops/activation.h"
#include "nn/ops/arithmetic.h"
#include "nn/ops/batch_norm.h"
#include "nn/ops/conv_norm_act.h"
#include "nn/ops/dropout.h"
#include "nn/ops/linear.h"
#include "nn/ops/loss_ops.h"
#include "nn/ops/pool.h"
#include "tests/check_main.h"
#include "tests/net_rig.h"

enum { N = 2, SIZE = 10, PIXELS = N * 3 * SIZE * SIZE, INNER = 4, MOST_INNER = N * 16 * SIZE * SIZE };

static void setup(void)
{
    NnErr err = { 0 };
    ck_assert_msg(nn_blas_init(&err) == NN_OK, "%s", err.msg);
}

/* A detector in small: convolutions, a residual block, dropout, and a linear layer that judges. inner[]: an activation
 * that would be deferred, one with two readers, what batch norm gives before its activation (which would absorb it), and
 * one after dropout. */
typedef struct {
    Net net;
    NnVar x, t, y, loss, inner[INNER];
    NnVar zero; /* where asked for, added to one of inner[] */
} Model;

/* Graph building goes on from v, or from v + 0, of which the 0 is an input. Both are made either way: dropout's mask
 * depends on the number of its node. */
static NnVar place(Model *m, int which, NnVar v, int zero_at)
{
    const NnVar zero = nn_graph_input(m->net.g, "zero", nn_graph_shape(m->net.g, v), 1),
                sum = nn_add(m->net.g, v, zero);
    m->inner[which] = v;
    if (which != zero_at) return v;
    m->zero = zero;
    return sum;
}

/* Parameters as a training run might leave them, above all running statistics. */
static void fill_params(NnParams *p)
{
    NnRng rng = nn_rng_make(41, NN_STREAM_TEST, 0, 0);
    for (int i = 0; i < nn_params_count(p); i++) {
        const NnParam *param = nn_params_at(p, i);
        float *v = nn_params_values(p) + param->offset;
        const int is_var = strstr(param->name, "running_var") != NULL, is_matrix = param->shape.n > 1;
        for (size_t k = 0; k < param->len && !is_matrix; k++)
            v[k] = is_var ? nn_rng_range(&rng, 0.3f, 2) : v[k] + nn_rng_range(&rng, -0.4f, 0.4f);
    }
}

static Model model_new(int wants_grad, int zero_at)
{
    Model m = { .net = net_new(), .zero = NN_NONE };
    NnGraph *g = m.net.g;
    const NnConvSpec relu = { 8, 3, 1, 1, NN_ACT_RELU }, plain = { 8, 3, 2, 1, NN_ACT_NONE };
    m.x = nn_graph_input(g, "x", (NnShape){ 4, { N, 3, SIZE, SIZE } }, wants_grad);
    m.t = nn_graph_input(g, "t", (NnShape){ 2, { N, 1 } }, 0);
    NnVar v = place(&m, 0, nn_conv_block(g, "stem", m.x, relu), zero_at);
    v = place(&m, 1, nn_conv_block(g, "first", v, relu), zero_at);
    v = nn_residual_block(g, "residual", v, 8, 1);
    v = nn_leaky_relu(g, place(&m, 2, nn_conv_block(g, "half", v, plain), zero_at), 0.1f);
    v = place(&m, 3, nn_dropout(g, nn_global_avg_pool(g, v), 0.5f), zero_at);
    const NnLinearParams judge = nn_linear_params(g, "judge", 1, 8);
    m.y = nn_linear(g, v, judge.weight, judge.bias);
    m.loss = nn_bce_with_logits(g, m.y, m.t, NN_NONE);
    return m;
}

static void plan(Model *m, NnPlanSpec spec)
{
    NnRng rng = nn_rng_make(42, NN_STREAM_TEST, 0, 0);
    const int is_first = !nn_params_is_sealed(m->net.params);
    if (!spec.train) spec.loss = NN_NONE;
    else spec.loss = m->loss;
    ck_assert_msg(net_plan(&m->net, spec) == NN_OK, "%s", m->net.err.msg);
    if (is_first) fill_params(m->net.params);
    for (int i = 0; i < PIXELS; i++) nn_plan_data(m->net.plan, m->x)[i] = nn_rng_range(&rng, -1, 1);
    float *zero = nn_plan_data(m->net.plan, m->zero), *t = nn_plan_data(m->net.plan, m->t);
    for (size_t i = 0; zero && i < len_of(nn_graph_shape(m->net.g, m->zero)); i++) zero[i] = 0;
    for (int i = 0; t && i < N; i++) t[i] = (float)i;
}

static void step(const Model *m)
{
    nn_plan_forward(m->net.plan, 3);
    nn_plan_backward(m->net.plan, 1);
}

/* Every way to plan that may change which kernel computes what from what. */
static const struct {
    const char *how;
    NnPlanSpec spec;
} ways[] = {
    { "auto", { .train = 1, .frozen = 1 } },
    { "blas", { .train = 1, .frozen = 1, .kernel = "blas" } },
    { "direct", { .train = 1, .frozen = 1, .kernel = "direct" } },
    { "winograd", { .train = 1, .frozen = 1, .kernel = "winograd" } },
    { "unfused", { .train = 1, .frozen = 1, .unfused = 1 } },
    { "low memory", { .train = 1, .frozen = 1, .memory = NN_MEMORY_LOW } },
    { "low memory, direct", { .train = 1, .frozen = 1, .memory = NN_MEMORY_LOW, .kernel = "direct" } },
};
enum { WAYS = sizeof ways / sizeof *ways };

/* ---- forward and gradient ---- */

START_TEST(the_forward_pass_is_that_of_inference)
{
    Model m = model_new(1, -1);
    const NnVar keep[] = { m.y, m.loss };
    NnPlanSpec spec = ways[_i].spec;
    float want[N + 1];
    spec.keep = keep, spec.n_keep = 2;
    plan(&m, (NnPlanSpec){ .keep = keep, .n_keep = 2, .kernel = spec.kernel, .unfused = spec.unfused });
    nn_plan_forward(m.net.plan, 3);
    memcpy(want, nn_plan_data(m.net.plan, m.y), N * sizeof *want);
    want[N] = *nn_plan_data(m.net.plan, m.loss);
    plan(&m, spec);
    nn_plan_forward(m.net.plan, 3);
    ck_assert(isfinite(want[N]) && want[0] != want[1]);
    ck_assert_mem_eq(nn_plan_data(m.net.plan, m.y), want, N * sizeof *want);
    ck_assert_mem_eq(nn_plan_data(m.net.plan, m.loss), want + N, sizeof *want);
    net_free(&m.net);
}
END_TEST

/* The loss of an inference plan, with pixel i moved by h. Such a plan may recycle its inputs. */
static double loss_near(Model *m, const float *x, int i, float h)
{
    float *to = nn_plan_data(m->net.plan, m->x);
    memcpy(to, x, PIXELS * sizeof *to);
    to[i] += h;
    nn_plan_forward(m->net.plan, 0);
    double sum = 0; /* of logits, in double: the loss itself is a float, and its differences are coarse */
    for (int k = 0; k < N; k++) {
        const double y = (double)nn_plan_data(m->net.plan, m->y)[k];
        sum += log1p(exp(-fabs(y))) + fmax(y, 0) - (double)k * y;
    }
    return sum / N;
}

START_TEST(the_gradient_is_that_of_inference)
{
    static float x[PIXELS], dx[PIXELS];
    const float h = 5e-4f;
    double apart = 0, size = 0;
    Model m = model_new(1, -1);
    plan(&m, ways[_i].spec);
    memcpy(x, nn_plan_data(m.net.plan, m.x), sizeof x);
    step(&m);
    memcpy(dx, nn_plan_grad(m.net.plan, m.x), sizeof dx);
    plan(&m, (NnPlanSpec){ .keep = &m.y, .n_keep = 1, .kernel = "exact" });
    for (int i = 0; i < PIXELS; i++) {
        const double want = (loss_near(&m, x, i, h) - loss_near(&m, x, i, -h)) / (2 * (double)h);
        apart += ((double)dx[i] - want) * ((double)dx[i] - want), size += want * want;
    }
    ck_assert(size > 0);
    ck_assert_msg(sqrt(apart / size) < 0.02, "%s: %g of the gradient away from differences", ways[_i].how,
                  sqrt(apart / size));
    net_free(&m.net);
}
END_TEST

START_TEST(the_gradient_has_the_same_bits_at_any_thread_count)
{
    static float want[PIXELS];
    for (int threads = 1; threads <= 4; threads *= 2) {
        Model m = model_new(1, -1);
        nn_threads_set(threads);
        plan(&m, ways[_i].spec);
        step(&m);
        if (threads == 1) memcpy(want, nn_plan_grad(m.net.plan, m.x), sizeof want);
        ck_assert_mem_eq(nn_plan_grad(m.net.plan, m.x), want, sizeof want);
        net_free(&m.net);
    }
    nn_threads_set(1);
}
END_TEST

static float *copy_of(const float *from, size_t n)
{
    float *to = malloc((n + 1) * sizeof *to);
    ck_assert(to != NULL);
    memcpy(to, from, n * sizeof *to);
    return to;
}

START_TEST(parameters_and_their_gradients_stay)
{
    char text[256];
    Model m = model_new(1, -1);
    NnPlanSpec spec = ways[_i].spec;
    spec.keep_grad = m.inner, spec.n_keep_grad = INNER;
    plan(&m, spec);
    NnParams *p = m.net.params;
    const size_t values = nn_params_len(p), grads = nn_params_train_len(p);
    for (size_t i = 0; i < grads; i++) nn_params_grads(p)[i] = (float)i;
    float *before = copy_of(nn_params_values(p), values), *grads_before = copy_of(nn_params_grads(p), grads);
    step(&m);
    ck_assert_msg(!nn_plan_find_nonfinite(m.net.plan, 3, 1, text, sizeof text), "%s", text);
    ck_assert_mem_eq(nn_params_values(p), before, values * sizeof *before);
    ck_assert_mem_eq(nn_params_grads(p), grads_before, grads * sizeof *before);
    free(before), free(grads_before);
    net_free(&m.net);
}
END_TEST

/* A running statistic is read here, so it is one of the suspects. */
START_TEST(a_bad_running_statistic_is_named)
{
    char text[256];
    Model m = model_new(1, -1);
    plan(&m, ways[0].spec);
    NnParams *p = m.net.params;
    nn_params_values(p)[nn_params_at(p, nn_params_find(p, "first.bn.running_var"))->offset] = NAN;
    ck_assert_int_eq(nn_plan_find_nonfinite(m.net.plan, 3, 1, text, sizeof text), 1);
    ck_assert_msg(strstr(text, "first") && strstr(text, "running_var is NaN"), "%s", text);
    net_free(&m.net);
}
END_TEST

/* ---- gradients of inner nodes ---- */

/* d(loss)/d(inner) as the gradient of a 0 that is added there. */
static void gradient_of_zero(int which, NnPlanSpec spec, float *out)
{
    Model m = model_new(1, which);
    plan(&m, spec);
    step(&m);
    memcpy(out, nn_plan_grad(m.net.plan, m.zero), len_of(nn_graph_shape(m.net.g, m.zero)) * sizeof *out);
    net_free(&m.net);
}

static void assert_kept(Model *m, int which, NnPlanSpec spec, const char *how)
{
    static float want[MOST_INNER];
    const size_t len = len_of(nn_graph_shape(m->net.g, m->inner[which]));
    const float *got = nn_plan_grad(m->net.plan, m->inner[which]);
    double apart = 0, size = 0;
    spec.keep_grad = NULL, spec.n_keep_grad = 0;
    gradient_of_zero(which, spec, want);
    ck_assert_msg(got != NULL, "%s: no gradient of inner node %d", how, which);
    for (size_t i = 0; i < len; i++) {
        const double d = (double)got[i] - (double)want[i];
        apart += d * d, size += (double)want[i] * (double)want[i];
    }
    ck_assert(size > 0);
    ck_assert_msg(sqrt(apart / size) < 1e-5, "%s: inner node %d: %g of the gradient away from that of an input", how,
                  which, sqrt(apart / size));
}

/* All of them kept at once or one alone, with the gradient going on to x or ending there; frozen and in training. */
START_TEST(gradients_of_inner_nodes_are_kept)
{
    for (int variant = 0; variant < 8; variant++) {
        Model m = model_new(variant & 1, -1);
        for (int k = 0; k < INNER; k++) {
            NnPlanSpec spec = ways[_i].spec;
            const int all = variant & 2;
            if (all && k) break;
            spec.frozen = variant & 4 ? 0 : 1;
            spec.keep_grad = m.inner + k, spec.n_keep_grad = all ? INNER : 1;
            plan(&m, spec);
            step(&m);
            for (int i = k; i < (all ? INNER : k + 1); i++) assert_kept(&m, i, spec, ways[_i].how);
        }
        net_free(&m.net);
    }
}
END_TEST

START_TEST(only_what_is_asked_for_has_a_gradient)
{
    Model m = model_new(0, -1);
    const NnVar weight = nn_graph_find(m.net.g, "judge.weight"), aside = nn_relu(m.net.g, m.inner[0]);
    const NnVar asked[] = { m.inner[1], aside, NN_NONE };
    plan(&m,
         (NnPlanSpec){ .train = 1, .frozen = 1, .keep_grad = asked, .n_keep_grad = 3, .keep = &aside, .n_keep = 1 });
    step(&m);
    ck_assert_ptr_nonnull(nn_plan_grad(m.net.plan, m.inner[1]));
    const NnVar without[] = { m.x, m.t, m.y, m.loss, m.inner[0], m.inner[2], aside, weight, NN_NONE };
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        ck_assert_msg(!nn_plan_grad(m.net.plan, without[i]), "%zu has a gradient", i);
    plan(&m, (NnPlanSpec){ .train = 1, .frozen = 1 }); /* nothing is asked for: backward has nothing to do */
    step(&m);
    ck_assert_ptr_null(nn_plan_grad(m.net.plan, m.inner[1]));
    plan(&m, (NnPlanSpec){ .train = 1, .frozen = 1, .keep_grad = &m.loss, .n_keep_grad = 1 });
    nn_plan_forward(m.net.plan, 0);
    nn_plan_backward(m.net.plan, 0.25f);
    ck_assert(*nn_plan_grad(m.net.plan, m.loss) == 0.25f);
    net_free(&m.net);
}
END_TEST

START_TEST(parameters_and_constants_cannot_be_kept)
{
    Model m = model_new(1, -1);
    const NnVar weight = nn_graph_find(m.net.g, "judge.weight");
    const NnPlanSpec spec = { .train = 1, .loss = m.loss, .frozen = 1, .keep_grad = &weight, .n_keep_grad = 1 };
    ck_assert_int_eq(net_plan(&m.net, spec), NN_ERR_CONFIG);
    ck_assert_msg(strstr(m.net.err.msg, "judge.weight"), "%s", m.net.err.msg);
    net_free(&m.net);
}
END_TEST

/* Where the gradient ends, the network before it is plain inference: it saves nothing. */
START_TEST(what_is_not_differentiated_saves_nothing)
{
    Model late = model_new(0, -1), whole = model_new(1, -1);
    plan(&late, (NnPlanSpec){ .train = 1, .frozen = 1, .keep_grad = &late.inner[2], .n_keep_grad = 1 });
    plan(&whole, (NnPlanSpec){ .train = 1, .frozen = 1 });
    ck_assert_uint_le(4 * nn_plan_bytes(late.net.plan), 3 * nn_plan_bytes(whole.net.plan));
    net_free(&late.net);
    net_free(&whole.net);
}
END_TEST

/* b = batch_norm(x) gets no gradient, so it cannot be restored; but backward of a * b reads it. */
START_TEST(what_is_not_differentiated_may_be_read_by_backward)
{
    const NnShape map = { 2, { 64, 4 } }, row = { 1, { 4 } };
    Net n = net_new();
    const NnVar x = nn_graph_input(n.g, "x", map, 0), t = nn_graph_input(n.g, "t", map, 0);
    NnVar four[4];
    for (int i = 0; i < 4; i++)
        four[i] = nn_graph_param(n.g, (const char *const[]){ "gamma", "beta", "mean", "var" }[i], row,
                                 (NnInit){ .kind = i % 3 ? NN_INIT_ZERO : NN_INIT_ONE }, i < 2 ? NN_PARAM_TRAIN : 0);
    const NnVar b = nn_batch_norm(n.g, x, four[0], four[1], four[2], four[3], (NnBatchNormAttr){ 3, 0.1f });
    const NnVar a = nn_tanh(n.g, x), c = nn_mul(n.g, a, b);
    NnVar far = c;
    for (int i = 0; i < 6; i++) far = nn_tanh(n.g, nn_mul(n.g, far, far)); /* so that memory is needed meanwhile */
    const NnVar loss = nn_mse(n.g, nn_add(n.g, c, nn_scale(n.g, far, 0, 0)), t, NN_NONE);
    for (int low = 0; low < 2; low++) {
        const NnPlanSpec spec = { .train = 1,
                                  .frozen = 1,
                                  .loss = loss,
                                  .keep_grad = &a,
                                  .n_keep_grad = 1,
                                  .unfused = 1,
                                  .memory = low ? NN_MEMORY_LOW : NN_MEMORY_NORMAL };
        ck_assert_msg(net_plan(&n, spec) == NN_OK, "%s", n.err.msg);
        for (int i = 0; i < 256; i++) nn_plan_data(n.plan, x)[i] = (float)i / 256, nn_plan_data(n.plan, t)[i] = 0;
        nn_plan_forward(n.plan, 0);
        nn_plan_backward(n.plan, 128);
        for (int i = 0; i < 256; i++) { /* b = x / 2; d(128 mean (a b)^2)/da = a b^2 */
            const float v = (float)i / 256;
            ck_assert_float_eq_tol(nn_plan_grad(n.plan, a)[i], tanhf(v) * v * v / 4, 1e-6f);
        }
    }
    net_free(&n);
}
END_TEST

/* Otherwise the comparisons above would compare things of one kind only. */
START_TEST(frozen_plans_are_fused_and_kept_nodes_are_not)
{
    Model m = model_new(1, -1);
    plan(&m, ways[0].spec);
    ck_assert(!nn_plan_uses(m.net.plan, m.inner[2].id));
    ck_assert_ptr_eq(nn_plan_op(m.net.plan, m.inner[0].id), &nn_op_conv_norm_act);
    plan(&m, (NnPlanSpec){ .train = 1, .frozen = 1, .keep_grad = m.inner, .n_keep_grad = INNER });
    ck_assert_ptr_eq(nn_plan_op(m.net.plan, m.inner[2].id), &nn_op_conv_norm_act); /* without the activation */
    net_free(&m.net);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("frozen");
    TCase *t = tcase_create("frozen");
    tcase_add_unchecked_fixture(t, setup, NULL);
    tcase_add_loop_test(t, the_forward_pass_is_that_of_inference, 0, WAYS);
    tcase_add_loop_test(t, the_gradient_is_that_of_inference, 0, WAYS);
    tcase_add_loop_test(t, the_gradient_has_the_same_bits_at_any_thread_count, 0, WAYS);
    tcase_add_loop_test(t, parameters_and_their_gradients_stay, 0, WAYS);
    tcase_add_test(t, a_bad_running_statistic_is_named);
    tcase_add_loop_test(t, gradients_of_inner_nodes_are_kept, 0, WAYS);
    tcase_add_test(t, only_what_is_asked_for_has_a_gradient);
    tcase_add_test(t, parameters_and_constants_cannot_be_kept);
    tcase_add_test(t, what_is_not_differentiated_saves_nothing);
    tcase_add_test(t, what_is_not_differentiated_may_be_read_by_backward);
    tcase_add_test(t, frozen_plans_are_fused_and_kept_nodes_are_not);
    suite_add_tcase(s, t);
    return check_run(s);
}
