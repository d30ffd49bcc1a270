/* path_spec.c -- see path_spec.h. */
#include "nn/base/path_spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyz"

/* Bytes of the word that the text begins with, or 0. */
static size_t word_length(const char *text)
{
    const size_t n = strspn(text, LETTERS "0123456789_-");
    const int begins = text[0] >= 'a' && text[0] <= 'z';
    return begins && n >= 2 && n < NN_PATH_SPEC_NAME && text[n] == ':' ? n : 0;
}

/* The comma of the first ",key=" at or after `at`, or the end of the text. */
static const char *next_option(const char *at)
{
    for (; *at; at++) {
        const size_t n = *at == ',' ? strspn(at + 1, LETTERS) : 0;
        if (n > 0 && n < NN_PATH_SPEC_NAME && at[n + 1] == '=') break;
    }
    return at;
}

/* `at` is the comma of an option; *end becomes the next one's, or the end of the text. */
static NnStatus add_option(NnPathSpec *spec, const char *at, const char **end, NnErr *err)
{
    const char *equals = strchr(at, '=');
    NnPathOption *o = &spec->options[spec->n];
    *end = next_option(equals);
    if (spec->n == NN_PATH_SPEC_OPTIONS)
        return nn_fail(err, NN_ERR_CONFIG, "more than %d options behind the path: %s", NN_PATH_SPEC_OPTIONS, at);
    snprintf(o->key, sizeof o->key, "%.*s", (int)(equals - at) - 1, at + 1);
    snprintf(o->value, sizeof o->value, "%.*s", (int)(*end - equals) - 1, equals + 1);
    for (int i = 0; i < spec->n; i++)
        if (strcmp(spec->options[i].key, o->key) == 0)
            return nn_fail(err, NN_ERR_CONFIG, "option %s is given twice: \"%s\" and \"%s\"", o->key,
                           spec->options[i].value, o->value);
    spec->n++;
    return NN_OK;
}

NnStatus nn_path_spec_parse(const char *text, NnPathSpec *out, NnErr *err)
{
    const size_t word = word_length(text);
    const char *path = word ? text + word + 1 : text;
    memset(out, 0, sizeof *out);
    if (strlen(text) >= NN_TEXT_MAX)
        return nn_fail(err, NN_ERR_CONFIG, "longer than %d bytes: %.80s...", NN_TEXT_MAX - 1, text);
    memcpy(out->word, text, word);
    const char *at = next_option(path);
    memcpy(out->path, path, (size_t)(at - path));
    while (*at) NN_TRY(add_option(out, at, &at, err));
    return NN_OK;
}

/* Append; *used passes NN_TEXT_MAX where it does not fit. */
static void append(char out[NN_TEXT_MAX], size_t *used, const char *text)
{
    const size_t n = strlen(text);
    if (*used + n < NN_TEXT_MAX) memcpy(out + *used, text, n + 1);
    *used += n;
}

static NnStatus append_joined(char out[NN_TEXT_MAX], size_t *used, const char *folder, const char *path, NnErr *err)
{
    char *joined = nn_path_join(*path ? folder : NULL, path);
    if (!joined) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a path");
    append(out, used, joined);
    free(joined);
    return NN_OK;
}

static int names(const char *keys, const char *key)
{
    const size_t n = strlen(key);
    for (const char *p = keys; (p = strstr(p, key)) != NULL; p += n)
        if ((p == keys || p[-1] == ' ') && (p[n] == ' ' || p[n] == 0)) return 1;
    return 0;
}

NnStatus nn_path_spec_join(const char *folder, const char *text, const char *keys, char out[NN_TEXT_MAX], NnErr *err)
{
    NnPathSpec spec;
    size_t used = 0;
    NN_TRY(nn_path_spec_parse(text, &spec, err));
    memset(out, 0, NN_TEXT_MAX);
    append(out, &used, spec.word);
    append(out, &used, *spec.word ? ":" : "");
    NN_TRY(append_joined(out, &used, folder, spec.path, err));
    for (int i = 0; i < spec.n; i++) {
        const NnPathOption *o = &spec.options[i];
        append(out, &used, ",");
        append(out, &used, o->key);
        append(out, &used, "=");
        NN_TRY(append_joined(out, &used, names(keys, o->key) ? folder : NULL, o->value, err));
    }
    if (used < NN_TEXT_MAX) return NN_OK;
    return nn_fail(err, NN_ERR_CONFIG, "too long with its folder; at most %d bytes", NN_TEXT_MAX - 1);
}
