/* report_files.c -- see report_files.h. What is undefined is an empty cell in CSV and null in JSON. */
#include "eval/report_files.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/judge.h"
#include "eval/robustness_files.h"
#include "eval/video_scores.h"
#include "nn/base/blas.h"
#include "nn/base/file.h"

/* ---- CSV ---- */

void eval_csv_text(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"') putc('"', out);
        putc(*text, out);
    }
    putc('"', out);
}

void eval_csv_number(FILE *out, double v)
{
    putc(',', out);
    if (!isnan(v)) fprintf(out, "%.6f", v);
}

static void put_estimate(FILE *out, const EvalEstimate *e)
{
    eval_csv_number(out, e->lo);
    eval_csv_number(out, e->hi);
}

static const char rows_header[] =
    "data,method,seen,n_real,n_fake,accuracy,auc,ap,eer,pixel_auc,iou,accuracy_lo,accuracy_hi,auc_lo,auc_hi,"
    "balanced_accuracy,balanced_accuracy_lo,balanced_accuracy_hi,n_masks,pixel_auc_prior,iou_prior,threshold,row,level,"
    "aggregation,compat";

static const char *compat_text(const EvalResults *r)
{
    return r->compat == EVAL_DEEPFAKEBENCH ? "deepfakebench" : "";
}

static void put_row(FILE *out, const EvalResults *r, const EvalRows *rows, const EvalRow *row)
{
    static const char *const seen[] = { "", "0", "1" };
    eval_csv_text(out, r->name);
    putc(',', out);
    eval_csv_text(out, row->name);
    fprintf(out, ",%s,%d,%d", seen[row->seen + 1], row->n_real, row->n_fake);
    const double figures[] = { row->accuracy.value, row->auc.value, row->ap, row->eer, row->pixel_auc, row->iou };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) eval_csv_number(out, figures[i]);
    put_estimate(out, &row->accuracy);
    put_estimate(out, &row->auc);
    eval_csv_number(out, row->balanced.value);
    put_estimate(out, &row->balanced);
    fprintf(out, ",%d", row->n_masks);
    eval_csv_number(out, row->pixel_auc_prior);
    eval_csv_number(out, row->iou_prior);
    fprintf(out, ",%.9g,%s", rows->threshold, row->kind == EVAL_ROW_METHOD ? "manipulation" : "pooled");
    fprintf(out, ",%s,%s,%s", eval_level_text(r), eval_aggregation_text(r), compat_text(r));
    for (int i = 0; i < EVAL_ROW_COLUMNS; i++) eval_csv_number(out, eval_row_figure(row, &eval_row_columns[i]));
    putc('\n', out);
}

static void put_rows(FILE *out, const EvalResults *r, const EvalRows *rows)
{
    for (int k = 0; k < rows->n; k++) put_row(out, r, rows, &rows->rows[k]);
}

char *eval_rows_csv(const EvalReport *reports, int n)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out) return NULL;
    fputs(rows_header, out);
    for (int i = 0; i < EVAL_ROW_COLUMNS; i++) fprintf(out, ",%s", eval_row_columns[i].name);
    putc('\n', out);
    for (int i = 0; i < n; i++) {
        put_rows(out, &reports[i].results, &reports[i].rows);
        put_rows(out, &reports[i].videos, &reports[i].video_rows);
    }
    return nn_text_finish(out, &text);
}

static void put_score(FILE *out, const EvalResults *r, double threshold, const EvalItem *item)
{
    eval_csv_text(out, r->name);
    putc(',', out);
    eval_csv_text(out, item->path);
    fprintf(out, ",%d,", item->label);
    eval_csv_text(out, item->label ? r->methods[item->method] : "real");
    fprintf(out, ",%.9g,%s,%s", (double)item->score, (double)item->score >= threshold ? "forged" : "real",
            !item->label            ? ""
            : r->seen[item->method] ? "1"
                                    : "0");
    eval_csv_number(out, item->pixel_auc);
    eval_csv_number(out, item->iou);
    fprintf(out, ",%016llx,", (unsigned long long)item->group);
    if (item->video) eval_csv_text(out, item->video);
    eval_csv_number(out, item->label ? item->mask_energy : (double)NAN);
    eval_csv_number(out, item->label ? (double)NAN : item->false_alarm);
    putc('\n', out);
}

