/* test_ops.c -- every op of op_list.h, every case of its table, every kernel that fits: one loop.
 *
 * It holds them to the contract at the top of nn/core/op.h. An op needs no test code of its own beyond its cases; an
 * op without cases, or without any answer that is independent of its kernels, fails. CK_RUN_CASE=conv2d runs one op. */
#include <float.h>

#include "nn/base/blas.h"
#include "nn/base/parallel.h"
#include "nn/ops/op_table.h"
#include "tests/check_main.h"
#include "tests/op_rig.h"
#include "tests/reference_ops.h"

static const double gradient_tolerance = 3e-3;  /* of the largest gradient of that input */
static const double reference_tolerance = 2e-5; /* of the largest output, or of 1 */
static const double answer_tolerance = 2e-6;    /* of the answer by hand, or of 1 */

static int is_near(double got, double want, double tolerance)
{
    if (isnan(want)) return isnan(got);
    return fabs(got - want) <= tolerance * fmax(1, fabs(want));
}

/* ---- forward ---- */

static void check_written(const Rig *r)
{
    for (size_t j = 0; j < r->y.len; j++)
        RIG_CHECK(r, isfinite(r->y.at[j]) || r->c->y, "y[%zu] = %g: not written, or not finite", j, r->y.at[j]);
}

static void check_inputs_unchanged(const Rig *r, const char *by)
{
    for (int i = 0; i < r->n_in; i++) {
        const int may_change = r->mode == RIG_TRAIN && (r->op->state >> i & 1);
        RIG_CHECK(r, may_change || rig_same_bits(r->x[i], r->x_given[i]), "%s changed x%d", by, i);
    }
}

/* A state that training never moves would be a constant. */
static void check_states_moved(const Rig *r)
{
    for (int i = 0; i < r->n_in; i++)
        if (r->op->state >> i & 1)
            RIG_CHECK(r, !rig_same_bits(r->x[i], r->x_given[i]), "training left state x%d as it was", i);
}

/* Without states, an op answers alike in every mode, or (dropout) the case says what it is of. */
static int is_by_hand(const Rig *r)
{
    return (r->mode == RIG_TRAIN) != r->c->infer || !r->op->state;
}

static void check_answer(const Rig *r)
{
    for (size_t j = 0; is_by_hand(r) && r->c->y && j < r->y.len; j++)
        RIG_CHECK(r, is_near(r->y.at[j], r->c->y[j], answer_tolerance), "y[%zu] = %.9g, by hand %.9g", j, r->y.at[j],
                  r->c->y[j]);
}

static void check_reference(const Rig *r)
{
    const ReferenceForward reference = reference_find(r->op->name);
    if (!reference || r->mode != RIG_TRAIN) return;
    double *x[NN_MAX_IN] = { 0 }, *y = malloc((r->y.len + 1) * sizeof *y), largest = 1;
    for (int i = 0; i < r->n_in; i++) {
        x[i] = malloc((r->x[i].len + 1) * sizeof *x[i]);
        for (size_t j = 0; j < r->x[i].len; j++) x[i][j] = r->x_given[i].at[j];
    }
    for (size_t j = 0; j < r->y.len; j++) y[j] = NAN;
    reference((const double *const *)x, r->c->xs, r->n_in, r->c->attr, r->ys, y);
    for (size_t j = 0; j < r->y.len; j++) largest = fmax(largest, fabs(y[j]));
    for (size_t j = 0; j < r->y.len; j++)
        RIG_CHECK(r, fabs(r->y.at[j] - y[j]) <= reference_tolerance * largest || (isnan(y[j]) && isnan(r->y.at[j])),
                  "y[%zu] = %.9g, reference %.9g", j, r->y.at[j], y[j]);
    for (int i = 0; i < r->n_in; i++) free(x[i]);
    free(y);
}

static void check_forward(Rig *r)
{
    rig_forward(r);
    rig_check_fences(r);
    check_inputs_unchanged(r, "forward");
    check_written(r);
    if (r->mode == RIG_TRAIN) check_states_moved(r);
    check_answer(r);
    check_reference(r);
}

