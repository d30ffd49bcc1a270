/* rng.h -- counter-based randomness: Philox4x32-10 (Salmon, Moraes, Dror, Shaw:
 * "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011).
 *
 * A draw is a pure function of (seed, stream, epoch, item, position). It depends
 * on no thread, no loading order and no hidden state, so a resumed run needs to
 * save nothing but the step it had reached. */
#ifndef NN_RNG_H
#define NN_RNG_H
#include <stddef.h>
#include <stdint.h>

/* What a draw is for. Two uses never share a stream, so that adding a draw to
 * one does not change the other. */
typedef enum {
    NN_STREAM_INIT = 1,  /* initial weights           item = parameter index     */
    NN_STREAM_SHUFFLE,   /* order of samples          epoch                      */
    NN_STREAM_AUGMENT,   /* augmentation              epoch, item = data item    */
    NN_STREAM_DROPOUT,   /* dropout                   epoch = step, item = node  */
    NN_STREAM_PORTRAIT,  /* procedural faces          item = identity            */
    NN_STREAM_FORGE,     /* forging                   item = data item           */
    NN_STREAM_POST,      /* post-processing           item = data item           */
    NN_STREAM_SPLIT,     /* train/val/test            item = hash of the group   */
    NN_STREAM_BOOTSTRAP, /* confidence intervals      item = resample            */
    NN_STREAM_TEST,      /* test inputs                                          */
    NN_STREAM_REMOVAL,   /* removal of regions        epoch, item = data item    */
    NN_STREAM_PICK,      /* random candidates         item = data item           */
    NN_STREAM_BLUR,      /* random blurs              epoch = batch, item = place */
    NN_STREAM_CORRUPTION /* tests of robustness       epoch = operator and level, item = data item */
} NnStream;

/* A position in one stream. A plain value: copying it forks it. */
typedef struct {
    uint32_t key[2];
    uint32_t counter[4]; /* block, stream, epoch, item */
    uint32_t out[4];     /* the current block */
    int left;            /* unread words in out */
} NnRng;

NnRng nn_rng_make(uint64_t seed, NnStream stream, uint32_t epoch, uint32_t item);

/* Jump to block b (4 words each) of the same stream: lets several threads fill
 * parts of one array with the numbers that one thread would have drawn. */
void nn_rng_seek(NnRng *r, uint32_t block);

uint32_t nn_rng_u32(NnRng *r);
void nn_rng_fill(NnRng *r, uint32_t *out, size_t n); /* what n calls of nn_rng_u32 give, 3 times as fast */
float nn_rng_uniform(NnRng *r);                      /* [0,1), 24 bits        */
float nn_rng_range(NnRng *r, float lo, float hi);    /* [lo,hi)               */
uint32_t nn_rng_below(NnRng *r, uint32_t n);         /* 0..n-1 unbiased, n > 0 */
float nn_rng_normal(NnRng *r);                       /* mean 0, variance 1    */
int nn_rng_coin(NnRng *r, float p);                  /* 1 with probability p  */

/* Fisher-Yates on n indices. */
void nn_rng_shuffle(NnRng *r, int *index, int n);

/* The bare bijection, for known-answer tests. */
void nn_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* 64-bit FNV-1a of a string: how names become items of a stream. */
uint64_t nn_hash_text(const char *text);

#endif
