/* score_table.c -- see score_table.h. */
#include "eval/score_table.h"

#include <math.h>
#include <string.h>

#include "eval/video_scores.h"

enum { TABLE_WIDTH = 100, NAME = 15 };

const char *eval_figure_text(double v, char *buf)
{
    if (isnan(v)) return strcpy(buf, "n/a");
    snprintf(buf, 8, fabs(v) < 9.9995 ? "%.3f" : "%.1f", v);
    return buf;
}

/* ".873": three digits, no room wasted on the zero. */
static const char *short_text(double v, char *buf)
{
    eval_figure_text(v, buf);
    char *zero = buf + (buf[0] == '-');
    if (*zero == '0') memmove(zero, zero + 1, strlen(zero));
    return buf;
}

static const char *interval_text(const EvalEstimate *e, char *buf)
{
    char lo[8], hi[8];
    if (isnan(e->lo)) return strcpy(buf, "n/a");
    snprintf(buf, 20, "%s-%s", short_text(e->lo, lo), short_text(e->hi, hi));
    return buf;
}

static void rule(FILE *out)
{
    for (int i = 0; i < TABLE_WIDTH; i++) putc('-', out);
    putc('\n', out);
}

/* Long names are cut, and say so with a tilde. */
static void write_name(FILE *out, const EvalRow *row)
{
    static const char *const trained[] = { "", "unseen", "seen" };
    const int is_method = row->kind == EVAL_ROW_METHOD;
    const int cut = strlen(row->name) > NAME;
    fprintf(out, "%-*.*s%s %-6s %5d %5d", NAME - cut, NAME - cut, row->name, cut ? "~" : "",
            is_method ? trained[row->seen + 1] : "", row->n_real, row->n_fake);
}

static void write_figures(FILE *out, const double *values, int n)
{
    char text[8];
    for (int i = 0; i < n; i++) fprintf(out, " %5s", short_text(values[i], text));
}

/* The AUC with its interval; or why there is none, in as much room. */
static void write_auc(FILE *out, const EvalRow *row)
{
    char figure[8], text[20];
    if (row->n_real && row->n_fake)
        fprintf(out, " %5s %-11s", short_text(row->auc.value, figure), interval_text(&row->auc, text));
    else fprintf(out, " %-17s", row->n_real ? "n/a (0 fake)" : "n/a (0 real)");
}

static void write_row(FILE *out, const EvalRow *row)
{
    write_name(out, row);
    write_figures(out, (const double[]){ row->accuracy.value, row->balanced.value }, 2);
    write_auc(out, row);
    write_figures(
        out, (const double[]){ row->ap, row->eer, row->pixel_auc, row->pixel_auc_prior, row->iou, row->iou_prior }, 6);
    putc('\n', out);
}

/* Videos have no maps: their line ends with what frames have in the second table. */
static void write_video_row(FILE *out, const EvalRow *row)
{
    write_name(out, row);
    write_figures(out, (const double[]){ row->accuracy.value, row->balanced.value }, 2);
    write_auc(out, row);
    write_figures(out, (const double[]){ row->ap, row->eer, row->tpr_fpr01, row->tpr_fpr10, row->log_loss, row->ece },
                  6);
    putc('\n', out);
}

static void write_more(FILE *out, const EvalRow *row)
{
    write_name(out, row);
    write_figures(out, (const double[]){ row->tpr_fpr01, row->tpr_fpr10, row->log_loss, row->brier, row->ece }, 5);
    write_figures(out, (const double[]){ row->f1, row->f1_prior, row->f1_best }, 3);
    write_figures(out, (const double[]){ row->mask_energy, row->mask_energy_prior, row->false_alarm }, 3);
    putc('\n', out);
}

static void write_rows(FILE *out, const EvalRows *rows, void (*write)(FILE *, const EvalRow *))
{
    int shown = 0;
    for (int i = 0; i < rows->n; i++) {
        if (rows->rows[i].kind != EVAL_ROW_METHOD && !shown++) rule(out);
        write(out, &rows->rows[i]);
    }
    rule(out);
}

/* "AUC .981 -> .832, a drop of .149 (95 % interval .101 to .190)" */
static void write_change(FILE *out, const char *what, double from, double to, const EvalEstimate *drop)
{
    char a[8], b[8], c[8], lo[8], hi[8];
    fprintf(out, "%s %s -> %s, a drop of %s", what, short_text(from, a), short_text(to, b), short_text(drop->value, c));
    if (!isnan(drop->lo))
        fprintf(out, " (95 %% interval %s to %s)", short_text(drop->lo, lo), short_text(drop->hi, hi));
    putc('\n', out);
}

