/* report_files.h -- eval.csv, eval.json and scores.csv, and robustness.csv where it was asked for. README.md documents every column. */
#ifndef EVAL_REPORT_FILES_H
#define EVAL_REPORT_FILES_H
#include <jansson.h>
#include <stdio.h>

#include "eval/robustness.h"
#include "eval/score_rows.h"
#include "eval/trained_run.h"

/* One judged data set and its rows. */
typedef struct {
    EvalResults results;
    EvalRows rows;
    EvalResults videos; /* the same by videos; n = 0: no image belongs to one */
    EvalRows video_rows;
    const char *source; /* where the data came from: a path, or "portraits" */
    uint64_t images;    /* eval_data_key of the data set */
    int n_skipped;      /* unreadable images left out */
    EvalRobust robust;  /* under corruptions; points NULL: not asked for */
} EvalReport;

/* How the intervals came about. */
typedef struct {
    int resamples;
    uint64_t seed;
} EvalBootstrapSpec;

/* The text of each file for n data sets. The caller frees; NULL: no memory. */
char *eval_rows_csv(const EvalReport *reports, int n);
char *eval_scores_csv(const EvalReport *reports, int n);
char *eval_robustness_csv(const EvalReport *reports, int n);
char *eval_report_json(const EvalReport *reports, int n, const EvalRun *run, const EvalBootstrapSpec *bootstrap);

/* Write the files into a folder, each whole or not at all. */
NnStatus eval_report_save(const char *folder, const EvalReport *reports, int n, const EvalRun *run,
                          const EvalBootstrapSpec *bootstrap, NnErr *err);

/* What other files of this room are made of: a text cell, quoted as RFC 4180 wants it where it must be; a comma, then a
 * number, or nothing for NAN; a file from a text that is taken over (NULL: ERR_NOMEM). */
void eval_csv_text(FILE *out, const char *text);
void eval_csv_number(FILE *out, double v);
NnStatus eval_text_save(const char *folder, const char *name, char *text, NnErr *err);

/* The same for JSON: null for NAN; text, in which bytes that are no UTF-8 become '?'; {"value":..,"lo":..,"hi":..}. */
json_t *eval_number_json(double v);
json_t *eval_text_json(const char *text);
json_t *eval_estimate_json(const EvalEstimate *e);

#endif
