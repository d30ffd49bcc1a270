/* photo_forging.c -- the pictures of `data forge`: a photo brought to size, and its forgeries. See forging.h.
 * All draws are a function of the seed, the photo's number, the method and the attempt. */
#include <string.h>

#include "data/forge.h"
#include "data/forging.h"
#include "nn/base/rng.h"

enum { TRIES = 8 };

/* The largest window of these proportions in the middle of the photo, brought to w x h. */
static NnStatus cover(DataImage *img, int w, int h, NnErr *err)
{
    DataImage cut = { 0 }, fitted;
    const int64_t wide = (int64_t)img->h * w / h;
    const int cw = wide < img->w ? (int)(wide > 0 ? wide : 1) : img->w;
    const int64_t high = (int64_t)cw * h / w;
    const int ch = high < img->h ? (int)(high > 0 ? high : 1) : img->h;
    NN_TRY(data_image_crop(img, (img->w - cw) / 2, (img->h - ch) / 2, cw, ch, &cut, err));
    const NnStatus s = data_image_resize(&cut, w, h, &fitted, err);
    data_image_free(&cut);
    if (s != NN_OK) return s;
    data_image_free(img);
    *img = fitted;
    return NN_OK;
}

NnStatus data_forging_load(const DataForging *f, int number, int w, int h, DataImage *out, NnErr *err)
{
    NN_TRY(data_image_load(f->photos->items[number].path, 3, (size_t)f->arguments->max_pixels, out, err));
    if (w == 0 || (out->w == w && out->h == h)) return NN_OK;
    const NnStatus s = cover(out, w, h, err);
    if (s != NN_OK) data_image_free(out);
    return s;
}

NnStatus data_forging_finish(const DataForging *f, int number, int kind, DataImage *img, NnErr *err)
{
    const DataArguments *a = f->arguments;
    NnRng rng = nn_rng_make((uint64_t)a->seed, NN_STREAM_POST, (uint32_t)kind, (uint32_t)number);
    if (!a->quality_max) return NN_OK;
    const int quality = a->quality_min + (int)nn_rng_below(&rng, (uint32_t)(a->quality_max - a->quality_min) + 1);
    return data_image_through_jpeg(img, quality, err);
}

/* Another photo of the same split, brought to the size of this one. */
static NnStatus load_donor(const DataForging *f, int split, int k, const DataImage *photo, NnRng *rng, DataImage *out,
                           NnErr *err)
{
    const int first = f->first[split], n = f->first[split + 1] - first;
    const int step = 1 + (int)nn_rng_below(rng, (uint32_t)n - 1);
    return data_forging_load(f, f->chosen[first + (k - first + step) % n], photo->w, photo->h, out, err);
}

static NnStatus forge_once(const DataForging *f, int split, int k, int method, int attempt, const DataImage *photo,
                           DataImage *out, DataImage *mask, NnErr *err)
{
    const DataForge *forge = &data_forges[method];
    const int number = f->chosen[k];
    NnRng rng = nn_rng_make((uint64_t)f->arguments->seed, NN_STREAM_FORGE, (uint32_t)(method * TRIES + attempt),
                            (uint32_t)number);
    DataImage donor = { 0 };
    DataForgeInput in = { .photo = photo, /* a photo does not say where its subject is: in the middle */
                          .cx = 0.5f,
                          .cy = 0.5f,
                          .rx = 0.28f,
                          .ry = 0.36f,
                          .donor_cx = 0.5f,
                          .donor_cy = 0.5f,
                          .donor_rx = 0.28f,
                          .donor_ry = 0.36f };
    if (forge->uses_donor) {
        NN_TRY(load_donor(f, split, k, photo, &rng, &donor, err));
        in.donor = &donor;
    }
    NnStatus s = forge->forge(&in, &rng, out, mask, err);
    data_image_free(&donor);
    if (s != NN_OK) return s;
    s = data_forging_finish(f, number, method + 1, out, err);
    if (s == NN_OK) return s;
    data_image_free(out);
    data_image_free(mask);
    return s;
}

static int is_alike(const DataImage *a, const DataImage *b)
{
    return memcmp(a->px, b->px, 3 * (size_t)a->w * (size_t)a->h) == 0;
}

/* A patch of plain sky blurred is the same patch: try elsewhere. */
NnStatus data_forging_forge(const DataForging *f, int split, int k, int method, const DataImage *photo,
                            const DataImage *real, DataImage *out, DataImage *mask, NnErr *err)
{
    for (int attempt = 0; attempt < TRIES; attempt++) {
        NN_TRY(forge_once(f, split, k, method, attempt, photo, out, mask, err));
        if (!is_alike(out, real)) return NN_OK;
        data_image_free(out);
        data_image_free(mask);
    }
    return NN_OK;
}
