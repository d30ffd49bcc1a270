/* score_table.c -- see score_table.h. */
#include "eval/score_table.h"

#include <math.h>
#include <string.h>

enum { TABLE_WIDTH = 100, NAME = 15 };

const char *eval_figure_text(double v, char *buf)
{
    if (isnan(v)) return strcpy(buf, "n/a");
    snprintf(buf, 8, "%.3f", v);
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
static void write_row(FILE *out, const EvalRow *row)
{
    static const char *const trained[] = { "", "unseen", "seen" };
    const int is_method = row->kind == EVAL_ROW_METHOD;
    const int cut = strlen(row->name) > NAME;
    char figures[9][8], interval[20];
    const double values[9] = { row->accuracy.value, row->balanced.value,  row->auc.value, row->ap,       row->eer,
                               row->pixel_auc,      row->pixel_auc_prior, row->iou,       row->iou_prior };
    for (int i = 0; i < 9; i++) short_text(values[i], figures[i]);
    fprintf(out, "%-*.*s%s %-6s %5d %5d %5s %5s %5s %-11s %5s %5s %5s %5s %5s %5s\n", NAME - cut, NAME - cut, row->name,
            cut ? "~" : "", is_method ? trained[row->seen + 1] : "", row->n_real, row->n_fake, figures[0], figures[1],
            figures[2], interval_text(&row->auc, interval), figures[3], figures[4], figures[5], figures[6], figures[7],
            figures[8]);
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

void eval_table_write(FILE *out, const EvalResults *r, const EvalRows *rows, const char *threshold_rule)
{
    fprintf(out, "%s: %d images judged; threshold %.3f, %s\n", r->name, r->n, rows->threshold, threshold_rule);
    rule(out);
    fprintf(out, "%-15s %-6s %5s %5s %5s %5s %5s %-11s %5s %5s %5s %5s %5s %5s\n", "manipulation", "", "real", "fake",
            "acc", "bal", "AUC", "95 %", "AP", "EER", "pxAUC", "prior", "IoU", "prior");
    int shown = 0;
    for (int i = 0; i < rows->n; i++) {
        if (rows->rows[i].kind != EVAL_ROW_METHOD && !shown++) rule(out);
        write_row(out, &rows->rows[i]);
    }
    rule(out);
    write_drop(out, rows);
}

void eval_table_explain(FILE *out, int resamples)
{
    fprintf(out, "How to read it: each row sets all real images against that manipulation's forgeries. AUC .5 is\n"
                 "chance, 1 perfect; bal is the accuracy with real and fake counting alike. A detector generalises\n"
                 "if its unseen rows come near its seen ones. pxAUC and IoU say how well the map finds the forged\n"
                 "pixels: they mean something only above `prior`, a mean training mask that never sees the image.\n");
    if (resamples > 0)
        fprintf(out,
                "95 %%: bootstrap interval of the AUC, %d resamples of whole groups (person, photograph, video).\n",
                resamples);
}
