/* import_dfdc.c -- the test set of the Deepfake Detection Challenge once frames are extracted (scripts/extract_frames):
 *
 *     labels.csv                                        filename,label with label 1 = fake
 *     frames/<video>/<n>.png, or <video>/<n>.png        beside it, or below root; also images that are listed
 *
 * Nothing says which videos show the same people, so each is a group of its own and no split is declared. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/csv.h"
#include "data/frame_folder.h"
#include "data/import_items.h"
#include "data/spec.h"
#include "data/splits.h"
#include "nn/base/file.h"

enum { MAX_BYTES = 1 << 28 };

typedef struct {
    DataSet *set;
    char *file, *folder; /* labels.csv, and where the frames are */
    int name, label;     /* columns */
    int n_columns, n_rows, n_missing;
    char missing[128];
} Dfdc;

static NnStatus no_memory(const Dfdc *d, NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", d->file ? d->file : "labels.csv");
}

static NnStatus read_header(Dfdc *d, DataCsv *csv, NnErr *err)
{
    int more;
    NN_TRY(data_csv_next(csv, &more, err));
    d->name = d->label = -1;
    d->n_columns = csv->n;
    for (int i = 0; more && i < csv->n; i++) {
        if (strcmp(csv->fields[i], "filename") == 0) d->name = i;
        if (strcmp(csv->fields[i], "label") == 0) d->label = i;
    }
    if (d->name >= 0 && d->label >= 0) return NN_OK;
    return nn_fail(err, NN_ERR_DATA, "%s: expected a header with the columns filename and label", d->file);
}

static NnStatus parse_label(const DataCsv *csv, const char *text, int *label, NnErr *err)
{
    *label = strcmp(text, "1") == 0 || strcmp(text, "FAKE") == 0;
    if (*label || strcmp(text, "0") == 0 || strcmp(text, "REAL") == 0) return NN_OK;
    return nn_fail(err, NN_ERR_DATA, "%s:%d: label \"%s\"; known: 0 or REAL, 1 or FAKE", csv->name, csv->line, text);
}

/* A listed file that is an image itself. */
static NnStatus add_image(Dfdc *d, char *image, const char *method, NnErr *err)
{
    const DataItem item = { .path = image, .label = method != NULL, .split = DATA_SPLIT_OPEN };
    return data_set_add(d->set, &item, method, err);
}

static NnStatus add_frames(Dfdc *d, const char *name, const char *method, NnErr *err)
{
    char video[NN_TEXT_MAX];
    int n = 0, n_masks;
    const char *dot = strrchr(name, '.');
    NnErr e = { 0 };
    snprintf(video, sizeof video, "%.*s", dot ? (int)(dot - name) : (int)strlen(name), name);
    char *frames = data_video_folder(d->folder, video, &e);
    if (e.status != NN_OK) return nn_fail(err, e.status, "%s", e.msg);
    const DataVideo v = { frames, NULL, video, NULL, method, DATA_SPLIT_OPEN };
    const NnStatus s = frames ? data_video_add(d->set, &v, &n, &n_masks, err) : NN_OK;
    free(frames);
    if (n == 0 && d->n_missing++ == 0) snprintf(d->missing, sizeof d->missing, "%.120s", name);
    return s;
}

static NnStatus add_row(Dfdc *d, const DataCsv *csv, NnErr *err)
{
    int label;
    if (csv->n != d->n_columns)
        return nn_fail(err, NN_ERR_DATA, "%s:%d: %d fields; the header has %d", csv->name, csv->line, csv->n,
                       d->n_columns);
    const char *name = csv->fields[d->name];
    if (!*name || strlen(name) >= NN_TEXT_MAX)
        return nn_fail(err, NN_ERR_DATA, "%s:%d: no name of a file", csv->name, csv->line);
    NN_TRY(parse_label(csv, csv->fields[d->label], &label, err));
    char *file = nn_path_join(d->folder, name);
    if (!file) return no_memory(d, err);
    const char *dot = strrchr(name, '.'), *method = label ? "DFDC" : NULL;
    const int image = dot && (!strcmp(dot, ".png") || !strcmp(dot, ".jpg") || !strcmp(dot, ".jpeg"));
    const NnStatus s = image ? add_image(d, file, method, err) : add_frames(d, name, method, err);
    d->n_rows++;
    free(file);
    return s;
}

static NnStatus read_rows(Dfdc *d, DataCsv *csv, NnErr *err)
{
    int more = 1;
    NN_TRY(read_header(d, csv, err));
    for (;;) {
        NN_TRY(data_csv_next(csv, &more, err));
        if (!more) break;
        NN_TRY(add_row(d, csv, err));
    }
    if (d->n_missing)
        NN_TRY(data_set_note(d->set, err, "%s: %d of %d videos have no frames in %s, the first %s", d->file,
                             d->n_missing, d->n_rows, d->folder, d->missing));
    if (d->set->n) return NN_OK;
    return nn_fail(err, NN_ERR_DATA, "%s: no frame found in %s; extract them first (scripts/extract_frames)", d->file,
                   d->folder);
}

static NnStatus read_labels(Dfdc *d, NnErr *err)
{
    unsigned char *text;
    size_t len;
    DataCsv csv = { 0 };
    NN_TRY(nn_file_read(d->file, MAX_BYTES, &text, &len, err));
    NnStatus s = data_csv_init(&csv, (char *)text, len, d->file, err);
    if (s == NN_OK) s = read_rows(d, &csv, err);
    data_csv_deinit(&csv);
    free(text);
    return s;
}

static NnStatus list_dfdc(const DataSpec *spec, DataSet *set, NnErr *err)
{
    const int is_folder = nn_folder_exists(spec->path);
    Dfdc d = { .set = set };
    d.file = nn_path_join(is_folder ? spec->path : NULL, is_folder ? "labels.csv" : spec->path);
    d.folder = *spec->root ? nn_path_join(NULL, spec->root) : d.file ? nn_path_folder(d.file) : NULL;
    NnStatus s = d.folder ? read_labels(&d, err) : no_memory(&d, err);
    if (s == NN_OK) s = data_import_drop_repeats(set, err);
    if (s == NN_OK) s = data_import_groups(set, d.folder, err);
    free(d.file);
    free(d.folder);
    return s;
}

static int is_dfdc(const char *path)
{
    char *inside = nn_path_join(path, "labels.csv");
    const int fits = inside && (data_csv_has_columns(path, "filename", "label") ||
                                data_csv_has_columns(inside, "filename", "label"));
    free(inside);
    return fits;
}

const DataFormat data_format_dfdc = {
    .name = "dfdc",
    .options = "root",
    .help = "DFDC's labels.csv (filename,label), or the folder that it is in, with extracted frames",
    .fits = is_dfdc,
    .list = list_dfdc,
};
