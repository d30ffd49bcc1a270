/* data_rig.h -- what the tests of data sets share: writing small files, opening sets from them, finding items.
 *
 * Every file lands in the temporary folder of temp_folder.h. */
#ifndef DATA_RIG_H
#define DATA_RIG_H
#include <string.h>
#include <unistd.h>

#include "data/data_set.h"
#include "nn/base/file.h"
#include "nn/base/size.h"
#include "tests/check_main.h"
#include "tests/temp_folder.h"

/* ---- files to read ---- */

static inline void make_parent(const char *path)
{
    NnErr err = { 0 };
    char *parent = nn_path_folder(path);
    ck_assert_int_eq(nn_folder_make(parent, &err), NN_OK);
    free(parent);
}

static inline void write_bytes(const char *name, const void *data, size_t len)
{
    const NnChunk chunk = { data, len };
    NnErr err = { 0 };
    make_parent(in_folder(name));
    ck_assert_msg(nn_file_write(in_folder(name), &chunk, 1, &err) == NN_OK, "%s", err.msg);
}

static inline void write_text(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

/* A w x h image, left half of one level and right half of another. */
static inline void write_image(const char *name, int w, int h, int left, int right)
{
    DataImage img;
    NnErr err = { 0 };
    const char *path = in_folder(name);
    make_parent(path);
    ck_assert_int_eq(data_image_new(w, h, 3, &img, &err), NN_OK);
    for (int i = 0; i < w * h * 3; i++) img.px[i] = (unsigned char)(i / 3 % w < w / 2 ? left : right);
    ck_assert_int_eq(strstr(name, ".jpg") ? data_image_save_jpeg(&img, path, 95, &err)
                                          : data_image_save_png(&img, path, &err),
                     NN_OK);
    data_image_free(&img);
}

/* ---- opening ---- */

static inline DataSettings settings_of(DataSourceKind source, const char *name)
{
    DataSettings s;
    const NnBinding b = { &data_section, &s };
    nn_settings_defaults(&b, 1);
    s.source = (int)source;
    s.size = 16;
    strcpy(s.methods, "all");
    snprintf(s.path, sizeof s.path, "%s", *name ? in_folder(name) : temp_folder);
    return s;
}

static inline DataSet *open_set(const DataSettings *s)
{
    DataSet *set;
    NnErr err = { 0 };
    ck_assert_msg(data_set_open(s, 7, &set, &err) == NN_OK, "%s", err.msg);
    return set;
}

static inline DataSet *open_text(const char *text)
{
    write_text("set.csv", text);
    const DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    return open_set(&s);
}

static inline DataSet *open_folder(const char *name)
{
    const DataSettings s = settings_of(DATA_SOURCE_FOLDER, name);
    return open_set(&s);
}

static inline void open_fails(const DataSettings *s, NnStatus status, const char *const *parts)
{
    DataSet *set;
    NnErr err = { 0 };
    const NnStatus got = data_set_open(s, 7, &set, &err);
    ck_assert_msg(got == status, "status %d: %s", (int)got, err.msg);
    ck_assert_ptr_null(set);
    for (; *parts; parts++) ck_assert_msg(strstr(err.msg, *parts) != NULL, "\"%s\" lacks \"%s\"", err.msg, *parts);
}

/* Opening fails with this status, and each of the texts (the last is NULL) is in the message. */
#define assert_open_fails(s, status, ...) open_fails(s, status, (const char *const[]){ __VA_ARGS__ })

static inline void assert_text_fails(const char *text, const char *where, const char *reason)
{
    write_text("set.csv", text);
    const DataSettings s = settings_of(DATA_SOURCE_MANIFEST, "set.csv");
    assert_open_fails(&s, NN_ERR_DATA, in_folder("set.csv"), where, reason, NULL);
}

/* The item whose path ends so. */
static inline int find(const DataSet *set, const char *end)
{
    for (int i = 0; i < set->n; i++) {
        const char *path = set->items[i].path;
        const size_t n = strlen(path), k = strlen(end);
        if (n >= k && strcmp(path + n - k, end) == 0) return i;
    }
    ck_abort_msg("no item %s", end);
    return -1;
}

static inline const DataItem *item(const DataSet *set, const char *end)
{
    return &set->items[find(set, end)];
}

#endif
