/* gallery.h -- the hardest errors: images that the detector judged wrongly and was most sure of, with their maps.
 *
 * Kept while images pass by, so it takes the same memory for any number of them. Whoever looks only at what went well
 * learns little; these are picked by score, and say so. */
#ifndef EVAL_GALLERY_H
#define EVAL_GALLERY_H
#include "eval/judge.h"

enum { EVAL_GALLERY_SHOTS = 6, EVAL_GALLERY_SETS = 6, EVAL_SHOT_TILES = 3 };

/* One wrongly judged image; tiles of at most DATA_SHEET_TILE pixels: the image, the map laid over it, the mask (empty
 * for real images and where it is unknown). */
typedef struct {
    char path[NN_TEXT_MAX], method[NN_TEXT_MAX]; /* cut where longer */
    int seen;
    double score;
    DataImage tile[EVAL_SHOT_TILES];
} EvalShot;

typedef enum { EVAL_FALSE_ALARM, EVAL_MISS, EVAL_ERROR_KINDS } EvalErrorKind; /* equal to the label */

/* Of one data set: real images with the highest scores, forgeries with the lowest, the surest first. */
typedef struct {
    int n[EVAL_ERROR_KINDS], all[EVAL_ERROR_KINDS]; /* kept; wrong altogether */
    EvalShot shots[EVAL_ERROR_KINDS][EVAL_GALLERY_SHOTS];
} EvalGallerySet;

/* Zero-initialise; release with eval_gallery_free. Data sets after the first EVAL_GALLERY_SETS have no pictures. */
typedef struct {
    int n;
    EvalGallerySet *sets[EVAL_GALLERY_SETS];
} EvalGallery;

/* The images that follow are of the next data set. */
NnStatus eval_gallery_begin(EvalGallery *g, NnErr *err);
/* Keep the image if it was judged wrongly at the threshold, with more certainty than those kept so far. */
NnStatus eval_gallery_visit(EvalGallery *g, const EvalView *view, double threshold, NnErr *err);
void eval_gallery_free(EvalGallery *g);

#endif
