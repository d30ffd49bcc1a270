/* csv.h -- a strict reader of comma-separated text (RFC 4180), one record at a time, and the quoting for a writer.
 *
 * Accepts LF and CRLF, a UTF-8 byte order mark, quoted fields (which may hold commas,
 * line ends and doubled quotes), and blank lines, which it passes over. */
#ifndef DATA_CSV_H
#define DATA_CSV_H
#include <stddef.h>
#include <stdio.h>

#include "nn/base/status.h"

/* The text is the caller's and is changed in place: fields point into it. */
typedef struct {
    const char *name; /* for messages */
    char *at, *end;
    int next_line;
    int line; /* where the present record begins, from 1 */
    int n;    /* its fields */
    int room;
    char **fields; /* zero-terminated, without their quotes */
} DataCsv;

/* `text` must hold a final 0 beyond len. ERR_DATA if it holds a zero byte before (UTF-16, most often). */
NnStatus data_csv_init(DataCsv *csv, char *text, size_t len, const char *name, NnErr *err);
void data_csv_deinit(DataCsv *csv);

/* Read the next record; *more = 0 at the end. ERR_DATA names file and line of a quote that
 * is out of place or never closed. */
NnStatus data_csv_next(DataCsv *csv, int *more, NnErr *err);

/* Is this a file whose first line, up to a few kilobytes, names both of these columns? */
int data_csv_has_columns(const char *path, const char *a, const char *b);

/* Write one field, in quotes where it needs them. */
void data_csv_put(FILE *f, const char *text);

#endif
