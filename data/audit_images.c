/* audit_images.c -- what the files themselves tell: damage, masks that do not fit, images that are alike, and what
 * gives the label away before any pixel is looked at. See audit.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "data/audit.h"
#include "data/shared_keys.h"
#include "data/splits.h"
#include "nn/base/size.h"

typedef struct {
    DataAudit *audit;
    const DataSet *set;
    const DataProbe *probes;
    int n_masks;
    DataKey *keys; /* [set->n] */
    size_t n_keys;
} Look;

/* "set.csv:17: ", or nothing. */
static const char *place(const DataItem *item, char text[NN_TEXT_MAX])
{
    snprintf(text, NN_TEXT_MAX, "%.500s%s", item->where ? item->where : "", item->where ? ": " : "");
    return text;
}

/* ---- one item ---- */

static int is_there(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0;
}

static NnStatus judge_mask(Look *l, int i, NnErr *err)
{
    char where[NN_TEXT_MAX];
    const DataItem *item = &l->set->items[i];
    const DataProbe *p = &l->probes[i];
    if (p->mask_trouble && is_there(item->mask))
        return data_audit_find(l->audit, DATA_UNREADABLE, l->set->n + l->n_masks, "images or masks cannot be read", err,
                               "%s%s", place(item, where), p->mask_trouble);
    if (p->mask_trouble || !item->mask) return NN_OK;
    if (p->w && (p->w != p->mask_w || p->h != p->mask_h))
        NN_TRY(data_audit_find(l->audit, DATA_MASK_SIZE, l->n_masks, "masks have another size than their image", err,
                               "%smask %s has %dx%d pixels, its image %s %dx%d", place(item, where), item->mask,
                               p->mask_w, p->mask_h, item->path, p->w, p->h));
    if (item->label && p->coverage <= 0)
        return data_audit_find(l->audit, DATA_MASK_EMPTY, l->n_masks, "masks of fakes mark no pixel as forged", err,
                               "%smask %s has no level of 128 or more", place(item, where), item->mask);
    return NN_OK;
}

/* What is not there at all was found in the list (data_audit_list). */
static NnStatus judge_item(Look *l, int i, NnErr *err)
{
    char where[NN_TEXT_MAX];
    const DataItem *item = &l->set->items[i];
    const DataProbe *p = &l->probes[i];
    if (p->trouble && is_there(item->path))
        NN_TRY(data_audit_find(l->audit, DATA_UNREADABLE, l->set->n + l->n_masks, "images or masks cannot be read", err,
                               "%s%s", place(item, where), p->trouble));
    return judge_mask(l, i, err);
}

/* ---- images that are alike ---- */

static const DataItem *item_at(const Look *l, size_t k)
{
    return &l->set->items[l->keys[k].item];
}

/* The pair a, b of keys, if the images are alike and not one file, which the look at the list has found. */
static NnStatus tell_alike(Look *l, size_t a, size_t b, DataFindingKind kind, const char *text, int *told, NnErr *err)
{
    char pair[DATA_PAIR_MAX];
    const DataItem *x = item_at(l, a), *y = item_at(l, b);
    *told = 0;
    if (data_probe_same_file(x->path, y->path)) return NN_OK;
    NN_TRY(data_probe_compare(x->path, y->path, (size_t)l->set->settings.max_pixels, told, err));
    if (!*told) return NN_OK;
    return data_audit_find(l->audit, kind, 0, text, err, "%s", data_item_pair(x, y, pair));
}

/* The first key of the run that is of this label. */
static size_t first_of_label(const Look *l, size_t from, size_t end, int label)
{
    while (from < end && item_at(l, from)->label != label) from++;
    return from;
}

/* One finding for the whole run: the worst that is true of it. */
static NnStatus judge_alike(Look *l, size_t from, size_t end, NnErr *err)
{
    int told = 0;
    const size_t real = first_of_label(l, from, end, 0), fake = first_of_label(l, from, end, 1);
    if (real < end && fake < end)
        NN_TRY(tell_alike(l, real, fake, DATA_CONTRADICTION, "images, alike in every pixel, are both real and fake",
                          &told, err));
    for (size_t k = from + 1; k < end; k++) {
        if (!data_items_part(item_at(l, k - 1), item_at(l, k))) continue;
        NN_TRY(
            tell_alike(l, k - 1, k, DATA_LEAK_CONTENT, "images, alike in every pixel, are in two splits", &told, err));
        if (told) return NN_OK;
    }
    if (told) return NN_OK;
    return tell_alike(l, from, from + 1, DATA_TWICE, "images, alike in every pixel, are listed twice", &told, err);
}

