/* foreign_paths.h -- finding images whose paths were written down on somebody else's machine.
 *
 * A listed path is made plain (backslashes become slashes, "./" and doubled slashes go). The folder that it names is
 * then looked for as it stands, below `root`, and below `root` with one leading component after the other taken off.
 * What was taken off the last time is tried first, so that a list costs about one look at the disk for each folder. */
#ifndef DATA_FOREIGN_PATHS_H
#define DATA_FOREIGN_PATHS_H
#include "data/data_set.h"

typedef struct {
    const char *root;
    char *folder; /* the listed folder that was asked for last, made plain; NULL: none yet */
    char *answer; /* where it is */
    int found;    /* is it there? */
    char *prefix; /* what was taken off the last time something was found below root; NULL: not yet */
    int as_is;    /* the last one found stood as it is */
    int n_moved, n_folders, n_missing;
    char *missing; /* the first that was not found */
} DataForeignPaths;

/* `root` stays the caller's. */
void data_foreign_init(DataForeignPaths *p, const char *root);
void data_foreign_deinit(DataForeignPaths *p);

/* Where the listed file is, or (p->found == 0) would be. The caller frees *out. ERR_NOMEM. */
NnStatus data_foreign_find(DataForeignPaths *p, const char *listed, char **out, NnErr *err);

/* Notes for people: which prefix was dropped, how many folders are not there. */
NnStatus data_foreign_report(const DataForeignPaths *p, DataSet *set, NnErr *err);

#endif
