/* pickers.h -- which forged training images are worth drawing a mask for: a score for each, higher = sooner.
 *
 *     uncertainty   -|a_1 - a_0|: the halves of the latent are least decided about it
 *                   [paper: challenging candidates; ours: the measure]
 *     channel       how strongly its superficial channels speak for "forged", see below
 *                   [paper: the idea; ours: every formula]
 *     random        a number drawn from (seed, item): the control [ours]
 *
 * channel. With h the latent, w the weights of the logit, means over the forged training images:
 *
 *     T(p)  = max(0, mean map of the forged - mean map of the real training images at p), divided by its maximum:
 *             where forgeries typically lie, as far as the network knows: it stands in for masks that nobody has drawn
 *     r_c   = w_c mean(h_c)                   how strongly the logit leans on channel c (of score = logit; with region
 *                                             it leans on the hottest part alone, of which this mean knows nothing)
 *     o_c   = sum_p |h_c(p)| (1 - T(p)) / sum_p |h_c(p)|    the share of its activation outside the typical area
 *     the leading channels are those of largest r_c > 0 that make up TRAIN_LEADING of their sum;
 *     superficial are those of them whose o_c is above the mean of o over the leading channels, weighted with r
 *     score = sum over superficial c of w_c mean_p(h_c)
 *
 * Where all leading channels lie alike, nothing is superficial and all of them count; where no channel speaks for
 * "forged", every score is 0. */
#ifndef TRAIN_PICKERS_H
#define TRAIN_PICKERS_H
#include "train/survey.h"

#define TRAIN_LEADING 0.8

/* Scores [n] of the survey's forged images. ERR_NUMERIC if one is not finite; ERR_NOMEM. */
NnStatus train_picker_scores(TrainPicker picker, const TrainSurvey *s, uint64_t seed, float *score, NnErr *err);

/* Which channels are superficial: mark[C], 1 or 0. ERR_NOMEM. */
NnStatus train_superficial_channels(const TrainSurvey *s, unsigned char *mark, NnErr *err);

#endif
