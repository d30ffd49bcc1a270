/* forge_region.c -- see forge_region.h. */
#include "data/forge_region.h"

#include <math.h>
#include <stdlib.h>

#include "nn/base/size.h"

#define PI 3.14159265f

enum { OUTLINE = 96, HARMONICS = 6 };

/* ---- outlines ---- */

static DataForgeShape shape_draw(const DataForgeInput *in, NnRng *rng, float lo, float hi)
{
    const float area = nn_rng_range(rng, lo, hi) * (float)in->photo->w * (float)in->photo->h;
    const float slim = expf(nn_rng_range(rng, -0.45f, 0.45f)), r = sqrtf(area / PI);
    DataForgeShape s = { .rx = r * slim, .ry = r / slim, .turn = nn_rng_range(rng, 0, PI) };
    s.wobble = nn_rng_range(rng, 0.1f, 0.32f);
    s.feather = nn_rng_range(rng, 0.01f, 0.08f) * (float)in->photo->w;
    s.corners = nn_rng_coin(rng, 0.35f) ? 5 + (int)nn_rng_below(rng, 7) : 0;
    return s;
}

DataForgeShape data_forge_shape_on_face(const DataForgeInput *in, NnRng *rng, float lo, float hi)
{
    DataForgeShape s = shape_draw(in, rng, lo, hi);
    const float angle = nn_rng_range(rng, 0, 2 * PI), far = 0.9f * sqrtf(nn_rng_uniform(rng));
    s.cx = (in->cx + in->rx * far * cosf(angle)) * (float)in->photo->w;
    s.cy = (in->cy + in->ry * far * sinf(angle)) * (float)in->photo->h;
    return s;
}

DataForgeShape data_forge_shape_anywhere(const DataForgeInput *in, NnRng *rng, float lo, float hi)
{
    DataForgeShape s = shape_draw(in, rng, lo, hi);
    s.cx = nn_rng_range(rng, 0.15f, 0.85f) * (float)in->photo->w;
    s.cy = nn_rng_range(rng, 0.15f, 0.85f) * (float)in->photo->h;
    return s;
}

typedef struct {
    float turn_cos, turn_sin;
    float radius[OUTLINE + 1]; /* round the circle, 1 on average */
    float outside, inside;     /* alpha is 0 from the one radius on, and 1 up to the other, whatever the angle */
} Outline;

/* Radius around the circle, 1 on average: a few harmonics, the higher the weaker. */
static void outline_blob(const DataForgeShape *s, NnRng *rng, float radius[OUTLINE + 1])
{
    float gain[HARMONICS], phase[HARMONICS];
    for (int k = 0; k < HARMONICS; k++) {
        gain[k] = s->wobble * nn_rng_range(rng, 0.3f, 1) / (float)(k + 2) * 1.6f;
        phase[k] = nn_rng_range(rng, 0, 2 * PI);
    }
    for (int i = 0; i <= OUTLINE; i++) {
        radius[i] = 1;
        for (int k = 0; k < HARMONICS; k++)
            radius[i] += gain[k] * cosf((float)(k + 2) * 2 * PI * (float)i / OUTLINE + phase[k]);
    }
}

/* Straight edges between corners at even angles and random radii. */
static void outline_polygon(const DataForgeShape *s, NnRng *rng, float radius[OUTLINE + 1])
{
    float corner[17] = { 0 };
    const int n = s->corners < 16 ? s->corners : 16;
    for (int k = 0; k < n; k++) corner[k] = 1.05f + s->wobble * nn_rng_range(rng, -1, 1);
    corner[n] = corner[0];
    for (int i = 0; i <= OUTLINE; i++) {
        const float at = (float)i / OUTLINE * (float)n, wedge = 2 * PI / (float)n;
        const int k = at >= (float)n ? n - 1 : (int)at;
        const float t = (at - (float)k) * wedge, p = corner[k], q = corner[k + 1];
        radius[i] = p * q * sinf(wedge) / (p * sinf(t) + q * sinf(wedge - t));
    }
}

/* The margin is far above what rounding can do. */
static void outline_limits(const DataForgeShape *s, Outline *o)
{
    const float margin = 0.001f, feather = fmaxf(s->feather, 0.5f) / fminf(s->rx, s->ry);
    float most = 0, least = INFINITY;
    for (int i = 0; i <= OUTLINE; i++) {
        most = o->radius[i] > most ? o->radius[i] : most;
        least = o->radius[i] < least ? o->radius[i] : least;
    }
    o->outside = fminf(most + margin, 2);
    o->inside = least - feather * (1 + margin) - margin;
}

