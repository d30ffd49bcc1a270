/* eval_page_robust.c -- the section of report.html on blurred, noisy and compressed images. */
#include <math.h>
#include <stdio.h>

#include "eval/eval_page.h"

enum { POINTS = DATA_LEVELS_MAX + 1 };
static const double lowest = 0.4; /* of the axis, unless the data go below */

/* What one row's curve is drawn from: the clean images, then the levels of an operator. */
typedef struct {
    double x[POINTS], y[POINTS], lo[POINTS], hi[POINTS];
    int n;
} Line;

static void add_point(Line *line, const EvalRobustRow *row)
{
    line->x[line->n] = line->n;
    line->y[line->n] = row->auc.value;
    line->lo[line->n] = row->auc.lo;
    line->hi[line->n] = row->auc.hi;
    line->n++;
}

static double axis_low(const EvalRobust *robust)
{
    double low = lowest;
    for (int i = 0; i < robust->n_points; i++)
        for (int k = 0; k < EVAL_ROBUST_ROWS; k++)
            if (robust->points[i].rows[k].auc.value < low) low = floor(10 * robust->points[i].rows[k].auc.value) / 10;
    return low;
}

/* "all" has a line of its own only where it is more than "seen" or "unseen" alone. */
static int has_line(const EvalRobustRow *rows, int k)
{
    if (k != EVAL_ROBUST_ALL) return rows[k].n_fake > 0;
    return rows[EVAL_ROBUST_SEEN].n_fake > 0 && rows[EVAL_ROBUST_UNSEEN].n_fake > 0;
}

/* An operator's levels begin at points[first]; returns where they end. */
static int draw_operator(NnPage *p, const EvalRobust *robust, int first)
{
    static const int dashes[EVAL_ROBUST_ROWS] = { 0, 1, 2 };
    const DataOperator *op = robust->points[first].op;
    Line lines[EVAL_ROBUST_ROWS] = { { .n = 0 } };
    NnChartSeries series[EVAL_ROBUST_ROWS];
    char title[128], x[128];
    int last = first, n = 0;
    while (last < robust->n_points && robust->points[last].op == op && last - first < DATA_LEVELS_MAX) last++;
    for (int k = 0; k < EVAL_ROBUST_ROWS; k++) {
        if (!has_line(robust->points[0].rows, k)) continue;
        add_point(&lines[k], &robust->points[0].rows[k]);
        for (int i = first; i < last; i++) add_point(&lines[k], &robust->points[i].rows[k]);
        series[n] = (NnChartSeries){ .name = eval_robust_row_names[k],
                                     .x = lines[k].x,
                                     .y = lines[k].y,
                                     .low = lines[k].lo,
                                     .high = lines[k].hi,
                                     .n = lines[k].n,
                                     .style = k,
                                     .dash = dashes[k],
                                     .points = 1 };
        n++;
    }
    snprintf(title, sizeof title, "%s (%s)", op->name, op->protocol);
    snprintf(x, sizeof x, "level: 0 clean, %d worst", last - first);
    const NnChartMark chance = { 0.5, "guessing", 1 };
    const NnLineChart chart = { .text = { title, NULL, x, "AUC", 1 },
                                .x = { 0, last - first, 0 },
                                .y = { axis_low(robust), 1, 0 },
                                .series = series,
                                .n = n,
                                .marks = &chance,
                                .n_marks = 1 };
    if (n > 0) nn_chart_lines(p, &chart);
    return last;
}

static void put_drop(NnPage *p, const EvalEstimate *e)
{
    if (isnan(e->value)) nn_page_cell(p, NN_CELL_NUMBER, "n/a");
    else if (isnan(e->lo)) nn_page_cell(p, NN_CELL_NUMBER, "%+.3f", e->value);
    else nn_page_cell(p, NN_CELL_NUMBER, "%+.3f (%+.3f to %+.3f)", e->value, e->lo, e->hi);
}

#define DROPS "How much lower the AUC is than on clean images, averaged over the levels of a corruption; 0 is no loss."

