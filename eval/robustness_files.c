/* robustness_files.c -- see robustness_files.h. What is undefined is an empty cell in CSV, null in JSON, n/a in the table. */
#include "eval/robustness_files.h"

#include <math.h>
#include <string.h>

#include "eval/report_files.h"
#include "eval/score_table.h"

enum { TABLE_WIDTH = 100, NAME = 13 };

/* ---- the table ---- */

static void rule(FILE *out)
{
    for (int i = 0; i < TABLE_WIDTH; i++) putc('-', out);
    putc('\n', out);
}

static void put_drop(FILE *out, const EvalEstimate *drop)
{
    char value[8], lo[8], hi[8];
    fprintf(out, " %6s", eval_figure_text(drop->value, value));
    if (!isnan(drop->lo)) fprintf(out, " [%s, %s]", eval_figure_text(drop->lo, lo), eval_figure_text(drop->hi, hi));
    putc('\n', out);
}

/* The heading of an operator: what its levels are, then these. */
static void write_levels(FILE *out, const DataOperator *op)
{
    fprintf(out, "%-*s clean", NAME, op->name);
    for (int i = 0; i < op->n_levels; i++) fprintf(out, " %5g", op->levels[i]);
    fprintf(out, "%*s  (%s)\n", 6 * (DATA_LEVELS_MAX - op->n_levels), "", op->unit);
}

/* A line of figures: clean, then the operator's points, the first of which is points[first]; then the mean drop. */
static void write_aucs(FILE *out, const EvalRobust *r, int first, int row, const EvalEstimate *drop)
{
    const int n = r->points[first].op->n_levels;
    char text[8];
    fprintf(out, "  AUC %-*s %5s", NAME - 6, eval_robust_row_names[row],
            eval_figure_text(r->points[0].rows[row].auc.value, text));
    for (int i = 0; i < n; i++) fprintf(out, " %5s", eval_figure_text(r->points[first + i].rows[row].auc.value, text));
    fprintf(out, "%*s", 6 * (DATA_LEVELS_MAX - n), "");
    put_drop(out, drop);
}

static void write_pixel_aucs(FILE *out, const EvalRobust *r, int first)
{
    const int n = r->points[first].op->n_levels;
    char text[8];
    if (r->points[0].rows[EVAL_ROBUST_ALL].n_masks == 0) return;
    fprintf(out, "  %-*s %5s", NAME - 2, "pixel AUC",
            eval_figure_text(r->points[0].rows[EVAL_ROBUST_ALL].pixel_auc, text));
    for (int i = 0; i < n; i++)
        fprintf(out, " %5s", eval_figure_text(r->points[first + i].rows[EVAL_ROBUST_ALL].pixel_auc, text));
    putc('\n', out);
}

/* Both parts where they exist; the whole where neither does, as its figures are n/a but the data set is there. */
static int is_shown(const EvalRobust *r, int row)
{
    const EvalRobustRow *rows = r->points[0].rows;
    if (row == EVAL_ROBUST_ALL) return rows[EVAL_ROBUST_SEEN].n_fake == 0 && rows[EVAL_ROBUST_UNSEEN].n_fake == 0;
    return rows[row].n_fake > 0;
}

static void write_operator(FILE *out, const EvalRobust *r, int first, const EvalRobustMean *mean)
{
    write_levels(out, mean->op);
    for (int row = 0; row < EVAL_ROBUST_ROWS; row++)
        if (is_shown(r, row)) write_aucs(out, r, first, row, &mean->drop[row]);
    write_pixel_aucs(out, r, first);
}

static void write_mean(FILE *out, const EvalRobust *r, const EvalRobustMean *mean)
{
    for (int row = 0; row < EVAL_ROBUST_ROWS; row++) {
        if (!is_shown(r, row)) continue;
        fprintf(out, "mean drop of AUC, %-15s %-6s", mean->protocol ? mean->protocol : "all of these",
                eval_robust_row_names[row]);
        put_drop(out, &mean->drop[row]);
    }
}

void eval_robust_table(FILE *out, const EvalRobust *r)
{
    const EvalRobustRow *all = &r->points[0].rows[EVAL_ROBUST_ALL];
    fprintf(out, "%s: robustness; %d real, %d forged; corrupted at the %d x %d pixels that the detector sees\n",
            r->data, all->n_real, all->n_fake, r->size, r->size);
    const char *protocol = "";
    int first = 1;
    for (int i = 0; i < r->n_means && r->means[i].op; i++) {
        const EvalRobustMean *mean = &r->means[i];
        if (strcmp(protocol, mean->protocol) != 0) {
            rule(out);
            fprintf(out, "%-*s%*smean drop of AUC%s\n", 6 * (DATA_LEVELS_MAX + 1), mean->protocol, NAME + 1, "",
                    r->resamples > 0 ? ", 95 %" : "");
        }
        protocol = mean->protocol;
        write_operator(out, r, first, mean);
        first += mean->op->n_levels;
    }
    rule(out);
    for (int i = 0; i < r->n_means; i++)
        if (!r->means[i].op) write_mean(out, r, &r->means[i]);
}

static int holds(const EvalRobust *r, const char *operator_name)
{
    for (int i = 1; i < r->n_points; i++)
        if (!strcmp(r->points[i].op->name, operator_name)) return 1;
    return 0;
}

