/* metrics.c -- see metrics.h. Everything is read off one sorted walk through the scores (score_ladder.h). */
#include "nn/base/metrics.h"

#include <float.h>
#include <math.h>

#include "nn/base/score_ladder.h"

/* ---- from the order of the scores: NAN where a class is missing ---- */

/* Pairs in which the forged item scores higher, ties counting half, over all pairs (Mann-Whitney U).
 * Twice U is a whole number. */
static double auc_of(const NnScoreLadder *l)
{
    if (!l->real || !l->fake) return (double)NAN;
    uint64_t twice_u = 0, real_below = 0;
    for (size_t i = 0; i < l->n; i++) {
        twice_u += l->tie[i].fake * (2 * real_below + l->tie[i].real);
        real_below += l->tie[i].real;
    }
    return (double)twice_u / (2.0 * (double)l->real * (double)l->fake);
}

/* Thresholds from high to low; each adds (R_k - R_{k-1}) P_k, R recall, P precision. */
static double ap_of(const NnScoreLadder *l)
{
    if (!l->real || !l->fake) return (double)NAN;
    double sum = 0;
    uint64_t fake = 0, all = 0;
    for (size_t i = l->n; i-- > 0;) {
        fake += l->tie[i].fake;
        all += l->tie[i].fake + (uint64_t)l->tie[i].real;
        sum += (double)l->tie[i].fake * (double)fake / (double)all;
    }
    return sum / (double)l->fake;
}

/* Walks the ROC from (0,0) until the false alarms reach the misses; their difference is linear on each edge. */
static double eer_of(const NnScoreLadder *l)
{
    if (!l->real || !l->fake) return (double)NAN;
    double last_fpr = 0, last_gap = 1; /* gap: miss rate - false alarm rate */
    uint64_t fake = 0, real = 0;
    for (size_t i = l->n; i-- > 0;) {
        fake += l->tie[i].fake;
        real += l->tie[i].real;
        const double fpr = (double)real / (double)l->real;
        const double gap = (double)(l->fake - fake) / (double)l->fake - fpr;
        if (gap <= 0) return last_fpr + last_gap / (last_gap - gap) * (fpr - last_fpr);
        last_fpr = fpr;
        last_gap = gap;
    }
    return last_fpr; /* never reached: the walk ends at (1,1), where the gap is -1 */
}

static double accuracy_of(const NnScoreLadder *l, double threshold)
{
    uint64_t right = 0;
    for (size_t i = 0; i < l->n; i++) right += (double)l->tie[i].score >= threshold ? l->tie[i].fake : l->tie[i].real;
    return l->n ? (double)right / (double)(l->real + l->fake) : (double)NAN;
}

/* Does the ROC bend at tie i, walking down? Ends count as bends. */
static int bends_at(const NnScoreLadder *l, size_t i)
{
    return i == 0 || i == l->n - 1 || l->tie[i].real != l->tie[i - 1].real || l->tie[i].fake != l->tie[i - 1].fake;
}

static double eer_nearest_of(const NnScoreLadder *l)
{
    if (!l->real || !l->fake) return (double)NAN;
    double best = 0, least = 1; /* at (0,0), where nothing is called forged */
    uint64_t fake = 0, real = 0;
    for (size_t i = l->n; i-- > 0;) {
        fake += l->tie[i].fake;
        real += l->tie[i].real;
        const double fpr = (double)real / (double)l->real;
        const double gap = fabs(1 - (double)fake / (double)l->fake - fpr);
        if (gap < least && bends_at(l, i)) least = gap, best = fpr;
    }
    return best;
}

static double tpr_at(const NnScoreLadder *l, double max_fpr)
{
    if (!l->real || !l->fake) return (double)NAN;
    double best = 0;
    uint64_t fake = 0, real = 0;
    for (size_t i = l->n; i-- > 0;) {
        fake += l->tie[i].fake;
        real += l->tie[i].real;
        if ((double)real / (double)l->real > max_fpr) break;
        best = (double)fake / (double)l->fake;
    }
    return best;
}

/* ---- from the scores as probabilities ---- */

static int are_probabilities(const NnScoreLadder *l)
{
    return l->n > 0 && l->tie[0].score >= 0.0f && l->tie[l->n - 1].score <= 1.0f;
}

static double log_loss_of(const NnScoreLadder *l)
{
    double sum = 0;
    for (size_t i = 0; i < l->n; i++) {
        const double p = fmin(fmax((double)l->tie[i].score, DBL_EPSILON), 1 - DBL_EPSILON);
        if (l->tie[i].fake) sum -= l->tie[i].fake * log(p);
        if (l->tie[i].real) sum -= l->tie[i].real * log(1 - p);
    }
    return sum / (double)(l->real + l->fake);
}

static double brier_of(const NnScoreLadder *l)
{
    double sum = 0;
    for (size_t i = 0; i < l->n; i++) {
        const double p = (double)l->tie[i].score;
        sum += l->tie[i].fake * (1 - p) * (1 - p) + l->tie[i].real * p * p;
    }
    return sum / (double)(l->real + l->fake);
}

static double ece_of(const NnScoreLadder *l)
{
    NnReliabilityBin bins[NN_ECE_BINS];
    double sum = 0;
    nn_score_ladder_bin(l, NN_ECE_BINS, bins);
    for (int b = 0; b < NN_ECE_BINS; b++)
        if (bins[b].n) sum += (double)bins[b].n * fabs(bins[b].mean_score - bins[b].fake_share);
    return sum / (double)(l->real + l->fake);
}

/* ---- all of them ---- */

NnStatus nn_score_metrics(const float *score, const unsigned char *label, size_t n, double threshold,
                          NnScoreMetrics *out, NnErr *err)
{
    if (isnan(threshold)) return nn_fail(err, NN_ERR_NUMERIC, "the threshold is NaN");
    NnScoreLadder l;
    NN_TRY(nn_score_ladder_make(score, label, n, &l, err));
    const int probable = are_probabilities(&l);
    *out = (NnScoreMetrics){ .n_real = (int)l.real,
                             .n_fake = (int)l.fake,
                             .auc = auc_of(&l),
                             .ap = ap_of(&l),
                             .eer = eer_of(&l),
                             .eer_nearest = eer_nearest_of(&l),
                             .accuracy = accuracy_of(&l, threshold),
                             .threshold = threshold,
                             .tpr_fpr01 = tpr_at(&l, 0.01),
                             .tpr_fpr10 = tpr_at(&l, 0.1),
                             .log_loss = probable ? log_loss_of(&l) : (double)NAN,
                             .brier = probable ? brier_of(&l) : (double)NAN,
                             .ece = probable ? ece_of(&l) : (double)NAN };
    nn_score_ladder_free(&l);
    return NN_OK;
}

NnStatus nn_auc(const float *score, const unsigned char *label, size_t n, double *out, NnErr *err)
{
    NnScoreLadder l;
    NN_TRY(nn_score_ladder_make(score, label, n, &l, err));
    *out = auc_of(&l);
    nn_score_ladder_free(&l);
    return NN_OK;
}

double nn_iou(const float *map, const unsigned char *mask, size_t n, double threshold)
{
    size_t both = 0, either = 0;
    for (size_t i = 0; i < n; i++) {
        const int found = (double)map[i] >= threshold, is = mask[i] == 1;
        both += (size_t)(found && is);
        either += (size_t)(found || is);
    }
    return either ? (double)both / (double)either : (double)NAN;
}
