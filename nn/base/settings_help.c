/* settings_help.c -- the reference of every key, for --help-config. */
#include <stdio.h>
#include <string.h>

#include "nn/base/file.h"
#include "nn/base/help_text.h"
#include "nn/base/settings_value.h"

enum { INDENT = 6, LINE = 1024 };

/* "one of: sgd, adam" */
static void choices_text(const char *choices, char text[LINE])
{
    int used = snprintf(text, LINE, "one of: ");
    for (int i = 0; used < LINE; i++) {
        const NnSlice name = nn_choice_name(choices, i);
        if (name.len == 0) return;
        used += snprintf(text + used, (size_t)(LINE - used), "%s%.*s", i ? ", " : "", NN_SLICE(name));
    }
}

/* What a value may be. No limit that anybody could reach is none. */
static void kind_text(const NnSetting *row, char text[LINE])
{
    switch (row->type) {
    case NN_SET_INT:
        snprintf(text, LINE, "whole number, %.0f to %.0f", row->min, row->max);
        break;
    case NN_SET_FLOAT:
        if (row->max < 1e38) snprintf(text, LINE, "number, %.9g to %.9g", row->min, row->max);
        else if (row->min > -1e38) snprintf(text, LINE, "number, %.9g or more", row->min);
        else snprintf(text, LINE, "number");
        break;
    case NN_SET_BOOL:
        snprintf(text, LINE, "yes or no");
        break;
    case NN_SET_CHOICE:
        choices_text(row->choices, text);
        break;
    case NN_SET_TEXT:
        snprintf(text, LINE, "text");
        break;
    case NN_SET_PATH:
    case NN_SET_SPEC:
        snprintf(text, LINE, "path, relative to the file that sets it");
        break;
    case NN_SET_PATHS:
        snprintf(text, LINE, "paths, comma separated, relative to the file that sets them");
        break;
    }
}

static void put_key(FILE *out, const NnSetting *row)
{
    char kind[LINE], line[LINE + 128];
    const char *preset = row->preset;
    const int is_unit = row->unit && row->unit[0];
    if (row->type == NN_SET_BOOL && !strcmp(preset, "0")) preset = "no";
    if (row->type == NN_SET_BOOL && !strcmp(preset, "1")) preset = "yes";
    fprintf(out, "\n  %s =%s%s\n", row->name, preset[0] ? " " : "", preset);
    nn_help_row(out, "", INDENT, row->help);
    kind_text(row, kind);
    snprintf(line, sizeof line, "(%s%s%s)", kind, is_unit ? ", " : "", is_unit ? row->unit : "");
    nn_help_row(out, "", INDENT, line);
}

char *nn_settings_help(const NnBinding *b, int n)
{
    char *text = NULL, left[64];
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out) return NULL;
    for (int i = 0; i < n; i++) {
        const NnSection *section = b[i].section;
        snprintf(left, sizeof left, "[%s]", section->name);
        if (i > 0) fputc('\n', out);
        nn_help_row(out, left, (int)strlen(left) + 2, section->help);
        for (int r = 0; r < section->n_rows; r++) put_key(out, &section->rows[r]);
    }
    return nn_text_finish(out, &text);
}
