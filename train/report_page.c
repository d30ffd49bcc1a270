/* report_page.c -- see report_page.h: the order of the parts, and the run card. */
#include "train/report_page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/base/clock.h"
#include "nn/base/file.h"
#include "nn/base/parallel.h"
#include "nn/ops/micro.h"
#include "train/report_parts.h"
#include "train/run_folder.h"
#include "train/run_header.h"
#include "train/run_record.h"

int train_report_can_look(const TrainEnding *e)
{
    return e->watch->probe.n > 0 && (e->status == NN_OK || e->status == NN_ERR_INTERRUPTED);
}

/* Has measuring regions left a sheet? */
static int has_sheet(const TrainEnding *e)
{
    char path[TRAIN_PATH_MAX];
    return train_report_sheet(e, path) && nn_file_exists(path);
}

/* ---- the run card ---- */

static void put_data_row(NnPage *p, const DataSet *set, const char *name, const char *seen, int method, int counts)
{
    nn_page_row_begin(p);
    nn_page_cell(p, NN_CELL_HEAD, "%s", name);
    nn_page_cell(p, NN_CELL_TEXT, "%s", seen);
    for (int split = DATA_TRAIN; split < DATA_SPLITS; split++)
        nn_page_cell(p, NN_CELL_NUMBER, "%d",
                     counts || split == DATA_TEST ? train_header_count(set, (DataSplit)split, method) : 0);
    nn_page_row_end(p);
}

static void put_data(NnPage *p, const DataSet *set)
{
    static const char *const heads[] = { "images", "", "training", "validation", "test" };
    static const NnPageCell kinds[] = { NN_CELL_TEXT, NN_CELL_TEXT, NN_CELL_NUMBER, NN_CELL_NUMBER, NN_CELL_NUMBER };
    nn_page_table_begin(p, "Data", heads, kinds, 5);
    put_data_row(p, set, "real", "", -1, 1);
    for (int m = 0; m < set->n_methods; m++)
        put_data_row(p, set, set->methods[m], set->seen[m] ? "seen" : "unseen", m, set->seen[m]);
    nn_page_table_end(
        p, "the detector learns from the first column; a manipulation marked unseen is kept for the test alone.");
}

static void put_facts(NnPage *p, const TrainEnding *e)
{
    const Trainer *t = e->trainer;
    const TrainConfig *c = &t->config;
    nn_page_facts_begin(p);
    nn_page_fact(p, "folder", "%s", e->folder);
    nn_page_fact(p, "network", "%s on %s input, %d x %d pixels, %zu weights", c->model.network,
                 c->model.input == NN_INPUT_RESIDUAL ? "residual" : "RGB", c->data.size, c->data.size,
                 nn_params_weights(t->params));
    nn_page_fact(p, "steps", "%lld of %lld, %d images each", (long long)t->step, (long long)t->total,
                 c->train.batch * c->optim.accumulate);
    nn_page_fact(p, "seed", "%d", c->train.seed);
    nn_page_fact(p, "version", "Locus " LOCUS_VERSION);
    nn_page_fact(p, "computed with", "%s as %s, convolutions with %s, %d thread%s", nn_blas_version(), nn_blas_core(),
                 nn_micro()->name, nn_threads(), nn_threads() == 1 ? "" : "s");
    nn_page_facts_end(p);
}

/* The only part that differs between two runs of one configuration. */
static void put_times(NnPage *p, const TrainEnding *e)
{
    const Trainer *t = e->trainer;
    const double all = nn_clock() - e->watch->began, steps = (double)(t->step - e->first);
    char now[32];
    train_record_now(now);
    nn_page_facts_begin(p);
    nn_page_fact(p, "begun, ended", "%s, %s", e->started, now);
    nn_page_fact(p, "time",
                 "%.1f s, of which in steps %.1f s (waiting for images %.1f s), for pictures of this report %.1f s "
                 "until now",
                 all, t->stepping, trainer_waited(t), e->watch->seconds);
    if (t->stepping > 0)
        nn_page_fact(p, "speed", "%.1f images a second in steps",
                     steps * t->config.train.batch * t->config.optim.accumulate / t->stepping);
    nn_page_facts_end(p);
}

