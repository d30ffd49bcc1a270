/* portrait_hair.c -- hair behind and before the head: outline, hairline, strands and gloss. */
#include "data/portrait_layers.h"

float data_hairline(const DataHair *h, float u)
{
    const float from_part = (u - h->part) * (u - h->part), fringe = h->fringe * (1 - 0.5f * minf(1, from_part));
    const float middle =
        h->line + fringe - h->recede * bump(fabsf(u) - 0.45f, 0, 0.35f, 1) * (h->fringe > 0 ? 0.2f : 1);
    const float temple = ramp(0.62f, 1.0f, fabsf(u));
    return mixf(middle, h->side, temple * temple);
}

/* Half width of the hair's outer outline at height y; below 0 nothing. */
static float hair_reach(const DataPerson *p, float y, float low)
{
    const DataHair *h = &p->hair;
    const float widest = p->pose.aspect + h->volume;
    if (y < 0) {
        const float t = -y / (1 + h->top);
        return t >= 1 ? (1 - t) * 2 : widest * sqrtf(1 - t * t * sqrtf(t));
    }
    return y > low
               ? low - y
               : widest + (h->style == HAIR_CURLY ? 0.1f : 0.05f) * sinf(y * 2.2f) - 0.1f * ramp(low - 0.5f, low, y);
}

/* No strand noise is above this. */
#define STRAND_MAX 1.6f

/* Coordinates across and along the strands: rays from the part on top, falling below. */
static void strand_coordinates(const DataHair *h, float x, float y, float *across, float *along)
{
    const float px = x - 0.5f * h->part, py = y + 1.0f;
    const float ray = px / (0.35f + maxf(0, py)), hang = x * 1.3f, fall = ramp(0.2f, 1.1f, y);
    *across = mixf(ray * 1.6f, hang, fall);
    *along = sqrtf(px * px + py * py);
}

static float strand_noise(const DataPerson *p, float x, float y, float *along)
{
    const DataHair *h = &p->hair;
    float across;
    strand_coordinates(h, x, y, &across, along);
    if (h->style == HAIR_CURLY) return noise_octaves(&p->lattice, x * 13, y * 13, 3) * 0.9f;
    const float wave = h->curl * 0.35f * sinf(*along * 9 + 2 * noise_at(&p->lattice, across * 2, 1));
    return noise_octaves(&p->lattice, (across + 0.15f * wave) * h->strands, *along * 2.2f + wave, 2) * 0.9f;
}

static DataRgb hair_light(const DataPerson *p, float x, float y, float strand, float along, float reach)
{
    const DataLight *l = &p->light;
    const float nx = maxf(-0.9f, minf(0.9f, x / maxf(reach, 0.2f))), ny = maxf(-0.8f, minf(0, y * 0.8f));
    const float nz = sqrtf(maxf(0.1f, 1 - nx * nx - ny * ny));
    const float lit = clamp01((nx * l->dir[0] + ny * l->dir[1] + nz * l->dir[2] + 0.3f) / 1.3f);
    const float band = (along - 0.42f - 0.15f * l->dir[1]) / 0.22f;
    const float gloss = p->hair.gloss * 0.16f * clamp01(0.5f + strand) * lit / (1 + band * band * band * band);
    const float root = clamp01(0.62f + 0.55f * strand);
    const DataRgb base = rgb_mul(rgb_scale(p->hair.colour, root), rgb_add(rgb_scale(l->key, lit), l->ambient));
    return rgb_add(base, rgb_scale(rgb_mix(l->key, p->hair.colour, 0.3f), gloss));
}

void data_paint_hair_behind(const DataPerson *p, DataCanvas *c)
{
    const DataHair *h = &p->hair;
    if (h->style == HAIR_BALD || h->back < -1) return;
    const float grain = data_head_grain(p, c);
    const DataBounds box = data_head_bounds(p, c, p->pose.aspect + h->volume + 0.2f, -0.5f, h->back + 0.2f);
    for (int y = box.y0; y < box.y1; y++)
        for (int x = box.x0; x < box.x1; x++) {
            const DataHeadPoint *q = &c->head[y * c->n + x];
            const float reach = hair_reach(p, q->y, h->back), rough = 0.06f + 0.1f * h->curl;
            if (fabsf(q->x) > reach + 0.2f) continue;
            float along;
            const float strand = strand_noise(p, q->x, q->y, &along);
            const float cover = clamp01(0.5f + (reach + rough * strand - fabsf(q->x)) / (1.5f * grain));
            const float inner = 0.35f + 0.4f * ramp(0.3f, 1, fabsf(q->x) / maxf(0.1f, reach));
            canvas_blend(&c->at[y * c->n + x], rgb_scale(hair_light(p, q->x, q->y, strand, along, reach), inner),
                         cover);
        }
}

/* Signed distance into the hair in front: inside the outer outline, above the hairline, outside the face opening. */
static float front_depth(const DataPerson *p, const DataHeadPoint *q, float strand)
{
    const DataHair *h = &p->hair;
    const float rough = 0.05f + 0.1f * h->curl, side = fabsf(q->x);
    const float outer = hair_reach(p, q->y > 0 ? q->y - 0.1f * strand : q->y, h->side) - side + rough * strand;
    const float line = data_hairline(h, q->u) - (fabsf(q->s) < 1 ? q->b : q->y) + rough * strand;
    float depth = minf(outer, line);
    if (q->y > 0.05f && h->side > 0.3f)
        depth = minf(depth, side - h->inner * p->pose.aspect * (1 - 0.15f * q->y) + rough * strand);
    return depth;
}

static void paint_front_sample(const DataPerson *p, const DataHeadPoint *q, float grain, DataRgb *at)
{
    const DataHair *h = &p->hair;
    const float reach = hair_reach(p, q->y, h->side) + 0.02f;
    float along;
    if (fabsf(q->x) > reach + 0.15f || front_depth(p, q, STRAND_MAX) < -0.1f) return;
    const float strand = strand_noise(p, q->x, q->y, &along), depth = front_depth(p, q, strand);
    const float thin = h->style == HAIR_CROPPED ? 0.05f : 0.018f;
    const float cover = clamp01(0.5f + depth / (grain + thin));
    if (cover <= 0) return;
    const float rim = 0.7f + 0.3f * ramp(0, 0.1f, depth);
    canvas_blend(at, rgb_scale(hair_light(p, q->x, q->y, strand, along, reach), rim), cover);
}

void data_paint_hair_before(const DataPerson *p, DataCanvas *c)
{
    const DataHair *h = &p->hair;
    if (h->style == HAIR_BALD) return;
    const DataBounds box = data_head_bounds(p, c, p->pose.aspect + h->volume + 0.2f, -1.2f - h->top, h->side + 0.2f);
    const float grain = data_head_grain(p, c);
    for (int y = box.y0; y < box.y1; y++)
        for (int x = box.x0; x < box.x1; x++) {
            const DataHeadPoint *q = &c->head[y * c->n + x];
            paint_front_sample(p, q, grain, &c->at[y * c->n + x]);
        }
}
