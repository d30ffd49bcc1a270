/* eval_page_training.c -- the section of report.html on how the detector was trained, from metrics.csv in its folder. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/csv.h"
#include "eval/eval_page.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

enum { FILE_BYTES_MAX = 256 << 20, TERMS = 8, NAME_BYTES = 64 };

/* ---- metrics.csv ---- */

/* Numbers by column; what is empty or no number is NAN. */
typedef struct {
    int n, columns, room;
    char (*name)[NAME_BYTES]; /* [columns] */
    double *value;            /* [n][columns] */
    char *is_train;           /* [n] */
} Table;

static int find_column(const Table *t, const char *name)
{
    for (int c = 0; c < t->columns; c++)
        if (!strcmp(t->name[c], name)) return c;
    return -1;
}

static NnStatus no_memory(NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "report: out of memory");
}

static NnStatus read_head(Table *t, const DataCsv *csv, NnErr *err)
{
    t->columns = csv->n;
    t->name = nn_alloc((size_t)csv->n + 1, sizeof *t->name);
    if (!t->name) return no_memory(err);
    for (int c = 0; c < csv->n; c++) snprintf(t->name[c], NAME_BYTES, "%.*s", NAME_BYTES - 1, csv->fields[c]);
    if (find_column(t, "step") >= 0 && find_column(t, "split") >= 0 && find_column(t, "loss") >= 0) return NN_OK;
    return nn_fail(err, NN_ERR_DATA, "%s: expected columns step, split and loss", csv->name);
}

static NnStatus grow(Table *t, NnErr *err)
{
    if (t->n < t->room) return NN_OK;
    const int room = t->room ? 2 * t->room : 1024;
    double *value = nn_realloc(t->value, (size_t)room * (size_t)t->columns, sizeof *value);
    if (value) t->value = value;
    char *is_train = value ? nn_realloc(t->is_train, (size_t)room, 1) : NULL;
    if (!is_train) return no_memory(err);
    t->is_train = is_train;
    t->room = room;
    return NN_OK;
}

static NnStatus read_row(Table *t, const DataCsv *csv, NnErr *err)
{
    if (csv->n != t->columns)
        return nn_fail(err, NN_ERR_DATA, "%s:%d: %d fields, expected %d", csv->name, csv->line, csv->n, t->columns);
    NN_TRY(grow(t, err));
    double *row = t->value + (size_t)t->n * (size_t)t->columns;
    for (int c = 0; c < t->columns; c++) {
        char *end;
        row[c] = strtod(csv->fields[c], &end);
        if (end == csv->fields[c] || *end) row[c] = (double)NAN;
    }
    t->is_train[t->n++] = !strcmp(csv->fields[find_column(t, "split")], "train");
    return NN_OK;
}

static NnStatus read_rows(Table *t, DataCsv *csv, NnErr *err)
{
    int more;
    NN_TRY(data_csv_next(csv, &more, err));
    if (!more) return nn_fail(err, NN_ERR_DATA, "%s: empty", csv->name);
    NN_TRY(read_head(t, csv, err));
    for (;;) {
        NN_TRY(data_csv_next(csv, &more, err));
        if (!more) return NN_OK;
        NN_TRY(read_row(t, csv, err));
    }
}

static NnStatus read_table(const char *path, Table *t, NnErr *err)
{
    unsigned char *text = NULL;
    size_t len;
    DataCsv csv = { 0 };
    NN_TRY(nn_file_read(path, FILE_BYTES_MAX, &text, &len, err));
    NnStatus s = data_csv_init(&csv, (char *)text, len, path, err);
    if (s == NN_OK) s = read_rows(t, &csv, err);
    data_csv_deinit(&csv);
    free(text);
    return s;
}

static void table_free(Table *t)
{
    free(t->name);
    free(t->value);
    free(t->is_train);
}

/* ---- charts ---- */

/* The known values of a column in one split, over steps; into room [2n]. */
static NnChartSeries series_of(const Table *t, int column, int is_train, double *room)
{
    double *x = room, *y = room + t->n;
    const int step = find_column(t, "step");
    int n = 0;
    for (int i = 0; i < t->n && column >= 0; i++) {
        const double *row = t->value + (size_t)i * (size_t)t->columns;
        if (t->is_train[i] != is_train || isnan(row[column]) || isnan(row[step])) continue;
        x[n] = row[step];
        y[n++] = row[column];
    }
    return (NnChartSeries){ .name = column >= 0 ? t->name[column] : "", .x = x, .y = y, .n = n };
}

static void draw_loss(NnPage *p, const Table *t, double *room)
{
    NnChartSeries series[] = { series_of(t, find_column(t, "loss"), 1, room),
                               series_of(t, find_column(t, "loss"), 0, room + 2 * (size_t)t->n) };
    series[0].name = "training";
    series[1].name = "validation";
    series[1].style = series[1].points = 1;
    const NnLineChart chart = { .text = { "The loss",
                                          "What training makes small. Both lines should fall; where the validation "
                                          "line turns upwards while the other falls on, the detector begins to "
                                          "learn its training images by heart.",
                                          "step", "loss (lower is better)", 0 },
                                .series = series,
                                .n = series[1].n > 0 ? 2 : 1 };
    nn_chart_lines(p, &chart);
}

