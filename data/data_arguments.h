/* data_arguments.h -- the command line of `data`. Two tables in data_arguments.c, of commands and of options, make the
 * parser and every --help. */
#ifndef DATA_DATA_ARGUMENTS_H
#define DATA_DATA_ARGUMENTS_H
#include <stdio.h>

#include "nn/base/status.h"

typedef enum { DATA_IMPORT, DATA_CHECK_SETS, DATA_STATS, DATA_FORGE_PHOTOS, DATA_SHEET, DATA_COMMANDS } DataCommand;

typedef struct {
    DataCommand command; /* DATA_COMMANDS with --help and --version alone */
    const char **specs;  /* [n_specs] what is not an option: SPECs, or PHOTOS */
    int n_specs;
    const char *out, *csv, *methods, *allow, *quality; /* NULL: not given */
    const char *on_bad;                                /* "stop" or "skip" */
    int quality_min, quality_max;                      /* of `quality`; 0: none */
    int size, seed, threads, examples, columns, max_pixels;
    float val, test;
    int quick, help, version;
} DataArguments;

/* ERR_USAGE: unknown command or option (the nearest is named), missing or impossible value, wrong number of SPECs.
 * Strings point into argv; free with data_arguments_free, also after a failure. */
NnStatus data_arguments_parse(int argc, char **argv, DataArguments *a, NnErr *err);
void data_arguments_free(DataArguments *a);

/* What --help prints: the program, or one command. */
void data_arguments_help(FILE *out, const char *program, DataCommand command);

#endif
