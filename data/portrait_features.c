/* portrait_features.c -- colours laid on the skin: eyes, brows, lips, teeth, nostrils, beard, glasses.
 *
 * Everything is a function of the face coordinates (a, b); the right and the left
 * half mirror each other, but for gaze and noise. */
#include "data/portrait_layers.h"

static void darken(DataSurface *s, DataRgb to, float cover)
{
    s->albedo = rgb_mix(s->albedo, to, cover);
}

static void paint_iris(const DataPerson *p, float dx, float dy, float grain, DataSurface *s)
{
    const DataEyes *e = &p->eyes;
    const float r = sqrtf(dx * dx + dy * dy), soft = maxf(grain, 0.006f);
    const float disc = clamp01(0.5f + (e->iris_radius - r) / soft),
                pupil = clamp01(0.5f + (e->pupil * e->iris_radius - r) / soft);
    const float fibre = 1 + 0.5f * noise_at(&p->lattice, dx * 160, dy * 160) - 0.5f * ramp(0.7f, 1, r / e->iris_radius);
    const float gx = dx - 0.35f * e->iris_radius * p->light.dir[0] * 1.4f,
                gy = dy - 0.5f * e->iris_radius * p->light.dir[1] * 1.6f;
    const float glint = clamp01(0.5f + (0.016f - sqrtf(gx * gx + gy * gy)) / soft);
    darken(s, rgb_scale(e->iris, fibre), disc);
    darken(s, (DataRgb){ 0.006f, 0.005f, 0.005f }, pupil);
    s->albedo = rgb_add(s->albedo, rgb_scale((DataRgb){ 0.6f, 0.6f, 0.6f }, glint * disc));
}

/* The almond between the lids, with the line of the lashes above and the fold over it. */
static void paint_eye(const DataPerson *p, float a, float b, float grain, DataSurface *s)
{
    const DataEyes *e = &p->eyes;
    const float side = a < 0 ? -1.0f : 1.0f, x = (side * a - e->a) / e->half_width, y = b - e->b + e->slant * 0.1f * x;
    if (fabsf(x) > 1.35f || fabsf(y) > 0.19f) return;
    const float arc = maxf(0, 1 - x * x), upper = -e->open_up * sqrtf(arc) * (0.7f + 0.3f * arc),
                lower = e->open_down * arc;
    const float inside = minf(y - upper, lower - y);
    const float skin_fold = 0.55f * e->crease + 0.2f;
    darken(s, rgb_scale(p->skin, 0.45f), skin_fold * bump(x, y - upper + 0.034f, 1.2f, 0.022f));
    darken(s, rgb_scale(p->skin, 0.6f), e->bag * bump(x, y - lower - 0.05f, 1.1f, 0.03f));
    if (inside > -grain) {
        const float open = clamp01(0.5f + inside / grain);
        const float shade = 0.5f + 0.5f * ramp(0, 0.045f, y - upper);
        DataSurface ball = { rgb_scale(e->white, shade * (1 - 0.25f * x * x)), 1, 2.5f };
        paint_iris(p, side * a - e->a - side * e->gaze_a, y - e->gaze_b + 0.006f, grain, &ball);
        ball.albedo = rgb_scale(ball.albedo, 0.65f + 0.35f * ramp(0, 0.035f, y - upper));
        s->albedo = rgb_mix(s->albedo, ball.albedo, open);
        s->gloss = mixf(s->gloss, ball.gloss, open);
    }
    const float lash = bump(0, y - upper, 1, 0.016f + 0.006f * e->lash) * ramp(1.25f, 0.9f, fabsf(x));
    const float rim = 0.4f * bump(0, y - lower, 1, 0.012f) * ramp(1.1f, 0.8f, fabsf(x));
    darken(s, (DataRgb){ 0.012f, 0.009f, 0.008f }, clamp01(e->lash * lash + 0.5f * rim));
}

