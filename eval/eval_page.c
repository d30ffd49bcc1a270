/* eval_page.c -- see eval_page.h. The order of the sections; verdict, run card, curves, glossary. */
#include "eval/eval_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/score_charts.h"
#include "eval/verdict.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

/* ---- verdict ---- */

static void put_rules(NnPage *p)
{
    int n;
    const char *const *rules = eval_verdict_rules(&n);
    nn_page_details_begin(p, "By which rules is this said?");
    for (int i = 0; i < n; i++) nn_page_paragraph(p, "%s", rules[i]);
    nn_page_details_end(p);
}

static NnStatus put_verdict(NnPage *p, const EvalReportPage *r, NnErr *err)
{
    static const NnPageTone tones[] = { NN_TONE_GOOD, NN_TONE_MIXED, NN_TONE_BAD, NN_TONE_NEUTRAL };
    const char *sentences[EVAL_SENTENCES_MAX];
    EvalVerdict *v = nn_alloc(1, sizeof *v);
    if (!v) return nn_fail(err, NN_ERR_NOMEM, "report: out of memory");
    const NnStatus s = eval_verdict_make(r->reports, r->n, v, err);
    for (int i = 0; s == NN_OK && i < v->n; i++) sentences[i] = v->sentence[i];
    if (s == NN_OK) nn_page_verdict(p, tones[v->tone], v->headline, sentences, v->n);
    if (s == NN_OK) put_rules(p);
    free(v);
    return s;
}

/* The pooled AUCs of the first data set as large figures. */
static void put_cards(NnPage *p, const EvalReportPage *r)
{
    static const struct {
        EvalRowKind kind;
        const char *label;
    } wanted[] = { { EVAL_ROW_SEEN, "AUC, kinds trained on" }, { EVAL_ROW_UNSEEN, "AUC, other kinds" } };
    char value[3][32], note[3][NN_TEXT_MAX];
    NnPageCard cards[3];
    const EvalRows *rows = &r->reports[0].rows;
    int n = 0;
    for (int i = 0; i < 2; i++) {
        const EvalRow *row = eval_rows_find(rows, wanted[i].kind);
        if (!row || isnan(row->auc.value)) continue;
        snprintf(value[n], sizeof value[n], "%.3f", row->auc.value);
        snprintf(note[n], sizeof note[n], "%.100s; 95 %% interval %.3f to %.3f", r->reports[0].results.name,
                 row->auc.lo, row->auc.hi);
        cards[n] = (NnPageCard){ wanted[i].label, value[n], isnan(row->auc.lo) ? r->reports[0].results.name : note[n] };
        n++;
    }
    if (!isnan(rows->drop_auc.value)) {
        snprintf(value[n], sizeof value[n], "%+.3f", -rows->drop_auc.value);
        snprintf(note[n], sizeof note[n], "95 %% interval %+.3f to %+.3f", -rows->drop_auc.hi, -rows->drop_auc.lo);
        cards[n] =
            (NnPageCard){ "change from the one to the other", value[n], isnan(rows->drop_auc.lo) ? NULL : note[n] };
        n++;
    }
    if (n > 0) nn_page_cards(p, cards, n);
}

/* ---- run card ---- */

static void put_note(NnPage *p, const EvalRun *run, const char *name, const char *key)
{
    const char *value = nn_trained_note(&run->trained, key);
    if (*value) nn_page_fact(p, name, "%s", value);
}

static void put_data_facts(NnPage *p, const EvalReport *report)
{
    const EvalRow *all = eval_rows_find(&report->rows, EVAL_ROW_ALL);
    char name[NN_TEXT_MAX + 16];
    snprintf(name, sizeof name, "tested on %s", report->results.name);
    nn_page_fact(p, name, "%d real and %d forged images from %s; %d unreadable and left out", all ? all->n_real : 0,
                 all ? all->n_fake : 0, report->source, report->n_skipped);
}

static void put_run_card(NnPage *p, const EvalReportPage *r)
{
    const EvalRun *run = r->run;
    const char *seen = nn_trained_note(&run->trained, "seen"), *config = nn_trained_note(&run->trained, "config");
    char source[NN_TEXT_MAX];
    eval_data_own_name(run, source);
    nn_page_section_begin(p, "run", "What was tested, and how", NULL);
    nn_page_facts_begin(p);
    nn_page_fact(p, "detector", "%s", run->trained.path);
    nn_page_fact(p, "network", "%s, %lld trained numbers, images of %d by %d pixels", run->trained.model.network,
                 (long long)nn_params_weights(run->params), run->data.size, run->data.size);
    nn_page_fact(p, "trained on", "%s; manipulations: %s", source, *seen ? seen : run->data.methods);
    for (int i = 0; i < r->n; i++) put_data_facts(p, &r->reports[i]);
    nn_page_fact(p, "threshold", "%.4f: %s", run->threshold, run->threshold_rule);
    if (r->bootstrap->resamples > 0)
        nn_page_fact(p, "intervals", "%d resamples of whole groups (person, photograph, video), seed %llu",
                     r->bootstrap->resamples, (unsigned long long)r->bootstrap->seed);
    else nn_page_fact(p, "intervals", "none were computed");
    nn_page_fact(p, "seed of the training", "%llu", (unsigned long long)run->trained.seed);
    put_note(p, run, "step of the weights", "step");
    put_note(p, run, "written by version", "version");
    nn_page_facts_end(p);
    if (*config) {
        nn_page_details_begin(p, "The whole configuration");
        fputs("<pre class=\"scroll\">", p->out);
        nn_page_text(p, config);
        fputs("</pre>\n", p->out);
        nn_page_details_end(p);
    }
    nn_page_section_end(p);
}

