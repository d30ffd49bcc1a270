/* portraits.h -- procedural, photograph-like faces: the embedded data set.
 *
 * Person p of a seed always looks the same, and no two look alike: geometry, pose,
 * skin, hair, light, background and texture are drawn from (seed, p). Rendered
 * with the traces of a camera: lens blur, sensor noise, JPEG compression. */
#ifndef DATA_PORTRAITS_H
#define DATA_PORTRAITS_H
#include "data/image.h"
#include "nn/base/rng.h"

/* Where the inner face is in the picture: shares of width and height. */
typedef struct {
    float cx, cy, rx, ry;
} DataFaceBox;

/* Render person p as a size x size RGB image. The caller frees out. */
NnStatus data_portrait_render(uint64_t seed, uint32_t person, int size, DataImage *out, DataFaceBox *face, NnErr *err);

/* Where the inner face of that person is, without rendering it. ERR_NOMEM. */
NnStatus data_portrait_face(uint64_t seed, uint32_t person, DataFaceBox *face, NnErr *err);

#endif
