/* chart_frame.h -- private to chart_*.c: the area of a chart, its axes, and from values to places. */
#ifndef NN_CHART_FRAME_H
#define NN_CHART_FRAME_H
#include "nn/base/chart.h"

enum { NN_CHART_STYLES = 8, NN_CHART_MAX_TICKS = 12 };

/* An axis whose ends are known: place = a + b * (log10 of) value. */
typedef struct {
    double low, high;
    int log;
    double a, b;
    double tick[NN_CHART_MAX_TICKS];
    int n_ticks, decimals; /* decimals of the labels; -1: %g */
    int unsigned_labels;   /* values below 0 are labelled without their sign */
} NnScale;

typedef struct {
    NnPage *page;
    const NnChartText *text;
    double width, height;            /* of the drawing */
    double left, right, top, bottom; /* of the area inside the axes */
    NnScale x, y;
    int skipped; /* values that could not be drawn */
} NnFrame;

/* The span of finite (on a log axis: positive) values; widen as more arrays are seen. Begin with {INFINITY,
 * -INFINITY}. */
typedef struct {
    double low, high;
} NnSpan;
void nn_span_add(NnSpan *span, const double *values, int n, int log);

/* Ends from axis and span, widened to be drawable: no data gives 0..1, a single value some room around. With ticks at
 * 1, 2 or 5 times powers of ten. */
NnScale nn_scale_make(const NnChartAxis *axis, NnSpan span, int wanted_ticks);
/* Place of a value; NAN if it cannot be drawn. */
double nn_scale_at(const NnScale *s, double value);

/* Open figure and svg; then set x, y and call nn_frame_axes, which tells them where the area lies. */
NnFrame nn_frame_begin(NnPage *p, const NnChartText *text, double height, double left, double right);
void nn_frame_axes(NnFrame *f);
/* Without ticks and labels along y. */
void nn_frame_axis_x(NnFrame *f);
void nn_frame_marks(const NnFrame *f, const NnChartMark *marks, int n);
/* Text at a place; anchor "start", "middle", "end"; classes of the style sheet or "". Cut to fit `room`, if above 0. */
void nn_frame_label(const NnFrame *f, double x, double y, const char *anchor, const char *classes, double room,
                    const char *text);
/* Where there is nothing to draw. */
void nn_frame_say_empty(const NnFrame *f);
/* Close svg and figure; what was left out is told. */
void nn_frame_end(NnFrame *f);

/* Estimated width of text in the drawing's units. */
double nn_text_width(const char *text);

/* A mark of shape 0-7, about 7 units wide, as a piece of an SVG path. */
void nn_shape_path(FILE *out, int shape, double x, double y);
/* Is shape i drawn as an outline (cross, plus) rather than filled? */
int nn_shape_is_open(int shape);

#endif
