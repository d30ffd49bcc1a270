/* commands.h -- what the program `data` can do: a function and a file command_<name>.c each. They write to the streams
 * of a console that main gives them. */
#ifndef DATA_COMMANDS_H
#define DATA_COMMANDS_H
#include <signal.h>
#include <stdio.h>

#include "data/data_arguments.h"
#include "data/file_probe.h"

typedef struct {
    const char *program; /* as it was called, for commands that somebody may type next */
    FILE *out, *say;     /* results; progress and remarks */
    int terminal;        /* is `say` one? Only then is progress shown */
    const volatile sig_atomic_t *stop;
    double drawn; /* when progress was last shown */
    int shown;
    const char *what; /* that progress is about */
} DataConsole;

/* Each gives its exit code by its status: ERR_DATA for data that is unusable, ERR_INTERRUPTED after Ctrl-C. Files are
 * written whole or not at all. */
NnStatus data_command_import(DataConsole *console, const DataArguments *a, NnErr *err);
NnStatus data_command_check(DataConsole *console, const DataArguments *a, NnErr *err);
NnStatus data_command_stats(DataConsole *console, const DataArguments *a, NnErr *err);
NnStatus data_command_forge(DataConsole *console, const DataArguments *a, NnErr *err);
NnStatus data_command_sheet(DataConsole *console, const DataArguments *a, NnErr *err);

/* ---- shared by them (console.c) ---- */

/* List the data set that a SPEC names, and say what its format passed over. ERR_USAGE where --out or --csv would
 * overwrite it. */
NnStatus data_console_list(DataConsole *console, const DataArguments *a, const char *spec, DataSet **out, NnErr *err);

/* data_probe_all with progress. */
NnStatus data_console_probe(DataConsole *console, const DataArguments *a, const DataSet *set, DataProbe **out,
                            NnErr *err);

/* On a terminal, ten times a second: "what: 120 of 4480". */
void data_console_progress(DataConsole *console, int done, int all);
void data_console_clear(DataConsole *console);

/* "next: build/data check MANIFEST", to be pasted into a shell. */
void data_console_next(DataConsole *console, const char *manifest);

/* The folder that a file shall go to, made if it is not there. ERR_IO. */
NnStatus data_console_folder_of(const char *file, NnErr *err);

#endif
