/* metrics.h -- how well scores separate two classes. Pure numbers: scores and labels in, figures out.
 *
 * It lives in nn/base because both train (early stopping, threshold) and eval need it, and those two never
 * include each other. Every function refuses NaN scores and labels other than 0 and 1 (ERR_NUMERIC); where a
 * class is missing, what is undefined is NAN, and callers print "n/a". */
#ifndef NN_METRICS_H
#define NN_METRICS_H
#include <stddef.h>

#include "nn/base/status.h"

typedef struct {
    int n_real, n_fake;
    double auc;      /* Mann-Whitney, ties count half */
    double ap;       /* average precision: sum over thresholds of (R_k - R_{k-1}) P_k */
    double eer;      /* equal error rate, linear interpolation on the ROC */
    double accuracy; /* at the threshold given: score >= threshold means forged */
    double threshold;
} NnScoreMetrics;

/* score [n], label [n] 0/1. */
NnStatus nn_score_metrics(const float *score, const unsigned char *label, size_t n, double threshold,
                          NnScoreMetrics *out, NnErr *err);

/* AUC alone; the same definition, for pixels and bootstraps. */
NnStatus nn_auc(const float *score, const unsigned char *label, size_t n, double *out, NnErr *err);

/* The threshold with the highest accuracy, midway between neighbouring scores; of equally good ones the
 * middle one. ERR_NUMERIC if a class is missing. */
NnStatus nn_best_threshold(const float *score, const unsigned char *label, size_t n, double *out, NnErr *err);

/* Intersection over union of {map >= threshold} and {mask = 1}; NAN if both are empty. */
double nn_iou(const float *map, const unsigned char *mask, size_t n, double threshold);

#endif
