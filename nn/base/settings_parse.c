/* settings_parse.c -- strict INI text into bound values: sections, keys, comments, includes.
 *
 * Accepted: [section], key = value, full-line comments (# or ;), comments after a blank (" # ..."), quoted values,
 * a UTF-8 byte order mark, CRLF, lines of any length. Everything else is an error with file and line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "nn/base/settings_value.h"
#include "nn/base/size.h"

enum { INCLUDE_DEPTH = 8, FILE_BYTES_MAX = 1 << 20, WHERE_MAX = 300 };

/* One file being read. */
typedef struct {
    const NnBinding *bindings;
    int n;
    NnSettingsMode mode;
    const char *name, *folder;
    int depth; /* of includes around this file */
    int line, any_section;
    const NnBinding *section; /* NULL: none yet, or one that is passed over */
    int *first_line;          /* per row of all bindings: the line that set it; 0 = none */
    char where[WHERE_MAX];
    NnErr *err;
} Reader;

static NnStatus load(const NnBinding *b, int n, const char *path, NnSettingsMode mode, int depth, NnErr *err);

static NnStatus fail_here(Reader *r, const char *what, NnSlice found)
{
    return nn_fail(r->err, NN_ERR_CONFIG, "%s: %s: %.*s", r->where, what, NN_SLICE(found));
}

/* Where a quoted value ends (behind its closing quote, or at the end of the line); 0 if there is none. */
static size_t quoted_end(NnSlice line)
{
    const char *equals = memchr(line.at, '=', line.len);
    if (!equals) return 0;
    size_t i = (size_t)(equals - line.at) + 1;
    while (i < line.len && (line.at[i] == ' ' || line.at[i] == '\t')) i++;
    if (i == line.len || line.at[i] != '"') return 0;
    for (i++; i < line.len; i++) {
        if (line.at[i] != '"') continue;
        if (i + 1 == line.len || line.at[i + 1] != '"') return i + 1;
        i++;
    }
    return line.len;
}

/* The line without its comment: a # or ; that opens it or follows a blank, outside quotes. */
static NnSlice strip_comment(NnSlice line)
{
    const char first = line.len > 0 ? line.at[0] : '#';
    const int has_value = first != '[' && first != '#' && first != ';';
    for (size_t i = has_value ? quoted_end(line) : 0; i < line.len; i++) {
        const int opens = i == 0 || line.at[i - 1] == ' ' || line.at[i - 1] == '\t';
        if (opens && (line.at[i] == '#' || line.at[i] == ';')) return nn_slice_trim((NnSlice){ line.at, i });
    }
    return line;
}

static NnStatus read_section(Reader *r, NnSlice line)
{
    if (line.at[line.len - 1] != ']') return fail_here(r, "section without its closing ]", line);
    const NnSlice name = nn_slice_trim((NnSlice){ line.at + 1, line.len - 2 });
    if (name.len == 0) return fail_here(r, "section without a name", line);
    if (memchr(name.at, ']', name.len)) return fail_here(r, "text after the closing ]", line);
    r->any_section = 1;
    r->section = nn_binding_find(r->bindings, r->n, name);
    if (!r->section && r->mode == NN_SETTINGS_STRICT)
        return nn_section_unknown(r->bindings, r->n, name, r->where, r->err);
    return NN_OK;
}

/* Note that a row has been set on this line; ERR_CONFIG if it already was. */
static NnStatus claim_row(Reader *r, const NnSetting *row)
{
    int *first = r->first_line;
    for (const NnBinding *b = r->bindings; b != r->section; b++) first += b->section->n_rows;
    first += row - r->section->section->rows;
    if (*first)
        return nn_fail(r->err, NN_ERR_CONFIG, "%s: [%s] %s: set twice; first on line %d", r->where,
                       r->section->section->name, row->name, *first);
    *first = r->line;
    return NN_OK;
}

static NnStatus read_include(Reader *r, NnSlice value)
{
    char text[NN_TEXT_MAX];
    const NnSetting row = { .name = "include", .type = NN_SET_PATH };
    const NnSection head = { .name = "", .rows = &row, .n_rows = 1 };
    const NnBinding binding = { &head, text };
    NN_TRY(nn_setting_store(&binding, &row, value, r->folder, r->where, r->err));
    if (!text[0]) return fail_here(r, "include without a file name", value);
    if (r->depth + 1 >= INCLUDE_DEPTH)
        return nn_fail(r->err, NN_ERR_CONFIG, "%s: include = %s: more than %d files deep (do they include each other?)",
                       r->where, text, INCLUDE_DEPTH);
    NnErr inner = { .status = NN_OK };
    const NnStatus s = load(r->bindings, r->n, text, r->mode, r->depth + 1, &inner);
    if (s == NN_OK || s == NN_ERR_CONFIG) return s ? nn_fail(r->err, s, "%s", inner.msg) : NN_OK;
    return nn_fail(r->err, s, "%s: include: %s", r->where, inner.msg);
}

