/* region_maps.h -- a file of primary region maps: one for each training image, measured once.
 *
 * Cheng et al., "Towards Generalizable Deepfake Detection by Primary Region Regularization" (arXiv 2307.12534). A map says
 * for every pixel how much detectors lean on it. It belongs to one image: the file keeps a checksum of the pixels that it
 * was measured on, and a map is refused for any others.
 *
 * Format (little endian): "LOCUSMAP", u32 CRC-32 of all that follows, u32 version, u32 size, u32 n; then n entries {
 * u64 checksum of the image, u64 place in the file, u64 length } in the order of the training items; then the maps one
 * after the other, without gaps, each as zlib-compressed bytes [size,size], 255 = 1. */
#ifndef DATA_REGION_MAPS_H
#define DATA_REGION_MAPS_H
#include "data/data_set.h"

typedef struct DataRegionMaps DataRegionMaps;

/* An empty collection for n items of size x size pixels; NULL: no memory. Free with data_region_maps_free. */
DataRegionMaps *data_region_maps_new(int n, int size);
void data_region_maps_free(DataRegionMaps *m);

/* Entry i: map [size,size] in [0,1], of the image (which is as data_set_read gave it). What is above 0 stays above 0.
 * Threads may set different entries at a time. ERR_NOMEM. */
NnStatus data_region_maps_set(DataRegionMaps *m, int i, const DataImage *image, const float *map, NnErr *err);

/* May a file of maps be written there? To be asked before hours of measuring. ERR_USAGE: a folder, or a file of
 * something else, which would be lost. */
NnStatus data_region_maps_check_place(const char *path, NnErr *err);

/* Write, atomically. ERR_IO; ERR_DATA: an entry was never set. */
NnStatus data_region_maps_save(const DataRegionMaps *m, const char *path, NnErr *err);

/* Read and check. ERR_IO; ERR_FORMAT: damaged, or not such a file; ERR_DATA: not for n items of this size. */
NnStatus data_region_maps_load(const char *path, int n, int size, DataRegionMaps **out, NnErr *err);

/* Entry i as bytes [size,size], 255 = 1, into map. Thread-safe. ERR_DATA: it was measured on another image (stale);
 * ERR_FORMAT: it does not unpack to size x size bytes. */
NnStatus data_region_maps_get(const DataRegionMaps *m, int i, const DataImage *image, unsigned char *map, NnErr *err);

int data_region_maps_size(const DataRegionMaps *m);     /* pixels a side */
size_t data_region_maps_bytes(const DataRegionMaps *m); /* compressed, in memory */

#endif
