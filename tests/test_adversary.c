/* test_adversary.c -- the adversarial blur: the detector stands still while it is attacked, attacks raise its loss,
 * generators survive a resume, controls are functions of the seed. A tiny network on a few portraits. */
#include <math.h>

#include "nn/base/parallel.h"
#include "nn/ops/loss_ops.h"
#include "tests/train_rig.h"
#include "train/attack.h"
#include "train/random_blur.h"
#include "train/snapshot.h"

enum { SIZE = 16, BATCH = 8, PIXELS = SIZE * SIZE };

static void set_up(void)
{
    static const char *const tiny[] = {
        "data.size=16",  "data.identities=40",  "data.forge=swap,inpaint", "train.batch=8", "train.steps=200",
        "optim.lr=0.01", "data.val_fraction=0", "train.threads=2",         "blur.width=2",  "optim.accumulate=1",
    };
    temp_folder_make();
    configure(tiny, sizeof tiny / sizeof *tiny);
    open_data();
}

static Trainer *trainer_of(TrainBlurKind kind)
{
    config.blur.kind = (int)kind;
    return make_trainer();
}

static const DataBatch *next_batch(Trainer *t)
{
    const DataBatch *b;
    ck_assert_int_eq(data_loader_next(t->loader, &b, &err), NN_OK);
    return b;
}

static TrainAdversary *adversary_of(Trainer *t, TrainBlurKind kind)
{
    TrainAdversary *a = NULL;
    config.blur.kind = (int)kind;
    const TrainAdversarySpec spec = { .config = &config, .params = t->params };
    ck_assert_msg(train_adversary_new(&spec, &a, &err) == NN_OK, "%s", err.msg);
    return a;
}

/* The frozen detector's loss on a batch with these images. */
static double judge(Trainer *t, const DataBatch *batch, const float *image)
{
    static const float nothing[BATCH * 3 * PIXELS];
    const float *slope;
    TrainAttack a;
    DataBatch changed = *batch;
    const TrainAttackSpec spec = { .config = &config, .params = t->params, .lever = TRAIN_LEVER_SHIFT, .climbs = 1 };
    ck_assert_msg(train_attack_init(&a, &spec, &err) == NN_OK, "%s", err.msg);
    changed.image = image;
    train_attack_load(&a, &changed, TRAIN_MASKS_ALL);
    const double loss = train_attack_climb(&a, nothing, &slope);
    train_attack_deinit(&a);
    return loss;
}

static TrainAdversaryStep at(uint32_t number)
{
    return (TrainAdversaryStep){ TRAIN_MASKS_ALL, number, 1 };
}

static float image_of_all[BATCH * 3 * PIXELS];

/* ---- the detector ---- */

START_TEST(the_detector_stands_still)
{
    TrainStep s;
    Trainer *t = trainer_of((TrainBlurKind)_i);
    steps(t, 3, &s);
    const size_t n = nn_params_len(t->params), n_grads = nn_params_train_len(t->params);
    float *values = malloc(n * sizeof *values), *grads = malloc(n_grads * sizeof *grads);
    memcpy(values, nn_params_values(t->params), n * sizeof *values);
    memcpy(grads, nn_params_grads(t->params), n_grads * sizeof *grads);
    for (uint32_t k = 0; k < 3; k++) train_adversary_change(t->adversary, next_batch(t), at(k), image_of_all);
    ck_assert_int_eq(memcmp(values, nn_params_values(t->params), n * sizeof *values), 0);
    ck_assert_int_eq(memcmp(grads, nn_params_grads(t->params), n_grads * sizeof *grads), 0);
    free(values), free(grads);
    trainer_free(t);
}
END_TEST

START_TEST(images_change_and_stay_images)
{
    TrainStep s;
    int moved = 0;
    Trainer *t = trainer_of((TrainBlurKind)_i);
    steps(t, 2, &s);
    const DataBatch *b = next_batch(t);
    train_adversary_change(t->adversary, b, at(5), image_of_all);
    for (int i = 0; i < BATCH * 3 * PIXELS; i++) {
        ck_assert(image_of_all[i] >= -1.00001f && image_of_all[i] <= 1.00001f);
        moved += image_of_all[i] != b->image[i];
    }
    ck_assert_int_gt(moved, BATCH * PIXELS);
    ck_assert(isfinite(s.changed) && s.changed > 0);
    trainer_free(t);
}
END_TEST

