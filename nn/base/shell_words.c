/* shell_words.c -- see shell_words.h. */
#include "nn/base/shell_words.h"

#include <stdio.h>
#include <string.h>

#include "nn/base/file.h"

/* NAME=value in front is an assignment, and no command. */
static int is_plain(const char *word, int is_command)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
    return *word && !word[strspn(word, plain)] && !(is_command && strchr(word, '='));
}

static void put_quoted(FILE *out, const char *word)
{
    putc('\'', out);
    for (; *word; word++) {
        if (*word == '\'') fputs("'\\''", out);
        else putc(*word, out);
    }
    putc('\'', out);
}

char *nn_shell_line(const char *const *words, int n)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (!out) return NULL;
    for (int i = 0; i < n; i++) {
        if (i > 0) putc(' ', out);
        if (is_plain(words[i], i == 0)) fputs(words[i], out);
        else put_quoted(out, words[i]);
    }
    return nn_text_finish(out, &text);
}
