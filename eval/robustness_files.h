/* robustness_files.h -- EvalRobust as a table for people, as robustness.csv, and as its block of eval.json.
 * README.md ("Robustness") documents columns and members. */
#ifndef EVAL_ROBUSTNESS_FILES_H
#define EVAL_ROBUSTNESS_FILES_H
#include <jansson.h>
#include <stdio.h>

#include "eval/robustness.h"

/* At most 100 columns: for each operator a line of levels, then the AUC of seen and unseen forgeries and the pixel AUC. */
void eval_robust_table(FILE *out, const EvalRobust *robust);

/* What it means, which encoder made the JPEGs, how many blocks there were; once, below all tables. */
void eval_robust_explain(FILE *out, const EvalRobust *robust);

/* The heading, then the lines of one data set: clean, every level, every mean; for each pooled row. */
void eval_robust_csv_heading(FILE *out);
void eval_robust_csv(FILE *out, const EvalRobust *robust);

/* A new reference; NULL without memory. */
json_t *eval_robust_json(const EvalRobust *robust);

#endif
