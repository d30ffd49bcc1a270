/* heat_map.c -- see heat_map.h. */
#include "data/heat_map.h"

#include <math.h>
#include <string.h>

enum { GUTTER = 4, SMALLEST = 192 };

static float clamp01(float v)
{
    return v > 0.0f ? (v < 1.0f ? v : 1.0f) : 0.0f;
}

/* Anchors at equal distances whose lightness (CIE L*) rises in nearly equal steps from 6 to 96. */
void data_ramp_colour(float v, unsigned char rgb[3])
{
    static const unsigned char anchors[][3] = { { 10, 12, 48 },   { 48, 16, 104 },  { 98, 24, 130 },
                                                { 152, 36, 122 }, { 200, 58, 92 },  { 234, 98, 56 },
                                                { 248, 148, 32 }, { 250, 200, 70 }, { 252, 250, 190 } };
    const float at = clamp01(v) * 8.0f;
    const int low = at < 8.0f ? (int)at : 7;
    for (int c = 0; c < 3; c++) {
        const float a = (float)anchors[low][c], b = (float)anchors[low + 1][c];
        rgb[c] = (unsigned char)lrintf(a + (at - (float)low) * (b - a));
    }
}

NnStatus data_picture_from_planes(const float *planes, int size, DataImage *out, NnErr *err)
{
    const size_t n = (size_t)size * (size_t)size;
    NN_TRY(data_image_new(size, size, 3, out, err));
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            out->px[3 * i + c] = (unsigned char)lrintf(255.0f * clamp01(0.5f * (planes[c * n + i] + 1.0f)));
    return NN_OK;
}

NnStatus data_picture_from_map(const float *map, int size, DataImage *out, NnErr *err)
{
    NN_TRY(data_image_new(size, size, 3, out, err));
    for (size_t i = 0; i < (size_t)size * (size_t)size; i++) data_ramp_colour(map[i], out->px + 3 * i);
    return NN_OK;
}

NnStatus data_picture_from_mask(const float *mask, int size, DataImage *out, NnErr *err)
{
    NN_TRY(data_image_new(size, size, 3, out, err));
    for (size_t i = 0; i < (size_t)size * (size_t)size; i++) memset(out->px + 3 * i, mask[i] > 0.5f ? 255 : 0, 3);
    return NN_OK;
}

/* Two neighbours and the weight of the second, for pixel i of `to` pixels over `from` samples. */
static void neighbours(int i, int to, int from, int *a, int *b, float *weight)
{
    const float at = ((float)i + 0.5f) * (float)from / (float)to - 0.5f;
    const float low = floorf(at);
    *weight = at - low;
    *a = low < 0.0f ? 0 : (int)low;
    *b = (int)low + 1 < from ? (int)low + 1 : from - 1;
}

static float sample_map(const float *map, int size, int x, int w, int y, int h)
{
    int x0, x1, y0, y1;
    float u, v;
    neighbours(x, w, size, &x0, &x1, &u);
    neighbours(y, h, size, &y0, &y1, &v);
    const float *top = map + (size_t)y0 * (size_t)size, *bottom = map + (size_t)y1 * (size_t)size;
    return (1 - v) * ((1 - u) * top[x0] + u * top[x1]) + v * ((1 - u) * bottom[x0] + u * bottom[x1]);
}

NnStatus data_overlay(const DataImage *photo, const float *map, int size, DataImage *out, NnErr *err)
{
    NN_TRY(data_image_new(photo->w, photo->h, 3, out, err));
    for (int y = 0; y < photo->h; y++)
        for (int x = 0; x < photo->w; x++) {
            const size_t at = 3 * ((size_t)y * (size_t)photo->w + (size_t)x);
            const float v = clamp01(sample_map(map, size, x, photo->w, y, photo->h)), cover = 0.8f * v;
            unsigned char colour[3];
            data_ramp_colour(v, colour);
            for (size_t c = 0; c < 3; c++)
                out->px[at + c] =
                    (unsigned char)lrintf((1 - cover) * (float)photo->px[at + c] + cover * (float)colour[c]);
        }
    return NN_OK;
}

void data_picture_place(DataImage *canvas, int x, int y, int zoom, const DataImage *picture)
{
    for (int v = 0; v < picture->h * zoom; v++)
        for (int u = 0; u < picture->w * zoom; u++)
            memcpy(canvas->px + 3 * ((size_t)(y + v) * (size_t)canvas->w + (size_t)(x + u)),
                   picture->px + 3 * ((size_t)(v / zoom) * (size_t)picture->w + (size_t)(u / zoom)), 3);
}

NnStatus data_photo_and_overlay(const DataImage *photo, const float *map, int size, DataImage *out, NnErr *err)
{
    const int longest = photo->w > photo->h ? photo->w : photo->h;
    const int zoom = longest < SMALLEST ? (SMALLEST + longest - 1) / longest : 1;
    DataImage overlay = { 0 };
    NN_TRY(data_overlay(photo, map, size, &overlay, err));
    const NnStatus s = data_image_new(2 * zoom * photo->w + GUTTER, zoom * photo->h, 3, out, err);
    if (s == NN_OK) {
        memset(out->px, 255, 3 * (size_t)out->w * (size_t)out->h);
        data_picture_place(out, 0, 0, zoom, photo);
        data_picture_place(out, zoom * photo->w + GUTTER, 0, zoom, &overlay);
    }
    data_image_free(&overlay);
    return s;
}
