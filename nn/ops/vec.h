/* vec.h -- single-threaded loops over ranges of floats that several ops share.
 *
 * Sums are taken in double over a fixed number of lanes, so they vectorise without changing order: the same bits on
 * every CPU. Ranges do not overlap. */
#ifndef NN_VEC_H
#define NN_VEC_H
#include <stddef.h>

/* Long elementwise loops are cut into parts of this many floats, one part a thread at a time. */
enum { NN_VEC_PART = 4096 };

/* Parts of n floats, and the length of part p. */
size_t nn_vec_parts(size_t n);
size_t nn_vec_part_len(size_t n, size_t p);

/* Gradients that are `fresh` are cleared part by part just before something is added: in cache, that costs nothing. */
void nn_vec_clear(float *y, size_t n);                               /* y = 0 */
void nn_vec_add(float *y, const float *x, size_t n);                 /* y += x */
void nn_vec_add_scaled(float *y, float a, const float *x, size_t n); /* y += a x */
void nn_vec_add_const(float *y, float a, size_t n);                  /* y += a */

double nn_vec_sum(const float *x, size_t n);                                  /* sum x */
double nn_vec_dot(const float *a, const float *b, size_t n);                  /* sum a b */
double nn_vec_square_dev(const float *x, double mean, size_t n);              /* sum (x - mean)^2 */
double nn_vec_dot_dev(const float *a, const float *x, double mean, size_t n); /* sum a (x - mean) */

/* Index of the first largest element; of the first NaN if there is one. n >= 1. */
size_t nn_vec_argmax(const float *x, size_t n);

#endif
