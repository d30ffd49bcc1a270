/* portrait_maths.h -- scalars, colours and noise of the portrait renderer (internal to data/portrait*.c).
 *
 * Colours are linear light, 1 = white paper under full light. Display values are
 * their square roots (a gamma of 2), so a display colour enters as its square. */
#ifndef DATA_PORTRAIT_MATHS_H
#define DATA_PORTRAIT_MATHS_H
#include <math.h>

typedef struct {
    float r, g, b;
} DataRgb;

/* Written out, since the library's versions must care for NaN and are calls. */
static inline float minf(float a, float b)
{
    return a < b ? a : b;
}

static inline float maxf(float a, float b)
{
    return a > b ? a : b;
}

/* Largest integer not above x, for |x| < 2^31. */
static inline int floor_int(float x)
{
    const int i = (int)x;
    return i - (x < (float)i);
}

static inline float clamp01(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static inline float mixf(float a, float b, float t)
{
    return a + (b - a) * t;
}

/* 0 below lo, 1 above hi, a smooth cubic between; lo > hi falls instead of rising. */
static inline float ramp(float lo, float hi, float x)
{
    const float t = clamp01((x - lo) / (hi - lo));
    return t * t * (3 - 2 * t);
}

/* A smooth bump: 1 at the centre, 0 from q = 1 on; q = (dx/rx)^2 + (dy/ry)^2. */
static inline float bump(float dx, float dy, float rx, float ry)
{
    if (fabsf(dx) >= rx || fabsf(dy) >= ry) return 0; /* most calls end here, before the divisions */
    const float u = dx / rx, v = dy / ry, q = 1 - u * u - v * v;
    return q > 0 ? q * q : 0;
}

static inline DataRgb rgb_of_display(float r, float g, float b)
{
    return (DataRgb){ r * r, g * g, b * b };
}

static inline DataRgb rgb_mix(DataRgb a, DataRgb b, float t)
{
    return (DataRgb){ mixf(a.r, b.r, t), mixf(a.g, b.g, t), mixf(a.b, b.b, t) };
}

static inline DataRgb rgb_scale(DataRgb a, float k)
{
    return (DataRgb){ a.r * k, a.g * k, a.b * k };
}

static inline DataRgb rgb_mul(DataRgb a, DataRgb b)
{
    return (DataRgb){ a.r * b.r, a.g * b.g, a.b * b.b };
}

static inline DataRgb rgb_add(DataRgb a, DataRgb b)
{
    return (DataRgb){ a.r + b.r, a.g + b.g, a.b + b.b };
}

enum { PORTRAIT_LATTICE = 64, LATTICE_ROW = PORTRAIT_LATTICE + 1 };

/* Random values on a grid that repeats; the one noise source of a portrait. The last row and column are the first
 * ones again, so that a cell's four corners lie side by side. */
typedef struct {
    float at[LATTICE_ROW * LATTICE_ROW]; /* -1..1 */
} DataLattice;

/* Value noise, -1..1, with features of about one unit. */
static inline float noise_at(const DataLattice *l, float x, float y)
{
    const int fx = floor_int(x), fy = floor_int(y), m = PORTRAIT_LATTICE - 1;
    const int k = (fy & m) * LATTICE_ROW + (fx & m);
    const float tx = x - (float)fx, ty = y - (float)fy;
    const float u = tx * tx * (3 - 2 * tx), v = ty * ty * (3 - 2 * ty);
    return mixf(mixf(l->at[k], l->at[k + 1], u), mixf(l->at[k + LATTICE_ROW], l->at[k + LATTICE_ROW + 1], u), v);
}

/* Every octave is twice as fine as the one before, and turned so that the grids do not line up. */
static inline float next_octave_x(float x, float y)
{
    return 1.6f * x - 1.2f * y + 17.3f;
}

static inline float next_octave_y(float x, float y)
{
    return 1.2f * x + 1.6f * y + 5.7f;
}

/* Sum of octaves, each half as strong as the one before. */
static inline float noise_octaves(const DataLattice *l, float x, float y, int octaves)
{
    float sum = 0, gain = 1;
    for (int o = 0; o < octaves; o++, gain *= 0.5f) {
        const float turned = next_octave_x(x, y);
        sum += gain * noise_at(l, x, y);
        y = next_octave_y(x, y), x = turned;
    }
    return sum;
}

enum { NOISE_RUN = 128 }; /* samples that painters look ahead */

/* out[i] = noise_octaves at (x[i], y[i]), the same bits at half the time. Uses up x and y. */
void data_noise_row(const DataLattice *l, float *x, float *y, int octaves, float *out, int n);

#endif
