/* lesson_picture.c -- see lesson_picture.h. */
#include "tests/lesson/lesson_picture.h"

#include <stdlib.h>
#include <string.h>

#include "data/bitmap_font.h"
#include "data/heat_map.h"

NnStatus lesson_canvas(int w, int h, DataImage *out, NnErr *err)
{
    NN_TRY(data_image_new(w, h, 3, out, err));
    memset(out->px, 255, 3 * (size_t)w * (size_t)h);
    return NN_OK;
}

void lesson_text(DataImage *canvas, int x, int y, int zoom, const char *text)
{
    data_font_draw(canvas, x, y, zoom, lesson_ink.rgb[0], text);
}

void lesson_text_centred(DataImage *canvas, int x, int width, int y, int zoom, const char *text)
{
    lesson_text(canvas, x + (width - zoom * DATA_FONT_W * (int)strlen(text)) / 2, y, zoom, text);
}

static void dot(DataImage *canvas, int x, int y, LessonColour c)
{
    if (x < 0 || y < 0 || x >= canvas->w || y >= canvas->h) return;
    memcpy(canvas->px + 3 * ((size_t)y * (size_t)canvas->w + (size_t)x), c.rgb, 3);
}

void lesson_box(DataImage *canvas, int x, int y, int w, int h, LessonColour c)
{
    for (int v = y; v < y + h; v++)
        for (int u = x; u < x + w; u++) dot(canvas, u, v, c);
}

void lesson_line(DataImage *canvas, int x0, int y0, int x1, int y1, LessonColour c)
{
    const int dx = abs(x1 - x0), dy = abs(y1 - y0), n = dx > dy ? dx : dy;
    for (int i = 0; i <= n; i++) dot(canvas, x0 + (n ? (x1 - x0) * i / n : 0), y0 + (n ? (y1 - y0) * i / n : 0), c);
}

static void put(DataImage *canvas, int x, int y, int zoom, DataImage *tile)
{
    data_picture_place(canvas, x, y, zoom, tile);
    data_image_free(tile);
}

NnStatus lesson_put_image(DataImage *canvas, int x, int y, int zoom, const DataImage *image, NnErr *err)
{
    if (image->c != 3) return nn_fail(err, NN_ERR_SHAPE, "lesson: a tile of %d channels; expected 3", image->c);
    data_picture_place(canvas, x, y, zoom, image);
    return NN_OK;
}

NnStatus lesson_put_planes(DataImage *canvas, int x, int y, int zoom, const float *planes, int size, NnErr *err)
{
    DataImage tile = { 0 };
    NN_TRY(data_picture_from_planes(planes, size, &tile, err));
    put(canvas, x, y, zoom, &tile);
    return NN_OK;
}

NnStatus lesson_put_mask(DataImage *canvas, int x, int y, int zoom, const float *mask, int size, NnErr *err)
{
    DataImage tile = { 0 };
    NN_TRY(data_picture_from_mask(mask, size, &tile, err));
    put(canvas, x, y, zoom, &tile);
    return NN_OK;
}

NnStatus lesson_put_map(DataImage *canvas, int x, int y, int zoom, const float *map, int size, NnErr *err)
{
    DataImage tile = { 0 };
    NN_TRY(data_picture_from_map(map, size, &tile, err));
    put(canvas, x, y, zoom, &tile);
    return NN_OK;
}

static int inside(const float *mask, int size, int u, int v)
{
    return u >= 0 && v >= 0 && u < size && v < size && mask[(size_t)v * (size_t)size + (size_t)u] > 0.5f;
}

void lesson_outline(DataImage *canvas, int x, int y, int zoom, const float *mask, int size)
{
    for (int v = 0; v < size; v++)
        for (int u = 0; u < size; u++) {
            const int left = x + zoom * u, top = y + zoom * v;
            if (inside(mask, size, u, v) != inside(mask, size, u - 1, v))
                lesson_box(canvas, left, top, 1, zoom, lesson_cyan);
            if (inside(mask, size, u, v) != inside(mask, size, u, v - 1))
                lesson_box(canvas, left, top, zoom, 1, lesson_cyan);
        }
}

void lesson_colour_bar(DataImage *canvas, int x, int y, int w, const char *low, const char *high)
{
    const int from = x + DATA_FONT_W * ((int)strlen(low) + 1);
    lesson_text(canvas, x, y + 1, 1, low);
    for (int i = 0; i < w; i++) {
        LessonColour c = lesson_ink;
        data_ramp_colour((float)i / (float)(w - 1), c.rgb);
        lesson_box(canvas, from + i, y, 1, 10, c);
    }
    lesson_text(canvas, from + w + DATA_FONT_W, y + 1, 1, high);
}
