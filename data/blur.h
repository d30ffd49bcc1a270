/* blur.h -- convolution of an image with a separable kernel, and what lies beyond its border. */
#ifndef DATA_BLUR_H
#define DATA_BLUR_H
#include "data/image.h"

/* How an image goes on beyond its border: its edge twice, ... 1 0 | 0 1 2 ..., or once, ... 2 1 | 0 1 2 ... */
typedef enum { DATA_BORDER_TWICE, DATA_BORDER_ONCE } DataBorder;

/* Any index, folded back into 0..n-1. */
static inline int data_border_fold(int i, int n, DataBorder border)
{
    if (i >= 0 && i < n) return i;
    const int twice = border == DATA_BORDER_TWICE, period = n == 1 ? 1 : twice ? 2 * n : 2 * n - 2;
    const int r = (i % period + period) % period;
    return r < n ? r : period - twice - r;
}

/* kernel [2*radius+1] = exp(-i^2 / 2 sigma^2), divided by its sum. */
void data_gaussian(float *kernel, int radius, double sigma);

/* Convolve [H][W][3] in place along rows and columns with kernel [2*radius+1]; rounded once, at the end. ERR_NOMEM. */
NnStatus data_image_convolve(DataImage *img, const float *kernel, int radius, DataBorder border, NnErr *err);

#endif
