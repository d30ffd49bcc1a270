/* import.c -- see import.h. */
#include "data/import.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/csv.h"
#include "data/origin_groups.h"
#include "data/splits.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

typedef struct {
    const DataSet *set;
    char *folder; /* of the manifest, absolute */
    char *here;   /* the present folder, absolute */
    FILE *text;
    char **path;         /* [set->n], and so on: as they are written */
    const char **source; /* "": none */
} Writer;

static NnStatus no_memory(const Writer *w, NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "out of memory for a manifest of %d images", w->set->n);
}

/* ---- paths ---- */

/* What follows `folder` in `path`, or NULL if it does not lie below. */
static const char *below(const char *folder, const char *path)
{
    const size_t n = strlen(folder);
    if (strcmp(folder, "/") == 0) return path[0] == '/' && path[1] ? path + 1 : NULL;
    return strncmp(path, folder, n) == 0 && path[n] == '/' && path[n + 1] ? path + n + 1 : NULL;
}

/* An absolute path without "." and doubled slashes; ".." stays, since a link may stand before it. */
static void tidy(char *path)
{
    char *to = path;
    for (const char *p = path; *p; p++) {
        while (p[0] == '/' && (p[1] == '/' || (p[1] == '.' && (p[2] == '/' || !p[2])))) p += p[1] == '/' ? 1 : 2;
        if (!*p) break;
        *to++ = *p;
    }
    *to = 0;
}

/* As it is written: relative to the manifest's folder where it lies below it. The caller frees; NULL: no memory. */
static char *written(const Writer *w, const char *path)
{
    char *full = nn_path_join(w->here, path);
    if (!full) return NULL;
    tidy(full);
    const char *rest = below(w->folder, full);
    if (rest) memmove(full, rest, strlen(rest) + 1);
    return full;
}

static NnStatus put_path(const Writer *w, const char *path, NnErr *err)
{
    char *text = written(w, path);
    if (!text) return no_memory(w, err);
    data_csv_put(w->text, text);
    free(text);
    return NN_OK;
}

/* ---- groups: what is read back must belong together as it did ---- */

typedef struct {
    uint64_t before, after;
    int item;
} Member;

