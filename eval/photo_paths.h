/* photo_paths.h -- what `eval --score` was given, as a list of files. */
#ifndef EVAL_PHOTO_PATHS_H
#define EVAL_PHOTO_PATHS_H
#include "nn/base/status.h"

/* Zero-initialise; release with eval_photo_paths_free. */
typedef struct {
    int n;
    char **path; /* [n], owned */
} EvalPhotoPaths;

/* Append what each of n texts names:
 *   a folder           every .png, .jpg and .jpeg in it and below, in the order of their paths
 *   a .txt or .lst     a list: a path a line, relative to the list; empty lines are passed over
 *   -                  the same on standard input, relative to the present folder
 *   anything else      an image file, whether it can be read or not: judging it will tell
 * ERR_IO: a list that cannot be read; ERR_DATA: a folder without images, a list without paths. */
NnStatus eval_photo_paths_add(EvalPhotoPaths *p, const char *const *texts, int n, NnErr *err);
void eval_photo_paths_free(EvalPhotoPaths *p);

#endif
