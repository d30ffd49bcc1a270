/* compare_page.c -- see compare_page.h: the order of the sections, and what they share. */
#include "eval/compare_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "eval/eval_page.h"
#include "nn/base/file.h"

void eval_compare_put_estimate(NnPage *p, const EvalEstimate *e, int is_signed)
{
    if (isnan(e->value)) nn_page_cell(p, NN_CELL_NUMBER, "n/a");
    else if (isnan(e->lo)) nn_page_cell(p, NN_CELL_NUMBER, is_signed ? "%+.3f" : "%.3f", e->value);
    else
        nn_page_cell(p, NN_CELL_NUMBER, is_signed ? "%+.3f (%+.3f to %+.3f)" : "%.3f (%.3f to %.3f)", e->value, e->lo,
                     e->hi);
}

static void put_contents(NnPage *p, const EvalComparePage *c)
{
    NnPageLink links[4];
    int n = 0, paired = 0;
    for (int i = 1; i < c->matrix->n_runs; i++) paired |= eval_compare_has_differences(c->matrix, i);
    links[n++] = (NnPageLink){ "matrix", "Who generalises" };
    if (paired) links[n++] = (NnPageLink){ "differences", "Differences" };
    if (c->comparison) links[n++] = (NnPageLink){ "ablation", "Over seeds" };
    links[n++] = (NnPageLink){ "words", "Words" };
    nn_page_contents(p, links, n);
}

static NnStatus put_all(NnPage *p, const EvalComparePage *c, NnErr *err)
{
    NN_TRY(eval_compare_verdict(p, c, err));
    put_contents(p, c);
    NN_TRY(eval_compare_matrix(p, c, err));
    NN_TRY(eval_compare_differences(p, c->matrix, err));
    eval_compare_seeds(p, c->comparison);
    eval_page_words(p);
    return NN_OK;
}

NnStatus eval_compare_page_save(const EvalComparePage *c, const char *folder, NnErr *err)
{
    NnPage page = { 0 };
    char title[96];
    NN_TRY(nn_folder_make(folder, err));
    char *path = nn_path_join(folder, "report.html");
    snprintf(title, sizeof title, "%d detectors side by side", c->matrix->n_runs);
    NnStatus s = path ? nn_page_open(&page, title, "What was each trained on, and what does it find?", err)
                      : nn_fail(err, NN_ERR_NOMEM, "report: out of memory");
    if (s == NN_OK) s = put_all(&page, c, err);
    if (s == NN_OK) s = nn_page_save(&page, path, err);
    else nn_page_drop(&page);
    free(path);
    return s;
}
