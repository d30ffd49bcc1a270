/* ranking.c -- see ranking.h. */
#include "eval/ranking.h"

#include <math.h>
#include <stdlib.h>

static int by_id(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int by_score(const void *a, const void *b)
{
    const EvalRanked *x = a, *y = b;
    return (x->score > y->score) - (x->score < y->score);
}

int eval_groups_list(const EvalItem *items, int n, uint64_t *groups)
{
    int different = 0;
    for (int i = 0; i < n; i++) groups[i] = items[i].group;
    qsort(groups, (size_t)n, sizeof *groups, by_id);
    for (int i = 0; i < n; i++)
        if (i == 0 || groups[i] != groups[i - 1]) groups[different++] = groups[i];
    return different;
}

int eval_group_find(uint64_t group, const uint64_t *groups, int n_groups)
{
    const uint64_t *found = bsearch(&group, groups, (size_t)n_groups, sizeof group, by_id);
    return (int)(found - groups);
}

EvalRanking eval_ranking_make(const EvalResults *r, const EvalRow *row, double threshold, const uint64_t *groups,
                              int n_groups, EvalRanked *items)
{
    int n = 0;
    for (int i = 0; i < r->n; i++) {
        const EvalItem *item = &r->items[i];
        if (!eval_row_holds(row, r, item)) continue;
        items[n++] = (EvalRanked){ .score = item->score,
                                   .iou = item->has_mask ? (float)item->iou : NAN,
                                   .group = eval_group_find(item->group, groups, n_groups),
                                   .label = (unsigned char)item->label,
                                   .right = ((double)item->score >= threshold) == item->label };
    }
    qsort(items, (size_t)n, sizeof *items, by_score);
    return (EvalRanking){ n, items };
}

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : (double)NAN;
}

void eval_ranking_weigh(const EvalRanking *ranking, const int *count, double out[EVAL_WEIGHED])
{
    double total[2] = { 0, 0 }, right[2] = { 0, 0 }, won = 0, overlap = 0, masks = 0;
    for (int i = 0; i < ranking->n;) {
        double tie[2] = { 0, 0 };
        const float score = ranking->items[i].score;
        for (; i < ranking->n && ranking->items[i].score == score; i++) {
            const EvalRanked *item = &ranking->items[i];
            const double times = count[item->group];
            tie[item->label] += times;
            right[item->label] += item->right ? times : 0;
            if (isnan(item->iou)) continue;
            overlap += times * (double)item->iou, masks += times;
        }
        won += tie[1] * (total[0] + 0.5 * tie[0]);
        total[0] += tie[0], total[1] += tie[1];
    }
    out[EVAL_AUC] = share(won, total[0] * total[1]);
    out[EVAL_ACCURACY] = share(right[0] + right[1], total[0] + total[1]);
    out[EVAL_BALANCED] = 0.5 * (share(right[0], total[0]) + share(right[1], total[1]));
    out[EVAL_IOU] = share(overlap, masks);
}
