/* metrics.h -- how well scores separate two classes. Pure numbers: scores and labels in, figures and curves out.
 *
 * It lives in nn/base because both train (early stopping, threshold) and eval need it, and those two never
 * include each other. Every function refuses NaN scores and labels other than 0 and 1 (ERR_NUMERIC); where a
 * class is missing, what is undefined is NAN, and callers print "n/a". Label 1 is forged, the class looked for:
 * the true-positive rate (TPR) is the share of forged items with score >= threshold, the false-positive rate (FPR)
 * that of real ones. */
#ifndef NN_METRICS_H
#define NN_METRICS_H
#include <stddef.h>

#include "nn/base/status.h"

enum { NN_ECE_BINS = 15 };

typedef struct {
    int n_real, n_fake;
    double auc; /* Mann-Whitney, ties count half */
    double ap;  /* average precision: sum over thresholds of (R_k - R_{k-1}) P_k */
    double eer; /* equal error rate, linear interpolation on the ROC */
    double
        eer_nearest; /* the same read off one point of the ROC, as DeepfakeBench does: the FPR where |misses - FPR| is
                         * least, the first such from the highest threshold down; points inside a straight stretch of
                         * equal steps are left out first (scikit-learn's drop_intermediate) */
    double accuracy; /* at the threshold given: score >= threshold means forged */
    double threshold;
    double tpr_fpr01, tpr_fpr10; /* highest TPR over the thresholds whose FPR is at most 1 %, 10 %; no interpolation */
    /* The score p as a probability; y the label. NAN unless all scores are within 0..1; one class is enough. */
    double
        log_loss; /* mean of -ln(p of what it was), p clipped to [eps, 1 - eps], eps = 2^-52 (as scikit-learn does) */
    double brier; /* mean of (p - y)^2 */
    double ece;   /* expected calibration error over NN_ECE_BINS bins: sum of share of items |mean p - mean y| */
} NnScoreMetrics;

/* score [n], label [n] 0/1. */
NnStatus nn_score_metrics(const float *score, const unsigned char *label, size_t n, double threshold,
                          NnScoreMetrics *out, NnErr *err);

/* AUC alone; the same definition, for pixels and bootstraps. */
NnStatus nn_auc(const float *score, const unsigned char *label, size_t n, double *out, NnErr *err);

/* ---- thresholds (metrics_thresholds.c) ---- */

/* What a threshold is to reach. Of equally good ones the middle one counts. */
typedef enum {
    NN_THRESHOLD_ACCURACY, /* most items judged rightly */
    NN_THRESHOLD_YOUDEN,   /* largest TPR - FPR: accuracy with both classes counting alike */
    NN_THRESHOLD_EER,      /* misses (1 - TPR) and false alarms (FPR) as equal as can be */
    NN_THRESHOLD_FPR,      /* highest TPR with an FPR of at most `limit`, and of these the lowest FPR */
    NN_THRESHOLD_FNR       /* lowest FPR with misses of at most `limit`, and of these the highest TPR */
} NnThresholdAim;

/* The threshold that reaches the aim, midway between neighbouring scores. `limit` is used by FPR and FNR alone.
 * ERR_NUMERIC if a class is missing or no threshold keeps to the limit. */
NnStatus nn_threshold_find(NnThresholdAim aim, double limit, const float *score, const unsigned char *label, size_t n,
                           double *out, NnErr *err);

/* nn_threshold_find for the accuracy. */
NnStatus nn_best_threshold(const float *score, const unsigned char *label, size_t n, double *out, NnErr *err);

/* ---- curves (metrics_curves.c) ---- */

/* One threshold of a ROC or precision-recall curve. */
typedef struct {
    double threshold;           /* score >= threshold means forged; infinite at the first point */
    double fpr, tpr, precision; /* recall is tpr; precision is 1 where nothing is called forged */
} NnCurvePoint;

/* Both curves: (fpr, tpr) and (tpr, precision) of every distinct score, from the highest down, after a first point that
 * calls nothing forged. out: room for n + 1; *n_out 0 if a class is missing. Area under straight lines between the ROC
 * points is the AUC; precision is a step function of recall, whose area is the AP. */
NnStatus nn_score_curve(const float *score, const unsigned char *label, size_t n, NnCurvePoint *out, size_t *n_out,
                        NnErr *err);

/* One bin of a reliability diagram: is, of the items told "forged with probability .8", a share of .8 forged? */
typedef struct {
    double lo, hi;     /* scores in (lo, hi]; the first bin holds 0 too */
    size_t n;          /* items in it */
    double mean_score; /* of these; NAN if there are none */
    double fake_share; /* how many of these are forged; NAN if there are none */
} NnReliabilityBin;

/* `bins` equally wide bins over 0..1 into out [bins] (Guo et al., "On Calibration of Modern Neural Networks", 2017, eq. 3
 * and 5, of the probability of one class). ERR_NUMERIC: a score outside 0..1. */
NnStatus nn_reliability(const float *score, const unsigned char *label, size_t n, int bins, NnReliabilityBin *out,
                        NnErr *err);

/* Intersection over union of {map >= threshold} and {mask = 1}; NAN if both are empty. */
double nn_iou(const float *map, const unsigned char *mask, size_t n, double threshold);

#endif
