/* import_items.c -- see import_items.h. */
#include "data/import_items.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/origin_groups.h"
#include "data/splits.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

/* ---- order of frames ---- */

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Compare two runs of digits by value, whatever their length, and step behind them. */
static int compare_numbers(const char **a, const char **b)
{
    while (**a == '0') ++*a;
    while (**b == '0') ++*b;
    const size_t n = strspn(*a, "0123456789"), m = strspn(*b, "0123456789");
    const int order = n != m ? (n < m ? -1 : 1) : memcmp(*a, *b, n);
    *a += n;
    *b += m;
    return order;
}

/* "0012.png": nothing but a number before the dot. */
static int is_number(const char *name)
{
    const size_t n = strspn(name, "0123456789");
    return n > 0 && (name[n] == '.' || name[n] == 0);
}

int data_frame_compare(const char *a, const char *b)
{
    const char *x = nn_path_name(a), *y = nn_path_name(b);
    int order = is_number(y) - is_number(x);
    while (order == 0 && *x && *y) {
        if (is_digit(*x) && is_digit(*y)) order = compare_numbers(&x, &y);
        else if (*x == *y) x++, y++;
        else order = (unsigned char)*x < (unsigned char)*y ? -1 : 1;
    }
    if (order == 0) order = (*x != 0) - (*y != 0);
    return order ? order : strcmp(a, b);
}

/* ---- ties ---- */

typedef struct {
    char *text; /* every source, with a zero in place of its first '_' */
    DataOrigin *origins;
    DataItem *items;   /* only their groups count */
    int *sorted;       /* items with a source, by group */
    const char **name; /* [set->n], the smallest name of the item's group */
    int n_sorted;
} Ties;

static void split_pairs(const DataSet *set, Ties *t)
{
    char *to = t->text;
    for (int i = 0; i < set->n; i++) {
        const char *source = set->items[i].source;
        t->origins[i] = (DataOrigin){ "", "", "" };
        if (!source) continue;
        const size_t n = strlen(source), first = strcspn(source, "_");
        memcpy(to, source, n + 1);
        to[first] = 0;
        t->origins[i].path = to;
        t->origins[i].source = first < n ? to + first + 1 : to;
        t->sorted[t->n_sorted++] = i;
        to += n + 1;
    }
}

static const char *smaller(const char *a, const char *b)
{
    return strcmp(a, b) <= 0 ? a : b;
}

/* Insertion would be quadratic; the groups are sorted with their items. */
typedef struct {
    uint64_t group;
    int item;
} Member;

static int by_group(const void *a, const void *b)
{
    const Member *x = a, *y = b;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    return x->item < y->item ? -1 : 1;
}

static NnStatus name_groups(Ties *t, NnErr *err)
{
    Member *m = nn_alloc((size_t)t->n_sorted, sizeof *m);
    if (!m) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the pairs of %d items", t->n_sorted);
    for (int k = 0; k < t->n_sorted; k++) m[k] = (Member){ t->items[t->sorted[k]].group, t->sorted[k] };
    qsort(m, (size_t)t->n_sorted, sizeof *m, by_group);
    for (int begin = 0, end; begin < t->n_sorted; begin = end) {
        const char *least = t->origins[m[begin].item].path;
        for (end = begin; end < t->n_sorted && m[end].group == m[begin].group; end++)
            least = smaller(least, smaller(t->origins[m[end].item].path, t->origins[m[end].item].source));
        for (int k = begin; k < end; k++) t->name[m[k].item] = least;
    }
    free(m);
    return NN_OK;
}

static NnStatus rename_sources(DataSet *set, const Ties *t, const char *prefix, NnErr *err)
{
    for (int k = 0; k < t->n_sorted; k++) {
        DataItem *item = &set->items[t->sorted[k]];
        char *source = nn_path_join(prefix, t->name[t->sorted[k]]);
        if (!source) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the pairs of %d items", t->n_sorted);
        free(item->source);
        item->source = source;
    }
    return NN_OK;
}

