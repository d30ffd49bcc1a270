/* top_mean.c -- the mean of the largest elements of each sample.
 *
 * Which those are is found without sorting and without memory: four passes, each of which settles eight bits of the
 * smallest element that is still taken. Backward finds it again rather than keep it. */
#include "nn/ops/top_mean.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/case_shapes.h"

/* What the elements of one sample are held against. */
typedef struct {
    uint32_t code; /* of the smallest element taken; larger ones are taken all */
    size_t ties;   /* so many elements of that code are taken, in order */
} Cut;

/* k = ceil(part * len). A float may lie above the decimal that was meant by half a unit of its last place: a tenth
 * of 10 is 1, though 0.1f * 10 is above it. */
static size_t taken_of(float part, size_t len)
{
    return part < 1 ? (size_t)fmax(1, ceil((double)part * (double)len * (1 - (double)FLT_EPSILON))) : len;
}

/* A number that is larger where x is: as bits, positive floats are in order and negative ones in reverse. NaN is the
 * largest; both zeros are alike. */
static uint32_t code_of(float x)
{
    const uint32_t sign = 0x80000000u;
    const float v = x + 0.0f; /* -0 becomes 0 */
    uint32_t bits;
    if (isnan(x)) return UINT32_MAX;
    memcpy(&bits, &v, sizeof bits);
    return bits & sign ? ~bits : bits | sign;
}

/* The cut that takes k of x. In each pass `ties` is the rank of what is sought among the elements that begin with the
 * bits settled so far. */
static Cut find_cut(const float *x, size_t len, size_t k)
{
    Cut cut = { 0, k };
    uint32_t settled = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        size_t count[256] = { 0 };
        uint32_t digit = 255;
        for (size_t i = 0; i < len; i++) {
            const uint32_t code = code_of(x[i]);
            if ((code & settled) == cut.code) count[code >> shift & 255]++;
        }
        while (count[digit] < cut.ties) cut.ties -= count[digit--];
        cut.code |= digit << shift;
        settled |= 255u << shift;
    }
    return cut;
}

/* Is the next element taken? Asked of all elements in order: ties are used up. */
static int is_taken(Cut *left, float x)
{
    const uint32_t code = code_of(x);
    if (code != left->code) return code > left->code;
    if (left->ties == 0) return 0;
    left->ties--;
    return 1;
}

static NnStatus top_mean_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in;
    const float part = ((const NnTopMeanAttr *)attr)->part;
    char text[64];
    if (xs[0].n < 2)
        return nn_fail(err, NN_ERR_SHAPE, "top_mean: x %s, expected [N,...] of 2 to 4 dimensions",
                       nn_shape_text(xs[0], text));
    if (!(part > 0 && part <= 1))
        return nn_fail(err, NN_ERR_CONFIG, "top_mean: part = %g, expected 0 < part <= 1", (double)part);
    *ys = (NnShape){ 2, { xs[0].d[0], 1 } };
    return NN_OK;
}

static void top_mean_forward(const NnFwd *k)
{
    const size_t N = (size_t)k->ys.d[0], len = nn_shape_len(k->xs[0]) / N;
    const size_t taken = taken_of(((const NnTopMeanAttr *)k->attr)->part, len);
#pragma omp parallel for num_threads(nn_threads()) if (N * len >= NN_PARALLEL_MIN)
    for (size_t n = 0; n < N; n++) {
        const float *x = k->x[0] + n * len;
        Cut left = find_cut(x, len, taken);
        double sum = 0;
        for (size_t i = 0; i < len; i++)
            if (is_taken(&left, x[i])) sum += (double)x[i];
        k->y[n] = (float)(sum / (double)taken);
    }
}

static void top_mean_backward(const NnBwd *k)
{
    const size_t N = (size_t)k->ys.d[0], len = nn_shape_len(k->xs[0]) / N;
    const size_t taken = taken_of(((const NnTopMeanAttr *)k->attr)->part, len);
#pragma omp parallel for num_threads(nn_threads()) if (N * len >= NN_PARALLEL_MIN)
    for (size_t n = 0; n < N; n++) {
        const float *x = k->x[0] + n * len, share = k->dy[n] / (float)taken;
        Cut left = find_cut(x, len, taken);
        for (size_t i = 0; i < len; i++)
            if (is_taken(&left, x[i])) k->dx[0][n * len + i] += share;
    }
}

static double top_mean_flops(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)n_in, (void)ys, (void)attr;
    return 5 * (double)nn_shape_len(xs[0]);
}

/* ---- cases and descriptor ---- */

/* clang-format off */
#define PART(p) &(const NnTopMeanAttr){ p }
/* clang-format on */

