/* score_table.h -- the generalisation table a person reads on the terminal: at most 100 columns. */
#ifndef EVAL_SCORE_TABLE_H
#define EVAL_SCORE_TABLE_H
#include <stdio.h>

#include "eval/score_rows.h"

/* One data set: a heading (which images, and where the threshold is from), a line per row, the drop from seen to
 * unseen. */
void eval_table_write(FILE *out, const EvalResults *r, const EvalRows *rows, const char *threshold_rule);

/* What the columns mean; once, below all tables. */
void eval_table_explain(FILE *out, int resamples);

/* "0.873", or "n/a" for NAN, into buf [8]; returns it. */
const char *eval_figure_text(double v, char *buf);

#endif
