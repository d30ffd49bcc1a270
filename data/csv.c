/* csv.c -- see csv.h. */
#include "data/csv.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "nn/base/size.h"

NnStatus data_csv_init(DataCsv *csv, char *text, size_t len, const char *name, NnErr *err)
{
    *csv = (DataCsv){ .name = name, .at = text, .end = text + len, .next_line = 1 };
    if (memchr(text, 0, len))
        return nn_fail(err, NN_ERR_DATA, "%s: holds zero bytes; expected UTF-8 text (is it UTF-16?)", name);
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) csv->at += 3;
    return NN_OK;
}

void data_csv_deinit(DataCsv *csv)
{
    free(csv->fields);
    *csv = (DataCsv){ 0 };
}

static NnStatus push_field(DataCsv *csv, char *field, NnErr *err)
{
    if (csv->n == csv->room) {
        const int room = csv->room ? 2 * csv->room : 16;
        char **grown = nn_realloc(csv->fields, (size_t)room, sizeof *grown);
        if (!grown) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", csv->name);
        csv->fields = grown;
        csv->room = room;
    }
    csv->fields[csv->n++] = field;
    return NN_OK;
}

/* csv->at behind an opening quote: move it behind the closing one; *last is the end of the unquoted text. */
static NnStatus unquote(DataCsv *csv, char **last, NnErr *err)
{
    char *to = csv->at;
    for (; csv->at < csv->end; csv->at++) {
        if (*csv->at == '"' && *++csv->at != '"') {
            *last = to;
            return NN_OK;
        }
        if (*csv->at == '\n') csv->next_line++;
        *to++ = *csv->at;
    }
    return nn_fail(err, NN_ERR_DATA, "%s:%d: a quoted field is never closed", csv->name, csv->line);
}

/* csv->at stands where a field has ended. Moves past the comma or line end; *done = 1 at the end of the record. */
static NnStatus end_field(DataCsv *csv, int *done, NnErr *err)
{
    const char end = '\n', c = csv->at < csv->end ? *csv->at : end;
    if (c == '\r' && (csv->at + 1 == csv->end || csv->at[1] == '\n')) csv->at++;
    if (c != ',' && c != '\n' && c != '\r')
        return nn_fail(err, NN_ERR_DATA, "%s:%d: '%c' after a closing quote; expected a comma or the end of the line",
                       csv->name, csv->next_line, c);
    if (c == '\r' && csv->at < csv->end && *csv->at != '\n')
        return nn_fail(err, NN_ERR_DATA, "%s:%d: a carriage return that no line feed follows", csv->name,
                       csv->next_line);
    *done = c != ',';
    csv->next_line += *done;
    if (csv->at < csv->end) csv->at++;
    return NN_OK;
}

static NnStatus read_field(DataCsv *csv, int *done, NnErr *err)
{
    char *begin = csv->at, *last = begin;
    if (csv->at < csv->end && *csv->at == '"') {
        begin = ++csv->at;
        NN_TRY(unquote(csv, &last, err));
    } else {
        while (csv->at < csv->end && !strchr(",\r\n\"", *csv->at)) csv->at++;
        last = csv->at;
        if (csv->at < csv->end && *csv->at == '"')
            return nn_fail(err, NN_ERR_DATA, "%s:%d: a quote inside a field that does not begin with one", csv->name,
                           csv->next_line);
    }
    NN_TRY(end_field(csv, done, err));
    *last = 0; /* only now: it may be the comma that ends the field */
    return push_field(csv, begin, err);
}

NnStatus data_csv_next(DataCsv *csv, int *more, NnErr *err)
{
    *more = 0;
    while (csv->at < csv->end) {
        int done = 0;
        const char first = *csv->at;
        csv->n = 0;
        csv->line = csv->next_line;
        while (!done) NN_TRY(read_field(csv, &done, err));
        *more = csv->n > 1 || first == '"' || csv->fields[0][0] != 0;
        if (*more) return NN_OK; /* else a blank line */
    }
    return NN_OK;
}

static int has_field(const DataCsv *csv, const char *name)
{
    for (int i = 0; i < csv->n; i++)
        if (strcmp(csv->fields[i], name) == 0) return 1;
    return 0;
}

int data_csv_has_columns(const char *path, const char *a, const char *b)
{
    char head[4096];
    DataCsv csv;
    NnErr ignored = { 0 };
    int more = 0;
    FILE *f = nn_file_exists(path) ? fopen(path, "rb") : NULL;
    if (!f) return 0;
    const size_t len = fread(head, 1, sizeof head - 1, f);
    fclose(f);
    head[len] = 0;
    int has = data_csv_init(&csv, head, strcspn(head, "\n"), path, &ignored) == NN_OK &&
              data_csv_next(&csv, &more, &ignored) == NN_OK && more;
    has = has && has_field(&csv, a) && has_field(&csv, b);
    data_csv_deinit(&csv);
    return has;
}

void data_csv_put(FILE *f, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, f);
        return;
    }
    fputc('"', f);
    for (; *text; text++) {
        if (*text == '"') fputc('"', f);
        fputc(*text, f);
    }
    fputc('"', f);
}
