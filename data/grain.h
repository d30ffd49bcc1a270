/* grain.h -- one draw of film grain: nearly normal, and cheap enough for every pixel of every image. */
#ifndef DATA_GRAIN_H
#define DATA_GRAIN_H
#include "nn/base/rng.h"

/* Mean 0, variance 1, within -3.5..3.5: the sum of the four bytes of one draw. */
static inline float data_grain(NnRng *rng)
{
    const uint32_t w = nn_rng_u32(rng);
    return ((float)((w & 255) + (w >> 8 & 255) + (w >> 16 & 255) + (w >> 24)) - 510) / 147.8f;
}

#endif
