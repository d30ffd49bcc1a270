/* compare_page.c -- see compare_page.h. */
#include "eval/compare_page.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/eval_page.h"
#include "eval/matrix_files.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

enum { SENTENCES = 24, SENTENCE_BYTES = 640, NOTE_BYTES = 48, CHARTS = 6 };

static NnStatus no_memory(NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "report: out of memory");
}

/* ---- verdict ---- */

static const char *const rules[] = {
    "\"Best\" is the highest mean AUC over all manipulations that a detector was not trained on, each counting alike; "
    "where none was tested, over those that it was trained on.",
    "The order of two detectors is called uncertain where the 95 % interval of the one holds the figure of the other.",
    "\"Better\" and \"worse\" are said of a manipulation where the 95 % interval of the paired difference in AUC, "
    "on the images that both detectors judged, leaves out 0.",
};

static double figure_of(const EvalMatrixRow *row, int unseen)
{
    return unseen ? row->unseen.value : row->seen.value;
}

/* The run with the highest figure but for `other` (-1: none left out); -1: no run has one. */
static int find_best(const EvalMatrix *m, int unseen, int other)
{
    int best = -1;
    for (int i = 0; i < m->n_runs; i++) {
        const double v = figure_of(&m->rows[i], unseen);
        if (i != other && !isnan(v) && (best < 0 || v > figure_of(&m->rows[best], unseen))) best = i;
    }
    return best;
}

static void headline(const EvalMatrix *m, char *out)
{
    const int unseen = find_best(m, 1, -1) >= 0, best = find_best(m, unseen, -1), next = find_best(m, unseen, best);
    if (best < 0) {
        snprintf(out, SENTENCE_BYTES, "Nothing can be said: real images or forgeries are missing.");
        return;
    }
    const EvalEstimate *e = unseen ? &m->rows[best].unseen : &m->rows[best].seen;
    int at = snprintf(out, SENTENCE_BYTES, "%.80s does best on kinds of forgery that it was %s: AUC %.2f on average",
                      m->rows[best].name, unseen ? "not trained on" : "trained on", e->value);
    if (!isnan(e->lo)) at += snprintf(out + at, SENTENCE_BYTES - (size_t)at, " (%.2f to %.2f)", e->lo, e->hi);
    if (next >= 0 && !isnan(e->lo) && figure_of(&m->rows[next], unseen) >= e->lo)
        snprintf(out + at, SENTENCE_BYTES - (size_t)at, "; but the order to %.80s (%.2f) is uncertain.",
                 m->rows[next].name, figure_of(&m->rows[next], unseen));
    else snprintf(out + at, SENTENCE_BYTES - (size_t)at, ".");
}

/* How run i fares against the first, manipulation by manipulation. */
static void say_differences(const EvalMatrix *m, int i, char *out)
{
    int n = 0, better = 0, worse = 0;
    for (int c = 0; c < m->n_columns; c++) {
        const EvalEstimate *d = &eval_matrix_cell(m, i, c)->difference[EVAL_AUC];
        n += !isnan(d->lo);
        better += d->lo > 0;
        worse += d->hi < 0;
    }
    if (n == 0)
        snprintf(
            out, SENTENCE_BYTES,
            "%.80s and %.80s share no images (or no intervals were computed): their figures stand side by side, and "
            "that is all.",
            m->rows[i].name, m->rows[0].name);
    else
        snprintf(out, SENTENCE_BYTES,
                 "%.80s against %.80s on the same images: better on %d of %d manipulations, worse on %d; on %d no "
                 "difference was shown.",
                 m->rows[i].name, m->rows[0].name, better, n, worse, n - better - worse);
}