/* "rec" of "rec_weighted"; 0: not such a column. */
static int is_term(const char *name, char *out)
{
    static const char tail[] = "_weighted";
    const size_t n = strlen(name), cut = sizeof tail - 1;
    if (n <= cut || strcmp(name + n - cut, tail) != 0) return 0;
    snprintf(out, NAME_BYTES, "%.*s", (int)(n - cut), name);
    return 1;
}

static void draw_terms(NnPage *p, const Table *t, double *room)
{
    NnChartSeries series[TERMS];
    char name[TERMS][NAME_BYTES];
    int n = 0, positive = 1;
    for (int c = 0; c < t->columns && n < TERMS; c++) {
        if (!is_term(t->name[c], name[n])) continue;
        series[n] = series_of(t, c, 1, room + 2 * (size_t)n * (size_t)t->n);
        series[n].name = name[n];
        series[n].style = n;
        series[n].dash = n % 4;
        for (int i = 0; i < series[n].n; i++) positive &= series[n].y[i] > 0;
        if (series[n].n > 0) n++;
    }
    const NnLineChart chart = { .text = { "The terms of the training loss",
                                          "Each line is one thing that training asks of the "
                                          "detector, weighted as it counts; together they "
                                          "make the loss. The highest line pulls hardest.",
                                          "step", positive ? "share of the loss (logarithmic)" : "share of the loss",
                                          0 },
                                .y = { (double)NAN, (double)NAN, positive },
                                .series = series,
                                .n = n };
    if (n > 0) nn_chart_lines(p, &chart);
}

static void draw_validation(NnPage *p, const Table *t, double *room)
{
    NnChartSeries series = series_of(t, find_column(t, "auc"), 0, room);
    series.name = "validation";
    series.style = series.points = 1;
    const NnChartMark chance = { 0.5, "guessing", 1 };
    double low = 0.5;
    for (int i = 0; i < series.n; i++) low = series.y[i] < low ? series.y[i] : low;
    const NnLineChart chart = { .text = { "AUC on validation images",
                                          "How well it told forgeries of the kinds it was trained on "
                                          "from real images, on images kept aside; the "
                                          "checkpoint was chosen by such figures.",
                                          "step", "AUC", 0 },
                                .y = { low, 1, 0 },
                                .series = &series,
                                .n = 1,
                                .marks = &chance,
                                .n_marks = 1 };
    if (series.n > 0) nn_chart_lines(p, &chart);
}

static NnStatus draw_all(NnPage *p, const Table *t, NnErr *err)
{
    double *room = nn_alloc(2 * TERMS * (size_t)t->n + 1, sizeof *room);
    if (!room) return no_memory(err);
    draw_loss(p, t, room);
    draw_terms(p, t, room);
    draw_validation(p, t, room);
    free(room);
    return NN_OK;
}

/* ---- the section ---- */

int eval_page_has_training(const EvalReportPage *r)
{
    char *path = r->run->folder ? nn_path_join(r->run->folder, "metrics.csv") : NULL;
    const int found = path && nn_file_exists(path);
    free(path);
    return found;
}

/* The training's own report, if the evaluation lies in the run's folder, so that the link stays good when that moves. */
static void put_link(NnPage *p, const EvalReportPage *r, const char *folder)
{
    char *inside = nn_path_join(folder, "../report.html"), *beside = nn_path_join(r->run->folder, "report.html");
    char *a = inside ? nn_path_real(inside) : NULL, *b = beside ? nn_path_real(beside) : NULL;
    if (a && b && !strcmp(a, b) && nn_file_exists(a))
        fputs("<p><a href=\"../report.html\">The report of the training</a> shows more: maps over time, and what the "
              "detector keeps of an image.</p>\n",
              p->out);
    free(inside), free(beside), free(a), free(b);
}

NnStatus eval_page_training(NnPage *p, const EvalReportPage *r, const char *folder, NnErr *err)
{
    Table t = { 0 };
    NnErr why = { .status = NN_OK };
    if (!eval_page_has_training(r)) return NN_OK;
    char *path = nn_path_join(r->run->folder, "metrics.csv");
    if (!path) return no_memory(err);
    NnStatus s = read_table(path, &t, &why);
    nn_page_section_begin(p, "training", "How it was trained", NULL);
    put_link(p, r, folder);
    if (s == NN_OK) s = draw_all(p, &t, err);
    else if (s == NN_ERR_NOMEM) nn_fail(err, s, "%s", why.msg);
    else {
        nn_page_paragraph(p, "Its record could not be read: %s", why.msg);
        s = NN_OK;
    }
    nn_page_section_end(p);
    table_free(&t);
    free(path);
    return s;
}
