/* several.h -- several detectors, judged one after the other on the same data sets and set side by side. */
#ifndef EVAL_SEVERAL_H
#define EVAL_SEVERAL_H
#include "eval/comparison.h"
#include "eval/judging.h"

/* Judge each run of the arguments as eval_session does, into RUN/eval, or with --out DIR into DIR/<its name>; then read
 * back what was written and save the generalisation matrix (and, where the runs allow it, the comparison over seeds) in
 * DIR, or without --out in the first run's eval/compared. `batch`: images at once. Before the first image: ERR_IO, a run
 * that is not there, or something in the way of a folder; ERR_USAGE, two runs that would write to one. */
NnStatus eval_several(const EvalArguments *a, int batch, const EvalVoice *voice, NnErr *err);

/* report.html of runs that a comparison has read back, with their matrix, into a folder. */
NnStatus eval_several_page(const EvalComparison *c, const char *folder, NnErr *err);

#endif
