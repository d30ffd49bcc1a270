/* portrait_face.c -- the head: relief, light and skin.
 *
 * First the relief of the face (dome, brow, sockets, nose, cheeks, lips, chin) is
 * written as a height over every sample; its slopes give the normals that light is
 * computed with, and the features are colours laid on top. */
#include "data/portrait_layers.h"

static float relief_nose(const DataNose *n, float a, float b)
{
    const float start = -0.06f, t = (b - start) / (n->tip_b - start);
    if (t < 0 || t > 1.35f || fabsf(a) > 0.3f) return 0;
    const float w = mixf(n->bridge, n->width * 0.85f, clamp01(t)), end = ramp(1.3f, 0.98f, t);
    const float ridge =
        mixf(0.035f, n->height, clamp01(t) * sqrtf(clamp01(t))) * bump(a, 0, w * 1.5f, 1) * ramp(0, 0.15f, t);
    const float tip = 0.05f * bump(a, b - n->tip_b, 0.8f * n->width, 0.09f);
    const float wings = 0.07f * bump(fabsf(a) - 0.75f * n->width, b - n->tip_b, 0.45f * n->width, 0.075f);
    return ridge * end + tip + wings;
}

static float relief_mouth(const DataPerson *p, float a, float b)
{
    const DataMouth *m = &p->mouth;
    const float y = b - m->b + m->smile * (a / m->half_width) * (a / m->half_width);
    const float upper = bump(a, y + 0.5f * m->upper, m->half_width, m->upper);
    const float lower = bump(a, y - m->open - 0.5f * m->lower, m->half_width * 0.8f, m->lower);
    const float groove = bump(a, y + m->upper + 0.06f, 0.035f, 0.07f);
    const float below = bump(a, y - m->open - 1.6f * m->lower, 0.2f, 0.06f);
    return 0.018f * upper + 0.03f * lower - 0.012f * groove - 0.022f * below;
}

/* Height of the surface towards the camera, head units; 0 at the silhouette. */
static float relief(const DataPerson *p, const DataHeadPoint *h, float profile)
{
    const float a = fabsf(h->a), b = h->b, e = p->eyes.a, yaw = p->pose.yaw_sin;
    const float dome = p->pose.depth * profile * sqrtf(maxf(0, 1 - h->s * h->s));
    float z = dome;
    if (b > -0.4f && b < 1) {
        z += 0.03f * bump(a - e, b - p->eyes.b + 0.15f, 0.24f, 0.1f);
        z -= 0.05f * bump(a - e, b - p->eyes.b, 0.19f, 0.13f);
        z += 0.028f * bump(a - e, b - p->eyes.b, 0.12f, 0.08f);
        z += p->cheeks * bump(a - 0.4f, b - 0.32f, 0.26f, 0.24f);
        z += p->chin * bump(h->a, b - 0.88f, 0.2f, 0.16f);
        z += relief_nose(&p->nose, h->a + 0.1f * yaw * ramp(-0.05f, p->nose.tip_b, b), b);
        z += relief_mouth(p, h->a, b);
        z -= 0.014f * p->age * bump(a - 0.19f - 0.3f * (b - 0.4f), b - 0.5f, 0.04f, 0.17f);
    }
    return z;
}

/* fine, wide: noise of pores and of blotches there. */
static DataSurface skin_at(const DataPerson *p, const DataHeadPoint *h, float fine, float wide)
{
    const DataLattice *l = &p->lattice;
    DataSurface s = { rgb_scale(p->skin, 1 + p->pores * fine * 0.7f), 1 + p->blotches * 0.45f * wide, 1 + 0.3f * fine };
    const float a = fabsf(h->a), red = p->blush * (bump(a - 0.42f, h->b - 0.36f, 0.26f, 0.22f) +
                                                   0.6f * bump(h->a, h->b - p->nose.tip_b, 0.12f, 0.1f)) +
                                       0.25f * p->blotches * wide;
    s.albedo.g *= 1 - 0.22f * red, s.albedo.b *= 1 - 0.18f * red;
    if (p->freckles > 0) {
        const float zone = bump(h->a, h->b - 0.25f, 0.6f, 0.4f), spot = noise_at(l, h->a * 26 + 3, h->b * 26);
        s.albedo = rgb_mul(s.albedo, rgb_mix((DataRgb){ 1, 1, 1 }, (DataRgb){ 0.72f, 0.56f, 0.45f },
                                             p->freckles * zone * ramp(0.25f, 0.6f, spot)));
    }
    if (h->b < -0.25f && p->age > 0.5f)
        s.dark *= 1 - 0.2f * (p->age - 0.5f) * ramp(0.75f, 0.97f, sinf(h->b * 48 + 2 * noise_at(l, h->a * 3, h->b)));
    return s;
}

