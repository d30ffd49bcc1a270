/* exec.c -- running a plan: a loop over its calls. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "nn/base/clock.h"
#include "nn/base/parallel.h"
#include "nn/core/plan_inside.h"

/* ---- where things are: the block and the parameters never move ---- */

static float *in_block(const NnPlan *p, int life)
{
    return life >= 0 ? (float *)p->block.at + p->calls.life[life].offset : NULL;
}

static float *value_of(const NnPlan *p, int node, int life)
{
    const NnNode *n = &p->at[node].node;
    NnParams *params = nn_graph_params(p->graph);
    return n->kind == NN_NODE_PARAM ? nn_params_values(params) + nn_params_at(params, n->param)->offset
                                    : in_block(p, life);
}

/* NULL where no gradient is wanted. */
static float *grad_of(const NnPlan *p, int node, int life)
{
    const NnNode *n = &p->at[node].node;
    NnParams *params = nn_graph_params(p->graph);
    if (n->kind != NN_NODE_PARAM) return in_block(p, life);
    return p->at[node].has_grad ? nn_params_grads(params) + nn_params_at(params, n->param)->offset : NULL;
}

float *nn_plan_data(NnPlan *p, NnVar v)
{
    if (!nn_var_is_some(v)) return NULL;
    const NnPlanNode *q = &p->at[v.id];
    return q->used && (q->keep || q->node.kind == NN_NODE_INPUT) ? in_block(p, p->calls.value[v.id]) : NULL;
}

const float *nn_plan_grad(NnPlan *p, NnVar v)
{
    if (!nn_var_is_some(v) || (p->at[v.id].node.kind != NN_NODE_INPUT && !p->at[v.id].keep_grad)) return NULL;
    return in_block(p, p->calls.grad[v.id]);
}

/* ---- one call ---- */

static NnStep step_of(const NnPlan *p, const NnCall *c)
{
    return (NnStep){ .train = p->spec.train && !p->spec.frozen,
                     .seed = p->spec.seed,
                     .step = p->step,
                     .node = (uint32_t)c->node,
                     .again = c->kind != NN_CALL_FORWARD || p->repeats };
}

static NnDeferred deferred_input(const NnPlan *p, const NnCall *c)
{
    const NnPlanNode *q = &p->at[c->node];
    if (!q->node.n_in || !p->at[q->node.in[0].id].deferred) return (NnDeferred){ 0 };
    const NnNode *in = &p->at[q->node.in[0].id].node;
    return (NnDeferred){ in->op, in->attr, in_block(p, c->from) };
}

static NnFwd forward_arguments(const NnPlan *p, const NnCall *c)
{
    const NnPlanNode *q = &p->at[c->node];
    NnFwd k = { .n_in = q->node.n_in,
                .from = deferred_input(p, c),
                .y = in_block(p, c->y),
                .ys = q->node.shape,
                .saved = in_block(p, c->saved),
                .scratch = in_block(p, c->scratch),
                .attr = q->node.attr,
                .how = q->kernel->how,
                .step = step_of(p, c) };
    for (int j = 0; j < k.n_in; j++) {
        const NnNode *in = &p->at[q->node.in[j].id].node;
        k.x[j] = in->kind == NN_NODE_CONSTANT ? in->value : value_of(p, q->node.in[j].id, c->x[j]);
        k.xs[j] = in->shape;
        if (q->node.op->state >> j & 1) k.state[j] = value_of(p, q->node.in[j].id, c->x[j]);
    }
    return k;
}

static NnBwd backward_arguments(const NnPlan *p, const NnCall *c)
{
    const NnPlanNode *q = &p->at[c->node];
    float *dy = in_block(p, c->spare >= 0 ? c->spare : c->dy);
    NnBwd k = { .n_in = q->node.n_in,
                .from = deferred_input(p, c),
                .y = in_block(p, c->y),
                .dy = dy,
                .ys = q->node.shape,
                .dy_spoil = q->node.op->spoils_dy ? dy : NULL,
                .fresh = c->fresh,
                .digest = q->digests,
                .saved = in_block(p, c->saved),
                .scratch = in_block(p, c->scratch),
                .attr = q->node.attr,
                .how = q->kernel->how,
                .step = step_of(p, c) };
    for (int j = 0; j < k.n_in; j++) {
        const NnNode *in = &p->at[q->node.in[j].id].node;
        k.x[j] = in->kind == NN_NODE_CONSTANT ? in->value : value_of(p, q->node.in[j].id, c->x[j]);
        k.xs[j] = in->shape;
        if (nn_plan_passes_grad(&q->node, j)) k.dx[j] = grad_of(p, q->node.in[j].id, c->dx[j]);
    }
    return k;
}

static void backward(const NnPlan *p, const NnCall *c)
{
    const NnBwd k = backward_arguments(p, c);
    if (c->spare >= 0) memcpy(in_block(p, c->spare), in_block(p, c->dy), nn_shape_len(k.ys) * sizeof(float));
    for (int j = 0; j < k.n_in; j++)
        if (k.dx[j] && c->clear >> j & 1) memset(k.dx[j], 0, nn_shape_len(k.xs[j]) * sizeof *k.dx[j]);
    p->at[c->node].kernel->backward(&k);
}

