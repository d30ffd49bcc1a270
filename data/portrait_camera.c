/* portrait_camera.c -- how light becomes a picture: lens blur, vignette, exposure, tone curve, sensor noise. */
#include "data/grain.h"
#include "data/portrait_layers.h"

#include <string.h>

/* Every run of `over` x `over` samples becomes one pixel, weighted by a tent that is `lens` pixels wider. */
static void lens_weights(float lens, int over, float *w, int taps)
{
    float sum = 0;
    for (int i = 0; i < taps; i++) {
        const float d = ((float)i - 0.5f * (float)(taps - 1)) / (float)over, sigma = 0.28f + 0.5f * lens;
        w[i] = expf(-0.5f * d * d / (sigma * sigma));
        sum += w[i];
    }
    for (int i = 0; i < taps; i++) w[i] /= sum;
}

enum { LENS_MAX = 12 };

static DataRgb weigh(const DataRgb *at, int stride, int first, int limit, const float *w, int taps)
{
    DataRgb sum = { 0, 0, 0 };
    for (int i = 0; i < taps; i++) {
        const int k = first + i < 0 ? 0 : first + i >= limit ? limit - 1 : first + i;
        sum = rgb_add(sum, rgb_scale(at[k * stride], w[i]));
    }
    return sum;
}

/* In place: rows first (the left `size` columns stay valid), then columns into the top left corner. */
static void shrink(DataCanvas *c, int size, float lens)
{
    const int over = c->n / size, taps = 3 * over < LENS_MAX ? 3 * over : LENS_MAX, back = (taps - over) / 2;
    float w[LENS_MAX];
    DataRgb *line = (DataRgb *)(void *)c->height;
    lens_weights(lens, over, w, taps);
    for (int y = 0; y < c->n; y++) {
        for (int x = 0; x < size; x++) line[x] = weigh(c->at + y * c->n, 1, x * over - back, c->n, w, taps);
        memcpy(c->at + y * c->n, line, (size_t)size * sizeof *line);
    }
    for (int x = 0; x < size; x++) {
        for (int y = 0; y < size; y++) line[y] = weigh(c->at + x, c->n, y * over - back, c->n, w, taps);
        for (int y = 0; y < size; y++) c->at[y * c->n + x] = line[y];
    }
}

/* Display value 0..1 of linear light: soft shoulder, gamma 2, then a mild S curve. */
static float tone(float v, float contrast)
{
    const float e = maxf(0, v), film = e * (1 + 0.12f * e) / (1 + 0.35f * e * e * 0.6f + 0.12f * e);
    const float g = sqrtf(film < 1 ? film : 1);
    return mixf(g, g * g * (3 - 2 * g), 0.6f * contrast);
}

enum { ROW = 128 }; /* pixels whose noise is drawn at once */

/* Noise planes [3][size][size]: one shared by the channels (luminance), the rest their own; smoothed a little
 * along rows, as demosaicing does. */
static void draw_noise(const DataCamera *cam, NnRng *rng, float *noise, int n)
{
    const float own = cam->chroma_noise, shared = sqrtf(1 - own * own);
    float before[3] = { 0 }, draw[4 * ROW];
    for (int i = 0; i < n; i++) {
        const float *d = draw + 4 * (i % ROW);
        if (i % ROW == 0) data_grain_fill(rng, draw, 4 * (size_t)(n - i < ROW ? n - i : ROW));
        for (int ch = 0; ch < 3; ch++)
            noise[3 * i + ch] = before[ch] = shared * d[0] + own * d[1 + ch] + cam->smooth_noise * before[ch];
    }
}

void data_camera_expose(const DataPerson *p, DataCanvas *c, NnRng *rng, DataImage *out)
{
    const DataCamera *cam = &p->camera;
    const int size = out->w;
    shrink(c, size, cam->lens);
    draw_noise(cam, rng, c->height, size * size);
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++) {
            const float dx = ((float)x + 0.5f) / (float)size - 0.5f, dy = ((float)y + 0.5f) / (float)size - 0.5f;
            const float gain = cam->exposure * (1 - cam->vignette * (dx * dx + dy * dy));
            const DataRgb v = rgb_scale(c->at[y * c->n + x], gain);
            const float light[3] = { v.r, v.g, v.b };
            for (int ch = 0; ch < 3; ch++) {
                const float level = tone(light[ch], cam->contrast);
                const float sigma = cam->read_noise + cam->shot_noise * sqrtf(level) * (1.15f - 0.6f * level);
                const float noisy = 255 * (level + sigma * c->height[3 * (y * size + x) + ch]) + 0.5f;
                out->px[3 * (y * size + x) + ch] = (unsigned char)(noisy < 0 ? 0 : noisy > 255 ? 255 : noisy);
            }
        }
}
