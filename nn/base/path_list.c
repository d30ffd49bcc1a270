/* path_list.c -- see path_list.h. */
#include "nn/base/path_list.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

NnStatus nn_path_list_next(const char **list, char *path, size_t size, NnErr *err)
{
    const char *from = *list;
    while (is_blank(*from) || *from == ',') from++;
    size_t len = strcspn(from, ",");
    *list = from + len;
    while (len > 0 && is_blank(from[len - 1])) len--;
    if (len >= size)
        return nn_fail(err, NN_ERR_CONFIG, "a path of %zu bytes in a list; at most %zu", len, size ? size - 1 : 0);
    memcpy(path, from, len);
    path[len] = '\0';
    return NN_OK;
}

/* ERR_CONFIG if it does not fit behind the *used bytes. */
static NnStatus append(char out[NN_TEXT_MAX], size_t *used, const char *text, NnErr *err)
{
    const size_t n = strlen(text);
    if (*used + n >= NN_TEXT_MAX)
        return nn_fail(err, NN_ERR_CONFIG, "too long with their folder; at most %d bytes", NN_TEXT_MAX - 1);
    memcpy(out + *used, text, n + 1);
    *used += n;
    return NN_OK;
}

NnStatus nn_path_list_join(const char *folder, const char *list, char out[NN_TEXT_MAX], NnErr *err)
{
    char path[NN_TEXT_MAX];
    size_t used = 0;
    memset(out, 0, NN_TEXT_MAX);
    for (;;) {
        NN_TRY(nn_path_list_next(&list, path, sizeof path, err));
        if (!*path) return NN_OK;
        char *joined = nn_path_join(folder, path);
        if (!joined) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a path");
        NnStatus s = used ? append(out, &used, ",", err) : NN_OK;
        if (s == NN_OK) s = append(out, &used, joined, err);
        free(joined);
        NN_TRY(s);
    }
}
