/* test_file.c -- reading files safely, and replacing them under every failure of the system calls.
 *
 * This program defines open, write, fsync, close, rename and unlink itself, in front of those of libc: while
 * `armed`, each call is recorded, and the chosen one fails. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nn/base/file.h"
#include "tests/check_main.h"
#include "tests/temp_folder.h"

/* ---- system calls that can fail ---- */

static struct {
    int armed, calls, fail_at, reason; /* call number fail_at fails with errno = reason; 0 = none */
    int short_writes;                  /* write at most 3 bytes at a time */
    char trace[512];                   /* one letter for each call */
} fault;

static int injected(char letter)
{
    if (!fault.armed) return 0;
    fault.trace[fault.calls++] = letter;
    if (fault.calls != fault.fail_at) return 0;
    errno = fault.reason;
    return 1;
}

/* d: a folder; x: a new file that must not exist; o: anything else. */
int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    const mode_t mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    if (injected(flags & O_DIRECTORY ? 'd' : (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL) ? 'x' : 'o')) return -1;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

ssize_t write(int fd, const void *data, size_t len)
{
    if (injected('w')) return -1;
    return syscall(SYS_write, fd, data, fault.armed && fault.short_writes && len > 3 ? 3 : len);
}

int fsync(int fd)
{
    return injected('s') ? -1 : (int)syscall(SYS_fsync, fd);
}

/* As in Linux, a close that reports an error has closed. */
int close(int fd)
{
    const int failed = injected('c'), reason = errno, r = (int)syscall(SYS_close, fd);
    if (!failed) return r;
    errno = reason;
    return -1;
}

int rename(const char *from, const char *to)
{
    return injected('r') ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path)
{
    return injected('u') ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* ---- fixture ---- */

static char path[96];
static NnErr err;

static void set_up(void)
{
    temp_folder_make();
    snprintf(path, sizeof path, "%s/a.bin", temp_folder);
    err = (NnErr){ .status = NN_OK };
    memset(&fault, 0, sizeof fault);
}

static void tear_down(void)
{
    fault.armed = 0;
    temp_folder_remove();
}

static NnStatus put(const char *text)
{
    const size_t half = strlen(text) / 2;
    const NnChunk chunks[] = { { text, half }, { NULL, 0 }, { text + half, strlen(text) - half } };
    err = (NnErr){ .status = NN_OK };
    return nn_file_write(path, chunks, 3, &err);
}

static void expect_content(const char *text)
{
    unsigned char *data;
    size_t len;
    NnErr e = { .status = NN_OK };
    ck_assert_msg(nn_file_read(path, 1000, &data, &len, &e) == NN_OK, "%s", e.msg);
    ck_assert_str_eq((char *)data, text);
    ck_assert_uint_eq(len, strlen(text));
    free(data);
}

static void expect_no_temporary(void)
{
    char command[128];
    snprintf(command, sizeof command, "test \"$(ls -A '%s')\" = a.bin", temp_folder);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): our own folder */
}

/* ---- writing ---- */

START_TEST(writes_in_the_order_that_survives_a_crash)
{
    ck_assert_int_eq(put("old"), NN_OK);
    fault.armed = 1;
    ck_assert_int_eq(put("first and second"), NN_OK);
    fault.armed = 0;
    ck_assert_str_eq(fault.trace, "dxwwscrsc");
    expect_content("first and second");
    expect_no_temporary();
}
END_TEST

/* Every call in turn fails, with every reason. Only a signal's interruption may be got over; and once
 * renamed, the new content stands even when the error is reported. */
START_TEST(every_failure_leaves_one_whole_file)
{
    static const int reasons[] = { EIO, ENOSPC, EDQUOT, EINTR };
    static const char calls[] = "dxwwscrsc";
    for (int at = 1; at <= 9; at++) {
        ck_assert_int_eq(put("old"), NN_OK);
        memset(&fault, 0, sizeof fault);
        fault.fail_at = at;
        fault.reason = reasons[_i];
        fault.armed = 1;
        const NnStatus s = put("new content");
        fault.armed = 0;
        ck_assert_int_ge(fault.calls, at);
        const int over = (reasons[_i] == EINTR && calls[at - 1] != 's') || at == 9, renamed = over || at >= 8;
        ck_assert_int_eq(s, over ? NN_OK : NN_ERR_IO);
        expect_content(renamed ? "new content" : "old");
        expect_no_temporary();
        if (over) continue;
        ck_assert_ptr_nonnull(strstr(err.msg, strerror(reasons[_i])));
        ck_assert_ptr_nonnull(strstr(err.msg, temp_folder));
    }
}
END_TEST

START_TEST(a_failed_sync_is_not_tried_again)
{
    fault.fail_at = 5;
    fault.reason = EIO;
    fault.armed = 1;
    ck_assert_int_eq(put("new content"), NN_ERR_IO);
    fault.armed = 0;
    ck_assert_str_eq(fault.trace, "dxwwscuc");
}
END_TEST

