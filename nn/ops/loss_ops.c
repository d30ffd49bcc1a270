/* loss_ops.c -- scalar losses L = sum_n w_n l_n / sum_n w_n.
 *
 * A loss is a row of two functions: the loss of one sample, and its gradient. mse, l1, bce and bce_with_logits are
 * means of a function of one element and its target; dice and cross_entropy look at the whole sample. */
#include "nn/ops/loss_ops.h"

#include <math.h>

#include "nn/base/parallel.h"
#include "nn/ops/case_shapes.h"
#include "nn/ops/fast_math.h"
#include "nn/ops/vec.h"

enum { X, T, W };

/* What one sample is to a loss: K classes times `plane` positions, len elements in all. */
typedef struct {
    size_t len, K, plane;
} Sample;

/* l_n, for the elements x and targets t of one sample. */
typedef double (*SampleLoss)(const float *x, const float *t, Sample s);
/* dx += scale dl_n/dx. */
typedef void (*SampleGradient)(float *dx, const float *x, const float *t, Sample s, double scale);

static Sample sample_of(NnShape s)
{
    const size_t len = nn_shape_len(s) / (size_t)s.d[0], K = s.n > 1 ? (size_t)s.d[1] : 1;
    return (Sample){ len, K, len / K };
}

static double weight_sum(const float *w, int N)
{
    return w ? nn_vec_sum(w, (size_t)N) : (double)N;
}

static void run_forward(const NnFwd *k, SampleLoss loss)
{
    enum { GROUP = 64 }; /* samples whose losses wait to be added in order */
    const Sample s = sample_of(k->xs[X]);
    const int N = k->xs[X].d[0];
    const float *w = k->n_in > W ? k->x[W] : NULL;
    const double weights = weight_sum(w, N);
    double sum = 0;
    for (int start = 0; start < N; start += GROUP) {
        double loss_of[GROUP];
        const int count = N - start < GROUP ? N - start : GROUP;
#pragma omp parallel for num_threads(nn_threads()) if (s.len * (size_t)count >= NN_PARALLEL_MIN)
        for (int i = 0; i < count; i++)
            loss_of[i] = loss(k->x[X] + (size_t)(start + i) * s.len, k->x[T] + (size_t)(start + i) * s.len, s);
        for (int i = 0; i < count; i++) sum += (w ? (double)w[start + i] : 1) * loss_of[i];
    }
    k->y[0] = weights == 0 ? 0 : (float)(sum / weights);
}

static void run_backward(const NnBwd *k, SampleGradient gradient)
{
    const Sample s = sample_of(k->xs[X]);
    const int N = k->xs[X].d[0];
    const float *w = k->n_in > W ? k->x[W] : NULL;
    const double weights = weight_sum(w, N);
#pragma omp parallel for num_threads(nn_threads()) if (s.len * (size_t)N >= NN_PARALLEL_MIN)
    for (int n = 0; n < N; n++) {
        const size_t at = (size_t)n * s.len;
        const double share = (w ? (double)w[n] : 1) / weights;
        if (k->fresh & 1) nn_vec_clear(k->dx[X] + at, s.len);
        if (weights != 0) gradient(k->dx[X] + at, k->x[X] + at, k->x[T] + at, s, (double)k->dy[0] * share);
    }
}

/* ---- means of a function of one element ---- */

NN_KERNEL_PART float mse_value(float x, float t)
{
    return (x - t) * (x - t);
}

NN_KERNEL_PART float mse_slope(float x, float t)
{
    return 2 * (x - t);
}

NN_KERNEL_PART float l1_value(float x, float t)
{
    return fabsf(x - t);
}

NN_KERNEL_PART float l1_slope(float x, float t)
{
    return x > t ? 1.0f : x < t ? -1.0f : 0.0f;
}

/* log p, not below -100; NaN stays NaN. */
NN_KERNEL_PART float log_or_floor(float log_p)
{
    return log_p < -100 ? -100 : log_p;
}

NN_KERNEL_PART float bce_value(float p, float t)
{
    return -t * log_or_floor(nn_log_of(p)) - (1 - t) * log_or_floor(nn_log_rest_of(p));
}

/* (p - t) / (p (1 - p)); the divisor is kept off 0 as in torch. */
NN_KERNEL_PART float bce_slope(float p, float t)
{
    const float variance = p * (1 - p);
    return (p - t) / (variance < 1e-12f ? 1e-12f : variance);
}

/* log(1 + exp(x)) - x t, with the exponent of a negative number only. */
NN_KERNEL_PART float bce_with_logits_value(float x, float t)
{
    return (x < 0 ? 0 : x) - x * t + nn_log1p_unit(nn_exp_down(-fabsf(x)));
}

NN_KERNEL_PART float bce_with_logits_slope(float x, float t)
{
    return nn_sigmoid_of(x) - t;
}

