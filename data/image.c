/* image.c -- see image.h: storage, files, resampling. Decoding is guard first
 * (image_guard.c), decoder second (stb.c). */
#include "data/image.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/image_guard.h"
#include "data/stb.h"
#include "nn/base/file.h"
#include "nn/base/parallel.h"
#include "nn/base/size.h"

NnStatus data_image_new(int w, int h, int c, DataImage *out, NnErr *err)
{
    size_t n;
    *out = (DataImage){ 0 };
    if (w < 1 || h < 1 || (c != 1 && c != 3))
        return nn_fail(err, NN_ERR_SHAPE, "an image of %dx%d pixels and %d channels; expected 1 or 3 channels", w, h,
                       c);
    unsigned char *px = nn_size_mul((size_t)w, (size_t)h, &n) ? nn_alloc(n, (size_t)c) : NULL;
    if (!px) return nn_fail(err, NN_ERR_NOMEM, "out of memory for an image of %dx%d pixels", w, h);
    *out = (DataImage){ w, h, c, px };
    return NN_OK;
}

NnStatus data_image_copy(const DataImage *src, DataImage *out, NnErr *err)
{
    return data_image_crop(src, 0, 0, src->w, src->h, out, err);
}

void data_image_free(DataImage *img)
{
    free(img->px);
    *img = (DataImage){ 0 };
}

/* ---- reading ---- */

/* The file with its palette filled up with black to 256 entries, so that an index beyond
 * the palette has a colour. (The decoder compares no checksum, so none is made.) */
static unsigned char *pad_palette(const unsigned char *bytes, size_t len, const DataImageFacts *facts, size_t *padded)
{
    const size_t head = facts->palette_at + 8 + facts->palette_bytes, full = 768;
    if (!nn_size_add(len, full - facts->palette_bytes, padded)) return NULL;
    unsigned char *copy = nn_alloc(*padded, 1);
    if (!copy) return NULL;
    memcpy(copy, bytes, head);
    copy[facts->palette_at + 2] = (unsigned char)(full >> 8), copy[facts->palette_at + 3] = 0;
    memcpy(copy + facts->palette_at + 8 + full, bytes + head, len - head);
    return copy;
}

NnStatus data_image_decode(const unsigned char *bytes, size_t len, const char *name, int c, size_t max_pixels,
                           DataImage *out, NnErr *err)
{
    DataImageFacts facts;
    *out = (DataImage){ 0 };
    NN_TRY(data_image_inspect(bytes, len, name, max_pixels, &facts, err));
    if (facts.palette_bytes == 0) return data_stb_decode(bytes, len, name, c, facts.budget, out, err);
    size_t padded;
    unsigned char *copy = pad_palette(bytes, len, &facts, &padded);
    if (!copy) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", name);
    const NnStatus s = data_stb_decode(copy, padded, name, c, facts.budget, out, err);
    free(copy);
    return s;
}

NnStatus data_image_load(const char *path, int c, size_t max_pixels, DataImage *out, NnErr *err)
{
    const size_t overhead = (size_t)64 << 20; /* metadata beside at most 8 bytes a pixel */
    unsigned char *bytes;
    size_t len, max;
    *out = (DataImage){ 0 };
    if (!nn_size_mul(max_pixels, 8, &max) || !nn_size_add(max, overhead, &max)) max = SIZE_MAX / 2;
    NN_TRY(nn_file_read(path, max, &bytes, &len, err));
    const NnStatus s = data_image_decode(bytes, len, path, c, max_pixels, out, err);
    free(bytes);
    return s;
}

/* ---- writing ---- */

NnStatus data_image_to_jpeg(const DataImage *img, int quality, DataBytes *out, NnErr *err)
{
    *out = (DataBytes){ 0 };
    if (img->w > 65535 || img->h > 65535)
        return nn_fail(err, NN_ERR_SHAPE, "an image of %dx%d pixels; JPEG holds 65535x65535", img->w, img->h);
    if (quality < 1 || quality > 100) return nn_fail(err, NN_ERR_CONFIG, "JPEG quality %d; expected 1 to 100", quality);
    return data_stb_encode_jpeg(img, quality, out, err);
}

