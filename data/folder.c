/* folder.c -- a data set from a folder that is laid out in one of three ways:
 *
 *     real/  fake/<method>/  mask/<method>/     also fake/ and mask/ without methods
 *     0_real/  1_fake/                          as CNNDetection has it
 *     Au/  Tp/  Gt/                             real, forged, masks, as IMDL sets have it
 *
 * each at the top, or below train/ val/ test/. A mask belongs to the image of the same
 * base name, never to the one at the same place in a list. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/data_set.h"
#include "data/splits.h"
#include "nn/base/file.h"
#include "nn/base/rng.h"
#include "nn/base/size.h"

/* ---- what is in a folder ---- */

typedef struct {
    char *name;
    int is_folder, used;
} Entry;

typedef struct {
    char *path;
    int n;
    Entry *entry; /* sorted by name; no hidden files */
} Listing;

static void listing_free(Listing *l)
{
    for (int i = 0; i < l->n; i++) free(l->entry[i].name);
    free(l->entry);
    free(l->path);
    *l = (Listing){ 0 };
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Entry *)a)->name, ((const Entry *)b)->name);
}

static NnStatus out_of_memory(const char *path, NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory while listing", path);
}

static NnStatus listing_add(Listing *l, const char *name, NnErr *err)
{
    if ((l->n & (l->n - 1)) == 0) {
        Entry *grown = nn_realloc(l->entry, l->n ? 2 * (size_t)l->n : 1, sizeof *grown);
        if (!grown) return out_of_memory(l->path, err);
        l->entry = grown;
    }
    const size_t size = strlen(name) + 1;
    char *path = nn_path_join(l->path, name), *copy = nn_alloc(size, 1);
    if (path && copy) {
        memcpy(copy, name, size);
        l->entry[l->n++] = (Entry){ .name = copy, .is_folder = nn_folder_exists(path) };
    } else {
        free(copy);
    }
    free(path);
    return path && copy ? NN_OK : out_of_memory(l->path, err);
}

/* The folder parent/name; an absent one is an empty listing. */
static NnStatus listing_read(const char *parent, const char *name, Listing *l, NnErr *err)
{
    *l = (Listing){ .path = nn_path_join(parent, name) };
    if (!l->path) return out_of_memory(name, err);
    if (!nn_folder_exists(l->path)) return NN_OK;
    DIR *dir = opendir(l->path);
    if (!dir) return nn_fail(err, NN_ERR_IO, "%s: %s", l->path, strerror(errno));
    NnStatus s = NN_OK;
    const struct dirent *d;
    errno = 0;
    while (s == NN_OK && (d = readdir(dir)) != NULL) {
        if (d->d_name[0] != '.') s = listing_add(l, d->d_name, err);
        errno = 0;
    }
    if (s == NN_OK && errno) s = nn_fail(err, NN_ERR_IO, "%s: %s", l->path, strerror(errno));
    closedir(dir);
    if (l->n > 0) qsort(l->entry, (size_t)l->n, sizeof *l->entry, by_name);
    return s;
}

/* Is there a folder of this name? */
static int holds(const Listing *l, const char *name)
{
    for (int i = 0; i < l->n; i++)
        if (l->entry[i].is_folder && strcmp(l->entry[i].name, name) == 0) return 1;
    return 0;
}

/* ---- names ---- */

/* An image by its name. Kinds that cannot be decoded count: the data check names them, and
 * nothing is left out in silence. */
