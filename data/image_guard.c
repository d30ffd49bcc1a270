/* image_guard.c -- see image_guard.h.
 *
 * PNG: "Portable Network Graphics (PNG) Specification", W3C, second edition.
 * JPEG: ITU-T T.81, annex B. */
#include "data/image_guard.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "nn/base/size.h"

/* The bytes under inspection, and how far the walk has come. */
typedef struct {
    const unsigned char *p;
    size_t len, at;
    const char *name;
    NnErr *err;
} Walk;

#define REFUSE(walk, ...) nn_fail((walk)->err, NN_ERR_FORMAT, __VA_ARGS__)

static unsigned be16(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)be16(p) << 16 | be16(p + 2);
}

/* Is the declared size within bounds, and what may its decoding cost? */
static NnStatus set_size(const Walk *k, size_t w, size_t h, int bits, size_t max_pixels, DataImageFacts *facts)
{
    const size_t per_pixel = bits == 16 ? 32 : 16, slack = (size_t)8 << 20;
    size_t pixels, bytes;
    if (w == 0 || h == 0) return REFUSE(k, "%s: an image of %zux%zu pixels", k->name, w, h);
    if (!nn_size_mul(w, h, &pixels) || pixels > max_pixels || !nn_size_mul(pixels, per_pixel, &bytes))
        return REFUSE(k, "%s: %zux%zu pixels are more than [data] max_pixels = %zu allows", k->name, w, h, max_pixels);
    facts->w = w, facts->h = h;
    facts->budget = bytes + 2 * k->len + slack;
    return NN_OK;
}

/* ---- PNG ---- */

static const unsigned char png_signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

typedef struct {
    int depth, colour, interlaced;
    int seen_header, seen_palette, seen_data, data_ended;
    z_stream inflate;
    int stream_ended;
    uint64_t expected, inflated; /* bytes of filtered rows */
} Png;

static int png_depth_allowed(int colour, int depth)
{
    switch (colour) {
    case 0:
        return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case 3:
        return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    case 2:
    case 4:
    case 6:
        return depth == 8 || depth == 16;
    default:
        return 0;
    }
}

/* Bytes of w x h pixels as filtered rows; an empty pass has no rows. */
static uint64_t png_rows_bytes(const Png *png, uint64_t w, uint64_t h)
{
    static const unsigned channels[7] = { 1, 0, 3, 1, 2, 0, 4 };
    return w && h ? h * (1 + (w * channels[png->colour] * (unsigned)png->depth + 7) / 8) : 0;
}

/* Adam7: where each of the seven passes begins and how far its pixels are apart. */
static uint64_t png_expected_bytes(const Png *png, uint64_t w, uint64_t h)
{
    static const unsigned x0[7] = { 0, 4, 0, 2, 0, 1, 0 }, dx[7] = { 8, 8, 4, 4, 2, 2, 1 };
    static const unsigned y0[7] = { 0, 0, 4, 0, 2, 0, 1 }, dy[7] = { 8, 8, 8, 4, 4, 2, 2 };
    if (!png->interlaced) return png_rows_bytes(png, w, h);
    uint64_t sum = 0;
    for (int i = 0; i < 7; i++)
        sum += png_rows_bytes(png, (w + dx[i] - 1 - x0[i]) / dx[i], (h + dy[i] - 1 - y0[i]) / dy[i]);
    return sum;
}

static NnStatus png_header(Walk *k, Png *png, const unsigned char *body, uint32_t n, size_t max_pixels,
                           DataImageFacts *facts)
{
    if (png->seen_header || n != 13) return REFUSE(k, "%s: damaged PNG: bad IHDR chunk", k->name);
    png->depth = body[8], png->colour = body[9], png->interlaced = body[12];
    if (!png_depth_allowed(png->colour, png->depth) || body[10] || body[11] || png->interlaced > 1)
        return REFUSE(k, "%s: damaged PNG: header with depth %d, colour type %d, interlacing %d", k->name, png->depth,
                      png->colour, png->interlaced);
    png->seen_header = 1;
    NN_TRY(set_size(k, be32(body), be32(body + 4), png->depth, max_pixels, facts));
    png->expected = png_expected_bytes(png, facts->w, facts->h);
    return NN_OK;
}

