/* photo_list.c -- see photo_list.h. */
#include "data/photo_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "nn/base/file.h"
#include "nn/base/rng.h"
#include "nn/base/size.h"

enum { DEPTH_MAX = 32 };

/* A folder and those that it was reached through, by which a link that leads back up is known. */
typedef struct Way {
    dev_t dev;
    ino_t ino;
    int depth;
    const struct Way *above; /* NULL: the outermost */
} Way;

static int is_photo(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (strcasecmp(dot, ".png") == 0 || strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
}

static NnStatus add_folder(DataSet *set, const char *folder, const Way *above, NnErr *err);

static NnStatus add_entry(DataSet *set, const char *folder, const char *name, const Way *way, NnErr *err)
{
    if (name[0] == '.') return NN_OK;
    DataItem item = { .path = nn_path_join(folder, name) };
    if (!item.path) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory while listing", folder);
    NnStatus s = NN_OK;
    if (nn_folder_exists(item.path)) {
        s = add_folder(set, item.path, way, err);
    } else if (is_photo(name)) {
        item.group = nn_hash_text(item.path + strlen(set->settings.path));
        s = data_set_add(set, &item, NULL, err);
    }
    free(item.path);
    return s;
}

static NnStatus add_folder(DataSet *set, const char *folder, const Way *above, NnErr *err)
{
    struct stat st;
    DIR *dir = opendir(folder);
    if (!dir || fstat(dirfd(dir), &st)) {
        nn_fail(err, NN_ERR_IO, "%s: %s", folder, strerror(errno));
        if (dir) closedir(dir);
        return NN_ERR_IO;
    }
    const Way way = { st.st_dev, st.st_ino, above ? above->depth + 1 : 0, above };
    for (const Way *w = above; w; w = w->above)
        if (w->dev == way.dev && w->ino == way.ino) return closedir(dir), NN_OK;
    if (way.depth > DEPTH_MAX) {
        closedir(dir);
        return nn_fail(err, NN_ERR_DATA, "%s: folders nested deeper than %d", folder, DEPTH_MAX);
    }
    NnStatus s = NN_OK;
    const struct dirent *entry;
    errno = 0;
    while (s == NN_OK && (entry = readdir(dir))) {
        s = add_entry(set, folder, entry->d_name, &way, err);
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
    NN_TRY(add_folder(set, set->settings.path, NULL, err));
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