/* How system s fares against the first over the seeds that both have, on unseen manipulations where there are any. */
static void say_system(const EvalComparison *c, int s, int row, char *out)
{
    const EvalEstimate *d = &c->systems[s].figures[row * EVAL_COMPARED + EVAL_AUC].difference;
    const char *kinds = c->rows[row].row->kind == EVAL_ROW_UNSEEN ? "kinds not trained on" : "all kinds";
    int at = snprintf(out, SENTENCE_BYTES, "%.80s against %.80s over %d seed%s, %.80s, %s: the AUC differs by %+.3f",
                      c->systems[s].name, c->systems[0].name, c->systems[s].shared,
                      c->systems[s].shared == 1 ? "" : "s", c->rows[row].data, kinds, d->value);
    if (!isnan(d->lo)) at += snprintf(out + at, SENTENCE_BYTES - (size_t)at, " (%+.3f to %+.3f)", d->lo, d->hi);
    snprintf(out + at, SENTENCE_BYTES - (size_t)at, "%s",
             isnan(d->lo)             ? "."
             : d->lo > 0 || d->hi < 0 ? "; that is more than chance."
                                      : "; no difference was shown.");
}

/* Is it the row that speaks for its data set: the unseen manipulations, or all where none is unseen? */
static int speaks(const EvalComparison *c, int row)
{
    if (c->rows[row].row->kind != EVAL_ROW_ALL) return c->rows[row].row->kind == EVAL_ROW_UNSEEN;
    for (int k = 0; k < c->n_rows; k++)
        if (c->rows[k].row->kind == EVAL_ROW_UNSEEN && !strcmp(c->rows[k].data, c->rows[row].data)) return 0;
    return 1;
}

/* Sentences on systems of several seeds; returns how many there are now. */
static int say_systems(const EvalComparison *c, char (*text)[SENTENCE_BYTES], int n, int room)
{
    for (int s = 1; c && s < c->n_systems; s++)
        for (int row = 0; row < c->n_rows && n < room; row++) {
            const EvalComparedFigure *f = &c->systems[s].figures[row * EVAL_COMPARED + EVAL_AUC];
            if (c->systems[s].shared > 1 && speaks(c, row) && !isnan(f->difference.value))
                say_system(c, s, row, text[n++]);
        }
    return n;
}

static NnStatus put_verdict(NnPage *p, const EvalComparePage *c, NnErr *err)
{
    const EvalMatrix *m = c->matrix;
    char(*text)[SENTENCE_BYTES] = nn_alloc(SENTENCES + 1, sizeof *text);
    const char *sentences[SENTENCES];
    int n = 0;
    if (!text) return no_memory(err);
    headline(m, text[SENTENCES]);
    const int systems = n = say_systems(c->comparison, text, n, SENTENCES / 2);
    /* Where systems of several seeds have been set against each other, single runs of theirs say nothing more. */
    for (int i = 1; systems == 0 && i < m->n_runs && n < SENTENCES - 2; i++) say_differences(m, i, text[n++]);
    if (n - systems < m->n_runs - 1) snprintf(text[n++], SENTENCE_BYTES, "The tables below hold the other runs, too.");
    if (systems == 0)
        snprintf(text[n++], SENTENCE_BYTES,
                 "One run each says nothing about training again: another seed gives another detector.");
    for (int i = 0; i < n; i++) sentences[i] = text[i];
    nn_page_verdict(p, NN_TONE_NEUTRAL, text[SENTENCES], sentences, n);
    nn_page_details_begin(p, "By which rules is this said?");
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) nn_page_paragraph(p, "%s", rules[i]);
    nn_page_details_end(p);
    free(text);
    return NN_OK;
}

/* ---- the runs ---- */

static void put_estimate(NnPage *p, const EvalEstimate *e, int is_signed)
{
    if (isnan(e->value)) nn_page_cell(p, NN_CELL_NUMBER, "n/a");
    else if (isnan(e->lo)) nn_page_cell(p, NN_CELL_NUMBER, is_signed ? "%+.3f" : "%.3f", e->value);
    else
        nn_page_cell(p, NN_CELL_NUMBER, is_signed ? "%+.3f (%+.3f to %+.3f)" : "%.3f (%.3f to %.3f)", e->value, e->lo,
                     e->hi);
}

/* A link to a file: every byte that has a meaning in an address is written as %XX. */
static void put_link(NnPage *p, const char *path, const char *text)
{
    fputs("<a href=\"", p->out);
    for (; *path; path++) {
        if (isalnum((unsigned char)*path) || strchr("-_./", *path)) putc(*path, p->out);
        else fprintf(p->out, "%%%02X", (unsigned)(unsigned char)*path);
    }
    fputs("\">", p->out);
    nn_page_text(p, text);
    fputs("</a>", p->out);
}

