/* chart_frame.c -- see chart_frame.h. */
#include "nn/base/chart_frame.h"

#include <math.h>
#include <string.h>

enum { WIDE = 720, SMALL = 340 };
static const double letter = 6.6; /* mean advance of the 12-pixel letters of the style sheet */

/* ---- scales ---- */

static int is_drawable(double v, int log)
{
    return isfinite(v) && (!log || v > 0);
}

void nn_span_add(NnSpan *span, const double *values, int n, int log)
{
    for (int i = 0; values && i < n; i++) {
        if (!is_drawable(values[i], log)) continue;
        span->low = fmin(span->low, values[i]);
        span->high = fmax(span->high, values[i]);
    }
}

/* 1, 2 or 5 times a power of ten, the nearest to v by ratio. */
static double nice_step(double v)
{
    const double unit = pow(10.0, floor(log10(v))), times = v / unit;
    return unit * (times < 1.414 ? 1 : times < 3.162 ? 2 : times < 7.071 ? 5 : 10);
}

static void add_tick(NnScale *s, double v)
{
    const double slack = 1e-9 * fabs(s->high - s->low);
    if (s->n_ticks < NN_CHART_MAX_TICKS && v >= s->low - slack && v <= s->high + slack) s->tick[s->n_ticks++] = v;
}

static void set_linear_ticks(NnScale *s, int wanted)
{
    const double step = nice_step((s->high - s->low) / wanted), first = ceil(s->low / step - 1e-9);
    const double size = fmax(fabs(s->low), fabs(s->high));
    for (int i = 0; i <= NN_CHART_MAX_TICKS; i++) add_tick(s, (first + i) * step);
    s->decimals = size >= 1e7 || step < 1e-5 ? -1 : step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);
}

/* Powers of ten, as many as fit; within less than two decades 2 and 5 times them as well. */
static void set_log_ticks(NnScale *s)
{
    const double decades = log10(s->high / s->low);
    const int every = (int)ceil(decades / 6);
    for (int e = (int)floor(log10(s->low)); e <= (int)ceil(log10(s->high)); e++) {
        if (decades >= 2 && e % (every > 0 ? every : 1) == 0) add_tick(s, pow(10, e));
        for (int k = 0; decades < 2 && k < 3; k++) add_tick(s, (double[]){ 1, 2, 5 }[k] * pow(10, e));
    }
    s->decimals = -1;
}

static const double huge = 1e300; /* so that the length of an axis is a number */

static void widen(NnScale *s)
{
    if (!(s->low <= s->high)) s->low = s->log ? 0.1 : 0, s->high = 1;
    s->low = fmin(fmax(s->low, s->log ? 1 / huge : -huge), huge);
    s->high = fmin(fmax(s->high, s->log ? 1 / huge : -huge), huge);
    if (s->high - s->low > 1e-12 * fabs(s->high)) return;
    if (s->log) s->low /= 2, s->high *= 2;
    else {
        const double room = s->low == 0 ? 1 : 0.1 * fabs(s->low);
        s->low -= room, s->high += room;
    }
}

NnScale nn_scale_make(const NnChartAxis *axis, NnSpan span, int wanted_ticks)
{
    const int given = axis->low != 0 || axis->high != 0; /* {0}: from the data */
    NnScale s = { .low = span.low, .high = span.high, .log = axis->log };
    if (given && is_drawable(axis->low, axis->log)) s.low = axis->low;
    if (given && is_drawable(axis->high, axis->log)) s.high = axis->high;
    widen(&s);
    if (s.log) set_log_ticks(&s);
    else set_linear_ticks(&s, wanted_ticks);
    return s;
}

static void set_places(NnScale *s, double from, double to)
{
    const double low = s->log ? log10(s->low) : s->low, high = s->log ? log10(s->high) : s->high;
    s->b = (to - from) / (high - low);
    s->a = from - s->b * low;
}

double nn_scale_at(const NnScale *s, double value)
{
    if (!is_drawable(value, s->log)) return NAN;
    const double slack = 1e-6 * (s->high - s->low);
    value = value < s->low - slack ? s->low : value > s->high + slack ? s->high : value;
    return s->a + s->b * (s->log ? log10(value) : value);
}

/* ---- the frame ---- */

double nn_text_width(const char *text)
{
    size_t letters = 0;
    for (; text && *text; text++) letters += ((unsigned char)*text & 0xC0) != 0x80;
    return letter * (double)letters;
}

/* Cut between characters of UTF-8, never inside one. */
void nn_frame_label(const NnFrame *f, double x, double y, const char *anchor, const char *classes, double room,
                    const char *text)
{
    const int fits = room <= 0 || nn_text_width(text) <= room;
    const size_t letters = fits ? (size_t)-1 : (size_t)fmax(1, room / letter - 1);
    size_t end = 0;
    for (size_t seen = 0; text[end]; end++) {
        seen += ((unsigned char)text[end] & 0xC0) != 0x80;
        if (seen > letters) break;
    }
    fprintf(f->page->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">", x, y, anchor, classes);
    nn_page_bytes(f->page, text, end);
    fputs(fits ? "" : "\xE2\x80\xA6<title>", f->page->out);
    if (!fits) nn_page_text(f->page, text), fputs("</title>", f->page->out);
    fputs("</text>\n", f->page->out);
}

