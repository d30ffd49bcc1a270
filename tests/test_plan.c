/* test_plan.c -- what a plan decides of each op: kernels, fusing, who writes a gradient first. With toy ops, whose
 * kernels leave their mark. */
#include <math.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/ops/activation.h"
#include "nn/ops/loss_ops.h"
#include "tests/check_main.h"
#include "tests/net_rig.h"

static void setup(void)
{
    NnErr err = { 0 };
    ck_assert_msg(nn_blas_init(&err) == NN_OK, "%s", err.msg);
}

static const NnShape row = { 2, { 1, 4 } };

/* ---- kernels ---- */

/* y = the number in `how`: which kernel ran. */
static void mark_forward(const NnFwd *k)
{
    for (size_t i = 0; i < len_of(k->ys); i++) k->y[i] = *(const float *)k->how;
}

static void mark_backward(const NnBwd *k)
{
    for (size_t i = 0; i < len_of(k->ys); i++) k->dx[0][i] += *(const float *)k->how;
}

static int never(const NnShape *xs, int n_in, const void *attr, const void *how)
{
    (void)xs, (void)n_in, (void)attr, (void)how;
    return 0;
}

static double cost_of(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how)
{
    (void)xs, (void)n_in, (void)ys, (void)attr;
    return (double)*(const float *)how;
}

static const float how[] = { 1, 2, 2, 3 };

/* clang-format off */
#define MARK .forward = mark_forward, .backward = mark_backward, .cost = cost_of
/* clang-format on */

static const NnKernel mark_kernels[] = {
    { "absent", .how = &how[0], .fits = never, MARK },
    { "quick", .how = &how[0], .inexact = 1, MARK },
    { "first", .how = &how[1], MARK },
    { "second", .how = &how[2], MARK },
    { "plain", .how = &how[3], MARK },
};
static const NnOp op_mark = {
    .name = "mark", .min_in = 1, .max_in = 1, .shape = like_x, .kernels = NN_LIST(mark_kernels)
};

/* Two nodes with kernels of a name and one without; the kernels they get. */
static Net mark_net(NnVar *last)
{
    Net n = net_new();
    const NnVar x = nn_graph_input(n.g, "x", row, 0);
    const NnVar a = nn_graph_apply(n.g, &op_mark, NULL, 1, &x);
    const NnVar b = nn_relu(n.g, a);
    *last = nn_graph_apply(n.g, &op_mark, NULL, 1, &b);
    return n;
}

static void assert_kernels(const char *kernel, const char *kernels, const char *want)
{
    NnVar last;
    Net n = mark_net(&last);
    const NnPlanSpec spec = { .loss = NN_NONE, .keep = &last, .n_keep = 1, .kernel = kernel, .kernels = kernels };
    ck_assert_msg(net_plan(&n, spec) == NN_OK, "%s", n.err.msg);
    ck_assert_str_eq(nn_plan_kernels(n.plan), want);
    net_free(&n);
}

START_TEST(the_cheapest_kernel_that_fits_runs)
{
    assert_kernels(NULL, NULL, "1:quick 3:quick");
    assert_kernels("auto", "", "1:quick 3:quick");
    assert_kernels("exact", NULL, "1:first 3:first"); /* of two at the same price the first */
    assert_kernels("plain", NULL, "1:plain 3:plain");
    assert_kernels("absent", NULL, "1:quick 3:quick");
}
END_TEST

START_TEST(stored_kernels_go_first)
{
    assert_kernels("auto", "1:second 3:plain", "1:second 3:plain");
    assert_kernels("exact", "3:quick", "1:first 3:quick");
    assert_kernels("plain", "1:absent", "1:plain 3:plain"); /* does not fit here: chosen anew */
}
END_TEST

START_TEST(chosen_kernels_run_with_their_own_how)
{
    NnVar last;
    Net n = mark_net(&last);
    for (int k = 1; k < 5; k++) {
        const NnPlanSpec spec = { .loss = NN_NONE, .keep = &last, .n_keep = 1, .kernel = mark_kernels[k].name };
        ck_assert_int_eq(net_plan(&n, spec), NN_OK);
        nn_plan_forward(n.plan, 0);
        ck_assert(nn_plan_data(n.plan, last)[3] == how[k - 1]);
    }
    net_free(&n);
}
END_TEST