static NnStatus png_palette(Walk *k, Png *png, uint32_t n, DataImageFacts *facts)
{
    if (png->seen_palette || png->seen_data || n == 0 || n % 3 || n > 768)
        return REFUSE(k, "%s: damaged PNG: bad PLTE chunk of %u bytes", k->name, n);
    png->seen_palette = 1;
    if (png->colour == 3 && n < 3u << png->depth) facts->palette_at = k->at, facts->palette_bytes = n;
    return NN_OK;
}

/* Unpack a piece of the pixel stream, to see that it is whole; zlib compares its Adler-32. */
static NnStatus png_data(Walk *k, Png *png, const unsigned char *body, uint32_t n)
{
    unsigned char out[16384];
    if (png->data_ended) return REFUSE(k, "%s: damaged PNG: IDAT chunks are not in a row", k->name);
    if (png->colour == 3 && !png->seen_palette)
        return REFUSE(k, "%s: damaged PNG: indexed pixels without a palette", k->name);
    png->seen_data = 1;
    png->inflate.next_in = (unsigned char *)(uintptr_t)body;
    png->inflate.avail_in = n;
    while (png->inflate.avail_in > 0 && !png->stream_ended) {
        png->inflate.next_out = out;
        png->inflate.avail_out = sizeof out;
        const int r = inflate(&png->inflate, Z_NO_FLUSH);
        if (r == Z_MEM_ERROR) return nn_fail(k->err, NN_ERR_NOMEM, "%s: out of memory", k->name);
        if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
            return REFUSE(k, "%s: damaged PNG: compressed pixels: %s", k->name,
                          png->inflate.msg ? png->inflate.msg : "bad stream");
        png->inflated += sizeof out - png->inflate.avail_out;
        png->stream_ended = r == Z_STREAM_END;
        if (png->inflated > png->expected)
            return REFUSE(k, "%s: damaged PNG: more pixels than its header says", k->name);
    }
    return NN_OK;
}

static NnStatus png_end(Walk *k, const Png *png)
{
    if (!png->seen_data) return REFUSE(k, "%s: damaged PNG: no pixels (no IDAT chunk)", k->name);
    if (png->inflated < png->expected || !png->stream_ended)
        return REFUSE(k, "%s: damaged PNG: pixels end early (%llu of %llu bytes)", k->name,
                      (unsigned long long)png->inflated, (unsigned long long)png->expected);
    return NN_OK;
}

/* One chunk whose checksum is right. */
static NnStatus png_chunk(Walk *k, Png *png, const unsigned char *chunk, uint32_t n, size_t max_pixels,
                          DataImageFacts *facts)
{
    const unsigned char *type = chunk + 4, *body = chunk + 8;
    if (!png->seen_header && memcmp(type, "IHDR", 4) != 0)
        return REFUSE(k, "%s: %s", k->name,
                      memcmp(type, "CgBI", 4) == 0 ? "an iPhone PNG (CgBI), which is not standard PNG"
                                                   : "damaged PNG: does not begin with IHDR");
    if (memcmp(type, "IDAT", 4) == 0) return png_data(k, png, body, n);
    png->data_ended = png->seen_data;
    if (memcmp(type, "IHDR", 4) == 0) return png_header(k, png, body, n, max_pixels, facts);
    if (memcmp(type, "PLTE", 4) == 0) return png_palette(k, png, n, facts);
    if (memcmp(type, "IEND", 4) == 0) return png_end(k, png);
    const int ancillary = type[0] & 32;
    return ancillary ? NN_OK : REFUSE(k, "%s: damaged PNG: unknown critical chunk", k->name);
}

static NnStatus png_walk(Walk *k, Png *png, size_t max_pixels, DataImageFacts *facts)
{
    for (k->at = sizeof png_signature; k->len - k->at >= 12;) {
        const unsigned char *chunk = k->p + k->at;
        const uint32_t n = be32(chunk);
        if (n > k->len - k->at - 12) break;
        if (crc32(crc32(0, NULL, 0), chunk + 4, n + 4) != be32(chunk + 8 + n))
            return REFUSE(k, "%s: damaged PNG: wrong checksum at byte %zu", k->name, k->at);
        NN_TRY(png_chunk(k, png, chunk, n, max_pixels, facts));
        if (memcmp(chunk + 4, "IEND", 4) == 0) return NN_OK;
        k->at += (size_t)n + 12;
    }
    return REFUSE(k, "%s: PNG cut short at byte %zu", k->name, k->len);
}

