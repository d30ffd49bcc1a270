/* objective.h -- what training minimises: L = sum over terms of weight * loss.
 *
 * The terms are the rows of one table in objective.c; a term of weight 0 is not built. */
#ifndef TRAIN_OBJECTIVE_H
#define TRAIN_OBJECTIVE_H
#include "nn/model/detector.h"
#include "train/train_inputs.h"
#include "train/train_settings.h"

enum { TRAIN_MAX_TERMS = 8 };

typedef struct {
    const char *name; /* "mask": its key in [loss], and its column in metrics.csv */
    float weight;
    NnVar value; /* scalar, unweighted: a mean over images */
    int masked;  /* over those with a mask (TrainInputs.mask_weight), not over all */
} TrainTerm;

typedef struct {
    TrainTerm terms[TRAIN_MAX_TERMS];
    int n;
    NnVar total; /* scalar: the weighted sum */
} TrainObjective;

/* Build the terms that have a weight; failures poison the graph. ERR_CONFIG if all weights are 0. */
TrainObjective train_objective_build(NnGraph *g, const NnDetector *d, const TrainInputs *in,
                                     const TrainLossSettings *s);

#endif
