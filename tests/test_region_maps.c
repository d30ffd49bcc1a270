/* test_region_maps.c -- primary regions on the side of the data: maps in a file, good, stale and damaged; what a removal
 * takes and what it leaves alone. */
#include <math.h>
#include <string.h>
#include <zlib.h>

#include "data/data_cache.h"
#include "data/loader.h"
#include "data/region_removal.h"
#include "nn/base/file.h"
#include "nn/base/size.h"
#include "tests/check_main.h"
#include "tests/temp_folder.h"

enum { SIZE = 16, PIXELS = SIZE * SIZE, ITEMS = 6, SEED = 42 };
static NnErr err;

static void reset(void)
{
    err = (NnErr){ .status = NN_OK };
}

/* ---- pictures and maps ---- */

static DataImage picture_of(int item)
{
    DataImage img;
    ck_assert_int_eq(data_image_new(SIZE, SIZE, 3, &img, &err), NN_OK);
    for (int i = 0; i < 3 * PIXELS; i++) img.px[i] = (unsigned char)(item * 37 + i * 11 + i / 48 * 5);
    return img;
}

/* Of a blob whose place depends on the item; values k / 255, all 0 outside. */
static float heat(int item, int i)
{
    const int x = i % SIZE - 4 - item, y = i / SIZE - 5, far = x * x + y * y;
    return far < 20 ? (float)(250 - 11 * far) / 255 : 0;
}

static DataRegionMaps *make_maps(void)
{
    DataRegionMaps *m = data_region_maps_new(ITEMS, SIZE);
    ck_assert_ptr_nonnull(m);
    for (int k = ITEMS - 1; k >= 0; k--) {
        float map[PIXELS];
        DataImage img = picture_of(k);
        for (int i = 0; i < PIXELS; i++) map[i] = heat(k, i);
        ck_assert_int_eq(data_region_maps_set(m, k, &img, map, &err), NN_OK);
        data_image_free(&img);
    }
    return m;
}

static void assert_maps_are_as_made(const DataRegionMaps *m)
{
    for (int k = 0; k < ITEMS; k++) {
        unsigned char map[PIXELS];
        DataImage img = picture_of(k);
        ck_assert_msg(data_region_maps_get(m, k, &img, map, &err) == NN_OK, "%s", err.msg);
        for (int i = 0; i < PIXELS; i++) ck_assert_int_eq(map[i], (int)lrintf(255 * heat(k, i)));
        data_image_free(&img);
    }
}

/* ---- the file ---- */

START_TEST(maps_come_back_as_they_were_saved)
{
    DataRegionMaps *m = make_maps(), *again;
    assert_maps_are_as_made(m);
    ck_assert_int_eq(data_region_maps_save(m, in_folder("maps"), &err), NN_OK);
    ck_assert_int_eq(data_region_maps_load(in_folder("maps"), ITEMS, SIZE, &again, &err), NN_OK);
    assert_maps_are_as_made(again);
    ck_assert_uint_eq(data_region_maps_bytes(again), data_region_maps_bytes(m));
    ck_assert_int_eq(data_region_maps_size(again), SIZE);
    data_region_maps_free(m);
    data_region_maps_free(again);
}
END_TEST

START_TEST(what_is_above_0_stays_above_0)
{
    DataRegionMaps *m = data_region_maps_new(1, 2);
    unsigned char map[4], px[12] = { 0 };
    const DataImage img = { 2, 2, 3, px };
    ck_assert_int_eq(data_region_maps_set(m, 0, &img, (const float[4]){ 1e-6f, 0, 1, 0.5f }, &err), NN_OK);
    ck_assert_int_eq(data_region_maps_get(m, 0, &img, map, &err), NN_OK);
    ck_assert(map[0] == 1 && map[1] == 0 && map[2] == 255 && map[3] == 128);
    data_region_maps_free(m);
}
END_TEST

static void put_text(const char *name, const char *text)
{
    const NnChunk chunk = { text, strlen(text) };
    ck_assert_int_eq(nn_file_write(in_folder(name), &chunk, 1, &err), NN_OK);
}

