/* page_text.c -- the escape of page.h: the only way for text from outside into a page. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/page.h"
#include "nn/base/size.h"

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* Bytes of the UTF-8 character at s, of which n bytes are left, and its number; 0: there is none (RFC 3629: shortest
 * form, no surrogates, at most U+10FFFF). */
static size_t decode(const unsigned char *s, size_t n, uint32_t *code)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const size_t len = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
    if (!len || len > n) return 0;
    uint32_t c = len == 1 ? s[0] : s[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if (s[i] >> 6 != 2) return 0;
        c = c << 6 | (s[i] & 0x3Fu);
    }
    if (c < smallest[len] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return 0;
    *code = c;
    return len;
}

/* May it stand in HTML and in XML? */
static int is_printable(uint32_t c)
{
    if (c == '\t' || c == '\n' || c == '\r') return 1;
    return c >= 0x20 && !(c >= 0x7F && c < 0xA0) && (c & 0xFFFE) != 0xFFFE && !(c >= 0xFDD0 && c <= 0xFDEF);
}

static const char *entity(uint32_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void nn_page_bytes(NnPage *p, const void *bytes, size_t n)
{
    const unsigned char *s = bytes;
    for (size_t i = 0; i < n;) {
        uint32_t code = 0;
        const size_t len = decode(s + i, n - i, &code);
        if (!len || !is_printable(code)) fputs(replacement, p->out);
        else if (entity(code)) fputs(entity(code), p->out);
        else fwrite(s + i, 1, len, p->out);
        i += len ? len : 1;
    }
}

void nn_page_text(NnPage *p, const char *text)
{
    if (text) nn_page_bytes(p, text, strlen(text));
}

void nn_page_format_list(NnPage *p, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    const int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    char *text = n >= 0 ? nn_alloc((size_t)n + 1, 1) : NULL;
    if (text) vsnprintf(text, (size_t)n + 1, fmt, ap);
    else p->failed = 1;
    nn_page_text(p, text);
    free(text);
}

void nn_page_format(NnPage *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    nn_page_format_list(p, fmt, ap);
    va_end(ap);
}

void nn_page_paragraph(NnPage *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("<p>", p->out);
    nn_page_format_list(p, fmt, ap);
    fputs("</p>\n", p->out);
    va_end(ap);
}
