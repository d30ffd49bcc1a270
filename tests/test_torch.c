/* test_torch.c -- two whole training steps of lae_small against PyTorch in double precision.
 *
 * Weights, batch and settings go out through our checkpoint writer; tests/torch_reference.py reads them by hand, trains,
 * and writes losses, gradients and weights back. Skipped with a message where no Python imports torch. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nn/base/blas.h"
#include "nn/base/file.h"
#include "nn/base/rng.h"
#include "nn/core/plan.h"
#include "nn/model/checkpoint.h"
#include "tests/check_main.h"
#include "train/objective.h"
#include "train/optimizer.h"

enum { N = 4, SIZE = 32, STEPS = 2, PATH_LEN = 512 };
static const float tolerance = 1e-4f; /* of a tensor's largest element */

static const float lr = 0.05f, momentum = 0.9f, weight_decay = 0.01f;
static const TrainLossSettings loss_settings = { .rec = 0.7f, .latent = 1, .mask = 2, .cls = 0.5f, .mask_on_real = 1 };

/* Two real images, a forged one with a mask, a forged one whose mask nobody knows. */
typedef struct {
    float image[N * 3 * SIZE * SIZE], mask[N * SIZE * SIZE], label[N], has_mask[N];
    int item[N];
} Batch;

static void draw_batch(Batch *b)
{
    static const float label[N] = { 0, 1, 1, 0 }, has_mask[N] = { 1, 1, 0, 1 };
    NnRng r = nn_rng_make(21, NN_STREAM_TEST, 0, 0);
    memset(b, 0, sizeof *b);
    for (int i = 0; i < N * 3 * SIZE * SIZE; i++) b->image[i] = nn_rng_range(&r, -1, 1);
    for (int y = 8; y < 21; y++)
        for (int x = 5; x < 30; x++) b->mask[(SIZE + y) * SIZE + x] = 1;
    memcpy(b->label, label, sizeof label);
    memcpy(b->has_mask, has_mask, sizeof has_mask);
}

static DataBatch as_data_batch(const Batch *b)
{
    return (DataBatch){
        .n = N, .image = b->image, .mask = b->mask, .label = b->label, .has_mask = b->has_mask, .item = b->item
    };
}

typedef struct {
    NnParams *params;
    NnGraph *graph;
    TrainInputs in;
    TrainObjective objective;
    NnPlan *plan;
} Step;

static void build_step(Step *s, float residual_clip)
{
    NnModelSettings model;
    NnErr err = { 0 };
    nn_settings_defaults(&(NnBinding){ &nn_model_section, &model }, 1);
    model.input = residual_clip > 0 ? NN_INPUT_RESIDUAL : NN_INPUT_RGB;
    model.residual_clip = residual_clip;
    s->params = nn_params_new();
    s->graph = nn_graph_new(s->params);
    s->in = train_inputs_make(s->graph, N, SIZE, nn_detector_latent_channels(&model));
    const NnDetector det = nn_detector_build(s->graph, &model, s->in.image, s->in.select);
    s->objective = train_objective_build(s->graph, &det, &s->in, &loss_settings);
    ck_assert_msg(nn_graph_status(s->graph, &err) == NN_OK, "%s", err.msg);
    ck_assert_msg(nn_params_seal(s->params, 3, &err) == NN_OK, "%s", err.msg);

    NnVar keep[TRAIN_MAX_TERMS];
    for (int i = 0; i < s->objective.n; i++) keep[i] = s->objective.terms[i].value;
    const NnPlanSpec spec = { .train = 1, .loss = s->objective.total, .keep = keep, .n_keep = s->objective.n };
    ck_assert_msg(nn_plan_new(s->graph, &spec, &s->plan, &err) == NN_OK, "%s", err.msg);
}

/* Batch norm's weights start as 1 and 0, where some mistakes do not show. */
static void scramble_norms(NnParams *p)
{
    NnRng r = nn_rng_make(22, NN_STREAM_TEST, 0, 0);
    for (int i = 0; i < nn_params_count(p); i++) {
        const NnParam *param = nn_params_at(p, i);
        if (!strstr(param->name, ".bn.")) continue;
        float *w = nn_params_values(p) + param->offset;
        for (size_t k = 0; k < param->len; k++) w[k] += nn_rng_range(&r, -0.3f, 0.3f);
    }
}

static void save_input(const Step *s, const Batch *b, float residual_clip, const char *path)
{
    NnCheckpoint c = { 0 };
    NnErr err = { 0 };
    nn_checkpoint_add_params(&c, s->params, "param.", nn_params_values(s->params), 0, &err);
    nn_checkpoint_add(&c, "image", (NnShape){ 4, { N, 3, SIZE, SIZE } }, b->image, &err);
    nn_checkpoint_add(&c, "mask", (NnShape){ 4, { N, 1, SIZE, SIZE } }, b->mask, &err);
    nn_checkpoint_add(&c, "label", (NnShape){ 1, { N } }, b->label, &err);
    nn_checkpoint_add(&c, "has_mask", (NnShape){ 1, { N } }, b->has_mask, &err);
    for (int i = 0; i < s->objective.n; i++)
        nn_checkpoint_notef(&c, &err, s->objective.terms[i].name, "%.9g", (double)s->objective.terms[i].weight);
    nn_checkpoint_notef(&c, &err, "lr", "%.9g", (double)lr);
    nn_checkpoint_notef(&c, &err, "momentum", "%.9g", (double)momentum);
    nn_checkpoint_notef(&c, &err, "weight_decay", "%.9g", (double)weight_decay);
    nn_checkpoint_notef(&c, &err, "residual_clip", "%.9g", (double)residual_clip);
    nn_checkpoint_notef(&c, &err, "steps", "%d", STEPS);
    ck_assert_msg(nn_checkpoint_save(&c, path, &err) == NN_OK, "%s", err.msg);
    nn_checkpoint_free(&c);
}

