/* dropout.c -- dropout (Srivastava et al. 2014), inverted. The mask is never stored: backward draws it again. */
#include "nn/ops/dropout.h"

#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/case_shapes.h"
#include "nn/ops/vec.h"

typedef struct {
    float p;
} Dropout;

enum { WORDS_PER_BLOCK = 4 }; /* of the generator; NN_VEC_PART is a multiple */

static NnStatus dropout_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in;
    const float p = ((const Dropout *)attr)->p;
    if (!(p >= 0 && p < 1)) return nn_fail(err, NN_ERR_CONFIG, "dropout: p = %g, expected 0 <= p < 1", (double)p);
    *ys = xs[0];
    return NN_OK;
}

/* The factors of part `part` of the tensor: 0 with probability p, else 1 / (1 - p). Element i takes word i of the
 * stream of this step and node, so any thread can draw any part. */
static void draw_factors(float *factor, size_t n, size_t part, const NnStep *s, float p)
{
    const float keep = 1.0f / (1.0f - p);
    NnRng rng = nn_rng_make(s->seed, NN_STREAM_DROPOUT, s->step, s->node);
    nn_rng_seek(&rng, (uint32_t)(part * (NN_VEC_PART / WORDS_PER_BLOCK)));
    for (size_t i = 0; i < n; i++) factor[i] = nn_rng_uniform(&rng) < p ? 0 : keep;
}

static void dropout_forward(const NnFwd *k)
{
    const size_t n = nn_shape_len(k->ys), parts = nn_vec_parts(n);
    const float p = ((const Dropout *)k->attr)->p;
    if (!k->step.train) {
        memcpy(k->y, k->x[0], n * sizeof *k->y);
        return;
    }
#pragma omp parallel for num_threads(nn_threads()) if (n >= NN_PARALLEL_MIN)
    for (size_t part = 0; part < parts; part++) {
        const size_t from = part * NN_VEC_PART, len = nn_vec_part_len(n, part);
        float factor[NN_VEC_PART];
        draw_factors(factor, len, part, &k->step, p);
        for (size_t i = 0; i < len; i++) k->y[from + i] = factor[i] * k->x[0][from + i];
    }
}

static void dropout_backward(const NnBwd *k)
{
    const size_t n = nn_shape_len(k->ys), parts = nn_vec_parts(n);
    const float p = k->step.train ? ((const Dropout *)k->attr)->p : 0; /* then every factor is 1 */
#pragma omp parallel for num_threads(nn_threads()) if (n >= NN_PARALLEL_MIN)
    for (size_t part = 0; part < parts; part++) {
        const size_t from = part * NN_VEC_PART, len = nn_vec_part_len(n, part);
        float factor[NN_VEC_PART];
        draw_factors(factor, len, part, &k->step, p);
        for (size_t i = 0; i < len; i++) k->dx[0][from + i] += factor[i] * k->dy[from + i];
    }
}

static const Dropout half = { 0.5f }, tenth = { 0.1f }, never = { 0 }, always = { 1 }, negative = { -0.1f };
static const NnOpCase dropout_cases[] = {
    { "p = 0 by hand",
      { { 1, { 3 } } },
      .attr = &never,
      .in = { VALUES(1, -2, 3) },
      .y = VALUES(1, -2, 3),
      .dx0 = VALUES(1, 1, 1) },
    { "inference by hand",
      { { 1, { 3 } } },
      .attr = &half,
      .in = { VALUES(1, -2, 3) },
      .y = VALUES(1, -2, 3),
      .dx0 = VALUES(1, 1, 1),
      .infer = 1 },
    { "images", { { 4, { 2, 3, 4, 5 } } }, .attr = &half, .lo = -1, .hi = 1 },
    { "large", { { 2, { 3, 7001 } } }, .attr = &tenth, .lo = -1, .hi = 1 },
    { "p = 1", { { 1, { 3 } } }, .attr = &always, .want = NN_ERR_CONFIG },
    { "p < 0", { { 1, { 3 } } }, .attr = &negative, .want = NN_ERR_CONFIG },
};

static const NnKernel dropout_kernels[] = { { .forward = dropout_forward, .backward = dropout_backward } };

const NnOp nn_op_dropout = {
    .name = "dropout",
    .min_in = 1,
    .max_in = 1,
    .attr_size = sizeof(Dropout),
    .shape = dropout_shape,
    .kernels = NN_LIST(dropout_kernels),
    .cases = NN_LIST(dropout_cases),
};

NnVar nn_dropout(NnGraph *g, NnVar x, float p)
{
    return nn_graph_apply(g, &nn_op_dropout, &(Dropout){ p }, 1, &x);
}
