/* splits.c -- see splits.h. */
#include "data/splits.h"

#include <stdlib.h>

#include "nn/base/rng.h"
#include "nn/base/size.h"

static const char *const split_names[DATA_SPLITS] = { "train", "val", "test" };

DataSplit data_split_draw(uint64_t seed, uint64_t group, float val_fraction, float test_fraction)
{
    NnRng r = nn_rng_make(seed, NN_STREAM_SPLIT, (uint32_t)(group >> 32), (uint32_t)group);
    const float u = nn_rng_uniform(&r);
    return u < test_fraction ? DATA_TEST : u < test_fraction + val_fraction ? DATA_VAL : DATA_TRAIN;
}

static int by_group_then_position(const void *a, const void *b)
{
    const DataItem *x = *(const DataItem *const *)a, *y = *(const DataItem *const *)b;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    return (x > y) - (x < y);
}

/* Rule 2. */
static int split_of_group(const DataSet *set, uint64_t group)
{
    const DataSettings *s = &set->settings;
    if (set->all_test) return DATA_TEST;
    return (int)data_split_draw(set->seed, group, s->val_fraction, s->test_fraction);
}

/* `said`: the first item of the group with a split of its own, or NULL. */
static NnStatus settle_item(const DataSet *set, DataItem *item, const DataItem *said, NnErr *err)
{
    const DataSettings *s = &set->settings;
    if (item->split == DATA_SPLIT_OPEN) item->split = said ? said->split : split_of_group(set, item->group);
    else if (item->split != said->split)
        return nn_fail(
            err, NN_ERR_DATA,
            "%s: %s is in split %s, but %s (%s), of the same group, in %s: they share a video, source or base name, "
            "perhaps by way of other items. Put all of the group into one split, or give what is not related names of "
            "its own; [data] allow does not cover this",
            item->where ? item->where : s->path, item->path, split_names[item->split], said->path,
            said->where ? said->where : s->path, split_names[said->split]);
    return NN_OK;
}

/* Rules 1 and 2, group by group. */
static NnStatus settle_groups(const DataSet *set, DataItem **sorted, NnErr *err)
{
    for (int i = 0, end; i < set->n; i = end) {
        const DataItem *said = NULL;
        for (end = i; end < set->n && sorted[end]->group == sorted[i]->group; end++)
            if (!said && sorted[end]->split != DATA_SPLIT_OPEN) said = sorted[end];
        for (int k = i; k < end; k++) NN_TRY(settle_item(set, sorted[k], said, err));
    }
    return NN_OK;
}

/* Rules 3 and 4. `said` counts the items for which the data named each split. */
static void settle_validation(DataSet *set, const int said[DATA_SPLITS])
{
    const int named = said[DATA_TRAIN] + said[DATA_VAL] + said[DATA_TEST];
    if (named == 0 || (said[DATA_VAL] && said[DATA_TEST])) return;
    for (int i = 0; i < set->n; i++) {
        DataItem *item = &set->items[i];
        if (item->split == DATA_VAL && said[DATA_VAL]) item->split = DATA_TEST;
        else if (item->split == DATA_TRAIN && !set->all_test)
            item->split = (int)data_split_draw(set->seed, item->group, set->settings.val_fraction, 0);
    }
}

NnStatus data_splits_settle(DataSet *set, NnErr *err)
{
    int said[DATA_SPLITS] = { 0 };
    if (set->as_listed) return NN_OK;
    DataItem **sorted = nn_alloc((size_t)set->n, sizeof(DataItem *));
    if (!sorted) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a list of %d items", set->n);
    for (int i = 0; i < set->n; i++) {
        sorted[i] = &set->items[i];
        if (set->items[i].split != DATA_SPLIT_OPEN) said[set->items[i].split]++;
    }
    qsort(sorted, (size_t)set->n, sizeof(DataItem *), by_group_then_position);
    const NnStatus s = settle_groups(set, sorted, err);
    free(sorted);
    if (s == NN_OK) settle_validation(set, said);
    return s;
}
