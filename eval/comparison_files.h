/* comparison_files.h -- a comparison as Markdown, CSV and LaTeX. README.md says how to read them. */
#ifndef EVAL_COMPARISON_FILES_H
#define EVAL_COMPARISON_FILES_H
#include "eval/comparison.h"

/* The text of each file. The caller frees; NULL: no memory. */
char *eval_comparison_markdown(const EvalComparison *c);
char *eval_comparison_csv(const EvalComparison *c);
char *eval_comparison_latex(const EvalComparison *c);

/* Write comparison.md, comparison.csv and comparison.tex into a folder, each whole or not at all. */
NnStatus eval_comparison_save(const EvalComparison *c, const char *folder, NnErr *err);

#endif
