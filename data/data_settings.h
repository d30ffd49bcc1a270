/* data_settings.h -- the [data] and [augment] sections of a configuration. */
#ifndef DATA_SETTINGS_H
#define DATA_SETTINGS_H
#include "nn/base/settings.h"

typedef enum { DATA_SOURCE_PORTRAITS, DATA_SOURCE_PHOTOS, DATA_SOURCE_MANIFEST, DATA_SOURCE_FOLDER } DataSourceKind;
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
    int cache_mib; /* decoded images kept in memory, MiB */
    int threads;   /* loader threads */
    int balance;   /* draw real and forged equally often */
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

extern const NnSection data_section, data_augment_section;

#endif
