/* compare_verdict.c -- the verdict over several detectors: sentences made by rules from figures and intervals. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/compare_page.h"
#include "nn/base/size.h"

enum { SENTENCES = 24, SENTENCE_BYTES = 640 };

static const char *const rules[] = {
    "\"Best\" is the highest mean AUC over all manipulations that a detector was not trained on, each counting alike; "
    "where none was tested, over those that it was trained on.",
    "The order of two detectors is called uncertain where the 95 % interval of the one holds the figure of the other.",
    "\"Better\" and \"worse\" are said of a manipulation where the 95 % interval of the paired difference in AUC, "
    "on the images that both detectors judged, leaves out 0.",
};

static double figure_of(const EvalMatrixRow *row, int unseen)
{
    return unseen ? row->unseen.value : row->seen.value;
}

/* The run with the highest figure but for `other` (-1: none left out); -1: no run has one. */
static int find_best(const EvalMatrix *m, int unseen, int other)
{
    int best = -1;
    for (int i = 0; i < m->n_runs; i++) {
        const double v = figure_of(&m->rows[i], unseen);
        if (i != other && !isnan(v) && (best < 0 || v > figure_of(&m->rows[best], unseen))) best = i;
    }
    return best;
}

static void headline(const EvalMatrix *m, char *out)
{
    const int unseen = find_best(m, 1, -1) >= 0, best = find_best(m, unseen, -1), next = find_best(m, unseen, best);
    if (best < 0) {
        snprintf(out, SENTENCE_BYTES, "Nothing can be said: real images or forgeries are missing.");
        return;
    }
    const EvalEstimate *e = unseen ? &m->rows[best].unseen : &m->rows[best].seen;
    int at = snprintf(out, SENTENCE_BYTES, "%.80s does best on kinds of forgery that it was %s: AUC %.2f on average",
                      m->rows[best].name, unseen ? "not trained on" : "trained on", e->value);
    if (!isnan(e->lo)) at += snprintf(out + at, SENTENCE_BYTES - (size_t)at, " (%.2f to %.2f)", e->lo, e->hi);
    if (next >= 0 && !isnan(e->lo) && figure_of(&m->rows[next], unseen) >= e->lo)
        snprintf(out + at, SENTENCE_BYTES - (size_t)at, "; but the order to %.80s (%.2f) is uncertain.",
                 m->rows[next].name, figure_of(&m->rows[next], unseen));
    else snprintf(out + at, SENTENCE_BYTES - (size_t)at, ".");
}

/* How run i fares against the first, manipulation by manipulation. */
static void say_differences(const EvalMatrix *m, int i, char *out)
{
    const char *run = m->rows[i].name, *first = m->rows[0].name;
    int n = 0, better = 0, worse = 0;
    for (int c = 0; c < m->n_columns; c++) {
        const EvalEstimate *d = &eval_matrix_cell(m, i, c)->difference[EVAL_AUC];
        n += !isnan(d->lo);
        better += d->lo > 0;
        worse += d->hi < 0;
    }
    if (n > 0)
        snprintf(out, SENTENCE_BYTES,
                 "%.80s against %.80s on the same images: better on %d of %d manipulations, worse on %d; on %d no "
                 "difference was shown.",
                 run, first, better, n, worse, n - better - worse);
    else if (eval_compare_has_differences(m, i))
        snprintf(out, SENTENCE_BYTES,
                 "%.80s against %.80s: no intervals were computed, so nobody can tell their differences from chance.",
                 run, first);
    else
        snprintf(out, SENTENCE_BYTES,
                 "%.80s and %.80s share no images: their figures stand side by side, and that is all.", run, first);
}

/* How system s fares against the first over the seeds that both have, on unseen manipulations where there are any. */
static void say_system(const EvalComparison *c, int s, int row, char *out)
{
    const EvalEstimate *d = &c->systems[s].figures[row * EVAL_COMPARED + EVAL_AUC].difference;
    const char *kinds = c->rows[row].row->kind == EVAL_ROW_UNSEEN ? "kinds not trained on" : "all kinds";
    int at = snprintf(out, SENTENCE_BYTES, "%.80s against %.80s over %d seed%s, %.80s, %s: the AUC differs by %+.3f",
                      c->systems[s].name, c->systems[0].name, c->systems[s].shared,
                      c->systems[s].shared == 1 ? "" : "s", c->rows[row].data, kinds, d->value);
    if (!isnan(d->lo)) at += snprintf(out + at, SENTENCE_BYTES - (size_t)at, " (%+.3f to %+.3f)", d->lo, d->hi);
    snprintf(out + at, SENTENCE_BYTES - (size_t)at, "%s",
             isnan(d->lo)             ? "."
             : d->lo > 0 || d->hi < 0 ? "; that is more than chance."
                                      : "; no difference was shown.");
}

/* Is it the row that speaks for its data set: the unseen manipulations, or all where none is unseen? */
static int speaks(const EvalComparison *c, int row)
{
    if (c->rows[row].row->kind != EVAL_ROW_ALL) return c->rows[row].row->kind == EVAL_ROW_UNSEEN;
    for (int k = 0; k < c->n_rows; k++)
        if (c->rows[k].row->kind == EVAL_ROW_UNSEEN && !strcmp(c->rows[k].data, c->rows[row].data)) return 0;
    return 1;
}

/* Sentences on systems of several seeds; returns how many there are now. */
static int say_systems(const EvalComparison *c, char (*text)[SENTENCE_BYTES], int n, int room)
{
    for (int s = 1; c && s < c->n_systems; s++)
        for (int row = 0; row < c->n_rows && n < room; row++) {
            const EvalComparedFigure *f = &c->systems[s].figures[row * EVAL_COMPARED + EVAL_AUC];
            if (c->systems[s].shared > 1 && speaks(c, row) && !isnan(f->difference.value))
                say_system(c, s, row, text[n++]);
        }
    return n;
}

NnStatus eval_compare_verdict(NnPage *p, const EvalComparePage *c, NnErr *err)
{
    const EvalMatrix *m = c->matrix;
    char(*text)[SENTENCE_BYTES] = nn_alloc(SENTENCES + 1, sizeof *text);
    const char *sentences[SENTENCES];
    int n = 0;
    if (!text) return nn_fail(err, NN_ERR_NOMEM, "report: out of memory");
    headline(m, text[SENTENCES]);
    const int systems = n = say_systems(c->comparison, text, n, SENTENCES / 2);
    /* Where systems of several seeds have been set against each other, single runs of theirs say nothing more. */
    for (int i = 1; systems == 0 && i < m->n_runs && n < SENTENCES - 2; i++) say_differences(m, i, text[n++]);
    if (n - systems < m->n_runs - 1) snprintf(text[n++], SENTENCE_BYTES, "The tables below hold the other runs, too.");
    if (systems == 0)
        snprintf(text[n++], SENTENCE_BYTES,
                 "One run each says nothing about training again: another seed gives another detector.");
    for (int i = 0; i < n; i++) sentences[i] = text[i];
    nn_page_verdict(p, NN_TONE_NEUTRAL, text[SENTENCES], sentences, n);
    nn_page_details_begin(p, "By which rules is this said?");
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) nn_page_paragraph(p, "%s", rules[i]);
    nn_page_details_end(p);
    free(text);
    return NN_OK;
}
