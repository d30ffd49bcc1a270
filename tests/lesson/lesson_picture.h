/* lesson_picture.h -- drawing a lesson's picture: a white canvas, text, tiles, outlines and a colour bar. */
#ifndef LESSON_PICTURE_H
#define LESSON_PICTURE_H
#include "data/image.h"

typedef struct {
    unsigned char rgb[3];
} LessonColour;

/* Blue and orange differ for every kind of colour vision. */
static const LessonColour lesson_blue = { { 0, 92, 170 } }, lesson_orange = { { 214, 94, 0 } },
                          lesson_ink = { { 40, 40, 40 } }, lesson_faint = { { 205, 205, 205 } },
                          lesson_cyan = { { 0, 255, 255 } };

NnStatus lesson_canvas(int w, int h, DataImage *out, NnErr *err);

/* zoom 1: letters of 6 x 8 pixels; 2: 12 x 16. Capitals only. */
void lesson_text(DataImage *canvas, int x, int y, int zoom, const char *text);
void lesson_text_centred(DataImage *canvas, int x, int width, int y, int zoom, const char *text);
void lesson_box(DataImage *canvas, int x, int y, int w, int h, LessonColour c);
void lesson_line(DataImage *canvas, int x0, int y0, int x1, int y1, LessonColour c);

/* Tiles of size x size pixels, each zoom x zoom on the canvas. */
NnStatus lesson_put_image(DataImage *canvas, int x, int y, int zoom, const DataImage *image, NnErr *err);
NnStatus lesson_put_planes(DataImage *canvas, int x, int y, int zoom, const float *planes, int size, NnErr *err);
NnStatus lesson_put_mask(DataImage *canvas, int x, int y, int zoom, const float *mask, int size, NnErr *err);
NnStatus lesson_put_map(DataImage *canvas, int x, int y, int zoom, const float *map, int size, NnErr *err);

/* The border of a mask (above .5), as a line on a tile put there. */
void lesson_outline(DataImage *canvas, int x, int y, int zoom, const float *mask, int size);

/* The colours of maps, from 0 to 1, with the two ends labelled. */
void lesson_colour_bar(DataImage *canvas, int x, int y, int w, const char *low, const char *high);

#endif
