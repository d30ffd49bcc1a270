/* few_names.c -- see few_names.h. */
#include "train/few_names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append(TrainFewNames *f, const char *before, const char *text, const char *after)
{
    const size_t used = strlen(f->text);
    snprintf(f->text + used, sizeof f->text - used, "%s%s%s", before, text, after);
}

void train_few_add(TrainFewNames *f, const char *fmt, ...)
{
    char name[TRAIN_FEW_BYTES + 1];
    va_list args;
    if (f->n++ >= TRAIN_FEW) return;
    va_start(args, fmt);
    const int wanted = vsnprintf(name, sizeof name, fmt, args);
    va_end(args);
    append(f, f->n > 1 ? ", " : "", name, wanted > TRAIN_FEW_BYTES ? "..." : "");
}

const char *train_few_say(TrainFewNames *f)
{
    char more[32];
    snprintf(more, sizeof more, "%d more", f->n - TRAIN_FEW);
    if (f->n > TRAIN_FEW) append(f, " and ", more, "");
    return f->text;
}
