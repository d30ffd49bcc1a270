/* image_guard.h -- looks at every byte of a PNG or JPEG file before the decoder may.
 *
 * The decoder is small and fast, but it trusts its input: it checks no PNG checksum,
 * and some tables can make it write out of bounds. The guard walks the file by its own
 * lengths and refuses what is damaged, cut short, too large or of another kind. */
#ifndef DATA_IMAGE_GUARD_H
#define DATA_IMAGE_GUARD_H
#include <stddef.h>

#include "nn/base/status.h"

/* What the guard learned of an accepted file. */
typedef struct {
    size_t w, h;
    size_t budget;        /* bytes that decoding may use */
    size_t palette_at;    /* PNG with a palette shorter than its indices reach: where that */
    size_t palette_bytes; /* chunk begins, and the bytes of its entries; else both 0 */
} DataImageFacts;

/* ERR_FORMAT names the file and what is wrong with it; anything that is neither PNG nor
 * JPEG is named by what it looks like. JPEG has no checksums, so a changed byte among
 * its coefficients may pass. */
NnStatus data_image_inspect(const unsigned char *bytes, size_t len, const char *name, size_t max_pixels,
                            DataImageFacts *facts, NnErr *err);

#endif
