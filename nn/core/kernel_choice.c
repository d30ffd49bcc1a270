/* kernel_choice.c -- a kernel for each op: what an earlier plan chose, else what is asked for by name, else the
 * cheapest.
 *
 * Costs depend on shapes and the CPU's instruction set alone, so nothing here depends on the weather. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"
#include "nn/core/plan_inside.h"

/* ---- names ---- */

/* Part of a text. */
typedef struct {
    const char *at;
    size_t len;
} Word;

static int is_word(Word w, const char *name)
{
    return w.at && name && strlen(name) == w.len && !memcmp(w.at, name, w.len);
}

static const NnKernel *find_kernel(const NnOp *op, Word name)
{
    for (int k = 0; op && k < op->n_kernels; k++)
        if (is_word(name, op->kernels[k].name)) return &op->kernels[k];
    return NULL;
}

/* Has any op of the graph, fused or not, a kernel of that name? */
static int is_known(const NnPlan *p, Word name)
{
    for (int i = 0; i < p->n; i++)
        if (find_kernel(p->at[i].node.op, name) || find_kernel(nn_graph_node(p->graph, i)->op, name)) return 1;
    return 0;
}

/* "auto, exact, blas, direct": what may be asked for. */
static void list_known(const NnPlan *p, char *text, size_t size)
{
    snprintf(text, size, "auto, exact");
    for (int i = 0; i < p->n; i++) {
        const NnOp *op = p->at[i].node.op;
        for (int k = 0; op && k < op->n_kernels; k++) {
            const char *name = op->kernels[k].name;
            const size_t used = strlen(text);
            if (name && !strstr(text, name)) snprintf(text + used, size - used, ", %s", name);
        }
    }
}

/* ---- what is asked for ---- */

typedef struct {
    const char *stored; /* NnPlanSpec.kernels */
    Word name;          /* len 0: no preference */
    int exact;
} Wish;

/* Read one "12:direct" and what separates it from the next; 0 where there is none. */
static int read_stored(const char **text, long *node, Word *name)
{
    char *end;
    if (**text < '0' || **text > '9') return 0;
    *node = strtol(*text, &end, 10);
    if (*end != ':') return 0;
    *name = (Word){ end + 1, strcspn(end + 1, " ") };
    *text = name->at + name->len + strspn(name->at + name->len, " ");
    return name->len > 0;
}

static NnStatus check_stored(const NnPlan *p, const char *text, NnErr *err)
{
    long node, last = -1;
    Word name;
    while (*text) {
        const char *at = text;
        if (!read_stored(&text, &node, &name))
            return nn_fail(err, NN_ERR_FORMAT, "stored kernels: \"%.20s\"; expected node:kernel, as in 12:direct", at);
        if (node <= last || node >= p->n || nn_graph_node(p->graph, (int)node)->kind != NN_NODE_OP)
            return nn_fail(err, NN_ERR_FORMAT,
                           "stored kernels: node %ld after %ld; expected ascending nodes, each an op of the %d nodes",
                           node, last, p->n);
        if (!is_known(p, name)) {
            char known[256];
            list_known(p, known, sizeof known);
            return nn_fail(err, NN_ERR_FORMAT, "stored kernels: \"%.*s\" at node %ld: unknown; known: %s",
                           (int)name.len, name.at, node, known);
        }
        last = node;
    }
    return NN_OK;
}

static NnStatus read_wish(const NnPlan *p, Wish *w, NnErr *err)
{
    const char *name = p->spec.kernel ? p->spec.kernel : "";
    *w = (Wish){ .stored = p->spec.kernels ? p->spec.kernels : "" };
    NN_TRY(check_stored(p, w->stored, err));
    if (!*name || !strcmp(name, "auto")) return NN_OK;
    w->exact = !strcmp(name, "exact");
    if (w->exact) return NN_OK;
    w->name = (Word){ name, strlen(name) };
    if (is_known(p, w->name)) return NN_OK;
    char known[256];
    list_known(p, known, sizeof known);
    return nn_fail(err, NN_ERR_CONFIG, "kernel \"%s\": unknown; known: %s", name, known);
}

static Word stored_name(const char *text, int i)
{
    long node = -1;
    Word name = { NULL, 0 };
    while (node < i && read_stored(&text, &node, &name)) {
    }
    return node == i ? name : (Word){ NULL, 0 };
}

/* ---- choosing ---- */

static int fits(const NnKernel *k, const NnShape *xs, const NnNode *node)
{
    return !k->fits || k->fits(xs, node->n_in, node->attr, k->how);
}

static const NnKernel *cheapest(const NnNode *node, const NnShape *xs, int exact)
{
    const NnKernel *best = NULL;
    double least = 0;
    for (int i = 0; i < node->op->n_kernels; i++) {
        const NnKernel *k = &node->op->kernels[i];
        if ((exact && k->inexact) || !fits(k, xs, node)) continue;
        const double cost = k->cost ? k->cost(xs, node->n_in, node->shape, node->attr, k->how) : 0;
        if (!best || cost < least) best = k, least = cost;
    }
    return best;
}

static const NnKernel *choose(const NnPlan *p, int i, const Wish *w)
{
    const NnNode *node = &p->at[i].node;
    NnShape xs[NN_MAX_IN];
    nn_plan_input_shapes(p, node, xs);
    const NnKernel *stored = find_kernel(node->op, stored_name(w->stored, i));
    if (stored && fits(stored, xs, node)) return stored;
    const NnKernel *named = find_kernel(node->op, w->name);
    if (named && fits(named, xs, node)) return named;
    return cheapest(node, xs, w->exact);
}

/* "12:direct 31:winograd": the nodes whose kernel has a name. */
static NnStatus write_choices(NnPlan *p, NnErr *err)
{
    size_t room = 1, used = 0;
    for (int i = 0; i < p->n; i++) room += 16 + strlen(nn_plan_kernel(p, i));
    p->kernels = nn_alloc(room, 1);
    if (!p->kernels) return nn_fail(err, NN_ERR_NOMEM, "no memory for a plan");
    for (int i = 0; i < p->n; i++) {
        const char *name = nn_plan_kernel(p, i);
        if (*name) used += (size_t)snprintf(p->kernels + used, room - used, "%s%d:%s", used ? " " : "", i, name);
    }
    return NN_OK;
}

NnStatus nn_plan_choose_kernels(NnPlan *p, NnErr *err)
{
    Wish wish;
    NN_TRY(read_wish(p, &wish, err));
    for (int i = 0; i < p->n; i++) {
        NnPlanNode *q = &p->at[i];
        if (!nn_plan_runs(q)) continue;
        q->kernel = choose(p, i, &wish);
        if (!q->kernel) return nn_fail(err, NN_ERR_SHAPE, "node %d %s: no kernel fits", i, q->node.op->name);
    }
    return write_choices(p, err);
}
