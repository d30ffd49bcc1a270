/* help_text.c -- see help_text.h. */
#include "nn/base/help_text.h"

#include <string.h>

void nn_help_row(FILE *out, const char *left, int indent, const char *text)
{
    int at = (int)strlen(left), begins = 1; /* column; is there no word in this line yet? */
    int breaks = at > 0 && at >= indent;
    fputs(left, out);
    for (const char *word = text; *(word += strspn(word, " "));) {
        const int len = (int)strcspn(word, " ");
        breaks |= !begins && at + 1 + len > NN_HELP_WIDTH;
        if (breaks) fputc('\n', out), at = 0, begins = 1;
        const int gap = begins ? indent - at : 1;
        fprintf(out, "%*s%.*s", gap, "", len, word);
        at += gap + len;
        begins = breaks = 0;
        word += len;
    }
    fputc('\n', out);
}
