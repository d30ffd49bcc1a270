/* score_rows.c -- see score_rows.h. */
#include "eval/score_rows.h"

#include <math.h>
#include <stdlib.h>

#include "nn/base/metrics.h"
#include "nn/base/size.h"

const EvalRowColumn eval_row_columns[EVAL_ROW_COLUMNS] = {
    { "tpr_fpr01", offsetof(EvalRow, tpr_fpr01), 0 },
    { "tpr_fpr10", offsetof(EvalRow, tpr_fpr10), 0 },
    { "log_loss", offsetof(EvalRow, log_loss), 0 },
    { "brier", offsetof(EvalRow, brier), 0 },
    { "ece", offsetof(EvalRow, ece), 0 },
    { "f1", offsetof(EvalRow, f1), 0 },
    { "f1_best", offsetof(EvalRow, f1_best), 1 },
    { "mask_energy", offsetof(EvalRow, mask_energy), 0 },
    { "false_alarm", offsetof(EvalRow, false_alarm), 0 },
    { "frames_per_video", offsetof(EvalRow, frames_per_video), 0 },
    { "f1_prior", offsetof(EvalRow, f1_prior), 1 },
    { "f1_best_prior", offsetof(EvalRow, f1_best_prior), 1 },
    { "iou_best", offsetof(EvalRow, iou_best), 1 },
    { "iou_best_prior", offsetof(EvalRow, iou_best_prior), 1 },
    { "map_threshold", offsetof(EvalRow, map_threshold), 1 },
    { "mask_energy_prior", offsetof(EvalRow, mask_energy_prior), 1 },
    { "false_alarm_prior", offsetof(EvalRow, false_alarm_prior), 1 },
};

double *eval_row_place(EvalRow *row, const EvalRowColumn *column)
{
    return (double *)(void *)((char *)row + column->offset);
}

double eval_row_figure(const EvalRow *row, const EvalRowColumn *column)
{
    return *(const double *)(const void *)((const char *)row + column->offset);
}

static const EvalEstimate unknown = { (double)NAN, (double)NAN, (double)NAN };

NnStatus eval_results_init(EvalResults *r, int n, int n_methods, NnErr *err)
{
    *r = (EvalResults){ .n = n, .n_methods = n_methods };
    r->items = nn_alloc((size_t)n, sizeof *r->items);
    r->seen = nn_alloc((size_t)n_methods, 1);
    r->pixels = nn_alloc((size_t)n_methods, sizeof *r->pixels);
    r->priors = nn_alloc((size_t)n_methods, sizeof *r->priors);
    if (r->items && r->seen && r->pixels && r->priors) return NN_OK;
    eval_results_free(r);
    return nn_fail(err, NN_ERR_NOMEM, "results: no memory for %d images", n);
}

void eval_results_free(EvalResults *r)
{
    for (int m = 0; m < r->n_methods; m++) {
        if (r->pixels) eval_pixel_pool_free(&r->pixels[m]);
        if (r->priors) eval_prior_pool_free(&r->priors[m]);
    }
    free(r->items);
    free(r->seen);
    free(r->pixels);
    free(r->priors);
    *r = (EvalResults){ 0 };
}

static int holds_method(const EvalRow *row, const EvalResults *r, int method)
{
    switch (row->kind) {
    case EVAL_ROW_METHOD:
        return method == row->method;
    case EVAL_ROW_SEEN:
        return r->seen[method];
    case EVAL_ROW_UNSEEN:
        return !r->seen[method];
    case EVAL_ROW_ALL:
        break;
    }
    return 1;
}

int eval_row_holds(const EvalRow *row, const EvalResults *r, const EvalItem *item)
{
    return !item->label || holds_method(row, r, item->method);
}

const EvalRow *eval_rows_find(const EvalRows *rows, EvalRowKind kind)
{
    for (int i = 0; i < rows->n; i++)
        if (rows->rows[i].kind == kind) return &rows->rows[i];
    return NULL;
}

