/* ranking.h -- a row's images sorted by score once, so that a resample only has to weigh them anew.
 *
 * A resample says how often each group (person, photograph, video) was drawn; every image counts as often as its
 * group. The bootstrap of one run and the comparison of several weigh the same rankings. */
#ifndef EVAL_RANKING_H
#define EVAL_RANKING_H
#include "eval/score_rows.h"

/* What a weighing gives, in this order. */
typedef enum { EVAL_AUC, EVAL_ACCURACY, EVAL_BALANCED, EVAL_IOU, EVAL_WEIGHED } EvalFigure;

typedef struct {
    float score, iou; /* iou: NAN where undefined */
    int group;        /* position in the list of groups */
    unsigned char label;
    unsigned char right; /* judged correctly at the threshold */
} EvalRanked;

/* One row's items, by rising score. */
typedef struct {
    int n;
    EvalRanked *items; /* borrowed */
} EvalRanking;

/* Rank the row's items into `items` (room for r->n). groups [n_groups] is sorted and holds every group of r. */
EvalRanking eval_ranking_make(const EvalResults *r, const EvalRow *row, double threshold, const uint64_t *groups,
                              int n_groups, EvalRanked *items);

/* AUC, accuracy, balanced accuracy and mean IoU with every item counted as often as its group: count [n_groups].
 * NAN where undefined. */
void eval_ranking_weigh(const EvalRanking *ranking, const int *count, double out[EVAL_WEIGHED]);

/* The different groups of n items, sorted, into groups (room for n); returns how many. */
int eval_groups_list(const EvalItem *items, int n, uint64_t *groups);

/* Where in the list a group stands; it must be there. */
int eval_group_find(uint64_t group, const uint64_t *groups, int n_groups);

#endif
