/* report_parts.h -- private to report_*.c: the parts of report.html. */
#ifndef TRAIN_REPORT_PARTS_H
#define TRAIN_REPORT_PARTS_H
#include "nn/base/chart.h"
#include "train/history.h"
#include "train/report_page.h"

/* What the validations say. Rows of TrainHistory.val; best = -1: there was none. */
typedef enum { TRAIN_TREND_UNKNOWN, TRAIN_TREND_RISING, TRAIN_TREND_SETTLED, TRAIN_TREND_OVERFITS } TrainTrend;
typedef struct {
    int n, best, least;                    /* validations; the best one, by [train] best; that of the least loss */
    double step, auc, accuracy, threshold; /* of the best one */
    TrainTrend trend;
    double rise; /* of the validation loss since its least value, as a share of it */
} TrainVerdict;

TrainVerdict train_verdict_make(const TrainHistory *h, int by_auc);
/* The box and the large figures. */
void train_report_verdict(NnPage *p, const TrainEnding *e, const TrainVerdict *v);

/* Losses, each term, validation AUC, learning rate. */
NnStatus train_report_curves(NnPage *p, const TrainEnding *e, const TrainHistory *h, NnErr *err);

/* Maps of the probe over steps; images rebuilt; what the blur does; regions removed. The first one makes the last
 * look. */
NnStatus train_report_maps(NnPage *p, const TrainEnding *e, NnErr *err);
NnStatus train_report_rebuilt(NnPage *p, const TrainEnding *e, NnErr *err);
NnStatus train_report_blur(NnPage *p, const TrainEnding *e, NnErr *err);
NnStatus train_report_regions(NnPage *p, const TrainEnding *e, NnErr *err);

/* Latents of validation images in two components. */
NnStatus train_report_latents(NnPage *p, const TrainEnding *e, NnErr *err);

/* What was run: data, settings, kernels, times. */
NnStatus train_report_card(NnPage *p, const TrainEnding *e, NnErr *err);

/* Where the sheet of regions removed would be (region_sheet.h), in path of TRAIN_PATH_MAX; 0: this run removes none. */
int train_report_sheet(const TrainEnding *e, char *path);
/* Can the network be asked once more? Not after numbers have ceased to be finite, nor without validation images. */
int train_report_can_look(const TrainEnding *e);
/* Is an image rebuilt, and is anybody minded that it is? */
int train_report_rebuilds(const TrainEnding *e);

/* ---- tiles of the probe ---- */

/* Pixels of one of its images. */
size_t train_report_pixels(const TrainProbe *probe);
/* Begin the item of its image i: "5: forged (swap)". */
void train_report_item(NnPage *p, const TrainProbe *probe, int i);
/* Planes [3,H,W] in -1..1 as a photo; a map [H,W] in 0..1 in ramp colours. */
NnStatus train_report_photo(NnPage *p, const TrainProbe *probe, const float *planes, const char *alt,
                            const char *caption, NnErr *err);
NnStatus train_report_map(NnPage *p, const TrainProbe *probe, const float *map, const char *alt, const char *caption,
                          NnErr *err);
/* out[pixels] = gain times the mean over colours of |a - b| / 2, planes [3,pixels] in -1..1. */
void train_report_difference(const float *a, const float *b, size_t pixels, float gain, float *out);

/* An RGB picture, shown `width` CSS pixels wide; frees it. frame -1: no frame. */
NnStatus train_report_put(NnPage *p, DataImage *picture, int width, int frame, const char *label, const char *alt,
                          const char *caption, NnErr *err);

#endif
