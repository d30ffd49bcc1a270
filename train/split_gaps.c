/* split_gaps.c -- see split_gaps.h. */
#include "train/split_gaps.h"

#include <stdio.h>

#include "nn/base/few_names.h"
#include "nn/base/file.h"
#include "train/run_header.h"

/* What somebody can change about it, by where the images come from. */
static void put_remedy(FILE *out, const DataSet *set, int split)
{
    const int source = set->settings.source, is_drawn = source == DATA_SOURCE_PORTRAITS || source == DATA_SOURCE_PHOTOS;
    const char *fraction = split == DATA_VAL ? "val_fraction" : "test_fraction";
    fputs(". To mend it: ", out);
    if (!is_drawn) fputs("such images in that split of the data", out);
    else fputs(source == DATA_SOURCE_PORTRAITS ? "more [data] identities" : "more photos", out);
    if (split != DATA_TRAIN) fprintf(out, ", or%s a larger %s", is_drawn ? "" : ", if it names no splits,", fraction);
    fputc('\n', out);
}

static int count(const DataSet *set, int split, int method)
{
    return train_header_count(set, (DataSplit)split, method);
}

static void put_class_gap(FILE *out, const DataSet *set, int split, int n_real, int n_forged)
{
    static const char *const name[DATA_SPLITS] = { "training", "validation", "test" };
    static const char *const effect[DATA_SPLITS] = { "there is nothing to tell them from",
                                                     "nothing is validated on them",
                                                     "eval can measure no AUC on them" };
    fprintf(out, "no %s images among the %d %s images: %s", n_real ? "forged" : "real", n_real + n_forged, name[split],
            effect[split]);
    put_remedy(out, set, split);
}

/* Is it asked for, and not there: in training, or after training on it? */
static int lacks(const DataSet *set, int split, int method)
{
    if (!set->seen[method] || count(set, split, method)) return 0;
    return split == DATA_TRAIN || count(set, DATA_TRAIN, method) > 0;
}

/* Manipulations that are missing from a split which has others, in one sentence; a few by name. */
static void put_method_gaps(FILE *out, const DataSet *set, int split)
{
    static const char *const begin[DATA_SPLITS] = { "no training images of ", "no validation images of ",
                                                    "no test images of " };
    NnFewNames few = { 0 };
    for (int m = 0; m < set->n_methods; m++)
        if (lacks(set, split, m)) nn_few_add(&few, "%s", set->methods[m]);
    if (few.n == 0) return;
    fprintf(out, "%s%s", begin[split], nn_few_say(&few));
    fputs(split == DATA_TRAIN ? ", which [data] methods asks for" : ", which is trained on", out);
    put_remedy(out, set, split);
}

static void put_gaps(FILE *out, const DataSet *set, int split)
{
    const int n_real = count(set, split, -1);
    int n_forged = 0;
    for (int m = 0; m < set->n_methods; m++)
        if (set->seen[m] || split == DATA_TEST) n_forged += count(set, split, m);
    if (n_real && n_forged) put_method_gaps(out, set, split);
    else if (n_real || n_forged) put_class_gap(out, set, split, n_real, n_forged);
    else if (split == DATA_TEST) {
        fputs("no test images: eval can judge this run on other data sets only (--data)", out);
        put_remedy(out, set, split);
    }
}

char *train_split_gaps(const DataSet *set)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (!out) return NULL;
    for (int split = 0; split < DATA_SPLITS; split++) put_gaps(out, set, split);
    return nn_text_finish(out, &text);
}
