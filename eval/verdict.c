/* verdict.c -- see verdict.h. */
#include "eval/verdict.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/ranking.h"
#include "nn/base/metrics.h"
#include "nn/base/size.h"

enum { FEW_GROUPS = 30, NAMES_MAX = 240 };
static const double full = 0.9, partly = 0.7, chance = 0.5, far_from_probability = 0.1, hurts = 0.05;

static const char *const rules[] = {
    "\"Reliably\": the 95 % interval of the AUC lies at .90 or above. \"Often, but not reliably\": at .70 or above. "
    "\"A little better than guessing\": above .50. \"Not shown to be better than guessing\": it holds .50. "
    "\"The wrong way round\": below .50.",
    "The headline takes the worst data set, of the manipulations trained on and of the others; "
    "single manipulations that do worse than their group are named.",
    "Good: reliable on both. Bad: no more than a little better than guessing on what it was trained on "
    "(or, where none of that was tested, on the others). Mixed: all else.",
    "A drop from seen to unseen is called shown where its interval leaves out 0.",
    "The map is said to find the place where it beats the position prior "
    "(the mean mask of the training forgeries, which never looks at the picture): interval of the difference in IoU "
    "above 0, and a higher pooled pixel AUC.",
    "The score is said not to be a probability where it is off by .10 or more on average (expected calibration error).",
    "A corruption is named where the interval of its mean drop in AUC lies above .05.",
    "Fewer than 30 independent groups (people, photographs, videos): the intervals are too narrow, and that is said.",
};

const char *const *eval_verdict_rules(int *n)
{
    *n = (int)(sizeof rules / sizeof *rules);
    return rules;
}

/* ---- degrees of trust ---- */

EvalTrust eval_trust(const EvalEstimate *auc)
{
    const double lo = isnan(auc->lo) ? auc->value : auc->lo, hi = isnan(auc->hi) ? auc->value : auc->hi;
    if (isnan(auc->value)) return EVAL_TRUST_UNKNOWN;
    if (hi < chance) return EVAL_TRUST_WRONG;
    if (lo >= full) return EVAL_TRUST_FULL;
    if (lo >= partly) return EVAL_TRUST_PARTLY;
    return lo > chance ? EVAL_TRUST_LITTLE : EVAL_TRUST_NONE;
}

const char *eval_trust_words(EvalTrust trust)
{
    switch (trust) {
    case EVAL_TRUST_UNKNOWN:
        break;
    case EVAL_TRUST_WRONG:
        return "the wrong way round (forgeries look more real to it than real images)";
    case EVAL_TRUST_NONE:
        return "not shown to be better than guessing";
    case EVAL_TRUST_LITTLE:
        return "a little better than guessing";
    case EVAL_TRUST_PARTLY:
        return "often, but not reliably";
    case EVAL_TRUST_FULL:
        return "reliably";
    }
    return "not tested";
}

static EvalTrust worse(EvalTrust a, EvalTrust b)
{
    if (a == EVAL_TRUST_UNKNOWN) return b;
    return b == EVAL_TRUST_UNKNOWN || a < b ? a : b;
}

/* ---- sentences ---- */