char *eval_scores_csv(const EvalReport *reports, int n)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out) return NULL;
    fputs("data,path,label,method,score,verdict,seen,pixel_auc,iou,group,video,mask_energy,false_alarm\n", out);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < reports[i].results.n; k++)
            put_score(out, &reports[i].results, reports[i].rows.threshold, &reports[i].results.items[k]);
    return nn_text_finish(out, &text);
}

char *eval_robustness_csv(const EvalReport *reports, int n)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out) return NULL;
    eval_robust_csv_heading(out);
    for (int i = 0; i < n; i++)
        if (reports[i].robust.points) eval_robust_csv(out, &reports[i].robust);
    return nn_text_finish(out, &text);
}

/* ---- JSON ---- */

json_t *eval_number_json(double v)
{
    return isnan(v) ? json_null() : json_real(v);
}

json_t *eval_text_json(const char *text)
{
    json_t *j = json_string(text);
    char *copy = j ? NULL : nn_path_join(NULL, text);
    for (char *p = copy; p && *p; p++)
        if (*p & 0x80) *p = '?';
    if (copy) j = json_string(copy);
    free(copy);
    return j;
}

json_t *eval_estimate_json(const EvalEstimate *e)
{
    return json_pack("{s:o, s:o, s:o}", "value", eval_number_json(e->value), "lo", eval_number_json(e->lo), "hi",
                     eval_number_json(e->hi));
}

static json_t *row_json(const EvalResults *r, const EvalRow *row)
{
    json_t *j = json_pack("{s:o, s:s, s:o, s:i, s:i, s:i}", "method", eval_text_json(row->name), "row",
                          row->kind == EVAL_ROW_METHOD ? "manipulation" : "pooled", "seen",
                          row->seen < 0 ? json_null() : json_boolean(row->seen), "n_real", row->n_real, "n_fake",
                          row->n_fake, "n_masks", row->n_masks);
    json_object_set_new(j, "accuracy", eval_estimate_json(&row->accuracy));
    json_object_set_new(j, "balanced_accuracy", eval_estimate_json(&row->balanced));
    json_object_set_new(j, "auc", eval_estimate_json(&row->auc));
    json_object_set_new(j, "ap", eval_number_json(row->ap));
    json_object_set_new(j, "eer", eval_number_json(row->eer));
    json_object_set_new(j, "pixel_auc", eval_number_json(row->pixel_auc));
    json_object_set_new(j, "pixel_auc_prior", eval_number_json(row->pixel_auc_prior));
    json_object_set_new(j, "iou", eval_number_json(row->iou));
    json_object_set_new(j, "iou_prior", eval_number_json(row->iou_prior));
    json_object_set_new(j, "level", json_string(eval_level_text(r)));
    json_object_set_new(j, "aggregation",
                        *eval_aggregation_text(r) ? json_string(eval_aggregation_text(r)) : json_null());
    for (int i = 0; i < EVAL_ROW_COLUMNS; i++)
        json_object_set_new(j, eval_row_columns[i].name, eval_number_json(eval_row_figure(row, &eval_row_columns[i])));
    return j;
}

static void append_rows(json_t *list, const EvalResults *r, const EvalRows *rows)
{
    for (int i = 0; i < rows->n; i++) json_array_append_new(list, row_json(r, &rows->rows[i]));
}

/* {"n":.., "aggregation":.., "drop_auc":.., "drop_balanced_accuracy":..}, or null without videos. */
static json_t *videos_json(const EvalReport *report)
{
    if (report->videos.n == 0) return json_null();
    return json_pack("{s:i, s:s, s:o, s:o}", "n", report->videos.n, "aggregation",
                     eval_aggregation_text(&report->videos), "drop_auc",
                     eval_estimate_json(&report->video_rows.drop_auc), "drop_balanced_accuracy",
                     eval_estimate_json(&report->video_rows.drop_balanced));
}

