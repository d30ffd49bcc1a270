/* stb.c -- see stb.h. The only place that compiles the stb image library: PNG and
 * JPEG, from and to memory.
 *
 * The decoder's memory comes from an allocator of our own. It fills with zeros, so
 * that no decoding depends on what the heap held before, and it stops at a budget
 * (one for each thread), so that a small file cannot ask for a large memory. */
#include "data/stb.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "nn/base/size.h"

/* In front of every block: its size. Keeps the alignment that malloc gives. */
typedef union {
    size_t size;
    max_align_t align;
} BlockHead;

static _Thread_local size_t budget_left;

static void *budget_malloc(size_t size)
{
    size_t total;
    if (size > budget_left || !nn_size_add(size, sizeof(BlockHead), &total)) return NULL;
    BlockHead *head = nn_alloc(total, 1);
    if (!head) return NULL;
    head->size = size;
    budget_left -= size;
    return head + 1;
}

static void budget_free(void *p)
{
    if (!p) return;
    BlockHead *head = (BlockHead *)p - 1;
    budget_left += head->size;
    free(head);
}

static void *budget_realloc(void *p, size_t size)
{
    if (!p) return budget_malloc(size);
    BlockHead *head = (BlockHead *)p - 1;
    const size_t old = head->size;
    size_t total;
    if (size > old && size - old > budget_left) return NULL;
    if (!nn_size_add(size, sizeof(BlockHead), &total)) return NULL;
    head = nn_realloc(head, total, 1);
    if (!head) return NULL;
    if (size > old) memset((unsigned char *)(head + 1) + old, 0, size - old);
    budget_left = budget_left + old - size;
    head->size = size;
    return head + 1;
}

/* The PNG writer's own compressor is quick to read and slow to run; zlib's makes files a quarter smaller. */
static unsigned char *zlib_pack(unsigned char *data, int len, int *packed_len, int level)
{
    uLongf size = compressBound((uLong)len);
    unsigned char *packed = nn_alloc(size, 1);
    if (!packed) return NULL;
    if (compress2(packed, &size, data, (uLong)len, level > 9 ? 9 : level) != Z_OK || size > INT_MAX) {
        free(packed);
        return NULL;
    }
    *packed_len = (int)size;
    return packed;
}

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_MAX_DIMENSIONS   65535
#define STBI_MALLOC(size)     budget_malloc(size)
#define STBI_REALLOC(p, size) budget_realloc(p, size)
#define STBI_FREE(p)          budget_free(p)
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STBIW_MALLOC(size)     nn_alloc(size, 1)
#define STBIW_REALLOC(p, size) nn_realloc(p, size, 1)
#define STBIW_FREE(p)          free(p)
#define STBIW_ZLIB_COMPRESS    zlib_pack

/* Sums in a damaged JPEG may overflow an int. Let them wrap: the pixels are wrong in
 * any case, and nothing else depends on them. */
#if defined(__clang__)
#pragma clang attribute push(__attribute__((no_sanitize("signed-integer-overflow", "shift"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC optimize("wrapv")
#endif
#pragma GCC diagnostic ignored "-Wunused-function" /* to the end of the file: that is where gcc warns */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wundef"
#if __has_include(<stb/stb_image.h>)
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>
#else
#include <stb_image.h>
#include <stb_image_write.h>
#endif
#pragma GCC diagnostic pop
#if defined(__clang__)
#pragma clang attribute pop
#endif

NnStatus data_stb_decode(const unsigned char *bytes, size_t len, const char *name, int c, size_t budget, DataImage *out,
                         NnErr *err)
{
    *out = (DataImage){ 0 };
    if (len > INT_MAX) return nn_fail(err, NN_ERR_FORMAT, "%s: %zu bytes are more than can be decoded", name, len);
    budget_left = budget;
    int w, h, found;
    unsigned char *px = stbi_load_from_memory(bytes, (int)len, &w, &h, &found, c);
    if (!px) return nn_fail(err, NN_ERR_FORMAT, "%s: damaged image: %s", name, stbi_failure_reason());
    const NnStatus s = data_image_new(w, h, c, out, err);
    if (s == NN_OK) memcpy(out->px, px, (size_t)w * (size_t)h * (size_t)c);
    stbi_image_free(px);
    return s;
}

/* What an encoder has written so far. */
typedef struct {
    DataBytes bytes;
    size_t room;
    int failed;
} Sink;

static void sink_write(void *context, void *data, int size)
{
    Sink *sink = context;
    const size_t n = (size_t)size;
    size_t need, room;
    if (sink->failed || n == 0) return;
    sink->failed = 1;
    if (!nn_size_add(sink->bytes.len, n, &need)) return;
    if (need > sink->room || !sink->bytes.data) {
        if (!nn_size_mul(need, 2, &room)) return;
        unsigned char *grown = nn_realloc(sink->bytes.data, room, 1);
        if (!grown) return;
        sink->bytes.data = grown;
        sink->room = room;
    }
    memcpy(sink->bytes.data + sink->bytes.len, data, n);
    sink->bytes.len = need;
    sink->failed = 0;
}

static NnStatus sink_end(Sink *sink, int written, DataBytes *out, NnErr *err)
{
    *out = sink->bytes;
    if (written && !sink->failed) return NN_OK;
    free(out->data);
    *out = (DataBytes){ 0 };
    return nn_fail(err, NN_ERR_NOMEM, "out of memory while encoding an image");
}

NnStatus data_stb_encode_png(const DataImage *img, DataBytes *out, NnErr *err)
{
    Sink sink = { 0 };
    const int ok = stbi_write_png_to_func(sink_write, &sink, img->w, img->h, img->c, img->px, img->w * img->c);
    return sink_end(&sink, ok, out, err);
}

NnStatus data_stb_encode_jpeg(const DataImage *img, int quality, DataBytes *out, NnErr *err)
{
    Sink sink = { 0 };
    const int ok = stbi_write_jpg_to_func(sink_write, &sink, img->w, img->h, img->c, img->px, quality);
    return sink_end(&sink, ok, out, err);
}
