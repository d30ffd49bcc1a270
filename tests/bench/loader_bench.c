/* loader_bench.c -- what preparing one picture costs: CPU milliseconds an image of every part of the loader, and of
 * whole items of the embedded portraits and of real photographs.
 *
 * usage: loader_bench [CONFIG [SIZE]]  (default configs/lae.ini and 128 px)  ->  a table, then lines "case,metric,value"
 *
 * One thread of CPU time, the best of a few rounds, so that other programs on the machine hardly disturb it. Real
 * photographs come from LOCUS_TESTDATA (default ../shared/data). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "data/augment.h"
#include "data/forge.h"
#include "data/loader.h"
#include "data/portraits.h"
#include "data/region_removal.h"
#include "nn/base/clock.h"
#include "nn/base/file.h"
#include "nn/base/parallel.h"
#include "nn/base/size.h"
#include "train/train_settings.h"

enum { PICTURES = 32, ROUNDS = 5, BATCH = 32, BATCHES = 12, MAX_ROWS = 96, SEED = 1 };

typedef struct {
    char name[64], metric[32];
    double value;
} Row;

/* What the cases work on: pictures of the configuration's size, and bigger ones and their files. */
typedef struct {
    TrainConfig config;
    DataImage picture[PICTURES], large[PICTURES];
    DataFaceBox face[PICTURES];
    DataBytes jpeg[PICTURES], png[PICTURES];
    DataAugment augment;  /* of the case that is running, */
    DataRegions regions;  /* and its removal */
    DataRegionMaps *maps; /* of the pictures */
    const DataForge *forge;
    const DataSet *set;
    int item[PICTURES];
    float *floats;
    Row row[MAX_ROWS];
    int rows;
} Bench;

/* Do the work of one case on picture i. */
typedef NnStatus (*Work)(Bench *b, int i, NnErr *err);

/* ---- measuring ---- */

static double cpu_seconds(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void note(Bench *b, const char *name, const char *metric, double value)
{
    if (b->rows == MAX_ROWS) return;
    Row *r = &b->row[b->rows++];
    snprintf(r->name, sizeof r->name, "%s", name);
    snprintf(r->metric, sizeof r->metric, "%s", metric);
    r->value = value;
}

/* CPU milliseconds a picture: the best round over all of them. */
static NnStatus measure(Bench *b, const char *name, Work work, int rounds, NnErr *err)
{
    double best = INFINITY;
    for (int round = 0; round < rounds; round++) {
        const double start = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < PICTURES; i++) NN_TRY(work(b, i, err));
        best = fmin(best, cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - start);
    }
    note(b, name, "cpu_ms", 1000 * best / PICTURES);
    return NN_OK;
}

/* ---- parts ---- */

static NnStatus decode_jpeg(Bench *b, int i, NnErr *err)
{
    DataImage out;
    NN_TRY(data_image_decode(b->jpeg[i].data, b->jpeg[i].len, "jpeg", 3, DATA_MAX_PIXELS, &out, err));
    data_image_free(&out);
    return NN_OK;
}

static NnStatus decode_png(Bench *b, int i, NnErr *err)
{
    DataImage out;
    NN_TRY(data_image_decode(b->png[i].data, b->png[i].len, "png", 3, DATA_MAX_PIXELS, &out, err));
    data_image_free(&out);
    return NN_OK;
}

static NnStatus encode_jpeg(Bench *b, int i, NnErr *err)
{
    const DataSettings *s = &b->config.data;
    DataBytes out;
    NN_TRY(data_image_to_jpeg(&b->picture[i], s->quality_min + i % (s->quality_max - s->quality_min + 1), &out, err));
    free(out.data);
    return NN_OK;
}

static NnStatus resize_to(Bench *b, const DataImage *from, NnErr *err)
{
    DataImage out;
    NN_TRY(data_image_resize(from, b->config.data.size, b->config.data.size, &out, err));
    data_image_free(&out);
    return NN_OK;
}

static NnStatus shrink(Bench *b, int i, NnErr *err)
{
    return resize_to(b, &b->large[i], err);
}

static NnStatus crop(Bench *b, int i, NnErr *err)
{
    const int size = b->config.data.size;
    DataImage out;
    NN_TRY(data_image_crop(&b->large[i], size / 4, size / 4, size, size, &out, err));
    data_image_free(&out);
    return NN_OK;
}

