/* op_rig.h -- one op, one kernel, one test case, and every buffer a kernel could touch, fenced.
 *
 * Each buffer lies between two strips of a canary value of its own: with a shared value, a kernel that copies past
 * the end would carry one canary over the other unseen. What a kernel must write, and what it may not read, is NaN
 * beforehand. test_ops.c says what is then demanded. */
#ifndef OP_RIG_H
#define OP_RIG_H
#include <check.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/core/op.h"

enum { RIG_GUARD = 16 }; /* canary floats on each side */

typedef struct {
    float *at; /* len floats, RIG_GUARD more on both sides; NULL: no such buffer */
    size_t len;
    float canary;
} RigBuf;

/* Inference; inference that will be differentiated (NnStep.train = 0 with `saved`); training. */
typedef enum { RIG_INFER, RIG_FROZEN, RIG_TRAIN } RigMode;

typedef struct {
    const NnOp *op;
    const NnKernel *kernel;
    const NnOpCase *c;
    int n_in;
    RigMode mode;
    int grads; /* bits of inputs that get a gradient in this case */
    NnShape ys;
    RigBuf x[NN_MAX_IN], x_given[NN_MAX_IN], x_poison[NN_MAX_IN], dx[NN_MAX_IN];
    RigBuf y, y_poison, dy, dy_given, saved, scratch;
} Rig;

/* Fail the running test: "conv2d[blas]/odd sizes: ...". */
static inline void rig_fail(const Rig *r, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));
static inline void rig_fail(const Rig *r, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    static const char *const modes[] = { "inference", "frozen", "training" };
    ck_abort_msg("%s[%s]/%s, %s: %s", r->op->name, r->kernel->name ? r->kernel->name : "", r->c->label, modes[r->mode],
                 text);
    abort(); /* not reached: ck_abort_msg does not return */
}

#define RIG_CHECK(r, ok, ...)                                                                                          \
    do {                                                                                                               \
        if (!(ok)) rig_fail((r), __VA_ARGS__);                                                                         \
    } while (0)

static inline void rig_fill(RigBuf b, float v)
{
    for (size_t i = 0; i < b.len; i++) b.at[i] = v;
}

static inline RigBuf rig_buf(size_t len, float fill)
{
    static float canary = 1000;
    RigBuf b = { malloc((len + 2 * RIG_GUARD) * sizeof(float)), len, canary++ };
    ck_assert(b.at != NULL);
    for (size_t i = 0; i < len + 2 * RIG_GUARD; i++) b.at[i] = b.canary;
    b.at += RIG_GUARD;
    rig_fill(b, fill);
    return b;
}

static inline void rig_buf_free(RigBuf b)
{
    if (b.at) free(b.at - RIG_GUARD);
}

static inline void rig_copy(RigBuf to, RigBuf from)
{
    if (to.len && to.at && from.at) memcpy(to.at, from.at, to.len * sizeof(float));
}

static inline int rig_same_bits(RigBuf a, RigBuf b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len * sizeof(float)) == 0);
}

static inline void rig_check_fence(const Rig *r, RigBuf b, const char *what, int i)
{
    if (!b.at) return;
    for (size_t j = 0; j < RIG_GUARD; j++) {
        RIG_CHECK(r, b.at[-1 - (int)j] == b.canary, "wrote %zu before the start of %s%d", j + 1, what, i);
        RIG_CHECK(r, b.at[b.len + j] == b.canary, "wrote %zu past the end of %s%d", j + 1, what, i);
    }
}

static inline void rig_check_fences(const Rig *r)
{
    for (int i = 0; i < r->n_in; i++) {
        rig_check_fence(r, r->x[i], "x", i);
        rig_check_fence(r, r->x_poison[i], "x", i);
        rig_check_fence(r, r->dx[i], "dx", i);
    }
    rig_check_fence(r, r->y, "y", 0);
    rig_check_fence(r, r->dy, "dy", 0);
    rig_check_fence(r, r->saved, "saved", 0);
    rig_check_fence(r, r->scratch, "scratch", 0);
}

