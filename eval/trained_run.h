/* trained_run.h -- a trained detector, ready to judge images: a run folder or checkpoint turned into a plan.
 *
 * Everything needed is in the checkpoint: the resolved configuration, the weights (their average, where the run kept
 * one), the threshold that was chosen on the source's validation split, and the mean training mask. */
#ifndef EVAL_TRAINED_RUN_H
#define EVAL_TRAINED_RUN_H
#include "data/data_settings.h"
#include "eval/pixel_pool.h"
#include "eval/threshold_rule.h"
#include "nn/core/plan.h"
#include "nn/model/trained_detector.h"

typedef struct {
    NnTrained trained; /* its checkpoint; generated data sets and automatic splits depend on its seed */
    char *folder;      /* that the checkpoint lies in */
    DataSettings data;
    double threshold;
    int has_threshold;            /* 0: none stored; threshold is .5 */
    char threshold_rule[64];      /* where `threshold` is from, in words; see eval_run_set_threshold */
    EvalValidation validation;    /* that the stored threshold was chosen on; n = 0: not stored */
    int64_t step, threshold_step; /* of the weights, and at which the threshold was chosen; -1: not noted */
    EvalPrior prior;              /* n = 0: no mean mask stored */
    int batch;                    /* N */
    NnParams *params;
    NnGraph *graph;
    NnPlan *plan;
    NnDetector net;
} EvalRun;

/* What the detector says about the n images of a batch; valid until the next call. */
typedef struct {
    const float *score; /* [n], probability of being forged */
    const float *map;   /* [n,1,size,size], 0..1 */
} EvalVerdicts;

/* `path` is a run folder (its best.safetensors, else last.safetensors) or a checkpoint. Plans for batches of `batch`
 * images. The caller frees with eval_run_close. ERR_IO: nothing there, and what was looked for; ERR_FORMAT: damaged,
 * not one of ours, or weights that do not fit the network; ERR_CONFIG: a configuration this version does not know. */
NnStatus eval_run_open(const char *path, int batch, EvalRun **out, NnErr *err);
void eval_run_close(EvalRun *run);

/* Choose run->threshold: NULL for the stored one, else a rule as in threshold_rule.h, applied to run->validation.
 * ERR_USAGE: no such rule; ERR_DATA: the checkpoint holds no validation to choose by. */
NnStatus eval_run_set_threshold(EvalRun *run, const char *rule, NnErr *err);

/* Judge image [n,3,size,size], -1..1, with n of 1..batch. ERR_NUMERIC: a score that is not a number. */
NnStatus eval_run_judge(EvalRun *run, const float *image, int n, EvalVerdicts *out, NnErr *err);

#endif
