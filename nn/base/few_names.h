/* few_names.h -- names for a sentence that stays readable however many there are: "swap, warp and 300 more". */
#ifndef NN_FEW_NAMES_H
#define NN_FEW_NAMES_H

enum { NN_FEW = 8, NN_FEW_BYTES = 80 }; /* names that are said; bytes of one at most, behind which "..." stands */

/* Begin with { 0 }. */
typedef struct {
    int n; /* added so far */
    char text[NN_FEW * (NN_FEW_BYTES + 6) + 32];
} NnFewNames;

void nn_few_add(NnFewNames *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* All that were added, the last call: "a, b and 12 more"; "" without any. It lies in *f. */
const char *nn_few_say(NnFewNames *f);

#endif
