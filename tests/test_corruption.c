/* test_corruption.c -- every operator against values computed by hand or another definition; the same bits in any order
 * and at any number of threads; levels that go from mild to severe. */
#include <math.h>
#include <string.h>

#include "data/corruption.h"
#include "data/data_cache.h"
#include "data/loader.h"
#include "nn/base/settings.h"
#include "nn/base/size.h"
#include "tests/check_main.h"

static NnErr err;

static void forget_errors(void)
{
    err = (NnErr){ 0 };
}

/* ---- helpers ---- */

static const DataOperator *operator_of(const char *protocol, const char *name)
{
    for (int i = 0; i < DATA_OPERATORS; i++)
        if (!strcmp(data_operators[i].protocol, protocol) && !strcmp(data_operators[i].name, name))
            return &data_operators[i];
    ck_abort_msg("no operator %s %s", protocol, name);
    return NULL;
}

static DataImage new_image(int w, int h, int r, int g, int b)
{
    DataImage img;
    ck_assert_int_eq(data_image_new(w, h, 3, &img, &err), NN_OK);
    for (int i = 0; i < w * h; i++)
        img.px[3 * i] = (unsigned char)r, img.px[3 * i + 1] = (unsigned char)g, img.px[3 * i + 2] = (unsigned char)b;
    return img;
}

/* Smooth shades, an edge, and a little texture: what a photograph has. Off the ends of the scale. */
static DataImage new_picture(int w, int h)
{
    DataImage img = new_image(w, h, 0, 0, 0);
    NnRng rng = nn_rng_make(3, NN_STREAM_TEST, 0, 0);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int k = 0; k < 3; k++)
                img.px[3 * (y * w + x) + k] =
                    (unsigned char)(50 + 60 * x / w + 25 * y / h * (k + 1) / 2 + (x > w / 2 && y > h / 3 ? 40 * k : 0) +
                                    (int)nn_rng_below(&rng, 12));
    return img;
}

static DataImage copy_of(const DataImage *img)
{
    DataImage copy;
    ck_assert_int_eq(data_image_copy(img, &copy, &err), NN_OK);
    return copy;
}

static void apply(const DataOperator *op, int level, int item, DataImage *img)
{
    const DataCorruption c = { op, level, 1 };
    ck_assert_msg(data_corrupt(&c, item, img, &err) == NN_OK, "%s", err.msg);
}

static int at(const DataImage *img, int x, int y, int k)
{
    return img->px[3 * (y * img->w + x) + k];
}

static double distance(const DataImage *a, const DataImage *b)
{
    double sum = 0;
    for (int i = 0; i < 3 * a->w * a->h; i++) sum += pow(a->px[i] - b->px[i], 2);
    return sqrt(sum / (3 * a->w * a->h));
}

static int same(const DataImage *a, const DataImage *b)
{
    return a->w == b->w && a->h == b->h && a->c == b->c && !memcmp(a->px, b->px, 3 * (size_t)a->w * (size_t)a->h);
}

/* ---- the table ---- */

START_TEST(table_holds_the_protocols)
{
    static const struct {
        const char *protocol, *name;
        int n;
        double first, last;
    } want[] = { { "deeperforensics", "saturation", 5, .4, 0 },
                 { "deeperforensics", "contrast", 5, .85, .35 },
                 { "deeperforensics", "blocks", 5, 16, 80 },
                 { "deeperforensics", "noise", 5, .001, .05 },
                 { "deeperforensics", "blur", 5, 7, 21 },
                 { "deeperforensics", "pixelation", 5, 2, 6 },
                 { "imdl", "blur", 6, 3, 23 },
                 { "imdl", "noise", 6, 3, 23 },
                 { "imdl", "jpeg", 6, 100, 50 },
                 { "cnndetection", "blur", 6, .5, 3 },
                 { "cnndetection", "jpeg", 8, 100, 30 } };
    ck_assert_uint_eq(sizeof want / sizeof *want, DATA_OPERATORS);
    for (int i = 0; i < DATA_OPERATORS; i++) {
        const DataOperator *op = operator_of(want[i].protocol, want[i].name);
        ck_assert_int_eq(op->n_levels, want[i].n);
        ck_assert_double_eq(op->levels[0], want[i].first);
        ck_assert_double_eq(op->levels[op->n_levels - 1], want[i].last);
        ck_assert(*op->unit && *op->what);
    }
}
END_TEST

