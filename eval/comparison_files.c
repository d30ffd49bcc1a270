/* comparison_files.c -- see comparison_files.h. Markdown and LaTeX are written from the same tables. */
#include "eval/comparison_files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/report_files.h"
#include "eval/text_table.h"
#include "nn/base/file.h"

/* What the tables show, in this order; plain accuracy, which depends on the share of forgeries, is in the CSV. */
static const struct {
    int figure;
    const char *title;
} shown[] = {
    { EVAL_AUC, "AUC" }, { EVAL_BALANCED, "balanced accuracy" }, { EVAL_PIXEL_AUC, "pixel AUC" }, { EVAL_IOU, "IoU" }
};
enum { N_SHOWN = sizeof shown / sizeof *shown };

/* ---- cells ---- */

static const EvalComparedFigure *figure_at(const EvalComparison *c, int system, int row, int figure)
{
    return &c->systems[system].figures[row * EVAL_COMPARED + figure];
}

/* "0.873 ± 0.012" */
static void add_mean(EvalTextTable *t, const EvalComparedFigure *f)
{
    if (isnan(f->mean)) eval_text_table_add(t, 0, "n/a");
    else if (isnan(f->sd)) eval_text_table_add(t, 0, "%.3f", f->mean);
    else eval_text_table_add(t, 0, "%.3f \xc2\xb1 %.3f", f->mean, f->sd);
}

/* "+0.031 [+0.010, +0.052]", bold where the interval leaves out 0. */
static void add_difference(EvalTextTable *t, const EvalComparedFigure *f, int is_first)
{
    const EvalEstimate *d = &f->difference;
    if (is_first) eval_text_table_add(t, 0, "0");
    else if (isnan(d->value)) eval_text_table_add(t, 0, "n/a");
    else if (isnan(d->lo)) eval_text_table_add(t, 0, "%+.3f", d->value);
    else eval_text_table_add(t, d->lo > 0 || d->hi < 0, "%+.3f [%+.3f, %+.3f]", d->value, d->lo, d->hi);
}

/* ---- which rows ---- */

static int is_pooled(const EvalComparison *c, int row)
{
    return c->rows[row].row->kind != EVAL_ROW_METHOD;
}

/* Does a pooled row hold just one manipulation, and say what that one's row says? */
static int repeats_another(const EvalComparison *c, int row)
{
    const EvalComparedRow *pooled = &c->rows[row];
    int n = 0;
    if (!is_pooled(c, row)) return 0;
    for (int k = 0; k < c->n_rows; k++)
        n += !is_pooled(c, k) && !strcmp(c->rows[k].data, pooled->data) &&
             (pooled->row->seen < 0 || c->rows[k].row->seen == pooled->row->seen);
    return n == 1;
}

/* The columns of a detailed table: manipulations, then all unseen and all seen where they are several. */
static int is_column(const EvalComparison *c, int row, const char *data)
{
    if (strcmp(c->rows[row].data, data) != 0) return 0;
    return c->rows[row].row->kind != EVAL_ROW_ALL && !repeats_another(c, row);
}

static void add_column_name(EvalTextTable *t, const EvalRow *row)
{
    if (row->kind != EVAL_ROW_METHOD) eval_text_table_add(t, 0, "all %s", row->name);
    else eval_text_table_add(t, 0, "%s%s", row->name, row->seen == 1 ? " (seen)" : "");
}

static int find_row(const EvalComparison *c, const char *data, EvalRowKind kind)
{
    for (int k = 0; k < c->n_rows; k++)
        if (c->rows[k].row->kind == kind && !strcmp(c->rows[k].data, data)) return k;
    return -1;
}

/* ---- tables ---- */

/* Where tables go. */
typedef struct {
    FILE *out;
    int latex, failed;
} Page;

static void put_table(Page *page, EvalTextTable *t, int level, const char *title)
{
    if (page->latex) eval_text_table_latex(page->out, t, title);
    else eval_text_table_markdown(page->out, t, level, title);
    page->failed |= t->failed;
    eval_text_table_free(t);
}

