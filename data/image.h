/* image.h -- 8-bit images, and the one door to the decoders and encoders.
 *
 * Nothing else in the project includes stb_image. Files are hostile until they
 * have passed the guard in front of the decoder (image_guard.h). */
#ifndef DATA_IMAGE_H
#define DATA_IMAGE_H
#include <stddef.h>

#include "nn/base/status.h"

/* Pixels [H][W][C], interleaved, 0..255; C = 3 RGB or 1 grey. Owns px. */
typedef struct {
    int w, h, c;
    unsigned char *px;
} DataImage;

typedef struct {
    unsigned char *data;
    size_t len;
} DataBytes;

/* Default of [data] max_pixels: what a decoder may be asked to unpack. */
#define DATA_MAX_PIXELS 25000000

/* A w x h image of c channels, all zero. ERR_NOMEM, or ERR_SHAPE for sizes < 1. */
NnStatus data_image_new(int w, int h, int c, DataImage *out, NnErr *err);
NnStatus data_image_copy(const DataImage *src, DataImage *out, NnErr *err);
void data_image_free(DataImage *img); /* also leaves *img zeroed; NULL px is fine */

/* Decode PNG or JPEG to c channels (1 or 3). `name` goes into messages. Refuses
 * anything damaged (checksums, truncation, bad tables), anything that is neither
 * PNG nor JPEG (named by what it looks like), and more than max_pixels. */
NnStatus data_image_decode(const unsigned char *bytes, size_t len, const char *name, int c, size_t max_pixels,
                           DataImage *out, NnErr *err);

/* The same from a regular file (no device, fifo or folder): ERR_IO or ERR_FORMAT naming the path. */
NnStatus data_image_load(const char *path, int c, size_t max_pixels, DataImage *out, NnErr *err);

/* Baseline JPEG, quality 1..100 (4:2:0 up to 90, 4:4:4 above, as stb_image_write does).
 * The caller frees out->data. */
NnStatus data_image_to_jpeg(const DataImage *img, int quality, DataBytes *out, NnErr *err);

/* Save as such a JPEG in memory and read it again: img gets the losses. Unchanged on failure. */
NnStatus data_image_through_jpeg(DataImage *img, int quality, NnErr *err);

/* PNG in memory. The caller frees out->data. */
NnStatus data_image_to_png(const DataImage *img, DataBytes *out, NnErr *err);

/* PNG file, written whole or not at all. */
NnStatus data_image_save_png(const DataImage *img, const char *path, NnErr *err);
NnStatus data_image_save_jpeg(const DataImage *img, const char *path, int quality, NnErr *err);

/* Resample to w x h: box average when shrinking, bilinear (half-pixel centres) when growing. */
NnStatus data_image_resize(const DataImage *src, int w, int h, DataImage *out, NnErr *err);

/* Copy of the w x h window at (x,y), which must lie inside. */
NnStatus data_image_crop(const DataImage *src, int x, int y, int w, int h, DataImage *out, NnErr *err);

#endif