static void run_call(NnPlan *p, const NnCall *c)
{
    NnPlanNode *q = &p->at[c->node];
    const double start = p->profiling ? nn_clock() : 0;
    if (c->kind == NN_CALL_BACKWARD) backward(p, c);
    else {
        const NnFwd k = forward_arguments(p, c);
        (c->kind == NN_CALL_RESTORE ? q->node.op->restore : q->kernel->forward)(&k);
        if (c->digest >= 0) memcpy(in_block(p, c->digest), k.saved, q->digest_len * sizeof *k.saved);
    }
    if (!p->profiling) return;
    *(c->kind == NN_CALL_FORWARD ? &q->fwd_s : &q->bwd_s) += nn_clock() - start;
    q->calls += c->kind == NN_CALL_FORWARD;
}

/* ---- a step ---- */

/* More threads than the plan was made for would write beyond the scratch. Every thread that will compute must treat
 * denormals alike, or results would depend on who computes what. */
static void prepare(NnPlan *p, uint32_t step)
{
    if (nn_threads() > p->threads) nn_threads_set(p->threads);
#pragma omp parallel num_threads(nn_threads())
    nn_flush_denormals();
    p->step = step;
}

/* Set d(scale * loss)/d(loss). 0: nothing wants a gradient. */
static int start_backward(const NnPlan *p, float scale)
{
    float *dloss = p->loss >= 0 ? in_block(p, p->calls.grad[p->loss]) : NULL;
    if (dloss) *dloss = scale;
    return dloss != NULL;
}

void nn_plan_forward(NnPlan *p, uint32_t step)
{
    prepare(p, step);
    for (int t = 0; t < p->calls.n_forward; t++) run_call(p, &p->calls.call[t]);
}

void nn_plan_backward(NnPlan *p, float scale)
{
    if (!start_backward(p, scale)) return;
    for (int t = p->calls.n_forward; t < p->calls.n; t++) run_call(p, &p->calls.call[t]);
}

/* ---- the report on a diverged run ---- */

static const char *first_bad(const float *v, size_t n)
{
    for (size_t i = 0; v && i < n; i++)
        if (!isfinite(v[i])) return isnan(v[i]) ? "NaN" : "infinite";
    return NULL;
}

static int describe(const NnPlan *p, int i, const char *what, const char *bad, char *text, size_t size)
{
    char shape[64];
    const NnNode *node = &p->at[i].node;
    snprintf(text, size, "node %d %s %s %s: %s is %s", i, node->op->name, node->name, nn_shape_text(node->shape, shape),
             what, bad);
    return 1;
}

/* States are not asked: a training forward does not read them, and the bad step has spoilt them already. A deferred
 * output is asked for in `saved`, or its readers would be blamed. */
static int bad_forward(const NnPlan *p, const NnCall *c, char *text, size_t size)
{
    const NnFwd k = forward_arguments(p, c);
    const NnPlanNode *q = &p->at[c->node];
    for (int j = 0; j < k.n_in; j++) {
        const char *bad = k.step.train && k.state[j] ? NULL : first_bad(k.x[j], nn_shape_len(k.xs[j]));
        char what[160];
        const char *name = p->at[q->node.in[j].id].node.name;
        snprintf(what, sizeof what, "its input %s", *name ? name : "from an earlier node");
        if (bad) return describe(p, c->node, what, bad, text, size);
    }
    const char *bad = q->deferred ? first_bad(k.saved, q->saved_len) : first_bad(k.y, nn_shape_len(k.ys));
    return bad ? describe(p, c->node, "its output", bad, text, size) : 0;
}

/* A value that is made again was found finite the first time. */
static int bad_backward(const NnPlan *p, const NnCall *c, char *text, size_t size)
{
    if (c->kind != NN_CALL_BACKWARD) return 0;
    const NnBwd k = backward_arguments(p, c);
    for (int j = 0; j < k.n_in; j++) {
        const char *bad = first_bad(k.dx[j], nn_shape_len(k.xs[j]));
        char what[160];
        snprintf(what, sizeof what, "the gradient of its input %s", p->at[p->at[c->node].node.in[j].id].node.name);
        if (bad) return describe(p, c->node, what, bad, text, size);
    }
    return 0;
}

static int find_nonfinite(NnPlan *p, int backward_too, char *text, size_t size)
{
    for (int t = 0; t < p->calls.n_forward; t++) {
        run_call(p, &p->calls.call[t]);
        if (bad_forward(p, &p->calls.call[t], text, size)) return 1;
    }
    if (!backward_too || !start_backward(p, 1)) return 0;
    if (!p->spec.frozen)
        nn_params_zero_grads(nn_graph_params(p->graph)); /* what the bad step left there would be blamed on others */
    for (int t = p->calls.n_forward; t < p->calls.n; t++) {
        run_call(p, &p->calls.call[t]);
        if (bad_backward(p, &p->calls.call[t], text, size)) return 1;
    }
    return 0;
}

int nn_plan_find_nonfinite(NnPlan *p, uint32_t step, int backward_too, char *text, size_t size)
{
    prepare(p, step);
    p->repeats = 1;
    const int found = find_nonfinite(p, backward_too, text, size);
    p->repeats = 0;
    return found;
}

/* ---- timing ---- */

void nn_plan_profile(NnPlan *p, int on)
{
    p->profiling = on;
    for (int i = 0; i < p->n; i++) p->at[i].fwd_s = p->at[i].bwd_s = 0, p->at[i].calls = 0;
}

void nn_plan_profile_get(const NnPlan *p, int node, double *forward_s, double *backward_s, long *calls)
{
    *forward_s = p->at[node].fwd_s, *backward_s = p->at[node].bwd_s, *calls = p->at[node].calls;
}
