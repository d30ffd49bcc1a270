/* command_stats.c -- `data stats SPEC`: what a data set looks like in figures, a row per split and method. */
#include <stdlib.h>
#include <string.h>

#include "data/audit.h"
#include "data/commands.h"
#include "data/csv.h"
#include "data/data_counts.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

enum { LOW, QUARTER, HALF, THREE_QUARTERS, HIGH, QUANTILES };

/* Of the readable images of one row; 0 without any. */
typedef struct {
    int readable, masks;                  /* files that could be read */
    double width[3], height[3], bytes[3]; /* smallest, median, largest */
    double coverage[QUANTILES];           /* share of forged pixels: 5, 25, 50, 75, 95 % */
    double colour[3];                     /* mean level of red, green, blue */
} Figures;

/* ---- figures ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value nearest to the share q of the way through n > 0 sorted ones. */
static double quantile(const double *sorted, int n, double q)
{
    return sorted[(int)(q * (n - 1) + 0.5)];
}

static void span(double *values, int n, double out[3])
{
    if (n == 0) return;
    qsort(values, (size_t)n, sizeof *values, by_value);
    out[0] = values[0], out[1] = quantile(values, n, 0.5), out[2] = values[n - 1];
}

static void measure_masks(const DataCount *row, const DataProbe *probes, double *values, Figures *f)
{
    static const double at[QUANTILES] = { 0.05, 0.25, 0.5, 0.75, 0.95 };
    for (int k = 0; k < row->images; k++) {
        const DataProbe *p = &probes[row->items[k]];
        if (p->mask_w) values[f->masks++] = (double)p->coverage;
    }
    if (!f->masks) return;
    qsort(values, (size_t)f->masks, sizeof *values, by_value);
    for (int q = 0; q < QUANTILES; q++) f->coverage[q] = quantile(values, f->masks, at[q]);
}

/* values: room for three numbers an image. */
static void measure(const DataCount *row, const DataProbe *probes, double *values, Figures *f)
{
    double *width = values, *height = values + row->images, *bytes = values + 2 * row->images;
    *f = (Figures){ 0 };
    for (int k = 0; k < row->images; k++) {
        const DataProbe *p = &probes[row->items[k]];
        if (!p->w) continue;
        width[f->readable] = p->w, height[f->readable] = p->h, bytes[f->readable] = (double)p->bytes;
        for (int c = 0; c < 3; c++) f->colour[c] += (double)p->mean[c];
        f->readable++;
    }
    for (int c = 0; c < 3 && f->readable; c++) f->colour[c] /= f->readable;
    span(width, f->readable, f->width);
    span(height, f->readable, f->height);
    span(bytes, f->readable, f->bytes);
    measure_masks(row, probes, values, f);
}

static NnStatus measure_all(const DataCounts *counts, const DataSet *set, const DataProbe *probes, Figures **out,
                            NnErr *err)
{
    size_t room;
    double *values = nn_size_mul((size_t)set->n, 3, &room) ? nn_alloc(room, sizeof *values) : NULL;
    *out = nn_alloc((size_t)counts->n, sizeof **out);
    for (int r = 0; values && *out && r < counts->n; r++) measure(&counts->rows[r], probes, values, &(*out)[r]);
    free(values);
    return values && *out ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory to measure %d images", set->n);
}

/* ---- text ---- */

static const char *method_of(const DataSet *set, const DataCount *row)
{
    return row->method < 0 ? "real" : set->methods[row->method];
}

static int method_width(const DataSet *set)
{
    int width = 6;
    for (int m = 0; m < set->n_methods; m++)
        if ((int)strlen(set->methods[m]) > width) width = (int)strlen(set->methods[m]);
    return width < 24 ? width : 24;
}

/* "256x256", or "200..640 x 180..480". */
static void put_size(FILE *out, const Figures *f)
{
    char text[64];
    if (f->width[0] == f->width[2] && f->height[0] == f->height[2])
        snprintf(text, sizeof text, "%.0fx%.0f", f->width[0], f->height[0]);
    else snprintf(text, sizeof text, "%.0f-%.0fx%.0f-%.0f", f->width[0], f->width[2], f->height[0], f->height[2]);
    fprintf(out, "  %-19s", text);
}

