/* photo_table.h -- the verdicts of `eval --score` as a CSV file: path,score,verdict,width,height,warning,failure.
 *
 * A row a file, in the order in which they were given; of a file that could not be judged there are only path and
 * failure. Columns are explained in README.md. */
#ifndef EVAL_PHOTO_TABLE_H
#define EVAL_PHOTO_TABLE_H
#include <stdio.h>

#include "eval/score_photos.h"

/* Zero-initialise; release with eval_photo_table_free. */
typedef struct {
    char *text;
    size_t len;
    FILE *rows; /* writes into text */
} EvalPhotoTable;

NnStatus eval_photo_table_open(EvalPhotoTable *t, NnErr *err);
void eval_photo_table_add(EvalPhotoTable *t, const EvalPhoto *photo);

/* Write folder/scores.csv, whole or not at all; the folder is created. ERR_IO, ERR_NOMEM. */
NnStatus eval_photo_table_save(EvalPhotoTable *t, const char *folder, NnErr *err);
void eval_photo_table_free(EvalPhotoTable *t);

#endif
