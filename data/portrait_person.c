/* portrait_person.c -- draws a person, a pose, a light and a camera at random.
 *
 * One draw a statement (or on each side of a comma operator): C leaves the order inside an
 * initialiser or a call open, and a person must not depend on the compiler. Ranges are in
 * head units (half the head's height) unless they say otherwise. Proportions follow the
 * drawing rule that eyes sit half way between crown and chin. */
#include "data/portrait_person.h"

#include <string.h>

static float pick(NnRng *r, float lo, float hi)
{
    return nn_rng_range(r, lo, hi);
}

/* The mean of two draws: the middle of the range is likelier than its ends. */
static float pick_mid(NnRng *r, float lo, float hi)
{
    const float first = pick(r, lo, hi);
    return 0.5f * (first + pick(r, lo, hi));
}

/* Place t = 0..1 on a scale of n display colours (0..255). */
static DataRgb colour_on_scale(const unsigned char (*scale)[3], int n, float t)
{
    const float at = clamp01(t) * (float)(n - 1);
    const int i = at >= (float)(n - 1) ? n - 2 : (int)at;
    const float f = at - (float)i;
    const unsigned char *p = scale[i], *q = scale[i + 1];
    return rgb_of_display(mixf(p[0], q[0], f) / 255, mixf(p[1], q[1], f) / 255, mixf(p[2], q[2], f) / 255);
}

static DataRgb any_colour(NnRng *r, float saturation, float lo, float hi)
{
    const float hue = pick(r, 0, 6.2831853f), value = pick(r, lo, hi), s = pick(r, 0, saturation);
    return rgb_of_display(value * (1 - s * (0.5f - 0.5f * cosf(hue))),
                          value * (1 - s * (0.5f - 0.5f * cosf(hue + 2.1f))),
                          value * (1 - s * (0.5f - 0.5f * cosf(hue + 4.2f))));
}

static DataRgb jitter(NnRng *r, DataRgb c, float amount)
{
    const float all = 1 + pick(r, -amount, amount);
    c.r *= all * (1 + 0.4f * pick(r, -amount, amount));
    c.g *= all * (1 + 0.4f * pick(r, -amount, amount));
    c.b *= all * (1 + 0.4f * pick(r, -amount, amount));
    return c;
}

static void draw_pose(NnRng *r, DataPose *p)
{
    const float roll = pick_mid(r, -0.35f, 0.35f), yaw = pick_mid(r, -0.75f, 0.75f), pitch = pick_mid(r, -0.35f, 0.35f);
    p->radius = pick(r, 0.34f, 0.44f);
    p->cx = 0.5f + pick_mid(r, -0.08f, 0.08f);
    p->cy = 0.5f + pick_mid(r, -0.06f, 0.06f);
    p->roll_cos = cosf(roll), p->roll_sin = sinf(roll);
    p->yaw_cos = cosf(yaw), p->yaw_sin = sinf(yaw);
    p->pitch_cos = cosf(pitch), p->pitch_sin = sinf(pitch);
    p->aspect = pick_mid(r, 0.59f, 0.73f);
    p->depth = pick(r, 0.62f, 0.8f);
}

/* Half widths: an ellipse-like skull above, a jaw with a square or a pointed chin below. */
static void draw_outline(NnRng *r, const DataPose *pose, DataOutline *o)
{
    const float skull = pick(r, 2.1f, 2.7f), jaw = pick(r, 1.8f, 2.6f), chin = pick(r, 0.5f, 0.66f);
    for (int i = 0; i <= PORTRAIT_ROWS; i++) {
        const float y = 2.0f * (float)i / PORTRAIT_ROWS - 1, t = fabsf(y);
        o->half_width[i] = pose->aspect * (y < 0 ? sqrtf(1 - powf(t, skull)) : powf(1 - powf(t, jaw), chin));
        o->profile[i] = powf(maxf(0, 1 - powf(t, y < 0 ? 2.6f : 4.0f)), 0.5f);
    }
    for (int i = 0; i <= PORTRAIT_ROWS; i++) {
        const int lo = i > 0 ? i - 1 : 0, hi = i < PORTRAIT_ROWS ? i + 1 : PORTRAIT_ROWS;
        const float slope = (o->half_width[hi] - o->half_width[lo]) / (2.0f * (float)(hi - lo) / PORTRAIT_ROWS);
        o->steep[i] = 1 / sqrtf(1 + slope * slope);
    }
}