/* Maps may be measured anew; a configuration whose name was given by mistake stays. */
START_TEST(only_maps_give_way_to_maps)
{
    DataRegionMaps *m = make_maps();
    ck_assert_int_eq(data_region_maps_save(m, in_folder("maps"), &err), NN_OK);
    put_text("empty", "");
    put_text("a.ini", "[data]\nsize = 16\n");
    put_text("short", "LOCUS");
    static const char *const good[] = { "maps", "empty", "new" }, *const bad[] = { "a.ini", "short", "." };
    for (int i = 0; i < 3; i++) ck_assert_int_eq(data_region_maps_check_place(in_folder(good[i]), &err), NN_OK);
    for (int i = 0; i < 3; i++) ck_assert_int_eq(data_region_maps_check_place(in_folder(bad[i]), &err), NN_ERR_USAGE);
    data_region_maps_free(m);
}
END_TEST

/* One level of one pixel is enough. */
START_TEST(a_map_of_another_image_is_stale)
{
    DataRegionMaps *m = make_maps(), *loaded;
    unsigned char map[PIXELS];
    DataImage img = picture_of(2);
    ck_assert_int_eq(data_region_maps_save(m, in_folder("maps"), &err), NN_OK);
    ck_assert_int_eq(data_region_maps_load(in_folder("maps"), ITEMS, SIZE, &loaded, &err), NN_OK);
    for (int i = 0; i < 3 * PIXELS; i += 7) {
        img.px[i] ^= 1;
        ck_assert_int_eq(data_region_maps_get(loaded, 2, &img, map, &err), NN_ERR_DATA);
        ck_assert_ptr_nonnull(strstr(err.msg, "stale"));
        ck_assert_ptr_nonnull(strstr(err.msg, in_folder("maps")));
        reset();
        img.px[i] ^= 1;
    }
    ck_assert_int_eq(data_region_maps_get(loaded, 2, &img, map, &err), NN_OK);
    ck_assert_int_eq(data_region_maps_get(loaded, 1, &img, map, &err), NN_ERR_DATA);
    data_image_free(&img);
    data_region_maps_free(m);
    data_region_maps_free(loaded);
}
END_TEST

START_TEST(an_incomplete_collection_is_not_written)
{
    DataRegionMaps *m = data_region_maps_new(2, SIZE);
    DataImage img = picture_of(0);
    float map[PIXELS] = { 0 };
    ck_assert_int_eq(data_region_maps_set(m, 0, &img, map, &err), NN_OK);
    ck_assert_int_eq(data_region_maps_save(m, in_folder("maps"), &err), NN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, "map 1 of 2"));
    ck_assert(!nn_file_exists(in_folder("maps")));
    data_image_free(&img);
    data_region_maps_free(m);
}
END_TEST

/* ---- damaged files ---- */

static unsigned char *saved(size_t *len)
{
    unsigned char *bytes;
    DataRegionMaps *m = make_maps();
    ck_assert_int_eq(data_region_maps_save(m, in_folder("maps"), &err), NN_OK);
    ck_assert_int_eq(nn_file_read(in_folder("maps"), 1 << 20, &bytes, len, &err), NN_OK);
    data_region_maps_free(m);
    return bytes;
}

static NnStatus load_bytes(const unsigned char *bytes, size_t len, int n, int size, DataRegionMaps **out)
{
    FILE *f = fopen(in_folder("hurt"), "wb"); /* hundreds of times: without the syncs of nn_file_write */
    ck_assert(f && fwrite(bytes, 1, len, f) == len && fclose(f) == 0);
    reset();
    *out = NULL;
    return data_region_maps_load(in_folder("hurt"), n, size, out, &err);
}

