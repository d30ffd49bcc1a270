/* photo_verdict.h -- from a score to a word: real, unsure or forged, by what the validation images of the source taught.
 *
 *   forged_from   finds most forgeries with false alarms on at most `share` of the real validation images
 *   real_below    fewest false alarms with at most `share` of the forged validation images missed
 *
 * (Rules fpr and fnr of threshold_rule.h.) Between the two lie scores that both kinds have often: unsure. Where the kinds
 * are so far apart that the two change places, nothing is unsure, and the run's own threshold parts them, moved between
 * the two if need be. The shares hold for images like those of the validation split, forged in the ways trained on;
 * nobody has promised anything about others. */
#ifndef EVAL_PHOTO_VERDICT_H
#define EVAL_PHOTO_VERDICT_H
#include "eval/threshold_rule.h"

typedef enum { EVAL_SAYS_REAL, EVAL_SAYS_UNSURE, EVAL_SAYS_FORGED } EvalPhotoVerdict;

extern const char *const eval_photo_verdicts[]; /* "real", "unsure", "forged" */

typedef struct {
    double real_below, forged_from; /* real_below <= forged_from */
} EvalPhotoBand;

/* share is 0 to .5. A validation that is not stored, or that lacks a class, leaves both ends at `threshold`: no score is
 * unsure then. */
NnStatus eval_photo_band(const EvalValidation *v, double share, double threshold, EvalPhotoBand *out, NnErr *err);

EvalPhotoVerdict eval_photo_verdict(const EvalPhotoBand *band, double score);

#endif
