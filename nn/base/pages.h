/* pages.h -- one large block of zeroed memory, in huge pages where the system has them.
 *
 * Memory is not touched before it is used: the system hands out zeroed pages on first touch, so a block that is only
 * reserved costs nothing. With pages of 2 MiB instead of 4 KiB that first touch, and every address translation after it,
 * costs less. */
#ifndef NN_PAGES_H
#define NN_PAGES_H
#include <stddef.h>

typedef struct {
    void *at;    /* aligned to 64 bytes, from 2 MiB on to 2 MiB; NULL: no memory */
    void *owned; /* what free() gets */
} NnPages;

NnPages nn_pages_new(size_t bytes);
void nn_pages_free(NnPages p);

#endif
