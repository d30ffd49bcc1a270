/* verdict.c -- see verdict.h. */
#include "eval/verdict.h"

#include <math.h>
#include <stdlib.h>

#include "nn/base/size.h"

const char *const eval_verdict_names[] = { "real", "unsure", "forged" };

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The scores of one class, sorted; returns how many. out has room for all. */
static size_t gather(const float *score, const unsigned char *label, size_t n, int wanted, float *out)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (label[i] == wanted) out[count++] = score[i];
    qsort(out, count, sizeof *out, by_value);
    return count;
}

/* The lowest score that at most `allowed` of n sorted values reach. */
static double lowest_reached_by(const float *sorted, size_t n, size_t allowed)
{
    return allowed >= n ? (double)sorted[0] : nextafter((double)sorted[n - 1 - allowed], INFINITY);
}

/* The highest score that at most `allowed` of n sorted values fall below. */
static double highest_missed_by(const float *sorted, size_t n, size_t allowed)
{
    return (double)sorted[allowed >= n ? n - 1 : allowed];
}

NnStatus eval_verdict_band(const float *score, const unsigned char *label, size_t n, double share, double threshold,
                           EvalVerdictBand *out, NnErr *err)
{
    *out = (EvalVerdictBand){ threshold, threshold };
    float *sorted = nn_alloc(n, sizeof *sorted);
    if (!sorted) return nn_fail(err, NN_ERR_NOMEM, "verdicts: out of memory for %zu scores", n);
    const size_t n_real = gather(score, label, n, 0, sorted);
    const double forged_from =
        n_real ? lowest_reached_by(sorted, n_real, (size_t)(share * (double)n_real)) : (double)NAN;
    const size_t n_fake = gather(score, label, n, 1, sorted);
    const double real_below = n_fake ? highest_missed_by(sorted, n_fake, (size_t)(share * (double)n_fake)) : (double)NAN;
    free(sorted);
    if (n_real == 0 || n_fake == 0) return NN_OK;
    if (real_below <= forged_from) *out = (EvalVerdictBand){ real_below, forged_from };
    else out->real_below = out->forged_from = fmin(fmax(threshold, forged_from), real_below);
    return NN_OK;
}

EvalVerdict eval_verdict(const EvalVerdictBand *band, double score)
{
    if (score >= band->forged_from) return EVAL_SAYS_FORGED;
    return score < band->real_below ? EVAL_SAYS_REAL : EVAL_SAYS_UNSURE;
}
