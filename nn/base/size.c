/* size.c -- see size.h. */
#include "nn/base/size.h"

#include <stdlib.h>

void *nn_alloc(size_t n, size_t size)
{
    size_t bytes;
    if (!nn_size_mul(n, size, &bytes)) return NULL;
    return calloc(1, bytes ? bytes : 1);
}

void *nn_realloc(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (!nn_size_mul(n, size, &bytes)) return NULL;
    return realloc(p, bytes ? bytes : 1);
}
