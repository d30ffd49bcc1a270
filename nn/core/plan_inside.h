/* plan_inside.h -- what a plan is made of, shared by the files that make it and the one that runs it; no others.
 *
 *   plan.c           which nodes are used, get gradients, are deferred; puts the parts together
 *   fuse.c           two ops become one
 *   kernel_choice.c  a kernel for each op
 *   call_list.c      the calls of a step in their order, and from it the life of every buffer
 *   keep_choice.c    what stays between forward and backward, and what is made again
 *   memory.c         from lives to offsets
 *   exec.c           runs the calls */
#ifndef NN_PLAN_INSIDE_H
#define NN_PLAN_INSIDE_H
#include "nn/base/pages.h"
#include "nn/core/memory.h"
#include "nn/core/plan.h"

typedef struct {
    NnNode node;                                       /* the graph's own, or what fusing made of it */
    _Alignas(8) unsigned char attr[NN_FUSED_ATTR_MAX]; /* of a fused op; node.attr points here */
    const NnKernel *kernel;                            /* of an op that runs */
    int used;                                          /* does anything the plan must deliver depend on it? */
    int reached;                                       /* does the loss depend on it, through differentiable inputs? */
    int has_grad;                                      /* is d(loss)/d(node) computed? */
    int passes_grad;                                   /* and from it that of an input of its op? */
    int keep, keep_grad;                               /* readable after forward, after backward */
    size_t len, saved_len, scratch_len;                /* floats; 0 for what does not lie in the block */
    size_t digest_len, digest_scratch_len;             /* of NnKernel.digest; 0: it has none */
    int deferred;                 /* its value is never written: readers take `saved` (NnOp.defers) */
    int holds_value, holds_saved; /* does it stay between forward and backward? Else it is made again */
    int repeats;                  /* made again for a forward, it does not stay for backward, but is made once more */
    int digests;                  /* backward gets a digest of saved, which stays */
    double fwd_s, bwd_s;          /* --profile */
    long calls;
} NnPlanNode;

typedef enum {
    NN_CALL_FORWARD,
    NN_CALL_AGAIN,   /* forward once more, since y or saved was given up */
    NN_CALL_RESTORE, /* op->restore */
    NN_CALL_BACKWARD
} NnCallKind;

/* One call of a step. Buffers are indices into NnCalls.life; -1: none in the block. */
typedef struct {
    NnCallKind kind;
    int node;
    int x[NN_MAX_IN], y, saved, scratch;
    int digest; /* of forward: where it is copied to; of backward: what it gets for saved */
    int from;   /* `saved` of input 0's node, where that is deferred */
    int dx[NN_MAX_IN], dy;
    int spare; /* a copy of dy, for an op that spoils it where it is kept */
    int clear; /* bit j: the gradient of input j is set to 0 before this call, the first that adds to it */
    int fresh; /* as NnBwd.fresh */
} NnCall;

typedef struct {
    NnCall *call; /* [n], the first n_forward of them the forward pass */
    int n, n_forward;
    NnLife *life; /* [n_life]; call t takes the times 2 t and 2 t + 1 */
    int n_life;
    int *value, *saved, *grad, *digest; /* [nodes] the life of each node's buffers that the calls end with */
    int *state;                         /* [3 x nodes] and */
    size_t *alive;                      /* [2 x most calls + 2]: room to work in */
} NnCalls;

struct NnPlan {
    const NnGraph *graph;
    NnPlanSpec spec;
    int n;
    NnPlanNode *at;
    int loss; /* node index, or -1 */
    NnCalls calls;
    size_t len, lower_bound; /* floats of the block */
    NnPages block;
    char *kernels; /* as nn_plan_kernels */
    int profiling;
    int threads;   /* that scratch has room for */
    uint32_t step; /* the last forward */
    int repeats;   /* 1: the step runs a second time, and states stay as they are */
};

static inline int nn_plan_runs(const NnPlanNode *q)
{
    return q->used && q->node.kind == NN_NODE_OP;
}

static inline int nn_plan_runs_backward(const NnPlanNode *q)
{
    return q->passes_grad && nn_plan_runs(q);
}

/* Can restore make its value? Where no backward follows in a frozen plan, there is no `saved` to make it from. */
static inline int nn_plan_can_restore(const NnPlanNode *q)
{
    return nn_plan_runs(q) && q->node.op->restore && (q->saved_len || !q->node.op->saved);
}

/* May a gradient flow to this input of an op? */
static inline int nn_plan_passes_grad(const NnNode *node, int input)
{
    return !((node->op->no_grad | node->op->state) >> input & 1);
}

void nn_plan_input_shapes(const NnPlan *p, const NnNode *node, NnShape *xs);

/* After `used` is marked: rewrite nodes that can absorb the producer of their input 0. ERR_SHAPE: an op describes a
 * fused one that does not fit. */
NnStatus nn_plan_fuse(NnPlan *p, NnErr *err);

/* Sets kernel and kernels. ERR_CONFIG, ERR_FORMAT: see NnPlanSpec. */
NnStatus nn_plan_choose_kernels(NnPlan *p, NnErr *err);

/* Decide holds_value and holds_saved of every node, and leave the calls that follow from it in p->calls. */
NnStatus nn_plan_choose_held(NnPlan *p, NnErr *err);

/* Room for the calls of any choice. */
NnStatus nn_calls_new(NnCalls *c, int nodes, NnErr *err);
void nn_calls_free(NnCalls *c);

/* List the calls of a step and the lives of its buffers, as holds_value and holds_saved ask. Quick: choosing tries
 * hundreds of lists. */
void nn_calls_make(const NnPlan *p, NnCalls *c);

#endif
