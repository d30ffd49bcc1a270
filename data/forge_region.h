/* forge_region.h -- what forging methods share: regions with irregular soft outlines, sampling, colour statistics,
 * and the one place where new pixels are blended into the photo and the mask is written.
 *
 * A method draws a region, fills `layer` with what the region shall show, and calls data_forge_finish. */
#ifndef DATA_FORGE_REGION_H
#define DATA_FORGE_REGION_H
#include "data/forge.h"

typedef struct {
    int w, h;
    int x0, y0, x1, y1; /* half open: all of the region lies in it */
    float *alpha;       /* [h][w] 0..1; exactly 0 outside of the region */
    float *layer;       /* [h][w][3] new content, levels 0..255, read where alpha > 0 */
} DataForgeWork;

/* An outline around (cx,cy): an ellipse with half axes rx, ry, turned by `turn` (radians), whose radius is
 * perturbed by `wobble` (share, 0 = plain). corners = 0 gives a smooth blob, 3.. a polygon. All in pixels; alpha
 * rises from 0 at the outline to 1 over `feather` pixels inside it. */
typedef struct {
    float cx, cy, rx, ry, turn, wobble, feather;
    int corners;
} DataForgeShape;

/* A random shape that covers lo..hi of the picture, with its centre on the subject (data_forge_shape_on_face) or
 * anywhere. Feather, wobble and turn are drawn, too. */
DataForgeShape data_forge_shape_on_face(const DataForgeInput *in, NnRng *rng, float lo, float hi);
DataForgeShape data_forge_shape_anywhere(const DataForgeInput *in, NnRng *rng, float lo, float hi);

/* Allocate the work for a photo and fill alpha from the shape (at least one pixel is in). ERR_SHAPE unless the
 * photo, and the donor if there is one, are RGB of one size. Release with data_forge_work_free. */
NnStatus data_forge_work_new(const DataForgeInput *in, const DataForgeShape *shape, NnRng *rng, DataForgeWork *work,
                             NnErr *err);
void data_forge_work_free(DataForgeWork *work);

/* out = photo + alpha (layer - photo), rounded; mask = 255 where alpha > 0. Both images are new. */
NnStatus data_forge_finish(const DataForgeInput *in, const DataForgeWork *work, DataImage *out, DataImage *mask,
                           NnErr *err);

/* Pixel (x,y) of an RGB image between samples, border repeated: bilinear or Catmull-Rom cubic (Keys 1981, a = -1/2). */
void data_sample_bilinear(const DataImage *img, float x, float y, float out[3]);
void data_sample_bicubic(const DataImage *img, float x, float y, float out[3]);

/* Per channel mean and standard deviation, weighted with alpha, of the photo and of the layer; the layer is then
 * moved towards the photo's: strength 0 leaves it, 1 matches both. Contrast changes by at most 1.6 times. */
void data_forge_match_colours(const DataForgeWork *work, const DataImage *photo, float strength);

NnStatus data_forge_swap(const DataForgeInput *in, NnRng *rng, DataImage *out, DataImage *mask, NnErr *err);
NnStatus data_forge_inpaint(const DataForgeInput *in, NnRng *rng, DataImage *out, DataImage *mask, NnErr *err);
NnStatus data_forge_recolor(const DataForgeInput *in, NnRng *rng, DataImage *out, DataImage *mask, NnErr *err);
NnStatus data_forge_warp(const DataForgeInput *in, NnRng *rng, DataImage *out, DataImage *mask, NnErr *err);
NnStatus data_forge_resample(const DataForgeInput *in, NnRng *rng, DataImage *out, DataImage *mask, NnErr *err);
NnStatus data_forge_splice(const DataForgeInput *in, NnRng *rng, DataImage *out, DataImage *mask, NnErr *err);

#endif
