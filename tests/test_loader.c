/* test_loader.c -- batches over a data set in memory: their content depends on nothing but their number, and
 * what cannot be read is an error, never another sample. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "data/data_cache.h"
#include "data/loader.h"
#include "nn/base/clock.h"
#include "nn/base/size.h"
#include "tests/check_main.h"

enum { SIZE = 16, PIXELS = SIZE * SIZE, ITEMS = 23, FAKE_EVERY = 3, SEED = 42 };

/* ---- a data set without files ---- */

static int bad_from = ITEMS; /* items from here on cannot be read; ITEMS = none */

static unsigned char pixel(int item, size_t i)
{
    return (unsigned char)((unsigned)item * 37u + (unsigned)i * 11u + (unsigned)(i / 48) * 5u);
}

/* Takes up to 0.7 ms, so that the threads' order is always another one. */
static void dawdle(int item)
{
    const struct timespec t = { .tv_nsec = 100000L * (item * 5 % 8) };
    nanosleep(&t, NULL);
}

static NnStatus fake_read(const void *self, const DataSet *set, int i, DataSample *out, NnErr *err)
{
    (void)self;
    dawdle(i);
    if (i >= bad_from) return nn_fail(err, NN_ERR_FORMAT, "%s: broken for this test", set->items[i].path);
    NN_TRY(data_image_new(SIZE, SIZE, 3, &out->image, err));
    NN_TRY(data_image_new(SIZE, SIZE, 1, &out->mask, err));
    for (size_t p = 0; p < 3 * PIXELS; p++) out->image.px[p] = pixel(i, p);
    out->has_mask = set->items[i].label && i % 2;
    for (size_t p = 0; out->has_mask && p < PIXELS; p++) out->mask.px[p] = (p + (size_t)i) % 5 ? 0 : 255;
    return NN_OK;
}

static const DataReader reader = { .read = fake_read };
static DataSet *set;
static int every[ITEMS];
static NnErr err;

static void set_up(void)
{
    err = (NnErr){ .status = NN_OK };
    bad_from = ITEMS;
    set = nn_alloc(1, sizeof *set);
    ck_assert_ptr_nonnull(set);
    set->reader = &reader;
    set->settings.size = SIZE;
    for (int i = 0; i < ITEMS; i++) {
        char path[32];
        const int fake = i % FAKE_EVERY == 0;
        const DataItem item = { .path = path, .label = fake };
        snprintf(path, sizeof path, "mem/%02d", i);
        ck_assert_int_eq(data_set_add(set, &item, fake ? "swap" : NULL, &err), NN_OK);
        every[i] = i;
    }
    ck_assert_int_eq(data_cache_new(ITEMS, 0, &set->cache, &err), NN_OK);
}

static void tear_down(void)
{
    data_set_free(set);
}

static const DataAugment lively = { .flip = 0.5f,
                                    .shift = 3,
                                    .colour = 0.2f,
                                    .noise = 0.5f,
                                    .noise_sigma = 4,
                                    .blur = 0.5f,
                                    .blur_sigma = 1,
                                    .jpeg_min = 60,
                                    .jpeg_max = 90 };

static DataLoaderSpec spec_of(int train, int batch, int threads)
{
    return (DataLoaderSpec){ .set = set,
                             .index = every,
                             .n_index = ITEMS,
                             .batch = batch,
                             .threads = threads,
                             .seed = SEED,
                             .train = train,
                             .augment = train ? &lively : NULL };
}

static DataLoader *open_loader(const DataLoaderSpec *spec)
{
    DataLoader *l;
    ck_assert_msg(data_loader_open(spec, &l, &err) == NN_OK, "%s", err.msg);
    return l;
}

static const DataBatch *next(DataLoader *l)
{
    const DataBatch *b;
    ck_assert_msg(data_loader_next(l, &b, &err) == NN_OK, "%s", err.msg);
    return b;
}

/* FNV-1a over the bits of all that a batch holds, empty places included. */
static uint64_t mix(uint64_t h, const void *data, size_t len)
{
    const unsigned char *p = data;
    while (len-- > 0) h = (h ^ *p++) * 0x100000001b3u;
    return h;
}

static uint64_t fingerprint(const DataBatch *b, size_t N)
{
    uint64_t h = mix(0xcbf29ce484222325u, &b->n, sizeof b->n);
    h = mix(h, b->image, N * 3 * PIXELS * sizeof *b->image);
    h = mix(h, b->mask, N * PIXELS * sizeof *b->mask);
    h = mix(h, b->label, N * sizeof *b->label);
    h = mix(h, b->has_mask, N * sizeof *b->has_mask);
    return mix(h, b->item, N * sizeof *b->item);
}