static NnStatus augment(Bench *b, int i, NnErr *err)
{
    const int size = b->config.data.size;
    DataSample s = { .has_mask = 1 };
    NnRng rng = nn_rng_make(SEED, NN_STREAM_AUGMENT, 0, (uint32_t)i);
    NN_TRY(data_image_copy(&b->picture[i], &s.image, err));
    NnStatus status = data_image_new(size, size, 1, &s.mask, err);
    if (status == NN_OK) status = data_augment(&b->augment, &rng, &s, err);
    data_sample_free(&s);
    return status;
}

/* Copy, see that the map is not stale, unpack it, remove. */
static NnStatus remove_region(Bench *b, int i, NnErr *err)
{
    static const int place[PICTURES] = { 0 };
    const DataItem item = { .path = (char *)"picture" };
    const DataSet one = { .items = (DataItem *)&item };
    const DataRemoval removal = { b->regions, b->maps, place };
    DataImage img;
    NN_TRY(data_image_copy(&b->picture[0], &img, err));
    const NnStatus s = data_region_remove_item(&removal, &one, SEED, (uint32_t)i, 0, &img, err);
    data_image_free(&img);
    return s;
}

static NnStatus forge(Bench *b, int i, NnErr *err)
{
    const int d = (i + 1) % PICTURES;
    const DataFaceBox *f = &b->face[i], *g = &b->face[d];
    const DataForgeInput in = {
        &b->picture[i], &b->picture[d], f->cx, f->cy, f->rx, f->ry, g->cx, g->cy, g->rx, g->ry
    };
    NnRng rng = nn_rng_make(SEED, NN_STREAM_FORGE, 0, (uint32_t)i);
    DataImage out, mask;
    NN_TRY(b->forge->forge(&in, &rng, &out, &mask, err));
    data_image_free(&out);
    data_image_free(&mask);
    return NN_OK;
}

static NnStatus render(Bench *b, int i, NnErr *err)
{
    DataImage out;
    NN_TRY(data_portrait_render(SEED, (uint32_t)i, b->config.data.size, &out, NULL, err));
    data_image_free(&out);
    return NN_OK;
}

static NnStatus locate(Bench *b, int i, NnErr *err)
{
    (void)b;
    DataFaceBox face;
    return data_portrait_face(SEED, (uint32_t)i, &face, err);
}

static NnStatus convert(Bench *b, int i, NnErr *err)
{
    const size_t pixels = (size_t)b->config.data.size * (size_t)b->config.data.size;
    DataSample s = { .image = b->picture[i] };
    NN_TRY(data_image_new(b->config.data.size, b->config.data.size, 1, &s.mask, err));
    data_sample_to_floats(&s, b->floats, b->floats + 3 * pixels);
    data_image_free(&s.mask);
    return NN_OK;
}

static NnStatus read_anew(Bench *b, int i, NnErr *err)
{
    DataSample s;
    NN_TRY(b->set->reader->read(b->set->self, b->set, b->item[i], &s, err));
    data_sample_free(&s);
    return NN_OK;
}

static NnStatus read_kept(Bench *b, int i, NnErr *err)
{
    DataSample s;
    NN_TRY(data_set_read(b->set, b->item[i], &s, err));
    data_sample_free(&s);
    return NN_OK;
}

/* ---- the cases ---- */

static NnStatus measure_parts(Bench *b, NnErr *err)
{
    NN_TRY(measure(b, "decode jpeg", decode_jpeg, ROUNDS, err));
    NN_TRY(measure(b, "decode png", decode_png, ROUNDS, err));
    NN_TRY(measure(b, "encode jpeg", encode_jpeg, ROUNDS, err));
    NN_TRY(measure(b, "resize from twice the size", shrink, ROUNDS, err));
    NN_TRY(measure(b, "crop", crop, ROUNDS, err));
    return measure(b, "to floats", convert, ROUNDS, err);
}

static NnStatus measure_augment(Bench *b, NnErr *err)
{
    const DataAugment none = { .jpeg_min = 60, .jpeg_max = 95 };
    DataAugment flip = none, shift = none, colour = none, blur = none, noise = none, jpeg = none;
    flip.flip = 1, shift.shift = 8, colour.colour = 0.2f;
    blur.blur = 1, blur.blur_sigma = 1, noise.noise = 1, noise.noise_sigma = 3, jpeg.jpeg = 1;
    const struct {
        const char *name;
        DataAugment settings;
    } kinds[] = { { "augment none", none },   { "augment flip", flip },
                  { "augment shift", shift }, { "augment colour", colour },
                  { "augment blur", blur },   { "augment noise", noise },
                  { "augment jpeg", jpeg },   { "augment as configured", b->config.augment } };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        b->augment = kinds[k].settings;
        NN_TRY(measure(b, kinds[k].name, augment, ROUNDS, err));
    }
    return NN_OK;
}

