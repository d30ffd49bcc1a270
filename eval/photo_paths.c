/* photo_paths.c -- see photo_paths.h. */
#include "eval/photo_paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/photo_list.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

enum { MAX_LIST_BYTES = 1 << 30, INPUT_STEP = 1 << 16 };

/* Room for one more; the lists double whenever their length is a power of two. */
static int grow(EvalPhotoPaths *p)
{
    const size_t n = (size_t)p->n, room = n ? 2 * n : 1;
    if (n & (n - 1)) return 1;
    char **path = nn_realloc(p->path, room, sizeof *path);
    if (path) p->path = path;
    char **failure = path ? nn_realloc(p->failure, room, sizeof *failure) : NULL;
    if (failure) p->failure = failure;
    return failure != NULL;
}

/* Takes `path` over, which may be NULL. */
static NnStatus append(EvalPhotoPaths *p, char *path, NnErr *err)
{
    if (!path || !grow(p)) {
        free(path);
        return nn_fail(err, NN_ERR_NOMEM, "out of memory for a list of %d files", p->n + 1);
    }
    p->failure[p->n] = NULL;
    p->path[p->n++] = path;
    return NN_OK;
}

/* `text` led to no file, and `why` says why. */
static NnStatus append_failure(EvalPhotoPaths *p, const char *text, const NnErr *why, NnErr *err)
{
    NN_TRY(append(p, nn_path_join(NULL, text), err));
    p->failure[p->n - 1] = nn_path_join(NULL, why->msg);
    return p->failure[p->n - 1] ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory for a list of files");
}

static NnStatus add_folder(EvalPhotoPaths *p, const char *folder, NnErr *err)
{
    DataSettings settings = { 0 };
    DataSet *set;
    if (strlen(folder) >= sizeof settings.path)
        return nn_fail(err, NN_ERR_USAGE, "%.60s...: path longer than %zu bytes", folder, sizeof settings.path - 1);
    strcpy(settings.path, folder);
    NN_TRY(data_photo_list(&settings, &set, err));
    NnStatus s = NN_OK;
    for (int i = 0; s == NN_OK && i < set->n; i++) s = append(p, nn_path_join(NULL, set->items[i].path), err);
    data_set_free(set);
    return s;
}

/* Cut `text` into lines; a byte order mark and carriage returns at their ends are not part of the paths. */
static NnStatus add_lines(EvalPhotoPaths *p, char *text, const char *name, const char *folder, NnErr *err)
{
    const int before = p->n;
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) text += 3;
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = 0;
        line[strcspn(line, "\r")] = 0;
        if (*line) NN_TRY(append(p, nn_path_join(folder, line), err));
    }
    return p->n > before ? NN_OK : nn_fail(err, NN_ERR_DATA, "%s: names no file; expected a path a line", name);
}

static NnStatus add_list(EvalPhotoPaths *p, const char *path, NnErr *err)
{
    unsigned char *text;
    size_t len;
    NN_TRY(nn_file_read(path, MAX_LIST_BYTES, &text, &len, err));
    char *folder = nn_path_folder(path);
    const NnStatus s = folder ? add_lines(p, (char *)text, path, strcmp(folder, ".") ? folder : NULL, err)
                              : nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", path);
    free(folder);
    free(text);
    return s;
}

/* All of standard input as a text. ERR_NOMEM, ERR_IO. */
static NnStatus read_input(char **text, NnErr *err)
{
    size_t len = 0, got = 1;
    *text = NULL;
    while (got > 0) {
        char *grown = nn_realloc(*text, len + INPUT_STEP + 1, 1);
        if (!grown) return nn_fail(err, NN_ERR_NOMEM, "standard input: out of memory");
        *text = grown;
        got = fread(*text + len, 1, INPUT_STEP, stdin);
        len += got;
        (*text)[len] = 0;
    }
    return ferror(stdin) ? nn_fail(err, NN_ERR_IO, "standard input: read failed") : NN_OK;
}

static NnStatus add_input(EvalPhotoPaths *p, NnErr *err)
{
    char *text;
    NnStatus s = read_input(&text, err);
    if (s == NN_OK) s = add_lines(p, text, "standard input", NULL, err);
    free(text);
    return s;
}

static int is_list(const char *path)
{
    const char *dot = strrchr(nn_path_name(path), '.');
    return dot && (strcasecmp(dot, ".txt") == 0 || strcasecmp(dot, ".lst") == 0);
}

static NnStatus add_text(EvalPhotoPaths *p, const char *text, NnErr *err)
{
    if (!strcmp(text, "-")) return add_input(p, err);
    if (nn_folder_exists(text)) return add_folder(p, text, err);
    if (is_list(text)) return add_list(p, text, err);
    return append(p, nn_path_join(NULL, text), err);
}

NnStatus eval_photo_paths_add(EvalPhotoPaths *p, const char *const *texts, int n, NnErr *err)
{
    for (int i = 0; i < n; i++) {
        NnErr why = { 0 };
        const NnStatus s = add_text(p, texts[i], &why);
        if (s == NN_ERR_NOMEM) return nn_fail(err, s, "%s", why.msg);
        if (s != NN_OK) NN_TRY(append_failure(p, texts[i], &why, err));
    }
    return NN_OK;
}

void eval_photo_paths_free(EvalPhotoPaths *p)
{
    for (int i = 0; i < p->n; i++) {
        free(p->path[i]);
        free(p->failure[i]);
    }
    free(p->path);
    free(p->failure);
    *p = (EvalPhotoPaths){ 0 };
}
