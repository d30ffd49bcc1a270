/* forge_warp.c -- warp: a part of the face bulged, pinched, twisted or pushed aside.
 *
 * The displacement falls smoothly to nothing at the outline, so there is no seam; the
 * traces are the shape and the interpolation. */
#include <math.h>

#include "data/forge_region.h"

typedef struct {
    float push_x, push_y; /* pixels */
    float zoom, twist;    /* shares of the offset from the centre; radians */
} Move;

static Move draw_move(NnRng *rng, float size)
{
    const int kind = (int)nn_rng_below(rng, 3);
    const float sign = nn_rng_coin(rng, 0.5f) ? 1.0f : -1.0f, angle = nn_rng_range(rng, 0, 6.2831853f);
    const float far = nn_rng_range(rng, 0.03f, 0.07f) * size, amount = nn_rng_range(rng, 0.22f, 0.45f) * sign;
    if (kind == 0) return (Move){ .push_x = far * cosf(angle), .push_y = far * sinf(angle) };
    if (kind == 1) return (Move){ .zoom = amount };
    return (Move){ .twist = 1.3f * amount, .push_x = 0.4f * far * cosf(angle), .push_y = 0.4f * far * sinf(angle) };
}

/* Where the pixel at offset (dx,dy) from the centre takes its content from, at strength t. */
static void source_of(const Move *m, float t, float dx, float dy, float *sx, float *sy)
{
    const float c = cosf(m->twist * t), n = sinf(m->twist * t), zoom = 1 - m->zoom * t;
    *sx = zoom * (dx * c - dy * n) - m->push_x * t;
    *sy = zoom * (dx * n + dy * c) - m->push_y * t;
}

static void fill_moved(const DataForgeInput *in, const DataForgeShape *s, NnRng *rng, DataForgeWork *work)
{
    const Move m = draw_move(rng, (float)work->w);
    const int cubic = nn_rng_coin(rng, 0.5f);
    for (int y = work->y0; y < work->y1; y++)
        for (int x = work->x0; x < work->x1; x++) {
            const int i = y * work->w + x;
            float sx, sy;
            if (work->alpha[i] <= 0) continue;
            source_of(&m, work->alpha[i], (float)x + 0.5f - s->cx, (float)y + 0.5f - s->cy, &sx, &sy);
            if (cubic) data_sample_bicubic(in->photo, s->cx + sx - 0.5f, s->cy + sy - 0.5f, work->layer + 3 * i);
            else data_sample_bilinear(in->photo, s->cx + sx - 0.5f, s->cy + sy - 0.5f, work->layer + 3 * i);
            work->alpha[i] = 1;
        }
}

NnStatus data_forge_warp(const DataForgeInput *in, NnRng *rng, DataImage *out, DataImage *mask, NnErr *err)
{
    DataForgeShape shape = data_forge_shape_on_face(in, rng, 0.06f, 0.25f);
    DataForgeWork work;
    shape.feather = 0.75f * fminf(shape.rx, shape.ry);
    NN_TRY(data_forge_work_new(in, &shape, rng, &work, err));
    fill_moved(in, &shape, rng, &work);
    const NnStatus s = data_forge_finish(in, &work, out, mask, err);
    data_forge_work_free(&work);
    return s;
}
