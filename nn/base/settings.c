/* settings.c -- the table at work: finding rows, turning text into checked values, --set and defaults.
 * Reading INI text is in settings_parse.c, writing it in settings_format.c, near misses in nearest.c. */
#include "nn/base/settings.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "nn/base/path_list.h"
#include "nn/base/path_spec.h"
#include "nn/base/settings_value.h"

enum { LIST_MAX = 400 }; /* bytes of the names listed in one message */
_Static_assert(NN_TEXT_MAX == 512, "messages below name the limit");

/* Everything that a conversion needs to know, and to complain. */
typedef struct {
    const NnBinding *binding;
    const NnSetting *row;
    const char *text; /* the value without its quotes */
    const char *where;
    NnErr *err;
} Value;

int nn_slice_is(NnSlice s, const char *text)
{
    return strlen(text) == s.len && memcmp(s.at, text, s.len) == 0;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

NnSlice nn_slice_trim(NnSlice s)
{
    while (s.len > 0 && is_blank(s.at[0])) s.at++, s.len--;
    while (s.len > 0 && is_blank(s.at[s.len - 1])) s.len--;
    return s;
}

const NnBinding *nn_binding_find(const NnBinding *b, int n, NnSlice section)
{
    for (int i = 0; i < n; i++)
        if (nn_slice_is(section, b[i].section->name)) return &b[i];
    return NULL;
}

const NnSetting *nn_setting_find(const NnSection *section, NnSlice key)
{
    for (int i = 0; i < section->n_rows; i++)
        if (nn_slice_is(key, section->rows[i].name)) return &section->rows[i];
    return NULL;
}

void *nn_setting_field(const NnBinding *b, const NnSetting *row)
{
    return (char *)b->values + row->offset;
}

NnSlice nn_choice_name(const char *choices, int i)
{
    const char *at = choices;
    for (;; i--) {
        at += strspn(at, " ");
        const size_t len = strcspn(at, " ");
        if (i == 0 || len == 0) return (NnSlice){ at, len };
        at += len;
    }
}

/* ---- messages ---- */

/* Add a name to a list in a message; a list that does not fit ends in "...". */
static void list_add(char list[LIST_MAX], NnSlice name)
{
    const size_t used = strlen(list);
    if (used >= 3 && strcmp(list + used - 3, "...") == 0) return;
    const char *comma = used ? ", " : "";
    if (used + 2 + name.len + sizeof ", ..." > LIST_MAX) snprintf(list + used, LIST_MAX - used, "%s...", comma);
    else snprintf(list + used, LIST_MAX - used, "%s%.*s", comma, (int)name.len, name.at);
}

static NnSlice slice_of(const char *text)
{
    return (NnSlice){ text, strlen(text) };
}

/* Keeps the best of the names offered to it. */
typedef struct {
    char wanted[64], best[64];
    const char *section; /* of the best one */
} Nearest;

static void nearest_offer(Nearest *s, const char *section, NnSlice name)
{
    char known[64];
    snprintf(known, sizeof known, "%.*s", (int)name.len, name.at);
    const char *const both[2] = { s->best, known };
    const char *const found = s->best[0] ? nn_nearest(s->wanted, both, 2) : nn_nearest(s->wanted, both + 1, 1);
    if (found != known) return;
    memcpy(s->best, known, sizeof known);
    s->section = section;
}

static Nearest nearest_to(NnSlice wanted)
{
    Nearest s = { .section = NULL };
    snprintf(s.wanted, sizeof s.wanted, "%.*s", NN_SLICE(wanted));
    return s;
}

NnStatus nn_section_unknown(const NnBinding *b, int n, NnSlice section, const char *where, NnErr *err)
{
    char list[LIST_MAX] = "";
    Nearest near = nearest_to(section);
    for (int i = 0; i < n; i++) {
        list_add(list, slice_of(b[i].section->name));
        nearest_offer(&near, NULL, slice_of(b[i].section->name));
    }
    if (near.best[0])
        return nn_fail(err, NN_ERR_CONFIG, "%s: [%.*s]: unknown section; known: %s (did you mean %s?)", where,
                       NN_SLICE(section), list, near.best);
    return nn_fail(err, NN_ERR_CONFIG, "%s: [%.*s]: unknown section; known: %s", where, NN_SLICE(section), list);
}

NnStatus nn_setting_unknown(const NnBinding *b, int n, const NnSection *section, NnSlice key, const char *where,
                            NnErr *err)
{
    char list[LIST_MAX] = "";
    Nearest near = nearest_to(key);
    for (int r = 0; r < section->n_rows; r++) {
        list_add(list, slice_of(section->rows[r].name));
        nearest_offer(&near, section->name, slice_of(section->rows[r].name));
    }
    for (int i = 0; i < n; i++)
        for (int r = 0; r < b[i].section->n_rows; r++)
            nearest_offer(&near, b[i].section->name, slice_of(b[i].section->rows[r].name));
    if (near.best[0])
        return nn_fail(err, NN_ERR_CONFIG, "%s: [%s] %.*s: unknown key (did you mean [%s] %s?)", where, section->name,
                       NN_SLICE(key), near.section, near.best);
    return nn_fail(err, NN_ERR_CONFIG, "%s: [%s] %.*s: unknown key; known: %s", where, section->name, NN_SLICE(key),
                   list);
}

static NnStatus value_fail(const Value *v, const char *why)
{
    return nn_fail(v->err, NN_ERR_CONFIG, "%s: [%s] %s = \"%.80s\": %s", v->where, v->binding->section->name,
                   v->row->name, v->text, why);
}

/* ---- one conversion per type ---- */

static NnStatus out_of_range(const Value *v)
{
    char why[128];
    snprintf(why, sizeof why, "out of range; allowed: %.9g to %.9g%s%s", v->row->min, v->row->max,
             v->row->unit[0] ? " " : "", v->row->unit);
    return value_fail(v, why);
}

static NnStatus store_int(const Value *v, int *field)
{
    char *end;
    errno = 0;
    const long x = strtol(v->text, &end, 10);
    if (end == v->text || *end) return value_fail(v, "not a whole number");
    if (errno == ERANGE || x < INT_MIN || x > INT_MAX) return out_of_range(v);
    if ((double)x < v->row->min || (double)x > v->row->max) return out_of_range(v);
    *field = (int)x;
    return NN_OK;
}

/* The range is compared in float: 0.1 written back as 0.100000001 is still at most 0.1. */
static NnStatus store_float(const Value *v, float *field)
{
    char *end;
    const float x = (float)strtod(v->text, &end);
    if (end == v->text || *end) return value_fail(v, "not a number");
    if (!isfinite(x)) return value_fail(v, "not a finite number");
    if (strspn(v->text, "+-.0123456789eE") != strlen(v->text)) return value_fail(v, "not a decimal number");
    if (x < (float)v->row->min || x > (float)v->row->max) return out_of_range(v);
    *field = x;
    return NN_OK;
}

static NnStatus store_bool(const Value *v, int *field)
{
    static const char *const names[] = { "0", "1", "no", "yes", "false", "true", "off", "on" };
    for (int i = 0; i < 8; i++) {
        if (strcmp(v->text, names[i]) != 0) continue;
        *field = i % 2;
        return NN_OK;
    }
    return value_fail(v, "neither yes nor no; known: yes, no, true, false, on, off, 1, 0");
}

static NnStatus store_choice(const Value *v, int *field)
{
    char list[LIST_MAX] = "", why[LIST_MAX + 100];
    const NnSlice text = slice_of(v->text);
    Nearest near = nearest_to(text);
    for (int i = 0;; i++) {
        const NnSlice name = nn_choice_name(v->row->choices, i);
        if (name.len == 0) break;
        if (name.len == text.len && memcmp(name.at, text.at, name.len) == 0) {
            *field = i;
            return NN_OK;
        }
        list_add(list, name);
        nearest_offer(&near, NULL, name);
    }
    snprintf(why, sizeof why, "unknown; known: %s%s%s%s", list, near.best[0] ? " (did you mean " : "", near.best,
             near.best[0] ? "?)" : "");
    return value_fail(v, why);
}

static NnStatus store_text(const Value *v, const char *text, char field[NN_TEXT_MAX])
{
    const size_t len = strlen(text);
    if (len >= NN_TEXT_MAX) return value_fail(v, "too long with its folder; at most 511 bytes");
    memset(field, 0, NN_TEXT_MAX);
    memcpy(field, text, len + 1);
    return NN_OK;
}

static NnStatus store_path(const Value *v, const char *folder, char field[NN_TEXT_MAX])
{
    if (!folder || v->text[0] == '\0' || strcmp(folder, ".") == 0) return store_text(v, v->text, field);
    char *path = nn_path_join(folder, v->text);
    if (!path) return nn_fail(v->err, NN_ERR_NOMEM, "%s: out of memory", v->where);
    const NnStatus s = store_text(v, path, field);
    free(path);
    return s;
}

static NnStatus store_paths(const Value *v, const char *folder, char field[NN_TEXT_MAX])
{
    char joined[NN_TEXT_MAX];
    NnErr why = { 0 };
    const char *before = folder && strcmp(folder, ".") != 0 ? folder : NULL;
    if (nn_path_list_join(before, v->text, joined, &why) != NN_OK) return value_fail(v, why.msg);
    return store_text(v, joined, field);
}

static NnStatus store_spec(const Value *v, const char *folder, char field[NN_TEXT_MAX])
{
    char joined[NN_TEXT_MAX];
    NnErr why = { 0 };
    const char *before = folder && strcmp(folder, ".") != 0 ? folder : NULL;
    if (nn_path_spec_join(before, v->text, v->row->choices, joined, &why) != NN_OK) return value_fail(v, why.msg);
    return store_text(v, joined, field);
}

static NnStatus store(const Value *v, const char *folder)
{
    void *field = nn_setting_field(v->binding, v->row);
    switch (v->row->type) {
    case NN_SET_INT:
        return store_int(v, field);
    case NN_SET_FLOAT:
        return store_float(v, field);
    case NN_SET_BOOL:
        return store_bool(v, field);
    case NN_SET_CHOICE:
        return store_choice(v, field);
    case NN_SET_TEXT:
        return store_text(v, v->text, field);
    case NN_SET_PATH:
        return store_path(v, folder, field);
    case NN_SET_PATHS:
        return store_paths(v, folder, field);
    case NN_SET_SPEC:
        return store_spec(v, folder, field);
    }
    return value_fail(v, "row of unknown type");
}

/* Take off the quotes; inside them "" stands for one quote. NULL, or what is wrong. */
static const char *unquote(NnSlice raw, char text[NN_TEXT_MAX])
{
    const int quoted = raw.len > 0 && raw.at[0] == '"';
    size_t i = quoted ? 1 : 0, len = 0;
    int closed = 0;
    for (; i < raw.len && !closed; i++) {
        if (quoted && raw.at[i] == '"') {
            closed = i + 1 == raw.len || raw.at[i + 1] != '"';
            if (closed) continue;
            i++;
        }
        if (len + 1 >= NN_TEXT_MAX) return "value too long; at most 511 bytes";
        text[len++] = raw.at[i];
    }
    text[len] = '\0';
    if (quoted && !closed) return "closing quote \" missing";
    return i < raw.len ? "text after the closing quote" : NULL;
}

static int has_control(NnSlice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < ' ' && s.at[i] != '\t') return 1;
    return 0;
}