/* ---- curves ---- */

static NnStatus put_scores(NnPage *p, const EvalReportPage *r, NnErr *err)
{
    nn_page_section_begin(p, "scores", "Scores of real and forged images",
                          "The detector gives every image a score from 0 (real) to 1 (forged). How far apart are the "
                          "two kinds?");
    for (int i = 0; i < r->n; i++) NN_TRY(eval_chart_scores(p, &r->reports[i], err));
    nn_page_section_end(p);
    return NN_OK;
}

static NnStatus put_curves(NnPage *p, const EvalReportPage *r, NnErr *err)
{
    nn_page_section_begin(p, "curves", "Every threshold at once",
                          "A lower threshold finds more forgeries and raises more false alarms. These curves show the "
                          "whole trade.");
    for (int i = 0; i < r->n; i++) {
        NN_TRY(eval_chart_roc(p, &r->reports[i], err));
        NN_TRY(eval_chart_precision(p, &r->reports[i], err));
        NN_TRY(eval_chart_reliability(p, &r->reports[i], err));
    }
    nn_page_section_end(p);
    return NN_OK;
}

/* ---- words ---- */

static const NnPageEntry own_words[] = {
    { "Seen, unseen, drop",
      "A manipulation is seen if the detector was trained on forgeries of that name, else unseen. The drop is what it "
      "loses from the one to the other: a large drop means that it learned that way of forging, not forging." },
    { "Balanced accuracy",
      "The mean of two shares: of the real images judged rightly, and of the forgeries. Unlike plain "
      "accuracy it cannot be had by calling everything forged." },
    { "ROC",
      "The curve of forgeries found against false alarms as the threshold moves. The AUC is the area below it." },
    { "Precision, recall", "Recall is the share of forgeries that are found; precision is the share of forgeries among "
                           "what is called forged." },
    { "Reliability, calibration",
      "Whether a score of 0.8 means what it seems to say: that eight in ten such images are "
      "forged. A detector can rank well and still be far off here." },
    { "Position prior",
      "The mean of all masks in training: where forgeries tend to be. It never looks at the picture. A "
      "map that does not beat it has found nothing." },
    { "Pixel AUC", "The AUC of the map's values, with pixels in place of images: forged pixels against the others." },
    { "False alarm, miss", "A real image called forged; a forgery called real." },
    { "Group", "Images that belong together (one person, one photograph, one video). They are not independent, so "
               "intervals draw whole groups." },
};

void eval_page_words(NnPage *p)
{
    int n;
    const NnPageEntry *common = nn_page_common_words(&n);
    nn_page_section_begin(p, "words", "What the words mean", NULL);
    nn_page_glossary(p, own_words, (int)(sizeof own_words / sizeof *own_words));
    nn_page_glossary(p, common, n);
    nn_page_section_end(p);
}

/* ---- the page ---- */

static void put_contents(NnPage *p, const EvalReportPage *r)
{
    NnPageLink links[12];
    int n = 0;
    links[n++] = (NnPageLink){ "run", "What was tested" };
    links[n++] = (NnPageLink){ "generalisation", "Seen and unseen" };
    links[n++] = (NnPageLink){ "scores", "Scores" };
    links[n++] = (NnPageLink){ "curves", "Every threshold" };
    links[n++] = (NnPageLink){ "places", "Where?" };
    if (r->gallery) links[n++] = (NnPageLink){ "errors", "Hardest errors" };
    if (r->examples && r->examples->n > 0) links[n++] = (NnPageLink){ "examples", "Examples" };
    if (eval_page_has_robustness(r)) links[n++] = (NnPageLink){ "robustness", "Blur, noise, compression" };
    if (eval_page_has_training(r)) links[n++] = (NnPageLink){ "training", "Training" };
    links[n++] = (NnPageLink){ "words", "Words" };
    nn_page_contents(p, links, n);
}

static NnStatus put_all(NnPage *p, const EvalReportPage *r, const char *folder, NnErr *err)
{
    NN_TRY(put_verdict(p, r, err));
    put_cards(p, r);
    put_contents(p, r);
    put_run_card(p, r);
    NN_TRY(eval_page_generalisation(p, r, err));
    NN_TRY(put_scores(p, r, err));
    NN_TRY(put_curves(p, r, err));
    eval_page_places(p, r);
    NN_TRY(eval_page_errors(p, r, err));
    NN_TRY(eval_page_examples(p, r, err));
    eval_page_robustness(p, r);
    NN_TRY(eval_page_training(p, r, folder, err));
    eval_page_words(p);
    return NN_OK;
}

NnStatus eval_report_page_save(const EvalReportPage *r, const char *folder, NnErr *err)
{
    NnPage page = { 0 };
    char title[NN_TEXT_MAX], *real = nn_path_real(r->run->folder ? r->run->folder : ".");
    char *path = nn_path_join(folder, "report.html");
    snprintf(title, sizeof title, "Detector %.200s: what can it be trusted with?", real ? nn_path_name(real) : "");
    free(real);
    NnStatus s = path ? nn_page_open(&page, title, "An evaluation on images that it was not trained on.", err)
                      : nn_fail(err, NN_ERR_NOMEM, "report: out of memory");
    if (s == NN_OK) s = put_all(&page, r, folder, err);
    if (s == NN_OK) s = nn_page_save(&page, path, err);
    else nn_page_drop(&page);
    free(path);
    return s;
}
