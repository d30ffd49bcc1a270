/* region_maps.c -- see region_maps.h. In memory as in the file: every map packed, unpacked anew at each reading. */
#include "data/region_maps.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "nn/base/file.h"
#include "nn/base/size.h"

enum { HEAD = 24, ENTRY = 24, CRC_FROM = 12, VERSION = 1 };
static const char magic[8] = { 'L', 'O', 'C', 'U', 'S', 'M', 'A', 'P' };

typedef struct {
    uint64_t checksum; /* of the image */
    unsigned char *packed;
    size_t len;
} Entry;

struct DataRegionMaps {
    int n, size;
    Entry *entry;
    char *name; /* of the file, for messages; NULL: none */
};

/* ---- numbers as bytes ---- */

static void put(unsigned char *to, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++) to[i] = (unsigned char)(v >> 8 * i);
}

static uint64_t get(const unsigned char *from, int bytes)
{
    uint64_t v = 0;
    for (int i = bytes - 1; i >= 0; i--) v = v << 8 | from[i];
    return v;
}

/* Eight bytes at a time; each round is one-to-one in the state and in the word, so images that differ in one word alone
 * never agree. Multiplier: the 64-bit prime of FNV. */
static uint64_t checksum_of(const DataImage *image)
{
    const size_t n = (size_t)image->w * (size_t)image->h * (size_t)image->c;
    uint64_t h = 0xcbf29ce484222325u ^ ((uint64_t)image->w << 32 | (uint64_t)image->h << 2 | (uint64_t)image->c);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        h = (h ^ get(image->px + i, 8)) * 0x100000001b3u;
        h ^= h >> 29;
    }
    return (h ^ get(image->px + i, (int)(n - i))) * 0x100000001b3u;
}

/* ---- a collection ---- */

static size_t pixels_of(const DataRegionMaps *m)
{
    return (size_t)m->size * (size_t)m->size;
}

DataRegionMaps *data_region_maps_new(int n, int size)
{
    DataRegionMaps *m = nn_alloc(1, sizeof *m);
    if (!m) return NULL;
    m->n = n, m->size = size;
    m->entry = nn_alloc((size_t)n, sizeof *m->entry);
    if (m->entry) return m;
    free(m);
    return NULL;
}

void data_region_maps_free(DataRegionMaps *m)
{
    if (!m) return;
    for (int i = 0; i < m->n; i++) free(m->entry[i].packed);
    free(m->entry);
    free(m->name);
    free(m);
}

int data_region_maps_size(const DataRegionMaps *m)
{
    return m->size;
}

size_t data_region_maps_bytes(const DataRegionMaps *m)
{
    size_t bytes = 0;
    for (int i = 0; i < m->n; i++) bytes += m->entry[i].len;
    return bytes;
}

/* Rounded, but nothing to 0 that is above it: it would leave the region. */
static void to_bytes(const float *map, size_t n, unsigned char *out)
{
    for (size_t i = 0; i < n; i++) {
        const long v = map[i] > 0 ? lrintf(255 * map[i]) : 0;
        out[i] = (unsigned char)(v > 255 ? 255 : v < 1 && map[i] > 0 ? 1 : v);
    }
}

NnStatus data_region_maps_set(DataRegionMaps *m, int i, const DataImage *image, const float *map, NnErr *err)
{
    const size_t pixels = pixels_of(m);
    uLongf len = compressBound((uLong)pixels);
    unsigned char *bytes = nn_alloc(pixels, 1), *packed = nn_alloc(len, 1);
    if (bytes) to_bytes(map, pixels, bytes);
    if (!bytes || !packed || compress(packed, &len, bytes, (uLong)pixels) != Z_OK) {
        free(bytes);
        free(packed);
        return nn_fail(err, NN_ERR_NOMEM, "out of memory for a map of %d x %d pixels", m->size, m->size);
    }
    unsigned char *fitted = nn_realloc(packed, len, 1);
    free(bytes);
    free(m->entry[i].packed);
    m->entry[i] = (Entry){ checksum_of(image), fitted ? fitted : packed, len };
    return NN_OK;
}

