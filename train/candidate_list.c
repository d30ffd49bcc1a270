/* candidate_list.c -- reading candidates.csv, and the masks that a person adds to it (see candidates.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/csv.h"
#include "nn/base/file.h"
#include "nn/base/size.h"
#include "train/candidates.h"
#include "train/run_folder.h"

enum { MAX_BYTES = 1 << 28, MAX_WANTED = 4 };

/* ---- a CSV file with the columns that are wanted from it ---- */

typedef struct {
    DataCsv csv;
    unsigned char *text;
    char *folder; /* what its paths are relative to */
    int lines;    /* at most as many rows */
    int n_columns, place[MAX_WANTED];
} Table;

static void close_table(Table *t)
{
    data_csv_deinit(&t->csv);
    free(t->text);
    free(t->folder);
}

static NnStatus read_header(Table *t, const char *const *names, NnErr *err)
{
    int more;
    NN_TRY(data_csv_next(&t->csv, &more, err));
    t->n_columns = more ? t->csv.n : 0;
    for (int c = 0; names[c]; c++) {
        int at = 0;
        while (at < t->n_columns && strcmp(t->csv.fields[at], names[c]) != 0) at++;
        if (at == t->n_columns)
            return nn_fail(err, NN_ERR_DATA, "%s:1: no column \"%s\" (first column: \"%s\")", t->csv.name, names[c],
                           t->n_columns ? t->csv.fields[0] : "");
        t->place[c] = at;
    }
    return NN_OK;
}

/* `names` end with NULL. ERR_DATA if one of them is missing. Close the table also after a failure. */
static NnStatus open_table(Table *t, const char *path, const char *const *names, NnErr *err)
{
    size_t len;
    *t = (Table){ .lines = 1 };
    NN_TRY(nn_file_read(path, MAX_BYTES, &t->text, &len, err));
    for (size_t i = 0; i < len; i++) t->lines += t->text[i] == '\n';
    if (!(t->folder = nn_path_folder(path))) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", path);
    NN_TRY(data_csv_init(&t->csv, (char *)t->text, len, path, err));
    return read_header(t, names, err);
}

static NnStatus next_row(Table *t, int *more, NnErr *err)
{
    NN_TRY(data_csv_next(&t->csv, more, err));
    if (!*more || t->csv.n == t->n_columns) return NN_OK;
    return nn_fail(err, NN_ERR_DATA, "%s:%d: %d fields; the header has %d", t->csv.name, t->csv.line, t->csv.n,
                   t->n_columns);
}

static const char *cell(const Table *t, int column)
{
    return t->csv.fields[t->place[column]];
}

/* The file that a column names, real and absolute. Caller frees; NULL: no memory. */
static char *cell_path(const Table *t, int column)
{
    char *joined = nn_path_join(t->folder, cell(t, column));
    char *real = joined ? nn_path_real(joined) : NULL;
    free(joined);
    return real;
}

/* "file.csv:7". Caller frees; NULL: no memory. */
static char *place_of_row(const Table *t)
{
    const size_t size = strlen(t->csv.name) + 16;
    char *text = nn_alloc(size, 1);
    if (text) snprintf(text, size, "%s:%d", t->csv.name, t->csv.line);
    return text;
}

/* ---- finding by name ---- */

typedef struct {
    const char *name;
    int number;
} Named;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Named *)a)->name, ((const Named *)b)->name);
}

/* The number that goes with a name in a sorted list; -1: not there. */
static int find_number(const Named *names, int n, const char *name)
{
    const Named wanted = { .name = name };
    const Named *found = bsearch(&wanted, names, (size_t)n, sizeof *names, by_name);
    return found ? found->number : -1;
}

/* ---- the run's own list ---- */

enum { OWN_PATH, OWN_MASK, OWN_ITEM, OWN_SCORE };
static const char *const own_columns[] = { "path", "mask", "item", "score", NULL };

/* The present row as the last candidate of c, which has room for it. */
static NnStatus add_candidate(const Table *table, const Named *items, int n_items, TrainCandidates *c, NnErr *err)
{
    const int k = c->n, item = find_number(items, n_items, cell(table, OWN_ITEM));
    if (item < 0)
        return nn_fail(err, NN_ERR_DATA, "%s:%d: item \"%s\" is no forged training image of this run", table->csv.name,
                       table->csv.line, cell(table, OWN_ITEM));
    c->n++;
    c->item[k] = item;
    c->score[k] = strtof(cell(table, OWN_SCORE), NULL);
    c->path[k] = cell_path(table, OWN_PATH);
    c->mask[k] = cell_path(table, OWN_MASK);
    c->where[k] = place_of_row(table);
    if (c->path[k] && c->mask[k] && c->where[k]) return NN_OK;
    return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", table->csv.name);
}

