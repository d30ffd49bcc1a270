/* manifest.c -- a data set from a CSV file: path,label,mask,method,video,source,split.
 *
 * Owns the rules of the columns (README.md, "Manifest"); csv.c knows the syntax, origin_groups.c
 * what belongs together, splits.c who trains and who is measured. Images are not opened here. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/csv.h"
#include "data/data_set.h"
#include "data/origin_groups.h"
#include "data/splits.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

enum { MAX_BYTES = 1 << 30 };

typedef enum { PATH, LABEL, MASK, METHOD, VIDEO, SOURCE, SPLIT, COLUMNS } Column;

static const char *const column_names[COLUMNS] = { "path", "label", "mask", "method", "video", "source", "split" };

typedef struct {
    DataSet *set;
    DataCsv csv;
    char *folder;       /* what paths are relative to */
    int place[COLUMNS]; /* of each column in a record; -1 if absent */
    int n_columns;
    DataOrigin *origins; /* [set->n]; the texts lie in the CSV file's memory */
    NnErr first;         /* the first bad row, and how many there are */
    int n_bad;
} Manifest;

/* The text of a column in the present row; "" where it is absent. */
static const char *cell(const Manifest *m, Column c)
{
    return m->place[c] < 0 ? "" : m->csv.fields[m->place[c]];
}

static int column_of(const char *name)
{
    int c = 0;
    while (c < COLUMNS && strcmp(name, column_names[c]) != 0) c++;
    return c;
}

static NnStatus read_header(Manifest *m, NnErr *err)
{
    int more;
    const char *file = m->csv.name;
    NN_TRY(data_csv_next(&m->csv, &more, err));
    if (!more) return nn_fail(err, NN_ERR_DATA, "%s: empty; expected a header line: path,label,...", file);
    for (int c = 0; c < COLUMNS; c++) m->place[c] = -1;
    m->n_columns = m->csv.n;
    for (int i = 0; i < m->csv.n; i++) {
        const int c = column_of(m->csv.fields[i]);
        if (c == COLUMNS) continue;
        if (m->place[c] >= 0)
            return nn_fail(err, NN_ERR_DATA, "%s:%d: column \"%s\" appears twice", file, m->csv.line, column_names[c]);
        m->place[c] = i;
    }
    for (int c = PATH; c <= LABEL; c++)
        if (m->place[c] < 0)
            return nn_fail(err, NN_ERR_DATA,
                           "%s:%d: no column \"%s\" (first column: \"%s\"); needed: path, label; known: mask, method, "
                           "video, source, split",
                           file, m->csv.line, column_names[c], m->csv.fields[0]);
    return NN_OK;
}

static NnStatus parse_label(const char *text, const char *where, int *label, NnErr *err)
{
    *label = strcmp(text, "1") == 0 || strcmp(text, "fake") == 0;
    if (*label || strcmp(text, "0") == 0 || strcmp(text, "real") == 0) return NN_OK;
    return nn_fail(err, NN_ERR_DATA, "%s: label \"%s\"; known: 0 or real, 1 or fake", where, text);
}

static NnStatus parse_split(const char *text, const char *where, int *split, NnErr *err)
{
    static const struct {
        const char *name;
        int split;
    } known[] = { { "", DATA_SPLIT_OPEN }, { "train", DATA_TRAIN },    { "val", DATA_VAL },
                  { "test", DATA_TEST },   { "validation", DATA_VAL }, { "valid", DATA_VAL } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(text, known[i].name) == 0) {
            *split = known[i].split;
            return NN_OK;
        }
    return nn_fail(err, NN_ERR_DATA, "%s: split \"%s\"; known: train, val, test, or nothing", where, text);
}

/* What the row says, but for its paths. */
static NnStatus parse_row(const Manifest *m, const char *where, DataItem *item, NnErr *err)
{
    if (m->csv.n != m->n_columns)
        return nn_fail(err, NN_ERR_DATA, "%s: %d fields; the header has %d", where, m->csv.n, m->n_columns);
    NN_TRY(parse_label(cell(m, LABEL), where, &item->label, err));
    NN_TRY(parse_split(cell(m, SPLIT), where, &item->split, err));
    if (!*cell(m, PATH)) return nn_fail(err, NN_ERR_DATA, "%s: the path is empty", where);
    if (item->label == 0 && *cell(m, MASK))
        return nn_fail(err, NN_ERR_DATA, "%s: mask \"%s\" for a real image; expected none (its mask is all 0)", where,
                       cell(m, MASK));
    return NN_OK;
}

/* Of the item that was added last. The list doubles whenever its length was a power of two. */
static NnStatus note_origin(Manifest *m, const char *where, NnErr *err)
{
    const size_t before = (size_t)m->set->n - 1;
    if ((before & (before - 1)) == 0) {
        DataOrigin *grown = nn_realloc(m->origins, before ? 2 * before : 1, sizeof *grown);
        if (!grown) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", where);
        m->origins = grown;
    }
    m->origins[before] = (DataOrigin){ .video = cell(m, VIDEO), .source = cell(m, SOURCE), .path = cell(m, PATH) };
    return NN_OK;
}