/* What will be differentiated is what inference computes. */
static void check_inference(const Rig *r)
{
    Rig plain;
    rig_init(&plain, r->op, r->kernel, r->c, r->n_in, r->ys, RIG_INFER);
    rig_forward(&plain);
    RIG_CHECK(r, rig_same_bits(r->y, plain.y), "y has other bits with %s than without", "saved");
    rig_free(&plain);
}

/* ---- the same forward once more, and restore ---- */

static void check_unmoved(const Rig *r, const RigBuf *before, const char *by)
{
    for (int i = 0; i < r->n_in; i++) RIG_CHECK(r, rig_same_bits(r->x[i], before[i]), "%s changed x%d", by, i);
}

/* Forward that repeats itself, then restore: the same y, the same saved, and no state moves a second time. */
static void check_repeats(Rig *r)
{
    RigBuf y = rig_buf(r->y.len, 0), saved = rig_buf(r->saved.len, 0), x[NN_MAX_IN] = { 0 };
    rig_forward(r);
    rig_copy(y, r->y), rig_copy(saved, r->saved);
    for (int i = 0; i < r->n_in; i++) x[i] = rig_buf(r->x[i].len, 0), rig_copy(x[i], r->x[i]);
    rig_forward_again(r);
    RIG_CHECK(r, rig_same_bits(r->y, y), "y has other bits when forward runs %s", "again");
    RIG_CHECK(r, rig_same_bits(r->saved, saved), "saved has other bits when forward runs %s", "again");
    check_unmoved(r, x, "forward that runs again");
    if (r->op->restore) {
        rig_restore(r);
        rig_check_fences(r);
        RIG_CHECK(r, rig_same_bits(r->y, y), "restore gives other bits than forward: wrong, or reads more than %s",
                  "restore_reads declares");
        RIG_CHECK(r, rig_same_bits(r->saved, saved), "restore changed %s", "saved");
        check_unmoved(r, x, "restore");
    }
    for (int i = 0; i < r->n_in; i++) rig_buf_free(x[i]);
    rig_buf_free(y), rig_buf_free(saved);
}

/* ---- NaN ---- */

static int count_nan(RigBuf b)
{
    int n = 0;
    for (size_t j = 0; j < b.len; j++) n += isnan(b.at[j]) != 0;
    return n;
}

/* Does the output depend on x[i][j] at all? Asked with large steps: a maximum ignores small ones. */
static int is_felt(Rig *r, RigBuf before, int i, size_t j)
{
    const float x = r->x_given[i].at[j], step = 3 * (r->c->hi - r->c->lo) + 1;
    int felt = 0;
    for (int sign = -1; sign <= 1; sign += 2) {
        r->x[i].at[j] = x + (float)sign * step;
        rig_forward(r);
        felt |= !rig_same_bits(r->y, before);
    }
    r->x[i].at[j] = x;
    return felt;
}

/* Positions to try among n: all, or about `most` of them with both ends. */
static size_t position(size_t k, size_t n, size_t most)
{
    return n <= most || most < 2 ? k : k * (n - 1) / (most - 1);
}

/* A NaN anywhere that matters must reach the output, or a diverged run would look healthy. */
static void check_nan_passes(Rig *r)
{
    enum { MOST = 12 };
    rig_forward(r);
    RigBuf before = rig_buf(r->y.len, 0);
    rig_copy(before, r->y);
    for (int i = 0; i < r->n_in; i++) {
        int felt = 0;
        if (r->op->state >> i & 1) continue;
        for (size_t k = 0; k < r->x[i].len && k < MOST; k++) {
            const size_t j = position(k, r->x[i].len, MOST);
            if (!is_felt(r, before, i, j)) continue;
            felt = 1;
            r->x[i].at[j] = NAN;
            rig_forward(r);
            RIG_CHECK(r, count_nan(r->y), "a NaN in x%d[%zu] does not reach y", i, j);
            r->x[i].at[j] = r->x_given[i].at[j];
        }
        rig_fill(r->x[i], NAN);
        rig_forward(r);
        RIG_CHECK(r, !felt || count_nan(r->y), "x%d all NaN, and y is not", i);
        rig_copy(r->x[i], r->x_given[i]);
    }
    rig_buf_free(before);
}

/* ---- backward ---- */

/* A random projection of the output, <dy, y>: the function that is differentiated. `size` is the root of the sum of
 * squares of its terms, to which its rounding error is proportional. */