START_TEST(lists_of_protocols)
{
    static const char *const good[] = { "all", "imdl", "imdl,cnndetection", " imdl , deeperforensics" };
    static const char *const bad[] = { "", "imdl,", "IMDLBenCo", "all,none", "imdl cnndetection" };
    for (int i = 0; i < 4; i++) ck_assert_msg(data_protocols_check(good[i], &err) == NN_OK, "%s", good[i]);
    for (int i = 0; i < 5; i++) {
        forget_errors();
        ck_assert_msg(data_protocols_check(bad[i], &err) == NN_ERR_USAGE, "\"%s\" passed", bad[i]);
        ck_assert_ptr_nonnull(strstr(err.msg, "known: deeperforensics, imdl, cnndetection, all"));
    }
    forget_errors();
    ck_assert_int_eq(data_protocols_check("deeperforensic", &err), NN_ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.msg, "nearest: deeperforensics"));
    const DataOperator *op = operator_of("imdl", "jpeg");
    ck_assert(data_protocols_hold("all", op) && data_protocols_hold("cnndetection, imdl", op));
    ck_assert(!data_protocols_hold("cnndetection", op));
}
END_TEST

/* ---- operators ---- */

START_TEST(saturation_by_hand)
{
    const DataOperator *op = operator_of("deeperforensics", "saturation");
    /* Luma of (200, 100, 50): 59.8 + 58.7 + 5.7 = 124.2. */
    DataImage img = new_image(3, 2, 200, 100, 50);
    apply(op, 4, 0, &img); /* p = 0 */
    for (int k = 0; k < 3; k++) ck_assert_int_eq(at(&img, 1, 1, k), 124);
    data_image_free(&img);
    img = new_image(3, 2, 200, 100, 50);
    apply(op, 0, 0, &img); /* p = .4: 124.2 + .4 (75.8, -24.2, -74.2) */
    ck_assert_int_eq(at(&img, 2, 0, 0), 155);
    ck_assert_int_eq(at(&img, 2, 0, 1), 115);
    ck_assert_int_eq(at(&img, 2, 0, 2), 95);
    data_image_free(&img);
    for (int grey = 0; grey < 256; grey++) {
        img = new_image(1, 1, grey, grey, grey);
        apply(op, grey % 5, 0, &img);
        for (int k = 0; k < 3; k++) ck_assert_int_eq(at(&img, 0, 0, k), grey);
        data_image_free(&img);
    }
}
END_TEST

START_TEST(contrast_by_hand)
{
    static const int want[5][3] = { { 170, 85, 9 }, { 145, 73, 7 }, { 120, 60, 6 }, { 95, 48, 5 }, { 70, 35, 4 } };
    for (int level = 0; level < 5; level++) {
        DataImage img = new_image(2, 2, 200, 100, 10);
        apply(operator_of("deeperforensics", "contrast"), level, 0, &img);
        for (int k = 0; k < 3; k++) ck_assert_int_eq(at(&img, 1, 0, k), want[level][k]);
        data_image_free(&img);
    }
}
END_TEST

START_TEST(counts_of_blocks)
{
    ck_assert_int_eq(data_corruption_blocks(256, 300, 16), 16);
    ck_assert_int_eq(data_corruption_blocks(511, 900, 80), 80);
    ck_assert_int_eq(data_corruption_blocks(900, 512, 80), 160);
    ck_assert_int_eq(data_corruption_blocks(128, 128, 16), 4);
    ck_assert_int_eq(data_corruption_blocks(128, 128, 80), 20);
    ck_assert_int_eq(data_corruption_blocks(64, 64, 48), 3);
    ck_assert_int_eq(data_corruption_blocks(16, 16, 16), 1);
}
END_TEST

/* Grey or untouched, nothing between; as many as counted (they may overlap); of 8 x 8; not on the last line. */
START_TEST(blocks_are_grey_squares)
{
    const DataOperator *op = operator_of("deeperforensics", "blocks");
    int most = 0;
    for (int item = 0; item < 20; item++) {
        DataImage img = new_image(128, 128, 10, 20, 30);
        apply(op, 0, item, &img);
        int grey = 0;
        for (int y = 0; y < 128; y++)
            for (int x = 0; x < 128; x++) {
                const int is_grey = at(&img, x, y, 0) == 128 && at(&img, x, y, 1) == 128 && at(&img, x, y, 2) == 128;
                const int is_old = at(&img, x, y, 0) == 10 && at(&img, x, y, 1) == 20 && at(&img, x, y, 2) == 30;
                ck_assert(is_grey != is_old);
                grey += is_grey;
                if (x == 127 || y == 127) ck_assert(is_old);
            }
        ck_assert_int_le(grey, 4 * 64);
        ck_assert_int_gt(grey, 64);
        most = grey > most ? grey : most;
        data_image_free(&img);
    }
    ck_assert_int_eq(most, 4 * 64);
    DataImage img = new_image(5, 3, 10, 20, 30);
    apply(op, 4, 0, &img);
    for (int i = 0; i < 45; i++) ck_assert_int_eq(img.px[i], 128);
    data_image_free(&img);
}
END_TEST

