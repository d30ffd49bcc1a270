/* import_items.c -- see import_items.h. */
#include "data/import_items.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/origin_groups.h"
#include "data/splits.h"
#include "nn/base/file.h"
#include "nn/base/rng.h"
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

/* The items that have a source, in the order of the list; [n] each. */
typedef struct {
    int n;
    char *text; /* every source, with a zero in place of its first '_' */
    DataOrigin *origins;
    DataItem *items; /* only their groups count */
    int *number;     /* in the set */
} Ties;

static void split_pairs(const DataSet *set, Ties *t)
{
    char *to = t->text;
    for (int i = 0; i < set->n; i++) {
        const char *source = set->items[i].source;
        if (!source) continue;
        const size_t n = strlen(source), first = strcspn(source, "_");
        memcpy(to, source, n + 1);
        to[first] = 0;
        t->origins[t->n] = (DataOrigin){ .video = "", .path = to, .source = first < n ? to + first + 1 : to };
        t->number[t->n++] = i;
        to += n + 1;
    }
}

static const char *smaller(const char *a, const char *b)
{
    return strcmp(a, b) <= 0 ? a : b;
}

typedef struct {
    uint64_t group;
    int place; /* in Ties */
} Member;

static int by_group(const void *a, const void *b)
{
    const Member *x = a, *y = b;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static NnStatus rename_source(DataItem *item, const char *prefix, const char *name, NnErr *err)
{
    char *source = nn_path_join(prefix, name);
    if (!source) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a source");
    free(item->source);
    item->source = source;
    return NN_OK;
}

/* `m` is sorted by group. */
static NnStatus rename_groups(DataSet *set, const Ties *t, const Member *m, const char *prefix, NnErr *err)
{
    for (int begin = 0, end; begin < t->n; begin = end) {
        const char *least = t->origins[m[begin].place].path;
        for (end = begin; end < t->n && m[end].group == m[begin].group; end++)
            least = smaller(least, smaller(t->origins[m[end].place].path, t->origins[m[end].place].source));
        for (int k = begin; k < end; k++) NN_TRY(rename_source(&set->items[t->number[m[k].place]], prefix, least, err));
    }
    return NN_OK;
}

static NnStatus tie(DataSet *set, Ties *t, const char *prefix, NnErr *err)
{
    split_pairs(set, t);
    NN_TRY(data_origin_groups(t->origins, t->n, t->items, err));
    Member *m = nn_alloc((size_t)t->n, sizeof *m);
    if (!m) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the pairs of %d items", t->n);
    for (int k = 0; k < t->n; k++) m[k] = (Member){ t->items[k].group, k };
    qsort(m, (size_t)t->n, sizeof *m, by_group);
    const NnStatus s = rename_groups(set, t, m, prefix, err);
    free(m);
    return s;
}

NnStatus data_import_tie_pairs(DataSet *set, const char *prefix, NnErr *err)
{
    size_t n = 0, bytes = 0;
    for (int i = 0; i < set->n; i++) {
        if (!set->items[i].source) continue;
        bytes += strlen(set->items[i].source) + 1;
        n++;
    }
    if (n == 0) return NN_OK;
    Ties t = { .text = nn_alloc(bytes, 1),
               .origins = nn_alloc(n, sizeof *t.origins),
               .items = nn_alloc(n, sizeof *t.items),
               .number = nn_alloc(n, sizeof *t.number) };
    const NnStatus s = t.text && t.origins && t.items && t.number
                           ? tie(set, &t, prefix, err)
                           : nn_fail(err, NN_ERR_NOMEM, "out of memory for the pairs of %d items", set->n);
    free(t.text);
    free(t.origins);
    free(t.items);
    free(t.number);
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

/* Paths of a set begin alike for a hundred bytes; their hashes sort much faster. */
typedef struct {
    uint64_t hash;
    int item;
} Path;

static int by_hash_then_place(const void *a, const void *b)
{
    const Path *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
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

/* Marks in `drop` what is listed again. Of a run of one hash the first is compared first: it is the same path, as a
 * rule, however long the run. */
static NnStatus find_repeats(const DataSet *set, const Path *sorted, char *drop, int *n, NnErr *err)
{
    for (int i = 1, run = 0; i < set->n; i++) {
        const int again = sorted[i].item;
        if (sorted[i].hash != sorted[run].hash) run = i;
        for (int k = run; k < i && !drop[again]; k++) {
            const int first = sorted[k].item;
            if (drop[first] || strcmp(set->items[first].path, set->items[again].path) != 0) continue;
            NN_TRY(compare_repeat(set, &set->items[first], &set->items[again], err));
            drop[again] = 1;
            ++*n;
        }
    }
    return NN_OK;
}

static NnStatus drop_found(DataSet *set, const char *drop, int n, NnErr *err)
{
    int first = 0;
    if (n == 0) return NN_OK;
    while (!drop[first]) first++;
    NN_TRY(data_set_note(set, err, "%d images are listed more than once and count once, the first %s", n,
                         set->items[first].path));
    data_set_drop(set, drop);
    return NN_OK;
}

NnStatus data_import_drop_repeats(DataSet *set, NnErr *err)
{
    const size_t n = (size_t)set->n;
    int dropped = 0;
    Path *sorted = nn_alloc(n, sizeof *sorted);
    char *drop = nn_alloc(n, 1);
    NnStatus s = sorted && drop ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory for a list of %d images", set->n);
    if (s == NN_OK) {
        for (size_t i = 0; i < n; i++) sorted[i] = (Path){ nn_hash_text(set->items[i].path), (int)i };
        qsort(sorted, n, sizeof *sorted, by_hash_then_place);
        s = find_repeats(set, sorted, drop, &dropped, err);
    }
    if (s == NN_OK) s = drop_found(set, drop, dropped, err);
    free(sorted);
    free(drop);
    return s;
}