NnFrame nn_frame_begin(NnPage *p, const NnChartText *text, double height, double left, double right)
{
    const double width = text->small ? SMALL : WIDE;
    const NnFrame f = { .page = p,
                        .text = text,
                        .width = width,
                        .height = height,
                        .left = left,
                        .right = width - right,
                        .top = 24,
                        .bottom = height - 42 };
    nn_page_figure_begin(p, text->title);
    fprintf(p->out, "<div class=\"chart%s\"><svg viewBox=\"0 0 %.0f %.0f\" role=\"img\"><title>",
            text->small ? " small" : "", width, height);
    nn_page_text(p, text->title ? text->title : text->y);
    fputs("</title><desc>", p->out);
    if (text->y) nn_page_format(p, "%s, by %s. ", text->y, text->x);
    nn_page_text(p, text->how);
    fputs("</desc>\n", p->out);
    return f;
}

static void format_tick(const NnScale *s, double v, char text[32])
{
    if (fabs(v) < 1e-9 * fabs(s->high - s->low)) v = 0; /* no "-0" */
    if (s->unsigned_labels) v = fabs(v);
    if (s->decimals < 0) snprintf(text, 32, "%.4g", v);
    else snprintf(text, 32, "%.*f", s->decimals, v);
}

void nn_frame_axis_x(NnFrame *f)
{
    FILE *out = f->page->out;
    set_places(&f->x, f->left, f->right);
    fprintf(out, "<path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/>\n", f->left, f->bottom, f->right);
    double used = -INFINITY; /* up to here by labels: one that would touch the last is left out */
    for (int i = 0; i < f->x.n_ticks; i++) {
        char text[32];
        const double at = nn_scale_at(&f->x, f->x.tick[i]);
        format_tick(&f->x, f->x.tick[i], text);
        fprintf(out, "<path class=\"axis\" d=\"M%.1f %.1fv4\"/>", at, f->bottom);
        if (at - nn_text_width(text) / 2 < used + 6) continue;
        nn_frame_label(f, at, f->bottom + 17, "middle", "soft", 0, text);
        used = at + nn_text_width(text) / 2;
    }
    if (f->text->x) nn_frame_label(f, f->right, f->bottom + 35, "end", "soft", f->right, f->text->x);
}

void nn_frame_axes(NnFrame *f)
{
    FILE *out = f->page->out;
    set_places(&f->y, f->bottom, f->top);
    for (int i = 0; i < f->y.n_ticks; i++) {
        char text[32];
        const double at = nn_scale_at(&f->y, f->y.tick[i]);
        format_tick(&f->y, f->y.tick[i], text);
        fprintf(out, "<path class=\"rule\" d=\"M%.1f %.1fH%.1f\"/>", f->left, at, f->right);
        nn_frame_label(f, f->left - 6, at + 4, "end", "soft", 0, text);
    }
    if (f->text->y) nn_frame_label(f, 2, 12, "start", "soft", f->width, f->text->y);
    nn_frame_axis_x(f);
}

void nn_frame_marks(const NnFrame *f, const NnChartMark *marks, int n)
{
    for (int i = 0; i < n; i++) {
        const NnChartMark *m = &marks[i];
        const double at = nn_scale_at(m->horizontal ? &f->y : &f->x, m->at);
        if (!isfinite(at)) continue;
        if (m->horizontal) {
            fprintf(f->page->out, "<path class=\"mark\" d=\"M%.1f %.1fH%.1f\"/>", f->left, at, f->right);
            nn_frame_label(f, f->left + 4, at - 4, "start", "soft", f->right - f->left, m->label);
            continue;
        }
        const int flush = at > (f->left + f->right) / 2;
        fprintf(f->page->out, "<path class=\"mark\" d=\"M%.1f %.1fV%.1f\"/>", at, f->top, f->bottom);
        nn_frame_label(f, flush ? at - 4 : at + 4, f->top + 10 + 14 * (i % 3), flush ? "end" : "start", "soft",
                       flush ? at - f->left : f->right - at, m->label);
    }
}

void nn_frame_say_empty(const NnFrame *f)
{
    nn_frame_label(f, (f->left + f->right) / 2, (f->top + f->bottom) / 2, "middle", "soft", 0, "no values");
}

void nn_frame_end(NnFrame *f)
{
    fputs("</svg></div>\n", f->page->out);
    if (f->skipped) {
        fputs("<p class=\"how\">", f->page->out);
        nn_page_format(f->page, "%d value%s could not be drawn (not a number, or without a place on this axis).",
                       f->skipped, f->skipped == 1 ? "" : "s");
        fputs("</p>\n", f->page->out);
    }
    nn_page_figure_end(f->page, f->text->how);
}

/* ---- shapes ---- */

void nn_shape_path(FILE *out, int shape, double x, double y)
{
    static const char *const path[NN_CHART_STYLES] = {
        "m-3.2 0a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0 -6.4 0z", /* disc */
        "m0 -3.8l3.5 6.4h-7z",                               /* triangle */
        "m-2.9 -2.9h5.8v5.8h-5.8z",                          /* square */
        "m0 -4.2l3.4 4.2l-3.4 4.2l-3.4 -4.2z",               /* diamond */
        "m-3 -3l6 6m0 -6l-6 6",                              /* cross */
        "m0 3.8l3.5 -6.4h-7z",                               /* triangle upside down */
        "m-3.6 0h7.2m-3.6 -3.6v7.2",                         /* plus */
        "m-2 -3.6h4v7.2h-4z",                                /* upright bar */
    };
    fprintf(out, "M%.1f %.1f%s", x, y, path[shape % NN_CHART_STYLES]);
}

int nn_shape_is_open(int shape)
{
    return shape % NN_CHART_STYLES == 4 || shape % NN_CHART_STYLES == 6;
}