static float shape_alpha(const DataForgeShape *s, const Outline *o, float x, float y)
{
    const float dx = x - s->cx, dy = y - s->cy, u = (dx * o->turn_cos + dy * o->turn_sin) / s->rx;
    const float v = (dy * o->turn_cos - dx * o->turn_sin) / s->ry, rho = sqrtf(u * u + v * v);
    if (rho > o->outside) return 0;
    if (rho < o->inside) return 1;
    const float at = (atan2f(v, u) / (2 * PI) + 0.5f) * OUTLINE;
    const int i = at >= OUTLINE ? OUTLINE - 1 : at < 0 ? 0 : (int)at;
    const float edge = o->radius[i] + (o->radius[i + 1] - o->radius[i]) * (at - (float)i);
    const float depth = (edge - rho) * fminf(s->rx, s->ry) / fmaxf(s->feather, 0.5f);
    const float t = depth <= 0 ? 0 : depth >= 1 ? 1 : depth;
    return t * t * (3 - 2 * t);
}

static int clamp_to(float v, int n)
{
    return v < 0 ? 0 : v > (float)n ? n : (int)v;
}

/* Where the shape can be, turned as it may be. */
static void bound_region(const DataForgeShape *s, const Outline *o, DataForgeWork *work)
{
    const float reach = o->outside * fmaxf(s->rx, s->ry) + 2;
    work->x0 = clamp_to(s->cx - reach, work->w), work->x1 = clamp_to(s->cx + reach, work->w);
    work->y0 = clamp_to(s->cy - reach, work->h), work->y1 = clamp_to(s->cy + reach, work->h);
}

/* Too small to meet any pixel: the nearest one is the region. */
static void mark_one_pixel(const DataForgeShape *s, DataForgeWork *work)
{
    work->x0 = clamp_to(s->cx, work->w - 1), work->x1 = work->x0 + 1;
    work->y0 = clamp_to(s->cy, work->h - 1), work->y1 = work->y0 + 1;
    work->alpha[work->y0 * work->w + work->x0] = 1;
}

static void fill_alpha(const DataForgeShape *s, NnRng *rng, DataForgeWork *work)
{
    Outline o = { .turn_cos = cosf(s->turn), .turn_sin = sinf(s->turn) };
    int marked = 0;
    if (s->corners > 2) outline_polygon(s, rng, o.radius);
    else outline_blob(s, rng, o.radius);
    outline_limits(s, &o);
    bound_region(s, &o, work);
    for (int y = work->y0; y < work->y1; y++)
        for (int x = work->x0; x < work->x1; x++) {
            const float a = shape_alpha(s, &o, (float)x + 0.5f, (float)y + 0.5f);
            if (a < 0.02f) continue;
            work->alpha[y * work->w + x] = a;
            marked = 1;
        }
    if (!marked) mark_one_pixel(s, work);
}

/* ---- work ---- */

static NnStatus check_input(const DataForgeInput *in, NnErr *err)
{
    const DataImage *p = in->photo, *d = in->donor;
    if (p->c != 3 || p->w < 1 || p->h < 1)
        return nn_fail(err, NN_ERR_SHAPE, "forging needs an RGB photo, found %dx%d with %d channels", p->w, p->h, p->c);
    if (d && (d->c != 3 || d->w != p->w || d->h != p->h))
        return nn_fail(err, NN_ERR_SHAPE, "donor is %dx%dx%d, photo %dx%dx%d: expected the same", d->w, d->h, d->c,
                       p->w, p->h, p->c);
    return NN_OK;
}

NnStatus data_forge_work_new(const DataForgeInput *in, const DataForgeShape *shape, NnRng *rng, DataForgeWork *work,
                             NnErr *err)
{
    size_t pixels;
    *work = (DataForgeWork){ .w = in->photo->w, .h = in->photo->h };
    NN_TRY(check_input(in, err));
    if (nn_size_mul((size_t)work->w, (size_t)work->h, &pixels)) {
        work->alpha = nn_alloc(pixels, sizeof(float));
        work->layer = nn_alloc(pixels, 3 * sizeof(float));
    }
    if (!work->alpha || !work->layer) {
        data_forge_work_free(work);
        return nn_fail(err, NN_ERR_NOMEM, "out of memory for forging %dx%d pixels", work->w, work->h);
    }
    fill_alpha(shape, rng, work);
    return NN_OK;
}

void data_forge_work_free(DataForgeWork *work)
{
    free(work->alpha);
    free(work->layer);
    work->alpha = work->layer = NULL;
}

NnStatus data_forge_finish(const DataForgeInput *in, const DataForgeWork *work, DataImage *out, DataImage *mask,
                           NnErr *err)
{
    NN_TRY(data_image_copy(in->photo, out, err));
    const NnStatus s = data_image_new(work->w, work->h, 1, mask, err);
    if (s != NN_OK) {
        data_image_free(out);
        return s;
    }
    for (int y = work->y0; y < work->y1; y++)
        for (int i = y * work->w + work->x0; i < y * work->w + work->x1; i++) {
            const float a = work->alpha[i];
            if (a <= 0) continue;
            mask->px[i] = 255;
            for (int c = 0; c < 3; c++) {
                const float old = (float)out->px[3 * i + c], v = old + a * (work->layer[3 * i + c] - old) + 0.5f;
                out->px[3 * i + c] = (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : v);
            }
        }
    return NN_OK;
}

