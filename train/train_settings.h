/* train_settings.h -- the [loss], [optim] and [train] sections, and the whole configuration of a run.
 *
 * The tables in train_settings.c explain each key; `build/train --help-config` prints them. */
#ifndef TRAIN_SETTINGS_H
#define TRAIN_SETTINGS_H
#include "data/data_settings.h"
#include "nn/model/detector.h"

typedef enum { TRAIN_REC_L1, TRAIN_REC_MSE } TrainRecKind;
typedef enum { TRAIN_MASK_MSE, TRAIN_MASK_BCE, TRAIN_MASK_DICE } TrainMaskKind;

/* [loss]: weight 0 leaves a term out of the graph. */
typedef struct {
    float rec;
    int rec_kind; /* TrainRecKind */
    float latent;
    float mask;
    int mask_kind;    /* TrainMaskKind */
    int mask_on_real; /* real images count in the mask loss, with an empty mask */
    float cls;
} TrainLossSettings;

typedef enum { TRAIN_SGD, TRAIN_ADAM, TRAIN_ADAMW, TRAIN_RADAM } TrainOptimizerKind;
typedef enum { TRAIN_CONSTANT, TRAIN_STEP, TRAIN_COSINE, TRAIN_POLY, TRAIN_PLATEAU } TrainScheduleKind;

/* [optim] */
typedef struct {
    int optimizer; /* TrainOptimizerKind */
    float lr;
    float momentum; /* sgd */
    int nesterov;   /* sgd */
    float beta1, beta2, eps;
    float weight_decay; /* on NN_PARAM_DECAY parameters only */
    int schedule;       /* TrainScheduleKind */
    int warmup;         /* steps */
    int step_every;     /* steps */
    float step_factor;
    float poly_power;
    int plateau_patience; /* validations */
    float plateau_factor;
    float clip_norm; /* 0: off */
    int accumulate;  /* batches per step */
    float ema;       /* 0: off */
} TrainOptimSettings;

typedef enum { TRAIN_BEST_AUC, TRAIN_BEST_LOSS } TrainBestKind;

/* [train] */
typedef struct {
    int epochs;
    int steps; /* 0: what epochs come to */
    int batch;
    int seed;
    int threads;        /* 0: every CPU */
    int validate_every; /* steps; 0: once per epoch */
    int patience;       /* validations; 0: no early stopping */
    int best;           /* TrainBestKind */
    int log_every;      /* steps */
    char out[NN_TEXT_MAX];
    char conv[NN_TEXT_MAX]; /* NnPlanSpec.kernel */
    int memory;             /* NnMemory */
} TrainRunSettings;

extern const NnSection train_loss_section, train_optim_section, train_run_section;

/* Everything a run is configured by: one struct per section. */
typedef struct {
    NnModelSettings model;
    DataSettings data;
    DataAugment augment;
    TrainLossSettings loss;
    TrainOptimSettings optim;
    TrainRunSettings train;
} TrainConfig;

enum { TRAIN_SECTIONS = 6 };

/* Bind every section to its struct in c. */
void train_config_bind(TrainConfig *c, NnBinding b[TRAIN_SECTIONS]);

/* Defaults, then the file, then each "section.key=value". A relative data.path becomes absolute, so that the stored
 * configuration means the same from any folder. ERR_CONFIG or ERR_IO. */
NnStatus train_config_load(TrainConfig *c, const char *path, const char *const *sets, int n_sets, NnErr *err);

/* Settings that make no sense together, e.g. a score that no loss trains. ERR_CONFIG. */
NnStatus train_config_check(const TrainConfig *c, NnErr *err);

/* The resolved configuration as INI text, and back. Caller frees the text; NULL: no memory. */
char *train_config_format(const TrainConfig *c);
NnStatus train_config_parse(TrainConfig *c, const char *text, const char *name, NnErr *err);

/* For --resume: a run goes on with the configuration it began with. `stored` takes the keys that may change (length
 * of the run, threads, logging) from `given`; any other difference is ERR_CONFIG naming the key and both values. */
NnStatus train_config_merge(TrainConfig *stored, const TrainConfig *given, NnErr *err);

#endif
