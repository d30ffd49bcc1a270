/* settings_format.c -- bound values back to INI text. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/settings_value.h"
#include "nn/base/size.h"

/* Text that grows; after a failure it stays NULL. */
typedef struct {
    char *text;
    size_t len, cap;
    int failed;
} Growing;

static int grow(Growing *g, size_t more)
{
    size_t need;
    if (!nn_size_add(g->len, more, &need) || !nn_size_add(need, need, &need)) return 0;
    if (need <= g->cap) return 1;
    char *text = nn_realloc(g->text, need, 1);
    if (!text) return 0;
    g->text = text;
    g->cap = need;
    return 1;
}

__attribute__((format(printf, 2, 3))) static void add(Growing *g, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    const int len = vsnprintf(NULL, 0, fmt, ap);
    if (len < 0 || g->failed || !grow(g, (size_t)len + 1)) {
        g->failed = 1;
    } else {
        vsnprintf(g->text + g->len, (size_t)len + 1, fmt, again);
        g->len += (size_t)len;
    }
    va_end(again);
    va_end(ap);
}

static char *finish(Growing *g)
{
    add(g, "%s", "");
    if (!g->failed) return g->text;
    free(g->text);
    return NULL;
}

static int needs_quotes(const char *text)
{
    const size_t len = strlen(text);
    if (len == 0) return 0;
    return strpbrk(text, "#;\"") || strchr(" \t", text[0]) || strchr(" \t", text[len - 1]);
}

static void add_text(Growing *g, const char *text)
{
    if (!needs_quotes(text)) {
        add(g, "%s", text);
        return;
    }
    add(g, "\"");
    for (; *text; text++) add(g, *text == '"' ? "\"\"" : "%c", *text);
    add(g, "\"");
}

static void add_value(Growing *g, const NnBinding *b, const NnSetting *row)
{
    const void *field = nn_setting_field(b, row);
    switch (row->type) {
    case NN_SET_INT:
        add(g, "%d", *(const int *)field);
        break;
    case NN_SET_FLOAT:
        add(g, "%.9g", (double)*(const float *)field);
        break;
    case NN_SET_BOOL:
        add(g, "%s", *(const int *)field ? "yes" : "no");
        break;
    case NN_SET_CHOICE: {
        const NnSlice name = nn_choice_name(row->choices, *(const int *)field);
        add(g, "%.*s", (int)name.len, name.at);
        break;
    }
    case NN_SET_TEXT:
    case NN_SET_PATH:
    case NN_SET_PATHS:
    case NN_SET_SPEC:
        add_text(g, field);
        break;
    }
}

char *nn_settings_format(const NnBinding *b, int n)
{
    Growing g = { .text = NULL };
    for (int i = 0; i < n; i++) {
        add(&g, "%s[%s]\n", i ? "\n" : "", b[i].section->name);
        for (int r = 0; r < b[i].section->n_rows; r++) {
            const NnSetting *row = &b[i].section->rows[r];
            add(&g, "%s = ", row->name);
            add_value(&g, &b[i], row);
            add(&g, "\n");
        }
    }
    return finish(&g);
}