START_TEST(garbage_for_kernels_is_refused)
{
    static const struct {
        const char *kernel, *kernels, *say;
        NnStatus want;
    } bad[] = {
        { "fast", NULL, "\"fast\"", NN_ERR_CONFIG },
        { "fast", NULL, "auto, exact, absent, quick, first, second, plain", NN_ERR_CONFIG },
        { "auto", "warp", "\"warp\"", NN_ERR_FORMAT },
        { "auto", "1", "node:kernel", NN_ERR_FORMAT },
        { "auto", "1:", "node:kernel", NN_ERR_FORMAT },
        { "auto", "1:plain,3:plain", "plain,3:plain", NN_ERR_FORMAT },
        { "auto", "-1:plain", "node:kernel", NN_ERR_FORMAT },
        { "auto", "1:warp", "quick", NN_ERR_FORMAT },
        { "auto", "4:plain", "node 4", NN_ERR_FORMAT },
        { "auto", "99999999999999999999:plain", "node", NN_ERR_FORMAT },
        { "auto", "0:plain", "node 0", NN_ERR_FORMAT }, /* an input */
        { "auto", "3:plain 1:plain", "node 1 after 3", NN_ERR_FORMAT },
        { "auto", "1:plain 1:first", "node 1 after 1", NN_ERR_FORMAT },
    };
    NnVar last;
    Net n = mark_net(&last);
    const NnPlanSpec spec = {
        .loss = NN_NONE, .keep = &last, .n_keep = 1, .kernel = bad[_i].kernel, .kernels = bad[_i].kernels
    };
    ck_assert_int_eq(net_plan(&n, spec), bad[_i].want);
    ck_assert_msg(strstr(n.err.msg, bad[_i].say), "%s", n.err.msg);
    ck_assert_ptr_null(n.plan);
    net_free(&n);
}
END_TEST
enum { GARBAGE = 13 };

/* ---- fusing: twice, then plus, become affine ---- */

typedef struct {
    float a, b;
} Affine;

static void twice_forward(const NnFwd *k)
{
    for (size_t i = 0; i < len_of(k->ys); i++) k->y[i] = 2 * k->x[0][i];
}

static void twice_backward(const NnBwd *k)
{
    for (size_t i = 0; i < len_of(k->ys); i++) k->dx[0][i] += 2 * k->dy[i];
}

static void affine_forward(const NnFwd *k)
{
    const Affine *f = k->attr;
    for (size_t i = 0; i < len_of(k->ys); i++) k->y[i] = f->a * k->x[0][i] + f->b;
}

static void affine_backward(const NnBwd *k)
{
    const Affine *f = k->attr;
    for (size_t i = 0; i < len_of(k->ys); i++) k->dx[0][i] += f->a * k->dy[i];
}

static NnStatus wrong_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)xs, (void)n_in, (void)attr, (void)err;
    *ys = (NnShape){ 1, { 5 } };
    return NN_OK;
}

static const NnKernel twice_kernels[] = { { .forward = twice_forward, .backward = twice_backward } };
static const NnKernel affine_kernels[] = { { .forward = affine_forward, .backward = affine_backward } };
static const NnOp op_twice = {
    .name = "twice", .min_in = 1, .max_in = 1, .shape = like_x, .kernels = NN_LIST(twice_kernels)
};
static const NnOp op_affine = { .name = "affine",
                                .min_in = 1,
                                .max_in = 1,
                                .attr_size = sizeof(Affine),
                                .shape = like_x,
                                .kernels = NN_LIST(affine_kernels) };
static const NnOp op_misfit = { .name = "misfit",
                                .min_in = 1,
                                .max_in = 1,
                                .attr_size = sizeof(Affine),
                                .shape = wrong_shape,
                                .kernels = NN_LIST(affine_kernels) };

