/* test_eval_arguments.c -- the command line of the evaluation: what is understood, and what is said of mistakes. */
#include <string.h>

#include "eval/eval_arguments.h"
#include "tests/check_main.h"

static NnErr err;

static void forget_errors(void)
{
    err = (NnErr){ 0 };
}

static NnStatus parse(EvalArguments *a, int argc, const char **argv)
{
    forget_errors();
    return eval_arguments_parse(argc, (char *const *)argv, a, &err);
}

START_TEST(arguments_are_understood)
{
    EvalArguments a;
    const char *line[] = { "eval", "run", "--data", "a=b", "--data=c=d", "--bootstrap=0", "--threads", "3" };
    ck_assert_int_eq(parse(&a, 8, line), NN_OK);
    ck_assert_int_eq(a.n_runs, 1);
    ck_assert_str_eq(a.runs[0], "run");
    ck_assert_int_eq(a.n_data, 2);
    ck_assert_str_eq(a.data[1], "c=d");
    ck_assert_int_eq(a.bootstrap, 0);
    ck_assert_int_eq(a.threads, 3);
    eval_arguments_free(&a);
    const char *ruled[] = { "eval", "run", "--threshold", "fpr=0.05", "--aggregate=max" };
    ck_assert_int_eq(parse(&a, 5, ruled), NN_OK);
    ck_assert_str_eq(a.threshold, "fpr=0.05");
    ck_assert(a.aggregation == EVAL_MAX && a.compat == EVAL_OWN);
    eval_arguments_free(&a);
    const char *photos[] = { "eval", "run", "--score", "x y.jpg", "--maps", "m", "--", "-z.png" };
    ck_assert_int_eq(parse(&a, 8, photos), NN_OK);
    ck_assert_int_eq(a.n_photos, 2);
    ck_assert_str_eq(a.photos[1], "-z.png");
    ck_assert_str_eq(a.maps, "m");
    eval_arguments_free(&a);
    const char *runs[] = { "eval", "--compare", "a-s1", "--out=o", "b-s1" };
    ck_assert_int_eq(parse(&a, 5, runs), NN_OK);
    ck_assert_int_eq(a.n_runs, 2);
    ck_assert_str_eq(a.runs[1], "b-s1");
    ck_assert_str_eq(a.out, "o");
    eval_arguments_free(&a);
}
END_TEST

static const struct {
    const char *argv[4];
    const char *said;
} mistakes[] = {
    { { "eval" }, "which run?" },
    { { "eval", "run", "--boostrap", "3" }, "did you mean --bootstrap?" },
    { { "eval", "run", "--seed", "many" }, "whole number" },
    { { "eval", "run", "--out" }, "value is missing" },
    { { "eval", "run", "--help=1" }, "takes no value" },
    { { "eval", "run", "photo.jpg" }, "after --score" },
    { { "eval", "run", "--score" }, "nothing named" },
    { { "eval", "a", "b", "--score" }, "nothing named" },
    { { "eval", "--compare" }, "no run" },
    { { "eval", "run", "--compare", "other" }, "come after --compare" },
    { { "eval", "--compare", "run", "--score" }, "none of --score" },
    { { "eval", "--compare", "run", "--threshold=eer" }, "none of --score" },
    { { "eval", "run", "--compat", "all" }, "known: deepfakebench" },
    { { "eval", "run", "--aggregate", "sum" }, "known: mean, max" },
    { { "eval", "run", "--compat=deepfakebench", "--threshold=eer" }, "its own threshold" },
};

START_TEST(mistakes_are_named)
{
    EvalArguments a;
    int argc = 0;
    const char *argv[5] = { NULL };
    while (argc < 4 && mistakes[_i].argv[argc]) argv[argc] = mistakes[_i].argv[argc], argc++;
    ck_assert_int_eq(parse(&a, argc, argv), NN_ERR_USAGE);
    ck_assert_msg(strstr(err.msg, mistakes[_i].said), "said: %s", err.msg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("eval_arguments");
    TCase *t = tcase_create("eval_arguments");
    tcase_add_checked_fixture(t, forget_errors, NULL);
    tcase_add_test(t, arguments_are_understood);
    tcase_add_loop_test(t, mistakes_are_named, 0, (int)(sizeof mistakes / sizeof *mistakes));
    suite_add_tcase(s, t);
    return check_run(s);
}
