/* metrics_thresholds.c -- where to cut the scores (see metrics.h). Aims are compared as whole numbers, so that equally
 * good cuts are found to be equal. */
#include <math.h>
#include <stdlib.h>

#include "nn/base/metrics.h"
#include "nn/base/score_ladder.h"

/* Cut k has ties 0..k-1 below it. The outermost cuts stand on the lowest score and just above the highest. */
static double cut_at(const NnScoreLadder *l, size_t k)
{
    if (k == 0) return (double)l->tie[0].score;
    const float below = l->tie[k - 1].score;
    if (k == l->n) return nextafter((double)below, (double)INFINITY);
    const float above = l->tie[k].score;
    if (isinf(below)) return isinf(above) ? 0 : (double)above;
    return ((double)below + (double)above) / 2;
}

/* What stands above a cut. */
typedef struct {
    uint64_t real, fake;
} Above;

/* How well a cut serves the aim; more is better, -1 where it breaks the limit. Counts are below 2^31. */
static int64_t worth(const NnScoreLadder *l, NnThresholdAim aim, double limit, Above a)
{
    const int64_t reals = (int64_t)l->real, fakes = (int64_t)l->fake;
    const int64_t alarms = (int64_t)a.real, misses = fakes - (int64_t)a.fake;
    switch (aim) {
    case NN_THRESHOLD_ACCURACY:
        break;
    case NN_THRESHOLD_YOUDEN:
        return 2 * reals * fakes - alarms * fakes - misses * reals;
    case NN_THRESHOLD_EER:
        return reals * fakes - llabs(alarms * fakes - misses * reals);
    case NN_THRESHOLD_FPR:
        return (double)alarms / (double)reals > limit ? -1 : (fakes - misses) * (reals + 1) + reals - alarms;
    case NN_THRESHOLD_FNR:
        return (double)misses / (double)fakes > limit ? -1 : (reals - alarms) * (fakes + 1) + fakes - misses;
    }
    return reals + fakes - alarms - misses;
}

/* Tie k goes from above the cut to below it. */
static Above lower(const NnScoreLadder *l, size_t k, Above a)
{
    return k < l->n ? (Above){ a.real - l->tie[k].real, a.fake - l->tie[k].fake } : a;
}

/* The middle one (the lower of two) of the cuts that serve best; -1 in *best if none keeps to the limit. Nothing lies
 * above an infinite score, so there the last cut does not exist. */
static size_t best_cut(const NnScoreLadder *l, NnThresholdAim aim, double limit, int64_t *best)
{
    const size_t cuts = l->n + (l->tie[l->n - 1].score < INFINITY);
    Above above = { l->real, l->fake };
    size_t equals = 0;
    *best = -1;
    for (size_t k = 0; k < cuts; above = lower(l, k++, above)) {
        const int64_t value = worth(l, aim, limit, above);
        if (value > *best) *best = value, equals = 0;
        equals += value == *best;
    }
    if (*best < 0) return 0;
    above = (Above){ l->real, l->fake };
    size_t skip = (equals - 1) / 2, k = 0;
    while (worth(l, aim, limit, above) != *best || skip-- > 0) above = lower(l, k++, above);
    return k;
}

NnStatus nn_threshold_find(NnThresholdAim aim, double limit, const float *score, const unsigned char *label, size_t n,
                           double *out, NnErr *err)
{
    NnScoreLadder l;
    NN_TRY(nn_score_ladder_make(score, label, n, &l, err));
    int64_t best = -1;
    if (l.real && l.fake) *out = cut_at(&l, best_cut(&l, aim, limit, &best));
    const int real = (int)l.real, fake = (int)l.fake;
    nn_score_ladder_free(&l);
    if (!real || !fake)
        return nn_fail(err, NN_ERR_NUMERIC, "no best threshold: %d real and %d forged items", real, fake);
    if (best >= 0) return NN_OK;
    return nn_fail(err, NN_ERR_NUMERIC, "no threshold keeps to %g among %d real and %d forged items", limit, real,
                   fake);
}

NnStatus nn_best_threshold(const float *score, const unsigned char *label, size_t n, double *out, NnErr *err)
{
    return nn_threshold_find(NN_THRESHOLD_ACCURACY, 0, score, label, n, out, err);
}
