/* bootstrap.h -- 95 % intervals by resampling groups (Efron, "Bootstrap Methods", Annals of Statistics 1979).
 *
 * Frames of one video and forgeries of one photograph are not independent, so whole groups are drawn with
 * replacement. All rows see the same resamples, which pairs them: the interval of the drop from seen to unseen is
 * that of a difference on the same images. */
#ifndef EVAL_BOOTSTRAP_H
#define EVAL_BOOTSTRAP_H
#include "eval/score_rows.h"

/* Fill lo and hi (2.5 and 97.5 percentiles over `resamples`) of every row's AUC, accuracy and balanced accuracy,
 * and of the drops. Resamples in which a figure is undefined do not count for it; fewer than two left: NAN.
 * Resample b is drawn from (seed, NN_STREAM_BOOTSTRAP, 0, b): the same at any number of threads. resamples = 0
 * leaves the intervals NAN. */
NnStatus eval_bootstrap(const EvalResults *r, EvalRows *rows, int resamples, uint64_t seed, NnErr *err);

/* How often each of n_groups counts in resample `number`: count [n_groups], drawn as said above. */
void eval_resample_draw(uint64_t seed, int number, int n_groups, int *count);

/* lo and hi of *out from n resampled values, which are sorted in place; NANs do not count; fewer than two: unchanged. */
void eval_interval_set(double *values, int n, EvalEstimate *out);

#endif