static NnStatus read_key(Reader *r, NnSlice line)
{
    const char *equals = memchr(line.at, '=', line.len);
    if (!equals) return fail_here(r, "neither [section] nor key = value", line);
    const size_t before = (size_t)(equals - line.at);
    const NnSlice key = nn_slice_trim((NnSlice){ line.at, before });
    const NnSlice value = nn_slice_trim((NnSlice){ equals + 1, line.len - before - 1 });
    if (key.len == 0) return fail_here(r, "no key before =", line);
    if (!r->any_section && nn_slice_is(key, "include")) return read_include(r, value);
    if (!r->any_section) return fail_here(r, "key before the first [section]", key);
    if (!r->section) return NN_OK;
    const NnSetting *row = nn_setting_find(r->section->section, key);
    if (!row) return nn_setting_unknown(r->bindings, r->n, r->section->section, key, r->where, r->err);
    NN_TRY(claim_row(r, row));
    return nn_setting_store(r->section, row, value, r->folder, r->where, r->err);
}

static NnStatus read_line(Reader *r, NnSlice line)
{
    snprintf(r->where, sizeof r->where, "%.270s:%d", r->name, ++r->line);
    if (line.len > 0 && line.at[line.len - 1] == '\r') line.len--;
    line = strip_comment(nn_slice_trim(line));
    if (line.len == 0) return NN_OK;
    for (size_t i = 0; i < line.len; i++)
        if ((unsigned char)line.at[i] < ' ' && line.at[i] != '\t')
            return nn_fail(r->err, NN_ERR_CONFIG, "%s: control character 0x%02x", r->where, (unsigned)line.at[i]);
    return line.at[0] == '[' ? read_section(r, line) : read_key(r, line);
}

static NnStatus read_lines(Reader *r, const char *text)
{
    if (strncmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3;
    while (*text) {
        const size_t len = strcspn(text, "\n");
        NN_TRY(read_line(r, (NnSlice){ text, len }));
        text += len + (text[len] == '\n');
    }
    return NN_OK;
}

static NnStatus parse(const NnBinding *b, int n, const char *text, const char *name, const char *folder,
                      NnSettingsMode mode, int depth, NnErr *err)
{
    size_t n_rows = 0;
    for (int i = 0; i < n; i++) n_rows += (size_t)b[i].section->n_rows;
    Reader r = { .bindings = b, .n = n, .mode = mode, .name = name, .folder = folder, .depth = depth, .err = err };
    r.first_line = nn_alloc(n_rows, sizeof *r.first_line);
    if (!r.first_line) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", name);
    const NnStatus s = read_lines(&r, text);
    free(r.first_line);
    return s;
}

/* A file that holds a 0 byte would end there, silently. */
static NnStatus refuse_nul(const unsigned char *data, size_t len, const char *path, NnErr *err)
{
    const unsigned char *nul = memchr(data, 0, len);
    if (!nul) return NN_OK;
    int line = 1;
    for (const unsigned char *c = data; c < nul; c++) line += *c == '\n';
    return nn_fail(err, NN_ERR_CONFIG, "%s:%d: control character 0x00; is this a text file?", path, line);
}

static NnStatus load(const NnBinding *b, int n, const char *path, NnSettingsMode mode, int depth, NnErr *err)
{
    unsigned char *data;
    size_t len;
    NN_TRY(nn_file_read(path, FILE_BYTES_MAX, &data, &len, err));
    char *folder = nn_path_folder(path);
    NnStatus s = folder ? refuse_nul(data, len, path, err) : nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", path);
    if (s == NN_OK) s = parse(b, n, (const char *)data, path, folder, mode, depth, err);
    free(folder);
    free(data);
    return s;
}

NnStatus nn_settings_parse(const NnBinding *b, int n, const char *text, const char *name, const char *folder,
                           NnSettingsMode mode, NnErr *err)
{
    return parse(b, n, text, name, folder, mode, 0, err);
}

NnStatus nn_settings_load(const NnBinding *b, int n, const char *path, NnSettingsMode mode, NnErr *err)
{
    return load(b, n, path, mode, 0, err);
}
