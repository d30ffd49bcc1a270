/* region_removal.c -- see region_removal.h. */
#include "data/region_removal.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"

enum {
    FILL_BLOCK = 64, /* where the draws of the noise begin, far behind the decisions */
    COARSE = 8       /* blur: this many pixels become one */
};

/* ---- decisions ---- */

typedef struct {
    int wanted;
    float alpha;
    int dx, dy; /* of the control */
} Choice;

static Choice draw_choice(const DataRegions *s, NnRng *rng, const DataImage *image)
{
    Choice c = { .wanted = nn_rng_coin(rng, s->probability), .alpha = nn_rng_range(rng, s->alpha_min, s->alpha_max) };
    const uint32_t places = (uint32_t)image->w * (uint32_t)image->h;
    const uint32_t move = places > 1 ? 1 + nn_rng_below(rng, places - 1) : 0; /* anywhere but where it was */
    if (s->remove == DATA_REMOVE_RANDOM) {
        c.dx = (int)(move % (uint32_t)image->w);
        c.dy = (int)(move / (uint32_t)image->w);
    }
    return c;
}

/* ---- the pixels that go ---- */

/* Pixel numbers of the int(alpha n) hottest, into out [pixels]; how many they are. Counting how many pixels have each of
 * the 255 heats does for sorting. */
static size_t choose_hottest(const unsigned char *map, size_t pixels, float alpha, uint32_t *out)
{
    size_t of_heat[256] = { 0 }, n = 0, hotter = 0;
    for (size_t i = 0; i < pixels; i++) of_heat[map[i]]++;
    for (int heat = 1; heat < 256; heat++) n += of_heat[heat];
    const size_t want = (size_t)((double)alpha * (double)n);
    int least = 256; /* the lowest heat that is taken, perhaps in part */
    while (hotter < want) hotter += of_heat[--least];
    size_t spare = hotter - want, taken = 0, last = least < 256 ? of_heat[least] - spare : 0;
    for (size_t i = 0; i < pixels && taken < want; i++) {
        if (map[i] < least || (map[i] == least && last == 0)) continue;
        last -= map[i] == least;
        out[taken++] = (uint32_t)i;
    }
    return taken;
}

/* Around the edges. */
static void move_all(uint32_t *at, size_t n, const Choice *c, const DataImage *image)
{
    const uint32_t w = (uint32_t)image->w, h = (uint32_t)image->h;
    for (size_t i = 0; i < n; i++) at[i] = (at[i] / w + (uint32_t)c->dy) % h * w + (at[i] % w + (uint32_t)c->dx) % w;
}

/* ---- what is put there ---- */

static NnStatus fill_noise(DataImage *image, const uint32_t *at, size_t n, NnRng rng, NnErr *err)
{
    uint32_t *colour = nn_alloc(n, sizeof *colour);
    if (!colour) return nn_fail(err, NN_ERR_NOMEM, "out of memory for noise on %zu pixels", n);
    nn_rng_seek(&rng, FILL_BLOCK);
    nn_rng_fill(&rng, colour, n);
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < 3; c++) image->px[3 * (size_t)at[i] + (size_t)c] = (unsigned char)(colour[i] >> 8 * c);
    free(colour);
    return NN_OK;
}

static void fill_colour(DataImage *image, const uint32_t *at, size_t n, const unsigned char colour[3])
{
    for (size_t i = 0; i < n; i++) memcpy(image->px + 3 * (size_t)at[i], colour, 3);
}

static void fill_mean(DataImage *image, const uint32_t *at, size_t n)
{
    const size_t pixels = (size_t)image->w * (size_t)image->h;
    uint64_t sum[3] = { 0 };
    unsigned char mean[3];
    if (pixels == 0) return;
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < 3; c++) sum[c] += image->px[3 * i + c];
    for (int c = 0; c < 3; c++) mean[c] = (unsigned char)((sum[c] + pixels / 2) / pixels);
    fill_colour(image, at, n, mean);
}

static NnStatus fill_blur(DataImage *image, const uint32_t *at, size_t n, NnErr *err)
{
    DataImage coarse, soft;
    const int w = image->w > COARSE ? image->w / COARSE : 1, h = image->h > COARSE ? image->h / COARSE : 1;
    NN_TRY(data_image_resize(image, w, h, &coarse, err));
    const NnStatus s = data_image_resize(&coarse, image->w, image->h, &soft, err);
    data_image_free(&coarse);
    if (s != NN_OK) return s;
    for (size_t i = 0; i < n; i++) memcpy(image->px + 3 * (size_t)at[i], soft.px + 3 * (size_t)at[i], 3);
    data_image_free(&soft);
    return NN_OK;
}

static NnStatus fill(const DataRegions *s, DataImage *image, const uint32_t *at, size_t n, NnRng rng, NnErr *err)
{
    static const unsigned char black[3] = { 0 };
    switch ((DataFill)s->fill) {
    case DATA_FILL_NOISE:
        return fill_noise(image, at, n, rng, err);
    case DATA_FILL_BLACK:
        fill_colour(image, at, n, black);
        return NN_OK;
    case DATA_FILL_MEAN:
        fill_mean(image, at, n);
        return NN_OK;
    case DATA_FILL_BLUR:
        break;
    }
    return fill_blur(image, at, n, err);
}

/* ---- */

NnStatus data_region_check(const DataRegions *settings, NnErr *err)
{
    if (settings->alpha_min <= settings->alpha_max) return NN_OK;
    return nn_fail(err, NN_ERR_CONFIG, "[regions] alpha_min = %g is above alpha_max = %g", (double)settings->alpha_min,
                   (double)settings->alpha_max);
}

NnStatus data_region_remove(const DataRegions *settings, NnRng *rng, const unsigned char *map, DataImage *image,
                            NnErr *err)
{
    const Choice c = draw_choice(settings, rng, image);
    const size_t pixels = (size_t)image->w * (size_t)image->h;
    if (!c.wanted || settings->remove == DATA_REMOVE_NONE) return NN_OK;
    uint32_t *at = nn_alloc(pixels, sizeof *at);
    if (!at) return nn_fail(err, NN_ERR_NOMEM, "out of memory for removing from %zu pixels", pixels);
    const size_t n = choose_hottest(map, pixels, c.alpha, at);
    move_all(at, n, &c, image);
    const NnStatus s = n ? fill(settings, image, at, n, *rng, err) : NN_OK;
    free(at);
    return s;
}

NnStatus data_region_remove_item(const DataRemoval *r, const DataSet *set, uint64_t seed, uint32_t epoch, int item,
                                 DataImage *image, NnErr *err)
{
    const size_t side = (size_t)data_region_maps_size(r->maps);
    NnRng rng = nn_rng_make(seed, NN_STREAM_REMOVAL, epoch, (uint32_t)item);
    NnErr why = { 0 };
    if (r->place[item] < 0) return NN_OK;
    unsigned char *map = nn_alloc(side * side, 1);
    if (!map) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a map of %zu x %zu pixels", side, side);
    NnStatus s = data_region_maps_get(r->maps, r->place[item], image, map, &why);
    if (s == NN_OK) s = data_region_remove(&r->settings, &rng, map, image, &why);
    free(map);
    return s == NN_OK ? s : nn_fail(err, s, "%s: %s", set->items[item].path, why.msg);
}
