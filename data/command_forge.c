/* command_forge.c -- `data forge PHOTOS --methods a,b --out DIR`: a data set of real photos and forgeries of them.
 *
 * The result has the layout real/ fake/<method>/ mask/<method>/ beside a manifest.csv, which is written last: a folder
 * without one is a forging that was stopped. Photos are numbered in the order of their paths; what photo 17 becomes
 * depends on the seed, the photos and the options, on nothing else. */
#include <stdlib.h>
#include <string.h>

#include "data/audit.h"
#include "data/commands.h"
#include "data/csv.h"
#include "data/forge.h"
#include "data/photo_list.h"
#include "data/shared_keys.h"
#include "nn/base/file.h"
#include "nn/base/rng.h"
#include "nn/base/size.h"

enum { SIDE_MIN = 16, TRIES = 8 };

typedef struct {
    DataConsole *console;
    const DataArguments *arguments;
    DataSet *photos;
    DataProbe *probes; /* [photos->n] */
    int *chosen;       /* [n] numbers of good photos, split by split */
    int n, first[DATA_SPLITS + 1];
    char *methods; /* [data_forge_count] which are wanted */
    FILE *manifest;
    int n_bad, n_twins, n_forged;
} Forging;

static int skips_bad(const Forging *f)
{
    return strcmp(f->arguments->on_bad, "skip") == 0;
}

/* ---- the order is checked before anything is read ---- */

static NnStatus unknown_method(const char *name, NnErr *err)
{
    const char *names[16];
    char known[256] = "";
    int n = 0;
    for (; n < data_forge_count && n < 16; n++) {
        names[n] = data_forges[n].name;
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s, ", names[n]);
    }
    const char *near = nn_nearest(name, names, n);
    return nn_fail(err, NN_ERR_USAGE, "--methods: \"%s\": no such manipulation%s%s%s; known: %sall", name,
                   near ? "; did you mean " : "", near ? near : "", near ? "?" : "", known);
}

static NnStatus choose_methods(Forging *f, NnErr *err)
{
    const char *list = f->arguments->methods;
    f->methods = nn_alloc((size_t)data_forge_count, 1);
    if (!f->methods) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    for (int m = 0; m < data_forge_count; m++)
        f->methods[m] = nn_list_has(list, "all") || nn_list_has(list, data_forges[m].name);
    for (const char *p = list; *p;) {
        char name[NN_TEXT_MAX];
        p += strspn(p, " \t,");
        const size_t len = strcspn(p, " \t,");
        snprintf(name, sizeof name, "%.*s", (int)len, p);
        p += len;
        if (len > 0 && strcmp(name, "all") != 0 && !data_forge_find(name)) return unknown_method(name, err);
    }
    for (int m = 0; m < data_forge_count; m++)
        if (f->methods[m]) return NN_OK;
    return nn_fail(err, NN_ERR_USAGE, "--methods %s: no method is named", list);
}

static int uses_donor(const Forging *f)
{
    int yes = 0;
    for (int m = 0; m < data_forge_count; m++) yes |= f->methods[m] && data_forges[m].uses_donor;
    return yes;
}

/* A second run would take the forgeries of the first for photos. */
static NnStatus check_folders(const Forging *f, NnErr *err)
{
    const char *out = f->arguments->out, *in = f->arguments->specs[0];
    char *manifest = nn_path_join(out, "manifest.csv"), *real_in = nn_path_real(in), *real_out = NULL;
    NnStatus s = manifest && real_in ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory");
    if (s == NN_OK && nn_file_exists(manifest))
        s = nn_fail(err, NN_ERR_USAGE, "--out %s: %s is there already; expected a new folder, so that nothing is lost",
                    out, manifest);
    if (s == NN_OK) s = nn_folder_make(out, err);
    if (s == NN_OK && !(real_out = nn_path_real(out))) s = nn_fail(err, NN_ERR_NOMEM, "out of memory");
    const size_t len = real_in ? strlen(real_in) : 0;
    if (s == NN_OK && strncmp(real_in, real_out, len) == 0 && (!real_out[len] || real_out[len] == '/'))
        s = nn_fail(err, NN_ERR_USAGE, "--out %s lies in %s; expected a folder outside of the photos", out, in);
    free(manifest);
    free(real_in);
    free(real_out);
    return s;
}

/* ---- which photos ---- */

static NnStatus leave_out(Forging *f, const char *why, NnErr *err)
{
    if (!skips_bad(f)) return nn_fail(err, NN_ERR_DATA, "%.600s (--on-bad skip leaves such photos out)", why);
    data_console_clear(f->console);
    fprintf(f->console->say, "data: left out: %s\n", why);
    f->n_bad++;
    return NN_OK;
}

