/* score_charts.c -- see score_charts.h. */
#include "eval/score_charts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/metrics.h"
#include "nn/base/size.h"

enum { CURVES = 8, BINS = 10, SCORE_BINS = 40, TITLE_BYTES = 160 };

static NnStatus no_memory(NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "charts: out of memory");
}

/* Scores and labels of a row's images, each [n]; owned. */
typedef struct {
    float *score;
    unsigned char *label;
    size_t n;
} Scores;

static NnStatus scores_take(const EvalReport *report, const EvalRow *row, Scores *out, NnErr *err)
{
    const EvalResults *r = &report->results;
    *out = (Scores){ nn_alloc((size_t)r->n, sizeof *out->score), nn_alloc((size_t)r->n, 1), 0 };
    if (!out->score || !out->label) return no_memory(err);
    for (int i = 0; i < r->n; i++) {
        if (!eval_row_holds(row, r, &r->items[i])) continue;
        out->score[out->n] = r->items[i].score;
        out->label[out->n++] = (unsigned char)r->items[i].label;
    }
    return NN_OK;
}

static void scores_free(Scores *s)
{
    free(s->score);
    free(s->label);
}

/* ---- ROC, precision and recall ---- */

typedef enum { ROC, PRECISION } CurveKind;

typedef struct {
    double *x, *y;
    int n;
    char name[64];
} Curve;

/* Precision is a step function of recall: two points to each step. */
static void set_points(CurveKind kind, const NnCurvePoint *points, size_t n, Curve *out)
{
    for (size_t i = 0; i < n; i++) {
        if (kind == PRECISION && i > 0) {
            out->x[out->n] = points[i - 1].tpr;
            out->y[out->n++] = points[i].precision;
        }
        out->x[out->n] = kind == ROC ? points[i].fpr : points[i].tpr;
        out->y[out->n++] = kind == ROC ? points[i].tpr : points[i].precision;
    }
}

static NnStatus make_curve(CurveKind kind, const EvalReport *report, const EvalRow *row, Curve *out, NnErr *err)
{
    Scores s;
    size_t n = 0;
    NnStatus status = scores_take(report, row, &s, err);
    NnCurvePoint *points = status == NN_OK ? nn_alloc(s.n + 1, sizeof *points) : NULL;
    out->x = status == NN_OK ? nn_alloc(2 * s.n + 2, sizeof *out->x) : NULL;
    out->y = status == NN_OK ? nn_alloc(2 * s.n + 2, sizeof *out->y) : NULL;
    if (status == NN_OK && (!points || !out->x || !out->y)) status = no_memory(err);
    if (status == NN_OK) status = nn_score_curve(s.score, s.label, s.n, points, &n, err);
    if (status == NN_OK) set_points(kind, points, n, out);
    snprintf(out->name, sizeof out->name, "%.40s %.3f", row->name, kind == ROC ? row->auc.value : row->ap);
    free(points);
    scores_free(&s);
    return status;
}

/* Which rows have a curve: manipulations if they are few enough to be told apart, else the pooled rows. */
static int has_curve(const EvalRows *rows, const EvalRow *row)
{
    int methods = 0;
    for (int k = 0; k < rows->n; k++) methods += rows->rows[k].kind == EVAL_ROW_METHOD;
    const int wanted = methods <= CURVES ? row->kind == EVAL_ROW_METHOD : row->kind != EVAL_ROW_METHOD;
    return wanted && row->n_real > 0 && row->n_fake > 0;
}

