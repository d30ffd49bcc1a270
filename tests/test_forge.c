/* test_forge.c -- every manipulation changes what its mask says, visibly, and nothing else. */
#include <stdlib.h>
#include <string.h>

#include "data/forge.h"
#include "data/portraits.h"
#include "tests/check_main.h"

/* A photo and a donor, cut to w x h. */
typedef struct {
    DataImage photo, donor;
    DataFaceBox face, other;
} Pair;

static DataImage cut_portrait(uint32_t person, int w, int h, DataFaceBox *face)
{
    DataImage whole, cut;
    NnErr err = { 0 };
    ck_assert_int_eq(data_portrait_render(11, person, w > h ? w : h, &whole, face, &err), NN_OK);
    ck_assert_int_eq(data_image_crop(&whole, 0, 0, w, h, &cut, &err), NN_OK);
    data_image_free(&whole);
    return cut;
}

static Pair pair_make(uint32_t person, int w, int h)
{
    Pair p;
    p.photo = cut_portrait(person, w, h, &p.face);
    p.donor = cut_portrait(person + 1000, w, h, &p.other);
    return p;
}

static void pair_free(Pair *p)
{
    data_image_free(&p->photo);
    data_image_free(&p->donor);
}

static void apply(const DataForge *f, const Pair *p, uint32_t draw, DataImage *out, DataImage *mask)
{
    const DataForgeInput in = { &p->photo,  &p->donor,   p->face.cx,  p->face.cy,  p->face.rx,
                                p->face.ry, p->other.cx, p->other.cy, p->other.rx, p->other.ry };
    NnRng rng = nn_rng_make(21, NN_STREAM_FORGE, 0, draw);
    NnErr err = { 0 };
    ck_assert_msg(f->forge(&in, &rng, out, mask, &err) == NN_OK, "%s: %s", f->name, err.msg);
}

typedef struct {
    double cover; /* share of the picture in the mask */
    int most;     /* largest change of a channel inside, levels */
    int outside;  /* changed pixels outside */
    int other;    /* mask values other than 0 and 255 */
} Change;

static Change compare(const DataImage *photo, const DataImage *out, const DataImage *mask)
{
    Change c = { 0 };
    const int n = photo->w * photo->h;
    for (int i = 0; i < n; i++) {
        c.other += mask->px[i] != 0 && mask->px[i] != 255;
        c.cover += mask->px[i] / 255.0 / n;
        for (int ch = 0; ch < 3; ch++) {
            const int d = abs(photo->px[3 * i + ch] - out->px[3 * i + ch]);
            if (mask->px[i]) c.most = d > c.most ? d : c.most;
            else c.outside += d > 0;
        }
    }
    return c;
}

static void check_change(const DataForge *f, const Pair *p, const DataImage *out, const DataImage *mask, Change *c)
{
    ck_assert(out->w == p->photo.w && out->h == p->photo.h && out->c == 3);
    ck_assert(mask->w == p->photo.w && mask->h == p->photo.h && mask->c == 1);
    *c = compare(&p->photo, out, mask);
    ck_assert_msg(c->outside == 0, "%s at %dx%d: %d values changed outside of the mask", f->name, out->w, out->h,
                  c->outside);
    ck_assert_int_eq(c->other, 0);
    ck_assert_msg(c->cover > 0.01 && c->cover < 0.6, "%s at %dx%d: mask covers %.3f", f->name, out->w, out->h,
                  c->cover);
}

START_TEST(mask_is_exact)
{
    static const int sizes[][2] = {
        { 32, 32 }, { 33, 33 }, { 64, 64 }, { 97, 97 }, { 61, 43 }, { 40, 64 }, { 128, 128 }
    };
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (uint32_t draw = 0; draw < 20; draw++) {
            Pair p = pair_make(draw, sizes[k][0], sizes[k][1]);
            for (int m = 0; m < data_forge_count; m++) {
                DataImage out, mask;
                Change c;
                apply(&data_forges[m], &p, 100 * draw + (uint32_t)m, &out, &mask);
                check_change(&data_forges[m], &p, &out, &mask, &c);
                data_image_free(&out);
                data_image_free(&mask);
            }
            pair_free(&p);
        }
}
END_TEST

