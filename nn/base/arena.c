/* arena.c -- see arena.h: a list of chunks, each filled from the front. */
#include "nn/base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"

enum { ALIGN = 64, CHUNK = 16384 };

struct NnArenaChunk {
    NnArenaChunk *before;
    size_t used, size; /* of data, which begins ALIGN bytes after the chunk */
};

static NnArenaChunk *chunk_new(NnArena *a, size_t size)
{
    size_t bytes;
    if (!nn_size_add(size, 2 * ALIGN, &bytes)) return NULL;
    NnArenaChunk *c = aligned_alloc(ALIGN, bytes / ALIGN * ALIGN);
    if (!c) return NULL;
    *c = (NnArenaChunk){ .before = a->last, .size = size };
    a->last = c;
    return c;
}

void *nn_arena_take(NnArena *a, size_t n, size_t size)
{
    size_t bytes;
    a->failed |= !nn_size_mul(n, size, &bytes) || !nn_size_add(bytes, ALIGN - 1, &bytes);
    if (a->failed) return NULL;
    bytes = bytes / ALIGN * ALIGN;
    NnArenaChunk *c = a->last;
    if (!c || c->size - c->used < bytes) c = chunk_new(a, bytes > CHUNK ? bytes : CHUNK);
    if (!c) {
        a->failed = 1;
        return NULL;
    }
    void *piece = (char *)c + ALIGN + c->used;
    c->used += bytes;
    return memset(piece, 0, bytes);
}

void *nn_arena_copy(NnArena *a, const void *data, size_t bytes)
{
    void *piece = nn_arena_take(a, bytes, 1);
    if (piece && bytes) memcpy(piece, data, bytes);
    return piece;
}

char *nn_arena_text(NnArena *a, const char *text)
{
    return nn_arena_copy(a, text, strlen(text) + 1);
}

void nn_arena_free(NnArena *a)
{
    for (NnArenaChunk *c = a->last; c;) {
        NnArenaChunk *before = c->before;
        free(c);
        c = before;
    }
    *a = (NnArena){ 0 };
}
