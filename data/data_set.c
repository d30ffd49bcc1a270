/* data_set.c -- see data_set.h: opening, reading through the cache, choosing items.
 * The sources (manifest.c, folder.c, generated.c) fill the list. */
#include "data/data_set.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/data_cache.h"
#include "data/spec.h"
#include "nn/base/few_names.h"
#include "nn/base/size.h"

void data_sample_free(DataSample *s)
{
    data_image_free(&s->image);
    data_image_free(&s->mask);
    *s = (DataSample){ 0 };
}

const char *data_item_method(const DataSet *set, int i)
{
    const int m = set->items[i].method;
    return m < 0 ? "real" : set->methods[m];
}

/* ---- building the list ---- */

static char *copy_text(const char *text)
{
    const size_t n = strlen(text) + 1;
    char *copy = nn_alloc(n, 1);
    return copy ? memcpy(copy, text, n) : NULL;
}

/* NULL stays NULL; *ok becomes 0 without memory. */
static char *copy_or_null(const char *text, int *ok)
{
    char *copy = text ? copy_text(text) : NULL;
    if (text && !copy) *ok = 0;
    return copy;
}

/* A method becomes a row in tables, beside rows that pool several, and an entry of comma lists. */
static NnStatus check_method(const DataItem *item, const char *name, NnErr *err)
{
    static const char *const taken[] = { "real", "all", "seen", "unseen" };
    const char *where = item->where ? item->where : item->path;
    for (const char *c = name; *c; c++)
        if (iscntrl((unsigned char)*c))
            return nn_fail(err, NN_ERR_DATA,
                           "%s: method: found byte %d, expected a name without line breaks and the like", where,
                           (unsigned char)*c);
    if (strchr(name, ','))
        return nn_fail(err, NN_ERR_DATA,
                       "%s: method \"%.80s\": expected a name without a comma, which parts names in [data] methods",
                       where, name);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (!strcmp(name, taken[i]))
            return nn_fail(err, NN_ERR_DATA,
                           "%s: method \"%s\": tables of results call something else so; expected another name than "
                           "real, all, seen, unseen",
                           where, name);
    return NN_OK;
}

/* Index of a method's name, appended if it is new; -1 without memory. */
static int method_index(DataSet *set, const char *name)
{
    for (int m = 0; m < set->n_methods; m++)
        if (strcmp(set->methods[m], name) == 0) return m;
    char **grown = nn_realloc(set->methods, (size_t)set->n_methods + 1, sizeof *grown);
    if (!grown) return -1;
    set->methods = grown;
    if (!(grown[set->n_methods] = copy_text(name))) return -1;
    return set->n_methods++;
}

/* Room for one more item; the list doubles whenever its length is a power of two. */
static int grow_items(DataSet *set)
{
    const int n = set->n;
    if (n & (n - 1)) return 1;
    DataItem *grown = nn_realloc(set->items, n ? 2 * (size_t)n : 1, sizeof *grown);
    if (grown) set->items = grown;
    return grown != NULL;
}

static void free_item(DataItem *item)
{
    free(item->path);
    free(item->mask);
    free(item->where);
    free(item->video);
    free(item->source);
}

NnStatus data_set_add(DataSet *set, const DataItem *item, const char *method, NnErr *err)
{
    DataItem copy = *item;
    int ok = 1;
    if (method) NN_TRY(check_method(item, method, err));
    copy.path = copy_or_null(item->path, &ok);
    copy.mask = copy_or_null(item->mask, &ok);
    copy.where = copy_or_null(item->where, &ok);
    copy.video = copy_or_null(item->video, &ok);
    copy.source = copy_or_null(item->source, &ok);
    copy.method = method ? method_index(set, method) : -1;
    if (!ok || (method && copy.method < 0) || !grow_items(set)) {
        free_item(&copy);
        return nn_fail(err, NN_ERR_NOMEM, "out of memory for a list of %d images", set->n + 1);
    }
    set->items[set->n++] = copy;
    return NN_OK;
}