/* 300 draws of each method at 48 px: at least 297 change a channel somewhere by 8 levels or more. */
START_TEST(change_is_visible)
{
    enum { DRAWS = 300, VISIBLE = 8 };
    int faint[16] = { 0 };
    ck_assert_int_le(data_forge_count, 16);
    for (uint32_t draw = 0; draw < DRAWS; draw++) {
        Pair p = pair_make(draw, 48, 48);
        for (int m = 0; m < data_forge_count; m++) {
            DataImage out, mask;
            Change c;
            apply(&data_forges[m], &p, draw, &out, &mask);
            check_change(&data_forges[m], &p, &out, &mask, &c);
            faint[m] += c.most < VISIBLE;
            data_image_free(&out);
            data_image_free(&mask);
        }
        pair_free(&p);
    }
    for (int m = 0; m < data_forge_count; m++)
        ck_assert_msg(faint[m] <= DRAWS / 100, "%s: %d of %d draws changed nothing visible", data_forges[m].name,
                      faint[m], DRAWS);
}
END_TEST

START_TEST(same_stream_same_bits)
{
    Pair p = pair_make(3, 64, 64);
    for (int m = 0; m < data_forge_count; m++) {
        DataImage out[3], mask[3];
        for (int k = 0; k < 3; k++) apply(&data_forges[m], &p, k < 2 ? 7 : 8, &out[k], &mask[k]);
        ck_assert_int_eq(memcmp(out[0].px, out[1].px, 64 * 64 * 3), 0);
        ck_assert_int_eq(memcmp(mask[0].px, mask[1].px, 64 * 64), 0);
        ck_assert_int_ne(memcmp(out[0].px, out[2].px, 64 * 64 * 3), 0);
        ck_assert_int_ne(memcmp(mask[0].px, mask[2].px, 64 * 64), 0);
        for (int k = 0; k < 3; k++) data_image_free(&out[k]), data_image_free(&mask[k]);
    }
    pair_free(&p);
}
END_TEST

/* Sizes far below what is trained on, down to a single pixel, neither crash nor leave an empty mask. */
START_TEST(tiny_pictures)
{
    static const int sizes[][2] = { { 1, 1 }, { 2, 3 }, { 5, 5 }, { 8, 8 }, { 3, 16 } };
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        Pair p = pair_make(1, 16, 16), small = p;
        NnErr err = { 0 };
        ck_assert_int_eq(data_image_resize(&p.photo, sizes[k][0], sizes[k][1], &small.photo, &err), NN_OK);
        ck_assert_int_eq(data_image_resize(&p.donor, sizes[k][0], sizes[k][1], &small.donor, &err), NN_OK);
        for (int m = 0; m < data_forge_count; m++) {
            DataImage out, mask;
            apply(&data_forges[m], &small, 5, &out, &mask);
            const Change c = compare(&small.photo, &out, &mask);
            ck_assert(c.outside == 0 && c.cover > 0);
            data_image_free(&out);
            data_image_free(&mask);
        }
        pair_free(&small);
        pair_free(&p);
    }
}
END_TEST

START_TEST(wrong_images_refused)
{
    Pair p = pair_make(1, 32, 32), q = pair_make(2, 33, 33);
    DataImage grey, out, mask;
    NnErr err = { 0 };
    ck_assert_int_eq(data_image_new(32, 32, 1, &grey, &err), NN_OK);
    for (int m = 0; m < data_forge_count; m++) {
        NnRng rng = nn_rng_make(1, NN_STREAM_FORGE, 0, 0);
        NnErr e = { 0 }, f = { 0 };
        const DataForgeInput sizes = { &p.photo, &q.donor, 0.5f, 0.5f, 0.3f, 0.3f, 0.5f, 0.5f, 0.3f, 0.3f };
        const DataForgeInput channels = { &grey, &p.donor, 0.5f, 0.5f, 0.3f, 0.3f, 0.5f, 0.5f, 0.3f, 0.3f };
        ck_assert_int_eq(data_forges[m].forge(&sizes, &rng, &out, &mask, &e), NN_ERR_SHAPE);
        ck_assert_int_eq(data_forges[m].forge(&channels, &rng, &out, &mask, &f), NN_ERR_SHAPE);
    }
    data_image_free(&grey);
    pair_free(&p);
    pair_free(&q);
}
END_TEST

START_TEST(found_by_name)
{
    static const char *const names[] = { "swap", "inpaint", "recolor", "warp", "resample", "splice" };
    ck_assert_int_eq(data_forge_count, 6);
    for (int m = 0; m < data_forge_count; m++) {
        ck_assert_str_eq(data_forges[m].name, names[m]);
        ck_assert_ptr_eq(data_forge_find(names[m]), &data_forges[m]);
    }
    ck_assert_ptr_null(data_forge_find("sawp"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("forge");
    TCase *t = tcase_create("forge");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, mask_is_exact);
    tcase_add_test(t, change_is_visible);
    tcase_add_test(t, same_stream_same_bits);
    tcase_add_test(t, tiny_pictures);
    tcase_add_test(t, wrong_images_refused);
    tcase_add_test(t, found_by_name);
    suite_add_tcase(s, t);
    return check_run(s);
}
