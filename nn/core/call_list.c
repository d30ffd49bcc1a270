/* call_list.c -- the calls of one step in their order, and from that order the life of every buffer.
 *
 * First the order. Forward goes up the nodes. Backward goes down them, and before each of its calls comes whatever that
 * call needs and was given up in between: a value that its op can restore, or a forward that runs again, which may need
 * its own inputs made again first. For three ops of which b restores its y, or neither a's y nor b's is held:
 *
 *      all held      forward a, b, c    backward c, b, a
 *      b restores    forward a, b, c    restore b, backward c, b, a
 *      none held     forward a, b, c    again a, again b, backward c, b, a
 *
 * Then one scan over the calls, which needs two rules: who writes a buffer opens a life, and who reads it extends the
 * last one that was opened. So a value that is made twice has two lives, perhaps in two places, and between them the
 * memory belongs to others.
 *
 *      value     forward, again or restore of its op   ... its last reader before it is made once more;
 *                of an input in training: the whole step, so that a bad step can be run again
 *      saved     forward or again                      ... restore or backward of the same op; of a deferred value
 *                                                          also its readers
 *      gradient  the first backward that adds to it    ... backward of the node itself; where it is kept, the end.
 *                (of the loss: the end of forward)         An op that would spoil it gets a copy
 *      scratch   one call */
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"
#include "nn/core/plan_inside.h"

/* ---- the order ---- */

enum { GONE, PASSING, THERE };

/* While the order is made: what has become of each node's value and saved. */
typedef struct {
    const NnPlan *p;
    NnCalls *c;
    int *value; /* PASSING: made again for another forward; a backward that comes later restores it if it can, rather
                 * than keeping it until then */
    int *saved; /* GONE or THERE */
    int *last;  /* the last call that read or wrote the value */
} Order;

static int reads_inputs(const NnOp *op, NnCallKind kind)
{
    if (kind == NN_CALL_RESTORE) return op->restore_reads;
    return kind == NN_CALL_BACKWARD ? op->reads & NN_READS_X : NN_READS_X;
}

static int touches_value(const NnOp *op, NnCallKind kind)
{
    return kind != NN_CALL_BACKWARD || op->reads & NN_READS_Y;
}

static void push(Order *o, NnCallKind kind, int i)
{
    const NnNode *node = &o->p->at[i].node;
    const int t = o->c->n++;
    o->c->call[t] = (NnCall){ .kind = kind, .node = i };
    for (int j = 0; j < node->n_in; j++)
        if (reads_inputs(node->op, kind) >> j & 1) o->last[node->in[j].id] = t;
    if (touches_value(node->op, kind)) o->last[i] = t;
}

static void need_value(Order *o, int i, int backward); /* the two need each other: a chain is made from its start */

static void need_inputs(Order *o, int i, int which, int backward)
{
    const NnNode *node = &o->p->at[i].node;
    for (int j = 0; j < node->n_in; j++)
        if (which >> j & 1) need_value(o, node->in[j].id, backward);
}

static void run_again(Order *o, int i)
{
    need_inputs(o, i, NN_READS_X, 0);
    push(o, NN_CALL_AGAIN, i);
    o->saved[i] = THERE;
    if (o->value[i] == GONE) o->value[i] = PASSING;
}

/* See to it that the next call, a backward or else a forward that runs again, can read the value of node i. */
static void need_value(Order *o, int i, int backward)
{
    const NnPlanNode *q = &o->p->at[i];
    if (q->deferred) {
        if (o->saved[i] == GONE) run_again(o, i);
        return;
    }
    const int can_restore = nn_plan_can_restore(q) && (!q->saved_len || o->saved[i] == THERE);
    const int at_hand = o->last[i] == o->c->n - 1; /* the call before this one had it */
    if (o->value[i] == THERE) return;
    if (!at_hand && (o->value[i] == GONE || (backward && can_restore))) {
        if (can_restore) need_inputs(o, i, q->node.op->restore_reads, backward), push(o, NN_CALL_RESTORE, i);
        else run_again(o, i);
    }
    o->value[i] = backward ? THERE : PASSING;
}

static void order_backward(Order *o, int i)
{
    const NnPlanNode *q = &o->p->at[i];
    if (q->saved_len && o->saved[i] == GONE) run_again(o, i);
    need_inputs(o, i, q->node.op->reads & NN_READS_X, 1);
    if (q->node.op->reads & NN_READS_Y) need_value(o, i, 1);
    push(o, NN_CALL_BACKWARD, i);
}

static void make_order(const NnPlan *p, NnCalls *c)
{
    Order o = { p, c, c->state, c->state + p->n, c->state + 2 * (size_t)p->n };
    c->n = 0;
    for (int i = 0; i < p->n; i++) {
        o.last[i] = -1;
        if (nn_plan_runs(&p->at[i])) push(&o, NN_CALL_FORWARD, i);
        o.value[i] = p->at[i].holds_value ? THERE : GONE;
        o.saved[i] = p->at[i].holds_saved ? THERE : GONE;
    }
    c->n_forward = c->n;
    for (int i = p->n - 1; i >= 0; i--)
        if (nn_plan_runs_backward(&p->at[i])) order_backward(&o, i);
}

/* ---- the scan ---- */

static int open_life(NnCalls *c, size_t len, int birth)
{
    if (!len) return -1;
    c->life[c->n_life] = (NnLife){ .len = len, .birth = birth, .death = birth };
    return c->n_life++;
}

