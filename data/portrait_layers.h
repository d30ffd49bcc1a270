/* portrait_layers.h -- the canvas of a portrait and the layers that are painted on it, back to front
 * (internal to data/portrait*.c). */
#ifndef DATA_PORTRAIT_LAYERS_H
#define DATA_PORTRAIT_LAYERS_H
#include "data/image.h"
#include "data/portrait_person.h"

/* A place of the canvas seen from the head. */
typedef struct {
    float x, y;    /* head units */
    float s;       /* x as a share of the silhouette's half width there; large outside */
    float edge;    /* distance inside (+) or outside (-) of the silhouette, head units, near it */
    float a, b, u; /* face coordinates; u = a / half width */
} DataHeadPoint;

/* Square, n x n samples of linear light; a few samples make one pixel of the picture. */
typedef struct {
    int n;
    DataRgb *at;         /* [n][n] */
    DataHeadPoint *head; /* [n][n] where each sample is on the head */
    float *height;       /* [n][n] relief of the face, head units, towards the camera; scratch of the camera */
} DataCanvas;

typedef struct {
    int x0, y0, x1, y1; /* half open */
} DataBounds;

/* Head units that one sample spans: the width over which edges are smoothed. */
float data_head_grain(const DataPerson *p, const DataCanvas *c);
/* Samples that a box in head units (any roll) can touch. */
DataBounds data_head_bounds(const DataPerson *p, const DataCanvas *c, float reach_x, float y_top, float y_low);

static inline void canvas_blend(DataRgb *at, DataRgb colour, float cover)
{
    *at = rgb_mix(*at, colour, cover);
}

void data_paint_scene(const DataPerson *p, DataCanvas *c);
void data_paint_torso(const DataPerson *p, DataCanvas *c);
void data_paint_face(const DataPerson *p, DataCanvas *c); /* with ears, features and beard */
void data_paint_hair_behind(const DataPerson *p, DataCanvas *c);
void data_paint_hair_before(const DataPerson *p, DataCanvas *c);
void data_paint_glasses(const DataPerson *p, DataCanvas *c);

/* Where hair begins on the face: b of the hairline at u; used for the shadow below it, too. */
float data_hairline(const DataHair *h, float u);

/* What the skin looks like at a face point. `dark` multiplies the light that arrives. */
typedef struct {
    DataRgb albedo;
    float dark, gloss;
} DataSurface;

/* Paint eyes, brows, lips, nostrils, beard onto the skin (portrait_features.c). */
void data_face_features(const DataPerson *p, float a, float b, float grain, DataSurface *s);

/* Lens, exposure, sensor: canvas to 8-bit picture (portrait_camera.c); uses up the canvas. The JPEG step is
 * the caller's. */
void data_camera_expose(const DataPerson *p, DataCanvas *c, NnRng *rng, DataImage *out);

#endif
