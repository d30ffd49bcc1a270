/* heat_map.h -- interpretation maps as pictures: a colour ramp, overlays, and placing pictures on a canvas. */
#ifndef DATA_HEAT_MAP_H
#define DATA_HEAT_MAP_H
#include "data/image.h"

/* Colour of a map value: 0 dark blue, over purple and orange, to 1 pale yellow. Lightness rises all the way, so that
 * it also reads in grey. Values outside 0..1 are clamped. */
void data_ramp_colour(float v, unsigned char rgb[3]);

/* Picture of planes [3,size,size], -1..1. */
NnStatus data_picture_from_planes(const float *planes, int size, DataImage *out, NnErr *err);
/* Picture of a map [size,size], 0..1, in ramp colours. */
NnStatus data_picture_from_map(const float *map, int size, DataImage *out, NnErr *err);
/* Black and white picture of a mask [size,size], 0 or 1. */
NnStatus data_picture_from_mask(const float *mask, int size, DataImage *out, NnErr *err);

/* The ramp laid over a photo of any size, the stronger the higher the map [size,size] (bilinear in between): where
 * the map is 0 the photo is untouched. */
NnStatus data_overlay(const DataImage *photo, const float *map, int size, DataImage *out, NnErr *err);

/* Photo and overlay beside each other with a white gutter, small ones enlarged in whole steps to 192 pixels or more. */
NnStatus data_photo_and_overlay(const DataImage *photo, const float *map, int size, DataImage *out, NnErr *err);

/* Copy an RGB picture onto an RGB canvas at (x,y), each pixel zoom x zoom; it must fit. */
void data_picture_place(DataImage *canvas, int x, int y, int zoom, const DataImage *picture);

#endif
