/* forge_swap.c -- swap: the donor's inner face, brought to the place and size of the photo's.
 *
 * A face generator works at a fixed, low resolution, and its face is then warped to fit; that uneven sharpness is what
 * gives most swaps away (Li and Lyu, "Exposing DeepFake Videos By Detecting Face Warping Artifacts", 2019). So the
 * donor is shrunk first, then brought over by an affine map between the two face ellipses; mean and deviation of each
 * channel are matched, and the seam is feathered. */
#include <math.h>

#include "data/forge_region.h"

static DataForgeShape shape_of_face(const DataForgeInput *in, NnRng *rng)
{
    const float w = (float)in->photo->w, h = (float)in->photo->h, scale = nn_rng_range(rng, 0.8f, 1.15f);
    DataForgeShape s = { .cx = in->cx * w, .cy = in->cy * h, .rx = in->rx * w * scale, .ry = in->ry * h * scale };
    s.turn = nn_rng_range(rng, -0.2f, 0.2f);
    s.wobble = nn_rng_range(rng, 0.04f, 0.16f);
    s.feather = nn_rng_range(rng, 0.05f, 0.13f) * w;
    s.corners = nn_rng_coin(rng, 0.2f) ? 8 + (int)nn_rng_below(rng, 6) : 0;
    return s;
}

/* Donor pixels at the places that correspond to the photo's; face: the donor, shrunk. */
static void fill_from_donor(const DataForgeInput *in, const DataImage *face, NnRng *rng, DataForgeWork *work)
{
    const float w = (float)work->w, h = (float)work->h, fw = (float)face->w, fh = (float)face->h;
    const float sx = in->donor_rx / in->rx, sy = in->donor_ry / in->ry;
    const int cubic = nn_rng_coin(rng, 0.5f);
    for (int y = work->y0; y < work->y1; y++)
        for (int x = work->x0; x < work->x1; x++) {
            const int i = y * work->w + x;
            const float px = (float)x + 0.5f - in->cx * w, py = (float)y + 0.5f - in->cy * h;
            const float qx = (in->donor_cx + px * sx / w) * fw - 0.5f, qy = (in->donor_cy + py * sy / h) * fh - 0.5f;
            if (work->alpha[i] <= 0) continue;
            if (cubic) data_sample_bicubic(face, qx, qy, work->layer + 3 * i);
            else data_sample_bilinear(face, qx, qy, work->layer + 3 * i);
        }
}

static NnStatus shrink(const DataImage *donor, float share, DataImage *out, NnErr *err)
{
    const int w = (int)ceilf((float)donor->w * share), h = (int)ceilf((float)donor->h * share);
    return data_image_resize(donor, w, h, out, err);
}

NnStatus data_forge_swap(const DataForgeInput *in, NnRng *rng, DataImage *out, DataImage *mask, NnErr *err)
{
    const DataForgeShape shape = shape_of_face(in, rng);
    DataForgeWork work;
    DataImage face;
    NN_TRY(shrink(in->donor, nn_rng_range(rng, 0.4f, 0.75f), &face, err));
    NnStatus s = data_forge_work_new(in, &shape, rng, &work, err);
    if (s != NN_OK) {
        data_image_free(&face);
        return s;
    }
    fill_from_donor(in, &face, rng, &work);
    data_image_free(&face);
    data_forge_match_colours(&work, in->photo, nn_rng_range(rng, 0.9f, 1));
    s = data_forge_finish(in, &work, out, mask, err);
    data_forge_work_free(&work);
    return s;
}