static void put_links(NnPage *p, const EvalComparePage *c)
{
    int n = 0;
    for (int i = 0; c->links && i < c->matrix->n_runs; i++) {
        if (!c->links[i]) continue;
        fputs(n++ ? ", " : "<p>Their own reports: ", p->out);
        put_link(p, c->links[i], c->matrix->rows[i].name);
    }
    if (n) fputs("</p>\n", p->out);
}

static void put_summary(NnPage *p, const EvalMatrix *m)
{
    static const char *const columns[] = { "run", "trained on", "AUC, seen", "AUC, unseen", "drop" };
    static const NnPageCell kinds[] = { NN_CELL_HEAD, NN_CELL_TEXT, NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER };
    nn_page_table_begin(p, "From seen to unseen manipulations", columns, kinds, 5);
    for (int i = 0; i < m->n_runs; i++) {
        const EvalMatrixRow *row = &m->rows[i];
        nn_page_row_begin(p);
        nn_page_cell(p, NN_CELL_HEAD, "%s", row->name);
        nn_page_cell(p, NN_CELL_TEXT, "%s%s%s", row->run->source, *row->run->source ? ": " : "", row->run->trained_on);
        put_estimate(p, &row->seen, 0);
        put_estimate(p, &row->unseen, 0);
        put_estimate(p, &row->drop, 0);
        nn_page_row_end(p);
    }
    nn_page_table_end(
        p, "Means over the manipulations of all data sets, each counting alike; the drop is the one minus the "
           "other. In brackets 95 % intervals over test images.");
}

static NnStatus put_bars(NnPage *p, const EvalMatrix *m, NnErr *err)
{
    NnChartBar *bars = nn_alloc(2 * (size_t)m->n_runs, sizeof *bars);
    char(*label)[NN_TEXT_MAX] = nn_alloc(2 * (size_t)m->n_runs, sizeof *label);
    if (!bars || !label) {
        free(bars), free(label);
        return no_memory(err);
    }
    for (int i = 0; i < 2 * m->n_runs; i++) {
        const EvalEstimate *e = i % 2 ? &m->rows[i / 2].unseen : &m->rows[i / 2].seen;
        snprintf(label[i], sizeof *label, "%.100s: %s", m->rows[i / 2].name, i % 2 ? "unseen" : "seen");
        bars[i] = (NnChartBar){ .label = label[i], .value = e->value, .low = e->lo, .high = e->hi, .style = i % 2 };
    }
    const NnChartMark chance = { 0.5, "", 0 };
    const NnBarChart chart = {
        .text = { "Seen and unseen side by side",
                  "Two bars to a run: on the kinds of forgery it was trained on, and on others. Bars of "
                  "like length mean that it generalises; at the dotted line it guesses. Lines across the ends are 95 % "
                  "intervals.",
                  "mean AUC", NULL, 0 },
        .axis = { 0, 1, 0 },
        .bars = bars,
        .n = 2 * m->n_runs,
        .decimals = 3,
        .marks = &chance,
        .n_marks = 1
    };
    nn_chart_bars(p, &chart);
    free(bars), free(label);
    return NN_OK;
}

/* ---- the matrix ---- */

static int end_of_data(const EvalMatrix *m, int from)
{
    int to = from;
    while (to < m->n_columns && !strcmp(m->columns[to].data, m->columns[from].data)) to++;
    return to;
}

/* What a heat table of one data set points into. */
typedef struct {
    const char **row, **column, **notes;
    double *value;
    char *ring;
    char (*note)[NOTE_BYTES];
} Heat;

