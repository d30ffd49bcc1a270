/* generated.c -- the sources that forge on the fly: procedural portraits, or a folder of real photographs.
 *
 * Every person (or photo) gives one real item and one for each manipulation. Real and
 * forged go the same way: render or load, forge if forged, then the same noise and JPEG
 * drawn from the item's own stream -- so that nothing but the forgery tells them apart. */
#include "data/generated.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/data_cache.h"
#include "data/forge.h"
#include "data/grain.h"
#include "data/photo_list.h"
#include "data/portraits.h"
#include "nn/base/size.h"

static const char *const split_names[DATA_SPLITS] = { "train", "val", "test" };

/* Subjects are people or photos, numbered from 0. */
typedef struct {
    DataSet *photos;            /* NULL: portraits */
    DataCache *portraits;       /* rendered people: each is wanted for several items, and as a donor */
    int n;                      /* subjects */
    int *subject;               /* [items] whose item it is */
    int *split;                 /* [n] DataSplit */
    int *member;                /* [n] subjects ordered by split */
    int *place;                 /* [n] where a subject is in member */
    int first[DATA_SPLITS + 1]; /* where each split begins in member */
} Generated;

/* ---- names in the settings ---- */

/* The next name of a comma-separated list, blanks stripped; 0 at its end. */
static int next_name(const char **list, char name[NN_TEXT_MAX])
{
    *list += strspn(*list, ", \t");
    size_t n = strcspn(*list, ",");
    if (n == 0) return 0;
    snprintf(name, NN_TEXT_MAX, "%.*s", (int)n, *list);
    *list += n;
    for (n = strlen(name); n > 0 && strchr(" \t", name[n - 1]);) name[--n] = 0;
    return 1;
}

