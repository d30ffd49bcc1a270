/* corruption.c -- see corruption.h: the table first to last of the three protocols, and what each operator does.
 *
 * Sources: DeeperForensics-1.0 (Jiang et al., CVPR 2020) and its perturbation code; IMDL-BenCo (Ma et al., NeurIPS 2024),
 * whose operators are those of Albumentations 1.x and OpenCV; CNNDetection (Wang et al., CVPR 2020). */
#include "data/corruption.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/blur.h"
#include "data/grain.h"
#include "nn/base/settings.h"

enum { BLOCK = 8, GREY = 128, RADIUS_MAX = 12 };

static size_t pixels_of(const DataImage *img)
{
    return (size_t)img->w * (size_t)img->h;
}

static inline unsigned char to_byte(double v)
{
    return (unsigned char)(int)(v <= 0 ? 0 : v >= 255 ? 255 : v + 0.5);
}

/* ---- colour and light ---- */

/* Cb and Cr times p is every colour drawn towards its own luma (ITU-R BT.601), and the luma stays. */
static NnStatus saturation(DataImage *img, double p, NnRng *rng, NnErr *err)
{
    (void)rng, (void)err;
    unsigned char *px = img->px;
    for (size_t i = 0; i < pixels_of(img); i++, px += 3) {
        const double luma = 0.299 * px[0] + 0.587 * px[1] + 0.114 * px[2];
        for (int k = 0; k < 3; k++) px[k] = to_byte(luma + p * (px[k] - luma));
    }
    return NN_OK;
}

static NnStatus contrast(DataImage *img, double p, NnRng *rng, NnErr *err)
{
    (void)rng, (void)err;
    for (size_t i = 0; i < 3 * pixels_of(img); i++) img->px[i] = to_byte(img->px[i] * p);
    return NN_OK;
}

/* ---- blocks ---- */

int data_corruption_blocks(int w, int h, double level)
{
    const int least = w < h ? w : h;
    if (least >= 256) return least / 256 * (int)level;
    const int scaled = (int)(level * w * h / (256.0 * 256.0) + 0.5);
    return scaled > 1 ? scaled : 1;
}

/* A corner as published: 0..n-9, so that no block touches the last line. A block covers what is smaller than that. */
static int draw_corner(NnRng *rng, int n)
{
    return n > BLOCK ? (int)nn_rng_below(rng, (uint32_t)(n - BLOCK)) : 0;
}

static NnStatus blocks(DataImage *img, double level, NnRng *rng, NnErr *err)
{
    (void)err;
    for (int i = data_corruption_blocks(img->w, img->h, level); i > 0; i--) {
        const int left = draw_corner(rng, img->w), top = draw_corner(rng, img->h);
        const int right = left + BLOCK < img->w ? left + BLOCK : img->w;
        for (int y = top; y < top + BLOCK && y < img->h; y++)
            memset(img->px + 3 * ((size_t)y * (size_t)img->w + (size_t)left), GREY, 3 * (size_t)(right - left));
    }
    return NN_OK;
}

/* ---- noise ---- */

/* One pixel of noise (y, cb, cr) on 0..255, back in RGB with the constants of OpenCV. */
static void add_to_pixel(unsigned char *px, double y, double cb, double cr)
{
    px[0] = to_byte(px[0] + y + 1.403 * cr);
    px[1] = to_byte(px[1] + y - 0.714 * cr - 0.344 * cb);
    px[2] = to_byte(px[2] + y + 1.773 * cb);
}

/* As published the noise is drawn in the range of video, Y of 16..235, Cb and Cr of 16..240, and so grows on its way back:
 * by 255/219 and 255/224. (The conversions there and back cancel out, and only the noise is left to convert.) */
static NnStatus noise_ycbcr(DataImage *img, double variance, NnRng *rng, NnErr *err)
{
    enum { RUN = 128 };
    const double sigma = 255 * sqrt(variance), luma = sigma * 255 / 219, chroma = sigma * 255 / 224;
    const size_t n = pixels_of(img);
    float noise[3 * RUN];
    (void)err;
    for (size_t at = 0; at < n; at += RUN) {
        const size_t run = n - at < RUN ? n - at : RUN;
        data_normal_fill(rng, noise, 3 * run);
        for (size_t i = 0; i < run; i++) {
            const float *z = noise + 3 * i;
            add_to_pixel(img->px + 3 * (at + i), luma * (double)z[0], chroma * (double)z[1], chroma * (double)z[2]);
        }
    }
    return NN_OK;
}

