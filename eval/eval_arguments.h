/* eval_arguments.h -- the command line of the evaluation program. */
#ifndef EVAL_ARGUMENTS_H
#define EVAL_ARGUMENTS_H
#include <stdint.h>
#include <stdio.h>

#include "eval/score_rows.h"

/* Texts are borrowed from argv; the lists are owned (eval_arguments_free). */
typedef struct {
    const char **runs; /* [n_runs], run folders or checkpoints */
    int n_runs;
    int compare;       /* 1: compare runs that were judged before */
    const char **data; /* [n_data], NAME=PATH */
    int n_data;
    const char *out, *maps; /* NULL: not given */
    const char *robust;     /* protocols of corruptions, comma list; NULL: none */
    const char *threshold;  /* rule of threshold_rule.h; NULL: the stored threshold */
    int score;              /* 1: judge the images in `photos`, no data set */
    const char **photos;    /* [n_photos], files, folders, lists */
    int n_photos;
    double unsure;               /* share of validation images of either kind beyond its line (photo_verdict.h) */
    EvalAggregation aggregation; /* of the scores of a video's frames */
    EvalCompat compat;           /* whose definitions */
    int threads;                 /* 0: as many as there are CPUs */
    int bootstrap;               /* resamples; 0: no intervals */
    uint64_t seed;               /* of the bootstrap and of corruptions */
    int help, version;
} EvalArguments;

/* ERR_USAGE names what was found, what was expected, and the nearest known option. */
NnStatus eval_arguments_parse(int argc, char *const *argv, EvalArguments *out, NnErr *err);
void eval_arguments_free(EvalArguments *a);

/* What --help prints. */
void eval_usage_write(FILE *out);

#endif
