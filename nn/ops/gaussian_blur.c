/* gaussian_blur.c -- a Gaussian blur whose width differs from pixel to pixel; formulas in gaussian_blur.h.
 *
 * The weights of a pixel are a product, w(u,v) = q(|u|) q(|v|) with q(a) ~ exp(-a^2 s / 2) and q(0) + 2 q(1) + ... = 1.
 * As s changes from pixel to pixel that is no convolution; but a whole row of outputs is a short sum of shifted rows,
 * each times a row of q, and such sums vectorise:
 *
 *     y(j) = sum over a of q_a(j) t_a(j),    t_a(j) = q_0(j) p_a(j) + sum over b of q_b(j) (p_a(j-b) + p_a(j+b)),
 *
 * p_a = x's row i-a plus its row i+a (for a = 0 the row itself). */
#include "nn/ops/gaussian_blur.h"

#include "nn/base/parallel.h"
#include "nn/ops/case_shapes.h"
#include "nn/ops/cut.h"
#include "nn/ops/fast_math.h"
#include "nn/ops/vec.h"

typedef struct {
    int kernel;
} BlurAttr;

enum { IMAGE_IN, PRECISION_IN };

/* Rows are blurred in strips of so many columns, whose weights and pairs of rows fit the stack. */
enum { STRIP = 256, R_MAX = 3 };

typedef struct {
    int N, C, H, W, r; /* r: the kernel reaches so far */
    size_t plane;
} Geom;

/* n columns of row i from column j0 on, and their weights. */
typedef struct {
    int i, j0, n;
    float q[R_MAX + 1][STRIP];
} Strip;

/* A row with r more columns at both ends: its column j is at[R_MAX + j]. */
typedef struct {
    float at[STRIP + 2 * R_MAX];
} WideRow;

static Geom geom_make(NnShape x, const void *attr)
{
    return (
        Geom){ x.d[0], x.d[1], x.d[2], x.d[3], ((const BlurAttr *)attr)->kernel / 2, (size_t)x.d[2] * (size_t)x.d[3] };
}

static NnStatus blur_shape(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err)
{
    (void)n_in;
    char found[64];
    const NnShape x = xs[IMAGE_IN], want = { 4, { x.d[0], 1, x.d[2], x.d[3] } };
    const int kernel = ((const BlurAttr *)attr)->kernel;
    if (kernel != 3 && kernel != 5 && kernel != 7)
        return nn_fail(err, NN_ERR_CONFIG, "gaussian_blur: kernel %d, expected 3, 5 or 7", kernel);
    if (x.n != 4)
        return nn_fail(err, NN_ERR_SHAPE, "gaussian_blur: want images [N,C,H,W], got %s", nn_shape_text(x, found));
    if (!nn_shape_equal(xs[PRECISION_IN], want))
        return nn_fail(err, NN_ERR_SHAPE, "gaussian_blur: precision %s, expected [%d,1,%d,%d], one map an image",
                       nn_shape_text(xs[PRECISION_IN], found), x.d[0], x.d[2], x.d[3]);
    if (x.d[2] <= kernel / 2 || x.d[3] <= kernel / 2)
        return nn_fail(err, NN_ERR_SHAPE, "gaussian_blur: images of %dx%d are too small to be reflected by kernel %d",
                       x.d[2], x.d[3], kernel);
    *ys = x;
    return NN_OK;
}

static double blur_flops(const NnShape *xs, int n_in, NnShape ys, const void *attr)
{
    (void)xs, (void)n_in;
    const double kernel = ((const BlurAttr *)attr)->kernel;
    return 2 * kernel * kernel * (double)nn_shape_len(ys);
}

/* ---- rows ---- */

/* -1 is 1, and n is n - 2. */
NN_KERNEL_PART int reflect(int i, int n)
{
    return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i;
}

