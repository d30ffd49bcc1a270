/* hidden_masks.c -- masks that must not be seen (see data_set.h): for training with masks of a few images only. */
#include <stdlib.h>
#include <string.h>

#include "data/data_cache.h"
#include "data/data_set.h"
#include "nn/base/size.h"

static NnStatus make_room(DataSet *set, NnErr *err)
{
    if (!set->mask_hidden) set->mask_hidden = nn_alloc((size_t)set->n, 1);
    if (!set->mask_shown) set->mask_shown = nn_alloc((size_t)set->n, sizeof *set->mask_shown);
    if (set->mask_hidden && set->mask_shown) return NN_OK;
    return nn_fail(err, NN_ERR_NOMEM, "out of memory for hiding %d masks", set->n);
}

NnStatus data_set_hide_masks(DataSet *set, NnErr *err)
{
    NN_TRY(make_room(set, err));
    for (int i = 0; i < set->n; i++) {
        if (set->items[i].label == 0 || set->mask_hidden[i]) continue;
        set->mask_hidden[i] = 1;
        free(set->mask_shown[i]);
        set->mask_shown[i] = NULL;
        data_cache_forget(set->cache, i);
    }
    return NN_OK;
}

NnStatus data_set_show_mask(DataSet *set, int i, const char *mask, NnErr *err)
{
    char *copy = NULL;
    NN_TRY(make_room(set, err));
    if (mask) {
        const size_t n = strlen(mask) + 1;
        if (!(copy = nn_alloc(n, 1))) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the mask %s", mask);
        memcpy(copy, mask, n);
    }
    free(set->mask_shown[i]);
    set->mask_shown[i] = copy;
    set->mask_hidden[i] = 0;
    data_cache_forget(set->cache, i);
    return NN_OK;
}

int data_mask_is_hidden(const DataSet *set, int i)
{
    return set->mask_hidden && set->mask_hidden[i];
}

int data_mask_is_known(const DataSet *set, int i)
{
    const int is_file = set->reader == &data_file_reader; /* what is forged here knows its masks */
    return !is_file || set->items[i].mask != NULL;
}

const char *data_mask_file(const DataSet *set, int i)
{
    if (data_mask_is_hidden(set, i)) return NULL;
    return set->mask_shown && set->mask_shown[i] ? set->mask_shown[i] : set->items[i].mask;
}
