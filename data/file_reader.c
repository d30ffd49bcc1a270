/* file_reader.c -- how an item that is a file becomes a sample (data_file_reader in
 * data_set.h): decode the image and its mask, compare their sizes, fit both. */
#include "data/data_set.h"

enum { FORGED_FROM = 128 }; /* mask levels from here on are forged */

/* Messages begin with the line of the manifest, where there is one. */
static NnStatus load(const DataSet *set, const DataItem *item, const char *path, int c, DataImage *out, NnErr *err)
{
    NnErr e = { 0 };
    const NnStatus s = data_image_load(path, c, (size_t)set->settings.max_pixels, out, &e);
    if (s == NN_OK) return s;
    return nn_fail(err, s, "%s%s%s", item->where ? item->where : "", item->where ? ": " : "", e.msg);
}

static void threshold(DataImage *mask)
{
    const size_t n = (size_t)mask->w * (size_t)mask->h;
    for (size_t i = 0; i < n; i++) mask->px[i] = mask->px[i] >= FORGED_FROM ? 255 : 0;
}

static int brightest(const DataImage *mask)
{
    const size_t n = (size_t)mask->w * (size_t)mask->h;
    int most = 0;
    for (size_t i = 0; i < n; i++) most = mask->px[i] > most ? mask->px[i] : most;
    return most;
}

static NnStatus check_mask(const DataItem *item, const char *file, const DataImage *image, const DataImage *mask,
                           NnErr *err)
{
    const char *where = item->where ? item->where : item->path;
    if (mask->w != image->w || mask->h != image->h)
        return nn_fail(err, NN_ERR_DATA, "%s: mask %s has %dx%d pixels, its image %s %dx%d", where, file, mask->w,
                       mask->h, item->path, image->w, image->h);
    const int most = brightest(mask);
    if (most < FORGED_FROM)
        return nn_fail(err, NN_ERR_DATA,
                       "%s: mask %s marks no pixel as forged: its largest value is %d; expected %d or more", where,
                       file, most, FORGED_FROM);
    return NN_OK;
}

/* Replace *img by its centre: the short side becomes `size`, the long one is cut. */
static NnStatus crop_centre(DataImage *img, int size, NnErr *err)
{
    const int64_t side = img->w < img->h ? img->w : img->h;
    const int w = (int)(((int64_t)img->w * size + side / 2) / side);
    const int h = (int)(((int64_t)img->h * size + side / 2) / side);
    DataImage covering, cut;
    NN_TRY(data_image_resize(img, w, h, &covering, err));
    const NnStatus s = data_image_crop(&covering, (w - size) / 2, (h - size) / 2, size, size, &cut, err);
    data_image_free(&covering);
    if (s != NN_OK) return s;
    data_image_free(img);
    *img = cut;
    return NN_OK;
}

static NnStatus fit(const DataSettings *settings, DataImage *img, NnErr *err)
{
    DataImage fitted;
    if (settings->fit == DATA_FIT_CROP) return crop_centre(img, settings->size, err);
    NN_TRY(data_image_resize(img, settings->size, settings->size, &fitted, err));
    data_image_free(img);
    *img = fitted;
    return NN_OK;
}

static NnStatus fit_image(const DataSet *set, const DataItem *item, DataImage *image, NnErr *err)
{
    const int size = set->settings.size;
    if (set->settings.fit == DATA_FIT_CROP && (image->w < size || image->h < size))
        return nn_fail(err, NN_ERR_DATA,
                       "%s%s%s: %dx%d pixels are less than [data] size = %d; expected more, or fit = resize",
                       item->where ? item->where : "", item->where ? ": " : "", item->path, image->w, image->h, size);
    return fit(&set->settings, image, err);
}

static NnStatus prepare_mask(const DataSet *set, int i, const DataImage *image, DataImage *mask, NnErr *err)
{
    NN_TRY(check_mask(&set->items[i], data_mask_file(set, i), image, mask, err));
    threshold(mask);
    NN_TRY(fit(&set->settings, mask, err));
    threshold(mask);
    return NN_OK;
}

NnStatus data_file_mask(const DataSet *set, int i, const DataImage *image, DataImage *out, NnErr *err)
{
    NN_TRY(load(set, &set->items[i], data_mask_file(set, i), 1, out, err));
    const NnStatus s = prepare_mask(set, i, image, out, err);
    if (s != NN_OK) data_image_free(out);
    return s;
}

static NnStatus read_sample(const DataSet *set, int i, DataSample *out, NnErr *err)
{
    const int size = set->settings.size;
    const DataItem *item = &set->items[i];
    const char *mask = data_mask_file(set, i);
    out->has_mask = item->label == 0 || mask != NULL;
    NN_TRY(load(set, item, item->path, 3, &out->image, err));
    out->w = out->image.w, out->h = out->image.h;
    if (mask) NN_TRY(data_file_mask(set, i, &out->image, &out->mask, err)); /* before fitting: sizes are compared */
    else NN_TRY(data_image_new(size, size, 1, &out->mask, err));
    return fit_image(set, item, &out->image, err);
}

static NnStatus read_file(const void *self, const DataSet *set, int i, DataSample *out, NnErr *err)
{
    (void)self;
    *out = (DataSample){ 0 };
    const NnStatus s = read_sample(set, i, out, err);
    if (s != NN_OK) data_sample_free(out);
    return s;
}

const DataReader data_file_reader = { .read = read_file };
