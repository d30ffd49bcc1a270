/* command_forge.c -- `data forge PHOTOS --methods a,b --out DIR`: a data set of real photos and forgeries of them.
 *
 * The steps are in files of their own: photo_choice.c says which photos are good and which split each belongs to,
 * photo_forging.c makes pictures of them, forged_folder.c puts these where they belong. Here the order is checked and
 * the steps are taken. Photos are numbered in the order of their paths; what photo 17 becomes depends on the seed, the
 * photos and the options, on nothing else. */
#include <stdlib.h>
#include <string.h>

#include "data/forge.h"
#include "data/forging.h"
#include "nn/base/file.h"
#include "nn/base/settings.h"
#include "nn/base/size.h"

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

static NnStatus choose_methods(DataForging *f, NnErr *err)
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

/* A second run would take the forgeries of the first for photos. */
static NnStatus check_folders(const DataForging *f, NnErr *err)
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

/* ---- the steps ---- */

static void say_result(const DataForging *f)
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

static void free_all(DataForging *f)
{
    if (f->photos) data_probes_free(f->probes, f->photos->n);
    data_set_free(f->photos);
    free(f->chosen);
    free(f->methods);
}

NnStatus data_command_forge(DataConsole *console, const DataArguments *a, NnErr *err)
{
    DataForging f = { .console = console, .arguments = a };
    NnStatus s = choose_methods(&f, err);
    if (s == NN_OK) s = data_forging_list(&f, err);
    if (s == NN_OK) s = check_folders(&f, err);
    if (s == NN_OK) s = data_forging_choose(&f, err);
    if (s == NN_OK) s = data_forging_divide(&f, err);
    if (s == NN_OK) s = data_forging_write(&f, err);
    if (s == NN_OK) say_result(&f);
    free_all(&f);
    return s;
}