/* Values spread evenly over [lo,hi] without the gap around the kink, in random order: no two of one tensor are
 * closer than rig_spacing(), so that differences do not step over a tie of max_pool. */
static inline void rig_draw(RigBuf b, const NnOpCase *c, NnRng rng)
{
    const int inside = c->kink_gap > 0 && c->kink + c->kink_gap > c->lo && c->kink - c->kink_gap < c->hi;
    const float gap = inside ? c->kink_gap : 0, width = c->hi - c->lo - 2 * gap;
    int *order = malloc((b.len + 1) * sizeof *order);
    ck_assert(order != NULL);
    for (size_t j = 0; j < b.len; j++) order[j] = (int)j;
    nn_rng_shuffle(&rng, order, (int)b.len);
    for (size_t j = 0; j < b.len; j++) {
        const float cell = (float)order[j] + nn_rng_range(&rng, 0.3f, 0.7f);
        const float v = c->lo + width * cell / (float)b.len;
        b.at[j] = inside && v > c->kink - gap ? v + 2 * gap : v;
    }
    free(order);
}

static inline double rig_spacing(const Rig *r, int i)
{
    return r->c->in[i] ? 1 : 0.6 * ((double)r->c->hi - r->c->lo) / (double)r->x[i].len;
}

static inline void rig_init_input(Rig *r, int i)
{
    const size_t n = nn_shape_len(r->c->xs[i]);
    r->x[i] = rig_buf(n, 0);
    r->x_given[i] = rig_buf(n, 0);
    r->x_poison[i] = rig_buf(n, NAN);
    r->dx[i] = rig_buf(n, NAN);
    if (r->c->in[i] && r->x[i].at) memcpy(r->x[i].at, r->c->in[i], n * sizeof(float));
    else rig_draw(r->x[i], r->c, nn_rng_make(7, NN_STREAM_TEST, (uint32_t)n, (uint32_t)i));
    rig_copy(r->x_given[i], r->x[i]);
}

/* dy is all 1 where the case knows dx0 by hand, else random in +-[.5,1.5]: never 0, which would hide an error. */
static inline void rig_init_dy(Rig *r)
{
    NnRng rng = nn_rng_make(8, NN_STREAM_TEST, 0, 0);
    r->dy = rig_buf(nn_shape_len(r->ys), 1);
    for (size_t j = 0; j < r->dy.len && !r->c->dx0; j++)
        r->dy.at[j] = nn_rng_range(&rng, 0.5f, 1.5f) * (nn_rng_coin(&rng, 0.5f) ? 1.0f : -1.0f);
    r->dy_given = rig_buf(r->dy.len, 0);
    rig_copy(r->dy_given, r->dy);
}

/* Buffers for one kernel in a plan of that mode, inputs filled. The case must have passed shape(). */
static inline void rig_init(Rig *r, const NnOp *op, const NnKernel *kernel, const NnOpCase *c, int n_in, NnShape ys,
                            RigMode mode)
{
    *r = (Rig){ .op = op, .kernel = kernel, .c = c, .n_in = n_in, .mode = mode, .ys = ys };
    r->grads = ((1 << n_in) - 1) & ~op->no_grad & ~c->no_grad;
    for (int i = 0; i < n_in; i++) rig_init_input(r, i);
    rig_init_dy(r);
    r->y = rig_buf(nn_shape_len(ys), NAN);
    r->y_poison = rig_buf(nn_shape_len(ys), NAN);
    const size_t saved = op->saved && mode != RIG_INFER ? op->saved(c->xs, n_in, ys, c->attr) : 0;
    const size_t scratch = kernel->scratch ? kernel->scratch(c->xs, n_in, ys, c->attr, kernel->how) : 0;
    if (saved) r->saved = rig_buf(saved, NAN);
    if (scratch) r->scratch = rig_buf(scratch, NAN);
}