static void say(EvalVerdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(EvalVerdict *v, const char *format, ...)
{
    va_list args;
    if (v->n == EVAL_SENTENCES_MAX) return;
    char *out = v->sentence[v->n++];
    const int at = snprintf(out, EVAL_SENTENCE_BYTES, "%s", v->about);
    va_start(args, format);
    vsnprintf(out + at, EVAL_SENTENCE_BYTES - (size_t)at, format, args);
    va_end(args);
    if (at == 0) out[0] = (char)toupper((unsigned char)out[0]);
}

/* ".872 (95 % interval .85 to .90)" */
static const char *figure_text(const EvalEstimate *e, char *out, size_t room)
{
    if (isnan(e->lo)) snprintf(out, room, "%.2f", e->value);
    else snprintf(out, room, "%.2f (95 %% interval %.2f to %.2f)", e->value, e->lo, e->hi);
    return out;
}

/* The manipulations of a pooled row that are found worse than the whole, with their degrees. */
static void name_worse(const EvalRows *rows, const EvalRow *pooled, char *out)
{
    size_t at = 0;
    out[0] = 0;
    for (int k = 0; k < rows->n; k++) {
        const EvalRow *row = &rows->rows[k];
        if (row->kind != EVAL_ROW_METHOD || row->seen != pooled->seen) continue;
        if (eval_trust(&row->auc) >= eval_trust(&pooled->auc) || eval_trust(&row->auc) == EVAL_TRUST_UNKNOWN) continue;
        if (at + 80 > NAMES_MAX) {
            snprintf(out + at, NAMES_MAX - at, ", and more");
            return;
        }
        at += (size_t)snprintf(out + at, NAMES_MAX - at, "%s%.40s (%.2f)", at ? ", " : " Worse: ", row->name,
                               row->auc.value);
    }
    if (at) snprintf(out + at, NAMES_MAX - at, ".");
}

static void say_kind(EvalVerdict *v, const EvalReport *report, EvalRowKind kind, EvalTrust *worst)
{
    const EvalRow *row = eval_rows_find(&report->rows, kind);
    char figure[64], names[NAMES_MAX];
    if (!row || isnan(row->auc.value)) return;
    const EvalTrust trust = eval_trust(&row->auc);
    *worst = worse(*worst, trust);
    name_worse(&report->rows, row, names);
    say(v,
        "kinds of forgery it was %s: AUC %s, %s. Of a forgery and a real image, the forgery gets the higher "
        "score in %.0f of 100 cases.%s",
        kind == EVAL_ROW_SEEN ? "trained on" : "not trained on", figure_text(&row->auc, figure, sizeof figure),
        eval_trust_words(trust), 100 * row->auc.value, names);
}

static void say_drop(EvalVerdict *v, const EvalReport *report)
{
    const EvalEstimate *drop = &report->rows.drop_auc;
    char figure[64];
    if (isnan(drop->value)) return;
    figure_text(drop, figure, sizeof figure);
    if (drop->lo > 0 || (isnan(drop->lo) && drop->value > 0))
        say(v, "from kinds that it was trained on to others the AUC falls by %s.", figure);
    else if (drop->hi < 0) say(v, "it does better on kinds that it was not trained on; the drop is %s.", figure);
    else say(v, "no drop from kinds that it was trained on to others was shown; it is %s.", figure);
}

/* ---- at the threshold ---- */

/* Real images, forgeries of seen kinds, others. */
typedef enum { REAL, SEEN, UNSEEN, KINDS } Kind;

static Kind kind_of(const EvalResults *r, const EvalItem *item)
{
    if (!item->label) return REAL;
    return r->seen[item->method] ? SEEN : UNSEEN;
}

static void say_misses(const int *n, const int *wrong, Kind kind, const char *words, char *out, size_t room)
{
    const size_t at = strlen(out);
    if (n[kind] == 0) return;
    snprintf(out + at, room - at, "%s%d of %d forgeries of %s (%.0f %%)", at ? ", and " : "", wrong[kind], n[kind],
             words, 100. * wrong[kind] / n[kind]);
}

static void say_mistakes(EvalVerdict *v, const EvalReport *report)
{
    int n[KINDS] = { 0 }, wrong[KINDS] = { 0 };
    char misses[200] = "";
    for (int i = 0; i < report->results.n; i++) {
        const EvalItem *item = &report->results.items[i];
        const Kind kind = kind_of(&report->results, item);
        n[kind]++;
        wrong[kind] += ((double)item->score >= report->rows.threshold) != item->label;
    }
    if (n[REAL] == 0 || n[SEEN] + n[UNSEEN] == 0) {
        say(v, "there are no %s in it, so nothing can be said of telling the two apart.",
            n[REAL] ? "forgeries" : "real images");
        return;
    }
    say_misses(n, wrong, SEEN, "kinds it was trained on", misses, sizeof misses);
    say_misses(n, wrong, UNSEEN, "other kinds", misses, sizeof misses);
    say(v, "at its threshold %.3f it calls %d of %d real images forged (%.0f %%); it misses %s.",
        report->rows.threshold, wrong[REAL], n[REAL], 100. * wrong[REAL] / n[REAL], misses);
}

static NnStatus say_calibration(EvalVerdict *v, const EvalReport *report, NnErr *err)
{
    const int n = report->results.n;
    float *score = nn_alloc((size_t)n, sizeof *score);
    unsigned char *label = nn_alloc((size_t)n, 1);
    NnScoreMetrics m = { .ece = (double)NAN };
    NnStatus s = score && label ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "verdict: out of memory");
    for (int i = 0; s == NN_OK && i < n; i++) {
        score[i] = report->results.items[i].score;
        label[i] = (unsigned char)report->results.items[i].label;
    }
    if (s == NN_OK && n > 0) s = nn_score_metrics(score, label, (size_t)n, report->rows.threshold, &m, err);
    free(score);
    free(label);
    if (s == NN_OK && m.ece >= far_from_probability)
        say(v, "do not read its score as a probability; it is off by %.2f on average.", m.ece);
    return s;
}