NnStatus data_image_through_jpeg(DataImage *img, int quality, NnErr *err)
{
    DataBytes bytes;
    DataImage again;
    NN_TRY(data_image_to_jpeg(img, quality, &bytes, err));
    const size_t pixels = (size_t)img->w * (size_t)img->h;
    const NnStatus s = data_image_decode(bytes.data, bytes.len, "the way through JPEG", 3, pixels, &again, err);
    free(bytes.data);
    if (s != NN_OK) return s;
    data_image_free(img);
    *img = again;
    return NN_OK;
}

static NnStatus save_bytes(DataBytes *bytes, const char *path, NnErr *err)
{
    const NnChunk chunk = { bytes->data, bytes->len };
    const NnStatus s = nn_file_write(path, &chunk, 1, err);
    free(bytes->data);
    return s;
}

NnStatus data_image_to_png(const DataImage *img, DataBytes *out, NnErr *err)
{
    return data_stb_encode_png(img, out, err);
}

NnStatus data_image_save_png(const DataImage *img, const char *path, NnErr *err)
{
    DataBytes bytes;
    NN_TRY(data_stb_encode_png(img, &bytes, err));
    return save_bytes(&bytes, path, err);
}

NnStatus data_image_save_jpeg(const DataImage *img, const char *path, int quality, NnErr *err)
{
    DataBytes bytes;
    NN_TRY(data_image_to_jpeg(img, quality, &bytes, err));
    return save_bytes(&bytes, path, err);
}

/* ---- resampling ---- */

/* How one axis of n pixels becomes one of m: output i is the sum of weight[i*taps + t] *
 * input[first[i] + t], divided by total. The weights are whole numbers, so that the
 * result is exact and the same on every machine. */
typedef struct {
    int taps;
    int *first;       /* [m] */
    uint32_t *weight; /* [m][taps], 0 where an output needs fewer */
    int64_t total;
} Axis;

static void axis_free(Axis *a)
{
    free(a->first);
    free(a->weight);
}

/* Shrinking: measure in units of which an input pixel covers m and an output pixel n. */
static void axis_box(Axis *a, int64_t n, int64_t m)
{
    a->total = n;
    for (int64_t i = 0; i < m; i++) {
        const int64_t begin = i * n, end = begin + n;
        a->first[i] = (int)(begin / m);
        for (int64_t j = begin / m; j * m < end; j++) {
            const int64_t lo = j * m > begin ? j * m : begin, hi = (j + 1) * m < end ? (j + 1) * m : end;
            a->weight[i * a->taps + j - a->first[i]] = (uint32_t)(hi - lo);
        }
    }
}

/* Growing: the centre of output i lies at ((2i+1) n - m) / 2m between input centres; the border repeats. */
static void axis_linear(Axis *a, int64_t n, int64_t m)
{
    a->total = 2 * m;
    for (int64_t i = 0; i < m; i++) {
        const int64_t at = (2 * i + 1) * n - m, last = 2 * m * (n - 1);
        const int64_t in = at < 0 ? 0 : at > last ? last : at;
        const int64_t j = in / (2 * m), right = in % (2 * m);
        a->first[i] = (int)j;
        a->weight[2 * i] = (uint32_t)(2 * m - right);
        a->weight[2 * i + 1] = (uint32_t)right;
    }
}

static int axis_make(Axis *a, int n, int m)
{
    size_t weights;
    a->taps = n >= m ? n / m + 2 : 2;
    if (!nn_size_mul((size_t)m, (size_t)a->taps, &weights)) return 0;
    a->first = nn_alloc((size_t)m, sizeof *a->first);
    a->weight = nn_alloc(weights, sizeof *a->weight);
    if (!a->first || !a->weight) return 0;
    if (n >= m) axis_box(a, n, m);
    else axis_linear(a, n, m);
    return 1;
}

/* One row, [W][C] -> [w][C], not yet divided by the total. c is a constant to the compiler. */
static inline void resample_row(const unsigned char *row, const Axis *ax, size_t w, size_t c, uint32_t *mid)
{
    const size_t taps = (size_t)ax->taps;
    const uint32_t *weight = ax->weight;
    for (size_t x = 0; x < w; x++, weight += taps, mid += c) {
        const unsigned char *px = row + (size_t)ax->first[x] * c;
        uint32_t sum[3] = { 0 };
        for (size_t t = 0; t < taps && weight[t]; t++, px += c)
            for (size_t k = 0; k < c; k++) sum[k] += weight[t] * px[k];
        for (size_t k = 0; k < c; k++) mid[k] = sum[k];
    }
}

