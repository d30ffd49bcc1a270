/* augment.c -- see augment.h. All decisions are drawn first, in one fixed order and whether or not they are
 * used, so that switching one change on leaves the others as they were. */
#include "data/augment.h"

#include <math.h>
#include <stdlib.h>

#include "data/blur.h"
#include "data/grain.h"
#include "nn/base/parallel.h"
#include "nn/base/size.h"

enum { GRAIN_BLOCK = 64 }; /* where the noise's own draws begin, far behind the decisions */

typedef struct {
    int flip, dx, dy;
    float brightness, contrast, saturation; /* changes, as shares */
    float blur_sigma, noise_sigma;          /* 0 = none */
    int quality;                            /* of the JPEG; 0 = none */
    NnRng grain;                            /* for the noise of each pixel */
} Choices;

/* ---- decisions ---- */

/* One draw each, unlike nn_rng_below, which may take several. */
static int draw_between(NnRng *rng, int lo, int hi)
{
    const int span = hi - lo + 1, step = (int)(nn_rng_uniform(rng) * (float)span);
    return lo + (step < span ? step : span - 1);
}

static float draw_amount_if(NnRng *rng, float probability, float largest)
{
    const int wanted = nn_rng_coin(rng, probability);
    const float amount = nn_rng_range(rng, 0, largest);
    return wanted ? amount : 0;
}

static Choices draw_choices(const DataAugment *a, NnRng *rng)
{
    Choices c;
    c.flip = nn_rng_coin(rng, a->flip);
    c.dx = draw_between(rng, -a->shift, a->shift);
    c.dy = draw_between(rng, -a->shift, a->shift);
    c.brightness = nn_rng_range(rng, -a->colour, a->colour);
    c.contrast = nn_rng_range(rng, -a->colour, a->colour);
    c.saturation = nn_rng_range(rng, -a->colour, a->colour);
    c.blur_sigma = draw_amount_if(rng, a->blur, a->blur_sigma);
    c.noise_sigma = draw_amount_if(rng, a->noise, a->noise_sigma);
    const int wanted = nn_rng_coin(rng, a->jpeg), quality = draw_between(rng, a->jpeg_min, a->jpeg_max);
    c.quality = wanted ? quality : 0;
    c.grain = *rng;
    nn_rng_seek(&c.grain, GRAIN_BLOCK);
    return c;
}

/* ---- geometry: image and mask alike ---- */

/* Pixels of c bytes to the columns that `from` names. */
static void pick_columns(const unsigned char *row, const int *from, int w, size_t c, unsigned char *out)
{
    if (c == 1) {
        for (int x = 0; x < w; x++) out[x] = row[from[x]];
        return;
    }
    for (int x = 0; x < w; x++, out += 3) {
        const unsigned char *p = row + 3 * from[x];
        out[0] = p[0], out[1] = p[1], out[2] = p[2];
    }
}

/* from [w] is scratch. */
static NnStatus move(DataImage *img, int flip, int dx, int dy, int *from, NnErr *err)
{
    DataImage old;
    NN_TRY(data_image_copy(img, &old, err));
    const size_t c = (size_t)img->c, row = (size_t)img->w * c;
    for (int x = 0; x < img->w; x++) {
        const int at = data_border_fold(x - dx, img->w, DATA_BORDER_TWICE);
        from[x] = flip ? img->w - 1 - at : at;
    }
    for (int y = 0; y < img->h; y++)
        pick_columns(old.px + (size_t)data_border_fold(y - dy, img->h, DATA_BORDER_TWICE) * row, from, img->w, c,
                     img->px + (size_t)y * row);
    data_image_free(&old);
    return NN_OK;
}

static NnStatus move_both(DataSample *s, const Choices *c, NnErr *err)
{
    const int w = s->image.w > s->mask.w ? s->image.w : s->mask.w;
    int *from = nn_alloc((size_t)w, sizeof *from);
    if (!from) return nn_fail(err, NN_ERR_NOMEM, "out of memory for moving %d columns", w);
    NnStatus status = move(&s->image, c->flip, c->dx, c->dy, from, err);
    if (status == NN_OK) status = move(&s->mask, c->flip, c->dx, c->dy, from, err);
    free(from);
    return status;
}

/* ---- the image's pixels; [H][W][3] ---- */

static size_t pixels_of(const DataImage *img)
{
    return (size_t)img->w * (size_t)img->h;
}

static inline unsigned char to_byte(float v)
{
    return (unsigned char)(int)(v <= 0 ? 0 : v >= 255 ? 255 : v + 0.5f);
}

/* ITU-R BT.601 luma. */
static inline float luma(float r, float g, float b)
{
    return 0.299f * r + 0.587f * g + 0.114f * b;
}

static float mean_luma(const DataImage *img)
{
    double sum = 0;
    const unsigned char *p = img->px;
    for (size_t i = 0; i < pixels_of(img); i++, p += 3) sum += (double)luma(p[0], p[1], p[2]);
    return (float)(sum / (double)pixels_of(img));
}

/* Brightness scales, contrast stretches about the mean luma, saturation about each pixel's own; rounded once. */
NN_KERNEL_CLONES static void change_colour(DataImage *img, const Choices *c)
{
    const float gain = (1 + c->brightness) * (1 + c->contrast);
    const float lift = -c->contrast * (1 + c->brightness) * mean_luma(img);
    unsigned char *p = img->px;
    for (size_t i = 0; i < pixels_of(img); i++, p += 3) {
        const float r = p[0] * gain + lift, g = p[1] * gain + lift, b = p[2] * gain + lift, y = luma(r, g, b);
        p[0] = to_byte(r + c->saturation * (r - y));
        p[1] = to_byte(g + c->saturation * (g - y));
        p[2] = to_byte(b + c->saturation * (b - y));
    }
}

static NnStatus blur(DataImage *img, float sigma, NnErr *err)
{
    const int radius = (int)ceilf(3 * sigma);
    float *kernel = nn_alloc(2 * (size_t)radius + 1, sizeof *kernel);
    if (!kernel) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a blur of %d pixels", radius);
    data_gaussian(kernel, radius, (double)sigma);
    const NnStatus s = data_image_convolve(img, kernel, radius, DATA_BORDER_TWICE, err);
    free(kernel);
    return s;
}

NnStatus data_augment(const DataAugment *settings, NnRng *rng, DataSample *sample, NnErr *err)
{
    if (settings->jpeg_min > settings->jpeg_max)
        return nn_fail(err, NN_ERR_CONFIG, "[augment] jpeg_min = %d is above jpeg_max = %d", settings->jpeg_min,
                       settings->jpeg_max);
    Choices c = draw_choices(settings, rng);
    if (c.flip || c.dx || c.dy) NN_TRY(move_both(sample, &c, err));
    if (settings->colour > 0) change_colour(&sample->image, &c);
    if (c.blur_sigma > 0) NN_TRY(blur(&sample->image, c.blur_sigma, err));
    if (c.noise_sigma > 0) data_noise_add(&sample->image, c.noise_sigma, &c.grain, data_normal_fill);
    if (c.quality > 0) NN_TRY(data_image_through_jpeg(&sample->image, c.quality, err));
    return NN_OK;
}
