/* conv_taps.c -- see conv_taps.h. */
#include "nn/ops/conv_taps.h"

static int floor_div(int a, int b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

/* Kernel position u reads at `at`: a tap of its own, or part of the one that is there. Keeps the order. */
static void add_tap(NnTaps *t, int at, int u)
{
    int i = 0;
    while (i < t->n && t->at[i] < at) i++;
    if (i == t->n || t->at[i] != at) {
        for (int k = t->n++; k > i; k--) t->at[k] = t->at[k - 1], t->from[k] = t->from[k - 1];
        t->at[i] = at, t->from[i] = 0;
    }
    t->from[i] |= 1u << u;
}

static void find_reach(NnAxis *axis)
{
    int some = 0, last = 0;
    for (int a = 0; a < axis->phases; a++) {
        const NnTaps *t = &axis->phase[a];
        if (!t->n) continue;
        if (!some || t->at[0] < axis->first) axis->first = t->at[0];
        if (!some || t->at[t->n - 1] > last) last = t->at[t->n - 1];
        some = 1;
    }
    axis->reach = some ? (last - axis->first) / axis->split : 0;
}

int nn_axis_fits(int kernel, int stride, int upsample)
{
    return kernel <= NN_TAP_KERNEL_MAX && stride <= NN_PHASES_MAX && upsample <= NN_PHASES_MAX &&
           kernel + upsample - 1 <= NN_TAPS_MAX;
}

/* y[r] reads the enlarged x at stride r + dilation u - pad, which is x[that / upsample]. */
NnAxis nn_axis_forward(int kernel, int stride, int pad, int dilation, int upsample)
{
    NnAxis axis = { .split = stride, .phases = upsample };
    for (int a = 0; a < axis.phases; a++)
        for (int u = 0; u < kernel; u++) add_tap(&axis.phase[a], floor_div(a + u * dilation - pad, upsample), u);
    find_reach(&axis);
    return axis;
}

/* dx[q] collects dy[r] wherever y[r] read x[q]. With a stride that is r = (q + pad - dilation u) / stride, for those u
 * that leave no remainder; with an enlargement r = upsample q + e + pad - dilation u, for e = 0 .. upsample-1. */
NnAxis nn_axis_backward(int kernel, int stride, int pad, int dilation, int upsample)
{
    NnAxis axis = { .split = upsample, .phases = stride };
    for (int a = 0; a < axis.phases; a++)
        for (int u = 0; u < kernel; u++)
            for (int e = 0; e < upsample; e++) {
                const int r = a + e + pad - dilation * u;
                if (floor_div(r, stride) * stride == r) add_tap(&axis.phase[a], floor_div(r, stride), u);
            }
    find_reach(&axis);
    return axis;
}
