/* test_pool.c -- the two kernels of max and average pooling, by rows of windows and window by window, must agree to
 * the bit: values, which element won, gradients; with ties, infinities and NaN. And of large windows, whose rows are
 * found by multiplying, the gradient goes where it belongs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/rng.h"
#include "nn/ops/pool.h"
#include "tests/check_main.h"

enum { N = 2, C = 5, MOST = N * C * 56 * 106, SCRATCH = 1 << 20 };

typedef struct {
    float y[MOST], saved[MOST], dx[MOST];
} Result;

static float x[MOST], dy[MOST], scratch[SCRATCH];
static Result by_rows, by_windows;

/* Few different values, so that there are ties, of 0 and -0 too; the planes of channel 1 are -infinity but for some
 * values, one of channel 2 holds NaN. */
static void draw(int H, int W, uint32_t item)
{
    NnRng r = nn_rng_make(11, NN_STREAM_TEST, 0, item);
    const int plane = H * W;
    for (int i = 0; i < N * C * plane; i++) {
        const uint32_t kind = nn_rng_below(&r, 8);
        x[i] = (float)nn_rng_below(&r, 5) - 2;
        if (x[i] == 0 && kind < 4) x[i] = -x[i];
        if (i / plane % C == 1 && kind) x[i] = -INFINITY;
        if (i / plane == 2 && kind == 7) x[i] = NAN;
        if (i / plane % C == 3) x[i] = nn_rng_normal(&r);
        dy[i] = nn_rng_normal(&r);
    }
}

static void run(const NnOp *op, const NnKernel *kernel, NnShape shape, const NnPoolAttr *attr, Result *to)
{
    NnFwd f = {
        .n_in = 1, .x = { x }, .xs = { shape }, .y = to->y, .saved = to->saved, .scratch = scratch, .attr = attr
    };
    ck_assert_int_eq(op->shape(&shape, 1, attr, &f.ys, NULL), NN_OK);
    if (kernel->scratch) ck_assert_uint_le(kernel->scratch(&shape, 1, f.ys, attr, kernel->how), SCRATCH);
    kernel->forward(&f);
    NnBwd b = { .n_in = 1, .xs = { shape }, .dy = dy, .ys = f.ys, .dx = { to->dx }, .saved = to->saved, .attr = attr };
    for (size_t i = 0; i < nn_shape_len(shape); i++) to->dx[i] = (float)(i % 7);
    kernel->backward(&b);
}

static void compare(const NnOp *op, int H, int W, NnPoolAttr a)
{
    const NnShape shape = { 4, { N, C, H, W } };
    const NnKernel *rows = &op->kernels[0], *windows = &op->kernels[1];
    draw(H, W, (uint32_t)(H * 1000 + W));
    ck_assert_msg(rows->fits(&shape, 1, &a, rows->how), "%s: %d by %d does not fit", op->name, H, W);
    memset(&by_rows, 0, sizeof by_rows), memset(&by_windows, 0, sizeof by_windows);
    run(op, rows, shape, &a, &by_rows);
    run(op, windows, shape, &a, &by_windows);
    const char *const what = memcmp(by_rows.y, by_windows.y, sizeof by_rows.y)               ? "y"
                             : memcmp(by_rows.saved, by_windows.saved, sizeof by_rows.saved) ? "saved"
                             : memcmp(by_rows.dx, by_windows.dx, sizeof by_rows.dx)          ? "dx"
                                                                                             : NULL;
    ck_assert_msg(!what, "%s %dx%d, size %d, stride %d, pad %d: %s differs", op->name, H, W, a.size, a.stride, a.pad,
                  what);
}

START_TEST(test_same_bits)
{
    static const NnOp *const ops[] = { &nn_op_max_pool, &nn_op_avg_pool };
    static const int sizes[][2] = { { 16, 33 }, { 17, 18 }, { 40, 90 }, { 19, 64 } };
    for (int o = 0; o < 2; o++)
        for (int s = 0; s < 4; s++)
            for (int size = 1; size <= 16; size += size < 5 ? 1 : 11)
                for (int stride = 1; stride <= 2; stride++)
                    for (int pad = 0; pad < size; pad += 1 + pad)
                        if (sizes[s][1] + 2 * pad - size >= 7 * stride && sizes[s][0] + 2 * pad >= size)
                            compare(ops[o], sizes[s][0], sizes[s][1], (NnPoolAttr){ size, stride, pad });
}
END_TEST

/* The gradient goes to the element that won, at both ends of every row of a window. */
START_TEST(test_winner_of_large_windows)
{
    static const int sizes[] = { 17, 49, 98, 103 }; /* 1 / 49, 1 / 98 and 1 / 103, rounded, are too small */
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int end = 0; end < 2 * sizes[s]; end++) {
            /* One window, which leaves out the last column. */
            const int size = sizes[s], W = size + 1, n = size * W, won = end / 2 * W + (end % 2 ? size - 1 : 0);
            int right = 0;
            memset(x, 0, sizeof *x * (size_t)n);
            x[won] = dy[0] = 1;
            run(&nn_op_max_pool, &nn_op_max_pool.kernels[1], (NnShape){ 4, { 1, 1, size, W } },
                &(NnPoolAttr){ size, 2, 0 }, &by_windows);
            for (int i = 0; i < n; i++) right += by_windows.dx[i] == (float)(i % 7) + (float)(i == won);
            ck_assert_msg(right == n, "size %d: %d has won, but the gradient is elsewhere", size, won);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *t = tcase_create("pool");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_same_bits);
    tcase_add_test(t, test_winner_of_large_windows);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
