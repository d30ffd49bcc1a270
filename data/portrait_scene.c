/* portrait_scene.c -- what is behind the person, out of focus, and the clothes and neck. */
#include "data/portrait_layers.h"

/* Soft rectangles of a room or soft discs of distant lights, over a gradient. */
static DataRgb add_shapes(const DataScene *s, float x, float y, DataRgb c)
{
    for (int i = 0; i < s->n_shapes; i++) {
        const float dx = fabsf(x - s->x[i]), dy = fabsf(y - s->y[i]), reach = s->size[i] + s->blur;
        float cover;
        if (dx > 2 * reach || dy > 2 * reach) continue;
        if (s->kind == BACKDROP_BOKEH)
            cover = 0.8f * ramp(s->size[i] + 0.3f * s->blur, s->size[i] - 0.3f * s->blur, sqrtf(dx * dx + dy * dy));
        else
            cover = ramp(s->size[i] + s->blur, s->size[i] - s->blur, dx) *
                    ramp(2 * s->size[i] + s->blur, 2 * s->size[i] - s->blur, dy);
        c = rgb_mix(c, s->colour[s->tint[i]], cover);
    }
    return c;
}

/* The noises of a run of scene samples. */
typedef struct {
    float texture[NOISE_RUN], leaf[NOISE_RUN];
} SceneNoise;

/* Samples first.. of a row at height y; `step` is the width of one. */
static void draw_scene_noise(const DataPerson *p, int first, int n, float step, float y, SceneNoise *out)
{
    float px[NOISE_RUN], py[NOISE_RUN], fine[NOISE_RUN];
    const float blur = p->scene.blur;
    for (int i = 0; i < n; i++) px[i] = ((float)(first + i) + 0.5f) * step * 5, py[i] = y * 5;
    data_noise_row(&p->lattice, px, py, 2, out->texture, n);
    for (int i = 0; i < n; i++) {
        const float x = ((float)(first + i) + 0.5f) * step;
        px[i] = x * 43 + 9 + 12 * y, py[i] = y * 43 - 12 * x;
    }
    data_noise_row(&p->lattice, px, py, 1, fine, n);
    for (int i = 0; i < n; i++) out->texture[i] += 0.5f * fine[i];
    if (p->scene.kind != BACKDROP_LEAVES) return;
    for (int i = 0; i < n; i++) px[i] = ((float)(first + i) + 0.5f) * step * 0.5f / blur, py[i] = y * 0.5f / blur;
    data_noise_row(&p->lattice, px, py, 3, out->leaf, n);
}

static DataRgb scene_at(const DataPerson *p, float x, float y, float cosine, float sine, float texture, float leaf)
{
    const DataScene *s = &p->scene;
    const float along = 0.5f + (x - 0.5f) * cosine + (y - 0.5f) * sine;
    const float dx = x - 0.5f, dy = y - 0.45f;
    DataRgb c = rgb_mix(s->colour[0], s->colour[1], clamp01(along));
    if (s->kind == BACKDROP_LEAVES) {
        c = rgb_mix(s->colour[0], s->colour[1], clamp01(0.45f + 0.55f * leaf));
    } else if (s->kind == BACKDROP_STUDIO) {
        c = rgb_scale(c, 1.15f - s->falloff * (dx * dx + dy * dy) * 1.6f);
    } else {
        c = add_shapes(s, x, y, c);
    }
    return rgb_scale(c, maxf(0.05f, 1 + s->texture * texture));
}

/* One colour for 2 x 2 samples: the scene is out of focus. */
void data_paint_scene(const DataPerson *p, DataCanvas *c)
{
    const float step = 2 / (float)c->n, cosine = cosf(p->scene.angle), sine = sinf(p->scene.angle);
    const DataRgb light = rgb_add(rgb_scale(p->light.key, 0.5f), p->light.ambient);
    SceneNoise noise = { .leaf = { 0 } };
    for (int y = 0; y < c->n / 2; y++) {
        const float py = ((float)y + 0.5f) * step;
        for (int x = 0; x < c->n / 2; x++) {
            const int i = x % NOISE_RUN, left = c->n / 2 - x;
            if (i == 0) draw_scene_noise(p, x, left < NOISE_RUN ? left : NOISE_RUN, step, py, &noise);
            DataRgb *at = c->at + 2 * y * c->n + 2 * x;
            at[0] = rgb_mul(scene_at(p, ((float)x + 0.5f) * step, py, cosine, sine, noise.texture[i], noise.leaf[i]),
                            light);
            at[1] = at[c->n] = at[c->n + 1] = at[0];
        }
    }
}