static int is_image(const Entry *e)
{
    static const char *const known[] = { ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff" };
    const char *dot = strrchr(e->name, '.');
    for (size_t i = 0; dot && !e->is_folder && i < sizeof known / sizeof *known; i++)
        if (strcasecmp(dot, known[i]) == 0) return 1;
    return 0;
}

static size_t base_length(const char *name)
{
    return (size_t)(strrchr(name, '.') - name);
}

static int ends_with(const char *name, size_t n, const char *end)
{
    const size_t k = strlen(end);
    return n > k && memcmp(name + n - k, end, k) == 0;
}

/* Is this mask (x.png, x_gt.png, x_mask.png) the one of an image (x.jpg)? */
static int is_mask_of(const char *mask, const char *image)
{
    const size_t n = base_length(image);
    size_t m = base_length(mask);
    if (n == m && memcmp(mask, image, n) == 0) return 1;
    m -= ends_with(mask, m, "_gt") ? 3 : ends_with(mask, m, "_mask") ? 5 : 0;
    return n == m && memcmp(mask, image, n) == 0;
}

/* ---- one folder of images ---- */

/* A source of items: images of one kind. */
typedef struct {
    DataSet *set;
    const char *split_name; /* of the folder train/ ..., or NULL */
    int split;
    const char *method; /* NULL: real */
} Group;

/* First entry not before `name`, so that masks of an image follow from there. */
static int lower_bound(const Listing *l, const char *name, size_t n)
{
    int lo = 0, hi = l->n;
    while (lo < hi) {
        const int mid = lo + (hi - lo) / 2;
        if (strncmp(l->entry[mid].name, name, n) < 0) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

/* The one mask of an image, or NULL; two are an error. */
static NnStatus find_mask(Listing *masks, const char *image, Entry **found, NnErr *err)
{
    const size_t n = base_length(image);
    *found = NULL;
    for (int i = lower_bound(masks, image, n); i < masks->n && strncmp(masks->entry[i].name, image, n) == 0; i++) {
        Entry *e = &masks->entry[i];
        if (!is_image(e) || !is_mask_of(e->name, image)) continue;
        if (*found)
            return nn_fail(err, NN_ERR_DATA, "%s: two masks for %s: %s and %s", masks->path, image, (*found)->name,
                           e->name);
        *found = e;
        e->used = 1;
    }
    return NN_OK;
}

/* Photo and forgery share their base name, and with it their split. Below train/ and test/ a
 * name means nothing beyond its split. */
static void name_group(const Group *g, const char *name, char *text, size_t room)
{
    snprintf(text, room, "%s/%.*s", g->split_name ? g->split_name : "", (int)base_length(name), name);
}

static NnStatus add_image(const Group *g, const Listing *images, const char *name, Listing *masks, NnErr *err)
{
    Entry *mask = NULL;
    char source[1024];
    name_group(g, name, source, sizeof source);
    DataItem item = { .label = g->method != NULL, .split = g->split, .group = nn_hash_text(source), .source = source };
    if (masks) NN_TRY(find_mask(masks, name, &mask, err));
    item.path = nn_path_join(images->path, name);
    item.mask = mask ? nn_path_join(masks->path, mask->name) : NULL;
    const NnStatus s = item.path && (item.mask || !mask) ? data_set_add(g->set, &item, g->method, err)
                                                         : out_of_memory(images->path, err);
    free(item.path);
    free(item.mask);
    return s;
}

/* A mask without an image is most often a sign of wrong names. */
static NnStatus check_masks_used(const Listing *masks, const Listing *images, NnErr *err)
{
    const Entry *first = NULL;
    int n = 0;
    for (int i = 0; i < masks->n; i++) {
        if (!is_image(&masks->entry[i]) || masks->entry[i].used) continue;
        if (n++ == 0) first = &masks->entry[i];
    }
    if (n == 0) return NN_OK;
    return nn_fail(err, NN_ERR_DATA, "%s/%s: no image of this base name in %s (%d such masks)", masks->path,
                   first->name, images->path, n);
}

static NnStatus add_images(const Group *g, const Listing *images, Listing *masks, NnErr *err)
{
    for (int i = 0; i < images->n; i++)
        if (is_image(&images->entry[i])) NN_TRY(add_image(g, images, images->entry[i].name, masks, err));
    return masks ? check_masks_used(masks, images, err) : NN_OK;
}

/* A folder that must hold images only. */
static NnStatus refuse_folders(const Listing *l, NnErr *err)
{
    for (int i = 0; i < l->n; i++)
        if (l->entry[i].is_folder)
            return nn_fail(err, NN_ERR_DATA, "%s: holds a folder (%s); expected images only", l->path,
                           l->entry[i].name);
    return NN_OK;
}

/* The images of parent/name and, with mask_name, their masks in mask_parent/mask_name. */
static NnStatus add_folder(const Group *g, const char *parent, const char *name, const char *mask_parent,
                           const char *mask_name, NnErr *err)
{
    Listing images, masks = { 0 };
    NnStatus s = listing_read(parent, name, &images, err);
    if (s == NN_OK && mask_name) s = listing_read(mask_parent, mask_name, &masks, err);
    if (s == NN_OK) s = refuse_folders(&images, err);
    if (s == NN_OK) s = add_images(g, &images, mask_name ? &masks : NULL, err);
    listing_free(&images);
    listing_free(&masks);
    return s;
}

/* ---- the layouts ---- */

/* fake/: images directly in it (method "fake"), and a folder for each method. */
static NnStatus add_methods(Group g, const Listing *fake, Listing *mask, NnErr *err)
{
    g.method = "fake";
    NN_TRY(add_images(&g, fake, mask, err));
    for (int i = 0; i < mask->n; i++)
        if (mask->entry[i].is_folder && !holds(fake, mask->entry[i].name))
            return nn_fail(err, NN_ERR_DATA, "%s/%s: masks of a method that %s has not", mask->path,
                           mask->entry[i].name, fake->path);
    for (int i = 0; i < fake->n; i++) {
        if (!fake->entry[i].is_folder) continue;
        g.method = fake->entry[i].name;
        NN_TRY(add_folder(&g, fake->path, g.method, mask->path, g.method, err));
    }
    return NN_OK;
}

static NnStatus add_real_fake(const Group *g, const char *root, NnErr *err)
{
    Listing fake, mask = { 0 };
    NN_TRY(add_folder(g, root, "real", NULL, NULL, err));
    NnStatus s = listing_read(root, "fake", &fake, err);
    if (s == NN_OK) s = listing_read(root, "mask", &mask, err);
    if (s == NN_OK) s = add_methods(*g, &fake, &mask, err);
    listing_free(&fake);
    listing_free(&mask);
    return s;
}

static NnStatus add_pair(Group g, const char *root, const char *real, const char *fake, const char *mask, NnErr *err)
{
    NN_TRY(add_folder(&g, root, real, NULL, NULL, err));
    g.method = "fake";
    return add_folder(&g, root, fake, root, mask, err);
}

static NnStatus unknown_layout(const Listing *root, NnErr *err)
{
    char found[256] = "";
    size_t used = 0;
    for (int i = 0; i < root->n && i < 8 && used < sizeof found - 1; i++)
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%s%s", i ? ", " : "", root->entry[i].name,
                                 root->entry[i].is_folder ? "/" : "");
    return nn_fail(err, NN_ERR_DATA,
                   "%s: no known layout; found: %s%s; known: real/ and fake/<method>/ (and mask/<method>/), "
                   "0_real/ and 1_fake/, Tp/ and Gt/ (and Au/), each at the top or below train/ val/ test/",
                   root->path, root->n ? found : "nothing", root->n > 8 ? ", ..." : "");
}

static NnStatus add_layout(const Group *g, const Listing *root, NnErr *err)
{
    if (holds(root, "real") || holds(root, "fake")) return add_real_fake(g, root->path, err);
    if (holds(root, "0_real") || holds(root, "1_fake")) return add_pair(*g, root->path, "0_real", "1_fake", NULL, err);
    if (holds(root, "Tp")) return add_pair(*g, root->path, "Au", "Tp", "Gt", err);
    return unknown_layout(root, err);
}

static NnStatus add_root(DataSet *set, const Listing *root, NnErr *err)
{
    static const char *const names[DATA_SPLITS] = { "train", "val", "test" };
    int found = 0;
    for (int split = 0; split < DATA_SPLITS; split++) {
        if (!holds(root, names[split])) continue;
        Listing part;
        const Group g = { .set = set, .split_name = names[split], .split = split };
        found++;
        NnStatus s = listing_read(root->path, names[split], &part, err);
        if (s == NN_OK) s = add_layout(&g, &part, err);
        listing_free(&part);
        if (s != NN_OK) return s;
    }
    const Group whole = { .set = set, .split = DATA_SPLIT_OPEN };
    return found ? NN_OK : add_layout(&whole, root, err);
}

NnStatus data_folder_open(DataSet *set, NnErr *err)
{
    Listing root;
    const char *path = set->settings.path;
    set->reader = &data_file_reader;
    if (!*path) return nn_fail(err, NN_ERR_CONFIG, "[data] path is empty; source = folder needs a folder");
    if (!nn_folder_exists(path))
        return nn_fail(err, NN_ERR_CONFIG, "[data] path = %s: no such folder%s", path,
                       nn_file_exists(path) ? " (a file; say source = manifest)" : "");
    NnStatus s = listing_read(NULL, path, &root, err);
    if (s == NN_OK) s = add_root(set, &root, err);
    listing_free(&root);
    if (s == NN_OK && set->n == 0) return nn_fail(err, NN_ERR_DATA, "%s: no image found", path);
    return s == NN_OK ? data_splits_settle(set, err) : s;
}