/* ---- where ---- */

typedef struct {
    uint64_t group;
    double gain;
} Gain;

static int by_group(const void *a, const void *b)
{
    const uint64_t x = ((const Gain *)a)->group, y = ((const Gain *)b)->group;
    return (x > y) - (x < y);
}

/* The variance of a mean of n values that belong together by groups: sum over groups of (sum of deviations)^2 / n^2. */
static double grouped_variance(Gain *gains, int n, double mean)
{
    double squares = 0, sum = 0;
    qsort(gains, (size_t)n, sizeof *gains, by_group);
    for (int i = 0; i < n; i++) {
        sum += gains[i].gain - mean;
        if (i + 1 < n && gains[i + 1].group == gains[i].group) continue;
        squares += sum * sum;
        sum = 0;
    }
    return squares / ((double)n * n);
}

EvalEstimate eval_iou_gain(const EvalResults *r, const EvalRow *row)
{
    EvalEstimate out = { (double)NAN, (double)NAN, (double)NAN };
    Gain *gains = nn_alloc((size_t)r->n, sizeof *gains);
    int n = 0;
    double sum = 0;
    for (int i = 0; gains && i < r->n; i++) {
        const EvalItem *item = &r->items[i];
        if (!item->has_mask || !eval_row_holds(row, r, item) || isnan(item->iou) || isnan(item->iou_prior)) continue;
        gains[n++] = (Gain){ item->group, item->iou - item->iou_prior };
        sum += item->iou - item->iou_prior;
    }
    if (n > 0) {
        out.value = sum / n;
        const double half = 1.96 * sqrt(grouped_variance(gains, n, out.value));
        out.lo = out.value - half;
        out.hi = out.value + half;
    }
    free(gains);
    return out;
}

static void say_place(EvalVerdict *v, const EvalReport *report)
{
    const EvalRow *row = eval_rows_find(&report->rows, EVAL_ROW_ALL);
    const EvalEstimate gain =
        row ? eval_iou_gain(&report->results, row) : (EvalEstimate){ (double)NAN, (double)NAN, (double)NAN };
    if (!row || row->n_masks == 0 || isnan(gain.value)) {
        say(v, "whether its map shows the right place is not known (no masks, or no prior to compare with).");
        return;
    }
    const int finds = gain.lo > 0 && row->pixel_auc > row->pixel_auc_prior;
    say(v, "its map %s (IoU %.2f, position prior %.2f; pixel AUC %.2f, prior %.2f; %d forgeries with a mask).",
        finds         ? "shows where a forgery is, better than a map that never looks at the picture"
        : gain.hi < 0 ? "shows the place worse than a map that never looks at the picture: do not rely on it"
                      : "was not shown to find the place better than a map that never looks at the picture",
        row->iou, row->iou_prior, row->pixel_auc, row->pixel_auc_prior, row->n_masks);
}

/* ---- under corruption ---- */