/* The columns of the overview: each a mean; of unseen manipulations also the difference where `differs`. */
static const struct {
    EvalRowKind kind;
    int figure, differs;
    const char *title;
} overview[] = {
    { EVAL_ROW_SEEN, EVAL_AUC, 0, "seen: AUC" },       { EVAL_ROW_SEEN, EVAL_BALANCED, 0, "accuracy" },
    { EVAL_ROW_SEEN, EVAL_PIXEL_AUC, 0, "pixel AUC" }, { EVAL_ROW_UNSEEN, EVAL_AUC, 1, "unseen: AUC" },
    { EVAL_ROW_UNSEEN, EVAL_BALANCED, 1, "accuracy" }, { EVAL_ROW_UNSEEN, EVAL_PIXEL_AUC, 0, "pixel AUC" }
};
enum { N_OVERVIEW = sizeof overview / sizeof *overview };

/* One line a system. */
static void put_overview(Page *page, const EvalComparison *c, const char *data)
{
    EvalTextTable t = { .n_columns = 2 };
    char title[NN_TEXT_MAX + 32];
    eval_text_table_add(&t, 0, "configuration");
    eval_text_table_add(&t, 0, "seeds");
    for (int i = 0; i < N_OVERVIEW; i++) {
        if (find_row(c, data, overview[i].kind) < 0) continue;
        eval_text_table_add(&t, 0, "%s", overview[i].title);
        if (overview[i].differs) eval_text_table_add(&t, 0, "difference");
        t.n_columns += 1 + overview[i].differs;
    }
    for (int s = 0; s < c->n_systems; s++) {
        eval_text_table_add(&t, 0, "%s", c->systems[s].name);
        eval_text_table_add(&t, 0, "%d", c->systems[s].n_runs);
        for (int i = 0; i < N_OVERVIEW; i++) {
            const int row = find_row(c, data, overview[i].kind);
            if (row < 0) continue;
            add_mean(&t, figure_at(c, s, row, overview[i].figure));
            if (overview[i].differs) add_difference(&t, figure_at(c, s, row, overview[i].figure), s == 0);
        }
    }
    snprintf(title, sizeof title, "%s: overview", data);
    put_table(page, &t, 2, title);
}

static int is_known(const EvalComparison *c, const char *data, int figure)
{
    for (int s = 0; s < c->n_systems; s++)
        for (int k = 0; k < c->n_rows; k++)
            if (is_column(c, k, data) && !isnan(figure_at(c, s, k, figure)->mean)) return 1;
    return 0;
}

static void put_detail(Page *page, const EvalComparison *c, const char *data, int which, int differences)
{
    const int figure = shown[which].figure;
    EvalTextTable t = { .n_columns = 1 };
    char title[2 * NN_TEXT_MAX];
    if (!is_known(c, data, figure)) return;
    eval_text_table_add(&t, 0, "configuration");
    for (int k = 0; k < c->n_rows; k++) {
        if (!is_column(c, k, data)) continue;
        add_column_name(&t, c->rows[k].row);
        t.n_columns++;
    }
    for (int s = differences ? 1 : 0; s < c->n_systems; s++) {
        eval_text_table_add(&t, 0, "%s", c->systems[s].name);
        for (int k = 0; k < c->n_rows; k++) {
            if (!is_column(c, k, data)) continue;
            if (differences) add_difference(&t, figure_at(c, s, k, figure), 0);
            else add_mean(&t, figure_at(c, s, k, figure));
        }
    }
    snprintf(title, sizeof title, "%s: %s%s%.200s", data, shown[which].title, differences ? ", difference to " : "",
             differences ? c->systems[0].name : "");
    put_table(page, &t, 3, title);
}

static void put_tables(Page *page, const EvalComparison *c)
{
    for (int k = 0; k < c->n_rows; k++) {
        const char *data = c->rows[k].data;
        if (k > 0 && !strcmp(c->rows[k - 1].data, data)) continue;
        put_overview(page, c, data);
        for (int f = 0; f < N_SHOWN; f++)
            for (int differences = 0; differences < (c->n_systems > 1 ? 2 : 1); differences++)
                put_detail(page, c, data, f, differences);
    }
}

/* ---- files ---- */

static const char *how_sure(const EvalComparison *c)
{
    if (!eval_comparison_has_intervals(c)) return ". ";
    return c->resamples > 0 ? "; in brackets their 95 % intervals over seeds and images (pixel AUC: over seeds alone), "
                              "bold where they leave out 0. Of many intervals one in twenty leaves out 0 by chance. "
                            : "; in brackets their 95 % intervals over seeds alone, bold where they leave out 0. Of "
                              "many intervals one in twenty leaves out 0 by chance. ";
}