/* Share of the light that the nose, the brow and the hair keep away. */
static float cast_shadow(const DataPerson *p, const DataHeadPoint *h)
{
    const float *d = p->light.dir, hard = 0.75f * (1 - p->light.softness);
    const float nose = bump(h->a + 0.17f * d[0], h->b - p->nose.tip_b - 0.05f + 0.12f * d[1], 0.13f, 0.12f) +
                       0.6f * bump(h->a + 0.16f * d[0], h->b - 0.2f, 0.07f, 0.22f) * fabsf(d[0]);
    const float brow = 0.55f * bump(fabsf(h->a) - p->eyes.a, h->b - p->eyes.b + 0.06f, 0.2f, 0.1f);
    const float lip = 0.5f * bump(h->a, h->b - p->mouth.b - p->mouth.open - 1.5f * p->mouth.lower, 0.18f, 0.05f);
    const float gap = h->b - data_hairline(&p->hair, h->u);
    const float hair = p->hair.style == HAIR_BALD ? 0 : 0.75f * ramp(0.16f, 0, gap);
    return clamp01(hard * (nose + brow + lip) + hair * (0.4f + hard));
}

/* Lambert with a wrapped, reddish terminator (light that has travelled under the skin), plus a sheen. */
static DataRgb skin_light(const DataPerson *p, const float n[3], const DataSurface *s, float shadow)
{
    const DataLight *l = &p->light;
    const float raw = n[0] * l->dir[0] + n[1] * l->dir[1] + n[2] * l->dir[2], wrap = 0.15f + 0.5f * l->softness;
    const float red = clamp01((raw + wrap + 0.12f) / (1.12f + wrap)), rest = clamp01((raw + wrap) / (1 + wrap));
    const float hz = l->dir[2] + 1, hl = 1 / sqrtf(2 * hz);
    const float half = (n[0] * l->dir[0] + n[1] * l->dir[1] + n[2] * hz) * hl, h4 = half * half * half * half;
    const float sheen = raw > 0 ? l->shine * s->gloss * h4 * h4 * h4 * h4 * (1 - shadow) : 0;
    const float open = 0.55f + 0.45f * n[2], lit = 1 - shadow;
    const DataRgb arriving = { l->key.r * red * lit + l->ambient.r * open, l->key.g * rest * lit + l->ambient.g * open,
                               l->key.b * rest * lit + l->ambient.b * open };
    return rgb_add(rgb_scale(rgb_mul(s->albedo, arriving), s->dark), rgb_scale(l->key, sheen));
}

static void face_normal(const DataCanvas *c, int x, int y, float step, float n[3])
{
    const float *z = c->height + y * c->n + x;
    const int left = x > 0, right = x + 1 < c->n, up = y > 0, down = y + 1 < c->n;
    const float dx = (z[right] - z[-left]) / (step * (float)(left + right));
    const float dy = (z[down ? c->n : 0] - z[up ? -c->n : 0]) / (step * (float)(up + down));
    const float len = 1 / sqrtf(1 + dx * dx + dy * dy);
    n[0] = -dx * len, n[1] = -dy * len, n[2] = len;
}