static const char *python; /* that imports torch */

/* NULL if there is none. */
static const char *find_python(void)
{
    static const char *const pythons[] = { "python3", "/usr/bin/python3" };
    for (size_t i = 0; i < sizeof pythons / sizeof *pythons; i++) {
        char command[PATH_LEN];
        snprintf(command, sizeof command, "%s -c 'import torch' 2>/dev/null", pythons[i]);
        if (system(command) == 0) return pythons[i]; /* NOLINT(cert-env33-c) */
    }
    return NULL;
}

static void run_reference(const char *in, const char *out)
{
    char command[4 * PATH_LEN];
    snprintf(command, sizeof command, "%s tests/torch_reference.py '%s' '%s'", python, in, out);
    ck_assert_msg(system(command) == 0, "failed: %s", command); /* NOLINT(cert-env33-c) */
}

/* Largest difference of a tensor from the reference's, relative to the reference's largest element. */
static void assert_close(const NnCheckpoint *ref, const char *prefix, const char *name, const float *x, size_t len)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const NnTensor *t = nn_checkpoint_find(ref, full);
    ck_assert_msg(t && nn_shape_len(t->shape) == len, "%s is missing or has another size", full);
    float diff = 0, scale = 0;
    for (size_t i = 0; i < len; i++) {
        ck_assert_msg(isfinite(x[i]), "%s[%zu] is %g", full, i, (double)x[i]);
        diff = fmaxf(diff, fabsf(x[i] - t->value[i]));
        scale = fmaxf(scale, fabsf(t->value[i]));
    }
    ck_assert_msg(scale > 0 && diff <= tolerance * scale, "%s differs by %g, its largest element is %g", full,
                  (double)diff, (double)scale);
}

static void assert_losses(const Step *s, const NnCheckpoint *ref, int step)
{
    char prefix[32];
    snprintf(prefix, sizeof prefix, "step%d.", step);
    for (int i = 0; i < s->objective.n; i++)
        assert_close(ref, prefix, s->objective.terms[i].name, nn_plan_data(s->plan, s->objective.terms[i].value), 1);
    assert_close(ref, prefix, "total", nn_plan_data(s->plan, s->objective.total), 1);
}

static void assert_block(const Step *s, const NnCheckpoint *ref, const char *prefix, const float *block,
                         int trained_only)
{
    int n = 0;
    for (int i = 0; i < nn_params_count(s->params); i++) {
        const NnParam *p = nn_params_at(s->params, i);
        if (trained_only && !(p->flags & NN_PARAM_TRAIN)) continue;
        assert_close(ref, prefix, p->name, block + p->offset, p->len);
        n++;
    }
    ck_assert_int_eq(n, trained_only ? 30 : 46);
}

static void train_and_compare(Step *s, const Batch *b, const NnCheckpoint *ref)
{
    TrainOptimizer optimizer;
    NnErr err = { 0 };
    const TrainOptimSettings sgd = { .optimizer = TRAIN_SGD, .momentum = momentum, .weight_decay = weight_decay };
    const DataBatch batch = as_data_batch(b);
    ck_assert_int_eq(train_optimizer_init(&optimizer, &sgd, s->params, &err), NN_OK);
    for (int step = 0; step < STEPS; step++) {
        train_inputs_fill(&s->in, s->graph, s->plan, &batch, (TrainMaskUse)loss_settings.mask_on_real);
        nn_params_zero_grads(s->params);
        nn_plan_forward(s->plan, (uint32_t)step);
        nn_plan_backward(s->plan, 1);
        assert_losses(s, ref, step);
        if (step == 0) assert_block(s, ref, "grad.", nn_params_grads(s->params), 1);
        train_optimizer_update(&optimizer, (double)lr);
    }
    assert_block(s, ref, "param.", nn_params_values(s->params), 0);
    train_optimizer_deinit(&optimizer);
}

/* Colours, and residuals with a clip that cuts some of this noise and leaves some. */
START_TEST(training_steps_agree_with_torch)
{
    static const float residual_clip[] = { 0, 0.8f };
    static Batch batch;
    static Step step;
    char in[PATH_LEN], out[PATH_LEN];
    const char *folder = getenv("TMPDIR");
    NnErr err = { 0 };
    NnCheckpoint ref;
    snprintf(in, sizeof in, "%s/locus_torch_in_%ld.safetensors", folder ? folder : "/tmp", (long)getpid());
    snprintf(out, sizeof out, "%s/locus_torch_out_%ld.safetensors", folder ? folder : "/tmp", (long)getpid());
    ck_assert_msg(nn_blas_init(&err) == NN_OK, "%s", err.msg);
    draw_batch(&batch);
    build_step(&step, residual_clip[_i]);
    scramble_norms(step.params);
    save_input(&step, &batch, residual_clip[_i], in);
    run_reference(in, out);
    ck_assert_msg(nn_checkpoint_load(out, &ref, &err) == NN_OK, "%s", err.msg);
    unlink(in);
    unlink(out);
    train_and_compare(&step, &batch, &ref);
    nn_checkpoint_free(&ref);
    nn_plan_free(step.plan);
    nn_graph_free(step.graph);
    nn_params_free(step.params);
}
END_TEST

int main(void)
{
    enum { SKIPPED = 77 };
    python = find_python();
    if (!python) {
        printf("test_torch: skipped: no python3 that imports torch\n");
        return SKIPPED;
    }
    Suite *suite = suite_create("torch");
    TCase *t = tcase_create("torch");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, training_steps_agree_with_torch, 0, 2);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
