/* region_removal.h -- taking the primary region out of a training image, anew at every reading.
 *
 * Cheng et al. (arXiv 2307.12534), stage 2. With `probability`, draw alpha from [alpha_min, alpha_max); of the n pixels
 * with a map above 0 the int(alpha n) hottest ones are filled (of equally hot ones, those first in reading order). The
 * control `random` fills as many pixels elsewhere: the same form, moved by a random distance around the edges of the
 * image. The mask of the forgery stays as it is.
 *
 * Fills: noise, a colour drawn for every pixel; black; mean, the image's mean colour; blur, the image at an eighth of its
 * resolution. */
#ifndef DATA_REGION_REMOVAL_H
#define DATA_REGION_REMOVAL_H
#include "data/data_set.h"
#include "data/region_maps.h"
#include "nn/base/rng.h"

/* What the loader needs to know (DataLoaderSpec.removal). */
typedef struct DataRemoval {
    DataRegions settings;
    const DataRegionMaps *maps; /* entry place[i] belongs to item i of the set */
    const int *place;           /* [set->n]; -1: no map, and nothing is removed */
} DataRemoval;

/* Settings that make no sense: ERR_CONFIG if alpha_min is above alpha_max. */
NnStatus data_region_check(const DataRegions *settings, NnErr *err);

/* Perhaps remove something from the image, in place. map [H,W], 255 = hottest. Every decision is drawn whether or not it
 * is used: other settings leave the rest as it was. ERR_NOMEM. */
NnStatus data_region_remove(const DataRegions *settings, NnRng *rng, const unsigned char *map, DataImage *image,
                            NnErr *err);

/* The same to an item of a set as it was read; `epoch` is the number of its pass (DataDraw). An error names the item.
 * ERR_DATA: its map is stale. */
NnStatus data_region_remove_item(const DataRemoval *r, const DataSet *set, uint64_t seed, uint32_t epoch, int item,
                                 DataImage *image, NnErr *err);

#endif
