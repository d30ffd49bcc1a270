/* audit_list.c -- what a list tells without opening an image: shared files, videos and origins, classes, masks.
 * See audit.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/audit.h"
#include "data/shared_keys.h"
#include "data/splits.h"
#include "nn/base/size.h"

typedef struct {
    DataAudit *audit;
    const DataSet *set;
    int n_files;   /* images and masks */
    DataKey *keys; /* [set->n], for one question at a time */
    size_t n_keys;
    uint64_t *told; /* [n_told] groups whose leak has been explained by a video, sorted before use */
    size_t n_told;
} Look;

/* Training and validation never see other manipulations; a list that is only looked at has no such choice. */
static int is_used(const DataSet *set, const DataItem *item)
{
    return set->as_listed || item->method < 0 || item->split == DATA_TEST || set->seen[item->method];
}

static void add_key(Look *l, int i, uint64_t a, uint64_t b, const char *text)
{
    l->keys[l->n_keys++] = (DataKey){ .number = { a, b }, .text = text, .part = l->set->items[i].split, .item = i };
}

static const DataItem *item_at(const Look *l, size_t k)
{
    return &l->set->items[l->keys[k].item];
}

/* The first pair of neighbours in the run that must not share anything; 0: there is none. */
static size_t parted(const Look *l, size_t from, size_t end)
{
    for (size_t k = from + 1; k < end; k++)
        if (data_items_part(item_at(l, k - 1), item_at(l, k))) return k;
    return 0;
}

/* ---- files ---- */

static NnStatus tell_missing(Look *l, const DataItem *item, const char *file, int reason, NnErr *err)
{
    if (l->audit->for_a_run) return NN_OK;
    return data_audit_find(l->audit, DATA_MISSING, l->n_files, "images or masks are not there", err, "%s%s%s: %s",
                           item->where ? item->where : "", item->where ? ": " : "", file, strerror(reason));
}

/* Device and inode name a file whatever path or link leads there. */
static NnStatus key_files(Look *l, NnErr *err)
{
    struct stat facts;
    for (int i = 0; i < l->set->n; i++) {
        const DataItem *item = &l->set->items[i];
        const char *mask = l->audit->for_a_run ? NULL : data_mask_file(l->set, i);
        if (!is_used(l->set, item)) continue;
        if (mask && stat(mask, &facts) != 0) NN_TRY(tell_missing(l, item, mask, errno, err));
        if (stat(item->path, &facts) == 0) add_key(l, i, (uint64_t)facts.st_dev, (uint64_t)facts.st_ino, "");
        else NN_TRY(tell_missing(l, item, item->path, errno, err));
    }
    return NN_OK;
}

static NnStatus judge_same_file(Look *l, size_t from, size_t end, NnErr *err)
{
    char text[DATA_PAIR_MAX];
    int labels[2] = { 0 };
    for (size_t k = from; k < end; k++) labels[item_at(l, k)->label]++;
    const size_t k = parted(l, from, end);
    const char *pair = data_item_pair(item_at(l, k ? k - 1 : from), item_at(l, k ? k : from + 1), text);
    if (labels[0] && labels[1])
        NN_TRY(data_audit_find(l->audit, DATA_CONTRADICTION, 0, "files are listed both as real and as fake", err, "%s",
                               pair));
    if (k) return data_audit_find(l->audit, DATA_LEAK_FILE, 0, "files are in two splits", err, "%s", pair);
    return data_audit_find(l->audit, DATA_TWICE, 0, "files are listed twice", err, "%s", pair);
}

static NnStatus look_at_files(Look *l, NnErr *err)
{
    l->n_keys = 0;
    NN_TRY(key_files(l, err));
    data_keys_sort(l->keys, l->n_keys);
    for (size_t k = 0, end; k < l->n_keys; k = end) {
        end = data_keys_run(l->keys, l->n_keys, k);
        if (end - k > 1) NN_TRY(judge_same_file(l, k, end, err));
    }
    return NN_OK;
}

/* ---- videos and origins ---- */