/* ---- content ---- */

START_TEST(one_pass_holds_everything_once_in_order)
{
    const DataLoaderSpec spec = spec_of(0, 5, 3);
    DataLoader *l = open_loader(&spec);
    int seen = 0;
    for (const DataBatch *b; (b = next(l)) != NULL;) {
        ck_assert_int_eq(b->n, seen + 5 <= ITEMS ? 5 : ITEMS - seen);
        for (int k = 0; k < b->n; k++, seen++) {
            const int label = seen % FAKE_EVERY == 0, has = label && seen % 2;
            ck_assert_int_eq(b->item[k], seen);
            ck_assert(b->label[k] == (float)label && b->has_mask[k] == (float)(has || !label));
            for (size_t p = 0; p < PIXELS; p++) {
                const size_t at = (size_t)k * PIXELS + p;
                ck_assert(b->mask[at] == (has && (p + (size_t)seen) % 5 == 0 ? 1.0f : 0.0f));
                for (size_t c = 0; c < 3; c++)
                    ck_assert(b->image[((size_t)k * 3 + c) * PIXELS + p] ==
                              (float)pixel(seen, 3 * p + c) / 127.5f - 1.0f);
            }
        }
    }
    ck_assert_int_eq(seen, ITEMS);
    ck_assert_ptr_null(next(l)); /* and it stays at the end */
    data_loader_close(l);
}
END_TEST

START_TEST(empty_places_are_zero)
{
    const DataLoaderSpec spec = spec_of(0, 9, 2);
    DataLoader *l = open_loader(&spec);
    next(l), next(l);
    const DataBatch *b = next(l);
    ck_assert_int_eq(b->n, 5);
    for (size_t k = 5; k < 9; k++) {
        ck_assert_int_eq(b->item[k], -1);
        ck_assert(b->label[k] == 0 && b->has_mask[k] == 0);
        for (size_t p = 0; p < 3 * PIXELS; p++) ck_assert(b->image[k * 3 * PIXELS + p] == 0);
        for (size_t p = 0; p < PIXELS; p++) ck_assert(b->mask[k * PIXELS + p] == 0);
    }
    data_loader_close(l);
}
END_TEST

START_TEST(levels_become_the_whole_interval)
{
    unsigned char rgb[] = { 0, 255, 51 }, mask[] = { 128 };
    const DataSample s = { { 1, 1, 3, rgb }, { 1, 1, 1, mask }, 1, 1, 1 };
    float image[3], m[1];
    data_sample_to_floats(&s, image, m);
    ck_assert(image[0] == -1 && image[1] == 1 && fabsf(image[2] + 0.6f) < 1e-6f && m[0] == 1);
    mask[0] = 127;
    data_sample_to_floats(&s, image, m);
    ck_assert(m[0] == 0);
}
END_TEST

/* _i: 0 one pass, 1 training, 2 training with balance. Batch 30 is larger than the set: several epochs in one. */
START_TEST(any_number_of_threads_gives_the_same_bits)
{
    static const int batches[] = { 4, 30 };
    set->settings.balance = _i == 2;
    for (int k = 0; k < 2; k++) {
        uint64_t first[12] = { 0 };
        for (int threads = 1; threads <= 4; threads *= 2) {
            const DataLoaderSpec spec = spec_of(_i > 0, batches[k], threads);
            DataLoader *l = open_loader(&spec);
            for (int s = 0; s < 12; s++) {
                const DataBatch *b = next(l);
                const uint64_t h = b ? fingerprint(b, (size_t)batches[k]) : 1;
                if (threads == 1) first[s] = h;
                ck_assert_msg(h == first[s], "batch %d of size %d with %d threads", s, batches[k], threads);
            }
            ck_assert(first[0] != first[1]);
            data_loader_close(l);
        }
    }
}
END_TEST

START_TEST(starting_late_equals_skipping)
{
    set->settings.balance = _i == 2;
    const DataLoaderSpec early = spec_of(_i > 0, 3, 2);
    DataLoaderSpec late = early;
    late.first = 5;
    DataLoader *a = open_loader(&early), *b = open_loader(&late);
    for (int s = 0; s < 5; s++) next(a);
    for (int s = 5; s < 14; s++) {
        const DataBatch *x = next(a), *y = next(b);
        ck_assert((x == NULL) == (y == NULL));
        if (x) ck_assert(fingerprint(x, 3) == fingerprint(y, 3));
    }
    data_loader_close(a);
    data_loader_close(b);
}
END_TEST

