/* command_line.c -- see command_line.h. */
#include "nn/base/command_line.h"

#include <string.h>

#include "nn/base/help_text.h"

NnWordKind nn_word_kind(const char *word, int *only_names)
{
    if (*only_names || word[0] != '-' || !word[1]) return NN_WORD_NAME;
    if (strcmp(word, "--") != 0) return NN_WORD_OPTION;
    *only_names = 1;
    return NN_WORD_END;
}

void nn_word_help(FILE *out, int indent)
{
    nn_help_row(out, "  --", indent, "ends the options: what follows are names, whatever they begin with");
}