static NnStatus draw_curves(NnPage *p, CurveKind kind, const EvalReport *report, const NnLineChart *frame, NnErr *err)
{
    static const double diagonal[] = { 0, 1 };
    Curve curves[CURVES] = { { .x = NULL } };
    NnChartSeries series[CURVES + 1] = { { .name = "guessing", .x = diagonal, .y = diagonal, .n = 2, .faint = 1 } };
    NnLineChart chart = *frame;
    int n = 0, first = kind == ROC;
    NnStatus status = NN_OK;
    for (int k = 0; status == NN_OK && k < report->rows.n; k++) {
        const EvalRow *row = &report->rows.rows[k];
        if (!has_curve(&report->rows, row)) continue;
        status = make_curve(kind, report, row, &curves[n], err);
        series[first + n] = (NnChartSeries){ .name = curves[n].name,
                                             .x = curves[n].x,
                                             .y = curves[n].y,
                                             .n = curves[n].n,
                                             .style = n,
                                             .dash = row->seen == 1 ? 0 : 1 };
        n++;
    }
    chart.series = series;
    chart.n = first + n;
    if (status == NN_OK && n > 0) nn_chart_lines(p, &chart);
    for (int k = 0; k < n; k++) {
        free(curves[k].x);
        free(curves[k].y);
    }
    return status;
}

NnStatus eval_chart_roc(NnPage *p, const EvalReport *report, NnErr *err)
{
    char title[TITLE_BYTES];
    snprintf(title, sizeof title, "%.100s: finding forgeries against false alarms (ROC)", report->results.name);
    const NnLineChart frame = {
        .text = { title,
                  "A point is a threshold: upwards the forgeries found, to the right the real images that are called "
                  "forged with them. The nearer a curve is to the top left corner the better; guessing runs along the "
                  "diagonal. Solid: seen in training, dashed: not. Numbers are AUCs.",
                  "real images called forged (share)", "forgeries found (share)", 0 },
        .x = { 0, 1, 0 },
        .y = { 0, 1, 0 }
    };
    return draw_curves(p, ROC, report, &frame, err);
}

NnStatus eval_chart_precision(NnPage *p, const EvalReport *report, NnErr *err)
{
    char title[TITLE_BYTES];
    snprintf(title, sizeof title, "%.100s: how pure is what is called forged? (precision and recall)",
             report->results.name);
    const NnLineChart frame = {
        .text = { title,
                  "To the right more forgeries are found; upwards fewer real images are among what is called forged. "
                  "The nearer to the top right corner the better. It depends on how many forgeries there are: guessing "
                  "gives a flat line at their share. Numbers are average precisions.",
                  "forgeries found (recall)", "forged among what is called forged (precision)", 0 },
        .x = { 0, 1, 0 },
        .y = { 0, 1, 0 }
    };
    return draw_curves(p, PRECISION, report, &frame, err);
}

/* ---- calibration ---- */

