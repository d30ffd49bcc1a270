/* chart_heat.c -- nn_chart_heat: an HTML table with coloured cells, so that it wraps, scrolls and is read aloud. */
#include <math.h>

#include "nn/base/chart.h"

/* Cividis (Nunez, Anderton, Renslow 2018) at nine equal distances; straight lines in between. */
static void ramp(double v, int rgb[3])
{
    static const unsigned char anchor[9][3] = { { 0, 34, 78 },     { 26, 56, 111 },   { 67, 78, 108 },
                                                { 97, 101, 111 },  { 125, 124, 120 }, { 154, 148, 120 },
                                                { 187, 174, 109 }, { 221, 202, 87 },  { 254, 232, 56 } };
    const double at = 8 * (v > 0 ? v < 1 ? v : 1 : 0);
    int low = (int)at;
    if (low > 7) low = 7;
    for (int c = 0; c < 3; c++)
        rgb[c] = (int)lrint(anchor[low][c] + (at - low) * (anchor[low + 1][c] - anchor[low][c]));
}

static double linear(int level)
{
    const double v = level / 255.0;
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/* White or black ink, whichever has more contrast (WCAG 2 relative luminance). */
static const char *ink_on(const int rgb[3])
{
    const double y = 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2]);
    return y > 0.179 ? "#000" : "#fff";
}

static void put_cell(NnPage *p, const NnHeatTable *t, int i)
{
    const char *const ring = t->ring && t->ring[i] ? " class=\"ring\"" : "";
    if (isfinite(t->value[i])) {
        const double span = t->high - t->low;
        int rgb[3];
        ramp(span > 0 ? (t->value[i] - t->low) / span : 0.5, rgb);
        fprintf(p->out, "<td%s style=\"background:#%02x%02x%02x;color:%s\">%.*f", ring, (unsigned)rgb[0],
                (unsigned)rgb[1], (unsigned)rgb[2], ink_on(rgb), t->decimals, t->value[i]);
    } else {
        fprintf(p->out, "<td%s>n/a", ring);
    }
    if (t->note && t->note[i] && t->note[i][0]) {
        fputs("<small>", p->out);
        nn_page_text(p, t->note[i]);
        fputs("</small>", p->out);
    }
    fputs("</td>", p->out);
}

static void put_heading(NnPage *p, const char *scope, const char *text)
{
    fprintf(p->out, "<th scope=\"%s\">", scope);
    nn_page_text(p, text);
    fputs("</th>", p->out);
}

void nn_chart_heat(NnPage *p, const NnHeatTable *t)
{
    nn_page_figure_begin(p, t->text.title);
    fputs("<div class=\"scroll\"><table class=\"heat\">\n<thead><tr><th>", p->out);
    if (t->text.y && t->text.x) nn_page_format(p, "%s \xE2\x86\x93   %s \xE2\x86\x92", t->text.y, t->text.x);
    fputs("</th>", p->out);
    for (int c = 0; c < t->columns; c++) put_heading(p, "col", t->column[c]);
    fputs("</tr></thead>\n<tbody>\n", p->out);
    for (int r = 0; r < t->rows; r++) {
        fputs("<tr>", p->out);
        put_heading(p, "row", t->row[r]);
        for (int c = 0; c < t->columns; c++) put_cell(p, t, r * t->columns + c);
        fputs("</tr>\n", p->out);
    }
    fputs("</tbody></table></div>\n", p->out);
    nn_page_figure_end(p, t->text.how);
}
