/* shared_keys.h -- finding items that share something: a file, a video, their pixels.
 *
 * Every item brings a key; sorting puts equal ones beside each other. Parts are splits, or sets: what may not share. */
#ifndef DATA_SHARED_KEYS_H
#define DATA_SHARED_KEYS_H
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t number[2];
    const char *text; /* "" where the numbers say all; borrowed */
    int part;
    int item;
} DataKey;

/* By numbers and text, equal ones by part and item. */
void data_keys_sort(DataKey *keys, size_t n);

/* Behind the last key that equals keys[from]; the keys are sorted. */
size_t data_keys_run(const DataKey *keys, size_t n, size_t from);

#endif