/* Mean and covariance of what was added to a grey image. */
static void measure(const DataImage *img, int grey, double mean[3], double cov[3][3])
{
    const int n = img->w * img->h;
    memset(mean, 0, 3 * sizeof *mean);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 3; k++) mean[k] += (double)(img->px[3 * i + k] - grey) / n;
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) {
            cov[a][b] = 0;
            for (int i = 0; i < n; i++)
                cov[a][b] += (img->px[3 * i + a] - grey - mean[a]) * (img->px[3 * i + b] - grey - mean[b]) / n;
        }
}

/* The covariance in RGB follows from independent noise in Y, Cb, Cr and the matrix back: M diag(s) M^T. */
START_TEST(noise_in_ycbcr_has_its_covariance)
{
    static const double back[3][3] = { { 1, 0, 1.403 }, { 1, -.344, -.714 }, { 1, 1.773, 0 } };
    const DataOperator *op = operator_of("deeperforensics", "noise");
    for (int level = 0; level < 3; level++) { /* the strong ones are clipped */
        DataImage img = new_image(256, 256, 128, 128, 128);
        double mean[3], cov[3][3];
        apply(op, level, 0, &img);
        measure(&img, 128, mean, cov);
        const double v = op->levels[level] * 255 * 255, y = v * pow(255. / 219, 2), c = v * pow(255. / 224, 2);
        for (int a = 0; a < 3; a++) {
            ck_assert_double_eq_tol(mean[a], 0, 5 * sqrt(cov[a][a]) / 256);
            for (int b = 0; b < 3; b++) {
                const double want = y * back[a][0] * back[b][0] + c * back[a][1] * back[b][1] +
                                    c * back[a][2] * back[b][2] + (a == b ? 1. / 12 : 0);
                ck_assert_double_eq_tol(cov[a][b], want, 0.03 * (y + 4 * c));
            }
        }
        data_image_free(&img);
    }
}
END_TEST

START_TEST(noise_in_rgb_has_its_variance)
{
    const DataOperator *op = operator_of("imdl", "noise");
    for (int level = 0; level < 6; level++) {
        DataImage img = new_image(256, 256, 100, 100, 100);
        double mean[3], cov[3][3];
        apply(op, level, 0, &img);
        measure(&img, 100, mean, cov);
        for (int a = 0; a < 3; a++) {
            ck_assert_double_eq_tol(mean[a], 0, 5 * sqrt(cov[a][a]) / 256);
            for (int b = 0; b < 3; b++)
                ck_assert_double_eq_tol(cov[a][b], a == b ? op->levels[level] + 1. / 12 : 0, 0.03 * op->levels[level]);
        }
        data_image_free(&img);
    }
}
END_TEST

/* What a blur makes of a white dot far from the border is its kernel, times 255, row by column. */
static void check_dot(const DataOperator *op, int level, const double *half, int radius)
{
    enum { SIDE = 41, MID = SIDE / 2 };
    DataImage img = new_image(SIDE, SIDE, 0, 0, 0);
    memset(img.px + 3 * (MID * SIDE + MID), 255, 3);
    apply(op, level, 0, &img);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const int i = abs(x - MID), j = abs(y - MID);
            const double want = i > radius || j > radius ? 0 : 255 * half[i] * half[j];
            for (int k = 0; k < 3; k++) ck_assert_double_eq_tol(at(&img, x, y, k), want, 0.501);
        }
    data_image_free(&img);
}

/* half[i], i = 0..radius, of a Gaussian that is cut off there. */
static void half_gaussian(double *half, int radius, double sigma)
{
    double sum = 0;
    for (int i = 0; i <= radius; i++) half[i] = exp(-0.5 * pow(i / sigma, 2)), sum += i ? 2 * half[i] : half[i];
    for (int i = 0; i <= radius; i++) half[i] /= sum;
}

