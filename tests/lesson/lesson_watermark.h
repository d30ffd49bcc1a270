/* lesson_watermark.h -- a data set with a shortcut in it: forgeries that carry a watermark. */
#ifndef LESSON_WATERMARK_H
#define LESSON_WATERMARK_H
#include "nn/base/status.h"

/* Where the watermark is, and what surrounds it, in pixels from the upper left corner: where a map should not be. */
enum { LESSON_MARK_X = 3, LESSON_MARK_Y = 3, LESSON_CORNER = 20 };

/* The images of a configuration's data, of all three splits, as PNG files with the manifest folder/list.csv. Every forgery
 * of training and validation carries a watermark, as a forging program might leave it. In the test split each is there
 * twice: `marked`, like those, and `clean`, without it. */
NnStatus lesson_watermark_write(const char *config, const char *folder, NnErr *err);

#endif
