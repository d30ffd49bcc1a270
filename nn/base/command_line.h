/* command_line.h -- which words of a command line are options and which are names: one rule for every program. */
#ifndef NN_COMMAND_LINE_H
#define NN_COMMAND_LINE_H
#include <stdio.h>

typedef enum { NN_WORD_NAME, NN_WORD_OPTION, NN_WORD_END } NnWordKind;

/* What `word` is that stands where an option could stand (and not its value). It is an option if it begins with "-",
 * but "-" alone is a name. The first "--" is neither: END, and *only_names, 0 before the first word, becomes 1; all
 * words after it are names. */
NnWordKind nn_word_kind(const char *word, int *only_names);

/* The row of "--" in the list of options of --help. */
void nn_word_help(FILE *out, int indent);

#endif