/* What follows from the scores of a row, from copies of its scores and labels (room for r->n each). */
static NnStatus fill_image_figures(EvalRow *row, const EvalResults *r, double threshold, float *score,
                                   unsigned char *label, NnErr *err)
{
    size_t n = 0;
    int64_t frames = 0;
    int right[2] = { 0, 0 };
    for (int i = 0; i < r->n; i++) {
        const EvalItem *item = &r->items[i];
        if (!eval_row_holds(row, r, item)) continue;
        score[n] = item->score;
        label[n++] = (unsigned char)item->label;
        frames += item->frames;
        right[item->label] += ((double)item->score >= threshold) == item->label;
    }
    NnScoreMetrics m = { 0 };
    if (n == 0) return NN_OK;
    NN_TRY(nn_score_metrics(score, label, n, threshold, &m, err));
    row->n_real = m.n_real, row->n_fake = m.n_fake;
    row->auc.value = m.auc, row->ap = m.ap;
    row->eer = r->compat == EVAL_DEEPFAKEBENCH ? m.eer_nearest : m.eer;
    row->accuracy.value = m.accuracy;
    row->tpr_fpr01 = m.tpr_fpr01, row->tpr_fpr10 = m.tpr_fpr10;
    row->log_loss = m.log_loss, row->brier = m.brier, row->ece = m.ece;
    if (r->level == EVAL_VIDEO) row->frames_per_video = (double)frames / (double)n;
    if (m.n_real > 0 && m.n_fake > 0)
        row->balanced.value = 0.5 * ((double)right[0] / m.n_real + (double)right[1] / m.n_fake);
    return NN_OK;
}

/* Of one item; what a row shows is the mean. */
typedef double (*ItemFigure)(const EvalItem *item);

static double iou_of(const EvalItem *item)
{
    return item->has_mask ? item->iou : (double)NAN;
}

static double iou_prior_of(const EvalItem *item)
{
    return item->has_mask ? item->iou_prior : (double)NAN;
}

/* 2 |A and B| / (|A| + |B|) */
static double f1_of(const EvalItem *item)
{
    const double iou = iou_of(item);
    return 2 * iou / (1 + iou);
}

static double f1_prior_of(const EvalItem *item)
{
    const double iou = iou_prior_of(item);
    return 2 * iou / (1 + iou);
}

static double mask_energy_of(const EvalItem *item)
{
    return item->has_mask ? item->mask_energy : (double)NAN;
}

static double mask_energy_prior_of(const EvalItem *item)
{
    return item->has_mask ? item->mask_energy_prior : (double)NAN;
}

static double false_alarm_of(const EvalItem *item)
{
    return item->label ? (double)NAN : item->false_alarm;
}

/* Over the items of the row; undefined ones left out. */
static double mean_of(const EvalRow *row, const EvalResults *r, ItemFigure figure)
{
    double sum = 0;
    int n = 0;
    for (int i = 0; i < r->n; i++) {
        const double v = figure(&r->items[i]);
        if (isnan(v) || !eval_row_holds(row, r, &r->items[i])) continue;
        sum += v, n++;
    }
    return n ? sum / n : (double)NAN;
}

static int has_prior(const EvalResults *r)
{
    return r->prior && r->prior->n;
}

static NnStatus pool_pixels(EvalRow *row, const EvalResults *r, EvalPixelPool *pixels, EvalPriorPool *priors,
                            NnErr *err)
{
    for (int m = 0; m < r->n_methods; m++) {
        if (!holds_method(row, r, m)) continue;
        NN_TRY(eval_pixel_pool_merge(pixels, &r->pixels[m], err));
        if (has_prior(r)) NN_TRY(eval_prior_pool_merge(priors, r->prior, &r->priors[m], err));
    }
    const EvalBestCut best = eval_pixel_pool_best(pixels);
    row->pixel_auc = eval_pixel_pool_auc(pixels);
    row->map_threshold = best.threshold, row->f1_best = best.f1, row->iou_best = best.iou;
    if (!has_prior(r)) return NN_OK;
    const EvalBestCut prior = eval_prior_pool_best(priors, r->prior);
    row->pixel_auc_prior = eval_prior_pool_auc(priors, r->prior);
    row->f1_best_prior = prior.f1, row->iou_best_prior = prior.iou;
    return NN_OK;
}

