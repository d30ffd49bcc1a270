/* augment.h -- random changes to a training sample; the mask follows the geometry. */
#ifndef DATA_AUGMENT_H
#define DATA_AUGMENT_H
#include "data/data_set.h"
#include "nn/base/rng.h"

/* Apply what the settings ask for, in this order: flip, shift (image and mask alike), then
 * colour, blur, noise, JPEG (image only). In place; the size stays. ERR_CONFIG: jpeg_min above jpeg_max. */
NnStatus data_augment(const DataAugment *settings, NnRng *rng, DataSample *sample, NnErr *err);

#endif