START_TEST(every_truncation_and_every_flipped_bit_is_refused)
{
    size_t len;
    DataRegionMaps *m;
    unsigned char *bytes = saved(&len);
    for (size_t cut = 0; cut < len; cut += cut < 40 ? 1 : 23) {
        ck_assert_int_eq(load_bytes(bytes, cut, ITEMS, SIZE, &m), NN_ERR_FORMAT);
        ck_assert_ptr_null(m);
    }
    for (size_t i = 0; i < len; i += i < 170 ? 3 : 17) {
        bytes[i] ^= (unsigned char)(1 << i % 8);
        ck_assert_int_eq(load_bytes(bytes, len, ITEMS, SIZE, &m), NN_ERR_FORMAT);
        bytes[i] ^= (unsigned char)(1 << i % 8);
    }
    free(bytes);
}
END_TEST

START_TEST(maps_of_another_set_or_size_are_refused)
{
    size_t len;
    DataRegionMaps *m;
    unsigned char *bytes = saved(&len);
    ck_assert_int_eq(load_bytes(bytes, len, ITEMS + 1, SIZE, &m), NN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, "expected 7"));
    ck_assert_int_eq(load_bytes(bytes, len, ITEMS, 2 * SIZE, &m), NN_ERR_DATA);
    reset();
    ck_assert_int_eq(data_region_maps_load(in_folder("nowhere"), 1, 1, &m, &err), NN_ERR_IO);
    free(bytes);
}
END_TEST

static void mend_checksum(unsigned char *bytes, size_t len)
{
    const uLong crc = crc32(0, bytes + 12, (uInt)(len - 12));
    for (int i = 0; i < 4; i++) bytes[8 + i] = (unsigned char)(crc >> 8 * i);
}

/* The checksum keeps accidents out; who makes one that fits still gets nothing but errors: 600 mutations of header, table
 * and packed maps. Run under the sanitizers too. */
START_TEST(a_forged_checksum_opens_no_door)
{
    size_t len;
    int refused = 0, unpacked = 0, not_unpacked = 0;
    unsigned char *bytes = saved(&len), *hurt = malloc(len + 8);
    NnRng rng = nn_rng_make(SEED, NN_STREAM_TEST, 0, 0);
    for (int round = 0; round < 600; round++) {
        DataRegionMaps *m;
        unsigned char map[PIXELS];
        memcpy(hurt, bytes, len);
        const size_t front = 24 + 24 * ITEMS, range = round % 2 ? front - 12 : len - front;
        for (int k = 0; k < 1 + round % 3; k++)
            hurt[(round % 2 ? 12 : front) + nn_rng_below(&rng, (uint32_t)range)] ^= (unsigned char)nn_rng_u32(&rng);
        mend_checksum(hurt, len);
        if (load_bytes(hurt, len, ITEMS, SIZE, &m) != NN_OK) {
            refused++;
            continue;
        }
        for (int k = 0; k < ITEMS; k++) {
            DataImage img = picture_of(k);
            reset();
            if (data_region_maps_get(m, k, &img, map, &err) == NN_OK) unpacked++;
            else not_unpacked++;
            data_image_free(&img);
        }
        data_region_maps_free(m);
    }
    ck_assert(refused > 100 && unpacked > 100 && not_unpacked > 100);
    free(bytes);
    free(hurt);
}
END_TEST

