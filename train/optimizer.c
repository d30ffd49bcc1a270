/* optimizer.c -- see optimizer.h.
 *
 * Each rule is a short loop over one stretch of one parameter: w weight, g gradient, m and v its slots. */
#include "train/optimizer.h"

#include <math.h>
#include <stdlib.h>

#include "nn/base/parallel.h"
#include "nn/base/size.h"

enum { CHUNK = 8192 }; /* elements a thread takes at a time */

/* The numbers of one update, the same for every element. */
typedef struct {
    float lr, decay, momentum, beta1, beta2, eps;
    float step;      /* lr over the first moment's bias correction (and times the rectifier of RAdam) */
    float root_fix2; /* square root of the second moment's bias correction */
    int nesterov, rectified;
} Update;

typedef void UpdateRule(const Update *u, float *w, const float *g, float *m, float *v, size_t n);

/* Sutskever et al. 2013:  m = momentum m + g,  w -= lr m;  Nesterov: w -= lr (g + momentum m). */
static void sgd(const Update *u, float *w, const float *g, float *m, float *v, size_t n)
{
    (void)v;
    for (size_t i = 0; i < n; i++) {
        const float grad = g[i] + u->decay * w[i];
        m[i] = u->momentum * m[i] + grad;
        w[i] -= u->lr * (u->nesterov ? grad + u->momentum * m[i] : m[i]);
    }
}

/* Kingma and Ba 2015:  m and v are running means of g and g^2,  w -= lr m' / (sqrt(v') + eps), ' = bias-corrected. */
static void adam(const Update *u, float *w, const float *g, float *m, float *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float grad = g[i] + u->decay * w[i];
        m[i] = u->beta1 * m[i] + (1.0f - u->beta1) * grad;
        v[i] = u->beta2 * v[i] + (1.0f - u->beta2) * grad * grad;
        w[i] -= u->step * m[i] / (sqrtf(v[i]) / u->root_fix2 + u->eps);
    }
}

/* Loshchilov and Hutter 2019: Adam, with the decay taken from the weight itself and not through the moments. */
static void adamw(const Update *u, float *w, const float *g, float *m, float *v, size_t n)
{
    Update plain = *u;
    plain.decay = 0.0f;
    for (size_t i = 0; i < n; i++) w[i] *= 1.0f - u->lr * u->decay;
    adam(&plain, w, g, m, v, n);
}

/* Liu et al. 2020: Adam whose step is rectified for the few samples v has seen; without v while they are too few. */
static void radam(const Update *u, float *w, const float *g, float *m, float *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float grad = g[i] + u->decay * w[i];
        m[i] = u->beta1 * m[i] + (1.0f - u->beta1) * grad;
        v[i] = u->beta2 * v[i] + (1.0f - u->beta2) * grad * grad;
        w[i] -= u->step * m[i] * (u->rectified ? u->root_fix2 / (sqrtf(v[i]) + u->eps) : 1.0f);
    }
}

static const struct {
    UpdateRule *rule;
    int n_slots;
} rules[] = {
    [TRAIN_SGD] = { sgd, 1 },
    [TRAIN_ADAM] = { adam, 2 },
    [TRAIN_ADAMW] = { adamw, 2 },
    [TRAIN_RADAM] = { radam, 2 },
};

NnStatus train_optimizer_init(TrainOptimizer *o, const TrainOptimSettings *s, NnParams *params, NnErr *err)
{
    *o = (TrainOptimizer){ .settings = *s, .params = params, .n_slots = rules[s->optimizer].n_slots };
    for (int i = 0; i < o->n_slots; i++) {
        o->slot[i] = nn_alloc(nn_params_train_len(params), sizeof(float));
        if (!o->slot[i]) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the optimiser's moments");
    }
    return NN_OK;
}

void train_optimizer_deinit(TrainOptimizer *o)
{
    for (int i = 0; i < TRAIN_MAX_SLOTS; i++) {
        free(o->slot[i]);
        o->slot[i] = NULL;
    }
}

