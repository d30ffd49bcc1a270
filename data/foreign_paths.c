/* foreign_paths.c -- see foreign_paths.h. */
#include "data/foreign_paths.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "nn/base/size.h"

void data_foreign_init(DataForeignPaths *p, const char *root)
{
    *p = (DataForeignPaths){ .root = root };
}

void data_foreign_deinit(DataForeignPaths *p)
{
    free(p->folder);
    free(p->answer);
    free(p->prefix);
    free(p->missing);
    *p = (DataForeignPaths){ 0 };
}

static NnStatus no_memory(NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "out of memory for a path");
}

static char *copy_start(const char *text, size_t n)
{
    char *copy = nn_alloc(n + 1, 1);
    return copy ? memcpy(copy, text, n) : NULL;
}

/* Backslashes to slashes; without "." components and doubled slashes. */
static char *make_plain(const char *listed)
{
    char *plain = copy_start(listed, strlen(listed)), *to = plain;
    if (!plain) return NULL;
    for (char *c = plain; *c; c++)
        if (*c == '\\') *c = '/';
    for (const char *c = plain; *c; c++) {
        const int begins = c == plain || c[-1] == '/';
        if (begins && c[0] == '.' && c[1] == '/') c++;
        else if (!(begins && c > plain && *c == '/')) *to++ = *c;
    }
    *to = 0;
    return plain;
}

/* ---- where a folder is ---- */

/* The folder, and with `file` the file in it, below root; NULL if it is not there. *err is set without memory. */
static char *look(const char *root, const char *folder, const char *file, NnErr *err)
{
    while (*folder == '/' && root) folder++;
    char *there = *folder ? nn_path_join(root, folder) : copy_start(root, strlen(root));
    char *whole = there && file ? nn_path_join(there, file) : NULL;
    if (!there || (file && !whole)) no_memory(err);
    const int found = there && (file ? whole && nn_file_exists(whole) : nn_folder_exists(there));
    free(whole);
    if (found) return there;
    free(there);
    return NULL;
}

static NnStatus remember(DataForeignPaths *p, size_t dropped, NnErr *err)
{
    char *prefix = copy_start(p->folder, dropped);
    if (!prefix) return no_memory(err);
    free(p->prefix);
    p->prefix = prefix;
    p->as_is = 0;
    return NN_OK;
}

/* As it stands, then below root with ever less of it. */
static NnStatus search(DataForeignPaths *p, const char *file, NnErr *err)
{
    const char *whole = *p->folder ? p->folder : ".";
    p->answer = look(NULL, whole, file, err);
    p->as_is = p->answer != NULL;
    for (size_t off = 0, n = strlen(p->folder); !p->answer && err->status == NN_OK && off <= n; off++) {
        if (off > 0 && off < n && p->folder[off - 1] != '/') continue;
        if (off == n && !file) break; /* root itself proves nothing */
        p->answer = look(p->root, p->folder + off, file, err);
        if (p->answer) return remember(p, off, err);
    }
    return err->status;
}

/* The way that worked the last time. */
static NnStatus try_remembered(DataForeignPaths *p, NnErr *err)
{
    const size_t n = p->prefix ? strlen(p->prefix) : 0;
    if (p->as_is) p->answer = look(NULL, *p->folder ? p->folder : ".", NULL, err);
    else if (p->prefix && strncmp(p->folder, p->prefix, n) == 0 && p->folder[n])
        p->answer = look(p->root, p->folder + n, NULL, err);
    return err->status;
}

/* What is nowhere: where it would be by the last way that worked. */
static NnStatus give_up(DataForeignPaths *p, NnErr *err)
{
    const size_t n = p->prefix ? strlen(p->prefix) : 0;
    const int known = p->prefix && strncmp(p->folder, p->prefix, n) == 0;
    p->n_missing++;
    p->answer = nn_path_join(p->root, p->folder + (known ? n : 0));
    if (p->answer && !p->missing) p->missing = copy_start(p->answer, strlen(p->answer));
    return p->missing ? NN_OK : no_memory(err);
}

static NnStatus find_folder(DataForeignPaths *p, const char *file, NnErr *err)
{
    NnErr e = { 0 };
    NnStatus s = try_remembered(p, &e);
    if (s == NN_OK && !p->answer) s = search(p, file, &e);
    if (s == NN_OK && !p->answer) s = search(p, NULL, &e); /* the folder without this file */
    if (s != NN_OK) return nn_fail(err, s, "%s", e.msg);
    p->found = p->answer != NULL;
    p->n_folders++;
    p->n_moved += p->found && !p->as_is && p->prefix && *p->prefix;
    return p->found ? NN_OK : give_up(p, err);
}

NnStatus data_foreign_find(DataForeignPaths *p, const char *listed, char **out, NnErr *err)
{
    NnStatus s = NN_OK;
    *out = NULL;
    char *plain = make_plain(listed);
    if (!plain) return no_memory(err);
    const char *slash = strrchr(plain, '/'), *file = slash ? slash + 1 : plain;
    const size_t n = slash ? (size_t)(slash - plain) + (slash == plain) : 0;
    if (!p->folder || strlen(p->folder) != n || memcmp(p->folder, plain, n) != 0) {
        free(p->folder);
        free(p->answer);
        p->answer = NULL;
        p->folder = copy_start(plain, n);
        s = p->folder ? find_folder(p, file, err) : no_memory(err);
    }
    if (s == NN_OK && !(*out = nn_path_join(p->answer, file))) s = no_memory(err);
    free(plain);
    return s;
}

NnStatus data_foreign_report(const DataForeignPaths *p, DataSet *set, NnErr *err)
{
    if (p->n_moved)
        NN_TRY(data_set_note(set, err, "paths are read below %s without their beginning \"%.200s\" (%d of %d folders)",
                             p->root, p->prefix, p->n_moved, p->n_folders));
    if (p->n_missing)
        NN_TRY(data_set_note(set, err, "%d of %d folders of images are not there, the first %.300s; is root right?",
                             p->n_missing, p->n_folders, p->missing));
    return NN_OK;
}