static void fill_heat(const EvalMatrix *m, int from, int to, Heat *h)
{
    for (int c = from; c < to; c++) h->column[c - from] = m->columns[c].method;
    for (int i = 0; i < m->n_runs; i++) {
        h->row[i] = m->rows[i].name;
        for (int c = from; c < to; c++) {
            const EvalRow *row = eval_matrix_cell(m, i, c)->row;
            const int at = i * (to - from) + c - from;
            h->value[at] = row ? row->auc.value : (double)NAN;
            h->ring[at] = row && row->seen == 1;
            h->notes[at] = h->note[at];
            if (row && !isnan(row->auc.lo)) snprintf(h->note[at], NOTE_BYTES, "%.2f to %.2f", row->auc.lo, row->auc.hi);
        }
    }
}

static void draw_heat(NnPage *p, const EvalMatrix *m, int from, int to, const Heat *h)
{
    char title[NN_TEXT_MAX];
    snprintf(title, sizeof title, "%.300s: AUC", m->columns[from].data);
    const NnHeatTable table = { .text = { title,
                                          "A row is a detector, a column a manipulation that it was tested on, "
                                          "against all real images. 1 (yellow) is perfect, 0.5 (dark) is guessing. "
                                          "A dashed frame: the detector was trained on that manipulation. "
                                          "Look along a row from the framed cells to the others.",
                                          "tested on", "trained detector", 0 },
                                .row = h->row,
                                .column = h->column,
                                .rows = m->n_runs,
                                .columns = to - from,
                                .value = h->value,
                                .note = h->notes,
                                .ring = h->ring,
                                .low = 0.5,
                                .high = 1,
                                .decimals = 3 };
    nn_chart_heat(p, &table);
}

static NnStatus put_heat(NnPage *p, const EvalMatrix *m, int from, int to, NnErr *err)
{
    const size_t rows = (size_t)m->n_runs, columns = (size_t)(to - from), cells = rows * columns;
    Heat h = { nn_alloc(rows, sizeof *h.row),
               nn_alloc(columns, sizeof *h.column),
               nn_alloc(cells, sizeof *h.notes),
               nn_alloc(cells, sizeof *h.value),
               nn_alloc(cells, 1),
               nn_alloc(cells, sizeof *h.note) };
    const int fits = h.row && h.column && h.notes && h.value && h.ring && h.note;
    if (fits) {
        fill_heat(m, from, to, &h);
        draw_heat(p, m, from, to, &h);
    }
    free(h.row), free(h.column), free(h.notes), free(h.value), free(h.ring), free(h.note);
    return fits ? NN_OK : no_memory(err);
}

static NnStatus put_matrix(NnPage *p, const EvalComparePage *c, NnErr *err)
{
    const EvalMatrix *m = c->matrix;
    char text[NN_TEXT_MAX];
    nn_page_section_begin(p, "matrix", "Who generalises to what?",
                          "Rows are detectors and what they were trained on; columns are what they were tested on.");
    put_links(p, c);
    put_summary(p, m);
    NN_TRY(put_bars(p, m, err));
    for (int from = 0, to; from < m->n_columns; from = to) {
        to = end_of_data(m, from);
        NN_TRY(put_heat(p, m, from, to, err));
        if (m->n_runs < 2) continue;
        eval_matrix_images_text(m, m->columns[from].data, text, sizeof text);
        nn_page_paragraph(p, "%s", text);
    }
    nn_page_section_end(p);
    return NN_OK;
}

/* ---- differences ---- */

static int has_differences(const EvalMatrix *m, int i)
{
    for (int c = 0; c < m->n_columns; c++)
        if (!isnan(eval_matrix_cell(m, i, c)->difference[EVAL_AUC].value)) return 1;
    return 0;
}

static NnStatus draw_difference(NnPage *p, const EvalMatrix *m, int i, NnErr *err)
{
    NnChartBar *bars = nn_alloc((size_t)m->n_columns, sizeof *bars);
    char(*label)[NN_TEXT_MAX] = nn_alloc((size_t)m->n_columns, sizeof *label);
    char title[NN_TEXT_MAX];
    int n = 0;
    for (int c = 0; bars && label && c < m->n_columns; c++) {
        const EvalEstimate *d = &eval_matrix_cell(m, i, c)->difference[EVAL_AUC];
        if (isnan(d->value)) continue;
        snprintf(label[n], sizeof *label, "%.100s, %.100s", m->columns[c].data, m->columns[c].method);
        bars[n] = (NnChartBar){ label[n], d->value, d->lo, d->hi, d->value < 0 };
        n++;
    }
    snprintf(title, sizeof title, "%.100s minus %.100s", m->rows[i].name, m->rows[0].name);
    const NnBarChart chart = {
        .text = { title,
                  "To the right it is better than the first run, to the left worse. A line across the end "
                  "that reaches beyond 0 means that the difference may be chance.",
                  "difference in AUC", NULL, 0 },
        .bars = bars,
        .n = n,
        .decimals = 3
    };
    if (n > 0) nn_chart_bars(p, &chart);
    const int fits = bars && label;
    free(bars), free(label);
    return fits ? NN_OK : no_memory(err);
}

