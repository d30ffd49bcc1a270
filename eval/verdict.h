/* verdict.h -- from a score to a word: real, unsure or forged, by what the validation images of the source taught.
 *
 *   forged_from   the lowest score that at most `share` of the real validation images reach
 *   real_below    the highest score that at most `share` of the forged validation images fall below
 *
 * Between the two lie scores that both kinds have often: unsure. Where the kinds are so far apart that the two would
 * change places, nothing is unsure, and the run's own threshold parts them. The shares hold for images like those of the
 * validation split, made by the manipulations trained on; nobody has promised anything about others. */
#ifndef EVAL_VERDICT_H
#define EVAL_VERDICT_H
#include <stddef.h>

#include "nn/base/status.h"

typedef enum { EVAL_SAYS_REAL, EVAL_SAYS_UNSURE, EVAL_SAYS_FORGED } EvalVerdict;

extern const char *const eval_verdict_names[]; /* "real", "unsure", "forged" */

typedef struct {
    double real_below, forged_from; /* real_below <= forged_from */
} EvalVerdictBand;

/* From score [n] (finite) and label [n] (0/1) of validation images, n >= 0; share is 0 to .5. Where a class is missing,
 * both ends are `threshold`: no score is unsure. ERR_NOMEM. */
NnStatus eval_verdict_band(const float *score, const unsigned char *label, size_t n, double share, double threshold,
                           EvalVerdictBand *out, NnErr *err);

EvalVerdict eval_verdict(const EvalVerdictBand *band, double score);

#endif