/* The loops of one such loss. Values are added in double, in order of the lanes. */
#define ELEMENT_LOSS(name)                                                                                             \
    NN_KERNEL_CLONES static double name##_loss(const float *x, const float *t, Sample s)                               \
    {                                                                                                                  \
        enum { LANES = 16 };                                                                                           \
        double sum[LANES] = { 0 };                                                                                     \
        size_t i = 0;                                                                                                  \
        for (; i + LANES <= s.len; i += LANES)                                                                         \
            for (size_t l = 0; l < LANES; l++) sum[l] += (double)name##_value(x[i + l], t[i + l]);                     \
        for (size_t l = 0; i < s.len; i++, l++) sum[l] += (double)name##_value(x[i], t[i]);                            \
        for (int l = 1; l < LANES; l++) sum[0] += sum[l];                                                              \
        return sum[0] / (double)s.len;                                                                                 \
    }                                                                                                                  \
    NN_KERNEL_CLONES static void name##_gradient(float *restrict dx, const float *restrict x, const float *restrict t, \
                                                 Sample s, double scale)                                               \
    {                                                                                                                  \
        const float each = (float)(scale / (double)s.len);                                                             \
        for (size_t i = 0; i < s.len; i++) dx[i] += each * name##_slope(x[i], t[i]);                                   \
    }

ELEMENT_LOSS(mse)
ELEMENT_LOSS(l1)
ELEMENT_LOSS(bce)
ELEMENT_LOSS(bce_with_logits)

/* ---- dice ---- */

static const double dice_smooth = 1; /* an empty mask with an empty prediction costs 0 */

static double dice_loss(const float *p, const float *t, Sample s)
{
    const double both = nn_vec_dot(p, t, s.len), sum = nn_vec_sum(p, s.len) + nn_vec_sum(t, s.len);
    return 1 - (2 * both + dice_smooth) / (sum + dice_smooth);
}

/* With B = 2 sum p t + 1 and S = sum p + sum t + 1:  dl/dp_i = B / S^2 - 2 t_i / S. */
static void dice_gradient(float *dp, const float *p, const float *t, Sample s, double scale)
{
    const double B = 2 * nn_vec_dot(p, t, s.len) + dice_smooth;
    const double S = nn_vec_sum(p, s.len) + nn_vec_sum(t, s.len) + dice_smooth;
    nn_vec_add_const(dp, (float)(scale * B / (S * S)), s.len);
    nn_vec_add_scaled(dp, (float)(-2 * scale / S), t, s.len);
}

/* ---- cross entropy ---- */

/* log sum_k exp(x_k) over K values that lie `stride` apart; the largest is taken off first. */
static double log_sum_exp(const float *x, size_t K, size_t stride)
{
    double largest = (double)x[0];
    for (size_t k = 1; k < K; k++) largest = (double)x[k * stride] > largest ? (double)x[k * stride] : largest;
    double sum = exp((double)x[0] - largest);
    for (size_t k = 1; k < K; k++) sum += exp((double)x[k * stride] - largest);
    return largest + log(sum);
}

static double cross_entropy_loss(const float *x, const float *t, Sample s)
{
    double sum = 0;
    for (size_t p = 0; p < s.plane; p++) {
        const double log_sum = log_sum_exp(x + p, s.K, s.plane);
        for (size_t i = p; i < s.len; i += s.plane) sum += (double)t[i] * (log_sum - (double)x[i]);
    }
    return sum / (double)s.plane;
}

/* dl/dx_k = softmax(x)_k sum_j t_j - t_k, by position. */
static void cross_entropy_gradient(float *dx, const float *x, const float *t, Sample s, double scale)
{
    const double each = scale / (double)s.plane;
    for (size_t p = 0; p < s.plane; p++) {
        const double log_sum = log_sum_exp(x + p, s.K, s.plane);
        double mass = 0;
        for (size_t i = p; i < s.len; i += s.plane) mass += (double)t[i];
        for (size_t i = p; i < s.len; i += s.plane)
            dx[i] += (float)(each * (mass * exp((double)x[i] - log_sum) - (double)t[i]));
    }
}

/* ---- shapes ---- */

static NnStatus loss_shape(const char *op, const NnShape *xs, int n_in, NnShape *ys, NnErr *err)
{
    char found[64], expected[64];
    if (!nn_shape_equal(xs[X], xs[T]))
        return nn_fail(err, NN_ERR_SHAPE, "%s: target %s, expected the shape of the prediction, %s", op,
                       nn_shape_text(xs[T], found), nn_shape_text(xs[X], expected));
    if (n_in > W && (xs[W].n != 1 || xs[W].d[0] != xs[X].d[0]))
        return nn_fail(err, NN_ERR_SHAPE, "%s: weights %s, expected [%d]: one a sample", op,
                       nn_shape_text(xs[W], found), xs[X].d[0]);
    *ys = (NnShape){ 1, { 1 } };
    return NN_OK;
}

