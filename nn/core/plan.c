/* plan.c -- from graph to plan: which nodes run, which kernels they use, when each buffer lives, and where.
 *
 * One step is 2n kernel calls: forward of node 0..n-1 at times 0..n-1, backward of node n-1..0 at times n..2n-1.
 * A buffer lives from the call that writes it to the last call that reads it:
 *
 *      value of i     forward(i)                     ... last reader, forward or (if that op declares it) backward;
 *                     of an input in training: the whole step, so that a bad step can be run again
 *      gradient of i  backward of its last consumer  ... backward(i)
 *      saved of i     forward(i)                     ... backward(i)
 *      scratch of i   forward(i) alone, and again backward(i) alone
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/base/size.h"
#include "nn/core/plan_node.h"

/* ---- which nodes take part ---- */

static void mark_used(NnPlan *p)
{
    if (p->loss >= 0) p->at[p->loss].used = p->at[p->loss].keep = 1;
    for (int i = 0; i < p->spec.n_keep; i++)
        if (nn_var_is_some(p->spec.keep[i])) p->at[p->spec.keep[i].id].used = p->at[p->spec.keep[i].id].keep = 1;
    for (int i = p->n - 1; i >= 0; i--)
        for (int j = 0; p->at[i].used && j < p->at[i].node->n_in; j++) p->at[p->at[i].node->in[j].id].used = 1;
}

static int passes_grad(const NnNode *node, int input)
{
    return !((node->op->no_grad | node->op->state) >> input & 1);
}

/* A gradient is computed for nodes that depend on something trained and that the loss depends on. */
static void mark_grads(NnPlan *p)
{
    const NnParams *params = nn_graph_params(p->graph);
    if (p->loss < 0) return;
    for (int i = 0; i < p->n; i++) { /* forwards: depends on something trained */
        const NnNode *node = p->at[i].node;
        if (node->kind == NN_NODE_PARAM) p->at[i].has_grad = nn_params_at(params, node->param)->flags & NN_PARAM_TRAIN;
        if (node->kind == NN_NODE_INPUT) p->at[i].has_grad = node->wants_grad;
        for (int j = 0; j < node->n_in; j++)
            if (passes_grad(node, j) && p->at[node->in[j].id].has_grad) p->at[i].has_grad = 1;
    }
    p->at[p->loss].reached = 1;
    for (int i = p->n - 1; i >= 0; i--) { /* backwards: the loss depends on it */
        NnPlanNode *q = &p->at[i];
        q->has_grad = q->has_grad && q->reached;
        for (int j = 0; q->has_grad && j < q->node->n_in; j++)
            if (passes_grad(q->node, j)) p->at[q->node->in[j].id].reached = 1;
    }
}

/* ---- kernels ---- */

static int fits(const NnKernel *k, const NnShape *xs, const NnNode *node)
{
    return !k->fits || k->fits(xs, node->n_in, node->attr, k->how);
}

static void input_shapes(const NnPlan *p, const NnNode *node, NnShape *xs)
{
    for (int j = 0; j < node->n_in; j++) xs[j] = p->at[node->in[j].id].node->shape;
}

static int wants_name(const NnPlan *p)
{
    return p->spec.kernel && *p->spec.kernel && strcmp(p->spec.kernel, "auto") != 0;
}

/* The choice point: the first kernel that fits, unless the one asked for by name fits too. */
static const NnKernel *choose_kernel(const NnPlan *p, const NnNode *node)
{
    NnShape xs[NN_MAX_IN];
    const NnKernel *best = NULL;
    input_shapes(p, node, xs);
    for (int i = 0; i < node->op->n_kernels; i++) {
        const NnKernel *k = &node->op->kernels[i];
        if (!fits(k, xs, node)) continue;
        if (!best || (wants_name(p) && k->name && !strcmp(k->name, p->spec.kernel))) best = k;
    }
    return best;
}

/* Does any op of the graph have a kernel of that name? If not, say which there are. */
static NnStatus check_kernel_name(const NnPlan *p, NnErr *err)
{
    char known[256] = "auto";
    if (!wants_name(p)) return NN_OK;
    for (int i = 0; i < p->n; i++) {
        const NnOp *op = p->at[i].node->op;
        for (int k = 0; op && k < op->n_kernels; k++) {
            const char *name = op->kernels[k].name;
            if (!name) continue;
            if (!strcmp(name, p->spec.kernel)) return NN_OK;
            if (!strstr(known, name) && strlen(known) + strlen(name) + 3 < sizeof known)
                strcat(strcat(known, ", "), name);
        }
    }
    return nn_fail(err, NN_ERR_CONFIG, "kernel \"%s\": unknown; known: %s", p->spec.kernel, known);
}

static NnStatus choose_kernels(NnPlan *p, NnErr *err)
{
    NN_TRY(check_kernel_name(p, err));
    for (int i = 0; i < p->n; i++) {
        NnPlanNode *q = &p->at[i];
        if (q->node->kind != NN_NODE_OP || !q->used) continue;
        q->kernel = choose_kernel(p, q->node);
        if (!q->kernel) return nn_fail(err, NN_ERR_SHAPE, "%s: no kernel fits", q->node->op->name);
    }
    return NN_OK;
}

/* ---- lifetimes ---- */

static void extend(NnLife *l, int t)
{
    if (t > l->death) l->death = t;
}

