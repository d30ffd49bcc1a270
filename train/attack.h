/* attack.h -- the detector as its adversary sees it: frozen, with the images changed on their way in.
 *
 * One graph over the detector's own parameters: the batch's images, changed by a lever, go through the detector into the
 * run's objective. Two plans of it: one climbs, from the lever to the loss and back; the other only changes images. The
 * lever is the map s of a blur [N,1,H,W], or something to be added [N,3,H,W].
 *
 * The reconstruction loss compares with the changed image, as in the detector's own step; as a target it passes no
 * gradient. */
#ifndef TRAIN_ATTACK_H
#define TRAIN_ATTACK_H
#include "train/objective.h"

typedef enum { TRAIN_LEVER_PRECISION, TRAIN_LEVER_SHIFT } TrainLever;

typedef struct {
    const TrainConfig *config;
    NnParams *params;    /* of the detector, sealed */
    const char *kernels; /* NnPlanSpec.kernels, or NULL */
    TrainLever lever;
    int climbs; /* 0: no gradient is ever asked for; then there is no detector in it */
} TrainAttackSpec;

typedef struct {
    NnGraph *graph;
    TrainInputs inputs;
    NnVar lever, changed;
    TrainObjective objective;
    NnPlan *climb;  /* frozen, forward and backward; NULL if it does not climb */
    NnPlan *change; /* lever -> changed; NULL for TRAIN_LEVER_SHIFT */
} TrainAttack;

/* After a failure too, train_attack_deinit is to be called. */
NnStatus train_attack_init(TrainAttack *a, const TrainAttackSpec *spec, NnErr *err);
void train_attack_deinit(TrainAttack *a);

/* The batch to be attacked, and which of its masks count. */
void train_attack_load(TrainAttack *a, const DataBatch *batch, TrainMaskUse masks);

/* The objective at this lever, and its gradient: valid until the next call. */
double train_attack_climb(TrainAttack *a, const float *lever, const float **gradient);

/* image [N,3,H,W], lever [N,1,H,W] -> changed [N,3,H,W]. */
void train_attack_change(TrainAttack *a, const float *image, const float *lever, float *changed);

#endif