START_TEST(blurs_have_their_kernels)
{
    static const double three[] = { .5, .25 }, seven[] = { .28125, .21875, .109375, .03125 };
    double half[16];
    const DataOperator *deeper = operator_of("deeperforensics", "blur"), *imdl = operator_of("imdl", "blur"),
                       *cnn = operator_of("cnndetection", "blur");
    for (int i = 0; i < 5; i++) {
        const int k = (int)deeper->levels[i];
        half_gaussian(half, (k - 1) / 2, k / 6.);
        check_dot(deeper, i, half, (k - 1) / 2);
    }
    check_dot(imdl, 0, three, 1);
    check_dot(imdl, 1, seven, 3);
    for (int i = 2; i < 6; i++) {
        const int k = (int)imdl->levels[i];
        half_gaussian(half, (k - 1) / 2, 0.3 * ((k - 1) * 0.5 - 1) + 0.8);
        check_dot(imdl, i, half, (k - 1) / 2);
    }
    for (int i = 0; i < 6; i++) {
        half_gaussian(half, (int)(4 * cnn->levels[i] + 0.5), cnn->levels[i]);
        check_dot(cnn, i, half, (int)(4 * cnn->levels[i] + 0.5));
    }
}
END_TEST

/* Columns 0, 64, 128 under (1 2 1) / 4: OpenCV repeats beyond the edge (64 | 0 64 128 | 64), so (32, 64, 96); SciPy
 * repeats the edge itself (0 | 0 64 128 | 128). */
START_TEST(borders_go_on_as_in_the_sources)
{
    double half[3];
    DataImage img = new_image(3, 1, 0, 0, 0), again;
    for (int k = 0; k < 3; k++) img.px[3 + k] = 64, img.px[6 + k] = 128;
    again = copy_of(&img);
    apply(operator_of("imdl", "blur"), 0, 0, &img);
    ck_assert(at(&img, 0, 0, 0) == 32 && at(&img, 1, 0, 1) == 64 && at(&img, 2, 0, 2) == 96);
    apply(operator_of("cnndetection", "blur"), 0, 0, &again); /* sigma .5, radius 2 */
    half_gaussian(half, 2, 0.5);
    ck_assert_double_eq_tol(at(&again, 0, 0, 0), 64 * half[1] + (64 + 128) * half[2], 0.51);
    ck_assert_double_eq_tol(at(&again, 2, 0, 0), 128 * (half[0] + half[1]) + 64 * (half[1] + half[2]), 0.51);
    ck_assert_double_eq_tol(at(&again, 1, 0, 0), 64, 0.51);
    data_image_free(&img);
    data_image_free(&again);
}
END_TEST

START_TEST(blur_and_pixelation_keep_what_is_constant)
{
    static const int sizes[][2] = { { 1, 1 }, { 2, 7 }, { 16, 16 }, { 33, 5 } };
    for (int o = 0; o < DATA_OPERATORS; o++) {
        const DataOperator *op = &data_operators[o];
        if (strcmp(op->name, "blur") != 0 && strcmp(op->name, "pixelation") != 0) continue;
        for (int level = 0; level < op->n_levels; level++)
            for (int s = 0; s < 4; s++) {
                DataImage img = new_image(sizes[s][0], sizes[s][1], 0, 77, 255), before = copy_of(&img);
                apply(op, level, 0, &img);
                ck_assert_msg(same(&img, &before), "%s %s %g", op->protocol, op->name, op->levels[level]);
                data_image_free(&img);
                data_image_free(&before);
            }
    }
}
END_TEST

/* A row of 6 by 3: bilinear takes pixels 1 and 4 (the centres of each three); back again, centres at 1 and 4. */
START_TEST(pixelation_by_hand)
{
    static const int row[6] = { 200, 30, 0, 255, 90, 10 }, want[6] = { 30, 30, 50, 70, 90, 90 };
    DataImage img = new_image(6, 6, 0, 0, 0);
    for (int i = 0; i < 36; i++)
        for (int k = 0; k < 3; k++) img.px[3 * i + k] = (unsigned char)row[i % 6];
    apply(operator_of("deeperforensics", "pixelation"), 1, 0, &img);
    for (int i = 0; i < 36; i++) ck_assert_int_eq(at(&img, i % 6, i / 6, 1), want[i % 6]);
    data_image_free(&img);
    /* By 2: means of pairs 115, 128 (127.5), 50; then quarters between them. */
    static const int halved[6] = { 115, 118, 125, 109, 70, 50 };
    img = new_image(6, 6, 0, 0, 0);
    for (int i = 0; i < 36; i++)
        for (int k = 0; k < 3; k++) img.px[3 * i + k] = (unsigned char)row[i % 6];
    apply(operator_of("deeperforensics", "pixelation"), 0, 0, &img);
    for (int i = 0; i < 36; i++) ck_assert_int_eq(at(&img, i % 6, i / 6, 2), halved[i % 6]);
    data_image_free(&img);
}
END_TEST

