/* rows_rig.h -- what the tests of rows and of their files share: results of twelve images by hand, errors. */
#ifndef ROWS_RIG_H
#define ROWS_RIG_H
#include <math.h>

#include "eval/score_rows.h"
#include "tests/check_main.h"

#define NEAR(a, b) ck_assert_double_eq_tol(a, b, 1e-12)

static NnErr err;

static inline void forget_errors(void)
{
    err = (NnErr){ 0 };
}

static const char *const names[] = { "early", "later" };

/* Four real images and four forgeries of each method; "later" was trained on. */
static inline void make_results(EvalResults *r)
{
    static const float scores[12] = { .1f, .2f, .3f, .6f, .05f, .25f, .4f, .65f, .5f, .7f, .8f, .9f };
    ck_assert_int_eq(eval_results_init(r, 12, 2, &err), NN_OK);
    r->name = "set";
    r->methods = names;
    r->seen[1] = 1;
    for (int i = 0; i < 12; i++)
        r->items[i] = (EvalItem){ .path = "a.png",
                                  .group = (uint64_t)(i % 4),
                                  .label = i >= 4,
                                  .method = i / 4 - 1,
                                  .score = scores[i],
                                  .pixel_auc = NAN,
                                  .iou = NAN,
                                  .iou_prior = NAN };
}

#endif