/* "key: x: no such manipulation (nearest: y); known: a, b, c" over the methods in `within` (NULL: all). */
static NnStatus unknown(const char *key, const char *name, const char *within, NnErr *err)
{
    const char *known[16];
    char list[256] = "";
    int n = 0;
    for (int m = 0; m < data_forge_count && n < 16; m++)
        if (!within || nn_list_has(within, data_forges[m].name)) known[n++] = data_forges[m].name;
    for (int i = 0; i < n; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", known[i]);
    const char *near = nn_nearest(name, known, n);
    return nn_fail(err, NN_ERR_CONFIG, "[data] %s: \"%s\": no such manipulation%s%s%s; known%s: %s", key, name,
                   near ? " (nearest: " : "", near ? near : "", near ? ")" : "", within ? " from [data] forge" : "",
                   list);
}

static NnStatus check_names(const DataSettings *s, NnErr *err)
{
    char name[NN_TEXT_MAX];
    const char *list = s->forge;
    int n = 0;
    for (; next_name(&list, name); n++)
        if (!data_forge_find(name)) return unknown("forge", name, NULL, err);
    if (n == 0) return unknown("forge", "", NULL, err);
    for (list = s->methods; next_name(&list, name);)
        if (strcmp(name, "all") != 0 && (!data_forge_find(name) || !nn_list_has(s->forge, name)))
            return unknown("methods", name, s->forge, err);
    return NN_OK;
}

/* Training and validation hold the manipulations trained on; the test holds all. */
static int is_wanted(const DataSettings *s, const DataForge *f, int split)
{
    if (!nn_list_has(s->forge, f->name)) return 0;
    return split == DATA_TEST || nn_list_has(s->methods, "all") || nn_list_has(s->methods, f->name);
}

/* ---- who is in which split ---- */

static uint64_t group_of(const Generated *g, int subject)
{
    return g->photos ? g->photos->items[subject].group : (uint64_t)subject;
}

static NnStatus new_subjects(const DataSet *set, Generated *g, NnErr *err)
{
    g->split = nn_alloc((size_t)g->n, sizeof(int));
    g->member = nn_alloc((size_t)g->n, sizeof(int));
    g->place = nn_alloc((size_t)g->n, sizeof(int));
    if (!g->split || !g->member || !g->place)
        return nn_fail(err, NN_ERR_NOMEM, "out of memory for a list of %d people", g->n);
    const DataSettings *s = &set->settings;
    for (int i = 0; i < g->n; i++)
        g->split[i] = (int)data_split_draw(set->seed, group_of(g, i), s->val_fraction, s->test_fraction);
    int n = 0;
    for (int split = 0; split < DATA_SPLITS; split++) {
        g->first[split] = n;
        for (int i = 0; i < g->n; i++)
            if (g->split[i] == split) g->place[i] = n, g->member[n++] = i;
    }
    g->first[DATA_SPLITS] = n;
    return NN_OK;
}

/* A lone portrait gets a donor of its own (see donor_of); a lone photo has none. */
static NnStatus check_donors(const DataSettings *s, const Generated *g, NnErr *err)
{
    for (int split = 0; g->photos && split < DATA_SPLITS; split++) {
        if (g->first[split + 1] - g->first[split] != 1) continue;
        for (int m = 0; m < data_forge_count; m++)
            if (data_forges[m].uses_donor && is_wanted(s, &data_forges[m], split))
                return nn_fail(err, NN_ERR_DATA,
                               "%s: of %d photos one alone is in the %s split, and \"%s\" needs a second one there; "
                               "expected more photos or another [data] %s_fraction",
                               s->path, g->n, split_names[split], data_forges[m].name,
                               split == DATA_VAL ? "val" : "test");
    }
    return NN_OK;
}

/* Somebody else of the same split. Where a person is alone in it: one beyond the last, who is nobody else's donor. */
static int donor_of(const Generated *g, int subject, NnRng *rng)
{
    const int split = g->split[subject], first = g->first[split], n = g->first[split + 1] - first;
    if (n < 2) return g->n + subject;
    const int step = 1 + (int)nn_rng_below(rng, (uint32_t)n - 1);
    return g->member[first + (g->place[subject] - first + step) % n];
}

int data_generated_subject(const DataSet *set, int i)
{
    return ((const Generated *)set->self)->subject[i];
}

int data_generated_donor(const DataSet *set, int i)
{
    const Generated *g = set->self;
    if (!set->items[i].label || !data_forge_find(data_item_method(set, i))->uses_donor) return -1;
    NnRng rng = nn_rng_make(set->seed, NN_STREAM_FORGE, 0, (uint32_t)i);
    return donor_of(g, g->subject[i], &rng);
}

/* ---- items ---- */

/* "portraits/00042/swap", or "file.jpg" and "file.jpg#swap"; the caller frees. */
static char *item_path(const Generated *g, int subject, const char *method)
{
    const char *file = g->photos ? g->photos->items[subject].path : "portraits";
    const size_t size = strlen(file) + 64;
    char *path = nn_alloc(size, 1);
    if (!path) return NULL;
    if (!g->photos) snprintf(path, size, "portraits/%05d/%s", subject, method ? method : "real");
    else snprintf(path, size, "%s%s%s", file, method ? "#" : "", method ? method : "");
    return path;
}

static NnStatus add_item(DataSet *set, Generated *g, int subject, const char *method, NnErr *err)
{
    DataItem item = { .label = method != NULL, .split = g->split[subject], .group = group_of(g, subject) };
    item.path = item_path(g, subject, method);
    if (!item.path) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a list of %d images", set->n);
    g->subject[set->n] = subject;
    const NnStatus s = data_set_add(set, &item, method, err);
    free(item.path);
    return s;
}

static NnStatus add_items(DataSet *set, Generated *g, NnErr *err)
{
    size_t most;
    if (nn_size_mul((size_t)g->n, (size_t)data_forge_count + 1, &most)) g->subject = nn_alloc(most, sizeof(int));
    if (!g->subject) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a list of %d people", g->n);
    for (int i = 0; i < g->n; i++) {
        NN_TRY(add_item(set, g, i, NULL, err));
        for (int m = 0; m < data_forge_count; m++)
            if (is_wanted(&set->settings, &data_forges[m], g->split[i]))
                NN_TRY(add_item(set, g, i, data_forges[m].name, err));
    }
    return NN_OK;
}

/* ---- reading ---- */

/* Photos say nothing about where their subject is: an ellipse in the middle. */
static const DataFaceBox middle = { .cx = 0.5f, .cy = 0.5f, .rx = 0.28f, .ry = 0.36f };

/* The rendering is the dear part of a portrait, so it is kept while there is memory. */
static NnStatus load_portrait(const Generated *g, const DataSet *set, int person, DataImage *out, NnErr *err)
{
    DataSample kept = { 0 };
    int hit = 0;
    if (person < g->n) NN_TRY(data_cache_get(g->portraits, person, &hit, &kept, err));
    if (!hit) {
        NN_TRY(data_portrait_render(set->seed, (uint32_t)person, set->settings.size, &kept.image, NULL, err));
        if (person < g->n) data_cache_put(g->portraits, person, &kept);
    }
    *out = kept.image;
    return NN_OK;
}

/* The subject as it was before anybody forged it; out has no mask yet. */
static NnStatus load_subject(const Generated *g, const DataSet *set, int subject, DataSample *out, DataFaceBox *face,
                             NnErr *err)
{
    if (!g->photos) {
        NN_TRY(data_portrait_face(set->seed, (uint32_t)subject, face, err));
        NN_TRY(load_portrait(g, set, subject, &out->image, err));
        out->w = out->image.w, out->h = out->image.h;
        return NN_OK;
    }
    NN_TRY(data_file_reader.read(NULL, g->photos, subject, out, err));
    *face = middle;
    data_image_free(&out->mask);
    return NN_OK;
}

/* Replace the photo in *s by a forgery of it. */
static NnStatus forge(const Generated *g, const DataSet *set, int i, const DataFaceBox *face, DataSample *s, NnErr *err)
{
    const DataForge *f = data_forge_find(data_item_method(set, i));
    NnRng rng = nn_rng_make(set->seed, NN_STREAM_FORGE, 0, (uint32_t)i);
    DataSample donor = { 0 };
    DataImage out, mask;
    DataFaceBox other = middle;
    DataForgeInput in = { .photo = &s->image, .cx = face->cx, .cy = face->cy, .rx = face->rx, .ry = face->ry };
    if (f->uses_donor) {
        NN_TRY(load_subject(g, set, donor_of(g, g->subject[i], &rng), &donor, &other, err));
        in.donor = &donor.image;
    }
    in.donor_cx = other.cx, in.donor_cy = other.cy, in.donor_rx = other.rx, in.donor_ry = other.ry;
    const NnStatus status = f->forge(&in, &rng, &out, &mask, err);
    data_sample_free(&donor);
    if (status != NN_OK) return status;
    data_image_free(&s->image);
    s->image = out, s->mask = mask;
    return NN_OK;
}

/* What any picture goes through before it is seen: noise and JPEG, drawn alike for real and forged. */
static NnStatus post_process(const DataSet *set, int i, DataImage *img, NnErr *err)
{
    const DataSettings *s = &set->settings;
    NnRng rng = nn_rng_make(set->seed, NN_STREAM_POST, 0, (uint32_t)i);
    const float sigma = nn_rng_range(&rng, 0, s->noise);
    const int quality = s->quality_min + (int)nn_rng_below(&rng, (uint32_t)(s->quality_max - s->quality_min) + 1);
    data_noise_add(img, sigma, &rng, data_grain_fill);
    return data_image_through_jpeg(img, quality, err);
}

/* The mask may have to be hidden, or somebody has drawn another one. */
static NnStatus replace_mask(const DataSet *set, int i, DataSample *s, NnErr *err)
{
    s->has_mask = !data_mask_is_hidden(set, i);
    if (!s->has_mask) memset(s->mask.px, 0, (size_t)s->mask.w * (size_t)s->mask.h);
    if (!data_mask_file(set, i)) return NN_OK;
    data_image_free(&s->mask);
    return data_file_mask(set, i, &s->image, &s->mask, err);
}

static NnStatus read_sample(const Generated *g, const DataSet *set, int i, DataSample *out, NnErr *err)
{
    DataFaceBox face;
    NN_TRY(load_subject(g, set, g->subject[i], out, &face, err));
    if (set->items[i].label) NN_TRY(forge(g, set, i, &face, out, err));
    else NN_TRY(data_image_new(out->image.w, out->image.h, 1, &out->mask, err));
    NN_TRY(replace_mask(set, i, out, err));
    return post_process(set, i, &out->image, err);
}

static NnStatus read_generated(const void *self, const DataSet *set, int i, DataSample *out, NnErr *err)
{
    *out = (DataSample){ 0 };
    const NnStatus s = read_sample(self, set, i, out, err);
    if (s != NN_OK) data_sample_free(out);
    return s;
}

static void free_generated(void *self)
{
    Generated *g = self;
    data_set_free(g->photos);
    data_cache_free(g->portraits);
    free(g->subject);
    free(g->split);
    free(g->member);
    free(g->place);
    free(g);
}

static const DataReader generated_reader = { .read = read_generated, .free = free_generated };

NnStatus data_generated_open(DataSet *set, NnErr *err)
{
    const DataSettings *s = &set->settings;
    NN_TRY(check_names(s, err));
    Generated *g = nn_alloc(1, sizeof *g);
    if (!g) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a data set");
    set->self = g, set->reader = &generated_reader;
    if (s->source == DATA_SOURCE_PHOTOS) NN_TRY(data_photo_list(s, &g->photos, err));
    g->n = g->photos ? g->photos->n : s->identities;
    if (!g->photos) NN_TRY(data_cache_new(g->n, s->cache_mib, &g->portraits, err));
    NN_TRY(new_subjects(set, g, err));
    NN_TRY(check_donors(s, g, err));
    return add_items(set, g, err);
}
