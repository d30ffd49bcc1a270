/* test_optim.c -- optimisers against torch's numbers, schedules against their formulas, clipping, averages, decay. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "tests/check_main.h"
#include "train/ema.h"
#include "train/optimizer.h"
#include "train/schedule.h"

/* Two parameters: w [3] with weight decay, b [1] without. */
static NnParams *make_params(int len)
{
    const float start[] = { 1.0f, -2.0f, 0.5f };
    NnErr err = { 0 };
    NnParams *p = nn_params_new();
    int w, b;
    nn_params_add(p, "w", (NnShape){ 1, { len } }, (NnInit){ NN_INIT_ZERO, 1, 1 }, NN_PARAM_TRAIN | NN_PARAM_DECAY, &w,
                  &err);
    nn_params_add(p, "b", (NnShape){ 1, { 1 } }, (NnInit){ NN_INIT_ZERO, 1, 1 }, NN_PARAM_TRAIN, &b, &err);
    ck_assert_int_eq(nn_params_seal(p, 1, &err), NN_OK);
    for (int i = 0; i < len; i++) nn_params_values(p)[nn_params_at(p, w)->offset + (size_t)i] = start[i % 3];
    nn_params_values(p)[nn_params_at(p, b)->offset] = 0.25f;
    return p;
}

static float *weight(NnParams *p, int i)
{
    const NnParam *w = nn_params_at(p, i < 3 ? 0 : 1);
    return nn_params_values(p) + w->offset + (i < 3 ? i : 0);
}

static float *grad(NnParams *p, int i)
{
    return nn_params_grads(p) + (weight(p, i) - nn_params_values(p));
}

typedef struct {
    TrainOptimSettings settings;
    double want[4]; /* w and b after eight steps */
} OptimizerCase;

#define COMMON .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f, .weight_decay = 0.01f
/* From torch 1.13 in float64: lr .1, weight_decay .01 on w alone, gradients .1 t, -.2, .3/t and .05 t at t = 1..8. */
static const OptimizerCase cases[] = {
    { { .optimizer = TRAIN_SGD, COMMON }, { 0.632866685, -1.82461477, 0.414889522, 0.07 } },
    { { .optimizer = TRAIN_SGD, .momentum = 0.9f, COMMON }, { -0.038010464, -1.37130646, 0.115955867, -0.2566078 } },
    { { .optimizer = TRAIN_SGD, .momentum = 0.9f, .nesterov = 1, COMMON },
      { -0.298221453, -1.26132041, 0.0711997246, -0.38594702 } },
    { { .optimizer = TRAIN_ADAM, COMMON }, { 0.21595179, -1.20079491, -0.149796763, -0.53127273 } },
    { { .optimizer = TRAIN_ADAMW, COMMON }, { 0.21347615, -1.18685033, -0.150398032, -0.53127273 } },
    { { .optimizer = TRAIN_RADAM, COMMON }, { 0.881060629, -1.88039343, 0.393795726, 0.188192412 } },
};

START_TEST(optimizers_follow_torch)
{
    const OptimizerCase *c = &cases[_i];
    NnErr err = { 0 };
    NnParams *p = make_params(3);
    TrainOptimizer o;
    ck_assert_int_eq(train_optimizer_init(&o, &c->settings, p, &err), NN_OK);
    for (int t = 1; t <= 8; t++) {
        *grad(p, 0) = 0.1f * (float)t, *grad(p, 1) = -0.2f, *grad(p, 2) = 0.3f / (float)t,
                 *grad(p, 3) = 0.05f * (float)t;
        train_optimizer_update(&o, 0.1);
    }
    for (int i = 0; i < 4; i++) ck_assert_double_eq_tol((double)*weight(p, i), c->want[i], 2e-6);
    train_optimizer_deinit(&o);
    nn_params_free(p);
}
END_TEST