static NnStatus judge_photo(Forging *f, int i, int *good, NnErr *err)
{
    char why[NN_TEXT_MAX];
    const DataProbe *p = &f->probes[i];
    *good = p->w >= SIDE_MIN && p->h >= SIDE_MIN;
    if (*good) return NN_OK;
    if (p->trouble) return leave_out(f, p->trouble, err);
    snprintf(why, sizeof why, "%.400s: %dx%d pixels; expected %d or more a side", f->photos->items[i].path, p->w, p->h,
             SIDE_MIN);
    return leave_out(f, why, err);
}

/* Of photos that are alike the first stays: the same picture must not be in two splits. keys [n], sorted. */
static NnStatus drop_twins(Forging *f, const DataKey *keys, size_t n, NnErr *err)
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

static NnStatus find_good(Forging *f, DataKey *keys, NnErr *err)
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

static NnStatus list_photos(Forging *f, NnErr *err)
{
    DataSettings settings;
    const NnBinding binding = { &data_section, &settings };
    nn_settings_defaults(&binding, 1);
    settings.max_pixels = f->arguments->max_pixels;
    snprintf(settings.path, sizeof settings.path, "%s", f->arguments->specs[0]);
    return data_photo_list(&settings, &f->photos, err);
}

static NnStatus choose_photos(Forging *f, NnErr *err)
{
    NN_TRY(data_console_probe(f->console, f->arguments, f->photos, &f->probes, err));
    DataKey *keys = nn_alloc((size_t)f->photos->n, sizeof *keys);
    f->chosen = nn_alloc((size_t)f->photos->n, sizeof *f->chosen);
    const NnStatus s = keys && f->chosen ? find_good(f, keys, err)
                                         : nn_fail(err, NN_ERR_NOMEM, "out of memory for %d photos", f->photos->n);
    free(keys);
    return s;
}

/* ---- splits ---- */

/* So many of n; a split that is wanted at all gets `least`. */
static int part_of(int n, float share, int least)
{
    const int part = (int)((float)n * share + 0.5f);
    return share <= 0 ? 0 : part > least ? part : least;
}

/* In a split of its own every photo needs a second one to borrow from, where a method borrows. */
static NnStatus divide(Forging *f, NnErr *err)
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

/* ---- pictures ---- */

/* The largest window of these proportions in the middle of the photo, brought to w x h. */
static NnStatus cover(DataImage *img, int w, int h, NnErr *err)
{
    DataImage cut = { 0 }, fitted;
    const int64_t wide = (int64_t)img->h * w / h;
    const int cw = wide < img->w ? (int)(wide > 0 ? wide : 1) : img->w;
    const int64_t high = (int64_t)cw * h / w;
    const int ch = high < img->h ? (int)(high > 0 ? high : 1) : img->h;
    NN_TRY(data_image_crop(img, (img->w - cw) / 2, (img->h - ch) / 2, cw, ch, &cut, err));
    const NnStatus s = data_image_resize(&cut, w, h, &fitted, err);
    data_image_free(&cut);
    if (s != NN_OK) return s;
    data_image_free(img);
    *img = fitted;
    return NN_OK;
}

static NnStatus load_photo(const Forging *f, int number, int w, int h, DataImage *out, NnErr *err)
{
    NN_TRY(data_image_load(f->photos->items[number].path, 3, (size_t)f->arguments->max_pixels, out, err));
    if (w == 0 || (out->w == w && out->h == h)) return NN_OK;
    const NnStatus s = cover(out, w, h, err);
    if (s != NN_OK) data_image_free(out);
    return s;
}

/* The same way for real and forged; `kind` 0 for real. */
static NnStatus post_process(const Forging *f, int number, int kind, DataImage *img, NnErr *err)
{
    const DataArguments *a = f->arguments;
    NnRng rng = nn_rng_make((uint64_t)a->seed, NN_STREAM_POST, (uint32_t)kind, (uint32_t)number);
    if (!a->quality_max) return NN_OK;
    const int quality = a->quality_min + (int)nn_rng_below(&rng, (uint32_t)(a->quality_max - a->quality_min) + 1);
    return data_image_through_jpeg(img, quality, err);
}

/* Another photo of the same split, brought to the size of this one. */
static NnStatus load_donor(const Forging *f, int split, int k, const DataImage *photo, NnRng *rng, DataImage *out,
                           NnErr *err)
{
    const int first = f->first[split], n = f->first[split + 1] - first;
    const int step = 1 + (int)nn_rng_below(rng, (uint32_t)n - 1);
    return load_photo(f, f->chosen[first + (k - first + step) % n], photo->w, photo->h, out, err);
}

