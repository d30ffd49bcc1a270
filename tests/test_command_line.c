/* test_command_line.c -- options and names: the rule, and that `train`, `eval` and `data` all keep it. */
#include <stdlib.h>
#include <string.h>

#include "data/data_arguments.h"
#include "eval/eval_arguments.h"
#include "nn/base/command_line.h"
#include "tests/check_main.h"
#include "train/options.h"

enum { MAX_WORDS = 16 };

/* A command line: [n] words of a text, blanks between them. */
typedef struct {
    char text[200];
    char *word[MAX_WORDS];
    int n;
} Line;

static void cut(const char *text, Line *l)
{
    l->n = 0;
    snprintf(l->text, sizeof l->text, "%s", text);
    for (char *w = strtok(l->text, " "); w; w = strtok(NULL, " ")) l->word[l->n++] = w;
}

START_TEST(only_the_first_two_dashes_end_the_options)
{
    int only_names = 0;
    ck_assert_int_eq(nn_word_kind("run", &only_names), NN_WORD_NAME);
    ck_assert_int_eq(nn_word_kind("", &only_names), NN_WORD_NAME);
    ck_assert_int_eq(nn_word_kind("-", &only_names), NN_WORD_NAME);
    ck_assert_int_eq(nn_word_kind("-x", &only_names), NN_WORD_OPTION);
    ck_assert_int_eq(nn_word_kind("--out", &only_names), NN_WORD_OPTION);
    ck_assert_int_eq(nn_word_kind("---", &only_names), NN_WORD_OPTION);
    ck_assert_int_eq(only_names, 0);
    ck_assert_int_eq(nn_word_kind("--", &only_names), NN_WORD_END);
    ck_assert_int_eq(nn_word_kind("--", &only_names), NN_WORD_NAME);
    ck_assert_int_eq(nn_word_kind("--out", &only_names), NN_WORD_NAME);
    ck_assert_int_eq(only_names, 1);
}
END_TEST

START_TEST(train_takes_any_name)
{
    static const struct {
        const char *text, *config; /* config NULL: refused */
    } lines[] = { { "train --dry-run -- --resume", "--resume" },
                  { "train -- a.ini", "a.ini" },
                  { "train a.ini --dry-run --", "a.ini" },
                  { "train -- --", "--" },
                  { "train --resume", NULL },
                  { "train --", NULL },
                  { "train a.ini -- b.ini", NULL } };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        NnErr err = { 0 };
        TrainOptions o;
        Line l;
        cut(lines[i].text, &l);
        const NnStatus status = train_options_parse(l.n, l.word, &o, &err);
        ck_assert_msg(status == (lines[i].config ? NN_OK : NN_ERR_USAGE), "%s: %s", lines[i].text, err.msg);
        if (lines[i].config) ck_assert_str_eq(o.config, lines[i].config);
        ck_assert_int_eq(o.resume, i == 4);
        train_options_free(&o);
    }
}
END_TEST

START_TEST(eval_takes_any_name)
{
    NnErr err = { 0 };
    EvalArguments a;
    Line l;
    cut("eval --seed 3 -- --seed --", &l);
    ck_assert_msg(eval_arguments_parse(l.n, l.word, &a, &err) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(a.n_runs, 2);
    ck_assert_str_eq(a.runs[0], "--seed");
    ck_assert_str_eq(a.runs[1], "--");
    eval_arguments_free(&a);
}
END_TEST

START_TEST(data_takes_any_name)
{
    NnErr err = { 0 };
    DataArguments a;
    Line l;
    cut("data check --quick -- --quick -- -", &l);
    ck_assert_msg(data_arguments_parse(l.n, l.word, &a, &err) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(a.n_specs, 3);
    ck_assert_str_eq(a.specs[0], "--quick");
    ck_assert_str_eq(a.specs[1], "--");
    ck_assert_str_eq(a.specs[2], "-");
    data_arguments_free(&a);
}
END_TEST

static void assert_goes_on(const char *text, const char *annotations, const char *expected)
{
    NnErr err = { 0 };
    TrainOptions o;
    Line l, again;
    cut(text, &l);
    char *command = train_options_resume_command(l.n, l.word, "runs/a", annotations);
    ck_assert_str_eq(command, expected);
    free(command);
    cut(expected, &again);
    ck_assert_msg(train_options_parse(again.n, again.word, &o, &err) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(o.resume, 1);
    ck_assert_str_eq(o.out, "runs/a");
    train_options_free(&o);
}

/* What goes on with a run is a command line that is understood. */
START_TEST(options_of_a_resumed_run_are_options)
{
    assert_goes_on("train --out b a.ini --set x.y=1", NULL, "train a.ini --set x.y=1 --out runs/a --resume");
    assert_goes_on("train --resume --out=b --annotations c -- -a.ini", NULL, "train --out runs/a --resume -- -a.ini");
    assert_goes_on("train --seed 3 -- --out", "d", "train --seed 3 --out runs/a --resume --annotations d -- --out");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("command line");
    TCase *t = tcase_create("command line");
    tcase_add_test(t, only_the_first_two_dashes_end_the_options);
    tcase_add_test(t, train_takes_any_name);
    tcase_add_test(t, eval_takes_any_name);
    tcase_add_test(t, data_takes_any_name);
    tcase_add_test(t, options_of_a_resumed_run_are_options);
    suite_add_tcase(s, t);
    return check_run(s);
}
