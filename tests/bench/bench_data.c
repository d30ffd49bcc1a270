/* bench_data.c -- see bench_data.h. */
#include "tests/bench/bench_data.h"

#include <math.h>
#include <string.h>

enum { IMAGE_TENSOR = 1000, MASK_TENSOR = 1001 };

static float spread(size_t k, uint32_t t)
{
    uint32_t h = (uint32_t)k + t * 1000003u;
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return (float)((h ^ h >> 16) >> 8) / 16777216.0f;
}

void bench_noise_fill(float *x, size_t n, uint32_t t)
{
    for (size_t k = 0; k < n; k++) x[k] = 2 * spread(k, t) - 1;
}

void bench_weights_fill(NnParams *p)
{
    uint32_t t = 0;
    for (int i = 0; i < nn_params_count(p); i++) {
        const NnParam *param = nn_params_at(p, i);
        float *w = nn_params_values(p) + param->offset;
        const int wide = param->shape.n > 1;
        const float bound = sqrtf(6.0f * (float)param->shape.d[0] / (float)param->len);
        const float fixed = param->init.kind == NN_INIT_ONE ? 1 : 0;
        for (size_t k = 0; k < param->len; k++) w[k] = wide ? (2 * spread(k, t) - 1) * bound : fixed;
        t += (uint32_t)wide;
    }
}

static int label_of(size_t n)
{
    return (int)(n % 2);
}

static void fill_mask(float *x, size_t N, size_t len)
{
    for (size_t k = 0; k < N * len; k++) x[k] = label_of(k / len) && spread(k, MASK_TENSOR) > 0.7f ? 1 : 0;
}

/* Each row of x has a first half for label 0 and a second half for label 1. */
static void fill_halves(float *x, size_t N, size_t len)
{
    for (size_t k = 0; k < N * len; k++) x[k] = (k % len >= len / 2) == label_of(k / len);
}

static void fill_input(const char *name, float *x, size_t N, size_t len, int centred)
{
    if (!strcmp(name, "image"))
        for (size_t k = 0; k < N * len; k++) x[k] = centred ? 2 * spread(k, IMAGE_TENSOR) - 1 : spread(k, IMAGE_TENSOR);
    else if (!strcmp(name, "label"))
        for (size_t n = 0; n < N; n++) x[n] = (float)label_of(n);
    else if (!strcmp(name, "mask")) fill_mask(x, N, len);
    else if (!strcmp(name, "target") || !strcmp(name, "select")) fill_halves(x, N, len);
    else
        for (size_t k = 0; k < N * len; k++) x[k] = 1;
}

void bench_batch_fill(const NnGraph *g, NnPlan *p, int centred)
{
    for (int i = 0; i < nn_graph_len(g); i++) {
        const NnNode *node = nn_graph_node(g, i);
        float *x = node->kind == NN_NODE_INPUT ? nn_plan_data(p, (NnVar){ i }) : NULL;
        if (!x) continue;
        const size_t N = (size_t)node->shape.d[0];
        fill_input(node->name, x, N, nn_shape_len(node->shape) / N, centred);
    }
}
