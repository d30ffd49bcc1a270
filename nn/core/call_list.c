/* call_list.c -- the calls of one step in their order, and from that order the life of every buffer.
 *
 * First the order. Forward goes up the nodes. Backward goes down them, and before each of its calls comes whatever that
 * call needs and was given up in between: a value that its op can restore, or a forward that runs again, which may need
 * its own inputs made again first. For three ops of which b restores its y, or neither a's y nor b's is held:
 *
 *      all held      forward a, b, c    backward c, b, a
 *      b restores    forward a, b, c    restore b, backward c, b, a
 *      none held     forward a, b, c    again a, again b, backward c, b, a
 *      a repeats     forward a, b, c    again a, again b, backward c, b, again a, backward a
 *
 * Then one scan over the calls, which needs two rules: who writes a buffer opens a life, and who reads it extends the
 * last one that was opened. So a value that is made twice has two lives, perhaps in two places, and between them the
 * memory belongs to others.
 *
 *      value     forward, again or restore of its op   ... its last reader before it is made once more;
 *                of an input in training: the whole step, so that a bad step can be run again
 *      saved     forward or again                      ... restore or backward of the same op; of a deferred value
 *                                                          also its readers
 *      digest    forward                               ... backward of the same op, which then does without saved
 *      gradient  the first backward that adds to it    ... backward of the node itself; where it is kept, the end.
 *                (of the loss: the end of forward)         An op that would spoil it gets a copy
 *      scratch   one call
 *
 * A call takes two times: inputs are read in the first, and an op that writes its dx last (NnOp.writes_last) does so in
 * the second. An input that nobody reads after that call then leaves its place to its own gradient. */
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"
#include "nn/core/plan_inside.h"

/* ---- the order ---- */

enum { GONE, PASSING, REPEATED, THERE };

