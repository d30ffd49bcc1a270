/* video_scores.c -- see video_scores.h. */
#include "eval/video_scores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"

static const char *const aggregations[] = { [EVAL_MEAN] = "mean", [EVAL_MAX] = "max" };

int eval_has_videos(const EvalResults *frames)
{
    for (int i = 0; i < frames->n; i++)
        if (frames->items[i].video) return 1;
    return 0;
}

const char *eval_level_text(const EvalResults *r)
{
    return r->level == EVAL_VIDEO ? "video" : "frame";
}

const char *eval_aggregation_text(const EvalResults *r)
{
    return r->level == EVAL_VIDEO ? aggregations[r->aggregation] : "";
}

NnStatus eval_aggregation_parse(const char *text, EvalAggregation *out, NnErr *err)
{
    for (int i = 0; i <= EVAL_MAX; i++)
        if (!strcmp(text, aggregations[i])) {
            *out = (EvalAggregation)i;
            return NN_OK;
        }
    return nn_fail(err, NN_ERR_USAGE, "--aggregate %s: unknown; known: mean, max", text);
}

/* ---- which frames belong together ---- */

/* An item and where it stands. */
typedef struct {
    const EvalItem *item;
    int place;
} Frame;

static int compare(int a, int b)
{
    return (a > b) - (a < b);
}

/* 0 if two frames are of one video. Images of no video are apart from all others. */
static int by_identity(const Frame *a, const Frame *b)
{
    if (!a->item->video || !b->item->video)
        return a->item->video ? 1 : b->item->video ? -1 : compare(a->place, b->place);
    int order = strcmp(a->item->video, b->item->video);
    if (!order) order = compare(a->item->label, b->item->label);
    return order ? order : compare(a->item->method, b->item->method);
}

/* Frames of one video one after the other, in the order in which they came. */
static int by_video(const void *a, const void *b)
{
    const Frame *x = a, *y = b;
    const int order = by_identity(x, y);
    return order ? order : compare(x->place, y->place);
}

/* ---- what is said about them ---- */

/* The item of frames [n], n >= 1. */
static NnStatus put_together(const Frame *frames, int n, EvalAggregation how, EvalItem *out, NnErr *err)
{
    const EvalItem *first = frames[0].item;
    double sum = 0;
    float largest = first->score;
    for (int i = 0; i < n; i++) {
        const float score = frames[i].item->score;
        if (isnan(score)) return nn_fail(err, NN_ERR_NUMERIC, "%s: its score is NaN", frames[i].item->path);
        sum += (double)score;
        largest = fmaxf(largest, score);
    }
    *out = (EvalItem){ .path = first->video ? first->video : first->path,
                       .video = first->video,
                       .group = first->group,
                       .label = first->label,
                       .method = first->method,
                       .score = how == EVAL_MAX ? largest : (float)(sum / n),
                       .pixel_auc = (double)NAN,
                       .iou = (double)NAN,
                       .iou_prior = (double)NAN,
                       .mask_energy = (double)NAN,
                       .mask_energy_prior = (double)NAN,
                       .false_alarm = (double)NAN,
                       .frames = n };
    return NN_OK;
}

/* Put every video where its first frame stands; the other frames' places stay without frames. */
static NnStatus fill_places(Frame *frames, int n, EvalAggregation how, EvalItem *items, NnErr *err)
{
    for (int from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && by_identity(&frames[from], &frames[to]) == 0;) to++;
        NN_TRY(put_together(frames + from, to - from, how, &items[frames[from].place], err));
    }
    return NN_OK;
}

NnStatus eval_video_scores(const EvalResults *frames, EvalAggregation how, EvalResults *out, NnErr *err)
{
    NN_TRY(eval_results_init(out, frames->n, frames->n_methods, err));
    out->name = frames->name;
    out->methods = frames->methods;
    out->compat = frames->compat;
    out->level = EVAL_VIDEO;
    out->aggregation = how;
    if (out->n_methods > 0) memcpy(out->seen, frames->seen, (size_t)out->n_methods);
    Frame *order = nn_alloc((size_t)frames->n, sizeof *order);
    NnStatus s = order ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "videos: no memory for %d frames", frames->n);
    if (s == NN_OK) {
        for (int i = 0; i < frames->n; i++) order[i] = (Frame){ &frames->items[i], i };
        qsort(order, (size_t)frames->n, sizeof *order, by_video);
        s = fill_places(order, frames->n, how, out->items, err);
    }
    free(order);
    out->n = 0;
    for (int i = 0; s == NN_OK && i < frames->n; i++)
        if (out->items[i].frames) out->items[out->n++] = out->items[i];
    if (s != NN_OK) eval_results_free(out);
    return s;
}