/* The strip at row i, column j0 of a precision map [H,W]: its weights. */
NN_KERNEL_PART void strip_start(const Geom *g, const float *precision, int i, int j0, int r, Strip *t)
{
    const float *row = precision + (size_t)i * (size_t)g->W + (size_t)j0;
    t->i = i, t->j0 = j0, t->n = nn_min_int(g->W - j0, STRIP);
    for (int j = 0; j < t->n; j++) {
        const float s = row[j] < 0 ? 0 : row[j];
        float e[R_MAX + 1], sum = 1;
        for (int a = 1; a <= r; a++) e[a] = nn_exp_down(-0.5f * (float)(a * a) * s), sum += 2 * e[a];
        t->q[0][j] = 1 / sum;
        for (int a = 1; a <= r; a++) t->q[a][j] = e[a] / sum;
    }
}

/* p_a of plane x. */
NN_KERNEL_PART void add_rows(const Geom *g, const Strip *t, const float *x, int a, int r, WideRow *p)
{
    const float *above = x + (size_t)reflect(t->i - a, g->H) * (size_t)g->W;
    const float *below = x + (size_t)reflect(t->i + a, g->H) * (size_t)g->W;
    const float keep = a ? 1.0f : 0.0f; /* a = 0: above and below are one row, which counts once */
    for (int j = 0; j < t->n; j++) p->at[R_MAX + j] = a ? above[t->j0 + j] + below[t->j0 + j] : above[t->j0 + j];
    for (int b = 1; b <= r; b++) {
        const int left = reflect(t->j0 - b, g->W), right = reflect(t->j0 + t->n - 1 + b, g->W);
        p->at[R_MAX - b] = above[left] + keep * below[left];
        p->at[R_MAX + t->n - 1 + b] = above[right] + keep * below[right];
    }
}

/* t_a at column j. */
NN_KERNEL_PART float along(const Strip *t, const WideRow *p, int j, int r)
{
    float sum = t->q[0][j] * p->at[R_MAX + j];
    for (int b = 1; b <= r; b++) sum += t->q[b][j] * (p->at[R_MAX + j - b] + p->at[R_MAX + j + b]);
    return sum;
}

/* The same with every term times b^2. */
NN_KERNEL_PART float along_squares(const Strip *t, const WideRow *p, int j, int r)
{
    float sum = 0;
    for (int b = 1; b <= r; b++) sum += (float)(b * b) * t->q[b][j] * (p->at[R_MAX + j - b] + p->at[R_MAX + j + b]);
    return sum;
}

/* ---- forward ---- */

NN_KERNEL_PART void blur_strip(const Geom *g, const Strip *t, const float *x, int r, float *restrict y)
{
    WideRow p;
    for (int a = 0; a <= r; a++) {
        add_rows(g, t, x, a, r, &p);
        for (int j = 0; j < t->n; j++) {
            const float part = t->q[a][j] * along(t, &p, j, r);
            y[j] = a ? y[j] + part : part;
        }
    }
}

/* Row i of all channels of one image. */
NN_KERNEL_PART void blur_row_of(const Geom *g, const float *x, const float *precision, int i, int r, float *y)
{
    Strip t;
    for (int j0 = 0; j0 < g->W; j0 += STRIP) {
        strip_start(g, precision, i, j0, r, &t);
        for (int c = 0; c < g->C; c++)
            blur_strip(g, &t, x + (size_t)c * g->plane, r,
                       y + (size_t)c * g->plane + (size_t)i * (size_t)g->W + (size_t)j0);
    }
}

/* The reach spelt out lets the compiler unroll. */
NN_KERNEL_CLONES
static void blur_row(const Geom *g, const float *x, const float *precision, int i, float *y)
{
    if (g->r == 1) blur_row_of(g, x, precision, i, 1, y);
    else if (g->r == 2) blur_row_of(g, x, precision, i, 2, y);
    else blur_row_of(g, x, precision, i, 3, y);
}

static void blur_forward(const NnFwd *k)
{
    const Geom g = geom_make(k->ys, k->attr);
    const size_t image = (size_t)g.C * g.plane;
    const int rows = g.N * g.H;
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)g.N * image > NN_PARALLEL_MIN)
    for (int row = 0; row < rows; row++) {
        const size_t n = (size_t)(row / g.H);
        blur_row(&g, k->x[IMAGE_IN] + n * image, k->x[PRECISION_IN] + n * g.plane, row % g.H, k->y + n * image);
    }
}

