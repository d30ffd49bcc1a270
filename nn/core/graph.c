/* graph.c -- see graph.h. */
#include "nn/core/graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/arena.h"
#include "nn/base/size.h"

struct NnGraph {
    NnErr err;
    NnArena arena; /* names, attributes, constants */
    NnParams *params;
    NnNode *node;
    int n, cap;
    const char *scope;
};

NnGraph *nn_graph_new(NnParams *params)
{
    NnGraph *g = nn_alloc(1, sizeof *g);
    if (!g) return NULL;
    g->params = params;
    g->scope = "";
    return g;
}

void nn_graph_free(NnGraph *g)
{
    if (!g) return;
    nn_arena_free(&g->arena);
    free(g->node);
    free(g);
}

NnStatus nn_graph_status(const NnGraph *g, NnErr *err)
{
    if (g->err.status == NN_OK) return NN_OK;
    return nn_fail(err, g->err.status, "%s", g->err.msg);
}

NnVar nn_graph_fail(NnGraph *g, NnStatus s, const char *fmt, ...)
{
    char msg[sizeof g->err.msg];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    nn_fail(&g->err, s, "%s", msg);
    return NN_NONE;
}

/* Put what was being built in front of the message that a lower layer gave. */
static NnVar fail_at(NnGraph *g, const char *scope, const NnErr *cause)
{
    return nn_graph_fail(g, cause->status, "%s%s%s", scope, *scope ? ": " : "", cause->msg);
}

static NnVar push(NnGraph *g, NnNode node)
{
    if (g->n == g->cap) {
        const int cap = g->cap ? 2 * g->cap : 64;
        NnNode *p = nn_realloc(g->node, (size_t)cap, sizeof *p);
        if (!p) return nn_graph_fail(g, NN_ERR_NOMEM, "no memory for node %d of the graph", g->n);
        g->node = p, g->cap = cap;
    }
    g->node[g->n] = node;
    return (NnVar){ g->n++ };
}

static const char *keep_name(NnGraph *g, const char *name)
{
    const char *copy = nn_arena_text(&g->arena, name);
    if (!copy) nn_graph_fail(g, NN_ERR_NOMEM, "no memory for the name %s", name);
    return copy ? copy : "";
}

void nn_graph_scope(NnGraph *g, const char *name)
{
    g->scope = *name ? keep_name(g, name) : "";
}

NnVar nn_graph_input(NnGraph *g, const char *name, NnShape s, int wants_grad)
{
    NnErr err = { 0 };
    if (g->err.status != NN_OK) return NN_NONE;
    if (nn_shape_check(s, &err) != NN_OK) return fail_at(g, name, &err);
    return push(g, (NnNode){ .kind = NN_NODE_INPUT, .name = keep_name(g, name), .shape = s, .wants_grad = wants_grad });
}

NnVar nn_graph_constant(NnGraph *g, const char *name, NnShape s, const float *value)
{
    NnErr err = { 0 };
    if (g->err.status != NN_OK) return NN_NONE;
    if (nn_shape_check(s, &err) != NN_OK) return fail_at(g, name, &err);
    const float *copy = nn_arena_copy(&g->arena, value, nn_shape_len(s) * sizeof *value);
    if (!copy) return nn_graph_fail(g, NN_ERR_NOMEM, "no memory for the constant %s", name);
    return push(g, (NnNode){ .kind = NN_NODE_CONSTANT, .name = keep_name(g, name), .shape = s, .value = copy });
}

NnVar nn_graph_param(NnGraph *g, const char *name, NnShape s, NnInit init, int flags)
{
    NnErr err = { 0 };
    int index;
    if (g->err.status != NN_OK) return NN_NONE;
    if (nn_params_add(g->params, name, s, init, flags, &index, &err) != NN_OK) return fail_at(g, g->scope, &err);
    for (int i = 0; i < g->n; i++)
        if (g->node[i].kind == NN_NODE_PARAM && g->node[i].param == index) return (NnVar){ i };
    return push(g, (NnNode){ .kind = NN_NODE_PARAM, .name = keep_name(g, name), .shape = s, .param = index });
}

/* The shapes of an op's inputs; 0 if one of them does not exist. */
static int input_shapes(NnGraph *g, const NnOp *op, int n_in, const NnVar *in, NnShape *xs)
{
    if (n_in < op->min_in || n_in > op->max_in) {
        nn_graph_fail(g, NN_ERR_SHAPE, "%s: takes %d to %d inputs, got %d", op->name, op->min_in, op->max_in, n_in);
        return 0;
    }
    for (int i = 0; i < n_in; i++) {
        if (in[i].id < 0 || in[i].id >= g->n) {
            nn_graph_fail(g, NN_ERR_SHAPE, "%s: input %d is missing", op->name, i);
            return 0;
        }
        xs[i] = g->node[in[i].id].shape;
    }
    return 1;
}

NnVar nn_graph_apply(NnGraph *g, const NnOp *op, const void *attr, int n_in, const NnVar *in)
{
    NnErr err = { 0 };
    NnShape xs[NN_MAX_IN];
    NnNode node = { .kind = NN_NODE_OP, .name = g->scope, .op = op, .n_in = n_in };
    if (g->err.status != NN_OK || !input_shapes(g, op, n_in, in, xs)) return NN_NONE;
    if (op->shape(xs, n_in, attr, &node.shape, &err) != NN_OK || nn_shape_check(node.shape, &err) != NN_OK)
        return fail_at(g, g->scope, &err);
    for (int i = 0; i < n_in; i++) node.in[i] = in[i];
    if (op->attr_size) node.attr = nn_arena_copy(&g->arena, attr, op->attr_size);
    if (op->attr_size && !node.attr) return nn_graph_fail(g, NN_ERR_NOMEM, "%s: no memory", op->name);
    return push(g, node);
}

NnVar nn_graph_find(const NnGraph *g, const char *name)
{
    for (int i = g->n - 1; *name && i >= 0; i--)
        if (!strcmp(g->node[i].name, name)) return (NnVar){ i };
    return NN_NONE;
}

NnShape nn_graph_shape(const NnGraph *g, NnVar v)
{
    if (v.id < 0) return (NnShape){ 0 };
    return g->node[v.id].shape;
}

int nn_graph_len(const NnGraph *g)
{
    return g->n;
}

const NnNode *nn_graph_node(const NnGraph *g, int id)
{
    return &g->node[id];
}

NnParams *nn_graph_params(const NnGraph *g)
{
    return g->params;
}