static double objective(Rig *r, double *size)
{
    double sum = 0, squares = 0;
    rig_forward(r);
    for (size_t j = 0; j < r->y.len; j++) {
        const double term = (double)r->dy_given.at[j] * (double)r->y.at[j];
        sum += term;
        squares += term * term;
    }
    *size = sqrt(squares);
    return sum;
}

/* d(objective)/d(x[i][j]) by a central difference; *noise: what rounding can have added. */
static double difference(Rig *r, int i, size_t j, double *noise)
{
    const float h = (float)fmax(1e-3, fmin(1e-2, 0.3 * rig_spacing(r, i))), x = r->x[i].at[j];
    const float above = x + h, below = x - h;
    const double width = (double)above - (double)below;
    double size;
    r->x[i].at[j] = above;
    double d = objective(r, &size);
    r->x[i].at[j] = below;
    d -= objective(r, &size);
    r->x[i].at[j] = x;
    *noise = 4 * (double)FLT_EPSILON * size / width;
    return d / width;
}

static double gained(const Rig *r, int i, size_t j)
{
    return (double)r->dx[i].at[j] - (double)rig_prior(j);
}

/* Large tensors are sampled so that a case costs at most about 3e7 operations; fewer under gcc's address sanitizer, to
 * which every difference is the same forward once more. */
#ifdef __SANITIZE_ADDRESS__
static const double difference_budget = 1e6;
#else
static const double difference_budget = 3e7;
#endif

static size_t samples_of(const Rig *r, size_t n)
{
    const double flops = r->op->flops ? r->op->flops(r->c->xs, r->n_in, r->ys, r->c->attr) : 0;
    const double cost = flops + (double)(r->y.len + r->x[0].len) * 4;
    const size_t most = (size_t)fmax(12, difference_budget / cost);
    return n < most ? n : most;
}

static void check_differences(Rig *r, int i)
{
    const double tolerance = r->c->tolerance > 0 ? (double)r->c->tolerance : gradient_tolerance;
    const size_t n = r->x[i].len, most = samples_of(r, n);
    double *want = malloc((most + 1) * sizeof *want), largest = 0, noise = 0;
    for (size_t k = 0; k < most; k++) {
        want[k] = difference(r, i, position(k, n, most), &noise);
        largest = fmax(largest, fabs(want[k]));
    }
    for (size_t k = 0; k < most; k++) {
        const size_t j = position(k, n, most);
        const double limit = tolerance * largest + noise + (double)FLT_EPSILON;
        RIG_CHECK(r, fabs(gained(r, i, j) - want[k]) <= limit, "dx%d[%zu] = %g, by differences %g (within %.2g)", i, j,
                  gained(r, i, j), want[k], limit);
    }
    free(want);
}

static void check_gradient(Rig *r, int i)
{
    for (size_t j = 0; j < r->x[i].len; j++)
        RIG_CHECK(r, isfinite(r->dx[i].at[j]), "dx%d[%zu] = %g: backward read what `reads` does not declare?", i, j,
                  r->dx[i].at[j]);
    if (i == 0 && r->c->dx0 && is_by_hand(r)) {
        for (size_t j = 0; j < r->x[0].len; j++)
            RIG_CHECK(r, is_near(gained(r, 0, j), r->c->dx0[j], answer_tolerance), "dx0[%zu] = %.9g, by hand %.9g", j,
                      gained(r, 0, j), r->c->dx0[j]);
        return;
    }
    check_differences(r, i);
}

/* Backward again for some of the inputs only: the same bits for those, nothing for the others. */
static void check_some_wanted(Rig *r, int wanted)
{
    RigBuf full[NN_MAX_IN] = { 0 };
    for (int i = 0; i < r->n_in; i++) {
        full[i] = rig_buf(r->dx[i].len, 0);
        rig_copy(full[i], r->dx[i]);
    }
    rig_backward(r, wanted, 0);
    rig_check_fences(r);
    for (int i = 0; i < r->n_in; i++) {
        if (wanted >> i & 1) RIG_CHECK(r, rig_same_bits(r->dx[i], full[i]), "dx%d changes when another is NULL", i);
        rig_copy(r->dx[i], full[i]);
        rig_buf_free(full[i]);
    }
}