static const NnOpCase top_mean_cases[] = {
    { "by hand",
      { { 2, { 2, 5 } } },
      .attr = PART(0.4f),
      .in = { VALUES(1, 5, 3, 2, 4, -1, -2, -3, -4, -5) },
      .y = VALUES(4.5f, -1.5f),
      .dx0 = VALUES(0, 0.5f, 0, 0, 0.5f, 0.5f, 0.5f, 0, 0, 0) },
    { "rounded up",
      { { 2, { 1, 5 } } },
      .attr = PART(0.3f),
      .in = { VALUES(-1, 5, 0, -7, 4) },
      .y = VALUES(4.5f),
      .dx0 = VALUES(0, 0.5f, 0, 0, 0.5f) },
    { "a tenth of ten is one",
      { { 2, { 1, 10 } } },
      .attr = PART(0.1f),
      .in = { VALUES(1, 2, 3, 9, 5, 6, 7, 8, 4, 0) },
      .y = VALUES(9),
      .dx0 = VALUES(0, 0, 0, 1, 0, 0, 0, 0, 0, 0) },
    { "ties go to the first",
      { { 2, { 1, 5 } } },
      .attr = PART(0.6f),
      .in = { VALUES(3, 1, 3, 6, 3) },
      .y = VALUES(4),
      .dx0 = VALUES(1 / 3.0f, 0, 1 / 3.0f, 1 / 3.0f, 0) },
    { "all alike",
      { { 2, { 1, 4 } } },
      .attr = PART(0.5f),
      .in = { VALUES(-2, -2, -2, -2) },
      .y = VALUES(-2),
      .dx0 = VALUES(0.5f, 0.5f, 0, 0) },
    { "two zeros",
      { { 2, { 1, 3 } } },
      .attr = PART(0.3f),
      .in = { VALUES(-1, -0.0f, 0) },
      .y = VALUES(0),
      .dx0 = VALUES(0, 1, 0) },
    { "part 1 is the mean",
      { { 2, { 2, 3 } } },
      .attr = PART(1),
      .in = { VALUES(1, 2, 6, -3, 0, -6) },
      .y = VALUES(3, -3),
      .dx0 = VALUES(1 / 3.0f, 1 / 3.0f, 1 / 3.0f, 1 / 3.0f, 1 / 3.0f, 1 / 3.0f) },
    { "next to nothing is the maximum",
      { { 2, { 1, 3 } } },
      .attr = PART(1e-9f),
      .in = { VALUES(1, 4, 2) },
      .y = VALUES(4),
      .dx0 = VALUES(0, 1, 0) },
    { "sum beyond float",
      { { 2, { 1, 3 } } },
      .attr = PART(0.6f),
      .in = { VALUES(3e38f, 0, 3e38f) },
      .y = VALUES(3e38f),
      .dx0 = VALUES(0.5f, 0, 0.5f) },
    { "NaN",
      { { 2, { 2, 3 } } },
      .attr = PART(0.3f),
      .in = { VALUES(1, -NAN, INFINITY, 1, 2, -INFINITY) },
      .y = VALUES(NAN, 2),
      .dx0 = VALUES(0, 1, 0, 0, 1, 0) },
    { "one element", { { 2, { 3, 1 } } }, .attr = PART(0.1f), DRAWN },
    { "images", { IMAGE(2, 3, 4, 5) }, .attr = PART(0.25f), DRAWN },
    { "images, part 1", { IMAGE(2, 3, 4, 5) }, .attr = PART(1), DRAWN },
    { "three dimensions", { { 3, { 2, 4, 9 } } }, .attr = PART(0.1f), DRAWN },
    { "many samples", { { 2, { 64, 260 } } }, .attr = PART(0.05f), .lo = -46, .hi = 46 },
    { "large", { IMAGE(2, 3, 67, 65) }, .attr = PART(0.1f), .lo = -100, .hi = 100 },
    { "vector", { { 1, { 3 } } }, .attr = PART(0.5f), .want = NN_ERR_SHAPE },
    { "part 0", { { 2, { 2, 3 } } }, .attr = PART(0), .want = NN_ERR_CONFIG },
    { "part above 1", { { 2, { 2, 3 } } }, .attr = PART(1.5f), .want = NN_ERR_CONFIG },
    { "part NaN", { { 2, { 2, 3 } } }, .attr = PART(NAN), .want = NN_ERR_CONFIG },
};

static const NnKernel top_mean_kernels[] = { { .forward = top_mean_forward, .backward = top_mean_backward } };

const NnOp nn_op_top_mean = {
    .name = "top_mean",
    .min_in = 1,
    .max_in = 1,
    .reads = NN_READS_X0,
    .attr_size = sizeof(NnTopMeanAttr),
    .shape = top_mean_shape,
    .flops = top_mean_flops,
    .kernels = NN_LIST(top_mean_kernels),
    .cases = NN_LIST(top_mean_cases),
};

NnVar nn_top_mean(NnGraph *g, NnVar x, float part)
{
    return nn_graph_apply(g, &nn_op_top_mean, &(const NnTopMeanAttr){ part }, 1, &x);
}
