/* forge_recolor.c -- recolor: hue, saturation, brightness and tint of a soft region changed.
 *
 * Pixels that resemble the colour at the region's centre change most, as when hair,
 * lips or skin are edited. Changes point either way with equal chance, so that colour
 * averages over many pictures stay where they were. */
#include <math.h>

#include "data/forge_region.h"

typedef struct {
    float turn_cos, turn_sin, saturation, gain, tint_b, tint_r;
} Edit;

/* lo..hi up or down with equal chance. */
static float either_way(NnRng *rng, float lo, float hi)
{
    const float amount = nn_rng_range(rng, lo, hi);
    return nn_rng_coin(rng, 0.5f) ? amount : -amount;
}

static Edit draw_edit(NnRng *rng)
{
    const float turn = either_way(rng, 0.1f, 0.45f);
    Edit e = { .turn_cos = cosf(turn), .turn_sin = sinf(turn) };
    e.saturation = expf(nn_rng_range(rng, -0.4f, 0.4f));
    e.gain = expf(either_way(rng, 0.03f, 0.2f));
    const float angle = nn_rng_range(rng, 0, 6.2831853f), tint = nn_rng_range(rng, 5, 11);
    e.tint_b = tint * cosf(angle), e.tint_r = tint * sinf(angle);
    return e;
}

/* One pixel through luma and chroma (ITU-R BT.601), edited by `share`. */
static void edit_pixel(const Edit *e, const unsigned char *p, float share, float out[3])
{
    const float r = (float)p[0], g = (float)p[1], b = (float)p[2], luma = 0.299f * r + 0.587f * g + 0.114f * b;
    const float cb = 0.564f * (b - luma), cr = 0.713f * (r - luma);
    const float nb = e->saturation * (cb * e->turn_cos - cr * e->turn_sin) + e->tint_b;
    const float nr = e->saturation * (cb * e->turn_sin + cr * e->turn_cos) + e->tint_r;
    const float y = luma * e->gain, red = y + nr / 0.713f, blue = y + nb / 0.564f;
    const float green = (y - 0.299f * red - 0.114f * blue) / 0.587f;
    out[0] = r + share * (red - r);
    out[1] = g + share * (green - g);
    out[2] = b + share * (blue - b);
}

static void fill_edited(const DataForgeInput *in, const DataForgeShape *s, NnRng *rng, DataForgeWork *work)
{
    const Edit e = draw_edit(rng);
    const float floor_share = nn_rng_range(rng, 0.6f, 1), reach = nn_rng_range(rng, 30, 90);
    float key[3];
    data_sample_bilinear(in->photo, s->cx, s->cy, key);
    for (int y = work->y0; y < work->y1; y++)
        for (int i = y * work->w + work->x0; i < y * work->w + work->x1; i++) {
            if (work->alpha[i] <= 0) continue;
            const unsigned char *p = in->photo->px + 3 * i;
            float far = 0;
            for (int c = 0; c < 3; c++) far += ((float)p[c] - key[c]) * ((float)p[c] - key[c]);
            const float like = expf(-far / (reach * reach));
            edit_pixel(&e, p, floor_share + (1 - floor_share) * like, work->layer + 3 * i);
        }
}

NnStatus data_forge_recolor(const DataForgeInput *in, NnRng *rng, DataImage *out, DataImage *mask, NnErr *err)
{
    DataForgeShape shape = nn_rng_coin(rng, 0.6f) ? data_forge_shape_on_face(in, rng, 0.04f, 0.25f)
                                                  : data_forge_shape_anywhere(in, rng, 0.05f, 0.25f);
    DataForgeWork work;
    shape.feather = nn_rng_range(rng, 0.02f, 0.12f) * (float)in->photo->w;
    NN_TRY(data_forge_work_new(in, &shape, rng, &work, err));
    fill_edited(in, &shape, rng, &work);
    const NnStatus s = data_forge_finish(in, &work, out, mask, err);
    data_forge_work_free(&work);
    return s;
}