/* Where dx[i] is fresh it is NaN beforehand, and what backward writes there must be what it adds elsewhere. */
static void check_fresh(Rig *r, int fresh)
{
    RigBuf added[NN_MAX_IN] = { 0 };
    for (int i = 0; i < r->n_in; i++) {
        added[i] = rig_buf(r->dx[i].len, 0);
        for (size_t j = 0; j < r->dx[i].len; j++) added[i].at[j] = r->dx[i].at[j] - rig_prior(j);
    }
    rig_backward(r, r->grads, fresh);
    rig_check_fences(r);
    for (int i = 0; i < r->n_in; i++) {
        double largest = 0;
        for (size_t j = 0; j < added[i].len; j++) largest = fmax(largest, fabs(added[i].at[j]));
        for (size_t j = 0; (r->grads & fresh) >> i & 1 && j < added[i].len; j++)
            RIG_CHECK(r, fabs(r->dx[i].at[j] - added[i].at[j]) <= reference_tolerance * largest + 1e-6,
                      "dx%d[%zu] = %g where it is fresh, %g where it is added", i, j, r->dx[i].at[j], added[i].at[j]);
        rig_buf_free(added[i]);
    }
    rig_backward(r, r->grads, 0);
}

/* ---- backward as a plan calls it to save memory: the bits stay ---- */

static void check_same_gradients(const Rig *r, const RigBuf *want, const char *how)
{
    for (int i = 0; i < r->n_in; i++)
        if (r->grads >> i & 1) RIG_CHECK(r, rig_same_bits(r->dx[i], want[i]), "dx%d has other bits %s", i, how);
}

/* dx[0] in the place of x[0]. */
static void check_writes_last(Rig *r, const RigBuf *want)
{
    NnBwd k = rig_backward_arguments(r, r->grads, r->op->overwrites);
    k.dx[0] = r->x[0].at;
    r->kernel->backward(&k);
    rig_check_fences(r);
    rig_copy(r->dx[0], r->x[0]);
    rig_copy(r->x[0], r->x_given[0]);
    check_same_gradients(r, want, "where dx0 lies over x0");
}

/* Only the beginning of saved, and other scratch. */
static void check_digest(Rig *r, const RigBuf *want, size_t len)
{
    const size_t scratch_len = r->kernel->digest_scratch(r->c->xs, r->n_in, r->ys, r->c->attr, r->kernel->how);
    RigBuf digest = rig_buf(len, NAN), scratch = rig_buf(scratch_len, NAN);
    NnBwd k = rig_backward_arguments(r, r->grads, r->op->overwrites);
    memcpy(digest.at, r->saved.at, len * sizeof *digest.at);
    k.digest = 1, k.saved = digest.at, k.scratch = scratch.at;
    r->kernel->backward(&k);
    rig_check_fences(r);
    rig_check_fence(r, digest, "digest", 0), rig_check_fence(r, scratch, "digest_scratch", 0);
    check_same_gradients(r, want, "without all of saved");
    rig_buf_free(digest), rig_buf_free(scratch);
}

static void check_short_of_memory(Rig *r)
{
    const NnKernel *kernel = r->kernel;
    const size_t digest = kernel->digest ? kernel->digest(r->c->xs, r->n_in, r->ys, r->c->attr, kernel->how) : 0;
    RigBuf want[NN_MAX_IN] = { 0 };
    rig_backward(r, r->grads, r->op->overwrites);
    for (int i = 0; i < r->n_in; i++) want[i] = rig_buf(r->dx[i].len, 0), rig_copy(want[i], r->dx[i]);
    if (r->op->writes_last && r->op->overwrites & r->grads & 1) check_writes_last(r, want);
    if (digest && r->mode == RIG_TRAIN) check_digest(r, want, digest);
    for (int i = 0; i < r->n_in; i++) rig_buf_free(want[i]);
    rig_backward(r, r->grads, 0);
}