static NnStatus look_at_videos(Look *l, NnErr *err)
{
    char text[DATA_PAIR_MAX];
    l->n_keys = 0;
    for (int i = 0; i < l->set->n; i++) {
        const DataItem *item = &l->set->items[i];
        if (item->video && is_used(l->set, item)) add_key(l, i, 0, 0, item->video);
    }
    data_keys_sort(l->keys, l->n_keys);
    for (size_t k = 0, end; k < l->n_keys; k = end) {
        end = data_keys_run(l->keys, l->n_keys, k);
        const size_t at = parted(l, k, end);
        if (!at) continue;
        l->told[l->n_told++] = item_at(l, k)->group;
        NN_TRY(data_audit_find(l->audit, DATA_LEAK_VIDEO, 0, "videos have frames in two splits", err,
                               "video %.200s: %s", l->keys[k].text,
                               data_item_pair(item_at(l, at - 1), item_at(l, at), text)));
    }
    return NN_OK;
}

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* A group that a video explains is not told of again. */
static NnStatus look_at_origins(Look *l, NnErr *err)
{
    char text[DATA_PAIR_MAX];
    l->n_keys = 0;
    for (int i = 0; i < l->set->n; i++) {
        const DataItem *item = &l->set->items[i];
        if (item->split != DATA_SPLIT_OPEN && is_used(l->set, item)) add_key(l, i, item->group, 0, "");
    }
    data_keys_sort(l->keys, l->n_keys);
    qsort(l->told, l->n_told, sizeof *l->told, by_value);
    for (size_t k = 0, end; k < l->n_keys; k = end) {
        end = data_keys_run(l->keys, l->n_keys, k);
        const size_t at = parted(l, k, end);
        if (!at || bsearch(&l->keys[k].number[0], l->told, l->n_told, sizeof *l->told, by_value)) continue;
        const DataItem *a = item_at(l, at - 1), *b = item_at(l, at);
        const char *source = b->source ? b->source : a->source;
        NN_TRY(data_audit_find(l->audit, DATA_LEAK_ORIGIN, 0,
                               "groups of one origin (source, pair of identities, base name) are in two splits", err,
                               "%s%s%.200s", data_item_pair(a, b, text), source ? "; source " : "",
                               source ? source : ""));
    }
    return NN_OK;
}

/* ---- classes ---- */

static NnStatus look_at_classes(Look *l, NnErr *err)
{
    int n[DATA_SPLITS + 1][2] = { 0 };
    for (int i = 0; i < l->set->n; i++) {
        const DataItem *item = &l->set->items[i];
        if (!is_used(l->set, item)) continue;
        n[DATA_SPLITS][item->label]++;
        if (item->split != DATA_SPLIT_OPEN) n[item->split][item->label]++;
    }
    const int *all = n[DATA_SPLITS];
    if (!all[0] || !all[1])
        return data_audit_find(l->audit, DATA_ONE_CLASS, 0, "data sets hold one class only", err,
                               "%s: %d real and %d fake images", l->set->settings.path, all[0], all[1]);
    for (int s = 0; s < (l->audit->for_a_run ? DATA_TEST : DATA_SPLITS); s++)
        if (n[s][0] + n[s][1] > 0 && (!n[s][0] || !n[s][1]))
            NN_TRY(data_audit_find(l->audit, DATA_ONE_CLASS, 0, "splits hold one class only", err,
                                   "%s: %d real and %d fake images", data_split_name(s), n[s][0], n[s][1]));
    return NN_OK;
}

/* ---- masks ---- */

/* Fakes of a method, and how many of them have no mask. */
typedef struct {
    int n, bare;
} MaskCount;

static void count_masks(const DataSet *set, MaskCount *counts)
{
    for (int i = 0; i < set->n; i++) {
        const DataItem *item = &set->items[i];
        if (item->method < 0 || !is_used(set, item) || data_mask_is_hidden(set, i)) continue;
        counts[item->method].n++;
        counts[item->method].bare += item->mask == NULL;
    }
}

static NnStatus tell_bare(Look *l, const MaskCount *counts, NnErr *err)
{
    char text[256];
    for (int i = 0; i < l->set->n; i++) {
        const DataItem *item = &l->set->items[i];
        if (item->method < 0 || item->mask || !is_used(l->set, item) || data_mask_is_hidden(l->set, i)) continue;
        const MaskCount *c = &counts[item->method];
        const int all = c->bare == c->n;
        snprintf(text, sizeof text, "fakes of %.180s have no mask", l->set->methods[item->method]);
        NN_TRY(data_audit_find(l->audit, all ? DATA_MASKS_NONE : DATA_MASKS_SOME, c->n, text, err, "%s%s%s",
                               item->where ? item->where : "", item->where ? ": " : "", item->path));
    }
    return NN_OK;
}

static NnStatus look_at_masks(Look *l, NnErr *err)
{
    MaskCount *counts = nn_alloc((size_t)l->set->n_methods, sizeof *counts);
    if (!counts) return nn_fail(err, NN_ERR_NOMEM, "out of memory for %d methods", l->set->n_methods);
    count_masks(l->set, counts);
    const NnStatus s = tell_bare(l, counts, err);
    free(counts);
    return s;
}

NnStatus data_audit_list(DataAudit *a, const DataSet *set, NnErr *err)
{
    Look l = { .audit = a, .set = set, .n_files = set->n + data_audit_masks(set) };
    l.keys = nn_alloc((size_t)set->n, sizeof *l.keys);
    l.told = nn_alloc((size_t)set->n, sizeof *l.told);
    NnStatus s = l.keys && l.told ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory to look at %d items", set->n);
    if (s == NN_OK) s = look_at_files(&l, err);
    if (s == NN_OK) s = look_at_videos(&l, err);
    if (s == NN_OK) s = look_at_origins(&l, err);
    if (s == NN_OK) s = look_at_classes(&l, err);
    if (s == NN_OK) s = look_at_masks(&l, err);
    free(l.keys);
    free(l.told);
    return s;
}