static NnStatus noise_rgb(DataImage *img, double variance, NnRng *rng, NnErr *err)
{
    (void)err;
    data_noise_add(img, (float)sqrt(variance), rng, data_normal_fill);
    return NN_OK;
}

/* ---- blurs: one Gaussian, three ways to say its width ---- */

static NnStatus blur_sixth(DataImage *img, double k, NnRng *rng, NnErr *err)
{
    float kernel[2 * RADIUS_MAX + 1];
    const int radius = (int)k / 2;
    (void)rng;
    data_gaussian(kernel, radius, k / 6);
    return data_image_convolve(img, kernel, radius, DATA_BORDER_ONCE, err);
}

/* OpenCV without a sigma: 0.3 ((k-1)/2 - 1) + 0.8; up to k = 7 it has fixed kernels instead. */
static NnStatus blur_opencv(DataImage *img, double k, NnRng *rng, NnErr *err)
{
    static const float three[] = { .25f, .5f, .25f };
    static const float seven[] = { .03125f, .109375f, .21875f, .28125f, .21875f, .109375f, .03125f };
    float kernel[2 * RADIUS_MAX + 1];
    const int radius = (int)k / 2;
    (void)rng;
    data_gaussian(kernel, radius, 0.3 * (radius - 1) + 0.8);
    return data_image_convolve(img, radius == 1 ? three : radius == 3 ? seven : kernel, radius, DATA_BORDER_ONCE, err);
}

/* SciPy: cut off at 4 sigma. */
static NnStatus blur_sigma(DataImage *img, double sigma, NnRng *rng, NnErr *err)
{
    float kernel[2 * RADIUS_MAX + 1];
    const int radius = (int)(4 * sigma + 0.5);
    (void)rng;
    data_gaussian(kernel, radius, sigma);
    return data_image_convolve(img, kernel, radius, DATA_BORDER_TWICE, err);
}

/* ---- resolution ---- */

/* Place i of m among n, in units of 1 / 2m, with centres of pixels on each other; the border repeats. */
static int64_t source_place(int i, int n, int m)
{
    const int64_t at = (2 * (int64_t)i + 1) * n - m, last = 2 * (int64_t)m * (n - 1);
    return at < 0 ? 0 : at > last ? last : at;
}

/* Four neighbours and no others, however far it shrinks: not the average of data_image_resize. Exact, rounded. */
static void resample(const DataImage *src, DataImage *out)
{
    const int64_t unit_x = 2 * (int64_t)out->w, unit_y = 2 * (int64_t)out->h, total = unit_x * unit_y;
    unsigned char *to = out->px;
    for (int y = 0; y < out->h; y++) {
        const int64_t at_y = source_place(y, src->h, out->h), top = at_y / unit_y, wy = at_y % unit_y;
        const unsigned char *upper = src->px + 3 * top * src->w;
        const unsigned char *lower = wy ? upper + 3 * (int64_t)src->w : upper;
        for (int x = 0; x < out->w; x++) {
            const int64_t at_x = source_place(x, src->w, out->w), wx = at_x % unit_x;
            const int64_t a = 3 * (at_x / unit_x), b = wx ? a + 3 : a;
            for (int k = 0; k < 3; k++) {
                const int64_t above = (unit_x - wx) * upper[a + k] + wx * upper[b + k];
                const int64_t below = (unit_x - wx) * lower[a + k] + wx * lower[b + k];
                *to++ = (unsigned char)(((unit_y - wy) * above + wy * below + total / 2) / total);
            }
        }
    }
}

static NnStatus pixelation(DataImage *img, double p, NnRng *rng, NnErr *err)
{
    DataImage few;
    const int by = (int)p, w = img->w > by ? img->w / by : 1, h = img->h > by ? img->h / by : 1;
    (void)rng;
    NN_TRY(data_image_new(w, h, 3, &few, err));
    resample(img, &few);
    resample(&few, img);
    data_image_free(&few);
    return NN_OK;
}

static NnStatus jpeg(DataImage *img, double quality, NnRng *rng, NnErr *err)
{
    (void)rng;
    return data_image_through_jpeg(img, (int)quality, err);
}

/* ---- the table ---- */

