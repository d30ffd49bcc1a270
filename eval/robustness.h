/* robustness.h -- how much of a detector is left when images are blurred, noisy or compressed.
 *
 * Every operator at every level of the protocols of data/corruption.h is applied to all images of a data set, real and
 * forged alike, after they were brought to the detector's size; then the detector judges them again. The clean images
 * stand first. All intervals share the same resamples of whole groups, so that a drop is a paired difference. */
#ifndef EVAL_ROBUSTNESS_H
#define EVAL_ROBUSTNESS_H
#include "data/corruption.h"
#include "eval/judge.h"

/* Places of the pooled rows. A data set without seen (or unseen) forgeries has n_fake = 0 and NAN there. */
enum { EVAL_ROBUST_SEEN, EVAL_ROBUST_UNSEEN, EVAL_ROBUST_ALL, EVAL_ROBUST_ROWS };
extern const char *const eval_robust_row_names[EVAL_ROBUST_ROWS]; /* "seen", "unseen", "all" */

/* The figures of one pooled row under one corruption; NAN where undefined. */
typedef struct {
    int n_real, n_fake, n_masks;
    EvalEstimate auc;
    EvalEstimate drop; /* AUC of the clean images minus this one, on the same images; 0 for the clean ones */
    double balanced;   /* accuracy at the stored threshold, real and forged counting alike */
    double pixel_auc;  /* pooled over the n_masks images */
} EvalRobustRow;

/* One operator at one level. */
typedef struct {
    const DataOperator *op; /* borrowed from data_operators; NULL: the clean images */
    int level;              /* place in op->levels */
    EvalRobustRow rows[EVAL_ROBUST_ROWS];
} EvalRobustPoint;

/* Mean drop over an operator's levels; or, of a protocol or all, over its operators' means, each counting alike. */
typedef struct {
    const char *protocol;   /* NULL: all that were asked for (only where these are several) */
    const DataOperator *op; /* NULL: all of the protocol */
    EvalEstimate drop[EVAL_ROBUST_ROWS];
} EvalRobustMean;

/* Everything about one data set. points[0] are the clean images; then operators in the order of data_operators, each
 * with its levels from mild to severe. means: the operators in this order, then the protocols, then all. */
typedef struct {
    const char *data; /* its name, borrowed */
    int size;         /* pixels of a side, at which images were corrupted */
    uint64_t seed;    /* of corruptions and resamples */
    int resamples;
    double threshold;
    int n_points, n_means;
    EvalRobustPoint *points; /* [n_points], owned */
    EvalRobustMean *means;   /* [n_means], owned */
} EvalRobust;

/* What is wanted. progress (may be NULL) is told after every judged image: `done` of `of` images, all corruptions
 * counted. */
typedef struct {
    const char *protocols; /* comma list, or `all` */
    int threads, resamples;
    uint64_t seed;
    void (*progress)(void *self, const DataOperator *op, double level, int done, int of);
    void *self;
} EvalRobustSpec;

/* Judge the data set once for every operator and level. `clean` and its rows are what eval_judge and eval_rows_make
 * gave for it before; the clean figures are taken from there. The caller frees with eval_robust_free. Errors are
 * those of eval_judge, and ERR_USAGE for an unknown protocol. */
NnStatus eval_robust_make(EvalRun *run, const EvalData *data, const EvalResults *clean, const EvalRows *clean_rows,
                          const EvalRobustSpec *spec, EvalRobust *out, NnErr *err);
void eval_robust_free(EvalRobust *robust);

#endif