static NnStatus read_candidates(const Trainer *t, Table *table, Named *items, TrainCandidates *c, NnErr *err)
{
    int n = 0, more;
    for (int i = 0; i < t->n_train; i++) {
        const DataItem *item = &t->set->items[t->train[i]];
        if (item->label) items[n++] = (Named){ item->path, t->train[i] };
    }
    qsort(items, (size_t)n, sizeof *items, by_name);
    NN_TRY(train_candidates_init(c, table->lines, err));
    c->n = 0;
    for (;;) {
        NN_TRY(next_row(table, &more, err));
        if (!more) break;
        NN_TRY(add_candidate(table, items, n, c, err));
    }
    return c->n ? NN_OK : nn_fail(err, NN_ERR_DATA, "%s: no candidate: nothing follows the header", table->csv.name);
}

NnStatus train_candidates_read(const Trainer *t, const char *folder, TrainCandidates *c, NnErr *err)
{
    char path[TRAIN_PATH_MAX];
    Table table;
    *c = (TrainCandidates){ 0 };
    NnStatus status = open_table(&table, train_folder_file(folder, "candidates.csv", path), own_columns, err);
    Named *items = nn_alloc((size_t)t->n_train, sizeof *items);
    if (status == NN_OK && !items) status = nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", path);
    if (status == NN_OK) status = read_candidates(t, &table, items, c, err);
    free(items);
    close_table(&table);
    return status;
}

/* ---- a person's masks ---- */

enum { NOTE_PATH, NOTE_MASK };
static const char *const note_columns[] = { "path", "mask", NULL };

static NnStatus annotate(const Table *table, const Named *names, TrainCandidates *c, char *annotated, NnErr *err)
{
    const char *file = table->csv.name;
    char *image = cell_path(table, NOTE_PATH);
    if (!image) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", file);
    const int k = find_number(names, c->n, image), line = table->csv.line;
    free(image);
    if (k < 0)
        return nn_fail(err, NN_ERR_DATA, "%s:%d: \"%s\" is none of the %d candidates; expected one of candidates.csv",
                       file, line, cell(table, NOTE_PATH), c->n);
    if (annotated[k])
        return nn_fail(err, NN_ERR_DATA, "%s:%d: \"%s\" has a mask already at %s", file, line, cell(table, NOTE_PATH),
                       c->where[k]);
    if (!*cell(table, NOTE_MASK))
        return nn_fail(err, NN_ERR_DATA,
                       "%s:%d: the mask of \"%s\" is empty; expected a PNG or JPEG of the image's size, white where it "
                       "is forged",
                       file, line, cell(table, NOTE_PATH));
    free(c->mask[k]);
    free(c->where[k]);
    annotated[k] = 1;
    c->mask[k] = cell_path(table, NOTE_MASK);
    c->where[k] = place_of_row(table);
    return c->mask[k] && c->where[k] ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", file);
}

static NnStatus annotate_all(Table *table, Named *names, TrainCandidates *c, char *annotated, NnErr *err)
{
    int more;
    for (int k = 0; k < c->n; k++) names[k] = (Named){ c->path[k], k };
    qsort(names, (size_t)c->n, sizeof *names, by_name);
    for (;;) {
        NN_TRY(next_row(table, &more, err));
        if (!more) break;
        NN_TRY(annotate(table, names, c, annotated, err));
    }
    for (int k = 0; k < c->n; k++)
        if (!annotated[k])
            return nn_fail(err, NN_ERR_DATA, "%s: no row for the candidate %s; expected one for each of the %d",
                           table->csv.name, c->path[k], c->n);
    return NN_OK;
}

NnStatus train_candidates_annotate(TrainCandidates *c, const char *annotations, NnErr *err)
{
    Table table;
    NnStatus status = open_table(&table, annotations, note_columns, err);
    Named *names = nn_alloc((size_t)c->n, sizeof *names);
    char *annotated = nn_alloc((size_t)c->n, 1);
    if (status == NN_OK && (!names || !annotated))
        status = nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", annotations);
    if (status == NN_OK) status = annotate_all(&table, names, c, annotated, err);
    free(names);
    free(annotated);
    close_table(&table);
    return status;
}
