/* linear.c -- y = x w^T + b; shapes in linear.h.
 *
 * Every product is cut into blocks of output columns (or rows of dw), so that each is one thread's. */
#include "nn/ops/linear.h"

#include "nn/base/blas.h"
#include "nn/base/parallel.h"

static NnStatus linear_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)attr;
    char x[64], w[64];
    if (xs[0].n != 2 || xs[1].n != 2)
        return nn_fail(err, NN_ERR_SHAPE, "linear: want x [N,F] and w [O,F], got x %s, w %s", nn_shape_text(xs[0], x),
                       nn_shape_text(xs[1], w));
    if (xs[0].d[1] != xs[1].d[1])
        return nn_fail(err, NN_ERR_SHAPE, "linear: x has %d features, w expects %d", xs[0].d[1], xs[1].d[1]);
    if (n_in > 2 && (xs[2].n != 1 || xs[2].d[0] != xs[1].d[0]))
        return nn_fail(err, NN_ERR_SHAPE, "linear: want b [%d], got %s", xs[1].d[0], nn_shape_text(xs[2], x));
    *ys = (NnShape){ 2, { xs[0].d[0], xs[1].d[0] } };
    return nn_shape_check(*ys, err);
}

static double linear_flops(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)n_in, (void)attr;
    return 2.0 * xs[0].d[1] * (double)nn_shape_len(ys);
}

/* Columns of a product that one thread computes at a time; of few columns, narrower blocks, or one thread did it all. */
enum { BLOCK = 128, NARROW = 32 };

static int block_of(int n)
{
    return n >= 4 * BLOCK ? BLOCK : NARROW;
}

static int block_end(int begin, int n)
{
    return begin + block_of(n) < n ? begin + block_of(n) : n;
}

static void linear_forward(const NnFwd *k)
{
    const int N = k->ys.d[0], O = k->ys.d[1], F = k->xs[0].d[1];
    const float *b = k->n_in > 2 ? k->x[2] : NULL;
#pragma omp parallel for num_threads(nn_threads()) if ((double)N * O * F > NN_PARALLEL_MIN)
    for (int o0 = 0; o0 < O; o0 += block_of(O)) {
        const int o1 = block_end(o0, O);
        nn_gemm(0, 1, N, o1 - o0, F, k->x[0], F, k->x[1] + (size_t)o0 * (size_t)F, F, 0, k->y + o0, O);
        for (int n = 0; b && n < N; n++)
            for (int o = o0; o < o1; o++) k->y[(size_t)n * (size_t)O + (size_t)o] += b[o];
    }
}

/* dx += dy w */
static void add_dx(const NnBwd *k, int N, int O, int F)
{
#pragma omp parallel for num_threads(nn_threads()) if ((double)N * O * F > NN_PARALLEL_MIN)
    for (int f = 0; f < F; f += block_of(F))
        nn_gemm(0, 0, N, block_end(f, F) - f, O, k->dy, O, k->x[1] + f, F, 1, k->dx[0] + f, F);
}

/* dw += dy^T x */
static void add_dw(const NnBwd *k, int N, int O, int F)
{
#pragma omp parallel for num_threads(nn_threads()) if ((double)N * O * F > NN_PARALLEL_MIN)
    for (int o = 0; o < O; o += block_of(O))
        nn_gemm(1, 0, block_end(o, O) - o, F, N, k->dy + o, O, k->x[0], F, 1, k->dx[1] + (size_t)o * (size_t)F, F);
}

/* db += sum of dy over n */
static void add_db(const NnBwd *k, int N, int O)
{
    for (int n = 0; n < N; n++)
        for (int o = 0; o < O; o++) k->dx[2][o] += k->dy[(size_t)n * (size_t)O + (size_t)o];
}

static void linear_backward(const NnBwd *k)
{
    const int N = k->ys.d[0], O = k->ys.d[1], F = k->xs[0].d[1];
    if (k->dx[0]) add_dx(k, N, O, F);
    if (k->dx[1]) add_dw(k, N, O, F);
    if (k->n_in > 2 && k->dx[2]) add_db(k, N, O);
}

static const NnKernel linear_kernels[] = { { "blas", .forward = linear_forward, .backward = linear_backward } };

static const NnOpCase linear_cases[] = {
    { "by hand",
      { { 2, { 1, 3 } }, { 2, { 2, 3 } }, { 1, { 2 } } },
      .in = { (const float[]){ 1, 2, 3 }, (const float[]){ 1, 10, 100, 2, 0, -1 }, (const float[]){ .5f, 4 } },
      .y = (const float[]){ 321.5f, 3 },
      .dx0 = (const float[]){ 3, 10, 99 } },
    { "small", { { 2, { 3, 4 } }, { 2, { 5, 4 } }, { 1, { 5 } } }, .lo = -1, .hi = 1 },
    { "no bias", { { 2, { 3, 4 } }, { 2, { 5, 4 } } }, .lo = -1, .hi = 1 },
    { "one of each", { { 2, { 1, 1 } }, { 2, { 1, 1 } }, { 1, { 1 } } }, .lo = -1, .hi = 1 },
    { "many outputs", { { 2, { 2, 3 } }, { 2, { 300, 3 } }, { 1, { 300 } } }, .lo = -1, .hi = 1 },
    { "many features", { { 2, { 3, 300 } }, { 2, { 2, 300 } }, { 1, { 2 } } }, .lo = -1, .hi = 1 },
    { "large", { { 2, { 9, 150 } }, { 2, { 140, 150 } }, { 1, { 140 } } }, .lo = -1, .hi = 1 },
    { "features", { { 2, { 3, 4 } }, { 2, { 5, 6 } }, { 1, { 5 } } }, .want = NN_ERR_SHAPE },
    { "bias", { { 2, { 3, 4 } }, { 2, { 5, 4 } }, { 1, { 4 } } }, .want = NN_ERR_SHAPE },
    { "rank", { { 4, { 3, 4, 1, 1 } }, { 2, { 5, 4 } } }, .want = NN_ERR_SHAPE },
};

const NnOp nn_op_linear = {
    .name = "linear",
    .min_in = 2,
    .max_in = 3,
    .reads = NN_READS_X0 | NN_READS_X1,
    .shape = linear_shape,
    .flops = linear_flops,
    .kernels = NN_LIST(linear_kernels),
    .cases = NN_LIST(linear_cases),
};

NnVar nn_linear(NnGraph *g, NnVar x, NnVar w, NnVar b)
{
    const NnVar in[] = { x, w, b };
    return nn_graph_apply(g, &nn_op_linear, NULL, nn_var_is_some(b) ? 3 : 2, in);
}