/* ---- sampling and colour ---- */

/* Largest integer not above v, for |v| < 2^31; floorf is a call on the oldest CPUs. */
static inline int floor_of(float v)
{
    const int i = (int)v;
    return i - (v < (float)i);
}

static inline const unsigned char *pixel(const DataImage *img, int x, int y)
{
    x = x < 0 ? 0 : x >= img->w ? img->w - 1 : x;
    y = y < 0 ? 0 : y >= img->h ? img->h - 1 : y;
    return img->px + 3 * ((size_t)y * (size_t)img->w + (size_t)x);
}

void data_sample_bilinear(const DataImage *img, float x, float y, float out[3])
{
    const int x0 = floor_of(x), y0 = floor_of(y);
    const float u = x - (float)x0, v = y - (float)y0;
    const unsigned char *p = pixel(img, x0, y0), *q = pixel(img, x0 + 1, y0);
    const unsigned char *r = pixel(img, x0, y0 + 1), *s = pixel(img, x0 + 1, y0 + 1);
    for (int c = 0; c < 3; c++) {
        const float top = (1 - u) * (float)p[c] + u * (float)q[c], low = (1 - u) * (float)r[c] + u * (float)s[c];
        out[c] = (1 - v) * top + v * low;
    }
}

static void cubic_weights(float t, float w[4])
{
    w[0] = t * (-0.5f + t * (1 - 0.5f * t));
    w[1] = 1 + t * t * (-2.5f + 1.5f * t);
    w[2] = t * (0.5f + t * (2 - 1.5f * t));
    w[3] = t * t * (-0.5f + 0.5f * t);
}

void data_sample_bicubic(const DataImage *img, float x, float y, float out[3])
{
    const int x0 = floor_of(x), y0 = floor_of(y);
    float wx[4], wy[4];
    cubic_weights(x - (float)x0, wx);
    cubic_weights(y - (float)y0, wy);
    out[0] = out[1] = out[2] = 0;
    for (int j = 0; j < 4; j++)
        for (int i = 0; i < 4; i++) {
            const unsigned char *p = pixel(img, x0 - 1 + i, y0 - 1 + j);
            for (int c = 0; c < 3; c++) out[c] += wx[i] * wy[j] * (float)p[c];
        }
}

typedef struct {
    double mean, spread;
} Stats;

static void finish_stats(double weight, double sum, double squares, Stats *s)
{
    s->mean = sum / weight;
    s->spread = sqrt(fmax(squares / weight - s->mean * s->mean, 0.25));
}

/* Of all three channels; doubles, since squares of levels are summed. */
static void channel_stats(const DataForgeWork *work, const DataImage *photo, Stats of_photo[3], Stats of_layer[3])
{
    double weight = 0, ps[3] = { 0 }, pq[3] = { 0 }, ls[3] = { 0 }, lq[3] = { 0 };
    for (int y = work->y0; y < work->y1; y++)
        for (int i = y * work->w + work->x0; i < y * work->w + work->x1; i++) {
            const double a = (double)work->alpha[i];
            if (a <= 0) continue;
            weight += a;
            for (int c = 0; c < 3; c++) {
                const double p = (double)photo->px[3 * i + c], l = (double)work->layer[3 * i + c];
                ps[c] += a * p, pq[c] += a * p * p, ls[c] += a * l, lq[c] += a * l * l;
            }
        }
    for (int c = 0; c < 3; c++) {
        finish_stats(weight, ps[c], pq[c], &of_photo[c]);
        finish_stats(weight, ls[c], lq[c], &of_layer[c]);
    }
}

void data_forge_match_colours(const DataForgeWork *work, const DataImage *photo, float strength)
{
    Stats p[3], l[3];
    float gain[3], shift[3], mean[3];
    channel_stats(work, photo, p, l);
    for (int c = 0; c < 3; c++) {
        const double ratio = fmin(fmax(p[c].spread / l[c].spread, 1 / 1.6), 1.6);
        gain[c] = 1 + strength * (float)(ratio - 1), shift[c] = strength * (float)(p[c].mean - l[c].mean);
        mean[c] = (float)l[c].mean;
    }
    for (int y = work->y0; y < work->y1; y++)
        for (int i = y * work->w + work->x0; i < y * work->w + work->x1; i++)
            for (int c = 0; c < 3; c++) {
                float *v = &work->layer[3 * i + c];
                *v = mean[c] + gain[c] * (*v - mean[c]) + shift[c];
            }
}