NnStatus data_region_maps_get(const DataRegionMaps *m, int i, const DataImage *image, unsigned char *map, NnErr *err)
{
    const Entry *e = &m->entry[i];
    const char *name = m->name ? m->name : "region maps";
    uLongf pixels = (uLongf)pixels_of(m);
    uLong len = (uLong)e->len;
    if (!e->packed) return nn_fail(err, NN_ERR_DATA, "%s: map %d was never measured", name, i);
    if (checksum_of(image) != e->checksum)
        return nn_fail(err, NN_ERR_DATA,
                       "%s: map %d is stale: it was measured on another image; measure the maps of this data anew "
                       "(train --mode regions)",
                       name, i);
    if (uncompress2(map, &pixels, e->packed, &len) == Z_OK && pixels == pixels_of(m) && len == e->len) return NN_OK;
    return nn_fail(err, NN_ERR_FORMAT, "%s: map %d does not unpack to %d x %d bytes", name, i, m->size, m->size);
}

/* ---- writing ---- */

/* Header and table; the checksum, which covers the maps as well, comes last. */
static void write_front(const DataRegionMaps *m, size_t front_len, unsigned char *front)
{
    uint64_t place = front_len;
    memcpy(front, magic, sizeof magic);
    put(front + 12, VERSION, 4), put(front + 16, (uint64_t)m->size, 4), put(front + 20, (uint64_t)m->n, 4);
    for (int i = 0; i < m->n; i++) {
        const Entry *e = &m->entry[i];
        unsigned char *at = front + HEAD + (size_t)i * ENTRY;
        put(at, e->checksum, 8), put(at + 8, place, 8), put(at + 16, e->len, 8);
        place += e->len;
    }
    uLong crc = crc32_z(0, front + CRC_FROM, front_len - CRC_FROM);
    for (int i = 0; i < m->n; i++) crc = crc32_z(crc, m->entry[i].packed, m->entry[i].len);
    put(front + 8, crc, 4);
}

static NnStatus check_complete(const DataRegionMaps *m, const char *path, NnErr *err)
{
    for (int i = 0; i < m->n; i++)
        if (!m->entry[i].packed)
            return nn_fail(err, NN_ERR_DATA, "%s: not written: map %d of %d was never measured", path, i, m->n);
    return NN_OK;
}

NnStatus data_region_maps_check_place(const char *path, NnErr *err)
{
    char head[sizeof magic];
    if (nn_folder_exists(path))
        return nn_fail(err, NN_ERR_USAGE, "%s: is a folder; expected a file for region maps", path);
    FILE *f = nn_file_exists(path) ? fopen(path, "rb") : NULL;
    if (!f) return NN_OK;
    const size_t len = fread(head, 1, sizeof head, f);
    fclose(f);
    if (len == 0 || (len == sizeof head && !memcmp(head, magic, sizeof head))) return NN_OK;
    return nn_fail(err, NN_ERR_USAGE, "%s: is there already, and holds no region maps; expected another name", path);
}

NnStatus data_region_maps_save(const DataRegionMaps *m, const char *path, NnErr *err)
{
    size_t front_len = 0;
    NN_TRY(check_complete(m, path, err));
    const int fits = nn_size_mul((size_t)m->n, ENTRY, &front_len) && nn_size_add(front_len, HEAD, &front_len);
    unsigned char *front = fits ? nn_alloc(front_len, 1) : NULL;
    NnChunk *chunks = nn_alloc((size_t)m->n + 1, sizeof *chunks);
    NnStatus s = NN_OK;
    if (front && chunks) {
        write_front(m, front_len, front);
        chunks[0] = (NnChunk){ front, front_len };
        for (int i = 0; i < m->n; i++) chunks[i + 1] = (NnChunk){ m->entry[i].packed, m->entry[i].len };
        s = nn_file_write(path, chunks, m->n + 1, err);
    } else s = nn_fail(err, NN_ERR_NOMEM, "%s: out of memory for a table of %d maps", path, m->n);
    free(front);
    free(chunks);
    return s;
}

