/* page.c -- see page.h: the parts of a page. */
#include "nn/base/page.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "nn/base/page_style.h"

static void put(NnPage *p, const char *markup)
{
    fputs(markup, p->out);
}

/* before, text escaped, after */
static void put_text(NnPage *p, const char *before, const char *text, const char *after)
{
    put(p, before);
    nn_page_text(p, text);
    put(p, after);
}

/* ---- the page ---- */

static void write_head(NnPage *p, const char *title, const char *subtitle)
{
    put(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
           "style-src 'unsafe-inline'; script-src 'unsafe-inline'\"/>\n");
    put_text(p, "<title>", title, "</title>\n<style>\n");
    for (int i = 0; nn_page_style[i]; i++) put(p, nn_page_style[i]);
    put_text(p, "</style>\n</head>\n<body>\n<header><h1>", title, "</h1>\n");
    put_text(p, "<p>", subtitle, "</p></header>\n<main>\n");
}

NnStatus nn_page_open(NnPage *p, const char *title, const char *subtitle, NnErr *err)
{
    *p = (NnPage){ 0 };
    p->out = open_memstream(&p->text, &p->len);
    if (!p->out) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a page");
    write_head(p, title, subtitle);
    return NN_OK;
}

size_t nn_page_size(NnPage *p)
{
    if (fflush(p->out)) p->failed = 1;
    return p->len;
}

void nn_page_drop(NnPage *p)
{
    if (p->out) fclose(p->out);
    free(p->text);
    *p = (NnPage){ 0 };
}

NnStatus nn_page_save(NnPage *p, const char *path, NnErr *err)
{
    put(p, "</main>\n<footer>One file, nothing loaded from elsewhere. Made by Locus " LOCUS_VERSION
           ".</footer>\n<script>\n");
    for (int i = 0; nn_page_script[i]; i++) put(p, nn_page_script[i]);
    put(p, "</script>\n</body>\n</html>\n");
    const size_t len = nn_page_size(p);
    const NnChunk chunk = { p->text, len };
    const NnStatus status = p->failed || ferror(p->out) ? nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", path)
                                                        : nn_file_write(path, &chunk, 1, err);
    nn_page_drop(p);
    return status;
}

/* ---- blocks ---- */

void nn_page_contents(NnPage *p, const NnPageLink *links, int n)
{
    put(p, "<nav aria-label=\"Contents\">");
    for (int i = 0; i < n; i++) {
        put_text(p, "<a href=\"#", links[i].id, "\">");
        put_text(p, "", links[i].title, "</a> ");
    }
    put(p, "</nav>\n");
}

void nn_page_section_begin(NnPage *p, const char *id, const char *title, const char *lead)
{
    put_text(p, "<section id=\"", id, "\">\n");
    put_text(p, "<h2>", title, "</h2>\n");
    if (lead) put_text(p, "<p class=\"lead\">", lead, "</p>\n");
}

void nn_page_section_end(NnPage *p)
{
    put(p, "</section>\n");
}

void nn_page_details_begin(NnPage *p, const char *summary)
{
    put_text(p, "<details><summary>", summary, "</summary>\n");
}

void nn_page_details_end(NnPage *p)
{
    put(p, "</details>\n");
}

void nn_page_verbatim(NnPage *p, const char *text)
{
    put_text(p, "<pre>", text, "</pre>\n");
}

void nn_page_verdict(NnPage *p, NnPageTone tone, const char *headline, const char *const *sentences, int n)
{
    static const char *const name[] = { "neutral", "good", "mixed", "bad" };
    static const char *const sign[] = { "\xE2\x97\x8F In short", "\xE2\x9C\x94 In short: good",
                                        "\xE2\x97\x90 In short: mixed", "\xE2\x9C\x96 In short: poor" };
    put_text(p, "<div class=\"verdict ", name[tone], "\">");
    put_text(p, "<span class=\"tone\">", sign[tone], "</span>");
    put_text(p, "<strong>", headline, "</strong>\n");
    if (n) put(p, "<ul>\n");
    for (int i = 0; i < n; i++) put_text(p, "<li>", sentences[i], "</li>\n");
    put(p, n ? "</ul></div>\n" : "</div>\n");
}

void nn_page_cards(NnPage *p, const NnPageCard *cards, int n)
{
    put(p, "<div class=\"cards\">\n");
    for (int i = 0; i < n; i++) {
        put_text(p, "<div class=\"card\"><span>", cards[i].label, "</span>");
        put_text(p, "<b>", cards[i].value, "</b>");
        if (cards[i].note) put_text(p, "<small>", cards[i].note, "</small>");
        put(p, "</div>\n");
    }
    put(p, "</div>\n");
}

void nn_page_facts_begin(NnPage *p)
{
    put(p, "<dl class=\"facts\">\n");
}