/* While the order is made: what has become of each node's value and saved. */
typedef struct {
    const NnPlan *p;
    NnCalls *c;
    int *value; /* PASSING: made again for another forward; a backward that comes later has it restored or made once
                 * more, if that can be or was decided, rather than keeping it until then. REPEATED: so it was */
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

/* Who needs a value that may have to be made again. */
typedef enum {
    FOR_AGAIN,  /* a forward that runs again */
    FOR_REPEAT, /* one that runs a second time, and takes nothing that had to be held for it since the first */
    FOR_BACKWARD
} Need;

static void need_value(Order *o, int i, Need need); /* the two need each other: a chain is made from its start */

static void need_inputs(Order *o, int i, int which, Need need)
{
    const NnNode *node = &o->p->at[i].node;
    for (int j = 0; j < node->n_in; j++)
        if (which >> j & 1) need_value(o, node->in[j].id, need);
}

static void run_again(Order *o, int i, Need need)
{
    need_inputs(o, i, NN_READS_X, need);
    push(o, NN_CALL_AGAIN, i);
    o->saved[i] = THERE;
    if (o->value[i] == GONE) o->value[i] = PASSING;
}

static int can_restore(const Order *o, int i)
{
    const NnPlanNode *q = &o->p->at[i];
    return nn_plan_can_restore(q) && (!q->saved_len || o->saved[i] == THERE);
}

/* Must the value be made for the next call? */
static int is_missing(const Order *o, int i, Need need)
{
    if (o->last[i] == o->c->n - 1) return 0; /* the call before this one had it */
    if (o->value[i] != PASSING) return o->value[i] == GONE;
    return need == FOR_REPEAT || (need == FOR_BACKWARD && (can_restore(o, i) || o->p->at[i].repeats));
}

/* See to it that the next call can read the value of node i. */
static void need_value(Order *o, int i, Need need)
{
    if (o->p->at[i].deferred) {
        if (o->saved[i] == GONE) run_again(o, i, FOR_AGAIN);
        return;
    }
    const int before = o->value[i];
    if (is_missing(o, i, need)) {
        if (can_restore(o, i)) {
            need_inputs(o, i, o->p->at[i].node.op->restore_reads, need);
            push(o, NN_CALL_RESTORE, i);
        } else run_again(o, i, before == GONE ? FOR_AGAIN : FOR_REPEAT);
        o->value[i] = before == GONE ? PASSING : REPEATED;
    }
    if (o->value[i] == GONE) o->value[i] = PASSING;
    if (need == FOR_BACKWARD) o->value[i] = THERE;
}

static void order_backward(Order *o, int i)
{
    const NnPlanNode *q = &o->p->at[i];
    if (q->saved_len && !q->digests && o->saved[i] == GONE) run_again(o, i, FOR_AGAIN);
    need_inputs(o, i, q->node.op->reads & NN_READS_X, FOR_BACKWARD);
    if (q->node.op->reads & NN_READS_Y) need_value(o, i, FOR_BACKWARD);
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

static int extend(NnCalls *c, int life, int time)
{
    if (life >= 0 && c->life[life].death < time) c->life[life].death = time;
    return life;
}

static int begin_of(int t)
{
    return 2 * t;
}

static int end_of(int t)
{
    return 2 * t + 1;
}

/* Of one call. */
static int open_during(NnCalls *c, size_t len, int t)
{
    return extend(c, open_life(c, len, begin_of(t)), end_of(t));
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
    call->dy = extend(c, c->grad[call->node], end_of(t));
    if (p->at[call->node].keep_grad && node->op->spoils_dy) call->spare = open_during(c, p->at[call->node].len, t);
    for (int j = 0; j < node->n_in; j++) {
        const int in = node->in[j].id;
        call->dx[j] = -1;
        if (!p->at[in].has_grad || !nn_plan_passes_grad(node, j)) continue;
        if (c->grad[in] < 0 && p->at[in].len) {
            const int overwrites = node->op->overwrites >> j & 1 && !is_repeated(node, j);
            const int last = overwrites && j == 0 && node->op->writes_last;
            *(overwrites ? &call->fresh : &call->clear) |= 1 << j;
            c->grad[in] = open_life(c, p->at[in].len, last ? end_of(t) : begin_of(t));
        }
        call->dx[j] = extend(c, c->grad[in], end_of(t));
    }
}

static void scan_inputs(const NnPlan *p, NnCalls *c, int t)
{
    NnCall *call = &c->call[t];
    const NnNode *node = &p->at[call->node].node;
    const int reads = reads_inputs(node->op, call->kind);
    const int first_until = call->kind == NN_CALL_BACKWARD && node->op->writes_last ? begin_of(t) : end_of(t);
    for (int j = 0; j < node->n_in; j++) {
        call->x[j] = c->value[node->in[j].id];
        if (reads >> j & 1) extend(c, call->x[j], j ? end_of(t) : first_until);
    }
    call->from = node->n_in > 0 && p->at[node->in[0].id].deferred ? c->saved[node->in[0].id] : -1;
    if (reads & NN_READS_X0) extend(c, call->from, first_until);
}

static void scan_forward(const NnPlan *p, NnCalls *c, int t)
{
    NnCall *call = &c->call[t];
    const NnPlanNode *q = &p->at[call->node];
    const int i = call->node, restores = call->kind == NN_CALL_RESTORE;
    if (!q->keep || c->value[i] < 0) c->value[i] = open_life(c, q->deferred ? 0 : q->len, begin_of(t));
    if (!restores) c->saved[i] = open_life(c, q->saved_len, begin_of(t));
    if (q->digests && call->kind == NN_CALL_FORWARD) call->digest = c->digest[i] = open_during(c, q->digest_len, t);
    call->y = extend(c, c->value[i], end_of(t));
    call->saved = extend(c, c->saved[i], end_of(t));
    if (!restores) call->scratch = open_during(c, q->scratch_len, t);
}

static void scan_backward(const NnPlan *p, NnCalls *c, int t)
{
    NnCall *call = &c->call[t];
    const NnPlanNode *q = &p->at[call->node];
    const int i = call->node;
    call->y = q->node.op->reads & NN_READS_Y ? extend(c, c->value[i], end_of(t)) : c->value[i];
    call->saved = extend(c, q->digests ? c->digest[i] : c->saved[i], end_of(t));
    call->scratch = open_during(c, q->digests ? q->digest_scratch_len : q->scratch_len, t);
    scan_gradients(p, c, t);
}

static void scan_call(const NnPlan *p, NnCalls *c, int t)
{
    NnCall *call = &c->call[t];
    call->scratch = call->digest = call->dy = call->spare = -1;
    scan_inputs(p, c, t);
    if (call->kind == NN_CALL_BACKWARD) scan_backward(p, c, t);
    else scan_forward(p, c, t);
}

static void find_lives(const NnPlan *p, NnCalls *c)
{
    c->n_life = 0;
    for (int i = 0; i < p->n; i++) {
        /* inputs are written before the step begins, so they are alive from its first call on */
        const int is_input = p->at[i].used && p->at[i].node.kind == NN_NODE_INPUT;
        c->value[i] = is_input ? open_life(c, p->at[i].len, 0) : -1;
        c->saved[i] = c->grad[i] = c->digest[i] = -1;
    }
    if (p->loss >= 0 && p->at[p->loss].has_grad)
        c->grad[p->loss] = open_life(c, p->at[p->loss].len, begin_of(c->n_forward));
    for (int t = 0; t < c->n; t++) scan_call(p, c, t);
    for (int i = 0; i < p->n; i++) {
        const int is_input = p->at[i].node.kind == NN_NODE_INPUT;
        if (p->at[i].keep || (is_input && p->spec.train)) extend(c, c->value[i], begin_of(c->n));
        if (is_input || p->at[i].keep_grad) extend(c, c->grad[i], begin_of(c->n));
    }
}

void nn_calls_make(const NnPlan *p, NnCalls *c)
{
    make_order(p, c);
    find_lives(p, c);
}

/* ---- room ---- */

/* Each node has at most one forward, one again, two restores or a second again (one for a forward that runs again, one
 * for a backward) and one backward; each of these opens at most y, saved and scratch (backward: scratch and spare); and
 * each node has one gradient and one digest. */
enum { MOST_CALLS = 6, MOST_LIVES = 3 * MOST_CALLS + 3 };

NnStatus nn_calls_new(NnCalls *c, int nodes, NnErr *err)
{
    const size_t n = (size_t)nodes;
    c->call = nn_alloc(MOST_CALLS * n, sizeof *c->call);
    c->life = nn_alloc(MOST_LIVES * n, sizeof *c->life);
    c->alive = nn_alloc(2 * MOST_CALLS * n + 2, sizeof *c->alive);
    c->value = nn_alloc(n, sizeof *c->value);
    c->saved = nn_alloc(n, sizeof *c->saved);
    c->grad = nn_alloc(n, sizeof *c->grad);
    c->digest = nn_alloc(n, sizeof *c->digest);
    c->state = nn_alloc(3 * n, sizeof *c->state);
    if (c->call && c->life && c->alive && c->value && c->saved && c->grad && c->digest && c->state) return NN_OK;
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
    free(c->digest);
    free(c->state);
}
