/* matrix_files.c -- see matrix_files.h. */
#include "eval/matrix_files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/report_files.h"
#include "eval/text_table.h"
#include "nn/base/file.h"

enum { ACROSS_FIGURES = 6, ACROSS_DIFFERENCES = 3 }; /* columns that a line of a terminal has room for */

static const char *const figure_names[EVAL_WEIGHED] = { "auc", "accuracy", "balanced_accuracy", "iou" };

/* ---- words ---- */

void eval_matrix_images_text(const EvalMatrix *m, const char *data, char *out, size_t room)
{
    int n[EVAL_IMAGES_NONE + 1] = { 0 };
    for (int i = 1; i < m->n_runs; i++) n[eval_matrix_shared(m, i, data)]++;
    if (n[EVAL_IMAGES_SAME] == m->n_runs - 1)
        snprintf(out, room, "%s: every run judged the same images; differences are paired image by image.", data);
    else if (n[EVAL_IMAGES_OTHER] + n[EVAL_IMAGES_NONE] == m->n_runs - 1)
        snprintf(out, room,
                 "%s: no other run judged the images that %s judged (each has a test split of its own), so the figures "
                 "stand side by side but no difference is given; --data NAME=PATH tests all runs on the same images.",
                 data, m->rows[0].name);
    else
        snprintf(out, room,
                 "%s: of the other runs %d judged the same images as %s, %d some of them, %d none; differences are "
                 "taken on shared images alone.",
                 data, n[EVAL_IMAGES_SAME], m->rows[0].name, n[EVAL_IMAGES_SOME],
                 n[EVAL_IMAGES_OTHER] + n[EVAL_IMAGES_NONE]);
}

/* ---- Markdown ---- */

typedef struct {
    FILE *out;
    int failed;
} Page;

static void put_table(Page *page, EvalTextTable *t, int level, const char *title)
{
    eval_text_table_markdown(page->out, t, level, title);
    page->failed |= t->failed;
    eval_text_table_free(t);
}

static void add_estimate(EvalTextTable *t, const EvalEstimate *e)
{
    if (isnan(e->value)) eval_text_table_add(t, 0, "n/a");
    else if (isnan(e->lo)) eval_text_table_add(t, 0, "%.3f", e->value);
    else eval_text_table_add(t, 0, "%.3f [%.3f, %.3f]", e->value, e->lo, e->hi);
}

/* Bold where the interval leaves out 0. */
static void add_difference(EvalTextTable *t, const EvalEstimate *d)
{
    if (isnan(d->value)) eval_text_table_add(t, 0, "n/a");
    else if (isnan(d->lo)) eval_text_table_add(t, 0, "%+.3f", d->value);
    else eval_text_table_add(t, d->lo > 0 || d->hi < 0, "%+.3f [%+.3f, %+.3f]", d->value, d->lo, d->hi);
}

static void put_summary(Page *page, const EvalMatrix *m)
{
    EvalTextTable t = { .n_columns = 5 };
    const char *const titles[] = { "run", "trained on", "AUC seen", "AUC unseen", "drop" };
    for (int i = 0; i < 5; i++) eval_text_table_add(&t, 0, "%s", titles[i]);
    for (int i = 0; i < m->n_runs; i++) {
        const EvalMatrixRow *row = &m->rows[i];
        eval_text_table_add(&t, 0, "%.60s", row->name);
        eval_text_table_add(&t, 0, "%.60s%s%.100s", row->run->source, *row->run->source ? ": " : "",
                            row->run->trained_on);
        add_estimate(&t, &row->seen);
        add_estimate(&t, &row->unseen);
        add_estimate(&t, &row->drop);
    }
    put_table(page, &t, 2, "From seen to unseen manipulations");
}

static void add_figure(EvalTextTable *t, const EvalMatrixCell *cell)
{
    if (!cell->row) eval_text_table_add(t, 0, "-");
    else if (isnan(cell->row->auc.value)) eval_text_table_add(t, 0, "n/a");
    else eval_text_table_add(t, 0, "%.3f%s", cell->row->auc.value, cell->row->seen == 1 ? " seen" : "");
}