/* Attacks on one detector, trained for a little without any; mean losses over some batches. */
static void mean_losses(TrainBlurKind kind, double *clean, double *changed)
{
    enum { BATCHES = 6 };
    TrainStep s;
    Trainer *t = trainer_of(TRAIN_BLUR_NONE);
    steps(t, 40, &s);
    TrainAdversary *a = adversary_of(t, kind);
    *clean = *changed = 0;
    for (uint32_t k = 0; k < BATCHES; k++) {
        const DataBatch *b = next_batch(t);
        train_adversary_change(a, b, at(k), image_of_all);
        *clean += judge(t, b, b->image) / BATCHES;
        *changed += judge(t, b, image_of_all) / BATCHES;
    }
    train_adversary_free(a);
    trainer_free(t);
}

START_TEST(perturbing_raises_the_loss)
{
    double clean, changed;
    config.blur.levels = 2;
    mean_losses(TRAIN_BLUR_PERTURB, &clean, &changed);
    ck_assert_msg(changed > clean, "loss from %g to %g", clean, changed);
}
END_TEST

/* More than a blur does that looks at nothing, and more with more ascents. */
START_TEST(climbing_raises_the_loss)
{
    double clean, start, climbed, further;
    config.blur.start = 2, config.blur.steps = 1;
    config.blur.step = 0;
    mean_losses(TRAIN_BLUR_GRADIENT, &clean, &start);
    config.blur.step = 1;
    mean_losses(TRAIN_BLUR_GRADIENT, &clean, &climbed);
    config.blur.steps = 4;
    mean_losses(TRAIN_BLUR_GRADIENT, &clean, &further);
    ck_assert_msg(climbed > start && further > climbed, "loss %g, blurred %g, climbed %g, further %g", clean, start,
                  climbed, further);
}
END_TEST

/* Batch after batch, on a detector that stands still, the maps must get worse for it. */
START_TEST(generators_learn_to_raise_the_loss)
{
    enum { ROUNDS = 40, FEW = 5 };
    TrainStep s;
    double early = 0, late = 0;
    Trainer *t = trainer_of(TRAIN_BLUR_NONE);
    steps(t, 40, &s);
    config.blur.lr = 0.01f, config.blur.steps = 3, config.blur.two_generators = _i;
    TrainAdversary *a = adversary_of(t, TRAIN_BLUR_GENERATOR);
    ck_assert_int_eq(train_adversary_generators(a), 1 + _i);
    for (uint32_t k = 0; k < ROUNDS; k++) {
        const DataBatch *b = next_batch(t);
        train_adversary_change(a, b, at(k), image_of_all);
        const double gained = judge(t, b, image_of_all) - judge(t, b, b->image);
        if (k < FEW) early += gained / FEW;
        if (k >= ROUNDS - FEW) late += gained / FEW;
        const float *sigma = train_adversary_sigma(a);
        for (int i = 0; i < BATCH * PIXELS; i++) ck_assert(sigma[i] > 0 && sigma[i] <= 1); /* s_min = 1 */
    }
    ck_assert_msg(late > early && late > 0, "the loss gains %g, later %g", early, late);
    train_adversary_free(a);
    trainer_free(t);
}
END_TEST

START_TEST(masks_take_part)
{
    static const float unknown[BATCH];
    static float flat[BATCH * PIXELS], with[BATCH * PIXELS];
    const float *slope;
    TrainStep s;
    TrainAttack a;
    Trainer *t = trainer_of(TRAIN_BLUR_NONE);
    steps(t, 2, &s);
    DataBatch b = *next_batch(t);
    const TrainAttackSpec spec = { .config = &config, .params = t->params, .climbs = 1 };
    ck_assert_msg(train_attack_init(&a, &spec, &err) == NN_OK, "%s", err.msg);
    for (int i = 0; i < BATCH * PIXELS; i++) flat[i] = 1;
    train_attack_load(&a, &b, TRAIN_MASKS_ALL);
    const double loss = train_attack_climb(&a, flat, &slope);
    memcpy(with, slope, sizeof with);
    train_attack_load(&a, &b, TRAIN_MASKS_NONE);
    const double unmasked = train_attack_climb(&a, flat, &slope);
    ck_assert(unmasked < loss);
    ck_assert_int_ne(memcmp(with, slope, sizeof with), 0);
    b.has_mask = unknown;
    train_attack_load(&a, &b, TRAIN_MASKS_ALL);
    ck_assert(train_attack_climb(&a, flat, &slope) == unmasked);
    train_attack_deinit(&a);
    trainer_free(t);
}
END_TEST

/* ---- the map of the gradient ascent ---- */

