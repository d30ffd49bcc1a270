/* forge.h -- classical manipulations of a real image, each with its exact mask.
 *
 * A forgery is a pure function of the two images and the random stream. Every
 * method changes pixels inside its mask only, and its mask covers every pixel it
 * changed: mask = 255 where out != photo may hold (feathered borders included), 0
 * elsewhere. Boundaries vary in place, size, shape and softness. */
#ifndef DATA_FORGE_H
#define DATA_FORGE_H
#include "data/image.h"
#include "nn/base/rng.h"

/* What a method may work with. Images are RGB of one size. */
typedef struct {
    const DataImage *photo; /* the real image to be forged */
    const DataImage *donor; /* another real image of the same split, other identity */
    /* Where the subject is, as shares of width and height: centre and half axes of an
     * ellipse around the inner face (portraits know it; photos use the image centre). */
    float cx, cy, rx, ry;
    float donor_cx, donor_cy, donor_rx, donor_ry; /* the same for the donor */
} DataForgeInput;

typedef struct {
    const char *name;
    const char *help; /* one line */
    int uses_donor;   /* 0: in->donor is not looked at and may be NULL */
    NnStatus (*forge)(const DataForgeInput *in, NnRng *rng, DataImage *out, DataImage *mask, NnErr *err);
} DataForge;

/* swap, inpaint, recolor, warp, resample, splice -- the one list of methods. */
extern const DataForge data_forges[];
extern const int data_forge_count;

const DataForge *data_forge_find(const char *name); /* NULL if unknown */

#endif
