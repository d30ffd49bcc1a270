/* arithmetic.c -- y = a + b, a - b, a b, with b broadcast.
 *
 * Both tensors are cut into rows: the longest run of trailing dimensions over which b is either whole (it advances
 * with a) or a single value. Which row of b meets a row of a follows from the dimensions before. */
#include "nn/ops/arithmetic.h"

#include <string.h>

#include "nn/base/parallel.h"
#include "nn/ops/case_shapes.h"
#include "nn/ops/vec.h"

enum { OUTER = NN_MAX_DIM };

typedef struct {
    size_t len;          /* elements of a row of a */
    size_t rows, b_rows; /* in a; in b */
    size_t b_len;        /* elements of a row of b: len, or 1 */
    size_t dim[OUTER];   /* outer dimensions of a */
    size_t b_dim[OUTER]; /* those of b: the same, or 1 */
} Rows;

static int is_whole(const NnShape *xs, int d)
{
    return xs[1].d[d] == xs[0].d[d];
}

static Rows rows_make(const NnShape *xs)
{
    Rows r = { 1, 1, 1, 1, { 1, 1, 1, 1 }, { 1, 1, 1, 1 } };
    int d = xs[0].n - 1;
    while (d > 0 && xs[0].d[d] == 1) d--;
    const int whole = is_whole(xs, d);
    for (; d >= 0 && (is_whole(xs, d) == whole || xs[0].d[d] == 1); d--) {
        r.len *= (size_t)xs[0].d[d];
        r.b_len *= (size_t)xs[1].d[d];
    }
    for (int i = 0; i <= d; i++) {
        r.dim[i] = (size_t)xs[0].d[i], r.b_dim[i] = (size_t)xs[1].d[i];
        r.rows *= r.dim[i], r.b_rows *= r.b_dim[i];
    }
    return r;
}

/* The row of b that meets row `row` of a. */
static size_t b_row_of(const Rows *r, size_t row)
{
    size_t b_row = 0, stride = 1;
    for (int i = OUTER - 1; i >= 0; i--) {
        const size_t at = row % r->dim[i];
        if (r->b_dim[i] > 1) b_row += at * stride;
        stride *= r->b_dim[i];
        row /= r->dim[i];
    }
    return b_row;
}

/* The t-th row of a that meets row b_row of b; t = 0 .. rows / b_rows - 1, in rising order. */
static size_t a_row_of(const Rows *r, size_t b_row, size_t t)
{
    size_t row = 0, stride = 1;
    for (int i = OUTER - 1; i >= 0; i--) {
        const int repeated = r->b_dim[i] == 1;
        const size_t at = repeated ? t % r->dim[i] : b_row % r->dim[i];
        if (repeated) t /= r->dim[i];
        else b_row /= r->dim[i];
        row += at * stride;
        stride *= r->dim[i];
    }
    return row;
}

/* One part of a row: n elements of a, against as many of b or against one value of it. */
typedef void (*ForwardPart)(float *y, const float *a, const float *b, int b_step, size_t n);

static void run_forward(const NnFwd *k, ForwardPart part)
{
    const Rows r = rows_make(k->xs);
    const size_t parts = nn_vec_parts(r.len);
    const int step = r.b_len == r.len;
#pragma omp parallel for num_threads(nn_threads()) if (r.rows * r.len >= NN_PARALLEL_MIN)
    for (size_t i = 0; i < r.rows * parts; i++) {
        const size_t row = i / parts, from = i % parts * NN_VEC_PART, at = row * r.len + from;
        const float *b = k->x[1] + b_row_of(&r, row) * r.b_len + (step ? from : 0);
        part(k->y + at, k->x[0] + at, b, step, nn_vec_part_len(r.len, i % parts));
    }
}

