/* spec.h -- naming a data set in one text: SPEC = [FORMAT:]PATH[,root=FOLDER][,compression=raw|c23|c40]
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
    char root[NN_TEXT_MAX]; /* where relative and foreign paths are looked for; "": the folder of PATH */
    char compression
        [NN_TEXT_MAX]; /* FaceForensics++ and DeepfakeBench: which of raw, c23, c40; "": the only one there */
} DataSpec;

struct DataFormat {
    const char
        *name; /* before the colon: "manifest", "folder", "list", "deepfakebench", "ffpp", "celebdf", "dfdc" ... */
    const char *help;              /* one line for --help */
    int (*fits)(const char *path); /* does an unnamed PATH look like this? Reads little. */
    NnStatus (*list)(const DataSpec *spec, DataSet *set, NnErr *err); /* items, groups, declared splits, notes */
};

/* Parse a text; a relative PATH and root stay relative to the present folder. ERR_CONFIG: unknown format or option (the
 * nearest is named), PATH that does not exist or fits no format (the known ones are listed). */
NnStatus data_spec_parse(const char *text, DataSpec *out, NnErr *err);

/* The formats, in the order in which `fits` is asked. */
extern const DataFormat *const data_formats[];
extern const int data_n_formats;

/* A source of data_set.h: settings.path is a SPEC. */
NnStatus data_spec_open(DataSet *set, NnErr *err);

#endif
