/* test_held.c -- what a plan holds between forward and backward, restores, or computes again: always the same bits, in
 * less memory. With a toy op that counts its calls, and random graphs. */
#include <math.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/ops/activation.h"
#include "nn/ops/arithmetic.h"
#include "nn/ops/batch_norm.h"
#include "nn/ops/dropout.h"
#include "nn/ops/loss_ops.h"
#include "nn/ops/reduce.h"
#include "tests/check_main.h"
#include "tests/net_rig.h"

static void setup(void)
{
    NnErr err = { 0 };
    ck_assert_msg(nn_blas_init(&err) == NN_OK, "%s", err.msg);
}

static int forwards, repeats, restores;

/* y = 3 tanh(x), saved = tanh(x): backward needs saved alone, and y can be had from it. */
static size_t bump_saved(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)xs, (void)n_in, (void)attr;
    return len_of(ys);
}

static void bump_restore(const NnFwd *k)
{
    ck_assert_int_eq(k->step.again, 1);
    restores++;
    for (size_t i = 0; i < len_of(k->ys); i++) k->y[i] = 3 * k->saved[i];
}

static void bump_forward(const NnFwd *k)
{
    *(k->step.again ? &repeats : &forwards) += 1;
    for (size_t i = 0; i < len_of(k->ys); i++) {
        const float z = tanhf(k->x[0][i]);
        if (k->saved) k->saved[i] = z;
        k->y[i] = 3 * z;
    }
}

static void bump_backward(const NnBwd *k)
{
    for (size_t i = 0; i < len_of(k->ys); i++) k->dx[0][i] += k->dy[i] * 3 * (1 - k->saved[i] * k->saved[i]);
}

/* y = 2 x, which can be had from x again; x may be restored itself. */
static void pass_forward(const NnFwd *k)
{
    for (size_t i = 0; i < len_of(k->ys); i++) k->y[i] = 2 * k->x[0][i];
}

static void pass_backward(const NnBwd *k)
{
    for (size_t i = 0; i < len_of(k->ys); i++) k->dx[0][i] += 2 * k->dy[i];
}

static void pass_restore(const NnFwd *k)
{
    restores++;
    pass_forward(k);
}

static const NnKernel bump_kernels[] = { { .forward = bump_forward, .backward = bump_backward } };
static const NnOp op_bump[2] = {
    { .name = "bump",
      .min_in = 1,
      .max_in = 1,
      .shape = like_x,
      .saved = bump_saved,
      .kernels = NN_LIST(bump_kernels) },
    { .name = "bump",
      .min_in = 1,
      .max_in = 1,
      .shape = like_x,
      .saved = bump_saved,
      .kernels = NN_LIST(bump_kernels),
      .restore = bump_restore },
};
static const NnKernel pass_kernels[] = { { .forward = pass_forward, .backward = pass_backward } };
static const NnOp op_pass = { .name = "pass",
                              .min_in = 1,
                              .max_in = 1,
                              .shape = like_x,
                              .kernels = NN_LIST(pass_kernels),
                              .restore = pass_restore,
                              .restore_reads = NN_READS_X0 };

enum { ROWS = 32, COLUMNS = 8, DEPTH = 30 };
static const NnShape map = { 2, { ROWS, COLUMNS } };

static NnVar norm(NnGraph *g, NnVar x, int i)
{
    static const char *const part[] = { "gamma", "beta", "mean", "var" };
    NnVar p[4];
    for (int k = 0; k < 4; k++) {
        char name[32];
        const NnInit init = { .kind = k % 3 ? NN_INIT_ZERO : NN_INIT_ONE };
        snprintf(name, sizeof name, "%d.%s", i, part[k]);
        p[k] = nn_graph_param(g, name, (NnShape){ 1, { COLUMNS } }, init, k < 2 ? NN_PARAM_TRAIN : 0);
    }
    return nn_batch_norm(g, x, p[0], p[1], p[2], p[3], (NnBatchNormAttr){ 1e-5f, 0.1f });
}