static void write_relief(const DataPerson *p, DataCanvas *c, const DataBounds *box)
{
    for (int y = box->y0; y < box->y1; y++)
        for (int x = box->x0; x < box->x1; x++) {
            const DataHeadPoint *h = &c->head[y * c->n + x];
            const float row = (h->y + 1) * (0.5f * PORTRAIT_ROWS);
            const int i = row < 0 ? 0 : row >= PORTRAIT_ROWS ? PORTRAIT_ROWS - 1 : (int)row;
            const float *f = p->outline.profile + i;
            c->height[y * c->n + x] = fabsf(h->s) < 1 ? relief(p, h, mixf(f[0], f[1], row - (float)i)) : 0;
        }
}

static void paint_ear(const DataPerson *p, const DataHeadPoint *h, float grain, DataRgb *at)
{
    const float side = h->x < 0 ? -1.0f : 1.0f, turn = side * p->pose.yaw_sin;
    const float cx = p->pose.aspect * (0.97f - 0.12f * maxf(0, turn)) + p->ear_out,
                cy = 0.12f - 0.3f * p->pose.pitch_sin;
    if (fabsf(h->y - cy) > 1.4f * p->ear_size) return;
    const float dx = (side * h->x - cx - 0.05f * (cy - h->y)) / (0.55f * p->ear_size),
                dy = (h->y - cy) / (1.15f * p->ear_size);
    const float r = sqrtf(dx * dx + dy * dy);
    if (r > 1.2f) return;
    const float rim = 0.75f + 0.35f * ramp(0.5f, 0.85f, r) - 0.25f * ramp(0.85f, 1.0f, r);
    const float lit = 0.3f + 0.5f * clamp01(0.5f + side * p->light.dir[0]);
    DataRgb c = rgb_mul(p->skin, rgb_add(rgb_scale(p->light.key, lit), p->light.ambient));
    c.g *= 0.88f, c.b *= 0.85f;
    canvas_blend(at, rgb_scale(c, rim), clamp01(0.5f + (1 - r) * 0.55f * p->ear_size / grain));
}

/* Noise of two octaves over n face points, `scale` cells to a head unit. */
static void draw_skin_noise(const DataLattice *l, const DataHeadPoint *h, float scale, float *out, int n)
{
    float a[NOISE_RUN], b[NOISE_RUN];
    for (int i = 0; i < n; i++) a[i] = h[i].a * scale, b[i] = h[i].b * scale;
    data_noise_row(l, a, b, 2, out, n);
}

static void paint_skin(const DataPerson *p, DataCanvas *c, int x, int y, float grain, float fine, float wide)
{
    const DataHeadPoint *h = &c->head[y * c->n + x];
    DataRgb *at = &c->at[y * c->n + x];
    if (fabsf(h->s) > 0.8f) paint_ear(p, h, grain, at);
    const float cover = clamp01(0.5f + h->edge / grain);
    if (cover <= 0) return;
    float n[3];
    DataSurface s = skin_at(p, h, fine, wide);
    face_normal(c, x, y, grain, n);
    data_face_features(p, h->a, h->b, grain, &s);
    const float shadow = cast_shadow(p, h);
    canvas_blend(at, skin_light(p, n, &s, shadow), cover);
}

void data_paint_face(const DataPerson *p, DataCanvas *c)
{
    const DataBounds box = data_head_bounds(p, c, p->pose.aspect + 0.25f, -1.05f, 1.05f);
    const float grain = data_head_grain(p, c);
    float fine[NOISE_RUN], wide[NOISE_RUN];
    write_relief(p, c, &box);
    for (int y = box.y0; y < box.y1; y++)
        for (int from = box.x0; from < box.x1; from += NOISE_RUN) {
            const int n = box.x1 - from < NOISE_RUN ? box.x1 - from : NOISE_RUN;
            draw_skin_noise(&p->lattice, &c->head[y * c->n + from], 34, fine, n);
            draw_skin_noise(&p->lattice, &c->head[y * c->n + from], 5, wide, n);
            for (int i = 0; i < n; i++) paint_skin(p, c, from + i, y, grain, fine[i], wide[i]);
        }
}