static NnStatus forge_once(const Forging *f, int split, int k, int method, int attempt, const DataImage *photo,
                           DataImage *out, DataImage *mask, NnErr *err)
{
    const DataForge *forge = &data_forges[method];
    const int number = f->chosen[k];
    NnRng rng = nn_rng_make((uint64_t)f->arguments->seed, NN_STREAM_FORGE, (uint32_t)(method * TRIES + attempt),
                            (uint32_t)number);
    DataImage donor = { 0 };
    DataForgeInput in = { .photo = photo, /* a photo does not say where its subject is: in the middle */
                          .cx = 0.5f,
                          .cy = 0.5f,
                          .rx = 0.28f,
                          .ry = 0.36f,
                          .donor_cx = 0.5f,
                          .donor_cy = 0.5f,
                          .donor_rx = 0.28f,
                          .donor_ry = 0.36f };
    if (forge->uses_donor) {
        NN_TRY(load_donor(f, split, k, photo, &rng, &donor, err));
        in.donor = &donor;
    }
    NnStatus s = forge->forge(&in, &rng, out, mask, err);
    data_image_free(&donor);
    if (s != NN_OK) return s;
    s = post_process(f, number, method + 1, out, err);
    if (s == NN_OK) return s;
    data_image_free(out);
    data_image_free(mask);
    return s;
}

static int is_alike(const DataImage *a, const DataImage *b)
{
    return memcmp(a->px, b->px, 3 * (size_t)a->w * (size_t)a->h) == 0;
}

/* A patch of plain sky blurred is the same patch: try elsewhere. out->px NULL: no attempt has changed a pixel. */
static NnStatus forge_photo(const Forging *f, int split, int k, int method, const DataImage *photo,
                            const DataImage *real, DataImage *out, DataImage *mask, NnErr *err)
{
    for (int attempt = 0; attempt < TRIES; attempt++) {
        NN_TRY(forge_once(f, split, k, method, attempt, photo, out, mask, err));
        if (!is_alike(out, real)) return NN_OK;
        data_image_free(out);
        data_image_free(mask);
    }
    return NN_OK;
}

/* ---- files ---- */

/* "fake/warp/00017.png" below the folder of the result. */
static NnStatus save(const Forging *f, const char *name, const DataImage *img, NnErr *err)
{
    char *path = nn_path_join(f->arguments->out, name);
    if (!path) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    const NnStatus s = data_image_save_png(img, path, err);
    free(path);
    return s;
}

static NnStatus make_folders(const Forging *f, NnErr *err)
{
    char name[64];
    for (int m = -1; m < 2 * data_forge_count; m++) {
        if (m >= 0 && !f->methods[m / 2]) continue;
        snprintf(name, sizeof name, "%s%s",
                 m < 0   ? "real"
                 : m % 2 ? "mask/"
                         : "fake/",
                 m < 0 ? "" : data_forges[m / 2].name);
        char *path = nn_path_join(f->arguments->out, name);
        const NnStatus s = path ? nn_folder_make(path, err) : nn_fail(err, NN_ERR_NOMEM, "out of memory");
        free(path);
        if (s != NN_OK) return s;
    }
    return NN_OK;
}

/* source ties the forgeries to the real image; photo, which readers pass over, is for people. */
static void note_row(Forging *f, int split, int number, const char *method)
{
    if (method) fprintf(f->manifest, "fake/%s/%05d.png,1,mask/%s/%05d.png,%s", method, number, method, number, method);
    else fprintf(f->manifest, "real/%05d.png,0,,", number);
    fprintf(f->manifest, ",real/%05d.png,%s,", number, data_split_name(split));
    data_csv_put(f->manifest, f->photos->items[number].path);
    fputc('\n', f->manifest);
}

static NnStatus save_forgery(Forging *f, int split, int number, int method, const DataImage *out, const DataImage *mask,
                             NnErr *err)
{
    char name[128];
    snprintf(name, sizeof name, "fake/%s/%05d.png", data_forges[method].name, number);
    NN_TRY(save(f, name, out, err));
    snprintf(name, sizeof name, "mask/%s/%05d.png", data_forges[method].name, number);
    NN_TRY(save(f, name, mask, err));
    note_row(f, split, number, data_forges[method].name);
    f->n_forged++;
    return NN_OK;
}

