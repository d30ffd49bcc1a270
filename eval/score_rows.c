/* score_rows.c -- see score_rows.h. */
#include "eval/score_rows.h"

#include <math.h>
#include <stdlib.h>

#include "nn/base/metrics.h"
#include "nn/base/size.h"

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

/* Image figures of a row, from copies of its scores and labels (room for r->n each). */
static NnStatus fill_image_figures(EvalRow *row, const EvalResults *r, double threshold, float *score,
                                   unsigned char *label, NnErr *err)
{
    size_t n = 0;
    int right[2] = { 0, 0 };
    for (int i = 0; i < r->n; i++) {
        const EvalItem *item = &r->items[i];
        if (!eval_row_holds(row, r, item)) continue;
        score[n] = item->score;
        label[n++] = (unsigned char)item->label;
        right[item->label] += ((double)item->score >= threshold) == item->label;
    }
    NnScoreMetrics m = { .auc = (double)NAN, .ap = (double)NAN, .eer = (double)NAN, .accuracy = (double)NAN };
    if (n > 0) NN_TRY(nn_score_metrics(score, label, n, threshold, &m, err));
    row->n_real = m.n_real, row->n_fake = m.n_fake;
    row->auc.value = m.auc, row->ap = m.ap, row->eer = m.eer;
    row->accuracy.value = m.accuracy;
    if (m.n_real > 0 && m.n_fake > 0)
        row->balanced.value = 0.5 * ((double)right[0] / m.n_real + (double)right[1] / m.n_fake);
    return NN_OK;
}

/* Mean IoU (of the map, or of the prior) over the images of the row that have a mask; undefined ones left out. */
static double mean_iou(const EvalRow *row, const EvalResults *r, int prior)
{
    double sum = 0;
    int n = 0;
    for (int i = 0; i < r->n; i++) {
        const EvalItem *item = &r->items[i];
        const double v = prior ? item->iou_prior : item->iou;
        if (!item->has_mask || isnan(v) || !eval_row_holds(row, r, item)) continue;
        sum += v, n++;
    }
    return n ? sum / n : (double)NAN;
}

static NnStatus pool_pixels(EvalRow *row, const EvalResults *r, EvalPixelPool *pixels, EvalPriorPool *priors,
                            NnErr *err)
{
    for (int m = 0; m < r->n_methods; m++) {
        if (!holds_method(row, r, m)) continue;
        NN_TRY(eval_pixel_pool_merge(pixels, &r->pixels[m], err));
        if (r->prior && r->prior->n) NN_TRY(eval_prior_pool_merge(priors, r->prior, &r->priors[m], err));
    }
    row->pixel_auc = eval_pixel_pool_auc(pixels);
    if (r->prior && r->prior->n) row->pixel_auc_prior = eval_prior_pool_auc(priors, r->prior);
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
    row->iou = mean_iou(row, r, 0);
    row->iou_prior = mean_iou(row, r, 1);
    return s;
}

static EvalRow *append(EvalRows *rows, EvalRowKind kind, int method, const char *name, int seen)
{
    EvalRow *row = &rows->rows[rows->n++];
    *row = (EvalRow){ .kind = kind, .method = method, .name = name, .seen = seen };
    row->auc = row->accuracy = row->balanced = unknown;
    row->ap = row->eer = row->pixel_auc = row->pixel_auc_prior = row->iou = row->iou_prior = (double)NAN;
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
