/* robustness.c -- see robustness.h. One pass of eval_judge for each operator and level; of each pass only its figures stay,
 * and the AUC of every resample, from which all intervals come at the end. */
#include "eval/robustness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/bootstrap.h"
#include "eval/ranking.h"
#include "nn/base/parallel.h"
#include "nn/base/size.h"

/* Resamples are dealt to this many parts, each with counts of its own, whatever the number of threads. */
enum { PARTS = 16 };

const char *const eval_robust_row_names[EVAL_ROBUST_ROWS] = { "seen", "unseen", "all" };
static const EvalRowKind row_kinds[EVAL_ROBUST_ROWS] = { EVAL_ROW_SEEN, EVAL_ROW_UNSEEN, EVAL_ROW_ALL };
static const EvalEstimate unknown = { (double)NAN, (double)NAN, (double)NAN };

typedef struct {
    EvalRun *run;
    const EvalData *data;
    const EvalRobustSpec *spec;
    EvalRobust *out;
    const EvalRobustPoint *now; /* the point that is judged */
    int done;                   /* images, over all points before it */
    int n_groups;
    uint64_t *groups;  /* [n_groups], sorted */
    EvalRanked *items; /* [n], room for a ranking */
    int *counts;       /* [PARTS][n_groups] */
    double *auc;       /* [n_points][EVAL_ROBUST_ROWS][resamples] */
    double *drops;     /* [resamples], scratch */
} Robustness;

static NnStatus no_memory(const Robustness *r, NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory for tests of robustness", r->data->name);
}

static double *resampled(const Robustness *r, int point, int row)
{
    return r->auc + ((size_t)point * EVAL_ROBUST_ROWS + (size_t)row) * (size_t)r->spec->resamples;
}

/* ---- what there is to do ---- */

static void add_points(EvalRobust *out, const DataOperator *op)
{
    for (int level = 0; level < op->n_levels; level++)
        out->points[out->n_points++] = (EvalRobustPoint){ .op = op, .level = level };
}

static void add_mean(EvalRobust *out, const char *protocol, const DataOperator *op)
{
    out->means[out->n_means++] = (EvalRobustMean){ protocol, op, { unknown, unknown, unknown } };
}

/* The operators first, then each protocol once, then all if they are several. */
static void list(EvalRobust *out, const char *protocols)
{
    out->n_points = 1; /* the clean images */
    for (int i = 0; i < DATA_OPERATORS; i++) {
        if (!data_protocols_hold(protocols, &data_operators[i])) continue;
        add_points(out, &data_operators[i]);
        add_mean(out, data_operators[i].protocol, &data_operators[i]);
    }
    const int n_operators = out->n_means;
    for (int i = 0; i < n_operators; i++)
        if (i == 0 || strcmp(out->means[i - 1].protocol, out->means[i].protocol) != 0)
            add_mean(out, out->means[i].protocol, NULL);
    if (out->n_means > n_operators + 1) add_mean(out, NULL, NULL);
}

/* ---- one pass ---- */

static NnStatus tell_progress(void *self, const EvalView *view, NnErr *err)
{
    const Robustness *r = self;
    const DataOperator *op = r->now->op;
    (void)err;
    r->spec->progress(r->spec->self, op, op->levels[r->now->level], r->done + view->number + 1,
                      r->data->n * (r->out->n_points - 1));
    return NN_OK;
}

/* The row's AUC in every resample. */
static void resample(Robustness *r, const EvalRanking *ranking, double *auc)
{
#pragma omp parallel for schedule(dynamic, 1) num_threads(nn_threads())
    for (int part = 0; part < PARTS; part++) {
        int *count = r->counts + (size_t)part * (size_t)r->n_groups;
        for (int number = part; number < r->spec->resamples; number += PARTS) {
            double figures[EVAL_WEIGHED];
            eval_resample_draw(r->spec->seed, number, r->n_groups, count);
            eval_ranking_weigh(ranking, count, figures);
            auc[number] = figures[EVAL_AUC];
        }
    }
}

static void keep_figures(Robustness *r, int point, const EvalResults *results, const EvalRows *rows)
{
    for (int k = 0; k < EVAL_ROBUST_ROWS; k++) {
        const EvalRow *row = eval_rows_find(rows, row_kinds[k]);
        EvalRobustRow *out = &r->out->points[point].rows[k];
        double *auc = resampled(r, point, k);
        *out = (EvalRobustRow){ .auc = unknown, .drop = unknown, .balanced = (double)NAN, .pixel_auc = (double)NAN };
        for (int i = 0; i < r->spec->resamples; i++) auc[i] = (double)NAN;
        if (!row) continue;
        out->n_real = row->n_real, out->n_fake = row->n_fake, out->n_masks = row->n_masks;
        out->auc.value = row->auc.value, out->balanced = row->balanced.value, out->pixel_auc = row->pixel_auc;
        const EvalRanking ranking = eval_ranking_make(results, row, rows->threshold, r->groups, r->n_groups, r->items);
        resample(r, &ranking, auc);
    }
}

static NnStatus judge_point(Robustness *r, int point, NnErr *err)
{
    const EvalRobustPoint *p = &r->out->points[point];
    const DataCorruption corruption = { p->op, p->level, r->spec->seed };
    EvalData corrupted = *r->data;
    EvalResults results;
    EvalRows rows;
    corrupted.corruption = &corruption;
    r->now = p;
    NN_TRY(
        eval_judge(r->run, &corrupted, r->spec->threads, r->spec->progress ? tell_progress : NULL, r, &results, err));
    const NnStatus s = eval_rows_make(&results, r->out->threshold, &rows, err);
    if (s == NN_OK) {
        keep_figures(r, point, &results, &rows);
        eval_rows_free(&rows);
    }
    eval_results_free(&results);
    r->done += r->data->n;
    return s;
}