#define FORWARD_PART(name, operation)                                                                                  \
    NN_KERNEL_CLONES static void name##_part(float *restrict y, const float *restrict a, const float *restrict b,      \
                                             int step, size_t n)                                                       \
    {                                                                                                                  \
        if (step)                                                                                                      \
            for (size_t i = 0; i < n; i++) y[i] = a[i] operation b[i];                                                 \
        else                                                                                                           \
            for (size_t i = 0; i < n; i++) y[i] = a[i] operation b[0];                                                 \
    }                                                                                                                  \
    static void name##_forward(const NnFwd *k)                                                                         \
    {                                                                                                                  \
        run_forward(k, name##_part);                                                                                   \
    }

FORWARD_PART(add, +)
FORWARD_PART(sub, -)
FORWARD_PART(mul, *)

/* ---- backward ---- */

NN_KERNEL_CLONES static void add_product(float *restrict y, const float *restrict a, const float *restrict b, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += a[i] * b[i];
}

/* da += dy, for add and sub. */
static void add_backward_a(const NnBwd *k)
{
    const size_t n = nn_shape_len(k->ys), parts = nn_vec_parts(n);
#pragma omp parallel for num_threads(nn_threads()) if (n >= NN_PARALLEL_MIN)
    for (size_t i = 0; i < parts; i++) {
        const size_t at = i * NN_VEC_PART, len = nn_vec_part_len(n, i);
        if (k->fresh & 1) memcpy(k->dx[0] + at, k->dy + at, len * sizeof(float));
        else nn_vec_add(k->dx[0] + at, k->dy + at, len);
    }
}

/* da += dy b. */
static void mul_backward_a(const NnBwd *k)
{
    const Rows r = rows_make(k->xs);
    const size_t parts = nn_vec_parts(r.len);
#pragma omp parallel for num_threads(nn_threads()) if (r.rows * r.len >= NN_PARALLEL_MIN)
    for (size_t i = 0; i < r.rows * parts; i++) {
        const size_t row = i / parts, from = i % parts * NN_VEC_PART, at = row * r.len + from;
        const size_t n = nn_vec_part_len(r.len, i % parts);
        const float *b = k->x[1] + b_row_of(&r, row) * r.b_len;
        if (k->fresh & 1) nn_vec_clear(k->dx[0] + at, n);
        if (r.b_len == r.len) add_product(k->dx[0] + at, k->dy + at, b + from, n);
        else nn_vec_add_scaled(k->dx[0] + at, b[0], k->dy + at, n);
    }
}

/* Part p of row b_row of db: the sum, in rising order, over all rows of a that meet it, of dy (times a, for mul). */
static void backward_b_row(const NnBwd *k, const Rows *r, size_t b_row, size_t p, float sign, int times_a)
{
    const int whole = r->b_len == r->len;
    const size_t from = whole ? p * NN_VEC_PART : 0, n = whole ? nn_vec_part_len(r->len, p) : r->len;
    float *db = k->dx[1] + b_row * r->b_len + from;
    double sum = 0;
    if (k->fresh & 2) nn_vec_clear(db, whole ? n : 1);
    for (size_t t = 0; t < r->rows / r->b_rows; t++) {
        const size_t at = a_row_of(r, b_row, t) * r->len + from;
        const float *dy = k->dy + at, *a = times_a ? k->x[0] + at : NULL;
        if (!whole) sum += a ? nn_vec_dot(dy, a, n) : nn_vec_sum(dy, n);
        else if (a) add_product(db, dy, a, n);
        else nn_vec_add_scaled(db, sign, dy, n);
    }
    if (!whole) db[0] += sign * (float)sum;
}

static void run_backward_b(const NnBwd *k, float sign, int times_a)
{
    const Rows r = rows_make(k->xs);
    const size_t parts = r.b_len == r.len ? nn_vec_parts(r.len) : 1;
#pragma omp parallel for num_threads(nn_threads()) if (r.rows * r.len >= NN_PARALLEL_MIN)
    for (size_t i = 0; i < r.b_rows * parts; i++) backward_b_row(k, &r, i / parts, i % parts, sign, times_a);
}

static void add_backward(const NnBwd *k)
{
    if (k->dx[0]) add_backward_a(k);
    if (k->dx[1]) run_backward_b(k, 1, 0);
}

static void sub_backward(const NnBwd *k)
{
    if (k->dx[0]) add_backward_a(k);
    if (k->dx[1]) run_backward_b(k, -1, 0);
}

static void mul_backward(const NnBwd *k)
{
    if (k->dx[0]) mul_backward_a(k);
    if (k->dx[1]) run_backward_b(k, 1, 1);
}

/* ---- shapes, cases, descriptors ---- */

static NnStatus broadcast_shape(const char *op, const NnShape *xs, NnShape *ys, NnErr *err)
{
    char a[64], b[64];
    int fits = xs[0].n == xs[1].n;
    for (int i = 0; fits && i < xs[0].n; i++) fits = xs[1].d[i] == 1 || is_whole(xs, i);
    if (!fits)
        return nn_fail(err, NN_ERR_SHAPE, "%s: b %s does not fit a %s; each dimension must be equal, or 1 in b", op,
                       nn_shape_text(xs[1], b), nn_shape_text(xs[0], a));
    *ys = xs[0];
    return NN_OK;
}

/* clang-format off */
#define A4 IMAGE(2, 3, 4, 5)
#define BIG IMAGE(2, 3, 67, 65)

/* The shapes that all three are tested with. */
#define BROADCAST_CASES                                                      \
    { "same shape", { A4, A4 }, DRAWN },                                     \
    { "vector", { VECTOR(7), VECTOR(7) }, DRAWN },                           \
    { "one value of a vector", { VECTOR(7), VECTOR(1) }, DRAWN },            \
    { "over positions", { A4, IMAGE(2, 3, 1, 1) }, DRAWN },                  \
    { "over channels", { A4, IMAGE(2, 1, 4, 5) }, DRAWN },                   \
    { "over all but samples", { A4, IMAGE(2, 1, 1, 1) }, DRAWN },            \
    { "over all but channels", { A4, IMAGE(1, 3, 1, 1) }, DRAWN },           \
    { "over all", { A4, IMAGE(1, 1, 1, 1) }, DRAWN },                        \
    { "over samples", { A4, IMAGE(1, 3, 4, 5) }, DRAWN },                    \
    { "over rows", { A4, IMAGE(2, 3, 1, 5) }, DRAWN },                       \
    { "over columns", { A4, IMAGE(2, 3, 4, 1) }, DRAWN },                    \
    { "over samples and rows", { A4, IMAGE(1, 3, 1, 5) }, DRAWN },           \
    { "columns alone", { A4, IMAGE(1, 1, 1, 5) }, DRAWN },                   \
    { "last is 1", { IMAGE(2, 3, 4, 1), IMAGE(2, 1, 4, 1) }, DRAWN },        \
    { "large", { BIG, BIG }, DRAWN },                                        \
    { "large over channels", { BIG, IMAGE(2, 1, 67, 65) }, DRAWN },          \
    { "large over positions", { BIG, IMAGE(1, 3, 1, 1) }, DRAWN },           \
    { "other count", { A4, IMAGE(2, 3, 4, 4) }, .want = NN_ERR_SHAPE },      \
    { "a smaller", { IMAGE(2, 1, 4, 5), A4 }, .want = NN_ERR_SHAPE },        \
    { "other dimensions", { A4, { 3, { 3, 4, 5 } } }, .want = NN_ERR_SHAPE }

#define MATRIX_AND_ROW { { 2, { 2, 2 } }, { 2, { 1, 2 } } }
/* clang-format on */

static const NnOpCase add_cases[] = {
    { "by hand", MATRIX_AND_ROW, .in = { VALUES(1, 2, 3, 4), VALUES(10, -1) }, .y = VALUES(11, 1, 13, 3),
      .dx0 = VALUES(1, 1, 1, 1) },
    BROADCAST_CASES,
};
static const NnOpCase sub_cases[] = {
    { "by hand", MATRIX_AND_ROW, .in = { VALUES(1, 2, 3, 4), VALUES(10, -1) }, .y = VALUES(-9, 3, -7, 5),
      .dx0 = VALUES(1, 1, 1, 1) },
    BROADCAST_CASES,
};
static const NnOpCase mul_cases[] = {
    { "by hand", MATRIX_AND_ROW, .in = { VALUES(1, 2, 3, 4), VALUES(10, -1) }, .y = VALUES(10, -2, 30, -4),
      .dx0 = VALUES(10, -1, 10, -1) },
    BROADCAST_CASES,
};

#define ARITHMETIC(id, declared_reads)                                                                                 \
    static NnStatus id##_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)                 \
    {                                                                                                                  \
        (void)n_in, (void)attr;                                                                                        \
        return broadcast_shape(#id, xs, ys, err);                                                                      \
    }                                                                                                                  \
    static const NnKernel id##_kernels[] = { { .forward = id##_forward, .backward = id##_backward } };                 \
    const NnOp nn_op_##id = { .name = #id,                                                                             \
                              .min_in = 2,                                                                             \
                              .max_in = 2,                                                                             \
                              .reads = declared_reads,                                                                 \
                              .overwrites = 3,                                                                         \
                              .shape = id##_shape,                                                                     \
                              .kernels = NN_LIST(id##_kernels),                                                        \
                              .cases = NN_LIST(id##_cases) };

ARITHMETIC(add, 0)
ARITHMETIC(sub, 0)
ARITHMETIC(mul, NN_READS_X0 | NN_READS_X1)

NnVar nn_add(NnGraph *g, NnVar a, NnVar b)
{
    return nn_graph_apply(g, &nn_op_add, NULL, 2, (const NnVar[]){ a, b });
}

NnVar nn_sub(NnGraph *g, NnVar a, NnVar b)
{
    return nn_graph_apply(g, &nn_op_sub, NULL, 2, (const NnVar[]){ a, b });
}

NnVar nn_mul(NnGraph *g, NnVar a, NnVar b)
{
    return nn_graph_apply(g, &nn_op_mul, NULL, 2, (const NnVar[]){ a, b });
}
