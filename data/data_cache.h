/* data_cache.h -- samples kept in memory, so that a file is decoded once and not in every
 * epoch. A pure speed-up: with or without it, a read gives the same bytes.
 *
 * First come, first kept: what is in stays (unless data_cache_forget says otherwise), and when the
 * memory is used up nothing more comes in. Thread-safe. */
#ifndef DATA_DATA_CACHE_H
#define DATA_DATA_CACHE_H
#include "data/data_set.h"

typedef struct DataCache DataCache;

/* A cache of at most `mib` MiB of pixels for items 0..n-1. ERR_NOMEM. */
NnStatus data_cache_new(int n, int mib, DataCache **out, NnErr *err);
void data_cache_free(DataCache *cache); /* NULL is fine */

/* *hit = 1 and a copy of item i in out, or *hit = 0. ERR_NOMEM. */
NnStatus data_cache_get(DataCache *cache, int i, int *hit, DataSample *out, NnErr *err);

/* Keep a copy of item i if there is room; no memory is no error. */
void data_cache_put(DataCache *cache, int i, const DataSample *sample);

/* Item i is no longer kept; nobody may be reading it at this time. */
void data_cache_forget(DataCache *cache, int i);

/* Bytes of pixels kept. */
size_t data_cache_bytes(DataCache *cache);

/* A copy of a sample, which may lack a mask. The caller frees it. ERR_NOMEM. */
NnStatus data_sample_copy(const DataSample *src, DataSample *out, NnErr *err);

#endif
