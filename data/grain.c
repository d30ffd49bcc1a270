/* grain.c -- see grain.h. Plain loops over short runs of draws, which compilers make vectors of. */
#include "data/grain.h"

#include <math.h>
#include <string.h>

#include "nn/base/parallel.h"

enum { RUN = 512 };

NN_KERNEL_CLONES static void grain_of_words(const uint32_t *word, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = data_grain_of(word[i]);
}

/* Natural logarithm of u > 0: the exponent, and the series of artanh for what is left of it around 1. */
static inline float log_of(float u)
{
    uint32_t bits;
    float m;
    memcpy(&bits, &u, sizeof bits);
    const int32_t exponent = (int32_t)(bits - 0x3f3504f3u) >> 23; /* m lies in sqrt(1/2)..sqrt(2) */
    bits -= (uint32_t)exponent << 23;
    memcpy(&m, &bits, sizeof m);
    const float z = (m - 1) / (m + 1), q = z * z;
    return (float)exponent * 0.693147181f +
           2 * z * (1 + q * (1.0f / 3 + q * (1.0f / 5 + q * (1.0f / 7 + q * (1.0f / 9)))));
}

/* cos(2 pi v) for v in 0..1, as a sine of a quarter turn at most. */
static inline float cos_of_turns(float v)
{
    const float x = 6.28318531f * (fabsf(v - 0.5f) - 0.25f), q = x * x;
    return x *
           (1 + q * (-1.0f / 6 + q * (1.0f / 120 + q * (-1.0f / 5040 + q * (1.0f / 362880 + q * (-1.0f / 39916800))))));
}

/* Box and Muller, 1958, as nn_rng_normal has it: two words for one number. */
NN_KERNEL_CLONES static void normal_of_words(const uint32_t *word, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float u = 1 - (float)(int32_t)(word[2 * i] >> 8) * 0x1p-24f;
        const float v = (float)(int32_t)(word[2 * i + 1] >> 8) * 0x1p-24f;
        out[i] = sqrtf(-2 * log_of(u)) * cos_of_turns(v);
    }
}

void data_grain_fill(NnRng *rng, float *out, size_t n)
{
    uint32_t word[RUN];
    for (size_t at = 0; at < n; at += RUN) {
        const size_t run = n - at < RUN ? n - at : RUN;
        nn_rng_fill(rng, word, run);
        grain_of_words(word, out + at, run);
    }
}

void data_normal_fill(NnRng *rng, float *out, size_t n)
{
    uint32_t word[2 * RUN];
    for (size_t at = 0; at < n; at += RUN) {
        const size_t run = n - at < RUN ? n - at : RUN;
        nn_rng_fill(rng, word, 2 * run);
        normal_of_words(word, out + at, run);
    }
}

NN_KERNEL_CLONES static void add_run(unsigned char *px, const float *noise, float sigma, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float v = (float)px[i] + sigma * noise[i] + 0.5f;
        px[i] = (unsigned char)(int)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

void data_noise_add(DataImage *img, float sigma, NnRng *rng, void (*fill)(NnRng *rng, float *out, size_t n))
{
    const size_t n = (size_t)img->w * (size_t)img->h * (size_t)img->c;
    float noise[RUN];
    for (size_t at = 0; at < n; at += RUN) {
        const size_t run = n - at < RUN ? n - at : RUN;
        fill(rng, noise, run);
        add_run(img->px + at, noise, sigma, run);
    }
}
