/* photo_list.c -- see photo_list.h. */
#include "data/photo_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "nn/base/file.h"
#include "nn/base/rng.h"
#include "nn/base/size.h"

enum { DEPTH_MAX = 32 }; /* a link that leads back up ends here */

static int is_photo(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (strcasecmp(dot, ".png") == 0 || strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
}

static NnStatus add_folder(DataSet *set, const char *folder, int depth, NnErr *err);

static NnStatus add_entry(DataSet *set, const char *folder, const char *name, int depth, NnErr *err)
{
    if (name[0] == '.') return NN_OK;
    DataItem item = { .path = nn_path_join(folder, name) };
    if (!item.path) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory while listing", folder);
    NnStatus s = NN_OK;
    if (nn_folder_exists(item.path)) {
        s = add_folder(set, item.path, depth + 1, err);
    } else if (is_photo(name)) {
        item.group = nn_hash_text(item.path + strlen(set->settings.path));
        s = data_set_add(set, &item, NULL, err);
    }
    free(item.path);
    return s;
}

static NnStatus add_folder(DataSet *set, const char *folder, int depth, NnErr *err)
{
    if (depth > DEPTH_MAX) return nn_fail(err, NN_ERR_DATA, "%s: folders nested deeper than %d", folder, DEPTH_MAX);
    DIR *dir = opendir(folder);
    if (!dir) return nn_fail(err, NN_ERR_IO, "%s: %s", folder, strerror(errno));
    NnStatus s = NN_OK;
    const struct dirent *entry;
    errno = 0;
    while (s == NN_OK && (entry = readdir(dir))) {
        s = add_entry(set, folder, entry->d_name, depth, err);
        errno = 0;
    }
    if (s == NN_OK && errno) s = nn_fail(err, NN_ERR_IO, "%s: %s", folder, strerror(errno));
    closedir(dir);
    return s;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const DataItem *)a)->path, ((const DataItem *)b)->path);
}

static NnStatus fill(DataSet *set, NnErr *err)
{
    if (!nn_folder_exists(set->settings.path))
        return nn_fail(err, NN_ERR_CONFIG, "[data] path = \"%s\": no such folder; source = photos needs one",
                       set->settings.path);
    NN_TRY(add_folder(set, set->settings.path, 0, err));
    if (set->n == 0)
        return nn_fail(err, NN_ERR_DATA, "%s: no photo found; expected .png, .jpg or .jpeg files", set->settings.path);
    qsort(set->items, (size_t)set->n, sizeof *set->items, by_path);
    return NN_OK;
}

NnStatus data_photo_list(const DataSettings *settings, DataSet **out, NnErr *err)
{
    DataSet *set = nn_alloc(1, sizeof *set);
    if (!set) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a list of photos");
    set->settings = *settings;
    const NnStatus s = fill(set, err);
    if (s == NN_OK) *out = set;
    else data_set_free(set);
    return s;
}
