/* judging.h -- one detector on its data sets: judge them, tell a terminal, write the folder of the evaluation. */
#ifndef EVAL_JUDGING_H
#define EVAL_JUDGING_H
#include <stdio.h>

#include "eval/eval_arguments.h"
#include "eval/trained_run.h"

/* Where a session speaks. */
typedef struct {
    FILE *out;          /* tables, and what was written */
    FILE *log;          /* images left out, progress */
    int shows_progress; /* `log` is a terminal */
} EvalVoice;

/* Judge every data set of the arguments, or the run's own where they name none, and write eval.csv, eval.json,
 * scores.csv and examples.png into `folder`; with --maps also a picture per image, into `maps` (NULL: none). */
NnStatus eval_session(EvalRun *run, const EvalArguments *a, const char *folder, const char *maps,
                      const EvalVoice *voice, NnErr *err);

/* Apply the threshold rule that the arguments ask for, if any, before judging. */
NnStatus eval_session_threshold(EvalRun *run, const EvalArguments *a, NnErr *err);

/* In `last` of an interrupted run the weights are some steps beyond the last validation: say so. */
void eval_session_warn(const EvalRun *run, FILE *log);

#endif
