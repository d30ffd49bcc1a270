/* test_fused.c -- a network planned in every way (fused or not, each convolution kernel, little memory) must be the same
 * function: loss, gradients and running statistics of a training step, and the output of inference. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "nn/model/blocks.h"
#include "nn/ops/activation.h"
#include "nn/ops/conv_norm_act.h"
#include "nn/ops/loss_ops.h"
#include "tests/check_main.h"
#include "tests/net_rig.h"

enum { N = 3, SIZE = 20, LEN = N * 3 * SIZE * SIZE };

/* An encoder with a residual block, where an activation has two readers, and a decoder that doubles the size. */
typedef struct {
    Net net;
    NnVar x, y, loss;
    float input[LEN];
    float *start; /* values of the parameters before the step */
} Model;

static Model model_new(void)
{
    Model m = { .net = net_new() };
    NnGraph *g = m.net.g;
    const NnConvSpec spec = { 8, 3, 1, 1, NN_ACT_RELU }, image = { 3, 3, 1, 0, NN_ACT_TANH };
    m.x = nn_graph_input(g, "x", (NnShape){ 4, { N, 3, SIZE, SIZE } }, 1);
    const NnVar h = nn_conv_block(g, "first", nn_conv_block(g, "stem", m.x, spec), spec);
    const NnVar half = nn_residual_block(g, "residual", h, 16, 2);
    const NnVar leaky =
        nn_leaky_relu(g, nn_conv_block(g, "leaky", half, (NnConvSpec){ 8, 1, 1, 1, NN_ACT_NONE }), 0.1f);
    m.y = nn_conv_block(g, "image", nn_up_block(g, "up", leaky, spec), image);
    m.loss = nn_mse(g, m.y, m.x, NN_NONE);
    NnRng rng = nn_rng_make(1, NN_STREAM_TEST, 0, 0);
    for (int i = 0; i < LEN; i++) m.input[i] = nn_rng_range(&rng, -1, 1);
    return m;
}

static void model_free(Model *m)
{
    net_free(&m->net);
    free(m->start);
}

/* What one step, and then inference, gives. */
typedef struct {
    float loss, *values, *grads, dx[LEN], y[LEN];
} Outcome;

static float *copy_of(const float *from, size_t n)
{
    float *to = malloc((n + 1) * sizeof *to);
    ck_assert(to != NULL);
    memcpy(to, from, n * sizeof *to);
    return to;
}

/* The first plan seals the parameters; every later one starts from the same values. */
static void plan(Model *m, NnPlanSpec spec)
{
    NnParams *p = m->net.params;
    ck_assert_msg(net_plan(&m->net, spec) == NN_OK, "%s", m->net.err.msg);
    if (!m->start) m->start = copy_of(nn_params_values(p), nn_params_len(p));
    memcpy(nn_plan_data(m->net.plan, m->x), m->input, sizeof m->input);
}

static Outcome *outcome_new(Model *m, NnPlanSpec spec)
{
    NnParams *p = m->net.params;
    Outcome *o = calloc(1, sizeof *o);
    ck_assert(o != NULL);
    spec.train = 1, spec.loss = m->loss;
    plan(m, spec);
    memcpy(nn_params_values(p), m->start, nn_params_len(p) * sizeof(float));
    nn_params_zero_grads(p);
    nn_plan_forward(m->net.plan, 0);
    o->loss = *nn_plan_data(m->net.plan, m->loss);
    nn_plan_backward(m->net.plan, 1);
    memcpy(o->dx, nn_plan_grad(m->net.plan, m->x), sizeof o->dx);
    o->values = copy_of(nn_params_values(p), nn_params_len(p));
    o->grads = copy_of(nn_params_grads(p), nn_params_train_len(p));
    spec.train = 0, spec.loss = NN_NONE, spec.keep = &m->y, spec.n_keep = 1;
    plan(m, spec);
    nn_plan_forward(m->net.plan, 0);
    memcpy(o->y, nn_plan_data(m->net.plan, m->y), sizeof o->y);
    return o;
}

static void outcome_free(Outcome *o)
{
    free(o->values);
    free(o->grads);
    free(o);
}

/* |a - b| / |b|, in the root of the sum of squares. */
static double apart(const float *a, const float *b, size_t n)
{
    double difference = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)a[i] - (double)b[i];
        difference += d * d, size += (double)b[i] * (double)b[i];
    }
    return sqrt(difference / size);
}

static void compare(const Model *m, const Outcome *got, const Outcome *want, const char *how)
{
    const NnParams *p = m->net.params;
    const double values = apart(got->values, want->values, nn_params_len(p)), dx = apart(got->dx, want->dx, LEN);
    const double grads = apart(got->grads, want->grads, nn_params_train_len(p)), y = apart(got->y, want->y, LEN);
    ck_assert_msg(fabs((double)(got->loss - want->loss)) <= 1e-5, "%s: loss %g, unfused %g", how, (double)got->loss,
                  (double)want->loss);
    ck_assert_msg(values <= 1e-5, "%s: running statistics are %g apart", how, values);
    ck_assert_msg(grads <= 1e-3, "%s: gradients are %g apart", how, grads);
    ck_assert_msg(dx <= 1e-3, "%s: input gradients are %g apart", how, dx);
    ck_assert_msg(y <= 1e-4, "%s: inference is %g apart", how, y);
}

START_TEST(every_plan_computes_the_same)
{
    static const struct {
        const char *how;
        NnPlanSpec spec;
    } ways[] = {
        { "fused, auto", { .kernel = NULL } },
        { "fused, exact", { .kernel = "exact" } },
        { "fused, blas", { .kernel = "blas" } },
        { "fused, direct", { .kernel = "direct" } },
        { "fused, winograd", { .kernel = "winograd" } },
        { "fused, polyphase", { .kernel = "polyphase" } },
        { "fused, low memory", { .memory = NN_MEMORY_LOW } },
        { "unfused, direct", { .kernel = "direct", .unfused = 1 } },
        { "unfused, low memory", { .memory = NN_MEMORY_LOW, .unfused = 1 } },
    };
    NnErr err = { 0 };
    ck_assert_msg(nn_blas_init(&err) == NN_OK, "%s", err.msg);
    Model m = model_new();
    Outcome *want = outcome_new(&m, (NnPlanSpec){ .kernel = "blas", .unfused = 1 });
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        Outcome *got = outcome_new(&m, ways[i].spec);
        compare(&m, got, want, ways[i].how);
        outcome_free(got);
    }
    outcome_free(want);
    model_free(&m);
}
END_TEST

/* Otherwise the comparison above would compare a thing with itself. */
START_TEST(blocks_become_single_ops)
{
    NnErr err = { 0 };
    ck_assert_msg(nn_blas_init(&err) == NN_OK, "%s", err.msg);
    Model m = model_new();
    plan(&m, (NnPlanSpec){ .train = 1, .loss = m.loss });
    int fused = 0, norms = 0, enlarged = 0;
    for (int i = 0; i < nn_graph_len(m.net.g); i++) {
        const NnOp *op = nn_plan_op(m.net.plan, i);
        fused += op == &nn_op_conv_norm_act;
        norms += op == &nn_op_batch_norm;
        enlarged += op && strcmp(op->name, "upsample_nearest") == 0;
    }
    ck_assert_int_eq(fused, 7); /* stem, first, three of the residual block, leaky, up */
    ck_assert_int_eq(norms, 0);
    ck_assert_int_eq(enlarged, 0);
    model_free(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fused");
    TCase *t = tcase_create("one function");
    tcase_add_test(t, every_plan_computes_the_same);
    tcase_add_test(t, blocks_become_single_ops);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