START_TEST(jpeg_is_the_project_s_own)
{
    const DataOperator *op = operator_of("imdl", "jpeg"), *other = operator_of("cnndetection", "jpeg");
    DataImage picture = new_picture(48, 40);
    for (int level = 0; level < 6; level++) {
        DataImage ours = copy_of(&picture), theirs = copy_of(&picture), want = copy_of(&picture);
        apply(op, level, 0, &ours);
        apply(other, level, 5, &theirs);
        ck_assert_int_eq(data_image_through_jpeg(&want, (int)op->levels[level], &err), NN_OK);
        ck_assert(same(&ours, &want) && same(&theirs, &want));
        if (level == 0) ck_assert_double_lt(distance(&ours, &picture), 1);
        if (level > 0) ck_assert_double_gt(distance(&ours, &picture), 1);
        data_image_free(&ours);
        data_image_free(&theirs);
        data_image_free(&want);
    }
    data_image_free(&picture);
}
END_TEST

/* ---- all of them ---- */

/* Blocks overlap and lie elsewhere at every level, so that theirs rises on average only: over several images. */
START_TEST(levels_go_from_mild_to_severe)
{
    DataImage picture = new_picture(64, 64);
    for (int o = 0; o < DATA_OPERATORS; o++) {
        double before = 0;
        for (int level = 0; level < data_operators[o].n_levels; level++) {
            double mean = 0;
            for (int item = 0; item < 8; item++) {
                DataImage img = copy_of(&picture);
                apply(&data_operators[o], level, item, &img);
                mean += distance(&img, &picture) / 8;
                data_image_free(&img);
            }
            ck_assert_msg(mean > before, "%s %s: level %d is not above the one before: %g, %g",
                          data_operators[o].protocol, data_operators[o].name, level, mean, before);
            before = mean;
        }
    }
    data_image_free(&picture);
}
END_TEST

/* What is drawn depends on seed, operator, level and item, and on nothing that was drawn before. */
START_TEST(draws_belong_to_seed_operator_level_item)
{
    const DataOperator *noise = operator_of("imdl", "noise");
    DataImage picture = new_picture(32, 32), first = copy_of(&picture), img = copy_of(&picture);
    apply(noise, 2, 7, &first);
    apply(noise, 2, 8, &img);
    ck_assert_msg(!same(&first, &img), "two items have the same noise");
    memcpy(img.px, picture.px, 3 * 32 * 32);
    ck_assert_int_eq(data_corrupt(&(DataCorruption){ noise, 2, 2 }, 7, &img, &err), NN_OK);
    ck_assert_msg(!same(&first, &img), "two seeds have the same noise");
    memcpy(img.px, picture.px, 3 * 32 * 32);
    apply(noise, 2, 7, &img);
    ck_assert_msg(same(&first, &img), "the same draw twice gives other bits");
    /* Levels 2 and 3 with one draw would differ by a factor alone: where one is brighter, the other would be. */
    int agree = 0, moved = 0;
    memcpy(img.px, picture.px, 3 * 32 * 32);
    apply(noise, 3, 7, &img);
    for (int i = 0; i < 3 * 32 * 32; i++) {
        const int a = first.px[i] - picture.px[i], b = img.px[i] - picture.px[i];
        moved += a && b;
        agree += (a > 0 && b > 0) || (a < 0 && b < 0);
    }
    ck_assert_int_lt(abs(2 * agree - moved), moved / 10);
    data_image_free(&first);
    data_image_free(&img);
    data_image_free(&picture);
}
END_TEST

/* ---- through the loader ---- */

enum { SIZE = 16, ITEMS = 13 };

static NnStatus read_picture(const void *self, const DataSet *set, int i, DataSample *out, NnErr *e)
{
    (void)self, (void)set;
    NN_TRY(data_image_new(SIZE, SIZE, 3, &out->image, e));
    NN_TRY(data_image_new(SIZE, SIZE, 1, &out->mask, e));
    for (int p = 0; p < 3 * SIZE * SIZE; p++) out->image.px[p] = (unsigned char)(60 + (p * 7 + i * 13) % 120);
    for (int p = 0; p < SIZE * SIZE; p++) out->mask.px[p] = (p + i) % 3 ? 0 : 255;
    out->has_mask = 1;
    return NN_OK;
}

