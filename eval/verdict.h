/* verdict.h -- what a detector can and cannot be trusted with, in plain words, by stated rules from figures and intervals.
 *
 * Rules and not opinions: the same figures always give the same words, and eval_verdict_rules says which. */
#ifndef EVAL_VERDICT_H
#define EVAL_VERDICT_H
#include "eval/report_files.h"

/* How well forgeries are told from real images, by the 95 % interval [lo, hi] of an AUC; without one, by the AUC. */
typedef enum {
    EVAL_TRUST_UNKNOWN, /* no such images */
    EVAL_TRUST_WRONG,   /* hi < .5 */
    EVAL_TRUST_NONE,    /* none of the others: guessing is not ruled out */
    EVAL_TRUST_LITTLE,  /* lo > .5 */
    EVAL_TRUST_PARTLY,  /* lo >= .7 */
    EVAL_TRUST_FULL     /* lo >= .9 */
} EvalTrust;

EvalTrust eval_trust(const EvalEstimate *auc);
/* "reliably", "often, but not reliably", ... */
const char *eval_trust_words(EvalTrust trust);

enum { EVAL_SENTENCES_MAX = 40, EVAL_SENTENCE_BYTES = 768 };
typedef enum { EVAL_TONE_GOOD, EVAL_TONE_MIXED, EVAL_TONE_BAD, EVAL_TONE_UNKNOWN } EvalTone;

/* Sentences beyond the room for them are left out; the last one then says how many data sets that concerns. */
typedef struct {
    EvalTone tone;
    EvalTrust seen, unseen; /* worst pooled row of any data set */
    char about[96];         /* what the next sentence is about, where there are several data sets: "celeb: " */
    char headline[EVAL_SENTENCE_BYTES];
    char sentence[EVAL_SENTENCES_MAX][EVAL_SENTENCE_BYTES];
    int n;
} EvalVerdict;

/* From n judged data sets, with what is known of their robustness. ERR_NOMEM, ERR_NUMERIC. */
NnStatus eval_verdict_make(const EvalReport *reports, int n, EvalVerdict *out, NnErr *err);

/* The rules, a line each; *n: how many. */
const char *const *eval_verdict_rules(int *n);

/* Mean IoU of the map minus that of the position prior over the images of a row, with a 95 % interval from the sums over
 * independent groups (1.96 standard errors); NAN where undefined. */
EvalEstimate eval_iou_gain(const EvalResults *r, const EvalRow *row);

#endif