static NnStatus png_inspect(Walk *k, size_t max_pixels, DataImageFacts *facts)
{
    Png png = { 0 };
    if (inflateInit(&png.inflate) != Z_OK) return nn_fail(k->err, NN_ERR_NOMEM, "%s: out of memory", k->name);
    const NnStatus s = png_walk(k, &png, max_pixels, facts);
    inflateEnd(&png.inflate);
    return s;
}

/* ---- JPEG ---- */

enum {
    JPEG_SOF0 = 0xC0,
    JPEG_SOF2 = 0xC2,
    JPEG_DHT = 0xC4,
    JPEG_SOF15 = 0xCF,
    JPEG_RST0 = 0xD0,
    JPEG_RST7 = 0xD7,
    JPEG_SOI = 0xD8,
    JPEG_EOI = 0xD9,
    JPEG_SOS = 0xDA,
    JPEG_DQT = 0xDB,
    JPEG_DRI = 0xDD
};

typedef struct {
    int n; /* components; 0 before the frame header */
    int progressive;
    int id[4], quant[4];
    unsigned coded;       /* bit i: component i has had a (first) scan */
    unsigned dc, ac, dqt; /* bit t: table t is defined */
} Jpeg;

/* Huffman tables: class and number, 16 counts, as many symbols. */
static NnStatus jpeg_huffman(Walk *k, Jpeg *j, const unsigned char *body, size_t n)
{
    while (n >= 17) {
        size_t symbols = 0;
        for (int i = 1; i <= 16; i++) symbols += body[i];
        const int kind = body[0] >> 4, table = body[0] & 15;
        if (kind > 1 || table > 3 || symbols > 256 || symbols > n - 17) break;
        *(kind ? &j->ac : &j->dc) |= 1u << table;
        body += 17 + symbols, n -= 17 + symbols;
    }
    return n == 0 ? NN_OK : REFUSE(k, "%s: damaged JPEG: bad Huffman table at byte %zu", k->name, k->at);
}

static NnStatus jpeg_quantisation(Walk *k, Jpeg *j, const unsigned char *body, size_t n)
{
    while (n > 0) {
        const int wide = body[0] >> 4, table = body[0] & 15;
        const size_t bytes = wide ? 129 : 65;
        if (wide > 1 || table > 3 || bytes > n) break;
        j->dqt |= 1u << table;
        body += bytes, n -= bytes;
    }
    return n == 0 ? NN_OK : REFUSE(k, "%s: damaged JPEG: bad quantisation table at byte %zu", k->name, k->at);
}

static NnStatus jpeg_frame(Walk *k, Jpeg *j, int marker, const unsigned char *body, size_t n, size_t max_pixels,
                           DataImageFacts *facts)
{
    if (marker > JPEG_SOF2)
        return REFUSE(k, "%s: a lossless, hierarchical or arithmetic-coded JPEG (SOF%d); known: baseline, progressive",
                      k->name, marker - JPEG_SOF0);
    if (j->n || n < 6 || n != 6 + 3 * (size_t)body[5] || (body[5] != 1 && body[5] != 3 && body[5] != 4))
        return REFUSE(k, "%s: damaged JPEG: bad frame header at byte %zu", k->name, k->at);
    if (body[0] != 8) return REFUSE(k, "%s: a JPEG of %d bits a sample; known: 8", k->name, body[0]);
    j->n = body[5], j->progressive = marker == JPEG_SOF2;
    for (int i = 0; i < j->n; i++) {
        const unsigned char *c = body + 6 + 3 * (size_t)i;
        const int across = c[1] >> 4, down = c[1] & 15;
        if (across < 1 || across > 4 || down < 1 || down > 4 || c[2] > 3)
            return REFUSE(k, "%s: damaged JPEG: bad component %d in the frame header", k->name, i);
        j->id[i] = c[0], j->quant[i] = c[2];
    }
    return set_size(k, be16(body + 3), be16(body + 1), 8, max_pixels, facts);
}