NnStatus train_report_card(NnPage *p, const TrainEnding *e, NnErr *err)
{
    char *config = train_config_format(&e->trainer->config);
    if (!config) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the configuration");
    nn_page_section_begin(p, "run", "What was run", NULL);
    put_facts(p, e);
    put_data(p, e->trainer->set);
    put_times(p, e);
    nn_page_details_begin(p, "Every setting (config.resolved.ini)");
    nn_page_verbatim(p, config);
    nn_page_details_end(p);
    nn_page_details_begin(p, "The kernel of every operation that had a choice");
    nn_page_verbatim(p, nn_plan_kernels(e->trainer->plan));
    nn_page_details_end(p);
    nn_page_section_end(p);
    free(config);
    return NN_OK;
}

/* ---- the page ---- */

static void put_contents(NnPage *p, const TrainEnding *e)
{
    NnPageLink links[8];
    int n = 0;
    if (e->watch->probe.n) links[n++] = (NnPageLink){ "maps", "Where it looks" };
    if (train_report_rebuilds(e)) links[n++] = (NnPageLink){ "rebuilt", "What it keeps of an image" };
    links[n++] = (NnPageLink){ "curves", "How it learned" };
    if (train_report_can_look(e)) links[n++] = (NnPageLink){ "latents", "How images look to the network" };
    if (e->trainer->adversary && train_report_can_look(e))
        links[n++] = (NnPageLink){ "blur", "What the adversary does" };
    if (has_sheet(e)) links[n++] = (NnPageLink){ "regions", "What is taken away" };
    links[n++] = (NnPageLink){ "run", "What was run" };
    links[n++] = (NnPageLink){ "words", "Words" };
    nn_page_contents(p, links, n);
}

static void put_words(NnPage *p)
{
    int n;
    const NnPageEntry *words = nn_page_common_words(&n);
    nn_page_section_begin(p, "words", "Words", "What the words of this page mean.");
    nn_page_glossary(p, words, n);
    nn_page_section_end(p);
}

/* Rebuilt images come right behind the maps, whose look they show; latents look at others. */
static NnStatus put_parts(NnPage *p, const TrainEnding *e, const TrainHistory *h, NnErr *err)
{
    const TrainVerdict v = train_verdict_make(h, e->trainer->config.train.best == TRAIN_BEST_AUC);
    put_contents(p, e);
    train_report_verdict(p, e, &v);
    if (e->watch->probe.n) NN_TRY(train_report_maps(p, e, err));
    if (train_report_rebuilds(e)) NN_TRY(train_report_rebuilt(p, e, err));
    NN_TRY(train_report_curves(p, e, h, err));
    if (train_report_can_look(e)) NN_TRY(train_report_latents(p, e, err));
    if (e->trainer->adversary && train_report_can_look(e)) NN_TRY(train_report_blur(p, e, err));
    if (has_sheet(e)) NN_TRY(train_report_regions(p, e, err));
    NN_TRY(train_report_card(p, e, err));
    put_words(p);
    return NN_OK;
}

NnStatus train_report_write(const TrainEnding *e, NnErr *err)
{
    char path[TRAIN_PATH_MAX], title[TRAIN_PATH_MAX];
    TrainHistory h;
    NnPage p = { 0 };
    NnStatus status = train_history_load(&h, train_folder_file(e->folder, "metrics.csv", path), err);
    snprintf(title, sizeof title, "Training of %s", nn_path_name(e->folder));
    if (status == NN_OK)
        status =
            nn_page_open(&p, title, "A detector of forged images: what it learned, how, and what it looks at.", err);
    if (status == NN_OK) status = put_parts(&p, e, &h, err);
    if (status == NN_OK) status = nn_page_save(&p, train_folder_file(e->folder, "report.html", path), err);
    nn_page_drop(&p);
    train_history_deinit(&h);
    return status;
}
