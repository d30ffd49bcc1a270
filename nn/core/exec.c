/* exec.c -- running a plan: two loops over its nodes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "nn/base/clock.h"
#include "nn/base/parallel.h"
#include "nn/core/plan_node.h"

/* ---- buffers, resolved once: the block and the parameters never move ---- */

static float *in_block(const NnPlan *p, const NnLife *l)
{
    return l->len ? p->block + l->offset : NULL;
}

static void bind_node(NnPlan *p, NnPlanNode *q)
{
    NnParams *params = nn_graph_params(p->graph);
    const NnNode *node = q->node;
    q->y = in_block(p, &q->value);
    q->dy = in_block(p, &q->grad);
    if (node->kind != NN_NODE_PARAM) return;
    const NnParam *param = nn_params_at(params, node->param);
    q->y = nn_params_values(params) + param->offset;
    if (q->has_grad) q->dy = nn_params_grads(params) + param->offset;
}

static void bind_op(NnPlan *p, NnPlanNode *q, int index)
{
    const NnNode *node = q->node;
    const NnStep step = { .train = p->spec.train, .seed = p->spec.seed, .node = (uint32_t)index };
    q->fwd = (NnFwd){ .n_in = node->n_in,
                      .y = q->y,
                      .ys = node->shape,
                      .saved = in_block(p, &q->saved),
                      .scratch = in_block(p, &q->scratch_fwd),
                      .attr = node->attr,
                      .step = step };
    q->bwd = (NnBwd){ .n_in = node->n_in,
                      .y = q->y,
                      .dy = q->dy,
                      .ys = node->shape,
                      .saved = q->fwd.saved,
                      .scratch = in_block(p, &q->scratch_bwd),
                      .attr = node->attr,
                      .step = step };
    for (int j = 0; j < node->n_in; j++) {
        const NnPlanNode *in = &p->at[node->in[j].id];
        q->fwd.x[j] = q->bwd.x[j] = in->node->kind == NN_NODE_CONSTANT ? in->node->value : in->y;
        q->fwd.xs[j] = q->bwd.xs[j] = in->node->shape;
        if (node->op->state >> j & 1) q->fwd.state[j] = in->y;
        if (!((node->op->no_grad | node->op->state) >> j & 1)) q->bwd.dx[j] = in->has_grad ? in->dy : NULL;
    }
}

static void bind(NnPlan *p)
{
    if (p->bound) return;
    for (int i = 0; i < p->n; i++) bind_node(p, &p->at[i]);
    for (int i = 0; i < p->n; i++)
        if (p->at[i].used && p->at[i].node->kind == NN_NODE_OP) bind_op(p, &p->at[i], i);
    p->bound = 1;
}

float *nn_plan_data(NnPlan *p, NnVar v)
{
    if (!nn_var_is_some(v)) return NULL;
    NnPlanNode *q = &p->at[v.id];
    return q->used && (q->keep || q->node->kind == NN_NODE_INPUT) ? in_block(p, &q->value) : NULL;
}

const float *nn_plan_grad(NnPlan *p, NnVar v)
{
    if (!nn_var_is_some(v) || p->at[v.id].node->kind != NN_NODE_INPUT) return NULL;
    return in_block(p, &p->at[v.id].grad);
}

/* ---- the two loops ---- */

static int runs_forward(const NnPlanNode *q)
{
    return q->used && q->node->kind == NN_NODE_OP;
}

static int runs_backward(const NnPlanNode *q)
{
    return q->has_grad && q->node->kind == NN_NODE_OP;
}

static void forward_node(NnPlan *p, NnPlanNode *q, uint32_t step)
{
    const double start = p->profiling ? nn_clock() : 0;
    q->fwd.step.step = q->bwd.step.step = step;
    q->kernel->forward(&q->fwd);
    if (p->profiling) q->fwd_s += nn_clock() - start, q->calls++;
}

static void backward_node(NnPlan *p, NnPlanNode *q)
{
    const double start = p->profiling ? nn_clock() : 0;
    for (int j = 0; j < q->node->n_in; j++)
        if (q->fresh >> j & 1) {
            const NnPlanNode *in = &p->at[q->node->in[j].id];
            memset(in->dy, 0, in->grad.len * sizeof *in->dy);
        }
    q->kernel->backward(&q->bwd);
    if (p->profiling) q->bwd_s += nn_clock() - start;
}

/* More threads than the plan was made for would write beyond the scratch. Every thread that will compute must treat
 * denormals alike, or results would depend on who computes what. */
static void prepare(NnPlan *p)
{
    if (nn_threads() > p->threads) nn_threads_set(p->threads);
    bind(p);
#pragma omp parallel num_threads(nn_threads())
    nn_flush_denormals();
}

void nn_plan_forward(NnPlan *p, uint32_t step)
{
    prepare(p);
    for (int i = 0; i < p->n; i++)
        if (runs_forward(&p->at[i])) forward_node(p, &p->at[i], step);
}

void nn_plan_backward(NnPlan *p, float scale)
{
    if (p->loss < 0 || !p->at[p->loss].has_grad) return;
    p->at[p->loss].dy[0] = scale;
    for (int i = p->n - 1; i >= 0; i--)
        if (runs_backward(&p->at[i])) backward_node(p, &p->at[i]);
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
    const NnNode *node = p->at[i].node;
    snprintf(text, size, "node %d %s %s %s: %s is %s", i, node->op->name, node->name, nn_shape_text(node->shape, shape),
             what, bad);
    return 1;
}

static int bad_forward(NnPlan *p, int i, char *text, size_t size)
{
    const NnPlanNode *q = &p->at[i];
    for (int j = 0; j < q->node->n_in; j++) {
        const char *bad = first_bad(q->fwd.x[j], nn_shape_len(q->fwd.xs[j]));
        char what[160];
        const char *name = p->at[q->node->in[j].id].node->name;
        snprintf(what, sizeof what, "its input %s", *name ? name : "from an earlier node");
        if (bad) return describe(p, i, what, bad, text, size);
    }
    const char *bad = first_bad(q->y, nn_shape_len(q->node->shape));
    return bad ? describe(p, i, "its output", bad, text, size) : 0;
}

static int bad_backward(NnPlan *p, int i, char *text, size_t size)
{
    const NnPlanNode *q = &p->at[i];
    for (int j = 0; j < q->node->n_in; j++) {
        const char *bad = first_bad(q->bwd.dx[j], nn_shape_len(q->fwd.xs[j]));
        char what[160];
        snprintf(what, sizeof what, "the gradient of its input %s", p->at[q->node->in[j].id].node->name);
        if (bad) return describe(p, i, what, bad, text, size);
    }
    return 0;
}

int nn_plan_find_nonfinite(NnPlan *p, uint32_t step, int backward, char *text, size_t size)
{
    prepare(p);
    for (int i = 0; i < p->n; i++) {
        if (!runs_forward(&p->at[i])) continue;
        forward_node(p, &p->at[i], step);
        if (bad_forward(p, i, text, size)) return 1;
    }
    if (!backward || p->loss < 0 || !p->at[p->loss].has_grad) return 0;
    p->at[p->loss].dy[0] = 1;
    nn_params_zero_grads(nn_graph_params(p->graph)); /* what the bad step left there would be blamed on others */
    for (int i = p->n - 1; i >= 0; i--) {
        if (!runs_backward(&p->at[i])) continue;
        backward_node(p, &p->at[i]);
        if (bad_backward(p, i, text, size)) return 1;
    }
    return 0;
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
