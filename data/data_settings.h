/* data_settings.h -- the [data], [augment] and [regions] sections of a configuration. */
#ifndef DATA_SETTINGS_H
#define DATA_SETTINGS_H
#include "nn/base/settings.h"

typedef enum {
    DATA_SOURCE_PORTRAITS,
    DATA_SOURCE_PHOTOS,
    DATA_SOURCE_MANIFEST,
    DATA_SOURCE_FOLDER,
    DATA_SOURCE_SPEC
} DataSourceKind;
/* Options of a SPEC (data/spec.h) whose values are paths. */
#define DATA_SPEC_PATHS "root splits"

typedef enum { DATA_FIT_RESIZE, DATA_FIT_CROP } DataFit;
typedef enum { DATA_BAD_STOP, DATA_BAD_SKIP } DataOnBad;

/* Field order follows the table in data_settings.c, where each key is explained. */
typedef struct {
    int source; /* DataSourceKind */
    char path[NN_TEXT_MAX];
    char methods[NN_TEXT_MAX]; /* trained on, comma separated; all others are unseen */
    char forge[NN_TEXT_MAX];   /* manipulations made from portraits and photos */
    int size;                  /* pixels, square */
    int fit;                   /* DataFit */
    int identities;            /* portraits: number of people over all splits */
    float val_fraction, test_fraction;
    int quality_min, quality_max; /* JPEG post-processing of portraits and photos */
    float noise;                  /* post-processing noise, standard deviation in levels */
    int on_bad;                   /* DataOnBad */
    int max_pixels;
    int cache_mib;           /* decoded images kept in memory, MiB */
    int threads;             /* loader threads */
    int balance;             /* draw real and forged equally often */
    char allow[NN_TEXT_MAX]; /* findings of the data check that do not stop a run (audit.h), comma separated */
} DataSettings;

typedef struct {
    float flip;               /* probability of a left-right mirror */
    int shift;                /* largest translation, pixels (reflected border) */
    float jpeg;               /* probability of a further JPEG round trip */
    int jpeg_min, jpeg_max;   /* its quality */
    float blur, blur_sigma;   /* probability; largest sigma, pixels */
    float noise, noise_sigma; /* probability; largest standard deviation, levels */
    float colour;             /* largest change of brightness, contrast, saturation, as a share */
} DataAugment;

typedef enum { DATA_REMOVE_NONE, DATA_REMOVE_PRIMARY, DATA_REMOVE_RANDOM } DataRemove;
typedef enum { DATA_FILL_NOISE, DATA_FILL_BLACK, DATA_FILL_MEAN, DATA_FILL_BLUR } DataFill;

/* [regions]: what is taken out of training images (data/region_removal.h). */
typedef struct {
    int remove;                 /* DataRemove */
    char maps[NN_TEXT_MAX];     /* file of primary region maps; "": the run measures its own */
    float probability;          /* of a removal, at every read */
    float alpha_min, alpha_max; /* which share of the primary region goes */
    int fill;                   /* DataFill */
} DataRegions;

extern const NnSection data_section, data_augment_section, data_regions_section;

#endif
