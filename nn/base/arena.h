/* arena.h -- memory that is taken piece by piece and released all at once.
 *
 * Pieces never move. A failed allocation is sticky: later ones fail too, so that a caller may check once. */
#ifndef NN_ARENA_H
#define NN_ARENA_H
#include <stddef.h>

typedef struct NnArenaChunk NnArenaChunk;

typedef struct {
    NnArenaChunk *last; /* newest chunk; zero-initialise */
    int failed;
} NnArena;

/* Zeroed, 64-byte aligned memory for n elements of the given size; NULL on overflow or when memory is out. */
void *nn_arena_take(NnArena *a, size_t n, size_t size);

/* A copy of bytes, or of text with its final 0. */
void *nn_arena_copy(NnArena *a, const void *data, size_t bytes);
char *nn_arena_text(NnArena *a, const char *text);

void nn_arena_free(NnArena *a); /* releases every piece */

#endif
