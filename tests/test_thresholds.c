/* test_thresholds.c -- which threshold a rule gives, and a validation read from good, old and broken checkpoints. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/eval_arguments.h"
#include "eval/threshold_rule.h"
#include "eval/trained_run.h"
#include "tests/check_main.h"

static NnErr err;

static void forget_errors(void)
{
    err = (NnErr){ 0 };
}

/* From the top: F R F R R. */
static float scores[] = { 0.9f, 0.7f, 0.5f, 0.3f, 0.1f };
static unsigned char labels[] = { 1, 0, 1, 0, 0 };
static const EvalValidation five = { 5, scores, labels };

static const struct {
    const char *text;
    double threshold;
} rules[] = { { "accuracy", 0.4 }, { "youden", 0.4 }, { "eer", 0.6 }, { "fpr=0", 0.8 },        { "fpr=0.34", 0.4 },
              { "fnr=0.5", 0.8 },  { "0.25", 0.25 },  { "1", 1 },     { "deepfakebench", 0.5 } };

START_TEST(rules_by_hand)
{
    EvalThresholdRule rule;
    double t;
    ck_assert_int_eq(eval_threshold_rule_parse(rules[_i].text, &rule, &err), NN_OK);
    ck_assert_int_eq(eval_thresholds(&five, &rule, 1, &t, &err), NN_OK);
    ck_assert_msg(fabs(t - rules[_i].threshold) < 1e-7, "%s: %g", rules[_i].text, t);
}
END_TEST

START_TEST(several_rules_at_once)
{
    const EvalThresholdRule band[2] = { { .aim = NN_THRESHOLD_FNR, .value = 0 },
                                        { .aim = NN_THRESHOLD_FPR, .value = 0 } };
    double t[2];
    ck_assert_int_eq(eval_thresholds(&five, band, 2, t, &err), NN_OK);
    ck_assert_double_lt(fabs(t[0] - 0.4), 1e-7);
    ck_assert_double_lt(fabs(t[1] - 0.8), 1e-7);
}
END_TEST

static const char *const unknown[] = {
    "", "best", "fpr", "fpr=", "fpr=5", "fpr=5%", "accuracy=1", "1.5", "-0.1", "nan"
};

START_TEST(unknown_rules_are_named)
{
    EvalThresholdRule rule;
    ck_assert_int_eq(eval_threshold_rule_parse(unknown[_i], &rule, &err), NN_ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.msg, "known: accuracy, youden"));
}
END_TEST

/* The names that --help and messages list are those that are understood. */
START_TEST(names_are_rules)
{
    char names[EVAL_THRESHOLD_NAMES], *rest = names, *help = NULL;
    size_t len;
    int n = 0;
    FILE *out = open_memstream(&help, &len);
    eval_usage_write(out);
    ck_assert_int_eq(fclose(out), 0);
    eval_threshold_rule_names(names);
    ck_assert_ptr_nonnull(strstr(help, names));
    ck_assert_ptr_nonnull(strstr(names, "deepfakebench"));
    for (char *name; (name = strtok_r(rest, ", ", &rest)); n++) {
        EvalThresholdRule rule;
        char *limit = strstr(name, "SHARE");
        if (limit) strcpy(limit, "0.5");
        ck_assert_msg(eval_threshold_rule_parse(name, &rule, &err) == NN_OK, "%s", err.msg);
    }
    ck_assert_int_eq(n, 6);
    free(help);
}
END_TEST

START_TEST(without_a_validation_only_numbers)
{
    const EvalValidation none = { 0 };
    const EvalValidation one_class = { 1, scores, labels };
    const EvalThresholdRule number = { .is_number = 1, .value = 0.3 }, aim = { .aim = NN_THRESHOLD_YOUDEN };
    double t;
    ck_assert_int_eq(eval_thresholds(&none, &number, 1, &t, &err), NN_OK);
    ck_assert(t == 0.3);
    ck_assert_int_eq(eval_thresholds(&none, &aim, 1, &t, &err), NN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, "holds no scores of its validation"));
    forget_errors();
    ck_assert_int_eq(eval_thresholds(&one_class, &aim, 1, &t, &err), NN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, "0 real and 1 forged"));
}
END_TEST

