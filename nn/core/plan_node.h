/* plan_node.h -- what a plan knows of each node: shared by plan.c (which fills it) and exec.c (which runs it). */
#ifndef NN_PLAN_NODE_H
#define NN_PLAN_NODE_H
#include "nn/core/memory.h"
#include "nn/core/plan.h"

typedef struct {
    const NnNode *node;
    const NnKernel *kernel; /* of an op */
    int used;               /* does anything the plan must deliver depend on it? */
    int reached;            /* does the loss depend on it, through differentiable inputs? */
    int has_grad;           /* is d(loss)/d(node) computed? */
    int keep;               /* readable after forward */
    NnLife value, grad, saved, scratch_fwd, scratch_bwd;
    int fresh; /* bit i: backward of this node is the first to add into the gradient of input i */
    NnFwd fwd; /* buffers, resolved once */
    NnBwd bwd;
    float *y, *dy;
    double fwd_s, bwd_s; /* --profile */
    long calls;
} NnPlanNode;

struct NnPlan {
    const NnGraph *graph;
    NnPlanSpec spec;
    int n;
    NnPlanNode *at;
    int loss; /* node index, or -1 */
    size_t len, lower_bound;
    float *block;
    int bound, profiling;
    int threads; /* that scratch has room for */
};

/* Times of a plan of n nodes: forward of node i, its backward, and the end of the step. */
static inline int nn_time_forward(int i)
{
    return i;
}
static inline int nn_time_backward(int n, int i)
{
    return 2 * n - 1 - i;
}
static inline int nn_time_end(int n)
{
    return 2 * n;
}

#endif
