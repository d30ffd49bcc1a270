/* compare_seeds.c -- the section of the comparison page on configurations that were trained from several seeds. */
#include <math.h>
#include <stdio.h>

#include "eval/compare_page.h"
#include "nn/base/settings.h"

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
        else eval_compare_put_estimate(p, &f[EVAL_AUC].difference, 1);
        put_mean(p, &f[EVAL_BALANCED]);
        if (s == 0) nn_page_cell(p, NN_CELL_NUMBER, "0");
        else eval_compare_put_estimate(p, &f[EVAL_BALANCED].difference, 1);
        put_mean(p, &f[EVAL_PIXEL_AUC]);
        put_mean(p, &f[EVAL_IOU]);
        nn_page_row_end(p);
    }
    nn_page_table_end(p, NULL);
}

/* Without resamples a spread over seeds still gives an interval. */
static const char *how_to_read(const EvalComparison *c)
{
    if (!eval_comparison_has_intervals(c)) return "";
    return c->resamples > 0
               ? " A difference whose interval (in brackets, over seeds and images) holds 0 was not shown. "
                 "Of many intervals one in twenty leaves out 0 by chance."
               : " A difference whose interval (in brackets, over seeds alone) holds 0 was not shown. "
                 "Of many intervals one in twenty leaves out 0 by chance.";
}

void eval_compare_seeds(NnPage *p, const EvalComparison *c)
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
    nn_page_paragraph(p, "How to read: mean \xc2\xb1 standard deviation over seeds.%s", how_to_read(c));
    nn_page_section_end(p);
}
