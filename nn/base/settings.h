/* settings.h -- configuration: typed structs filled from INI text by a table.
 *
 * Each folder owns the table of its own INI sections, one row a key. That table
 * alone makes the defaults, the parser, --set, --help-config and the resolved
 * configuration saved with every run. The values live in a plain struct of the
 * owner; a row knows where in it. Unknown, repeated and out-of-range keys are
 * errors with file, line and the nearest known key. */
#ifndef NN_SETTINGS_H
#define NN_SETTINGS_H
#include <stddef.h>

#include "nn/base/status.h"

enum { NN_TEXT_MAX = 512 }; /* bytes of a text or path value, with its final 0 */

typedef enum {
    NN_SET_INT,    /* int */
    NN_SET_FLOAT,  /* float */
    NN_SET_BOOL,   /* int, 0 or 1; also accepts yes/no, true/false, on/off */
    NN_SET_CHOICE, /* int, index into choices */
    NN_SET_TEXT,   /* char[NN_TEXT_MAX] */
    NN_SET_PATH,   /* char[NN_TEXT_MAX]; a relative path in a file is relative to that file's folder */
    NN_SET_PATHS,  /* char[NN_TEXT_MAX]; several such, a comma between them (path_list.h) */
    NN_SET_SPEC /* char[NN_TEXT_MAX]; [WORD:]PATH[,KEY=VALUE]... (path_spec.h): so are PATH and values of `choices` */
} NnSettingType;

typedef struct {
    const char *name;
    NnSettingType type;
    size_t offset;       /* of the field in the owner's struct */
    const char *preset;  /* the default, as one would type it */
    double min, max;     /* for numbers, both inclusive */
    const char *choices; /* "sgd adam adamw radam", in the order of the owner's enum; of a spec: keys of paths */
    const char *unit;    /* "pixels"; "" for none */
    const char *help;    /* one line */
} NnSetting;

typedef struct {
    const char *name; /* without brackets */
    const char *help; /* one line */
    const NnSetting *rows;
    int n_rows;
} NnSection;

/* A section and the struct its values live in. */
typedef struct {
    const NnSection *section;
    void *values;
} NnBinding;

typedef enum {
    NN_SETTINGS_STRICT,       /* every section must be bound */
    NN_SETTINGS_SKIP_SECTIONS /* sections of other programs are passed over */
} NnSettingsMode;

/* Give every bound key its default. */
void nn_settings_defaults(const NnBinding *b, int n);

/* Read INI text or a file over the present values. `name` is used in messages;
 * `folder` is what relative paths are relative to (NULL: leave them as they are).
 * A line `include = other.ini` before the first section reads that file first
 * (relative to this one). ERR_CONFIG / ERR_IO. */
NnStatus nn_settings_parse(const NnBinding *b, int n, const char *text, const char *name, const char *folder,
                           NnSettingsMode mode, NnErr *err);
NnStatus nn_settings_load(const NnBinding *b, int n, const char *path, NnSettingsMode mode, NnErr *err);

/* One "section.key=value", as --set takes it. */
NnStatus nn_settings_set(const NnBinding *b, int n, const char *assignment, NnErr *err);

/* All bound values as INI text that parses back to the same bits. Caller frees. NULL: no memory. */
char *nn_settings_format(const NnBinding *b, int n);

/* The reference of every key (type, default, range, unit, help) for --help-config. Caller frees. */
char *nn_settings_help(const NnBinding *b, int n);

/* Is `name` in the comma-separated list? (blanks around names are ignored) */
int nn_list_has(const char *list, const char *name);

/* The known name nearest to `name` by edit distance, or NULL if none is near. */
const char *nn_nearest(const char *name, const char *const *known, int n);

#endif