/* Columns from..to, all of one data set; of differences, where asked for, without the first run. */
static void put_block(Page *page, const EvalMatrix *m, int from, int to, int differences)
{
    EvalTextTable t = { .n_columns = 1 + to - from };
    char title[2 * EVAL_CELL_MAX];
    eval_text_table_add(&t, 0, "trained on \\ tested on");
    for (int c = from; c < to; c++) eval_text_table_add(&t, 0, "%.60s", m->columns[c].method);
    for (int i = differences; i < m->n_runs; i++) {
        eval_text_table_add(&t, 0, "%.60s", m->rows[i].name);
        for (int c = from; c < to; c++) {
            const EvalMatrixCell *cell = eval_matrix_cell(m, i, c);
            if (differences) add_difference(&t, &cell->difference[EVAL_AUC]);
            else add_figure(&t, cell);
        }
    }
    snprintf(title, sizeof title, "%.120s: AUC%s%.120s", m->columns[from].data, differences ? ", difference to " : "",
             differences ? m->rows[0].name : "");
    put_table(page, &t, 3, title);
}

static int end_of_data(const EvalMatrix *m, int from)
{
    int to = from;
    while (to < m->n_columns && !strcmp(m->columns[to].data, m->columns[from].data)) to++;
    return to;
}

static int has_differences(const EvalMatrix *m, int from, int to)
{
    for (int i = 1; i < m->n_runs; i++)
        for (int c = from; c < to; c++)
            if (!isnan(eval_matrix_cell(m, i, c)->difference[EVAL_AUC].value)) return 1;
    return 0;
}

static void put_data(Page *page, const EvalMatrix *m, int from, int to)
{
    char text[NN_TEXT_MAX];
    for (int differences = 0; differences <= has_differences(m, from, to); differences++) {
        const int step = differences ? ACROSS_DIFFERENCES : ACROSS_FIGURES;
        for (int c = from; c < to; c += step) put_block(page, m, c, c + step < to ? c + step : to, differences);
    }
    if (m->n_runs < 2) return;
    eval_matrix_images_text(m, m->columns[from].data, text, sizeof text);
    fprintf(page->out, "%s\n\n", text);
}

char *eval_matrix_markdown(const EvalMatrix *m)
{
    char *text = NULL;
    size_t len;
    Page page = { .out = open_memstream(&text, &len) };
    if (!page.out) return NULL;
    put_summary(&page, m);
    for (int from = 0, to; from < m->n_columns; from = to) {
        to = end_of_data(m, from);
        put_data(&page, m, from, to);
    }
    fputs(
        "How to read it: a row is a detector, a column a manipulation that it was tested on, against all real images "
        "of that data set; \"seen\" marks what the detector was trained on. AUC .5 is chance, 1 perfect. AUC seen and "
        "AUC unseen are means over columns, each counting alike; the drop is the one minus the other.",
        page.out);
    fputs(m->resamples > 0 ? " In brackets 95 % intervals over test images (training again would add to them); "
                             "differences are bold where theirs leaves out 0, as one in twenty does by chance.\n"
                           : "\n",
          page.out);
    char *finished = nn_text_finish(page.out, &text);
    if (!page.failed) return finished;
    free(finished);
    return NULL;
}

/* ---- CSV ---- */

static void put_estimate(FILE *out, const EvalEstimate *e)
{
    eval_csv_number(out, e->value);
    eval_csv_number(out, e->lo);
    eval_csv_number(out, e->hi);
}

static EvalEstimate figure_of(const EvalRow *row, int f)
{
    const EvalEstimate iou = { row->iou, (double)NAN, (double)NAN };
    const EvalEstimate figures[EVAL_WEIGHED] = { row->auc, row->accuracy, row->balanced, iou };
    return figures[f];
}

