/* past_run.h -- a run that was judged earlier, read back from the files that its evaluation left. */
#ifndef EVAL_PAST_RUN_H
#define EVAL_PAST_RUN_H
#include "eval/score_rows.h"

/* One data set of an evaluation. Items stand in the order of their paths, so that those of two runs can be set side by
 * side. Figures of pooled pixels and of priors, and intervals, in `rows` are those that were written down (NAN where an
 * earlier version wrote none); everything else is computed anew. */
typedef struct {
    EvalResults results;
    EvalRows rows;
    EvalResults videos; /* the same by videos, put together as they were then; n = 0: no image belongs to one */
    EvalRows video_rows;
    char *name, **methods; /* what results.name and results.methods point to */
    int n_methods;
    uint64_t images; /* eval_data_key: sets whose keys differ hold different images, whatever their paths */
} EvalPastSet;

typedef struct {
    char *folder;
    char *name; /* the folder's last part, without "-s<seed>" at its end: runs that differ by their seed share it */
    uint64_t seed;
    char *trained_on, *source; /* manipulations, and the data set; "" where the evaluation does not say */
    char *scores;              /* the text of scores.csv, which paths point into */
    int n_sets;
    EvalPastSet *sets;
} EvalPastRun;

/* Read folder/eval/{scores.csv, eval.json}, or the two from the folder itself. The caller frees with
 * eval_past_run_free. ERR_IO: it was not judged yet; ERR_DATA: a damaged file, or two that do not belong together. */
NnStatus eval_past_run_read(const char *folder, EvalPastRun *out, NnErr *err);

/* The same from exactly the folder `files`; `folder` then is but a name. */
NnStatus eval_past_run_read_at(const char *folder, const char *files, EvalPastRun *out, NnErr *err);
void eval_past_run_free(EvalPastRun *run);

#endif
