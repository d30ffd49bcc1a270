/* test_run_config.c -- the configuration of a run: what a resumed one may change, whose folder paths belong to, which settings
 * make no sense together. */
#include "tests/data_rig.h"
#include "tests/train_rig.h"

START_TEST(resume_may_change_the_length_alone)
{
    TrainConfig given = config;
    given.train.steps = 99, given.train.threads = 1, given.data.threads = 7, given.train.memory = NN_MEMORY_LOW;
    ck_assert_int_eq(train_config_merge(&config, &given, &err), NN_OK);
    ck_assert(config.train.steps == 99 && config.train.threads == 1 && config.data.threads == 7);
    ck_assert_int_eq(config.train.memory, NN_MEMORY_LOW);
    given.optim.lr = 0.25f;
    ck_assert_int_eq(train_config_merge(&config, &given, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "optim.lr = 0.25"));
    err = (NnErr){ 0 };
    given.optim.lr = config.optim.lr;
    given.optim.schedule = TRAIN_POLY;
    ck_assert_int_eq(train_config_merge(&config, &given, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "optim.schedule = poly"));
    ck_assert_ptr_nonnull(strstr(err.msg, "plateau"));
}
END_TEST

START_TEST(a_score_that_nothing_trains_is_refused)
{
    ck_assert_int_eq(train_config_check(&config, &err), NN_OK);
    config.model.score = NN_SCORE_LATENT;
    config.loss.latent = 0;
    ck_assert_int_eq(train_config_check(&config, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "latent"));
    err = (NnErr){ 0 };
    config.model.score = NN_SCORE_REGION;
    ck_assert_int_eq(train_config_check(&config, &err), NN_OK);
    config.loss.cls = config.loss.mask = 0;
    ck_assert_int_eq(train_config_check(&config, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "score = region"));
    err = (NnErr){ 0 };
    config.model.map = NN_MAP_ACTIVATION;
    ck_assert_int_eq(train_config_check(&config, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "map = activation"));
}
END_TEST

/* At the start, that is, and not by the loader in the first step. */
START_TEST(an_empty_range_of_jpeg_quality_is_refused)
{
    config.augment.jpeg_min = config.augment.jpeg_max + 1;
    ck_assert_int_eq(train_config_check(&config, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "jpeg_min"));
}
END_TEST

/* Whether a file or --set says it: what is stored means the same from any folder. */
START_TEST(every_path_is_relative_to_what_says_it)
{
    static const char text[] = "[data]\npath = d,root=e\n[regions]\nmaps = m\n[gradcam]\ndetectors = a, b/c,/d\n";
    const char *const sets[] = { "gradcam.detectors=runs/a,/runs/b" };
    char here[256], wanted[NN_TEXT_MAX];
    write_text("conf/a.ini", text);
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_int_eq(chdir(temp_folder), 0);
    ck_assert_msg(train_config_load(&config, "conf/a.ini", NULL, 0, &err) == NN_OK, "%s", err.msg);
    snprintf(wanted, sizeof wanted, "%s/conf/d,root=%s/conf/e", temp_folder, temp_folder);
    ck_assert_str_eq(config.data.path, wanted);
    ck_assert_str_eq(config.regions.maps, in_folder("conf/m"));
    snprintf(wanted, sizeof wanted, "%s/conf/a,%s/conf/b/c,/d", temp_folder, temp_folder);
    ck_assert_str_eq(config.gradcam.detectors, wanted);
    ck_assert_msg(train_config_load(&config, "conf/a.ini", sets, 1, &err) == NN_OK, "%s", err.msg);
    snprintf(wanted, sizeof wanted, "%s/runs/a,/runs/b", temp_folder);
    ck_assert_str_eq(config.gradcam.detectors, wanted);
    ck_assert_int_eq(chdir(here), 0);
}
END_TEST

/* The marks that part lists and specs are letters like others there. */
START_TEST(a_single_path_may_hold_any_letter)
{
    const char *const sets[] = { "regions.maps=out:1/m,root=b" };
    char here[256], wanted[NN_TEXT_MAX];
    write_text("a.ini", "");
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_msg(train_config_load(&config, in_folder("a.ini"), sets, 1, &err) == NN_OK, "%s", err.msg);
    snprintf(wanted, sizeof wanted, "%s/out:1/m,root=b", here);
    ck_assert_str_eq(config.regions.maps, wanted);
}
END_TEST

/* Runs that stored what is now refused, or is now stored otherwise, can go on. */
START_TEST(runs_of_earlier_versions_can_go_on)
{
    TrainConfig given = config;
    char here[256];
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    strcpy(config.gradcam.detectors, "runs/a, /runs/b");
    snprintf(given.gradcam.detectors, NN_TEXT_MAX, "%s/runs/a,/runs/b", here);
    strcpy(config.data.allow, "leak-video");
    ck_assert_msg(train_config_merge(&config, &given, &err) == NN_OK, "%s", err.msg);
    ck_assert_str_eq(config.gradcam.detectors, given.gradcam.detectors);
    ck_assert_str_eq(config.data.allow, "");
    strcpy(given.gradcam.detectors, "/runs/c");
    ck_assert_int_eq(train_config_merge(&config, &given, &err), NN_ERR_CONFIG);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, a_single_path_may_hold_any_letter);
    tcase_add_test(tc, runs_of_earlier_versions_can_go_on);
    tcase_add_test(tc, resume_may_change_the_length_alone);
    tcase_add_test(tc, a_score_that_nothing_trains_is_refused);
    tcase_add_test(tc, every_path_is_relative_to_what_says_it);
    tcase_add_test(tc, an_empty_range_of_jpeg_quality_is_refused);
}

int main(int argc, char **argv)
{
    (void)argc;
    return run_tests(argv, "run config", add_tests);
}
