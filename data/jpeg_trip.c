/* jpeg_trip.c -- see jpeg_trip.h. The lossy steps of baseline JPEG (ITU-T T.81) and of its decoding, in the arithmetic
 * of the two programs whose files it stands for: stb_image_write (float DCT) and stb_image (whole-number DCT).
 *
 * Forward: Arai, Agui, Nakajima, "A fast DCT-SQ scheme for images", 1988. Inverse: Loeffler, Ligtenberg, Moschytz,
 * "Practical fast 1-D DCT algorithms with 11 multiplications", 1989. */
#include "data/jpeg_trip.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/parallel.h"
#include "nn/base/size.h"

enum { SUBSAMPLED_UP_TO = 90 }; /* quality; above, colour keeps its resolution */

/* One colour component; w and h are multiples of 8. */
typedef struct {
    int w, h;
    float *in;          /* [h][w] levels, before */
    unsigned char *out; /* [h][w] after */
} Plane;

typedef float Levels __attribute__((vector_size(32)));
typedef int32_t Whole __attribute__((vector_size(32)));
typedef uint8_t Bytes __attribute__((vector_size(8)));

/* Steps of one component, [row][column] of the coefficients. */
typedef struct {
    Levels scale[8]; /* from what the forward DCT leaves to whole steps */
    Whole step[8];
} Quant;

/* ---- quantisation ---- */

/* T.81, tables K.1 and K.2. */
static const unsigned char luma_steps[64] = { 16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
                                              14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
                                              18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
                                              49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99 };
static const unsigned char chroma_steps[64] = { 17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
                                                24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
                                                99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
                                                99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99 };

static Quant quant_make(const unsigned char base[64], int quality)
{
    static const float gain[8] = { 1.0f * 2.828427125f,         1.387039845f * 2.828427125f,
                                   1.306562965f * 2.828427125f, 1.175875602f * 2.828427125f,
                                   1.0f * 2.828427125f,         0.785694958f * 2.828427125f,
                                   0.541196100f * 2.828427125f, 0.275899379f * 2.828427125f };
    const int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    Quant q;
    for (int i = 0; i < 64; i++) {
        const int wanted = (base[i] * percent + 50) / 100, step = wanted < 1 ? 1 : wanted > 255 ? 255 : wanted;
        q.step[i / 8][i % 8] = step;
        q.scale[i / 8][i % 8] = 1 / ((float)step * gain[i / 8] * gain[i % 8]);
    }
    return q;
}

/* ---- one block, a row in each vector; every pass runs down the eight columns at once ---- */

/* Into every clone of plane_through, or it would be compiled for the oldest CPU. */
#define INLINED static inline __attribute__((always_inline))

typedef union {
    Levels f[8];
    Whole k[8];
} Block;

/* The first, or last, four of a and b in turn. */
#ifdef __clang__
#define FIRST_HALVES(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define LAST_HALVES(a, b)  __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define FIRST_HALVES(a, b) __builtin_shuffle(a, b, (Whole){ 0, 8, 1, 9, 2, 10, 3, 11 })
#define LAST_HALVES(a, b)  __builtin_shuffle(a, b, (Whole){ 4, 12, 5, 13, 6, 14, 7, 15 })
#endif

/* Rows become columns: in 8 x 8 numbers, half a pack of cards dealt into the other, three times over. */
INLINED void turn(Block *b)
{
    for (int round = 0; round < 3; round++) {
        Block dealt;
        for (int i = 0; i < 4; i++) {
            dealt.k[2 * i] = FIRST_HALVES(b->k[i], b->k[i + 4]);
            dealt.k[2 * i + 1] = LAST_HALVES(b->k[i], b->k[i + 4]);
        }
        *b = dealt;
    }
}

INLINED void forward_columns(Levels v[8])
{
    const Levels s0 = v[0] + v[7], s1 = v[1] + v[6], s2 = v[2] + v[5], s3 = v[3] + v[4];
    const Levels d0 = v[0] - v[7], d1 = v[1] - v[6], d2 = v[2] - v[5], d3 = v[3] - v[4];

    const Levels outer = s0 + s3, cross = s0 - s3, inner = s1 + s2, diagonal = (s1 - s2 + cross) * 0.707106781f;
    v[0] = outer + inner, v[4] = outer - inner;
    v[2] = cross + diagonal, v[6] = cross - diagonal;

    const Levels a = d3 + d2, b = (d2 + d1) * 0.707106781f, c = d1 + d0, shared = (a - c) * 0.382683433f;
    const Levels low = a * 0.541196100f + shared, high = c * 1.306562965f + shared, p = d0 + b, m = d0 - b;
    v[5] = m + low, v[3] = m - low;
    v[1] = p + high, v[7] = p - high;
}

#define FIXED(x) ((int)((x)*4096 + 0.5)) /* 12 bits behind the point */

