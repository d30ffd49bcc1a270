/* report_verdict.c -- the box at the top of report.html: what came of the run, in words that follow from its
 * figures. */
#include <math.h>
#include <stdio.h>

#include "nn/base/clock.h"
#include "train/report_parts.h"

enum { SENTENCES = 6, SENTENCE = 400 };

/* What counts as more than noise, by these rules of thumb: [ours]. */
static const double rise_of_overfitting = 0.10, gain_of_improving = 0.005;

static double at(const TrainHistory *h, const char *name, int i)
{
    const int c = train_history_column(h, name);
    return c >= 0 && i >= 0 && i < h->val.n ? h->val.value[c][i] : NAN;
}

/* The training loss around a step, and at the end: has it gone on falling? */
static int training_fell_since(const TrainHistory *h, double step)
{
    const int loss = train_history_column(h, "loss"), n = h->train.n, tail = n / 10 > 1 ? n / 10 : 1;
    double then = 0, now = 0;
    int i = 0, count = 0;
    if (loss < 0 || n < 4) return 0;
    while (i < n - 1 && h->train.value[0][i] < step) i++;
    for (int k = i - tail < 0 ? 0 : i - tail; k < i + tail && k < n; k++) then += h->train.value[loss][k], count++;
    for (int k = n - tail; k < n; k++) now += h->train.value[loss][k] / tail;
    return count && now < then / count;
}

/* Best AUC of the last third of the validations against that of those before. */
static int is_rising(const TrainHistory *h)
{
    double before = -INFINITY, late = -INFINITY;
    for (int i = 0; i < h->val.n; i++) {
        const double auc = at(h, "auc", i);
        if (3 * i < 2 * h->val.n) before = fmax(before, auc);
        else late = fmax(late, auc);
    }
    return late > before + gain_of_improving;
}

TrainVerdict train_verdict_make(const TrainHistory *h, int by_auc)
{
    TrainVerdict v = { .n = h->val.n, .best = -1, .least = -1 };
    for (int i = 0; i < v.n; i++) {
        const double auc = at(h, "auc", i), loss = at(h, "loss", i);
        if (v.least < 0 || loss < at(h, "loss", v.least)) v.least = i;
        if (by_auc && (v.best < 0 || auc > at(h, "auc", v.best))) v.best = i;
    }
    if (!by_auc) v.best = v.least;
    v.step = at(h, "step", v.best), v.auc = at(h, "auc", v.best);
    v.accuracy = at(h, "accuracy", v.best), v.threshold = at(h, "threshold", v.best);
    if (v.n < 4) return v;
    v.rise = at(h, "loss", v.n - 1) / at(h, "loss", v.least) - 1;
    const int early = v.least < (v.n - 1) * 7 / 10 && v.rise > rise_of_overfitting;
    if (early && training_fell_since(h, at(h, "step", v.least))) v.trend = TRAIN_TREND_OVERFITS;
    else v.trend = is_rising(h) ? TRAIN_TREND_RISING : TRAIN_TREND_SETTLED;
    return v;
}

static const char *ending(const TrainEnding *e)
{
    if (e->status == NN_OK && e->trainer->waits) return "The run waits for masks that a person draws";
    if (e->status == NN_OK && e->trainer->step < e->trainer->total)
        return "The run stopped early, as it no longer got better";
    if (e->status == NN_OK) return "The run finished";
    if (e->status == NN_ERR_INTERRUPTED) return "The run was interrupted and can go on";
    return e->status == NN_ERR_NUMERIC ? "The run broke down: numbers were no longer finite" : "The run failed";
}

static void say_trend(const TrainVerdict *v, char text[SENTENCE])
{
    switch (v->trend) {
    case TRAIN_TREND_RISING:
        snprintf(text, SENTENCE, "It was still getting better when it ended: more steps would probably help.");
        break;
    case TRAIN_TREND_SETTLED:
        snprintf(text, SENTENCE, "The last third of the validations brought no notable gain: it has settled.");
        break;
    case TRAIN_TREND_OVERFITS:
        snprintf(
            text, SENTENCE,
            "It overfits: the validation loss has risen by %.0f %% since its lowest value while the training loss "
            "went on falling. It learns the training images by heart; the checkpoint from step %.0f is the one to use.",
            100 * v->rise, v->step);
        break;
    default:
        snprintf(text, SENTENCE, "%d validation%s: too few to say whether it was still getting better.", v->n,
                 v->n == 1 ? "" : "s");
    }
}

/* Half the interval of 95 % of an AUC (Hanley and McNeil 1982). */
static double auc_margin(double auc, int real, int forged)
{
    const double q1 = auc / (2 - auc), q2 = 2 * auc * auc / (1 + auc), square = auc * auc;
    const double variance =
        (auc * (1 - auc) + (forged - 1) * (q1 - square) + (real - 1) * (q2 - square)) / ((double)real * forged);
    return 1.96 * sqrt(fmax(variance, 0));
}

