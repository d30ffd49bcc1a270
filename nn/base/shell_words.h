/* shell_words.h -- a command as one line that a shell takes apart into the same words again. */
#ifndef NN_SHELL_WORDS_H
#define NN_SHELL_WORDS_H

/* words [n] with a blank between them, each in single quotes if a POSIX shell would split or expand it, or take it for
 * something else than a word. For lines that people paste: "build/eval 'my runs/a'". The caller frees; NULL: no memory. */
char *nn_shell_line(const char *const *words, int n);

#endif