static int extend(NnCalls *c, int life, int t)
{
    if (life >= 0) c->life[life].death = t;
    return life;
}

/* The same gradient twice among the inputs (a * a): the op cannot know which of the two it writes first. */
static int is_repeated(const NnNode *node, int input)
{
    for (int j = 0; j < node->n_in; j++)
        if (j != input && node->in[j].id == node->in[input].id) return 1;
    return 0;
}

static void scan_gradients(const NnPlan *p, NnCalls *c, int t)
{
    NnCall *call = &c->call[t];
    const NnNode *node = &p->at[call->node].node;
    call->dy = extend(c, c->grad[call->node], t);
    if (p->at[call->node].keep_grad && node->op->spoils_dy) call->spare = open_life(c, p->at[call->node].len, t);
    for (int j = 0; j < node->n_in; j++) {
        const int in = node->in[j].id;
        call->dx[j] = -1;
        if (!p->at[in].has_grad || !nn_plan_passes_grad(node, j)) continue;
        if (c->grad[in] < 0 && p->at[in].len) {
            const int overwrites = node->op->overwrites >> j & 1 && !is_repeated(node, j);
            *(overwrites ? &call->fresh : &call->clear) |= 1 << j;
            c->grad[in] = open_life(c, p->at[in].len, t);
        }
        call->dx[j] = extend(c, c->grad[in], t);
    }
}

static void scan_call(const NnPlan *p, NnCalls *c, int t)
{
    NnCall *call = &c->call[t];
    const NnPlanNode *q = &p->at[call->node];
    const NnOp *op = q->node.op;
    const int is_forward = call->kind == NN_CALL_FORWARD || call->kind == NN_CALL_AGAIN;
    int *value = &c->value[call->node], *saved = &c->saved[call->node];
    for (int j = 0; j < q->node.n_in; j++) {
        call->x[j] = c->value[q->node.in[j].id];
        if (reads_inputs(op, call->kind) >> j & 1) extend(c, call->x[j], t);
    }
    call->from = q->node.n_in > 0 && p->at[q->node.in[0].id].deferred ? c->saved[q->node.in[0].id] : -1;
    if (reads_inputs(op, call->kind) & NN_READS_X0) extend(c, call->from, t);
    if (call->kind != NN_CALL_BACKWARD && (!q->keep || *value < 0)) *value = open_life(c, q->deferred ? 0 : q->len, t);
    if (is_forward) *saved = open_life(c, q->saved_len, t);
    call->y = touches_value(op, call->kind) ? extend(c, *value, t) : *value;
    call->saved = extend(c, *saved, t);
    call->scratch = call->kind == NN_CALL_RESTORE ? -1 : open_life(c, q->scratch_len, t);
    call->dy = call->spare = -1;
    if (call->kind == NN_CALL_BACKWARD) scan_gradients(p, c, t);
}

static void find_lives(const NnPlan *p, NnCalls *c)
{
    c->n_life = 0;
    for (int i = 0; i < p->n; i++) {
        /* inputs are written before the step begins, so they are alive from its first call on */
        const int is_input = p->at[i].used && p->at[i].node.kind == NN_NODE_INPUT;
        c->value[i] = is_input ? open_life(c, p->at[i].len, 0) : -1;
        c->saved[i] = c->grad[i] = -1;
    }
    if (p->loss >= 0 && p->at[p->loss].has_grad) c->grad[p->loss] = open_life(c, p->at[p->loss].len, c->n_forward);
    for (int t = 0; t < c->n; t++) scan_call(p, c, t);
    for (int i = 0; i < p->n; i++) {
        const int is_input = p->at[i].node.kind == NN_NODE_INPUT;
        if (p->at[i].keep || (is_input && p->spec.train)) extend(c, c->value[i], c->n);
        if (is_input || p->at[i].keep_grad) extend(c, c->grad[i], c->n);
    }
}

void nn_calls_make(const NnPlan *p, NnCalls *c)
{
    make_order(p, c);
    find_lives(p, c);
}

/* ---- room ---- */

/* Each node has at most one forward, one again, two restores (one for a forward that runs again, one for a backward)
 * and one backward; each of these opens at most y, saved and scratch (backward: scratch and spare); and each node has
 * one gradient. */
enum { MOST_CALLS = 5, MOST_LIVES = 3 * MOST_CALLS + 2 };

NnStatus nn_calls_new(NnCalls *c, int nodes, NnErr *err)
{
    const size_t n = (size_t)nodes;
    c->call = nn_alloc(MOST_CALLS * n, sizeof *c->call);
    c->life = nn_alloc(MOST_LIVES * n, sizeof *c->life);
    c->alive = nn_alloc(MOST_CALLS * n + 2, sizeof *c->alive);
    c->value = nn_alloc(n, sizeof *c->value);
    c->saved = nn_alloc(n, sizeof *c->saved);
    c->grad = nn_alloc(n, sizeof *c->grad);
    c->state = nn_alloc(3 * n, sizeof *c->state);
    if (c->call && c->life && c->alive && c->value && c->saved && c->grad && c->state) return NN_OK;
    return nn_fail(err, NN_ERR_NOMEM, "no memory to plan %d nodes", nodes);
}

void nn_calls_free(NnCalls *c)
{
    free(c->call);
    free(c->life);
    free(c->alive);
    free(c->value);
    free(c->saved);
    free(c->grad);
    free(c->state);
}
