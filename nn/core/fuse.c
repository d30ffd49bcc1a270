/* fuse.c -- two ops become one where one can do the work of both.
 *
 * An op says itself what it can absorb (NnOp.absorb); this file asks it, where nothing else needs what would vanish:
 * the producer of its input 0 must have no other reader, and neither it nor its gradient may be kept. Nodes are asked
 * in their order, so that each meets a producer that has absorbed already what it could:
 *
 *      conv2d -> batch_norm -> relu      conv2d -> [conv2d+batch_norm] -> relu      [conv2d+batch_norm+relu]
 *
 * A node keeps its index, shape and name; what it absorbed is marked as not used. */
#include <string.h>

#include "nn/core/plan_inside.h"

/* How many inputs of used nodes are node i? */
static int count_readers(const NnPlan *p, int i)
{
    int n = 0;
    for (int k = i + 1; k < p->n; k++)
        for (int j = 0; p->at[k].used && j < p->at[k].node.n_in; j++) n += p->at[k].node.in[j].id == i;
    return n;
}

static int may_vanish(const NnPlan *p, int i)
{
    return nn_plan_runs(&p->at[i]) && !p->at[i].keep && !p->at[i].keep_grad && count_readers(p, i) == 1;
}

/* What an op says of the fused one is held to the rules that nn_graph_apply holds the model to. */
static NnStatus check_fused(const NnPlan *p, int i, const NnFused *f, NnErr *err)
{
    const char *name = f->op->name;
    NnShape xs[NN_MAX_IN], ys = { 0 };
    char got[64], want[64];
    if (f->n_in < f->op->min_in || f->n_in > f->op->max_in)
        return nn_fail(err, NN_ERR_SHAPE, "node %d, fused to %s: %d inputs, expected %d to %d", i, name, f->n_in,
                       f->op->min_in, f->op->max_in);
    for (int j = 0; j < f->n_in; j++) {
        if (f->in[j].id < 0 || f->in[j].id >= i || !p->at[f->in[j].id].used)
            return nn_fail(err, NN_ERR_SHAPE, "node %d, fused to %s: input %d is not an input of either op", i, name,
                           j);
        xs[j] = p->at[f->in[j].id].node.shape;
    }
    if (f->op->attr_size > NN_FUSED_ATTR_MAX)
        return nn_fail(err, NN_ERR_SHAPE, "node %d, fused to %s: attributes larger than %d bytes", i, name,
                       NN_FUSED_ATTR_MAX);
    NN_TRY(f->op->shape(xs, f->n_in, f->attr, &ys, err));
    if (nn_shape_equal(ys, p->at[i].node.shape)) return NN_OK;
    return nn_fail(err, NN_ERR_SHAPE, "node %d, fused to %s: output %s, expected %s", i, name, nn_shape_text(ys, got),
                   nn_shape_text(p->at[i].node.shape, want));
}

static NnStatus rewrite(NnPlan *p, int i, const NnFused *f, NnErr *err)
{
    NnPlanNode *q = &p->at[i];
    NN_TRY(check_fused(p, i, f, err));
    p->at[q->node.in[0].id].used = 0;
    memcpy(q->attr, f->attr, sizeof q->attr);
    memcpy(q->node.in, f->in, sizeof q->node.in);
    q->node.op = f->op, q->node.n_in = f->n_in, q->node.attr = f->op->attr_size ? q->attr : NULL;
    return NN_OK;
}

NnStatus nn_plan_fuse(NnPlan *p, NnErr *err)
{
    for (int i = 0; i < p->n; i++) {
        NnPlanNode *q = &p->at[i];
        NnFused fused = { 0 };
        if (!nn_plan_runs(q) || !q->node.op->absorb || !may_vanish(p, q->node.in[0].id)) continue;
        if (q->node.op->absorb(&q->node, &p->at[q->node.in[0].id].node, &fused)) NN_TRY(rewrite(p, i, &fused, err));
    }
    return NN_OK;
}