static NnStatus add_row(Manifest *m, const char *where, NnErr *err)
{
    DataItem item = { .where = (char *)(uintptr_t)where };
    NN_TRY(parse_row(m, where, &item, err));
    const char *method = *cell(m, METHOD) ? cell(m, METHOD) : "fake";
    item.video = *cell(m, VIDEO) ? (char *)(uintptr_t)cell(m, VIDEO) : NULL;
    item.source = *cell(m, SOURCE) ? (char *)(uintptr_t)cell(m, SOURCE) : NULL;
    item.path = nn_path_join(m->folder, cell(m, PATH));
    item.mask = *cell(m, MASK) ? nn_path_join(m->folder, cell(m, MASK)) : NULL;
    const NnStatus s = item.path && (item.mask || !*cell(m, MASK))
                           ? data_set_add(m->set, &item, item.label ? method : NULL, err)
                           : nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", where);
    free(item.path);
    free(item.mask);
    return s == NN_OK ? note_origin(m, where, err) : s;
}

static void note_bad(Manifest *m, const NnErr *bad)
{
    if (m->n_bad++ == 0) m->first = *bad;
}

/* Bad rows are gathered, so that the user hears how many there are. */
static NnStatus read_rows(Manifest *m, NnErr *err)
{
    const size_t room = strlen(m->csv.name) + 16;
    char *where = nn_alloc(room, 1);
    NnStatus s = where ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", m->csv.name);
    int more = 1;
    while (s == NN_OK && (s = data_csv_next(&m->csv, &more, err)) == NN_OK && more) {
        NnErr bad = { 0 };
        snprintf(where, room, "%s:%d", m->csv.name, m->csv.line);
        if (add_row(m, where, &bad) == NN_OK) continue;
        if (bad.status == NN_ERR_NOMEM) s = nn_fail(err, bad.status, "%s", bad.msg);
        else note_bad(m, &bad);
    }
    free(where);
    return s;
}

static int by_path_then_position(const void *a, const void *b)
{
    const DataItem *x = *(const DataItem *const *)a, *y = *(const DataItem *const *)b;
    const int order = strcmp(x->path, y->path);
    return order ? order : (x > y) - (x < y);
}

static int by_position(const void *a, const void *b)
{
    const DataItem *x = *(const DataItem *const *)a, *y = *(const DataItem *const *)b;
    return (x > y) - (x < y);
}

/* The same file twice would be counted twice, or be trained on and measured. */
static NnStatus find_duplicates(Manifest *m, NnErr *err)
{
    const DataSet *set = m->set;
    const DataItem **sorted = nn_alloc((size_t)set->n, 2 * sizeof(DataItem *));
    if (!sorted) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", m->csv.name);
    const DataItem **twice = sorted + set->n;
    int n = 0;
    for (int i = 0; i < set->n; i++) sorted[i] = &set->items[i];
    qsort(sorted, (size_t)set->n, sizeof(DataItem *), by_path_then_position);
    for (int i = 1; i < set->n; i++)
        if (strcmp(sorted[i]->path, sorted[i - 1]->path) == 0) twice[n++] = sorted[i];
    qsort(twice, (size_t)n, sizeof(DataItem *), by_position);
    for (int i = 0; i < n; i++) {
        NnErr bad = { 0 };
        const DataItem *before = set->items;
        while (i == 0 && strcmp(before->path, twice[0]->path) != 0) before++;
        nn_fail(&bad, NN_ERR_DATA, "%s: path \"%s\" is listed already at %s", twice[i]->where, twice[i]->path,
                before->where);
        note_bad(m, &bad);
    }
    free(sorted);
    return NN_OK;
}

static NnStatus read_manifest(Manifest *m, NnErr *err)
{
    NN_TRY(read_header(m, err));
    NN_TRY(read_rows(m, err));
    NN_TRY(find_duplicates(m, err));
    if (m->n_bad == 1) return nn_fail(err, NN_ERR_DATA, "%s", m->first.msg);
    if (m->n_bad > 1) return nn_fail(err, NN_ERR_DATA, "%.600s (and %d more bad lines)", m->first.msg, m->n_bad - 1);
    if (m->set->n == 0) return nn_fail(err, NN_ERR_DATA, "%s: no image: nothing follows the header", m->csv.name);
    NN_TRY(data_origin_groups(m->origins, m->set->n, m->set->items, err));
    return data_splits_settle(m->set, err);
}

NnStatus data_manifest_open(DataSet *set, NnErr *err)
{
    Manifest m = { .set = set };
    unsigned char *text;
    size_t len;
    const char *path = set->settings.path;
    if (!*path) return nn_fail(err, NN_ERR_CONFIG, "[data] path is empty; source = manifest needs a CSV file");
    if (nn_folder_exists(path))
        return nn_fail(err, NN_ERR_CONFIG,
                       "[data] path = %s is a folder; source = manifest needs a CSV file "
                       "(or say source = folder)",
                       path);
    NN_TRY(nn_file_read(path, MAX_BYTES, &text, &len, err));
    m.folder = nn_path_folder(path);
    NnStatus s = m.folder ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", path);
    if (s == NN_OK) s = data_csv_init(&m.csv, (char *)text, len, path, err);
    if (s == NN_OK) s = read_manifest(&m, err);
    set->reader = &data_file_reader;
    data_csv_deinit(&m.csv);
    free(m.origins);
    free(m.folder);
    free(text);
    return s;
}
