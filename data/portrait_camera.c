/* portrait_camera.c -- how light becomes a picture: lens blur, vignette, exposure, tone curve, sensor noise. */
#include "data/grain.h"
#include "data/portrait_layers.h"

#include <string.h>

#include "nn/base/parallel.h"

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

static int clamp_index(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* One row of samples with its border repeated in front and behind -> pixels [size][3]. */
static void shrink_row(const float *samples, int over, const float *w, int taps, float *line, int size)
{
    for (int x = 0; x < size; x++, line += 3) {
        const float *at = samples + 3 * x * over;
        float r = 0, g = 0, b = 0;
        for (int i = 0; i < taps; i++, at += 3) r += at[0] * w[i], g += at[1] * w[i], b += at[2] * w[i];
        line[0] = r, line[1] = g, line[2] = b;
    }
}

/* sum += weight * from */
NN_KERNEL_CLONES static void add_light(float *sum, const float *from, float weight, size_t n)
{
    for (size_t i = 0; i < n; i++) sum[i] += from[i] * weight;
}

/* Rows first, then columns, into the left `size` columns of the top `size` rows. Uses up height and head. */
static void shrink(DataCanvas *c, int size, float lens)
{
    const int over = c->n / size, taps = 3 * over < LENS_MAX ? 3 * over : LENS_MAX, back = (taps - over) / 2;
    const size_t n = (size_t)c->n, row = 3 * (size_t)size;
    float w[LENS_MAX], *wide = c->height, *pixels = (float *)(void *)c->head; /* [n][size][3] */
    lens_weights(lens, over, w, taps);
    for (size_t y = 0; y < n; y++) {
        const DataRgb *at = c->at + y * n;
        for (int i = 0; i < taps; i++) {
            memcpy(wide + 3 * i, at, sizeof *at);
            memcpy(wide + 3 * ((size_t)back + n) + 3 * i, at + n - 1, sizeof *at);
        }
        memcpy(wide + 3 * back, at, n * sizeof *at);
        shrink_row(wide, over, w, taps, pixels + y * row, size);
    }
    for (int y = 0; y < size; y++) {
        float *sum = &c->at[(size_t)y * n].r;
        memset(sum, 0, row * sizeof *sum);
        for (int i = 0; i < taps; i++)
            add_light(sum, pixels + (size_t)clamp_index(y * over - back + i, c->n) * row, w[i], row);
    }
}

/* Display value 0..1 of linear light: soft shoulder, gamma 2, then a mild S curve. */
static inline float tone(float v, float contrast)
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

/* One row, [n] channels of pixels: light times gain becomes levels with noise. */
NN_KERNEL_CLONES static void expose_row(const DataCamera *cam, const float *light, const float *gain,
                                        const float *noise, size_t n, unsigned char *px)
{
    for (size_t i = 0; i < n; i++) {
        const float level = tone(light[i] * gain[i], cam->contrast);
        const float sigma = cam->read_noise + cam->shot_noise * sqrtf(level) * (1.15f - 0.6f * level);
        const float noisy = 255 * (level + sigma * noise[i]) + 0.5f;
        px[i] = (unsigned char)(int)(noisy < 0 ? 0 : noisy > 255 ? 255 : noisy);
    }
}

void data_camera_expose(const DataPerson *p, DataCanvas *c, NnRng *rng, DataImage *out)
{
    const DataCamera *cam = &p->camera;
    const int size = out->w;
    const size_t row = 3 * (size_t)size;
    float *gain = (float *)(void *)c->head; /* [size][3] */
    shrink(c, size, cam->lens);
    draw_noise(cam, rng, c->height, size * size);
    for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
            const float dx = ((float)x + 0.5f) / (float)size - 0.5f, dy = ((float)y + 0.5f) / (float)size - 0.5f;
            const float g = cam->exposure * (1 - cam->vignette * (dx * dx + dy * dy));
            gain[3 * x] = gain[3 * x + 1] = gain[3 * x + 2] = g;
        }
        expose_row(cam, &c->at[(size_t)y * (size_t)c->n].r, gain, c->height + (size_t)y * row, row,
                   out->px + (size_t)y * row);
    }
}
