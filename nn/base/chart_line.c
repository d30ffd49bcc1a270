/* chart_line.c -- nn_chart_lines: curves with bands, named at their ends. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "nn/base/chart_frame.h"

enum { COLUMNS = 400, LINE_HEIGHT = 14, MOST_NAMES = 32 };

static const char *const dashes[] = { "", " stroke-dasharray=\"7 4\"", " stroke-dasharray=\"2 3\"",
                                      " stroke-dasharray=\"9 3 2 3\"" };

static NnScale scale_x(const NnLineChart *c)
{
    NnSpan span = { INFINITY, -INFINITY };
    for (int i = 0; i < c->n; i++) nn_span_add(&span, c->series[i].x, c->series[i].n, c->x.log);
    return nn_scale_make(&c->x, span, c->text.small ? 4 : 7);
}

static NnScale scale_y(const NnLineChart *c)
{
    NnSpan span = { INFINITY, -INFINITY };
    for (int i = 0; i < c->n; i++) {
        const NnChartSeries *s = &c->series[i];
        nn_span_add(&span, s->y, s->n, c->y.log);
        nn_span_add(&span, s->low, s->n, c->y.log);
        nn_span_add(&span, s->high, s->n, c->y.log);
    }
    return nn_scale_make(&c->y, span, c->text.small ? 3 : 5);
}

static double name_room(const NnLineChart *c)
{
    const double most = c->text.small ? 90 : 180;
    double room = 0;
    for (int i = 0; i < c->n; i++)
        if (!c->series[i].faint) room = fmax(room, nn_text_width(c->series[i].name));
    return fmin(room, most) + 14;
}

/* Can value i of a series be drawn? */
static int has_place(const NnFrame *f, const NnChartSeries *s, int i)
{
    return isfinite(nn_scale_at(&f->x, s->x[i])) && isfinite(nn_scale_at(&f->y, s->y[i]));
}

static void go(const NnFrame *f, const NnChartSeries *s, int i, int *pen_down)
{
    fprintf(f->page->out, "%c%.1f %.1f", *pen_down ? 'L' : 'M', nn_scale_at(&f->x, s->x[i]),
            nn_scale_at(&f->y, s->y[i]));
    *pen_down = 1;
}

/* The values from..to-1: all of them, or where they are many the least and the largest, in their order. */
static void draw_column(const NnFrame *f, const NnChartSeries *s, int from, int to, int *pen_down)
{
    int least = -1, most = -1;
    for (int i = from; i < to; i++) {
        if (!has_place(f, s, i)) {
            if (to - from == 1) *pen_down = 0;
            continue;
        }
        if (least < 0 || s->y[i] < s->y[least]) least = i;
        if (most < 0 || s->y[i] > s->y[most]) most = i;
    }
    if (least < 0) {
        *pen_down = 0;
        return;
    }
    go(f, s, least < most ? least : most, pen_down);
    if (least != most) go(f, s, least < most ? most : least, pen_down);
}

static void draw_line(NnFrame *f, const NnChartSeries *s)
{
    const int columns = s->n > 2 * COLUMNS ? COLUMNS : s->n;
    int pen_down = 0;
    fprintf(f->page->out, "<path class=\"line c%d%s\"%s d=\"", s->style % NN_CHART_STYLES, s->faint ? " faint" : "",
            dashes[s->dash & 3]);
    for (int k = 0; k < columns; k++)
        draw_column(f, s, (int)((int64_t)k * s->n / columns), (int)((int64_t)(k + 1) * s->n / columns), &pen_down);
    fputs("\"><title>", f->page->out);
    nn_page_text(f->page, s->name);
    fputs("</title></path>\n", f->page->out);
    for (int i = 0; i < s->n; i++) f->skipped += !has_place(f, s, i);
}

/* Dots: everywhere if asked for, else where a value stands alone and no line would show it. */
static void draw_points(const NnFrame *f, const NnChartSeries *s)
{
    if (s->n > 2 * COLUMNS) return;
    fprintf(f->page->out, "<path class=\"dot c%d\" d=\"", s->style % NN_CHART_STYLES);
    for (int i = 0; i < s->n; i++) {
        const int alone = (i == 0 || !has_place(f, s, i - 1)) && (i == s->n - 1 || !has_place(f, s, i + 1));
        if (has_place(f, s, i) && (s->points || alone))
            nn_shape_path(f->page->out, 0, nn_scale_at(&f->x, s->x[i]), nn_scale_at(&f->y, s->y[i]));
    }
    fputs("\"/>\n", f->page->out);
}