void data_set_drop(DataSet *set, const char *drop)
{
    int kept = 0;
    for (int i = 0; i < set->n; i++) {
        if (drop[i]) free_item(&set->items[i]);
        else set->items[kept++] = set->items[i];
    }
    set->n = kept;
}

NnStatus data_set_note(DataSet *set, NnErr *err, const char *fmt, ...)
{
    char line[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    char **grown = nn_realloc(set->notes, (size_t)set->n_notes + 1, sizeof *grown);
    if (grown) set->notes = grown;
    if (!grown || !(grown[set->n_notes] = copy_text(line)))
        return nn_fail(err, NN_ERR_NOMEM, "out of memory for notes");
    set->n_notes++;
    return NN_OK;
}

/* ---- methods ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static NnStatus sort_methods(DataSet *set, NnErr *err)
{
    const size_t n = (size_t)set->n_methods;
    char **before = nn_alloc(n, sizeof *before);
    int *place = nn_alloc(n, sizeof *place);
    set->seen = nn_alloc(n, 1);
    const int ok = before && place && set->seen;
    if (ok && n > 0) {
        memcpy(before, set->methods, n * sizeof *before);
        qsort(set->methods, n, sizeof *set->methods, by_name);
        for (size_t old = 0; old < n; old++)
            while (set->methods[place[old]] != before[old]) place[old]++;
        for (int i = 0; i < set->n; i++)
            if (set->items[i].method >= 0) set->items[i].method = place[set->items[i].method];
    }
    free(before);
    free(place);
    return ok ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory for %d methods", set->n_methods);
}

static NnStatus unknown_method(const DataSet *set, const char *name, NnErr *err)
{
    const char *nearest = nn_nearest(name, (const char *const *)set->methods, set->n_methods);
    NnFewNames known = { 0 };
    for (int m = 0; m < set->n_methods; m++) nn_few_add(&known, "%s", set->methods[m]);
    return nn_fail(err, NN_ERR_CONFIG,
                   "[data] methods: \"%s\": no such manipulation%s%s%s; found in the data: %s, or all", name,
                   nearest ? " (nearest: " : "", nearest ? nearest : "", nearest ? ")" : "",
                   set->n_methods ? nn_few_say(&known) : "none");
}

/* seen[] from the comma-separated [data] methods. */
static NnStatus mark_seen(DataSet *set, NnErr *err)
{
    const char *list = set->settings.methods;
    for (int m = 0; m < set->n_methods; m++)
        set->seen[m] = nn_list_has(list, "all") || nn_list_has(list, set->methods[m]);
    for (const char *p = list; *p;) {
        char name[NN_TEXT_MAX];
        const size_t blanks = strspn(p, " \t,");
        p += blanks;
        size_t n = strcspn(p, ",");
        snprintf(name, sizeof name, "%.*s", (int)n, p);
        p += n;
        while (n > 0 && (name[n - 1] == ' ' || name[n - 1] == '\t')) name[--n] = 0;
        int m = 0;
        while (m < set->n_methods && strcmp(set->methods[m], name) != 0) m++;
        if (n > 0 && m == set->n_methods && strcmp(name, "all") != 0) return unknown_method(set, name, err);
    }
    return NN_OK;
}

/* ---- opening ---- */

static NnStatus check_settings(const DataSettings *s, NnErr *err)
{
    if (s->val_fraction + s->test_fraction >= 1)
        return nn_fail(err, NN_ERR_CONFIG, "[data] val_fraction = %g and test_fraction = %g leave nothing to train on",
                       (double)s->val_fraction, (double)s->test_fraction);
    if (s->quality_min > s->quality_max)
        return nn_fail(err, NN_ERR_CONFIG, "[data] quality_min = %d is above quality_max = %d", s->quality_min,
                       s->quality_max);
    return NN_OK;
}

static NnStatus open_source(DataSet *set, NnErr *err)
{
    switch ((DataSourceKind)set->settings.source) {
    case DATA_SOURCE_MANIFEST:
        return data_manifest_open(set, err);
    case DATA_SOURCE_FOLDER:
        return data_folder_open(set, err);
    case DATA_SOURCE_SPEC:
        return data_spec_open(set, err);
    case DATA_SOURCE_PORTRAITS:
    case DATA_SOURCE_PHOTOS:
        break;
    }
    return data_generated_open(set, err);
}

static NnStatus fill_set(DataSet *set, NnErr *err)
{
    NN_TRY(check_settings(&set->settings, err));
    NN_TRY(open_source(set, err));
    if (set->n == 0) return nn_fail(err, NN_ERR_DATA, "%s: no image found", set->settings.path);
    NN_TRY(sort_methods(set, err));
    if (set->as_listed) return NN_OK;
    NN_TRY(mark_seen(set, err));
    return data_cache_new(set->n, set->settings.cache_mib, &set->cache, err);
}

typedef enum { TO_TRAIN, ALL_TEST, AS_LISTED } Purpose;

static NnStatus open_set(const DataSettings *settings, uint64_t seed, Purpose purpose, DataSet **out, NnErr *err)
{
    *out = NULL;
    DataSet *set = nn_alloc(1, sizeof *set);
    if (!set) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a data set");
    set->settings = *settings;
    set->seed = seed;
    set->all_test = purpose == ALL_TEST;
    set->as_listed = purpose == AS_LISTED;
    const NnStatus s = fill_set(set, err);
    if (s == NN_OK) *out = set;
    else data_set_free(set);
    return s;
}

NnStatus data_set_open(const DataSettings *settings, uint64_t seed, DataSet **out, NnErr *err)
{
    return open_set(settings, seed, TO_TRAIN, out, err);
}

NnStatus data_set_open_all_test(const DataSettings *settings, uint64_t seed, DataSet **out, NnErr *err)
{
    return open_set(settings, seed, ALL_TEST, out, err);
}

NnStatus data_set_list(const DataSettings *settings, DataSet **out, NnErr *err)
{
    return open_set(settings, 0, AS_LISTED, out, err);
}

void data_set_free(DataSet *set)
{
    if (!set) return;
    if (set->self && set->reader->free) set->reader->free(set->self);
    data_cache_free(set->cache);
    for (int i = 0; i < set->n; i++) free_item(&set->items[i]);
    for (int m = 0; m < set->n_methods; m++) free(set->methods[m]);
    for (int k = 0; k < set->n_notes; k++) free(set->notes[k]);
    free(set->notes);
    free(set->items);
    free(set->methods);
    for (int i = 0; set->mask_shown && i < set->n; i++) free(set->mask_shown[i]);
    free(set->mask_shown);
    free(set->mask_hidden);
    free(set->seen);
    free(set);
}

/* ---- using it ---- */

NnStatus data_set_read(const DataSet *set, int i, DataSample *out, NnErr *err)
{
    int hit;
    *out = (DataSample){ 0 };
    NN_TRY(data_cache_get(set->cache, i, &hit, out, err));
    if (hit) return NN_OK;
    NN_TRY(set->reader->read(set->self, set, i, out, err));
    data_cache_put(set->cache, i, out);
    return NN_OK;
}

NnStatus data_set_select(const DataSet *set, DataSplit split, int **index, int *n, NnErr *err)
{
    *n = 0;
    *index = nn_alloc((size_t)set->n, sizeof **index);
    if (!*index) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a list of %d items", set->n);
    for (int i = 0; i < set->n; i++) {
        const DataItem *item = &set->items[i];
        const int wanted = split == DATA_TEST || item->method < 0 || set->seen[item->method];
        if (item->split == (int)split && wanted) (*index)[(*n)++] = i;
    }
    return NN_OK;
}
