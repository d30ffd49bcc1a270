/* random_blur.c -- see random_blur.h. */
#include "train/random_blur.h"

#include "nn/base/parallel.h"
#include "nn/base/rng.h"

enum { KNOT = 8 }; /* pixels between knots */

float train_blur_precision(float sigma)
{
    const float square = sigma * sigma;
    return square * TRAIN_PRECISION_MAX > 1 ? 1 / square : TRAIN_PRECISION_MAX;
}

/* Knot k of the map: a draw of its own, so that nothing has to be stored. */
static float knot(NnRng rng, uint32_t k, float sigma)
{
    nn_rng_seek(&rng, k);
    return nn_rng_range(&rng, 0, sigma);
}

/* The KNOT x KNOT pixels, or what of them is inside, right of and below knot (a,b) of a lattice `across` wide. */
static void draw_cell(NnRng rng, int a, int b, int across, float sigma, int size, float *s)
{
    const uint32_t k = (uint32_t)(a * across + b);
    const float at[4] = { knot(rng, k, sigma), knot(rng, k + 1, sigma), knot(rng, k + (uint32_t)across, sigma),
                          knot(rng, k + (uint32_t)across + 1, sigma) };
    for (int i = a * KNOT; i < (a + 1) * KNOT && i < size; i++)
        for (int j = b * KNOT; j < (b + 1) * KNOT && j < size; j++) {
            const float u = (float)(i % KNOT) / KNOT, v = (float)(j % KNOT) / KNOT;
            const float top = at[0] + v * (at[1] - at[0]), bottom = at[2] + v * (at[3] - at[2]);
            s[i * size + j] = train_blur_precision(top + u * (bottom - top));
        }
}

void train_blur_random(uint64_t seed, uint32_t number, float sigma, int n, int size, float *s)
{
    const int cells = (size + KNOT - 1) / KNOT;
#pragma omp parallel for num_threads(nn_threads())
    for (int m = 0; m < n; m++) {
        const NnRng rng = nn_rng_make(seed, NN_STREAM_BLUR, number, (uint32_t)m);
        for (int a = 0; a < cells; a++)
            for (int b = 0; b < cells; b++)
                draw_cell(rng, a, b, cells + 1, sigma, size, s + (size_t)m * (size_t)size * (size_t)size);
    }
}

void train_blur_uniform(uint64_t seed, uint32_t number, float sigma, int n, int size, float *s)
{
    const size_t pixels = (size_t)size * (size_t)size;
    for (int m = 0; m < n; m++) {
        NnRng rng = nn_rng_make(seed, NN_STREAM_BLUR, number, (uint32_t)m);
        const float precision = train_blur_precision(nn_rng_range(&rng, 0, sigma));
        for (size_t i = 0; i < pixels; i++) s[(size_t)m * pixels + i] = precision;
    }
}