static void check_backward(Rig *r)
{
    RigBuf y = rig_buf(r->y.len, 0), saved = rig_buf(r->saved.len, 0);
    rig_forward(r);
    rig_copy(y, r->y), rig_copy(saved, r->saved);
    rig_backward(r, r->grads, 0);
    rig_check_fences(r);
    check_inputs_unchanged(r, "backward");
    RIG_CHECK(r, r->op->spoils_dy || rig_same_bits(r->dy, r->dy_given), "backward changed %s", "dy");
    RIG_CHECK(r, rig_same_bits(r->y, y), "backward changed %s", "y");
    RIG_CHECK(r, rig_same_bits(r->saved, saved), "backward changed %s", "saved");
    for (int i = 0; i < r->n_in; i++) {
        const int alone = r->grads & 1 << i, others = r->grads & ~alone;
        if (alone && others) check_some_wanted(r, alone), check_some_wanted(r, others);
    }
    for (int i = 0; i < r->n_in; i++)
        if (r->grads & r->op->overwrites & 1 << i) check_fresh(r, 1 << i);
    if (r->grads & r->op->overwrites) check_fresh(r, r->op->overwrites);
    check_short_of_memory(r);
    for (int i = 0; i < r->n_in; i++)
        if (r->grads >> i & 1) check_gradient(r, i);
    rig_buf_free(y), rig_buf_free(saved);
}

/* ---- threads ---- */

static void check_same_bits(const Rig *a, const Rig *b, int threads)
{
    RIG_CHECK(a, rig_same_bits(a->y, b->y), "y has other bits at %d threads", threads);
    for (int i = 0; i < a->n_in; i++) {
        RIG_CHECK(a, rig_same_bits(a->x[i], b->x[i]), "state x%d has other bits at %d threads", i, threads);
        if (a->grads >> i & 1)
            RIG_CHECK(a, rig_same_bits(a->dx[i], b->dx[i]), "dx%d has other bits at %d threads", i, threads);
    }
}

static void run_at(Rig *r, const Rig *like, int fresh, int threads)
{
    nn_threads_set(threads);
    rig_init(r, like->op, like->kernel, like->c, like->n_in, like->ys, like->mode);
    rig_forward(r);
    if (r->mode != RIG_INFER && r->grads) rig_backward(r, r->grads, fresh);
}

static void check_threads(const Rig *like, int fresh)
{
    Rig one;
    run_at(&one, like, fresh, 1);
    for (int threads = 2; threads <= 4; threads += 2) {
        Rig many;
        run_at(&many, like, fresh, threads);
        rig_check_fences(&many);
        check_same_bits(&one, &many, threads);
        rig_free(&many);
    }
    rig_free(&one);
    nn_threads_set(1);
}

/* ---- the loop ---- */

static void check_cost(const Rig *r)
{
    if (!r->kernel->cost) return;
    const double cost = r->kernel->cost(r->c->xs, r->n_in, r->ys, r->c->attr, r->kernel->how);
    RIG_CHECK(r, isfinite(cost) && cost > 0, "expected to cost %g seconds", cost);
}

static void check_differentiated(Rig *r)
{
    check_repeats(r);
    check_nan_passes(r);
    if (r->grads) check_backward(r);
    if (r->grads & r->op->overwrites) check_threads(r, r->op->overwrites);
}

static void check_kernel(const NnOp *op, const NnKernel *kernel, const NnOpCase *c, int n_in, NnShape ys)
{
    /* what a training plan runs must run as inference too, which may have to be differentiated */
    for (int mode = RIG_INFER; mode <= (c->infer ? RIG_FROZEN : RIG_TRAIN); mode++) {
        Rig r;
        rig_init(&r, op, kernel, c, n_in, ys, (RigMode)mode);
        if (mode == RIG_INFER) check_cost(&r);
        check_forward(&r);
        if (mode == RIG_FROZEN) check_inference(&r);
        if (mode != RIG_INFER) check_differentiated(&r);
        check_threads(&r, 0);
        rig_free(&r);
    }
}

static void check_rejected(const NnOp *op, const NnOpCase *c, const NnErr *err)
{
    ck_assert_msg(err->status == c->want, "%s/%s: status returned and status recorded differ", op->name, c->label);
    ck_assert_msg(strstr(err->msg, op->name) != NULL, "%s/%s: the message \"%s\" does not name the op", op->name,
                  c->label, err->msg);
}

static int count_inputs(const NnOpCase *c)
{
    int n = 0;
    while (n < NN_MAX_IN && c->xs[n].n > 0) n++;
    return n;
}

