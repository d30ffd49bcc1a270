/* size.h -- the one place where sizes are multiplied and added.
 *
 * Every size that comes from a file, a setting or a shape goes through here
 * before it reaches malloc, so that an overflow is an error and never a small
 * buffer. */
#ifndef NN_SIZE_H
#define NN_SIZE_H
#include <stdbool.h>
#include <stddef.h>

/* *out = a * b, or a + b; false (and *out untouched) when that overflows. */
static inline bool nn_size_mul(size_t a, size_t b, size_t *out)
{
    size_t r;
    if (__builtin_mul_overflow(a, b, &r)) return false;
    *out = r;
    return true;
}

static inline bool nn_size_add(size_t a, size_t b, size_t *out)
{
    size_t r;
    if (__builtin_add_overflow(a, b, &r)) return false;
    *out = r;
    return true;
}

/* Zeroed memory for n elements of the given size; NULL when n * size overflows
 * or memory is out. n == 0 gives a unique pointer. Release with free(). */
void *nn_alloc(size_t n, size_t size);

/* As realloc(p, n * size), checked; on failure p stays valid and NULL returns. */
void *nn_realloc(void *p, size_t n, size_t size);

#endif
