/* spec.c -- see spec.h: taking a SPEC apart, and the table of formats. */
#include "data/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/csv.h"
#include "data/splits.h"
#include "nn/base/file.h"
#include "nn/base/path_spec.h"

/* ---- formats that are sources of their own ---- */

/* A CSV without the columns is a bad manifest, and is told so. */
static int is_manifest(const char *path)
{
    const char *dot = strrchr(path, '.');
    return data_csv_has_columns(path, "path", "label") || (dot && strcmp(dot, ".csv") == 0 && nn_file_exists(path));
}

static NnStatus list_manifest(const DataSpec *spec, DataSet *set, NnErr *err)
{
    (void)spec;
    return data_manifest_open(set, err);
}

const DataFormat data_format_manifest = {
    .name = "manifest",
    .options = "",
    .help = "a CSV with a header: path,label and, if you like, mask,method,video,source,split",
    .fits = is_manifest,
    .list = list_manifest,
};

static NnStatus list_folder(const DataSpec *spec, DataSet *set, NnErr *err)
{
    (void)spec;
    return data_folder_open(set, err);
}

const DataFormat data_format_folder = {
    .name = "folder",
    .options = "",
    .help =
        "images sorted into real/ fake/<method>/ mask/<method>/; 0_real/ 1_fake/ (CNNDetection); Au/ Tp/ Gt/ (IMDL)",
    .fits = nn_folder_exists,
    .list = list_folder,
};

/* ---- the table ---- */

/* Those that look twice come first: every folder is a "folder", every .txt a "list". */
const DataFormat *const data_formats[] = {
    &data_format_dfdc, &data_format_manifest, &data_format_deepfakebench, &data_format_deeperforensics,
    &data_format_ffpp, &data_format_celebdf,  &data_format_list,          &data_format_folder,
};
const int data_n_formats = sizeof data_formats / sizeof *data_formats;

static void names_of(const char **out)
{
    for (int i = 0; i < data_n_formats; i++) out[i] = data_formats[i]->name;
}

static void list_names(char *out, size_t room)
{
    size_t used = 0;
    *out = 0;
    for (int i = 0; i < data_n_formats && used < room; i++)
        used += (size_t)snprintf(out + used, room - used, "%s%s", i ? ", " : "", data_formats[i]->name);
}

/* ---- parsing ---- */

static NnStatus find_format(const char *word, DataSpec *out, NnErr *err)
{
    const char *names[sizeof data_formats / sizeof *data_formats];
    char known[256];
    for (int i = 0; i < data_n_formats; i++)
        if (strcmp(data_formats[i]->name, word) == 0) out->format = data_formats[i];
    if (out->format) return NN_OK;
    names_of(names);
    list_names(known, sizeof known);
    const char *near = nn_nearest(word, names, data_n_formats);
    return nn_fail(err, NN_ERR_CONFIG, "unknown format \"%s\"%s%s%s; known: %s (if it is a file's name, begin with ./)",
                   word, near ? " (nearest: " : "", near ? near : "", near ? ")" : "", known);
}

static NnStatus guess_format(DataSpec *out, NnErr *err)
{
    char known[256];
    for (int i = 0; i < data_n_formats && !out->format; i++)
        if (data_formats[i]->fits(out->path)) out->format = data_formats[i];
    if (out->format) return NN_OK;
    list_names(known, sizeof known);
    return nn_fail(err, NN_ERR_CONFIG, "%s: looks like no known format; say FORMAT:PATH with one of: %s", out->path,
                   known);
}

/* Where the value of an option goes. */
static char *option_field(DataSpec *spec, const char *key)
{
    if (strcmp(key, "root") == 0) return spec->root;
    if (strcmp(key, "compression") == 0) return spec->compression;
    return strcmp(key, "splits") == 0 ? spec->splits : NULL;
}

static NnStatus check_compression(const char *value, NnErr *err)
{
    if (strcmp(value, "raw") == 0 || strcmp(value, "c23") == 0 || strcmp(value, "c40") == 0) return NN_OK;
    return nn_fail(err, NN_ERR_CONFIG, "compression = \"%s\"; known: raw, c23, c40", value);
}

static NnStatus store_option(const NnPathOption *o, DataSpec *out, NnErr *err)
{
    static const char *const known[] = { "root", "compression", "splits" };
    char *field = option_field(out, o->key);
    const char *near = field ? NULL : nn_nearest(o->key, known, 3);
    if (!field)
        return nn_fail(err, NN_ERR_CONFIG, "unknown option \"%s\"%s%s%s; known: root, compression, splits", o->key,
                       near ? " (nearest: " : "", near ? near : "", near ? ")" : "");
    if (!*o->value) return nn_fail(err, NN_ERR_CONFIG, "option %s is empty", o->key);
    if (!strstr(out->format->options, o->key))
        return nn_fail(err, NN_ERR_CONFIG, "option %s means nothing to the format %s%s%s", o->key, out->format->name,
                       *out->format->options ? "; it has: " : ", which has none", out->format->options);
    strcpy(field, o->value);
    return field == out->compression ? check_compression(field, err) : NN_OK;
}

static NnStatus parse(const char *text, DataSpec *out, NnErr *err)
{
    NnPathSpec spec;
    NN_TRY(nn_path_spec_parse(text, &spec, err));
    strcpy(out->path, spec.path);
    if (!*out->path) return nn_fail(err, NN_ERR_CONFIG, "the path is empty; expected [FORMAT:]PATH[,root=FOLDER]...");
    if (*spec.word) NN_TRY(find_format(spec.word, out, err));
    if (!nn_file_exists(out->path) && !nn_folder_exists(out->path))
        return nn_fail(err, NN_ERR_CONFIG, "%s: no such file or folder", out->path);
    if (!out->format) NN_TRY(guess_format(out, err));
    for (int i = 0; i < spec.n; i++) NN_TRY(store_option(&spec.options[i], out, err));
    if (*out->root && !nn_folder_exists(out->root))
        return nn_fail(err, NN_ERR_CONFIG, "root = %s: no such folder", out->root);
    if (*out->splits && !nn_folder_exists(out->splits) && !nn_file_exists(out->splits))
        return nn_fail(err, NN_ERR_CONFIG, "splits = %s: no such file or folder", out->splits);
    return NN_OK;
}

NnStatus data_spec_parse(const char *text, DataSpec *out, NnErr *err)
{
    NnErr why = { 0 };
    memset(out, 0, sizeof *out);
    const NnStatus s = parse(text, out, &why);
    return s == NN_OK ? NN_OK : nn_fail(err, s, "data set \"%.200s\": %s", text, why.msg);
}

/* ---- as a source ---- */

NnStatus data_spec_open(DataSet *set, NnErr *err)
{
    DataSpec spec;
    set->reader = &data_file_reader;
    NN_TRY(data_spec_parse(set->settings.path, &spec, err));
    strcpy(set->settings.path, spec.path); /* messages and other sources know paths only */
    NN_TRY(spec.format->list(&spec, set, err));
    const int settled = spec.format == &data_format_manifest || spec.format == &data_format_folder;
    return settled ? NN_OK : data_splits_settle(set, err);
}
