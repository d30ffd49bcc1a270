/* help_text.h -- the text of a --help screen: broken between words, so that no terminal breaks it within one. */
#ifndef NN_HELP_TEXT_H
#define NN_HELP_TEXT_H
#include <stdio.h>

enum { NN_HELP_WIDTH = 80 }; /* columns; bytes count as such */

/* `left` at the margin, and `text` beside it from column `indent` on (from the next line on where `left` leaves no gap),
 * in as many lines as it takes, each ended by a newline. A word that is wider than the room is not broken. */
void nn_help_row(FILE *out, const char *left, int indent, const char *text);

#endif
