/* chart.h -- charts on a page (nn/base/page.h), as SVG, from arrays of numbers.
 *
 * Every chart has a title, names its axes with their units, says how it is read, and describes itself to a screen
 * reader. Series differ by colour (Okabe and Ito's, which most colour-blind people tell apart) and by dash or shape;
 * the first eight are distinct. A value that is not finite is not drawn, nor one that is not above 0 on a logarithmic
 * axis: a line is interrupted there, and a line below the chart says how many were left out. Nothing is kept after a
 * call. */
#ifndef NN_CHART_H
#define NN_CHART_H
#include "nn/base/page.h"

/* What a chart says in words. */
typedef struct {
    const char *title;
    const char *how;   /* how to read it, a sentence */
    const char *x, *y; /* what the axes show, with units: "step", "loss (lower is better)" */
    int small;         /* one of small multiples: drawn in the size of a thumbnail */
} NnChartText;

/* An axis. Where low or high is NAN that end follows from the data; {0} stands for {NAN, NAN, 0}. */
typedef struct {
    double low, high;
    int log;
} NnChartAxis;

/* A dotted line across the chart with a word at it: at this x, or at this y. */
typedef struct {
    double at;
    const char *label;
    int horizontal;
} NnChartMark;

/* One curve. Style i (0-7) has a colour and a dash of its own; series that belong together may share the colour. */
typedef struct {
    const char *name;         /* stands at its end */
    const double *x, *y;      /* [n], x rising */
    const double *low, *high; /* [n] interval, drawn as a band; NULL: none */
    int n;
    int style, dash; /* dash: 0 solid, 1 dashed, 2 dotted, 3 dash and dot */
    int faint;       /* background of another one; has no name at its end */
    int points;      /* a dot at each value */
} NnChartSeries;

typedef struct {
    NnChartText text;
    NnChartAxis x, y;
    const NnChartSeries *series;
    int n;
    const NnChartMark *marks;
    int n_marks;
} NnLineChart;

/* A curve of many more values than the chart is wide is drawn by the least and the largest of each column: no spike is
 * lost, and the file stays small. */
void nn_chart_lines(NnPage *p, const NnLineChart *chart);

/* Points of classes, each in a colour and a shape. */
typedef struct {
    NnChartText text;
    NnChartAxis x_axis, y_axis;
    const double *x, *y; /* [n] */
    const int *class_of; /* [n], 0..n_classes-1 */
    int n;
    const char *const *class_name; /* [n_classes] */
    int n_classes;
} NnScatterChart;

void nn_chart_scatter(NnPage *p, const NnScatterChart *chart);

/* Two distributions over the same bins, one drawn upwards and one downwards: shares of its own values in each bin. */
typedef struct {
    NnChartText text;
    const char *name[2];
    const double *value[2]; /* [n[i]] */
    int n[2];
    int bins;         /* 1..200 */
    double low, high; /* of the bins; values beyond count in the outermost ones */
    const NnChartMark *marks;
    int n_marks;
} NnHistogramPair;

/* text.y is not used: the axis is a share. */
void nn_chart_histograms(NnPage *p, const NnHistogramPair *chart);

/* A named bar, with an interval where low and high are finite. */
typedef struct {
    const char *label;
    double value, low, high;
    int style; /* colour, 0-7 */
} NnChartBar;

typedef struct {
    NnChartText text; /* x: what the length of a bar is; y is not used */
    NnChartAxis axis;
    const NnChartBar *bars;
    int n;
    int decimals;             /* of the figure at the end of a bar */
    const NnChartMark *marks; /* vertical ones */
    int n_marks;
} NnBarChart;

/* Bars begin at 0, or at axis.low where that is given. */
void nn_chart_bars(NnPage *p, const NnBarChart *chart);

/* A table whose cells are coloured by value, with the value printed in each: dark blue is low, yellow is high (cividis,
 * which reads alike for the colour-blind and in grey). */
typedef struct {
    NnChartText text; /* x: what columns are; y: what rows are */
    const char *const *row, *const *column;
    int rows, columns;
    const double *value;     /* [rows * columns]; NAN: an empty cell */
    const char *const *note; /* [rows * columns] small print in a cell, NULL or "": none; NULL: nowhere */
    const char *ring;        /* [rows * columns]: 1 draws a dashed frame, explained in text.how; NULL: none */
    double low, high;        /* values of the ends of the ramp */
    int decimals;
} NnHeatTable;

void nn_chart_heat(NnPage *p, const NnHeatTable *table);

/* Charts with text.small between these stand beside each other. */
void nn_chart_multiples_begin(NnPage *p, const char *title);
void nn_chart_multiples_end(NnPage *p, const char *how);

#endif
