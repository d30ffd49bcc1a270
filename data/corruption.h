/* corruption.h -- what happens to images on their way through the world, as three published protocols have it: the one
 * table of their operators and levels, and functions that do it to an image.
 *
 * No operator moves pixels, so masks stay as they are. README.md of eval/ ("Robustness") names the sources, and where
 * our results differ from theirs by a rounding or an encoder. */
#ifndef DATA_CORRUPTION_H
#define DATA_CORRUPTION_H
#include "data/image.h"
#include "nn/base/rng.h"

enum { DATA_OPERATORS = 11, DATA_LEVELS_MAX = 8 };

/* One operator of a protocol; its levels go from mild to severe. */
typedef struct {
    const char *protocol, *name;
    const char *unit; /* of its levels, in words */
    const char *what; /* it does, in a sentence */
    int n_levels;
    double levels[DATA_LEVELS_MAX];
    /* Change the image [H][W][3] in place; values are rounded to the nearest and clamped to 0..255. ERR_NOMEM. */
    NnStatus (*apply)(DataImage *image, double level, NnRng *rng, NnErr *err);
} DataOperator;

/* The operators of one protocol stand together. */
extern const DataOperator data_operators[DATA_OPERATORS];

/* Encoder and chroma subsampling behind every operator "jpeg", in words. */
extern const char data_corruption_encoder[];

/* How many grey blocks of 8x8 pixels the operator "blocks" puts on an image of w x h:
 *     min(w, h) / 256 * level, in whole numbers, as published; below 256 pixels, where that would be none,
 *     level * w h / 256^2, rounded, and at least 1. */
int data_corruption_blocks(int w, int h, double level);

/* One operator at one level: what a loader is told (DataLoaderSpec.corruption). */
typedef struct DataCorruption {
    const DataOperator *op;
    int level; /* place in op->levels */
    uint64_t seed;
} DataCorruption;

/* Corrupt the image of item `item` in place, at the size it has. All draws come from (seed, NN_STREAM_CORRUPTION,
 * operator and level, item): neither threads nor order change a bit. */
NnStatus data_corrupt(const DataCorruption *c, int item, DataImage *image, NnErr *err);

/* Is every name of this comma list a protocol, or `all`? ERR_USAGE lists the known ones, and the nearest. */
NnStatus data_protocols_check(const char *list, NnErr *err);

/* Does the list name the operator's protocol? */
int data_protocols_hold(const char *list, const DataOperator *op);

#endif
