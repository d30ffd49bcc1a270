/* file.c -- see file.h. The system calls that a signal may interrupt are in the first section, each restarted
 * then; but not fsync, whose failure may have dropped the data and is never retried. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "nn/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nn/base/size.h"

/* ---- system calls: -1 and errno on failure ---- */

static int sys_open(const char *path, int flags)
{
    int fd;
    do fd = open(path, flags | O_CLOEXEC, 0666);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static ssize_t sys_read(int fd, void *data, size_t len)
{
    ssize_t n;
    do n = read(fd, data, len);
    while (n < 0 && errno == EINTR);
    return n;
}

/* All of it, however many writes that takes. */
static int sys_write_all(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        const ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) errno = EIO;
        if (n <= 0) return -1;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

/* An interrupted close has closed; and what it wrote was synced before. */
static int sys_close(int fd)
{
    return close(fd) < 0 && errno != EINTR ? -1 : 0;
}

static int sys_rename(const char *from, const char *to)
{
    int r;
    do r = rename(from, to);
    while (r < 0 && errno == EINTR);
    return r;
}

/* ---- reading ---- */

static NnStatus io_fail(NnErr *err, const char *path, const char *doing)
{
    return nn_fail(err, NN_ERR_IO, "%s: %s: %s", path, doing, strerror(errno));
}

static const char *kind_of(mode_t mode)
{
    if (S_ISREG(mode)) return "a file";
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a pipe";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

/* Read to the end of fd, whose size was `expected` a moment ago. */
static NnStatus read_all(int fd, const char *path, size_t expected, size_t max, unsigned char **data, size_t *len,
                         NnErr *err)
{
    size_t cap = expected, used = 0;
    unsigned char *buffer = NULL;
    for (;;) {
        unsigned char *larger = nn_size_add(cap, 2, &cap) ? nn_realloc(buffer, cap, 1) : NULL;
        if (!larger) {
            free(buffer);
            return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory for %zu bytes", path, expected);
        }
        buffer = larger;
        ssize_t n = 0;
        while (used + 1 < cap && (n = sys_read(fd, buffer + used, cap - 1 - used)) > 0) used += (size_t)n;
        if (n < 0 || used > max) break;
        if (used + 1 < cap) {
            buffer[used] = 0;
            *data = buffer;
            *len = used;
            return NN_OK;
        }
        cap = cap < SIZE_MAX / 2 ? cap * 2 : SIZE_MAX; /* it grew while being read */
    }
    free(buffer);
    if (used > max) return nn_fail(err, NN_ERR_IO, "%s: more than the %zu bytes allowed", path, max);
    return io_fail(err, path, "cannot be read");
}

/* O_NONBLOCK: opening a pipe must not wait for a writer. */
NnStatus nn_file_read(const char *path, size_t max, unsigned char **data, size_t *len, NnErr *err)
{
    const int fd = sys_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return io_fail(err, path, "cannot be opened");
    struct stat st;
    NnStatus s;
    if (fstat(fd, &st) < 0) s = io_fail(err, path, "cannot be examined");
    else if (!S_ISREG(st.st_mode)) s = nn_fail(err, NN_ERR_IO, "%s: is %s, not a file", path, kind_of(st.st_mode));
    else if ((uintmax_t)st.st_size > max)
        s = nn_fail(err, NN_ERR_IO, "%s: %jd bytes; at most %zu are allowed", path, (intmax_t)st.st_size, max);
    else s = read_all(fd, path, (size_t)st.st_size, max, data, len, err);
    sys_close(fd);
    return s;
}

/* ---- writing ---- */

/* What exists under the name must be a file: renaming over /dev/full would replace the device. */
static NnStatus refuse_special(const char *path, NnErr *err)
{
    struct stat st;
    if (stat(path, &st) < 0 || S_ISREG(st.st_mode)) return NN_OK;
    return nn_fail(err, NN_ERR_IO, "%s: is %s, cannot be written as a file", path, kind_of(st.st_mode));
}

/* A temporary of our own process id can only be left over from a killed process that had the same. */
static int create_temporary(const char *temporary)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const int fd = sys_open(temporary, flags);
    if (fd >= 0 || errno != EEXIST || unlink(temporary) < 0) return fd;
    return sys_open(temporary, flags);
}

static NnStatus write_temporary(const char *temporary, const NnChunk *chunks, int n, NnErr *err)
{
    const int fd = create_temporary(temporary);
    if (fd < 0) return io_fail(err, temporary, "cannot be created");
    NnStatus s = NN_OK;
    for (int i = 0; i < n && s == NN_OK; i++)
        if (sys_write_all(fd, chunks[i].data, chunks[i].len) < 0) s = io_fail(err, temporary, "cannot be written");
    if (s == NN_OK && fsync(fd) < 0) s = io_fail(err, temporary, "cannot be synced to disk");
    if (sys_close(fd) < 0 && s == NN_OK) s = io_fail(err, temporary, "cannot be closed");
    return s;
}

/* EINVAL: a file system that has no notion of syncing a folder. */
static NnStatus sync_folder(int fd, const char *path, NnErr *err)
{
    if (fsync(fd) == 0 || errno == EINVAL) return NN_OK;
    return io_fail(err, path, "written, but its folder cannot be synced to disk");
}

static NnStatus replace_file(const char *path, const char *folder, const char *temporary, const NnChunk *chunks, int n,
                             NnErr *err)
{
    NN_TRY(refuse_special(path, err));
    const int fd = sys_open(folder, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return io_fail(err, folder, "folder cannot be opened");
    NnStatus s = write_temporary(temporary, chunks, n, err);
    if (s == NN_OK && sys_rename(temporary, path) < 0) s = io_fail(err, path, "cannot be replaced");
    if (s != NN_OK) unlink(temporary);
    else s = sync_folder(fd, path, err);
    sys_close(fd);
    return s;
}

NnStatus nn_file_write(const char *path, const NnChunk *chunks, int n, NnErr *err)
{
    const size_t len = strlen(path), room = 32;
    char *folder = nn_path_folder(path), *temporary = nn_alloc(len + room, 1);
    NnStatus s;
    if (folder && temporary) {
        memcpy(temporary, path, len + 1);
        snprintf(temporary + len, room, ".tmp%ld", (long)getpid());
        s = replace_file(path, folder, temporary, chunks, n, err);
    } else {
        s = nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", path);
    }
    free(temporary);
    free(folder);
    return s;
}

/* ---- folders and names ---- */

static char *copy_text(const char *text, size_t len)
{
    char *copy = nn_alloc(len + 1, 1);
    if (copy) memcpy(copy, text, len);
    return copy;
}

static NnStatus make_one(const char *path, NnErr *err)
{
    if (mkdir(path, 0777) == 0) return NN_OK;
    const int reason = errno;
    if (nn_folder_exists(path)) return NN_OK;
    errno = reason;
    return io_fail(err, path, "folder cannot be created");
}

NnStatus nn_folder_make(const char *path, NnErr *err)
{
    char *part = nn_alloc(strlen(path) + 1, 1);
    if (!part) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", path);
    NnStatus s = NN_OK;
    for (size_t i = 0; path[i] && s == NN_OK; i++) {
        part[i] = path[i];
        if (path[i] != '/' && (path[i + 1] == '/' || path[i + 1] == '\0')) s = make_one(part, err);
    }
    free(part);
    return s;
}

/* *found: the part of the path that is there, from the longest on. ERR_IO: a link to nothing, no way to tell. */
static NnStatus find_existing(const char *path, char **found, struct stat *st, NnErr *err)
{
    *found = copy_text(path, strlen(path));
    while (*found && stat(*found, st) < 0) {
        if (lstat(*found, st) == 0 || (errno != ENOENT && errno != ENOTDIR))
            return io_fail(err, *found, "cannot be examined");
        char *parent = nn_path_folder(*found);
        free(*found);
        *found = parent;
    }
    return *found ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", path);
}

NnStatus nn_folder_check(const char *path, NnErr *err)
{
    struct stat st;
    char *at;
    NnStatus s = find_existing(path, &at, &st, err);
    if (s == NN_OK && !S_ISDIR(st.st_mode))
        s = nn_fail(err, NN_ERR_IO, "%s: is %s; expected a folder", at, kind_of(st.st_mode));
    else if (s == NN_OK && access(at, W_OK | X_OK) < 0) s = io_fail(err, at, "nothing can be written into this folder");
    free(at);
    return s;
}

int nn_file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

int nn_folder_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char *nn_path_join(const char *folder, const char *name)
{
    if (!folder || !folder[0] || name[0] == '/') return copy_text(name, strlen(name));
    const size_t size = strlen(folder) + strlen(name) + 2;
    char *path = nn_alloc(size, 1);
    if (path) snprintf(path, size, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", name);
    return path;
}

char *nn_path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return copy_text(".", 1);
    return copy_text(path, slash == path ? 1 : (size_t)(slash - path));
}

const char *nn_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *nn_path_real(const char *path)
{
    char *real = realpath(path, NULL);
    return real ? real : copy_text(path, strlen(path));
}

char *nn_text_finish(FILE *out, char **text)
{
    const int failed = ferror(out);
    if (fclose(out) == 0 && !failed) return *text;
    free(*text);
    return NULL;
}