/* Does component i of this scan find every table that it needs? */
static int jpeg_scan_has_tables(const Jpeg *j, int i, int tables, const unsigned char *spectral)
{
    const int dc = tables >> 4, ac = tables & 15, first = spectral[0], refining = spectral[2] >> 4;
    const int needs_dc = first == 0 && !refining, needs_ac = j->progressive ? first > 0 : 1;
    if (dc > 3 || ac > 3 || !(j->dqt >> j->quant[i] & 1)) return 0;
    return (!needs_dc || (j->dc >> dc & 1)) && (!needs_ac || (j->ac >> ac & 1));
}

static NnStatus jpeg_scan_header(Walk *k, Jpeg *j, const unsigned char *body, size_t n)
{
    if (j->n == 0) return REFUSE(k, "%s: damaged JPEG: pixels before the frame header", k->name);
    const int parts = n > 0 ? body[0] : 0;
    if (parts < 1 || parts > j->n || n != 4 + 2 * (size_t)parts)
        return REFUSE(k, "%s: damaged JPEG: bad scan header at byte %zu", k->name, k->at);
    const unsigned char *spectral = body + 1 + 2 * (size_t)parts;
    for (int s = 0; s < parts; s++) {
        int i = 0;
        while (i < j->n && j->id[i] != body[1 + 2 * s]) i++;
        if (i == j->n || !jpeg_scan_has_tables(j, i, body[2 + 2 * s], spectral))
            return REFUSE(k, "%s: damaged JPEG: a scan without its tables at byte %zu", k->name, k->at);
        if (spectral[0] == 0) j->coded |= 1u << i;
    }
    return NN_OK;
}

/* From the first coded byte to the marker that ends the scan: FF 00 is a coded FF, and restart markers belong to it. */
static NnStatus jpeg_skip_coded(Walk *k)
{
    const size_t begin = k->at;
    for (; k->len - k->at >= 2; k->at++) {
        const unsigned char *p = k->p + k->at;
        if (p[0] != 0xFF || p[1] == 0 || p[1] == 0xFF || (p[1] >= JPEG_RST0 && p[1] <= JPEG_RST7)) continue;
        return k->at > begin ? NN_OK : REFUSE(k, "%s: damaged JPEG: an empty scan at byte %zu", k->name, k->at);
    }
    return REFUSE(k, "%s: JPEG cut short at byte %zu", k->name, k->len);
}

static NnStatus jpeg_segment(Walk *k, Jpeg *j, int marker, const unsigned char *body, size_t n, size_t max_pixels,
                             DataImageFacts *facts)
{
    switch (marker) {
    case JPEG_DHT:
        return jpeg_huffman(k, j, body, n);
    case JPEG_DQT:
        return jpeg_quantisation(k, j, body, n);
    case JPEG_SOS:
        return jpeg_scan_header(k, j, body, n);
    case JPEG_DRI:
        return n == 2 ? NN_OK : REFUSE(k, "%s: damaged JPEG: bad restart interval", k->name);
    default:
        break;
    }
    if (marker >= JPEG_SOF0 && marker <= JPEG_SOF15) return jpeg_frame(k, j, marker, body, n, max_pixels, facts);
    return NN_OK;
}

static NnStatus jpeg_end(const Walk *k, const Jpeg *j)
{
    if (j->n > 0 && j->coded == (1u << j->n) - 1) return NN_OK;
    return REFUSE(k, "%s: damaged JPEG: ends before %s", k->name, j->coded ? "all colours are there" : "any pixels");
}

