/* net_rig.h -- a graph of one's own with its parameters and one plan at a time, and what toy ops need. */
#ifndef NET_RIG_H
#define NET_RIG_H
#include <check.h>

#include "nn/core/plan.h"

static inline NnStatus like_x(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in, (void)attr, (void)err;
    *ys = xs[0];
    return NN_OK;
}

static inline size_t len_of(NnShape s)
{
    return nn_shape_len(s);
}

typedef struct {
    NnParams *params;
    NnGraph *g;
    NnPlan *plan;
    NnErr err;
} Net;

static inline Net net_new(void)
{
    Net n = { .params = nn_params_new() };
    n.g = nn_graph_new(n.params);
    return n;
}

static inline NnStatus net_plan(Net *n, NnPlanSpec spec)
{
    ck_assert_msg(nn_graph_status(n->g, &n->err) == NN_OK, "%s", n->err.msg);
    if (!nn_params_is_sealed(n->params)) ck_assert_int_eq(nn_params_seal(n->params, 3, &n->err), NN_OK);
    nn_plan_free(n->plan);
    n->plan = NULL, n->err = (NnErr){ 0 };
    return nn_plan_new(n->g, &spec, &n->plan, &n->err);
}

static inline void net_free(Net *n)
{
    nn_plan_free(n->plan);
    nn_graph_free(n->g);
    nn_params_free(n->params);
}

#endif
