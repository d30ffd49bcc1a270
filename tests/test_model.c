/* test_model.c -- what every network is: shapes, weights and their names, failures, summary. What it computes is the
 * business of test_detector.c. */
#include <stdlib.h>
#include <string.h>

#include "tests/model_rig.h"

static void assert_shape(const Model *m, NnVar v, NnShape want)
{
    const NnShape s = nn_graph_shape(m->graph, v);
    char a[64], b[64];
    ck_assert_msg(nn_shape_equal(s, want), "shape %s, want %s", nn_shape_text(s, a), nn_shape_text(want, b));
}

static void assert_shapes(const Model *m, int C, int N, int H, int W)
{
    const NnDetector *d = &m->det;
    assert_shape(m, d->latent, (NnShape){ 4, { N, C, H / 16, W / 16 } });
    assert_shape(m, d->activity, (NnShape){ 2, { N, 2 } });
    assert_shape(m, d->logit, (NnShape){ 2, { N, 1 } });
    assert_shape(m, d->score, (NnShape){ 2, { N, 1 } });
    assert_shape(m, d->map, (NnShape){ 4, { N, 1, H, W } });
    assert_shape(m, d->map_logit, (NnShape){ 4, { N, 1, H, W } });
    assert_shape(m, d->recon, (NnShape){ 4, { N, 3, H, W } });
}

/* Each network at two sizes, one of them not square, and for both inputs. */
START_TEST(every_network_builds)
{
    for (int input = NN_INPUT_RGB; input <= NN_INPUT_RESIDUAL; input++) {
        NnModelSettings s = model_settings(nn_arch_table[_i].name);
        const int C = nn_detector_latent_channels(&s);
        ck_assert_int_eq(C, nn_arch_table[_i].latent_channels);
        s.input = input;
        Model small = build(&s, 2, 64, 64, 0), large = build(&s, 1, 128, 96, 1);
        seal(&small);
        seal(&large);
        assert_shapes(&small, C, 2, 64, 64);
        assert_shapes(&large, C, 1, 128, 96);
        ck_assert_uint_eq(nn_params_weights(small.params), nn_params_weights(large.params));
        release(&small);
        release(&large);
    }
}
END_TEST

START_TEST(weights_are_counted)
{
    static const struct {
        const char *network;
        size_t rgb, residual;
    } want[] = {
        { "lae_small", 197132, 197564 },
        { "lae_deep", 295540, 295972 },
        { "lae_base", 3150772, 3152500 },
    };
    ck_assert_int_eq(nn_arch_count, sizeof want / sizeof *want);
    for (int i = 0; i < nn_arch_count; i++) {
        NnModelSettings s = model_settings(want[i].network);
        Model residual = build(&s, 1, 64, 64, 0);
        s.input = NN_INPUT_RGB;
        Model rgb = build(&s, 1, 64, 64, 0);
        seal(&rgb);
        seal(&residual);
        ck_assert_uint_eq(nn_params_weights(rgb.params), want[i].rgb);
        ck_assert_uint_eq(nn_params_weights(residual.params), want[i].residual);
        release(&rgb);
        release(&residual);
    }
}
END_TEST

/* Names as PyTorch's, flags as the optimiser needs them. */
START_TEST(parameters_are_named_and_flagged)
{
    static const struct {
        const char *name;
        int flags;
    } want[] = {
        { "encoder.0.conv.weight", NN_PARAM_TRAIN | NN_PARAM_DECAY },
        { "encoder.0.bn.weight", NN_PARAM_TRAIN },
        { "encoder.0.bn.running_mean", 0 },
        { "encoder.1.conv1.weight", NN_PARAM_TRAIN | NN_PARAM_DECAY },
        { "encoder.1.bn2.bias", NN_PARAM_TRAIN },
        { "encoder.1.downsample.0.weight", NN_PARAM_TRAIN | NN_PARAM_DECAY },
        { "encoder.1.downsample.1.running_var", 0 },
        { "decoder.4.conv.bias", NN_PARAM_TRAIN },
        { "head.weight", NN_PARAM_TRAIN | NN_PARAM_DECAY },
        { "head.bias", NN_PARAM_TRAIN },
    };
    const NnModelSettings s = model_settings("lae_base");
    Model m = build(&s, 1, 64, 64, 0);
    seal(&m);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const int at = nn_params_find(m.params, want[i].name);
        ck_assert_msg(at >= 0, "%s is missing", want[i].name);
        ck_assert_int_eq(nn_params_at(m.params, at)->flags, want[i].flags);
    }
    ck_assert_int_lt(nn_params_find(m.params, "encoder.0.conv.bias"), 0);
    ck_assert_int_lt(nn_params_find(m.params, "encoder.2.downsample.0.weight"), 0);
    release(&m);
}
END_TEST

static void assert_fails(const NnModelSettings *s, int H, int W, NnStatus status, const char *const *parts)
{
    Model m = build(s, 2, H, W, 0);
    NnErr err = { 0 };
    ck_assert_int_eq(nn_graph_status(m.graph, &err), status);
    for (; *parts; parts++) ck_assert_msg(strstr(err.msg, *parts), "\"%s\" lacks \"%s\"", err.msg, *parts);
    ck_assert(!nn_var_is_some(m.det.logit) && !nn_var_is_some(m.det.map) && !nn_var_is_some(m.det.recon));
    release(&m);
}

