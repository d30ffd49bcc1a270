/* activation.c -- elementwise functions: each is a value, and a slope written in what backward reads.
 *
 * relu, leaky_relu, sigmoid and tanh take their slope from the output, so that the plan may recycle the input, which
 * usually is a convolution's output and the largest thing alive. Comparisons are written so that NaN stays NaN. */
#include "nn/ops/activation.h"

#include <math.h>

#include "nn/base/parallel.h"
#include "nn/ops/case_shapes.h"
#include "nn/ops/conv_norm_act.h"
#include "nn/ops/fast_math.h"
#include "nn/ops/vec.h"

/* The attribute of all of them: { slope }, { lo, hi } or { a, b }. */
typedef struct {
    float a, b;
} Pair;

NN_KERNEL_PART float relu_value(float x, Pair p)
{
    (void)p;
    return x < 0 ? 0 : x;
}

NN_KERNEL_PART float relu_slope(float y, Pair p)
{
    (void)p;
    return y > 0 ? 1.0f : 0.0f;
}

NN_KERNEL_PART float leaky_relu_value(float x, Pair p)
{
    return x > 0 ? x : p.a * x;
}

NN_KERNEL_PART float leaky_relu_slope(float y, Pair p)
{
    return y > 0 ? 1.0f : p.a;
}

NN_KERNEL_PART float sigmoid_value(float x, Pair p)
{
    (void)p;
    return nn_sigmoid_of(x);
}

NN_KERNEL_PART float sigmoid_slope(float y, Pair p)
{
    (void)p;
    return y * (1.0f - y);
}

NN_KERNEL_PART float tanh_value(float x, Pair p)
{
    (void)p;
    return nn_tanh_of(x);
}

NN_KERNEL_PART float tanh_slope(float y, Pair p)
{
    (void)p;
    return 1.0f - y * y;
}

NN_KERNEL_PART float abs_value(float x, Pair p)
{
    (void)p;
    return fabsf(x);
}

NN_KERNEL_PART float abs_slope(float x, Pair p)
{
    (void)p;
    return x > 0 ? 1.0f : x < 0 ? -1.0f : 0.0f;
}

NN_KERNEL_PART float clamp_value(float x, Pair p)
{
    return x < p.a ? p.a : x > p.b ? p.b : x;
}

NN_KERNEL_PART float clamp_slope(float x, Pair p)
{
    return x > p.a && x < p.b ? 1.0f : 0.0f;
}

NN_KERNEL_PART float scale_value(float x, Pair p)
{
    return p.a * x + p.b;
}

NN_KERNEL_PART float scale_slope(float unread, Pair p)
{
    (void)unread;
    return p.a;
}

typedef void (*ForwardRange)(float *y, const float *x, size_t n, Pair p);
typedef void (*BackwardRange)(float *dx, const float *dy, const float *from, size_t n, Pair p);

static Pair pair_of(const void *attr)
{
    return attr ? *(const Pair *)attr : (Pair){ 0, 0 };
}

static void run_forward(const NnFwd *k, ForwardRange range)
{
    const size_t n = nn_shape_len(k->ys), parts = nn_vec_parts(n);
    const Pair p = pair_of(k->attr);
#pragma omp parallel for num_threads(nn_threads()) if (n >= NN_PARALLEL_MIN)
    for (size_t i = 0; i < parts; i++)
        range(k->y + i * NN_VEC_PART, k->x[0] + i * NN_VEC_PART, nn_vec_part_len(n, i), p);
}

/* `from`: x or y, whichever the slope is written in. */
static void run_backward(const NnBwd *k, BackwardRange range, const float *from)
{
    const size_t n = nn_shape_len(k->ys), parts = nn_vec_parts(n);
    const Pair p = pair_of(k->attr);
#pragma omp parallel for num_threads(nn_threads()) if (n >= NN_PARALLEL_MIN)
    for (size_t i = 0; i < parts; i++) {
        const size_t at = i * NN_VEC_PART, len = nn_vec_part_len(n, i);
        if (k->fresh & 1) nn_vec_clear(k->dx[0] + at, len);
        range(k->dx[0] + at, k->dy + at, from + at, len, p);
    }
}