START_TEST(one_step_by_hand)
{
    const TrainOptimSettings s = { .optimizer = TRAIN_ADAM, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f };
    NnErr err = { 0 };
    NnParams *p = make_params(3);
    TrainOptimizer o;
    train_optimizer_init(&o, &s, p, &err);
    *grad(p, 0) = 3.0f, *grad(p, 1) = -0.001f;
    train_optimizer_update(&o, 0.01);
    /* The first step of Adam is lr times the sign of the gradient, whatever its size. */
    ck_assert_double_eq_tol((double)*weight(p, 0), 0.99, 1e-6);
    ck_assert_double_eq_tol((double)*weight(p, 1), -1.99, 1e-6);
    ck_assert_double_eq((double)*weight(p, 2), 0.5);
    train_optimizer_deinit(&o);
    nn_params_free(p);
}
END_TEST

START_TEST(decay_spares_biases)
{
    for (int kind = TRAIN_SGD; kind <= TRAIN_RADAM; kind++) {
        const TrainOptimSettings s = {
            .optimizer = kind, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f, .weight_decay = 0.5f
        };
        NnErr err = { 0 };
        NnParams *p = make_params(3);
        TrainOptimizer o;
        train_optimizer_init(&o, &s, p, &err);
        train_optimizer_update(&o, 0.1); /* all gradients are 0 */
        ck_assert_double_lt((double)*weight(p, 0), 1.0);
        ck_assert_double_gt((double)*weight(p, 1), -2.0);
        ck_assert_double_eq((double)*weight(p, 3), 0.25);
        train_optimizer_deinit(&o);
        nn_params_free(p);
    }
}
END_TEST

/* Weights after a few steps on a parameter large enough to be shared out, and the gradient's length, in bits. */
static double large_update(int threads, float *out, int len)
{
    const TrainOptimSettings s = { .optimizer = TRAIN_ADAM, COMMON };
    NnErr err = { 0 };
    NnParams *p = make_params(len);
    TrainOptimizer o;
    double norm = 0.0;
    nn_threads_set(threads);
    train_optimizer_init(&o, &s, p, &err);
    for (int t = 0; t < 3; t++) {
        NnRng rng = nn_rng_make(1, NN_STREAM_TEST, (uint32_t)t, 0);
        for (int i = 0; i < len; i++) nn_params_grads(p)[i] = nn_rng_normal(&rng);
        norm += train_grad_norm(p);
        train_optimizer_update(&o, 0.1);
    }
    memcpy(out, nn_params_values(p), (size_t)len * sizeof *out);
    train_optimizer_deinit(&o);
    nn_params_free(p);
    return norm;
}

START_TEST(same_bits_at_any_thread_count)
{
    enum { LEN = 50000 };
    float *one = malloc(LEN * sizeof *one), *many = malloc(LEN * sizeof *many);
    const double norm = large_update(1, one, LEN);
    for (int threads = 2; threads <= 4; threads++) {
        ck_assert(large_update(threads, many, LEN) == norm);
        ck_assert_int_eq(memcmp(one, many, LEN * sizeof *one), 0);
    }
    free(one);
    free(many);
}
END_TEST

START_TEST(clipping_keeps_the_direction)
{
    NnParams *p = make_params(3);
    *grad(p, 0) = 3.0f, *grad(p, 3) = -4.0f;
    ck_assert_double_eq(train_grad_norm(p), 5.0);
    train_grad_clip(p, 5.0, 10.0); /* short enough */
    ck_assert_double_eq((double)*grad(p, 0), 3.0);
    train_grad_clip(p, 5.0, 0.0); /* off */
    ck_assert_double_eq((double)*grad(p, 0), 3.0);
    train_grad_clip(p, 5.0, 1.0);
    ck_assert_double_eq_tol((double)*grad(p, 0), 0.6, 1e-6);
    ck_assert_double_eq_tol((double)*grad(p, 3), -0.8, 1e-6);
    *grad(p, 1) = NAN;
    ck_assert(isnan(train_grad_norm(p)));
    nn_params_free(p);
}
END_TEST