void nn_page_fact(NnPage *p, const char *name, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    put_text(p, "<dt>", name, "</dt><dd>");
    nn_page_format_list(p, fmt, ap);
    put(p, "</dd>\n");
    va_end(ap);
}

void nn_page_facts_end(NnPage *p)
{
    put(p, "</dl>\n");
}

void nn_page_table_begin(NnPage *p, const char *title, const char *const *columns, const NnPageCell *kinds, int n)
{
    nn_page_figure_begin(p, title);
    put(p, "<div class=\"scroll\"><table>\n<thead><tr>");
    for (int i = 0; i < n; i++)
        put_text(p, kinds[i] == NN_CELL_NUMBER ? "<th class=\"num\" scope=\"col\">" : "<th scope=\"col\">", columns[i],
                 "</th>");
    put(p, "</tr></thead>\n<tbody>\n");
}

void nn_page_row_begin(NnPage *p)
{
    put(p, "<tr>");
}

void nn_page_cell(NnPage *p, NnPageCell kind, const char *fmt, ...)
{
    static const char *const begin[] = { "<td>", "<td class=\"num\">", "<th scope=\"row\">" };
    va_list ap;
    va_start(ap, fmt);
    put(p, begin[kind]);
    nn_page_format_list(p, fmt, ap);
    put(p, kind == NN_CELL_HEAD ? "</th>" : "</td>");
    va_end(ap);
}

void nn_page_row_end(NnPage *p)
{
    put(p, "</tr>\n");
}

void nn_page_table_end(NnPage *p, const char *how)
{
    put(p, "</tbody></table></div>\n");
    nn_page_figure_end(p, how);
}

void nn_page_figure_begin(NnPage *p, const char *title)
{
    put(p, "<figure>\n");
    if (title) put_text(p, "<h3>", title, "</h3>\n");
}

void nn_page_figure_end(NnPage *p, const char *how)
{
    if (how) put_text(p, "<figcaption class=\"how\">How to read: ", how, "</figcaption>\n");
    put(p, "</figure>\n");
}

/* ---- pictures ---- */

static void put_base64(NnPage *p, const unsigned char *data, size_t len)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        const size_t left = len - i;
        const unsigned a = data[i], b = left > 1 ? data[i + 1] : 0, c = left > 2 ? data[i + 2] : 0;
        const char four[] = { digit[a >> 2], digit[(a & 3) << 4 | b >> 4],
                              left > 1 ? digit[(b & 15) << 2 | c >> 6] : '=', left > 2 ? digit[c & 63] : '=' };
        fwrite(four, 1, sizeof four, p->out);
    }
}

/* Both inside an element that the caller has begun. */
static void put_image(NnPage *p, const NnPagePicture *picture)
{
    if (nn_page_size(p) + (picture->len + 2) / 3 * 4 > NN_PAGE_PICTURES_MAX) {
        p->left_out++;
        put_text(p, "<span>(no room in this file for: ", picture->alt, ")</span>");
    } else {
        fprintf(p->out, "<img width=\"%d\" height=\"%d\" alt=\"", picture->w, picture->h);
        nn_page_text(p, picture->alt);
        put(p, "\" src=\"data:image/png;base64,");
        put_base64(p, picture->png, picture->len);
        put(p, "\"/>");
    }
    if (picture->caption) put_text(p, "<span>", picture->caption, "</span>");
}

void nn_page_picture(NnPage *p, const NnPagePicture *picture)
{
    put(p, "<div class=\"pic\">");
    put_image(p, picture);
    put(p, "</div>\n");
}

void nn_page_grid_begin(NnPage *p)
{
    put(p, "<div class=\"grid\">\n");
}

void nn_page_item_begin(NnPage *p, const char *title)
{
    put_text(p, "<div class=\"item\"><h3>", title, "</h3><div class=\"row\">\n");
}

void nn_page_item_end(NnPage *p)
{
    put(p, "</div></div>\n");
}

void nn_page_grid_end(NnPage *p)
{
    put(p, "</div>\n");
}

void nn_page_frames_begin(NnPage *p, const char *what)
{
    put_text(p, "<div class=\"frames\" data-what=\"", what, "\">\n");
}

void nn_page_frame(NnPage *p, int frame, const char *label, const NnPagePicture *picture)
{
    fprintf(p->out, "<div class=\"pic\" data-frame=\"%d\"", frame);
    put_text(p, " data-label=\"", label, "\">");
    put_image(p, picture);
    put_text(p, "<span class=\"when\">", label, "</span></div>\n");
}

void nn_page_frames_end(NnPage *p)
{
    put(p, "</div>\n");
}

/* ---- words ---- */

void nn_page_glossary(NnPage *p, const NnPageEntry *entries, int n)
{
    put(p, "<dl class=\"words\">\n");
    for (int i = 0; i < n; i++) {
        put_text(p, "<dt>", entries[i].word, "</dt>");
        put_text(p, "<dd>", entries[i].meaning, "</dd>\n");
    }
    put(p, "</dl>\n");
}
