/* jpeg_trip.h -- what saving an image as a JPEG and reading it again does to its pixels, without making the file. */
#ifndef DATA_JPEG_TRIP_H
#define DATA_JPEG_TRIP_H
#include "data/image.h"

/* Replace an RGB image by what data_image_to_jpeg and data_image_decode would make of it: the same bits, at a fifth of
 * the time, since the step that loses nothing (Huffman coding) is left out. quality 1..100. ERR_SHAPE, ERR_CONFIG,
 * ERR_NOMEM; *img is unchanged then. */
NnStatus data_image_through_jpeg(DataImage *img, int quality, NnErr *err);

#endif