static void say_margin(const Trainer *t, const TrainVerdict *v, char text[SENTENCE])
{
    int n[2] = { 0, 0 };
    for (int i = 0; i < t->n_val; i++) n[t->set->items[t->val[i]].label != 0]++;
    const double margin = auc_margin(v->auc, n[0], n[1]);
    snprintf(text, SENTENCE, "%d real and %d forged validation images fix that AUC to about plus or minus %.3f%s.",
             n[0], n[1], margin, margin > 0.05 ? ": a rough figure, more of them would tell more" : "");
}

static int say_validations(const TrainEnding *e, const TrainVerdict *v, char text[SENTENCES][SENTENCE])
{
    int n = 0;
    snprintf(
        text[n++], SENTENCE,
        "Of one forged and one real validation image it gives the forged one the higher score in %.0f of 100 cases "
        "(AUC %.3f; a coin toss: 0.5). That was at step %.0f of %lld, whose weights are kept as best.safetensors.",
        100 * v->auc, v->auc, v->step, (long long)e->trainer->total);
    snprintf(text[n++], SENTENCE,
             "With the threshold %.3f, chosen on these images, it is right on %.0f of 100 of them.", v->threshold,
             100 * v->accuracy);
    /* A resumed run may have lost its validation images. */
    if (e->trainer->n_val) say_margin(e->trainer, v, text[n++]);
    say_trend(v, text[n++]);
    snprintf(
        text[n++], SENTENCE,
        "These images show the manipulations that it was trained on. Whether it finds others too, only an evaluation "
        "on test images can say (the program eval).");
    return n;
}

/* Minutes and seconds for people. */
static void say_duration(double seconds, char text[32])
{
    const long s = lround(seconds);
    if (s < 60) snprintf(text, 32, "%.1f s", seconds);
    else if (s < 3600) snprintf(text, 32, "%ld min %02ld s", s / 60, s % 60);
    else snprintf(text, 32, "%ld h %02ld min", s / 3600, s / 60 % 60);
}

static void put_cards(NnPage *p, const TrainEnding *e, const TrainVerdict *v)
{
    const Trainer *t = e->trainer;
    char auc[32], accuracy[32], threshold[32], steps[32], of[64], images[64], time[32], note[64];
    snprintf(auc, sizeof auc, v->best < 0 ? "n/a" : "%.3f", v->auc);
    snprintf(accuracy, sizeof accuracy, v->best < 0 ? "n/a" : "%.1f %%", 100 * v->accuracy);
    snprintf(threshold, sizeof threshold, v->best < 0 ? "n/a" : "%.3f", v->threshold);
    snprintf(steps, sizeof steps, "%lld", (long long)t->step);
    snprintf(of, sizeof of, "of %lld planned", (long long)t->total);
    snprintf(images, sizeof images, "%d / %d", t->n_train, t->n_val);
    say_duration(nn_clock() - e->watch->began, time);
    snprintf(note, sizeof note, e->first ? "this process, from step %lld on" : "from first to last step",
             (long long)e->first + 1);
    const NnPageCard cards[] = {
        { "Best validation AUC", auc, "1 is perfect, 0.5 a coin toss" },
        { "Accuracy there", accuracy, "validation images judged rightly" },
        { "Threshold", threshold, "score from which on it says forged" },
        { "Steps made", steps, of },
        { "Images", images, "for training / for validation" },
        { "Time", time, note },
    };
    nn_page_cards(p, cards, sizeof cards / sizeof *cards);
}

static NnPageTone tone_of(const TrainEnding *e, const TrainVerdict *v)
{
    if (e->status != NN_OK && e->status != NN_ERR_INTERRUPTED) return NN_TONE_BAD;
    if (v->best < 0 || e->status == NN_ERR_INTERRUPTED || e->trainer->waits) return NN_TONE_NEUTRAL;
    if (v->auc < 0.7) return NN_TONE_BAD;
    return v->auc < 0.9 || v->trend == TRAIN_TREND_OVERFITS ? NN_TONE_MIXED : NN_TONE_GOOD;
}

void train_report_verdict(NnPage *p, const TrainEnding *e, const TrainVerdict *v)
{
    char headline[200], text[SENTENCES + 1][SENTENCE];
    const char *sentences[SENTENCES + 1];
    int n = 0;
    if (v->best < 0) snprintf(headline, sizeof headline, "%s; nothing was validated.", ending(e));
    else snprintf(headline, sizeof headline, "%s: best validation AUC %.3f, at step %.0f.", ending(e), v->auc, v->step);
    if (e->message[0]) snprintf(text[n++], SENTENCE, "Message: %s", e->message);
    if (v->best >= 0) n += say_validations(e, v, text + n);
    else if (!e->trainer->n_val)
        snprintf(
            text[n++], SENTENCE,
            "Nothing is validated, which takes real and forged images, so nothing here says how good the detector is.");
    for (int i = 0; i < n; i++) sentences[i] = text[i];
    nn_page_verdict(p, tone_of(e, v), headline, sentences, n);
    put_cards(p, e, v);
}
