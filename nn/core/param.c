/* param.c -- see param.h. */
#include "nn/core/param.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/arena.h"
#include "nn/base/parallel.h"
#include "nn/base/size.h"

enum { ALIGN = 16 }; /* floats: every parameter begins on a cache line */

struct NnParams {
    NnArena names;
    NnParam *at;
    int n, cap;
    size_t len, train_len;
    float *values, *grads; /* NULL until sealed */
};

NnParams *nn_params_new(void)
{
    return nn_alloc(1, sizeof(NnParams));
}

void nn_params_free(NnParams *p)
{
    if (!p) return;
    nn_arena_free(&p->names);
    free(p->values);
    free(p->grads);
    free(p->at);
    free(p);
}

static NnStatus check_known(const NnParam *known, NnShape s, int flags, NnErr *err)
{
    char have[64], want[64];
    if (nn_shape_equal(known->shape, s) && known->flags == flags) return NN_OK;
    return nn_fail(err, NN_ERR_SHAPE, "parameter %s: known as %s, now wanted as %s (or with other flags)", known->name,
                   nn_shape_text(known->shape, have), nn_shape_text(s, want));
}

NnStatus nn_params_add(NnParams *p, const char *name, NnShape s, NnInit init, int flags, int *index, NnErr *err)
{
    NN_TRY(nn_shape_check(s, err));
    *index = nn_params_find(p, name);
    if (*index >= 0) return check_known(&p->at[*index], s, flags, err);
    if (p->values) return nn_fail(err, NN_ERR_CONFIG, "parameter %s is new, but the set is sealed", name);
    if (p->n == p->cap) {
        const int cap = p->cap ? 2 * p->cap : 64;
        NnParam *at = nn_realloc(p->at, (size_t)cap, sizeof *at);
        if (!at) return nn_fail(err, NN_ERR_NOMEM, "no memory for parameter %s", name);
        p->at = at, p->cap = cap;
    }
    char *copy = nn_arena_text(&p->names, name);
    if (!copy) return nn_fail(err, NN_ERR_NOMEM, "no memory for parameter %s", name);
    p->at[p->n] = (NnParam){ .name = copy, .shape = s, .init = init, .flags = flags, .len = nn_shape_len(s) };
    *index = p->n++;
    return NN_OK;
}

/* Trained parameters first, so that gradients and optimiser state are a prefix of the layout. */
static size_t lay_out(NnParams *p, int trained, size_t offset)
{
    for (int i = 0; i < p->n; i++) {
        if (!(p->at[i].flags & NN_PARAM_TRAIN) != !trained) continue;
        p->at[i].offset = offset;
        offset += (p->at[i].len + ALIGN - 1) / ALIGN * ALIGN;
    }
    return offset;
}

static float *block_new(size_t len)
{
    size_t bytes;
    if (!nn_size_mul(len ? len : ALIGN, sizeof(float), &bytes)) return NULL;
    float *b = aligned_alloc(ALIGN * sizeof(float), bytes);
    return b ? memset(b, 0, bytes) : NULL;
}

static void draw_initial(const NnParam *q, float *v, NnRng rng)
{
    const float fan_in = (float)(q->init.fan_in > 0 ? q->init.fan_in : 1);
    const float fans = (float)(q->init.fan_in + q->init.fan_out > 0 ? q->init.fan_in + q->init.fan_out : 1);
    const float he = sqrtf(2 / fan_in), xavier = sqrtf(6 / fans), lecun = 1 / sqrtf(fan_in);
    for (size_t i = 0; i < q->len; i++) switch (q->init.kind) {
        case NN_INIT_ZERO:
            v[i] = 0;
            break;
        case NN_INIT_ONE:
            v[i] = 1;
            break;
        case NN_INIT_HE:
            v[i] = he * nn_rng_normal(&rng);
            break;
        case NN_INIT_XAVIER:
            v[i] = nn_rng_range(&rng, -xavier, xavier);
            break;
        case NN_INIT_LECUN:
            v[i] = nn_rng_range(&rng, -lecun, lecun);
            break;
        }
}

NnStatus nn_params_seal(NnParams *p, uint64_t seed, NnErr *err)
{
    if (p->values) return nn_fail(err, NN_ERR_CONFIG, "parameters are sealed already");
    p->train_len = lay_out(p, 1, 0);
    p->len = lay_out(p, 0, p->train_len);
    p->values = block_new(p->len);
    p->grads = block_new(p->train_len);
    if (!p->values || !p->grads) {
        free(p->values);
        free(p->grads);
        p->values = p->grads = NULL;
        return nn_fail(err, NN_ERR_NOMEM, "no memory for %zu parameters", nn_params_weights(p));
    }
    for (int i = 0; i < p->n; i++)
        draw_initial(&p->at[i], p->values + p->at[i].offset, nn_rng_make(seed, NN_STREAM_INIT, 0, (uint32_t)i));
    return NN_OK;
}

int nn_params_is_sealed(const NnParams *p)
{
    return p->values && p->grads;
}

int nn_params_count(const NnParams *p)
{
    return p->n;
}

const NnParam *nn_params_at(const NnParams *p, int index)
{
    return &p->at[index];
}

int nn_params_find(const NnParams *p, const char *name)
{
    for (int i = 0; i < p->n; i++)
        if (!strcmp(p->at[i].name, name)) return i;
    return -1;
}

size_t nn_params_len(const NnParams *p)
{
    return p->len;
}

size_t nn_params_train_len(const NnParams *p)
{
    return p->train_len;
}

size_t nn_params_weights(const NnParams *p)
{
    size_t sum = 0;
    for (int i = 0; i < p->n; i++)
        if (p->at[i].flags & NN_PARAM_TRAIN) sum += p->at[i].len;
    return sum;
}

float *nn_params_values(NnParams *p)
{
    return p->values;
}

float *nn_params_grads(NnParams *p)
{
    return p->grads;
}

void nn_params_zero_grads(NnParams *p)
{
    float *grads = p->grads;
    const size_t n = p->train_len;
#pragma omp parallel for num_threads(nn_threads()) if (n > NN_PARALLEL_MIN)
    for (size_t i = 0; i < n; i++) grads[i] = 0;
}
