/* test_image.c -- the door to the decoders: what must come in comes in bit for bit, and
 * what is damaged, cut short, too large or of another kind does not come in at all. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "data/image.h"
#include "nn/base/file.h"
#include "nn/base/rng.h"
#include "nn/base/size.h"
#include "tests/check_main.h"
#include "tests/temp_folder.h"

enum { W = 37, H = 23 };

/* Smooth colours with some texture. */
static DataImage sample_image(int w, int h, int c)
{
    DataImage img;
    NnErr err = { 0 };
    ck_assert_int_eq(data_image_new(w, h, c, &img, &err), NN_OK);
    NnRng r = nn_rng_make(1, NN_STREAM_TEST, 0, 0);
    for (int i = 0; i < w * h * c; i++)
        img.px[i] = (unsigned char)(60 + i * 120 / (w * h * c) + (int)nn_rng_below(&r, 16));
    return img;
}

static void assert_same(const DataImage *a, const DataImage *b)
{
    ck_assert_int_eq(a->w, b->w);
    ck_assert_int_eq(a->h, b->h);
    ck_assert_int_eq(a->c, b->c);
    ck_assert_mem_eq(a->px, b->px, (size_t)a->w * (size_t)a->h * (size_t)a->c);
}

static DataBytes png_bytes(const DataImage *img)
{
    DataBytes b;
    NnErr err = { 0 };
    temp_folder_make();
    const char *path = in_folder("x.png");
    ck_assert_int_eq(data_image_save_png(img, path, &err), NN_OK);
    ck_assert_int_eq(nn_file_read(path, 1 << 20, &b.data, &b.len, &err), NN_OK);
    temp_folder_remove();
    return b;
}

/* Decode an exact copy, so that a sanitizer sees a read beyond the end. */
static NnStatus decode(const unsigned char *bytes, size_t len, int c, DataImage *out, NnErr *err)
{
    unsigned char *copy = nn_alloc(len, 1);
    ck_assert_ptr_nonnull(copy);
    if (len) memcpy(copy, bytes, len);
    *err = (NnErr){ 0 };
    const NnStatus s = data_image_decode(copy, len, "x", c, DATA_MAX_PIXELS, out, err);
    free(copy);
    ck_assert_int_eq(s, err->status);
    if (s != NN_OK) ck_assert_ptr_null(out->px);
    return s;
}

static void assert_refused(const void *bytes, size_t len, const char *reason)
{
    DataImage img;
    NnErr err;
    ck_assert_int_eq(decode(bytes, len, 3, &img, &err), NN_ERR_FORMAT);
    ck_assert_msg(strncmp(err.msg, "x: ", 3) == 0 || strncmp(err.msg, "x:", 2) == 0, "%s", err.msg);
    ck_assert_msg(strstr(err.msg, reason) != NULL, "\"%s\" lacks \"%s\"", err.msg, reason);
}

/* ---- round trips ---- */

START_TEST(test_png_round_trip_is_exact)
{
    NnErr err;
    for (int c = 1; c <= 3; c += 2) {
        DataImage img = sample_image(W, H, c), back;
        DataBytes b = png_bytes(&img);
        ck_assert_int_eq(decode(b.data, b.len, c, &back, &err), NN_OK);
        assert_same(&img, &back);
        data_image_free(&back);
        data_image_free(&img);
        free(b.data);
    }
}
END_TEST

START_TEST(test_jpeg_round_trip_is_near)
{
    NnErr err = { 0 };
    for (int quality = 90; quality <= 100; quality += 5) {
        DataImage img = sample_image(W, H, 3), back;
        DataBytes b;
        ck_assert_int_eq(data_image_to_jpeg(&img, quality, &b, &err), NN_OK);
        ck_assert_int_eq(decode(b.data, b.len, 3, &back, &err), NN_OK);
        double sum = 0;
        for (int i = 0; i < W * H * 3; i++) sum += fabs((double)img.px[i] - back.px[i]);
        ck_assert_double_lt(sum / (W * H * 3), quality == 90 ? 6 : 4);
        data_image_free(&back);
        data_image_free(&img);
        free(b.data);
    }
}
END_TEST