/* Adds `round` and drops `shift` bits. */
INLINED void inverse_columns(Whole v[8], int round, int shift)
{
    const Whole angle = (v[2] + v[6]) * FIXED(0.5411961f);
    const Whole low = angle + v[6] * FIXED(-1.847759065f), high = angle + v[2] * FIXED(0.765366865f);
    const Whole sum = (v[0] + v[4]) * 4096 + round, gap = (v[0] - v[4]) * 4096 + round;
    const Whole e0 = sum + high, e3 = sum - high, e1 = gap + low, e2 = gap - low;

    const Whole a = v[7], b = v[5], c = v[3], d = v[1], all = (a + c + b + d) * FIXED(1.175875602f);
    const Whole ad = all + (a + d) * FIXED(-0.899976223f), bc = all + (b + c) * FIXED(-2.562915447f);
    const Whole ac = (a + c) * FIXED(-1.961570560f), bd = (b + d) * FIXED(-0.390180644f);
    const Whole o3 = d * FIXED(1.501321110f) + ad + bd, o2 = c * FIXED(3.072711026f) + bc + ac;
    const Whole o1 = b * FIXED(2.053119869f) + bc + bd, o0 = a * FIXED(0.298631336f) + ad + ac;

    v[0] = (e0 + o3) >> shift, v[7] = (e0 - o3) >> shift;
    v[1] = (e1 + o2) >> shift, v[6] = (e1 - o2) >> shift;
    v[2] = (e2 + o1) >> shift, v[5] = (e2 - o1) >> shift;
    v[3] = (e3 + o0) >> shift, v[4] = (e3 - o0) >> shift;
}

/* To whole steps, halves away from zero, and back. */
INLINED void quantise(Block *b, const Quant *q)
{
    const Whole sign = (Whole){ 0 } + INT32_MIN, half = (Whole)((Levels){ 0 } + 0.5f);
    for (int y = 0; y < 8; y++) {
        const Levels v = b->f[y] * q->scale[y];
        b->k[y] = __builtin_convertvector(v + (Levels)(((Whole)v & sign) | half), Whole) * q->step[y];
    }
}

INLINED void store_levels(const Whole *v, unsigned char *out)
{
    const Whole positive = *v & ~(*v < 0), over = positive > 255;
    const Bytes b = __builtin_convertvector((positive & ~over) | (over & 255), Bytes);
    memcpy(out, &b, sizeof b);
}

INLINED void block_through(const float *in, unsigned char *out, size_t row, const Quant *q)
{
    Block b;
    for (size_t y = 0; y < 8; y++) memcpy(&b.f[y], in + y * row, sizeof b.f[y]);
    turn(&b); /* the rows come first */
    forward_columns(b.f);
    turn(&b);
    forward_columns(b.f);
    quantise(&b, q);
    inverse_columns(b.k, 512, 10); /* two bits more are kept between the passes, */
    turn(&b);
    inverse_columns(b.k, 65536 + (128 << 17), 17); /* and both passes together have a gain of 8 */
    turn(&b);
    for (size_t y = 0; y < 8; y++) store_levels(&b.k[y], out + y * row);
}

NN_KERNEL_CLONES static void plane_through(const Plane *p, const Quant *q)
{
    const size_t w = (size_t)p->w;
    for (size_t y = 0; y < (size_t)p->h; y += 8)
        for (size_t x = 0; x < w; x += 8) block_through(p->in + y * w + x, p->out + y * w + x, w, q);
}

/* ---- colour ---- */

/* Y, Cb, Cr in p[0..2]; the last column and row fill the planes up. */
NN_KERNEL_CLONES static void split_colours(const DataImage *img, Plane p[3])
{
    const size_t w = (size_t)p[0].w, shown = (size_t)img->w;
    for (size_t y = 0; y < (size_t)p[0].h; y++) {
        const unsigned char *px = img->px + (y < (size_t)img->h ? y : (size_t)img->h - 1) * shown * 3;
        float *const luma = p[0].in + y * w, *const blue = p[1].in + y * w, *const red = p[2].in + y * w;
        for (size_t x = 0; x < shown; x++) {
            const float r = px[3 * x], g = px[3 * x + 1], b = px[3 * x + 2];
            luma[x] = 0.29900f * r + 0.58700f * g + 0.11400f * b - 128;
            blue[x] = -0.16874f * r - 0.33126f * g + 0.50000f * b;
            red[x] = 0.50000f * r - 0.41869f * g - 0.08131f * b;
        }
        for (size_t x = shown; x < w; x++)
            luma[x] = luma[shown - 1], blue[x] = blue[shown - 1], red[x] = red[shown - 1];
    }
}

/* In place: means of 2 x 2 levels. */
static void halve(Plane *p)
{
    const size_t w = (size_t)p->w;
    p->w /= 2, p->h /= 2;
    for (size_t y = 0; y < (size_t)p->h; y++)
        for (size_t x = 0; x < (size_t)p->w; x++) {
            const float *at = p->in + 2 * y * w + 2 * x;
            p->in[y * (size_t)p->w + x] = (at[0] + at[1] + at[w] + at[w + 1]) * 0.25f;
        }
}