START_TEST(schedules_follow_their_formulas)
{
    TrainPlateau none = { 0 };
    TrainOptimSettings s = { .lr = 2.0f,
                             .schedule = TRAIN_CONSTANT,
                             .warmup = 4,
                             .step_every = 10,
                             .step_factor = 0.5f,
                             .poly_power = 2.0f,
                             .plateau_factor = 0.5f,
                             .plateau_patience = 2 };
    ck_assert_double_eq(train_schedule_lr(&s, 0, 104, &none), 0.5); /* warm-up: a quarter, a half, ... */
    ck_assert_double_eq(train_schedule_lr(&s, 3, 104, &none), 2.0);
    ck_assert_double_eq(train_schedule_lr(&s, 103, 104, &none), 2.0);
    s.schedule = TRAIN_STEP;
    ck_assert_double_eq(train_schedule_lr(&s, 9, 104, &none), 2.0);
    ck_assert_double_eq(train_schedule_lr(&s, 10, 104, &none), 1.0);
    ck_assert_double_eq(train_schedule_lr(&s, 39, 104, &none), 0.25);
    s.schedule = TRAIN_COSINE;
    ck_assert_double_eq_tol(train_schedule_lr(&s, 4, 104, &none), 2.0, 1e-12);
    ck_assert_double_eq_tol(train_schedule_lr(&s, 54, 104, &none), 1.0, 1e-12);
    ck_assert_double_eq_tol(train_schedule_lr(&s, 104, 104, &none), 0.0, 1e-12);
    s.schedule = TRAIN_POLY;
    ck_assert_double_eq_tol(train_schedule_lr(&s, 54, 104, &none), 0.5, 1e-12);
    s.schedule = TRAIN_PLATEAU;
    none.cuts = 3;
    ck_assert_double_eq_tol(train_schedule_lr(&s, 54, 104, &none), 0.25, 1e-12);
}
END_TEST

START_TEST(plateau_waits_for_its_patience)
{
    const TrainOptimSettings s = { .plateau_patience = 2 };
    TrainPlateau p = { 0 };
    const int better[] = { 1, 0, 1, 0, 0, 0, 0, 0 };
    const int cuts[] = { 0, 0, 0, 0, 1, 1, 2, 2 };
    for (int i = 0; i < 8; i++) {
        train_plateau_update(&p, &s, better[i]);
        ck_assert_int_eq(p.cuts, cuts[i]);
    }
}
END_TEST

START_TEST(ema_averages_and_swaps)
{
    NnErr err = { 0 };
    NnParams *p = make_params(3);
    TrainEma e;
    ck_assert_int_eq(train_ema_init(&e, 0.5f, p, &err), NN_OK);
    *weight(p, 0) = 3.0f;
    train_ema_update(&e, p, 1); /* memory min(.5, 2/11): 2/11 * 1 + 9/11 * 3 */
    ck_assert_double_eq_tol((double)e.value[0], 29.0 / 11.0, 1e-6);
    train_ema_update(&e, p, 1000); /* memory .5 */
    ck_assert_double_eq_tol((double)e.value[0], 0.5 * 29.0 / 11.0 + 1.5, 1e-6);
    const float average = e.value[0];
    train_ema_swap(&e, p);
    ck_assert(*weight(p, 0) == average && e.value[0] == 3.0f);
    train_ema_swap(&e, p);
    ck_assert(*weight(p, 0) == 3.0f && e.value[0] == average);
    train_ema_deinit(&e);
    ck_assert_int_eq(train_ema_init(&e, 0.0f, p, &err), NN_OK);
    train_ema_swap(&e, p); /* off: nothing happens */
    ck_assert(*weight(p, 0) == 3.0f);
    nn_params_free(p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("optim");
    TCase *tc = tcase_create("optim");
    tcase_add_loop_test(tc, optimizers_follow_torch, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tc, one_step_by_hand);
    tcase_add_test(tc, decay_spares_biases);
    tcase_add_test(tc, same_bits_at_any_thread_count);
    tcase_add_test(tc, clipping_keeps_the_direction);
    tcase_add_test(tc, schedules_follow_their_formulas);
    tcase_add_test(tc, plateau_waits_for_its_patience);
    tcase_add_test(tc, ema_averages_and_swaps);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
