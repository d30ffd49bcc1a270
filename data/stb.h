/* stb.h -- the few calls that image.c makes into the stb image library.
 *
 * Decoding trusts its input: the guard (image_guard.h) has to look first. */
#ifndef DATA_STB_H
#define DATA_STB_H
#include "data/image.h"

/* Decode PNG or JPEG bytes to c channels (1 or 3), using at most `budget` bytes of memory.
 * ERR_FORMAT, with stb's reason and `name`, or ERR_NOMEM. The caller frees out. */
NnStatus data_stb_decode(const unsigned char *bytes, size_t len, const char *name, int c, size_t budget, DataImage *out,
                         NnErr *err);

/* Encode an image. The caller frees out->data. ERR_NOMEM. */
NnStatus data_stb_encode_png(const DataImage *img, DataBytes *out, NnErr *err);
NnStatus data_stb_encode_jpeg(const DataImage *img, int quality, DataBytes *out, NnErr *err);

#endif
