/* survey.h -- what the network makes of the training images, summed up for the pickers of candidates (pickers.h).
 *
 * Made from images and labels alone: no mask is read. */
#ifndef TRAIN_SURVEY_H
#define TRAIN_SURVEY_H
#include "train/trainer.h"

typedef struct {
    int n;           /* forged training images */
    int *item;       /* [n] items of the set, in the order of the training split */
    int channels;    /* C of the latent */
    int cells;       /* its positions h * w */
    float *activity; /* [n,2]: a_0, a_1 of each forged image */
    float *pooled;   /* [n,C]: mean of h_c over positions, of each forged image */
    double *spread;  /* [C,h*w]: |h_c| at each position, mean over the forged images */
    double *map[2];  /* [h*w]: mean map over the real [0] and the forged [1] training images, in the latent's grid */
    float *head;     /* [C]: weight of channel c in the logit, and in the map */
} TrainSurvey;

/* The forged training images, at least one, and with `looks` what the network makes of them; else all but n and item is
 * empty. The caller frees with train_survey_deinit, also after a failure. */
NnStatus train_survey_init(TrainSurvey *s, Trainer *t, int looks, const volatile sig_atomic_t *stop, NnErr *err);
void train_survey_deinit(TrainSurvey *s);

#endif