static NnStatus class_shape(const char *op, const NnShape *xs, int n_in, NnShape *ys, NnErr *err)
{
    char text[64];
    if (xs[X].n != 2 && xs[X].n != 4)
        return nn_fail(err, NN_ERR_SHAPE, "%s: x %s, expected [N,K] or [N,K,H,W]", op, nn_shape_text(xs[X], text));
    return loss_shape(op, xs, n_in, ys, err);
}

static double loss_flops(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)n_in, (void)ys, (void)attr;
    return 3 * (double)nn_shape_len(xs[X]);
}

/* ---- cases ---- */

/* clang-format off */
#define MATRIX { 2, { 5, 3 } }
#define PAIR { { 2, { 1, 2 } }, { 2, { 1, 2 } } }
#define WEIGHED_PAIR { { 2, { 2, 1 } }, { 2, { 2, 1 } }, VECTOR(2) }
#define IMAGES IMAGE(3, 2, 4, 3)
#define LARGE IMAGE(3, 2, 67, 65)

/* What every loss is tested with besides answers by hand; inputs from [low,high]. */
#define LOSS_CASES(low, high, wide)                                                                   \
    { "images", { IMAGES, IMAGES }, .lo = low, .hi = high, .tolerance = wide },                       \
    { "weighed images", { IMAGES, IMAGES, VECTOR(3) }, .lo = low, .hi = high, .tolerance = wide },    \
    { "vectors", { MATRIX, MATRIX }, .lo = low, .hi = high, .tolerance = wide },                      \
    { "many samples", { { 2, { 131, 3 } }, { 2, { 131, 3 } }, VECTOR(131) }, .lo = low, .hi = high }, \
    { "large", { LARGE, LARGE, VECTOR(3) }, .lo = low, .hi = high },                                  \
    { "other target", { MATRIX, { 2, { 5, 4 } } }, .want = NN_ERR_SHAPE },                            \
    { "other dimensions", { MATRIX, VECTOR(15) }, .want = NN_ERR_SHAPE },                             \
    { "other weights", { MATRIX, MATRIX, VECTOR(4) }, .want = NN_ERR_SHAPE },                         \
    { "weights of elements", { MATRIX, MATRIX, MATRIX }, .want = NN_ERR_SHAPE }

/* Every weight 0: no loss and no gradient, not 0 / 0. */
#define NO_WEIGHT(x0, x1)                                                                   \
    { "no weight", WEIGHED_PAIR, .in = { VALUES(x0, x1), VALUES(1, 0), VALUES(0, 0) },      \
      .y = VALUES(0), .dx0 = VALUES(0, 0) }
/* clang-format on */

