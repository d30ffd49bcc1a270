/* few_names.c -- see few_names.h. */
#include "nn/base/few_names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append(NnFewNames *f, const char *before, const char *text, const char *after)
{
    const size_t used = strlen(f->text);
    snprintf(f->text + used, sizeof f->text - used, "%s%s%s", before, text, after);
}

/* Bytes of the characters (UTF-8) that are whole within the first `most` bytes; there is another byte behind these. */
static int whole_characters(const char *text, int most)
{
    while (most > 0 && ((unsigned char)text[most] & 0xC0) == 0x80) most--;
    return most;
}

void nn_few_add(NnFewNames *f, const char *fmt, ...)
{
    char name[NN_FEW_BYTES + 2];
    va_list args;
    if (f->n++ >= NN_FEW) return;
    va_start(args, fmt);
    const int wanted = vsnprintf(name, sizeof name, fmt, args);
    va_end(args);
    if (wanted > NN_FEW_BYTES) name[whole_characters(name, NN_FEW_BYTES)] = '\0';
    append(f, f->n > 1 ? ", " : "", name, wanted > NN_FEW_BYTES ? "..." : "");
}

const char *nn_few_say(NnFewNames *f)
{
    char more[32];
    snprintf(more, sizeof more, "%d more", f->n - NN_FEW);
    if (f->n > NN_FEW) append(f, " and ", more, "");
    return f->text;
}
