/* test_deferred.c -- activations that are never written, because the convolution behind them normalises as it reads:
 * the same numbers, and whoever goes wrong is still named. */
#include <math.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/ops/activation.h"
#include "nn/ops/batch_norm.h"
#include "nn/ops/conv.h"
#include "nn/ops/loss_ops.h"
#include "tests/check_main.h"
#include "tests/net_rig.h"

enum { N = 2, C = 5, SIZE = 8, LAYERS = 3, PIXELS = N * C * SIZE * SIZE };
static const NnShape image = { 4, { N, C, SIZE, SIZE } };

static void setup(void)
{
    NnErr err = { 0 };
    ck_assert_msg(nn_blas_init(&err) == NN_OK, "%s", err.msg);
}

typedef struct {
    Net net;
    NnVar x, t, loss, act[LAYERS];
} Chain;

static NnVar weight(NnGraph *g, int layer, const char *part, NnShape s, NnInitKind init, int flags)
{
    char name[32];
    snprintf(name, sizeof name, "layer.%d.%s", layer, part);
    return nn_graph_param(g, name, s, (NnInit){ .kind = init, .fan_in = C * 9 }, flags);
}

static NnVar conv(NnGraph *g, NnVar x, int layer)
{
    const NnVar w = weight(g, layer, "w", (NnShape){ 4, { C, C, 3, 3 } }, NN_INIT_HE, NN_PARAM_TRAIN);
    return nn_conv2d(g, x, w, NN_NONE, (NnConvAttr){ .stride = 1, .pad = 1, .dilation = 1, .groups = 1 });
}

static NnVar layer(NnGraph *g, NnVar x, int i)
{
    const NnShape s = { 1, { C } };
    char scope[24];
    snprintf(scope, sizeof scope, "layer.%d", i);
    nn_graph_scope(g, scope);
    const NnVar gamma = weight(g, i, "gamma", s, NN_INIT_ONE, NN_PARAM_TRAIN);
    const NnVar beta = weight(g, i, "beta", s, NN_INIT_ZERO, NN_PARAM_TRAIN);
    const NnVar mean = weight(g, i, "mean", s, NN_INIT_ZERO, 0), var = weight(g, i, "var", s, NN_INIT_ONE, 0);
    const NnVar z = nn_batch_norm(g, conv(g, x, i), gamma, beta, mean, var, (NnBatchNormAttr){ 1e-5f, 0.1f });
    return nn_leaky_relu(g, z, 0.3f);
}

static Chain chain_new(void)
{
    Chain c = { .net = net_new() };
    NnGraph *g = c.net.g;
    c.x = nn_graph_input(g, "x", image, 1), c.t = nn_graph_input(g, "t", image, 0);
    for (int i = 0; i < LAYERS; i++) c.act[i] = layer(g, i ? c.act[i - 1] : c.x, i);
    nn_graph_scope(g, "head");
    c.loss = nn_mse(g, conv(g, c.act[LAYERS - 1], LAYERS), c.t, NN_NONE);
    return c;
}

static void chain_plan(Chain *c, NnPlanSpec spec)
{
    spec.train = 1, spec.loss = c->loss;
    ck_assert_msg(net_plan(&c->net, spec) == NN_OK, "%s", c->net.err.msg);
    NnRng r = nn_rng_make(31, NN_STREAM_TEST, 0, 0);
    for (int i = 0; i < PIXELS; i++) {
        nn_plan_data(c->net.plan, c->x)[i] = nn_rng_normal(&r);
        nn_plan_data(c->net.plan, c->t)[i] = nn_rng_normal(&r);
    }
}

/* The gradient of x, of one step. */
static void chain_gradient(Chain *c, NnPlanSpec spec, float *dx)
{
    chain_plan(c, spec);
    nn_plan_forward(c->net.plan, 0);
    nn_params_zero_grads(c->net.params);
    nn_plan_backward(c->net.plan, 1);
    memcpy(dx, nn_plan_grad(c->net.plan, c->x), PIXELS * sizeof *dx);
}

START_TEST(deferring_changes_no_bits)
{
    static float want[PIXELS], got[PIXELS], low[PIXELS];
    Chain c = chain_new();
    const NnPlanSpec kept = { .kernel = "direct", .keep = c.act, .n_keep = LAYERS };
    chain_gradient(&c, kept, want);
    chain_gradient(&c, (NnPlanSpec){ .kernel = "direct" }, got);
    ck_assert_mem_eq(got, want, sizeof want);
    chain_gradient(&c, (NnPlanSpec){ .kernel = "direct", .memory = NN_MEMORY_LOW }, low);
    ck_assert_mem_eq(low, want, sizeof want);
    chain_gradient(&c, (NnPlanSpec){ .kernel = "blas", .unfused = 1 }, got);
    for (int i = 0; i < PIXELS; i++) ck_assert_float_eq_tol(got[i], want[i], 1e-6f);
    net_free(&c.net);
}
END_TEST

/* Finite weights whose sums overflow in layer _i. The step before has spoilt the running statistics, as in train. */
START_TEST(the_layer_that_overflows_is_named)
{
    char name[32], text[256];
    Chain c = chain_new();
    chain_plan(&c, (NnPlanSpec){ .kernel = "direct" });
    ck_assert_msg(!nn_plan_find_nonfinite(c.net.plan, 0, 1, text, sizeof text), "%s", text);
    snprintf(name, sizeof name, "layer.%d.w", _i);
    const NnParam *w = nn_params_at(c.net.params, nn_params_find(c.net.params, name));
    for (size_t i = 0; i < w->len; i++) nn_params_values(c.net.params)[w->offset + i] = 3e38f;
    nn_plan_forward(c.net.plan, 0);
    ck_assert_int_eq(nn_plan_find_nonfinite(c.net.plan, 0, 1, text, sizeof text), 1);
    snprintf(name, sizeof name, "conv_norm_act layer.%d ", _i);
    ck_assert_msg(strstr(text, name) && strstr(text, "its output is"), "%s", text);
    net_free(&c.net);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("deferred");
    TCase *t = tcase_create("deferred");
    tcase_add_unchecked_fixture(t, setup, NULL);
    tcase_add_test(t, deferring_changes_no_bits);
    tcase_add_loop_test(t, the_layer_that_overflows_is_named, 0, LAYERS);
    suite_add_tcase(s, t);
    return check_run(s);
}