static void put_cell(FILE *out, const EvalMatrix *m, int run, int column)
{
    const EvalMatrixCell *cell = eval_matrix_cell(m, run, column);
    for (int f = 0; cell->row && f < EVAL_WEIGHED; f++) {
        const EvalEstimate figure = figure_of(cell->row, f);
        eval_csv_text(out, m->rows[run].name);
        putc(',', out);
        eval_csv_text(out, m->rows[run].run->trained_on);
        putc(',', out);
        eval_csv_text(out, m->columns[column].data);
        putc(',', out);
        eval_csv_text(out, m->columns[column].method);
        fprintf(out, ",%d,%d,%d,%s", cell->row->seen == 1, cell->row->n_real, cell->row->n_fake, figure_names[f]);
        put_estimate(out, &figure);
        put_estimate(out, &cell->difference[f]);
        fprintf(out, ",%d,%d\n", cell->shared_real, cell->shared_fake);
    }
}

char *eval_matrix_csv(const EvalMatrix *m)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (!out) return NULL;
    fputs("run,trained_on,data,method,seen,n_real,n_fake,figure,value,lo,hi,difference,difference_lo,difference_hi,"
          "shared_real,shared_fake\n",
          out);
    for (int i = 0; i < m->n_runs; i++)
        for (int c = 0; c < m->n_columns; c++) put_cell(out, m, i, c);
    return nn_text_finish(out, &text);
}

/* ---- JSON ---- */

static json_t *cell_json(const EvalMatrix *m, int run, int column)
{
    const EvalMatrixCell *cell = eval_matrix_cell(m, run, column);
    if (!cell->row) return json_null();
    json_t *j =
        json_pack("{s:b, s:i, s:i, s:i, s:i}", "seen", cell->row->seen == 1, "n_real", cell->row->n_real, "n_fake",
                  cell->row->n_fake, "shared_real", cell->shared_real, "shared_fake", cell->shared_fake);
    for (int f = 0; f < EVAL_WEIGHED; f++) {
        const EvalEstimate figure = figure_of(cell->row, f);
        json_t *both = eval_estimate_json(&figure);
        json_object_set_new(both, "difference", run ? eval_estimate_json(&cell->difference[f]) : json_null());
        json_object_set_new(j, figure_names[f], both);
    }
    return j;
}

static json_t *row_json(const EvalMatrix *m, int run)
{
    const EvalMatrixRow *row = &m->rows[run];
    json_t *cells = json_array();
    for (int c = 0; c < m->n_columns; c++) json_array_append_new(cells, cell_json(m, run, c));
    return json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "run", eval_text_json(row->name), "source",
                     eval_text_json(row->run->source), "trained_on", eval_text_json(row->run->trained_on), "seed",
                     (json_int_t)row->run->seed, "auc_seen", eval_estimate_json(&row->seen), "auc_unseen",
                     eval_estimate_json(&row->unseen), "drop_auc", eval_estimate_json(&row->drop), "cells", cells);
}

json_t *eval_matrix_json(const EvalMatrix *m)
{
    json_t *columns = json_array(), *rows = json_array();
    for (int c = 0; c < m->n_columns; c++)
        json_array_append_new(columns, json_pack("{s:o, s:o}", "data", eval_text_json(m->columns[c].data), "method",
                                                 eval_text_json(m->columns[c].method)));
    for (int i = 0; i < m->n_runs; i++) json_array_append_new(rows, row_json(m, i));
    return json_pack("{s:{s:i, s:I, s:s}, s:o, s:o}", "bootstrap", "resamples", m->resamples, "seed",
                     (json_int_t)m->seed, "unit", "group", "columns", columns, "rows", rows);
}

static char *json_text(const EvalMatrix *m)
{
    json_t *root = json_pack("{s:s, s:o}", "version", LOCUS_VERSION, "matrix", eval_matrix_json(m));
    char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(root);
    return text;
}

/* ---- files ---- */

NnStatus eval_matrix_save(const EvalMatrix *m, const char *folder, NnErr *err)
{
    NN_TRY(nn_folder_make(folder, err));
    NN_TRY(eval_text_save(folder, "matrix.csv", eval_matrix_csv(m), err));
    NN_TRY(eval_text_save(folder, "matrix.md", eval_matrix_markdown(m), err));
    return eval_text_save(folder, "eval.json", json_text(m), err);
}
