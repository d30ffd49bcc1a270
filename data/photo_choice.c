/* photo_choice.c -- which photos `data forge` takes, and which split each belongs to. See forging.h.
 * A damaged photo, one too small and a copy of another are found before anything is written. */
#include <stdlib.h>
#include <string.h>

#include "data/forge.h"
#include "data/forging.h"
#include "data/photo_list.h"
#include "data/shared_keys.h"
#include "nn/base/rng.h"
#include "nn/base/size.h"

enum { SIDE_MIN = 16 };

/* ---- which photos ---- */

static int skips_bad(const DataForging *f)
{
    return strcmp(f->arguments->on_bad, "skip") == 0;
}

NnStatus data_forging_leave_out(DataForging *f, const char *why, NnErr *err)
{
    if (!skips_bad(f)) return nn_fail(err, NN_ERR_DATA, "%.600s (--on-bad skip leaves such photos out)", why);
    data_console_clear(f->console);
    fprintf(f->console->say, "data: left out: %s\n", why);
    f->n_bad++;
    return NN_OK;
}

static NnStatus judge_photo(DataForging *f, int i, int *good, NnErr *err)
{
    char why[NN_TEXT_MAX];
    const DataProbe *p = &f->probes[i];
    *good = p->w >= SIDE_MIN && p->h >= SIDE_MIN;
    if (*good) return NN_OK;
    if (p->trouble) return data_forging_leave_out(f, p->trouble, err);
    snprintf(why, sizeof why, "%.400s: %dx%d pixels; expected %d or more a side", f->photos->items[i].path, p->w, p->h,
             SIDE_MIN);
    return data_forging_leave_out(f, why, err);
}

/* Of photos that are alike the first stays: the same picture must not be in two splits. keys [n], sorted. */
static NnStatus drop_twins(DataForging *f, const DataKey *keys, size_t n, NnErr *err)
{
    for (size_t k = 1; k < n; k++) {
        const DataKey *a = &keys[k - 1], *b = &keys[k];
        int alike = 0;
        if (a->number[0] != b->number[0] || a->number[1] != b->number[1]) continue;
        const char *first = f->photos->items[a->item].path, *path = f->photos->items[b->item].path;
        NN_TRY(data_probe_compare(first, path, (size_t)f->arguments->max_pixels, &alike, err));
        if (!alike) continue;
        fprintf(f->console->say, "data: left out: %s: the same picture as %s\n", path, first);
        f->probes[b->item].w = 0;
        f->n_twins++;
    }
    return NN_OK;
}

static NnStatus find_good(DataForging *f, DataKey *keys, NnErr *err)
{
    size_t n = 0;
    for (int i = 0; i < f->photos->n; i++) {
        int good;
        const DataProbe *p = &f->probes[i];
        NN_TRY(judge_photo(f, i, &good, err));
        if (good) keys[n++] = (DataKey){ { p->pixel_hash, (uint64_t)p->w << 32 | (uint64_t)p->h }, "", 0, i };
        else f->probes[i].w = 0;
    }
    data_keys_sort(keys, n);
    NN_TRY(drop_twins(f, keys, n, err));
    for (int i = 0; i < f->photos->n; i++)
        if (f->probes[i].w) f->chosen[f->n++] = i;
    return NN_OK;
}

NnStatus data_forging_list(DataForging *f, NnErr *err)
{
    DataSettings settings;
    const NnBinding binding = { &data_section, &settings };
    nn_settings_defaults(&binding, 1);
    settings.max_pixels = f->arguments->max_pixels;
    snprintf(settings.path, sizeof settings.path, "%s", f->arguments->specs[0]);
    return data_photo_list(&settings, &f->photos, err);
}

NnStatus data_forging_choose(DataForging *f, NnErr *err)
{
    NN_TRY(data_console_probe(f->console, f->arguments, f->photos, &f->probes, err));
    DataKey *keys = nn_alloc((size_t)f->photos->n, sizeof *keys);
    f->chosen = nn_alloc((size_t)f->photos->n, sizeof *f->chosen);
    const NnStatus s = keys && f->chosen ? find_good(f, keys, err)
                                         : nn_fail(err, NN_ERR_NOMEM, "out of memory for %d photos", f->photos->n);
    free(keys);
    return s;
}

/* ---- which split ---- */

static int uses_donor(const DataForging *f)
{
    int yes = 0;
    for (int m = 0; m < data_forge_count; m++) yes |= f->methods[m] && data_forges[m].uses_donor;
    return yes;
}

/* So many of n; a split that is wanted at all gets `least`. */
static int part_of(int n, float share, int least)
{
    const int part = (int)((float)n * share + 0.5f);
    return share <= 0 ? 0 : part > least ? part : least;
}

/* In a split of its own every photo needs a second one to borrow from, where a method borrows. */
NnStatus data_forging_divide(DataForging *f, NnErr *err)
{
    const int least = uses_donor(f) ? 2 : 1;
    const int val = part_of(f->n, f->arguments->val, least), test = part_of(f->n, f->arguments->test, least);
    if (f->n - val - test < least)
        return nn_fail(err, NN_ERR_DATA,
                       "%s: %d photos are not enough for a training, validation and test split with "
                       "%d or more in each; expected more photos, or --val 0 --test 0",
                       f->arguments->specs[0], f->n, least);
    NnRng rng = nn_rng_make((uint64_t)f->arguments->seed, NN_STREAM_SPLIT, 0, 0);
    nn_rng_shuffle(&rng, f->chosen, f->n);
    f->first[DATA_VAL] = f->n - val - test;
    f->first[DATA_TEST] = f->n - test;
    f->first[DATA_SPLITS] = f->n;
    return NN_OK;
}