/* [H][W][C] -> [H][w][C] */
static void resample_rows(const DataImage *src, const Axis *ax, int w, uint32_t *mid)
{
    const size_t c = (size_t)src->c, row = (size_t)src->w * c, out = (size_t)w * c;
    for (size_t y = 0; y < (size_t)src->h; y++) {
        if (c == 3) resample_row(src->px + y * row, ax, (size_t)w, 3, mid + y * out);
        else resample_row(src->px + y * row, ax, (size_t)w, 1, mid + y * out);
    }
}

/* sums += weight * from */
NN_KERNEL_CLONES static void add_to_sums(uint64_t *sums, uint32_t weight, const uint32_t *from, size_t n)
{
    for (size_t x = 0; x < n; x++) sums[x] += (uint64_t)weight * from[x];
}

/* Exact, and faster than dividing integers: sums < 2^51 and total < 2^43, so that a quotient just below a whole number
 * is at least 2^-43 below it and cannot round up to it. */
NN_KERNEL_CLONES static void divide_row(const uint64_t *sums, double total, size_t n, unsigned char *out)
{
    for (size_t x = 0; x < n; x++) out[x] = (unsigned char)(int)((double)(int64_t)sums[x] / total);
}

/* [H][row] -> [h][row], where a row is w * C numbers; sums holds one row. */
static void resample_columns(const uint32_t *mid, const Axis *ay, size_t row, int64_t total, uint64_t *sums,
                             DataImage *out)
{
    for (size_t y = 0; y < (size_t)out->h; y++) {
        for (size_t x = 0; x < row; x++) sums[x] = (uint64_t)total / 2;
        for (size_t t = 0; t < (size_t)ay->taps; t++) {
            const uint32_t weight = ay->weight[y * (size_t)ay->taps + t];
            if (weight) add_to_sums(sums, weight, mid + ((size_t)ay->first[y] + t) * row, row);
        }
        divide_row(sums, (double)total, row, out->px + y * row);
    }
}

/* Both passes; 0 without memory. */
static int resample(const DataImage *src, DataImage *out)
{
    Axis ax = { 0 }, ay = { 0 };
    size_t n = 0;
    const size_t row = (size_t)out->w * (size_t)out->c;
    uint32_t *mid = nn_size_mul(row, (size_t)src->h, &n) ? nn_alloc(n, sizeof *mid) : NULL;
    uint64_t *sums = nn_alloc(row, sizeof *sums);
    const int ok = mid && sums && axis_make(&ax, src->w, out->w) && axis_make(&ay, src->h, out->h);
    if (ok) {
        resample_rows(src, &ax, out->w, mid);
        resample_columns(mid, &ay, row, ax.total * ay.total, sums, out);
    }
    free(mid);
    free(sums);
    axis_free(&ax);
    axis_free(&ay);
    return ok;
}

NnStatus data_image_resize(const DataImage *src, int w, int h, DataImage *out, NnErr *err)
{
    const int limit = 1 << 20; /* keeps the sums within the bounds above */
    if (w == src->w && h == src->h) return data_image_copy(src, out, err);
    if (w > limit || h > limit || src->w > limit || src->h > limit) {
        *out = (DataImage){ 0 };
        return nn_fail(err, NN_ERR_SHAPE, "resize of %dx%d to %dx%d: sides up to %d", src->w, src->h, w, h, limit);
    }
    NN_TRY(data_image_new(w, h, src->c, out, err));
    if (resample(src, out)) return NN_OK;
    data_image_free(out);
    return nn_fail(err, NN_ERR_NOMEM, "out of memory while resizing to %dx%d", w, h);
}

NnStatus data_image_crop(const DataImage *src, int x, int y, int w, int h, DataImage *out, NnErr *err)
{
    if (x < 0 || y < 0 || w > src->w - x || h > src->h - y) {
        *out = (DataImage){ 0 };
        return nn_fail(err, NN_ERR_SHAPE, "crop of %dx%d at (%d,%d) from an image of %dx%d", w, h, x, y, src->w,
                       src->h);
    }
    NN_TRY(data_image_new(w, h, src->c, out, err));
    const size_t c = (size_t)src->c, row = (size_t)w * c;
    for (int i = 0; i < h; i++)
        memcpy(out->px + (size_t)i * row, src->px + ((size_t)(y + i) * (size_t)src->w + (size_t)x) * c, row);
    return NN_OK;
}
