/* test_memory.c -- where buffers go: the placing itself, and how close the plans of all networks come to the least. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/base/pages.h"
#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "nn/core/memory.h"
#include "nn/core/plan.h"
#include "nn/model/blocks.h"
#include "nn/ops/loss_ops.h"
#include "tests/check_main.h"
#include "train/objective.h"

static void setup(void)
{
    NnErr err = { 0 };
    ck_assert_msg(nn_blas_init(&err) == NN_OK, "%s", err.msg);
    nn_threads_set(2);
}

START_TEST(pages_are_zero_and_aligned)
{
    static const size_t sizes[] = { 1, 4096, (size_t)2 << 20, ((size_t)5 << 20) + 3 };
    for (int i = 0; i < 4; i++) {
        const NnPages p = nn_pages_new(sizes[i]);
        ck_assert_ptr_nonnull(p.at);
        ck_assert_uint_eq((uintptr_t)p.at % (sizes[i] < (size_t)2 << 20 ? 64 : (size_t)2 << 20), 0);
        for (size_t k = 0; k < sizes[i]; k += 4093) ck_assert_int_eq(((unsigned char *)p.at)[k], 0);
        memset(p.at, 7, sizes[i]);
        nn_pages_free(p);
    }
    ck_assert_ptr_null(nn_pages_new(SIZE_MAX - 5).at);
    nn_pages_free((NnPages){ NULL, NULL });
}
END_TEST

/* Random lifetimes: buffers alive together never overlap, and the block is no smaller than it must be. */
START_TEST(memory_never_overlaps)
{
    enum { N = 120 };
    NnLife life[N];
    size_t total, alive[256];
    NnRng r = nn_rng_make(3, NN_STREAM_TEST, 0, (uint32_t)_i);
    NnErr err = { 0 };
    for (int i = 0; i < N; i++) {
        const int birth = (int)nn_rng_below(&r, 200);
        life[i] = (NnLife){ .len = nn_rng_below(&r, 900), .birth = birth, .death = birth + (int)nn_rng_below(&r, 40) };
    }
    ck_assert_int_eq(nn_memory_place(life, N, &total, &err), NN_OK);
    ck_assert_uint_ge(total, nn_memory_lower_bound(life, N, alive));
    for (int i = 0; i < N; i++) {
        if (!life[i].len) continue;
        ck_assert_uint_le(life[i].offset + life[i].len, total);
        ck_assert_uint_eq(life[i].offset % 16, 0);
        for (int j = 0; j < i; j++) {
            if (!life[j].len || life[i].birth > life[j].death || life[j].birth > life[i].death) continue;
            ck_assert(life[i].offset >= life[j].offset + life[j].len || life[j].offset >= life[i].offset + life[i].len);
        }
    }
}
END_TEST

START_TEST(lower_bound_by_hand)
{
    NnLife all[] = { { .len = 16, .birth = 0, .death = 2 },
                     { .len = 32, .birth = 2, .death = 3 },
                     { .len = 16, .birth = 3, .death = 5 } };
    NnErr err = { 0 };
    size_t total, alive[8];
    ck_assert_uint_eq(nn_memory_lower_bound(all, 3, alive), 48);
    ck_assert_int_eq(nn_memory_place(all, 3, &total, &err), NN_OK);
    ck_assert_uint_eq(total, 48);
    ck_assert_uint_eq(all[0].offset, all[2].offset);
}
END_TEST

/* Lives as training has them: values that are nested around the middle, gradients and scratch that are short. */
static int draw_training(NnLife *life, int layers, NnRng *r)
{
    int n = 0;
    for (int i = 0; i < layers; i++) {
        const int forward = i, backward = 2 * layers - 1 - i;
        life[n++] = (NnLife){ .len = 100 + nn_rng_below(r, 5000), .birth = forward, .death = backward };
        life[n++] = (NnLife){ .len = 100 + nn_rng_below(r, 5000), .birth = backward - 1, .death = backward };
        life[n++] = (NnLife){ .len = nn_rng_below(r, 3000), .birth = forward, .death = forward };
        life[n++] = (NnLife){ .len = nn_rng_below(r, 3000), .birth = backward, .death = backward };
    }
    return n;
}

START_TEST(placing_is_tight)
{
    enum { LAYERS = 75 };
    NnLife life[4 * LAYERS];
    size_t total = 0, alive[2 * LAYERS + 1];
    NnErr err = { 0 };
    NnRng r = nn_rng_make(4, NN_STREAM_TEST, 0, (uint32_t)_i);
    const int n = draw_training(life, LAYERS, &r);
    ck_assert_int_eq(nn_memory_place(life, n, &total, &err), NN_OK);
    const size_t bound = nn_memory_lower_bound(life, n, alive);
    ck_assert_msg(total <= bound + bound / 20, "%zu floats, at least %zu", total, bound);
}
END_TEST