static void say_robust(EvalVerdict *v, const EvalRobust *robust)
{
    char names[NAMES_MAX] = "";
    size_t at = 0;
    int n = 0;
    for (int i = 0; i < robust->n_means; i++) {
        const EvalRobustMean *mean = &robust->means[i];
        const EvalEstimate *drop = &mean->drop[EVAL_ROBUST_ALL];
        if (!mean->op || isnan(drop->value) || (isnan(drop->lo) ? drop->value : drop->lo) <= hurts) continue;
        n++;
        if (at + 80 < NAMES_MAX)
            at += (size_t)snprintf(names + at, NAMES_MAX - at, "%s%.30s of %.20s (%.2f)", at ? ", " : "",
                                   mean->op->name, mean->protocol, drop->value);
    }
    if (robust->n_means == 0) return;
    if (n == 0)
        say(v, "no corruption that was tried lowers the AUC by more than %.2f on average (beyond doubt).", hurts);
    else say(v, "it suffers from %d of the corruptions tried; mean drop in AUC by: %s.", n, names);
}

/* ---- what it rests on ---- */

static NnStatus say_evidence(EvalVerdict *v, const EvalReport *report, NnErr *err)
{
    uint64_t *groups = nn_alloc((size_t)report->results.n, sizeof *groups);
    if (!groups) return nn_fail(err, NN_ERR_NOMEM, "verdict: out of memory");
    const int n = eval_groups_list(report->results.items, report->results.n, groups);
    free(groups);
    const EvalRow *all = eval_rows_find(&report->rows, EVAL_ROW_ALL);
    const int is_bare = all && !isnan(all->auc.value) && isnan(all->auc.lo);
    if (n < FEW_GROUPS)
        say(v, "the test holds only %d independent groups (people, photographs, videos): believe its %s less.", n,
            is_bare ? "figures" : "intervals");
    if (is_bare) say(v, "no intervals were computed, so its figures are taken at face value.");
    return NN_OK;
}

static void conclude(EvalVerdict *v)
{
    const EvalTrust basis = v->seen != EVAL_TRUST_UNKNOWN ? v->seen : v->unseen;
    if (basis == EVAL_TRUST_UNKNOWN) {
        v->tone = EVAL_TONE_UNKNOWN;
        snprintf(v->headline, sizeof v->headline,
                 "Nothing can be said about telling real from forged: one of the two is missing.");
        return;
    }
    v->tone = v->seen == EVAL_TRUST_FULL && v->unseen == EVAL_TRUST_FULL ? EVAL_TONE_GOOD
              : basis <= EVAL_TRUST_LITTLE                               ? EVAL_TONE_BAD
                                                                         : EVAL_TONE_MIXED;
    snprintf(v->headline, sizeof v->headline,
             "Telling forgeries from real images: on the kinds of forgery it was trained on, %s; on other kinds, %s.",
             eval_trust_words(v->seen), eval_trust_words(v->unseen));
}

/* One of n. */
static NnStatus judge_report(EvalVerdict *v, const EvalReport *report, int n, NnErr *err)
{
    if (n > 1) snprintf(v->about, sizeof v->about, "%.80s: ", report->results.name);
    say_kind(v, report, EVAL_ROW_SEEN, &v->seen);
    say_kind(v, report, EVAL_ROW_UNSEEN, &v->unseen);
    say_drop(v, report);
    say_mistakes(v, report);
    NN_TRY(say_calibration(v, report, err));
    say_place(v, report);
    say_robust(v, &report->robust);
    return say_evidence(v, report, err);
}

NnStatus eval_verdict_make(const EvalReport *reports, int n, EvalVerdict *out, NnErr *err)
{
    *out = (EvalVerdict){ .seen = EVAL_TRUST_UNKNOWN };
    for (int i = 0; i < n; i++) NN_TRY(judge_report(out, &reports[i], n, err));
    out->about[0] = 0;
    conclude(out);
    if (out->n == EVAL_SENTENCES_MAX)
        snprintf(out->sentence[out->n - 1], EVAL_SENTENCE_BYTES,
                 "There is more to say than fits here: the tables below hold every data set.");
    else say(out, "None of this holds for manipulations, cameras and compression that are not in the tables below.");
    return NN_OK;
}