static void draw_light(NnRng *r, DataLight *l)
{
    const float side = pick(r, -1.0f, 1.0f), up = pick(r, 0.1f, 0.9f), z = pick(r, 0.5f, 1.0f);
    const float len = sqrtf(side * side + up * up + z * z), warm = pick(r, -0.18f, 0.22f);
    const float power = pick(r, 0.85f, 1.2f), fill = pick(r, 0.14f, 0.42f), cool = pick(r, -0.15f, 0.15f);
    l->dir[0] = side / len, l->dir[1] = -up / len, l->dir[2] = z / len;
    l->key = (DataRgb){ power * (1 + warm), power, power * (1 - 1.1f * warm) };
    l->ambient = (DataRgb){ fill * (1 - cool), fill, fill * (1 + cool) };
    l->softness = pick(r, 0.05f, 0.6f);
    l->shine = pick(r, 0.03f, 0.2f);
}

static void draw_skin(NnRng *r, DataPerson *p)
{
    static const unsigned char tones[][3] = { { 250, 222, 206 }, { 240, 200, 175 }, { 226, 178, 145 },
                                              { 205, 150, 115 }, { 172, 118, 86 },  { 134, 86, 60 },
                                              { 100, 64, 46 },   { 70, 46, 36 } };
    p->skin = jitter(r, colour_on_scale(tones, 8, pick(r, 0, 1)), 0.06f);
    p->blush = pick(r, 0, 0.8f);
    p->freckles = nn_rng_coin(r, 0.2f) ? pick(r, 0.2f, 0.8f) : 0;
    p->age = pick(r, 0, 1);
    p->cheeks = pick(r, 0.01f, 0.05f);
    p->chin = pick(r, 0.02f, 0.06f);
    p->blotches = pick(r, 0.05f, 0.16f);
    p->pores = pick(r, 0.04f, 0.12f);
    p->ear_size = pick(r, 0.15f, 0.21f);
    p->ear_out = pick(r, 0.02f, 0.08f);
}

static void draw_eyes(NnRng *r, DataEyes *e, DataBrows *b)
{
    static const unsigned char irises[][3] = { { 44, 26, 16 },   { 72, 44, 24 },   { 110, 76, 40 },  { 120, 110, 60 },
                                               { 96, 124, 104 }, { 92, 128, 160 }, { 130, 150, 165 } };
    const float t = pick(r, 0, 1);
    e->a = pick(r, 0.28f, 0.335f), e->b = pick(r, 0.0f, 0.08f);
    e->half_width = pick(r, 0.135f, 0.165f);
    e->open_up = pick(r, 0.04f, 0.08f), e->open_down = pick(r, 0.022f, 0.042f);
    e->slant = pick(r, -0.12f, 0.2f);
    e->gaze_a = pick_mid(r, -0.06f, 0.06f), e->gaze_b = pick_mid(r, -0.02f, 0.02f);
    e->iris_radius = pick(r, 0.06f, 0.074f), e->pupil = pick(r, 0.3f, 0.5f);
    e->crease = pick(r, 0, 0.5f), e->bag = pick(r, 0, 0.3f), e->lash = pick(r, 0.3f, 0.9f);
    e->iris = jitter(r, colour_on_scale(irises, 7, t * t), 0.15f);
    e->white = jitter(r, rgb_of_display(0.78f, 0.75f, 0.73f), 0.06f);
    b->lift = pick(r, 0.13f, 0.19f);
    b->arch = pick(r, 0.01f, 0.06f);
    b->thickness = pick(r, 0.018f, 0.05f);
    b->inner = pick(r, 0.1f, 0.17f);
    b->outer = pick(r, 0.44f, 0.52f);
    b->dark = pick(r, 0.45f, 0.95f);
    b->tilt = pick(r, -0.1f, 0.15f);
}

