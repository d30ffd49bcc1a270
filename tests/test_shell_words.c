/* test_shell_words.c -- a command line, and what a shell makes of it. */
#include <stdlib.h>
#include <string.h>

#include "nn/base/shell_words.h"
#include "tests/check_main.h"

static void assert_line(const char *expected, const char *const *words, int n)
{
    char *line = nn_shell_line(words, n);
    ck_assert_str_eq(line, expected);
    free(line);
}

START_TEST(only_what_needs_quotes_has_them)
{
    assert_line("", NULL, 0);
    assert_line("build/eval runs/lae-2", (const char *const[]){ "build/eval", "runs/lae-2" }, 2);
    assert_line("train --set train.steps=3 a,b:c@d%e",
                (const char *const[]){ "train", "--set", "train.steps=3", "a,b:c@d%e" }, 4);
    assert_line("build/eval 'my runs/a'", (const char *const[]){ "build/eval", "my runs/a" }, 2);
    assert_line("'a=b/eval' ''", (const char *const[]){ "a=b/eval", "" }, 2);
    assert_line("x 'it'\\''s'", (const char *const[]){ "x", "it's" }, 2);
}
END_TEST

/* A shell hands every word on as it was. */
START_TEST(a_shell_finds_the_same_words)
{
    static const char *const words[] = { "printf",  "%s\\n", "a b",         "  ",     "",         "'",
                                         "''it's'", "\"q\"", "$HOME",       "`ls`",   "$(ls)",    "a\\b\\",
                                         "*",       "~",     "#x",          "a&b;c|", "(x){y,z}", "two\nli",
                                         "<>!^",    "a=b",   "caf\xc3\xa9", "\t",     "[a-z]",    "?",
                                         "-n",      "--",    "x'\"y\"'z",   "%d" };
    enum { N = sizeof words / sizeof *words };
    char said[1024] = "", expected[1024] = "";
    for (int i = 2; i < N; i++) strcat(strcat(expected, words[i]), "\n");
    char *line = nn_shell_line(words, N);
    FILE *shell = popen(line, "r"); /* NOLINT(cert-env33-c): words of our own */
    ck_assert_ptr_nonnull(shell);
    said[fread(said, 1, sizeof said - 1, shell)] = 0;
    ck_assert_int_eq(pclose(shell), 0);
    ck_assert_str_eq(said, expected);
    free(line);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("shell words");
    TCase *t = tcase_create("shell words");
    tcase_add_test(t, only_what_needs_quotes_has_them);
    tcase_add_test(t, a_shell_finds_the_same_words);
    suite_add_tcase(s, t);
    return check_run(s);
}