static void check_case(const NnOp *op, const NnOpCase *c)
{
    NnErr err = { 0 };
    NnShape ys = { 0 };
    const int n_in = count_inputs(c);
    ck_assert_msg(n_in >= op->min_in && n_in <= op->max_in, "%s/%s: %d inputs", op->name, c->label, n_in);
    ck_assert_msg(!c->attr == !op->attr_size, "%s/%s: attr and attr_size disagree", op->name, c->label);
    const NnStatus got = op->shape(c->xs, n_in, c->attr, &ys, &err);
    ck_assert_msg(got == c->want, "%s/%s: shape() says \"%s\" (%s), expected \"%s\"", op->name, c->label,
                  nn_status_text(got), err.msg, nn_status_text(c->want));
    if (c->want != NN_OK) {
        check_rejected(op, c, &err);
        return;
    }
    ck_assert_msg(ys.n >= 1 && ys.n <= NN_MAX_DIM && nn_shape_len(ys) > 0, "%s/%s: bad shape", op->name, c->label);
    for (int k = 0; k < op->n_kernels; k++)
        if (!op->kernels[k].fits || op->kernels[k].fits(c->xs, n_in, c->attr, op->kernels[k].how))
            check_kernel(op, &op->kernels[k], c, n_in, ys);
        else ck_assert_msg(k + 1 < op->n_kernels, "%s/%s: the last kernel must fit everything", op->name, c->label);
}

/* Enough work that kernels wake a second thread; otherwise comparing thread counts shows nothing. */
static int is_large(const NnOp *op, const NnOpCase *c)
{
    NnErr err = { 0 };
    NnShape ys = { 0 };
    if (c->want != NN_OK || c->infer || op->shape(c->xs, count_inputs(c), c->attr, &ys, &err) != NN_OK) return 0;
    const double flops = op->flops ? op->flops(c->xs, count_inputs(c), ys, c->attr) : 0;
    return fmax((double)nn_shape_len(ys), fmax((double)nn_shape_len(c->xs[0]), flops / 2)) > NN_PARALLEL_MIN;
}

static void check_descriptor(const NnOp *op)
{
    int accepted = 0, by_hand = 0, large = 0;
    for (int i = 0; i < op->n_cases; i++) {
        accepted += op->cases[i].want == NN_OK;
        large += is_large(op, &op->cases[i]);
        by_hand += op->cases[i].want == NN_OK && op->cases[i].y != NULL;
    }
    ck_assert_msg(accepted > 0, "%s has no test case", op->name);
    ck_assert_msg(by_hand || reference_find(op->name), "%s: no answer by hand and no reference", op->name);
    ck_assert_msg(large, "%s: no case is large enough for several threads", op->name);
    ck_assert_msg(op->n_kernels > 0, "%s has no kernel", op->name);
    ck_assert_msg(!(op->overwrites & (op->no_grad | op->state)), "%s overwrites what has no gradient", op->name);
    ck_assert_msg(!op->restore == !(op->restore_reads || (op->restore && op->saved)), "%s: restore from nothing",
                  op->name);
    ck_assert_msg(op->min_in >= 1 && op->min_in <= op->max_in && op->max_in <= NN_MAX_IN, "%s: inputs", op->name);
}

START_TEST(test_op)
{
    const NnOp *op = nn_op_table[_i];
    NnErr err = { 0 };
    ck_assert_msg(nn_blas_init(&err) == NN_OK, "%s", err.msg);
    nn_threads_set(1);
    check_descriptor(op);
    for (int i = 0; i < op->n_cases; i++) check_case(op, &op->cases[i]);
}
END_TEST

START_TEST(test_names_are_unique)
{
    for (int a = 0; a < nn_op_count; a++)
        for (int b = 0; b < a; b++) ck_assert_str_ne(nn_op_table[a]->name, nn_op_table[b]->name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ops");
    TCase *names = tcase_create("names");
    tcase_add_test(names, test_names_are_unique);
    suite_add_tcase(suite, names);
    for (int i = 0; i < nn_op_count; i++) {
        TCase *t = tcase_create(nn_op_table[i]->name);
        tcase_add_loop_test(t, test_op, i, i + 1);
        suite_add_tcase(suite, t);
    }
    return check_run(suite);
}