START_TEST(test_encoding_refuses_nonsense)
{
    NnErr err = { 0 };
    DataBytes b;
    DataImage img = sample_image(4, 4, 3);
    ck_assert_int_eq(data_image_to_jpeg(&img, 0, &b, &err), NN_ERR_CONFIG);
    err = (NnErr){ 0 };
    ck_assert_int_eq(data_image_save_png(&img, "/nonexistent/folder/x.png", &err), NN_ERR_IO);
    data_image_free(&img);
    err = (NnErr){ 0 };
    ck_assert_int_eq(data_image_new(0, 4, 3, &img, &err), NN_ERR_SHAPE);
    err = (NnErr){ 0 };
    ck_assert_int_eq(data_image_new(4, 4, 2, &img, &err), NN_ERR_SHAPE);
    data_image_free(&img);
}
END_TEST

/* ---- damage ---- */

START_TEST(test_every_prefix_is_refused)
{
    NnErr err = { 0 };
    DataImage img = sample_image(W, H, 3);
    DataBytes png = png_bytes(&img), jpeg;
    ck_assert_int_eq(data_image_to_jpeg(&img, 80, &jpeg, &err), NN_OK);
    for (size_t n = 0; n < png.len; n++) assert_refused(png.data, n, "");
    for (size_t n = 0; n < jpeg.len; n++) assert_refused(jpeg.data, n, "");
    assert_refused(png.data, png.len - 1, "cut short");
    assert_refused(jpeg.data, jpeg.len - 1, "cut short");
    free(png.data);
    free(jpeg.data);
    data_image_free(&img);
}
END_TEST

