/* matrix_files.h -- the generalisation matrix as Markdown (which a terminal shows well, too), CSV and JSON. */
#ifndef EVAL_MATRIX_FILES_H
#define EVAL_MATRIX_FILES_H
#include <jansson.h>

#include "eval/matrix.h"

/* The text of each file. The caller frees; NULL: no memory. README.md documents every column. */
char *eval_matrix_markdown(const EvalMatrix *m);
char *eval_matrix_csv(const EvalMatrix *m);
json_t *eval_matrix_json(const EvalMatrix *m);

/* How the images of a data set compare over the runs, as a sentence for people. */
void eval_matrix_images_text(const EvalMatrix *m, const char *data, char *out, size_t room);

/* Write matrix.md, matrix.csv and eval.json ({"version", "matrix"}) into a folder, each whole or not at all. */
NnStatus eval_matrix_save(const EvalMatrix *m, const char *folder, NnErr *err);

#endif
