/* import_list.c -- a text file with an image and its label in each line.
 *
 *     photos/a 1.png 0            0 or real, 1 or fake; the label is what follows the last blank
 *     b.png real
 *     c.png swap                  only in a .lst file, which says REAL or the name of the manipulation
 *
 * Empty lines and lines that begin with # are passed over. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/import_items.h"
#include "data/spec.h"
#include "data/splits.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

enum { MAX_BYTES = 1 << 30 };

typedef struct {
    DataSet *set;
    const char *file, *folder; /* what paths are relative to */
    int line, names_methods;   /* is it a .lst? */
    char where[NN_TEXT_MAX + 16];
} List;

static int ends_with(const char *path, const char *end)
{
    const char *dot = strrchr(nn_path_name(path), '.');
    return dot && strcasecmp(dot, end) == 0;
}

/* *method becomes NULL for real images. */
static NnStatus parse_label(const List *l, char *label, char **method, NnErr *err)
{
    static char fake[] = "fake";
    *method = NULL;
    if (strcmp(label, "0") == 0 || strcasecmp(label, "real") == 0) return NN_OK;
    *method = strcmp(label, "1") == 0 || strcasecmp(label, "fake") == 0 ? fake : label;
    if (*method == fake || l->names_methods) return NN_OK;
    return nn_fail(err, NN_ERR_DATA, "%s: label \"%s\"; known: 0 or real, 1 or fake (in a .lst file any manipulation)",
                   l->where, label);
}

static NnStatus add_line(List *l, char *path, char *label, NnErr *err)
{
    char *method;
    NN_TRY(parse_label(l, label, &method, err));
    DataItem item = { .label = method != NULL, .split = DATA_SPLIT_OPEN, .where = l->where };
    item.path = nn_path_join(l->folder, path);
    const NnStatus s = item.path ? data_set_add(l->set, &item, method, err)
                                 : nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", l->where);
    free(item.path);
    return s;
}

/* `end` is where the line ends; it is cut in place. */
static NnStatus read_line(List *l, char *begin, char *end, NnErr *err)
{
    while (end > begin && strchr(" \t\r", end[-1])) end--;
    begin += strspn(begin, " \t");
    l->line++;
    if (begin >= end || *begin == '#') return NN_OK;
    *end = 0;
    snprintf(l->where, sizeof l->where, "%s:%d", l->file, l->line);
    char *label = end;
    while (label > begin && !strchr(" \t", label[-1])) label--;
    if (label == begin)
        return nn_fail(err, NN_ERR_DATA, "%s: \"%.200s\": no label; expected a path, a blank and a label", l->where,
                       begin);
    char *gap = label;
    while (strchr(" \t", gap[-1])) gap--;
    *gap = 0;
    return add_line(l, begin, label, err);
}

static NnStatus read_text(List *l, char *text, size_t len, NnErr *err)
{
    if (memchr(text, 0, len))
        return nn_fail(err, NN_ERR_DATA, "%s: holds zero bytes; expected UTF-8 text (is it UTF-16?)", l->file);
    char *at = text + (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0), *const end = text + len;
    while (at < end) {
        char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        NN_TRY(read_line(l, at, stop, err));
        at = stop + 1;
    }
    if (l->set->n == 0) return nn_fail(err, NN_ERR_DATA, "%s: no image is listed", l->file);
    NN_TRY(data_import_drop_repeats(l->set, err));
    return data_import_groups(l->set, l->folder, err);
}

static NnStatus list_text(const DataSpec *spec, DataSet *set, NnErr *err)
{
    List l = { .set = set, .file = spec->path, .names_methods = ends_with(spec->path, ".lst") };
    unsigned char *text;
    size_t len;
    NN_TRY(nn_file_read(spec->path, MAX_BYTES, &text, &len, err));
    char *folder = *spec->root ? nn_path_join(NULL, spec->root) : nn_path_folder(spec->path);
    l.folder = folder;
    const NnStatus s =
        folder ? read_text(&l, (char *)text, len, err) : nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", spec->path);
    free(folder);
    free(text);
    return s;
}

static int is_list(const char *path)
{
    return nn_file_exists(path) && (ends_with(path, ".txt") || ends_with(path, ".lst"));
}

const DataFormat data_format_list = {
    .name = "list",
    .options = "root",
    .help = "a text file, in each line a path and 0, 1, real or fake; in a .lst file REAL or the manipulation",
    .fits = is_list,
    .list = list_text,
};