static int absorb_into(const NnOp *op, const NnNode *self, const NnNode *producer, NnFused *fused)
{
    Affine f = { 2, 0 };
    if (producer->op != &op_twice && producer->op != &op_affine) return 0;
    if (producer->op == &op_affine) f = *(const Affine *)producer->attr;
    f.b += ((const Affine *)self->attr)->b;
    *fused = (NnFused){ .op = op, .n_in = 1, .in = { producer->in[0] } };
    memcpy(fused->attr, &f, sizeof f);
    return 1;
}

static int plus_absorb(const NnNode *self, const NnNode *producer, NnFused *fused)
{
    return absorb_into(&op_affine, self, producer, fused);
}

static int clumsy_absorb(const NnNode *self, const NnNode *producer, NnFused *fused)
{
    return absorb_into(&op_misfit, self, producer, fused);
}

/* Attributes of plus: a is 1. */
static const NnOp op_plus = { .name = "plus",
                              .min_in = 1,
                              .max_in = 1,
                              .attr_size = sizeof(Affine),
                              .shape = like_x,
                              .kernels = NN_LIST(affine_kernels),
                              .absorb = plus_absorb };
static const NnOp op_clumsy = { .name = "clumsy",
                                .min_in = 1,
                                .max_in = 1,
                                .attr_size = sizeof(Affine),
                                .shape = like_x,
                                .kernels = NN_LIST(affine_kernels),
                                .absorb = clumsy_absorb };

/* x -> twice -> plus 1 -> plus 3, and a loss on it. */
typedef struct {
    Net net;
    NnVar x, t, twice, one, three, loss;
} Chain;

static Chain chain_new(void)
{
    Chain c = { .net = net_new() };
    NnGraph *g = c.net.g;
    c.x = nn_graph_input(g, "x", row, 1);
    c.t = nn_graph_input(g, "t", row, 0);
    c.twice = nn_graph_apply(g, &op_twice, NULL, 1, &c.x);
    c.one = nn_graph_apply(g, &op_plus, &(Affine){ 1, 1 }, 1, &c.twice);
    c.three = nn_graph_apply(g, &op_plus, &(Affine){ 1, 3 }, 1, &c.one);
    c.loss = nn_mse(g, c.three, c.t, NN_NONE);
    return c;
}

/* mean of (2 i + 4)^2 over i = 0..3 is 54; its derivative by x_i is 2 (2 i + 4) 2 / 4 = 2 i + 4. */
static void assert_chain_runs(Chain *c)
{
    float *x = nn_plan_data(c->net.plan, c->x);
    for (int i = 0; i < 4; i++) x[i] = (float)i;
    nn_plan_forward(c->net.plan, 0);
    nn_plan_backward(c->net.plan, 1);
    ck_assert(*nn_plan_data(c->net.plan, c->loss) == 54);
    for (int i = 0; i < 4; i++) ck_assert(nn_plan_grad(c->net.plan, c->x)[i] == 2 * (float)i + 4);
}

START_TEST(ops_absorb_what_nobody_else_needs)
{
    Chain c = chain_new();
    ck_assert_msg(net_plan(&c.net, (NnPlanSpec){ .train = 1, .loss = c.loss }) == NN_OK, "%s", c.net.err.msg);
    ck_assert_ptr_null(nn_plan_op(c.net.plan, c.twice.id));
    ck_assert_ptr_null(nn_plan_op(c.net.plan, c.one.id));
    ck_assert_ptr_eq(nn_plan_op(c.net.plan, c.three.id), &op_affine);
    ck_assert(!nn_plan_uses(c.net.plan, c.one.id) && nn_plan_uses(c.net.plan, c.three.id));
    assert_chain_runs(&c);
    ck_assert_int_eq(net_plan(&c.net, (NnPlanSpec){ .train = 1, .loss = c.loss, .unfused = 1 }), NN_OK);
    ck_assert_ptr_eq(nn_plan_op(c.net.plan, c.twice.id), &op_twice);
    ck_assert_ptr_eq(nn_plan_op(c.net.plan, c.three.id), &op_plus);
    assert_chain_runs(&c);
    net_free(&c.net);
}
END_TEST