/* A map as they are: smooth, a tenth of it above 0. */
static NnStatus make_map(Bench *b, NnErr *err)
{
    const int size = b->config.data.size;
    for (int i = 0; i < size * size; i++) {
        const float x = (float)(i % size) / (float)size - 0.4f, y = (float)i / (float)size / (float)size - 0.6f;
        b->floats[i] = fmaxf(0, 1 - 32 * (x * x + y * y));
    }
    b->maps = data_region_maps_new(1, size);
    if (!b->maps) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    return data_region_maps_set(b->maps, 0, &b->picture[0], b->floats, err);
}

static NnStatus measure_removal(Bench *b, NnErr *err)
{
    static const char *const fills[] = { "noise", "black", "mean", "blur" };
    NN_TRY(make_map(b, err));
    b->regions = b->config.regions;
    b->regions.remove = DATA_REMOVE_PRIMARY;
    b->regions.probability = 0;
    NN_TRY(measure(b, "remove a region, the coin says no", remove_region, ROUNDS, err));
    b->regions.probability = 1;
    for (int f = 0; f < 4; f++) {
        char name[64];
        b->regions.fill = f;
        snprintf(name, sizeof name, "remove a region, %s", fills[f]);
        NN_TRY(measure(b, name, remove_region, ROUNDS, err));
    }
    return NN_OK;
}

static NnStatus measure_forging(Bench *b, NnErr *err)
{
    for (int m = 0; m < data_forge_count; m++) {
        char name[64];
        b->forge = &data_forges[m];
        snprintf(name, sizeof name, "forge %s", b->forge->name);
        NN_TRY(measure(b, name, forge, ROUNDS, err));
    }
    NN_TRY(measure(b, "render a portrait", render, ROUNDS, err));
    return measure(b, "locate a face", locate, ROUNDS, err);
}

/* ---- whole items, and the loader with its threads ---- */

/* Batches as training gets them, with nothing done between them. */
static NnStatus run_loader(Bench *b, DataLoader *l, const char *name, const char *pass, NnErr *err)
{
    char label[64];
    const double wall = nn_clock(), cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int s = 0; s < BATCHES; s++) {
        const DataBatch *batch;
        NN_TRY(data_loader_next(l, &batch, err));
    }
    const double images = BATCH * BATCHES;
    snprintf(label, sizeof label, "%s loader %s", name, pass);
    note(b, label, "cpu_ms", 1000 * (cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / images);
    note(b, label, "images_per_s", images / (nn_clock() - wall));
    return NN_OK;
}

/* The first pass meets every item anew, the second finds it in the cache. */
static NnStatus measure_loader(Bench *b, const char *name, const int *index, int n, NnErr *err)
{
    int some[BATCH * BATCHES];
    DataLoader *l;
    for (int i = 0; i < BATCH * BATCHES; i++) some[i] = index[(int64_t)i * n / (BATCH * BATCHES)];
    const DataLoaderSpec spec = { .set = b->set,
                                  .index = some,
                                  .n_index = BATCH * BATCHES,
                                  .batch = BATCH,
                                  .threads = b->config.data.threads,
                                  .seed = SEED,
                                  .train = 1,
                                  .augment = &b->config.augment };
    NN_TRY(data_loader_open(&spec, &l, err));
    NnStatus s = run_loader(b, l, name, "first pass", err);
    for (int again = 0; s == NN_OK && again < 2; again++) s = run_loader(b, l, name, "later passes", err);
    data_loader_close(l);
    return s;
}

static NnStatus measure_items(Bench *b, const char *name, const int *index, int n, NnErr *err)
{
    char label[64];
    if (n < PICTURES) return nn_fail(err, NN_ERR_DATA, "%s: %d images, expected %d or more", name, n, PICTURES);
    for (int i = 0; i < PICTURES; i++) b->item[i] = index[(int64_t)i * n / PICTURES];
    for (int i = 0; i < PICTURES; i++) NN_TRY(read_anew(b, i, err)); /* the people in them are now drawn */
    snprintf(label, sizeof label, "%s item, first time", name);
    NN_TRY(measure(b, label, read_anew, ROUNDS, err));
    for (int i = 0; i < PICTURES; i++) NN_TRY(read_kept(b, i, err));
    snprintf(label, sizeof label, "%s item, from the cache", name);
    NN_TRY(measure(b, label, read_kept, ROUNDS, err));
    return measure_loader(b, name, index, n, err);
}