static NnStatus fill_pixel_figures(EvalRow *row, const EvalResults *r, NnErr *err)
{
    EvalPixelPool pixels = { 0 };
    EvalPriorPool priors = { 0 };
    const NnStatus s = pool_pixels(row, r, &pixels, &priors, err);
    eval_pixel_pool_free(&pixels);
    eval_prior_pool_free(&priors);
    for (int i = 0; i < r->n; i++) row->n_masks += r->items[i].has_mask && eval_row_holds(row, r, &r->items[i]);
    row->iou = mean_of(row, r, iou_of);
    row->iou_prior = mean_of(row, r, iou_prior_of);
    row->f1 = mean_of(row, r, f1_of);
    row->f1_prior = mean_of(row, r, f1_prior_of);
    row->mask_energy = mean_of(row, r, mask_energy_of);
    row->mask_energy_prior = mean_of(row, r, mask_energy_prior_of);
    row->false_alarm = mean_of(row, r, false_alarm_of);
    if (has_prior(r) && row->n_real) row->false_alarm_prior = eval_prior_area(r->prior);
    return s;
}

static EvalRow *append(EvalRows *rows, EvalRowKind kind, int method, const char *name, int seen)
{
    EvalRow *row = &rows->rows[rows->n++];
    *row = (EvalRow){ .kind = kind, .method = method, .name = name, .seen = seen };
    row->auc = row->accuracy = row->balanced = unknown;
    row->ap = row->eer = row->pixel_auc = row->pixel_auc_prior = row->iou = row->iou_prior = (double)NAN;
    for (int i = 0; i < EVAL_ROW_COLUMNS; i++) *eval_row_place(row, &eval_row_columns[i]) = (double)NAN;
    return row;
}

static int method_has_items(const EvalResults *r, int method)
{
    for (int i = 0; i < r->n; i++)
        if (r->items[i].method == method) return 1;
    return 0;
}

static void list_rows(EvalRows *rows, const EvalResults *r)
{
    int n_kind[2] = { 0, 0 };
    for (int seen = 1; seen >= 0; seen--)
        for (int m = 0; m < r->n_methods; m++) {
            if (r->seen[m] != seen || !method_has_items(r, m)) continue;
            append(rows, EVAL_ROW_METHOD, m, r->methods[m], seen);
            n_kind[seen]++;
        }
    if (n_kind[1]) append(rows, EVAL_ROW_SEEN, -1, "seen", 1);
    if (n_kind[0]) append(rows, EVAL_ROW_UNSEEN, -1, "unseen", 0);
    append(rows, EVAL_ROW_ALL, -1, "all", -1);
}

static void fill_drop(EvalRows *rows)
{
    const EvalRow *seen = eval_rows_find(rows, EVAL_ROW_SEEN), *unseen = eval_rows_find(rows, EVAL_ROW_UNSEEN);
    rows->drop_auc = rows->drop_balanced = unknown;
    if (!seen || !unseen) return;
    rows->drop_auc.value = seen->auc.value - unseen->auc.value;
    rows->drop_balanced.value = seen->balanced.value - unseen->balanced.value;
}

NnStatus eval_rows_make(const EvalResults *r, double threshold, EvalRows *out, NnErr *err)
{
    *out = (EvalRows){ .threshold = threshold };
    out->rows = nn_alloc((size_t)r->n_methods + 3, sizeof *out->rows);
    float *score = nn_alloc((size_t)r->n, sizeof *score);
    unsigned char *label = nn_alloc((size_t)r->n, 1);
    NnStatus s = NN_OK;
    if (!out->rows || !score || !label) s = nn_fail(err, NN_ERR_NOMEM, "rows: no memory for %d scores", r->n);
    if (s == NN_OK) list_rows(out, r);
    for (int i = 0; s == NN_OK && i < out->n; i++) {
        s = fill_image_figures(&out->rows[i], r, threshold, score, label, err);
        if (s == NN_OK) s = fill_pixel_figures(&out->rows[i], r, err);
    }
    if (s == NN_OK) fill_drop(out);
    free(score);
    free(label);
    if (s != NN_OK) eval_rows_free(out);
    return s;
}

void eval_rows_free(EvalRows *rows)
{
    free(rows->rows);
    *rows = (EvalRows){ 0 };
}
