/* eval_page_tables.c -- the sections of report.html that are tables: who generalises, and where the map looks. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/eval_page.h"
#include "eval/verdict.h"
#include "nn/base/size.h"

/* ---- a heat table of AUCs ---- */

enum { NOTE_BYTES = 48 };

/* Rows are data sets, columns the manipulations of all of them. */
typedef struct {
    int rows, columns;
    const char **row, **column, **notes;
    double *value;
    char *ring;
    char (*note)[NOTE_BYTES];
} Heat;

static int find_column(const Heat *h, const char *name)
{
    for (int c = 0; c < h->columns; c++)
        if (!strcmp(h->column[c], name)) return c;
    return -1;
}

static void list_columns(Heat *h, const EvalReportPage *r)
{
    for (int seen = 1; seen >= 0; seen--)
        for (int i = 0; i < r->n; i++)
            for (int k = 0; k < r->reports[i].rows.n; k++) {
                const EvalRow *row = &r->reports[i].rows.rows[k];
                if (row->kind != EVAL_ROW_METHOD || row->seen != seen || find_column(h, row->name) >= 0) continue;
                h->column[h->columns++] = row->name;
            }
}

static void fill_heat(Heat *h, const EvalReportPage *r)
{
    for (int i = 0; i < h->rows * h->columns; i++) h->value[i] = (double)NAN, h->notes[i] = h->note[i];
    for (int i = 0; i < r->n; i++) {
        h->row[i] = r->reports[i].results.name;
        for (int k = 0; k < r->reports[i].rows.n; k++) {
            const EvalRow *row = &r->reports[i].rows.rows[k];
            if (row->kind != EVAL_ROW_METHOD) continue;
            const int at = i * h->columns + find_column(h, row->name);
            h->value[at] = row->auc.value;
            h->ring[at] = row->seen == 1;
            if (!isnan(row->auc.lo)) snprintf(h->note[at], NOTE_BYTES, "%.2f to %.2f", row->auc.lo, row->auc.hi);
        }
    }
}

static void draw_heat(NnPage *p, const Heat *h)
{
    const NnHeatTable table = {
        .text = { "AUC of each manipulation",
                  "A cell sets all real images of the data set against the forgeries of one manipulation. "
                  "1 (yellow) is perfect, 0.5 (dark) is guessing. Cells in a dashed frame are manipulations "
                  "that the detector was trained on; the small print is the 95 % interval. A detector that has "
                  "learned forging, and not only its training data, is as bright outside the frames as inside.",
                  "manipulation", "data set", 0 },
        .row = h->row,
        .column = h->column,
        .rows = h->rows,
        .columns = h->columns,
        .value = h->value,
        .note = h->notes,
        .ring = h->ring,
        .low = 0.5,
        .high = 1,
        .decimals = 3
    };
    if (h->columns > 0) nn_chart_heat(p, &table);
}

static NnStatus put_heat(NnPage *p, const EvalReportPage *r, NnErr *err)
{
    size_t room = 1;
    for (int i = 0; i < r->n; i++) room += (size_t)r->reports[i].rows.n;
    const size_t cells = room * (size_t)(r->n + 1);
    Heat h = { .rows = r->n,
               .row = nn_alloc((size_t)r->n + 1, sizeof *h.row),
               .column = nn_alloc(room, sizeof *h.column),
               .notes = nn_alloc(cells, sizeof *h.notes),
               .value = nn_alloc(cells, sizeof *h.value),
               .ring = nn_alloc(cells, 1),
               .note = nn_alloc(cells, sizeof *h.note) };
    const int fits = h.row && h.column && h.notes && h.value && h.ring && h.note;
    if (fits) {
        list_columns(&h, r);
        fill_heat(&h, r);
        draw_heat(p, &h);
    }
    free(h.row), free(h.column), free(h.notes), free(h.value), free(h.ring), free(h.note);
    return fits ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "report: out of memory");
}

/* ---- figures ---- */

static void put_figure(NnPage *p, double v)
{
    if (isnan(v)) nn_page_cell(p, NN_CELL_NUMBER, "n/a");
    else nn_page_cell(p, NN_CELL_NUMBER, "%.3f", v);
}

static void put_estimate(NnPage *p, const EvalEstimate *e)
{
    if (isnan(e->value) || isnan(e->lo)) put_figure(p, e->value);
    else nn_page_cell(p, NN_CELL_NUMBER, "%.3f (%.3f to %.3f)", e->value, e->lo, e->hi);
}

static void put_name(NnPage *p, const EvalRow *row)
{
    if (row->kind == EVAL_ROW_METHOD)
        nn_page_cell(p, NN_CELL_HEAD, "%s (%s)", row->name, row->seen == 1 ? "seen" : "unseen");
    else nn_page_cell(p, NN_CELL_HEAD, row->kind == EVAL_ROW_ALL ? "all together" : "all %s", row->name);
}