static DataRgb cloth_at(const DataPerson *p, float x, float y)
{
    const DataTorso *t = &p->torso;
    const float bend = 0.15f * noise_at(&p->lattice, x * 3, y * 3), k = t->scale;
    float mix = 0, weave = 0.05f * noise_octaves(&p->lattice, x * 24, y * 24, 2);
    switch (t->kind) {
    case CLOTHES_STRIPES:
        mix = ramp(0.1f, 0.35f, sinf((y + 0.25f * x * x + bend) * k * 1.5f));
        break;
    case CLOTHES_CHECKS:
        mix = 0.5f * ramp(0, 0.3f, sinf((x + bend) * k)) + 0.5f * ramp(0, 0.3f, sinf((y + bend) * k));
        break;
    case CLOTHES_KNIT:
        weave += 0.16f * sinf(x * k * 5) * sinf((y + bend) * k * 4);
        break;
    default:
        break;
    }
    const float folds = 0.22f * noise_octaves(&p->lattice, x * 2.2f + y, y * 1.1f - x, 2);
    return rgb_scale(rgb_mix(t->colour, t->second, mix), 1 + weave + folds);
}

/* Light on an upright cylinder of half width w at offset x. */
static DataRgb cylinder_light(const DataLight *l, float x, float w, float lean)
{
    const float nx = maxf(-0.95f, minf(0.95f, x / w)), nz = sqrtf(1 - nx * nx);
    const float lambert =
        (nx * l->dir[0] - lean * l->dir[1] + nz * l->dir[2] + l->softness * 0.5f) / (1 + l->softness * 0.5f);
    return rgb_add(l->ambient, rgb_scale(l->key, maxf(0, lambert)));
}

static DataRgb neck_at(const DataPerson *p, float x, float y)
{
    const float chin_shadow = ramp(1.35f, 0.85f, y) * (0.75f - 0.35f * p->light.softness);
    const float cords = 1 - 0.12f * bump(fabsf(x) - 0.2f, y - 1.25f, 0.1f, 0.4f);
    const float mottle = 1 + p->blotches * 0.5f * noise_octaves(&p->lattice, x * 9, y * 9, 3);
    return rgb_scale(rgb_mul(p->skin, cylinder_light(&p->light, x, p->torso.neck * 1.15f, 0)),
                     (1 - chin_shadow) * cords * mottle);
}

/* Upper edge of shoulders and clothes at x: the neck opening in the middle, sloping shoulders beside it. */
static float cloth_top(const DataTorso *t, float x)
{
    const float side = fabsf(x), out = side - t->neck;
    if (out > 0) return t->shoulder - 0.12f + t->slope * out + 0.12f * out * out;
    const float opening = 1 - side / t->neck;
    return t->shoulder - 0.12f + t->neckline * opening + (t->vee > 0 ? t->vee * opening : 0.14f * sqrtf(opening));
}

static void paint_torso_sample(const DataPerson *p, float x, float y, float grain, DataRgb *at)
{
    const DataTorso *t = &p->torso;
    const float side = fabsf(x), top = cloth_top(t, x);
    const float widen = side - t->neck - 0.35f * maxf(0, y - t->shoulder + 0.2f);
    const float neck = clamp01(0.5f - widen / grain) * (y > 0.3f);
    const float cloth = clamp01(0.5f + (y - top) / grain);
    if (neck > 0 && cloth < 1) canvas_blend(at, neck_at(p, x, y), neck);
    if (cloth <= 0) return;
    DataRgb c = rgb_mul(cloth_at(p, x, y), cylinder_light(&p->light, x, 1.5f, 0.35f));
    if (t->collar && y < top + 0.13f + 0.1f * side && side < t->neck + 0.3f)
        c = rgb_scale(rgb_mix(t->second, c, 0.2f), 0.55f + 4 * maxf(0, minf(0.1f, y - top)));
    canvas_blend(at, rgb_scale(c, 0.6f + 0.4f * ramp(0, 0.12f, y - top)), cloth);
}

void data_paint_torso(const DataPerson *p, DataCanvas *c)
{
    const float step = 1 / ((float)c->n * p->pose.radius), grain = 1.2f * step;
    const float lean = p->pose.roll_sin * 0.5f;
    const float x0 = p->pose.cx / p->pose.radius, y0 = p->pose.cy / p->pose.radius;
    for (int y = 0; y < c->n; y++) {
        const float ty = ((float)y + 0.5f) * step - y0;
        if (ty < 0.3f) continue;
        for (int x = 0; x < c->n; x++)
            paint_torso_sample(p, ((float)x + 0.5f) * step - x0 + lean, ty, grain, &c->at[y * c->n + x]);
    }
}