static NnVar random_op(NnGraph *g, NnRng *r, const NnVar *v, int n, const NnOp *bump)
{
    const NnVar a = v[n - 1 - (int)nn_rng_below(r, 2) % n], b = v[nn_rng_below(r, (uint32_t)n)];
    switch (nn_rng_below(r, 8)) {
    case 0:
        return nn_tanh(g, nn_mul(g, a, b));
    case 1:
        return norm(g, nn_mul(g, a, a), n);
    case 2:
        return nn_dropout(g, a, 0.3f);
    case 3:
        return nn_graph_apply(g, &op_pass, NULL, 1, &a);
    case 4:
        return nn_tanh(g, nn_add(g, a, b));
    case 5:
        return nn_relu(g, norm(g, a, n));
    default:
        return nn_graph_apply(g, bump, NULL, 1, &a);
    }
}

/* A random graph with skips, and what one step of it leaves: loss, gradients, running statistics. */
typedef struct {
    Net net;
    NnVar x, t, loss, v[DEPTH + 1];
} Tangle;

static Tangle tangle_new(uint32_t item, const NnOp *bump, int wants_grad)
{
    Tangle n = { .net = net_new() };
    NnGraph *g = n.net.g;
    NnRng r = nn_rng_make(21, NN_STREAM_TEST, 0, item);
    NnVar *v = n.v;
    n.x = nn_graph_input(g, "x", map, wants_grad), n.t = nn_graph_input(g, "t", map, 0);
    v[0] = nn_mul(g, n.x, nn_graph_param(g, "w", map, (NnInit){ NN_INIT_HE, 2, 0 }, NN_PARAM_TRAIN));
    for (int i = 1; i <= DEPTH; i++) v[i] = random_op(g, &r, v, i, bump);
    n.loss = nn_mse(g, v[DEPTH], n.t, NN_NONE);
    return n;
}

enum { TANGLE_MOST = 8192 };

/* Two steps (so that old values lie about), then everything that they can have changed. */
static size_t tangle_run(Tangle *n, NnMemory memory, float *out)
{
    NnParams *params = n->net.params;
    NnRng r = nn_rng_make(22, NN_STREAM_TEST, 0, 0);
    size_t len = 0;
    ck_assert_msg(net_plan(&n->net, (NnPlanSpec){ .train = 1, .loss = n->loss, .memory = memory }) == NN_OK, "%s",
                  n->net.err.msg);
    for (uint32_t step = 0; step < 2; step++) {
        for (size_t i = 0; i < len_of(map); i++) {
            nn_plan_data(n->net.plan, n->x)[i] = nn_rng_normal(&r);
            nn_plan_data(n->net.plan, n->t)[i] = nn_rng_normal(&r);
        }
        forwards = repeats = restores = 0;
        nn_plan_forward(n->net.plan, step);
        nn_params_zero_grads(params);
        nn_plan_backward(n->net.plan, 1);
    }
    const size_t parts[] = { 1, len_of(map), nn_params_train_len(params), nn_params_len(params) };
    const float *from[] = { nn_plan_data(n->net.plan, n->loss), nn_plan_grad(n->net.plan, n->x),
                            nn_params_grads(params), nn_params_values(params) };
    for (int k = 0; k < 4; len += parts[k++]) {
        ck_assert_uint_le(len + parts[k], TANGLE_MOST);
        memcpy(out + len, from[k], parts[k] * sizeof *out);
    }
    return len;
}

/* Whatever is held, restored or computed again: the same bits. */
START_TEST(what_is_made_again_has_the_same_bits)
{
    static float want[TANGLE_MOST], got[TANGLE_MOST];
    size_t len = 0, bytes[4];
    for (int k = 0; k < 4; k++) {
        Tangle n = tangle_new((uint32_t)_i, &op_bump[k % 2], 1);
        const size_t n_out = tangle_run(&n, k / 2 ? NN_MEMORY_LOW : NN_MEMORY_NORMAL, k ? got : want);
        if (k) ck_assert_uint_eq(n_out, len);
        if (k) ck_assert_msg(!memcmp(want, got, len * sizeof *want), "variant %d of graph %d differs", k, _i);
        ck_assert_msg(isfinite(want[0]), "graph %d is of no use: loss %g", _i, (double)want[0]);
        ck_assert_double_le(nn_plan_flops_again(n.net.plan), nn_plan_flops(n.net.plan));
        ck_assert_int_le(repeats, 2 * forwards); /* no node runs again more than twice */
        len = n_out, bytes[k] = nn_plan_bytes(n.net.plan);
        net_free(&n.net);
    }
    ck_assert_uint_le(bytes[1], bytes[0]);
    ck_assert_uint_le(bytes[2], bytes[0]);
    ck_assert_uint_le(bytes[3], bytes[1]);
}
END_TEST