static void draw_nose_and_mouth(NnRng *r, DataPerson *p)
{
    DataNose *n = &p->nose;
    DataMouth *m = &p->mouth;
    n->bridge = pick(r, 0.035f, 0.06f);
    n->width = pick(r, 0.085f, 0.14f);
    n->tip_b = pick(r, 0.34f, 0.43f);
    n->height = pick(r, 0.13f, 0.24f);
    n->nostril = pick(r, 0.35f, 0.85f);
    m->b = pick(r, 0.58f, 0.66f);
    m->half_width = pick(r, 0.2f, 0.29f);
    m->upper = pick(r, 0.03f, 0.06f), m->lower = pick(r, 0.045f, 0.085f);
    m->smile = pick(r, -0.03f, 0.09f), m->bow = pick(r, 0, 0.014f);
    m->open = m->smile > 0.02f && nn_rng_coin(r, 0.55f) ? pick(r, 0.02f, 0.07f) : 0;
    m->teeth = pick(r, 0.55f, 1);
    const float red = pick(r, 0, 1);
    m->lip = rgb_mul(p->skin, (DataRgb){ mixf(0.95f, 0.8f, red), mixf(0.66f, 0.3f, red), mixf(0.68f, 0.36f, red) });
}

static void draw_hair_cut(NnRng *r, DataHair *h)
{
    h->side = 0.1f, h->back = -2, h->inner = 0.9f, h->fringe = 0, h->curl = pick(r, 0, 0.4f);
    switch (h->style) {
    case HAIR_BALD:
        h->line = -1.3f, h->volume = 0.01f, h->top = 0.005f, h->side = pick(r, -0.1f, 0.2f);
        break;
    case HAIR_CROPPED:
        h->volume = pick(r, 0.01f, 0.04f), h->top = pick(r, 0.02f, 0.07f);
        break;
    case HAIR_SHORT:
        h->volume = pick(r, 0.03f, 0.1f), h->top = pick(r, 0.06f, 0.2f), h->fringe = pick(r, 0, 0.28f);
        break;
    case HAIR_TIED:
        h->volume = pick(r, 0.02f, 0.05f), h->top = pick(r, 0.03f, 0.09f), h->side = pick(r, -0.05f, 0.15f);
        break;
    case HAIR_LONG:
        h->volume = pick(r, 0.08f, 0.26f), h->top = pick(r, 0.06f, 0.16f),
        h->fringe = nn_rng_coin(r, 0.4f) ? pick(r, 0.1f, 0.4f) : 0;
        h->side = pick(r, 0.6f, 1.9f), h->back = h->side + pick(r, 0, 0.5f), h->inner = pick(r, 0.72f, 0.95f);
        break;
    default:
        h->volume = pick(r, 0.12f, 0.42f), h->top = pick(r, 0.12f, 0.34f), h->curl = 1;
        h->side = pick(r, 0.1f, 1.1f), h->back = h->side, h->inner = pick(r, 0.8f, 0.95f);
    }
}

static void draw_hair(NnRng *r, DataHair *h)
{
    static const unsigned char shades[][3] = {
        { 18, 15, 15 },  { 34, 25, 21 },   { 58, 38, 27 },    { 92, 58, 38 },
        { 128, 84, 50 }, { 168, 122, 74 }, { 205, 165, 110 }, { 226, 198, 150 }
    };
    static const unsigned char styles[] = { HAIR_BALD, HAIR_CROPPED, HAIR_SHORT, HAIR_SHORT, HAIR_SHORT,
                                            HAIR_TIED, HAIR_LONG,    HAIR_LONG,  HAIR_LONG,  HAIR_CURLY };
    const float t = pick(r, 0, 1);
    h->style = (DataHairStyle)styles[nn_rng_below(r, sizeof styles)];
    h->line = pick(r, -0.68f, -0.5f);
    h->recede = pick(r, 0, 0.25f), h->part = pick(r, -0.5f, 0.5f);
    draw_hair_cut(r, h);
    h->strands = pick(r, 12, 30), h->gloss = pick(r, 0.1f, 0.7f);
    h->colour = jitter(r, colour_on_scale(shades, 8, t * t * 1.05f), 0.12f);
    h->grey = nn_rng_coin(r, 0.18f) ? pick(r, 0.2f, 1) : 0;
    if (nn_rng_coin(r, 0.12f)) h->colour = rgb_mul(h->colour, (DataRgb){ 1.6f, 0.75f, 0.6f });
    h->colour = rgb_mix(h->colour, rgb_of_display(0.7f, 0.7f, 0.7f), 0.7f * h->grey);
}