/* The loops and kernels of one function; `from` is the field of NnBwd its slope is written in. */
#define ACTIVATION_KERNEL(name, from)                                                                                  \
    NN_KERNEL_CLONES static void name##_forward_range(float *restrict y, const float *restrict x, size_t n, Pair p)    \
    {                                                                                                                  \
        for (size_t i = 0; i < n; i++) y[i] = name##_value(x[i], p);                                                   \
    }                                                                                                                  \
    NN_KERNEL_CLONES static void name##_backward_range(float *restrict dx, const float *restrict dy,                   \
                                                       const float *restrict v, size_t n, Pair p)                      \
    {                                                                                                                  \
        for (size_t i = 0; i < n; i++) dx[i] += dy[i] * name##_slope(v[i], p);                                         \
    }                                                                                                                  \
    static void name##_forward(const NnFwd *k)                                                                         \
    {                                                                                                                  \
        run_forward(k, name##_forward_range);                                                                          \
    }                                                                                                                  \
    static void name##_backward(const NnBwd *k)                                                                        \
    {                                                                                                                  \
        run_backward(k, name##_backward_range, k->from);                                                               \
    }                                                                                                                  \
    static const NnKernel name##_kernels[] = { { .forward = name##_forward, .backward = name##_backward } };

ACTIVATION_KERNEL(relu, y)
ACTIVATION_KERNEL(leaky_relu, y)
ACTIVATION_KERNEL(sigmoid, y)
ACTIVATION_KERNEL(tanh, y)
ACTIVATION_KERNEL(abs, x[0])
ACTIVATION_KERNEL(clamp, x[0])
ACTIVATION_KERNEL(scale, dy) /* reads neither; dy is a range of the right length */

static NnStatus same_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in, (void)attr, (void)err;
    *ys = xs[0];
    return NN_OK;
}

/* The slope is taken from the sign of y, which a negative one would turn around. */
static NnStatus leaky_relu_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    const float slope = pair_of(attr).a;
    if (!(slope >= 0)) return nn_fail(err, NN_ERR_CONFIG, "leaky_relu: slope %g, expected at least 0", (double)slope);
    return same_shape(xs, n_in, attr, ys, err);
}

static NnStatus clamp_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    const Pair p = pair_of(attr);
    if (!(p.a < p.b))
        return nn_fail(err, NN_ERR_CONFIG, "clamp: lo %g, hi %g; expected lo below hi", (double)p.a, (double)p.b);
    return same_shape(xs, n_in, attr, ys, err);
}

/* ---- test cases ---- */

/* clang-format off */
#define IMAGES { IMAGE(2, 3, 4, 5) }
#define LARGE { IMAGE(2, 3, 67, 65) } /* enough for several threads, with a ragged end */
/* clang-format on */

static const NnOpCase relu_cases[] = {
    { "by hand",
      { { 1, { 4 } } },
      .in = { VALUES(-1, 0, 2, NAN) },
      .y = VALUES(0, 0, 2, NAN),
      .dx0 = VALUES(0, 0, 1, 0) },
    { "images", IMAGES, .lo = -2, .hi = 2, .kink_gap = 0.05f },
    { "all dead", { { 1, { 7 } } }, .lo = -2, .hi = -1 },
    { "large", LARGE, .lo = -2, .hi = 2, .kink_gap = 0.05f },
};

static const Pair tenth = { 0.1f, 0 }, negative = { -0.1f, 0 }, no_slope = { 0, 0 };
static const NnOpCase leaky_relu_cases[] = {
    { "by hand",
      { { 1, { 3 } } },
      .attr = &tenth,
      .in = { VALUES(-1, 0, 2) },
      .y = VALUES(-0.1f, 0, 2),
      .dx0 = VALUES(0.1f, 0.1f, 1) },
    { "images", IMAGES, .attr = &tenth, .lo = -2, .hi = 2, .kink_gap = 0.05f },
    { "slope 0", IMAGES, .attr = &no_slope, .lo = -2, .hi = 2, .kink_gap = 0.05f },
    { "large", LARGE, .attr = &tenth, .lo = -2, .hi = 2, .kink_gap = 0.05f },
    { "negative slope", IMAGES, .attr = &negative, .want = NN_ERR_CONFIG },
};

static const NnOpCase sigmoid_cases[] = {
    { "by hand",
      { { 1, { 4 } } },
      .in = { VALUES(0, 1.0986123f, -1.0986123f, -200) },
      .y = VALUES(0.5f, 0.75f, 0.25f, 0),
      .dx0 = VALUES(0.25f, 0.1875f, 0.1875f, 0) },
    { "images", IMAGES, .lo = -4, .hi = 4 },
    { "extremes", { { 1, { 2 } } }, .in = { VALUES(1000, -1000) }, .y = VALUES(1, 0), .dx0 = VALUES(0, 0) },
    { "large", LARGE, .lo = -4, .hi = 4 },
};

static const NnOpCase tanh_cases[] = {
    { "by hand",
      { { 1, { 3 } } },
      .in = { VALUES(0, 0.54930614f, -0.54930614f) },
      .y = VALUES(0, 0.5f, -0.5f),
      .dx0 = VALUES(1, 0.75f, 0.75f) },
    { "images", IMAGES, .lo = -2, .hi = 2 },
    { "large", LARGE, .lo = -2, .hi = 2 },
};