/* How to read the tables, and which differences rest on fewer seeds. */
static void put_notes(FILE *out, const EvalComparison *c, const char *begin, void (*put)(FILE *, const char *))
{
    char text[NN_TEXT_MAX];
    fputs(begin, out);
    put(out, "Means over seeds \xc2\xb1 standard deviation. ");
    if (c->n_systems > 1) {
        snprintf(text, sizeof text, "Differences are to %.200s, on the same test images with the same seeds",
                 c->systems[0].name);
        put(out, text);
        put(out, how_sure(c));
    }
    put(out, "Accuracy is balanced, at the threshold chosen on the source's validation images.");
    for (int s = 1; s < c->n_systems; s++) {
        const EvalSystem *system = &c->systems[s];
        if (system->shared == system->n_runs && system->shared == c->systems[0].n_runs) continue;
        snprintf(text, sizeof text, " %.200s: %d of its %d seeds are shared with %.200s.", system->name, system->shared,
                 system->n_runs, c->systems[0].name);
        put(out, text);
    }
    putc('\n', out);
}

static void put_plain(FILE *out, const char *text)
{
    fputs(text, out);
}

static char *finish_page(Page *page, char **text)
{
    page->failed |= ferror(page->out);
    page->failed |= fclose(page->out) != 0;
    if (!page->failed) return *text;
    free(*text);
    return NULL;
}

char *eval_comparison_markdown(const EvalComparison *c)
{
    char *text = NULL;
    size_t len;
    Page page = { .out = open_memstream(&text, &len) };
    if (!page.out) return NULL;
    put_tables(&page, c);
    put_notes(page.out, c, "", put_plain);
    return finish_page(&page, &text);
}

char *eval_comparison_latex(const EvalComparison *c)
{
    char *text = NULL;
    size_t len;
    Page page = { .out = open_memstream(&text, &len), .latex = 1 };
    if (!page.out) return NULL;
    put_tables(&page, c);
    put_notes(page.out, c, "\\noindent ", eval_latex_text);
    return finish_page(&page, &text);
}

static void put_figures(FILE *out, const EvalComparison *c, int s, int k)
{
    static const char *const seen[] = { "", "0", "1" };
    for (int f = 0; f < EVAL_COMPARED; f++) {
        const EvalComparedFigure *figure = figure_at(c, s, k, f);
        eval_csv_text(out, c->systems[s].name);
        putc(',', out);
        eval_csv_text(out, c->rows[k].data);
        putc(',', out);
        eval_csv_text(out, c->rows[k].row->name);
        fprintf(out, ",%s,%s,%s,%d", seen[c->rows[k].row->seen + 1], is_pooled(c, k) ? "pooled" : "manipulation",
                eval_compared_names[f], c->systems[s].n_runs);
        eval_csv_number(out, figure->mean);
        eval_csv_number(out, figure->sd);
        eval_csv_number(out, figure->difference.value);
        eval_csv_number(out, figure->difference.lo);
        eval_csv_number(out, figure->difference.hi);
        fprintf(out, ",%d\n", s == 0 ? 0 : c->systems[s].shared);
    }
}

char *eval_comparison_csv(const EvalComparison *c)
{
    char *text = NULL;
    size_t len;
    Page page = { .out = open_memstream(&text, &len) };
    if (!page.out) return NULL;
    fputs("configuration,data,method,seen,row,figure,seeds,mean,sd,difference,lo,hi,shared_seeds\n", page.out);
    for (int s = 0; s < c->n_systems; s++)
        for (int k = 0; k < c->n_rows; k++) put_figures(page.out, c, s, k);
    return finish_page(&page, &text);
}

NnStatus eval_comparison_save(const EvalComparison *c, const char *folder, NnErr *err)
{
    NN_TRY(nn_folder_make(folder, err));
    NN_TRY(eval_text_save(folder, "comparison.csv", eval_comparison_csv(c), err));
    NN_TRY(eval_text_save(folder, "comparison.tex", eval_comparison_latex(c), err));
    return eval_text_save(folder, "comparison.md", eval_comparison_markdown(c), err);
}