START_TEST(what_is_kept_is_not_absorbed)
{
    Chain c = chain_new();
    const NnPlanSpec spec = { .train = 1, .loss = c.loss, .keep = &c.one, .n_keep = 1 };
    ck_assert_int_eq(net_plan(&c.net, spec), NN_OK);
    ck_assert_ptr_eq(nn_plan_op(c.net.plan, c.one.id), &op_affine); /* it absorbed twice */
    ck_assert_ptr_eq(nn_plan_op(c.net.plan, c.three.id), &op_plus); /* and was not absorbed itself */
    assert_chain_runs(&c);
    ck_assert(nn_plan_data(c.net.plan, c.one)[2] == 5);
    net_free(&c.net);
}
END_TEST

START_TEST(what_has_two_readers_is_not_absorbed)
{
    Chain c = chain_new();
    const NnVar other = nn_relu(c.net.g, c.twice), keep[] = { c.three, other };
    ck_assert_int_eq(net_plan(&c.net, (NnPlanSpec){ .loss = NN_NONE, .keep = keep, .n_keep = 2 }), NN_OK);
    ck_assert_ptr_eq(nn_plan_op(c.net.plan, c.twice.id), &op_twice);
    ck_assert_ptr_eq(nn_plan_op(c.net.plan, c.one.id), &op_plus);
    ck_assert_int_eq(net_plan(&c.net, (NnPlanSpec){ .loss = NN_NONE, .keep = keep, .n_keep = 1 }), NN_OK);
    ck_assert_ptr_null(nn_plan_op(c.net.plan, c.twice.id)); /* a reader that is not computed does not count */
    net_free(&c.net);
}
END_TEST

START_TEST(a_fused_op_must_have_the_same_shape)
{
    Net n = net_new();
    const NnVar x = nn_graph_input(n.g, "x", row, 0), a = nn_graph_apply(n.g, &op_twice, NULL, 1, &x);
    const NnVar b = nn_graph_apply(n.g, &op_clumsy, &(Affine){ 1, 1 }, 1, &a);
    ck_assert_int_eq(net_plan(&n, (NnPlanSpec){ .loss = NN_NONE, .keep = &b, .n_keep = 1 }), NN_ERR_SHAPE);
    ck_assert_msg(strstr(n.err.msg, "misfit") && strstr(n.err.msg, "[5]") && strstr(n.err.msg, "[1,4]"), "%s",
                  n.err.msg);
    net_free(&n);
}
END_TEST

START_TEST(a_fused_node_is_named_when_it_goes_wrong)
{
    char text[256];
    Chain c = chain_new();
    ck_assert_int_eq(net_plan(&c.net, (NnPlanSpec){ .train = 1, .loss = c.loss }), NN_OK);
    ck_assert_int_eq(nn_plan_find_nonfinite(c.net.plan, 0, 1, text, sizeof text), 0);
    for (int i = 0; i < 4; i++) nn_plan_data(c.net.plan, c.x)[i] = 3e38f;
    ck_assert_int_eq(nn_plan_find_nonfinite(c.net.plan, 0, 1, text, sizeof text), 1);
    ck_assert_msg(strstr(text, "affine") && strstr(text, "its output is infinite"), "%s", text);
    net_free(&c.net);
}
END_TEST

/* ---- gradients: who comes first may overwrite, and may use dy ---- */

static int seen_fresh[8], n_seen;

/* y = x0 + x1 (or x0 alone); its backward writes where it is fresh, and leaves rubbish in dy. */
static void sum_forward(const NnFwd *k)
{
    for (size_t i = 0; i < len_of(k->ys); i++) k->y[i] = k->x[0][i] + (k->n_in > 1 ? k->x[1][i] : 0);
}

static void sum_backward(const NnBwd *k)
{
    if (n_seen < 8) seen_fresh[n_seen++] = k->fresh;
    ck_assert_ptr_eq(k->dy_spoil, k->dy);
    for (int j = 0; j < k->n_in; j++)
        for (size_t i = 0; k->dx[j] && i < len_of(k->ys); i++)
            k->dx[j][i] = k->dy[i] + (k->fresh >> j & 1 ? 0 : k->dx[j][i]);
    for (size_t i = 0; i < len_of(k->ys); i++) k->dy_spoil[i] = NAN;
}