static void draw_torso(NnRng *r, DataTorso *t)
{
    t->kind = (DataClothes)nn_rng_below(r, CLOTHES_KINDS);
    t->colour = any_colour(r, 0.7f, 0.05f, 0.95f), t->second = any_colour(r, 0.7f, 0.05f, 0.95f);
    t->neck = pick(r, 0.36f, 0.52f);
    t->shoulder = pick(r, 1.14f, 1.34f), t->slope = pick(r, 0.18f, 0.45f);
    t->vee = nn_rng_coin(r, 0.5f) ? pick(r, 0.2f, 0.7f) : 0;
    t->neckline = pick(r, -0.08f, 0.12f), t->scale = pick(r, 6, 22);
    t->collar = nn_rng_coin(r, 0.4f);
}

static void draw_scene(NnRng *r, DataScene *s)
{
    s->kind = (DataBackdrop)nn_rng_below(r, BACKDROP_KINDS);
    for (int i = 0; i < 4; i++) s->colour[i] = any_colour(r, s->kind == BACKDROP_STUDIO ? 0.3f : 0.5f, 0.05f, 0.95f);
    if (s->kind == BACKDROP_LEAVES) {
        s->colour[0] = jitter(r, rgb_of_display(0.16f, 0.2f, 0.12f), 0.3f);
        s->colour[1] = jitter(r, rgb_of_display(0.5f, 0.56f, 0.38f), 0.3f);
    }
    s->n_shapes =
        s->kind == BACKDROP_STUDIO || s->kind == BACKDROP_LEAVES ? 0 : 4 + (int)nn_rng_below(r, PORTRAIT_SHAPES - 3);
    for (int i = 0; i < s->n_shapes; i++) {
        s->x[i] = pick(r, -0.1f, 1.1f), s->y[i] = pick(r, -0.1f, 1.1f), s->size[i] = pick(r, 0.04f, 0.25f);
        s->tint[i] = (int)nn_rng_below(r, 4);
    }
    s->blur = pick(r, 0.02f, 0.1f), s->texture = pick(r, 0, 0.16f);
    s->angle = pick(r, 0, 6.2831853f), s->falloff = pick(r, 0.2f, 1);
}

static void draw_camera(NnRng *r, DataCamera *c)
{
    c->lens = pick(r, 0.3f, 0.75f);
    c->vignette = pick(r, 0, 0.5f);
    c->exposure = pick(r, 0.95f, 1.4f);
    c->contrast = pick(r, 0, 0.55f);
    c->shot_noise = pick(r, 0.005f, 0.016f);
    c->read_noise = pick(r, 0.002f, 0.007f);
    c->chroma_noise = pick(r, 0.3f, 0.8f);
    c->smooth_noise = pick(r, 0, 0.35f);
    c->quality = 85 + (int)nn_rng_below(r, 14);
}

static void draw_extras(NnRng *r, DataPerson *p)
{
    const int long_hair = p->hair.style == HAIR_LONG || p->hair.style == HAIR_TIED;
    p->beard = long_hair || nn_rng_coin(r, 0.5f) ? BEARD_NONE : (DataBeard)(1 + nn_rng_below(r, 4));
    p->glasses = nn_rng_coin(r, 0.16f);
    p->glasses_round = pick(r, 2, 5), p->glasses_thick = pick(r, 0.012f, 0.03f);
    p->glasses_colour = any_colour(r, 0.5f, 0.03f, 0.4f);
}

static void draw_lattice(NnRng *rng, DataLattice *l)
{
    enum { N = PORTRAIT_LATTICE };
    uint32_t word[N * N];
    nn_rng_fill(rng, word, N * N);
    for (int y = 0; y <= N; y++)
        for (int x = 0; x <= N; x++)
            l->at[y * LATTICE_ROW + x] = 2 * ((float)(word[y % N * N + x % N] >> 8) * 0x1p-24f) - 1;
}

void data_person_draw(NnRng *rng, DataPerson *p)
{
    memset(p, 0, sizeof *p);
    draw_lattice(rng, &p->lattice);
    draw_pose(rng, &p->pose);
    draw_outline(rng, &p->pose, &p->outline);
    draw_light(rng, &p->light);
    draw_skin(rng, p);
    draw_eyes(rng, &p->eyes, &p->brows);
    draw_nose_and_mouth(rng, p);
    draw_hair(rng, &p->hair);
    draw_torso(rng, &p->torso);
    draw_scene(rng, &p->scene);
    draw_camera(rng, &p->camera);
    draw_extras(rng, p);
}