START_TEST(every_epoch_is_another_permutation)
{
    const DataLoaderSpec spec = spec_of(1, 1, 2);
    DataLoader *l = open_loader(&spec);
    int last[ITEMS] = { 0 };
    for (int epoch = 0; epoch < 6; epoch++) {
        int count[ITEMS] = { 0 }, order[ITEMS], same = 0;
        for (int i = 0; i < ITEMS; i++) {
            order[i] = next(l)->item[0];
            count[order[i]]++;
            same += epoch && order[i] == last[i];
        }
        for (int i = 0; i < ITEMS; i++) ck_assert_int_eq(count[i], 1);
        ck_assert_int_lt(same, ITEMS / 2);
        memcpy(last, order, sizeof last);
    }
    data_loader_close(l);
}
END_TEST

/* 8 forged and 15 real items: each list walks through permutations of its own. */
START_TEST(balance_draws_both_classes_equally)
{
    enum { FAKES = 8, REALS = ITEMS - FAKES, PLACES = 2 * FAKES * REALS };
    set->settings.balance = 1;
    const DataLoaderSpec spec = spec_of(1, 5, 3);
    DataLoader *l = open_loader(&spec);
    int count[ITEMS] = { 0 };
    for (int place = 0; place < PLACES;) {
        const DataBatch *b = next(l);
        for (int k = 0; k < b->n; k++, place++) {
            ck_assert(b->label[k] == (float)(place % 2));
            count[b->item[k]]++;
        }
        for (int i = 0; i < ITEMS; i++) {
            const int turns = place / 2, n = i % FAKE_EVERY ? REALS : FAKES;
            ck_assert(count[i] >= turns / n && count[i] <= turns / n + 2);
        }
    }
    for (int i = 0; i < ITEMS; i++) ck_assert_int_eq(count[i], i % FAKE_EVERY ? FAKES : REALS);
    data_loader_close(l);
}
END_TEST

/* Two of the 8 forged items hold half of the forged places, in turn, and come as often as any other in the other half.
 * A loader that starts later draws the same. */
START_TEST(some_are_drawn_more_often)
{
    enum { FAKES = 8, PLACES = 2 * 2 * FAKES * 6, BATCH = 4 };
    static const int often[] = { 3, 15 };
    int count[ITEMS] = { 0 };
    set->settings.balance = 1;
    DataLoaderSpec spec = spec_of(1, BATCH, 2);
    spec.often = often, spec.n_often = 2, spec.often_share = 0.5;
    DataLoader *l = open_loader(&spec);
    spec.first = PLACES / BATCH / 2;
    DataLoader *late = open_loader(&spec);
    for (int s = 0; s < PLACES / BATCH; s++) {
        const DataBatch *b = next(l);
        for (int k = 0; k < BATCH; k++) {
            ck_assert(b->label[k] == (float)(k % 2));
            count[b->item[k]]++;
        }
        if (s >= spec.first) ck_assert(fingerprint(b, BATCH) == fingerprint(next(late), BATCH));
    }
    /* 96 forged places: 48 / 2 + 48 / 8 for those two, 48 / 8 for the others. */
    for (int i = 0; i < ITEMS; i += FAKE_EVERY) ck_assert_int_eq(count[i], i == 3 || i == 15 ? 30 : 6);
    data_loader_close(l);
    data_loader_close(late);
}
END_TEST

START_TEST(seeds_and_augmentation_matter)
{
    DataLoaderSpec plain = spec_of(1, 4, 2), seeded = plain, augmented = plain;
    plain.augment = seeded.augment = NULL;
    seeded.seed = SEED + 1;
    DataLoader *a = open_loader(&plain), *b = open_loader(&seeded), *c = open_loader(&augmented);
    const DataBatch *x = next(a), *y = next(b), *z = next(c);
    ck_assert(memcmp(x->item, y->item, 4 * sizeof *x->item) != 0);
    ck_assert_mem_eq(x->item, z->item, 4 * sizeof *x->item);
    ck_assert(fingerprint(x, 4) != fingerprint(z, 4));
    data_loader_close(a), data_loader_close(b), data_loader_close(c);
}
END_TEST

/* ---- failure ---- */