static NnStatus jpeg_inspect(Walk *k, size_t max_pixels, DataImageFacts *facts)
{
    Jpeg j = { 0 };
    k->at = 2;
    while (k->len - k->at >= 2) {
        const int marker = k->p[k->at + 1];
        if (k->p[k->at] != 0xFF) return REFUSE(k, "%s: damaged JPEG: no marker at byte %zu", k->name, k->at);
        if (marker == 0xFF) { /* fill byte */
            k->at++;
            continue;
        }
        if (marker == JPEG_EOI) return jpeg_end(k, &j);
        if (marker < JPEG_SOF0 || (marker >= JPEG_RST0 && marker <= JPEG_SOI))
            return REFUSE(k, "%s: damaged JPEG: marker %02x at byte %zu", k->name, (unsigned)marker, k->at);
        if (k->len - k->at < 4) break;
        const size_t n = be16(k->p + k->at + 2);
        if (n < 2) return REFUSE(k, "%s: damaged JPEG: bad length at byte %zu", k->name, k->at);
        if (n > k->len - k->at - 2) break;
        NN_TRY(jpeg_segment(k, &j, marker, k->p + k->at + 4, n - 2, max_pixels, facts));
        k->at += n + 2;
        if (marker == JPEG_SOS) NN_TRY(jpeg_skip_coded(k));
    }
    return REFUSE(k, "%s: JPEG cut short at byte %zu", k->name, k->len);
}

/* ---- everything else ---- */

static const struct {
    size_t at, n;
    const char *bytes, *what;
} known_kinds[] = {
    { 0, 4, "GIF8", "a GIF image" },
    { 0, 2, "BM", "a BMP image" },
    { 8, 4, "WEBP", "a WebP image" },
    { 0, 4, "II*\0", "a TIFF image" },
    { 0, 4, "MM\0*", "a TIFF image" },
    { 4, 8, "ftypavif", "an AVIF image" },
    { 4, 8, "ftypheic", "a HEIC image" },
    { 4, 4, "ftyp", "a video (MP4)" },
    { 4, 4, "jP  ", "a JPEG 2000 image" },
    { 0, 2, "\xff\x0a", "a JPEG XL image" },
    { 0, 6, "\x93NUMPY", "a NumPy array" },
    { 0, 4, "%PDF", "a PDF document" },
    { 0, 4, "PK\3\4", "a ZIP archive" },
    { 0, 2, "\x1f\x8b", "a gzip archive" },
    { 0, 23, "version https://git-lfs", "a Git LFS pointer (fetch the file itself with `git lfs pull`)" },
    { 0, 2, "P5", "a PGM image" },
    { 0, 2, "P6", "a PPM image" },
};

/* A downloaded error page, most often. */
static int looks_like_markup(const unsigned char *p, size_t len)
{
    size_t i = len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (i < len && (p[i] == ' ' || p[i] == '\n' || p[i] == '\r' || p[i] == '\t')) i++;
    const char *const starts[] = { "<!doctype", "<html", "<head", "<?xml", "<svg" };
    for (size_t s = 0; s < sizeof starts / sizeof *starts; s++) {
        const size_t n = strlen(starts[s]);
        if (len - i >= n && strncasecmp((const char *)p + i, starts[s], n) == 0) return 1;
    }
    return 0;
}

static const char *kind_of(const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < sizeof known_kinds / sizeof *known_kinds; i++) {
        const size_t end = known_kinds[i].at + known_kinds[i].n;
        if (len >= end && memcmp(p + known_kinds[i].at, known_kinds[i].bytes, known_kinds[i].n) == 0)
            return known_kinds[i].what;
    }
    if (looks_like_markup(p, len)) return "an HTML or XML page";
    for (size_t i = 0; i < len; i++)
        if (p[i]) return "something unknown";
    return "zero bytes only";
}

NnStatus data_image_inspect(const unsigned char *bytes, size_t len, const char *name, size_t max_pixels,
                            DataImageFacts *facts, NnErr *err)
{
    Walk k = { .p = bytes, .len = len, .name = name, .err = err };
    *facts = (DataImageFacts){ 0 };
    if (len == 0) return REFUSE(&k, "%s: empty file; expected a PNG or JPEG image", name);
    if (len >= sizeof png_signature && memcmp(bytes, png_signature, sizeof png_signature) == 0)
        return png_inspect(&k, max_pixels, facts);
    if (len >= 2 && bytes[0] == 0xFF && bytes[1] == JPEG_SOI) return jpeg_inspect(&k, max_pixels, facts);
    return REFUSE(&k, "%s: looks like %s; expected a PNG or JPEG image", name, kind_of(bytes, len));
}