static void put_difference_rows(NnPage *p, const EvalMatrix *m)
{
    static const char *const columns[] = { "run", "data set",     "manipulation", "AUC", "balanced accuracy",
                                           "IoU", "shared images" };
    static const NnPageCell kinds[] = { NN_CELL_HEAD,   NN_CELL_TEXT,   NN_CELL_TEXT,  NN_CELL_NUMBER,
                                        NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER };
    nn_page_details_begin(p, "Every difference as a table");
    nn_page_table_begin(p, NULL, columns, kinds, 7);
    for (int i = 1; i < m->n_runs; i++)
        for (int c = 0; c < m->n_columns; c++) {
            const EvalMatrixCell *cell = eval_matrix_cell(m, i, c);
            if (isnan(cell->difference[EVAL_AUC].value)) continue;
            nn_page_row_begin(p);
            nn_page_cell(p, NN_CELL_HEAD, "%s", m->rows[i].name);
            nn_page_cell(p, NN_CELL_TEXT, "%s", m->columns[c].data);
            nn_page_cell(p, NN_CELL_TEXT, "%s", m->columns[c].method);
            put_estimate(p, &cell->difference[EVAL_AUC], 1);
            put_estimate(p, &cell->difference[EVAL_BALANCED], 1);
            put_estimate(p, &cell->difference[EVAL_IOU], 1);
            nn_page_cell(p, NN_CELL_NUMBER, "%d + %d", cell->shared_real, cell->shared_fake);
            nn_page_row_end(p);
        }
    nn_page_table_end(p, "Run minus first run; in brackets 95 % intervals over test images.");
    nn_page_details_end(p);
}

static NnStatus put_differences(NnPage *p, const EvalMatrix *m, NnErr *err)
{
    int n = 0;
    for (int i = 1; i < m->n_runs; i++) n += has_differences(m, i);
    if (n == 0) return NN_OK;
    nn_page_section_begin(
        p, "differences", "Is the difference more than chance?",
        "Runs are compared on the very same images: what is hard for one is mostly hard for the other, "
        "so the difference is known better than either figure.");
    for (int i = 1, drawn = 0; i < m->n_runs && drawn < CHARTS; i++) {
        if (!has_differences(m, i)) continue;
        NN_TRY(draw_difference(p, m, i, err));
        drawn++;
    }
    if (n > CHARTS) nn_page_paragraph(p, "Charts are of the first %d runs; the table holds all.", CHARTS);
    put_difference_rows(p, m);
    nn_page_section_end(p);
    return NN_OK;
}

/* ---- ablation: means over seeds ---- */

static void put_mean(NnPage *p, const EvalComparedFigure *f)
{
    if (isnan(f->mean)) nn_page_cell(p, NN_CELL_NUMBER, "n/a");
    else if (isnan(f->sd)) nn_page_cell(p, NN_CELL_NUMBER, "%.3f", f->mean);
    else nn_page_cell(p, NN_CELL_NUMBER, "%.3f \xc2\xb1 %.3f", f->mean, f->sd);
}