/* A map that would unpack to 16 MiB. */
START_TEST(a_bomb_does_not_go_off)
{
    enum { HUGE_MAP = 1 << 24 };
    unsigned char *zeros = nn_alloc(HUGE_MAP, 1), *file = nn_alloc(1 << 17, 1), map[PIXELS];
    uLongf packed = (1 << 17) - 48;
    DataRegionMaps *m;
    DataImage img = picture_of(0);
    size_t len;
    unsigned char *one = saved(&len);
    ck_assert_int_eq(compress(file + 48, &packed, zeros, HUGE_MAP), Z_OK);
    memcpy(file, one, 32); /* header, and the checksum of picture 0 */
    file[20] = 1, file[32] = 48;
    for (int i = 0; i < 4; i++) file[40 + i] = (unsigned char)(packed >> 8 * i);
    mend_checksum(file, 48 + packed);
    ck_assert_msg(load_bytes(file, 48 + packed, 1, SIZE, &m) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(data_region_maps_get(m, 0, &img, map, &err), NN_ERR_FORMAT);
    ck_assert_ptr_nonnull(strstr(err.msg, "unpack"));
    data_region_maps_free(m);
    data_image_free(&img);
    free(zeros), free(file), free(one);
}
END_TEST

/* ---- removal ---- */

static const DataRegions always = {
    .remove = DATA_REMOVE_PRIMARY, .probability = 1, .alpha_min = 0.5f, .alpha_max = 1, .fill = DATA_FILL_BLACK
};

/* A map with many equal levels; n pixels above 0. */
static int make_byte_map(unsigned char *map)
{
    int n = 0;
    for (int i = 0; i < PIXELS; i++) {
        map[i] = (unsigned char)(heat(1, i) * 255) / 40 * 40;
        n += map[i] > 0;
    }
    return n;
}

/* White, so that black shows: which pixels went; how many. */
static int remove_from_white(const DataRegions *how, uint32_t epoch, const unsigned char *map, char *gone)
{
    int n = 0;
    DataImage img;
    NnRng rng = nn_rng_make(SEED, NN_STREAM_REMOVAL, epoch, 0);
    ck_assert_int_eq(data_image_new(SIZE, SIZE, 3, &img, &err), NN_OK);
    memset(img.px, 255, 3 * PIXELS);
    ck_assert_int_eq(data_region_remove(how, &rng, map, &img, &err), NN_OK);
    for (int i = 0; i < PIXELS; i++) {
        gone[i] = img.px[3 * i] == 0;
        n += gone[i];
        ck_assert(img.px[3 * i + 1] == img.px[3 * i] && img.px[3 * i + 2] == img.px[3 * i]);
    }
    data_image_free(&img);
    return n;
}

/* The draws that a removal makes: the coin, then alpha. */
static float alpha_of(const DataRegions *how, uint32_t epoch)
{
    NnRng rng = nn_rng_make(SEED, NN_STREAM_REMOVAL, epoch, 0);
    nn_rng_coin(&rng, how->probability);
    return nn_rng_range(&rng, how->alpha_min, how->alpha_max);
}

START_TEST(the_hottest_go_and_exactly_so_many)
{
    unsigned char map[PIXELS];
    char gone[PIXELS];
    const int n = make_byte_map(map);
    for (uint32_t epoch = 0; epoch < 50; epoch++) {
        const int want = (int)((double)alpha_of(&always, epoch) * n);
        ck_assert_int_eq(remove_from_white(&always, epoch, map, gone), want);
        int coolest = 256, last = -1;
        for (int i = 0; i < PIXELS; i++)
            if (gone[i] && map[i] < coolest) coolest = map[i];
        for (int i = 0; i < PIXELS; i++)
            if (gone[i] && map[i] == coolest) last = i;
        ck_assert_int_gt(coolest, 0);
        for (int i = 0; i < PIXELS; i++) /* of equals, the first in reading order */
            ck_assert(gone[i] == (map[i] > coolest || (map[i] == coolest && i <= last)));
    }
}
END_TEST

START_TEST(the_limits_of_alpha_are_kept)
{
    unsigned char map[PIXELS], cold[PIXELS] = { 0 };
    char gone[PIXELS];
    DataRegions all = always, none = always;
    const int n = make_byte_map(map);
    all.alpha_min = 1, none.alpha_min = none.alpha_max = 0;
    ck_assert_int_eq(remove_from_white(&all, 0, map, gone), n);
    ck_assert_int_eq(remove_from_white(&none, 0, map, gone), 0);
    ck_assert_int_eq(remove_from_white(&all, 0, cold, gone), 0);
    all.alpha_max = 0.5f;
    ck_assert_int_eq(data_region_check(&always, &err), NN_OK);
    ck_assert_int_eq(data_region_check(&all, &err), NN_ERR_CONFIG);
}
END_TEST

START_TEST(the_coin_falls_as_it_is_told)
{
    unsigned char map[PIXELS];
    char gone[PIXELS];
    DataRegions sometimes = always, never = always;
    int times = 0;
    sometimes.probability = 0.3f, never.probability = 0;
    make_byte_map(map);
    for (uint32_t epoch = 0; epoch < 1000; epoch++) {
        times += remove_from_white(&sometimes, epoch, map, gone) > 0;
        ck_assert_int_eq(remove_from_white(&never, epoch, map, gone), 0);
    }
    ck_assert_int_ge(times, 250);
    ck_assert_int_le(times, 350);
}
END_TEST

/* The control: the same pixels, moved by one distance around the edges, and never by none. */
START_TEST(the_control_has_the_same_form_elsewhere)
{
    unsigned char map[PIXELS];
    char primary[PIXELS], control[PIXELS];
    DataRegions random = always;
    random.remove = DATA_REMOVE_RANDOM;
    make_byte_map(map);
    for (uint32_t epoch = 0; epoch < 40; epoch++) {
        const int n = remove_from_white(&always, epoch, map, primary);
        ck_assert_int_eq(remove_from_white(&random, epoch, map, control), n);
        int moves = 0;
        for (int move = 0; move < PIXELS; move++) {
            int same = 1;
            for (int i = 0; i < PIXELS && same; i++) {
                const int x = (i % SIZE + move % SIZE) % SIZE, y = (i / SIZE + move / SIZE) % SIZE;
                same = primary[i] == control[y * SIZE + x];
            }
            ck_assert(!same || move > 0);
            moves += same;
        }
        ck_assert_int_eq(moves, 1);
    }
}
END_TEST

static DataImage filled(DataFill fill)
{
    unsigned char map[PIXELS];
    DataRegions how = always;
    DataImage img = picture_of(1);
    NnRng rng = nn_rng_make(SEED, NN_STREAM_REMOVAL, 3, 0);
    how.fill = (int)fill;
    make_byte_map(map);
    ck_assert_int_eq(data_region_remove(&how, &rng, map, &img, &err), NN_OK);
    return img;
}

/* Every fill takes the same pixels, and leaves the others alone. */
START_TEST(fills_put_in_what_they_say)
{
    unsigned char map[PIXELS];
    char gone[PIXELS];
    DataImage before = picture_of(1), after[4], coarse, soft;
    long sum[3] = { 0 };
    int levels[256] = { 0 }, kinds = 0;
    make_byte_map(map);
    remove_from_white(&always, 3, map, gone);
    for (int f = 0; f < 4; f++) after[f] = filled((DataFill)f);
    ck_assert_int_eq(data_image_resize(&before, SIZE / 8, SIZE / 8, &coarse, &err), NN_OK);
    ck_assert_int_eq(data_image_resize(&coarse, SIZE, SIZE, &soft, &err), NN_OK);
    for (int i = 0; i < 3 * PIXELS; i++) sum[i % 3] += before.px[i];
    for (int i = 0; i < 3 * PIXELS; i++) {
        for (int f = 0; f < 4; f++) ck_assert(gone[i / 3] || after[f].px[i] == before.px[i]);
        if (!gone[i / 3]) continue;
        levels[after[DATA_FILL_NOISE].px[i]]++;
        ck_assert_int_eq(after[DATA_FILL_BLACK].px[i], 0);
        ck_assert_int_eq(after[DATA_FILL_MEAN].px[i], (int)lround((double)sum[i % 3] / PIXELS));
        ck_assert_int_eq(after[DATA_FILL_BLUR].px[i], soft.px[i]);
    }
    for (int v = 0; v < 256; v++) kinds += levels[v] > 0;
    ck_assert_int_gt(kinds, 60); /* of about 120 draws */
    for (int f = 0; f < 4; f++) data_image_free(&after[f]);
    data_image_free(&before), data_image_free(&coarse), data_image_free(&soft);
}
END_TEST

START_TEST(the_same_seed_removes_the_same)
{
    DataImage a = filled(DATA_FILL_NOISE), b = filled(DATA_FILL_NOISE);
    ck_assert_mem_eq(a.px, b.px, 3 * PIXELS);
    data_image_free(&a), data_image_free(&b);
}
END_TEST

/* ---- in the loader ---- */

static NnStatus read_item(const void *self, const DataSet *set, int i, DataSample *out, NnErr *e)
{
    (void)self, (void)e;
    out->image = picture_of(i);
    if (data_image_new(SIZE, SIZE, 1, &out->mask, e) != NN_OK) return NN_ERR_NOMEM;
    out->has_mask = set->items[i].label;
    for (int p = 0; out->has_mask && p < PIXELS; p++) out->mask.px[p] = p % 3 ? 0 : 255;
    return NN_OK;
}

static const DataReader reader = { .read = read_item };
static const int every[ITEMS] = { 0, 1, 2, 3, 4, 5 };

static DataSet *make_set(void)
{
    DataSet *set = nn_alloc(1, sizeof *set);
    set->reader = &reader;
    set->settings.size = SIZE;
    for (int i = 0; i < ITEMS; i++) {
        char path[16];
        const DataItem item = { .path = path, .label = i % 2 };
        snprintf(path, sizeof path, "mem/%d", i);
        ck_assert_int_eq(data_set_add(set, &item, i % 2 ? "swap" : NULL, &err), NN_OK);
    }
    ck_assert_int_eq(data_cache_new(ITEMS, 0, &set->cache, &err), NN_OK);
    return set;
}

static DataLoader *open_loader(const DataSet *set, const DataRemoval *removal, int threads, int train)
{
    static const DataAugment lively = { .flip = 0.5f, .shift = 3, .jpeg_min = 60, .jpeg_max = 90 };
    const DataLoaderSpec spec = { .set = set,
                                  .index = every,
                                  .n_index = ITEMS,
                                  .batch = ITEMS,
                                  .threads = threads,
                                  .seed = SEED,
                                  .train = train,
                                  .augment = &lively,
                                  .removal = removal };
    DataLoader *l;
    ck_assert_msg(data_loader_open(&spec, &l, &err) == NN_OK, "%s", err.msg);
    return l;
}

/* Flips, moves and masks are what they were; images differ, in some places. Items without a map are left alone. */
START_TEST(removal_changes_no_other_draw)
{
    static const int place[ITEMS] = { 0, 1, 2, 3, 4, -1 };
    DataSet *set = make_set();
    DataRegionMaps *m = make_maps();
    const DataRemoval removal = { always, m, place };
    int changed[ITEMS] = { 0 };
    DataLoader *a = open_loader(set, NULL, 2, 1), *b = open_loader(set, &removal, 2, 1),
               *c = open_loader(set, &removal, 5, 1);
    for (int s = 0; s < 10; s++) {
        const DataBatch *x, *y, *z;
        ck_assert_int_eq(data_loader_next(a, &x, &err), NN_OK);
        ck_assert_int_eq(data_loader_next(b, &y, &err), NN_OK);
        ck_assert_int_eq(data_loader_next(c, &z, &err), NN_OK);
        ck_assert_mem_eq(x->item, y->item, ITEMS * sizeof *x->item);
        ck_assert_mem_eq(x->mask, y->mask, ITEMS * PIXELS * sizeof *x->mask);
        ck_assert_mem_eq(x->has_mask, y->has_mask, ITEMS * sizeof *x->has_mask);
        ck_assert_mem_eq(y->image, z->image, ITEMS * 3 * PIXELS * sizeof *x->image); /* at any number of threads */
        for (int k = 0; k < ITEMS; k++) {
            int same = 0;
            for (int i = 0; i < 3 * PIXELS; i++) same += x->image[k * 3 * PIXELS + i] == y->image[k * 3 * PIXELS + i];
            changed[x->item[k]] += same < 3 * PIXELS;
            ck_assert_int_gt(same, PIXELS); /* far from all of it went */
        }
    }
    for (int i = 0; i < ITEMS; i++) ck_assert_int_eq(changed[i], i < ITEMS - 1 ? 10 : 0);
    data_loader_close(a), data_loader_close(b), data_loader_close(c);
    data_region_maps_free(m);
    data_set_free(set);
}
END_TEST

START_TEST(validation_sees_images_whole)
{
    DataSet *set = make_set();
    DataRegionMaps *m = make_maps();
    const DataRemoval removal = { always, m, every };
    DataLoader *l = open_loader(set, &removal, 2, 0);
    const DataBatch *b;
    ck_assert_int_eq(data_loader_next(l, &b, &err), NN_OK);
    for (int k = 0; k < ITEMS; k++) {
        DataImage img = picture_of(k);
        for (int i = 0; i < PIXELS; i++)
            ck_assert(b->image[k * 3 * PIXELS + i] == (float)img.px[3 * i] / 127.5f - 1.0f);
        data_image_free(&img);
    }
    data_loader_close(l);
    data_region_maps_free(m);
    data_set_free(set);
}
END_TEST

START_TEST(a_stale_map_names_item_and_file)
{
    static const int wrong[ITEMS] = { 0, 1, 2, 4, 3, 5 };
    DataSet *set = make_set();
    DataRegionMaps *m = make_maps(), *loaded;
    ck_assert_int_eq(data_region_maps_save(m, in_folder("maps"), &err), NN_OK);
    ck_assert_int_eq(data_region_maps_load(in_folder("maps"), ITEMS, SIZE, &loaded, &err), NN_OK);
    const DataRemoval removal = { always, loaded, wrong };
    DataLoader *l = open_loader(set, &removal, 1, 1);
    const DataBatch *b;
    ck_assert_int_eq(data_loader_next(l, &b, &err), NN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.msg, "stale"));
    ck_assert_ptr_nonnull(strstr(err.msg, in_folder("maps")));
    ck_assert(strstr(err.msg, "mem/3") || strstr(err.msg, "mem/4"));
    data_loader_close(l);
    data_region_maps_free(m), data_region_maps_free(loaded);
    data_set_free(set);
}
END_TEST

