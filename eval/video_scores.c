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

/* Frames of one video one after the other, by rising score: their sum does not depend on the order of the list. */
static int by_video(const void *a, const void *b)
{
    const Frame *x = a, *y = b;
    const float s = x->item->score, t = y->item->score;
    int order = by_identity(x, y);
    if (!order) order = (s > t) - (s < t);
    return order ? order : compare(x->place, y->place);
}

/* ---- what is said about them ---- */

/* Of frames [n] by rising score, n >= 1, the one that came first. */
static const Frame *first_of(const Frame *frames, int n)
{
    const Frame *first = frames;
    for (int i = 1; i < n; i++)
        if (frames[i].place < first->place) first = &frames[i];
    return first;
}

static float score_of(const Frame *frames, int n, EvalAggregation how)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)frames[i].item->score;
    return how == EVAL_MAX ? frames[n - 1].item->score : (float)(sum / n);
}

/* Put every video where its first frame stands; the other frames' places stay without frames. */
static void fill_places(const Frame *frames, int n, EvalAggregation how, EvalItem *items)
{
    for (int from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && by_identity(&frames[from], &frames[to]) == 0;) to++;
        const Frame *first = first_of(frames + from, to - from);
        const EvalItem *frame = first->item;
        items[first->place] = (EvalItem){ .path = frame->video ? frame->video : frame->path,
                                          .video = frame->video,
                                          .group = frame->group,
                                          .label = frame->label,
                                          .method = frame->method,
                                          .score = score_of(frames + from, to - from, how),
                                          .pixel_auc = (double)NAN,
                                          .iou = (double)NAN,
                                          .iou_prior = (double)NAN,
                                          .mask_energy = (double)NAN,
                                          .mask_energy_prior = (double)NAN,
                                          .false_alarm = (double)NAN,
                                          .frames = to - from };
    }
}

/* The frames of all items by video. The caller frees them. */
static NnStatus sort_frames(const EvalResults *r, Frame **out, NnErr *err)
{
    for (int i = 0; i < r->n; i++)
        if (isnan(r->items[i].score)) return nn_fail(err, NN_ERR_NUMERIC, "%s: its score is NaN", r->items[i].path);
    *out = nn_alloc((size_t)r->n, sizeof **out);
    if (!*out) return nn_fail(err, NN_ERR_NOMEM, "videos: no memory for %d frames", r->n);
    for (int i = 0; i < r->n; i++) (*out)[i] = (Frame){ &r->items[i], i };
    qsort(*out, (size_t)r->n, sizeof **out, by_video);
    return NN_OK;
}

NnStatus eval_video_scores(const EvalResults *frames, EvalAggregation how, EvalResults *out, NnErr *err)
{
    Frame *order;
    NN_TRY(eval_results_init(out, frames->n, frames->n_methods, err));
    const NnStatus s = sort_frames(frames, &order, err);
    if (s != NN_OK) {
        eval_results_free(out);
        return s;
    }
    out->name = frames->name;
    out->methods = frames->methods;
    out->compat = frames->compat;
    out->level = EVAL_VIDEO;
    out->aggregation = how;
    if (out->n_methods > 0) memcpy(out->seen, frames->seen, (size_t)out->n_methods);
    fill_places(order, frames->n, how, out->items);
    free(order);
    out->n = 0;
    for (int i = 0; i < frames->n; i++)
        if (out->items[i].frames) out->items[out->n++] = out->items[i];
    return NN_OK;
}