/* 95 % interval of a share k of n (Wilson, "Probable inference", 1927). */
static void share_interval(double share, double n, double *lo, double *hi)
{
    const double z = 1.96, middle = (share + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    *lo = middle - half;
    *hi = middle + half;
}

static void put_bins(NnPage *p, const NnReliabilityBin *bins)
{
    static const char *const columns[] = { "scores", "images", "mean score", "share forged" };
    static const NnPageCell kinds[] = { NN_CELL_HEAD, NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER };
    nn_page_details_begin(p, "The same as a table");
    nn_page_table_begin(p, "Bins of the score", columns, kinds, 4);
    for (int i = 0; i < BINS; i++) {
        if (bins[i].n == 0) continue;
        nn_page_row_begin(p);
        nn_page_cell(p, NN_CELL_HEAD, "%.1f to %.1f", bins[i].lo, bins[i].hi);
        nn_page_cell(p, NN_CELL_NUMBER, "%zu", bins[i].n);
        nn_page_cell(p, NN_CELL_NUMBER, "%.3f", bins[i].mean_score);
        nn_page_cell(p, NN_CELL_NUMBER, "%.3f", bins[i].fake_share);
        nn_page_row_end(p);
    }
    nn_page_table_end(p, NULL);
    nn_page_details_end(p);
}

static void draw_reliability(NnPage *p, const char *data, const NnReliabilityBin *bins, double forged)
{
    static const double diagonal[] = { 0, 1 };
    double x[BINS], y[BINS], lo[BINS], hi[BINS];
    char title[TITLE_BYTES], how[400];
    int n = 0;
    for (int i = 0; i < BINS; i++) {
        if (bins[i].n == 0) continue;
        x[n] = bins[i].mean_score;
        y[n] = bins[i].fake_share;
        share_interval(y[n], (double)bins[i].n, &lo[n], &hi[n]);
        n++;
    }
    const NnChartSeries series[] = {
        { .name = "perfect", .x = diagonal, .y = diagonal, .n = 2, .faint = 1 },
        { .name = "detector", .x = x, .y = y, .low = lo, .high = hi, .n = n, .points = 1 }
    };
    snprintf(title, sizeof title, "%.100s: is the score a probability? (reliability)", data);
    snprintf(how, sizeof how,
             "Images are put into ten bins by score. On the diagonal, of images with a score of .8 eight in ten are "
             "forged; below it the detector cries forged too readily, above it too rarely. The band is the 95 %% "
             "interval of the share. Here %.0f %% of all images are forged; with another share the curve moves.",
             100 * forged);
    const NnLineChart chart = { .text = { title, how, "mean score in the bin", "share forged", 0 },
                                .x = { 0, 1, 0 },
                                .y = { 0, 1, 0 },
                                .series = series,
                                .n = 2 };
    nn_chart_lines(p, &chart);
    put_bins(p, bins);
}

NnStatus eval_chart_reliability(NnPage *p, const EvalReport *report, NnErr *err)
{
    const EvalRow *all = eval_rows_find(&report->rows, EVAL_ROW_ALL);
    NnReliabilityBin bins[BINS];
    Scores s;
    if (!all || all->n_real == 0 || all->n_fake == 0) return NN_OK;
    NnStatus status = scores_take(report, all, &s, err);
    if (status == NN_OK) status = nn_reliability(s.score, s.label, s.n, BINS, bins, err);
    if (status == NN_OK)
        draw_reliability(p, report->results.name, bins, (double)all->n_fake / (all->n_real + all->n_fake));
    scores_free(&s);
    return status;
}

/* ---- histograms ---- */

static NnStatus draw_histogram(NnPage *p, const EvalReport *report, const EvalRow *row, NnErr *err)
{
    Scores s;
    NnStatus status = scores_take(report, row, &s, err);
    double *values = status == NN_OK ? nn_alloc(s.n + 1, sizeof *values) : NULL;
    char title[TITLE_BYTES];
    if (status == NN_OK && !values) status = no_memory(err);
    int n[2] = { 0, 0 };
    for (int label = 0; status == NN_OK && label < 2; label++)
        for (size_t i = 0; i < s.n; i++)
            if (s.label[i] == label) values[n[0] + n[1]] = (double)s.score[i], n[label]++;
    snprintf(title, sizeof title, "%.80s (%s)", row->name, row->seen == 1 ? "seen" : "unseen");
    const NnChartMark threshold = { report->rows.threshold, "threshold", 0 };
    const NnHistogramPair chart = { .text = { title, NULL, "score", NULL, 1 },
                                    .name = { "real", "forged" },
                                    .value = { values, values ? values + n[0] : NULL },
                                    .n = { n[0], n[1] },
                                    .bins = SCORE_BINS,
                                    .low = 0,
                                    .high = 1,
                                    .marks = &threshold,
                                    .n_marks = 1 };
    if (status == NN_OK) nn_chart_histograms(p, &chart);
    free(values);
    scores_free(&s);
    return status;
}

NnStatus eval_chart_scores(NnPage *p, const EvalReport *report, NnErr *err)
{
    char title[TITLE_BYTES];
    NnStatus status = NN_OK;
    snprintf(title, sizeof title, "%.100s: scores of real images and forgeries", report->results.name);
    nn_chart_multiples_begin(p, title);
    for (int k = 0; status == NN_OK && k < report->rows.n; k++)
        if (report->rows.rows[k].kind == EVAL_ROW_METHOD)
            status = draw_histogram(p, report, &report->rows.rows[k], err);
    nn_chart_multiples_end(p,
                           "A chart per manipulation. Real images stand upwards, its forgeries hang downwards; a "
                           "detector that tells them apart has the ones on the left and the others on the right, with "
                           "the threshold between. Real images are the same in every chart.");
    return status;
}
