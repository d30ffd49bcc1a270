/* judge.h -- one pass of a detector over a data set: a result per image. */
#ifndef EVAL_JUDGE_H
#define EVAL_JUDGE_H
#include "data/data_set.h"
#include "eval/score_rows.h"
#include "eval/trained_run.h"

/* A data set to be judged. */
typedef struct {
    char name[NN_TEXT_MAX]; /* as in the column `data` */
    DataSet *set;
    int *index; /* [n], the items that are judged */
    int n;
    DataCheck check; /* on_bad = skip: what was left out */
} EvalData;

/* The run's own data set and its test split. Named after its source or its folder. */
NnStatus eval_data_own(const EvalRun *run, int threads, EvalData *out, NnErr *err);

/* A data set in the form NAME=SPEC (data/spec.h; a manifest or folder needs no more than its path): images whose split
 * is declared as test, or, where none is declared, every image. Fitted as the run's own data. A manipulation counts as
 * seen (set->seen) if the run was trained on one of the same name; the checkpoint says so, the run's own data is not
 * opened. ERR_USAGE: not of that form; ERR_CONFIG: no SPEC; ERR_IO: no such file or folder; ERR_DATA: nothing to judge;
 * ERR_FORMAT: the checkpoint does not name what was trained on. */
NnStatus eval_data_other(const EvalRun *run, const char *name_and_path, int threads, EvalData *out, NnErr *err);
void eval_data_close(EvalData *data);

/* One judged image, for those who want pictures. Valid during the call. */
typedef struct {
    int number, size;   /* which of the data set's n; pixels of one side */
    const char *method; /* "real", or the manipulation */
    int seen;           /* was the manipulation trained on? 0 for real images */
    const EvalItem *item;
    const char *generated; /* path of an item that is no file, else NULL */
    const float *image;    /* [3,size,size], -1..1 */
    const float *mask;     /* [size,size], 0 or 1; NULL: unknown */
    const float *map;      /* [size,size], 0..1 */
} EvalView;

typedef NnStatus (*EvalVisit)(void *self, const EvalView *view, NnErr *err);

/* Judge every image of the data set in order; `visit` (may be NULL) sees each. The caller frees the results with
 * eval_results_free; they borrow names from data and the prior from run. */
NnStatus eval_judge(EvalRun *run, const EvalData *data, int threads, EvalVisit visit, void *self, EvalResults *out,
                    NnErr *err);

#endif
