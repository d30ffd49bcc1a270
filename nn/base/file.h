/* file.h -- reading whole files and writing them so that a crash loses nothing. */
#ifndef NN_FILE_H
#define NN_FILE_H
#include <stddef.h>
#include <stdio.h>

#include "nn/base/status.h"

/* One stretch of bytes to be written. */
typedef struct {
    const void *data;
    size_t len;
} NnChunk;

/* Read a regular file (never a device, fifo or folder) of at most max bytes. *data is
 * zero-terminated beyond len; the caller frees it. ERR_IO names path and reason. */
NnStatus nn_file_read(const char *path, size_t max, unsigned char **data, size_t *len, NnErr *err);

/* Replace a file by the chunks, one after the other: temporary file in the same folder
 * (O_EXCL), write, fsync, rename, fsync of the folder. On failure the old file stands
 * and no temporary file is left. A failed fsync is never retried. */
NnStatus nn_file_write(const char *path, const NnChunk *chunks, int n, NnErr *err);

/* Create a folder and its missing parents. */
NnStatus nn_folder_make(const char *path, NnErr *err);

/* Could files be written into this folder, which may still have to be made? Nothing is changed; for asking before hours
 * of work, not after. ERR_IO names what is in the way: something that is no folder, a dead link, no permission. */
NnStatus nn_folder_check(const char *path, NnErr *err);

int nn_file_exists(const char *path);
int nn_folder_exists(const char *path);

/* "folder/name", or name alone if it is absolute or folder is NULL or "". Caller frees; NULL: no memory. */
char *nn_path_join(const char *folder, const char *name);

/* The part before the last '/' ("." if there is none). Caller frees; NULL: no memory. */
char *nn_path_folder(const char *path);

/* The part after the last '/'. Points into path. */
const char *nn_path_name(const char *path);

/* Absolute, without links and dots; as it is where there is no such file. Caller frees; NULL: no memory. */
char *nn_path_real(const char *path);

/* The text of a memory stream (open_memstream into *text), which it closes. Caller frees; NULL, and nothing leaked, if a
 * write failed. */
char *nn_text_finish(FILE *out, char **text);

#endif
