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

/* The 2.5 and 97.5 percentiles of n resampled values (linear between neighbours) into out->lo and hi. NANs are left out;
 * fewer than two others: out stays as it is. Sorts the values. */
void eval_percentile_interval(double *values, int n, EvalEstimate *out);

#endif
