/* sequence.h -- which item stands at which place of the loader's endless (or single) pass.
 *
 * A pure function of (items, seed, place); it only remembers the permutation it used last. The loader asks
 * for ascending places under its lock, so each permutation is drawn once. */
#ifndef DATA_SEQUENCE_H
#define DATA_SEQUENCE_H
#include "data/data_set.h"

/* Items drawn without replacement, epoch by epoch. Owns its arrays. */
typedef struct {
    int *item, *order; /* [n]; order is the permutation of `epoch` */
    int n;
    int64_t epoch; /* -1: none drawn yet */
    uint32_t word; /* the stream's item word: each list has permutations of its own */
} DataDeck;

typedef struct {
    DataDeck deck[3]; /* all, or real and forged; and those that come more often */
    int n_decks, shuffled;
    double share; /* of the forged places that go to deck[2]; 0: none */
    uint64_t seed;
} DataSequence;

/* What is to be drawn from. Lists are copied. */
typedef struct {
    const DataSet *set;
    const int *index; /* [n] */
    int n;
    uint64_t seed;
    int train;        /* 0: the items in order; 1: shuffled per epoch, and with */
    int balance;      /* even places hold real and odd ones forged items */
    const int *often; /* [n_often] forged items that, with balance, hold `share` of the forged places besides */
    int n_often;      /* what falls to them as to all others; 0: none */
    double share;
} DataSequenceSpec;

/* An item and the number of its pass through its list: together they seed its augmentation. */
typedef struct {
    int item;
    uint32_t epoch;
} DataDraw;

/* ERR_DATA if train = 1 and a needed class is empty. Free with data_sequence_deinit. */
NnStatus data_sequence_init(DataSequence *q, const DataSequenceSpec *spec, NnErr *err);
void data_sequence_deinit(DataSequence *q);

/* The draw at a place; with train = 0 place must be below n. */
DataDraw data_sequence_at(DataSequence *q, int64_t place);

#endif
