/* photo_verdict.c -- see photo_verdict.h. */
#include "eval/photo_verdict.h"

#include <math.h>

const char *const eval_photo_verdicts[] = { "real", "unsure", "forged" };

static int has_both_classes(const EvalValidation *v)
{
    int forged = 0;
    for (int i = 0; i < v->n; i++) forged += v->label[i];
    return forged > 0 && forged < v->n;
}

NnStatus eval_photo_band(const EvalValidation *v, double share, double threshold, EvalPhotoBand *out, NnErr *err)
{
    const EvalThresholdRule rules[] = { { .aim = NN_THRESHOLD_FPR, .value = share },
                                        { .aim = NN_THRESHOLD_FNR, .value = share } };
    double end[2];
    *out = (EvalPhotoBand){ threshold, threshold };
    if (!has_both_classes(v)) return NN_OK;
    NN_TRY(eval_thresholds(v, rules, 2, end, err));
    const double forged_from = end[0], real_below = end[1];
    if (real_below <= forged_from) *out = (EvalPhotoBand){ real_below, forged_from };
    else out->real_below = out->forged_from = fmin(fmax(threshold, forged_from), real_below);
    return NN_OK;
}

EvalPhotoVerdict eval_photo_verdict(const EvalPhotoBand *band, double score)
{
    if (score >= band->forged_from) return EVAL_SAYS_FORGED;
    return score < band->real_below ? EVAL_SAYS_REAL : EVAL_SAYS_UNSURE;
}