static void put_systems(NnPage *p, const EvalComparison *c, int row)
{
    static const char *const columns[] = { "configuration",     "seeds",      "AUC",       "difference",
                                           "balanced accuracy", "difference", "pixel AUC", "IoU" };
    static const NnPageCell kinds[] = { NN_CELL_HEAD,   NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER,
                                        NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER };
    char title[NN_TEXT_MAX];
    const EvalComparedRow *shown = &c->rows[row];
    snprintf(title, sizeof title, "%.200s: %s%.100s", shown->data, shown->row->kind == EVAL_ROW_METHOD ? "" : "all ",
             shown->row->kind == EVAL_ROW_ALL ? "manipulations" : shown->row->name);
    nn_page_table_begin(p, title, columns, kinds, 8);
    for (int s = 0; s < c->n_systems; s++) {
        const EvalComparedFigure *f = &c->systems[s].figures[row * EVAL_COMPARED];
        nn_page_row_begin(p);
        nn_page_cell(p, NN_CELL_HEAD, "%s", c->systems[s].name);
        nn_page_cell(p, NN_CELL_NUMBER, "%d", c->systems[s].n_runs);
        put_mean(p, &f[EVAL_AUC]);
        if (s == 0) nn_page_cell(p, NN_CELL_NUMBER, "0");
        else put_estimate(p, &f[EVAL_AUC].difference, 1);
        put_mean(p, &f[EVAL_BALANCED]);
        if (s == 0) nn_page_cell(p, NN_CELL_NUMBER, "0");
        else put_estimate(p, &f[EVAL_BALANCED].difference, 1);
        put_mean(p, &f[EVAL_PIXEL_AUC]);
        put_mean(p, &f[EVAL_IOU]);
        nn_page_row_end(p);
    }
    nn_page_table_end(p, NULL);
}

static void put_ablation(NnPage *p, const EvalComparison *c)
{
    if (!c) return;
    nn_page_section_begin(
        p, "ablation", "Configurations over their seeds",
        "Runs that differ only by their seed are one configuration: the mean over seeds, how far they "
        "scatter, and the difference to the first configuration.");
    for (int row = 0; row < c->n_rows; row++)
        if (c->rows[row].row->kind != EVAL_ROW_METHOD) put_systems(p, c, row);
    nn_page_details_begin(p, "The same for every manipulation");
    for (int row = 0; row < c->n_rows; row++)
        if (c->rows[row].row->kind == EVAL_ROW_METHOD) put_systems(p, c, row);
    nn_page_details_end(p);
    nn_page_paragraph(
        p, "How to read: mean \xc2\xb1 standard deviation over seeds. A difference whose interval (in brackets, over "
           "seeds and images) holds 0 was not shown. Of many intervals one in twenty leaves out 0 by chance.");
    nn_page_section_end(p);
}

/* ---- the page ---- */

static void put_contents(NnPage *p, const EvalComparePage *c)
{
    NnPageLink links[4];
    int n = 0, paired = 0;
    for (int i = 1; i < c->matrix->n_runs; i++) paired |= has_differences(c->matrix, i);
    links[n++] = (NnPageLink){ "matrix", "Who generalises" };
    if (paired) links[n++] = (NnPageLink){ "differences", "Differences" };
    if (c->comparison) links[n++] = (NnPageLink){ "ablation", "Over seeds" };
    links[n++] = (NnPageLink){ "words", "Words" };
    nn_page_contents(p, links, n);
}

static NnStatus put_all(NnPage *p, const EvalComparePage *c, NnErr *err)
{
    NN_TRY(put_verdict(p, c, err));
    put_contents(p, c);
    NN_TRY(put_matrix(p, c, err));
    NN_TRY(put_differences(p, c->matrix, err));
    put_ablation(p, c->comparison);
    eval_page_words(p);
    return NN_OK;
}

NnStatus eval_compare_page_save(const EvalComparePage *c, const char *folder, NnErr *err)
{
    NnPage page = { 0 };
    char title[96];
    NN_TRY(nn_folder_make(folder, err));
    char *path = nn_path_join(folder, "report.html");
    snprintf(title, sizeof title, "%d detectors side by side", c->matrix->n_runs);
    NnStatus s =
        path ? nn_page_open(&page, title, "What was each trained on, and what does it find?", err) : no_memory(err);
    if (s == NN_OK) s = put_all(&page, c, err);
    if (s == NN_OK) s = nn_page_save(&page, path, err);
    else nn_page_drop(&page);
    free(path);
    return s;
}