START_TEST(bad_sizes_fail_with_a_message)
{
    for (int i = 0; i < nn_arch_count; i++) {
        const NnModelSettings s = model_settings(nn_arch_table[i].name);
        const char *const odd[] = { nn_arch_table[i].name, "65", "multiples of 16", NULL };
        assert_fails(&s, 65, 64, NN_ERR_SHAPE, odd);
        assert_fails(&s, 64, 65, NN_ERR_SHAPE, odd);
        assert_fails(&s, 0, 64, NN_ERR_SHAPE, (const char *const[]){ "image", "[2,3,0,64]", NULL });
    }
}
END_TEST

START_TEST(an_image_of_another_form_fails)
{
    const NnModelSettings s = model_settings("lae_small");
    NnParams *p = nn_params_new();
    NnGraph *g = nn_graph_new(p);
    NnErr err = { 0 };
    nn_detector_build(g, &s, nn_graph_input(g, "image", (NnShape){ 4, { 1, 1, 64, 64 } }, 0), NN_NONE);
    ck_assert_int_eq(nn_graph_status(g, &err), NN_ERR_SHAPE);
    ck_assert_msg(strstr(err.msg, "[1,1,64,64], expected [N,3,H,W]"), "gave: %s", err.msg);
    nn_graph_free(g);
    nn_params_free(p);
}
END_TEST

START_TEST(an_unknown_network_lists_the_known_ones)
{
    const char *const parts[] = { "\"lae_smal\": unknown", "lae_small, lae_deep, lae_base", "did you mean lae_small",
                                  NULL };
    const NnModelSettings s = model_settings("lae_smal");
    assert_fails(&s, 64, 64, NN_ERR_CONFIG, parts);
    ck_assert_int_eq(nn_detector_latent_channels(&s), -1);
}
END_TEST

START_TEST(a_clip_of_nothing_is_refused)
{
    NnModelSettings s = model_settings("lae_small");
    s.residual_clip = 0;
    assert_fails(&s, 64, 64, NN_ERR_CONFIG, (const char *const[]){ "residual_clip", NULL });
}
END_TEST

/* The map of activations reaches 1 on every image: its hottest part would call all of them forged. */
START_TEST(a_region_of_the_activation_map_is_refused)
{
    NnModelSettings s = model_settings("lae_small");
    s.score = NN_SCORE_REGION, s.map = NN_MAP_ACTIVATION;
    assert_fails(&s, 64, 64, NN_ERR_CONFIG, (const char *const[]){ "score = region", "expected map = cam", NULL });
    s.map = NN_MAP_CAM, s.score_region = 1.5f;
    assert_fails(&s, 64, 64, NN_ERR_CONFIG, (const char *const[]){ "part = 1.5", NULL });
}
END_TEST

/* Checkpoints of one kind of score fit networks of another. */
START_TEST(parameters_are_the_same_whatever_the_score)
{
    NnModelSettings s = model_settings("lae_small");
    s.map_bias = NN_MAP_BIAS_OWN;
    Model logit = build(&s, 1, 32, 32, 0);
    s.score = NN_SCORE_REGION;
    Model region = build(&s, 1, 32, 32, 0);
    seal(&logit);
    seal(&region);
    ck_assert_int_eq(nn_params_count(logit.params), nn_params_count(region.params));
    for (int i = 0; i < nn_params_count(logit.params); i++)
        ck_assert_str_eq(nn_params_at(logit.params, i)->name, nn_params_at(region.params, i)->name);
    const size_t bytes = nn_params_len(logit.params) * sizeof(float);
    ck_assert_int_eq(memcmp(nn_params_values(logit.params), nn_params_values(region.params), bytes), 0);
    release(&logit);
    release(&region);
}
END_TEST

START_TEST(summary_is_a_table_with_totals)
{
    const NnModelSettings s = model_settings("lae_base");
    Model m = build(&s, 2, 64, 64, 0);
    seal(&m);
    const NnVar keep[] = { m.det.score, m.det.map, m.det.recon };
    NnPlan *plan = make_plan(&m, (NnPlanSpec){ .loss = NN_NONE, .keep = keep, .n_keep = 3 });
    char *text = nn_detector_summary(m.graph, plan);
    ck_assert_ptr_nonnull(text);
    static const char *const parts[] = { "encoder.6", "decoder.4",      "conv2d",
                                         "head",      "[2,256,4,4]",    "trained weights 3152500",
                                         "MFLOP",     "planned memory", "MiB" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        ck_assert_msg(strstr(text, parts[i]), "no \"%s\" in\n%s", parts[i], text);
    for (const char *line = text; *line;) {
        const size_t len = strcspn(line, "\n");
        ck_assert_msg(len <= 100, "%zu columns: %.*s", len, (int)len, line);
        line += len + (line[len] == '\n');
    }
    free(text);
    text = nn_detector_summary(m.graph, NULL);
    ck_assert(text && strstr(text, "trained weights 3152500") && !strstr(text, "MiB"));
    free(text);
    nn_plan_free(plan);
    release(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model");
    TCase *t = tcase_create("model");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_loop_test(t, every_network_builds, 0, nn_arch_count);
    tcase_add_test(t, weights_are_counted);
    tcase_add_test(t, parameters_are_named_and_flagged);
    tcase_add_test(t, bad_sizes_fail_with_a_message);
    tcase_add_test(t, an_image_of_another_form_fails);
    tcase_add_test(t, an_unknown_network_lists_the_known_ones);
    tcase_add_test(t, a_clip_of_nothing_is_refused);
    tcase_add_test(t, a_region_of_the_activation_map_is_refused);
    tcase_add_test(t, parameters_are_the_same_whatever_the_score);
    tcase_add_test(t, summary_is_a_table_with_totals);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