static void put_figures(NnPage *p, const EvalResults *results, const EvalRows *rows)
{
    static const char *const columns[] = {
        "manipulation", "real", "forged", "AUC", "balanced accuracy", "accuracy", "found at 1 % false alarms",
        "AP",           "EER"
    };
    static const NnPageCell kinds[] = { NN_CELL_HEAD,   NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER,
                                        NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER };
    char title[NN_TEXT_MAX + 64];
    snprintf(title, sizeof title, "%s: figures of %s with their 95 %% intervals", results->name,
             results->level == EVAL_VIDEO ? "whole videos" : "single images");
    nn_page_table_begin(p, title, columns, kinds, 9);
    for (int k = 0; k < rows->n; k++) {
        const EvalRow *row = &rows->rows[k];
        nn_page_row_begin(p);
        put_name(p, row);
        nn_page_cell(p, NN_CELL_NUMBER, "%d", row->n_real);
        nn_page_cell(p, NN_CELL_NUMBER, "%d", row->n_fake);
        put_estimate(p, &row->auc);
        put_estimate(p, &row->balanced);
        put_estimate(p, &row->accuracy);
        put_figure(p, row->tpr_fpr01);
        put_figure(p, row->ap);
        put_figure(p, row->eer);
        nn_page_row_end(p);
    }
    nn_page_table_end(
        p, "Every row holds all real images (or videos). Accuracies are at the threshold; \"found at 1 % false "
           "alarms\" is the share of forgeries found where at most one real image in a hundred is called "
           "forged. AP depends on how many forgeries there are. An interval that reaches 0.5 in AUC or "
           "balanced accuracy does not rule out guessing.");
}

NnStatus eval_page_generalisation(NnPage *p, const EvalReportPage *r, NnErr *err)
{
    nn_page_section_begin(p, "generalisation", "Does it find kinds of forgery that it was not trained on?",
                          "That is the question which decides what a detector is worth outside its laboratory.");
    NN_TRY(put_heat(p, r, err));
    for (int i = 0; i < r->n; i++) {
        put_figures(p, &r->reports[i].results, &r->reports[i].rows);
        if (r->reports[i].videos.n > 0) put_figures(p, &r->reports[i].videos, &r->reports[i].video_rows);
    }
    nn_page_section_end(p);
    return NN_OK;
}

/* ---- where? ---- */

static void put_places(NnPage *p, const EvalReport *report)
{
    static const char *const columns[] = { "manipulation", "with a mask",  "pixel AUC",          "of the prior",
                                           "IoU",          "of the prior", "IoU above the prior" };
    static const NnPageCell kinds[] = { NN_CELL_HEAD,   NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER,
                                        NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER };
    char title[NN_TEXT_MAX + 64];
    snprintf(title, sizeof title, "%s: the map beside one that never looks at the picture", report->results.name);
    nn_page_table_begin(p, title, columns, kinds, 7);
    for (int k = 0; k < report->rows.n; k++) {
        const EvalRow *row = &report->rows.rows[k];
        const EvalEstimate gain = eval_iou_gain(&report->results, row);
        if (row->n_masks == 0) continue;
        nn_page_row_begin(p);
        put_name(p, row);
        nn_page_cell(p, NN_CELL_NUMBER, "%d", row->n_masks);
        put_figure(p, row->pixel_auc);
        put_figure(p, row->pixel_auc_prior);
        put_figure(p, row->iou);
        put_figure(p, row->iou_prior);
        if (isnan(gain.value)) nn_page_cell(p, NN_CELL_NUMBER, "n/a");
        else nn_page_cell(p, NN_CELL_NUMBER, "%+.3f (%+.3f to %+.3f)", gain.value, gain.lo, gain.hi);
        nn_page_row_end(p);
    }
    nn_page_table_end(
        p, "The prior is the mean mask of the training forgeries: it always points at the same place, and as "
           "forgeries often sit in the middle it alone scores well. The map has found something only where "
           "it is better; the last column says by how much, with a 95 % interval.");
}

void eval_page_places(NnPage *p, const EvalReportPage *r)
{
    nn_page_section_begin(p, "places", "Does its map show where the forgery is?", NULL);
    for (int i = 0; i < r->n; i++) {
        const EvalRow *all = eval_rows_find(&r->reports[i].rows, EVAL_ROW_ALL);
        if (all && all->n_masks > 0) put_places(p, &r->reports[i]);
        else nn_page_paragraph(p, "%s has no masks, so nobody can tell.", r->reports[i].results.name);
    }
    nn_page_section_end(p);
}
