/* train_settings.h -- the sections that belong to training ([loss], [gradcam], [active], [blur], [optim], [train]), and the
 * whole configuration of a run.
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
    int report;             /* report.html, and what it needs */
} TrainRunSettings;

typedef enum { TRAIN_EXPLAIN_DECISION, TRAIN_EXPLAIN_FORGED } TrainExplain;
typedef enum { TRAIN_FUSE_THRESHOLD, TRAIN_FUSE_NEIGHBOUR } TrainFusion;

/* [gradcam]: how primary regions are found (train/regions.h). */
typedef struct {
    char detectors[NN_TEXT_MAX]; /* run folders or checkpoints, comma separated; "": the network in training */
    char layer[NN_TEXT_MAX];     /* scope of the layer that is looked at; "": the latent */
    int explain;                 /* TrainExplain */
    int fusion;                  /* TrainFusion */
    float t1, t2, t3;            /* thresholds of the fusion */
    float begin;                 /* share of the run after which it measures its own maps */
} TrainGradcamSettings;

typedef enum { TRAIN_PICK_OFF, TRAIN_PICK_UNCERTAINTY, TRAIN_PICK_CHANNEL, TRAIN_PICK_RANDOM } TrainPicker;
typedef enum { TRAIN_ANNOTATE_ORACLE, TRAIN_ANNOTATE_PERSON } TrainAnnotate;

/* [active]: masks for a few chosen images only (train/active.h). */
typedef struct {
    int picker;   /* TrainPicker */
    float budget; /* share of the training images */
    float begin;  /* share of the run after which the candidates are picked */
    int annotate; /* TrainAnnotate */
    float draw;   /* share of the forged images drawn from then on that are candidates */
} TrainActiveSettings;

typedef enum {
    TRAIN_BLUR_NONE,
    TRAIN_BLUR_GRADIENT,
    TRAIN_BLUR_GENERATOR,
    TRAIN_BLUR_RANDOM,
    TRAIN_BLUR_UNIFORM,
    TRAIN_BLUR_PERTURB
} TrainBlurKind;

/* [blur]: the adversary that the detector is trained against (train/adversary.h). */
typedef struct {
    int kind;     /* TrainBlurKind */
    float weight; /* lambda: of the loss on the changed images */
    int kernel;   /* pixels: 3, 5, 7 */
    int steps;    /* of the adversary before each step of the detector */
    float start;  /* gradient: precision at the outset */
    float step;   /* gradient: length of one ascent, as a root mean square over the map */
    float rms;    /* gradient: root mean square that each image's map is brought to; 0: not */
    float s_min;  /* generator: smallest precision */
    int width;    /* generator: channels of its first layer */
    float lr;     /* generator: learning rate */
    int two_generators;
    float sigma;  /* random and uniform: largest sigma, pixels */
    float levels; /* perturb: size, of 255 levels */
} TrainBlurSettings;

extern const NnSection train_loss_section, train_optim_section, train_run_section;
extern const NnSection train_gradcam_section, train_active_section, train_blur_section;

/* Everything a run is configured by: one struct per section. */
typedef struct {
    NnModelSettings model;
    DataSettings data;
    DataAugment augment;
    DataRegions regions;
    TrainGradcamSettings gradcam;
    TrainActiveSettings active;
    TrainBlurSettings blur;
    TrainLossSettings loss;
    TrainOptimSettings optim;
    TrainRunSettings train;
} TrainConfig;

enum { TRAIN_SECTIONS = 10 };

/* Bind every section to its struct in c. */
void train_config_bind(TrainConfig *c, NnBinding b[TRAIN_SECTIONS]);

/* Defaults, then the file, then each "section.key=value". Relative paths become absolute (data.path,
 * regions.maps, gradcam.detectors), so that the stored configuration means the same from any folder. ERR_CONFIG or ERR_IO. */
NnStatus train_config_load(TrainConfig *c, const char *path, const char *const *sets, int n_sets, NnErr *err);

/* Settings that make no sense together, e.g. a score that no loss trains. ERR_CONFIG. */
NnStatus train_config_check(const TrainConfig *c, NnErr *err);

/* The resolved configuration as INI text, and back. Caller frees the text; NULL: no memory. */
char *train_config_format(const TrainConfig *c);
NnStatus train_config_parse(TrainConfig *c, const char *text, const char *name, NnErr *err);

/* For --resume: a run goes on with the configuration it began with. `stored` takes the keys that may change (length of
 * the run, threads, logging, [data] allow) from `given`; any other difference is ERR_CONFIG naming the key and both
 * values. Paths that `stored` holds as they were once given count from the current folder. */
NnStatus train_config_merge(TrainConfig *stored, const TrainConfig *given, NnErr *err);

#endif
