/* compare_matrix.c -- the section of the comparison page that asks who generalises to what: the runs in a line each,
 * and a heat table for each data set. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/compare_page.h"
#include "eval/matrix_files.h"
#include "nn/base/settings.h"
#include "nn/base/size.h"

enum { NOTE_BYTES = 48 };

static NnStatus no_memory(NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "report: out of memory");
}

/* ---- the runs ---- */

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

/* Of the means and drops; those of cells and differences were computed when their runs were judged, or not at all. */
static int has_intervals(const EvalMatrix *m)
{
    for (int i = 0; i < m->n_runs; i++)
        if (!isnan(m->rows[i].seen.lo) || !isnan(m->rows[i].unseen.lo) || !isnan(m->rows[i].drop.lo)) return 1;
    return 0;
}

#define MEANS "Means over the manipulations of all data sets, each counting alike; the drop is the one minus the other."

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
        eval_compare_put_estimate(p, &row->seen, 0);
        eval_compare_put_estimate(p, &row->unseen, 0);
        eval_compare_put_estimate(p, &row->drop, 0);
        nn_page_row_end(p);
    }
    nn_page_table_end(p, has_intervals(m) ? MEANS " In brackets 95 % intervals over test images." : MEANS);
}

#define BARS                                                                                                           \
    "Two bars to a run: on the kinds of forgery it was trained on, and on others. Bars of like length mean "           \
    "that it generalises; at the dotted line it guesses."

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
    const NnBarChart chart = { .text = { "Seen and unseen side by side",
                                         has_intervals(m) ? BARS " Lines across the ends are 95 % intervals." : BARS,
                                         "mean AUC", NULL, 0 },
                               .axis = { 0, 1, 0 },
                               .bars = bars,
                               .n = 2 * m->n_runs,
                               .decimals = 3,
                               .marks = &chance,
                               .n_marks = 1 };
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
    int has_notes; /* any interval */
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
            if (!row || isnan(row->auc.lo)) continue;
            snprintf(h->note[at], NOTE_BYTES, "%.2f to %.2f", row->auc.lo, row->auc.hi);
            h->has_notes = 1;
        }
    }
}

static void draw_heat(NnPage *p, const EvalMatrix *m, int from, int to, const Heat *h)
{
    char title[NN_TEXT_MAX], how[NN_TEXT_MAX];
    snprintf(
        how, sizeof how,
        "A row is a detector, a column a manipulation that it was tested on, against all real images. 1 (yellow) is "
        "perfect, 0.5 (dark) is guessing%s. A dashed frame: the detector was trained on that manipulation. Look "
        "along a row from the framed cells to the others.",
        h->has_notes ? "; the small print is the 95 % interval" : "");
    snprintf(title, sizeof title, "%.300s: AUC", m->columns[from].data);
    const NnHeatTable table = { .text = { title, how, "tested on", "trained detector", 0 },
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
               nn_alloc(cells, sizeof *h.note),
               0 };
    const int fits = h.row && h.column && h.notes && h.value && h.ring && h.note;
    if (fits) {
        fill_heat(m, from, to, &h);
        draw_heat(p, m, from, to, &h);
    }
    free(h.row), free(h.column), free(h.notes), free(h.value), free(h.ring), free(h.note);
    return fits ? NN_OK : no_memory(err);
}

NnStatus eval_compare_matrix(NnPage *p, const EvalComparePage *c, NnErr *err)
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
