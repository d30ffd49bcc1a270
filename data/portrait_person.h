/* portrait_person.h -- everything that is drawn at random about one portrait (internal to data/portrait*.c).
 *
 * Two frames: the picture (x to the right, y down, 0..1) and the head (origin at its
 * centre, unit = half the head's height, turned with the roll; y = -1 crown, 1 chin).
 * Features live on the face surface: coordinates (a, b) in head units that yaw and
 * pitch move and foreshorten as on a sphere. */
#ifndef DATA_PORTRAIT_PERSON_H
#define DATA_PORTRAIT_PERSON_H
#include "data/portrait_maths.h"
#include "nn/base/rng.h"

typedef enum { HAIR_BALD, HAIR_CROPPED, HAIR_SHORT, HAIR_TIED, HAIR_LONG, HAIR_CURLY, HAIR_STYLES } DataHairStyle;
typedef enum { CLOTHES_PLAIN, CLOTHES_STRIPES, CLOTHES_CHECKS, CLOTHES_KNIT, CLOTHES_KINDS } DataClothes;
typedef enum { BACKDROP_STUDIO, BACKDROP_BOKEH, BACKDROP_LEAVES, BACKDROP_ROOM, BACKDROP_KINDS } DataBackdrop;
typedef enum { BEARD_NONE, BEARD_STUBBLE, BEARD_MOUSTACHE, BEARD_GOATEE, BEARD_FULL } DataBeard;

enum { PORTRAIT_ROWS = 256, PORTRAIT_SHAPES = 14 };

/* The head's silhouette, tabulated over y = -1..1. */
typedef struct {
    float half_width[PORTRAIT_ROWS + 1]; /* head units */
    float steep[PORTRAIT_ROWS + 1];      /* 1 / sqrt(1 + slope^2): turns a horizontal gap into a distance */
    float profile[PORTRAIT_ROWS + 1];    /* how far the surface comes forward on the middle line, 0..1 */
} DataOutline;

typedef struct {
    float cx, cy, radius; /* of the head in the picture; radius = half its height */
    float roll_cos, roll_sin;
    float yaw_cos, yaw_sin, pitch_cos, pitch_sin;
    float aspect; /* half width of the head in head units */
    float depth;
} DataPose;

typedef struct {
    float dir[3]; /* towards the light; z towards the camera */
    DataRgb key, ambient;
    float softness; /* 0 hard .. 1 overcast: how far light wraps round */
    float shine;
} DataLight;

typedef struct {
    float a, b, half_width, open_up, open_down, slant; /* right eye; the left one mirrors a */
    float gaze_a, gaze_b, iris_radius, pupil;
    float crease, bag, lash;
    DataRgb iris, white;
} DataEyes;

typedef struct {
    float lift, arch, thickness, inner, outer, dark, tilt;
} DataBrows;

typedef struct {
    float bridge, width, tip_b, height, nostril;
} DataNose;

typedef struct {
    float b, half_width, upper, lower, smile, bow, open, teeth;
    DataRgb lip;
} DataMouth;

typedef struct {
    DataHairStyle style;
    DataRgb colour;
    float volume, top; /* how far it stands off the head: sides, crown */
    float line;        /* b of the hairline at the middle */
    float recede, part, fringe;
    float side, back; /* y down to which it hangs beside and behind the face */
    float inner;      /* half width of the face opening below the temples */
    float curl, strands, gloss, grey;
} DataHair;

typedef struct {
    DataBackdrop kind;
    DataRgb colour[4];
    float x[PORTRAIT_SHAPES], y[PORTRAIT_SHAPES], size[PORTRAIT_SHAPES];
    int tint[PORTRAIT_SHAPES], n_shapes;
    float blur, texture, angle, falloff;
} DataScene;

typedef struct {
    DataClothes kind;
    DataRgb colour, second;
    float neck, shoulder, slope, neckline, vee, scale;
    int collar;
} DataTorso;

typedef struct {
    float lens, vignette, exposure, contrast, shot_noise, read_noise, chroma_noise, smooth_noise;
    int quality;
} DataCamera;

typedef struct {
    DataLattice lattice;
    DataOutline outline;
    DataPose pose;
    DataLight light;
    DataEyes eyes;
    DataBrows brows;
    DataNose nose;
    DataMouth mouth;
    DataHair hair;
    DataTorso torso;
    DataScene scene;
    DataCamera camera;
    DataRgb skin;
    float blush, freckles, age, cheeks, chin, blotches, pores;
    DataBeard beard;
    float ear_size, ear_out;
    int glasses;
    float glasses_round, glasses_thick;
    DataRgb glasses_colour;
} DataPerson;

/* Draw the person; the stream is used up to an unspecified place. */
void data_person_draw(NnRng *rng, DataPerson *p);

#endif