/* ---- */

int main(void)
{
    Suite *s = suite_create("region maps");
    TCase *maps = tcase_create("maps"), *removal = tcase_create("removal"), *loader = tcase_create("loader");
    tcase_add_checked_fixture(maps, reset, NULL);
    tcase_add_checked_fixture(removal, reset, NULL);
    tcase_add_checked_fixture(loader, reset, NULL);
    tcase_add_checked_fixture(maps, temp_folder_make, temp_folder_remove);
    tcase_add_checked_fixture(loader, temp_folder_make, temp_folder_remove);
    tcase_add_test(maps, maps_come_back_as_they_were_saved);
    tcase_add_test(maps, what_is_above_0_stays_above_0);
    tcase_add_test(maps, only_maps_give_way_to_maps);
    tcase_add_test(maps, a_map_of_another_image_is_stale);
    tcase_add_test(maps, an_incomplete_collection_is_not_written);
    tcase_add_test(maps, every_truncation_and_every_flipped_bit_is_refused);
    tcase_add_test(maps, maps_of_another_set_or_size_are_refused);
    tcase_add_test(maps, a_forged_checksum_opens_no_door);
    tcase_add_test(maps, a_bomb_does_not_go_off);
    tcase_add_test(removal, the_hottest_go_and_exactly_so_many);
    tcase_add_test(removal, the_limits_of_alpha_are_kept);
    tcase_add_test(removal, the_coin_falls_as_it_is_told);
    tcase_add_test(removal, the_control_has_the_same_form_elsewhere);
    tcase_add_test(removal, fills_put_in_what_they_say);
    tcase_add_test(removal, the_same_seed_removes_the_same);
    tcase_add_test(loader, removal_changes_no_other_draw);
    tcase_add_test(loader, validation_sees_images_whole);
    tcase_add_test(loader, a_stale_map_names_item_and_file);
    tcase_set_timeout(maps, 120);
    suite_add_tcase(s, maps);
    suite_add_tcase(s, removal);
    suite_add_tcase(s, loader);
    return check_run(s);
}
