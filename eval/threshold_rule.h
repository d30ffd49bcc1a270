/* threshold_rule.h -- from which score on is an image called forged? Chosen on the scores of the source's validation
 * split, which the checkpoint holds; never on images that are reported on.
 *
 * A rule is a text: `accuracy` (most images judged rightly), `youden` (the same with both classes counting alike),
 * `eer` (misses as frequent as false alarms), `fpr=0.05` (finds most with false alarms on at most 5 % of real images),
 * `fnr=0.05` (fewest false alarms with at most 5 % of the forged ones missed), `deepfakebench` (above .5, that
 * is the next number after it, as forged is score >= threshold), or the threshold itself, a number. */
#ifndef EVAL_THRESHOLD_RULE_H
#define EVAL_THRESHOLD_RULE_H
#include "nn/base/metrics.h"
#include "nn/model/checkpoint.h"

/* The validation that chose a checkpoint's threshold. Zero-initialise; n = 0: none stored. */
typedef struct {
    int n;
    float *score;         /* [n], probability of being forged; owned: eval_validation_free */
    unsigned char *label; /* [n], 0 real, 1 forged; owned */
} EvalValidation;

/* Tensors validation.score and validation.label of a checkpoint; n = 0 where it has none. ERR_FORMAT names `path` and
 * what is wrong. */
NnStatus eval_validation_read(const NnCheckpoint *c, const char *path, EvalValidation *out, NnErr *err);
void eval_validation_free(EvalValidation *v);

typedef struct {
    int is_number; /* 1: `value` is the threshold; else */
    NnThresholdAim aim;
    double value; /* the threshold, or the limit of an aim that has one */
} EvalThresholdRule;

/* "accuracy, youden, eer, fpr=SHARE, fnr=SHARE, deepfakebench", of the one table of rules, for messages and --help. */
enum { EVAL_THRESHOLD_NAMES = 128 };
void eval_threshold_rule_names(char out[EVAL_THRESHOLD_NAMES]);

/* ERR_USAGE names the known rules. */
NnStatus eval_threshold_rule_parse(const char *text, EvalThresholdRule *out, NnErr *err);

/* The threshold of each of n rules into out [n]. ERR_DATA: a rule that needs the validation, which v does not have (or
 * not both classes of). */
NnStatus eval_thresholds(const EvalValidation *v, const EvalThresholdRule *rules, int n, double *out, NnErr *err);

#endif