START_TEST(sizes_beyond_memory_are_refused)
{
    NnLife life[2] = { { .len = SIZE_MAX - 8, .birth = 0, .death = 1 }, { .len = 64, .birth = 1, .death = 2 } };
    NnErr err = { 0 };
    size_t total;
    ck_assert_int_eq(nn_memory_place(life, 2, &total, &err), NN_ERR_NOMEM);
}
END_TEST

/* ---- whole networks with the losses of LAE ---- */

typedef struct {
    NnParams *params;
    NnGraph *graph;
    TrainInputs in;
    NnDetector detector;
    TrainObjective objective;
} Job;

static Job job_new(const char *network, int batch, int size)
{
    static TrainConfig config;
    NnBinding b[TRAIN_SECTIONS];
    NnErr err = { 0 };
    Job j = { .params = nn_params_new() };
    train_config_bind(&config, b);
    nn_settings_defaults(b, TRAIN_SECTIONS);
    snprintf(config.model.network, sizeof config.model.network, "%s", network);
    j.graph = nn_graph_new(j.params);
    j.in = train_inputs_make(j.graph, batch, size, nn_detector_latent_channels(&config.model));
    j.detector = nn_detector_build(j.graph, &config.model, j.in.image, j.in.select);
    j.objective = train_objective_build(j.graph, &j.detector, &j.in, &config.loss);
    ck_assert_msg(nn_graph_status(j.graph, &err) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(nn_params_seal(j.params, 9, &err), NN_OK);
    return j;
}

static void job_free(Job *j)
{
    nn_graph_free(j->graph);
    nn_params_free(j->params);
}

static NnPlan *job_plan(const Job *j, int train, NnMemory memory, int unfused)
{
    const NnVar keep[] = { j->detector.score, j->detector.map };
    const NnPlanSpec spec = { .train = train,
                              .loss = train ? j->objective.total : NN_NONE,
                              .keep = keep,
                              .n_keep = train ? 0 : 2,
                              .memory = memory,
                              .unfused = unfused };
    NnPlan *plan = NULL;
    NnErr err = { 0 };
    ck_assert_msg(nn_plan_new(j->graph, &spec, &plan, &err) == NN_OK, "%s", err.msg);
    return plan;
}

/* The bytes of a plan, which must lie within 5 % of the least that its lives allow. */
static size_t tight_bytes(const Job *j, int train, NnMemory memory, const char *what)
{
    NnPlan *plan = job_plan(j, train, memory, 0);
    const size_t bytes = nn_plan_bytes(plan), bound = nn_plan_lower_bound(plan);
    ck_assert_msg(bytes <= bound + bound / 20, "%s: %zu bytes, at least %zu", what, bytes, bound);
    nn_plan_free(plan);
    return bytes;
}

static size_t unfused_bytes(const Job *j)
{
    NnPlan *plan = job_plan(j, 1, NN_MEMORY_NORMAL, 1);
    const size_t bytes = nn_plan_bytes(plan);
    nn_plan_free(plan);
    return bytes;
}

/* The least that memory = low promises. */
static void check_saving(size_t normal, size_t low, const char *what, int size)
{
    ck_assert_msg((double)low <= 0.6 * (double)normal, "%s at %d: low %zu of %zu bytes", what, size, low, normal);
}

START_TEST(every_network_is_planned_tightly_and_low_memory_saves)
{
    const NnArch *arch = &nn_arch_table[_i];
    for (int size = 64; size <= 256; size *= 2) {
        Job j = job_new(arch->name, 16, size);
        const size_t normal = tight_bytes(&j, 1, NN_MEMORY_NORMAL, arch->name);
        const size_t low = tight_bytes(&j, 1, NN_MEMORY_LOW, arch->name);
        const size_t infer = tight_bytes(&j, 0, NN_MEMORY_NORMAL, arch->name);
        check_saving(normal, low, arch->name, size);
        ck_assert_uint_lt(normal, unfused_bytes(&j));
        ck_assert_uint_lt(infer, low);
        job_free(&j);
    }
}
END_TEST

/* The layers that take the memory in the benchmark's LAE-ref: the first is as large as the image, and 32 channels wide. */
static NnVar reference_loss(NnGraph *g, int size)
{
    static const int down[] = { 32, 32, 64, 128, 128 }, up[] = { 128, 64, 32, 16 };
    const NnVar image = nn_graph_input(g, "image", (NnShape){ 4, { 16, 3, size, size } }, 0);
    NnVar x = image;
    char name[32];
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "encoder.%d", i);
        x = nn_conv_block(g, name, x, (NnConvSpec){ down[i], 3, i ? 2 : 1, 1, NN_ACT_RELU });
    }
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "decoder.%d", i);
        x = nn_up_block(g, name, x, (NnConvSpec){ up[i], 3, 1, 1, NN_ACT_RELU });
    }
    x = nn_conv_block(g, "last", x, (NnConvSpec){ 3, 3, 1, 0, NN_ACT_NONE });
    return nn_mse(g, x, image, NN_NONE);
}