/* Loss and the kept gradients of a frozen step, the second of two; where a node has none, 0. */
static void frozen_run(Tangle *n, NnPlanSpec spec, float *out)
{
    NnRng r = nn_rng_make(23, NN_STREAM_TEST, 0, 0);
    spec.train = spec.frozen = 1, spec.loss = n->loss;
    ck_assert_msg(net_plan(&n->net, spec) == NN_OK, "%s", n->net.err.msg);
    for (uint32_t step = 0; step < 2; step++) {
        for (size_t i = 0; i < len_of(map); i++) {
            nn_plan_data(n->net.plan, n->x)[i] = nn_rng_normal(&r);
            nn_plan_data(n->net.plan, n->t)[i] = nn_rng_normal(&r);
        }
        nn_plan_forward(n->net.plan, step);
        nn_plan_backward(n->net.plan, 1);
    }
    *out++ = *nn_plan_data(n->net.plan, n->loss);
    for (int k = 0; k < spec.n_keep_grad; k++, out += len_of(map)) {
        const float *grad = nn_plan_grad(n->net.plan, spec.keep_grad[k]);
        if (grad) memcpy(out, grad, len_of(map) * sizeof *out);
        else memset(out, 0, len_of(map) * sizeof *out);
    }
}

/* Gradients that begin anywhere, so that parts of the graph are plain inference: whatever is held, and where the others
 * end, each has the same bits. */
START_TEST(frozen_gradients_have_the_same_bits)
{
    enum { KEPT = 4, LEN = 1 + KEPT * ROWS * COLUMNS };
    static float want[LEN], got[LEN];
    NnRng r = nn_rng_make(24, NN_STREAM_TEST, 0, (uint32_t)_i);
    int at[KEPT];
    for (int k = 0; k < KEPT; k++) at[k] = (int)nn_rng_below(&r, DEPTH);
    for (int variant = 0; variant < 8; variant++) {
        Tangle n = tangle_new((uint32_t)_i, &op_bump[variant % 2], variant / 4);
        NnVar keep[KEPT];
        for (int k = 0; k < KEPT; k++) keep[k] = n.v[at[k]];
        const NnMemory memory = variant / 2 % 2 ? NN_MEMORY_LOW : NN_MEMORY_NORMAL;
        frozen_run(&n, (NnPlanSpec){ .keep_grad = keep, .n_keep_grad = KEPT, .memory = memory }, variant ? got : want);
        if (variant) ck_assert_msg(!memcmp(want, got, sizeof want), "variant %d of graph %d differs", variant, _i);
        ck_assert_msg(isfinite(want[0]), "graph %d is of no use: loss %g", _i, (double)want[0]);
        for (int k = 0; k < KEPT; k++) { /* one alone */
            frozen_run(&n, (NnPlanSpec){ .keep_grad = keep + k, .n_keep_grad = 1, .memory = memory }, got);
            ck_assert_msg(!memcmp(want + 1 + (size_t)k * len_of(map), got + 1, len_of(map) * sizeof *got),
                          "variant %d of graph %d: kept node %d differs alone", variant, _i, at[k]);
        }
        net_free(&n.net);
    }
}
END_TEST

/* A chain of bumps whose readers (a * a) read them again in backward: held, each link has saved, value and square. */
static Tangle ladder_new(const NnOp *bump)
{
    Tangle n = { .net = net_new() };
    NnGraph *g = n.net.g;
    n.x = nn_graph_input(g, "x", map, 1), n.t = nn_graph_input(g, "t", map, 0);
    NnVar v = n.x;
    for (int i = 0; i < 16; i++) {
        v = nn_graph_apply(g, bump, NULL, 1, &v);
        v = nn_mul(g, v, v);
    }
    n.loss = nn_mse(g, v, n.t, NN_NONE);
    return n;
}

START_TEST(values_that_can_be_restored_are_given_up)
{
    static float out[TANGLE_MOST];
    const size_t one = len_of(map) * sizeof(float);
    Tangle held = ladder_new(&op_bump[0]), restored = ladder_new(&op_bump[1]);
    tangle_run(&held, NN_MEMORY_NORMAL, out);
    ck_assert_int_eq(restores + repeats, 0);
    tangle_run(&restored, NN_MEMORY_NORMAL, out);
    ck_assert_int_eq(forwards, 16);
    ck_assert_int_eq(restores, 16);
    ck_assert_int_eq(repeats, 0);
    ck_assert_uint_le(nn_plan_bytes(restored.net.plan) + 12 * one, nn_plan_bytes(held.net.plan));
    net_free(&held.net);
    net_free(&restored.net);
}
END_TEST