/* ---- backward to the precision: every row is on its own ---- */

/* ds += dy * -1/2 (sum w d x - y sum w d), for one channel. With d = a^2 + b^2, sum w d x = sum_a q_a (a^2 t_a + t'_a),
 * t' with squares, and sum w d = 4 sum_a a^2 q_a. */
NN_KERNEL_PART void precision_strip(const Geom *g, const Strip *t, const float *x, const float *dy, int r,
                                    float *restrict ds)
{
    WideRow p;
    float y[STRIP], wdx[STRIP];
    for (int j = 0; j < t->n; j++) y[j] = wdx[j] = 0;
    for (int a = 0; a <= r; a++) {
        add_rows(g, t, x, a, r, &p);
        for (int j = 0; j < t->n; j++) {
            const float q = t->q[a][j], sum = along(t, &p, j, r);
            const float with_d = q * ((float)(a * a) * sum + along_squares(t, &p, j, r));
            y[j] += q * sum;
            wdx[j] += with_d;
        }
    }
    for (int j = 0; j < t->n; j++) {
        float wd = 0;
        for (int a = 1; a <= r; a++) wd += 4 * (float)(a * a) * t->q[a][j];
        ds[j] += -0.5f * dy[j] * (wdx[j] - wd * y[j]);
    }
}

NN_KERNEL_PART void precision_row_of(const Geom *g, const float *x, const float *precision, const float *dy, int i,
                                     int r, int fresh, float *ds)
{
    Strip t;
    float gained[STRIP];
    for (int j0 = 0; j0 < g->W; j0 += STRIP) {
        const size_t at = (size_t)i * (size_t)g->W + (size_t)j0;
        strip_start(g, precision, i, j0, r, &t);
        for (int j = 0; j < t.n; j++) gained[j] = 0;
        for (int c = 0; c < g->C; c++)
            precision_strip(g, &t, x + (size_t)c * g->plane, dy + (size_t)c * g->plane + at, r, gained);
        for (int j = 0; j < t.n; j++) {
            const float felt = precision[at + (size_t)j] < 0 ? 0 : gained[j];
            ds[at + (size_t)j] = fresh ? felt : ds[at + (size_t)j] + felt;
        }
    }
}

NN_KERNEL_CLONES
static void precision_row(const Geom *g, const float *x, const float *precision, const float *dy, int i, int fresh,
                          float *ds)
{
    if (g->r == 1) precision_row_of(g, x, precision, dy, i, 1, fresh, ds);
    else if (g->r == 2) precision_row_of(g, x, precision, dy, i, 2, fresh, ds);
    else precision_row_of(g, x, precision, dy, i, 3, fresh, ds);
}

static void precision_backward(const Geom *g, const NnBwd *k)
{
    const size_t image = (size_t)g->C * g->plane;
    const int rows = g->N * g->H, fresh = k->fresh >> PRECISION_IN & 1;
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)g->N * image > NN_PARALLEL_MIN)
    for (int row = 0; row < rows; row++) {
        const size_t n = (size_t)(row / g->H);
        precision_row(g, k->x[IMAGE_IN] + n * image, k->x[PRECISION_IN] + n * g->plane, k->dy + n * image, row % g->H,
                      fresh, k->dx[PRECISION_IN] + n * g->plane);
    }
}

/* ---- backward to the image: the adjoint, which spreads; every plane is one thread's ---- */

/* The adjoint of add_rows. */
NN_KERNEL_PART void spread_rows(const Geom *g, const Strip *t, const WideRow *p, int a, int r, float *dx)
{
    float *above = dx + (size_t)reflect(t->i - a, g->H) * (size_t)g->W;
    float *below = dx + (size_t)reflect(t->i + a, g->H) * (size_t)g->W;
    for (int j = 0; j < t->n; j++) above[t->j0 + j] += p->at[R_MAX + j];
    for (int j = 0; a && j < t->n; j++) below[t->j0 + j] += p->at[R_MAX + j];
    for (int b = 1; b <= r; b++) {
        const int left = reflect(t->j0 - b, g->W), right = reflect(t->j0 + t->n - 1 + b, g->W);
        above[left] += p->at[R_MAX - b];
        above[right] += p->at[R_MAX + t->n - 1 + b];
        if (a) below[left] += p->at[R_MAX - b];
        if (a) below[right] += p->at[R_MAX + t->n - 1 + b];
    }
}