void eval_robust_explain(FILE *out, const EvalRobust *r)
{
    fprintf(out,
            "\nRobustness: every image, real and forged, is corrupted and judged again; levels go from mild to\n"
            "severe. An AUC that falls to .5 is lost%s. A mean drop\n"
            "is taken over the levels of an operator, then over operators, each counting alike.\n",
            r->resamples > 0 ? "; a drop whose interval holds 0 was not shown" : "");
    if (holds(r, "jpeg")) fprintf(out, "JPEG: %s.\n", data_corruption_encoder);
    if (!holds(r, "blocks") || r->size >= 256) return;
    fprintf(out,
            "blocks: published for 256 pixels and more; at %d pixels their number is scaled with the area,\n"
            "and at least 1:",
            r->size);
    for (int i = 1; i < r->n_points; i++)
        if (!strcmp(r->points[i].op->name, "blocks"))
            fprintf(out, " %d", data_corruption_blocks(r->size, r->size, r->points[i].op->levels[r->points[i].level]));
    fprintf(out, ".\n");
}

/* ---- CSV ---- */

void eval_robust_csv_heading(FILE *out)
{
    fputs("data,protocol,operator,unit,level,kind,row,n_real,n_fake,auc,auc_lo,auc_hi,drop_auc,drop_auc_lo,drop_auc_hi,"
          "balanced_accuracy,n_masks,pixel_auc\n",
          out);
}

static void put_estimate(FILE *out, const EvalEstimate *e)
{
    eval_csv_number(out, e->value);
    eval_csv_number(out, e->lo);
    eval_csv_number(out, e->hi);
}

static void put_names(FILE *out, const EvalRobust *r, const char *protocol, const DataOperator *op)
{
    eval_csv_text(out, r->data);
    fprintf(out, ",%s,%s,", protocol, op ? op->name : "");
    eval_csv_text(out, op ? op->unit : "");
    putc(',', out);
}

static void put_point(FILE *out, const EvalRobust *r, const EvalRobustPoint *p, int k)
{
    const EvalRobustRow *row = &p->rows[k];
    put_names(out, r, p->op ? p->op->protocol : "", p->op);
    if (p->op) fprintf(out, "%g", p->op->levels[p->level]);
    fprintf(out, ",%s,%s,%d,%d", p->op ? "level" : "clean", eval_robust_row_names[k], row->n_real, row->n_fake);
    put_estimate(out, &row->auc);
    put_estimate(out, &row->drop);
    eval_csv_number(out, row->balanced);
    fprintf(out, ",%d", row->n_masks);
    eval_csv_number(out, row->pixel_auc);
    putc('\n', out);
}

static void put_mean(FILE *out, const EvalRobust *r, const EvalRobustMean *mean, int k)
{
    const EvalRobustRow *row = &r->points[0].rows[k];
    put_names(out, r, mean->protocol ? mean->protocol : "all", mean->op);
    fprintf(out, ",mean,%s,%d,%d,,,", eval_robust_row_names[k], row->n_real, row->n_fake);
    put_estimate(out, &mean->drop[k]);
    fprintf(out, ",,%d,\n", row->n_masks);
}

void eval_robust_csv(FILE *out, const EvalRobust *r)
{
    for (int i = 0; i < r->n_points; i++)
        for (int k = 0; k < EVAL_ROBUST_ROWS; k++) put_point(out, r, &r->points[i], k);
    for (int i = 0; i < r->n_means; i++)
        for (int k = 0; k < EVAL_ROBUST_ROWS; k++) put_mean(out, r, &r->means[i], k);
}

/* ---- JSON ---- */

static json_t *number(double v)
{
    return isnan(v) ? json_null() : json_real(v);
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *estimate(const EvalEstimate *e)
{
    return json_pack("{s:o, s:o, s:o}", "value", number(e->value), "lo", number(e->lo), "hi", number(e->hi));
}

static json_t *row_json(const EvalRobustRow *row)
{
    return json_pack("{s:i, s:i, s:i, s:o, s:o, s:o, s:o}", "n_real", row->n_real, "n_fake", row->n_fake, "n_masks",
                     row->n_masks, "auc", estimate(&row->auc), "drop_auc", estimate(&row->drop), "balanced_accuracy",
                     number(row->balanced), "pixel_auc", number(row->pixel_auc));
}

static json_t *point_json(const EvalRobustPoint *p)
{
    const DataOperator *op = p->op;
    json_t *j = json_pack("{s:o, s:o, s:o, s:o}", "protocol", text_or_null(op ? op->protocol : NULL), "operator",
                          text_or_null(op ? op->name : NULL), "unit", text_or_null(op ? op->unit : NULL), "level",
                          op ? json_real(op->levels[p->level]) : json_null());
    for (int k = 0; k < EVAL_ROBUST_ROWS; k++) json_object_set_new(j, eval_robust_row_names[k], row_json(&p->rows[k]));
    return j;
}

static json_t *mean_json(const EvalRobustMean *mean)
{
    json_t *j = json_pack("{s:o, s:o}", "protocol", text_or_null(mean->protocol), "operator",
                          text_or_null(mean->op ? mean->op->name : NULL));
    for (int k = 0; k < EVAL_ROBUST_ROWS; k++)
        json_object_set_new(j, eval_robust_row_names[k], estimate(&mean->drop[k]));
    return j;
}

json_t *eval_robust_json(const EvalRobust *r)
{
    json_t *points = json_array(), *means = json_array();
    for (int i = 0; i < r->n_points; i++) json_array_append_new(points, point_json(&r->points[i]));
    for (int i = 0; i < r->n_means; i++) json_array_append_new(means, mean_json(&r->means[i]));
    return json_pack("{s:i, s:s, s:I, s:i, s:f, s:o, s:o}", "corrupted_at_size", r->size, "jpeg_encoder",
                     data_corruption_encoder, "seed", (json_int_t)r->seed, "resamples", r->resamples, "threshold",
                     r->threshold, "points", points, "mean_drops", means);
}