static const DataReader picture_reader = { .read = read_picture };

static DataSet *new_set(void)
{
    DataSet *set = nn_alloc(1, sizeof *set);
    ck_assert_ptr_nonnull(set);
    set->reader = &picture_reader;
    set->settings.size = SIZE;
    for (int i = 0; i < ITEMS; i++) {
        const DataItem item = { .path = (char[]){ "mem" }, .label = i % 2 };
        ck_assert_int_eq(data_set_add(set, &item, i % 2 ? "swap" : NULL, &err), NN_OK);
    }
    ck_assert_int_eq(data_cache_new(ITEMS, 4, &set->cache, &err), NN_OK);
    return set;
}

/* One pass over the items of `index` in batches; item i's floats go to out[i]. */
static void load(const DataSet *set, const int *index, int batch, int threads, const DataCorruption *c,
                 float out[ITEMS][3 * SIZE * SIZE], float mask[ITEMS][SIZE * SIZE])
{
    const DataLoaderSpec spec = {
        .set = set, .index = index, .n_index = ITEMS, .batch = batch, .threads = threads, .corruption = c
    };
    DataLoader *loader;
    const DataBatch *b;
    ck_assert_int_eq(data_loader_open(&spec, &loader, &err), NN_OK);
    for (;;) {
        ck_assert_int_eq(data_loader_next(loader, &b, &err), NN_OK);
        if (!b) break;
        for (int i = 0; i < b->n; i++) {
            memcpy(out[b->item[i]], b->image + (size_t)i * 3 * SIZE * SIZE, sizeof out[0]);
            memcpy(mask[b->item[i]], b->mask + (size_t)i * SIZE * SIZE, sizeof mask[0]);
        }
    }
    data_loader_close(loader);
}

START_TEST(same_bits_for_any_threads_and_order)
{
    static float clean[ITEMS][3 * SIZE * SIZE], one[ITEMS][3 * SIZE * SIZE], many[ITEMS][3 * SIZE * SIZE];
    static float clean_mask[ITEMS][SIZE * SIZE], mask[ITEMS][SIZE * SIZE];
    int forwards[ITEMS], backwards[ITEMS];
    DataSet *set = new_set();
    for (int i = 0; i < ITEMS; i++) forwards[i] = i, backwards[i] = ITEMS - 1 - i;
    load(set, forwards, 4, 1, NULL, clean, clean_mask);
    for (int o = 0; o < DATA_OPERATORS; o++) {
        const DataCorruption c = { &data_operators[o], 1, 9 };
        load(set, forwards, 4, 1, &c, one, mask);
        ck_assert(memcmp(one, clean, sizeof one) != 0);
        ck_assert_mem_eq(mask, clean_mask, sizeof mask);
        load(set, backwards, 5, 4, &c, many, mask);
        ck_assert_mem_eq(one, many, sizeof one);
        ck_assert_mem_eq(mask, clean_mask, sizeof mask);
    }
    load(set, forwards, 4, 2, NULL, many, mask); /* the cache still holds what is clean */
    ck_assert_mem_eq(clean, many, sizeof clean);
    data_set_free(set);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("corruption");
    TCase *t = tcase_create("operators");
    tcase_add_checked_fixture(t, forget_errors, NULL);
    tcase_add_test(t, table_holds_the_protocols);
    tcase_add_test(t, lists_of_protocols);
    tcase_add_test(t, saturation_by_hand);
    tcase_add_test(t, contrast_by_hand);
    tcase_add_test(t, counts_of_blocks);
    tcase_add_test(t, blocks_are_grey_squares);
    tcase_add_test(t, noise_in_ycbcr_has_its_covariance);
    tcase_add_test(t, noise_in_rgb_has_its_variance);
    tcase_add_test(t, blurs_have_their_kernels);
    tcase_add_test(t, borders_go_on_as_in_the_sources);
    tcase_add_test(t, blur_and_pixelation_keep_what_is_constant);
    tcase_add_test(t, pixelation_by_hand);
    tcase_add_test(t, jpeg_is_the_project_s_own);
    tcase_add_test(t, levels_go_from_mild_to_severe);
    tcase_add_test(t, draws_belong_to_seed_operator_level_item);
    tcase_add_test(t, same_bits_for_any_threads_and_order);
    suite_add_tcase(s, t);
    return check_run(s);
}