static double map_rms(const float *sigma, int n, float from)
{
    double sum = 0;
    for (int i = n * PIXELS; i < (n + 1) * PIXELS; i++) {
        const double off = 1 / ((double)sigma[i] * (double)sigma[i]) - (double)from;
        sum += off * off / PIXELS;
    }
    return sqrt(sum);
}

START_TEST(an_ascent_has_its_length_and_its_norm)
{
    TrainStep s;
    Trainer *t = trainer_of(TRAIN_BLUR_NONE);
    steps(t, 2, &s);
    config.blur.start = 20, config.blur.steps = 1, config.blur.step = 0.5f, config.blur.rms = _i ? 3.0f : 0.0f;
    TrainAdversary *a = adversary_of(t, TRAIN_BLUR_GRADIENT);
    train_adversary_change(a, next_batch(t), at(0), image_of_all);
    for (int n = 0; n < BATCH; n++) {
        const double rms = map_rms(train_adversary_sigma(a), n, _i ? 0 : 20);
        ck_assert_double_eq_tol(rms, _i ? 3.0 : 0.5, 1e-2);
    }
    train_adversary_free(a);
    trainer_free(t);
}
END_TEST

/* A detector that says the same of every image gives no slope: the map stays where it is. */
START_TEST(no_slope_leaves_the_map)
{
    TrainStep s;
    Trainer *t = trainer_of(TRAIN_BLUR_NONE);
    steps(t, 1, &s);
    for (size_t i = 0; i < nn_params_train_len(t->params); i++) nn_params_values(t->params)[i] = 0;
    config.blur.start = 4;
    TrainAdversary *a = adversary_of(t, TRAIN_BLUR_GRADIENT);
    train_adversary_change(a, next_batch(t), at(0), image_of_all);
    for (int i = 0; i < BATCH * PIXELS; i++) ck_assert(train_adversary_sigma(a)[i] == 0.5f);
    train_adversary_free(a);
    trainer_free(t);
}
END_TEST

/* ---- bits ---- */

/* Whatever the number of threads. */
START_TEST(the_same_bits_again)
{
    static float again[BATCH * 3 * PIXELS];
    TrainStep s[2];
    for (int k = 0; k < 2; k++) {
        config.train.threads = k ? 3 : 1;
        Trainer *t = trainer_of((TrainBlurKind)_i);
        steps(t, 4, &s[k]);
        memcpy(k ? again : image_of_all, t->changed, sizeof again);
        trainer_free(t);
    }
    ck_assert_int_eq(memcmp(again, image_of_all, sizeof again), 0);
    ck_assert(s[0].loss == s[1].loss && s[0].grad_norm == s[1].grad_norm && s[0].changed == s[1].changed);
}
END_TEST

static void draw(int uniform, uint32_t number, int n, float *s)
{
    (uniform ? train_blur_uniform : train_blur_random)(9, number, 1.5f, n, SIZE, s);
}

START_TEST(controls_are_functions_of_seed_and_number)
{
    static float a[BATCH * PIXELS], b[BATCH * PIXELS];
    double lowest = 9, highest = 0;
    nn_threads_set(1);
    draw(_i, 3, BATCH, a);
    nn_threads_set(4);
    draw(_i, 3, BATCH, b);
    ck_assert_int_eq(memcmp(a, b, sizeof a), 0);
    draw(_i, 3, BATCH / 2, b); /* an image does not depend on how many there are */
    ck_assert_int_eq(memcmp(a, b, sizeof a / 2), 0);
    draw(_i, 4, BATCH, b);
    ck_assert_int_ne(memcmp(a, b, PIXELS * sizeof *a), 0);
    ck_assert_int_ne(memcmp(a, a + PIXELS, PIXELS * sizeof *a), 0);
    for (int i = 0; i < BATCH * PIXELS; i++) {
        const double sigma = 1 / sqrt((double)a[i]);
        lowest = fmin(lowest, sigma), highest = fmax(highest, sigma);
        ck_assert(_i == 0 || a[i] == a[i / PIXELS * PIXELS]);
    }
    ck_assert_msg(lowest >= 0 && lowest < 0.7 && highest > 0.8 && highest <= 1.5, "%g to %g", lowest, highest);
}
END_TEST

START_TEST(no_sigma_is_no_blur)
{
    ck_assert(train_blur_precision(0) == TRAIN_PRECISION_MAX && train_blur_precision(1e-30f) == TRAIN_PRECISION_MAX);
    ck_assert(train_blur_precision(0.5f) == 4);
}
END_TEST

