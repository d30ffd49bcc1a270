/* chart_bars.c -- nn_chart_histograms: two distributions, up and down; nn_chart_bars: bars that lie, with their
 * names. */
#include <math.h>

#include "nn/base/chart_frame.h"

enum { MAX_BINS = 200, BAR_STEP = 26, BAR_HEIGHT = 16 };

/* ---- two histograms ---- */

/* Share of the values in each bin; returns how many values are no numbers. */
static int count_bins(const NnHistogramPair *h, int side, int bins, double *share)
{
    int skipped = 0;
    for (int i = 0; i < h->n[side]; i++) skipped += isnan(h->value[side][i]);
    for (int i = 0; i < h->n[side]; i++) {
        const double v = h->value[side][i], at = floor((v - h->low) / (h->high - h->low) * bins);
        if (isnan(v)) continue;
        share[at <= 0 ? 0 : at >= bins ? bins - 1 : (int)at] += 1.0 / (h->n[side] - skipped);
    }
    return skipped;
}

static void draw_histogram(const NnFrame *f, const NnHistogramPair *h, int side, int bins, const double *share)
{
    const double zero = nn_scale_at(&f->y, 0), width = (f->right - f->left) / bins;
    fprintf(f->page->out, "<path class=\"bar c%d\" d=\"", side);
    for (int i = 0; i < bins; i++) {
        if (share[i] <= 0) continue;
        const double end = nn_scale_at(&f->y, side ? -share[i] : share[i]);
        fprintf(f->page->out, "M%.1f %.1fV%.1fh%.1fV%.1fz", f->left + width * i + 0.5, zero, end, fmax(width - 1, 0.5),
                zero);
    }
    fputs("\"><title>", f->page->out);
    nn_page_text(f->page, h->name[side]);
    fputs("</title></path>\n", f->page->out);
}

/* Above the area, at its right end. */
static void draw_histogram_key(const NnFrame *f, const NnHistogramPair *h)
{
    double right = f->right;
    for (int side = 1; side >= 0; side--) {
        char name[160];
        snprintf(name, sizeof name, "%s (%d), %s", h->name[side], h->n[side], side ? "down" : "up");
        right -= nn_text_width(name);
        nn_frame_label(f, right, 12, "start", "", 0, name);
        fprintf(f->page->out, "<path class=\"bar c%d\" d=\"M%.1f 3h10v10h-10z\"/>\n", side, right - 15);
        right -= 30;
    }
}

void nn_chart_histograms(NnPage *p, const NnHistogramPair *h)
{
    double share[2][MAX_BINS] = { { 0 }, { 0 } };
    const int bins = h->bins < 1 ? 1 : h->bins > MAX_BINS ? MAX_BINS : h->bins;
    NnChartText text = h->text;
    text.y = text.small ? NULL : "share of the images in a bin"; /* the key has its place in a small chart */
    NnFrame f = nn_frame_begin(p, &text, text.small ? 230 : 320, 52, 16);
    double most = 0;
    for (int side = 0; side < 2; side++) {
        f.skipped += count_bins(h, side, bins, share[side]);
        for (int i = 0; i < bins; i++) most = fmax(most, share[side][i]);
    }
    if (most <= 0) most = 1;
    f.x = nn_scale_make(&(NnChartAxis){ h->low, h->high, 0 }, (NnSpan){ h->low, h->high }, 5);
    f.y = nn_scale_make(&(NnChartAxis){ -most, most, 0 }, (NnSpan){ -most, most }, 4);

    f.y.unsigned_labels = 1;
    nn_frame_axes(&f);
    for (int side = 0; side < 2; side++) draw_histogram(&f, h, side, bins, share[side]);
    nn_frame_marks(&f, h->marks, h->n_marks);
    draw_histogram_key(&f, h);
    nn_frame_end(&f);
}

/* ---- bars ---- */

static double label_room(const NnBarChart *c)
{
    double room = 0;
    for (int i = 0; i < c->n; i++) room = fmax(room, nn_text_width(c->bars[i].label));
    return fmin(room, c->text.small ? 120 : 260) + 14;
}

static NnScale scale_of(const NnBarChart *c)
{
    const double zero = 0;
    NnSpan span = { INFINITY, -INFINITY };
    NnChartAxis axis = c->axis;
    axis.log = 0; /* a bar has no beginning on a logarithmic axis */
    nn_span_add(&span, &zero, 1, 0);
    for (int i = 0; i < c->n; i++) {
        nn_span_add(&span, &c->bars[i].value, 1, 0);
        nn_span_add(&span, &c->bars[i].low, 1, 0);
        nn_span_add(&span, &c->bars[i].high, 1, 0);
    }
    return nn_scale_make(&axis, span, c->text.small ? 3 : 6);
}

static void draw_bar(NnFrame *f, const NnBarChart *c, int i)
{
    const NnChartBar *bar = &c->bars[i];
    const double y = f->top + BAR_STEP * i + (BAR_STEP - BAR_HEIGHT) / 2.0, middle = y + BAR_HEIGHT / 2.0;
    const double begin = nn_scale_at(&f->x, fmax(0, f->x.low)), end = nn_scale_at(&f->x, bar->value);
    const double low = nn_scale_at(&f->x, bar->low), high = nn_scale_at(&f->x, bar->high);
    char figure[32] = "n/a";
    nn_frame_label(f, f->left - 8, middle + 4, "end", "", f->left - 10, bar->label);
    double after = begin;
    if (isfinite(end)) {
        fprintf(f->page->out, "<path class=\"bar c%d\" d=\"M%.1f %.1fH%.1fv%dH%.1fz\"/>\n",
                bar->style % NN_CHART_STYLES, begin, y, end, BAR_HEIGHT, begin);
        snprintf(figure, sizeof figure, "%.*f", c->decimals, bar->value);
        after = fmax(begin, end);
    }
    if (isfinite(low) && isfinite(high)) {
        fprintf(f->page->out, "<path class=\"whisker\" d=\"M%.1f %.1fH%.1fM%.1f %.1fv8M%.1f %.1fv8\"/>\n", low, middle,
                high, low, middle - 4, high, middle - 4);
        after = fmax(after, high);
    }
    nn_frame_label(f, after + 6, middle + 4, "start", "", 0, figure);
}

void nn_chart_bars(NnPage *p, const NnBarChart *c)
{
    NnFrame f = nn_frame_begin(p, &c->text, BAR_STEP * c->n + 70, label_room(c), 60);
    f.x = scale_of(c);
    nn_frame_axis_x(&f);
    for (int i = 0; i < c->n; i++) draw_bar(&f, c, i);
    nn_frame_marks(&f, c->marks, c->n_marks);
    nn_frame_end(&f);
}
