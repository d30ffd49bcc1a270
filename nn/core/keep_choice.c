/* keep_choice.c -- what stays in memory between forward and backward, and what is made again.
 *
 * By default all that backward reads stays, but for the values that their op restores cheaply. NN_MEMORY_LOW gives up
 * more: forward runs again between a few nodes that stay (Chen et al., "Training deep nets with sublinear memory cost",
 * 2016). A node whose value is needed early, for another that runs again, and late, for a backward, may run a second
 * time rather than hold it meanwhile; and a backward may compute what it needs of `saved` by itself (NnKernel.digest).
 * Together this is at most one more forward pass.
 *
 * Either choice is then improved by what it costs: every single decision is turned round, the step's calls are listed
 * anew, and what makes the peak of memory lower stays so; of equal peaks the one with less to compute is taken. So a
 * value whose absence saves nothing is not restored. Always the same network gives the same choice. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "nn/base/size.h"
#include "nn/core/plan_inside.h"

/* ---- what a choice costs ---- */

typedef struct {
    size_t peak;  /* floats alive at the fullest time */
    double work;  /* what is computed once more, in operations */
    double again; /* the part of it that is forward's: a choice that has more than one pass of it is none */
} Price;

/* Forward's operations that a call repeats. */
static double again_of(const NnPlan *p, const NnCall *call)
{
    if (call->kind == NN_CALL_AGAIN) return nn_plan_node_flops(p, call->node);
    return call->kind == NN_CALL_BACKWARD && p->at[call->node].digests ? 2 * nn_plan_node_flops(p, call->node) : 0;
}

double nn_plan_flops_again(const NnPlan *p)
{
    double sum = 0;
    for (int t = p->calls.n_forward; t < p->calls.n; t++) sum += again_of(p, &p->calls.call[t]);
    return sum;
}

static Price price(NnPlan *p)
{
    NnCalls *c = &p->calls;
    Price sum = { 0 };
    nn_calls_make(p, c);
    sum.peak = nn_memory_lower_bound(c->life, c->n_life, c->alive);
    sum.work = sum.again = nn_plan_flops_again(p);
    for (int t = c->n_forward; t < c->n; t++)
        if (c->call[t].kind == NN_CALL_RESTORE) sum.work += (double)p->at[c->call[t].node].len;
    return sum;
}

static int is_better(Price a, Price b)
{
    return a.peak < b.peak || (a.peak == b.peak && a.work < b.work);
}

/* ---- which decisions there are ---- */

static int may_restore(const NnPlanNode *q)
{
    return nn_plan_can_restore(q) && !q->keep && !q->deferred;
}

enum { HOLDS_VALUE, HOLDS_SAVED, REPEATS, DIGESTS, DECISIONS };

/* Is this decision about this node open to choice? */
static int is_open(const NnPlan *p, int i, int what)
{
    const NnPlanNode *q = &p->at[i];
    const int has_value = !q->keep && !q->deferred;
    if (!nn_plan_runs(q)) return 0;
    if (p->spec.memory != NN_MEMORY_LOW) return what == HOLDS_VALUE && may_restore(q);
    if (what == HOLDS_VALUE) return has_value;
    if (what == HOLDS_SAVED) return q->saved_len > 0;
    return what == REPEATS ? has_value && !q->holds_value && !nn_plan_can_restore(q) : q->digest_len > 0;
}

static int *decision(NnPlan *p, int i, int what)
{
    NnPlanNode *q = &p->at[i];
    int *const of[DECISIONS] = { &q->holds_value, &q->holds_saved, &q->repeats, &q->digests };
    return of[what];
}

/* Turn single decisions round until none of them helps. */
static void improve(NnPlan *p)
{
    enum { MOST_ROUNDS = 8 };
    const double most = nn_plan_flops(p);
    Price best = price(p);
    int helped = 1;
    for (int round = 0; helped && round < MOST_ROUNDS; round++) {
        helped = 0;
        for (int k = 0; k < DECISIONS * p->n; k++) {
            if (!is_open(p, k / DECISIONS, k % DECISIONS)) continue;
            int *turned = decision(p, k / DECISIONS, k % DECISIONS);
            *turned = !*turned;
            const Price now = price(p);
            if (is_better(now, best) && (now.again <= most || now.again <= best.again)) best = now, helped = 1;
            else *turned = !*turned;
        }
    }
}

/* ---- where to start from ---- */

static void hold_all(NnPlan *p)
{
    for (int i = 0; i < p->n; i++) p->at[i].holds_value = p->at[i].holds_saved = 1;
}

static void hold_normal(NnPlan *p)
{
    hold_all(p);
    for (int i = 0; i < p->n; i++)
        if (may_restore(&p->at[i])) p->at[i].holds_value = 0;
}

/* Where a step can be cut in two: by node, up to which the first part goes. */
typedef struct {
    int *last;        /* the last op that reads the value in forward */
    size_t *crossing; /* floats of values that go from the first part to the second */
    double *made;     /* floats of values and saved that the first part makes */
} Cuts;

