/* plan.c -- from graph to plan.
 *
 *      graph -> nodes that are used -> fused -> gradients -> kernels -> deferred -> what is held -> calls and lives
 *            -> offsets
 *
 * Each arrow is a function below or a file of its own; plan_inside.h lists them. */
#include <stdlib.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/base/size.h"
#include "nn/core/plan_inside.h"

/* ---- which nodes take part ---- */

static void mark_used(NnPlan *p)
{
    if (p->loss >= 0) p->at[p->loss].used = p->at[p->loss].keep = 1;
    for (int i = 0; p->loss >= 0 && i < p->spec.n_keep_grad; i++)
        if (nn_var_is_some(p->spec.keep_grad[i])) p->at[p->spec.keep_grad[i].id].keep_grad = 1;
    for (int i = 0; i < p->spec.n_keep; i++)
        if (nn_var_is_some(p->spec.keep[i])) p->at[p->spec.keep[i].id].used = p->at[p->spec.keep[i].id].keep = 1;
    for (int i = p->n - 1; i >= 0; i--)
        for (int j = 0; p->at[i].used && j < p->at[i].node.n_in; j++) p->at[p->at[i].node.in[j].id].used = 1;
}

/* Is its gradient asked for by itself, not for the sake of others? */
static int starts_grad(const NnPlan *p, const NnPlanNode *q)
{
    if (q->keep_grad) return 1;
    if (q->node.kind == NN_NODE_INPUT) return q->node.wants_grad;
    if (q->node.kind != NN_NODE_PARAM || p->spec.frozen) return 0;
    return nn_params_at(nn_graph_params(p->graph), q->node.param)->flags & NN_PARAM_TRAIN;
}

/* A gradient is computed for nodes that depend on something that wants one and that the loss depends on. */
static void mark_grads(NnPlan *p)
{
    if (p->loss < 0) return;
    for (int i = 0; i < p->n; i++) { /* forwards: depends on something that wants one */
        NnPlanNode *q = &p->at[i];
        for (int j = 0; q->used && j < q->node.n_in; j++)
            if (nn_plan_passes_grad(&q->node, j) && p->at[q->node.in[j].id].has_grad) q->passes_grad = 1;
        q->has_grad = q->passes_grad || starts_grad(p, q);
    }
    p->at[p->loss].reached = 1;
    for (int i = p->n - 1; i >= 0; i--) { /* backwards: the loss depends on it */
        NnPlanNode *q = &p->at[i];
        q->has_grad = q->has_grad && q->reached, q->passes_grad = q->passes_grad && q->reached;
        for (int j = 0; q->passes_grad && j < q->node.n_in; j++)
            if (nn_plan_passes_grad(&q->node, j)) p->at[q->node.in[j].id].reached = 1;
    }
}

/* ---- sizes ---- */

/* In a frozen plan only what is differentiated saves anything; the rest is plain inference. */
static int saves(const NnPlan *p, const NnPlanNode *q)
{
    return q->node.op->saved && p->spec.train && (!p->spec.frozen || q->passes_grad);
}

/* Could backward do with a digest of what its op saves? */
static int digests(const NnPlan *p, const NnPlanNode *q)
{
    return q->kernel->digest && q->passes_grad && p->spec.train && !p->spec.frozen;
}

void nn_plan_input_shapes(const NnPlan *p, const NnNode *node, NnShape *xs)
{
    for (int j = 0; j < node->n_in; j++) xs[j] = p->at[node->in[j].id].node.shape;
}

static void measure(NnPlan *p)
{
    for (int i = 0; i < p->n; i++) {
        NnPlanNode *q = &p->at[i];
        const NnNode *node = &q->node;
        NnShape xs[NN_MAX_IN];
        if (q->used && (node->kind == NN_NODE_INPUT || node->kind == NN_NODE_OP)) q->len = nn_shape_len(node->shape);
        if (!nn_plan_runs(q)) continue;
        nn_plan_input_shapes(p, node, xs);
        if (saves(p, q)) q->saved_len = node->op->saved(xs, node->n_in, node->shape, node->attr);
        if (q->kernel->scratch)
            q->scratch_len = q->kernel->scratch(xs, node->n_in, node->shape, node->attr, q->kernel->how);
        if (digests(p, q)) q->digest_len = q->kernel->digest(xs, node->n_in, node->shape, node->attr, q->kernel->how);
        if (q->digest_len)
            q->digest_scratch_len = q->kernel->digest_scratch(xs, node->n_in, node->shape, node->attr, q->kernel->how);
    }
}

/* ---- deferring ---- */

/* Can node i read the output of node `in` from its op's `saved`? */
static int takes(const NnPlan *p, int i, int in)
{
    const NnNode *node = &p->at[i].node;
    for (int j = 1; j < node->n_in; j++)
        if (node->in[j].id == in) return 0;
    return p->at[i].kernel->takes == p->at[in].node.op;
}

/* A value is deferred if its op can do that, all its readers can take it, and nobody else looks. */
static void mark_deferred(NnPlan *p)
{
    for (int i = 0; i < p->n && p->spec.train; i++) {
        NnPlanNode *q = &p->at[i];
        q->deferred = nn_plan_runs_backward(q) && q->node.op->defers && !q->keep && !q->keep_grad;
        for (int k = i + 1; k < p->n && q->deferred; k++)
            for (int j = 0; nn_plan_runs(&p->at[k]) && j < p->at[k].node.n_in; j++)
                if (p->at[k].node.in[j].id == i && !takes(p, k, i)) q->deferred = 0;
    }
}

