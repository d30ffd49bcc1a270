/* paired.h -- is one system better than another? Differences on the same images, run by run, and what they are worth.
 *
 * A system is trained several times, each time from another seed; run s of A is set against run s of B. Two things
 * make the mean difference uncertain, and the interval holds both: other seeds would have given other networks, and
 * other test images other figures. README.md ("Comparing runs") derives the formula. */
#ifndef EVAL_PAIRED_H
#define EVAL_PAIRED_H
#include "eval/ranking.h"

/* Mean and 95 % interval of the differences d[s], s < seeds, between two systems trained from the same seeds.
 * resampled [resamples][seeds]: the same differences on resampled images, every seed with the same resamples; those
 * in which one is NAN are left out. groups: independent units among the images.
 *
 *     V_seeds  = sum_s (d_s - mean)^2 / (S - 1) / S
 *     C        = mean over pairs of seeds of their covariance over resamples, at least 0
 *     V_images = variance over resamples of the mean difference
 *     half width = max( t(nu) sqrt(V_seeds + C), t(groups - 1) sqrt(V_images) )
 *     nu = (V_seeds + C)^2 / (V_seeds^2 / (S - 1) + C^2 / (groups - 1))      (Welch and Satterthwaite)
 *
 * One seed: the second term alone. No resamples: V_seeds alone; neither: lo and hi are NAN. A NAN in d: all NAN. */
EvalEstimate eval_paired_interval(const double *d, const double *resampled, int seeds, int resamples, int groups);

/* Both systems' results for one seed. */
typedef struct {
    const EvalResults *a, *b;
    const EvalRows *a_rows, *b_rows;
} EvalPair;

/* Do two evaluations have the same rows, and the same of them seen? ERR_DATA names the first that differs. */
NnStatus eval_paired_check_rows(const EvalRows *a, const EvalRows *b, NnErr *err);

/* A's figures minus B's for every row of one data set, over `seeds` pairs: out [rows][EVAL_WEIGHED]. Within a pair the
 * items must be the same in the same order (ERR_DATA names the first that is not); all must have the same rows.
 * Resample b is drawn from (seed, NN_STREAM_BOOTSTRAP, 0, b): groups whole, apart by whether they hold real images,
 * forgeries or both, so that no class runs out. */
NnStatus eval_paired(const EvalPair *pairs, int seeds, int resamples, uint64_t seed, EvalEstimate *out, NnErr *err);

#endif