static void paint_brow(const DataPerson *p, float a, float b, DataSurface *s)
{
    const DataBrows *w = &p->brows;
    const float side = fabsf(a), t = (side - w->inner) / (w->outer - w->inner);
    if (t < -0.15f || t > 1.1f || b > 0.1f || b < -0.4f) return;
    const float mid = p->eyes.b - w->lift - w->arch * (1 - 4 * (t - 0.6f) * (t - 0.6f)) - w->tilt * 0.1f * (t - 0.5f);
    const float thick = w->thickness * (1.15f - 0.65f * clamp01(t)),
                hairs = noise_at(&p->lattice, a * 60 + b * 30, b * 22);
    const float cover =
        bump(0, b - mid, 1, thick * (1.3f + 0.4f * hairs)) * ramp(-0.12f, 0.08f, t) * ramp(1.08f, 0.75f, t);
    const DataRgb colour = rgb_scale(rgb_mix(p->hair.colour, (DataRgb){ 0.02f, 0.014f, 0.01f }, 0.5f), 0.8f);
    darken(s, colour, clamp01(cover * w->dark * (1.1f + 0.5f * hairs)));
}

static void paint_inner_mouth(const DataPerson *p, float a, float y, float width, DataSurface *s, float cover)
{
    const DataMouth *m = &p->mouth;
    const float gaps = 1 - 0.18f * ramp(0.88f, 1, fabsf(sinf(a * 52)));
    const float light =
        m->teeth * gaps * (1 - 0.65f * (a / width) * (a / width)) * ramp(m->open * 1.2f, m->open * 0.6f, y);
    darken(s, rgb_mix((DataRgb){ 0.05f, 0.012f, 0.012f }, (DataRgb){ 0.75f, 0.7f, 0.62f }, clamp01(light)), cover);
}

static void paint_mouth(const DataPerson *p, float a, float b, float grain, DataSurface *s)
{
    const DataMouth *m = &p->mouth;
    const float x = a / m->half_width, y = b - m->b + m->smile * x * x;
    if (fabsf(x) > 1.15f || y < -0.1f || y > 0.22f) return;
    const float arc = maxf(0, 1 - x * x), gape = m->open * arc;
    const float bow = m->bow * (1 - 4 * fabsf(fabsf(x) - 0.25f));
    const float top = -(m->upper * sqrtf(arc) + (arc > 0.4f ? bow : 0)), low = gape + m->lower * arc;
    const float soft = maxf(grain, 0.012f), cover = clamp01(0.5f + minf(y - top, low - y) / soft);
    const float lines = 1 + 0.12f * noise_at(&p->lattice, a * 70, b * 9), shade = y < 0.5f * gape ? 0.8f : 1.05f;
    darken(s, rgb_scale(m->lip, lines * shade), 0.9f * cover);
    if (cover > 0) s->gloss = mixf(s->gloss, 2.2f, cover * 0.7f);
    if (m->open > 0 && y > -soft && y < gape + soft)
        paint_inner_mouth(p, a, y, m->half_width, s, clamp01(0.5f + minf(y, gape - y) / soft) * (arc > 0));
    const float seam = bump(0, y - (m->open > 0 ? 0 : 0.002f), 1, 0.013f) * ramp(1.12f, 0.95f, fabsf(x));
    darken(s, rgb_scale(m->lip, 0.12f), 0.75f * seam * (m->open > 0 ? 0.4f : 1));
    s->dark *= 1 - 0.3f * bump(fabsf(x) - 1.03f, y, 0.16f, 0.03f);
}

static void paint_nostrils(const DataPerson *p, float a, float b, DataSurface *s)
{
    const DataNose *n = &p->nose;
    const float shift = a + 0.1f * p->pose.yaw_sin, side = fabsf(shift);
    const float hole = bump(side - 0.5f * n->width, b - n->tip_b - 0.055f, 0.4f * n->width, 0.026f);
    const float under = bump(shift, b - n->tip_b - 0.065f, 1.2f * n->width, 0.035f);
    const float crease = bump(side - 1.12f * n->width, b - n->tip_b + 0.005f, 0.026f, 0.07f);
    darken(s, rgb_scale(p->skin, 0.06f), clamp01(1.3f * n->nostril * hole));
    s->dark *= (1 - 0.25f * under) * (1 - 0.3f * crease);
}

