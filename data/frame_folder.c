/* frame_folder.c -- see frame_folder.h. */
#include "data/frame_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/import_items.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

/* ---- names ---- */

/* Kinds that cannot be decoded count: the data check names them, and nothing is left out in silence. */
static int is_image(const char *name)
{
    static const char *const known[] = { ".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff" };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof known / sizeof *known; i++)
        if (strcasecmp(dot, known[i]) == 0) return 1;
    return 0;
}

static NnStatus no_memory(const char *folder, NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory while listing", folder);
}

static NnStatus names_add(DataNames *names, const char *folder, const char *name, NnErr *err)
{
    if ((names->n & (names->n - 1)) == 0) {
        char **grown = nn_realloc(names->name, names->n ? 2 * (size_t)names->n : 1, sizeof *grown);
        if (!grown) return no_memory(folder, err);
        names->name = grown;
    }
    char *copy = nn_path_join(NULL, name);
    if (!copy) return no_memory(folder, err);
    names->name[names->n++] = copy;
    return NN_OK;
}

static NnStatus consider(DataNames *names, const char *folder, const char *name, DataNamesKind kind, NnErr *err)
{
    if (name[0] == '.' || is_image(name) != (kind == DATA_NAMES_IMAGES)) return NN_OK;
    if (kind == DATA_NAMES_IMAGES) return names_add(names, folder, name, err);
    char *path = nn_path_join(folder, name);
    if (!path) return no_memory(folder, err);
    const int is_folder = nn_folder_exists(path);
    free(path);
    return is_folder ? names_add(names, folder, name, err) : NN_OK;
}

static int by_frame(const void *a, const void *b)
{
    return data_frame_compare(*(char *const *)a, *(char *const *)b);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

NnStatus data_names_read(const char *folder, DataNamesKind kind, DataNames *out, NnErr *err)
{
    *out = (DataNames){ 0 };
    DIR *dir = opendir(folder);
    if (!dir && (errno == ENOENT || errno == ENOTDIR)) return NN_OK;
    if (!dir) return nn_fail(err, NN_ERR_IO, "%s: %s", folder, strerror(errno));
    NnStatus s = NN_OK;
    const struct dirent *d;
    errno = 0;
    while (s == NN_OK && (d = readdir(dir)) != NULL) {
        s = consider(out, folder, d->d_name, kind, err);
        errno = 0;
    }
    if (s == NN_OK && errno) s = nn_fail(err, NN_ERR_IO, "%s: %s", folder, strerror(errno));
    closedir(dir);
    if (out->n > 0)
        qsort(out->name, (size_t)out->n, sizeof *out->name, kind == DATA_NAMES_IMAGES ? by_frame : by_bytes);
    if (s != NN_OK) data_names_free(out);
    return s;
}

void data_names_free(DataNames *names)
{
    for (int i = 0; i < names->n; i++) free(names->name[i]);
    free(names->name);
    *names = (DataNames){ 0 };
}

/* ---- videos ---- */

static size_t base_length(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? (size_t)(dot - name) : strlen(name);
}

/* Both lists are in the order of frames; *at moves along the masks. The mask of this frame, or NULL. */
static const char *mask_of(const DataNames *masks, int *at, const char *frame)
{
    const size_t n = base_length(frame);
    for (int k = *at; k < masks->n; k++) {
        if (base_length(masks->name[k]) != n || memcmp(masks->name[k], frame, n) != 0) continue;
        *at = k + 1;
        return masks->name[k];
    }
    return NULL;
}

static NnStatus add_frame(DataSet *set, const DataVideo *v, const char *frame, const char *mask, NnErr *err)
{
    DataItem item = { .label = v->method != NULL,
                      .split = v->split,
                      .video = (char *)(uintptr_t)v->video,
                      .source = (char *)(uintptr_t)v->source };
    item.path = nn_path_join(v->frames, frame);
    item.mask = mask ? nn_path_join(v->masks, mask) : NULL;
    const NnStatus s =
        item.path && (item.mask || !mask) ? data_set_add(set, &item, v->method, err) : no_memory(v->frames, err);
    free(item.path);
    free(item.mask);
    return s;
}

NnStatus data_video_add(DataSet *set, const DataVideo *video, int *n, int *n_masks, NnErr *err)
{
    DataNames frames, masks = { 0 };
    int at = 0;
    NN_TRY(data_names_read(video->frames, DATA_NAMES_IMAGES, &frames, err));
    NnStatus s = video->masks ? data_names_read(video->masks, DATA_NAMES_IMAGES, &masks, err) : NN_OK;
    *n = frames.n;
    *n_masks = 0;
    for (int i = 0; s == NN_OK && i < frames.n; i++) {
        const char *mask = mask_of(&masks, &at, frames.name[i]);
        *n_masks += mask != NULL;
        s = add_frame(set, video, frames.name[i], mask, err);
    }
    data_names_free(&frames);
    data_names_free(&masks);
    return s;
}

char *data_video_folder(const char *parent, const char *video, NnErr *err)
{
    char *between = nn_path_join(parent, "frames"), *found = between ? nn_path_join(between, video) : NULL;
    free(between);
    if (found && nn_folder_exists(found)) return found;
    free(found);
    found = nn_path_join(parent, video);
    if (found && nn_folder_exists(found)) return found;
    if (!found) no_memory(parent, err);
    free(found);
    return NULL;
}