NN_KERNEL_PART void spread_strip(const Geom *g, const Strip *t, const float *dy, int r, float *dx)
{
    WideRow p;
    for (int a = 0; a <= r; a++) {
        for (int j = -r; j < t->n + r; j++) p.at[R_MAX + j] = 0;
        for (int j = 0; j < t->n; j++) p.at[R_MAX + j] = t->q[a][j] * t->q[0][j] * dy[j];
        for (int b = 1; b <= r; b++) {
            for (int j = 0; j < t->n; j++) p.at[R_MAX + j - b] += t->q[a][j] * t->q[b][j] * dy[j];
            for (int j = 0; j < t->n; j++) p.at[R_MAX + j + b] += t->q[a][j] * t->q[b][j] * dy[j];
        }
        spread_rows(g, t, &p, a, r, dx);
    }
}

NN_KERNEL_PART void spread_plane_of(const Geom *g, const float *precision, const float *dy, int r, float *dx)
{
    Strip t;
    for (int i = 0; i < g->H; i++)
        for (int j0 = 0; j0 < g->W; j0 += STRIP) {
            strip_start(g, precision, i, j0, r, &t);
            spread_strip(g, &t, dy + (size_t)i * (size_t)g->W + (size_t)j0, r, dx);
        }
}

NN_KERNEL_CLONES
static void spread_plane(const Geom *g, const float *precision, const float *dy, float *dx)
{
    if (g->r == 1) spread_plane_of(g, precision, dy, 1, dx);
    else if (g->r == 2) spread_plane_of(g, precision, dy, 2, dx);
    else spread_plane_of(g, precision, dy, 3, dx);
}

static void image_backward(const Geom *g, const NnBwd *k)
{
    const int planes = g->N * g->C;
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)planes * g->plane > NN_PARALLEL_MIN)
    for (int p = 0; p < planes; p++) {
        const size_t at = (size_t)p * g->plane, map = (size_t)(p / g->C) * g->plane;
        if (k->fresh >> IMAGE_IN & 1) nn_vec_clear(k->dx[IMAGE_IN] + at, g->plane);
        spread_plane(g, k->x[PRECISION_IN] + map, k->dy + at, k->dx[IMAGE_IN] + at);
    }
}

static void blur_backward(const NnBwd *k)
{
    const Geom g = geom_make(k->ys, k->attr);
    if (k->dx[PRECISION_IN]) precision_backward(&g, k);
    if (k->dx[IMAGE_IN]) image_backward(&g, k);
}

static const NnKernel blur_kernels[] = { { .forward = blur_forward, .backward = blur_backward } };

/* ---- tests ---- */

/* clang-format off */
#define KERNEL(k) &(const BlurAttr){ k }
#define SQUARE(n, c, h, w) { IMAGE(n, c, h, w), IMAGE(n, 1, h, w) }
/* Precisions on both sides of 0, where the slope jumps. */
#define SIGNED .lo = -1, .hi = 3, .kink = 0, .kink_gap = 0.05f
#define HALF 1.38629436f /* 2 ln 2: q is 1/4, 1/2, 1/4 with kernel 3 */
/* clang-format on */