static NnPlan *reference_plan(const NnGraph *g, NnVar loss, NnMemory memory)
{
    NnPlan *plan = NULL;
    NnErr err = { 0 };
    const NnPlanSpec spec = { .train = 1, .loss = loss, .memory = memory };
    ck_assert_msg(nn_plan_new(g, &spec, &plan, &err) == NN_OK, "%s", err.msg);
    return plan;
}

START_TEST(low_memory_saves_where_the_first_layer_is_the_largest)
{
    for (int size = 64; size <= 256; size *= 2) {
        NnErr err = { 0 };
        NnParams *params = nn_params_new();
        NnGraph *g = nn_graph_new(params);
        const NnVar loss = reference_loss(g, size);
        ck_assert_int_eq(nn_params_seal(params, 9, &err), NN_OK);
        NnPlan *normal = reference_plan(g, loss, NN_MEMORY_NORMAL), *low = reference_plan(g, loss, NN_MEMORY_LOW);
        check_saving(nn_plan_bytes(normal), nn_plan_bytes(low), "large first layer", size);
        ck_assert_double_le(nn_plan_flops_again(low), nn_plan_flops(low));
        ck_assert(nn_plan_flops_again(normal) <= 0);
        nn_plan_free(normal);
        nn_plan_free(low);
        nn_graph_free(g);
        nn_params_free(params);
    }
}
END_TEST

static void fill(NnPlan *plan, const Job *j, uint32_t step)
{
    const NnVar inputs[] = { j->in.image,  j->in.label,       j->in.target, j->in.mask,
                             j->in.weight, j->in.mask_weight, j->in.select };
    NnRng r = nn_rng_make(1, NN_STREAM_TEST, step, 0);
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        float *v = nn_plan_data(plan, inputs[i]);
        for (size_t k = 0; v && k < nn_shape_len(nn_graph_shape(j->graph, inputs[i])); k++) v[k] = nn_rng_uniform(&r);
    }
}

/* Two steps of plain gradient descent: weights and running statistics. */
static float *train(const char *network, NnMemory memory, size_t *len)
{
    Job j = job_new(network, 2, 32);
    NnPlan *plan = job_plan(&j, 1, memory, 0);
    float *w = nn_params_values(j.params), *grad = nn_params_grads(j.params);
    for (uint32_t step = 0; step < 2; step++) {
        fill(plan, &j, step);
        nn_params_zero_grads(j.params);
        nn_plan_forward(plan, step);
        nn_plan_backward(plan, 1);
        for (size_t i = 0; i < nn_params_train_len(j.params); i++) w[i] -= 0.01f * grad[i];
    }
    *len = nn_params_len(j.params);
    float *copy = malloc(*len * sizeof *copy);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, w, *len * sizeof *copy);
    nn_plan_free(plan);
    job_free(&j);
    return copy;
}

START_TEST(low_memory_trains_to_the_same_bits)
{
    size_t a, b;
    float *normal = train(nn_arch_table[_i].name, NN_MEMORY_NORMAL, &a);
    float *low = train(nn_arch_table[_i].name, NN_MEMORY_LOW, &b);
    ck_assert_uint_eq(a, b);
    ck_assert(!memcmp(normal, low, a * sizeof *low));
    free(normal);
    free(low);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("memory");
    TCase *t = tcase_create("memory");
    tcase_add_unchecked_fixture(t, setup, NULL);
    tcase_add_test(t, pages_are_zero_and_aligned);
    tcase_add_loop_test(t, memory_never_overlaps, 0, 20);
    tcase_add_test(t, lower_bound_by_hand);
    tcase_add_loop_test(t, placing_is_tight, 0, 10);
    tcase_add_test(t, sizes_beyond_memory_are_refused);
    tcase_add_loop_test(t, every_network_is_planned_tightly_and_low_memory_saves, 0, nn_arch_count);
    tcase_add_test(t, low_memory_saves_where_the_first_layer_is_the_largest);
    tcase_add_loop_test(t, low_memory_trains_to_the_same_bits, 0, nn_arch_count);
    suite_add_tcase(s, t);
    return check_run(s);
}
