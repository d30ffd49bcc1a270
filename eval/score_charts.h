/* score_charts.h -- the charts of one judged data set: ROC, precision and recall, calibration, scores. */
#ifndef EVAL_SCORE_CHARTS_H
#define EVAL_SCORE_CHARTS_H
#include "eval/report_files.h"
#include "nn/base/chart.h"

/* Each draws one figure of the data set, or nothing where a class is missing. Curves are thinned by the chart to what
 * can be seen, histograms are counted into bins: their size on the page does not grow with the number of images.
 * ERR_NOMEM, ERR_NUMERIC. */
NnStatus eval_chart_roc(NnPage *p, const EvalReport *report, NnErr *err);
NnStatus eval_chart_precision(NnPage *p, const EvalReport *report, NnErr *err);
NnStatus eval_chart_reliability(NnPage *p, const EvalReport *report, NnErr *err);
/* Small multiples: a chart per manipulation, real images upwards and its forgeries downwards. */
NnStatus eval_chart_scores(NnPage *p, const EvalReport *report, NnErr *err);

#endif