static void put_row(FILE *out, int width, const DataSet *set, const DataCount *row, const Figures *f)
{
    char frames[48] = "-", masks[64] = "-";
    if (row->videos) snprintf(frames, sizeof frames, "%d/%d/%d", row->frames[0], row->frames[1], row->frames[2]);
    if (f->masks)
        snprintf(masks, sizeof masks, "%.1f/%.1f/%.1f", 100 * f->coverage[LOW], 100 * f->coverage[HALF],
                 100 * f->coverage[HIGH]);
    fprintf(out, "%-8s  %-*.*s  %7d  %6d  %-11s", data_split_name(row->split), width, width, method_of(set, row),
            row->images, row->videos, frames);
    put_size(out, f);
    fprintf(out, "  %8.1f  %-14s  %3.0f %3.0f %3.0f\n", f->bytes[1] / 1024, masks, f->colour[0], f->colour[1],
            f->colour[2]);
}

static void put_table(FILE *out, const DataSet *set, const DataCounts *counts, const Figures *figures)
{
    int unreadable = 0;
    const int width = method_width(set);
    fprintf(out, "%-8s  %-*s  %7s  %6s  %-11s  %-19s  %8s  %-14s  %s\n", "split", width, "method", "images", "videos",
            "frames each", "pixels", "KiB each", "forged, %", "mean RGB");
    for (int r = 0; r < counts->n; r++) {
        put_row(out, width, set, &counts->rows[r], &figures[r]);
        unreadable += counts->rows[r].images - figures[r].readable;
    }
    fputs("\nframes each: fewest/median/most of a video. KiB each: median. forged: share of a mask's pixels, 5th\n"
          "percentile/median/95th.\n",
          out);
    if (unreadable)
        fprintf(out, "%d images could not be read and count in \"images\" alone; data check names them.\n", unreadable);
}

/* ---- CSV ---- */

static void put_span(FILE *out, const double v[3])
{
    fprintf(out, ",%.0f,%.0f,%.0f", v[0], v[1], v[2]);
}

static void put_csv_row(FILE *out, const DataSet *set, const DataCount *row, const Figures *f)
{
    fprintf(out, "%s,", data_split_name(row->split));
    data_csv_put(out, method_of(set, row));
    fprintf(out, ",%d,%d,%d,%d,%d,%d,%d,%d", row->method >= 0, row->images, row->images - f->readable, row->videos,
            row->frames[0], row->frames[1], row->frames[2], f->masks);
    put_span(out, f->width);
    put_span(out, f->height);
    put_span(out, f->bytes);
    for (int q = 0; q < QUANTILES; q++) fprintf(out, ",%.6f", f->coverage[q]);
    fprintf(out, ",%.2f,%.2f,%.2f\n", f->colour[0], f->colour[1], f->colour[2]);
}

static NnStatus save_csv(const char *path, const DataSet *set, const DataCounts *counts, const Figures *figures,
                         NnErr *err)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", path);
    fputs(
        "split,method,label,images,unreadable,videos,frames_min,frames_median,frames_max,masks,width_min,width_median,"
        "width_max,height_min,height_median,height_max,bytes_min,bytes_median,bytes_max,mask_p5,mask_p25,mask_p50,"
        "mask_p75,mask_p95,red,green,blue\n",
        out);
    for (int r = 0; r < counts->n; r++) put_csv_row(out, set, &counts->rows[r], &figures[r]);
    const int failed = ferror(out);
    NnStatus s = fclose(out) != 0 || failed ? nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", path) : NN_OK;
    const NnChunk chunk = { text, len };
    if (s == NN_OK) s = data_console_folder_of(path, err);
    if (s == NN_OK) s = nn_file_write(path, &chunk, 1, err);
    free(text);
    return s;
}

static NnStatus report(DataConsole *console, const DataArguments *a, const DataSet *set, const DataProbe *probes,
                       NnErr *err)
{
    DataCounts counts;
    Figures *figures = NULL;
    NN_TRY(data_counts_make(set, &counts, err));
    NnStatus s = measure_all(&counts, set, probes, &figures, err);
    if (s == NN_OK) put_table(console->out, set, &counts, figures);
    if (s == NN_OK && a->csv) s = save_csv(a->csv, set, &counts, figures, err);
    if (s == NN_OK && a->csv) fprintf(console->out, "written: %s\n", a->csv);
    free(figures);
    data_counts_free(&counts);
    return s;
}

NnStatus data_command_stats(DataConsole *console, const DataArguments *a, NnErr *err)
{
    DataSet *set;
    DataProbe *probes = NULL;
    NN_TRY(data_console_list(console, a, a->specs[0], &set, err));
    NnStatus s = data_console_probe(console, a, set, &probes, err);
    if (s == NN_OK) s = report(console, a, set, probes, err);
    data_probes_free(probes, set->n);
    data_set_free(set);
    return s;
}