static void write_drop(FILE *out, const EvalRows *rows)
{
    const EvalRow *seen = eval_rows_find(rows, EVAL_ROW_SEEN), *unseen = eval_rows_find(rows, EVAL_ROW_UNSEEN);
    if (!seen || !unseen) {
        fprintf(out, "No drop from seen to unseen: no %s manipulation in this data set.\n", seen ? "unseen" : "seen");
        return;
    }
    write_change(out, "seen -> unseen: AUC", seen->auc.value, unseen->auc.value, &rows->drop_auc);
    write_change(out, "     balanced accuracy", seen->balanced.value, unseen->balanced.value, &rows->drop_balanced);
}

/* "set: 120 frames judged; threshold .512, chosen .." or "set: 12 videos, mean of 10.0 frames each; ..". */
static void write_heading(FILE *out, const EvalResults *r, const EvalRows *rows, const char *threshold_rule)
{
    const EvalRow *all = eval_rows_find(rows, EVAL_ROW_ALL);
    if (r->level == EVAL_VIDEO)
        fprintf(out, "%s: %d videos, %s of %.1f frames each", r->name, r->n, eval_aggregation_text(r),
                all->frames_per_video);
    else fprintf(out, "%s: %d %s judged", r->name, r->n, eval_has_videos(r) ? "frames" : "images");
    fprintf(out, "; threshold %.3f, %s\n", rows->threshold, threshold_rule);
    if (r->compat == EVAL_DEEPFAKEBENCH)
        fprintf(out, "as DeepfakeBench counts: EER not interpolated, forged above a fixed .5\n");
}

static void write_frames(FILE *out, const EvalRows *rows)
{
    rule(out);
    fprintf(out, "%-15s %-6s %5s %5s %5s %5s %5s %-11s %5s %5s %5s %5s %5s %5s\n", "manipulation", "", "real", "fake",
            "acc", "bal", "AUC", "95 %", "AP", "EER", "pxAUC", "prior", "IoU", "prior");
    write_rows(out, rows, write_row);
    fprintf(out, "%-15s %-6s %5s %5s %5s %5s %5s %5s %5s %5s %5s %5s %5s %5s %5s\n", "the same rows", "", "real",
            "fake", "T@1%", "T@10%", "logL", "Brier", "ECE", "F1", "prior", "best", "enrgy", "prior", "alarm");
    write_rows(out, rows, write_more);
}

static void write_videos(FILE *out, const EvalRows *rows)
{
    rule(out);
    fprintf(out, "%-15s %-6s %5s %5s %5s %5s %5s %-11s %5s %5s %5s %5s %5s %5s\n", "manipulation", "", "real", "fake",
            "acc", "bal", "AUC", "95 %", "AP", "EER", "T@1%", "T@10%", "logL", "ECE");
    write_rows(out, rows, write_video_row);
}

void eval_table_write(FILE *out, const EvalResults *r, const EvalRows *rows, const char *threshold_rule)
{
    write_heading(out, r, rows, threshold_rule);
    if (r->level == EVAL_VIDEO) write_videos(out, rows);
    else write_frames(out, rows);
    write_drop(out, rows);
}

void eval_table_explain(FILE *out, int resamples)
{
    fprintf(out,
            "How to read it: each row sets all real images against that manipulation's forgeries. AUC .5 is\n"
            "chance, 1 perfect; bal is the accuracy with real and fake counting alike. A detector generalises\n"
            "if its unseen rows come near its seen ones. pxAUC and IoU say how well the map finds the forged\n"
            "pixels: they mean something only above `prior`, a mean training mask that never sees the image.\n"
            "T@1%%: share of the forgeries found with false alarms on 1 %% of real images. logL, Brier, ECE: is a\n"
            "score a probability? 0 is perfect. F1: map >= .5 against the mask, `best` at the threshold best for\n"
            "these very pixels; enrgy: share of the map inside the mask; alarm: of a real image's pixels, >= .5.\n");
    if (resamples > 0)
        fprintf(out,
                "95 %%: bootstrap interval of the AUC, %d resamples of whole groups (person, photograph, video).\n",
                resamples);
}