static const NnOpCase abs_cases[] = {
    { "by hand", { { 1, { 3 } } }, .in = { VALUES(-3, 0, 2) }, .y = VALUES(3, 0, 2), .dx0 = VALUES(-1, 0, 1) },
    { "images", IMAGES, .lo = -2, .hi = 2, .kink_gap = 0.05f },
    { "large", LARGE, .lo = -2, .hi = 2, .kink_gap = 0.05f },
};

static const Pair unit = { 0, 1 }, empty = { 1, 1 };
static const NnOpCase clamp_cases[] = {
    { "by hand",
      { { 1, { 5 } } },
      .attr = &unit,
      .in = { VALUES(-1, 0, 0.25f, 1, 3) },
      .y = VALUES(0, 0, 0.25f, 1, 1),
      .dx0 = VALUES(0, 0, 1, 0, 0) },
    { "lower end", IMAGES, .attr = &unit, .lo = -1, .hi = 0.9f, .kink_gap = 0.05f },
    { "upper end", IMAGES, .attr = &unit, .lo = 0.1f, .hi = 2, .kink = 1, .kink_gap = 0.05f },
    { "large", LARGE, .attr = &unit, .lo = -1, .hi = 0.9f, .kink_gap = 0.05f },
    { "lo = hi", IMAGES, .attr = &empty, .want = NN_ERR_CONFIG },
};

static const Pair flip = { -2, 0.5f };
static const NnOpCase scale_cases[] = {
    { "by hand",
      { { 1, { 2 } } },
      .attr = &flip,
      .in = { VALUES(1, -3) },
      .y = VALUES(-1.5f, 6.5f),
      .dx0 = VALUES(-2, -2) },
    { "images", IMAGES, .attr = &flip, .lo = -2, .hi = 2 },
    { "large", LARGE, .attr = &flip, .lo = -2, .hi = 2 },
};

/* ---- descriptors and graph functions ---- */

static int relu_absorb(const NnNode *self, const NnNode *producer, NnFused *fused)
{
    (void)self;
    return nn_conv_norm_act_absorb(producer, 0, fused);
}

static int leaky_relu_absorb(const NnNode *self, const NnNode *producer, NnFused *fused)
{
    return nn_conv_norm_act_absorb(producer, pair_of(self->attr).a, fused);
}

#define ACTIVATION(id, declared_reads, size, shape_rule, absorber)                                                     \
    const NnOp nn_op_##id = { .name = #id,                                                                             \
                              .min_in = 1,                                                                             \
                              .max_in = 1,                                                                             \
                              .reads = declared_reads,                                                                 \
                              .overwrites = 1,                                                                         \
                              .absorb = absorber,                                                                      \
                              .attr_size = size,                                                                       \
                              .shape = shape_rule,                                                                     \
                              .kernels = NN_LIST(id##_kernels),                                                        \
                              .cases = NN_LIST(id##_cases) };

ACTIVATION(relu, NN_READS_Y, 0, same_shape, relu_absorb)
ACTIVATION(leaky_relu, NN_READS_Y, sizeof(Pair), leaky_relu_shape, leaky_relu_absorb)
ACTIVATION(sigmoid, NN_READS_Y, 0, same_shape, NULL)
ACTIVATION(tanh, NN_READS_Y, 0, same_shape, NULL)
ACTIVATION(abs, NN_READS_X0, 0, same_shape, NULL)
ACTIVATION(clamp, NN_READS_X0, sizeof(Pair), clamp_shape, NULL)
ACTIVATION(scale, 0, sizeof(Pair), same_shape, NULL)

NnVar nn_relu(NnGraph *g, NnVar x)
{
    return nn_graph_apply(g, &nn_op_relu, NULL, 1, &x);
}

NnVar nn_leaky_relu(NnGraph *g, NnVar x, float slope)
{
    return nn_graph_apply(g, &nn_op_leaky_relu, &(Pair){ slope, 0 }, 1, &x);
}

NnVar nn_sigmoid(NnGraph *g, NnVar x)
{
    return nn_graph_apply(g, &nn_op_sigmoid, NULL, 1, &x);
}

NnVar nn_tanh(NnGraph *g, NnVar x)
{
    return nn_graph_apply(g, &nn_op_tanh, NULL, 1, &x);
}

NnVar nn_abs(NnGraph *g, NnVar x)
{
    return nn_graph_apply(g, &nn_op_abs, NULL, 1, &x);
}

NnVar nn_clamp(NnGraph *g, NnVar x, float lo, float hi)
{
    return nn_graph_apply(g, &nn_op_clamp, &(Pair){ lo, hi }, 1, &x);
}

NnVar nn_scale(NnGraph *g, NnVar x, float a, float b)
{
    return nn_graph_apply(g, &nn_op_scale, &(Pair){ a, b }, 1, &x);
}
