/* compare_differences.c -- the section of the comparison page on paired differences to the first run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "eval/compare_page.h"
#include "nn/base/settings.h"
#include "nn/base/size.h"

enum { CHARTS = 6 };

int eval_compare_has_differences(const EvalMatrix *m, int i)
{
    for (int c = 0; c < m->n_columns; c++)
        if (!isnan(eval_matrix_cell(m, i, c)->difference[EVAL_AUC].value)) return 1;
    return 0;
}

static int has_intervals(const EvalMatrix *m, int i)
{
    for (int c = 0; c < m->n_columns; c++)
        if (!isnan(eval_matrix_cell(m, i, c)->difference[EVAL_AUC].lo)) return 1;
    return 0;
}

#define SIDES  "To the right it is better than the first run, to the left worse."
#define CHANCE " A line across the end that reaches beyond 0 means that the difference may be chance."

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
    const NnBarChart chart = { .text = { title, has_intervals(m, i) ? SIDES CHANCE : SIDES, "difference in AUC", NULL,
                                         0 },
                               .bars = bars,
                               .n = n,
                               .decimals = 3 };
    if (n > 0) nn_chart_bars(p, &chart);
    const int fits = bars && label;
    free(bars), free(label);
    return fits ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "report: out of memory");
}

static void put_difference_rows(NnPage *p, const EvalMatrix *m)
{
    static const char *const columns[] = { "run", "data set",     "manipulation", "AUC", "balanced accuracy",
                                           "IoU", "shared images" };
    static const NnPageCell kinds[] = { NN_CELL_HEAD,   NN_CELL_TEXT,   NN_CELL_TEXT,  NN_CELL_NUMBER,
                                        NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER };
    int intervals = 0;
    nn_page_details_begin(p, "Every difference as a table");
    nn_page_table_begin(p, NULL, columns, kinds, 7);
    for (int i = 1; i < m->n_runs; i++) {
        intervals |= has_intervals(m, i);
        for (int c = 0; c < m->n_columns; c++) {
            const EvalMatrixCell *cell = eval_matrix_cell(m, i, c);
            if (isnan(cell->difference[EVAL_AUC].value)) continue;
            nn_page_row_begin(p);
            nn_page_cell(p, NN_CELL_HEAD, "%s", m->rows[i].name);
            nn_page_cell(p, NN_CELL_TEXT, "%s", m->columns[c].data);
            nn_page_cell(p, NN_CELL_TEXT, "%s", m->columns[c].method);
            eval_compare_put_estimate(p, &cell->difference[EVAL_AUC], 1);
            eval_compare_put_estimate(p, &cell->difference[EVAL_BALANCED], 1);
            eval_compare_put_estimate(p, &cell->difference[EVAL_IOU], 1);
            nn_page_cell(p, NN_CELL_NUMBER, "%d + %d", cell->shared_real, cell->shared_fake);
            nn_page_row_end(p);
        }
    }
    nn_page_table_end(p, intervals ? "Run minus first run; in brackets 95 % intervals over test images."
                                   : "Run minus first run. No intervals were computed, so any may be chance.");
    nn_page_details_end(p);
}

NnStatus eval_compare_differences(NnPage *p, const EvalMatrix *m, NnErr *err)
{
    int n = 0;
    for (int i = 1; i < m->n_runs; i++) n += eval_compare_has_differences(m, i);
    if (n == 0) return NN_OK;
    nn_page_section_begin(
        p, "differences", "Is the difference more than chance?",
        "Runs are compared on the very same images: what is hard for one is mostly hard for the other, "
        "so the difference is known better than either figure.");
    for (int i = 1, drawn = 0; i < m->n_runs && drawn < CHARTS; i++) {
        if (!eval_compare_has_differences(m, i)) continue;
        NN_TRY(draw_difference(p, m, i, err));
        drawn++;
    }
    if (n > CHARTS) nn_page_paragraph(p, "Charts are of the first %d runs; the table holds all.", CHARTS);
    put_difference_rows(p, m);
    nn_page_section_end(p);
    return NN_OK;
}