static json_t *data_json(const EvalReport *report)
{
    json_t *rows = json_array();
    char images[24];
    snprintf(images, sizeof images, "%016llx", (unsigned long long)report->images);
    append_rows(rows, &report->results, &report->rows);
    append_rows(rows, &report->videos, &report->video_rows);
    json_t *j = json_pack("{s:o, s:o, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "data",
                          eval_text_json(report->results.name), "source", eval_text_json(report->source), "images",
                          images, "n_images", report->results.n, "n_skipped", report->n_skipped, "rows", rows,
                          "drop_auc", eval_estimate_json(&report->rows.drop_auc), "drop_balanced_accuracy",
                          eval_estimate_json(&report->rows.drop_balanced), "videos", videos_json(report), "compat",
                          *compat_text(&report->results) ? json_string(compat_text(&report->results)) : json_null());
    if (report->robust.points) json_object_set_new(j, "robustness", eval_robust_json(&report->robust));
    return j;
}

/* The run card: what was judged with. */
static json_t *run_json(const EvalRun *run)
{
    json_t *j = json_object();
    const char *seen = nn_trained_note(&run->trained, "seen");
    char source[NN_TEXT_MAX];
    eval_data_own_name(run, source);
    json_object_set_new(j, "checkpoint", eval_text_json(run->trained.path));
    json_object_set_new(j, "network", eval_text_json(run->trained.model.network));
    json_object_set_new(j, "weights", json_integer((json_int_t)nn_params_weights(run->params)));
    json_object_set_new(j, "size", json_integer(run->data.size));
    json_object_set_new(j, "trained_on", eval_text_json(run->data.methods));
    json_object_set_new(j, "seen", *seen ? eval_text_json(seen) : json_null());
    json_object_set_new(j, "source", eval_text_json(source));
    json_object_set_new(j, "seed", json_integer((json_int_t)run->trained.seed));
    json_object_set_new(j, "threshold", json_real(run->threshold));
    json_object_set_new(j, "threshold_exact",
                        json_sprintf("%.17g", run->threshold)); /* numbers have nine digits here */
    json_object_set_new(j, "threshold_stored", json_boolean(run->has_threshold));
    json_object_set_new(j, "threshold_rule", eval_text_json(run->threshold_rule));
    json_object_set_new(j, "validation_images", json_integer(run->validation.n));
    static const char *const notes[] = { "step", "validated", "best", "version", "blas_core", "mask_count", "config" };
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        const char *value = nn_trained_note(&run->trained, notes[i]);
        json_object_set_new(j, notes[i], *value ? eval_text_json(value) : json_null());
    }
    return j;
}

char *eval_report_json(const EvalReport *reports, int n, const EvalRun *run, const EvalBootstrapSpec *bootstrap)
{
    json_t *sets = json_array();
    for (int i = 0; i < n; i++) json_array_append_new(sets, data_json(&reports[i]));
    json_t *root = json_pack("{s:s, s:s, s:o, s:{s:i, s:I, s:s}, s:o}", "version", LOCUS_VERSION, "evaluated_with",
                             nn_blas_core(), "run", run_json(run), "bootstrap", "resamples", bootstrap->resamples,
                             "seed", (json_int_t)bootstrap->seed, "unit", "group", "data_sets", sets);
    char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(root);
    return text;
}

/* ---- files ---- */

NnStatus eval_text_save(const char *folder, const char *name, char *text, NnErr *err)
{
    char *path = nn_path_join(folder, name);
    NnStatus s;
    if (!text || !path) s = nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", name);
    else s = nn_file_write(path, &(NnChunk){ text, strlen(text) }, 1, err);
    free(path);
    free(text);
    return s;
}

NnStatus eval_report_save(const char *folder, const EvalReport *reports, int n, const EvalRun *run,
                          const EvalBootstrapSpec *bootstrap, NnErr *err)
{
    NN_TRY(nn_folder_make(folder, err));
    NN_TRY(eval_text_save(folder, "eval.csv", eval_rows_csv(reports, n), err));
    NN_TRY(eval_text_save(folder, "scores.csv", eval_scores_csv(reports, n), err));
    if (n > 0 && reports[0].robust.points)
        NN_TRY(eval_text_save(folder, "robustness.csv", eval_robustness_csv(reports, n), err));
    return eval_text_save(folder, "eval.json", eval_report_json(reports, n, run, bootstrap), err);
}
