/* grain.h -- noise for every pixel of every image, cheap enough for that. */
#ifndef DATA_GRAIN_H
#define DATA_GRAIN_H
#include <stddef.h>

#include "data/image.h"
#include "nn/base/rng.h"

/* Film grain, nearly normal: mean 0, variance 1, within -3.5..3.5: the sum of the four bytes of one draw. */
static inline float data_grain_of(uint32_t w)
{
    return ((float)((w & 255) + (w >> 8 & 255) + (w >> 16 & 255) + (w >> 24)) - 510) / 147.8f;
}

static inline float data_grain(NnRng *rng)
{
    return data_grain_of(nn_rng_u32(rng));
}

/* out[i] = noise: n calls of data_grain; or of nn_rng_normal, to within 2e-6. */
void data_grain_fill(NnRng *rng, float *out, size_t n);
void data_normal_fill(NnRng *rng, float *out, size_t n);

/* Every level of the image plus sigma times a draw of its own, rounded and clamped to 0..255. */
void data_noise_add(DataImage *img, float sigma, NnRng *rng, void (*fill)(NnRng *rng, float *out, size_t n));

#endif