const char data_corruption_encoder[] =
    "stb_image_write, baseline, standard tables; chroma 4:2:0 up to quality 90, 4:4:4 above";

const DataOperator data_operators[DATA_OPERATORS] = {
    { "deeperforensics",
      "saturation",
      "factor",
      "Cb and Cr (0.5 = grey) become 0.5 + p (x - 0.5)",
      5,
      { .4, .3, .2, .1, 0 },
      saturation },
    { "deeperforensics",
      "contrast",
      "factor",
      "every level times p: darker",
      5,
      { .85, .725, .6, .475, .35 },
      contrast },
    { "deeperforensics",
      "blocks",
      "blocks at 256 px",
      "grey blocks of 8 x 8 pixels",
      5,
      { 16, 32, 48, 64, 80 },
      blocks },
    { "deeperforensics",
      "noise",
      "variance, of 1",
      "Gaussian noise in YCbCr",
      5,
      { .001, .002, .005, .01, .05 },
      noise_ycbcr },
    { "deeperforensics",
      "blur",
      "kernel, pixels",
      "Gaussian blur, sigma = k / 6",
      5,
      { 7, 9, 13, 17, 21 },
      blur_sixth },
    { "deeperforensics",
      "pixelation",
      "divisor",
      "bilinear to 1/p of the size, and back",
      5,
      { 2, 3, 4, 5, 6 },
      pixelation },
    { "imdl",
      "blur",
      "kernel, pixels",
      "Gaussian blur, sigma = 0.3 ((k - 1) / 2 - 1) + 0.8",
      6,
      { 3, 7, 11, 15, 19, 23 },
      blur_opencv },
    { "imdl", "noise", "variance, of 255", "Gaussian noise in RGB", 6, { 3, 7, 11, 15, 19, 23 }, noise_rgb },
    { "imdl", "jpeg", "quality", "JPEG compression", 6, { 100, 90, 80, 70, 60, 50 }, jpeg },
    { "cnndetection", "blur", "sigma, pixels", "Gaussian blur", 6, { .5, 1, 1.5, 2, 2.5, 3 }, blur_sigma },
    { "cnndetection", "jpeg", "quality", "JPEG compression", 8, { 100, 90, 80, 70, 60, 50, 40, 30 }, jpeg },
};

/* ---- using it ---- */

NnStatus data_corrupt(const DataCorruption *c, int item, DataImage *image, NnErr *err)
{
    const size_t op = (size_t)(c->op - data_operators);
    NnRng rng = nn_rng_make(c->seed, NN_STREAM_CORRUPTION, (uint32_t)(op << 4 | (size_t)c->level), (uint32_t)item);
    return c->op->apply(image, c->op->levels[c->level], &rng, err);
}

int data_protocols_hold(const char *list, const DataOperator *op)
{
    return nn_list_has(list, "all") || nn_list_has(list, op->protocol);
}

/* The names that may stand in a list, each once; returns how many. */
static int known_names(const char *known[DATA_OPERATORS + 1])
{
    int n = 0;
    for (int i = 0; i < DATA_OPERATORS; i++)
        if (n == 0 || strcmp(known[n - 1], data_operators[i].protocol) != 0) known[n++] = data_operators[i].protocol;
    known[n++] = "all";
    return n;
}

static NnStatus check_name(const char *name, NnErr *err)
{
    const char *known[DATA_OPERATORS + 1] = { NULL };
    const int n = known_names(known);
    char all[256] = "";
    for (int i = 0; i < n; i++) {
        if (!strcmp(name, known[i])) return NN_OK;
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", known[i]);
    }
    const char *near = nn_nearest(name, known, n);
    return nn_fail(err, NN_ERR_USAGE, "\"%s\": no such protocol of corruptions; known: %s%s%s", name, all,
                   near ? "; nearest: " : "", near ? near : "");
}

NnStatus data_protocols_check(const char *list, NnErr *err)
{
    for (const char *p = list;; p++) {
        char name[NN_TEXT_MAX];
        const size_t blanks = strspn(p, " \t"), n = strcspn(p + blanks, ",");
        snprintf(name, sizeof name, "%.*s", (int)n, p + blanks);
        for (size_t end = strlen(name); end > 0 && strchr(" \t", name[end - 1]); end--) name[end - 1] = 0;
        NN_TRY(check_name(name, err));
        p += blanks + n;
        if (!*p) return NN_OK;
    }
}
