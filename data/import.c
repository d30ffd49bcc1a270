/* import.c -- see import.h. */
#include "data/import.h"

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
    const char **source; /* [set->n], as it is written; "": none */
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

/* Write a path relative to the manifest's folder where it lies below it. */
static NnStatus put_path(const Writer *w, const char *path, NnErr *err)
{
    char *full = nn_path_join(w->here, path);
    if (!full) return no_memory(w, err);
    tidy(full);
    const char *rest = below(w->folder, full);
    data_csv_put(w->text, rest ? rest : full);
    free(full);
    return NN_OK;
}

/* ---- rows ---- */

static NnStatus put_item(const Writer *w, int i, NnErr *err)
{
    static const char *const splits[DATA_SPLITS] = { "train", "val", "test" };
    const DataItem *item = &w->set->items[i];
    NN_TRY(put_path(w, item->path, err));
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
    free(folder);
    if (!w->folder || !w->here || !w->source) return no_memory(w, err);
    for (int i = 0; i < w->set->n; i++) w->source[i] = w->set->items[i].source ? w->set->items[i].source : "";
    return NN_OK;
}

NnStatus data_import_write(const DataSet *set, const char *out, NnErr *err)
{
    Writer w = { .set = set };
    NnStatus s = start(&w, out, err);
    if (s == NN_OK) s = write_rows(&w, out, err);
    free(w.source);
    free(w.folder);
    free(w.here);
    return s;
}
