/* trainer.h -- a run in memory: network, plans, data, optimiser, and the step that ties them together.
 *
 * It owns everything a step needs, and knows nothing of files, logs and signals (session.h does). After trainer_start,
 * train_step allocates nothing. What a step computes is a pure function of configuration and seed: the number of
 * threads and interruptions change no bit. */
#ifndef TRAINER_H
#define TRAINER_H
#include <signal.h>

#include "data/loader.h"
#include "data/region_removal.h"
#include "nn/core/plan.h"
#include "train/adversary.h"
#include "train/ema.h"
#include "train/objective.h"
#include "train/optimizer.h"
#include "train/schedule.h"

typedef struct {
    const TrainConfig *config; /* copied */
    DataSet *set;              /* must outlive the trainer, which may hide masks of it (data_set_hide_masks) */
    const int *train;          /* [n_train] items to train on; copied */
    const int *val;            /* [n_val] items of the source validation split; copied; none: no validation; of one
                                * class: none if [data] allow = one-class, else ERR_DATA */
    int n_train, n_val;
    int side_min, side_max;                         /* shorter side of the training images before they are fitted */
    int augment;                                    /* 0: images as they are */
    const char *kernels;                            /* of the run to be resumed (NnPlanSpec.kernels); NULL: choose */
    const char *attack_kernels, *generator_kernels; /* the same for its adversary (TrainAdversarySpec) */
    const char *annotations; /* a person's manifest of masks (train/active.h), borrowed; NULL: none */
} TrainerSpec;

/* What one step saw. Means over the batches of the step. */
typedef struct {
    double loss, term[TRAIN_MAX_TERMS]; /* total, and each term unweighted */
    double changed;                     /* total of the changed images alone; 0 without an adversary */
    double grad_norm;                   /* before clipping */
    double lr;
} TrainStep;

/* What a validation found. Each term is a mean over all images (those with a mask, for a masked term), and the loss the
 * weighted sum of these: how images fall into batches makes no difference. */
typedef struct {
    double loss, term[TRAIN_MAX_TERMS];
    double auc, accuracy, threshold; /* accuracy at the threshold that makes it largest */
    int done;                        /* 0: given up because somebody wants to stop */
} TrainValidation;

enum { TRAIN_MAX_PHASES = 4 };

typedef struct {
    TrainConfig config;
    DataSet *set;
    int *train, *val;
    int n_train, n_val, augment;
    int side_min, side_max; /* as in TrainerSpec */

    NnParams *params;
    NnGraph *graph; /* detector and losses; the two plans run parts of it */
    NnDetector detector;
    TrainInputs inputs;
    TrainObjective objective;
    TrainObjective of_changed; /* the same of the changed images alone; n = 0 without an adversary */
    NnPlan *plan, *val_plan;
    DataLoader *loader;
    DataRegionMaps *maps; /* NULL: nothing is removed from images; else */
    int *place;           /* [set->n] and */
    DataRemoval removal;  /* what the loader is told */

    TrainOptimizer optimizer;
    TrainPlateau plateau;
    TrainEma ema;
    TrainAdversary *adversary; /* NULL: none. With one, the graph has two rows an image */
    float *changed;            /* [batch,3,H,W]: what it made of the last batch */

    int64_t step, total, steps_per_epoch; /* steps done, of the run, of an epoch */
    double stepping;                      /* seconds that train_step has taken, in this process */
    double waited;                        /* of these, waiting for loaders that have been closed since */
    int64_t validate_every;               /* steps */
    int64_t validated;                    /* step of the last validation */
    int stale;                            /* validations without a better result */
    double best;                          /* best AUC, or best -loss; -infinity before the first */
    double threshold;                     /* of the last validation; 0.5 before */
    float *mask_sum;                      /* [H,W]: masks of the forged training images seen so far, added up */
    double mask_count;                    /* how many those were */

    TrainMaskUse masks, val_masks;  /* which images count in the mask loss, in training now and in validation */
    char entered[TRAIN_MAX_PHASES]; /* phases (train/phase.h) that lie behind the run */
    int *often;                     /* [n_often] forged training images that are drawn more often; owned */
    int n_often;
    int waits;               /* a phase has stopped the run until a person has done something */
    const char *annotations; /* borrowed; NULL: none */

    float *score; /* [n_val] scratch of a validation */
    unsigned char *truth;
    float *judged_score, *judged_label; /* [n_judged] of the last validation, which `threshold` is from; label 0 or 1 */
    int n_judged;                       /* 0: none yet, or resumed from a checkpoint that has none */
    int *items;                         /* [batch] of the batch last trained on */
} Trainer;

/* Build network, plans and optimiser; everything that can fail before the first step. nn_blas_init must have succeeded.
 * The caller frees with trainer_free (NULL is fine). */
NnStatus trainer_new(const TrainerSpec *spec, Trainer **out, NnErr *err);
void trainer_free(Trainer *t);

/* Start loading batches, from the step reached; before the first train_step, and after trainer_stop. */
NnStatus trainer_start(Trainer *t, NnErr *err);

/* Stop loading; batches that were prepared are forgotten. Then the data set may be changed. */
void trainer_stop(Trainer *t);

/* From the next trainer_start on, regions are removed from training images as [regions] says (not with augment = 0). Takes
 * both over: place [set->n] is as in DataRemoval. */
void trainer_remove_regions(Trainer *t, DataRegionMaps *maps, int *place);

/* Seconds that steps have waited for a batch, in this process. */
double trainer_waited(const Trainer *t);

/* One step: `accumulate` batches forward and backward, clip, update. ERR_NUMERIC if loss, gradient or updated weights
 * are not finite: names step, first bad node and files. ERR_DATA and others from the loader. */
NnStatus train_step(Trainer *t, TrainStep *out, NnErr *err);

/* Judge the present weights (their average, with EMA on) on the validation items, and update best, stale, threshold
 * and plateau; *better says whether this is the best so far. Gives up between batches, changing nothing, once *stop is
 * set. */
NnStatus trainer_validate(Trainer *t, const volatile sig_atomic_t *stop, TrainValidation *out, int *better, NnErr *err);

/* Has a stretch of validate_every steps, or the run, just ended? Then is the time to validate and to save. */
int trainer_at_milestone(const Trainer *t);

/* Rows of the graph's inputs: images that it judges at a time. */
int trainer_rows(const Trainer *t);

/* Is a validation due that has not been made? At milestones, if there are validation items. */
int trainer_validation_due(const Trainer *t);

/* Epoch of step number `step` (1-based both). */
int64_t trainer_epoch(const Trainer *t, int64_t step);

#endif