/* ---- reading: nothing is believed before it is checked ---- */

static NnStatus check_head(const unsigned char *bytes, size_t len, const char *path, int n, int size, NnErr *err)
{
    if (len < HEAD || memcmp(bytes, magic, sizeof magic) != 0)
        return nn_fail(err, NN_ERR_FORMAT, "%s: not a file of region maps", path);
    if (crc32_z(0, bytes + CRC_FROM, len - CRC_FROM) != get(bytes + 8, 4))
        return nn_fail(err, NN_ERR_FORMAT, "%s: damaged or cut short: the checksum is wrong", path);
    const unsigned version = (unsigned)get(bytes + 12, 4), of_size = (unsigned)get(bytes + 16, 4),
                   of_n = (unsigned)get(bytes + 20, 4);
    if (version != VERSION)
        return nn_fail(err, NN_ERR_FORMAT, "%s: region maps of version %u; expected %d", path, version, VERSION);
    if (of_size == (unsigned)size && of_n == (unsigned)n) return NN_OK;
    return nn_fail(err, NN_ERR_DATA,
                   "%s: %u maps of %u x %u pixels; expected %d of %d x %d, one for each training image: were they "
                   "measured on other data?",
                   path, of_n, of_size, of_size, n, size, size);
}

/* One entry of the table; *place is where its map must begin, and is moved to its end. */
static NnStatus read_entry(Entry *e, const unsigned char *bytes, size_t len, size_t at, size_t *place, NnErr *err)
{
    const uint64_t from = get(bytes + at + 8, 8), length = get(bytes + at + 16, 8);
    if (from != *place || length == 0 || length > len - *place)
        return nn_fail(err, NN_ERR_FORMAT, "%llu bytes at %llu in a file of %zu", (unsigned long long)length,
                       (unsigned long long)from, len);
    e->packed = nn_alloc((size_t)length, 1);
    if (!e->packed) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    e->checksum = get(bytes + at, 8);
    e->len = (size_t)length;
    memcpy(e->packed, bytes + *place, e->len);
    *place += e->len;
    return NN_OK;
}

static NnStatus parse(const unsigned char *bytes, size_t len, const char *path, DataRegionMaps *m, NnErr *err)
{
    size_t place = 0;
    if (!nn_size_mul((size_t)m->n, ENTRY, &place) || !nn_size_add(place, HEAD, &place) || place > len)
        return nn_fail(err, NN_ERR_FORMAT, "%s: the table of %d maps is longer than the file", path, m->n);
    for (int i = 0; i < m->n; i++) {
        NnErr why = { 0 };
        const NnStatus s = read_entry(&m->entry[i], bytes, len, HEAD + (size_t)i * ENTRY, &place, &why);
        if (s != NN_OK) return nn_fail(err, s, "%s: map %d: %s", path, i, why.msg);
    }
    if (place == len) return NN_OK;
    return nn_fail(err, NN_ERR_FORMAT, "%s: %zu bytes behind the last map", path, len - place);
}

static NnStatus load(const unsigned char *bytes, size_t len, const char *path, int n, int size, DataRegionMaps **out,
                     NnErr *err)
{
    NN_TRY(check_head(bytes, len, path, n, size, err));
    DataRegionMaps *m = data_region_maps_new(n, size);
    if (!m) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory for %d maps", path, n);
    m->name = nn_path_join(NULL, path);
    const NnStatus s = parse(bytes, len, path, m, err);
    if (s == NN_OK) *out = m;
    else data_region_maps_free(m);
    return s;
}

NnStatus data_region_maps_load(const char *path, int n, int size, DataRegionMaps **out, NnErr *err)
{
    unsigned char *bytes;
    size_t len;
    NN_TRY(nn_file_read(path, SIZE_MAX / 2, &bytes, &len, err));
    const NnStatus s = load(bytes, len, path, n, size, out, err);
    free(bytes);
    return s;
}
