/* forged_folder.c -- what `data forge` writes: real/ fake/<method>/ mask/<method>/ beside a manifest.csv. See forging.h.
 * The manifest comes last: a folder without one is a forging that was stopped. */
#include <stdio.h>
#include <stdlib.h>

#include "data/audit.h"
#include "data/csv.h"
#include "data/forge.h"
#include "data/forging.h"
#include "nn/base/file.h"
#include "nn/base/settings.h"

/* "fake/warp/00017.png" below the folder of the result. */
static NnStatus save(const DataForging *f, const char *name, const DataImage *img, NnErr *err)
{
    char *path = nn_path_join(f->arguments->out, name);
    if (!path) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    const NnStatus s = data_image_save_png(img, path, err);
    free(path);
    return s;
}

static NnStatus make_folder(const DataForging *f, const char *parent, const char *method, NnErr *err)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", parent, method);
    char *path = nn_path_join(f->arguments->out, name);
    const NnStatus s = path ? nn_folder_make(path, err) : nn_fail(err, NN_ERR_NOMEM, "out of memory");
    free(path);
    return s;
}

static NnStatus make_folders(const DataForging *f, NnErr *err)
{
    NN_TRY(make_folder(f, "real", "", err));
    for (int m = 0; m < data_forge_count; m++) {
        if (!f->methods[m]) continue;
        NN_TRY(make_folder(f, "fake/", data_forges[m].name, err));
        NN_TRY(make_folder(f, "mask/", data_forges[m].name, err));
    }
    return NN_OK;
}

/* source ties the forgeries to the real image; photo, which readers pass over, is for people. */
static void note_row(DataForging *f, int split, int number, const char *method)
{
    if (method) fprintf(f->manifest, "fake/%s/%05d.png,1,mask/%s/%05d.png,%s", method, number, method, number, method);
    else fprintf(f->manifest, "real/%05d.png,0,,", number);
    fprintf(f->manifest, ",real/%05d.png,%s,", number, data_split_name(split));
    data_csv_put(f->manifest, f->photos->items[number].path);
    fputc('\n', f->manifest);
}

static NnStatus save_forgery(DataForging *f, int split, int number, int method, const DataImage *out,
                             const DataImage *mask, NnErr *err)
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

static NnStatus forge_and_save(DataForging *f, int split, int k, int method, const DataImage *photo,
                               const DataImage *real, NnErr *err)
{
    char why[NN_TEXT_MAX];
    DataImage out = { 0 }, mask = { 0 };
    NnStatus s = data_forging_forge(f, split, k, method, photo, real, &out, &mask, err);
    if (s == NN_OK && out.px) s = save_forgery(f, split, f->chosen[k], method, &out, &mask, err);
    else if (s == NN_OK) {
        snprintf(why, sizeof why, "%.400s: %s changes nothing in it (is it all of one colour?)",
                 f->photos->items[f->chosen[k]].path, data_forges[method].name);
        s = data_forging_leave_out(f, why, err);
    }
    data_image_free(&out);
    data_image_free(&mask);
    return s;
}

static NnStatus do_photo(DataForging *f, int split, int k, const DataImage *photo, DataImage *real, NnErr *err)
{
    char name[32];
    const int number = f->chosen[k];
    NN_TRY(data_forging_finish(f, number, 0, real, err));
    snprintf(name, sizeof name, "real/%05d.png", number);
    NN_TRY(save(f, name, real, err));
    note_row(f, split, number, NULL);
    for (int m = 0; m < data_forge_count; m++)
        if (f->methods[m]) NN_TRY(forge_and_save(f, split, k, m, photo, real, err));
    return NN_OK;
}

static NnStatus do_split(DataForging *f, int split, NnErr *err)
{
    const int size = f->arguments->size;
    for (int k = f->first[split]; k < f->first[split + 1]; k++) {
        DataImage photo = { 0 }, real = { 0 };
        if (*f->console->stop)
            return nn_fail(err, NN_ERR_INTERRUPTED,
                           "interrupted after %d of %d photos; no manifest was written, and the same command begins "
                           "anew",
                           k, f->n);
        NnStatus s = data_forging_load(f, f->chosen[k], size, size, &photo, err);
        if (s == NN_OK) s = data_image_copy(&photo, &real, err);
        if (s == NN_OK) s = do_photo(f, split, k, &photo, &real, err);
        data_image_free(&photo);
        data_image_free(&real);
        if (s != NN_OK) return s;
        data_console_progress(f->console, k + 1, f->n);
    }
    return NN_OK;
}

static NnStatus do_all(DataForging *f, NnErr *err)
{
    fputs("path,label,mask,method,source,split,photo\n", f->manifest);
    f->console->what = "forging";
    NnStatus s = make_folders(f, err);
    for (int split = 0; s == NN_OK && split < DATA_SPLITS; split++) s = do_split(f, split, err);
    data_console_clear(f->console);
    return s;
}

NnStatus data_forging_write(DataForging *f, NnErr *err)
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
