/* text_table.h -- a table of short texts, written as Markdown (which also reads well unrendered) or as LaTeX. */
#ifndef EVAL_TEXT_TABLE_H
#define EVAL_TEXT_TABLE_H
#include <stdio.h>

#include "nn/base/status.h"

enum { EVAL_CELL_MAX = 256 }; /* bytes of a cell, with its final 0 */

typedef struct {
    char text[EVAL_CELL_MAX];
    int bold;
} EvalCell;

/* Zero-initialise but for n_columns; the first n_columns cells are the heading. */
typedef struct {
    int n_columns, n_cells, room;
    EvalCell *cells; /* owned: eval_text_table_free */
    int failed;      /* memory ran out; nothing is written then */
} EvalTextTable;

/* Append the next cell, row by row. Longer texts are cut, and end in a tilde. */
void eval_text_table_add(EvalTextTable *t, int bold, const char *format, ...) __attribute__((format(printf, 3, 4)));
void eval_text_table_free(EvalTextTable *t);

/* A heading of level 2 or more, then the table, its columns aligned. */
void eval_text_table_markdown(FILE *out, const EvalTextTable *t, int level, const char *title);

/* A `table` environment with a caption; needs no package. */
void eval_text_table_latex(FILE *out, const EvalTextTable *t, const char *title);

/* Text with what is special in LaTeX escaped. */
void eval_latex_text(FILE *out, const char *text);

#endif
