/* few_names.h -- names for a sentence that stays readable however many there are: "swap, warp and 300 more". */
#ifndef TRAIN_FEW_NAMES_H
#define TRAIN_FEW_NAMES_H

enum { TRAIN_FEW = 8, TRAIN_FEW_BYTES = 80 }; /* names that are said; bytes of one, behind which "..." stands */

/* Begin with { 0 }. */
typedef struct {
    int n; /* added so far */
    char text[TRAIN_FEW * (TRAIN_FEW_BYTES + 6) + 32];
} TrainFewNames;

void train_few_add(TrainFewNames *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* All that were added, the last call: "a, b and 12 more"; "" without any. It lies in *f. */
const char *train_few_say(TrainFewNames *f);

#endif