/* ---- drops ---- */

/* Is the point one of those that the mean is about? */
static int belongs(const EvalRobustMean *mean, const EvalRobustPoint *point)
{
    if (!point->op) return 0;
    if (mean->op) return mean->op == point->op;
    return !mean->protocol || !strcmp(mean->protocol, point->op->protocol);
}

/* Mean over the mean's operators of the mean over their levels; *auc(point) is the figure that the clean one loses. */
static double mean_drop(const EvalRobustMean *mean, const EvalRobust *out, const double *auc, size_t stride)
{
    double sum = 0;
    int operators = 0;
    for (int i = 1; i < out->n_points; i++) {
        if (!belongs(mean, &out->points[i])) continue;
        sum += (auc[0] - auc[(size_t)i * stride]) / out->points[i].op->n_levels;
        operators += out->points[i].level == 0;
    }
    return sum / operators;
}

static void fill_point_intervals(Robustness *r, int point, int row)
{
    EvalRobustRow *out = &r->out->points[point].rows[row];
    const double *clean = resampled(r, 0, row), *here = resampled(r, point, row);
    out->drop.value = r->out->points[0].rows[row].auc.value - out->auc.value;
    for (int i = 0; i < r->spec->resamples; i++) r->drops[i] = clean[i] - here[i];
    eval_interval_set(r->drops, r->spec->resamples, &out->drop);
    memcpy(r->drops, here, (size_t)r->spec->resamples * sizeof *here);
    eval_interval_set(r->drops, r->spec->resamples, &out->auc);
}

static void fill_mean(Robustness *r, EvalRobustMean *mean, int row)
{
    const EvalRobust *out = r->out;
    const size_t stride = EVAL_ROBUST_ROWS * (size_t)r->spec->resamples;
    double figures[1 + DATA_OPERATORS * DATA_LEVELS_MAX];
    for (int i = 0; i < out->n_points; i++) figures[i] = out->points[i].rows[row].auc.value;
    mean->drop[row].value = mean_drop(mean, out, figures, 1);
    for (int i = 0; i < r->spec->resamples; i++) r->drops[i] = mean_drop(mean, out, resampled(r, 0, row) + i, stride);
    eval_interval_set(r->drops, r->spec->resamples, &mean->drop[row]);
}

static void fill_drops(Robustness *r)
{
    for (int row = 0; row < EVAL_ROBUST_ROWS; row++) {
        for (int i = 0; i < r->out->n_points; i++) fill_point_intervals(r, i, row);
        for (int i = 0; i < r->out->n_means; i++) fill_mean(r, &r->out->means[i], row);
    }
}

/* ---- all of it ---- */

static NnStatus reserve(Robustness *r, const EvalResults *clean, NnErr *err)
{
    const size_t n = (size_t)clean->n, resamples = (size_t)r->spec->resamples;
    r->groups = nn_alloc(n, sizeof *r->groups);
    r->items = nn_alloc(n, sizeof *r->items);
    r->counts = nn_alloc(n * PARTS, sizeof *r->counts);
    r->auc = nn_alloc((size_t)r->out->n_points * EVAL_ROBUST_ROWS * resamples, sizeof *r->auc);
    r->drops = nn_alloc(resamples, sizeof *r->drops);
    if (!r->groups || !r->items || !r->counts || !r->auc || !r->drops) return no_memory(r, err);
    r->n_groups = eval_groups_list(clean->items, clean->n, r->groups);
    return NN_OK;
}

static NnStatus make(Robustness *r, const EvalResults *clean, const EvalRows *clean_rows, NnErr *err)
{
    EvalRobust *out = r->out;
    out->points = nn_alloc(1 + DATA_OPERATORS * DATA_LEVELS_MAX, sizeof *out->points);
    out->means = nn_alloc(2 * DATA_OPERATORS + 1, sizeof *out->means);
    if (!out->points || !out->means) return no_memory(r, err);
    list(out, r->spec->protocols);
    NN_TRY(reserve(r, clean, err));
    keep_figures(r, 0, clean, clean_rows);
    for (int i = 1; i < out->n_points; i++) NN_TRY(judge_point(r, i, err));
    fill_drops(r);
    return NN_OK;
}

NnStatus eval_robust_make(EvalRun *run, const EvalData *data, const EvalResults *clean, const EvalRows *clean_rows,
                          const EvalRobustSpec *spec, EvalRobust *out, NnErr *err)
{
    *out = (EvalRobust){ .data = data->name,
                         .size = run->data.size,
                         .seed = spec->seed,
                         .resamples = spec->resamples,
                         .threshold = clean_rows->threshold };
    NN_TRY(data_protocols_check(spec->protocols, err));
    Robustness r = { .run = run, .data = data, .spec = spec, .out = out };
    const NnStatus s = make(&r, clean, clean_rows, err);
    free(r.groups);
    free(r.items);
    free(r.counts);
    free(r.auc);
    free(r.drops);
    if (s != NN_OK) eval_robust_free(out);
    return s;
}

void eval_robust_free(EvalRobust *robust)
{
    free(robust->points);
    free(robust->means);
    *robust = (EvalRobust){ 0 };
}
