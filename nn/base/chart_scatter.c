/* chart_scatter.c -- nn_chart_scatter: points of classes. */
#include <math.h>

#include "nn/base/chart_frame.h"

enum { KEY_LINE = 18 };

static double key_room(const NnScatterChart *c)
{
    double room = 0;
    for (int k = 0; k < c->n_classes; k++) room = fmax(room, nn_text_width(c->class_name[k]));
    return fmin(room, c->text.small ? 90 : 180) + 34;
}

/* One path for all points of a class: small, and drawn at once. */
static void draw_class(NnFrame *f, const NnScatterChart *c, int k)
{
    fprintf(f->page->out, "<path class=\"%s c%d\" d=\"", nn_shape_is_open(k) ? "open" : "dot", k % NN_CHART_STYLES);
    for (int i = 0; i < c->n; i++) {
        const double x = nn_scale_at(&f->x, c->x[i]), y = nn_scale_at(&f->y, c->y[i]);
        if (c->class_of[i] != k) continue;
        if (isfinite(x) && isfinite(y)) nn_shape_path(f->page->out, k, x, y);
        else f->skipped++;
    }
    fputs("\"><title>", f->page->out);
    nn_page_text(f->page, c->class_name[k]);
    fputs("</title></path>\n", f->page->out);
}

static void draw_key(const NnFrame *f, const NnScatterChart *c, int k)
{
    const double x = f->right + 16, y = f->top + 8 + KEY_LINE * k;
    fprintf(f->page->out, "<path class=\"%s c%d\" d=\"", nn_shape_is_open(k) ? "open" : "dot", k % NN_CHART_STYLES);
    nn_shape_path(f->page->out, k, x, y);
    fputs("\"/>", f->page->out);
    nn_frame_label(f, x + 10, y + 4, "start", "", f->width - x - 12, c->class_name[k]);
}

/* So that no point lies on the edge. */
static void leave_room(NnSpan *span, int log)
{
    const double room = 0.03 * (span->high - span->low);
    if (log || !(room > 0)) return;
    span->low -= room, span->high += room;
}

void nn_chart_scatter(NnPage *p, const NnScatterChart *c)
{
    const double key = KEY_LINE * c->n_classes + 70, least = c->text.small ? 230 : 400;
    NnFrame f = nn_frame_begin(p, &c->text, fmax(key, least), 52, key_room(c));
    NnSpan x = { INFINITY, -INFINITY }, y = x;
    nn_span_add(&x, c->x, c->n, c->x_axis.log);
    nn_span_add(&y, c->y, c->n, c->y_axis.log);
    leave_room(&x, c->x_axis.log);
    leave_room(&y, c->y_axis.log);
    f.x = nn_scale_make(&c->x_axis, x, c->text.small ? 4 : 6);
    f.y = nn_scale_make(&c->y_axis, y, c->text.small ? 3 : 5);
    nn_frame_axes(&f);
    for (int k = 0; k < c->n_classes; k++) draw_class(&f, c, k), draw_key(&f, c, k);
    if (f.skipped == c->n) nn_frame_say_empty(&f);
    nn_frame_end(&f);
}
