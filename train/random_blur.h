/* random_blur.h -- the controls of the adversarial blur: maps s = 1 / sigma^2 that look at no loss.
 *
 * If the detector gains as much from these, it was the blur that helped and not the adversary. Both are functions of
 * (seed, number of the batch, place in it) alone. */
#ifndef TRAIN_RANDOM_BLUR_H
#define TRAIN_RANDOM_BLUR_H
#include <stdint.h>

/* s [n,1,size,size] with a sigma of its own at every pixel: drawn from [0,sigma] at knots 8 pixels apart, and between
 * them interpolated bilinearly, so that it is smooth without crowding around its mean. */
void train_blur_random(uint64_t seed, uint32_t number, float sigma, int n, int size, float *s);

/* s [n,1,size,size] with one sigma an image, drawn from [0,sigma]. */
void train_blur_uniform(uint64_t seed, uint32_t number, float sigma, int n, int size, float *s);

/* 1 / sigma^2, at most TRAIN_PRECISION_MAX: no blur at all. */
#define TRAIN_PRECISION_MAX 1e12f
float train_blur_precision(float sigma);

#endif