static int has_band(const NnFrame *f, const NnChartSeries *s, int i)
{
    return isfinite(nn_scale_at(&f->x, s->x[i])) && isfinite(nn_scale_at(&f->y, s->low[i])) &&
           isfinite(nn_scale_at(&f->y, s->high[i]));
}

/* A polygon for each stretch of finite intervals: there along the upper ends, back along the lower ones. */
static void draw_band(const NnFrame *f, const NnChartSeries *s)
{
    if (!s->low || !s->high) return;
    const int every = s->n > COLUMNS ? s->n / COLUMNS : 1;
    fprintf(f->page->out, "<path class=\"area c%d\" d=\"", s->style % NN_CHART_STYLES);
    for (int i = 0; i < s->n; i += every) {
        const int first = i;
        for (; i < s->n && has_band(f, s, i); i += every)
            fprintf(f->page->out, "%c%.1f %.1f", i == first ? 'M' : 'L', nn_scale_at(&f->x, s->x[i]),
                    nn_scale_at(&f->y, s->high[i]));
        if (i == first) continue;
        for (int k = i - every; k >= first; k -= every)
            fprintf(f->page->out, "L%.1f %.1f", nn_scale_at(&f->x, s->x[k]), nn_scale_at(&f->y, s->low[k]));
        fputc('Z', f->page->out);
    }
    fputs("\"/>\n", f->page->out);
}

typedef struct {
    double y;
    int series;
} EndLabel;

static int by_height(const void *a, const void *b)
{
    const EndLabel *p = a, *q = b;
    return p->y != q->y ? (p->y > q->y) - (p->y < q->y) : p->series - q->series;
}

/* Push labels apart, downwards first and then back up from the bottom. */
static void spread(EndLabel *label, int n, double bottom)
{
    qsort(label, (size_t)n, sizeof *label, by_height);
    for (int i = 1; i < n; i++) label[i].y = fmax(label[i].y, label[i - 1].y + LINE_HEIGHT);
    for (int i = n - 1; i >= 0; i--) label[i].y = fmin(label[i].y, bottom - (n - 1 - i) * LINE_HEIGHT);
}

/* At the last value that is drawn; a sample of the line in front of each name. */
static void draw_names(const NnFrame *f, const NnLineChart *c)
{
    EndLabel label[MOST_NAMES] = { { 0 } };
    int n = 0;
    for (int k = 0; k < c->n && n < MOST_NAMES; k++) {
        const NnChartSeries *s = &c->series[k];
        int last = s->n - 1;
        while (last >= 0 && !has_place(f, s, last)) last--;
        if (last >= 0 && !s->faint) label[n++] = (EndLabel){ nn_scale_at(&f->y, s->y[last]), k };
    }
    int any = n;
    for (int k = 0; k < c->n && !any; k++)
        for (int i = 0; i < c->series[k].n && !any; i++) any = has_place(f, &c->series[k], i);
    if (!any) nn_frame_say_empty(f);
    spread(label, n, f->bottom);
    for (int i = 0; i < n; i++) {
        const NnChartSeries *s = &c->series[label[i].series];
        fprintf(f->page->out, "<path class=\"line c%d\"%s d=\"M%.1f %.1fh16\"/>", s->style % NN_CHART_STYLES,
                dashes[s->dash & 3], f->right + 6, label[i].y);
        nn_frame_label(f, f->right + 26, label[i].y + 4, "start", "", f->width - f->right - 26, s->name);
    }
}

void nn_chart_lines(NnPage *p, const NnLineChart *c)
{
    NnFrame f = nn_frame_begin(p, &c->text, c->text.small ? 230 : 320, 52, name_room(c) + 18);
    f.x = scale_x(c), f.y = scale_y(c);
    nn_frame_axes(&f);
    for (int i = 0; i < c->n; i++) draw_band(&f, &c->series[i]);
    for (int i = 0; i < c->n; i++) draw_line(&f, &c->series[i]), draw_points(&f, &c->series[i]);
    nn_frame_marks(&f, c->marks, c->n_marks);
    draw_names(&f, c);
    nn_frame_end(&f);
}

void nn_chart_multiples_begin(NnPage *p, const char *title)
{
    nn_page_figure_begin(p, title);
    fputs("<div class=\"multiples\">\n", p->out);
}

void nn_chart_multiples_end(NnPage *p, const char *how)
{
    fputs("</div>\n", p->out);
    nn_page_figure_end(p, how);
}