START_TEST(test_no_flipped_bit_of_a_png_goes_unseen)
{
    DataImage img = sample_image(W, H, 3), back;
    DataBytes b = png_bytes(&img);
    NnErr err;
    int refused = 0;
    for (size_t bit = 0; bit < 8 * b.len; bit += 3) {
        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        if (decode(b.data, b.len, 3, &back, &err) == NN_OK) assert_same(&img, &back);
        else refused++;
        data_image_free(&back);
        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    ck_assert_int_gt(refused, 1000);
    free(b.data);
    data_image_free(&img);
}
END_TEST

/* Where the first segment with this marker begins. */
static size_t find_marker(const DataBytes *b, int marker)
{
    size_t i = 0;
    while (i + 1 < b->len && !(b->data[i] == 0xFF && b->data[i + 1] == marker)) i++;
    ck_assert_uint_lt(i + 1, b->len);
    return i;
}

static void with_byte(DataBytes *b, size_t at, int value, const char *reason)
{
    const unsigned char before = b->data[at];
    b->data[at] = (unsigned char)value;
    assert_refused(b->data, b->len, reason);
    b->data[at] = before;
}

START_TEST(test_bad_jpeg_tables_are_refused)
{
    NnErr err = { 0 };
    DataImage img = sample_image(W, H, 3);
    DataBytes b;
    ck_assert_int_eq(data_image_to_jpeg(&img, 80, &b, &err), NN_OK);
    const size_t dht = find_marker(&b, 0xC4), dqt = find_marker(&b, 0xDB), sof = find_marker(&b, 0xC0);
    const size_t sos = find_marker(&b, 0xDA);
    with_byte(&b, dht + 5, 255, "bad Huffman table"); /* counts beyond 256 and beyond the segment */
    with_byte(&b, dht + 4, 0x24, "bad Huffman table");
    with_byte(&b, dqt + 4, 0x04, "bad quantisation table");
    with_byte(&b, dqt + 2, 255, "cut short"); /* a length beyond the file */
    with_byte(&b, sof + 1, 0xC9, "arithmetic");
    with_byte(&b, sof + 1, 0xFE, "before the frame header"); /* the frame header becomes a comment */
    with_byte(&b, sof + 4, 12, "12 bits");
    with_byte(&b, sof + 9, 2, "bad frame header");
    with_byte(&b, sof + 11, 0x51, "bad component");
    with_byte(&b, sos + 4, 4, "bad scan header");
    with_byte(&b, sos + 5, 77, "without its tables");
    with_byte(&b, sos + 6, 0x33, "without its tables");
    with_byte(&b, b.len - 1, 0xD0, "cut short"); /* the last marker is no end */
    const unsigned char no_pixels[] = { 0xFF, 0xD8, 0xFF, 0xD9 };
    assert_refused(no_pixels, sizeof no_pixels, "before any pixels");
    free(b.data);
    data_image_free(&img);
}
END_TEST

/* ---- hand-made PNG files ---- */

typedef struct {
    unsigned char b[4096];
    size_t n;
} Bytes;

static void put_chunk(Bytes *f, const char *type, const void *body, size_t n)
{
    const unsigned char head[8] = { 0,
                                    0,
                                    (unsigned char)(n >> 8),
                                    (unsigned char)n,
                                    (unsigned char)type[0],
                                    (unsigned char)type[1],
                                    (unsigned char)type[2],
                                    (unsigned char)type[3] };
    memcpy(f->b + f->n, head, 8);
    if (n) memcpy(f->b + f->n + 8, body, n);
    const uLong crc = crc32(crc32(0, NULL, 0), f->b + f->n + 4, (uInt)n + 4);
    for (int i = 0; i < 4; i++) f->b[f->n + 8 + n + (size_t)i] = (unsigned char)(crc >> (24 - 8 * i));
    f->n += n + 12;
}

static void put_header(Bytes *f, unsigned w, unsigned h, int depth, int colour)
{
    const unsigned char body[13] = { (unsigned char)(w >> 24), (unsigned char)(w >> 16), (unsigned char)(w >> 8),
                                     (unsigned char)w,         (unsigned char)(h >> 24), (unsigned char)(h >> 16),
                                     (unsigned char)(h >> 8),  (unsigned char)h,         (unsigned char)depth,
                                     (unsigned char)colour };
    memcpy(f->b, "\x89PNG\r\n\x1a\n", 8);
    f->n = 8;
    put_chunk(f, "IHDR", body, 13);
}

static void put_pixels(Bytes *f, const void *rows, size_t n)
{
    unsigned char packed[2048];
    uLongf len = sizeof packed;
    ck_assert_int_eq(compress(packed, &len, rows, n), Z_OK);
    put_chunk(f, "IDAT", packed, len);
}

START_TEST(test_png_order_and_amount)
{
    Bytes f;
    put_header(&f, 2, 1, 8, 0);
    put_chunk(&f, "IEND", NULL, 0);
    assert_refused(f.b, f.n, "no IDAT");

    put_header(&f, 2, 1, 8, 3);
    put_pixels(&f, "\0\0\1", 3);
    put_chunk(&f, "IEND", NULL, 0);
    assert_refused(f.b, f.n, "without a palette");

    put_header(&f, 2, 1, 8, 0);
    put_pixels(&f, "\0\5", 2);
    put_chunk(&f, "IEND", NULL, 0);
    assert_refused(f.b, f.n, "pixels end early");

    put_header(&f, 2, 1, 8, 0);
    put_pixels(&f, "\0\5\6\7", 4);
    put_chunk(&f, "IEND", NULL, 0);
    assert_refused(f.b, f.n, "more pixels");

    put_header(&f, 2, 1, 4, 2);
    assert_refused(f.b, f.n, "depth 4");

    put_header(&f, 2, 1, 8, 0);
    put_chunk(&f, "ABCD", "x", 1);
    assert_refused(f.b, f.n, "critical chunk");

    put_header(&f, 2, 1, 8, 0);
    put_pixels(&f, "\0\5\6", 3);
    put_chunk(&f, "IEND", NULL, 0);
    DataImage img;
    NnErr err;
    ck_assert_int_eq(decode(f.b, f.n, 1, &img, &err), NN_OK);
    ck_assert_int_eq(img.px[0], 5);
    ck_assert_int_eq(img.px[1], 6);
    data_image_free(&img);
}
END_TEST

/* Only two of 256 colours are given; pixel value 9 must not show what memory held. */
START_TEST(test_index_beyond_palette_is_black)
{
    const unsigned char red_blue[] = { 200, 10, 20, 30, 40, 250 };
    Bytes f;
    DataImage img;
    NnErr err;
    put_header(&f, 3, 1, 8, 3);
    put_chunk(&f, "PLTE", red_blue, sizeof red_blue);
    put_pixels(&f, "\0\0\1\11", 4);
    put_chunk(&f, "IEND", NULL, 0);
    ck_assert_int_eq(decode(f.b, f.n, 3, &img, &err), NN_OK);
    ck_assert_mem_eq(img.px, red_blue, 6);
    ck_assert_mem_eq(img.px + 6, "\0\0\0", 3);
    data_image_free(&img);
}
END_TEST

START_TEST(test_bombs_are_refused)
{
    Bytes f;
    put_header(&f, 50000, 50000, 8, 2);
    put_pixels(&f, "\0", 1);
    put_chunk(&f, "IEND", NULL, 0);
    assert_refused(f.b, f.n, "max_pixels = 25000000");
    put_header(&f, 0x7fffffff, 0x7fffffff, 16, 6);
    assert_refused(f.b, f.n, "max_pixels");
    put_header(&f, 0, 5, 8, 2);
    assert_refused(f.b, f.n, "0x5 pixels");

    static unsigned char zeros[1 << 20]; /* 1x1 pixel, and a megabyte of them packed */
    put_header(&f, 1, 1, 8, 0);
    put_pixels(&f, zeros, sizeof zeros);
    put_chunk(&f, "IEND", NULL, 0);
    assert_refused(f.b, f.n, "more pixels");
}
END_TEST

/* ---- other kinds of file, other kinds of path ---- */

START_TEST(test_wrong_types_are_named)
{
    assert_refused("", 0, "empty file");
    assert_refused("GIF89a......", 12, "GIF");
    assert_refused("BM..........", 12, "BMP");
    assert_refused("RIFF\x10\0\0\0WEBPVP8 ", 16, "WebP");
    assert_refused("\n <!DOCTYPE html><html>", 23, "HTML");
    assert_refused("<HTML>", 6, "HTML");
    assert_refused("version https://git-lfs.github.com/spec/v1", 42, "Git LFS");
    assert_refused("II*\0....", 8, "TIFF");
    assert_refused("\0\0\0\x18"
                   "ftypavif",
                   12, "AVIF");
    assert_refused("\0\0\0\0\0\0\0\0", 8, "zero bytes only");
    assert_refused("hello", 5, "something unknown");
}
END_TEST

static void assert_path_refused(const char *path)
{
    DataImage img;
    NnErr err = { 0 };
    alarm(2); /* a fifo must not block, a device must not stream */
    const NnStatus s = data_image_load(path, 3, DATA_MAX_PIXELS, &img, &err);
    alarm(0);
    ck_assert_msg(s == NN_ERR_IO || s == NN_ERR_FORMAT, "%s gave %d", path, (int)s);
    ck_assert_ptr_null(img.px);
    ck_assert_msg(strstr(err.msg, strlen(path) > 500 ? "aaaa" : path) != NULL, "%s", err.msg);
}

START_TEST(test_odd_paths_are_refused_at_once)
{
    static char longest[4098];
    memset(longest, 'a', sizeof longest - 1);
    ck_assert_int_eq(mkfifo(in_folder("fifo"), 0600), 0);
    assert_path_refused(in_folder("fifo"));
    ck_assert_int_eq(symlink("loop", in_folder("loop")), 0);
    assert_path_refused(in_folder("loop"));
    assert_path_refused(in_folder("missing.png"));
    assert_path_refused(temp_folder);
    assert_path_refused("/dev/zero");
    assert_path_refused("/dev/null");
    assert_path_refused(longest);
}
END_TEST

/* ---- resampling ---- */

static DataImage grey(int w, int h, const unsigned char *px)
{
    DataImage img;
    NnErr err = { 0 };
    ck_assert_int_eq(data_image_new(w, h, 1, &img, &err), NN_OK);
    memcpy(img.px, px, (size_t)w * (size_t)h);
    return img;
}

static void assert_resized(int w, int h, const unsigned char *px, int w2, int h2, const unsigned char *expected)
{
    DataImage src = grey(w, h, px), out;
    NnErr err = { 0 };
    ck_assert_int_eq(data_image_resize(&src, w2, h2, &out, &err), NN_OK);
    ck_assert_int_eq(out.w, w2);
    ck_assert_int_eq(out.h, h2);
    for (int i = 0; i < w2 * h2; i++) ck_assert_int_eq(out.px[i], expected[i]);
    data_image_free(&src);
    data_image_free(&out);
}

START_TEST(test_resize_by_hand)
{
    const unsigned char four[] = { 10, 20, 30, 60 }, row[] = { 0, 100 }, three[] = { 0, 90, 180 };
    assert_resized(2, 2, four, 1, 1, (const unsigned char[]){ 30 }); /* the mean */
    assert_resized(4, 1, four, 2, 1, (const unsigned char[]){ 15, 45 });
    assert_resized(3, 1, three, 2, 1, (const unsigned char[]){ 30, 150 });      /* (0 + 90/2)/1.5, (90/2 + 180)/1.5 */
    assert_resized(2, 1, row, 4, 1, (const unsigned char[]){ 0, 25, 75, 100 }); /* centres at -.25 .25 .75 1.25 */
    assert_resized(1, 2, row, 1, 4, (const unsigned char[]){ 0, 25, 75, 100 });
    assert_resized(1, 1, row + 1, 3, 2, (const unsigned char[]){ 100, 100, 100, 100, 100, 100 });
    assert_resized(2, 2, four, 2, 2, four);
    assert_resized(4, 1, four, 2, 2, (const unsigned char[]){ 15, 45, 15, 45 }); /* shrinks across, grows down */
}
END_TEST

START_TEST(test_resize_keeps_a_flat_image_flat)
{
    NnErr err = { 0 };
    DataImage img = sample_image(W, H, 3), out;
    memset(img.px, 203, W * H * 3);
    for (int size = 1; size < 90; size += 7) {
        ck_assert_int_eq(data_image_resize(&img, size, 90 - size, &out, &err), NN_OK);
        for (int i = 0; i < size * (90 - size) * 3; i++) ck_assert_int_eq(out.px[i], 203);
        data_image_free(&out);
    }
    data_image_free(&img);
}
END_TEST

START_TEST(test_crop)
{
    const unsigned char px[] = { 1, 2, 3, 4, 5, 6 };
    DataImage img = grey(3, 2, px), out;
    NnErr err = { 0 };
    ck_assert_int_eq(data_image_crop(&img, 1, 0, 2, 2, &out, &err), NN_OK);
    ck_assert_mem_eq(out.px, "\2\3\5\6", 4);
    data_image_free(&out);
    ck_assert_int_eq(data_image_crop(&img, 2, 0, 2, 2, &out, &err), NN_ERR_SHAPE);
    ck_assert_ptr_null(out.px);
    data_image_free(&img);
}
END_TEST

/* ---- the public corpora ---- */

/* One line of EXPECTED.tsv: path, verdict, WxH, CRC-32 of the RGB bytes. Returns 1 if it was judged. */
static int judge(const char *root, const char *line)
{
    char name[256] = "", verdict[16] = "", size[64] = "", path[1024], got[64];
    unsigned crc = 0;
    DataImage img;
    NnErr err = { 0 };
    if (sscanf(line, "%255[^\t]\t%15[^\t\n]\t%63[^\t\n]\t%x", name, verdict, size, &crc) < 2) return 0;
    const int ok = strcmp(verdict, "OK") == 0;
    if (strstr(name, ".png") == NULL) return 0;
    snprintf(path, sizeof path, "%s/%s", root, name);
    const NnStatus s = data_image_load(path, 3, DATA_MAX_PIXELS, &img, &err);
    if (!ok) { /* REFUSE and OTHER (not a PNG by its signature) */
        ck_assert_msg(s == NN_ERR_FORMAT, "%s was accepted", name);
        return 1;
    }
    ck_assert_msg(s == NN_OK, "%s", err.msg);
    snprintf(got, sizeof got, "%dx%d", img.w, img.h);
    ck_assert_str_eq(got, size);
    const uLong found = crc32(crc32(0, NULL, 0), img.px, (uInt)(img.w * img.h * 3));
    ck_assert_msg(found == crc, "%s: pixels differ: CRC-32 %08lx, expected %08x", name, found, crc);
    data_image_free(&img);
    return 1;
}

START_TEST(test_corpora)
{
    const char *set = getenv("LOCUS_TESTCORPORA"), *root = set ? set : "../shared/corpora";
    char path[1024], line[512];
    int judged = 0;
    snprintf(path, sizeof path, "%s/EXPECTED.tsv", root);
    FILE *f = fopen(path, "r");
    if (!f) {
        printf("test_image: no corpora at %s: sweep skipped\n", root);
        return;
    }
    while (fgets(line, sizeof line, f)) judged += judge(root, line);
    fclose(f);
    printf("test_image: %d files of %s as expected\n", judged, root);
    ck_assert_int_gt(judged, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("image");
    TCase *t = tcase_create("image");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_png_round_trip_is_exact);
    tcase_add_test(t, test_jpeg_round_trip_is_near);
    tcase_add_test(t, test_encoding_refuses_nonsense);
    tcase_add_test(t, test_every_prefix_is_refused);
    tcase_add_test(t, test_no_flipped_bit_of_a_png_goes_unseen);
    tcase_add_test(t, test_bad_jpeg_tables_are_refused);
    tcase_add_test(t, test_png_order_and_amount);
    tcase_add_test(t, test_index_beyond_palette_is_black);
    tcase_add_test(t, test_bombs_are_refused);
    tcase_add_test(t, test_wrong_types_are_named);
    tcase_add_test(t, test_resize_by_hand);
    tcase_add_test(t, test_resize_keeps_a_flat_image_flat);
    tcase_add_test(t, test_crop);
    tcase_add_test(t, test_corpora);
    TCase *paths = tcase_create("paths");
    tcase_add_checked_fixture(paths, temp_folder_make, temp_folder_remove);
    tcase_add_test(paths, test_odd_paths_are_refused_at_once);
    suite_add_tcase(s, t);
    suite_add_tcase(s, paths);
    return check_run(s);
}