static int equal_params(NnParams *a, NnParams *b)
{
    return !memcmp(nn_params_values(a), nn_params_values(b), nn_params_len(a) * sizeof(float));
}

START_TEST(generators_survive_a_resume)
{
    TrainStep whole, resumed;
    NnCheckpoint c = { 0 };
    config.optim.accumulate = 2, config.blur.steps = 2;
    Trainer *t = trainer_of(TRAIN_BLUR_GENERATOR), *u = trainer_of(TRAIN_BLUR_GENERATOR);
    Trainer *v = trainer_of(TRAIN_BLUR_GENERATOR);
    const char *path = in_folder("last.safetensors");
    steps(t, 7, &whole);
    steps(u, 4, &resumed);
    ck_assert_msg(train_snapshot_save(u, path, 0, &err) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(nn_checkpoint_load(path, &c, &err), NN_OK);
    ck_assert_ptr_nonnull(nn_checkpoint_find(&c, "generator1.model.encoder.0.conv.weight"));
    ck_assert_ptr_nonnull(nn_checkpoint_find(&c, "generator0.optim.slot1.decoder.2.conv.bias"));
    ck_assert_str_eq(nn_checkpoint_meta(&c, "attack_kernels"), train_adversary_attack_kernels(t->adversary));
    ck_assert_msg(train_snapshot_restore(v, &c, path, &err) == NN_OK, "%s", err.msg);
    steps(v, 3, &resumed);
    ck_assert(whole.loss == resumed.loss && whole.changed == resumed.changed);
    ck_assert(equal_params(t->params, v->params));
    for (int i = 0; i < 2; i++) {
        ck_assert(equal_params(train_adversary_params(t->adversary, i), train_adversary_params(v->adversary, i)));
        ck_assert_int_eq(train_adversary_optimizer(t->adversary, i)->updates, 7 * 2 * 2);
        ck_assert_int_eq(train_adversary_optimizer(v->adversary, i)->updates, 7 * 2 * 2);
    }
    nn_checkpoint_free(&c);
    ck_assert_int_eq(train_snapshot_save(t, path, 1, &err), NN_OK);
    ck_assert_int_eq(nn_checkpoint_load(path, &c, &err), NN_OK);
    ck_assert_ptr_null(nn_checkpoint_find(&c, "generator0.model.encoder.0.conv.weight")); /* best is the detector */
    nn_checkpoint_free(&c);
    trainer_free(t), trainer_free(u), trainer_free(v);
}
END_TEST

/* ---- the step on both halves ---- */

/* One real and one forged image; logits by hand. The second half counts 3 times as much. */
START_TEST(the_changed_half_is_weighted)
{
    static const float image[2 * 12], mask[2 * 4], label[2] = { 0, 1 }, has_mask[2] = { 1, 1 };
    static const int item[2] = { 0, 1 };
    const DataBatch batch = { 2, image, mask, label, has_mask, item };
    NnParams *params = nn_params_new();
    NnGraph *g = nn_graph_new(params);
    NnPlan *plan = NULL;
    TrainInputs in = train_inputs_make(g, 4, 2, 4);
    const TrainInputs changed = train_inputs_changed(g, &in);
    const NnVar x = nn_graph_input(g, "x", (NnShape){ 2, { 4, 1 } }, 0);
    const NnVar keep[] = { nn_mse(g, x, in.label, in.weight), nn_mse(g, x, changed.label, changed.weight),
                           nn_mse(g, x, in.label, changed.mask_weight), nn_mse(g, x, in.label, in.mask_weight) };
    const NnPlanSpec spec = { .keep = keep, .n_keep = 4, .loss = NN_NONE };
    ck_assert_int_eq(nn_params_seal(params, 1, &err), NN_OK);
    ck_assert_int_eq(nn_plan_new(g, &spec, &plan, &err), NN_OK);
    train_inputs_fill(&in, g, plan, &batch, 0);
    train_inputs_fill_changed(&in, g, plan, &batch, 0, image, 3);
    memcpy(nn_plan_data(plan, x), (const float[]){ 1, 1, 2, 3 }, 4 * sizeof(float)); /* errors 1, 0, 2, 2 */
    nn_plan_forward(plan, 0);
    ck_assert_float_eq(nn_plan_data(plan, keep[0])[0], (1 + 0 + 3 * (4 + 4)) / 8.0f);
    ck_assert_float_eq(nn_plan_data(plan, keep[1])[0], 4);
    ck_assert_float_eq(nn_plan_data(plan, keep[2])[0], 4);
    ck_assert_float_eq(nn_plan_data(plan, keep[3])[0], 3); /* masks of the forged alone: (0 + 3 * 4) / 4 */
    nn_plan_free(plan), nn_graph_free(g), nn_params_free(params);
}
END_TEST

START_TEST(none_costs_nothing)
{
    TrainStep s;
    config.blur.weight = 7, config.blur.width = 64;
    Trainer *t = trainer_of(TRAIN_BLUR_NONE);
    ck_assert(!t->adversary && !t->changed && !t->of_changed.n);
    ck_assert_int_eq(trainer_rows(t), BATCH);
    ck_assert_int_eq(nn_graph_shape(t->graph, t->inputs.image).d[0], BATCH);
    ck_assert_int_eq(train_adversary_generators(NULL), 0);
    steps(t, 1, &s);
    ck_assert(s.changed == 0);
    trainer_free(t);
}
END_TEST

/* A weight of 0 leaves the changed half out of the loss. */
START_TEST(the_changed_half_is_trained_on)
{
    TrainStep s[3];
    for (int k = 0; k < 3; k++) {
        config.blur.weight = k ? 1 : 0;
        config.blur.sigma = k == 2 ? 0 : 2;
        Trainer *t = trainer_of(TRAIN_BLUR_UNIFORM);
        steps(t, 1, &s[k]);
        trainer_free(t);
    }
    ck_assert(s[0].loss != s[1].loss && s[0].changed == s[1].changed); /* one step: the same weights saw it */
    ck_assert_double_eq_tol(s[2].loss, s[2].changed, 1e-6);            /* two halves of the same images */
}
END_TEST

/* What breaks is the generator, not the detector, and the message says so. */
START_TEST(a_broken_generator_is_named)
{
    TrainStep s;
    config.blur.lr = 1e38f, config.blur.steps = 2;
    Trainer *t = trainer_of(TRAIN_BLUR_GENERATOR);
    ck_assert_int_eq(trainer_start(t, &err), NN_OK);
    NnStatus status = NN_OK;
    for (int i = 0; i < 10 && status == NN_OK; i++) status = train_step(t, &s, &err);
    ck_assert_int_eq(status, NN_ERR_NUMERIC);
    ck_assert_msg(strstr(err.msg, "adversary") != NULL, "%s", err.msg);
    trainer_free(t);
}
END_TEST

START_TEST(nonsense_is_refused)
{
    config.blur.kernel = 4;
    ck_assert_int_eq(train_config_check(&config, &err), NN_OK); /* nobody blurs */
    config.blur.kind = TRAIN_BLUR_RANDOM;
    ck_assert_int_eq(train_config_check(&config, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "3, 5 or 7"));
    err = (NnErr){ 0 };
    config.blur.kernel = 5, config.blur.kind = TRAIN_BLUR_GENERATOR, config.data.size = 30;
    ck_assert_int_eq(train_config_check(&config, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "multiple of 4"));
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, the_detector_stands_still, TRAIN_BLUR_GRADIENT, TRAIN_BLUR_PERTURB + 1);
    tcase_add_loop_test(tc, images_change_and_stay_images, TRAIN_BLUR_GRADIENT, TRAIN_BLUR_PERTURB + 1);
    tcase_add_test(tc, perturbing_raises_the_loss);
    tcase_add_test(tc, climbing_raises_the_loss);
    tcase_add_loop_test(tc, generators_learn_to_raise_the_loss, 0, 2);
    tcase_add_test(tc, masks_take_part);
    tcase_add_loop_test(tc, an_ascent_has_its_length_and_its_norm, 0, 2);
    tcase_add_test(tc, no_slope_leaves_the_map);
    tcase_add_loop_test(tc, the_same_bits_again, TRAIN_BLUR_GRADIENT, TRAIN_BLUR_PERTURB + 1);
    tcase_add_loop_test(tc, controls_are_functions_of_seed_and_number, 0, 2);
    tcase_add_test(tc, no_sigma_is_no_blur);
    tcase_add_test(tc, generators_survive_a_resume);
    tcase_add_test(tc, the_changed_half_is_weighted);
    tcase_add_test(tc, none_costs_nothing);
    tcase_add_test(tc, the_changed_half_is_trained_on);
    tcase_add_test(tc, a_broken_generator_is_named);
    tcase_add_test(tc, nonsense_is_refused);
}

int main(int argc, char **argv)
{
    (void)argc;
    return run_tests_between(set_up, argv, "adversary", add_tests);
}
