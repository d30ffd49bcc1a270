/* shared_keys.c -- see shared_keys.h. */
#include "data/shared_keys.h"

#include <stdlib.h>
#include <string.h>

static int compare(const DataKey *a, const DataKey *b)
{
    for (int k = 0; k < 2; k++)
        if (a->number[k] != b->number[k]) return a->number[k] < b->number[k] ? -1 : 1;
    return strcmp(a->text, b->text);
}

static int by_key_then_item(const void *a, const void *b)
{
    const DataKey *x = a, *y = b;
    const int order = compare(x, y);
    if (order) return order;
    if (x->part != y->part) return x->part < y->part ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

void data_keys_sort(DataKey *keys, size_t n)
{
    qsort(keys, n, sizeof *keys, by_key_then_item);
}

size_t data_keys_run(const DataKey *keys, size_t n, size_t from)
{
    size_t end = from + 1;
    while (end < n && compare(&keys[from], &keys[end]) == 0) end++;
    return end;
}
