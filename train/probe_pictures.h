/* probe_pictures.h -- what a probe (probe.h) has to show, as RGB pictures of TRAIN_PROBE_TILE pixels or fewer. */
#ifndef TRAIN_PROBE_PICTURES_H
#define TRAIN_PROBE_PICTURES_H
#include "train/probe.h"

/* All: *out is the caller's to free. ERR_NOMEM. */

/* Planes [3,size,size] in -1..1, as a photo. */
NnStatus train_picture_photo(const TrainProbe *p, const float *planes, DataImage *out, NnErr *err);
/* A map [size,size] in 0..1, in ramp colours. */
NnStatus train_picture_map(const TrainProbe *p, const float *map, DataImage *out, NnErr *err);
/* The mask of image i; where it is not known, grey. */
NnStatus train_picture_mask(const TrainProbe *p, int i, DataImage *out, NnErr *err);
/* Tile i of a strip of grey levels (train_probe_maps), in ramp colours. */
NnStatus train_picture_tile(const DataImage *strip, int i, DataImage *out, NnErr *err);
/* The last look's maps, in ramp colours, beside each other. */
NnStatus train_probe_map_row(const TrainProbe *p, DataImage *out, NnErr *err);
/* Photos in one row, their masks below, in the same places. */
NnStatus train_probe_truth_rows(const TrainProbe *p, DataImage *out, NnErr *err);

#endif