static const NnOpCase mse_cases[] = {
    { "by hand", PAIR, .in = { VALUES(1, 2), VALUES(0, 5) }, .y = VALUES(5), .dx0 = VALUES(1, -3) },
    { "weighed by hand", WEIGHED_PAIR, .in = { VALUES(1, 2), VALUES(0, 0), VALUES(1, 3) }, .y = VALUES(3.25f),
      .dx0 = VALUES(0.5f, 3) },
    NO_WEIGHT(2, 3),
    LOSS_CASES(0.1f, 1, 0),
};
static const NnOpCase l1_cases[] = {
    { "by hand",
      { { 2, { 1, 4 } }, { 2, { 1, 4 } } },
      .in = { VALUES(1, 2, 3, 4), VALUES(0, 5, 3, 4.5f) },
      .y = VALUES(1.125f),
      .dx0 = VALUES(0.25f, -0.25f, 0, -0.25f) },
    { "weighed by hand", WEIGHED_PAIR, .in = { VALUES(1, -2), VALUES(0, 0), VALUES(1, 3) }, .y = VALUES(1.75f),
      .dx0 = VALUES(0.25f, -0.75f) },
    NO_WEIGHT(2, 3),
    { "below and above",
      { { 2, { 2, 3 } }, { 2, { 2, 3 } } },
      .in = { NULL, VALUES(2, -2, 2, -2, 2, -2) },
      .lo = -1,
      .hi = 1 },
    { "images", { IMAGES, IMAGES }, .lo = -1, .hi = 1, .no_grad = 1 },
    { "large", { LARGE, LARGE, { 1, { 3 } } }, .lo = 0.1f, .hi = 1, .no_grad = 1 },
    { "other target", { { 2, { 5, 3 } }, { 2, { 5, 4 } } }, .want = NN_ERR_SHAPE },
    { "other weights", { { 2, { 5, 3 } }, { 2, { 5, 3 } }, { 1, { 4 } } }, .want = NN_ERR_SHAPE },
};
static const NnOpCase bce_cases[] = {
    { "by hand", PAIR, .in = { VALUES(0.5f, 0.25f), VALUES(1, 0) }, .y = VALUES(0.49041463f),
      .dx0 = VALUES(-1, 0.6666667f) },
    { "sure and right", PAIR, .in = { VALUES(1, 0), VALUES(1, 0) }, .y = VALUES(0), .dx0 = VALUES(0, 0) },
    { "sure and wrong", PAIR, .in = { VALUES(1, 0), VALUES(0, 1) }, .y = VALUES(100), .dx0 = VALUES(5e11f, -5e11f) },
    NO_WEIGHT(0.5f, 0.5f),
    LOSS_CASES(0.1f, 0.9f, 5e-3f),
};
static const NnOpCase bce_with_logits_cases[] = {
    { "by hand", PAIR, .in = { VALUES(0, -1.0986123f), VALUES(1, 0) }, .y = VALUES(0.49041463f),
      .dx0 = VALUES(-0.25f, 0.125f) },
    { "far out", PAIR, .in = { VALUES(1000, -1000), VALUES(0, 0) }, .y = VALUES(500), .dx0 = VALUES(0.5f, 0) },
    NO_WEIGHT(2, 3),
    LOSS_CASES(0.05f, 0.95f, 0),
    { "both signs", { IMAGES, IMAGES }, .lo = -3, .hi = 3 },
};
static const NnOpCase dice_cases[] = {
    { "by hand", PAIR, .in = { VALUES(1, 0), VALUES(1, 1) }, .y = VALUES(0.25f), .dx0 = VALUES(-0.3125f, -0.3125f) },
    { "empty", PAIR, .in = { VALUES(0, 0), VALUES(0, 0) }, .y = VALUES(0), .dx0 = VALUES(1, 1) },
    NO_WEIGHT(0.5f, 0.5f),
    LOSS_CASES(0.05f, 0.95f, 0),
};
static const NnOpCase cross_entropy_cases[] = {
    { "by hand", PAIR, .in = { VALUES(0, 1.0986123f), VALUES(1, 0) }, .y = VALUES(1.3862944f),
      .dx0 = VALUES(-0.75f, 0.75f) },
    { "far apart", PAIR, .in = { VALUES(1000, -1000), VALUES(0, 1) }, .y = VALUES(2000), .dx0 = VALUES(1, -1) },
    { "no weight",
      { { 2, { 1, 2 } }, { 2, { 1, 2 } }, { 1, { 1 } } },
      .in = { VALUES(1, 2), VALUES(1, 0), VALUES(0) },
      .y = VALUES(0),
      .dx0 = VALUES(0, 0) },
    LOSS_CASES(0.05f, 0.95f, 0),
    { "both signs", { IMAGES, IMAGES }, .lo = -3, .hi = 3 },
    { "no classes", { { 1, { 5 } }, { 1, { 5 } } }, .want = NN_ERR_SHAPE },
};

/* ---- descriptors and graph functions ---- */

#define LOSS(id, shape_rule)                                                                                           \
    static NnStatus id##_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)                 \
    {                                                                                                                  \
        (void)attr;                                                                                                    \
        return shape_rule(#id, xs, n_in, ys, err);                                                                     \
    }                                                                                                                  \
    static void id##_forward(const NnFwd *k)                                                                           \
    {                                                                                                                  \
        run_forward(k, id##_loss);                                                                                     \
    }                                                                                                                  \
    static void id##_backward(const NnBwd *k)                                                                          \
    {                                                                                                                  \
        run_backward(k, id##_gradient);                                                                                \
    }                                                                                                                  \
    static const NnKernel id##_kernels[] = { { .forward = id##_forward, .backward = id##_backward } };                 \
    const NnOp nn_op_##id = { .name = #id,                                                                             \
                              .min_in = 2,                                                                             \
                              .max_in = 3,                                                                             \
                              .reads = NN_READS_X0 | NN_READS_X1 | NN_READS_X2,                                        \
                              .no_grad = 1 << T | 1 << W,                                                              \
                              .overwrites = 1 << X,                                                                    \
                              .shape = id##_shape,                                                                     \
                              .flops = loss_flops,                                                                     \
                              .kernels = NN_LIST(id##_kernels),                                                        \
                              .cases = NN_LIST(id##_cases) };                                                          \
    NnVar nn_##id(NnGraph *g, NnVar x, NnVar t, NnVar w)                                                               \
    {                                                                                                                  \
        return nn_graph_apply(g, &nn_op_##id, NULL, nn_var_is_some(w) ? 3 : 2, (const NnVar[]){ x, t, w });            \
    }

LOSS(mse, loss_shape)
LOSS(l1, loss_shape)
LOSS(bce, loss_shape)
LOSS(bce_with_logits, loss_shape)
LOSS(dice, loss_shape)
LOSS(cross_entropy, class_shape)
