/* pickers.c -- see pickers.h. */
#include "train/pickers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/rng.h"
#include "nn/base/size.h"

/* ---- superficial channels ---- */

typedef struct {
    int channel;
    double lean, outside; /* r_c and o_c */
} Channel;

static int by_lean(const void *a, const void *b)
{
    const Channel *x = a, *y = b;
    if (x->lean != y->lean) return x->lean < y->lean ? 1 : -1;
    return x->channel - y->channel;
}

/* T, in place of area[cells]. */
static void typical_area(const TrainSurvey *s, double *area)
{
    double most = 0.0;
    for (int p = 0; p < s->cells; p++) {
        area[p] = fmax(0.0, s->map[1][p] - s->map[0][p]);
        most = fmax(most, area[p]);
    }
    for (int p = 0; most > 0.0 && p < s->cells; p++) area[p] /= most;
}

static double share_outside(const double *spread, const double *area, int cells)
{
    double all = 0.0, outside = 0.0;
    for (int p = 0; p < cells; p++) {
        all += spread[p];
        outside += spread[p] * (1.0 - area[p]);
    }
    return all > 0.0 ? outside / all : 0.0;
}

static void judge_channels(const TrainSurvey *s, const double *area, Channel *channels)
{
    for (int c = 0; c < s->channels; c++) {
        double sum = 0.0;
        for (int i = 0; i < s->n; i++) sum += (double)s->pooled[(size_t)i * (size_t)s->channels + (size_t)c];
        channels[c] = (Channel){ .channel = c,
                                 .lean = (double)s->head[c] * sum / s->n,
                                 .outside = share_outside(s->spread + (size_t)c * (size_t)s->cells, area, s->cells) };
    }
    qsort(channels, (size_t)s->channels, sizeof *channels, by_lean);
}

/* How many of the sorted channels lead; *outside: the mean of theirs, weighted. */
static int count_leading(const Channel *channels, int n, double *outside)
{
    double all = 0.0, sum = 0.0;
    int leading = 0;
    *outside = 0.0;
    for (int c = 0; c < n && channels[c].lean > 0.0; c++) all += channels[c].lean;
    while (leading < n && channels[leading].lean > 0.0 && sum < TRAIN_LEADING * all) {
        sum += channels[leading].lean;
        *outside += channels[leading].lean * channels[leading].outside;
        leading++;
    }
    if (leading) *outside /= sum;
    return leading;
}

static void mark_superficial(const Channel *channels, int n, unsigned char *mark)
{
    double mean;
    const int leading = count_leading(channels, n, &mean);
    int marked = 0;
    memset(mark, 0, (size_t)n);
    for (int c = 0; c < leading; c++) {
        mark[channels[c].channel] = channels[c].outside > mean;
        marked += channels[c].outside > mean;
    }
    for (int c = 0; !marked && c < leading; c++) mark[channels[c].channel] = 1;
}

NnStatus train_superficial_channels(const TrainSurvey *s, unsigned char *mark, NnErr *err)
{
    double *area = nn_alloc((size_t)s->cells, sizeof *area);
    Channel *channels = nn_alloc((size_t)s->channels, sizeof *channels);
    const int ok = area && channels;
    if (ok) {
        typical_area(s, area);
        judge_channels(s, area, channels);
        mark_superficial(channels, s->channels, mark);
    }
    free(area);
    free(channels);
    return ok ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory for %d channels", s->channels);
}

/* ---- scores ---- */

static NnStatus score_by_channel(const TrainSurvey *s, float *score, NnErr *err)
{
    unsigned char *mark = nn_alloc((size_t)s->channels, 1);
    NnStatus status = NN_OK;
    if (mark) status = train_superficial_channels(s, mark, err);
    else status = nn_fail(err, NN_ERR_NOMEM, "out of memory for %d channels", s->channels);
    for (int i = 0; status == NN_OK && i < s->n; i++) {
        const float *pooled = s->pooled + (size_t)i * (size_t)s->channels;
        double sum = 0.0;
        for (int c = 0; c < s->channels; c++) sum += mark[c] ? (double)s->head[c] * (double)pooled[c] : 0.0;
        score[i] = (float)sum;
    }
    free(mark);
    return status;
}

static void score_by_uncertainty(const TrainSurvey *s, float *score)
{
    for (int i = 0; i < s->n; i++) score[i] = -fabsf(s->activity[2 * i + 1] - s->activity[2 * i]);
}

static void score_at_random(const TrainSurvey *s, uint64_t seed, float *score)
{
    for (int i = 0; i < s->n; i++) {
        NnRng rng = nn_rng_make(seed, NN_STREAM_PICK, 0, (uint32_t)s->item[i]);
        score[i] = nn_rng_uniform(&rng);
    }
}

NnStatus train_picker_scores(TrainPicker picker, const TrainSurvey *s, uint64_t seed, float *score, NnErr *err)
{
    if (picker == TRAIN_PICK_CHANNEL) NN_TRY(score_by_channel(s, score, err));
    else if (picker == TRAIN_PICK_UNCERTAINTY) score_by_uncertainty(s, score);
    else score_at_random(s, seed, score);
    for (int i = 0; i < s->n; i++)
        if (!isfinite(score[i]))
            return nn_fail(err, NN_ERR_NUMERIC, "[active]: what the network makes of item %d is not finite",
                           s->item[i]);
    return NN_OK;
}
