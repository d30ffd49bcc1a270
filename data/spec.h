/* spec.h -- naming a data set in one text: SPEC = [FORMAT:]PATH[,root=FOLDER][,compression=raw|c23|c40][,splits=PATH]
 *
 * The same text works in `[data] source = spec, path = SPEC`, in `eval --data NAME=SPEC` and in every command of
 * `data`. Without FORMAT the form of PATH tells (README.md, "Specs"): a CSV with a column `path` is a manifest, a
 * `.json` DeepfakeBench's, and so on. One table in spec.c lists the formats; each has a file import_<format>.c, which
 * only lists items: data_file_reader reads them. */
#ifndef DATA_SPEC_H
#define DATA_SPEC_H
#include "data/data_set.h"

typedef struct DataFormat DataFormat;

typedef struct {
    const DataFormat *format;
    char path[NN_TEXT_MAX];
    char root[NN_TEXT_MAX];        /* where relative and foreign paths are looked for; "": the folder of PATH */
    char compression[NN_TEXT_MAX]; /* FaceForensics++ and DeepfakeBench: raw, c23 or c40; "": the only one there */
    char splits[NN_TEXT_MAX]; /* FaceForensics++: folder of train.json ...; Celeb-DF: its test list; "": looked for */
} DataSpec;

struct DataFormat {
    const char *name;          /* before the colon: "manifest", "folder", "list", "deepfakebench", "ffpp" ... */
    const char *options;       /* those of root, compression, splits that mean something here, with blanks between */
    const char *help;          /* one line for --help */
    int (*fits)(const char *); /* does an unnamed PATH look like this? Reads little. */
    /* Fill a zeroed set: items, groups, the splits that the data declares, notes; set->settings.path is spec->path. */
    NnStatus (*list)(const DataSpec *spec, DataSet *set, NnErr *err);
};

/* Parse a text; a relative PATH and root stay relative to the present folder. ERR_CONFIG: unknown format or option (the
 * nearest is named), PATH that does not exist or fits no format (the known ones are listed). */
NnStatus data_spec_parse(const char *text, DataSpec *out, NnErr *err);

/* The formats, in the order in which `fits` is asked. */
extern const DataFormat *const data_formats[];
extern const int data_n_formats;

/* A source of data_set.h: settings.path is a SPEC. */
NnStatus data_spec_open(DataSet *set, NnErr *err);

/* ---- the formats, each in its file ---- */

extern const DataFormat data_format_manifest, data_format_folder; /* spec.c: manifest.c and folder.c */
extern const DataFormat data_format_list, data_format_deepfakebench, data_format_ffpp, data_format_celebdf,
    data_format_dfdc, data_format_deeperforensics; /* import_<name>.c, as all the others */

#endif