/* One row of twice the resolution from the row that it lies in and the one that is next to it: 3 to 1 both ways.
 * n samples become 2n. */
static void double_row(const unsigned char *in, const unsigned char *beside, size_t n, unsigned char *out)
{
    int last = 3 * in[0] + beside[0];
    out[0] = (unsigned char)((last + 2) >> 2);
    for (size_t i = 1; i < n; i++) {
        const int here = 3 * in[i] + beside[i];
        out[2 * i - 1] = (unsigned char)((3 * last + here + 8) >> 4);
        out[2 * i] = (unsigned char)((3 * here + last + 8) >> 4);
        last = here;
    }
    out[2 * n - 1] = (unsigned char)((last + 2) >> 2);
}

static inline unsigned char to_level(int fixed)
{
    const int v = fixed >> 20;
    return (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : v);
}

#define FACTOR(x) (((int)((x)*4096.0f + 0.5f)) << 8) /* 20 bits behind the point, the last 8 zero */

NN_KERNEL_CLONES static void join_row(const unsigned char *luma, const unsigned char *blue, const unsigned char *red,
                                      size_t n, unsigned char *px)
{
    for (size_t x = 0; x < n; x++) {
        const int y = (luma[x] << 20) + (1 << 19), b = blue[x] - 128, r = red[x] - 128;
        px[3 * x] = to_level(y + r * FACTOR(1.40200f));
        px[3 * x + 1] = to_level(y - r * FACTOR(0.71414f) + ((b * -FACTOR(0.34414f)) & ~0xffff));
        px[3 * x + 2] = to_level(y + b * FACTOR(1.77200f));
    }
}

/* `wide` [2][w] takes the colour rows at full resolution. */
static void join_colours(const Plane p[3], unsigned char *wide, DataImage *img)
{
    const int half = p[1].w < p[0].w, rows = half ? (img->h + 1) / 2 : img->h;
    const size_t cw = (size_t)p[1].w, n = (size_t)(img->w + 1) / 2;
    for (int y = 0; y < img->h; y++) {
        const unsigned char *colour[2];
        const int in = half ? y / 2 : y, next = y % 2 ? in + 1 : in - 1;
        const int beside = next < 0 ? 0 : next >= rows ? rows - 1 : next;
        for (int c = 0; c < 2; c++) {
            colour[c] = p[1 + c].out + (size_t)in * cw;
            if (!half) continue;
            double_row(colour[c], p[1 + c].out + (size_t)beside * cw, n, wide + (size_t)c * 2 * cw);
            colour[c] = wide + (size_t)c * 2 * cw;
        }
        join_row(p[0].out + (size_t)y * (size_t)p[0].w, colour[0], colour[1], (size_t)img->w,
                 img->px + 3 * (size_t)y * (size_t)img->w);
    }
}

/* ---- the trip ---- */

static void through(DataImage *img, int quality, Plane p[3], unsigned char *wide)
{
    split_colours(img, p);
    if (quality <= SUBSAMPLED_UP_TO) halve(&p[1]), halve(&p[2]);
    const Quant luma = quant_make(luma_steps, quality), chroma = quant_make(chroma_steps, quality);
    for (int c = 0; c < 3; c++) plane_through(&p[c], c ? &chroma : &luma);
    join_colours(p, wide, img);
}

NnStatus data_image_through_jpeg(DataImage *img, int quality, NnErr *err)
{
    const int unit = quality <= SUBSAMPLED_UP_TO ? 16 : 8;
    Plane p[3];
    size_t n = 0;
    if (img->c != 3 || img->w < 1 || img->h < 1 || img->w > 65535 || img->h > 65535)
        return nn_fail(err, NN_ERR_SHAPE, "an image of %dx%dx%d; through JPEG go 3 channels and 65535x65535 pixels",
                       img->w, img->h, img->c);
    if (quality < 1 || quality > 100) return nn_fail(err, NN_ERR_CONFIG, "JPEG quality %d; expected 1 to 100", quality);
    const int w = (img->w + unit - 1) / unit * unit, h = (img->h + unit - 1) / unit * unit;
    float *levels = nn_size_mul((size_t)w, (size_t)h, &n) ? nn_alloc(n, 3 * sizeof *levels) : NULL;
    unsigned char *bytes = nn_alloc(n, 3), *wide = nn_alloc((size_t)w, 2);
    const int complete = levels && bytes && wide;
    if (complete) {
        for (size_t c = 0; c < 3; c++) p[c] = (Plane){ w, h, levels + c * n, bytes + c * n };
        through(img, quality, p, wide);
    }
    free(levels);
    free(bytes);
    free(wide);
    return complete ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory for a JPEG of %dx%d pixels", img->w, img->h);
}
