/* summary.c -- a graph as a table for a terminal: one line per op, then totals. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"
#include "nn/core/plan.h"
#include "nn/model/detector.h"

typedef struct {
    const NnGraph *graph;
    const NnPlan *plan;
    unsigned char *counted; /* [parameters]: already in a line above (a shared weight counts once) */
    unsigned char *shown;   /* [nodes]: the plan computes it, or an op that has absorbed it */
    int images;             /* N of the first input */
    size_t trained, states;
    double flops; /* of one image */
} Summary;

/* Parameters that this op is the first to use; follows nothing: an op counts what it reads directly. */
static size_t count_params(Summary *s, const NnNode *node)
{
    const NnParams *params = nn_graph_params(s->graph);
    size_t sum = 0;
    for (int i = 0; i < node->n_in; i++) {
        if (!nn_var_is_some(node->in[i])) continue;
        const NnNode *in = nn_graph_node(s->graph, node->in[i].id);
        if (in->kind != NN_NODE_PARAM || s->counted[in->param]) continue;
        const NnParam *p = nn_params_at(params, in->param);
        s->counted[in->param] = 1;
        *(p->flags & NN_PARAM_TRAIN ? &s->trained : &s->states) += p->len;
        if (p->flags & NN_PARAM_TRAIN) sum += p->len;
    }
    return sum;
}

static double count_flops(const Summary *s, const NnNode *node)
{
    NnShape xs[NN_MAX_IN] = { { 0 } };
    for (int i = 0; i < node->n_in; i++) xs[i] = nn_graph_shape(s->graph, node->in[i]);
    const double all =
        node->op->flops ? node->op->flops(xs, node->n_in, node->shape, node->attr) : (double)nn_shape_len(node->shape);
    return all / s->images;
}

static void print_node(Summary *s, FILE *out, int id)
{
    const NnNode *node = nn_graph_node(s->graph, id);
    const size_t weights = count_params(s, node);
    const double flops = count_flops(s, node);
    char shape[64], count[32] = "";
    s->flops += flops;
    if (weights) snprintf(count, sizeof count, "%zu", weights);
    const char *kernel = !s->plan ? "" : nn_plan_uses(s->plan, id) ? nn_plan_kernel(s->plan, id) : "fused";
    fprintf(out, "%-22.22s %-18.18s %-20.20s %10s %10.3f%s%.12s\n", node->name, node->op->name,
            nn_shape_text(node->shape, shape), count, flops * 1e-6, *kernel ? "  " : "", kernel);
}

static int batch_size(const NnGraph *g)
{
    for (int i = 0; i < nn_graph_len(g); i++) {
        const NnNode *node = nn_graph_node(g, i);
        if (node->kind == NN_NODE_INPUT) return node->shape.d[0];
    }
    return 1;
}

static void print_totals(const Summary *s, FILE *out)
{
    fprintf(out, "\ntrained weights %zu, running statistics %zu, %.3f MFLOP an image forward\n", s->trained, s->states,
            s->flops * 1e-6);
    if (!s->plan) return;
    fprintf(out, "planned memory %.1f MiB for %d image%s (at least %.1f MiB are needed)\n",
            (double)nn_plan_bytes(s->plan) / (1 << 20), s->images, s->images == 1 ? "" : "s",
            (double)nn_plan_lower_bound(s->plan) / (1 << 20));
}

static void print_table(Summary *s, FILE *out)
{
    fprintf(out, "%-22s %-18s %-20s %10s %10s  %s\n", "layer", "op", "output", "weights", "MFLOP", "kernel");
    for (int i = 0; i < nn_graph_len(s->graph); i++)
        if (s->shown[i] && nn_graph_node(s->graph, i)->kind == NN_NODE_OP) print_node(s, out, i);
    print_totals(s, out);
}

static void mark_shown(Summary *s)
{
    for (int i = nn_graph_len(s->graph) - 1; i >= 0; i--) {
        const NnNode *node = nn_graph_node(s->graph, i);
        if (!s->plan || nn_plan_uses(s->plan, i)) s->shown[i] = 1;
        for (int j = 0; s->shown[i] && j < node->n_in; j++) s->shown[node->in[j].id] = 1;
    }
}

char *nn_detector_summary(const NnGraph *g, const NnPlan *plan)
{
    Summary s = { .graph = g, .plan = plan, .images = batch_size(g) };
    char *text = NULL;
    size_t len;
    s.counted = nn_alloc((size_t)nn_params_count(nn_graph_params(g)), 1);
    s.shown = nn_alloc((size_t)nn_graph_len(g), 1);
    FILE *out = s.counted && s.shown ? open_memstream(&text, &len) : NULL;
    if (out) {
        mark_shown(&s);
        print_table(&s, out);
        if (fclose(out) != 0) {
            free(text);
            text = NULL;
        }
    }
    free(s.counted);
    free(s.shown);
    return text;
}