static NnStatus look_for_twins(Look *l, NnErr *err)
{
    l->n_keys = 0;
    for (int i = 0; i < l->set->n; i++) {
        const DataProbe *p = &l->probes[i];
        const uint64_t size = (uint64_t)p->w << 32 | (uint64_t)p->h;
        if (p->w) l->keys[l->n_keys++] = (DataKey){ { p->pixel_hash, size }, "", l->set->items[i].split, i };
    }
    data_keys_sort(l->keys, l->n_keys);
    for (size_t k = 0, end; k < l->n_keys; k = end) {
        end = data_keys_run(l->keys, l->n_keys, k);
        if (end - k > 1) NN_TRY(judge_alike(l, k, end, err));
    }
    return NN_OK;
}

/* ---- what gives the label away ---- */

/* In a set where everything real is JPEG and everything fake PNG, a network learns the file type and nothing else. */
static NnStatus look_at_types(Look *l, NnErr *err)
{
    int n[2][2] = { 0 };
    for (int i = 0; i < l->set->n; i++) {
        const char *dot = strrchr(l->set->items[i].path, '.');
        n[l->set->items[i].label][dot && strcasecmp(dot, ".png") == 0]++;
    }
    for (int fake_png = 0; fake_png < 2; fake_png++)
        if (n[0][!fake_png] && n[1][fake_png] && !n[0][fake_png] && !n[1][!fake_png])
            return data_audit_find(l->audit, DATA_GIVEAWAY, 0, "file types tell real from fake", err,
                                   "all %d real images are %s, all %d fake ones %s", n[0][!fake_png],
                                   fake_png ? "JPEG" : "PNG", n[1][fake_png], fake_png ? "PNG" : "JPEG");
    return NN_OK;
}

/* Sizes that are nearly all different say nothing: there must be a few that many images share. */
static NnStatus look_at_sizes(Look *l, NnErr *err)
{
    enum { IMAGES_A_SIZE = 4 };
    int n[2] = { 0 };
    size_t sizes = 0;
    l->n_keys = 0;
    for (int i = 0; i < l->set->n; i++) {
        const DataProbe *p = &l->probes[i];
        if (p->w) l->keys[l->n_keys++] = (DataKey){ { (uint64_t)p->w, (uint64_t)p->h }, "", 0, i };
    }
    data_keys_sort(l->keys, l->n_keys);
    for (size_t k = 0, end; k < l->n_keys; k = end, sizes++) {
        end = data_keys_run(l->keys, l->n_keys, k);
        for (size_t j = k; j < end; j++) {
            if (item_at(l, j)->label != item_at(l, k)->label) return NN_OK;
            n[item_at(l, j)->label]++;
        }
    }
    if (!n[0] || !n[1] || sizes * IMAGES_A_SIZE > l->n_keys) return NN_OK;
    const DataProbe *a = &l->probes[l->keys[0].item], *b = &l->probes[l->keys[l->n_keys - 1].item];
    return data_audit_find(l->audit, DATA_GIVEAWAY, 0, "image sizes tell real from fake", err,
                           "no size has both: %dx%d %s, %dx%d %s", a->w, a->h, item_at(l, 0)->label ? "fake" : "real",
                           b->w, b->h, item_at(l, l->n_keys - 1)->label ? "fake" : "real");
}

static NnStatus look(Look *l, NnErr *err)
{
    for (int i = 0; i < l->set->n; i++) NN_TRY(judge_item(l, i, err));
    NN_TRY(look_for_twins(l, err));
    NN_TRY(look_at_types(l, err));
    return look_at_sizes(l, err);
}

NnStatus data_audit_images(DataAudit *a, const DataSet *set, const DataProbe *probes, NnErr *err)
{
    Look l = { .audit = a,
               .set = set,
               .probes = probes,
               .n_masks = data_audit_masks(set),
               .keys = nn_alloc((size_t)set->n, sizeof *l.keys) };
    const NnStatus s =
        l.keys ? look(&l, err) : nn_fail(err, NN_ERR_NOMEM, "out of memory to look at %d images", set->n);
    free(l.keys);
    return s;
}