START_TEST(a_run_takes_a_rule)
{
    EvalRun run = { .threshold = 0.6, .validation = five };
    ck_assert_int_eq(eval_run_set_threshold(&run, NULL, &err), NN_OK);
    ck_assert(run.threshold == 0.6);
    ck_assert_int_eq(eval_run_set_threshold(&run, "fpr=0", &err), NN_OK);
    ck_assert_double_lt(fabs(run.threshold - 0.8), 1e-7);
    ck_assert_str_eq(run.threshold_rule, "fpr=0 on the source's validation split");
    ck_assert_int_eq(eval_run_set_threshold(&run, "0.125", &err), NN_OK);
    ck_assert(run.threshold == 0.125);
    ck_assert_str_eq(run.threshold_rule, "as given");
}
END_TEST

/* ---- checkpoints ---- */

static const struct {
    float score[2], label[2];
    int n_score, n_label; /* -1: not there */
    const char *said;     /* NULL: fine */
} stored[] = { { { 0, 1 }, { 0, 1 }, 2, 2, NULL },
               { { 0, 1 }, { 0, 1 }, -1, -1, NULL },
               { { 0, 1 }, { 0, 1 }, 2, -1, "two lists of one length" },
               { { 0, 1 }, { 0, 1 }, 2, 1, "two lists of one length" },
               { { 0, 1.5f }, { 0, 1 }, 2, 2, "image 2 has score 1.5" },
               { { 0, NAN }, { 0, 1 }, 2, 2, "image 2 has score" },
               { { 0, 1 }, { 0.5f, 1 }, 2, 2, "label 0.5" } };

START_TEST(validations_are_read_or_refused)
{
    NnCheckpoint c = { .borrows = 1 };
    EvalValidation v;
    const NnShape score = { 1, { stored[_i].n_score } }, label = { 1, { stored[_i].n_label } };
    if (score.d[0] > 0)
        ck_assert_int_eq(nn_checkpoint_add(&c, "validation.score", score, stored[_i].score, &err), NN_OK);
    if (label.d[0] > 0)
        ck_assert_int_eq(nn_checkpoint_add(&c, "validation.label", label, stored[_i].label, &err), NN_OK);
    const NnStatus s = eval_validation_read(&c, "a checkpoint", &v, &err);
    nn_checkpoint_free(&c);
    ck_assert_int_eq(s, stored[_i].said ? NN_ERR_FORMAT : NN_OK);
    ck_assert_int_eq(v.n, !stored[_i].said && score.d[0] > 0 ? 2 : 0);
    if (stored[_i].said) ck_assert_msg(strstr(err.msg, stored[_i].said), "said: %s", err.msg);
    if (v.n) ck_assert(v.score[1] == 1 && v.label[0] == 0 && v.label[1] == 1);
    eval_validation_free(&v);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("thresholds");
    TCase *t = tcase_create("thresholds");
    tcase_add_checked_fixture(t, forget_errors, NULL);
    tcase_add_loop_test(t, rules_by_hand, 0, (int)(sizeof rules / sizeof *rules));
    tcase_add_test(t, several_rules_at_once);
    tcase_add_loop_test(t, unknown_rules_are_named, 0, (int)(sizeof unknown / sizeof *unknown));
    tcase_add_test(t, names_are_rules);
    tcase_add_test(t, without_a_validation_only_numbers);
    tcase_add_test(t, a_run_takes_a_rule);
    tcase_add_loop_test(t, validations_are_read_or_refused, 0, (int)(sizeof stored / sizeof *stored));
    suite_add_tcase(s, t);
    return check_run(s);
}