START_TEST(short_writes_are_completed)
{
    fault.short_writes = 1;
    fault.armed = 1;
    ck_assert_int_eq(put("a text of 24 characters."), NN_OK);
    fault.armed = 0;
    ck_assert_str_eq(fault.trace, "dxwwwwwwwwscrsc");
    expect_content("a text of 24 characters.");
}
END_TEST

START_TEST(a_file_that_grows_too_large_for_its_limit)
{
    static char large[100000];
    const NnChunk chunk = { large, sizeof large };
    struct rlimit before, low;
    ck_assert_int_eq(put("old"), NN_OK);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    low = before;
    low.rlim_cur = 50000;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &low), 0);
    const NnStatus s = nn_file_write(path, &chunk, 1, &err);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_int_eq(s, NN_ERR_IO);
    ck_assert_ptr_nonnull(strstr(err.msg, strerror(EFBIG)));
    expect_content("old");
    expect_no_temporary();
}
END_TEST

START_TEST(a_temporary_left_by_the_dead_is_no_obstacle)
{
    char temporary[128];
    snprintf(temporary, sizeof temporary, "%s.tmp%ld", path, (long)getpid());
    const int fd = open(temporary, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(put("new"), NN_OK);
    expect_content("new");
    expect_no_temporary();
}
END_TEST

static const struct {
    const char *path, *message;
} unwritable[] = {
    { "/dev/full", "is a device" },
    { "/tmp", "is a folder" },
    { "/nonexistent-folder/a", "No such file" },
    { "/dev/null/a", "Not a directory" },
    { "", "" },
};

START_TEST(refuses_to_write_what_is_no_file)
{
    struct stat before, after;
    const NnChunk chunk = { "x", 1 };
    const int there = stat(unwritable[_i].path, &before) == 0;
    ck_assert_int_eq(nn_file_write(unwritable[_i].path, &chunk, 1, &err), NN_ERR_IO);
    ck_assert_ptr_nonnull(strstr(err.msg, unwritable[_i].message));
    ck_assert_int_eq(stat(unwritable[_i].path, &after) == 0, there);
    if (there) ck_assert(before.st_mode == after.st_mode && before.st_ino == after.st_ino);
}
END_TEST

/* ---- reading ---- */

START_TEST(reads_up_to_the_limit)
{
    unsigned char *data;
    size_t len;
    ck_assert_int_eq(put("12345"), NN_OK);
    ck_assert_int_eq(nn_file_read(path, 5, &data, &len, &err), NN_OK);
    ck_assert_uint_eq(len, 5);
    ck_assert_uint_eq(data[5], 0);
    free(data);
    ck_assert_int_eq(nn_file_read(path, 4, &data, &len, &err), NN_ERR_IO);
    ck_assert_ptr_nonnull(strstr(err.msg, "a.bin: 5 bytes; at most 4 are allowed"));
    ck_assert_int_eq(put(""), NN_OK);
    ck_assert_int_eq(nn_file_read(path, 0, &data, &len, &err), NN_OK);
    ck_assert_uint_eq(len, 0);
    free(data);
}
END_TEST

/* Files of /proc call themselves empty: what is there is read, whatever the size was said to be. */
START_TEST(reads_more_than_announced)
{
    unsigned char *data;
    size_t len;
    ck_assert_int_eq(nn_file_read("/proc/self/status", 1 << 20, &data, &len, &err), NN_OK);
    ck_assert_uint_gt(len, 100);
    ck_assert_uint_eq(strlen((char *)data), len);
    free(data);
    ck_assert_int_eq(nn_file_read("/proc/self/status", 50, &data, &len, &err), NN_ERR_IO);
    ck_assert_ptr_nonnull(strstr(err.msg, "more than the 50 bytes allowed"));
}
END_TEST

START_TEST(refuses_to_read_what_is_no_file)
{
    static char long_name[4200], other[128];
    unsigned char *data;
    size_t len;
    memset(long_name, 'x', sizeof long_name - 1);
    snprintf(other, sizeof other, "%s/other", temp_folder);
    const char *paths[] = { "/dev/zero", temp_folder, long_name, path, "" };
    const char *why[] = { "is a device, not a file", "is a folder, not a file", "File name too long",
                          "Too many levels of symbolic links", "No such file" };
    ck_assert_int_eq(symlink(path, path), 0);
    for (int i = 0; i < 5; i++) {
        err = (NnErr){ .status = NN_OK };
        ck_assert_int_eq(nn_file_read(paths[i], 1000, &data, &len, &err), NN_ERR_IO);
        if (i != 2) ck_assert_msg(strstr(err.msg, why[i]) != NULL, "%s", err.msg);
    }
    ck_assert_int_eq(mkfifo(other, 0600), 0);
    err = (NnErr){ .status = NN_OK };
    ck_assert_int_eq(nn_file_read(other, 1000, &data, &len, &err), NN_ERR_IO); /* and does not wait */
    ck_assert_ptr_nonnull(strstr(err.msg, "is a pipe, not a file"));
}
END_TEST

/* ---- folders and names ---- */

START_TEST(makes_folders_with_parents)
{
    char deep[128], blocked[128];
    snprintf(deep, sizeof deep, "%s//a/b/../c/", temp_folder);
    ck_assert_int_eq(nn_folder_make(deep, &err), NN_OK);
    ck_assert_int_eq(nn_folder_make(deep, &err), NN_OK);
    ck_assert(nn_folder_exists(deep) && !nn_file_exists(deep));
    ck_assert_int_eq(put("x"), NN_OK);
    ck_assert(nn_file_exists(path) && !nn_folder_exists(path));
    snprintf(blocked, sizeof blocked, "%s/b", path);
    ck_assert_int_eq(nn_folder_make(blocked, &err), NN_ERR_IO);
    ck_assert_ptr_nonnull(strstr(err.msg, "a.bin: folder cannot be created: File exists"));
    ck_assert(!nn_file_exists("/nonexistent-folder/a") && !nn_folder_exists("/nonexistent-folder"));
}
END_TEST

/* Asked before, what making the folder and writing into it would say later; and nothing is made. */
START_TEST(checks_folders_to_be)
{
    char deep[128], dead[128], below[128];
    snprintf(deep, sizeof deep, "%s/new//deeper/", temp_folder);
    snprintf(dead, sizeof dead, "%s/dead", temp_folder);
    snprintf(below, sizeof below, "%s/sub/deeper", path);
    ck_assert_int_eq(put("x"), NN_OK);
    ck_assert_int_eq(symlink("nothing", dead), 0);
    const char *good[] = { deep, temp_folder, "nowhere/yet" };
    for (int i = 0; i < 3; i++) ck_assert_msg(nn_folder_check(good[i], &err) == NN_OK, "%s", err.msg);
    ck_assert(!nn_folder_exists(deep) && !nn_folder_exists("nowhere"));
    const char *bad[] = { path, below, "/dev/null/x", dead };
    const char *why[] = { "a.bin: is a file; expected a folder", "a.bin: is a file; expected a folder",
                          "/dev/null: is a device; expected a folder", "dead: cannot be examined" };
    for (int i = 0; i < 4; i++) {
        err = (NnErr){ .status = NN_OK };
        ck_assert_int_eq(nn_folder_check(bad[i], &err), NN_ERR_IO);
        ck_assert_msg(strstr(err.msg, why[i]) != NULL, "said: %s", err.msg);
    }
}
END_TEST

START_TEST(checks_that_a_folder_can_be_written_into)
{
    if (geteuid() == 0) return; /* who may write everywhere */
    ck_assert_int_eq(chmod(temp_folder, 0500), 0);
    ck_assert_int_eq(nn_folder_check(path, &err), NN_ERR_IO);
    ck_assert_ptr_nonnull(strstr(err.msg, "nothing can be written into this folder"));
    ck_assert_int_eq(chmod(temp_folder, 0700), 0);
}
END_TEST

static const struct {
    const char *folder, *name, *joined;
} joins[] = { { "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "a", "/b", "/b" }, { NULL, "b", "b" },
              { "", "b", "b" },    { "/", "b", "/b" },   { "a", "", "a/" },   { "..", "b/c", "../b/c" } };
static const struct {
    const char *path, *folder, *name;
} parts[] = { { "a/b/c", "a/b", "c" }, { "c", ".", "c" }, { "/c", "/", "c" }, { "a/", "a", "" }, { "", ".", "" } };

START_TEST(joins_and_parts_paths)
{
    for (size_t i = 0; i < sizeof joins / sizeof *joins; i++) {
        char *p = nn_path_join(joins[i].folder, joins[i].name);
        ck_assert_str_eq(p, joins[i].joined);
        free(p);
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *f = nn_path_folder(parts[i].path);
        ck_assert_str_eq(f, parts[i].folder);
        ck_assert_str_eq(nn_path_name(parts[i].path), parts[i].name);
        free(f);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("file");
    TCase *t = tcase_create("file");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, writes_in_the_order_that_survives_a_crash);
    tcase_add_loop_test(t, every_failure_leaves_one_whole_file, 0, 4);
    tcase_add_test(t, a_failed_sync_is_not_tried_again);
    tcase_add_test(t, short_writes_are_completed);
    tcase_add_test(t, a_file_that_grows_too_large_for_its_limit);
    tcase_add_test(t, a_temporary_left_by_the_dead_is_no_obstacle);
    tcase_add_loop_test(t, refuses_to_write_what_is_no_file, 0, sizeof unwritable / sizeof *unwritable);
    tcase_add_test(t, reads_up_to_the_limit);
    tcase_add_test(t, reads_more_than_announced);
    tcase_add_test(t, refuses_to_read_what_is_no_file);
    tcase_add_test(t, makes_folders_with_parents);
    tcase_add_test(t, checks_folders_to_be);
    tcase_add_test(t, checks_that_a_folder_can_be_written_into);
    tcase_add_test(t, joins_and_parts_paths);
    suite_add_tcase(s, t);
    return check_run(s);
}
