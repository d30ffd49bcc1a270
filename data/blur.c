/* blur.c -- see blur.h. Rows first, into floats; then columns, a whole row of the result at a time. */
#include "data/blur.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/base/size.h"

void data_gaussian(float *kernel, int radius, double sigma)
{
    double sum = 0;
    for (int i = -radius; i <= radius; i++) sum += exp(-i * i / (2 * sigma * sigma));
    for (int i = -radius; i <= radius; i++) kernel[i + radius] = (float)(exp(-i * i / (2 * sigma * sigma)) / sum);
}

/* A row [3W] with what lies beyond its ends, into wide [3(W + 2 radius)]. */
static void widen(const unsigned char *row, int w, int radius, DataBorder border, float *wide)
{
    for (int x = -radius; x < w + radius; x++)
        for (int k = 0; k < 3; k++) wide[3 * (x + radius) + k] = row[3 * data_border_fold(x, w, border) + k];
}

/* out[x] += weight * in[x] */
NN_KERNEL_CLONES static void add_weighted(float *out, float weight, const float *in, size_t n)
{
    for (size_t x = 0; x < n; x++) out[x] += weight * in[x];
}

NN_KERNEL_CLONES static void round_row(const float *sum, size_t n, unsigned char *out)
{
    for (size_t x = 0; x < n; x++) out[x] = (unsigned char)(int)(sum[x] <= 0 ? 0 : sum[x] >= 255 ? 255 : sum[x] + 0.5f);
}

/* rows [H][3W], wide [3(W + 2 radius)] and sum [3W] are scratch. */
static void convolve(DataImage *img, const float *kernel, int radius, DataBorder border, float *rows, float *wide,
                     float *sum)
{
    const size_t width = 3 * (size_t)img->w;
    for (int y = 0; y < img->h; y++) {
        float *out = rows + (size_t)y * width;
        widen(img->px + (size_t)y * width, img->w, radius, border, wide);
        memset(out, 0, width * sizeof *out);
        for (int i = 0; i <= 2 * radius; i++) add_weighted(out, kernel[i], wide + 3 * (size_t)i, width);
    }
    for (int y = 0; y < img->h; y++) {
        memset(sum, 0, width * sizeof *sum);
        for (int i = -radius; i <= radius; i++)
            add_weighted(sum, kernel[i + radius], rows + (size_t)data_border_fold(y + i, img->h, border) * width,
                         width);
        round_row(sum, width, img->px + (size_t)y * width);
    }
}

NnStatus data_image_convolve(DataImage *img, const float *kernel, int radius, DataBorder border, NnErr *err)
{
    float *rows = nn_alloc((size_t)img->w * (size_t)img->h, 3 * sizeof *rows);
    float *wide = nn_alloc((size_t)img->w + 2 * (size_t)radius, 3 * sizeof *wide);
    float *sum = nn_alloc((size_t)img->w, 3 * sizeof *sum);
    const int complete = rows && wide && sum;
    if (complete) convolve(img, kernel, radius, border, rows, wide, sum);
    free(rows);
    free(wide);
    free(sum);
    return complete ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory for blurring %d x %d pixels", img->w, img->h);
}
