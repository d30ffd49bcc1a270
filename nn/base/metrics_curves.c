/* metrics_curves.c -- what charts of scores are drawn from (see metrics.h). */
#include <math.h>

#include "nn/base/metrics.h"
#include "nn/base/score_ladder.h"

static void walk_down(const NnScoreLadder *l, NnCurvePoint *out, size_t *n_out)
{
    uint64_t fake = 0, real = 0;
    out[(*n_out)++] = (NnCurvePoint){ .threshold = (double)INFINITY, .precision = 1 };
    for (size_t i = l->n; i-- > 0;) {
        fake += l->tie[i].fake;
        real += l->tie[i].real;
        out[(*n_out)++] = (NnCurvePoint){ .threshold = (double)l->tie[i].score,
                                          .fpr = (double)real / (double)l->real,
                                          .tpr = (double)fake / (double)l->fake,
                                          .precision = (double)fake / (double)(fake + real) };
    }
}

NnStatus nn_score_curve(const float *score, const unsigned char *label, size_t n, NnCurvePoint *out, size_t *n_out,
                        NnErr *err)
{
    NnScoreLadder l;
    *n_out = 0;
    NN_TRY(nn_score_ladder_make(score, label, n, &l, err));
    if (l.real && l.fake) walk_down(&l, out, n_out);
    nn_score_ladder_free(&l);
    return NN_OK;
}

/* ---- reliability ---- */

NnStatus nn_reliability(const float *score, const unsigned char *label, size_t n, int bins, NnReliabilityBin *out,
                        NnErr *err)
{
    NnScoreLadder l;
    NN_TRY(nn_score_ladder_make(score, label, n, &l, err));
    NnStatus s = NN_OK;
    if (l.n && (l.tie[0].score < 0.0f || l.tie[l.n - 1].score > 1.0f))
        s = nn_fail(err, NN_ERR_NUMERIC, "scores from %g to %g are no probabilities: expected 0 to 1",
                    (double)l.tie[0].score, (double)l.tie[l.n - 1].score);
    else nn_score_ladder_bin(&l, bins, out);
    nn_score_ladder_free(&l);
    return s;
}