static const NnKernel sum_kernels[] = { { .forward = sum_forward, .backward = sum_backward } };
static const NnOp op_sum = { .name = "sum_toy",
                             .min_in = 1,
                             .max_in = 2,
                             .overwrites = 3,
                             .spoils_dy = 1,
                             .shape = like_x,
                             .kernels = NN_LIST(sum_kernels) };

static NnVar sum_toy(NnGraph *g, NnVar a, NnVar b)
{
    const NnVar in[] = { a, b };
    return nn_graph_apply(g, &op_sum, NULL, nn_var_is_some(b) ? 2 : 1, in);
}

/* a = x, b = a + a, c = a + b, d = c; loss = mean d^2 = mean (3 x)^2, so dx = 18 x / 4. Backward order: d, c, b, a.
 * d is the first to add into c; c into a and b; b adds to a, which is there already, and twice the same; a into x. */
START_TEST(the_first_to_add_to_a_gradient_may_overwrite_it)
{
    Net n = net_new();
    const NnVar x = nn_graph_input(n.g, "x", row, 1), t = nn_graph_input(n.g, "t", row, 0);
    const NnVar a = sum_toy(n.g, x, NN_NONE), b = sum_toy(n.g, a, a), c = sum_toy(n.g, a, b);
    const NnVar loss = nn_mse(n.g, sum_toy(n.g, c, NN_NONE), t, NN_NONE);
    static const int want[] = { 1, 3, 0, 1 };
    ck_assert_int_eq(net_plan(&n, (NnPlanSpec){ .train = 1, .loss = loss }), NN_OK);
    for (int round = 0; round < 2; round++) { /* in the second round old gradients lie in the block */
        n_seen = 0;
        for (int i = 0; i < 4; i++) nn_plan_data(n.plan, x)[i] = (float)(2 * i);
        nn_plan_forward(n.plan, 0);
        nn_plan_backward(n.plan, 1);
        ck_assert_int_eq(n_seen, 4);
        ck_assert_mem_eq(seen_fresh, want, sizeof want);
        for (int i = 0; i < 4; i++) ck_assert(nn_plan_grad(n.plan, x)[i] == 9 * (float)i);
    }
    net_free(&n);
}
END_TEST

/* x + x with nobody before it: fresh for neither, and cleared once. */
START_TEST(the_same_input_twice_is_cleared_instead)
{
    Net n = net_new();
    const NnVar x = nn_graph_input(n.g, "x", row, 1), t = nn_graph_input(n.g, "t", row, 0);
    const NnVar loss = nn_mse(n.g, sum_toy(n.g, x, x), t, NN_NONE);
    ck_assert_int_eq(net_plan(&n, (NnPlanSpec){ .train = 1, .loss = loss }), NN_OK);
    for (int round = 0; round < 2; round++) {
        n_seen = 0;
        for (int i = 0; i < 4; i++) nn_plan_data(n.plan, x)[i] = (float)i;
        nn_plan_forward(n.plan, 0);
        nn_plan_backward(n.plan, 1);
        ck_assert_int_eq(seen_fresh[0], 0);
        for (int i = 0; i < 4; i++) ck_assert(nn_plan_grad(n.plan, x)[i] == 2 * (float)i); /* mean (2x)^2 */
    }
    net_free(&n);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("plan");
    TCase *t = tcase_create("plan");
    tcase_add_unchecked_fixture(t, setup, NULL);
    tcase_add_test(t, the_cheapest_kernel_that_fits_runs);
    tcase_add_test(t, stored_kernels_go_first);
    tcase_add_test(t, chosen_kernels_run_with_their_own_how);
    tcase_add_loop_test(t, garbage_for_kernels_is_refused, 0, GARBAGE);
    tcase_add_test(t, ops_absorb_what_nobody_else_needs);
    tcase_add_test(t, what_is_kept_is_not_absorbed);
    tcase_add_test(t, what_has_two_readers_is_not_absorbed);
    tcase_add_test(t, a_fused_op_must_have_the_same_shape);
    tcase_add_test(t, a_fused_node_is_named_when_it_goes_wrong);
    tcase_add_test(t, the_first_to_add_to_a_gradient_may_overwrite_it);
    tcase_add_test(t, the_same_input_twice_is_cleared_instead);
    suite_add_tcase(s, t);
    return check_run(s);
}
