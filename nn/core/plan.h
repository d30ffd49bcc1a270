/* plan.h -- a graph made ready to run: kernels chosen, lifetimes turned into offsets in one block.
 *
 * Everything that can fail happens in nn_plan_new; forward and backward allocate nothing and cannot fail.
 * Training and inference are two plans of one graph; nodes that a plan's outputs do not need are left out. */
#ifndef NN_PLAN_H
#define NN_PLAN_H
#include "nn/core/graph.h"

typedef struct NnPlan NnPlan;

typedef enum {
    NN_MEMORY_NORMAL, /* keep what backward reads, but for what an op restores cheaply */
    NN_MEMORY_LOW     /* keep little, and compute the rest again before backward needs it: at most one more forward */
} NnMemory;

typedef struct {
    int train;         /* 1: forward + backward; 0: inference */
    NnVar loss;        /* scalar to differentiate; NN_NONE in an inference plan */
    const NnVar *keep; /* nodes to be readable after forward, besides the loss */
    int n_keep;
    /* Which kernels: NULL or "auto": the cheapest; "exact": the cheapest that rounds no more than a plain sum; a
     * kernel's name: that one where it fits, else the cheapest. */
    const char *kernel;
    /* The kernels of an earlier plan of the same graph, as nn_plan_kernels gave them; they go before `kernel`. NULL or
     * "": none. Resumed runs pass it, so that another machine does not choose anew. */
    const char *kernels;
    NnMemory memory;
    /* 1, with train: the network as it judges, differentiated: ops run as in inference (running statistics, no
     * dropout), no parameter gets a gradient and no state moves; only inputs that want one, and keep_grad, do. For
     * attacks on a detector and for Grad-CAM. */
    int frozen;
    /* With train: inputs and ops whose gradient is to be readable after backward (nn_plan_grad). Their own inputs get
     * none on that account. */
    const NnVar *keep_grad;
    int n_keep_grad;
    int unfused;   /* 1: run every op as the graph says, for tests and --profile */
    uint64_t seed; /* of the run, for dropout */
} NnPlanSpec;

/* The graph and its parameters must outlive the plan; parameters must be sealed before the first forward.
 * ERR_CONFIG: unknown kernel name (known ones listed), or keep_grad names a parameter or a constant; ERR_FORMAT:
 * `kernels` is not such a line, or names nodes or kernels that the graph has not; ERR_SHAPE: loss is not a scalar, or a
 * fused op does not fit; ERR_NOMEM. */
NnStatus nn_plan_new(const NnGraph *g, const NnPlanSpec *spec, NnPlan **out, NnErr *err);
void nn_plan_free(NnPlan *p);

/* Values of an input (write before each forward; in inference its place is used again, in training it stays) or of a
 * kept node (read after forward). NULL if neither, or if nothing that the plan computes needs it. */
float *nn_plan_data(NnPlan *p, NnVar v);

/* After backward: d(scale * loss)/d(node), for inputs that want it and for keep_grad; NULL otherwise, and where the loss
 * does not depend on the node through differentiable inputs. */
const float *nn_plan_grad(NnPlan *p, NnVar v);

void nn_plan_forward(NnPlan *p, uint32_t step);

/* Adds d(scale * loss)/d(parameter) to the gradient block of the parameters, unless frozen. After nn_plan_forward,
 * once. */
void nn_plan_backward(NnPlan *p, float scale);

/* Run the forward pass of a training step (and if asked backward, from gradients of 0) again on the same inputs,
 * stopping at the first node whose output (or whose input gradient) is not finite. Its description goes into text:
 * "node 17 conv2d encoder.3 [8,16,32,32]: its output is NaN". 0 if everything is finite. For the report on a diverged
 * run. */
int nn_plan_find_nonfinite(NnPlan *p, uint32_t step, int backward, char *text, size_t size);

size_t nn_plan_bytes(const NnPlan *p);       /* the one block: activations, gradients, saved, scratch */
size_t nn_plan_lower_bound(const NnPlan *p); /* the largest sum of sizes alive at one time, bytes */
double nn_plan_flops(const NnPlan *p);       /* of one forward pass */
double nn_plan_node_flops(const NnPlan *p, int node);
double nn_plan_flops_again(const NnPlan *p); /* of forward that a step computes once more; at most nn_plan_flops */

/* Name of the kernel chosen for a node; "" for ops with a single unnamed one. */
const char *nn_plan_kernel(const NnPlan *p, int node);

/* All choices as one line, "12:direct 31:winograd" (node:kernel), for checkpoints and NnPlanSpec.kernels. Owned by the
 * plan. */
const char *nn_plan_kernels(const NnPlan *p);

/* The op that runs in a node's place: the graph's own or the fused one; NULL where a node is absorbed or not used. */
const NnOp *nn_plan_op(const NnPlan *p, int node);
int nn_plan_uses(const NnPlan *p, int node); /* is this node computed? */

/* Timing for --profile: off by default. Seconds and calls since it was switched on, per node. What a step makes again
 * counts as backward. */
void nn_plan_profile(NnPlan *p, int on);
void nn_plan_profile_get(const NnPlan *p, int node, double *forward_s, double *backward_s, long *calls);

#endif
