/* conv_end.h -- what happens to a convolution's output while it is still in cache: bias, batch norm's scale and shift,
 * activation, or the first half of batch norm's statistics. */
#ifndef NN_CONV_END_H
#define NN_CONV_END_H
#include <stddef.h>

typedef struct {
    const float *scale, *shift; /* [O] each or NULL: y = scale y + shift; a bias is a shift */
    int activate;               /* 1: then y = y > 0 ? y : slope y (slope 0: ReLU) */
    float slope;
    /* [slots][O][3] or NULL: count, mean and sum of squared deviations from that mean, of the values of one item of
     * work. Squares are taken around the item's own mean: E[x^2] - E[x]^2 would cancel. */
    float *moments;
} NnConvEnd;

/* Floats of moments for `slots` items of O channels. */
size_t nn_conv_moments_len(int slots, int O);

/* Finish n values of channel o, in place and in this order: moments (into slot; ADDS to what earlier runs of the same
 * slot and channel left, so clear the slot first), scale and shift, activation. Does nothing for an empty end. */
void nn_conv_end_run(const NnConvEnd *end, int slot, int O, int o, float *y, size_t n);

/* Add n values to one slot and channel, whose three floats `at` points to. n >= 1. */
void nn_conv_moments_add(float *at, const float *x, size_t n);

/* Mean and variance (divided by the count) of channel o over all slots, in slot order and in double (Chan, Golub,
 * LeVeque 1983). Slots that were never used have count 0. */
void nn_conv_moments_merge(const float *moments, int slots, int O, int o, double *mean, double *variance);

#endif