/* The rectifier r_t of RAdam, or 0 while the variance of v is not tractable. */
static double rectifier(double beta2, double power2, double t)
{
    const double rho_inf = 2.0 / (1.0 - beta2) - 1.0;
    const double rho = rho_inf - 2.0 * t * power2 / (1.0 - power2);
    if (rho <= 5.0) return 0.0;
    return sqrt((rho - 4.0) * (rho - 2.0) * rho_inf / ((rho_inf - 4.0) * (rho_inf - 2.0) * rho));
}

static Update make_update(const TrainOptimizer *o, double lr)
{
    const TrainOptimSettings *s = &o->settings;
    const double t = (double)o->updates;
    const double power1 = pow((double)s->beta1, t), power2 = pow((double)s->beta2, t);
    double step = lr / (1.0 - power1), rectify = 0.0;
    if (s->optimizer == TRAIN_RADAM) rectify = rectifier((double)s->beta2, power2, t);
    if (rectify > 0.0) step *= rectify;
    return (Update){ .lr = (float)lr,
                     .momentum = s->momentum,
                     .beta1 = s->beta1,
                     .beta2 = s->beta2,
                     .eps = s->eps,
                     .step = (float)step,
                     .root_fix2 = (float)sqrt(1.0 - power2),
                     .nesterov = s->nesterov,
                     .rectified = rectify > 0.0 };
}

/* Chunk c of parameter p. */
static void update_chunk(const TrainOptimizer *o, const NnParam *p, const Update *u, long c)
{
    const size_t first = p->offset + (size_t)c * CHUNK, left = p->offset + p->len - first;
    float *const v = o->n_slots > 1 ? o->slot[1] + first : NULL;
    rules[o->settings.optimizer].rule(u, nn_params_values(o->params) + first, nn_params_grads(o->params) + first,
                                      o->slot[0] + first, v, left < CHUNK ? left : CHUNK);
}

static void update_param(const TrainOptimizer *o, const NnParam *p, Update u)
{
    const long n_chunks = (long)((p->len + CHUNK - 1) / CHUNK);
    u.decay = p->flags & NN_PARAM_DECAY ? o->settings.weight_decay : 0.0f;
    if (n_chunks <= 1) {
        update_chunk(o, p, &u, 0);
        return;
    }
#pragma omp parallel for schedule(static) num_threads(nn_threads())
    for (long c = 0; c < n_chunks; c++) update_chunk(o, p, &u, c);
}

void train_optimizer_update(TrainOptimizer *o, double lr)
{
    o->updates++;
    const Update u = make_update(o, lr);
    for (int i = 0; i < nn_params_count(o->params); i++) {
        const NnParam *p = nn_params_at(o->params, i);
        if (p->flags & NN_PARAM_TRAIN) update_param(o, p, u);
    }
}

double train_grad_norm(NnParams *params)
{
    enum { PARTS = 64 }; /* fixed, so that the order of the sum does not depend on the number of threads */
    double part[PARTS] = { 0 }, sum = 0.0;
    const size_t n = nn_params_train_len(params), each = (n + PARTS - 1) / PARTS;
    const float *const g = nn_params_grads(params);
#pragma omp parallel for schedule(static) num_threads(nn_threads()) if (n >= NN_PARALLEL_MIN)
    for (int p = 0; p < PARTS; p++) {
        const size_t end = (size_t)(p + 1) * each < n ? (size_t)(p + 1) * each : n;
        for (size_t i = (size_t)p * each; i < end; i++) part[p] += (double)g[i] * (double)g[i];
    }
    for (int p = 0; p < PARTS; p++) sum += part[p];
    return sqrt(sum);
}

void train_grad_clip(NnParams *params, double norm, double max)
{
    if (max <= 0.0 || norm <= max) return;
    const float factor = (float)(max / (norm + 1e-6));
    const size_t n = nn_params_train_len(params);
    float *const g = nn_params_grads(params);
    for (size_t i = 0; i < n; i++) g[i] *= factor;
}
