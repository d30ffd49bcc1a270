/* loader.h -- batches of samples as float buffers, prefetched by threads.
 *
 * What batch number s holds is a pure function of (items, seed, s): it does not
 * depend on the number of threads, on timing, or on where a run was resumed.
 * The loader owns a fixed ring of batches; nothing is allocated per batch but
 * what decoding needs. */
#ifndef DATA_LOADER_H
#define DATA_LOADER_H
#include "data/data_set.h"

typedef struct {
    const DataSet *set; /* must outlive the loader */
    const int *index;   /* the items to draw from, [n_index]; copied */
    int n_index;
    const int *often; /* [n_often] forged items that hold often_share of the forged places in training, besides what */
    int n_often;      /* falls to them as to all others (needs [data] balance = 1); copied */
    double often_share;
    int batch;   /* N */
    int threads; /* worker threads, at least 1 */
    uint64_t seed;
    int train;                               /* 1: endless, shuffled, augmented; 0: one pass in order */
    const DataAugment *augment;              /* NULL: none (always none when train = 0); copied */
    const struct DataRemoval *removal;       /* NULL: none (always none when train = 0); comes before the augmentation;
                                          borrowed */
    const struct DataCorruption *corruption; /* NULL: none (always none when train = 1); done to every image as it was
                                                read, its mask stays; borrowed */
    int64_t first;                           /* number of the first batch: a resumed run passes its step */
} DataLoaderSpec;

/* Valid until the next call of data_loader_next or data_loader_close. */
typedef struct {
    int n;                 /* samples filled; less than N only in the last batch of a pass */
    const float *image;    /* [N,3,H,W], -1..1 */
    const float *mask;     /* [N,1,H,W], 0 or 1 */
    const float *label;    /* [N], 0 or 1 */
    const float *has_mask; /* [N], 0 or 1; real images have one (all zero) */
    const int *item;       /* [N], index into set->items; -1 for empty places */
} DataBatch;

typedef struct DataLoader DataLoader;

/* With train = 1 the samples form one endless sequence: epoch e is a permutation of the
 * items drawn from (seed, e), and batch s holds places s*N .. s*N+N-1 of it. With [data]
 * balance = 1, even places walk through the real items and odd ones through the forged,
 * each with permutations of their own. ERR_DATA when a needed class is empty. */
NnStatus data_loader_open(const DataLoaderSpec *spec, DataLoader **out, NnErr *err);
void data_loader_close(DataLoader *l); /* stops the threads; NULL is fine */

/* The next batch, in order; *batch = NULL after the last one of a pass. A sample that cannot
 * be read is an error that names it; it is never replaced by another. */
NnStatus data_loader_next(DataLoader *l, const DataBatch **batch, NnErr *err);

/* Seconds that data_loader_next has waited for a batch so far. */
double data_loader_waited(const DataLoader *l);

/* Pixels to floats as the network sees them: v/127.5 - 1, planes [3,H,W]; mask [1,H,W] 0/1. */
void data_sample_to_floats(const DataSample *s, float *image, float *mask);

#endif