NnStatus nn_setting_store(const NnBinding *b, const NnSetting *row, NnSlice raw, const char *folder, const char *where,
                          NnErr *err)
{
    char text[NN_TEXT_MAX];
    const Value v = { b, row, text, where, err };
    const char *why = has_control(raw) ? "control character in the value" : unquote(raw, text);
    if (why) return nn_fail(err, NN_ERR_CONFIG, "%s: [%s] %s: %s", where, b->section->name, row->name, why);
    return store(&v, folder);
}

/* ---- public ---- */

/* A preset that its own row refuses would leave the field as it is; the tests try every table. */
void nn_settings_defaults(const NnBinding *b, int n)
{
    for (int i = 0; i < n; i++) {
        for (int r = 0; r < b[i].section->n_rows; r++) {
            NnErr err = { .status = NN_OK };
            const NnSetting *row = &b[i].section->rows[r];
            const Value v = { &b[i], row, row->preset, "default", &err };
            store(&v, NULL);
        }
    }
}

NnStatus nn_settings_set(const NnBinding *b, int n, const char *assignment, NnErr *err)
{
    const char *equals = strchr(assignment, '='), *dot = NULL;
    for (const char *c = assignment; equals && c < equals; c++)
        if (*c == '.') dot = c;
    if (!dot)
        return nn_fail(err, NN_ERR_CONFIG, "--set %.80s: expected section.key=value, such as --set %s.%s=%s",
                       assignment, n ? b[0].section->name : "section", n ? b[0].section->rows[0].name : "key",
                       n ? b[0].section->rows[0].preset : "value");
    const NnSlice section = nn_slice_trim((NnSlice){ assignment, (size_t)(dot - assignment) });
    const NnSlice key = nn_slice_trim((NnSlice){ dot + 1, (size_t)(equals - dot - 1) });
    const NnBinding *owner = nn_binding_find(b, n, section);
    if (!owner) return nn_section_unknown(b, n, section, "--set", err);
    const NnSetting *row = nn_setting_find(owner->section, key);
    if (!row) return nn_setting_unknown(b, n, owner->section, key, "--set", err);
    return nn_setting_store(owner, row, nn_slice_trim(slice_of(equals + 1)), NULL, "--set", err);
}
