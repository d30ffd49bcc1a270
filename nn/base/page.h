/* page.h -- writing one HTML page that is a whole report: one file, no network, readable without its script.
 *
 * A page is written from top to bottom into memory and saved at the end, whole or not at all. Whatever text comes
 * from outside (paths, names, messages) goes through one escape: every function here that takes text or a format uses
 * it, so that no caller writes markup of its own. Running out of memory is sticky and told by nn_page_save.
 *
 * The page is HTML and well-formed XML at once, follows the reader's light or dark setting, prints, and forbids
 * itself to fetch anything (Content-Security-Policy). Charts: nn/base/chart.h. */
#ifndef NN_PAGE_H
#define NN_PAGE_H
#include <stdarg.h>
#include <stdio.h>

#include "nn/base/status.h"

/* Pictures that would make a page larger than this are replaced by a line that says so: with what else a page holds, it
 * stays below 10 MB. */
enum { NN_PAGE_PICTURES_MAX = 9000000 /* bytes */ };

typedef struct {
    FILE *out; /* into text; for chart_*.c, which write numbers and markup of their own */
    char *text;
    size_t len;   /* valid after a flush: nn_page_size */
    int failed;   /* out of memory */
    int left_out; /* pictures for which there was no room */
} NnPage;

/* Begin a page: document head, title and below it a line of what this is. ERR_NOMEM. */
NnStatus nn_page_open(NnPage *p, const char *title, const char *subtitle, NnErr *err);
/* End the page, replace the file, release the page (also on failure). ERR_NOMEM, ERR_IO. */
NnStatus nn_page_save(NnPage *p, const char *path, NnErr *err);
/* Release a page that is not to be saved; a zeroed one is fine. */
void nn_page_drop(NnPage *p);
/* Bytes so far. */
size_t nn_page_size(NnPage *p);

/* ---- text ---- */

/* Escape: & < > " ' become entities; what is not UTF-8, or a control character other than tab and line end, becomes
 * U+FFFD. Safe between tags and inside quoted attributes. NULL writes nothing. */
void nn_page_text(NnPage *p, const char *text);
/* The same of n bytes, which may hold zeros. */
void nn_page_bytes(NnPage *p, const void *bytes, size_t n);
/* The same of what printf would print. */
void nn_page_format(NnPage *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nn_page_format_list(NnPage *p, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* A paragraph of it. */
void nn_page_paragraph(NnPage *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Text as it is, line by line: a configuration, a message of a program. */
void nn_page_verbatim(NnPage *p, const char *text);

/* ---- blocks ---- */

typedef struct {
    const char *id, *title; /* id: letters, digits, '-' */
} NnPageLink;

/* Links to sections. */
void nn_page_contents(NnPage *p, const NnPageLink *links, int n);
/* lead: a sentence below the heading, or NULL. */
void nn_page_section_begin(NnPage *p, const char *id, const char *title, const char *lead);
void nn_page_section_end(NnPage *p);
/* What is inside shows once the reader opens it. */
void nn_page_details_begin(NnPage *p, const char *summary);
void nn_page_details_end(NnPage *p);

typedef enum { NN_TONE_NEUTRAL, NN_TONE_GOOD, NN_TONE_MIXED, NN_TONE_BAD } NnPageTone;

/* The box at the top: what came out, in a headline and sentences. The tone also stands there as a sign and a word. */
void nn_page_verdict(NnPage *p, NnPageTone tone, const char *headline, const char *const *sentences, int n);

typedef struct {
    const char *label, *value, *note; /* note may be NULL */
} NnPageCard;

/* Few large figures beside each other. */
void nn_page_cards(NnPage *p, const NnPageCard *cards, int n);

/* Name and value in two columns: a run card, a configuration. begin, facts, end. */
void nn_page_facts_begin(NnPage *p);
void nn_page_fact(NnPage *p, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void nn_page_facts_end(NnPage *p);

/* A table: begin, rows of cells, end. A column of numbers is flush right. how: how to read it, or NULL. */
typedef enum { NN_CELL_TEXT, NN_CELL_NUMBER, NN_CELL_HEAD /* names its row */ } NnPageCell;
void nn_page_table_begin(NnPage *p, const char *title, const char *const *columns, const NnPageCell *kinds, int n);
void nn_page_row_begin(NnPage *p);
void nn_page_cell(NnPage *p, NnPageCell kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void nn_page_row_end(NnPage *p);
void nn_page_table_end(NnPage *p, const char *how);

/* A figure with a title above and `how to read` below; anything in between. */
void nn_page_figure_begin(NnPage *p, const char *title);
void nn_page_figure_end(NnPage *p, const char *how);

/* ---- pictures ---- */

/* An encoded PNG. Pixels stay sharp when enlarged. */
typedef struct {
    const unsigned char *png;
    size_t len;
    int w, h;            /* as it is to be shown at most, CSS pixels */
    const char *alt;     /* what there is to be seen, for those who cannot */
    const char *caption; /* below it, or NULL */
} NnPagePicture;

void nn_page_picture(NnPage *p, const NnPagePicture *picture);

/* Pictures beside each other, wrapping where the window is narrow: begin, pictures and items, end. An item holds what
 * belongs together, under a title. */
void nn_page_grid_begin(NnPage *p);
void nn_page_item_begin(NnPage *p, const char *title);
void nn_page_item_end(NnPage *p);
void nn_page_grid_end(NnPage *p);

/* Steps through time: between begin and end, pictures that belong to a frame (0, 1, ...) are written in order of
 * frames with nn_page_frame, others as usual. With the script a slider over all frames shows one at a time (the last,
 * at first); without it, and where there is but one, all stand beside each other under their labels. what: "step of
 * training". */
void nn_page_frames_begin(NnPage *p, const char *what);
void nn_page_frame(NnPage *p, int frame, const char *label, const NnPagePicture *picture);
void nn_page_frames_end(NnPage *p);

/* ---- words ---- */

typedef struct {
    const char *word, *meaning;
} NnPageEntry;

/* A section of explanations in plain words. */
void nn_page_glossary(NnPage *p, const NnPageEntry *entries, int n);
/* Entries for the words that any report of this project uses; *n is their number. */
const NnPageEntry *nn_page_common_words(int *n);

#endif