NnStatus data_import_tie_pairs(DataSet *set, const char *prefix, NnErr *err)
{
    const size_t n = (size_t)set->n;
    size_t bytes = 0;
    for (int i = 0; i < set->n; i++) bytes += set->items[i].source ? strlen(set->items[i].source) + 1 : 0;
    Ties t = { .text = nn_alloc(bytes, 1),
               .origins = nn_alloc(n, sizeof *t.origins),
               .items = nn_alloc(n, sizeof *t.items),
               .sorted = nn_alloc(n, sizeof *t.sorted),
               .name = nn_alloc(n, sizeof *t.name) };
    NnStatus s = NN_OK;
    if (!t.text || !t.origins || !t.items || !t.sorted || !t.name)
        s = nn_fail(err, NN_ERR_NOMEM, "out of memory for the pairs of %d items", set->n);
    if (s == NN_OK) {
        split_pairs(set, &t);
        s = data_origin_groups(t.origins, set->n, t.items, err);
    }
    if (s == NN_OK) s = name_groups(&t, err);
    if (s == NN_OK) s = rename_sources(set, &t, prefix, err);
    free(t.text);
    free(t.origins);
    free(t.items);
    free(t.sorted);
    free(t.name);
    return s;
}

NnStatus data_import_groups(DataSet *set, const char *folder, NnErr *err)
{
    const size_t n = strlen(folder);
    DataOrigin *origins = nn_alloc((size_t)set->n, sizeof *origins);
    if (!origins) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the groups of %d items", set->n);
    for (int i = 0; i < set->n; i++) {
        const DataItem *item = &set->items[i];
        const int below = strncmp(item->path, folder, n) == 0 && item->path[n] == '/';
        origins[i].video = item->video ? item->video : "";
        origins[i].source = item->source ? item->source : "";
        origins[i].path = item->video || item->source ? "" : item->path + (below ? n + 1 : 0);
    }
    const NnStatus s = data_origin_groups(origins, set->n, set->items, err);
    free(origins);
    return s;
}

/* ---- repeats ---- */

static int by_path_then_place(const void *a, const void *b)
{
    const DataItem *x = *(const DataItem *const *)a, *y = *(const DataItem *const *)b;
    const int order = strcmp(x->path, y->path);
    return order ? order : (x > y) - (x < y);
}

static NnStatus compare_repeat(const DataSet *set, const DataItem *first, const DataItem *again, NnErr *err)
{
    static const char *const splits[] = { "none", "train", "val", "test" };
    const char *where = again->where ? again->where : set->settings.path;
    if (first->label != again->label || first->method != again->method)
        return nn_fail(err, NN_ERR_DATA, "%s: %s is listed as %s and as %s", where, again->path,
                       first->label ? set->methods[first->method] : "real",
                       again->label ? set->methods[again->method] : "real");
    if (first->split != again->split)
        return nn_fail(err, NN_ERR_DATA, "%s: %s is listed in two splits: %s and %s", where, again->path,
                       splits[first->split - DATA_SPLIT_OPEN], splits[again->split - DATA_SPLIT_OPEN]);
    return NN_OK;
}

NnStatus data_import_drop_repeats(DataSet *set, NnErr *err)
{
    const size_t n = (size_t)set->n;
    const DataItem **sorted = nn_alloc(n, sizeof(DataItem *));
    char *drop = nn_alloc(n, 1);
    NnStatus s = sorted && drop ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory for a list of %d images", set->n);
    const DataItem *example = NULL;
    int dropped = 0;
    for (size_t i = 0; s == NN_OK && i < n; i++) sorted[i] = &set->items[i];
    if (s == NN_OK) qsort(sorted, n, sizeof(DataItem *), by_path_then_place);
    for (size_t i = 1; s == NN_OK && i < n; i++) {
        if (strcmp(sorted[i]->path, sorted[i - 1]->path) != 0) continue;
        s = compare_repeat(set, sorted[i - 1], sorted[i], err);
        if (!example) example = sorted[i];
        drop[sorted[i] - set->items] = 1;
        dropped++;
    }
    if (s == NN_OK && dropped)
        s = data_set_note(set, err, "%d images are listed more than once and count once, the first %s", dropped,
                          example->path);
    if (s == NN_OK && dropped) data_set_drop(set, drop);
    free(sorted);
    free(drop);
    return s;
}