static void put_means(NnPage *p, const EvalRobust *robust)
{
    static const char *const columns[] = { "protocol",   "corruption",   "what it does",
                                           "drop, seen", "drop, unseen", "drop, all" };
    static const NnPageCell kinds[] = { NN_CELL_HEAD,   NN_CELL_TEXT,   NN_CELL_TEXT,
                                        NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER };
    nn_page_table_begin(p, "Mean drop in AUC", columns, kinds, 6);
    for (int i = 0; i < robust->n_means; i++) {
        const EvalRobustMean *mean = &robust->means[i];
        nn_page_row_begin(p);
        nn_page_cell(p, NN_CELL_HEAD, "%s", mean->protocol ? mean->protocol : "all");
        nn_page_cell(p, NN_CELL_TEXT, "%s", mean->op ? mean->op->name : "mean of its corruptions");
        nn_page_cell(p, NN_CELL_TEXT, "%s", mean->op ? mean->op->what : "");
        for (int k = 0; k < EVAL_ROBUST_ROWS; k++) put_drop(p, &mean->drop[k]);
        nn_page_row_end(p);
    }
    nn_page_table_end(p, robust->resamples > 0 ? DROPS " In brackets 95 % intervals, on the same images." : DROPS);
}

static void put_levels(NnPage *p, const EvalRobust *robust)
{
    static const char *const columns[] = { "protocol", "corruption", "level", "AUC, seen", "AUC, unseen", "AUC, all" };
    static const NnPageCell kinds[] = { NN_CELL_HEAD,   NN_CELL_TEXT,   NN_CELL_NUMBER,
                                        NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER };
    nn_page_details_begin(p, "Every level as a table");
    nn_page_table_begin(p, NULL, columns, kinds, 6);
    for (int i = 0; i < robust->n_points; i++) {
        const EvalRobustPoint *point = &robust->points[i];
        nn_page_row_begin(p);
        nn_page_cell(p, NN_CELL_HEAD, "%s", point->op ? point->op->protocol : "clean");
        nn_page_cell(p, NN_CELL_TEXT, "%s", point->op ? point->op->name : "");
        if (point->op) nn_page_cell(p, NN_CELL_NUMBER, "%g (%s)", point->op->levels[point->level], point->op->unit);
        else nn_page_cell(p, NN_CELL_NUMBER, " ");
        for (int k = 0; k < EVAL_ROBUST_ROWS; k++) {
            if (isnan(point->rows[k].auc.value)) nn_page_cell(p, NN_CELL_NUMBER, "n/a");
            else nn_page_cell(p, NN_CELL_NUMBER, "%.3f", point->rows[k].auc.value);
        }
        nn_page_row_end(p);
    }
    nn_page_table_end(p, NULL);
    nn_page_details_end(p);
}

#define LEVELS                                                                                                         \
    "At 0 the images are clean; to the right they get worse, real and forged alike. A line that stays high is a "      \
    "detector that can stand it; at the dotted line it guesses."
#define BANDS     " Bands are 95 % intervals."
#define SAME_AXIS " All charts have the same axis."

static void put_set(NnPage *p, const EvalRobust *robust)
{
    char title[512];
    snprintf(title, sizeof title, "%.200s: AUC against the level of a corruption", robust->data);
    nn_chart_multiples_begin(p, title);
    for (int i = 1; i < robust->n_points;) i = draw_operator(p, robust, i);
    nn_chart_multiples_end(p, robust->resamples > 0 ? LEVELS BANDS SAME_AXIS : LEVELS SAME_AXIS);
    put_means(p, robust);
    put_levels(p, robust);
}

int eval_page_has_robustness(const EvalReportPage *r)
{
    for (int i = 0; i < r->n; i++)
        if (r->reports[i].robust.points) return 1;
    return 0;
}

void eval_page_robustness(NnPage *p, const EvalReportPage *r)
{
    if (!eval_page_has_robustness(r)) return;
    nn_page_section_begin(p, "robustness", "What is left of it on blurred, noisy or compressed images?",
                          "Images on the internet have been saved, shrunk and filtered before anybody checks them.");
    for (int i = 0; i < r->n; i++)
        if (r->reports[i].robust.points) put_set(p, &r->reports[i].robust);
    nn_page_paragraph(p, "Encoder: %s. Images were corrupted after they had been brought to the detector's size.",
                      data_corruption_encoder);
    nn_page_section_end(p);
}
