/* data_counts.c -- see data_counts.h. */
#include "data/data_counts.h"

#include <stdlib.h>

#include "data/shared_keys.h"
#include "data/splits.h"
#include "nn/base/size.h"

/* Where a row stands in the table: no split comes last. */
static size_t place_of(const DataSet *set, const DataItem *item)
{
    const int split = item->split == DATA_SPLIT_OPEN ? DATA_SPLITS : item->split;
    return (size_t)split * ((size_t)set->n_methods + 1) + (size_t)(item->method + 1);
}

static void count_items(const DataSet *set, DataCount *table)
{
    for (int i = 0; i < set->n; i++) {
        DataCount *row = &table[place_of(set, &set->items[i])];
        row->split = set->items[i].split, row->method = set->items[i].method;
        row->images++;
        row->masks += set->items[i].mask != NULL;
    }
}

static NnStatus list_items(const DataSet *set, DataCount *table, size_t rows, NnErr *err)
{
    for (size_t r = 0; r < rows; r++) {
        if (!table[r].images) continue;
        table[r].items = nn_alloc((size_t)table[r].images, sizeof *table[r].items);
        if (!table[r].items) return nn_fail(err, NN_ERR_NOMEM, "out of memory to count %d images", set->n);
        table[r].images = 0;
    }
    for (int i = 0; i < set->n; i++) {
        DataCount *row = &table[place_of(set, &set->items[i])];
        row->items[row->images++] = i;
    }
    return NN_OK;
}

static int by_size(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* keys and lengths: memory for as many as the row has images. */
static void count_videos(const DataSet *set, DataCount *row, DataKey *keys, int *lengths)
{
    size_t n = 0;
    for (int k = 0; k < row->images; k++) {
        const char *video = set->items[row->items[k]].video;
        if (video) keys[n++] = (DataKey){ .text = video, .item = row->items[k] };
    }
    data_keys_sort(keys, n);
    for (size_t k = 0, end; k < n; k = end) {
        end = data_keys_run(keys, n, k);
        lengths[row->videos++] = (int)(end - k);
    }
    if (!row->videos) return;
    qsort(lengths, (size_t)row->videos, sizeof *lengths, by_size);
    row->frames[0] = lengths[0];
    row->frames[1] = lengths[row->videos / 2];
    row->frames[2] = lengths[row->videos - 1];
}

static NnStatus fill(const DataSet *set, DataCount *table, size_t rows, NnErr *err)
{
    DataKey *keys = nn_alloc((size_t)set->n, sizeof *keys);
    int *lengths = nn_alloc((size_t)set->n, sizeof *lengths);
    NnStatus s = keys && lengths ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory to count %d images", set->n);
    count_items(set, table);
    if (s == NN_OK) s = list_items(set, table, rows, err);
    for (size_t r = 0; s == NN_OK && r < rows; r++) count_videos(set, &table[r], keys, lengths);
    free(keys);
    free(lengths);
    return s;
}

NnStatus data_counts_make(const DataSet *set, DataCounts *out, NnErr *err)
{
    const size_t rows = ((size_t)set->n_methods + 1) * (DATA_SPLITS + 1);
    *out = (DataCounts){ .rows = nn_alloc(rows, sizeof *out->rows) };
    if (!out->rows) return nn_fail(err, NN_ERR_NOMEM, "out of memory to count %d images", set->n);
    const NnStatus s = fill(set, out->rows, rows, err);
    for (size_t r = 0; r < rows; r++) {
        if (s == NN_OK && out->rows[r].images) out->rows[out->n++] = out->rows[r];
        else free(out->rows[r].items);
    }
    return s;
}

void data_counts_free(DataCounts *counts)
{
    for (int r = 0; r < counts->n; r++) free(counts->rows[r].items);
    free(counts->rows);
    *counts = (DataCounts){ 0 };
}
