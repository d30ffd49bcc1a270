/* survey.c -- see survey.h. */
#include "train/survey.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"
#include "train/look.h"

/* A survey under way. */
typedef struct {
    TrainSurvey *s;
    int h, w, size; /* of the latent; of the image */
    int n;          /* forged images seen */
    int images[2];  /* real and forged ones seen */
} Surveyor;

static double *new_sums(size_t rows, size_t columns)
{
    size_t n;
    return nn_size_mul(rows, columns, &n) ? nn_alloc(n, sizeof(double)) : NULL;
}

static NnStatus allocate(TrainSurvey *s, NnErr *err)
{
    const size_t n = (size_t)s->n, C = (size_t)s->channels, cells = (size_t)s->cells;
    size_t pooled;
    s->activity = nn_alloc(n, 2 * sizeof *s->activity);
    s->pooled = nn_size_mul(n, C, &pooled) ? nn_alloc(pooled, sizeof *s->pooled) : NULL;
    s->spread = new_sums(C, cells);
    for (int label = 0; label < 2; label++) s->map[label] = new_sums(1, cells);
    s->head = nn_alloc(C, sizeof *s->head);
    if (s->activity && s->pooled && s->spread && s->map[0] && s->map[1] && s->head) return NN_OK;
    return nn_fail(err, NN_ERR_NOMEM, "out of memory for a survey of %d images", s->n);
}

/* Mean of the map over the pixels of each cell of the latent's grid, added to sum[h*w]. */
static void add_map(const Surveyor *y, const float *map, double *sum)
{
    for (int row = 0; row < y->size; row++)
        for (int column = 0; column < y->size; column++)
            sum[row * y->h / y->size * y->w + column * y->w / y->size] +=
                (double)map[row * y->size + column] * y->h * y->w / ((double)y->size * y->size);
}

/* latent [C,cells] of one forged image */
static void add_forged(Surveyor *y, const float *latent, const float *activity)
{
    TrainSurvey *s = y->s;
    const size_t cells = (size_t)s->cells;
    memcpy(s->activity + 2 * y->n, activity, 2 * sizeof *activity);
    for (int c = 0; c < s->channels; c++) {
        const float *plane = latent + (size_t)c * cells;
        double sum = 0.0;
        for (size_t p = 0; p < cells; p++) {
            sum += (double)plane[p];
            s->spread[(size_t)c * cells + p] += fabs((double)plane[p]) / s->n;
        }
        s->pooled[(size_t)y->n * (size_t)s->channels + (size_t)c] = (float)(sum / (double)cells);
    }
    y->n++;
}

static NnStatus survey_batch(void *self, const TrainLook *look, NnErr *err)
{
    Surveyor *y = self;
    (void)err;
    const size_t latent = (size_t)y->s->channels * (size_t)y->s->cells, pixels = (size_t)y->size * (size_t)y->size;
    for (int i = 0; i < look->batch->n; i++) {
        const int label = look->batch->label[i] > 0.5f;
        add_map(y, look->map + (size_t)i * pixels, y->s->map[label]);
        y->images[label]++;
        if (label) add_forged(y, look->latent + (size_t)i * latent, look->activity + 2 * i);
    }
    return NN_OK;
}

static NnStatus look_at_all(TrainSurvey *s, Trainer *t, const volatile sig_atomic_t *stop, NnErr *err)
{
    const NnShape latent = nn_graph_shape(t->graph, t->detector.latent);
    const int head = nn_params_find(t->params, "head.weight");
    Surveyor y = { .s = s, .h = latent.d[2], .w = latent.d[3], .size = t->config.data.size };
    s->channels = latent.d[1], s->cells = y.h * y.w;
    NN_TRY(allocate(s, err));
    if (head < 0 || nn_params_at(t->params, head)->len != (size_t)s->channels)
        return nn_fail(err, NN_ERR_CONFIG, "[model] network = %s has no head.weight of %d channels to survey",
                       t->config.model.network, s->channels);
    memcpy(s->head, nn_params_values(t->params) + nn_params_at(t->params, head)->offset,
           (size_t)s->channels * sizeof *s->head);
    NN_TRY(train_look(t, t->train, t->n_train, stop, survey_batch, &y, err));
    for (int label = 0; label < 2; label++)
        for (int p = 0; p < s->cells; p++) s->map[label][p] /= y.images[label] ? y.images[label] : 1;
    return NN_OK;
}

NnStatus train_survey_init(TrainSurvey *s, Trainer *t, int looks, const volatile sig_atomic_t *stop, NnErr *err)
{
    *s = (TrainSurvey){ 0 };
    s->item = nn_alloc((size_t)t->n_train, sizeof *s->item);
    if (!s->item) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a list of %d images", t->n_train);
    for (int i = 0; i < t->n_train; i++)
        if (t->set->items[t->train[i]].label) s->item[s->n++] = t->train[i];
    return looks ? look_at_all(s, t, stop, err) : NN_OK;
}

void train_survey_deinit(TrainSurvey *s)
{
    free(s->item);
    free(s->activity);
    free(s->pooled);
    free(s->spread);
    free(s->map[0]);
    free(s->map[1]);
    free(s->head);
    *s = (TrainSurvey){ 0 };
}
