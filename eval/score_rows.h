/* score_rows.h -- from one result per image (or video) to one row per manipulation.
 *
 * A method's row sets every real image against that method's forgeries. The rows "seen", "unseen" and "all" pool
 * the forgeries of several methods; as all rows share the real images, a pooled AUC is exactly the mean of its
 * methods' AUCs weighted by their numbers of forgeries (and likewise the balanced accuracy). */
#ifndef EVAL_SCORE_ROWS_H
#define EVAL_SCORE_ROWS_H
#include <stddef.h>

#include "eval/pixel_pool.h"

/* What the detector said about one image, or, in results of videos, about one video. */
typedef struct {
    const char *path;                      /* borrowed */
    const char *video;                     /* of which it is a frame, borrowed; NULL: of none */
    uint64_t group;                        /* images of one photograph, person or video share it */
    int label;                             /* 0 real, 1 forged */
    int method;                            /* index into EvalResults.methods; -1 for real images */
    float score;                           /* probability of being forged */
    int has_mask;                          /* forged, and where is known: the figures below hold */
    double pixel_auc, iou, iou_prior;      /* of this image; NAN where undefined */
    double mask_energy, mask_energy_prior; /* share of the sum of the map (of the prior) that lies inside the mask */
    double false_alarm;                    /* real images: share of their pixels with map >= .5; NAN where not known */
    int frames;                            /* of a video: how many its score is from; else 0 */
} EvalItem;

/* What an item is. Images that belong to no video count as frames, and as videos of one frame. */
typedef enum { EVAL_FRAME, EVAL_VIDEO } EvalLevel;
/* How a video's score comes from those of its frames. */
typedef enum { EVAL_MEAN, EVAL_MAX } EvalAggregation;
/* Whose definitions: ours; or DeepfakeBench's EER (nn/base/metrics.h, eer_nearest). Its threshold is a rule of
 * threshold_rule.h. */
typedef enum { EVAL_OWN, EVAL_DEEPFAKEBENCH } EvalCompat;

/* Everything known about one data set. names are borrowed; the arrays are owned (eval_results_free). */
typedef struct {
    const char *name; /* of the data set, as in the column `data` */
    int n, n_methods;
    EvalItem *items;             /* [n] */
    const char *const *methods;  /* [n_methods] */
    unsigned char *seen;         /* [n_methods]: was the detector trained on it? */
    EvalPixelPool *pixels;       /* [n_methods] */
    EvalPriorPool *priors;       /* [n_methods] */
    const EvalPrior *prior;      /* borrowed; n = 0: none stored with the run */
    EvalLevel level;             /* EVAL_FRAME unless eval_video_scores made them */
    EvalAggregation aggregation; /* of videos */
    EvalCompat compat;           /* for eval_rows_make */
} EvalResults;

/* Room for n items and n_methods methods, all zero. */
NnStatus eval_results_init(EvalResults *r, int n, int n_methods, NnErr *err);
void eval_results_free(EvalResults *r);

typedef enum { EVAL_ROW_METHOD, EVAL_ROW_SEEN, EVAL_ROW_UNSEEN, EVAL_ROW_ALL } EvalRowKind;

/* A figure and its 95 % interval; NAN where undefined. */
typedef struct {
    double value, lo, hi;
} EvalEstimate;

typedef struct {
    EvalRowKind kind;
    int method;                           /* EVAL_ROW_METHOD: its index; else -1 */
    const char *name;                     /* the method's, or "seen", "unseen", "all" */
    int seen;                             /* 1, 0, or -1 for "all" */
    int n_real, n_fake, n_masks;          /* n_masks: forgeries that have a mask */
    EvalEstimate auc, accuracy, balanced; /* accuracies at the stored threshold */
    double ap, eer;
    double pixel_auc, pixel_auc_prior;                 /* pooled over the pixels of the n_masks images */
    double iou, iou_prior;                             /* mean over these images; map >= .5 */
    double tpr_fpr01, tpr_fpr10, log_loss, brier, ece; /* nn/base/metrics.h */
    double f1, f1_prior;                               /* mean over these images; map >= .5 */
    double f1_best, f1_best_prior;                     /* of their pixels pooled, at the threshold that is best for */
    double iou_best, iou_best_prior;       /* these very pixels (EvalBestCut): an upper bound, no estimate */
    double map_threshold;                  /* this threshold */
    double mask_energy, mask_energy_prior; /* mean over these images */
    double false_alarm, false_alarm_prior; /* mean over the n_real images */
    double frames_per_video;               /* mean; NAN unless the items are videos */
} EvalRow;

/* The figures without an interval that came after those of the first version: name of the column in eval.csv (and key
 * in eval.json), and where in EvalRow the double is. */
typedef struct {
    const char *name;
    size_t offset;
    int is_stored; /* 1: does not follow from scores.csv */
} EvalRowColumn;

enum { EVAL_ROW_COLUMNS = 17 };
extern const EvalRowColumn eval_row_columns[EVAL_ROW_COLUMNS];
double eval_row_figure(const EvalRow *row, const EvalRowColumn *column);
double *eval_row_place(EvalRow *row, const EvalRowColumn *column);

/* Seen methods first, then unseen ones, then the pooled rows; methods without images have no row. */
typedef struct {
    int n;
    EvalRow *rows;
    double threshold;
    EvalEstimate drop_auc, drop_balanced; /* the seen row's figure minus the unseen row's; NAN without both */
} EvalRows;

/* Every point estimate; intervals are NAN until eval_bootstrap fills them. ERR_NUMERIC: a score is NaN. */
NnStatus eval_rows_make(const EvalResults *r, double threshold, EvalRows *out, NnErr *err);
void eval_rows_free(EvalRows *rows);

/* The row of that kind, or NULL. */
const EvalRow *eval_rows_find(const EvalRows *rows, EvalRowKind kind);

/* Does the item count in the row? (Real ones always do.) */
int eval_row_holds(const EvalRow *row, const EvalResults *r, const EvalItem *item);

#endif
