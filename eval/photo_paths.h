/* photo_paths.h -- what `eval --score` was given, as a list of files. */
#ifndef EVAL_PHOTO_PATHS_H
#define EVAL_PHOTO_PATHS_H
#include "nn/base/status.h"

/* Zero-initialise; release with eval_photo_paths_free. */
typedef struct {
    int n;
    char **path;    /* [n], owned */
    char **failure; /* [n], owned: NULL, or why this path, which is no file, led to none */
} EvalPhotoPaths;

/* Append what each of n texts names:
 *   a folder           every .png, .jpg and .jpeg in it and below, in the order of their paths
 *   a .txt or .lst     a list: a path a line, relative to the list; empty lines are passed over
 *   -                  the same on standard input, relative to the present folder
 *   anything else      an image file, whether it can be read or not: judging it will tell
 * A folder without images and a list that cannot be read or names nothing stand in the list themselves, with the failure,
 * so that all others are judged. ERR_NOMEM. */
NnStatus eval_photo_paths_add(EvalPhotoPaths *p, const char *const *texts, int n, NnErr *err);
void eval_photo_paths_free(EvalPhotoPaths *p);

#endif