static NnStatus forge_and_save(Forging *f, int split, int k, int method, const DataImage *photo, const DataImage *real,
                               NnErr *err)
{
    char why[NN_TEXT_MAX];
    DataImage out = { 0 }, mask = { 0 };
    NnStatus s = forge_photo(f, split, k, method, photo, real, &out, &mask, err);
    if (s == NN_OK && out.px) s = save_forgery(f, split, f->chosen[k], method, &out, &mask, err);
    else if (s == NN_OK) {
        snprintf(why, sizeof why, "%.400s: %s changes nothing in it (is it all of one colour?)",
                 f->photos->items[f->chosen[k]].path, data_forges[method].name);
        s = leave_out(f, why, err);
    }
    data_image_free(&out);
    data_image_free(&mask);
    return s;
}

static NnStatus do_photo(Forging *f, int split, int k, const DataImage *photo, DataImage *real, NnErr *err)
{
    char name[32];
    const int number = f->chosen[k];
    NN_TRY(post_process(f, number, 0, real, err));
    snprintf(name, sizeof name, "real/%05d.png", number);
    NN_TRY(save(f, name, real, err));
    note_row(f, split, number, NULL);
    for (int m = 0; m < data_forge_count; m++)
        if (f->methods[m]) NN_TRY(forge_and_save(f, split, k, m, photo, real, err));
    return NN_OK;
}

static NnStatus do_split(Forging *f, int split, NnErr *err)
{
    const int size = f->arguments->size;
    for (int k = f->first[split]; k < f->first[split + 1]; k++) {
        DataImage photo = { 0 }, real = { 0 };
        if (*f->console->stop)
            return nn_fail(err, NN_ERR_INTERRUPTED,
                           "interrupted after %d of %d photos; no manifest was written, and the same command begins "
                           "anew",
                           k, f->n);
        NnStatus s = load_photo(f, f->chosen[k], size, size, &photo, err);
        if (s == NN_OK) s = data_image_copy(&photo, &real, err);
        if (s == NN_OK) s = do_photo(f, split, k, &photo, &real, err);
        data_image_free(&photo);
        data_image_free(&real);
        if (s != NN_OK) return s;
        data_console_progress(f->console, k + 1, f->n);
    }
    return NN_OK;
}

static NnStatus do_all(Forging *f, NnErr *err)
{
    fputs("path,label,mask,method,source,split,photo\n", f->manifest);
    f->console->what = "forging";
    NnStatus s = make_folders(f, err);
    for (int split = 0; s == NN_OK && split < DATA_SPLITS; split++) s = do_split(f, split, err);
    data_console_clear(f->console);
    return s;
}

static NnStatus write_all(Forging *f, NnErr *err)
{
    char *text = NULL;
    size_t len = 0;
    f->manifest = open_memstream(&text, &len);
    if (!f->manifest) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a manifest");
    NnStatus s = do_all(f, err);
    const int failed = ferror(f->manifest);
    if ((fclose(f->manifest) != 0 || failed) && s == NN_OK) s = nn_fail(err, NN_ERR_NOMEM, "out of memory");
    char *path = s == NN_OK ? nn_path_join(f->arguments->out, "manifest.csv") : NULL;
    const NnChunk chunk = { text, len };
    if (s == NN_OK) s = path ? nn_file_write(path, &chunk, 1, err) : nn_fail(err, NN_ERR_NOMEM, "out of memory");
    free(path);
    free(text);
    return s;
}

static void say_result(const Forging *f)
{
    FILE *out = f->console->out;
    fprintf(out, "%s: %d real images (train %d, val %d, test %d) and %d forgeries", f->arguments->out, f->n,
            f->first[DATA_VAL], f->first[DATA_TEST] - f->first[DATA_VAL], f->n - f->first[DATA_TEST], f->n_forged);
    if (f->n_bad) fprintf(out, "; %d bad left out", f->n_bad);
    if (f->n_twins) fprintf(out, "; %d copies left out", f->n_twins);
    putc('\n', out);
    char *manifest = nn_path_join(f->arguments->out, "manifest.csv");
    if (manifest) data_console_next(f->console, manifest);
    free(manifest);
}

NnStatus data_command_forge(DataConsole *console, const DataArguments *a, NnErr *err)
{
    Forging f = { .console = console, .arguments = a };
    NnStatus s = choose_methods(&f, err);
    if (s == NN_OK) s = list_photos(&f, err);
    if (s == NN_OK) s = check_folders(&f, err);
    if (s == NN_OK) s = choose_photos(&f, err);
    if (s == NN_OK) s = divide(&f, err);
    if (s == NN_OK) s = write_all(&f, err);
    if (s == NN_OK) say_result(&f);
    if (f.photos) data_probes_free(f.probes, f.photos->n);
    data_set_free(f.photos);
    free(f.chosen);
    free(f.methods);
    return s;
}
