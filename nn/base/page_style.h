/* page_style.h -- private to page.c: looks and behaviour of a page, as text to be embedded.
 *
 * Classes of charts (chart_*.c): c0 to c7 are the colours of Okabe and Ito, which most colour-blind people tell apart;
 * they set --c, which line, area and mark use. */
#ifndef NN_PAGE_STYLE_H
#define NN_PAGE_STYLE_H

extern const char *const nn_page_style[];  /* CSS, pieces, NULL at the end */
extern const char *const nn_page_script[]; /* JavaScript, pieces, NULL at the end; free of '<' and '&' */

#endif
