/* conv_taps.h -- a convolution along one axis as a sum of shifted copies.
 *
 * Whatever the stride, the padding, the dilation or the enlargement: cut the axis that is written into `phases`
 * interleaved grids and the axis that is read into `split` interleaved grids, and every tap of the kernel becomes a
 * whole-numbered shift from one grid to another,
 *
 *      written[phases i + a]  =  sum over taps t of phase a:  weight[t] * read[split i + at[t]]
 *
 *      stride 2, forward                          nearest x2, then 3 taps, forward
 *      read     0 1 2 3 4 5 6     split 2         read     0   1   2          phases 2
 *      written  0   1   2         phases 1        enlarged 0 0 1 1 2 2        split 1
 *      3 taps at -1, 0, 1 of an axis              written  0 1 2 3 4 5
 *      of even and odd places                     even places read -1 (w0) and 0 (w1 + w2),
 *                                                 odd ones 0 (w0 + w1) and 1 (w2): two taps instead of three
 *
 * The input gradient is such a sum too, with the two axes' roles exchanged. Rows and columns are separate axes: a 2-d
 * tap is a pair, and its weight is the sum over both sets of kernel positions. */
#ifndef NN_CONV_TAPS_H
#define NN_CONV_TAPS_H

enum { NN_TAPS_MAX = 16, NN_PHASES_MAX = 8, NN_TAP_KERNEL_MAX = 16 };

/* The taps of one phase, ascending in `at`. */
typedef struct {
    int n;
    int at[NN_TAPS_MAX];
    unsigned from[NN_TAPS_MAX]; /* bit u: kernel position u is part of this tap's weight */
} NnTaps;

typedef struct {
    int split, phases;
    NnTaps phase[NN_PHASES_MAX];
    int first; /* the smallest `at` of all phases */
    int reach; /* grid places beyond a written one that are read: the largest (at - first) / split */
} NnAxis;

/* Can the two functions below describe it? kernel <= NN_TAP_KERNEL_MAX and so on; with an upsample above 1 for a
 * dilation of 1 only. */
int nn_axis_fits(int kernel, int stride, int upsample);

/* y from x: stride and upsample are not both above 1. */
NnAxis nn_axis_forward(int kernel, int stride, int pad, int dilation, int upsample);

/* dx from dy. */
NnAxis nn_axis_backward(int kernel, int stride, int pad, int dilation, int upsample);

/* Places of a written axis of `size` that belong to phase a: 0 .. count-1. */
static inline int nn_axis_count(const NnAxis *axis, int size, int a)
{
    return (size - a + axis->phases - 1) / axis->phases;
}

#endif
