/* forge_swap.c -- swap: the donor's inner face, brought to the place and size of the photo's.
 *
 * The classical face swap: an affine map between the two face ellipses, per channel
 * mean and deviation of the region matched, a feathered seam. */
#include <math.h>

#include "data/forge_region.h"

static DataForgeShape shape_of_face(const DataForgeInput *in, NnRng *rng)
{
    const float w = (float)in->photo->w, h = (float)in->photo->h, scale = nn_rng_range(rng, 0.8f, 1.15f);
    DataForgeShape s = { .cx = in->cx * w, .cy = in->cy * h, .rx = in->rx * w * scale, .ry = in->ry * h * scale };
    s.turn = nn_rng_range(rng, -0.2f, 0.2f);
    s.wobble = nn_rng_range(rng, 0.04f, 0.16f);
    s.feather = nn_rng_range(rng, 0.015f, 0.08f) * w;
    s.corners = nn_rng_coin(rng, 0.2f) ? 8 + (int)nn_rng_below(rng, 6) : 0;
    return s;
}

/* Donor pixels at the places that correspond to the photo's. */
static void fill_from_donor(const DataForgeInput *in, NnRng *rng, DataForgeWork *work)
{
    const float w = (float)work->w, h = (float)work->h;
    const float sx = in->donor_rx / in->rx, sy = in->donor_ry / in->ry;
    const int cubic = nn_rng_coin(rng, 0.5f);
    for (int y = 0; y < work->h; y++)
        for (int x = 0; x < work->w; x++) {
            const int i = y * work->w + x;
            const float px = (float)x + 0.5f - in->cx * w, py = (float)y + 0.5f - in->cy * h;
            const float qx = in->donor_cx * w + px * sx - 0.5f, qy = in->donor_cy * h + py * sy - 0.5f;
            if (work->alpha[i] <= 0) continue;
            if (cubic) data_sample_bicubic(in->donor, qx, qy, work->layer + 3 * i);
            else data_sample_bilinear(in->donor, qx, qy, work->layer + 3 * i);
        }
}

NnStatus data_forge_swap(const DataForgeInput *in, NnRng *rng, DataImage *out, DataImage *mask, NnErr *err)
{
    const DataForgeShape shape = shape_of_face(in, rng);
    DataForgeWork work;
    NN_TRY(data_forge_work_new(in, &shape, rng, &work, err));
    fill_from_donor(in, rng, &work);
    data_forge_match_colours(&work, in->photo, nn_rng_range(rng, 0.8f, 1));
    const NnStatus s = data_forge_finish(in, &work, out, mask, err);
    data_forge_work_free(&work);
    return s;
}
