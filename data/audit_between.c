/* audit_between.c -- one set is trained on and another tested on: what is in both? See audit.h. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "data/audit.h"
#include "data/shared_keys.h"
#include "data/splits.h"
#include "nn/base/size.h"

enum { TRAINED, TESTED };

typedef enum { BY_FILE, BY_PIXELS, BY_VIDEO } Question;

typedef struct {
    DataAudit *audit;
    DataAudited side[2]; /* TRAINED, TESTED */
    DataKey *keys;
    size_t n_keys;
} Look;

static int has_test(const DataSet *set)
{
    int i = 0;
    while (i < set->n && set->items[i].split != DATA_TEST) i++;
    return i < set->n;
}

/* As splits.h settles them: without a test split, the validation split is the measure. */
static int takes_part(int side, int split, int set_has_test)
{
    const int measured = split == DATA_TEST || (split == DATA_VAL && !set_has_test);
    return split == DATA_SPLIT_OPEN || (side == TESTED ? measured : !measured);
}

/* 0: the item has nothing that could be shared. */
static int key_of(const DataAudited *side, int i, Question q, DataKey *key)
{
    const DataItem *item = &side->set->items[i];
    struct stat facts;
    *key = (DataKey){ .text = "", .item = i };
    if (q == BY_VIDEO && item->video) key->text = item->video;
    if (q == BY_VIDEO) return item->video != NULL;
    if (q == BY_FILE) {
        if (stat(item->path, &facts) != 0) return 0;
        key->number[0] = (uint64_t)facts.st_dev, key->number[1] = (uint64_t)facts.st_ino;
        return 1;
    }
    const DataProbe *p = &side->probes[i];
    key->number[0] = p->pixel_hash, key->number[1] = (uint64_t)p->w << 32 | (uint64_t)p->h;
    return p->w > 0;
}

static void collect(Look *l, Question q)
{
    l->n_keys = 0;
    for (int s = TRAINED; s <= TESTED; s++) {
        const DataSet *set = l->side[s].set;
        const int test = has_test(set);
        for (int i = 0; i < set->n; i++) {
            DataKey *key = &l->keys[l->n_keys];
            if (!takes_part(s, set->items[i].split, test) || !key_of(&l->side[s], i, q, key)) continue;
            key->part = s;
            l->n_keys++;
        }
    }
    data_keys_sort(l->keys, l->n_keys);
}

/* Different files of equal hashes are looked at again; one file is not told of twice. */
static NnStatus are_twins(const DataItem *a, const DataItem *b, size_t max_pixels, int *yes, NnErr *err)
{
    *yes = 0;
    if (data_probe_same_file(a->path, b->path)) return NN_OK;
    return data_probe_compare(a->path, b->path, max_pixels, yes, err);
}

static NnStatus judge(Look *l, size_t from, size_t end, Question q, NnErr *err)
{
    static const DataFindingKind kinds[] = { DATA_LEAK_FILE, DATA_LEAK_CONTENT, DATA_LEAK_NAME };
    char text[256], pair[DATA_PAIR_MAX];
    const DataSet *trained = l->side[TRAINED].set, *tested = l->side[TESTED].set;
    const DataItem *a = &trained->items[l->keys[from].item], *b = &tested->items[l->keys[end - 1].item];
    int yes = 1;
    if (q == BY_PIXELS) NN_TRY(are_twins(a, b, (size_t)trained->settings.max_pixels, &yes, err));
    if (!yes) return NN_OK;
    const char *from_path = trained->settings.path, *in = tested->settings.path;
    if (q == BY_FILE)
        snprintf(text, sizeof text, "files of %.90s (trained on) are in %.90s (tested on)", from_path, in);
    else if (q == BY_PIXELS)
        snprintf(text, sizeof text, "images of %.85s (trained on) are, pixel for pixel, in %.85s (tested on)",
                 from_path, in);
    else snprintf(text, sizeof text, "names of videos of %.80s (trained on) are in %.80s (tested on)", from_path, in);
    return data_audit_find(l->audit, kinds[q], 0, text, err, "%s", data_item_pair(a, b, pair));
}

static NnStatus ask(Look *l, Question q, NnErr *err)
{
    collect(l, q);
    for (size_t k = 0, end; k < l->n_keys; k = end) {
        end = data_keys_run(l->keys, l->n_keys, k);
        if (l->keys[k].part != l->keys[end - 1].part) NN_TRY(judge(l, k, end, q, err));
    }
    return NN_OK;
}

NnStatus data_audit_between(DataAudit *a, DataAudited trained, DataAudited tested, NnErr *err)
{
    Look l = { .audit = a, .side = { trained, tested } };
    size_t n = 0;
    if (nn_size_add((size_t)trained.set->n, (size_t)tested.set->n + 1, &n)) l.keys = nn_alloc(n, sizeof *l.keys);
    if (!l.keys) return nn_fail(err, NN_ERR_NOMEM, "out of memory to compare two data sets");
    NnStatus s = ask(&l, BY_FILE, err);
    if (s == NN_OK && trained.probes && tested.probes) s = ask(&l, BY_PIXELS, err);
    if (s == NN_OK) s = ask(&l, BY_VIDEO, err);
    free(l.keys);
    return s;
}
