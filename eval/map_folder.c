/* map_folder.c -- see map_folder.h. */
#include "eval/map_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "nn/base/rng.h"
#include "nn/base/size.h"

enum { FIRST_ROOM = 256, NAME_BYTES = 256 };

static uint64_t *find_place(uint64_t *used, size_t room, uint64_t key)
{
    size_t i = (size_t)key & (room - 1);
    while (used[i] && used[i] != key) i = (i + 1) & (room - 1);
    return &used[i];
}

/* Room for one more, at most half full. */
static NnStatus grow(EvalMapFolder *f, NnErr *err)
{
    if (2 * (f->n + 1) <= f->room) return NN_OK;
    const size_t room = f->room ? 2 * f->room : FIRST_ROOM;
    uint64_t *used = nn_alloc(room, sizeof *used);
    if (!used) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", f->path);
    for (size_t i = 0; i < f->room; i++)
        if (f->used[i]) *find_place(used, room, f->used[i]) = f->used[i];
    free(f->used);
    f->used = used;
    f->room = room;
    return NN_OK;
}

/* 1 if the name was free, and is taken now. */
static int take(EvalMapFolder *f, const char *path)
{
    const uint64_t key = nn_hash_text(path) | 1;
    uint64_t *place = find_place(f->used, f->room, key);
    if (*place) return 0;
    *place = key;
    f->n++;
    return 1;
}

/* One component of a path: no separators, not "." or "..", at most NAME_BYTES - 16 bytes. */
static void clean(const char *name, char *out)
{
    snprintf(out, NAME_BYTES - 16, "%s", *name ? name : "_");
    for (char *p = out; *p; p++)
        if (*p == '/' || *p == '\\' || (unsigned char)*p < 32) *p = '_';
    if (!strcmp(out, ".") || !strcmp(out, "..")) *out = '_';
}

/* folder/sub, created; takes over `folder`. NULL: out of memory. */
static char *enter(char *folder, const char *sub)
{
    char name[NAME_BYTES];
    if (!folder || !sub) return folder;
    clean(sub, name);
    char *path = nn_path_join(folder, name);
    free(folder);
    return path;
}

static NnStatus save_in(EvalMapFolder *f, const char *folder, const char *name, const DataImage *picture, NnErr *err)
{
    char base[NAME_BYTES], file[NAME_BYTES + 16];
    NN_TRY(nn_folder_make(folder, err));
    NN_TRY(grow(f, err));
    clean(name, base);
    for (int number = 1;; number++) {
        if (number == 1) snprintf(file, sizeof file, "%s.png", base);
        else snprintf(file, sizeof file, "%s-%d.png", base, number);
        char *path = nn_path_join(folder, file);
        if (!path) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", folder);
        const int is_free = take(f, path);
        const NnStatus s = is_free ? data_image_save_png(picture, path, err) : NN_OK;
        free(path);
        if (is_free) return s;
    }
}

NnStatus eval_map_folder_save(EvalMapFolder *folder, const char *sub1, const char *sub2, const char *name,
                              const DataImage *picture, NnErr *err)
{
    char *path = enter(enter(nn_path_join(NULL, folder->path), sub1), sub2);
    if (!path) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", folder->path);
    const NnStatus s = save_in(folder, path, name, picture, err);
    free(path);
    return s;
}

void eval_map_folder_free(EvalMapFolder *folder)
{
    free(folder->used);
    *folder = (EvalMapFolder){ 0 };
}
