/* graph.h -- a network as an array of nodes in creation order.
 *
 * That order is topological: forward is a loop up the array, backward a loop down it. Handles are small
 * values; the graph owns nodes, attributes and constants. Building never crashes: a failed call poisons its
 * result, later calls pass that on, so model code nests freely and checks nn_graph_status() once at the end. */
#ifndef NN_GRAPH_H
#define NN_GRAPH_H
#include "nn/core/op.h"
#include "nn/core/param.h"

typedef struct {
    int32_t id; /* index of the node; < 0: the result of a failed call, or "none" */
} NnVar;

#define NN_NONE ((NnVar){ -1 })
static inline int nn_var_is_some(NnVar v)
{
    return v.id >= 0;
}

typedef enum { NN_NODE_INPUT, NN_NODE_CONSTANT, NN_NODE_PARAM, NN_NODE_OP } NnNodeKind;

/* Read-only view of one node, for the plan, --summary and messages. */
typedef struct NnNode {
    NnNodeKind kind;
    const char *name; /* of an input, parameter or scope; "" if unnamed */
    NnShape shape;
    const NnOp *op;   /* NN_NODE_OP */
    const void *attr; /* owned by the graph */
    int n_in;
    NnVar in[NN_MAX_IN];
    int param;          /* NN_NODE_PARAM: index into NnParams */
    const float *value; /* NN_NODE_CONSTANT: owned by the graph */
    int wants_grad;     /* NN_NODE_INPUT */
} NnNode;

/* One op in place of two (NnOp.absorb): what computes the same from the inputs of both. Same output shape as the
 * absorbing op. */
enum { NN_FUSED_ATTR_MAX = 64 };
typedef struct NnFused {
    const NnOp *op;
    int n_in;
    NnVar in[NN_MAX_IN];
    _Alignas(8) unsigned char attr[NN_FUSED_ATTR_MAX]; /* op->attr_size bytes */
} NnFused;

typedef struct NnGraph NnGraph;

/* A graph over a set of parameters, which must outlive it (several graphs may share one set).
 * NULL only when memory is out. */
NnGraph *nn_graph_new(NnParams *params);
void nn_graph_free(NnGraph *g);

/* The first failure, or NN_OK; copies its message into err. */
NnStatus nn_graph_status(const NnGraph *g, NnErr *err);

/* Record a failure from model code ("lae_small: size must be a multiple of 16"); returns NN_NONE. */
NnVar nn_graph_fail(NnGraph *g, NnStatus s, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* What the caller fills before each forward pass. wants_grad: backward also gives d(loss)/d(input). */
NnVar nn_graph_input(NnGraph *g, const char *name, NnShape s, int wants_grad);

/* Fixed values, copied. */
NnVar nn_graph_constant(NnGraph *g, const char *name, NnShape s, const float *value);

/* The parameter of that name: created in the graph's NnParams on first use, found there afterwards (its shape
 * must agree). Within one graph the same name gives the same node. */
NnVar nn_graph_param(NnGraph *g, const char *name, NnShape s, NnInit init, int flags);

/* Append one op node; attr (op->attr_size bytes) is copied. */
NnVar nn_graph_apply(NnGraph *g, const NnOp *op, const void *attr, int n_in, const NnVar *in);

/* The last node made under a name: of a scope ("encoder.2"), an input, a constant or a parameter. NN_NONE: unknown, or
 * the name is "". */
NnVar nn_graph_find(const NnGraph *g, const char *name);

/* Name the nodes that follow ("encoder.2"); shown by --summary and in messages. Copied. "" ends it. */
void nn_graph_scope(NnGraph *g, const char *name);

NnShape nn_graph_shape(const NnGraph *g, NnVar v); /* all 0 for a failed v */
int nn_graph_len(const NnGraph *g);
const NnNode *nn_graph_node(const NnGraph *g, int id);
NnParams *nn_graph_params(const NnGraph *g);

#endif
