/* bitmap_font.h -- a 5 x 7 pixel font for captions on pictures: capitals, digits and a little punctuation. */
#ifndef DATA_BITMAP_FONT_H
#define DATA_BITMAP_FONT_H
#include "data/image.h"

enum { DATA_FONT_W = 6, DATA_FONT_H = 8 }; /* one character with its gap, pixels */

/* Write text into an RGB image with its top left corner at (x,y), each font pixel zoom x zoom, in one grey level.
 * Small letters come out as capitals, unknown characters as blanks; what falls outside is clipped. */
void data_font_draw(DataImage *canvas, int x, int y, int zoom, unsigned char grey, const char *text);

#endif