static const NnOpCase blur_cases[] = {
    /* One bright pixel in the middle; the border sees it from both sides. Precisions: a box, a binomial, nothing. */
    { "by hand", SQUARE(1, 1, 3, 3), .attr = KERNEL(3),
      .in = { VALUES(0, 0, 0, 0, 144, 0, 0, 0, 0), VALUES(0, HALF, 1e12f, HALF, 0, -5, HALF, 1e30f, 0) },
      .y = VALUES(64, 36, 0, 36, 16, 32, 36, 0, 64), .no_grad = 2 },
    { "gradient by hand", SQUARE(1, 1, 3, 3), .attr = KERNEL(3),
      .in = { VALUES(1, 2, 3, 4, 5, 6, 7, 8, 9), VALUES(HALF, HALF, HALF, HALF, HALF, HALF, HALF, HALF, HALF) },
      .y = VALUES(3, 3.5f, 4, 4.5f, 5, 5.5f, 6, 6.5f, 7),
      .dx0 = VALUES(.5625f, 1.125f, .5625f, 1.125f, 2.25f, 1.125f, .5625f, 1.125f, .5625f) },
    { "sharpest", SQUARE(1, 1, 2, 2), .attr = KERNEL(3),
      .in = { VALUES(1, -2, 3, 4), VALUES(1e12f, 1e20f, 3e38f, INFINITY) }, .y = VALUES(1, -2, 3, 4), .no_grad = 2 },
    { "kernel 3", SQUARE(2, 3, 7, 5), SIGNED, .attr = KERNEL(3) },
    { "kernel 5", SQUARE(2, 3, 5, 7), SIGNED, .attr = KERNEL(5) },
    { "kernel 7", SQUARE(2, 3, 9, 11), SIGNED, .attr = KERNEL(7) },
    { "smallest, kernel 3", SQUARE(2, 2, 2, 3), SIGNED, .attr = KERNEL(3) },
    { "smallest, kernel 5", SQUARE(1, 2, 3, 3), SIGNED, .attr = KERNEL(5) },
    { "smallest, kernel 7", SQUARE(1, 1, 5, 4), SIGNED, .attr = KERNEL(7) },
    { "one channel", SQUARE(3, 1, 4, 6), SIGNED, .attr = KERNEL(5) },
    { "large, kernel 3", SQUARE(3, 3, 43, 45), SIGNED, .attr = KERNEL(3) },
    { "large, kernel 7", SQUARE(3, 3, 45, 43), SIGNED, .attr = KERNEL(7) },
    { "wider than a strip", SQUARE(1, 2, 3, 2 * STRIP + 1), SIGNED, .attr = KERNEL(5) },
    { "kernel 4", SQUARE(1, 1, 8, 8), .attr = KERNEL(4), .want = NN_ERR_CONFIG },
    { "kernel 1", SQUARE(1, 1, 8, 8), .attr = KERNEL(1), .want = NN_ERR_CONFIG },
    { "rank", { { 3, { 3, 8, 8 } }, IMAGE(1, 1, 8, 8) }, .attr = KERNEL(3), .want = NN_ERR_SHAPE },
    { "a map for each channel", { IMAGE(2, 3, 8, 8), IMAGE(2, 3, 8, 8) }, .attr = KERNEL(3), .want = NN_ERR_SHAPE },
    { "a smaller map", { IMAGE(2, 3, 8, 8), IMAGE(2, 1, 8, 4) }, .attr = KERNEL(3), .want = NN_ERR_SHAPE },
    { "too low", SQUARE(1, 1, 3, 8), .attr = KERNEL(7), .want = NN_ERR_SHAPE },
    { "too narrow", SQUARE(1, 1, 8, 1), .attr = KERNEL(3), .want = NN_ERR_SHAPE },
};

const NnOp nn_op_gaussian_blur = {
    .name = "gaussian_blur",
    .min_in = 2,
    .max_in = 2,
    .reads = NN_READS_X0 | NN_READS_X1,
    .overwrites = 1 << IMAGE_IN | 1 << PRECISION_IN,
    .attr_size = sizeof(BlurAttr),
    .shape = blur_shape,
    .flops = blur_flops,
    .kernels = NN_LIST(blur_kernels),
    .cases = NN_LIST(blur_cases),
};

NnVar nn_gaussian_blur(NnGraph *g, NnVar image, NnVar precision, int kernel)
{
    return nn_graph_apply(g, &nn_op_gaussian_blur, &(const BlurAttr){ kernel }, 2, (const NnVar[]){ image, precision });
}