/* Items 13..22 are bad: of the pass of batches of 5, batch 2 fails, and always for item 13. */
START_TEST(the_first_bad_item_is_the_one_named)
{
    bad_from = 13;
    for (int threads = 1; threads <= 8; threads *= 2) {
        const DataLoaderSpec spec = spec_of(0, 5, threads);
        DataLoader *l = open_loader(&spec);
        const DataBatch *b;
        next(l), next(l);
        for (int again = 0; again < 3; again++) {
            NnErr e = { .status = NN_OK };
            ck_assert_int_eq(data_loader_next(l, &b, &e), NN_ERR_FORMAT);
            ck_assert_str_eq(e.msg, "mem/13: broken for this test");
            ck_assert_ptr_null(b);
        }
        data_loader_close(l);
    }
}
END_TEST

START_TEST(a_size_that_does_not_fit_is_refused)
{
    set->settings.size = SIZE / 2;
    const DataLoaderSpec spec = spec_of(1, 5, 2);
    DataLoader *l = open_loader(&spec);
    const DataBatch *b;
    ck_assert_int_eq(data_loader_next(l, &b, &err), NN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, "image 16x16x3 and mask 16x16x1, expected 8x8"));
    data_loader_close(l);
}
END_TEST

START_TEST(a_missing_class_is_refused)
{
    static const int reals[] = { 1, 2, 4 }, fakes[] = { 0, 3, 6 };
    set->settings.balance = 1;
    for (int k = 0; k < 2; k++) {
        DataLoaderSpec spec = spec_of(1, 2, 2);
        DataLoader *l = NULL;
        err = (NnErr){ .status = NN_OK };
        spec.index = k ? fakes : reals;
        spec.n_index = 3;
        ck_assert_int_eq(data_loader_open(&spec, &l, &err), NN_ERR_DATA);
        ck_assert_ptr_nonnull(strstr(err.msg, k ? "no real images" : "no forged images"));
        ck_assert_ptr_null(l);
    }
}
END_TEST

START_TEST(nothing_at_all)
{
    DataLoaderSpec none = spec_of(1, 2, 2);
    DataLoader *l;
    none.n_index = 0;
    ck_assert_int_eq(data_loader_open(&none, &l, &err), NN_ERR_DATA);
    none.train = 0;
    err = (NnErr){ .status = NN_OK };
    l = open_loader(&none);
    ck_assert_ptr_null(next(l));
    data_loader_close(l);
    data_loader_close(NULL);
    none.batch = 0;
    ck_assert_int_eq(data_loader_open(&none, &l, &err), NN_ERR_CONFIG);
}
END_TEST

START_TEST(closes_at_any_time)
{
    for (int taken = 0; taken < 12; taken++) {
        const DataLoaderSpec spec = spec_of(taken % 2, 4, 1 + taken % 5);
        DataLoader *l = open_loader(&spec);
        for (int s = 0; s < taken / 2; s++) next(l);
        data_loader_close(l);
    }
}
END_TEST

/* One thread sleeps about 8 ms for the batch. No wait is longer than the calls took, and where there is nothing to wait
 * for, nothing is added. */
START_TEST(waiting_is_measured)
{
    const DataLoaderSpec spec = spec_of(0, ITEMS, 1);
    DataLoader *l = open_loader(&spec);
    ck_assert(data_loader_waited(l) == 0);
    const double before = nn_clock();
    next(l);
    const double waited = data_loader_waited(l);
    ck_assert(waited > 0 && waited <= nn_clock() - before);
    for (int again = 0; again < 3; again++) ck_assert_ptr_null(next(l));
    ck_assert(data_loader_waited(l) == waited);
    data_loader_close(l);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("loader");
    TCase *t = tcase_create("loader");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, one_pass_holds_everything_once_in_order);
    tcase_add_test(t, empty_places_are_zero);
    tcase_add_test(t, levels_become_the_whole_interval);
    tcase_add_loop_test(t, any_number_of_threads_gives_the_same_bits, 0, 3);
    tcase_add_loop_test(t, starting_late_equals_skipping, 0, 3);
    tcase_add_test(t, every_epoch_is_another_permutation);
    tcase_add_test(t, balance_draws_both_classes_equally);
    tcase_add_test(t, some_are_drawn_more_often);
    tcase_add_test(t, seeds_and_augmentation_matter);
    tcase_add_test(t, the_first_bad_item_is_the_one_named);
    tcase_add_test(t, a_size_that_does_not_fit_is_refused);
    tcase_add_test(t, a_missing_class_is_refused);
    tcase_add_test(t, nothing_at_all);
    tcase_add_test(t, closes_at_any_time);
    tcase_add_test(t, waiting_is_measured);
    suite_add_tcase(s, t);
    return check_run(s);
}