static int by_before(const void *a, const void *b)
{
    const Member *x = a, *y = b;
    if (x->before != y->before) return x->before < y->before ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static int by_after(const void *a, const void *b)
{
    const Member *x = a, *y = b;
    if (x->after != y->after) return x->after < y->after ? -1 : 1;
    return (x->before > y->before) - (x->before < y->before);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What a row says of its origin. A path that nobody names as a source ties nothing: it only counts where it is all. */
static DataOrigin origin_of(const Writer *w, size_t i, const char *const *sources, size_t n)
{
    const char *video = w->set->items[i].video, *path = w->path[i];
    const int alone = !video && !*w->source[i];
    const int named = bsearch(&path, sources, n, sizeof *sources, by_bytes) != NULL;
    return (DataOrigin){ video ? video : "", w->source[i], alone || named ? path : "" };
}

/* The sources in the order of bytes, not all repeats of one. */
static const char **sort_sources(const Writer *w, size_t *n)
{
    const char **sorted = nn_alloc((size_t)w->set->n, sizeof *sorted);
    *n = 0;
    for (int i = 0; sorted && i < w->set->n; i++)
        if (*w->source[i] && (*n == 0 || strcmp(sorted[*n - 1], w->source[i]) != 0)) sorted[(*n)++] = w->source[i];
    if (sorted) qsort(sorted, *n, sizeof *sorted, by_bytes);
    return sorted;
}

/* The groups that a reader will make of the rows. */
static NnStatus read_back(const Writer *w, Member *members, NnErr *err)
{
    const size_t n = (size_t)w->set->n;
    DataOrigin *origins = nn_alloc(n, sizeof *origins);
    DataItem *items = nn_alloc(n, sizeof *items);
    size_t n_sources;
    const char **sources = sort_sources(w, &n_sources);
    NnStatus s = origins && items && sources ? NN_OK : no_memory(w, err);
    for (size_t i = 0; s == NN_OK && i < n; i++) origins[i] = origin_of(w, i, sources, n_sources);
    if (s == NN_OK) s = data_origin_groups(origins, w->set->n, items, err);
    for (size_t i = 0; s == NN_OK && i < n; i++)
        members[i] = (Member){ .before = w->set->items[i].group, .after = items[i].group, .item = (int)i };
    free(origins);
    free(items);
    free(sources);
    return s;
}

/* Is each group before one group after, and the other way round? Leaves the members in the order of `before`. */
static int same_partition(Member *m, size_t n)
{
    int same = 1;
    qsort(m, n, sizeof *m, by_after);
    for (size_t i = 1; i < n; i++) same &= m[i].after != m[i - 1].after || m[i].before == m[i - 1].before;
    qsort(m, n, sizeof *m, by_before);
    for (size_t i = 1; i < n; i++) same &= m[i].before != m[i - 1].before || m[i].after == m[i - 1].after;
    return same;
}

/* One source for each group: the first in the order of bytes that it has. */
static void unite_sources(Writer *w, const Member *m, size_t n)
{
    for (size_t begin = 0, end; begin < n; begin = end) {
        const char *least = "";
        for (end = begin; end < n && m[end].before == m[begin].before; end++) {
            const char *source = w->source[m[end].item];
            if (*source && (!*least || strcmp(source, least) < 0)) least = source;
        }
        for (size_t k = begin; k < end; k++) w->source[m[k].item] = least;
    }
}

/* Sources may name files as the list that was read had them; here files may be called otherwise. */
static NnStatus keep_groups(Writer *w, NnErr *err)
{
    const size_t n = (size_t)w->set->n;
    Member *m = nn_alloc(n, sizeof *m);
    NnStatus s = m ? read_back(w, m, err) : no_memory(w, err);
    if (s == NN_OK && !same_partition(m, n)) {
        unite_sources(w, m, n);
        s = read_back(w, m, err);
        if (s == NN_OK && !same_partition(m, n))
            s = nn_fail(
                err, NN_ERR_DATA,
                "the groups of %s cannot be written as a manifest: a source is spelled like the path of another "
                "group's image",
                w->set->settings.path);
    }
    free(m);
    return s;
}

/* ---- rows ---- */

static NnStatus put_item(const Writer *w, int i, NnErr *err)
{
    static const char *const splits[DATA_SPLITS] = { "train", "val", "test" };
    const DataItem *item = &w->set->items[i];
    data_csv_put(w->text, w->path[i]);
    fprintf(w->text, ",%d,", item->label);
    if (item->mask) NN_TRY(put_path(w, item->mask, err));
    fputc(',', w->text);
    if (item->label) data_csv_put(w->text, data_item_method(w->set, i));
    fputc(',', w->text);
    data_csv_put(w->text, item->video ? item->video : "");
    fputc(',', w->text);
    data_csv_put(w->text, w->source[i]);
    fprintf(w->text, ",%s\n", item->split == DATA_SPLIT_OPEN ? "" : splits[item->split]);
    return NN_OK;
}

static NnStatus put_all(const Writer *w, NnErr *err)
{
    fputs("path,label,mask,method,video,source,split\n", w->text);
    for (int i = 0; i < w->set->n; i++) NN_TRY(put_item(w, i, err));
    return NN_OK;
}

static NnStatus write_rows(Writer *w, const char *out, NnErr *err)
{
    char *text = NULL;
    size_t len = 0;
    w->text = open_memstream(&text, &len);
    if (!w->text) return no_memory(w, err);
    NnStatus s = put_all(w, err);
    const int failed = ferror(w->text);
    if ((fclose(w->text) != 0 || failed) && s == NN_OK) s = no_memory(w, err);
    const NnChunk chunk = { text, len };
    if (s == NN_OK) s = nn_file_write(out, &chunk, 1, err);
    free(text);
    return s;
}

static NnStatus start(Writer *w, const char *out, NnErr *err)
{
    char *folder = nn_path_folder(out);
    if (!folder) return no_memory(w, err);
    w->folder = nn_path_real(folder);
    w->here = nn_path_real(".");
    w->source = nn_alloc((size_t)w->set->n, sizeof *w->source);
    w->path = nn_alloc((size_t)w->set->n, sizeof *w->path);
    free(folder);
    if (!w->folder || !w->here || !w->source || !w->path) return no_memory(w, err);
    for (int i = 0; i < w->set->n; i++) {
        w->source[i] = w->set->items[i].source ? w->set->items[i].source : "";
        if (!(w->path[i] = written(w, w->set->items[i].path))) return no_memory(w, err);
    }
    return NN_OK;
}

NnStatus data_import_write(const DataSet *set, const char *out, NnErr *err)
{
    Writer w = { .set = set };
    NnStatus s = start(&w, out, err);
    if (s == NN_OK) s = keep_groups(&w, err);
    if (s == NN_OK) s = write_rows(&w, out, err);
    for (int i = 0; w.path && i < set->n; i++) free(w.path[i]);
    free(w.path);
    free(w.source);
    free(w.folder);
    free(w.here);
    return s;
}