static inline void rig_free(Rig *r)
{
    for (int i = 0; i < r->n_in; i++) {
        rig_buf_free(r->x[i]);
        rig_buf_free(r->x_given[i]);
        rig_buf_free(r->x_poison[i]);
        rig_buf_free(r->dx[i]);
    }
    rig_buf_free(r->y);
    rig_buf_free(r->y_poison);
    rig_buf_free(r->dy);
    rig_buf_free(r->dy_given);
    rig_buf_free(r->saved);
    rig_buf_free(r->scratch);
}

static inline NnStep rig_step(const Rig *r, int again)
{
    return (NnStep){ .train = r->mode == RIG_TRAIN, .seed = 11, .step = 5, .node = 3, .again = again };
}

static inline NnFwd rig_forward_arguments(const Rig *r, int again)
{
    NnFwd k = { .n_in = r->n_in,
                .y = r->y.at,
                .ys = r->ys,
                .saved = r->saved.at,
                .scratch = r->scratch.at,
                .attr = r->c->attr,
                .how = r->kernel->how,
                .step = rig_step(r, again) };
    for (int i = 0; i < r->n_in; i++) {
        k.x[i] = r->x[i].at;
        k.xs[i] = r->c->xs[i];
        k.state[i] = r->op->state >> i & 1 ? r->x[i].at : NULL;
    }
    return k;
}

static inline void rig_run_forward(Rig *r, int again)
{
    const NnFwd k = rig_forward_arguments(r, again);
    rig_fill(r->y, NAN);
    rig_fill(r->saved, NAN);
    rig_fill(r->scratch, NAN);
    r->kernel->forward(&k);
}

/* Forward as a plan calls it, from fresh states and with NaN wherever nothing may be read. */
static inline void rig_forward(Rig *r)
{
    for (int i = 0; i < r->n_in; i++)
        if (r->op->state >> i & 1) rig_copy(r->x[i], r->x_given[i]);
    rig_run_forward(r, 0);
}

/* The forward of the same step once more, with states as the first one left them. */
static inline void rig_forward_again(Rig *r)
{
    rig_run_forward(r, 1);
}

/* y once more by op->restore, with NaN in every input that restore_reads does not declare. */
static inline void rig_restore(Rig *r)
{
    NnFwd k = rig_forward_arguments(r, 1);
    k.scratch = NULL;
    for (int i = 0; i < r->n_in; i++) {
        k.state[i] = NULL;
        if (!(r->op->restore_reads >> i & 1)) k.x[i] = r->x_poison[i].at;
    }
    rig_fill(r->y, NAN);
    r->op->restore(&k);
}

/* What dx holds before backward: other values in turn, so that overwriting shows. */
static inline float rig_prior(size_t j)
{
    return j % 2 ? 0.5f : -0.25f;
}

/* For the inputs whose bits are in `wanted`; what the op does not declare to read is NaN, and so is dx where `fresh` says
 * that it is to be written. */
static inline NnBwd rig_backward_arguments(Rig *r, int wanted, int fresh)
{
    NnBwd k = { .n_in = r->n_in,
                .ys = r->ys,
                .dy = r->dy.at,
                .dy_spoil = r->op->spoils_dy ? r->dy.at : NULL,
                .fresh = fresh & wanted,
                .saved = r->saved.at,
                .scratch = r->scratch.at,
                .attr = r->c->attr,
                .how = r->kernel->how,
                .step = rig_step(r, 0) };
    k.y = r->op->reads & NN_READS_Y ? r->y.at : r->y_poison.at;
    for (int i = 0; i < r->n_in; i++) {
        k.x[i] = r->op->reads >> i & 1 ? r->x[i].at : r->x_poison[i].at;
        k.xs[i] = r->c->xs[i];
        for (size_t j = 0; j < r->dx[i].len; j++) r->dx[i].at[j] = k.fresh >> i & 1 ? NAN : rig_prior(j);
        k.dx[i] = wanted >> i & 1 ? r->dx[i].at : NULL;
    }
    rig_copy(r->dy, r->dy_given);
    rig_fill(r->scratch, NAN);
    return k;
}

static inline void rig_backward(Rig *r, int wanted, int fresh)
{
    const NnBwd k = rig_backward_arguments(r, wanted, fresh);
    r->kernel->backward(&k);
}

#endif