/* The peak is the backward of a * a, which needs its input anyway. */
START_TEST(values_whose_absence_saves_nothing_stay)
{
    Net n = net_new();
    const NnVar x = nn_graph_input(n.g, "x", map, 1), t = nn_graph_input(n.g, "t", (NnShape){ 1, { ROWS } }, 0);
    const NnVar a = nn_graph_apply(n.g, &op_bump[1], NULL, 1, &x);
    const NnVar loss = nn_mse(n.g, nn_mean(n.g, nn_mul(n.g, a, a), 1, 1), t, NN_NONE);
    ck_assert_msg(net_plan(&n, (NnPlanSpec){ .train = 1, .loss = loss }) == NN_OK, "%s", n.err.msg);
    restores = 0;
    nn_plan_forward(n.plan, 0);
    nn_plan_backward(n.plan, 1);
    ck_assert_int_eq(restores, 0);
    net_free(&n);
}
END_TEST

START_TEST(low_memory_holds_about_the_root)
{
    static float out[TANGLE_MOST];
    const size_t one = len_of(map) * sizeof(float);
    Tangle n = ladder_new(&op_bump[0]);
    tangle_run(&n, NN_MEMORY_NORMAL, out);
    ck_assert_uint_ge(nn_plan_bytes(n.net.plan), 32 * one);
    tangle_run(&n, NN_MEMORY_LOW, out);
    ck_assert_int_ge(repeats, 8);
    ck_assert_uint_le(nn_plan_bytes(n.net.plan), 18 * one);
    net_free(&n.net);
}
END_TEST

/* The same line again and again: nothing depends on addresses or the clock. */
START_TEST(planning_twice_gives_the_same_plan)
{
    static float out[TANGLE_MOST];
    Tangle n = tangle_new(1, &op_bump[1], 1);
    tangle_run(&n, NN_MEMORY_LOW, out);
    const size_t bytes = nn_plan_bytes(n.net.plan);
    const int r = repeats, s = restores;
    tangle_run(&n, NN_MEMORY_LOW, out);
    ck_assert_uint_eq(nn_plan_bytes(n.net.plan), bytes);
    ck_assert(r == repeats && s == restores);
    net_free(&n.net);
}
END_TEST

START_TEST(low_memory_still_names_the_first_bad_node)
{
    char text[256];
    static float out[TANGLE_MOST];
    Tangle n = tangle_new(2, &op_bump[1], 1);
    tangle_run(&n, NN_MEMORY_LOW, out);
    ck_assert_msg(!nn_plan_find_nonfinite(n.net.plan, 1, 1, text, sizeof text), "%s", text);
    /* the states did not move a second time */
    ck_assert_mem_eq(nn_params_values(n.net.params), out + 1 + len_of(map) + nn_params_train_len(n.net.params),
                     nn_params_len(n.net.params) * sizeof *out);
    nn_params_values(n.net.params)[nn_params_at(n.net.params, nn_params_find(n.net.params, "w"))->offset] = NAN;
    ck_assert_int_eq(nn_plan_find_nonfinite(n.net.plan, 1, 1, text, sizeof text), 1);
    ck_assert_msg(strstr(text, "mul") && strstr(text, "input w is NaN"), "%s", text);
    net_free(&n.net);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("held");
    TCase *t = tcase_create("held");
    tcase_add_unchecked_fixture(t, setup, NULL);
    tcase_add_loop_test(t, what_is_made_again_has_the_same_bits, 0, 24);
    tcase_add_loop_test(t, frozen_gradients_have_the_same_bits, 0, 12);
    tcase_add_test(t, values_that_can_be_restored_are_given_up);
    tcase_add_test(t, values_whose_absence_saves_nothing_stay);
    tcase_add_test(t, low_memory_holds_about_the_root);
    tcase_add_test(t, planning_twice_gives_the_same_plan);
    tcase_add_test(t, low_memory_still_names_the_first_bad_node);
    suite_add_tcase(s, t);
    return check_run(s);
}