static void find_cuts(const NnPlan *p, const Cuts *c)
{
    for (int i = 0; i < p->n; i++) {
        const NnPlanNode *q = &p->at[i];
        c->last[i] = i;
        c->made[i] =
            (i ? c->made[i - 1] : 0) + (nn_plan_runs(q) ? (double)(q->saved_len + (q->deferred ? 0 : q->len)) : 0);
        for (int j = 0; nn_plan_runs(q) && j < q->node.n_in; j++) c->last[q->node.in[j].id] = i;
    }
    for (int i = 0; i < p->n; i++)
        for (int cut = i; nn_plan_runs(&p->at[i]) && cut < c->last[i]; cut++) c->crossing[cut] += p->at[i].len;
}

/* The cheapest cut among those that leave near `share` of all that is made in the first part; -1: none. */
static int choose_cut(const NnPlan *p, const Cuts *c, double share, double tolerance)
{
    const double all = c->made[p->n - 1];
    int best = -1;
    for (int i = 0; i < p->n; i++) {
        if (!nn_plan_runs(&p->at[i]) || fabs(c->made[i] - share * all) > tolerance * all) continue;
        if (best < 0 || c->crossing[i] < c->crossing[best]) best = i;
    }
    return best;
}

/* Hold what crosses the cut, in the form that comes cheapest: `saved`, if the value can be restored from it. */
static void hold_across(NnPlan *p, const Cuts *c, int cut)
{
    for (int i = 0; i <= cut; i++) {
        NnPlanNode *q = &p->at[i];
        if (!nn_plan_runs(q) || c->last[i] <= cut) continue;
        q->holds_saved = 1;
        if (!q->deferred && (!may_restore(q) || !q->saved_len)) q->holds_value = 1;
    }
}

/* `parts` parts of about equal size. What is small beside the value it belongs to (a batch norm's moments) stays. */
static void hold_parts(NnPlan *p, const Cuts *c, int parts)
{
    enum { SMALL = 16 };
    for (int i = 0; i < p->n; i++) {
        NnPlanNode *q = &p->at[i];
        q->holds_value = !nn_plan_runs(q) || q->keep;
        q->holds_saved = q->saved_len * SMALL <= q->len;
        q->repeats = q->digests = 0;
    }
    for (int k = 1; k < parts; k++) {
        const int cut = choose_cut(p, c, (double)k / parts, 0.4 / parts);
        if (cut >= 0) hold_across(p, c, cut);
    }
}

/* Copy all decisions out, or back in. */
static void save_held(NnPlan *p, unsigned char *to)
{
    for (int k = 0; k < DECISIONS * p->n; k++) to[k] = *decision(p, k / DECISIONS, k % DECISIONS) != 0;
}

static void load_held(NnPlan *p, const unsigned char *from)
{
    for (int k = 0; k < DECISIONS * p->n; k++) *decision(p, k / DECISIONS, k % DECISIONS) = from[k];
}

/* Begin with every number of parts up to 2 sqrt(n) (around sqrt(n) is best where nodes are alike), improve each, and
 * take the one that needs the smallest block: of these few it is worth placing the buffers. */
static NnStatus hold_low(NnPlan *p, const Cuts *c, unsigned char *best_held, NnErr *err)
{
    int ops = 0;
    Price best = { SIZE_MAX, 0, 0 };
    for (int i = 0; i < p->n; i++) ops += nn_plan_runs(&p->at[i]);
    find_cuts(p, c);
    for (int parts = 1; parts <= 2 * (int)sqrt(ops) + 1; parts++) {
        hold_parts(p, c, parts);
        improve(p);
        Price now = price(p);
        if (now.peak > best.peak) continue; /* the block cannot be smaller than its peak */
        NN_TRY(nn_memory_place(p->calls.life, p->calls.n_life, &now.peak, err));
        if (is_better(now, best)) best = now, save_held(p, best_held);
    }
    load_held(p, best_held);
    return NN_OK;
}

static NnStatus choose_low(NnPlan *p, NnErr *err)
{
    const size_t n = (size_t)p->n;
    const Cuts c = { nn_alloc(n, sizeof(int)), nn_alloc(n, sizeof(size_t)), nn_alloc(n, sizeof(double)) };
    unsigned char *best_held = nn_alloc(DECISIONS * n, 1);
    NnStatus s = NN_ERR_NOMEM;
    if (c.last && c.crossing && c.made && best_held) s = hold_low(p, &c, best_held, err);
    else nn_fail(err, s, "no memory to plan %d nodes", p->n);
    free(c.last), free(c.crossing), free(c.made), free(best_held);
    return s;
}

NnStatus nn_plan_choose_held(NnPlan *p, NnErr *err)
{
    if (p->spec.train && p->spec.memory == NN_MEMORY_LOW) NN_TRY(choose_low(p, err));
    else if (p->spec.train) hold_normal(p), improve(p);
    else hold_all(p);
    nn_calls_make(p, &p->calls);
    return NN_OK;
}
