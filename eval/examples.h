/* examples.h -- examples.png: a few judged images as rows of input, mask, map and overlay. */
#ifndef EVAL_EXAMPLES_H
#define EVAL_EXAMPLES_H
#include "data/contact_sheet.h"
#include "eval/judge.h"

enum { EVAL_EXAMPLES_MAX = 8 };

/* Zero-initialise; release with eval_examples_free. */
typedef struct {
    int n;
    int number[EVAL_EXAMPLES_MAX];        /* which images of the data set */
    DataSheetRow rows[EVAL_EXAMPLES_MAX]; /* captions: manipulation; seen or unseen; score */
} EvalExamples;

/* Choose the images: a real one, two forgeries of each seen manipulation, one of each unseen, as far as there is room.
 * Row k takes the k-th image of its kind, whatever the detector makes of it: nothing is picked by hand or by score. */
void eval_examples_plan(EvalExamples *e, const EvalData *data);

/* Keep the pictures of a judged image that was chosen; others pass by. */
NnStatus eval_examples_visit(EvalExamples *e, const EvalView *view, NnErr *err);

/* Draw them, maps in the colours of heat_map.h. */
NnStatus eval_examples_draw(EvalExamples *e, DataImage *out, NnErr *err);
void eval_examples_free(EvalExamples *e);

#endif