/* ---- putting it together ---- */

static NnStatus check_spec(const NnGraph *g, const NnPlanSpec *spec, NnErr *err)
{
    char text[64];
    NN_TRY(nn_graph_status(g, err));
    if (!spec->train || !nn_var_is_some(spec->loss)) return NN_OK;
    const NnShape s = nn_graph_shape(g, spec->loss);
    if (nn_shape_len(s) != 1)
        return nn_fail(err, NN_ERR_SHAPE, "the loss must be a scalar, not %s", nn_shape_text(s, text));
    for (int i = 0; i < spec->n_keep_grad; i++) {
        const NnNode *node = nn_var_is_some(spec->keep_grad[i]) ? nn_graph_node(g, spec->keep_grad[i].id) : NULL;
        if (node && node->kind != NN_NODE_OP && node->kind != NN_NODE_INPUT)
            return nn_fail(err, NN_ERR_CONFIG, "keep_grad: %s is a parameter or a constant; expected an input or an op",
                           node->name);
    }
    return NN_OK;
}

static NnStatus reserve(NnPlan *p, NnErr *err)
{
    size_t bytes;
    NN_TRY(nn_memory_place(p->calls.life, p->calls.n_life, &p->len, err));
    p->lower_bound = nn_memory_lower_bound(p->calls.life, p->calls.n_life, p->calls.alive);
    if (!nn_size_mul(p->len + 16, sizeof(float), &bytes))
        return nn_fail(err, NN_ERR_NOMEM, "the network needs more memory than can be counted");
    p->block = nn_pages_new(bytes);
    if (!p->block.at) return nn_fail(err, NN_ERR_NOMEM, "no memory for the network's buffers (%zu MiB)", bytes >> 20);
    return NN_OK;
}

static NnStatus build(NnPlan *p, NnErr *err)
{
    for (int i = 0; i < p->n; i++) p->at[i].node = *nn_graph_node(p->graph, i);
    mark_used(p);
    if (!p->spec.unfused) NN_TRY(nn_plan_fuse(p, err));
    mark_grads(p);
    NN_TRY(nn_plan_choose_kernels(p, err));
    measure(p);
    if (!p->spec.unfused) mark_deferred(p);
    NN_TRY(nn_calls_new(&p->calls, p->n, err));
    NN_TRY(nn_plan_choose_held(p, err));
    return reserve(p, err);
}

NnStatus nn_plan_new(const NnGraph *g, const NnPlanSpec *spec, NnPlan **out, NnErr *err)
{
    NN_TRY(check_spec(g, spec, err));
    NnPlan *p = nn_alloc(1, sizeof *p);
    if (!p) return nn_fail(err, NN_ERR_NOMEM, "no memory for a plan");
    *p = (NnPlan){ .graph = g, .spec = *spec, .n = nn_graph_len(g), .loss = spec->train ? spec->loss.id : -1 };
    p->threads = nn_threads();
    p->at = nn_alloc((size_t)p->n, sizeof *p->at);
    const NnStatus s = p->at ? build(p, err) : nn_fail(err, NN_ERR_NOMEM, "no memory for a plan");
    if (s != NN_OK) {
        nn_plan_free(p);
        return s;
    }
    p->spec.keep = p->spec.keep_grad = NULL, p->spec.kernel = p->spec.kernels = NULL; /* borrowed until here only */
    *out = p;
    return NN_OK;
}

void nn_plan_free(NnPlan *p)
{
    if (!p) return;
    nn_pages_free(p->block);
    nn_calls_free(&p->calls);
    free(p->kernels);
    free(p->at);
    free(p);
}

/* ---- what a plan tells ---- */

size_t nn_plan_bytes(const NnPlan *p)
{
    return p->len * sizeof(float);
}

size_t nn_plan_lower_bound(const NnPlan *p)
{
    return p->lower_bound * sizeof(float);
}

double nn_plan_node_flops(const NnPlan *p, int node)
{
    NnShape xs[NN_MAX_IN];
    const NnNode *q = &p->at[node].node;
    if (q->kind != NN_NODE_OP) return 0;
    nn_plan_input_shapes(p, q, xs);
    return q->op->flops ? q->op->flops(xs, q->n_in, q->shape, q->attr) : (double)nn_shape_len(q->shape);
}

double nn_plan_flops(const NnPlan *p)
{
    double sum = 0;
    for (int i = 0; i < p->n; i++)
        if (p->at[i].used) sum += nn_plan_node_flops(p, i);
    return sum;
}

const char *nn_plan_kernel(const NnPlan *p, int node)
{
    const NnKernel *k = p->at[node].kernel;
    return k && k->name ? k->name : "";
}

const char *nn_plan_kernels(const NnPlan *p)
{
    return p->kernels;
}

const NnOp *nn_plan_op(const NnPlan *p, int node)
{
    return nn_plan_runs(&p->at[node]) ? p->at[node].node.op : NULL;
}

int nn_plan_uses(const NnPlan *p, int node)
{
    return p->at[node].used;
}
