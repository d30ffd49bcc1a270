/* forge_splice.c -- splice: a piece of another photograph pasted anywhere.
 *
 * Irregular outline, hardly any feather, colours matched in part or not at all; the
 * piece may be mirrored. What remains are its own noise, blur, light and JPEG grid. */
#include "data/forge_region.h"

/* Where in the donor the piece comes from: an offset that keeps most of it inside. */
static void fill_from_donor(const DataForgeInput *in, const DataForgeShape *s, NnRng *rng, DataForgeWork *work)
{
    const float w = (float)work->w, h = (float)work->h;
    const int dx = (int)(nn_rng_range(rng, 0.2f, 0.8f) * w - s->cx),
              dy = (int)(nn_rng_range(rng, 0.2f, 0.8f) * h - s->cy);
    const int mirror = nn_rng_coin(rng, 0.5f);
    for (int y = 0; y < work->h; y++)
        for (int x = 0; x < work->w; x++) {
            const int from = mirror ? work->w - 1 - (x + dx) : x + dx;
            if (work->alpha[y * work->w + x] > 0)
                data_sample_bilinear(in->donor, (float)from, (float)(y + dy), work->layer + 3 * (y * work->w + x));
        }
}

NnStatus data_forge_splice(const DataForgeInput *in, NnRng *rng, DataImage *out, DataImage *mask, NnErr *err)
{
    DataForgeShape shape = data_forge_shape_anywhere(in, rng, 0.03f, 0.13f);
    DataForgeWork work;
    shape.feather = nn_rng_range(rng, 0.5f, 2);
    NN_TRY(data_forge_work_new(in, &shape, rng, &work, err));
    fill_from_donor(in, &shape, rng, &work);
    const float strength = nn_rng_coin(rng, 0.15f) ? nn_rng_range(rng, 0, 0.6f) : nn_rng_range(rng, 0.7f, 1);
    data_forge_match_colours(&work, in->photo, strength);
    const NnStatus s = data_forge_finish(in, &work, out, mask, err);
    data_forge_work_free(&work);
    return s;
}