/* Where a beard of each kind grows, 0..1. */
static float beard_zone(const DataPerson *p, float a, float b)
{
    const DataMouth *m = &p->mouth;
    const float side = fabsf(a), lip = bump(a, b - m->b + m->upper + 0.075f, m->half_width * 1.25f, 0.09f);
    const float chin = ramp(m->b + 0.12f, m->b + 0.2f, b) * ramp(0.32f, 0.2f, side);
    const float jaw =
        ramp(m->b - 0.32f, m->b + 0.1f, b - 0.9f * maxf(0, side - 0.3f) + 0.05f) * (side > 0.2f ? 1 : chin);
    switch (p->beard) {
    case BEARD_MOUSTACHE:
        return 1.4f * lip;
    case BEARD_GOATEE:
        return maxf(1.3f * lip, chin);
    case BEARD_FULL:
    case BEARD_STUBBLE:
        return maxf(1.3f * lip, maxf(jaw, chin));
    default:
        return 0;
    }
}

static void paint_beard(const DataPerson *p, float a, float b, DataSurface *s)
{
    if (p->beard == BEARD_NONE || b < 0.2f) return;
    const DataMouth *m = &p->mouth;
    const float x = a / m->half_width, y = b - m->b + m->smile * x * x, arc = maxf(0, 1 - x * x);
    const float lips = clamp01(0.5f + minf(y + m->upper * sqrtf(arc), m->open * arc + m->lower * arc - y) / 0.02f);
    const float hairs = noise_octaves(&p->lattice, a * 48, b * 20, 2);
    const float most = p->beard == BEARD_STUBBLE ? 0.38f : 0.92f;
    const float cover = clamp01(beard_zone(p, a, b)) * clamp01(0.75f + 0.45f * hairs) * most * (1 - lips);
    darken(s, rgb_scale(p->hair.colour, 0.75f + 0.45f * hairs), cover);
    s->gloss *= 1 - 0.7f * cover;
}

void data_face_features(const DataPerson *p, float a, float b, float grain, DataSurface *s)
{
    if (b < -0.45f) return;
    if (b > 0.2f) paint_nostrils(p, a, b, s);
    paint_beard(p, a, b, s);
    if (b > 0.45f) paint_mouth(p, a, b, grain, s);
    if (b < 0.3f) paint_eye(p, a, b, grain, s);
    paint_brow(p, a, b, s);
}

/* Distance outside of one lens: a superellipse between round and square. */
static float lens_gap(const DataPerson *p, float a, float b)
{
    const float x = (fabsf(a) - p->eyes.a) / 0.23f, y = (b - p->eyes.b - 0.03f) / 0.17f, k = p->glasses_round;
    return (powf(powf(fabsf(x), k) + powf(fabsf(y), k), 1 / k) - 1) * 0.19f;
}

void data_paint_glasses(const DataPerson *p, DataCanvas *c)
{
    if (!p->glasses) return;
    const DataBounds box = data_head_bounds(p, c, 1.0f, -0.4f, 0.5f);
    const float grain = data_head_grain(p, c), thick = p->glasses_thick;
    const DataRgb frame = rgb_mul(p->glasses_colour, rgb_add(p->light.key, p->light.ambient));
    for (int y = box.y0; y < box.y1; y++)
        for (int x = box.x0; x < box.x1; x++) {
            const DataHeadPoint *h = &c->head[y * c->n + x];
            if (fabsf(h->s) > 1 || fabsf(h->b - p->eyes.b) > 0.32f) continue;
            const float gap = lens_gap(p, h->a, h->b),
                        glare = ramp(0.25f, 0.6f, noise_at(&p->lattice, h->a * 2 + h->b * 2, 3));
            const float bridge = maxf(fabsf(h->b - p->eyes.b + 0.02f) - 0.6f * thick, fabsf(h->a) - p->eyes.a + 0.22f);
            const float arm = maxf(fabsf(h->b - p->eyes.b + 0.02f) - 0.7f * thick, p->eyes.a + 0.23f - fabsf(h->a));
            const float rim = minf(fabsf(gap) - 0.7f * thick, minf(bridge, arm));
            DataRgb *at = &c->at[y * c->n + x];
            if (gap < 0) canvas_blend(at, rgb_scale(p->light.key, 0.7f), 0.14f * glare + 0.02f);
            canvas_blend(at, frame, 0.95f * clamp01(0.5f - rim / grain));
        }
}