static NnStatus measure_set(Bench *b, const char *name, const DataSettings *settings, NnErr *err)
{
    DataSet *set;
    int *index = NULL, n = 0;
    NN_TRY(data_set_open(settings, SEED, &set, err));
    b->set = set;
    NnStatus s = data_set_select(set, DATA_TRAIN, &index, &n, err);
    if (s == NN_OK) s = measure_items(b, name, index, n, err);
    free(index);
    data_set_free(set);
    return s;
}

/* Real photographs, where there are some; as they come and forged on the fly. */
static NnStatus measure_photographs(Bench *b, NnErr *err)
{
    const char *folder = getenv("LOCUS_TESTDATA");
    DataSettings s = b->config.data;
    s.source = DATA_SOURCE_MANIFEST;
    snprintf(s.methods, sizeof s.methods, "all");
    snprintf(s.path, sizeof s.path, "%s/faces_celeba128/manifest.csv", folder ? folder : "../shared/data");
    if (access(s.path, R_OK)) {
        printf("no real photographs: %s is not there\n", s.path);
        return NN_OK;
    }
    return measure_set(b, "photographs", &s, err);
}

/* ---- */

static NnStatus prepare(Bench *b, NnErr *err)
{
    const int size = b->config.data.size;
    b->floats = nn_alloc((size_t)size * (size_t)size, 4 * sizeof *b->floats);
    if (!b->floats) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    for (int i = 0; i < PICTURES; i++) {
        char path[] = "/tmp/loader_bench_XXXXXX";
        NN_TRY(data_portrait_render(SEED, (uint32_t)i, size, &b->picture[i], &b->face[i], err));
        NN_TRY(data_image_resize(&b->picture[i], 2 * size, 2 * size, &b->large[i], err));
        NN_TRY(data_image_to_jpeg(&b->picture[i], 95, &b->jpeg[i], err));
        const int fd = mkstemp(path);
        if (fd < 0) return nn_fail(err, NN_ERR_IO, "%s cannot be made", path);
        close(fd);
        NnStatus s = data_image_save_png(&b->picture[i], path, err);
        if (s == NN_OK) s = nn_file_read(path, 1 << 26, &b->png[i].data, &b->png[i].len, err);
        unlink(path);
        NN_TRY(s);
    }
    return NN_OK;
}

static void release(Bench *b)
{
    for (int i = 0; i < PICTURES; i++) {
        data_image_free(&b->picture[i]);
        data_image_free(&b->large[i]);
        free(b->jpeg[i].data);
        free(b->png[i].data);
    }
    data_region_maps_free(b->maps);
    free(b->floats);
}

static NnStatus run(Bench *b, const char *config, const char *size, NnErr *err)
{
    char set[64];
    const char *const sets[] = { set };
    snprintf(set, sizeof set, "data.size=%s", size);
    NN_TRY(train_config_load(&b->config, config, sets, 1, err));
    NN_TRY(prepare(b, err));
    NN_TRY(measure_parts(b, err));
    NN_TRY(measure_augment(b, err));
    NN_TRY(measure_removal(b, err));
    NN_TRY(measure_forging(b, err));
    NN_TRY(measure_set(b, "portraits", &b->config.data, err));
    return measure_photographs(b, err);
}

static void print(const Bench *b)
{
    for (int i = 0; i < b->rows; i++) printf("%-36s %10.3f %s\n", b->row[i].name, b->row[i].value, b->row[i].metric);
    printf("\ncase,metric,value\n");
    for (int i = 0; i < b->rows; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s", b->row[i].name);
        for (char *c = name; *c; c++)
            if (*c == ',') *c = ';';
        printf("%s,%s,%.4f\n", name, b->row[i].metric, b->row[i].value);
    }
}

int main(int argc, char **argv)
{
    static Bench b;
    NnErr err = { 0 };
    nn_flush_denormals();
    const NnStatus s = run(&b, argc > 1 ? argv[1] : "configs/lae.ini", argc > 2 ? argv[2] : "128", &err);
    if (s == NN_OK) print(&b);
    else fprintf(stderr, "loader_bench: %s\n", err.msg);
    release(&b);
    return nn_status_exit_code(s);
}
