/* forge_splice.c -- splice: a piece of another photograph pasted anywhere.
 *
 * Irregular outline, hardly any feather, colours matched in part or not at all; the
 * piece may be mirrored. As a forger would, it tries a few pieces and takes the one that
 * sits best: chosen blindly, the new edges would make spliced files larger than real
 * ones. What remains are its own noise, blur, light and JPEG grid. */
#include <math.h>

#include "data/forge_region.h"

enum { TRIES = 6 };

/* Where in the donor a piece comes from. */
typedef struct {
    int dx, dy, mirror;
} Piece;

/* An offset that keeps most of the piece inside the donor. */
static Piece draw_piece(const DataForgeShape *s, const DataForgeWork *work, NnRng *rng)
{
    Piece p;
    p.dx = (int)(nn_rng_range(rng, 0.2f, 0.8f) * (float)work->w - s->cx);
    p.dy = (int)(nn_rng_range(rng, 0.2f, 0.8f) * (float)work->h - s->cy);
    p.mirror = nn_rng_coin(rng, 0.5f);
    return p;
}

static void fill_from_donor(const DataForgeInput *in, const Piece *p, float strength, DataForgeWork *work)
{
    for (int y = work->y0; y < work->y1; y++)
        for (int x = work->x0; x < work->x1; x++) {
            const int from = p->mirror ? work->w - 1 - (x + p->dx) : x + p->dx;
            if (work->alpha[y * work->w + x] > 0)
                data_sample_bilinear(in->donor, (float)from, (float)(y + p->dy), work->layer + 3 * (y * work->w + x));
        }
    data_forge_match_colours(work, in->photo, strength);
}

/* How far the layer is from what it covers, summed along the outline of the region: the strength of the new edges. */
static float seam_of(const DataForgeInput *in, const DataForgeWork *work)
{
    float sum = 0;
    for (int y = work->y0; y < work->y1 && y + 1 < work->h; y++)
        for (int x = work->x0; x < work->x1 && x + 1 < work->w; x++) {
            const int i = y * work->w + x;
            const float rim =
                fabsf(work->alpha[i + 1] - work->alpha[i]) + fabsf(work->alpha[i + work->w] - work->alpha[i]);
            if (rim <= 0 || work->alpha[i] <= 0) continue;
            for (int c = 0; c < 3; c++) sum += rim * fabsf(work->layer[3 * i + c] - (float)in->photo->px[3 * i + c]);
        }
    return sum;
}

static void fill_best(const DataForgeInput *in, const DataForgeShape *s, NnRng *rng, DataForgeWork *work)
{
    const float strength = nn_rng_coin(rng, 0.15f) ? nn_rng_range(rng, 0, 0.6f) : nn_rng_range(rng, 0.7f, 1);
    Piece best = { 0 };
    float least = INFINITY;
    for (int k = 0; k < TRIES; k++) {
        const Piece p = draw_piece(s, work, rng);
        fill_from_donor(in, &p, strength, work);
        const float seam = seam_of(in, work);
        if (seam < least) least = seam, best = p;
    }
    fill_from_donor(in, &best, strength, work);
}

NnStatus data_forge_splice(const DataForgeInput *in, NnRng *rng, DataImage *out, DataImage *mask, NnErr *err)
{
    DataForgeShape shape = data_forge_shape_anywhere(in, rng, 0.03f, 0.13f);
    DataForgeWork work;
    shape.feather = nn_rng_range(rng, 0.5f, 2);
    NN_TRY(data_forge_work_new(in, &shape, rng, &work, err));
    fill_best(in, &shape, rng, &work);
    const NnStatus s = data_forge_finish(in, &work, out, mask, err);
    data_forge_work_free(&work);
    return s;
}