/* What op node i makes of its own buffers. */
static void own_lives(NnPlan *p, int i)
{
    NnPlanNode *q = &p->at[i];
    const NnNode *node = q->node;
    const int f = nn_time_forward(i), b = nn_time_backward(p->n, i);
    NnShape xs[NN_MAX_IN];
    input_shapes(p, node, xs);
    if (q->has_grad && node->op->reads & NN_READS_Y) extend(&q->value, b);
    if (p->spec.train && node->op->saved)
        q->saved = (NnLife){ .len = node->op->saved(xs, node->n_in, node->shape, node->attr), .birth = f, .death = f };
    if (q->has_grad) extend(&q->saved, b);
    if (!q->kernel->scratch) return;
    const size_t scratch = q->kernel->scratch(xs, node->n_in, node->shape, node->attr, q->kernel->how);
    q->scratch_fwd = (NnLife){ .len = scratch, .birth = f, .death = f };
    if (q->has_grad) q->scratch_bwd = (NnLife){ .len = scratch, .birth = b, .death = b };
}

/* What op node i asks of its inputs' buffers. */
static void input_lives(NnPlan *p, int i)
{
    NnPlanNode *q = &p->at[i];
    const NnNode *node = q->node;
    const int f = nn_time_forward(i), b = nn_time_backward(p->n, i);
    for (int j = 0; j < node->n_in; j++) {
        NnPlanNode *in = &p->at[node->in[j].id];
        extend(&in->value, f);
        if (q->has_grad && node->op->reads >> j & 1) extend(&in->value, b);
        if (q->has_grad && in->has_grad && passes_grad(node, j) && b < in->grad.birth) in->grad.birth = b;
    }
}

static void find_lives(NnPlan *p)
{
    const int end = nn_time_end(p->n);
    for (int i = 0; i < p->n; i++) {
        NnPlanNode *q = &p->at[i];
        const size_t len = q->used ? nn_shape_len(q->node->shape) : 0;
        const int is_input = q->node->kind == NN_NODE_INPUT, is_op = q->node->kind == NN_NODE_OP;
        /* inputs are written before the step begins, so they are alive from its first call on */
        const int birth = is_input ? 0 : nn_time_forward(i), stays = q->keep || (is_input && p->spec.train);
        q->value = (NnLife){ .len = is_op || is_input ? len : 0, .birth = birth, .death = stays ? end : birth };
        q->grad = (NnLife){ .birth = i == p->loss ? nn_time_backward(p->n, i) : end,
                            .death = is_input ? end : nn_time_backward(p->n, i) };
        if (q->has_grad && (is_op || is_input)) q->grad.len = len;
    }
    for (int i = 0; i < p->n; i++)
        if (p->at[i].node->kind == NN_NODE_OP && p->at[i].used) own_lives(p, i), input_lives(p, i);
}

/* The first backward call to add into a gradient is the one at its birth: exec clears the buffer before it. */
static void mark_fresh(NnPlan *p)
{
    for (int i = 0; i < p->n; i++) {
        NnPlanNode *q = &p->at[i];
        for (int j = 0; q->has_grad && j < q->node->n_in; j++) {
            const NnPlanNode *in = &p->at[q->node->in[j].id];
            if (in->grad.len && in->grad.birth == nn_time_backward(p->n, i)) q->fresh |= 1 << j;
        }
    }
}

static NnStatus place(NnPlan *p, NnErr *err)
{
    NnLife **life = nn_alloc((size_t)p->n * 5, sizeof *life);
    if (!life) return nn_fail(err, NN_ERR_NOMEM, "no memory to plan %d nodes", p->n);
    int n = 0;
    for (int i = 0; i < p->n; i++) {
        NnPlanNode *q = &p->at[i];
        life[n++] = &q->value, life[n++] = &q->grad, life[n++] = &q->saved;
        life[n++] = &q->scratch_fwd, life[n++] = &q->scratch_bwd;
    }
    p->lower_bound = nn_memory_lower_bound(life, n);
    const NnStatus s = nn_memory_place(life, n, &p->len, err);
    free(life);
    return s;
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
    return NN_OK;
}

static NnStatus build(NnPlan *p, NnErr *err)
{
    for (int i = 0; i < p->n; i++) p->at[i].node = nn_graph_node(p->graph, i);
    mark_used(p);
    mark_grads(p);
    NN_TRY(choose_kernels(p, err));
    find_lives(p);
    mark_fresh(p);
    NN_TRY(place(p, err));
    size_t bytes;
    if (!nn_size_mul(p->len + 16, sizeof(float), &bytes))
        return nn_fail(err, NN_ERR_NOMEM, "the network needs more memory than can be counted");
    p->block = aligned_alloc(64, bytes);
    if (!p->block) return nn_fail(err, NN_ERR_NOMEM, "no memory for the network's buffers (%zu MiB)", bytes >> 20);
    memset(p->block, 0, bytes);
    return NN_OK;
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
    p->spec.keep = NULL, p->spec.kernel = NULL; /* borrowed until here only */
    *out = p;
    return NN_OK;
}

void nn_plan_free(NnPlan *p)
{
    if (!p) return;
    free(p->block);
    free(p->at);
    free(p);
}

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
    const NnNode *q = p->at[node].node;
    if (q->kind != NN_NODE_OP) return 0;
    input_shapes(p, q, xs);
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

int nn_plan_uses(const NnPlan *p, int node)
{
    return p->at[node].used;
}
