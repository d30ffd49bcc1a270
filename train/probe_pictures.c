/* probe_pictures.c -- see probe_pictures.h. */
#include "train/probe_pictures.h"

#include <string.h>

#include "data/heat_map.h"

/* Shrink a picture to the tile, in place. */
static NnStatus fit(const TrainProbe *p, NnStatus status, DataImage *picture, NnErr *err)
{
    const int tile = train_probe_tile(p);
    DataImage small = { 0 };
    if (status != NN_OK || picture->w == tile) return status;
    status = data_image_resize(picture, tile, tile, &small, err);
    data_image_free(picture);
    *picture = small;
    return status;
}

/* Six bits a colour: nobody sees the others, and they double a file. */
static void drop_bits(DataImage *picture)
{
    for (size_t i = 0; i < 3 * (size_t)picture->w * (size_t)picture->h; i++)
        picture->px[i] = (unsigned char)((picture->px[i] & 0xFC) | picture->px[i] >> 6);
}

NnStatus train_picture_photo(const TrainProbe *p, const float *planes, DataImage *out, NnErr *err)
{
    NN_TRY(fit(p, data_picture_from_planes(planes, p->size, out, err), out, err));
    drop_bits(out);
    return NN_OK;
}

NnStatus train_picture_map(const TrainProbe *p, const float *map, DataImage *out, NnErr *err)
{
    return fit(p, data_picture_from_map(map, p->size, out, err), out, err);
}

NnStatus train_picture_mask(const TrainProbe *p, int i, DataImage *out, NnErr *err)
{
    const size_t pixels = (size_t)p->size * (size_t)p->size;
    NN_TRY(fit(p, data_picture_from_mask(p->mask + (size_t)i * pixels, p->size, out, err), out, err));
    if (p->has_mask[i] < 0.5f) memset(out->px, 128, 3 * (size_t)out->w * (size_t)out->h);
    return NN_OK;
}

NnStatus train_picture_tile(const DataImage *strip, int i, DataImage *out, NnErr *err)
{
    const size_t tile = (size_t)strip->h, row = (size_t)strip->w;
    NN_TRY(data_image_new((int)tile, (int)tile, 3, out, err));
    for (size_t y = 0; y < tile; y++)
        for (size_t x = 0; x < tile; x++)
            data_ramp_colour((float)strip->px[y * row + (size_t)i * tile + x] / 255.0f, out->px + 3 * (y * tile + x));
    return NN_OK;
}

NnStatus train_probe_map_row(const TrainProbe *p, DataImage *out, NnErr *err)
{
    DataImage strip = { 0 };
    NN_TRY(train_probe_strip(p, &strip, err));
    const NnStatus status = data_image_new(strip.w, strip.h, 3, out, err);
    for (size_t i = 0; status == NN_OK && i < (size_t)strip.w * (size_t)strip.h; i++)
        data_ramp_colour((float)strip.px[i] / 255.0f, out->px + 3 * i);
    data_image_free(&strip);
    return status;
}

/* Place a tile that has just been made (`made` is how that went), and free it. */
static NnStatus place(NnStatus made, DataImage *canvas, int x, int y, DataImage *tile)
{
    if (made == NN_OK) data_picture_place(canvas, x, y, 1, tile);
    data_image_free(tile);
    return made;
}

NnStatus train_probe_truth_rows(const TrainProbe *p, DataImage *out, NnErr *err)
{
    const size_t pixels = (size_t)p->size * (size_t)p->size;
    const int tile = train_probe_tile(p);
    NN_TRY(data_image_new(p->n * tile, 2 * tile, 3, out, err));
    NnStatus status = NN_OK;
    for (int i = 0; i < p->n && status == NN_OK; i++) {
        DataImage one = { 0 };
        const float *planes = p->image + 3 * (size_t)i * pixels;
        status = place(train_picture_photo(p, planes, &one, err), out, i * tile, 0, &one);
        if (status == NN_OK) status = place(train_picture_mask(p, i, &one, err), out, i * tile, tile, &one);
    }
    if (status != NN_OK) data_image_free(out);
    return status;
}
